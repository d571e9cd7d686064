"""Which observations a series counts, and in which bin each falls; by columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.assurance.series import FloatArray, SeriesSpec
from truceline.base.columns import BoolArray, IntArray, floats, known, map_parts, micros
from truceline.base.intervals import Interval, microseconds
from truceline.base.language import _
from truceline.schema.table import Table, within

#: (longitudes, latitudes, moments as microseconds since 1970) → distance to the line, metres, NaN
#: where unknown; sign ignored
LineDistance = Callable[[FloatArray, FloatArray, IntArray], FloatArray]
#: rows kept for a bin, the first by file and number: no reader follows more
MOST_REFS = 200

_COLUMNS = [
    "observation_id", "acts", "accused_party_id", "area_id", "longitude_deg", "latitude_deg",
    "occurred_from", "occurred_until", "primary_source_id", "text", "raw_file", "raw_row",
]  # fmt: skip
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What was counted: numbers and rows of each bin, and the areas that the records name."""

    count: FloatArray  #: (n_bins,), NaN where there is no record
    refs: list[set[tuple[str, int]]]
    speaking_areas: set[str]
    notes: list[str] = field(default_factory=list)


def count_observations(
    spec: SeriesSpec,
    observations: Table,
    *,
    areas: frozenset[str],
    bins: Sequence[Interval],
    line_distance: LineDistance | None,
) -> Recorded:
    """Count the records of a series' source that may be of its act, party and areas."""
    notes: list[str] = []
    found = _choose(spec, observations, areas, span=Interval(bins[0].start, bins[-1].stop))
    speaking = {area for area in pc.unique(found["area_id"]).to_pylist() if area}
    found = _near_line(found, spec, line_distance, notes)
    place = _starts(found, bins) if spec.measure == "starts" else _records(found, spec, bins, notes)
    count = np.bincount(place[place >= 0], minlength=len(bins)).astype(np.float64)
    count[count == 0] = np.nan
    return Recorded(
        count=count, refs=_refs(found, place, n_bins=len(bins)), speaking_areas=speaking, notes=notes
    )


def _choose(spec: SeriesSpec, observations: Table, areas: frozenset[str], *, span: Interval) -> Table:
    """Records of the source that may be of the series' act, party and area, each once."""
    own = observations.select(["source_id", *_COLUMNS])
    own = own.filter(pc.equal(own["source_id"], spec.source)).select(_COLUMNS)
    own = within(
        own, start_column="occurred_from", stop_column="occurred_until", start=span.start, stop=span.stop
    )
    keep = np.ones(own.num_rows, dtype=np.bool_)
    if spec.act is not None:
        rows, acts, _likelihoods = map_parts(own["acts"])
        some = np.bincount(rows, minlength=len(keep)) > 0
        of_act = np.asarray(pc.equal(acts, spec.act).to_numpy(zero_copy_only=False), dtype=np.bool_)
        # where the source tells kinds apart, a record without one is of another kind, not of every kind
        keep &= (~some & (not some.any())) | (np.bincount(rows[of_act], minlength=len(keep)) > 0)
    if spec.party is not None:
        keep &= _true(pc.fill_null(pc.equal(own["accused_party_id"], spec.party), True))
    if areas:
        inside = pc.is_in(own["area_id"], value_set=pa.array(sorted(areas), type=pa.string()))
        unnamed = pc.fill_null(pc.equal(own["area_id"], ""), True)
        keep &= _true(pc.or_(inside, unnamed))
    own = own.filter(pa.array(keep))
    return _first_tellings(own) if spec.measure == "records" else own


def _true(values: pa.ChunkedArray) -> BoolArray:
    return np.asarray(values.to_numpy(), dtype=np.bool_)


