"""A front → an ordinary case folder, with its hidden truth beside it and its tables as Parquet.

Pieces are written as they come, so that a front may be longer than memory holds. The same regime,
seed and version give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import shapely
from shapely.geometry import mapping

from truceline.base.columns import map_parts
from truceline.base.errors import CaseError, Problem
from truceline.base.intervals import format_time
from truceline.schema import CLAIMS, COUNTS, COVERAGE, OBSERVATIONS
from truceline.schema.table import Table
from truceline.simulate.figures import MAPS
from truceline.simulate.front import Front, terrain_of
from truceline.simulate.front_paper import (
    CLAIM_COLUMNS,
    COUNT_COLUMNS,
    REPORT_COLUMNS,
    SENSOR_COLUMNS,
    WATCH_COLUMNS,
    front_case,
    front_readme,
    front_terms,
    place_rows,
)
from truceline.simulate.regime import Regime
from truceline.simulate.tables import INCIDENTS, LINKS
from truceline.simulate.texts import csv_text, feature_text

_PARQUET = {"observations": OBSERVATIONS, "coverage": COVERAGE, "counts": COUNTS, "claims": CLAIMS}


def write_front(parts: Iterable[Front], folder: Path) -> Front:
    """Write the pieces of one front as a case, and return the last piece.

    (1) data, truth and tables, piece by piece; (2) terms, case, readme, places, areas.

    Raises
    ------
    CaseError
        If no day lies before the truce, or none in it: such a front is no case.
    """
    last: Front | None = None
    for folder_name in ("data", "truth", "tables", "areas", *(f"data/{name}" for name in MAPS)):
        (folder / folder_name).mkdir(parents=True, exist_ok=True)
    with _Files(folder) as files:
        for part in parts:  # (1)
            if last is None:
                _refuse_without_truce(part.regime)
            _write_data(files, part)
            _write_truth(files, part)
            _write_tables(files, part)
            last = part
        files.add_text("tables/control.geojson", "\n]}\n")
    if last is None:
        raise ValueError("a front has at least one piece")
    _write_text(folder / "truth/parameters.json", json.dumps(last.truth.facts, indent=1) + "\n")
    pq.write_table(last.areas, folder / "tables/areas.parquet", compression="zstd")
    for row in last.areas.select(["area_id", "parent_area_id", "geometry"]).to_pylist():  # (2)
        if row["parent_area_id"] is not None:
            _write_text(
                folder / f"areas/{row['area_id']}.geojson", feature_text(shapely.from_wkb(row["geometry"]))
            )
    terrain = terrain_of(last.regime, last.seed)
    sectors = [row["area_id"] for row in last.areas.to_pylist() if row["kind"] == "sector"]
    _write_text(folder / "truce.yaml", front_terms(last, terrain, sectors))
    _write_text(folder / "case.yaml", front_case(last, terrain))
    _write_text(folder / "README.md", front_readme(last))
    _write_text(folder / "places.csv", csv_text(("name", "longitude", "latitude"), place_rows(terrain)))
    return last


def _refuse_without_truce(regime: Regime) -> None:
    if not 0 < regime.truce_day < regime.days:
        raise CaseError(
            Problem(code="case_field", message="a case needs days before the truce and in it", file="regime", column="days", got=f"{regime.days} days, the truce from day {regime.truce_day}", next_step="Give more days")
        )  # fmt: skip


class _Files:
    """Files that are added to piece by piece."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: dict[str, BinaryIO] = {}
        self._parquet: dict[str, pq.ParquetWriter] = {}

    def __enter__(self) -> _Files:
        return self

    def __exit__(self, *_error: object) -> None:
        for handle in self._open.values():
            handle.close()
        for writer in self._parquet.values():
            writer.close()

    def add_csv(self, name: str, table: Table) -> None:
        """Add rows; the header stands at the beginning."""
        first = self.is_new(name)
        if first:
            self._open[name] = (self.folder / name).open("wb")
        options = pa_csv.WriteOptions(include_header=first, quoting_style="needed", quoting_header="none")
        pa_csv.write_csv(_texts(table), self._open[name], options)

    def is_new(self, name: str) -> bool:
        """Whether nothing was written to a file so far."""
        return name not in self._open

    def add_text(self, name: str, text: str) -> None:
        """Add text to a file."""
        if name not in self._open:
            self._open[name] = (self.folder / name).open("wb")
        self._open[name].write(text.encode())

    def add_parquet(self, name: str, table: Table) -> None:
        """Add rows."""
        if name not in self._parquet:
            self._parquet[name] = pq.ParquetWriter(self.folder / name, table.schema, compression="zstd")
        self._parquet[name].write_table(table)


