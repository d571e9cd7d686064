"""Checks needed against the share missing, as SVG: plain shapes and real text, no style sheet."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from markupsafe import escape

from truceline.assurance.campaign import checks_needed
from truceline.base.language import _, digits
from truceline.reports.charts import EXPECTED, FONT, INK, QUIET, RULE, WINDOW_BAR, nice_ticks

WIDTH, HEIGHT = 640, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 128, 44, 52
#: shares of a list, beyond which a handful of checks is enough
LARGEST_SHARE = 0.3
Scale: TypeAlias = Callable[[float], str]
_LINES = ((1.0, WINDOW_BAR), (0.8, EXPECTED), (0.5, QUIET))


def draw_checks(n_declared: int, *, seen_p: float, recognition_p: float, mark: int | None = None) -> str:
    """The picture: a line for each recognition (1, 0.8, 0.5 and the one asked for), and the plan as a dot.

    mark : how many are supposed to be missing; None: no dot.
    """
    lines = dict(_LINES)
    lines.setdefault(recognition_p, INK)
    numbers = sorted({max(1, round(share * n_declared)) for share in np.linspace(0.005, LARGEST_SHARE, 120)})
    if mark is not None:
        numbers = sorted({*numbers, mark})
    right = max(LARGEST_SHARE, (mark or 0) / n_declared)
    # a line ends where no number of checks does
    curves = {r: [(m, n) for m in numbers if (n := checks_needed(n_declared, m, seen_p=seen_p, recognition_p=r)) is not None] for r in sorted(lines, reverse=True)}  # fmt: skip
    ticks = nice_ticks(max([n for points in curves.values() for _m, n in points] or [1]))

    def x(missing: float) -> str:
        return f"{_LEFT + (WIDTH - _LEFT - _RIGHT) * missing / n_declared / right:.2f}"

    def y(checks: float) -> str:
        return f"{HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * checks / ticks[-1]:.2f}"

    title = _("Checks of {n} declared items that see a loss with {p} %").format(n=digits(f"{n_declared:,}"), p=digits(f"{100 * seen_p:g}"))  # fmt: skip
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" font-family="{FONT}, sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect x="0" y="0" width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        _text(_LEFT - 40, 22, title, fill=INK, size=14, weight=600),
    ]
    for tick in ticks:
        parts.append(f'<line x1="{_LEFT}" y1="{y(tick)}" x2="{WIDTH - _RIGHT}" y2="{y(tick)}" stroke="{RULE}" stroke-width="1"/>')  # fmt: skip
        parts.append(_text(_LEFT - 8, float(y(tick)) + 4, digits(f"{tick:,.0f}"), fill=QUIET, anchor="end"))
    for tick in (share for share in nice_ticks(right) if share <= right + 1e-9):
        parts.append(_text(float(x(tick * n_declared)), HEIGHT - _BOTTOM + 18, digits(f"{100 * tick:g}") + " %", fill=QUIET, anchor="middle"))  # fmt: skip
    parts.append(_text(_LEFT, HEIGHT - 12, _("share of the declared items that is missing"), fill=QUIET))
    parts += _curves(curves, lines, x, y)
    checks = None if mark is None else checks_needed(n_declared, mark, seen_p=seen_p, recognition_p=recognition_p)  # fmt: skip
    if mark is not None and checks is not None:
        told = _("{m} missing: {n} checks").format(m=digits(f"{mark:,}"), n=digits(f"{checks:,}"))
        parts += _marked(float(x(mark)), float(y(checks)), told, fill=lines[recognition_p])
    return "\n".join([*parts, "</svg>", ""])


def _curves(curves: dict[float, list[tuple[int, int]]], fill: dict[float, str], x: Scale, y: Scale) -> list[str]:  # fmt: skip
    """Lines with their labels at the right end, kept apart."""
    parts, last = [], float(HEIGHT)
    for recognition, points in curves.items():
        if not points:
            continue
        path = " ".join(f"{x(m)},{y(n)}" for m, n in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{fill[recognition]}" stroke-width="2"/>')
    ends = [(float(y(points[-1][1])), r) for r, points in curves.items() if points]
    for at, recognition in sorted(ends, reverse=True):
        last = min(at, last - 15)
        told = _("{r} % recognised").format(r=digits(f"{100 * recognition:g}"))
        parts.append(_text(WIDTH - _RIGHT + 8, last + 4, told, fill=fill[recognition]))
    return parts


def _marked(x: float, y: float, told: str, *, fill: str) -> list[str]:
    """A dot, and its label above the curves at the end of a thin line."""
    at_x, at_y = min(x + 50, WIDTH - _RIGHT - 150), max(y - 110, _TOP + 16)
    return [
        f'<line x1="{x:.2f}" y1="{y:.2f}" x2="{at_x:.2f}" y2="{at_y + 4:.2f}" stroke="{INK}" stroke-width="1"/>',
        f'<circle cx="{x:.2f}" cy="{y:.2f}" r="5" fill="{fill}" stroke="#ffffff" stroke-width="1.5"/>',
        _text(at_x + 4, at_y, told, fill=INK, weight=600),
    ]


def _text(x: float, y: float, said: str, *, fill: str, anchor: str = "start", size: int = 12, weight: int = 400) -> str:  # fmt: skip
    return f'<text x="{x:.2f}" y="{y:.2f}" fill="{fill}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}">{escape(said)}</text>'