def _first_tellings(found: Table) -> Table:
    """Of what was told in words, the first record of each origin: a copy the day after is no new event."""
    told = pc.and_(
        pc.fill_null(pc.not_equal(found["text"], ""), False),
        pc.fill_null(pc.not_equal(found["primary_source_id"], ""), False),
    )
    origin = pc.if_else(told, found["primary_source_id"], found["observation_id"])
    code = origin.combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    copied = np.bincount(code)[code] > 1 if len(code) else np.zeros(0, dtype=np.bool_)
    rows = np.flatnonzero(copied)
    keys = found.select(["occurred_from", "observation_id"]).take(pa.array(rows))
    keys = keys.append_column("origin", pa.array(code[rows]))
    order = pc.sort_indices(
        keys, sort_keys=[(name, "ascending") for name in ("origin", "occurred_from", "observation_id")]
    )
    ordered = rows[order.to_numpy()]
    first = ordered[np.flatnonzero(np.diff(code[ordered], prepend=-1))]
    return found.take(pa.array(np.sort(np.concatenate([np.flatnonzero(~copied), first]))))


def _near_line(found: Table, spec: SeriesSpec, line_distance: LineDistance | None, notes: list[str]) -> Table:
    """Those close to the line; a record without a point, or without a line, is left out and told."""
    if spec.near_line_m is None:
        return found
    placed = found.filter(pa.array(known(found["longitude_deg"]) & known(found["latitude_deg"])))
    if line_distance is None or not placed.num_rows:
        notes.append(_("No distance to a line can be had: no record is counted."))
        return found.slice(0, 0)
    distance = line_distance(
        floats(placed["longitude_deg"]), floats(placed["latitude_deg"]), micros(placed["occurred_from"])
    )
    unknown = int(np.isnan(distance).sum()) + found.num_rows - placed.num_rows
    if unknown:
        notes.append(_("Records left out for want of a distance to the line: {n}.").format(n=unknown))
    return placed.filter(pa.array(np.abs(np.nan_to_num(distance, nan=np.inf)) <= spec.near_line_m))


def _edges(bins: Sequence[Interval]) -> tuple[IntArray, IntArray]:
    """Starts and stops of bins in microseconds."""
    return np.array([microseconds(one.start) for one in bins]), np.array(
        [microseconds(one.stop) for one in bins]
    )


def _find(at_us: IntArray, bins: Sequence[Interval]) -> IntArray:
    """The bin that holds each moment; −1: none."""
    start, stop = _edges(bins)
    place = np.searchsorted(start, at_us, side="right") - 1
    return np.where((place >= 0) & (at_us < stop[place]), place, -1)


def _starts(found: Table, bins: Sequence[Interval]) -> IntArray:
    return _find(micros(found["occurred_from"]), bins)


def _records(found: Table, spec: SeriesSpec, bins: Sequence[Interval], notes: list[str]) -> IntArray:
    """Records whose time lies in one bin; with bins of a day or more also those that straddle two."""
    start, stop = micros(found["occurred_from"]), micros(found["occurred_until"])
    place = _find(start, bins)
    inside = (place >= 0) & (stop <= _edges(bins)[1][place])
    length = stop - start
    too_long = np.full(len(start), spec.usual_bin_h < 24) | (
        length > ((bins[0].stop - bins[0].start) * 1.1) // _MICROSECOND
    )
    # half a microsecond goes to the even one, as with ``timedelta``
    half = length // 2 + ((length % 2 == 1) & (length // 2 % 2 == 1))
    straddling = int((~inside & too_long & (place >= 0)).sum())
    if straddling:
        notes.append(_("Records left out because they cannot be dated to one bin: {n}.").format(n=straddling))
    return np.where(inside, place, np.where(too_long, -1, _find(start + half, bins)))


def _refs(found: Table, place: IntArray, *, n_bins: int) -> list[set[tuple[str, int]]]:
    """The first rows of each bin."""
    refs: list[set[tuple[str, int]]] = [set() for _ in range(n_bins)]
    files = sorted(pc.unique(found["raw_file"]).to_pylist())
    file = pc.index_in(found["raw_file"], value_set=pa.array(files, type=pa.string())).to_numpy()
    row = micros(found["raw_row"])
    rows = np.flatnonzero(place >= 0)
    rows = rows[np.lexsort((row[rows], file[rows], place[rows]))]
    size = np.bincount(place[rows], minlength=n_bins)
    start = np.cumsum(size) - size
    for k in np.flatnonzero(size).tolist():
        own = rows[start[k] : start[k] + size[k]]
        for one in own.tolist():
            refs[k].add((files[file[one]], int(row[one])))
            if len(refs[k]) == MOST_REFS:
                break
    return refs