def _texts(table: Table) -> Table:
    """Times as texts with a Z, yes and no as 1 and 0; numbers are written as short as they can be."""
    columns = {}
    for name in table.column_names:
        column = table[name]
        if pa.types.is_timestamp(column.type):
            column = _times(column)
        elif pa.types.is_boolean(column.type):
            column = pc.cast(column, pa.int8())
        columns[name] = column
    return pa.table(columns)


def _times(column: pa.ChunkedArray) -> pa.ChunkedArray:
    # by NumPy, since Arrow formats zones by a database that not every system has
    moments = pc.cast(column, pa.int64()).to_numpy().astype("datetime64[us]")
    texts = pa.array(np.datetime_as_string(moments, unit="s").astype(object), pa.string())
    return pa.chunked_array([pc.binary_join_element_wise(texts, "Z", "")])


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


# -- (1) ---------------------------------------------------------------------------------------
def _write_data(files: _Files, front: Front) -> None:
    told = _with_act(front.observations)
    for name, info in front.sources.items():
        if info.kind in ("hard", "reports"):
            columns = SENSOR_COLUMNS if info.kind == "hard" else REPORT_COLUMNS
            files.add_csv(info.file, _of(told, name).select(list(columns)))
        if info.kind == "hard":
            files.add_csv(f"data/{name}_watch.csv", _of(front.coverage, name).select(list(WATCH_COLUMNS)))
        if info.kind == "counts":
            files.add_csv(info.file, _of(front.counts, name).select(list(COUNT_COLUMNS)))
        if info.kind == "claims":
            files.add_csv(info.file, _of(front.claims, name).select(list(CLAIM_COLUMNS)))
    for row in front.control.select(["raw_file", "geometry"]).to_pylist():
        _write_text(
            files.folder / row["raw_file"].removeprefix("case:"),
            feature_text(shapely.from_wkb(row["geometry"])),
        )


def _of(table: Table, source_id: str) -> Table:
    return table.filter(pc.equal(table["source_id"], source_id))


def _with_act(observations: Table) -> Table:
    """The one act that a record of the simulator names, as a word."""
    rows, keys, _ = map_parts(observations["acts"])
    place = np.full(observations.num_rows, -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    return observations.append_column("act", keys.take(pa.array(place, mask=place < 0)))


def _write_truth(files: _Files, front: Front) -> None:
    files.add_csv("truth/incidents.csv", front.truth.incidents.select(INCIDENTS.names))
    files.add_csv("truth/links.csv", front.truth.links.select(LINKS.names))


def _write_tables(files: _Files, front: Front) -> None:
    for name in _PARQUET:
        files.add_parquet(f"tables/{name}.parquet", getattr(front, name))
    if not front.control.num_rows:
        return
    first = files.is_new("tables/control.geojson")
    lines = []
    for row in front.control.drop_columns(["geometry"]).to_pylist():
        known = {
            key: format_time(value) if hasattr(value, "isoformat") else value for key, value in row.items()
        }
        lines.append(known)
    shapes = front.control["geometry"].to_pylist()
    features = [
        json.dumps({"type": "Feature", "properties": one, "geometry": mapping(shapely.from_wkb(shape))}, separators=(",", ":"))
        for one, shape in zip(lines, shapes, strict=True)
    ]  # fmt: skip
    head = '{"type":"FeatureCollection","features":[\n' if first else ",\n"
    files.add_text("tables/control.geojson", head + ",\n".join(features))
