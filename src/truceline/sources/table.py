"""Any table of your own: CSV, Parquet or GeoJSON, its columns mapped to a schema's by options.

``columns`` maps a column of the schema (or a virtual one) to a header of the file, ``constants``
gives a column one value, ``values`` translates words before they are read. Virtual columns:

- ``time``: a moment or a date. Observations: a moment begins an interval of
  ``time_resolution_s`` (or is ± 2 ``time_sd_s``); counts, coverage, claims: a date is the window.
  A date is the local day of ``zone``. Control: the map's time.
- ``act`` (observations): a word of the terms, which becomes ``acts`` with log-likelihood 0.
- GeoJSON: a point gives longitude and latitude of an observation, a polygon a control shape.

Ids: the column given, else from the record's content. A row with a fault is quarantined; the
file never is, unless a column that the schema needs cannot be had from it.
"""

from __future__ import annotations

import io
from typing import Any, ClassVar, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field, model_validator

from truceline.base.documents import Model
from truceline.base.errors import InputError, Problem
from truceline.schema import TABLES
from truceline.schema.table import Record
from truceline.sources.days import Zone
from truceline.sources.grid import Grid
from truceline.sources.outcome import conclude, note_outside_window, note_repeats, read_each
from truceline.sources.rows import Row, Sheet
from truceline.sources.shapes import DatedShape, control_records, feature_rows, row_geometry, row_polygon
from truceline.sources.source import SOURCES, InputFile, ReadContext, Source, SourceTables
from truceline.sources.table_columns import fill_columns, plan_columns

#: written by the reader itself
_OWN = {"acts", "source_id", "raw_file", "raw_row", "raw_digest", "geometry", "status", "shape_digest"}
_VIRTUAL = {"observations": ("time", "act"), "counts": ("time",), "coverage": ("time",), "claims": ("time",), "control": ("time",)}  # fmt: skip


class TableOptions(Model):
    """Options of ``table``."""

    table: Literal["observations", "counts", "coverage", "claims", "control"] = Field(
        description="schema that the file's rows become"
    )
    format: Literal["auto", "csv", "parquet", "geojson"] = Field(
        "auto", description="auto: by the file's name"
    )
    columns: dict[str, str] = Field(
        default_factory=dict, description="column of the schema, or `time`, `act` → header of the file"
    )
    constants: dict[str, str | float | bool] = Field(
        default_factory=dict, description="column of the schema → one value for every row"
    )
    values: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="column → word of the file → word of the schema; an empty word is none",
    )
    zone: Zone | None = Field(None, description="zone of times without an offset and of dates (IANA name)")
    delimiter: str = Field(",", min_length=1, max_length=1, description="what separates fields of a CSV")
    time_resolution_s: float = Field(1, gt=0, description="how finely moments are given, seconds")
    time_sd_s: float | None = Field(
        None, gt=0, description="standard deviation of a moment, seconds; it then spans ± 2 of them"
    )

    of_source: str | None = Field(
        None, description="coverage: id of the source whose sight the rows describe; null: this source itself"
    )

    @model_validator(mode="after")
    def _columns_are_known(self) -> TableOptions:
        spec = TABLES[self.table]
        known = ({column.name for column in spec.columns} - _OWN) | set(_VIRTUAL[self.table])
        for option in ("columns", "constants", "values"):
            unknown = sorted(set(getattr(self, option)) - known)
            if unknown:
                raise ValueError(
                    f"{option}: {', '.join(unknown)} is no column of {self.table}; known: {', '.join(sorted(known))}"
                )
        twice = sorted(set(self.columns) & set(self.constants))
        if twice:
            raise ValueError(f"given both as a column and as a constant: {', '.join(twice)}")
        return self


