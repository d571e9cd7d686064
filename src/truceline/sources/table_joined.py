"""Columns that a stranger's table keeps otherwise: a date beside a clock, both coordinates in one cell.

The virtual columns ``date``, ``clock`` and ``coordinates`` become columns of the batch, which are
then read as any other: their names tell what they were made of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from truceline.sources.batches import Batch
from truceline.sources.grid import Grid
from truceline.sources.table_clocks import moments_of_two
from truceline.sources.table_places import places_of
from truceline.sources.table_values import translated

if TYPE_CHECKING:  # the options' class stands in the plug-in, which needs this module
    from truceline.sources.table import TableOptions

#: virtual columns that are put together or taken apart here
JOINED = ("date", "clock", "coordinates")


def fed_columns(columns: Mapping[str, str]) -> dict[str, str]:
    """What feeds each column once those here are made: ``time`` and the two halves of a place."""
    fed = {name: header for name, header in columns.items() if name not in JOINED}
    if "date" in columns:
        fed["time"] = _moment_name(columns)
    if "coordinates" in columns:
        fed["longitude_deg"], fed["latitude_deg"] = _place_names(columns["coordinates"])
    return fed


def is_joined_time(name: str, columns: Mapping[str, str]) -> bool:
    """Whether a column of times is made here and hence ISO 8601 already."""
    return name == "time" and "clock" in columns


def _moment_name(columns: Mapping[str, str]) -> str:
    return f"{columns['date']} + {columns['clock']}" if "clock" in columns else columns["date"]


def _place_names(header: str) -> tuple[str, str]:
    return f"{header} (longitude)", f"{header} (latitude)"


def _made_of(columns: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Each column that is made here, and the file's own columns that it is made of."""
    made: dict[str, tuple[str, ...]] = {}
    if "clock" in columns:
        made[_moment_name(columns)] = columns["date"], columns["clock"]
    if "coordinates" in columns:
        made |= dict.fromkeys(_place_names(columns["coordinates"]), (columns["coordinates"],))
    return made


def joined_batches(batches: Iterator[Batch], options: TableOptions) -> Iterator[Batch]:
    """The batches with the columns made of others."""
    if not {"clock", "coordinates"} & options.columns.keys():
        yield from batches
        return
    for batch in batches:
        batch.sheet.made_of = _made_of(options.columns)
        batch.columns = {**batch.columns, **_made(batch.columns, options, n=len(batch))}
        yield batch


def joined_grid(grid: Grid, options: TableOptions) -> Grid:
    """A grid with the columns made of others."""
    wanted = [options.columns[name] for name in JOINED if name in options.columns]
    if not {"clock", "coordinates"} & options.columns.keys():
        return grid
    texts = {name: pa.array([None if value is None else str(value) for value in grid.columns[name]], pa.string()) for name in wanted if name in grid.columns}  # fmt: skip
    grid.sheet.made_of = _made_of(options.columns)
    made = {name: values.to_pylist() for name, values in _made(texts, options, n=len(grid)).items()}
    return Grid(sheet=grid.sheet, header=[*grid.header, *made], columns={**grid.columns, **made}, numbers=grid.numbers, has_points=grid.has_points)  # fmt: skip


def _made(columns: Mapping[str, pa.Array], options: TableOptions, *, n: int) -> dict[str, pa.Array]:
    made = {}
    wanted = options.columns
    if "clock" in wanted:
        date, clock = (_column(columns, name, options, n=n) for name in ("date", "clock"))
        made[_moment_name(wanted)] = moments_of_two(date, clock, options.time_format)
    if "coordinates" in wanted:
        values = _column(columns, "coordinates", options, n=n)
        x, y = places_of(values, options.coordinates_order, decimal=options.decimal)
        made |= dict(zip(_place_names(wanted["coordinates"]), (x, y), strict=True))
    return made


def _column(columns: Mapping[str, pa.Array], name: str, options: TableOptions, *, n: int) -> pa.Array:
    values = columns.get(options.columns[name])
    if values is None:
        return pa.nulls(n, pa.string())
    words = options.values.get(name, {})
    if pa.types.is_null(values.type):
        return values.cast(pa.string())
    return translated(values if pa.types.is_string(values.type) else values.cast(pa.string()), words) if words else values  # fmt: skip
