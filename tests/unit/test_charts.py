"""Charts: what is missing is seen to be missing, and the drawing says what the numbers say."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from fixtures_results import BASELINE, WINDOW, example_results
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from truceline.findings.results import SeriesResult
from truceline.reports import chart_bins, charts

SVG = "{http://www.w3.org/2000/svg}"


def series(series_id: str) -> SeriesResult:
    return next(item for item in example_results().series if item.series.spec.id == series_id)


def draw(result: SeriesResult, **options: object) -> ET.Element:
    return ET.fromstring(charts.draw_series(result, window=WINDOW, baseline=BASELINE, **options))


def bars(root: ET.Element) -> list[ET.Element]:
    fills = {charts.BASELINE_BAR, charts.WINDOW_BAR, charts.OTHER_BAR}
    return [rect for rect in root.iter(f"{SVG}rect") if rect.get("fill") in fills]


def gaps(root: ET.Element) -> list[ET.Element]:
    return [rect for rect in root.iter(f"{SVG}rect") if (rect.get("fill") or "").startswith("url(#")]


@pytest.mark.parametrize("variant", ["wide", "narrow"])
def test_every_count_is_one_bar_and_no_missing_bin_is_one(variant):
    for result in example_results().series:
        kept = chart_bins.drawn_bins(result.series, window=WINDOW)
        counted = int((~np.isnan(result.series.count[kept.start : kept.stop])).sum())
        assert len(bars(draw(result, variant=variant))) == counted


def test_a_zero_has_ink_and_a_missing_bin_has_hatching():
    result = series("launched")
    count = result.series.count.copy()
    count[10], count[20] = 0.0, np.nan
    root = draw(replace(result, series=replace(result.series, count=count)))
    assert all(float(bar.get("height", "0")) > 0 for bar in bars(root))
    assert len(gaps(root)) == 2  # the one planted, and the two neighbouring days of the window


def test_bars_are_as_high_as_their_counts():
    result = series("news_incidents")
    heights = np.array([float(bar.get("height", "0")) for bar in bars(draw(result))])
    counts = result.series.count[~np.isnan(result.series.count)]
    big = counts > 10
    assert np.corrcoef(heights[big], counts[big])[0, 1] == pytest.approx(1.0, abs=1e-6)
    assert np.ptp(heights[big] / counts[big]) < 0.01


@given(
    mean=st.floats(0.05, 500),
    dispersion=st.one_of(st.none(), st.floats(0.3, 200)),
)
def test_the_band_is_that_of_an_independent_library(mean, dispersion):
    low, high = charts.expectation_band(np.array([mean]), dispersion)
    if dispersion is None:
        oracle = stats.poisson(mean)
    else:
        oracle = stats.nbinom(dispersion, dispersion / (dispersion + mean))
    for got, q in ((low[0], 0.025), (high[0], 0.975)):
        # the smallest k with CDF(k) ≥ q; at an exact step either neighbour is right
        assert abs(got - oracle.ppf(q)) <= (
            1 if min(abs(oracle.cdf(got) - q), abs(oracle.cdf(got - 1) - q)) < 1e-6 else 0
        )


def test_a_long_series_is_drawn_around_the_window_and_says_so():
    result = series("alert_starts")
    kept = chart_bins.drawn_bins(result.series, window=WINDOW)
    assert len(kept) <= chart_bins.MOST_BINS < len(result.series.bins)
    assert all(i in kept for i in np.flatnonzero(result.series.in_window).tolist())


@given(st.floats(0.001, 1e7))
def test_ticks_reach_the_top_and_are_few(top):
    ticks = charts.nice_ticks(top)
    assert ticks[0] == 0
    assert top <= ticks[-1] * (1 + 1e-9)
    assert 2 <= len(ticks) <= 7


def test_texts_are_texts_and_a_hostile_title_stays_text():
    result = series("launched")
    spec = result.series.spec.model_copy(update={"title": "<script>x</script>", "unit": "a & b"})
    root = draw(replace(result, series=replace(result.series, spec=spec)))
    assert not list(root.iter(f"{SVG}script"))
    assert root.findtext(f"{SVG}title") == "<script>x</script>"
    assert any("a & bs per day" in (text.text or "") for text in root.iter(f"{SVG}text"))


def test_no_style_sheet_no_variables_no_reference_outside():
    for result in example_results().series:
        drawing = charts.draw_series(result, window=WINDOW, baseline=BASELINE)
        assert "var(" not in drawing
        assert "<style" not in drawing
        assert "href" not in drawing


def test_ids_are_unique_over_all_charts_and_widths():
    ids = [
        element.get("id")
        for result in example_results().series
        for variant in ("wide", "narrow")
        for element in draw(result, variant=variant).iter()
        if element.get("id")
    ]
    assert len(ids) == len(set(ids))


def test_a_series_without_effect_or_without_any_count_is_still_drawn():
    result = series("launched")
    draw(replace(result, effect=None))
    empty = replace(result.series, count=np.full(len(result.series.bins), np.nan))
    root = draw(SeriesResult(series=empty, effect=None))
    assert not bars(root)
    assert len(gaps(root)) == 1


def test_same_series_same_bytes():
    result = series("alert_starts")
    first = charts.draw_series(result, window=WINDOW, baseline=BASELINE)
    assert first == charts.draw_series(series("alert_starts"), window=WINDOW, baseline=BASELINE)
