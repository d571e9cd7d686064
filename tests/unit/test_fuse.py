"""``truceline fuse`` reads strangers' tables: few columns needed, every fault told, no row lost unsaid."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from truceline.base.errors import InputError
from truceline.faces.cli.main import run
from truceline.schema import CONTROL, COVERAGE, INCIDENTS, OBSERVATIONS
from truceline.workflow.doors import DOORS, complete
from truceline.workflow.foreign import read_foreign
from truceline.workflow.fuse import fuse

OBSERVED = """occurred_from,longitude_deg,latitude_deg,position_sd_m,source_id,sensor_id,act,text
2031-05-01T10:00:00Z,15.10,45.20,200,acoustic,a1,shelling,
2031-05-01T10:00:02Z,15.11,45.20,300,acoustic,a2,shelling,
2031-05-01T12:00:01+02:00,15.10,45.21,900,news,,shelling,Shelling near Lower Weir
2031-05-02T09:00:00Z,15.60,45.40,200,acoustic,a1,"{""shelling"": -0.1, ""clash"": -2}",
"""
WATCHED = """source_id,sensor_id,longitude_deg,latitude_deg,radius_m,window_start,window_stop,detection_p_a,detection_p_b,clutter_per_day
acoustic,a1,15.2,45.2,40000,2031-05-01T00:00:00Z,2031-05-03T00:00:00Z,24,16,0.3
acoustic,a2,15.2,45.2,40000,2031-05-01T00:00:00Z,2031-05-03T00:00:00Z,24,16,0.3
"""
HELD = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"holder_party_id": "north", "map_time": "2031-05-01T00:00:00Z"},
            "geometry": {"type": "Polygon", "coordinates": [[[14, 45.3], [17, 45.3], [17, 47], [14, 47], [14, 45.3]]]},
        }
    ],
}  # fmt: skip


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    paths = {name: tmp_path / name for name in ("observed.csv", "watched.csv", "held.geojson")}
    paths["observed.csv"].write_text(OBSERVED)
    paths["watched.csv"].write_text(WATCHED)
    paths["held.geojson"].write_text(json.dumps(HELD))
    return paths


def read(path: Path, door: str) -> Any:
    found = read_foreign(path, DOORS[door])
    return complete(door, found), found


def test_few_columns_become_a_table_to_its_schema(files: dict[str, Path]) -> None:
    table, found = read(files["observed.csv"], "observations")
    OBSERVATIONS.check(table)
    row = table.to_pylist()[2]
    assert row["observation_id"] == "obs-4"
    assert row["occurred_from"].isoformat() == "2031-05-01T10:00:01+00:00"
    assert (row["occurred_until"] - row["occurred_from"]).total_seconds() == 1
    assert dict(row["acts"]) == {"shelling": 0.0}
    assert (row["raw_file"], row["raw_row"]) == ("observed.csv", 4)
    assert dict(table.to_pylist()[3]["acts"]) == {"shelling": -0.1, "clash": -2.0}
    assert (found.rows_read, found.n_quarantined, found.problems) == (4, 0, [])


def test_coverage_and_control_take_sensible_defaults(files: dict[str, Path]) -> None:
    watched, _ = read(files["watched.csv"], "coverage")
    COVERAGE.check(watched)
    row = watched.to_pylist()[0]
    assert (row["available_share"], row["reason"], row["detection_p_basis"]) == (
        1.0,
        "watched",
        "watched.csv",
    )
    held, _ = read(files["held.geojson"], "control")
    CONTROL.check(held)
    assert held["status"].to_pylist() == ["first"]
    assert held["source_id"].to_pylist() == ["held"]


def test_parquet_gives_the_same_table_as_csv(files: dict[str, Path], tmp_path: Path) -> None:
    from_csv, _ = read(files["observed.csv"], "observations")
    names = [name for name in OBSERVATIONS.arrow.names if from_csv[name].null_count < from_csv.num_rows]
    pq.write_table(from_csv.select(names), tmp_path / "observed.parquet")
    again, _ = read(tmp_path / "observed.parquet", "observations")
    assert again.equals(from_csv)


def test_all_bad_rows_are_told_put_aside_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "observed.csv"
    path.write_text(
        "observation_id,occurred_from,occurred_until,longitude_deg,latitude_deg,strength,acts\n"
        "a,2031-05-01T10:00:00Z,,15,45,1.5,shelling\n"
        "b,2031-05-01 10:00,,15,45,,\n"  # no zone
        "c,2031-05-01T10:00:00Z,,15,145,x,\n"  # two faults
        "d,2031-05-01T10:00:00Z,2031-05-01T09:00:00Z,15,45,,\n"  # stops before it starts
        "a,2031-05-01T10:00:00Z,,15,45,,\n"  # the id again, of another record
        "e,2031-05-01T10:00:00Z,,15,,,\n"  # half a place
        "f,2031-05-01T10:00:00Z,,15,45\n"  # a field too few
        'g,2031-05-01T10:00:00Z,,15,45,,"{""shelling"": ""often""}"\n'
        "h,,,15,45,,\n"  # no time
        "i,2031-05-01T10:00:00Z,,15,45,,\n"
    )
    table, found = read(path, "observations")
    assert table["observation_id"].to_pylist() == ["i"]
    assert found.rows_read == 10
    assert found.n_quarantined == 9
    told = {(p.row, p.column, p.code) for p in found.problems}
    assert told == {
        (3, "occurred_from", "time_naive"), (4, "latitude_deg", "place_range"), (4, "strength", "value_type"),
        (5, "occurred_until", "time_order"), (2, "observation_id", "id_repeated"), (6, "observation_id", "id_repeated"), (7, "longitude_deg", "value_missing"),
        (8, "", "row_length"), (9, "acts", "value_type"), (10, "occurred_from", "value_missing"),
    }  # fmt: skip
    assert all(p.file == "observed.csv" and p.expected and p.next_step for p in found.problems)


def test_missing_columns_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text("time,longitude_deg\n2031-05-01T10:00:00Z,15\n")
    (tmp_path / "c.csv").write_text("source,window_start,window_end\nx,2031-05-01T10:00:00Z,\n")
    with pytest.raises(InputError) as caught:
        fuse(
            observations=tmp_path / "o.csv",
            coverage=tmp_path / "c.csv",
            control=None,
            out=tmp_path / "out",
        )
    assert [(p.file, p.column) for p in caught.value.problems] == [
        ("o.csv", "occurred_from"), ("c.csv", "source_id"), ("c.csv", "window_stop"),
    ]  # fmt: skip
    assert "'source'" in caught.value.problems[1].next_step
    assert not (tmp_path / "out").exists()


def test_times_without_a_zone_in_parquet_are_refused_as_a_column(tmp_path: Path) -> None:
    naive = pa.table({"occurred_from": pa.array([0], pa.timestamp("us"))})
    pq.write_table(naive, tmp_path / "o.parquet")
    with pytest.raises(InputError) as caught:
        read(tmp_path / "o.parquet", "observations")
    assert [(p.code, p.column) for p in caught.value.problems] == [("time_naive", "occurred_from")]


def test_a_result_holds_everything_and_the_same_input_gives_the_same_bytes(
    files: dict[str, Path], tmp_path: Path
) -> None:
    def make(out: Path) -> Any:
        return fuse(
            observations=files["observed.csv"], coverage=files["watched.csv"], control=files["held.geojson"],
            out=out, parties=("north", "south"),
        )  # fmt: skip

    outcome = make(tmp_path / "one")
    make(tmp_path / "two")
    names = {p.relative_to(tmp_path / "one").as_posix() for p in (tmp_path / "one").rglob("*") if p.is_file()}
    assert names >= {
        "incidents.parquet", "incidents.csv", "incident_members.parquet", "incident_members.csv", "parameters.json",
        "manifest.jsonl", "tables/observations.parquet", "tables/coverage.parquet", "tables/control.parquet",
    }  # fmt: skip
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name
    incidents = INCIDENTS.check(pq.read_table(tmp_path / "one" / "incidents.parquet").cast(INCIDENTS.arrow))
    members = pq.read_table(tmp_path / "one" / "incident_members.parquet")
    assert outcome.n_incidents == incidents.num_rows
    assert sorted(members["observation_id"].to_pylist()) == ["obs-2", "obs-3", "obs-4", "obs-5"]


def test_rows_in_another_order_give_the_same_incidents(files: dict[str, Path], tmp_path: Path) -> None:
    head, *rows = OBSERVED.splitlines()
    named = [f"{head},observation_id", *(f"{row},o{k}" for k, row in enumerate(rows))]
    results = []
    for order in ([1, 2, 3, 4], [4, 2, 1, 3]):
        path = tmp_path / "observed.csv"
        path.write_text("\n".join([named[0], *(named[k] for k in order)]) + "\n")
        outcome = fuse(
            observations=path,
            coverage=files["watched.csv"],
            control=files["held.geojson"],
            out=tmp_path / "out",
        )
        results.append(pq.read_table(outcome.incidents))
    assert results[0].equals(results[1])


def test_the_command_prints_what_it_did_and_tells_of_faults_as_json(
    files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    told = ["--observations", str(files["observed.csv"]), "--coverage", str(files["watched.csv"]), "--out", str(out)]  # fmt: skip
    assert run(["fuse", *told, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n_observations"] == 4
    files["observed.csv"].write_text("when\n1\n")
    assert run(["fuse", *told, "--json"]) == 4
    error = json.loads(capsys.readouterr().out)["error"]
    assert [p["column"] for p in error["problems"]] == ["occurred_from"]


def test_score_prints_flat_keys_first(
    files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fuse(
        observations=files["observed.csv"], coverage=files["watched.csv"], control=files["held.geojson"], out=tmp_path / "out"
    )  # fmt: skip
    truth = tmp_path / "truth"
    truth.mkdir()
    (truth / "incidents.csv").write_text(
        "truth_id,party_id,act,occurred_at,longitude_deg,latitude_deg,sector\n"
        "t1,north,shelling,2031-05-01T10:00:00+00:00,15.1,45.2,s1\n"
    )
    (truth / "links.csv").write_text(
        "observation_id,truth_id,fake_id,origin_id\nobs-2,t1,,obs-2\nobs-3,t1,,obs-3\nobs-4,t1,,obs-4\nobs-5,,,obs-5\n"
    )
    assert run(["score", str(tmp_path / "out"), "--truth", str(truth)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found)[:5] == [
        "id_f1",
        "id_f1_true_labels",
        "id_f1_oracle_partition",
        "id_f1_null",
        "pair_f1",
    ]
    assert found["id_f1_true_labels"] == 1.0
    assert found["n_records_without_truth"] == 0
    assert set(found["baselines"]) >= {"time_shifted_null", "counting_cell_day", "dbscan", "oracle_partition"}
    assert run(["score", str(tmp_path / "out"), "--truth", str(tmp_path / "nowhere"), "--json"]) == 4
    assert run(["score", str(tmp_path), "--truth", str(truth), "--json"]) == 5
    nonsense = tmp_path / "classifier.json"
    nonsense.write_text("{}")
    told = ["--truth", str(truth), "--trained"]
    assert run(["score", str(tmp_path / "out"), *told, str(nonsense), "--json"]) == 4
    capsys.readouterr()
    assert run(["score", str(tmp_path / "out"), *told, str(_classifier(tmp_path))]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["id_f1_trained"] == 1.0


def _classifier(folder: Path) -> Path:
    """A classifier that believes whatever more than one telling bears out."""
    names = [f"{what}_{source}" for source in ("acoustic", "news") for what in ("n", "strength")]
    names += ["n_tellings", "n_sources", "n_sensors", "n_speakers", "least_sd_m", "least_span_s", "hour", "copies", "acts_named", "act"]  # fmt: skip
    names += [f"near_{kind}_{km}km" for kind in ("hard", "other") for km in (3, 10, 30)]
    names += ["watched_acoustic", "watched_news"]
    tree = {"feature": [names.index("n_tellings")], "cut": [1], "leaf": [-5.0, 5.0]}
    about = {"sources": ["acoustic", "news"], "hard_sources": ["acoustic"], "acts": ["shelling", "clash"]}
    edges = [[1.5] for _ in names]
    path = folder / "trained.json"
    path.write_text(
        json.dumps({"names": names, "edges": edges, "start": 0.0, "trees": [tree], "about": about})
    )
    return path


def test_a_simulated_case_is_scored_by_either_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case, fused, verified = tmp_path / "case", tmp_path / "fused", tmp_path / "verified"
    assert run(["simulate", "--seed", "1", "--days", "3", "--length-km", "100", "--salvos-per-day", "30", "--out", str(case)]) == 0  # fmt: skip
    tables = case / "tables"
    files = {"observations": "observations.parquet", "coverage": "coverage.parquet", "control": "control.geojson", "areas": "areas.parquet"}  # fmt: skip
    given = [word for name, file in files.items() for word in (f"--{name}", str(tables / file))]
    assert run(["fuse", *given, "--out", str(fused)]) == 0
    assert run(["verify", str(case), "--out", str(verified), "--no-pdf", "--quiet"]) == 0
    capsys.readouterr()
    scores = {}
    for out in (fused, verified):
        assert run(["score", str(out), "--truth", str(case / "truth")]) == 0
        scores[out] = json.loads(capsys.readouterr().out)
        assert scores[out]["n_records_without_truth"] == 0
        assert 0 < scores[out]["id_f1"] <= scores[out]["id_f1_true_labels"]
        assert scores[out]["attribution_brier_ideal"] is not None
    assert scores[fused]["id_f1_true_labels"] == scores[verified]["id_f1_true_labels"]
    assert scores[fused]["count_cover95"] is not None


def test_control_may_be_wkt_and_a_later_equal_shape_is_a_repeat(tmp_path: Path) -> None:
    path = tmp_path / "held.csv"
    ring = "POLYGON ((14 45.3, 17 45.3, 17 47, 14 47, 14 45.3))"
    other = "POLYGON ((14 45.5, 17 45.5, 17 47, 14 47, 14 45.5))"
    path.write_text(
        "holder_party_id,map_time,geometry\n"
        f'north,2031-05-03T00:00:00Z,"{other}"\n'
        f'north,2031-05-01T00:00:00Z,"{ring}"\n'
        f'north,2031-05-02T00:00:00Z,"{ring}"\n'
        "north,2031-05-04T00:00:00Z,somewhere\n"
    )
    table, found = read(path, "control")
    assert table["status"].to_pylist() == ["update", "first", "repeat"]
    assert [(p.row, p.column) for p in found.problems] == [(5, "geometry")]
    assert found.problems[0].code == "geometry_invalid"


@pytest.mark.parametrize("form", ["semicolons", "mark", "gzip", "returns"])
def test_the_usual_forms_of_csv_give_the_same_table(form: str, tmp_path: Path) -> None:
    text = "occurred_from,longitude_deg,latitude_deg,acts\n2031-05-01T10:00:00+00:00,15,45.5,shelling\n"
    plain = tmp_path / "o.csv"
    plain.write_text(text)
    expected, _ = read(plain, "observations")
    path = tmp_path / ("o.csv.gz" if form == "gzip" else "o.csv")
    content = {
        "semicolons": text.replace(",", ";").encode(),
        "mark": b"\xef\xbb\xbf" + text.encode(),
        "gzip": gzip.compress(text.encode(), mtime=0),
        "returns": text.replace("\n", "\r\n").encode(),
    }[form]
    path.write_bytes(content)
    table, _ = read(path, "observations")
    own = ["raw_file", "raw_digest"]
    assert table.drop_columns(own).equals(expected.drop_columns(own))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"\n \n", "file_without_rows"),
        (b"\xff\xfe\x00occurred_from\n", "file_not_text"),
        (b"PAR1 but no more", "file_format"),
        (b"occurred_from,occurred_from\na,b\n", "column_repeated"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_clear_error(content: bytes, code: str, tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read(path, "observations")
    assert [p.code for p in caught.value.problems] == [code]
    with pytest.raises(InputError) as missing:
        read(tmp_path / "absent.csv", "observations")
    assert [p.code for p in missing.value.problems] == ["file_missing"]
