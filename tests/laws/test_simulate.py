"""Laws of the simulator: same seed, same bytes; parties are names; the truth is apart."""

from __future__ import annotations

import ast
import csv
import time
from pathlib import Path

import pytest
import shapely
from ruamel.yaml import YAML

from truceline.base.errors import CaseError
from truceline.simulate import Scenario, Simulated, read_scenario, simulate, write_case
from truceline.simulate.scenario import ADVANCE
from truceline.workflow.case import open_case

SMALL = {"front_length_km": 60, "baseline_days": 8, "truce_days": 3}


def folder_bytes(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}  # fmt: skip


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


@pytest.fixture(scope="module")
def demo() -> Simulated:
    return simulate(Scenario(), seed=Scenario().seed)


@pytest.fixture(scope="module")
def demo_folder(demo: Simulated, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(demo, tmp_path_factory.mktemp("demo"))


def test_same_seed_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    scenario = Scenario(**SMALL)
    first = folder_bytes(write_case(simulate(scenario, seed=5), tmp_path / "a"))
    again = folder_bytes(write_case(simulate(scenario, seed=5), tmp_path / "b"))
    other = folder_bytes(write_case(simulate(scenario, seed=6), tmp_path / "c"))
    assert first == again
    assert first["data/acoustic.csv"] != other["data/acoustic.csv"]


def test_exchanging_the_parties_exchanges_the_case_and_nothing_else(tmp_path: Path) -> None:
    scenario = Scenario(**SMALL)
    west, east = scenario.parties
    exchanged = Scenario(
        **SMALL,
        parties=[
            west.model_copy(update={"id": east.id, "name": east.name}),
            east.model_copy(update={"id": west.id, "name": west.name}),
        ],
    )
    one = folder_bytes(write_case(simulate(scenario, seed=5), tmp_path / "a"))
    two = folder_bytes(write_case(simulate(exchanged, seed=5), tmp_path / "b"))

    def swap(content: bytes) -> bytes:
        pairs = [(west.id, east.id), (west.name, east.name)]
        for a, b in pairs:
            content = (
                content.replace(a.encode(), b"\0").replace(b.encode(), a.encode()).replace(b"\0", b.encode())
            )
        return content

    def unwrapped(name: str, content: bytes) -> object:
        # a name of another length may fold a long YAML line elsewhere
        return YAML(typ="safe").load(content) if name.endswith(".yaml") else content

    assert {name: unwrapped(name, swap(content)) for name, content in two.items()} == {
        name: unwrapped(name, content) for name, content in one.items()
    }


def test_the_case_is_sound_and_its_sources_are_there(demo_folder: Path) -> None:
    case = open_case(demo_folder)
    assert case.file.invented
    for source in case.file.sources:
        assert source.root == "case"
        for pattern in source.files:
            assert list(demo_folder.glob(pattern)), pattern


def test_no_source_of_the_case_reaches_the_truth(demo_folder: Path) -> None:
    case = open_case(demo_folder)
    reached = {
        path.relative_to(demo_folder).parts[0]
        for source in case.file.sources
        for pattern in source.files
        for path in demo_folder.glob(pattern)
    }
    assert reached == {"data"}
    hidden = {row["truth_id"] for row in rows_of(demo_folder / "truth/incidents.csv")}
    for path in (demo_folder / "data").glob("*.csv"):
        words = set(path.read_text().replace("\n", ",").split(","))
        assert not words & hidden, path.name


def test_every_record_is_linked_to_its_act_or_to_nothing(demo: Simulated, demo_folder: Path) -> None:
    acts = {row["truth_id"]: row for row in rows_of(demo_folder / "truth/incidents.csv")}
    assert len(acts) == len(demo.acts)
    links = rows_of(demo_folder / "truth/links.csv")
    for name in ("acoustic", "patrols", "thermal", "reports_west", "reports_east"):
        rows = rows_of(demo_folder / f"data/{name}.csv")
        mine = [link for link in links if link["file"] == f"data/{name}.csv"]
        assert [int(link["row"]) for link in mine] == list(range(2, len(rows) + 2))
    assert all(link["truth_id"] in acts for link in links if link["truth_id"])
    assert any(not link["truth_id"] for link in links)


def test_what_is_planted_is_there(demo: Simulated) -> None:
    scenario = demo.scenario
    rate: dict[tuple[int, str, bool], float] = {}
    for act in demo.acts:
        if act.act != ADVANCE:
            truce = act.time_h >= scenario.truce_start_h
            days = scenario.truce_days if truce else scenario.baseline_days
            rate[act.side, act.sector, truce] = rate.get((act.side, act.sector, truce), 0.0) + 1 / days
    assert 0.2 < rate[1, "south", True] / rate[1, "south", False] < 0.45
    assert rate.get((0, "north", True), 0.0) / rate[0, "north", False] < 0.1
    assert any(act.answer for act in demo.acts)
    assert any(watch.reason == "outage" for watch in demo.acoustic.watches)
    assert sum(watch.reason == "movement_restriction" for watch in demo.patrols.watches) >= 1
    assert any(d.fire_direction_deg is not None for d in demo.acoustic.detections)
    assert any(d.fire_direction_deg is None for d in demo.acoustic.detections)
    last = [shape for _, shape in demo.stale_map][-scenario.truce_days :]
    assert all(shape.equals(last[0]) for shape in last)
    assert not demo.regular_map[0][1].equals(demo.regular_map[-1][1])


def test_one_total_equals_its_parts_and_the_other_does_not(demo: Simulated) -> None:
    by_id = {row["claim_id"]: row for row in demo.claims}
    parts = {
        total: sum(row["count"] for row in demo.claims if row.get("part_of") == total)
        for total in ("west-total", "east-total")
    }
    assert by_id["west-total"]["count"] == parts["west-total"]
    assert by_id["east-total"]["count"] != parts["east-total"]


def test_the_land_is_one_sound_shape_that_holds_the_front(demo: Simulated) -> None:
    land = demo.ground.land
    assert land.is_valid
    assert land.geom_type == "Polygon"
    assert all(land.contains(shapely.Point(x, y)) for _, x, y in demo.ground.places)
    assert all(shape.is_valid and shape.geom_type == "Polygon" for _, shape in demo.regular_map)


def test_patrols_look_by_day_alone(demo: Simulated) -> None:
    looks = {watch.look_id: watch.until_h for watch in demo.patrols.watches}
    assert looks
    assert all(7 <= (until - 1) % 24 <= 17 for until in looks.values())


def test_the_whole_takes_seconds(tmp_path: Path) -> None:
    started = time.perf_counter()
    write_case(simulate(Scenario(), seed=1), tmp_path)
    # measured 1 s
    assert time.perf_counter() - started < 8


def test_the_scenario_of_the_demo_is_read_and_faults_are_located(project_root: Path, tmp_path: Path) -> None:
    scenario = read_scenario(project_root / "cases/demo/scenario.yaml")
    assert scenario.truce_days == 10
    wrong = tmp_path / "scenario.yaml"
    wrong.write_text("scenario: 1\ntruce_days: none\nfront_km: 3\n")
    with pytest.raises(CaseError) as caught:
        read_scenario(wrong)
    assert {problem.row for problem in caught.value.problems} == {2, 3}


def test_the_simulator_imports_base_and_schema_alone(project_root: Path) -> None:
    for path in sorted((project_root / "src/truceline/simulate").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                if name.startswith("truceline."):
                    assert name.split(".")[1] in ("base", "schema", "simulate"), f"{path.name}: {name}"
