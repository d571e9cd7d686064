"""Rows of strangers' files that cannot stand though each of their cells can be read."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from truceline.base.columns import BoolArray, floats, micros
from truceline.base.errors import Problem
from truceline.base.geodesy import BEARINGS_EXPECTED, is_reversed
from truceline.line.shapes import polygonal
from truceline.workflow.foreign import Foreign

#: below this a parameter of a Beta distribution stands for a certainty that nobody measures
LEAST_BETA = 1e-3
#: rows with a repeated id that are held against each other at once: in memory, not in the outcome
ROWS_AT_ONCE = 1 << 14
#: 9999-12-30, in microseconds since 1970: what is reckoned from later times leaves the calendar
LAST_US = 253_402_128_000_000_000
_P = ("detection_p_a", "detection_p_b")
_BEARINGS = ("bearing_min_deg", "bearing_max_deg")
_RANGES = ("range_min_m", "range_max_m")


def _tell(foreign: Foreign, k: int, code: str, column: str, message: str, expected: str, step: str) -> list[Problem]:  # fmt: skip
    value = foreign.table[column][k].as_py()
    return [
        Problem(
            code=code,
            message=message,
            file=foreign.file.label,
            row=int(foreign.numbers[k]),
            column=column,
            got="" if value is None else str(value)[:80],
            expected=expected,
            next_step=step,
        )
    ]


def refuse_second_ids(foreign: Foreign, key: str) -> None:
    """Put aside rows that share an id: all of them where they differ, else all but one.

    Which of the differing ones is meant nobody can tell, and the order of rows must not decide it.
    """
    code = pc.rank(foreign.table[key].combine_chunks(), tiebreaker="dense").to_numpy().astype(np.int64)
    again = np.flatnonzero(np.bincount(code)[code] > 1)
    if not len(again):
        return
    contents: dict[int, set[int]] = {}
    rows: dict[int, list[int]] = {}
    parts = foreign.table.take(pa.array(again)).to_batches(max_chunksize=ROWS_AT_ONCE)
    for k, row in zip(again.tolist(), (row for part in parts for row in part.to_pylist()), strict=True):
        contents.setdefault(int(code[k]), set()).add(hash(repr(row)))
        rows.setdefault(int(code[k]), []).append(k)
    wrong: dict[int, list[Problem]] = {}
    for one, own in rows.items():
        differ = len(contents[one]) > 1
        where = ", ".join(str(int(foreign.numbers[k])) for k in own[:20])
        message = f"rows {where} have this id and differ: none can stay" if differ else f"rows {where} are the same: the first stays"  # fmt: skip
        for k in own if differ else own[1:]:
            wrong[k] = _tell(foreign, k, "id_repeated", key, message, "an id of its own for each row", "Rename or take out all but one of the rows")  # fmt: skip
    foreign.put_aside(wrong)


def refuse_disorder(foreign: Foreign, start: str, stop: str) -> None:
    """Put aside rows of which an interval does not stop after it starts."""
    names = foreign.table.column_names
    if start not in names or stop not in names:
        return
    wrong = pc.fill_null(pc.less_equal(foreign.table[stop], foreign.table[start]), False).to_numpy()
    foreign.put_aside(
        {
            int(k): _tell(foreign, int(k), "time_order", stop, f"{stop} is not after {start}", f"a time after {foreign.table[start][int(k)].as_py().isoformat()}", "Correct one of the two; intervals are half-open")
            for k in np.flatnonzero(wrong)
        }
    )  # fmt: skip


def refuse_last_days(foreign: Foreign, column: str) -> None:
    """Put aside rows of which a time stands at the calendar's end: it is written for "open", and tells no moment."""
    if column not in foreign.table.column_names:
        return
    late = micros(foreign.table[column]) >= LAST_US
    foreign.put_aside(
        {
            int(k): _tell(foreign, int(k), "value_range", column, "the calendar's last days are no moment at which anything was seen", "a time before 9999-12-30", "Give the time, or leave the row out")
            for k in np.flatnonzero(late)
        }
    )  # fmt: skip


def refuse_half_places(foreign: Foreign) -> None:
    """Put aside rows that have a longitude without a latitude, or the other way round."""
    for start in ("", "observer_", "label_"):
        pair = f"{start}longitude_deg", f"{start}latitude_deg"
        names = [name for name in pair if name in foreign.table.column_names]
        if not names:
            continue
        there = [_given(foreign, name) for name in pair]
        foreign.put_aside(
            {
                int(k): _tell(foreign, int(k), "value_missing", names[0], "a place has a longitude and a latitude, or neither", " and ".join(pair), "Fill in the other one, or leave both empty")
                for k in np.flatnonzero(there[0] != there[1])
            }
        )  # fmt: skip