@SOURCES.add
class AnyTable(Source):
    """See the module."""

    name: ClassVar[str] = "table"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "A table of your own (CSV, Parquet, GeoJSON), columns mapped by options"
    Options: ClassVar[type[Model]] = TableOptions
    options: TableOptions

    def read(self, context: ReadContext) -> SourceTables:
        """Rows become the table that the options name."""
        tables = SourceTables()
        if self.options.table == "control":
            return self._read_control(context, tables)
        spec = TABLES[self.options.table]
        parts: list[pa.Table] = []
        seen: set[str] = set()

        def read_file(file: InputFile) -> None:
            grid = self._grid(file, tables)
            plan = plan_columns(self.options, spec=spec, header=grid.header, label=file.label, has_points=grid.has_points)  # fmt: skip
            parts.append(fill_columns(grid, plan, self.options, context=context, spec=spec, seen=seen))

        read_each(context, tables, read=read_file)
        start = "occurred_from" if spec.name == "observations" else "window_start"
        whole = spec.concat(parts).sort_by([(start, "ascending"), (spec.key, "ascending")])
        if self.options.of_source is not None:
            position = whole.schema.get_field_index("source_id")
            same = pa.array([self.options.of_source] * whole.num_rows, type=pa.string())
            whole = whole.set_column(position, whole.schema.field(position), same)
        setattr(tables, spec.name, whole)
        note_repeats(tables)
        note_outside_window(tables, context)
        return tables

    # -- files -----------------------------------------------------------------------------
    def _format(self, file: InputFile) -> str:
        if self.options.format != "auto":
            return self.options.format
        name = file.path.name.removesuffix(".gz").casefold()
        if name.endswith((".geojson", ".json")):
            return "geojson"
        return "parquet" if name.endswith((".parquet", ".pq")) else "csv"

    def _grid(self, file: InputFile, tables: SourceTables) -> Grid:
        kind = self._format(file)
        sheet = Sheet(file, tables, deferred=True)
        if kind == "csv":
            return Grid.from_csv(sheet, delimiter=self.options.delimiter)
        if kind == "parquet":
            return Grid.from_arrow(sheet, _parquet(file))
        return Grid.from_rows(sheet, list(self._point_rows(sheet)))

    def _point_rows(self, sheet: Sheet) -> Any:
        """Features as rows with `longitude_deg` and `latitude_deg` of their points."""
        for row in feature_rows(sheet, sheet.json_value()):
            values = {key: value for key, value in row.values.items() if key != "geometry"}
            if row.values.get("geometry") is None:
                # a record without a place is still a record
                sheet.tables.problems.append(
                    Problem(code="geometry_null", message="the feature has no geometry; it is kept without a place", file=sheet.file.label, row=row.number, next_step="Add the place, if it is known")
                )  # fmt: skip
                row.values = {**values, "longitude_deg": None, "latitude_deg": None}
            elif (point := row_geometry(row, kinds=("Point",))) is not None:
                row.values = {**values, "longitude_deg": point.x, "latitude_deg": point.y}
            if row.ok:
                yield row
            else:
                row.close()

    # -- control ---------------------------------------------------------------------------
    def _read_control(self, context: ReadContext, tables: SourceTables) -> SourceTables:
        """GeoJSON polygons, each with its holder and time."""
        shapes: dict[tuple[str, Any], DatedShape] = {}

        def read_file(file: InputFile) -> None:
            if self._format(file) != "geojson":
                raise InputError(
                    Problem(code="file_format", message="control is read from GeoJSON alone", file=file.label, got=self._format(file), expected="a .geojson file", next_step="Convert the layer to GeoJSON")
                )  # fmt: skip
            sheet = Sheet(file, tables)
            for row in feature_rows(sheet, sheet.json_value()):
                dated = self._dated_shape(row, context)
                if dated is None or not row.ok:
                    continue
                key = (dated.holder_party_id, dated.map_time)
                if dated.map_time not in context.span:
                    row.outside()
                elif key in shapes:
                    row.wrong("id_repeated", "this holder has a shape of this time already", column="geometry", got=f"{key[0]} {key[1].isoformat()}", expected="one feature for each holder and time", next_step="Merge the features")  # fmt: skip
                else:
                    row.use()
                    shapes[key] = dated

        read_each(context, tables, read=read_file)
        return conclude(
            tables, context, control=control_records(list(shapes.values()), source_id=context.source_id)
        )

    def _dated_shape(self, row: Row, context: ReadContext) -> DatedShape | None:
        values: Record = {}
        for column in ("holder_party_id", "time", "map_time", "describes_until", "position_sd_m"):
            header = self.options.columns.get(column)
            value = self.options.constants.get(column) if header is None else row.values.get(header)
            values[column] = self.options.values.get(column, {}).get(str(value), value)
        read = Row(row.sheet, row.number, values)
        holder = read.text("holder_party_id", required=True)
        column = "map_time" if values["time"] is None else "time"
        map_time = _start(read.when(column, zone=self.options.zone))
        until = _start(read.when("describes_until", zone=self.options.zone, required=False))
        sd_m = read.number_of("position_sd_m", at_least=0)
        if holder is not None and holder not in context.parties:
            read.wrong("party_unknown", "the truce has no such party", column="holder_party_id", got=holder, expected=" | ".join(context.parties), next_step="Translate it with the option `values`")  # fmt: skip
        geometry = row_polygon(row, context)
        row.problems += read.problems
        if geometry is None or holder is None or map_time is None or not row.ok:
            return None
        return DatedShape(
            holder_party_id=holder,
            map_time=map_time,
            describes_until=until or map_time,
            geometry=geometry,
            position_sd_m=sd_m,
            provenance=row.provenance,
        )


def _start(value: Any) -> Any:
    """A day stands for its first moment."""
    return getattr(value, "start", value)


def _parquet(file: InputFile) -> pa.Table:
    """The file as an Arrow table.

    Raises
    ------
    InputError
        If it is no Parquet file.
    """
    try:
        return pq.read_table(io.BytesIO(file.bytes()))
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            Problem(code="file_format", message=f"the file is no whole Parquet file ({str(error)[:120]})", file=file.label, expected="Parquet", next_step="Write the file again")
        ) from error  # fmt: skip
