"""Laws of strangers' tables: where on the globe they lie, what cannot stand, what a folder says of itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from truceline.faces.cli.main import run
from truceline.workflow.doors import DOORS, complete
from truceline.workflow.foreign import read_foreign
from truceline.workflow.fuse import FuseOutcome, fuse

HOUR = "2031-05-0{day}T{hour:02d}:{minute:02d}:00Z"
#: metres east and north of the middle, of six events
EVENTS = [(-9000, 4000), (-5000, -6000), (-600, 3000), (700, -4000), (5000, 7000), (9000, -3000)]
DEG_M = 111_195.0


def _longitude(middle: float, east_m: float) -> float:
    return round((middle + east_m / DEG_M + 180) % 360 - 180, 7)


def world(folder: Path, *, middle: float, drawn: str) -> dict[str, Path]:
    """Six events on the equator seen by two masts, south against north; the map drawn in one of the ways."""
    seen = ["observation_id,source_id,sensor_id,occurred_from,longitude_deg,latitude_deg,position_sd_m,act"]
    for k, (east, north) in enumerate(EVENTS):
        for mast in (0, 1):
            when = HOUR.format(day=1 + k // 3, hour=5 * (k % 3), minute=7 * k)
            seen.append(f"o{k}{mast},ears,m{mast},{when},{_longitude(middle, east + 90 * mast)},{north / DEG_M:.6f},250,shelling")  # fmt: skip
    watched = ["source_id,sensor_id,longitude_deg,latitude_deg,radius_m,window_start,window_stop,act,detection_p_a,detection_p_b,clutter_per_day"]  # fmt: skip
    for mast, east in enumerate((-4000, 4000)):
        watched.append(f"ears,m{mast},{_longitude(middle, east)},0,40000,2031-05-01T00:00:00Z,2031-05-03T00:00:00Z,shelling,24,16,0.2")  # fmt: skip
    paths = {name: folder / f"{name}{end}" for name, end in (("observations", ".csv"), ("coverage", ".csv"), ("control", ".geojson"))}  # fmt: skip
    paths["observations"].write_text("\n".join(seen) + "\n")
    paths["coverage"].write_text("\n".join(watched) + "\n")
    held = [{"type": "Feature", "properties": {"holder_party_id": party, "map_time": "2031-05-01T00:00:00Z"}, "geometry": ground(middle, *edges, drawn)} for party, edges in (("south", (-1.0, 0.0)), ("north", (0.0, 1.0)))]  # fmt: skip
    paths["control"].write_text(json.dumps({"type": "FeatureCollection", "features": held}))
    return paths


def ground(middle: float, south: float, north: float, drawn: str) -> dict[str, Any]:
    west, east = middle - 1, middle + 1

    def ring(low: float, high: float) -> list[list[list[float]]]:
        return [[[low, south], [high, south], [high, north], [low, north], [low, south]]]

    if drawn == "cut":
        return {"type": "MultiPolygon", "coordinates": [ring(west, 180), ring(-180, east - 360)]}
    if drawn == "wrapped":
        east -= 360
    return {"type": "Polygon", "coordinates": ring(west, east)}


def fused(folder: Path, files: dict[str, Path]) -> FuseOutcome:
    return fuse(**files, out=folder / "out")


@pytest.mark.parametrize("drawn", ["cut", "wrapped", "running on"])
def test_across_the_antimeridian_everything_is_as_elsewhere(drawn: str, tmp_path: Path) -> None:
    results = []
    for middle, way in ((20.0, "running on"), (179.999, drawn)):
        folder = tmp_path / str(middle)
        folder.mkdir()
        outcome = fused(folder, world(folder, middle=middle, drawn=way))
        incidents = pq.read_table(outcome.incidents).to_pylist()
        totals = pq.read_table(outcome.out / "totals.parquet").to_pylist()
        results.append((incidents, totals))
    (here, counted), (there, counted_there) = results
    assert len(here) == len(there) == len(EVENTS)
    assert counted[0]["estimate"] > 5
    for one, other in zip(here, there, strict=True):
        assert one["observation_ids"] == other["observation_ids"]
        assert other["existence_p"] == pytest.approx(one["existence_p"], abs=1e-6)
        assert other["line_distance_m"] == pytest.approx(one["line_distance_m"], abs=1.0)
        assert one["attributed_party_id"] == other["attributed_party_id"]
        assert -180 <= other["longitude_deg"] <= 180
        assert (other["longitude_deg"] - 179.999 - one["longitude_deg"] + 20) % 360 == pytest.approx(0, abs=1e-5) or (20 + other["longitude_deg"] - 179.999 - one["longitude_deg"]) % 360 == pytest.approx(360, abs=1e-5)  # fmt: skip
    for one, other in zip(counted, counted_there, strict=True):
        assert other["estimate"] == pytest.approx(one["estimate"], rel=1e-3)
        assert (other["lo95"], other["hi95"]) == (one["lo95"], one["hi95"])


def test_the_interval_of_a_total_holds_its_estimate(tmp_path: Path) -> None:
    masts = range(7)
    day = "2031-05-01T00:00:00Z,2031-05-06T00:00:00Z"
    seen = [f"ears,m{k},2031-05-02T10:00:00Z,20,0,250,shelling" for k in masts]
    watched = [f"ears,m{k},20,0,60000,{day},shelling,36,4,0.5" for k in masts]
    (tmp_path / "o.csv").write_text("\n".join(["source_id,sensor_id,occurred_from,longitude_deg,latitude_deg,position_sd_m,act", *seen]))  # fmt: skip
    (tmp_path / "c.csv").write_text("\n".join(["source_id,sensor_id,longitude_deg,latitude_deg,radius_m,window_start,window_stop,act,detection_p_a,detection_p_b,clutter_per_day", *watched]))  # fmt: skip
    outcome = fuse(
        observations=tmp_path / "o.csv", coverage=tmp_path / "c.csv", control=None, out=tmp_path / "out"
    )
    for row in pq.read_table(outcome.out / "totals.parquet").to_pylist():
        assert row["estimate"] > row["detected"] - 0.01
        assert row["lo95"] <= row["estimate"] <= row["hi95"]


def test_coverage_with_half_a_circle_or_half_a_probability_is_put_aside(tmp_path: Path) -> None:
    head = "source_id,window_start,window_stop,longitude_deg,latitude_deg,radius_m,area_id,detection_p_a,detection_p_b\n"
    day = "s,2031-05-01T00:00:00Z,2031-05-02T00:00:00Z"
    rows = {
        "15,45,1000,,24,16": None,
        "15,45,,,24,16": "radius_m",  # would watch everywhere
        ",,1000,,24,16": "radius_m",
        "15,45,,weir,24,16": None,  # an area is watched, whose station stands there
        ",,,,24,16": None,  # everywhere
        "15,45,1000,,24,": "detection_p_a",
        "15,45,1000,,,16": "detection_p_a",
        "15,45,1000,,0,0": "detection_p_a",
        "15,45,1000,,40,0": "detection_p_a",  # a certainty that nobody measures
        "15,45,1000,,1e9,1e-9": "detection_p_a",
        "15,45,1000,,,": None,
    }
    path = tmp_path / "watched.csv"
    path.write_text(head + "".join(f"{day},{row}\n" for row in rows))
    found = read_foreign(path, DOORS["coverage"])
    table = complete("coverage", found)
    wrong = {k: column for k, column in enumerate(rows.values(), start=2) if column}
    assert {p.row: p.column for p in found.problems} == wrong
    assert table["raw_row"].to_pylist() == [k for k in range(2, len(rows) + 2) if k not in wrong]
    assert all(p.file == "watched.csv" and p.expected and p.next_step for p in found.problems)


def test_shapes_without_ground_or_off_the_globe_are_put_aside(tmp_path: Path) -> None:
    square = "POLYGON ((14 45, 17 45, 17 47, 14 47, 14 45))"
    shapes = {
        square: True,
        "POLYGON ((0 0, 1 1, 0 1, 1 0, 0 0))": True,  # crosses itself: mended, as ever
        "POLYGON ((179 0, 181 0, 181 1, 179 1, 179 0))": True,
        "POINT (14 45)": False,
        "LINESTRING (14 45, 15 45)": False,
        "POLYGON EMPTY": False,
        "MULTIPOLYGON EMPTY": False,
        "GEOMETRYCOLLECTION EMPTY": False,
        "POLYGON ((14 45, 15 45, 16 45, 14 45))": False,
        "POLYGON ((500 0, 501 0, 501 1, 500 0))": False,
        "POLYGON ((45 140, 46 140, 46 141, 45 140))": False,
    }
    for door, head, row in (("control", "holder_party_id,map_time,geometry", 'n{k},2031-05-01T00:00:00Z,"{shape}"'), ("areas", "area_id,geometry", 'a{k},"{shape}"')):  # fmt: skip
        path = tmp_path / f"{door}.csv"
        path.write_text(
            "\n".join([head, *(row.format(k=k, shape=shape) for k, shape in enumerate(shapes))]) + "\n"
        )
        found = read_foreign(path, DOORS[door])
        assert complete(door, found).num_rows == sum(shapes.values())
        told = {(p.row, p.column, p.code) for p in found.problems}
        assert told == {(k, "geometry", "geometry_invalid") for k, good in enumerate(shapes.values(), start=2) if not good}  # fmt: skip


def test_a_whole_number_of_any_size_is_read_or_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    counts = [0, 2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 10**30, -(2**70)]
    path.write_text("occurred_from,count\n" + "".join(f"2031-05-01T10:00:00Z,{n}\n" for n in counts))
    found = read_foreign(path, DOORS["observations"])
    assert complete("observations", found)["count"].to_pylist() == counts[:3]
    told = [(p.row, p.column, p.code) for p in found.problems]
    assert told == [(k, "count", "value_range") for k in (5, 6, 7, 8, 9)]
    at = pa.array([0] * 4, pa.timestamp("us", tz="UTC"))
    pq.write_table(
        pa.table({"occurred_from": at, "count": pa.array([*counts[1:3], 2**62, -5])}), tmp_path / "o.parquet"
    )
    found = read_foreign(tmp_path / "o.parquet", DOORS["observations"])
    assert complete("observations", found)["count"].to_pylist() == counts[1:3]
    assert [(p.row, p.code) for p in found.problems] == [(3, "value_range"), (4, "value_range")]


def test_parties_that_no_file_knows_and_maps_that_come_too_late_are_told(tmp_path: Path) -> None:
    files = world(tmp_path, middle=20.0, drawn="running on")
    late = files["control"].read_text().replace("2031-05-01", "2032-05-01")
    files["control"].write_text(late)
    outcome = fuse(**files, out=tmp_path / "out", parties=("south", "north", "elsewhere"))
    assert any("elsewhere" in note and "south" not in note for note in outcome.notes)
    assert any("dated after" in note for note in outcome.notes)
    assert not any(pq.read_table(outcome.incidents)["attributed_party_id"].to_pylist())


def test_a_simulated_folder_says_how_it_can_be_made_again(tmp_path: Path) -> None:
    asked = ["--seed", "4", "--days", "3", "--length-km", "87.5", "--salvos-per-day", "12.25"]
    assert run(["simulate", "--regime", "quiet", *asked, "--out", str(tmp_path / "one")]) == 0
    text = (tmp_path / "one" / "README.md").read_text()
    words = next(line for line in text.splitlines() if line.startswith("    truceline simulate")).split()
    assert run([*words[1:], "--out", str(tmp_path / "two")]) == 0
    files = [path for path in (tmp_path / "one").rglob("*") if path.is_file() and path.name != ".truceline"]
    assert files
    for path in files:
        again = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert path.read_bytes() == again.read_bytes(), path.name
    assert run(["simulate", "--salvos-per-day", "inf", "--out", str(tmp_path / "three")]) == 2
    assert not (tmp_path / "three").exists()
