"""The plots of the evaluation as SVG, in the colours and type of the reports' charts."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from scipy import special

from evaluation.rows import Ranks, Reliability, Row
from truceline.reports.charts import BAND, EXPECTED, FONT, INK, QUIET, RULE, WINDOW_BAR, nice_ticks

SIDE, LEFT, TOP, FOOT = 250, 46, 30, 34
ROW_HEIGHT, NAMES, WIDE = 18, 92, 560


def _c(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _text(x: float, y: float, words: str, *, anchor: str = "start", fill: str = QUIET, size: int = 11) -> str:
    return (
        f'<text x="{_c(x)}" y="{_c(y)}" text-anchor="{anchor}" fill="{fill}" font-size="{size}">'
        f"{escape(words)}</text>"
    )


def _line(x: float, y: float, to_x: float, to_y: float, stroke: str, *, dash: str = "") -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<line x1="{_c(x)}" y1="{_c(y)}" x2="{_c(to_x)}" y2="{_c(to_y)}" stroke="{stroke}"{dashed}/>'


def _svg(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_c(width)} {_c(height)}" width="{_c(width)}" '
        f'height="{_c(height)}" font-family="{FONT}, sans-serif" role="img"><title>{escape(title)}</title>\n'
        f'<rect width="100%" height="100%" fill="#ffffff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def draw_metric(metric: str, rows: Sequence[Row]) -> str:
    """One metric over the regimes: figure with its interval, the ideal observer's, and the targets."""
    rows = [row for row in rows if row.measured is not None]
    bounds = [bound for row in rows for bound in target_bounds(row.target)]
    values = [v for row in rows for v in (row.measured, row.lo, row.hi, row.ideal) if v is not None] + bounds
    low, high = min(values), max(values)
    space = (high - low) * 0.08 or 0.05
    low, high = low - space, high + space
    right, bottom = WIDE - 16, TOP + ROW_HEIGHT * len(rows)

    def x(value: float) -> float:
        return NAMES + (value - low) / (high - low) * (right - NAMES)

    parts = [_text(8, 18, metric, fill=INK, size=12)]
    step = nice_ticks(high - low)[1]
    ticks = np.arange(np.ceil(low / step), np.floor(high / step) + 0.5) * step
    for tick in ticks.tolist():
        parts += [
            _line(x(tick), TOP, x(tick), bottom, RULE),
            _text(x(tick), bottom + 16, f"{tick + 0.0:g}"[:7], anchor="middle"),
        ]
    for k, row in enumerate(rows):
        y = TOP + ROW_HEIGHT * (k + 0.5)
        parts.append(_text(NAMES - 8, y + 4, row.regime, anchor="end"))
        for bound in target_bounds(row.target):
            parts.append(
                _line(x(bound), y - ROW_HEIGHT / 2, x(bound), y + ROW_HEIGHT / 2, EXPECTED, dash="4 2")
            )
        if row.lo is not None and row.hi is not None:
            parts.append(_line(x(row.lo), y, x(row.hi), y, WINDOW_BAR))
        if row.ideal is not None:
            parts.append(
                f'<circle cx="{_c(x(row.ideal))}" cy="{_c(y)}" r="4.5" fill="none" stroke="{QUIET}"/>'
            )
        fill = "#ffffff" if row.met is False else WINDOW_BAR
        assert row.measured is not None
        parts.append(
            f'<circle cx="{_c(x(row.measured))}" cy="{_c(y)}" r="3" fill="{fill}" stroke="{WINDOW_BAR}"/>'
        )
    return _svg(WIDE, bottom + 26, metric, parts)


def target_bounds(target: str) -> list[float]:
    """The numbers of a target."""
    return [float(word) for word in target.split() if word.lstrip("-").replace(".", "", 1).isdigit()]


def draw_reliability(one: Reliability) -> str:
    """Forecast probability against observed frequency, with 95 % Wilson intervals."""
    right, bottom = LEFT + SIDE, TOP + SIDE

    def x(value: float) -> float:
        return LEFT + value * SIDE

    def y(value: float) -> float:
        return bottom - value * SIDE

    parts = [_text(8, 18, one.title, fill=INK, size=12), _line(x(0), y(0), x(1), y(1), EXPECTED, dash="4 2")]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts += [
            _line(x(tick), TOP, x(tick), bottom, RULE),
            _line(LEFT, y(tick), right, y(tick), RULE),
            _text(x(tick), bottom + 16, f"{tick:g}", anchor="middle"),
            _text(LEFT - 6, y(tick) + 4, f"{tick:g}", anchor="end"),
        ]
    for forecast, outcome, n in zip(one.forecast, one.outcome, one.n, strict=True):
        low, high = _wilson(outcome, n)
        parts += [
            _line(x(forecast), y(low), x(forecast), y(high), WINDOW_BAR),
            f'<circle cx="{_c(x(forecast))}" cy="{_c(y(outcome))}" r="3" fill="{WINDOW_BAR}"/>',
        ]
    parts.append(
        _text((LEFT + right) / 2, bottom + 30, "forecast (down: forecast, up: observed)", anchor="middle")
    )
    return _svg(right + 20, bottom + FOOT, one.title, parts)


def _wilson(share: float, n: int, *, z: float = 1.96) -> tuple[float, float]:
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * float(np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)))
    return max(0.0, centre - half), min(1.0, centre + half)


def draw_ranks(one: Ranks) -> str:
    """Ranks of the truth in bins; the band holds 99 % of the counts of a right posterior."""
    counts = np.array(one.counts, dtype=np.float64)
    n, bins = float(counts.sum()), len(counts)
    low, high = (float(special.bdtrik(q, n, 1 / bins)) for q in (0.005, 0.995))
    ticks = nice_ticks(max(float(counts.max()), high))
    right, bottom = LEFT + SIDE, TOP + SIDE * 0.6

    def y(value: float) -> float:
        return bottom - value / ticks[-1] * SIDE * 0.6

    parts = [
        _text(8, 18, one.title, fill=INK, size=12),
        f'<rect x="{LEFT}" y="{_c(y(high))}" width="{SIDE}" height="{_c(y(low) - y(high))}" fill="{BAND}"/>',
    ]
    for tick in ticks:
        parts += [
            _line(LEFT, y(tick), right, y(tick), RULE),
            _text(LEFT - 6, y(tick) + 4, f"{tick:g}", anchor="end"),
        ]
    for k, count in enumerate(counts.tolist()):
        left, width = LEFT + SIDE * k / bins, SIDE / bins
        parts.append(
            f'<rect x="{_c(left + 1)}" y="{_c(y(count))}" width="{_c(width - 2)}" '
            f'height="{_c(bottom - y(count))}" fill="{WINDOW_BAR}"/>'
        )
    parts.append(_text((LEFT + right) / 2, bottom + 20, "rank of the truth among the draws", anchor="middle"))
    return _svg(right + 20, bottom + FOOT, one.title, parts)