def refuse_half_bands(foreign: Foreign) -> None:
    """Put aside rows with half a band of bearings, or with the edges of a band the wrong way round.

    A distance may have one edge alone: "at least 3 km".
    """
    names = [name for name in _BEARINGS if name in foreign.table.column_names]
    if names:
        there = [_given(foreign, name) for name in _BEARINGS]
        foreign.put_aside(
            {
                int(k): _tell(foreign, int(k), "value_missing", names[0], "a band of bearings has two edges, or none", " and ".join(_BEARINGS), "Fill in the other one, or leave both empty")
                for k in np.flatnonzero(there[0] != there[1])
            }
        )  # fmt: skip
    for pair, expected in ((_BEARINGS, BEARINGS_EXPECTED), (_RANGES, f"{_RANGES[0]} ≤ {_RANGES[1]}")):
        if not set(pair) <= set(foreign.table.column_names):
            continue
        low, high = (floats(foreign.table[name]) for name in pair)
        wrong = is_reversed(low, high) if pair == _BEARINGS else low > high
        foreign.put_aside(
            {
                int(k): _tell(foreign, int(k), "value_range", pair[1], f"the edges stand the wrong way round: from {low[k]:g} to {high[k]:g}", expected, "Exchange the two edges, if that is it")
                for k in np.flatnonzero(wrong)
            }
        )  # fmt: skip


def refuse_half_watches(foreign: Foreign) -> None:
    """Put aside rows of coverage with half a detection probability, a certain one, or half a circle.

    A centre without a radius would else be read as watching everywhere.
    """
    names = [name for name in _P if name in foreign.table.column_names]
    if names:
        there = [_given(foreign, name) for name in _P]
        wrong = there[0] != there[1]
        for name in names:
            wrong |= np.asarray(pc.fill_null(pc.less(foreign.table[name], LEAST_BETA), False))
        foreign.put_aside(
            {
                int(k): _tell(foreign, int(k), "value_range", names[0], "a detection probability is Beta(a, b), both above nought", f"detection_p_a and detection_p_b, both ≥ {LEAST_BETA:g}, or neither", "After n trials with k detections write k + 0.5 and n - k + 0.5")
                for k in np.flatnonzero(wrong)
            }
        )  # fmt: skip
    names = [name for name in ("longitude_deg", "radius_m") if name in foreign.table.column_names]
    if names:
        wrong = (_given(foreign, "longitude_deg") != _given(foreign, "radius_m")) & ~_given(
            foreign, "area_id"
        )
        foreign.put_aside(
            {
                int(k): _tell(foreign, int(k), "value_missing", names[-1], "a circle watched has a centre and a radius", "longitude_deg, latitude_deg and radius_m; or area_id; or none of them, for everywhere", "Fill in what is missing")
                for k in np.flatnonzero(wrong)
            }
        )  # fmt: skip


def refuse_odd_shapes(foreign: Foreign) -> None:
    """Put aside shapes that hold no ground or are not on Earth; longitudes may run on beyond 180."""
    shapes = shapely.from_wkb(foreign.table["geometry"].to_pylist())
    west, south, east, north = shapely.bounds(shapes).reshape(-1, 4).T
    here = (west >= -360) & (east <= 360) & (south >= -90) & (north <= 90)
    # a ring that crosses itself may have no area before it is mended
    empty = np.array([not one.area > 0 and not polygonal(one).area > 0 for one in shapes], dtype=np.bool_)
    foreign.put_aside(
        {
            int(k): [
                Problem(
                    code="geometry_invalid", message="the shape holds no ground" if empty[k] else "the shape is not on Earth",
                    file=foreign.file.label, row=int(foreign.numbers[k]), column="geometry", got=shapes[k].geom_type,
                    expected="a polygon in WGS 84, longitude first",
                    next_step="Correct the shape, or see whether longitude and latitude are exchanged",
                )
            ]
            for k in np.flatnonzero(empty | ~here)
        }
    )  # fmt: skip


def _given(foreign: Foreign, name: str) -> BoolArray:
    """(n_rows,) whether the row has a value there."""
    if name not in foreign.table.column_names:
        return np.zeros(foreign.table.num_rows, dtype=np.bool_)
    return np.asarray(pc.is_valid(foreign.table[name]).to_numpy())
