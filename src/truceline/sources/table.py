"""Any table of your own (CSV, Parquet, GeoJSON, workbooks and layers), mapped to a schema by options.

``columns`` maps a column of the schema (or a virtual one) to a header of the file, ``constants``
gives a column one value, ``values`` translates words before they are read. Virtual columns:

- ``time``: a moment or a date. Observations: a moment begins an interval of
  ``time_resolution_s`` (or is ± 2 ``time_sd_s``); counts, coverage, claims: a date is the window.
  A date is the local day of ``zone``. Control: the map's time.
- ``date`` and ``clock``: a moment in two columns; an empty clock is the whole local day.
- ``act`` (observations): a word of the terms, which becomes ``acts`` with log-likelihood 0.
- ``coordinates`` (observations): both in one cell: ``50.1, 10.4`` (whose order ``coordinates_order``
  tells), ``POINT(10.4 50.1)``, or degrees, minutes and seconds, which longitudes and latitudes of
  their own may be too.
- GeoJSON and other layers: a point gives longitude and latitude of an observation, a polygon a
  control shape.

Ids: the column given, else from the record's content. A row with a fault is quarantined; the
file never is, unless a column that the schema needs cannot be had from it.
"""

from __future__ import annotations

import codecs
from collections import deque
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from truceline.base.documents import Model
from truceline.schema import TABLES
from truceline.schema.table import Record
from truceline.sources.batches import Batch
from truceline.sources.days import Zone
from truceline.sources.outcome import conclude, note_outside_window, note_repeats, read_each
from truceline.sources.rows import Row, Sheet
from truceline.sources.shapes import DatedShape, control_records, feature_rows, layer_rows, row_polygon
from truceline.sources.source import SOURCES, InputFile, ReadContext, Source, SourceTables
from truceline.sources.table_batches import TableReader, grid_batch
from truceline.sources.table_clocks import check_pattern
from truceline.sources.table_columns import plan_columns
from truceline.sources.table_files import open_table, tell_format

#: written by the reader itself
_OWN = {"acts", "source_id", "raw_file", "raw_row", "raw_digest", "geometry", "status", "shape_digest"}
_TIMED = ("time", "date", "clock")
_VIRTUAL = {"observations": (*_TIMED, "act", "coordinates"), "counts": _TIMED, "coverage": _TIMED, "claims": ("time",), "control": ("time",)}  # fmt: skip


def _known_encoding(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError as error:
        raise ValueError(f"{name!r} is no encoding (such as utf-8, cp1251, latin-1)") from error


class TableOptions(Model):
    """Options of ``table``."""

    table: Literal["observations", "counts", "coverage", "claims", "control"] = Field(
        description="schema that the file's rows become"
    )
    format: Literal["auto", "csv", "parquet", "geojson", "geojsonl", "geopackage", "flatgeobuf", "kml", "gpx", "shapefile", "excel"] = Field(
        "auto", description="auto: by the file's name"
    )  # fmt: skip
    layer: str | None = Field(
        None, description="layer of a GeoPackage or KML, or sheet of a workbook, where there are several"
    )
    columns: dict[str, str] = Field(
        default_factory=dict,
        description="column of the schema, or `time`, `date`, `clock`, `act`, `coordinates` → header of the file",
    )
    constants: dict[str, str | float | bool] = Field(
        default_factory=dict, description="column of the schema → one value for every row"
    )
    values: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="column → word of the file → word of the schema; an empty word is none",
    )
    zone: Zone | None = Field(None, description="zone of times without an offset and of dates (IANA name)")
    time_format: Annotated[str, AfterValidator(check_pattern)] | None = Field(
        None,
        description="how times are written where not as ISO 8601: a pattern of strptime such as `%d/%m/%Y %H:%M` (with `clock`: of the date alone), or `epoch_s`, `epoch_ms`, `excel` (days as workbooks keep them)",
    )
    coordinates_order: Literal["lat_lon", "lon_lat"] | None = Field(
        None, description="which of two plain numbers in `coordinates` comes first"
    )
    encoding: Annotated[str, AfterValidator(_known_encoding)] | None = Field(
        None, description="of a CSV or Shapefile that is not UTF-8, such as `cp1251`, `latin-1`, `utf-16`"
    )
    header_row: int | None = Field(
        None, ge=1, description="row of the header in a CSV or a sheet, where others stand above it"
    )
    crs: str | None = Field(
        None, description="reference system of a layer that names none, such as `EPSG:32637`"
    )
    delimiter: str = Field(",", min_length=1, max_length=1, description="what separates fields of a CSV")
    decimal: Literal[".", ","] = Field(
        ".", description="what stands before the decimals of a number written as text"
    )
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
        given = {*self.columns, *self.constants}
        for one, others in (("date", {"time"}), ("coordinates", {"longitude_deg", "latitude_deg"})):
            if one in given and given & others:
                raise ValueError(f"columns: give either {one} or {' and '.join(sorted(others))}")
        if ({"date", "clock", "coordinates"} & self.constants.keys()) or ("clock" in given and "date" not in given):  # fmt: skip
            raise ValueError(
                "columns: clock needs the column date; date, clock and coordinates are no constants"
            )
        twice = sorted(set(self.columns) & set(self.constants))
        if twice:
            raise ValueError(f"given both as a column and as a constant: {', '.join(twice)}")
        return self


@SOURCES.add
class AnyTable(Source):
    """See the module."""

    name: ClassVar[str] = "table"
    version: ClassVar[str] = "3"
    title: ClassVar[str] = (
        "A table of your own (CSV, Parquet, Excel, GeoJSON and other layers), columns mapped by options"
    )
    Options: ClassVar[type[Model]] = TableOptions
    options: TableOptions

    def read(self, context: ReadContext) -> SourceTables:
        """Rows become the table that the options name."""
        tables = SourceTables()
        if self.options.table == "control":
            return self._read_control(context, tables)
        spec = TABLES[self.options.table]
        reader = TableReader(self.options, spec=spec, context=context, tables=tables)

        def read_file(file: InputFile) -> None:
            opened = open_table(file, self.options, tables=tables, context=context)
            if not opened.header:  # a layer without a feature has no columns either
                deque(opened.batches, maxlen=0)
                return
            plan = plan_columns(self.options, spec=spec, header=opened.header, label=file.label, has_points=opened.has_points)  # fmt: skip
            if opened.grid is not None:
                reader.take_grid(opened.grid, plan)
            for batch in opened.batches:
                reader.take(batch, plan)

        def reopen(file: InputFile) -> Iterator[Batch]:
            opened = open_table(file, self.options, tables=SourceTables(), context=context)
            if opened.grid is None:
                return opened.batches
            return iter([grid_batch(opened.grid)[0]])

        read_each(context, tables, read=read_file)
        setattr(tables, spec.name, reader.table(reopen))
        note_repeats(tables)
        note_outside_window(tables, context)
        return tables

    # -- control ---------------------------------------------------------------------------
    def _read_control(self, context: ReadContext, tables: SourceTables) -> SourceTables:
        """GeoJSON polygons, each with its holder and time."""
        shapes: dict[tuple[str, Any], DatedShape] = {}

        def read_file(file: InputFile) -> None:
            sheet = Sheet(file, tables)
            if tell_format(file, self.options) == "geojson":
                rows = feature_rows(sheet, sheet.json_value())
            else:
                rows = layer_rows(sheet, layer=self.options.layer, region=context.region)
            for row in rows:
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
