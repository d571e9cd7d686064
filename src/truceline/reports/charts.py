"""Charts as SVG: plain shapes and real text, so that a browser and a typesetter draw them alike.

No style sheet and no variables: every attribute stands at its element. Coordinates are written
with two digits, so that the same series gives the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from scipy import special

from truceline.assurance.series import FloatArray, Series, SeriesSpec
from truceline.base.intervals import Interval
from truceline.base.language import _, day_words, ngettext
from truceline.findings.results import SeriesResult
from truceline.findings.words import units_of
from truceline.reports import figures
from truceline.reports.chart_bins import choose_bins

Variant = Literal["wide", "narrow"]
_Scale: TypeAlias = Callable[[datetime], float]
_Level: TypeAlias = Callable[[float], float]

INK = "#1d2733"
QUIET = "#5d6875"
RULE = "#d9dee3"
BASELINE_BAR = "#9aa7b4"
WINDOW_BAR = "#14324f"
OTHER_BAR = "#c9d0d7"
EXPECTED = "#a3570a"
BAND = "#f5e4cf"
WINDOW_SHADE = "#e3ebf3"
BASELINE_SHADE = "#f7f8f9"
FONT = "IBM Plex Sans"

_WIDTH: dict[Variant, int] = {"wide": 560, "narrow": 350}
_HEIGHT = 212
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 26, 34


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A count as a rectangle."""

    x: float
    y: float
    width: float
    height: float
    fill: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Neighbouring bins without a count."""

    x: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A mark on an axis with its label; an empty label is a mark alone."""

    at: float
    label: str
    anchor: str = "middle"


