"""What was not watched, and why, in as few sentences as will do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from truceline.base.intervals import Interval
from truceline.base.language import N_, _, digits, ngettext
from truceline.schema.table import Record, Table, records

_WORDS = {
    "watched": N_("watched in part"),
    "merged_record": N_("several records merged into one, new ones inside it cannot be seen"),
    "no_data": N_("no data"),
    "cloud": N_("under cloud"),
    "night": N_("dark"),
    "outage": N_("out of order"),
    "jamming": N_("jammed"),
    "movement_restriction": N_("access denied or restricted"),
    "stale_map": N_("map not updated"),
    "not_reported": N_("not reported"),
}

#: brief loss of sight that belongs to how a source works, told in one line together
_ORDINARY = "watched"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """Something that was not watched: by whom, where (None: everywhere), when, why, how much.

    ``share_unseen`` is the share of the window, in the area named.
    """

    source_id: str
    area_id: str | None
    period: Interval
    reason: str
    share_unseen: float
    text: str


def describe_coverage(
    coverage: Table,
    *,
    window: Interval,
    area_names: Mapping[str, str],
    source_titles: Mapping[str, str],
) -> tuple[Unseen, ...]:
    """Say what was not watched in the window; what weighs most comes first.

    One sentence for each source, reason and area; areas with a share of less than 2 % for one
    reason are told together, and so are the brief losses of sight of a source that watched.
    """
    groups: dict[tuple[str, str, str | None], list[Record]] = {}
    for row in records(coverage):
        if row["window_start"] >= window.stop or row["window_stop"] <= window.start:
            continue
        if row["available_share"] >= 1:
            continue
        groups.setdefault((row["source_id"], row["reason"], row["area_id"]), []).append(row)
    notes: list[Unseen] = []
    ordinary: dict[tuple[str, str], list[tuple[str | None, float, Interval]]] = {}
    for (source_id, reason, area_id), rows in groups.items():
        hours, period = _unseen_hours(rows, window)
        if reason == _ORDINARY or (area_id is not None and hours < 0.02 * window.duration_h):
            ordinary.setdefault((source_id, reason), []).append((area_id, hours, period))
            continue
        notes.append(_one(source_id, reason, area_id, hours, period, window, area_names, source_titles))
    for (source_id, reason), parts in ordinary.items():
        notes.append(_together(source_id, reason, parts, window, source_titles))
    return tuple(
        sorted(
            notes,
            key=lambda note: (
                note.reason == _ORDINARY,
                -note.share_unseen,
                note.source_id,
                note.reason,
                area_names.get(note.area_id or "", note.area_id or ""),
            ),
        )
    )


def _unseen_hours(rows: Sequence[Record], window: Interval) -> tuple[float, Interval]:
    """Hours of the window without sight (overlaps counted once), and the time they span.

    Rows of several sensors in one place are averaged; within a sensor the least share counts.
    """
    sensors: dict[tuple[str, str], list[tuple[Interval, float]]] = {}
    for row in rows:
        part = Interval(row["window_start"], row["window_stop"]).intersection(window)
        if part is not None:
            place = f"{row['longitude_deg']} {row['latitude_deg']}"
            sensors.setdefault((row["sensor_id"] or "", place), []).append((part, row["available_share"]))
    parts = [part for pieces in sensors.values() for part, _ in pieces]
    hours = [_lost(pieces) for pieces in sensors.values()]
    span = Interval(min(part.start for part in parts), max(part.stop for part in parts))
    return sum(hours) / len(hours), span


def _lost(pieces: Iterable[tuple[Interval, float]]) -> float:
    chosen = list(pieces)
    edges = sorted({edge for part, _ in chosen for edge in (part.start, part.stop)})
    total = 0.0
    for start, stop in pairwise(edges):
        shares = [share for part, share in chosen if part.start <= start and stop <= part.stop]
        if shares:
            total += (1 - min(shares)) * (stop - start).total_seconds() / 3600
    return total


def _one(
    source_id: str,
    reason: str,
    area_id: str | None,
    hours: float,
    period: Interval,
    window: Interval,
    area_names: Mapping[str, str],
    source_titles: Mapping[str, str],
) -> Unseen:
    title = source_titles.get(source_id, source_id)
    where = f", {area_names.get(area_id, area_id)}" if area_id is not None else ""
    share = min(hours / window.duration_h, 1.0)
    text = _("{where}: {why}; {hours} of {all} h not seen ({share}).").format(
        where=title + where,
        why=_(_WORDS[reason]),
        hours=_hours(hours),
        all=_hours(window.duration_h),
        share=digits(f"{share:.0%}"),
    )
    return Unseen(
        source_id=source_id, area_id=area_id, period=period, reason=reason, share_unseen=share, text=text
    )


def _together(
    source_id: str,
    reason: str,
    parts: Sequence[tuple[str | None, float, Interval]],
    window: Interval,
    source_titles: Mapping[str, str],
) -> Unseen:
    title = source_titles.get(source_id, source_id)
    hours = [one for _, one, _ in parts]
    longest = max(hours)
    what = (
        _("short gaps while a record was open (no new one can begin), each an ordinary part of the record")
        if reason == _ORDINARY
        else _(_WORDS[reason])
    )
    text = ngettext(
        "{where}: {why}; {n} area, at most {hours} of {all} h in one.",
        "{where}: {why}; {n} areas, at most {hours} of {all} h in one.",
        len(parts),
    ).format(where=title, why=what, n=len(parts), hours=_hours(longest), all=_hours(window.duration_h))
    start, stop = min(period.start for *_, period in parts), max(period.stop for *_, period in parts)
    return Unseen(
        source_id=source_id,
        area_id=None,
        period=Interval(start, stop),
        reason=reason,
        share_unseen=min(sum(hours) / len(hours) / window.duration_h, 1.0),
        text=text,
    )


def _hours(hours: float) -> str:
    return digits(f"{hours:.1f}".removesuffix(".0"))
