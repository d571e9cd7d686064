"""Tables → series: counts in bins, with what could be seen in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from truceline.assurance.bins import make_bins
from truceline.assurance.recorded import LineDistance, count_observations
from truceline.assurance.series import FloatArray, Series, SeriesSpec
from truceline.base.intervals import Interval
from truceline.base.language import _
from truceline.coverage.exposure import measure_exposure, rows_of_source, watched_bins
from truceline.line.history import LineHistory
from truceline.schema.table import TIME, Record, Table, records

#: a window this much longer or shorter than a bin still counts as one bin long (clocks change)
_SLACK_H = 1.5
_NOT_YET = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class _Tally:
    """Counts per bin while rows are placed."""

    bins: tuple[Interval, ...]
    count: FloatArray
    unknown: set[int] = field(default_factory=set)
    refs: list[set[tuple[str, int]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    starts_s: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        self.starts_s = np.array([one.start.timestamp() for one in self.bins])

    def find(self, moment: datetime) -> int | None:
        """The bin that holds ``moment``."""
        low = int(np.searchsorted(self.starts_s, moment.timestamp(), "right"))
        return low - 1 if low and moment in self.bins[low - 1] else None

    def add(self, position: int | None, amount: float, row: tuple[str, int]) -> None:
        """Put ``amount`` into a bin; NaN means no number so far."""
        if position is None:
            return
        self.count[position] = amount + (0.0 if np.isnan(self.count[position]) else self.count[position])
        self.refs[position].add(row)


def build_series(
    spec: SeriesSpec,
    *,
    observations: Table,
    counts: Table,
    coverage: Table,
    lines: Mapping[str, LineHistory],
    area_ids: Sequence[str],
    baseline: Interval,
    window: Interval,
    line_distance: LineDistance | None = None,
    until: datetime | None = None,
) -> Series:
    """Count what a series counts, bin by bin.

    Parameters
    ----------
    area_ids : areas that the series covers (the area and its parts); empty: every area. A record
        that names another area is left out; a record that names none is kept.
    baseline, window : a bin is in either only if wholly inside; a bin of the baseline that
        touches the window is in neither.
    line_distance : needed where ``spec.near_line_m`` is set.
    until : bins after the window, as far as this, are counted too; they are in neither.

    Notes
    -----
    ``records`` counts what was told in words once an origin (``origins.collapse_copies``), at its
    first telling. A bin without a record is missing. It is a zero where ``spec.missing_is_zero``, where a
    coverage row says that the source watched, or, for ``starts``, where the source (which then
    records every start) has records both before and after the bin. A bin that the source could
    not see at all is missing whatever was recorded.
    """
    stop = max(baseline.stop, window.stop)
    span = Interval(min(baseline.start, window.start), stop if until is None else max(stop, until))
    bins = make_bins(bin_h=spec.bin_h, bin_months=spec.bin_months, zone=spec.zone, window=window, span=span)
    if not bins:
        raise ValueError(f"series {spec.id}: baseline and window hold no bin of {spec.usual_bin_h:g} h")
    tally = _Tally(bins=bins, count=np.full(len(bins), np.nan), refs=[set() for _ in bins])
    areas = frozenset(area_ids)
    rows = rows_of_source(coverage, source_id=spec.source, act=spec.act)
    speaking: set[str] = set()
    if spec.measure == "sum":
        _add_counts(tally, spec, counts, areas)
    elif spec.measure == "level_change":
        _add_levels(tally, lines.get(spec.source), spec)
    else:
        recorded = count_observations(spec, observations, areas=areas, bins=bins, line_distance=line_distance)
        tally.count, tally.refs, speaking = recorded.count, recorded.refs, recorded.speaking_areas
        tally.notes += recorded.notes
    exposure = measure_exposure(rows, area_ids=areas, speaking_areas=speaking, bins=bins)
    zero = np.isnan(tally.count) & _is_zero(spec, tally, rows, observations)
    tally.count[zero] = 0.0
    if tally.unknown:
        tally.count[sorted(tally.unknown)] = np.nan
    tally.count[exposure <= 0] = np.nan
    in_window = np.array([window.covers(one) for one in bins])
    in_baseline = np.array([baseline.covers(one) and not window.overlaps(one) for one in bins])
    return Series(
        spec=spec,
        bins=bins,
        count=tally.count,
        exposure=exposure,
        in_baseline=in_baseline,
        in_window=in_window,
        row_refs=tuple(tuple(sorted(refs)) for refs in tally.refs),
        notes=tuple(tally.notes),
    )


def _add_counts(tally: _Tally, spec: SeriesSpec, counts: Table, areas: frozenset[str]) -> None:
    """Numbers of the source's series.

    A window about as long as a bin is dated by its middle; a shorter one by its start (a wave
    belongs to the evening it began). In each bin the latest vintage speaks. A running total and
    the parts of a total that is itself there are left out. A row that gives no number makes its
    bin unknown.
    """
    chosen = _choose_counts(spec, counts, areas)
    by_bin: dict[int, list[Record]] = {}
    too_long = 0
    for row in chosen:
        hours = (row["window_stop"] - row["window_start"]).total_seconds() / 3600
        if hours > spec.longest_bin_h + _SLACK_H:
            too_long += tally.find(row["window_start"]) is not None
            continue
        middle = row["window_start"] + (row["window_stop"] - row["window_start"]) / 2
        position = tally.find(middle if hours >= spec.shortest_bin_h - _SLACK_H else row["window_start"])
        if position is not None:
            by_bin.setdefault(position, []).append(row)
    for position, rows in sorted(by_bin.items()):
        latest = max(row["vintage"] for row in rows)
        for row in rows:
            if row["vintage"] != latest:
                continue
            if row["value"] is None:
                tally.unknown.add(position)
                tally.refs[position].add((row["raw_file"], row["raw_row"]))
            else:
                tally.add(position, row["value"], (row["raw_file"], row["raw_row"]))
    if too_long:
        tally.notes.append(
            _("{n} numbers are over more time than one bin and are left out.").format(n=too_long)
        )
    if tally.unknown:
        tally.notes.append(
            _("{n} bins hold a record without a number and are missing.").format(n=len(tally.unknown))
        )


def _choose_counts(spec: SeriesSpec, counts: Table, areas: frozenset[str]) -> list[Record]:
    chosen: dict[str, Record] = {}
    keep = pc.and_(
        pc.equal(counts["source_id"], spec.source), pc.invert(pc.fill_null(counts["cumulative"], False))
    )
    if spec.series is not None:
        keep = pc.and_(keep, pc.fill_null(pc.equal(counts["series"], spec.series), False))
    for name, word in (("act", spec.act), ("accused_party_id", spec.party)):
        if word is not None:
            keep = pc.and_(keep, pc.fill_null(pc.equal(counts[name], word), True))
    if areas:
        inside = pc.is_in(counts["area_id"], value_set=pa.array(sorted(areas), pa.string()))
        keep = pc.and_(keep, pc.or_(inside, pc.fill_null(pc.equal(counts["area_id"], ""), True)))
    # choosing makes no Python object of a row
    for row in records(counts.filter(keep)):
        chosen[row["count_id"]] = row
    return [chosen[key] for key in sorted(chosen) if chosen[key]["part_of"] not in chosen]


def _add_levels(tally: _Tally, history: LineHistory | None, spec: SeriesSpec) -> None:
    """Area that changed hands between two maps (km²), dated to the middle of the time between them.

    A repeat is missing, and so is the update after it: it holds more than one bin's change.
    """
    if history is None:
        tally.notes.append(_("The map was not available."))
        return
    long_steps = 0
    for before, after in pairwise(history.snapshots):
        if after.status != "update" or after.gained_km2 is None or after.lost_km2 is None:
            continue
        step = after.describes_until - before.describes_until
        position = tally.find(before.describes_until + step / 2)
        if before.status == "repeat" or step.total_seconds() / 3600 > spec.longest_bin_h + _SLACK_H:
            long_steps += position is not None
            continue
        tally.add(position, after.gained_km2 + after.lost_km2, (after.raw_file, after.raw_row))
    if long_steps:
        tally.notes.append(
            _("{n} updates hold the change of more than one bin and are left out.").format(n=long_steps)
        )


def _is_zero(
    spec: SeriesSpec, tally: _Tally, rows: list[Record], observations: Table
) -> npt.NDArray[np.bool_]:
    """(n_bins,) whether no record in the bin means none happened."""
    if spec.measure == "level_change":
        return np.zeros(len(tally.bins), dtype=np.bool_)
    if spec.missing_is_zero:
        return np.ones(len(tally.bins), dtype=np.bool_)
    zero = watched_bins(rows, bins=tally.bins)
    if spec.measure == "starts":
        own = observations.filter(pc.equal(observations["source_id"], spec.source))
        ends = [_first_and_last(own[name]) for name in ("occurred_from", "ended_from")]
        if ends[0] is not None:
            first, last = ends[0][0], max(pair[1] for pair in ends if pair is not None)
            zero |= np.array([first <= one.start and one.stop <= last for one in tally.bins])
    return zero


def _first_and_last(moments: pa.ChunkedArray) -> tuple[datetime, datetime] | None:
    """First and last of the times; one in the year 9999 stands for `not yet` and is left out."""
    known = moments.filter(pc.less(moments, pa.scalar(_NOT_YET, TIME)))
    if not len(known.drop_null()):
        return None
    ends = pc.min_max(known).as_py()
    return ends["min"], ends["max"]
