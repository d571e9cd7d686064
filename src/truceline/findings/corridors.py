"""Ways out, window by window: open, closed, fired upon, or undetermined, each with its bounds.

A way out is a zone of the terms with windows: a corridor, or a place where those who lay down arms are received.
What is known of a window:

fired upon  the chance, between bounds, that at least one act of fire fell into the way while it was open: one less
            the product of the chances that each did not. The lesser bound counts what surely lies in it.
passed      times of which somebody says that people passed; refused: of which somebody says that they could not.
            A time counts as *told* where one primary source says so and as *borne out* where two do, or a monitor.

The verdict is *fired upon* where the lesser bound is at least ``SURE``. Else it is *open* where passage is borne out,
no refusal is, and fire is not likelier than ``DOUBT``; *closed* where refusal is borne out and passage is not;
everything else is *undetermined*, with the reason. No report at all says nothing of a way out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

import numpy as np

from truceline.base.geodesy import FloatArray
from truceline.base.intervals import Interval, as_utc
from truceline.base.language import N_, _, digits

SURE, DOUBT = 0.95, 0.5

Verdict = Literal["open", "closed", "fired_upon", "undetermined"]
VERDICTS: dict[Verdict, str] = {
    "open": N_("open"),
    "closed": N_("closed"),
    "fired_upon": N_("fired upon"),
    "undetermined": N_("undetermined"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Somebody's report that people passed a way out, or could not."""

    zone_id: str
    start: datetime
    stop: datetime
    passed: bool
    persons: int | None  #: null: not said
    primary_source: str  #: who said it first; copies share it
    monitor: bool  #: whether that is the mechanism's own observation
    words: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowVerdict:
    """One window of one way out."""

    zone_id: str
    start: datetime
    stop: datetime
    verdict: Verdict
    reason: str
    fired_lo: float
    fired_hi: float
    open_lo_h: float  #: hours of which passage is borne out
    open_hi_h: float  #: hours of which no refusal is borne out
    refused_told_h: float  #: hours of which a refusal is told, borne out or not
    persons_told: int  #: the greatest number that one source tells of
    sources: tuple[str, ...]


def judge_window(
    zone_id: str,
    window: Interval,
    passages: Sequence[Passage],
    *,
    fire_lo: FloatArray,
    fire_hi: FloatArray,
) -> WindowVerdict:
    """The verdict on one window.

    fire_lo, fire_hi : (n,) least and greatest chance that each act of fire fell into the way in the window.
    """
    own = [one for one in passages if one.zone_id == zone_id and _inside(one, window)]
    passed = _borne_out([one for one in own if one.passed], window)
    refused = _borne_out([one for one in own if not one.passed], window)
    told_refused = _union([_cut(one, window) for one in own if not one.passed])
    fired_lo, fired_hi = (float(1 - np.prod(1 - chances)) for chances in (fire_lo, fire_hi))
    verdict, reason = _verdict(fired_lo, fired_hi, passed, refused, own)
    whole_h = (window.stop - window.start) / timedelta(hours=1)
    return WindowVerdict(
        zone_id=zone_id,
        start=window.start,
        stop=window.stop,
        verdict=verdict,
        reason=reason,
        fired_lo=fired_lo,
        fired_hi=fired_hi,
        open_lo_h=_hours(passed),
        open_hi_h=whole_h - _hours(refused),
        refused_told_h=_hours(told_refused),
        persons_told=_persons(own),
        sources=tuple(sorted({one.primary_source for one in own})),
    )


def _verdict(
    fired_lo: float,
    fired_hi: float,
    passed: Sequence[Interval],
    refused: Sequence[Interval],
    own: Sequence[Passage],
) -> tuple[Verdict, str]:
    if fired_lo >= SURE:
        return "fired_upon", _("fire in it with a probability of at least {p}").format(
            p=digits(f"{fired_lo:.2f}")
        )
    if passed and refused:
        return "undetermined", _("passage and refusal are both borne out")
    if refused:
        return "closed", _("refusal is borne out, passage is not")
    if passed and fired_hi <= DOUBT:
        return "open", _("passage is borne out, refusal is not")
    if passed:
        return (
            "undetermined",
            _("passage is borne out, and fire may have fallen into it ({p} at most)").format(
                p=digits(f"{fired_hi:.2f}")
            ),
        )
    if not own:
        return "undetermined", _("nobody reports of it, which says nothing")
    if any(one.passed for one in own) and any(not one.passed for one in own):
        return (
            "undetermined",
            _("one says that people passed, another that they could not; neither is borne out"),
        )
    if own[0].passed:
        return "undetermined", _("one primary source says that people passed")
    return "undetermined", _("one primary source says that people could not pass")


def _persons(own: Sequence[Passage]) -> int:
    """The greatest sum that any one source tells: sources may tell of the same people."""
    sums: dict[str, int] = {}
    for one in own:
        if one.passed:
            sums[one.primary_source] = sums.get(one.primary_source, 0) + (one.persons or 0)
    return max(sums.values(), default=0)


# -- times --------------------------------------------------------------------------------------
def _inside(one: Passage, window: Interval) -> bool:
    return as_utc(one.start) < window.stop and as_utc(one.stop) > window.start


def _cut(one: Passage, window: Interval) -> Interval:
    return Interval(max(as_utc(one.start), window.start), min(as_utc(one.stop), window.stop))


def _borne_out(reports: Sequence[Passage], window: Interval) -> list[Interval]:
    """Times of which a monitor, or two primary sources, say so."""
    edges = sorted({edge for one in reports for edge in (_cut(one, window).start, _cut(one, window).stop)})
    found = []
    for start, stop in pairwise(edges):
        own = [one for one in reports if _cut(one, window).start <= start and _cut(one, window).stop >= stop]
        if any(one.monitor for one in own) or len({one.primary_source for one in own}) >= 2:
            found.append(Interval(start, stop))
    return _union(found)


def _union(spans: Sequence[Interval]) -> list[Interval]:
    joined: list[Interval] = []
    for span in sorted(spans):
        if joined and span.start <= joined[-1].stop:
            joined[-1] = Interval(joined[-1].start, max(joined[-1].stop, span.stop))
        else:
            joined.append(span)
    return joined


def _hours(spans: Sequence[Interval]) -> float:
    return sum((span.stop - span.start) / timedelta(hours=1) for span in spans)
