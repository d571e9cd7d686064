"""Laws of a front written as a case: same bytes, the same records when read, the truth untouched."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import shapely

from truceline.base.errors import CaseError
from truceline.faces.cli.main import run
from truceline.schema.table import Table
from truceline.simulate import Front, play, read_regime
from truceline.workflow.case import open_case
from truceline.workflow.ingest import Ingested, ingest
from truceline.workflow.simulate import simulate
from truceline.workflow.verify import verify

SMALL = {"days": 35, "length_km": 150, "salvos_per_day": 12}
TINY = {"days": 6, "length_km": 60, "salvos_per_day": 15}
MIXED = "falseflag+mimicry+cloud"

_AUDITED = """
import json, sys
from pathlib import Path
opened = []
sys.addaudithook(lambda event, found: opened.append(str(found[0])) if event in ("open", "os.listdir", "os.scandir") else None)
from truceline.workflow.verify import verify
verify(Path(sys.argv[1]), data=None, out=Path(sys.argv[2]), pdf=False)
print(json.dumps(opened))
"""


def folder_bytes(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("front") / "case"
    simulate(MIXED, seed=9, out=folder, **SMALL)
    return folder


@pytest.fixture(scope="module")
def played() -> Front:
    return play(read_regime(MIXED, **SMALL), seed=9)


@pytest.fixture(scope="module")
def read(written: Path) -> Ingested:
    return ingest(open_case(written), data=None)


def test_the_same_regime_and_seed_give_the_same_bytes(written: Path, tmp_path: Path) -> None:
    simulate(MIXED, seed=9, out=tmp_path / "again", **SMALL)
    simulate(MIXED, seed=10, out=tmp_path / "other", **SMALL)
    first, again, other = (folder_bytes(one) for one in (written, tmp_path / "again", tmp_path / "other"))
    assert first == again
    assert first["data/acoustic.csv"] != other["data/acoustic.csv"]


@pytest.mark.parametrize("name", ["observations", "coverage", "counts", "claims"])
def test_the_case_is_read_to_the_records_that_were_played(name: str, read: Ingested, played: Front) -> None:
    def comparable(table: Table) -> Table:
        return table.drop_columns(["raw_digest"]).sort_by(table.column_names[0])

    assert all(source.state == "read" for source in read.sources)
    assert not read.quarantined
    assert comparable(getattr(read, name)).equals(comparable(getattr(played, name)))


def test_the_maps_are_read_to_the_maps_that_were_drawn(read: Ingested, played: Front) -> None:
    ours, theirs = (sorted(table.to_pylist(), key=lambda row: (row["source_id"], row["map_time"])) for table in (played.control, read.control))  # fmt: skip
    for name in ("source_id", "map_time", "holder_party_id", "status", "raw_file"):
        assert [row[name] for row in ours] == [row[name] for row in theirs], name
    for one, other in zip(ours, theirs, strict=True):
        assert shapely.from_wkb(one["geometry"]).symmetric_difference(shapely.from_wkb(other["geometry"])).area < 1e-6  # fmt: skip


def test_links_lead_from_file_and_row_to_the_record(written: Path, read: Ingested) -> None:
    found = {(row["raw_file"].removeprefix("case:"), row["raw_row"]): row["observation_id"] for row in read.observations.select(["raw_file", "raw_row", "observation_id"]).to_pylist()}  # fmt: skip
    lines = (written / "truth/links.csv").read_text().splitlines()[1:]
    parts = [[cell.strip('"') for cell in line.split(",")] for line in lines]
    assert len(parts) == len(found)
    assert all(found[file, int(row)] == name for name, file, row, *_ in parts)


def test_the_tables_for_fuse_are_those_that_were_played(written: Path, played: Front) -> None:
    for name in ("observations", "coverage", "counts", "claims", "areas"):
        assert pq.read_table(written / f"tables/{name}.parquet").equals(getattr(played, name)), name
    maps = json.loads((written / "tables/control.geojson").read_text())["features"]
    assert [one["properties"]["control_id"] for one in maps] == played.control["control_id"].to_pylist()
    shapes = [shapely.from_geojson(json.dumps(one["geometry"])) for one in maps[:3]]
    assert shapes == [shapely.from_wkb(one) for one in played.control["geometry"].to_pylist()[:3]]


def test_no_source_of_the_case_reaches_the_truth_and_none_tells_it(written: Path) -> None:
    case = open_case(written)
    for source in case.file.sources:
        for pattern in source.files:
            assert {path.relative_to(written).parts[0] for path in written.glob(pattern)} == {"data"}
    truth = pq.read_table(written / "tables/observations.parquet")
    hidden = {line.split(",")[0].strip('"') for line in (written / "truth/incidents.csv").read_text().splitlines()[1:]}  # fmt: skip
    for column in truth.column_names:
        if truth[column].type == "string":
            assert not hidden & set(truth[column].to_pylist()), column
    # numbers of records run by source and time alone
    ids = truth.filter(pc.equal(truth["source_id"], "acoustic"))
    assert (np.diff(pc.cast(ids["occurred_from"], "int64").to_numpy()) >= 0).all()


def test_verification_never_opens_the_truth_and_does_not_need_it(tmp_path: Path) -> None:
    folder = tmp_path / "case"
    simulate("plain", seed=1, out=folder, **TINY)
    asked = subprocess.run(
        [sys.executable, "-c", _AUDITED, str(folder), str(tmp_path / "one")], check=True, capture_output=True, text=True
    )  # fmt: skip
    opened = [Path(name) for name in json.loads(asked.stdout.splitlines()[-1])]
    inside = {path.relative_to(folder).parts[0] for path in opened if path.is_relative_to(folder) and path != folder}  # fmt: skip
    assert "data" in inside
    assert not inside & {"truth", "tables"}
    # (2) readers outside Python would not be heard: so another truth, and the same findings
    for path in (folder / "truth").iterdir():
        path.write_text("another truth\n")
    for path in (folder / "tables").iterdir():
        path.unlink()
    subprocess.run([sys.executable, "-c", _AUDITED, str(folder), str(tmp_path / "two")], check=True, capture_output=True)  # fmt: skip
    assert (tmp_path / "one/findings.json").read_bytes() == (tmp_path / "two/findings.json").read_bytes()


def test_the_number_of_workers_decides_no_byte_of_a_report(tmp_path: Path) -> None:
    folder = tmp_path / "case"
    simulate("war", seed=1, out=folder, **{**TINY, "salvos_per_day": 60})
    for workers in (1, 2):
        verify(folder, data=None, out=tmp_path / f"{workers}", pdf=False, workers=workers)
    one, two = (folder_bytes(tmp_path / name) for name in ("1", "2"))
    assert one.keys() == two.keys()
    assert [name for name in one if one[name] != two[name]] == []


def test_a_front_without_days_before_and_in_the_truce_is_no_case(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="days before the truce"):
        simulate("plain", seed=1, out=tmp_path / "case", **{**TINY, "days": 1})
    assert not (tmp_path / "case").exists()


def test_the_command_says_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "case"
    asked = ["simulate", "--regime", "cloud+quiet", "--seed", "4", "--out", str(out), "--days", "6", "--length-km", "60"]  # fmt: skip
    assert run([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["regime"] == "cloud+quiet"
    assert told["breaks"] == ["correlated misses"]
    assert told["events"] == len((out / "truth/incidents.csv").read_text().splitlines()) - 1
    assert run(asked) == 0  # over its own folder again
    assert "breaks on purpose" in capsys.readouterr().out
    assert run([*asked[:2], "storm"]) != 0
