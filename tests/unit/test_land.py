"""``truceline land`` and ``line-proposal``: what changed hands, and what a line would mean."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.base.geodesy import LocalFrame
from truceline.base.intervals import Interval
from truceline.faces.cli.main import run
from truceline.line.momentum import LEAST_STEPS, Step, rate_phases
from truceline.line.proposal import Settlement, tally_sides

DAY = timedelta(days=1)
START = datetime(2031, 5, 1, tzinfo=UTC)
CASE = """\
case: 1
id: river
title: A river
as_of: 2031-06-20
theatre: theatre
region: [9.5, 4.5, 10.5, 5.5]
areas:
  - {id: theatre, name: The theatre}
  - {id: isle, name: The isle, bbox: [10.3, 4.9, 10.4, 5.0], disputed: true, claimants: [N, S], basis: both claim it}
  - {id: ford, name: The ford, disputed: true, claimants: [N, S], basis: both claim it}
baseline: {start: 2031-05-01T00:00:00Z, stop: 2031-05-10T00:00:00Z}
aftermath_days: 5
release: {edition: public_full, basis: invented}
sources:
  - {id: map, title: A map, adapter: control_polygons, root: case, files: [maps/*.geojson], options: {holder_party: N, date_pattern: '(\\d{4}-\\d{2}-\\d{2})', update_hour_utc: 0}}
"""
TRUCE = """\
truce: 1
id: river
title: A river
instrument: agreement
terms_version: "1"
parties: [{id: N, name: North}, {id: S, name: South}]
clocks: [{id: main, title: main, start: 2031-05-10T00:00:00Z, stop: 2031-05-15T00:00:00Z}]
acts: [{id: fire}]
obligations: [{id: o, act: fire, title: No fire, binds: [N, S], clocks: [main], scopes: [{areas: [theatre]}]}]
"""
PLACES = """\
name,longitude,latitude,population,source
Upton,10.0,5.3,1200,census 2030
Midton,10.0,5.0005,300,census 2030
Lowton,10.0,4.7,,none known
Islet,10.35,4.95,40,census 2030
"""


def line(*places: tuple[float, float]) -> str:
    return json.dumps({"type": "LineString", "coordinates": places})


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A line that creeps south by a hundredth of a degree a day before the truce, and not in it."""
    (tmp_path / "maps").mkdir()
    (tmp_path / "case.yaml").write_text(CASE, encoding="utf-8")
    (tmp_path / "truce.yaml").write_text(TRUCE, encoding="utf-8")
    (tmp_path / "places.csv").write_text(PLACES, encoding="utf-8")
    (tmp_path / "line.geojson").write_text(line((9.0, 5.1), (11.0, 5.1)), encoding="utf-8")
    for n in range(20):
        south = 5.0 + 0.01 * max(0, 9 - n) - 0.001 * max(0, n - 9)
        ring = [[9.5, south], [10.5, south], [10.5, 5.5], [9.5, 5.5], [9.5, south]]
        day = (START + n * DAY).date().isoformat()
        (tmp_path / "maps" / f"{day}.geojson").write_text(
            json.dumps({"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}), encoding="utf-8"
        )  # fmt: skip
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert run([*arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_rates_tell_a_stand_from_a_creep(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "land", str(case))
    rates = {(one["phase"], one["moved"]): one for one in found["rates"]}
    a_day = 110.95 * 1.106  # a degree of longitude at 5° by a hundredth of one of latitude, km²
    before, during = rates["before", "gained"], rates["during", "gained"]
    assert before["rate"] == pytest.approx(a_day, rel=0.02)
    assert during["rate"] == pytest.approx(a_day / 10, rel=0.02)
    # a map that is three days late would put three days of creep into the truce's first ones, or take them out
    assert during["delay_lo"] <= during["rate"] <= during["delay_hi"]
    assert rates["before", "lost"]["rate"] == 0
    assert during["rate_lo95"] is None  # five steps give no interval
    assert before["rate_lo95"] is not None
    assert sum(row["gained_km2"] for row in found["ledger"]) == pytest.approx(10 * a_day, rel=0.02)


def test_the_public_edition_tells_no_ground_of_the_last_days(
    case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = CASE.replace("as_of: 2031-06-20", "as_of: 2031-05-14").replace("public_full", "public")
    (case / "case.yaml").write_text(text, encoding="utf-8")
    found = told(capsys, "land", str(case))
    assert max(row["map_time"] for row in found["ledger"]) < "2031-05-11"
    assert run(["land", str(case), "--edition", "public_full"]) == 2


def test_a_line_is_set_against_the_map_of_a_date(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["line-proposal", str(case), "--line", str(case / "line.geojson"), "--settlements", str(case / "places.csv"), "--left", "N", "--right", "S"]  # fmt: skip
    found = told(capsys, *arguments, "--at", "2031-05-10")
    (one,) = found["maps"]
    tallies = {(t["hand"], t["held"]): t for t in one["tallies"]}
    assert tallies["left", True]["names"] == ["Upton"]
    assert tallies["right", True]["names"] == ["Midton"]
    assert tallies["right", True]["uncertain_settlements"] == 1
    assert tallies["right", True]["area_km2"] == pytest.approx(0.1 * 110.6 * 110.95, rel=0.02)
    assert tallies["right", True]["area_lo_km2"] < tallies["right", True]["area_km2"]
    assert tallies["left", False]["area_km2"] == pytest.approx(0.0, abs=1)
    lowton = tallies["right", False]
    assert (lowton["names"], lowton["population"], lowton["population_unknown"]) == (["Lowton"], 0, 1)
    # what is disputed is nobody's
    assert tallies["isle", False]["names"] == ["Islet"]
    assert any("The ford is disputed and has no shape" in note for note in found["notes"])
    earlier = told(capsys, *arguments, "--at", "2031-05-01")["maps"][0]["tallies"]
    assert {(t["hand"], t["held"]): t for t in earlier}["right", True]["area_km2"] < 200


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        (["--at", "yesterday"], 2, "this is no date"),
        (["--at", "2031-05-10T00:00:00"], 2, "the time has no zone"),
        (["--at", "2031-04-01"], 2, "no map shows anything by that date"),
        (["--left", "W"], 2, "no party has this id"),
    ],
)
def test_a_wrong_call_is_told(
    case: Path, change: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["line-proposal", str(case), "--line", str(case / "line.geojson"), "--at", "2031-05-10", *change]
    assert run(call) == code
    assert says in capsys.readouterr().err


def test_a_line_that_cuts_nothing_and_a_wrong_table_are_told(
    case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["line-proposal", str(case), "--line", str(case / "line.geojson"), "--at", "2031-05-10"]
    (case / "line.geojson").write_text(line((20.0, 5.1), (21.0, 5.1)), encoding="utf-8")
    assert run(call) == 3
    assert "line_unsplit" in capsys.readouterr().err
    (case / "line.geojson").write_text(line((179.0, 5.1), (-179.0, 5.1)), encoding="utf-8")
    assert run(call) == 3
    assert "it crosses the date line" in capsys.readouterr().err
    (case / "line.geojson").write_text(line((9.0, 5.1), (11.0, 5.1)), encoding="utf-8")
    (case / "places.csv").write_text(PLACES.replace("1200", "many").replace("4.7", "94.7"), encoding="utf-8")
    assert run([*call, "--settlements", str(case / "places.csv")]) == 3
    err = capsys.readouterr().err
    assert "2 problems" in err
    assert "row 2, column population" in err
    assert "row 4, column latitude" in err


# ---------------------------------------------------------------- laws

FRAME = LocalFrame("test", 10.0, 5.0)
squares = st.tuples(st.floats(9.6, 10.2), st.floats(4.6, 5.2), st.floats(0.05, 0.3)).map(
    lambda t: shapely.box(t[0], t[1], t[0] + t[2], t[1] + t[2])
)


@settings(max_examples=12, deadline=None)
@given(squares, squares, st.floats(0, 3_000), st.floats(4.7, 5.3))
def test_every_ground_and_settlement_is_told_once(held: Any, isle: Any, error_m: float, cut: float) -> None:
    hands = {"left": shapely.box(9.5, cut, 10.5, 5.5), "right": shapely.box(9.5, 4.5, 10.5, cut)}
    grid = [Settlement(name=f"{x}:{y}", longitude_deg=9.53 + 0.1 * x, latitude_deg=4.53 + 0.1 * y, population=1, source="x") for x in range(10) for y in range(10)]  # fmt: skip
    told = tally_sides(hands, held, grid, frame=FRAME, error_m=error_m, disputed={"isle": isle})
    whole = tally_sides(hands, held, grid, frame=FRAME, error_m=error_m)
    assert sum(t.area_km2 for t in told) == pytest.approx(sum(t.area_km2 for t in whole), rel=1e-4)
    assert sum(t.population for t in told) == 100
    assert all(t.area_lo_km2 <= t.area_km2 <= t.area_hi_km2 for t in told)
    other = tally_sides(
        {"left": hands["right"], "right": hands["left"]}, held, grid, frame=FRAME, error_m=error_m
    )
    swap = {"left": "right", "right": "left"}
    assert {(t.hand, t.held): t.area_km2 for t in whole} == {
        (swap[t.hand], t.held): t.area_km2 for t in other
    }


def steps(gained: list[float]) -> list[Step]:
    return [Step(start=START + n * DAY, stop=START + (n + 1) * DAY, gained_km2=g, lost_km2=0.0) for n, g in enumerate(gained)]  # fmt: skip


def rates(found: list[Step], *, shift: timedelta = timedelta()) -> list[Any]:
    phases = {"before": Interval(START + shift, START + 20 * DAY + shift), "during": Interval(START + 20 * DAY + shift, START + 40 * DAY + shift)}  # fmt: skip
    moved = [Step(start=s.start + shift, stop=s.stop + shift, gained_km2=s.gained_km2, lost_km2=s.lost_km2) for s in found]  # fmt: skip
    return rate_phases(moved, phases, source_id="m", rng=np.random.default_rng(1))


@settings(max_examples=10, deadline=None)
@given(st.lists(st.floats(0, 50), min_size=40, max_size=44), st.integers(-500, 500))
def test_shifting_everything_shifts_no_rate(gained: list[float], days: int) -> None:
    assert rates(steps(gained)) == rates(steps(gained), shift=days * DAY)


def test_an_interval_covers_the_rate_it_is_of() -> None:
    rng = np.random.default_rng(3)
    n, inside = 80, 0
    for _ in range(n):
        gained = rng.gamma(0.5, 12.0, 20).tolist() + [0.0] * 20
        one = rate_phases(steps(gained), {"p": Interval(START, START + 20 * DAY)}, source_id="m", rng=rng, delays_days=(0,))[0]  # fmt: skip
        assert one.rate_lo95 is not None
        assert one.rate_hi95 is not None
        inside += one.rate_lo95 <= 6.0 <= one.rate_hi95
    assert 0.80 <= inside / n <= 0.99  # twenty skewed days: a little under 95 %


def test_too_few_steps_give_no_interval_and_none_give_no_rate() -> None:
    few = rates(steps([1.0] * (LEAST_STEPS - 1)))
    assert few[0].rate == pytest.approx(1.0)
    assert few[0].rate_lo95 is None
    assert few[2].rate is None


def test_a_map_that_is_late_moves_ground_out_of_the_first_days() -> None:
    gained = [0.0] * 20 + [10.0] + [0.0] * 23
    before, _lost, during, *_rest = rates(steps(gained))
    assert (during.rate, during.delay_lo, during.delay_hi) == (pytest.approx(0.5), 0.0, pytest.approx(0.5))
    assert (before.rate, before.delay_hi) == (0.0, pytest.approx(0.5, rel=0.2))
