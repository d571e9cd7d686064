"""The ratio of two ratios: symmetric in its sides, blind to names and scale, silent where it cannot tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from truceline.assurance.contrast import LEAST_PARTS, Contrast, measure_contrast
from truceline.assurance.series import Series, SeriesModel, SeriesSpec
from truceline.base.intervals import Interval
from truceline.findings.order_worth import OrderWorth, describe_order_worth

START = datetime(2031, 3, 25, tzinfo=UTC)
N_BEFORE, N_AFTER = 40, 14


def series(rng: np.random.Generator, *, rate: float = 20, change: float = 1.0, seen: float = 1.0) -> Series:
    n = N_BEFORE + N_AFTER
    bins = tuple(Interval(START + timedelta(days=k), START + timedelta(days=k + 1)) for k in range(n))
    expected = rate * np.where(np.arange(n) < N_BEFORE, 1.0, change)
    return Series(
        spec=SeriesSpec(id="fire", title="", source="x", measure="records", unit="one", area="s", kind="sensor", model=SeriesModel(trend=False)),
        bins=bins,
        count=rng.poisson(rng.gamma(10, expected * seen / 10)).astype(float),
        exposure=np.full(n, seen),
        in_baseline=np.arange(n) < N_BEFORE,
        in_window=np.arange(n) >= N_BEFORE,
        row_refs=tuple(() for _ in bins),
    )  # fmt: skip


def sides(seed: int, *, change: float, n: int = 5) -> tuple[list[Series], list[Series]]:
    rng = np.random.default_rng(seed)
    return [series(rng, change=change) for _ in range(n)], [series(rng) for _ in range(n)]


def test_a_fall_on_one_side_alone_is_told() -> None:
    first, second = sides(1, change=0.2)
    found = measure_contrast(first, second, seed=1)
    assert found.differs
    assert found.ratio_lo95 is not None
    assert found.ratio_hi95 is not None
    assert found.ratio_lo95 < 0.2 < found.ratio_hi95 < 1
    assert not found.differed_before


def test_exchanging_the_sides_turns_the_ratio_over() -> None:
    first, second = sides(2, change=0.4)
    one, other = measure_contrast(first, second, seed=1), measure_contrast(second, first, seed=1)
    assert one.ratio == pytest.approx(1 / (other.ratio or 1))
    assert one.ratio_lo95 == pytest.approx(1 / (other.ratio_hi95 or 1), rel=1e-6)
    assert one.ratio_hi95 == pytest.approx(1 / (other.ratio_lo95 or 1), rel=1e-6)
    assert (one.first, one.second) == (other.second, other.first)


def test_the_order_and_the_names_of_sectors_do_not_matter() -> None:
    first, second = sides(3, change=0.5)
    renamed = [replace(one, spec=one.spec.model_copy(update={"id": f"s{k}", "area": f"a{k}"})) for k, one in enumerate(reversed(first))]  # fmt: skip
    one, other = measure_contrast(first, second, seed=1), measure_contrast(renamed, second, seed=1)
    assert one.ratio == pytest.approx(other.ratio, rel=1e-9)
    assert one.ratio_lo95 == pytest.approx(other.ratio_lo95, rel=1e-6)


def test_a_sector_that_goes_unseen_in_the_window_is_no_fall() -> None:
    first, second = sides(4, change=1.0)
    count, exposure = first[0].count.copy(), first[0].exposure.copy()
    count[N_BEFORE:], exposure[N_BEFORE:] = np.nan, 0.0
    blind = [replace(first[0], count=count, exposure=exposure), *first[1:]]
    whole, found = measure_contrast(first, second, seed=1), measure_contrast(blind, second, seed=1)
    assert found.ratio == pytest.approx(whole.ratio, rel=0.15)
    assert not found.differs


def test_too_few_sectors_on_either_side_cannot_tell() -> None:
    first, second = sides(5, change=0.2, n=LEAST_PARTS)
    assert measure_contrast(first, second, seed=1).reason_code == ""
    for pair in ((first[:-1], second), (first, second[:-1]), ([], second), ([], [])):
        found = measure_contrast(*pair, seed=1)
        assert (found.reason_code, found.ratio, found.ratio_lo95, found.differs) == ("too_few_parts", None, None, False)  # fmt: skip


def test_a_sector_without_any_past_counts_for_no_side() -> None:
    first, second = sides(6, change=0.2, n=LEAST_PARTS)
    mute = replace(first[0], count=np.zeros_like(first[0].count))
    assert measure_contrast([mute, *first[1:]], second, seed=1).reason_code == "too_few_parts"


def test_a_short_past_or_no_window_cannot_tell() -> None:
    first, second = sides(7, change=0.2)
    late = np.arange(N_BEFORE + N_AFTER) >= N_BEFORE - 5
    short = [[replace(one, in_baseline=one.in_baseline & late) for one in side] for side in (first, second)]
    assert measure_contrast(*short, seed=1).reason_code == "baseline_too_short"
    gone = [replace(one, count=np.where(one.in_window, np.nan, one.count)) for one in first]
    assert measure_contrast(gone, second, seed=1).reason_code == "missing_row_not_zero"


def test_full_quiet_has_no_lower_end_and_still_an_upper_one() -> None:
    first, second = sides(8, change=0.0)
    found = measure_contrast(first, second, seed=1)
    assert found.ratio == 0
    assert found.ratio_lo95 == 0
    assert 0 < (found.ratio_hi95 or 0) < 0.1


def test_sides_that_had_come_apart_before_are_told_so() -> None:
    first, second = sides(9, change=1.0)
    ramp = np.where(np.arange(N_BEFORE + N_AFTER) < 26, 1.0, 0.15)
    fallen = [replace(one, count=np.round(one.count * ramp)) for one in first]
    assert measure_contrast(fallen, second, seed=1).differed_before


def test_different_bins_are_refused() -> None:
    first, second = sides(10, change=1.0)
    with pytest.raises(ValueError, match="different bins"):
        measure_contrast(first, [replace(one, bins=one.bins[:-1]) for one in second], seed=1)


def told(contrast: Contrast, between: tuple[str, ...] = ()) -> str:
    worth = OrderWorth(series_id="fire", window=Interval(START, START + timedelta(days=1)), acknowledged=("s1",), unacknowledged=("s2",), between=between, contrast=contrast)  # fmt: skip
    return " ".join(describe_order_worth(worth, area_names={"s3": "Sector 3"}))


def test_the_words_say_cannot_tell_and_warn_that_acknowledgement_is_not_random() -> None:
    first, second = sides(11, change=0.2)
    assert "cannot tell" in told(measure_contrast(first[:1], second, seed=1))
    said = told(measure_contrast(first, second, seed=1), between=("s3",))
    assert "not given at random" in said
    assert "fell by more" in said
    assert "Sector 3" in said
    assert "fell by less" in told(measure_contrast(second, first, seed=1))
    even = sides(12, change=1.0)
    assert "no difference can be shown" in told(measure_contrast(*even, seed=1))
    assert describe_order_worth(None, area_names={}) == []


def test_the_interval_holds_the_truth() -> None:
    """A small part of benchmarks/order_worth.py, on plain counts."""
    held = 0
    for seed in range(16):
        first, second = sides(1000 + seed, change=0.5, n=4)
        found = measure_contrast(first, second, seed=seed)
        held += (found.ratio_lo95 or 9) <= 0.5 <= (found.ratio_hi95 or 0)
    assert held >= 14  # 93 % of 16, less one
