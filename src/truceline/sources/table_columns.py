"""The columns of a user's table into those of a schema, cell by cell.

1. plan: which header feeds which column, and which columns nothing feeds;
2. read every cell, noting faults;
3. derive what the schema needs and the file need not say (windows, acts, defaults).

``table_batches`` reads whole columns where they are plainly sound and comes here with the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from truceline.base.errors import InputError, Problem
from truceline.base.geodesy import BEARINGS_EXPECTED, is_reversed
from truceline.base.intervals import Interval
from truceline.schema.table import NUMBER, TableSpec
from truceline.sources.cells import (
    ENDS,
    STARTS,
    CellError,
    Fault,
    Reader,
    column_reader,
    moment_reader,
    place_reader,
    read_cells,
    read_numbers,
    word_reader,
)
from truceline.sources.claim_words import claim_kind
from truceline.sources.grid import Grid
from truceline.sources.source import ReadContext
from truceline.sources.table_clocks import CLOCK_EXAMPLE
from truceline.sources.table_joined import JOINED, fed_columns, is_joined_time

if TYPE_CHECKING:  # the options' class stands in the plug-in, which needs this module
    from truceline.sources.table import TableOptions

__all__ = [
    "ENDS",
    "STARTS",
    "ColumnPlan",
    "constant_value",
    "plan_columns",
    "quarantine",
    "read_cell_by_cell",
    "time_format",
]

#: what a column is where nothing feeds it, though the schema requires it
DEFAULTS: dict[str, dict[str, Any]] = {
    "observations": {},
    "counts": {"relation": "=", "cumulative": False, "vintage": "as fetched"},
    "coverage": {"reason": "watched"},
    "claims": {},
}
_OWN = {"source_id", "raw_file", "raw_row", "raw_digest"}
_WINDOWS = {"observations": ("occurred_from", "occurred_until")}
CLOCKED_EXAMPLE = f"a date, and {CLOCK_EXAMPLE}"
#: not a column: where a claim's window is given by dates
_DATED = "#dated"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPlan:
    """Which header of the file feeds which column (schema's or virtual)."""

    header_of: dict[str, str]
    constants: dict[str, Any]  #: values of columns that no header feeds
    window: tuple[str, str]


def plan_columns(
    options: TableOptions, *, spec: TableSpec, header: list[str], label: str, has_points: bool
) -> ColumnPlan:
    """Find a header for each column; a header that has a column's own name needs no mapping.

    Raises
    ------
    InputError
        Naming every header that the options name and the file lacks, and every column that the
        schema requires and nothing feeds.
    """
    window = _WINDOWS.get(spec.name, ("window_start", "window_stop"))
    virtual = ("time", "act") if spec.name == "observations" else ("time",)
    names = [column.name for column in spec.columns if column.name not in {*_OWN, "acts"}] + list(virtual)
    # GeoJSON points come as columns, whether the first feature has one or not
    known = {*header, *(("longitude_deg", "latitude_deg") if has_points else ())}
    header_of = {name: name for name in names if name in header and name not in options.constants}
    if header_of.keys() >= set(window):
        header_of.pop("time", None)
    made = fed_columns(options.columns)
    header_of |= made
    known |= set(made.values()) - set(options.columns.values())
    raw = {name: header for name, header in options.columns.items() if name in JOINED}
    if "coordinates" in raw:
        known -= {"longitude_deg", "latitude_deg"} - set(header)
    got = ", ".join(header)[:300]
    twice = {source: f"{source} (1)" for source in {**header_of, **raw}.values() if f"{source} (1)" in known}
    problems = [
        Problem(code="column_repeated", message=f"the header names twice the column that `{name}` is mapped to", file=label, row=1, column=source, got=got, expected=twice[source], next_step=f"Map `columns: {{{name}: {twice[source]}}}`, or another of them")
        if source in twice else
        Problem(code="column_missing", message=f"the header lacks the column that `{name}` is mapped to", file=label, row=1, column=source, got=got, expected=source, next_step=f"Map `columns: {{{name}: <a header>}}` to one of the file's headers")
        for name, source in {**header_of, **raw}.items()
        if source not in known
    ]  # fmt: skip
    fed = {*header_of, *options.constants, *DEFAULTS[spec.name], *_OWN, "acts", "kind", "window_precision", spec.key}  # fmt: skip
    if "time" in fed:
        fed |= set(window)
    problems += [
        Problem(code="column_missing", message=f"nothing feeds the column `{column.name}` ({column.meaning})", file=label, row=1, column=column.name, got=got, expected="`time`, or both ends of the window" if column.name in window else column.name, next_step=f"Map `columns: {{{'time' if column.name in window else column.name}: <a header>}}`, or give it in `constants`")
        for column in spec.columns
        if column.required and column.name not in fed
    ]  # fmt: skip
    if problems:
        raise InputError(problems)
    fixed = {**DEFAULTS[spec.name], **options.constants}
    constants = {name: value for name, value in fixed.items() if name not in {*header_of, *_OWN}}
    return ColumnPlan(header_of=header_of, constants=constants, window=window)


def read_cell_by_cell(
    grid: Grid, plan: ColumnPlan, options: TableOptions, *, context: ReadContext, spec: TableSpec
) -> tuple[dict[str, list[Any]], dict[int, list[Fault]]]:
    """The values of each column (without the key), and what is wrong at each position."""
    faults: list[Fault] = []
    data = _read(grid, plan, options, context=context, spec=spec, faults=faults)
    _derive(grid, plan, options, spec=spec, data=data, faults=faults, context=context)
    by_position: dict[int, list[Fault]] = {}
    for fault in faults:
        by_position.setdefault(fault.position, []).append(fault)
    return data, by_position


def _read(
    grid: Grid,
    plan: ColumnPlan,
    options: TableOptions,
    *,
    context: ReadContext,
    spec: TableSpec,
    faults: list[Fault],
) -> dict[str, list[Any]]:
    n = len(grid)
    data: dict[str, list[Any]] = {}
    by_name = {column.name: column for column in spec.columns}
    if spec.name == "claims":
        data[_DATED] = _dated(grid, plan, options)
    for name in [*by_name, "time", "act"]:
        source = plan.header_of.get(name)
        constant = plan.constants.get(name)
        if source is None and constant is None:
            continue
        reader = _reader(name, options, spec=spec, context=context)
        if source is None:
            label = grid.sheet.file.label
            data[name] = [constant_value(name, constant, options, spec=spec, context=context, label=label)] * n  # fmt: skip
            continue
        values = grid.columns.get(source, [None] * n)
        if (
            name in by_name
            and by_name[name].type == NUMBER
            and name not in options.values
            and options.decimal == "."
        ):
            numbers = read_numbers(values, by_name[name])
            if numbers is not None:
                data[name] = numbers
                continue
        data[name] = read_cells(values, reader, header=source, faults=faults, words=options.values.get(name, {}))  # fmt: skip
        if (name in by_name and by_name[name].required) or name == "time":
            _require(data[name], source, values, faults)
    return data


def _dated(grid: Grid, plan: ColumnPlan, options: TableOptions) -> list[bool]:
    """Whether an end of the window is given as a date without a time of day."""
    dated = [False] * len(grid)
    read = moment_reader(options.zone, pattern=options.time_format)
    for name in plan.window:
        values = grid.columns.get(plan.header_of.get(name, ""), [options.constants.get(name)] * len(grid))
        for position, value in enumerate(values):
            try:
                dated[position] |= isinstance(read(value), Interval)
            except CellError:
                continue  # told where the column is read
    return dated


def time_format(name: str, options: TableOptions) -> str | None:
    """The pattern by which a column's times are still to be read."""
    return None if is_joined_time(name, options.columns) else options.time_format


def _reader(name: str, options: TableOptions, *, spec: TableSpec, context: ReadContext) -> Reader:
    column = next((column for column in spec.columns if column.name == name), None)
    if name == "time":
        expected = CLOCKED_EXAMPLE if is_joined_time(name, options.columns) else None
        return moment_reader(options.zone, pattern=time_format(name, options), expected=expected)
    if column is not None and name == "longitude_deg" and "coordinates" in options.columns:
        return place_reader(column_reader(column, context, zone=options.zone, decimal=options.decimal))
    if column is None:
        return word_reader(context.acts, code="name_unknown", message="the terms have no such act")
    return column_reader(column, context, zone=options.zone, decimal=options.decimal, pattern=options.time_format)  # fmt: skip


def constant_value(
    name: str, value: Any, options: TableOptions, *, spec: TableSpec, context: ReadContext, label: str
) -> Any:
    """A constant as the column's own kind of value.

    Raises
    ------
    InputError
        If it is none.
    """
    try:
        return _reader(name, options, spec=spec, context=context)(value)
    except CellError as error:
        raise InputError(
            Problem(code=error.code, message=error.message, file=label, column=f"constants.{name}", got=str(value), expected=error.expected, next_step="Correct the option `constants`")
        ) from error  # fmt: skip


def _require(read: list[Any], header: str, values: Any, faults: list[Fault]) -> None:
    """Note the empty cells of a column that must not be empty."""
    known = {fault.position for fault in faults if fault.header == header}
    missing = CellError("value_missing", "the value is empty", expected="a value", next_step="Fill it in")
    for position, value in enumerate(read):
        if value is None and position not in known:
            faults.append(Fault(position=position, header=header, got=str(values[position] or ""), error=missing))  # fmt: skip


# -- (3) ---------------------------------------------------------------------------------------
def _derive(
    grid: Grid,
    plan: ColumnPlan,
    options: TableOptions,
    *,
    spec: TableSpec,
    data: dict[str, list[Any]],
    faults: list[Fault],
    context: ReadContext,
) -> None:
    start, stop = plan.window
    times = data.pop("time", None)
    if times is not None:
        windows = _windows(times, options)
        data.setdefault(start, [window[0] for window in windows])
        data.setdefault(stop, [window[1] for window in windows])
    for first, last in spec.intervals:
        if first in data and last in data:
            _check_order(data[first], data[last], last, plan, faults)
    if spec.name == "observations":
        acts = data.pop("act", None)
        data["acts"] = [[]] * len(grid) if acts is None else [[(act, 0.0)] if act else [] for act in acts]
        _check_places(data, plan, faults, context)
        _check_bands(data, plan, faults)
    if spec.name == "claims":
        _derive_claims(data, times, len(grid))


def _windows(times: list[Any], options: TableOptions) -> list[tuple[Any, Any]]:
    """Start and stop for each moment or day."""
    margin = timedelta(seconds=2 * (options.time_sd_s or 0))
    length = timedelta(seconds=options.time_resolution_s) if options.time_sd_s is None else margin
    return [
        (time.start, time.stop)
        if isinstance(time, Interval)
        else (None, None)
        if time is None
        else (time - margin, time + length)
        for time in times
    ]


def _check_order(
    starts: list[Any], stops: list[Any], column: str, plan: ColumnPlan, faults: list[Fault]
) -> None:
    wrong = CellError("time_order", "the interval stops before it starts, or when it does", expected="a later time")  # fmt: skip
    for position, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        if start is not None and stop is not None and stop <= start:
            header = plan.header_of.get(column, column)
            faults.append(Fault(position=position, header=header, got=stop.isoformat(), error=wrong))


def _check_places(
    data: dict[str, list[Any]], plan: ColumnPlan, faults: list[Fault], context: ReadContext
) -> None:
    longitudes, latitudes = data.get("longitude_deg"), data.get("latitude_deg")
    region = context.region
    if longitudes is None or latitudes is None:
        return
    swapped = CellError("place_swapped", "longitude and latitude seem exchanged", expected="a place in the case's region", next_step="Exchange the two in the option `columns`")  # fmt: skip
    half = CellError("value_missing", "a place needs longitude and latitude", expected="both, or neither")
    header = plan.header_of.get("longitude_deg", "longitude_deg")
    headers = {header, plan.header_of.get("latitude_deg")}
    faulty = {fault.position for fault in faults if fault.header in headers}
    for position, (x, y) in enumerate(zip(longitudes, latitudes, strict=True)):
        if position in faulty:
            continue
        if (x is None) != (y is None):
            faults.append(Fault(position=position, header=header, got=f"{x}, {y}", error=half))
        elif x is not None and region is not None and not region.holds(x, y) and region.holds(y, x):
            faults.append(Fault(position=position, header=header, got=f"{x:g}, {y:g}", error=swapped))


def _check_bands(data: dict[str, list[Any]], plan: ColumnPlan, faults: list[Fault]) -> None:
    """Bands of bearings have two edges, the second clockwise from the first; distances are in order."""
    half = CellError("value_missing", "a band of bearings has two edges, or none", expected="both, or neither")  # fmt: skip
    turned = "the edges stand the wrong way round"
    lows, highs = (data.get(f"bearing_{end}_deg") for end in ("min", "max"))
    if lows is not None or highs is not None:
        n = len(lows or highs or ())
        header = plan.header_of.get("bearing_max_deg", plan.header_of.get("bearing_min_deg", ""))
        wrong = CellError("value_range", turned, expected=BEARINGS_EXPECTED)
        for position, (low, high) in enumerate(zip(lows or [None] * n, highs or [None] * n, strict=True)):
            if (low is None) != (high is None):
                faults.append(Fault(position=position, header=header, got=f"{low}, {high}", error=half))
            elif low is not None and is_reversed(low, high):
                faults.append(Fault(position=position, header=header, got=f"{low:g}, {high:g}", error=wrong))
    lows, highs = (data.get(f"range_{end}_m") for end in ("min", "max"))
    if lows is None or highs is None:
        return
    wrong = CellError("value_range", turned, expected="range_min_m ≤ range_max_m")
    for position, (low, high) in enumerate(zip(lows, highs, strict=True)):
        if low is not None and high is not None and low > high:
            header = plan.header_of.get("range_max_m", "range_max_m")
            faults.append(Fault(position=position, header=header, got=f"{low:g}, {high:g}", error=wrong))


def _derive_claims(data: dict[str, list[Any]], times: list[Any] | None, n: int) -> None:
    empty = [None] * n
    if "kind" not in data:
        parts = (data.get("speaker_party_id", empty), data["accused_party_id"], data.get("value", empty), data.get("direction", empty))  # fmt: skip
        data["kind"] = [
            claim_kind(speaker, accused or "", value=value, direction=direction)
            for speaker, accused, value, direction in zip(*parts, strict=True)
        ]
    if "window_precision" not in data:
        dated = data[_DATED] if times is None else [isinstance(time, Interval) for time in times]
        data["window_precision"] = ["date_only" if is_date else "exact" for is_date in dated]
    if "relation" not in data:
        data["relation"] = [None if value is None else "=" for value in data.get("value", empty)]


def quarantine(grid: Grid, position: int, faults: list[Fault]) -> None:
    """Put a row aside with what is wrong with it."""
    row = grid.row(position)
    for fault in faults:
        row.wrong(
            fault.error.code,
            fault.error.message,
            column=fault.header,
            got=fault.got[:200],
            expected=fault.error.expected,
            next_step=fault.error.next_step,
        )
    row.close()
