"""A user's table, batch by batch: whole columns where they are plainly sound, cells where not.

Each batch is parted in two. Rows of which every cell is sure are read by whole columns; all
others go through ``table_columns``, cell by cell, which decides and words what is wrong. An id
that a column gives can be contradicted by a row much later, or in another file: rows with such
ids are settled when every file has been read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.base.geodesy import is_reversed
from truceline.base.intervals import Interval
from truceline.schema.table import NUMBER, TIME, WHOLE, Column, Table, TableSpec
from truceline.sources import batches as batched
from truceline.sources import columns as fast
from truceline.sources.batches import Batch, in_region, overlaps
from truceline.sources.cells import column_reader, word_reader
from truceline.sources.columns import Hashes, Mask, Moments, Reals, Seen, Whole
from truceline.sources.gather import Gathered, Values, act_maps, arrow_table, provenance
from truceline.sources.grid import Grid
from truceline.sources.held_rows import Held, content_hashes_of, settle_held
from truceline.sources.python_texts import python_texts
from truceline.sources.source import InputFile, ReadContext, SourceTables
from truceline.sources.table_columns import (
    ENDS,
    STARTS,
    ColumnPlan,
    constant_value,
    quarantine,
    read_cell_by_cell,
    time_format,
)
from truceline.sources.table_values import (
    at_moments,
    each_word,
    moments_of,
    numbers_of,
    same_moment,
    translated,
)

if TYPE_CHECKING:  # the options' class stands in the plug-in, which needs this module
    from truceline.sources.table import TableOptions

_ID_WORDS = {"observations": "obs", "counts": "cnt", "coverage": "cov", "claims": "clm"}


@dataclass(slots=True, kw_only=True)
class _Fed:
    """Columns of one batch as they were read; times apart, as microseconds."""

    values: dict[str, pa.Array | Reals]
    moments: dict[str, Moments]
    sure: Mask


class TableReader:
    """Reads batches of any number of files into one table of a schema."""

    def __init__(
        self, options: TableOptions, *, spec: TableSpec, context: ReadContext, tables: SourceTables
    ) -> None:
        self.options = options
        self.spec = spec
        self.context = context
        self.tables = tables
        self.start = "occurred_from" if spec.name == "observations" else "window_start"
        self._columns = {column.name: column for column in spec.columns}
        self._gathered = Gathered(spec, word=_ID_WORDS[spec.name], start=self.start, digits=16)
        self._seen = Seen()
        self._held: list[Held] = []

    # -- batches ---------------------------------------------------------------------------
    def take(self, batch: Batch, plan: ColumnPlan, *, has_points: bool = False) -> None:
        """Read a batch and account for its rows."""
        n = len(batch)
        fed = self._feed(batch, plan)
        whole_columns = np.flatnonzero(fed.sure)
        cells = np.flatnonzero(~fed.sure)
        grid = _grid(batch, cells, has_points=has_points)
        slow, sound_cells = self._cell_by_cell(grid, plan)
        quick = self._quick(fed, whole_columns)
        table = pa.concat_tables([quick, slow])
        positions = np.concatenate([whole_columns, cells[sound_cells]])
        order = np.argsort(positions, kind="stable")
        if len(cells):
            table = table.take(pa.array(order))
        positions = positions[order]
        sound = np.zeros(n, np.bool_)
        sound[positions] = True
        self._settle(batch, plan, table, positions, sound)

    def take_grid(self, grid: Grid, plan: ColumnPlan) -> None:
        """Read rows that stand in memory one by one (GeoJSON)."""
        batch, of_one_kind = grid_batch(grid)
        if set(plan.header_of.values()) <= of_one_kind:
            self.take(batch, plan, has_points=grid.has_points)
            return
        table, positions = self._cell_by_cell(grid, plan)
        sound = np.zeros(len(grid), np.bool_)
        sound[positions] = True
        self._settle(batch, plan, table, positions, sound)

    def _cell_by_cell(self, grid: Grid, plan: ColumnPlan) -> tuple[Table, Whole]:
        """The sound rows of a grid, and where they stand in it; the others are quarantined."""
        data, faults = read_cell_by_cell(grid, plan, self.options, context=self.context, spec=self.spec)
        sound = np.array([at for at in range(len(grid)) if at not in faults], dtype=np.int64)
        for position in sorted(faults):
            quarantine(grid, position, faults[position])
        columns: dict[str, Values] = {}
        for name, values in data.items():
            if name in self._columns:
                picked = [values[at] for at in sound.tolist()]
                columns[name] = pa.array(picked, type=self._columns[name].type)
        return arrow_table(self.spec, columns, n=len(sound)), sound

    # -- whole columns ---------------------------------------------------------------------
    def _feed(self, batch: Batch, plan: ColumnPlan) -> _Fed:
        fed = _Fed(values={}, moments={}, sure=np.ones(len(batch), np.bool_))
        if batched.ALL_BY_ROW or self.spec.name == "claims":
            fed.sure[:] = False
            return fed
        for name, header in plan.header_of.items():
            values = batch.columns.get(header)
            if values is None:
                values = pa.nulls(len(batch), pa.string())
            self._feed_column(fed, name, values)
            if not fed.sure.any():
                return fed
        for name, constant in plan.constants.items():
            value = constant_value(name, constant, self.options, spec=self.spec, context=self.context, label=batch.sheet.file.label)  # fmt: skip
            if isinstance(value, datetime | Interval):
                fed.moments[name] = same_moment(value, len(batch))
            else:
                kind = self._columns[name].type if name in self._columns else pa.string()
                fed.values[name] = pa.repeat(pa.scalar(value, kind), len(batch))
        self._check(fed, plan)
        return fed

    def _feed_column(self, fed: _Fed, name: str, values: pa.Array) -> None:
        column = self._columns.get(name)
        words = self.options.values.get(name, {})
        is_text = pa.types.is_string(values.type)
        required = name == "time" or (column is not None and column.required)
        if name == "time" or (column is not None and column.type == TIME):
            self._feed_time(fed, name, translated(values, words) if is_text else values, required=required)
            return
        if column is not None and column.type in (NUMBER, WHOLE):
            if words and not is_text:
                fed.sure[:] = False
                return
            self._feed_number(fed, column, translated(values, words) if is_text else values)
            return
        texts = translated(values if is_text else python_texts(values, keep_null=True), words)
        if column is None:
            read: Callable[[Any], Any] = word_reader(self.context.acts, code="", message="")
        else:
            read = column_reader(column, self.context, zone=self.options.zone)
        kind = column.type if column is not None else pa.string()
        if read is not str:
            texts, sure = each_word(texts, read, kind)
            fed.sure &= sure
        if required:
            fed.sure &= fast.mask_of(pc.is_valid(texts))
        fed.values[name] = texts

    def _feed_time(self, fed: _Fed, name: str, values: pa.Array, *, required: bool) -> None:
        found = moments_of(values, self.options.zone, pattern=time_format(name, self.options))
        if found is None:
            fed.sure[:] = False
            return
        fed.sure &= found.sure
        if required:
            fed.sure &= ~found.is_none
        if name != "time":
            if name in ENDS:
                found.start_us[:] = found.stop_us
            elif name not in STARTS:
                fed.sure &= ~found.is_day
        fed.moments[name] = found

    def _feed_number(self, fed: _Fed, column: Column, values: pa.Array) -> None:
        read = numbers_of(values, self.options.decimal)
        if read is None:
            fed.sure[:] = False
            return
        numbers, sure = read
        with np.errstate(invalid="ignore"):
            if column.at_least is not None:
                sure &= ~(numbers < column.at_least)
            if column.at_most is not None:
                sure &= ~(numbers > column.at_most)
            if column.type == WHOLE:
                sure &= np.isnan(numbers) | ((numbers == np.floor(numbers)) & (np.abs(numbers) < 2**53))
        if column.required:
            sure &= ~np.isnan(numbers)
        fed.sure &= sure
        fed.values[column.name] = np.where(sure, numbers, np.nan)

    def _check(self, fed: _Fed, plan: ColumnPlan) -> None:
        """Windows from times; order of intervals; halves of places, exchanged places."""
        time = fed.moments.pop("time", None)
        if time is not None:
            margin = timedelta(seconds=2 * (self.options.time_sd_s or 0))
            length = timedelta(seconds=self.options.time_resolution_s) if self.options.time_sd_s is None else margin  # fmt: skip
            before, after = margin // _MICROSECOND, length // _MICROSECOND
            start, stop = plan.window
            for name, values in (
                (start, np.where(time.is_day, time.start_us, time.start_us - before)),
                (stop, np.where(time.is_day, time.stop_us, time.start_us + after)),
            ):
                fed.moments.setdefault(name, at_moments(values, time.is_none))
        for first, last in self.spec.intervals:
            if first in fed.moments and last in fed.moments:
                one, two = fed.moments[first], fed.moments[last]
                fed.sure &= one.is_none | two.is_none | (two.start_us > one.start_us)
        if self.spec.name == "observations" and {"longitude_deg", "latitude_deg"} <= fed.values.keys():
            x, y = _numbers(fed, "longitude_deg"), _numbers(fed, "latitude_deg")
            fed.sure &= np.isnan(x) == np.isnan(y)
            region = self.context.region
            if region is not None:
                fed.sure &= in_region(region, x, y) | ~in_region(region, y, x)
        if self.spec.name == "observations":
            fed.sure &= self._bands(fed)

    def _bands(self, fed: _Fed) -> Mask:
        """(n_rows,) whether bands have two edges in order, or none."""
        low, high = (_numbers(fed, f"bearing_{end}_deg") for end in ("min", "max"))
        sound = (np.isnan(low) == np.isnan(high)) & ~is_reversed(low, high)
        near, far = (_numbers(fed, f"range_{end}_m") for end in ("min", "max"))
        return np.asarray(sound & ~(near > far))

    def _quick(self, fed: _Fed, positions: Whole) -> Table:
        """The rows of which every cell is sure."""
        columns: dict[str, Values] = {}
        for name, values in fed.values.items():
            picked = values if len(positions) == len(fed.sure) else values[positions] if isinstance(values, np.ndarray) else values.take(pa.array(positions))  # fmt: skip
            if name == "act" and self.spec.name == "observations":  # elsewhere it is a column of the schema
                acts, which = fast.coded(picked)
                columns["acts"] = act_maps([{act: 0.0} if act else {} for act in acts], which)
            else:
                columns[name] = picked
        for name, moment in fed.moments.items():
            columns[name] = fast.times(moment.start_us[positions], moment.is_none[positions])
        if self.spec.name == "observations" and "acts" not in columns:
            columns["acts"] = pa.scalar([], type=self._columns["acts"].type)
        return arrow_table(self.spec, columns, n=len(positions))

    # -- outcomes --------------------------------------------------------------------------
    def _settle(self, batch: Batch, plan: ColumnPlan, table: Table, positions: Whole, sound: Mask) -> None:
        """Account for a batch; ``table`` has its sound rows, at ``positions``."""
        start, stop = (_microseconds(table[name]) for name in plan.window)
        inside = overlaps(self.context.span, start, stop)
        if "longitude_deg" in table.column_names:
            x, y = (table[name].to_numpy() for name in ("longitude_deg", "latitude_deg"))
            inside &= np.isnan(x) | in_region(self.context.region, x, y)
        of_source = self.options.of_source
        own = {"source_id": self.context.source_id if of_source is None else of_source, **provenance(batch.sheet.file, batch.numbers[positions])}  # fmt: skip
        if self.spec.key in plan.header_of or self.spec.key in self.options.constants:
            self._hold(batch, plan, table, positions, sound, inside, own)
            return
        hashes = content_hashes_of(self.context.source_id, batch, positions)
        fresh = self._seen.first(hashes)
        account = batch.sheet.account
        used = fresh & inside
        account.rows_repeated += int((~fresh).sum())
        account.rows_outside += int((fresh & ~inside).sum())
        account.rows_used += int(used.sum())
        self._add(table, used, own, hashes)

    def _add(self, table: Table, used: Mask, own: dict[str, Values], hashes: Hashes) -> None:
        kept = table if used.all() else table.filter(pa.array(used))
        columns: dict[str, Values] = {
            name: kept[name].combine_chunks()
            for name in kept.column_names
            if name not in own and kept[name].null_count < len(kept)
        }
        own = {**own, "raw_row": own["raw_row"].filter(pa.array(used))}  # type: ignore[union-attr]  # an array
        self._gathered.add({**columns, **own}, hashes[used])

    def _hold(
        self, batch: Batch, plan: ColumnPlan, table: Table, positions: Whole, sound: Mask, inside: Mask, own: dict[str, Values]
    ) -> None:  # fmt: skip
        everywhere = np.arange(len(batch))
        at = np.zeros(len(batch), np.bool_)
        at[positions] = inside
        for name, values in own.items():
            place = table.schema.get_field_index(name)
            array = values if isinstance(values, pa.Array) else pa.repeat(pa.scalar(values, pa.string()), len(table))  # fmt: skip
            table = table.set_column(place, table.schema.field(place), array)
        header = plan.header_of.get(self.spec.key)
        keys = [None] * len(batch) if header is None else python_texts(batch.columns[header], keep_null=True).to_pylist()  # fmt: skip
        keys = [None if key is None else str(key).strip() or None for key in keys]
        for position, key in zip(positions.tolist(), table[self.spec.key].to_pylist(), strict=True):
            keys[position] = key
        self._held.append(
            Held(
                sheet=batch.sheet,
                numbers=batch.numbers,
                keys=keys,
                contents=content_hashes_of(self.context.source_id, batch, everywhere),
                sound=sound,
                inside=at,
                table=table.filter(pa.array(inside)),
            )
        )

    def table(self, reopen: Callable[[InputFile], Iterator[Batch]]) -> Table:
        """The whole table, in order; ``reopen`` gives a file's batches again."""
        if not self._held:
            return self._gathered.table()
        parts = settle_held(self._held, key=self.spec.key, reopen=reopen)
        whole = pa.concat_tables([self.spec.empty(), *parts]).combine_chunks()
        return whole.sort_by([(self.start, "ascending"), (self.spec.key, "ascending")])


