"""What a ledger of claims says in words: numbers, bounds, directions, windows, who counts whom."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from truceline.base.intervals import Interval
from truceline.schema.claims import PRECISIONS
from truceline.sources.rows import Row
from truceline.sources.source import ReadContext

Kind = Literal["opponent_count", "opponent_concession", "own_report", "third_party_count"]

#: what may stand between the digits of a thousand: comma, blank, no-break blank, narrow blank
_GAP = "[, \u00a0\u202f]"
_NUMBER = rf"\d{{1,3}}(?:{_GAP}\d{{3}})+|\d+(?:\.\d+)?"
_COUNT = re.compile(
    rf"(>=|>|≥|≈|~|over|more than|at least|about|around|approximately)?\s*({_NUMBER})", re.IGNORECASE
)
_BOUND = re.compile(rf"(>=|>|≥|\bover|\bmore than|\bat least)\s*({_NUMBER})(?![\d.%])", re.IGNORECASE)
_ROUGH = re.compile(rf"(≈|~|\babout|\baround|\bapproximately)\s*({_NUMBER})(?![\d.%])", re.IGNORECASE)
_ROUGH_WINDOW = re.compile(
    r"\b(?:window|start|end)\b[^.;]{0,30}\bapproximate|\bapproximate (?:window|start|end)\b", re.IGNORECASE
)
_DIRECTIONS = {
    "ceased": re.compile(r"\b(?:ceased|stopped)\b", re.IGNORECASE),
    "reduced": re.compile(r"\b(?:reduced|decreased|lower|fell)\b", re.IGNORECASE),
    "unchanged": re.compile(r"\bunchanged\b", re.IGNORECASE),
    "increased": re.compile(r"\b(?:increased|rose)\b", re.IGNORECASE),
}
_AT_LEAST = (">=", ">", "≥", "over", "more than", "at least")
_SIGNS = {"": "", "=": "=", "≥": "≥", ">": "≥", ">=": "≥", "≈": "≈", "~": "≈"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A number and the sign or word before it (empty: none)."""

    value: float
    sign: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimWindow:
    """The window of a claim and how well it is known."""

    interval: Interval
    precision: str
    remark: str = ""


def claim_kind(
    speaker_party: str | None, accused_party: str, *, value: float | None, direction: str | None
) -> Kind:
    """Who counts whom, from the two sides alone.

    An opponent concedes where it states, without a number, that the other's acts were reduced or
    had ceased: a number against the accused is a count, however low.
    """
    if speaker_party is None:
        return "third_party_count"
    if speaker_party == accused_party:
        return "own_report"
    if value is None and direction in ("reduced", "ceased"):
        return "opponent_concession"
    return "opponent_count"


def read_count(row: Row) -> Count | None:
    """The column ``count``: a number, perhaps with separators and a sign; None where empty."""
    text = row.text("count")
    if text is None:
        return None
    match = _COUNT.fullmatch(text)
    if match is None:
        row.wrong(
            "value_type",
            "not a count",
            column="count",
            got=text,
            expected="a number ≥ 0, such as 1300, >30 or ≈ 900",
            next_step="Write words into the note",
        )
        return None
    return Count(value=_plain(match[2]), sign=(match[1] or "").casefold())


def read_relation(row: Row, count: Count | None) -> str | None:
    """``=``, ``≥`` or ``≈``: from the column, else the count's sign, else the note; None without a count."""
    given = row.text("relation")
    if given is not None and given not in _SIGNS:
        row.wrong(
            "value_unknown",
            "unknown sign",
            column="relation",
            got=given,
            expected="= | ≥ | ≈",
            next_step="Use one of these signs",
        )
        return None
    if count is None:
        return None
    if given:
        return _SIGNS[given]
    if count.sign:
        return "≥" if count.sign in _AT_LEAST else "≈"
    note = row.text("note") or ""
    if any(_plain(number) == count.value for _, number in _BOUND.findall(note)):
        return "≥"
    if any(_plain(number) == count.value for _, number in _ROUGH.findall(note)):
        return "≈"
    return "="


def read_direction(row: Row) -> str | None:
    """The one direction that note and measure name; None where they name none or several."""
    text = f"{row.text('measure') or ''} {row.text('note') or ''}"
    named = [direction for direction, words in _DIRECTIONS.items() if words.search(text)]
    return named[0] if len(named) == 1 else None


def claim_window(row: Row, context: ReadContext, *, zone: str | None) -> ClaimWindow | None:
    """The window claimed; an open end is taken to the publication's day, else to the span's end."""
    starts, ends = _edge(row, "window_start_local", zone=zone), _edge(row, "window_end_local", zone=zone)
    given = row.text("window_precision")
    if given is not None and given not in PRECISIONS:
        row.wrong(
            "value_unknown",
            "unknown word",
            column="window_precision",
            got=given,
            expected=" | ".join(PRECISIONS),
            next_step="Use one of these words, or leave it empty",
        )
    if not row.ok:
        return None
    remarks = []
    start = starts.start if isinstance(starts, Interval) else starts
    stop = ends.stop if isinstance(ends, Interval) else ends
    if start is None:
        start = context.span.start
        remarks.append("start of the window not given: the case's span is taken")
    if stop is None:
        stop = _published_stop(row, zone) or context.span.stop
        remarks.append(
            "end of the window not given: the day of publication, or else the case's span, is taken"
        )
    if stop <= start:
        row.wrong(
            "time_order",
            "the window ends before it starts",
            column="window_end_local",
            got=row.text("window_end_local") or "",
            expected=f"a time after {row.text('window_start_local')}",
            next_step="Correct the window",
        )
        return None
    precision = given or _precision(starts, ends, row.text("note") or "")
    return ClaimWindow(interval=Interval(start, stop), precision=precision, remark="; ".join(remarks))


def _precision(starts: datetime | Interval | None, ends: datetime | Interval | None, note: str) -> str:
    if starts is None or ends is None:
        return "open"
    if isinstance(starts, Interval) or isinstance(ends, Interval):
        return "date_only"
    return "approximate" if _ROUGH_WINDOW.search(note) else "exact"


def _edge(row: Row, column: str, *, zone: str | None) -> datetime | Interval | None:
    text = row.text(column)
    if text is None or text.casefold() in ("unknown", "open"):
        return None
    return row.when(column, zone=zone)


def _published_stop(row: Row, zone: str | None) -> datetime | None:
    text = row.text("published")
    if text is None or text.casefold() in ("unknown", "n/a"):
        return None
    day = row.when("published", zone=zone or "UTC")
    return day.stop if isinstance(day, Interval) else day


def _plain(number: str) -> float:
    return float(re.sub(_GAP, "", number))