_environment = Environment(
    loader=PackageLoader("truceline.reports"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters["c"] = lambda value: f"{value:.2f}".rstrip("0").rstrip(".")


def expectation_band(fitted: FloatArray, dispersion: float | None) -> tuple[FloatArray, FloatArray]:
    """Quantiles .025 and .975 of each bin's count if nothing changed.

    fitted : (n_bins,) expected counts μ; ``dispersion`` κ of the negative binomial with variance
    μ + μ²/κ (None: Poisson). Returns two arrays (n_bins,); NaN where μ is NaN. The count's
    quantile is the smallest k with CDF(k) ≥ q.
    """
    mean = np.where(np.isfinite(fitted) & (fitted > 0), fitted, np.nan)

    def quantile(q: float) -> FloatArray:
        if dispersion is None:
            k = special.pdtrik(q, mean)
        else:
            k = special.nbdtrik(q, dispersion, dispersion / (dispersion + mean))
        return np.asarray(
            np.where(np.isfinite(mean), np.maximum(0.0, np.ceil(k - 1e-9)), np.nan), dtype=float
        )

    return quantile(0.025), quantile(0.975)


def nice_ticks(top: float) -> list[float]:
    """Three to six round values from 0 to at least ``top``."""
    if not top > 0:
        return [0.0, 1.0]
    raw = top / 4
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw - 1e-12)
    if step < 1 and top >= 1:
        step = 1.0
    return [step * i for i in range(math.ceil(top / step - 1e-9) + 1)]


def day_ticks(first: datetime, last: datetime, zone: str, *, most: int) -> list[datetime]:
    """Local midnights on which to label the time axis: every 1, 2, 7 days, or months' firsts."""
    tz = ZoneInfo(zone)
    local = first.astimezone(tz)
    day = datetime(local.year, local.month, local.day, tzinfo=tz)
    days = []
    while day <= last.astimezone(tz):
        if day >= local:
            days.append(day)
        following = (day + timedelta(days=1)).date()
        day = datetime(following.year, following.month, following.day, tzinfo=tz)
    for step in (1, 2, 7, 14):
        if len(days[::step]) <= most:
            return days[::step]
    months = [day for day in days if day.day == 1]
    step = max(1, math.ceil(len(months) / most))
    return months[::step]


def draw_series(
    result: SeriesResult, *, window: Interval, baseline: Interval, variant: Variant = "wide"
) -> str:
    """One series through time: counts, expectation with its band, baseline, window, missing bins.

    Of a series of many bins those around the window are drawn, or the means of several in a row
    (``chart_bins``).
    """
    told = result
    result, gathered = choose_bins(result, window=window)
    series, effect = result.series, result.effect
    width, right = _WIDTH[variant], _WIDTH[variant] - _RIGHT
    first, last = series.bins[0].start, series.bins[-1].stop
    span_s = (last - first).total_seconds()

    def x(moment: datetime) -> float:
        share = (moment - first).total_seconds() / span_s
        return _LEFT + min(1.0, max(0.0, share)) * (right - _LEFT)

    fitted = np.asarray(effect.fitted if effect else (), dtype=float)
    band = None
    # untested, a series has no spread to draw: the mean of a few bins alone
    if (
        effect is not None
        and fitted.size == len(series.bins)
        and gathered == 1
        and effect.e_value is not None
    ):
        band = expectation_band(fitted, effect.dispersion)
    ticks = nice_ticks(_top(series, fitted, band))
    bottom = _HEIGHT - _BOTTOM

    def y(value: float) -> float:
        return bottom - value / ticks[-1] * (bottom - _TOP)

    context = {
        "id": f"{series.spec.id}-{variant}",
        "width": width,
        "height": _HEIGHT,
        "left": _LEFT,
        "right": right,
        "top": _TOP,
        "bottom": bottom,
        "title": series.spec.title,
        "description": describe(told if gathered > 1 else result),
        "unit": _("{units} per {bin}").format(units=units_of(series.spec.unit), bin=_bin_words(series.spec)),
        "window_label": _("window"),
        "y_ticks": [Tick(at=y(value), label=figures.number(value)) for value in ticks],
        "x_ticks": _time_ticks(series, x, most=10 if variant == "wide" else 5),
        "shades": _shades(window, baseline, first, last, x),
        "bars": _bars(series, x, y),
        "gaps": _gaps(series, x),
        "band": _band_path(series, band, x, y) if band else "",
        "line": _line_path(series, fitted, x, y) if fitted.size == len(series.bins) else "",
        "font": FONT,
        "ink": INK,
        "quiet": QUIET,
        "rule": RULE,
        "expected": EXPECTED,
        "band_fill": BAND,
    }
    return _environment.get_template("series.svg.j2").render(context).strip()


def describe(result: SeriesResult) -> str:
    """The chart in a sentence or two, for those who cannot see it."""
    series = result.series
    seen = series.count[~np.isnan(series.count)]
    missing = len(series.bins) - seen.size
    text = ngettext("{series}: {n} bin of {bin}", "{series}: {n} bins of {bin}", len(series.bins)).format(
        series=series.spec.title, n=len(series.bins), bin=_bin_words(series.spec)
    )
    if seen.size:
        text += ", " + _("from {low} to {high}").format(
            low=figures.number(float(seen.min())), high=figures.number(float(seen.max()))
        )
    text += "; " + _("{n} missing").format(n=missing) + "."
    effect = result.effect
    if effect is not None and effect.observed is not None and effect.expected is not None:
        text += " " + _("In the window {observed} observed, {expected} expected.").format(
            observed=figures.number(effect.observed), expected=figures.number(effect.expected)
        )
    return text


def _bin_words(spec: SeriesSpec) -> str:
    if spec.bin_months is not None:
        if spec.bin_months == 1:
            return _("month")
        return ngettext("{n} month", "{n} months", spec.bin_months).format(n=spec.bin_months)
    return _("day") if spec.bin_h == 24 else _("{number} h").format(number=figures.number(spec.bin_h))


def _top(series: Series, fitted: FloatArray, band: tuple[FloatArray, FloatArray] | None) -> float:
    values = [series.count[np.isfinite(series.count)]]
    if band is not None:
        values += [fitted[np.isfinite(fitted)], band[1][np.isfinite(band[1])]]
    joined = np.concatenate(values)
    return float(joined.max()) if joined.size else 1.0


def _time_ticks(series: Series, x: _Scale, *, most: int) -> list[Tick]:
    first, last = series.bins[0].start, series.bins[-1].stop
    zone = ZoneInfo(series.spec.zone)
    ticks = []
    # an axis of more than a year says which; its labels are longer, so fewer
    years = (last - first).days > 366
    for day in day_ticks(first, last, series.spec.zone, most=most // 2 + 1 if years else most):
        at = x(day)
        local = day.astimezone(zone)
        # a label near the right end must not run out of the picture
        anchor = "end" if years and x(last) - at < 30 else "middle"
        ticks.append(Tick(at=at, label=day_words(local, year=years, short=True), anchor=anchor))
    return ticks


def _shades(
    window: Interval, baseline: Interval, first: datetime, last: datetime, x: _Scale
) -> list[dict[str, float | str]]:
    drawn = Interval(first, last)
    shades: list[dict[str, float | str]] = []
    for name, period, fill in (("baseline", baseline, BASELINE_SHADE), ("window", window, WINDOW_SHADE)):
        common = period.intersection(drawn)
        if common is None:
            continue
        left, right = x(common.start), x(common.stop)
        shades.append(
            {
                "name": name,
                "x": left,
                "width": right - left,
                "fill": fill,
                "label_at": min(max((left + right) / 2, _LEFT + 22.0), x(drawn.stop) - 22.0),
            }
        )
    return shades


def _bars(series: Series, x: _Scale, y: _Level) -> list[Bar]:
    bars = []
    for position, period in enumerate(series.bins):
        count = float(series.count[position])
        if math.isnan(count):
            continue
        left, right = x(period.start), x(period.stop)
        space = 0.18 * (right - left)
        fill = OTHER_BAR
        if series.in_window[position]:
            fill = WINDOW_BAR
        elif series.in_baseline[position]:
            fill = BASELINE_BAR
        # a zero is seen: it gets a hair of ink, which a missing bin does not have
        height = max(y(0) - y(count), 0.8)
        bars.append(
            Bar(x=left + space / 2, y=y(0) - height, width=right - left - space, height=height, fill=fill)
        )
    return bars


def _gaps(series: Series, x: _Scale) -> list[Gap]:
    gaps: list[Gap] = []
    missing = np.isnan(series.count)
    position = 0
    while position < len(missing):
        if not missing[position]:
            position += 1
            continue
        stop = position
        while stop + 1 < len(missing) and missing[stop + 1]:
            stop += 1
        left, right = x(series.bins[position].start), x(series.bins[stop].stop)
        gaps.append(Gap(x=left, width=right - left))
        position = stop + 1
    return gaps


def _band_path(series: Series, band: tuple[FloatArray, FloatArray], x: _Scale, y: _Level) -> str:
    """Closed step outlines, one for each unbroken run of bins."""
    pieces = []
    for run in _runs(band[1]):
        upper = _steps([(series.bins[i], float(band[1][i])) for i in run], x, y)
        lower = _steps([(series.bins[i], float(band[0][i])) for i in run], x, y)
        points = upper + lower[::-1]
        pieces.append("M" + "L".join(f"{_c(a)} {_c(b)}" for a, b in points) + "Z")
    return "".join(pieces)


def _line_path(series: Series, fitted: FloatArray, x: _Scale, y: _Level) -> str:
    pieces = []
    runs = _runs(fitted)
    if series.spec.bin_h < 24:
        # steps through a day would be a comb: one stroke for each bin
        runs = [[i] for run in runs for i in run]
    for run in runs:
        points = _steps([(series.bins[i], float(fitted[i])) for i in run], x, y)
        pieces.append("M" + "L".join(f"{_c(a)} {_c(b)}" for a, b in points))
    return "".join(pieces)


def _runs(values: FloatArray) -> list[list[int]]:
    runs: list[list[int]] = []
    for position in np.flatnonzero(np.isfinite(values)).tolist():
        if runs and runs[-1][-1] == position - 1:
            runs[-1].append(position)
        else:
            runs.append([position])
    return runs


def _steps(values: list[tuple[Interval, float]], x: _Scale, y: _Level) -> list[tuple[float, float]]:
    points = []
    for period, value in values:
        points += [(x(period.start), y(value)), (x(period.stop), y(value))]
    return points


def _c(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