_MICROSECOND = timedelta(microseconds=1)


def _numbers(fed: _Fed, name: str) -> Reals:
    """(n_rows,) NaN where there is none."""
    values = fed.values.get(name)
    if values is None:
        return np.full(len(fed.sure), np.nan)
    return values if isinstance(values, np.ndarray) else values.to_numpy(zero_copy_only=False)


def _sayable(value: object) -> str:
    """A value as text; half of a pair of surrogates, which JSON can hold and no file, becomes a mark."""
    return str(value).encode("utf-8", "replace").decode("utf-8")


def grid_batch(grid: Grid) -> tuple[Batch, set[str]]:
    """Rows of a grid as a batch, and its columns of one kind; the others are texts of their values."""
    columns: dict[str, pa.Array] = {}
    of_one_kind = {"longitude_deg", "latitude_deg"} - grid.columns.keys()
    for name, values in grid.columns.items():
        kinds = set(map(type, values)) - {type(None)}
        small = kinds != {int} or max(abs(value or 0) for value in values) < 2**63
        if len(kinds) <= 1 and kinds <= {float, bool, int} and small:
            columns[name] = pa.array(values, from_pandas=False)
            of_one_kind.add(name)
        else:
            columns[name] = pa.array(
                [None if value is None else _sayable(value) for value in values], pa.string()
            )
            if kinds == {str}:
                of_one_kind.add(name)
    batch = Batch(
        grid.sheet,
        numbers=np.array(grid.numbers, dtype=np.int64),
        columns=columns,
        values_at=lambda at: {name: column[at] for name, column in grid.columns.items()},
    )
    return batch, of_one_kind


def _grid(batch: Batch, positions: Whole, *, has_points: bool) -> Grid:
    at = pa.array(positions)
    columns = {name: values.take(at).to_pylist() for name, values in batch.columns.items()}
    return Grid(sheet=batch.sheet, header=list(columns), columns=columns, numbers=batch.numbers[positions].tolist(), has_points=has_points)  # fmt: skip


def _microseconds(column: pa.ChunkedArray) -> Whole:
    return np.asarray(pc.fill_null(column.cast(pa.int64()), 0).to_numpy())
