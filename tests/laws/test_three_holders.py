"""Laws of a map on which three parties hold ground: each by its own, whatever their order and names; and of old maps."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import shapely
from fixtures_small_case import CASE, MAP, TRUCE
from ruamel.yaml import YAML

from truceline.base.geodesy import LocalFrame
from truceline.base.intervals import Interval
from truceline.layers import palette
from truceline.layers.map import MapInput, MapLine, render_map_html, render_map_svg
from truceline.line.build import build_holders
from truceline.line.uncertainty import DRIFT_M_PER_DAY, old_map
from truceline.schema import CONTROL
from truceline.workflow.fuse import FuseOutcome, fuse
from truceline.workflow.verify import verify

GROUND = {"north": (14.0, 45.2, 16.4, 46.4), "west": (14.0, 44.0, 15.2, 45.2), "east": (15.2, 44.0, 16.4, 45.2)}  # fmt: skip
#: where it landed, the way it flew, from whose ground onto whose
IMPACTS = [
    (15.24, 44.6, 90, "west", "east"),
    (15.16, 44.6, 270, "east", "west"),
    (14.6, 45.17, 180, "north", "west"),
    (15.8, 45.17, 180, "north", "east"),
    (14.6, 45.23, 0, "west", "north"),
    (15.8, 45.23, 0, "east", "north"),
]
DAY = "2031-05-01T00:00:00Z"


def write(folder: Path, *, drawn: tuple[str, ...], day: str = DAY, call: Any = str) -> None:
    """Records, what was watched, and a map on which ``drawn`` hold ground under the names that ``call`` gives."""
    features = [
        {"type": "Feature", "properties": {"holder_party_id": call(party), "map_time": day}, "geometry": shapely.geometry.mapping(shapely.box(*GROUND[party]))}
        for party in drawn
    ]  # fmt: skip
    (folder / "held.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    rows = ["observation_id,source_id,sensor_id,occurred_from,longitude_deg,latitude_deg,position_sd_m,act,fire_direction_deg"]  # fmt: skip
    for k, (x, y, bearing, _, _) in enumerate(IMPACTS):
        rows += [f"o{k}{mast},ears,{mast},2031-05-0{1 + k % 2}T{k + 3:02d}:00:0{second}Z,{x},{y},200,shelling,{bearing}" for second, mast in enumerate("ab")]  # fmt: skip
    (folder / "o.csv").write_text("\n".join(rows) + "\n")
    watch = ["source_id,sensor_id,longitude_deg,latitude_deg,radius_m,window_start,window_stop,act,available_share,detection_p_a,detection_p_b,detection_p_basis,clutter_per_day"]  # fmt: skip
    watch += [f"ears,{mast},15.2,45,90000,{DAY},2031-05-03T00:00:00Z,shelling,1,24,16,measured,0.3" for mast in "ab"]  # fmt: skip
    (folder / "watch.csv").write_text("\n".join(watch) + "\n")


def fused(folder: Path, *, drawn: tuple[str, ...], parties: tuple[str, ...], day: str = DAY, call: Any = str) -> FuseOutcome:  # fmt: skip
    write(folder, drawn=drawn, day=day, call=call)
    return fuse(
        observations=folder / "o.csv", coverage=folder / "watch.csv", control=folder / "held.geojson",
        parties=tuple(map(call, parties)), out=folder / "out",
    )  # fmt: skip


def incidents_of(outcome: FuseOutcome) -> list[dict[str, Any]]:
    return sorted(pq.read_table(outcome.incidents).to_pylist(), key=lambda row: row["observation_ids"][0])


@pytest.mark.parametrize("parties", [*itertools.permutations(GROUND)])
def test_each_of_three_holders_is_told_by_its_own_ground(parties: tuple[str, ...], tmp_path: Path) -> None:
    found = incidents_of(fused(tmp_path, drawn=parties[::-1], parties=parties))
    assert [row["attributed_party_id"] for row in found] == [impact[3] for impact in IMPACTS]
    for row, (x, y, _, _, onto) in zip(found, IMPACTS, strict=True):
        away_m = min(abs(y - 45.2) * 111_130, abs(x - 15.2) * 79_400 if y < 45.2 else np.inf)
        assert abs(row["line_distance_m"]) == pytest.approx(away_m, rel=0.01)
        assert (row["line_distance_m"] > 0) == (onto == parties[0])


@pytest.mark.parametrize("unmapped", GROUND)
def test_of_three_parties_one_may_hold_what_the_map_leaves_to_it(unmapped: str, tmp_path: Path) -> None:
    drawn = tuple(party for party in GROUND if party != unmapped)
    found = incidents_of(fused(tmp_path, drawn=drawn, parties=tuple(GROUND)))
    for row, (_, _, _, by, onto) in zip(found, IMPACTS, strict=True):
        # how far off the unmapped ground is behind a line between the others is not known: nobody is named there
        expected = by if unmapped in (by, onto) else None
        assert row["attributed_party_id"] == expected
        assert dict(row["party_p"])[by] > 0.48
        assert dict(row["party_p"])[onto] < 0.01


def test_exchanging_three_parties_exchanges_what_is_said_of_them(tmp_path: Path) -> None:
    parties = tuple(GROUND)
    first = incidents_of(fused(tmp_path, drawn=parties, parties=parties))
    for exchanged in (("west", "east", "north"), ("north", "east", "west")):  # a cycle and a swap make all
        names = dict(zip(parties, exchanged, strict=True))
        turned = incidents_of(fused(tmp_path, drawn=parties, parties=parties, call=names.__getitem__))
        for one, other in zip(first, turned, strict=True):
            assert {names.get(k, k): p for k, p in one["party_p"]} == dict(other["party_p"])
            assert names[one["attributed_party_id"]] == other["attributed_party_id"]
            assert abs(one["line_distance_m"]) == pytest.approx(abs(other["line_distance_m"]))


def test_a_case_of_three_parties_lays_to_each_what_is_its_own(tmp_path: Path) -> None:
    write(tmp_path, drawn=tuple(GROUND), day="2031-04-25T00:00:00Z")
    truce, case = (YAML(typ="safe").load(text) for text in (TRUCE, CASE.replace("OBSERVED", "o.csv") + MAP))
    truce["parties"] = [{"id": party, "name": party.title()} for party in GROUND]
    truce["declarations"] = [{"id": f"by-{party}", "party": party, "speaker": party, "date": "2031-04-20", "wording": "None."} for party in GROUND]  # fmt: skip
    truce["clocks"][0]["declared_by"] = [f"by-{party}" for party in GROUND]
    truce["obligations"][0] |= {"binds": list(GROUND), "clauses": {party: f"by-{party}" for party in GROUND}}
    case["region"] = [13.5, 43.5, 17.0, 47.0]
    case["sources"][0]["id"] = case["sources"][1]["options"]["of_source"] = "ears"
    for name, content in (("truce", truce), ("case", case)):
        (tmp_path / f"{name}.yaml").write_text(json.dumps(content))  # which is YAML
    outcome = verify(tmp_path, data=None, out=tmp_path / "out", pdf=False)
    found = pq.read_table(tmp_path / "out" / "tables" / "incidents.parquet").to_pylist()
    named = {row["observation_ids"][0][:2]: row["attributed_party_id"] for row in found}
    assert named == {f"o{k}": impact[3] for k, impact in enumerate(IMPACTS)}
    limits = json.loads(outcome.findings.read_text())["limits"]
    assert any("the ground of 3 holders" in text and "North alone" in text for text in limits)


# -- the picture -----------------------------------------------------------------------------------
START = datetime(2031, 5, 1, tzinfo=UTC)
WINDOW = Interval(START, START + timedelta(days=2))
FRAME = LocalFrame("three", 15.0, 45.0)


def three(order: tuple[str, ...], *, n_holders: int = 3, day: datetime = START, parties: tuple[str, ...] = tuple(GROUND)) -> MapLine:  # fmt: skip
    rows = [
        {
            "control_id": f"c-{party}", "source_id": "map", "holder_party_id": party, "map_time": day, "describes_until": day,
            "status": "first", "geometry": shapely.to_wkb(shapely.box(*GROUND[party])), "shape_digest": party, "raw_file": "f",
            "raw_row": 1, "raw_digest": "d",
        }
        for party in order[:n_holders]
    ]  # fmt: skip
    history = build_holders(CONTROL.from_records(rows), source_id="map", title="Map", window=WINDOW, frame=FRAME, tolerances_m=(), party_ids=parties)  # fmt: skip
    return MapLine(history=history)


@pytest.mark.parametrize("order", [*itertools.permutations(GROUND)])
def test_three_holders_have_three_colours_of_one_weight(order: tuple[str, ...]) -> None:
    names = {party: party.title() for party in GROUND}
    data = MapInput(title="Three", region=(13.5, 43.5, 17.0, 47.0), frame=FRAME, window=WINDOW, party_names=names, lines=(three(order),))  # fmt: skip
    drawn = render_map_svg(data)
    for place, name in enumerate(names.values()):
        assert f'fill="{palette.HELD[place]}" fill-opacity="0.8"' in drawn
        assert f"Held by {name}, by Map" in drawn
    assert palette.HELD[3] not in drawn
    moving = render_map_html(data)
    assert all(f"Held by {name}, by Map" in moving for name in names.values())
    # who is drawn first or last changes no picture
    assert drawn == render_map_svg(replace(data, lines=(three(tuple(GROUND)),)))


def test_fills_are_told_apart_and_weigh_the_same() -> None:
    def luminance(colour: str) -> float:
        parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        return float(np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722])  # fmt: skip

    weights = [luminance(colour) for colour in palette.HELD]
    assert max(weights) - min(weights) < 0.02
    assert len(set(palette.HELD)) == len(palette.HELD)


def test_of_two_holders_one_ground_is_what_the_others_is_not() -> None:
    assert three(("north", "west"), n_holders=2, parties=("north", "west")).history.others == ()
    assert {one.snapshots[0].holder_party_id for one in three(tuple(GROUND)).history.others} == {"west", "east"}  # fmt: skip


# -- old maps --------------------------------------------------------------------------------------
def test_an_old_map_is_told_and_is_no_ground_to_blame(tmp_path: Path) -> None:
    parties = tuple(GROUND)
    new, old = (
        fused(tmp_path, drawn=parties, parties=parties, day=day) for day in (DAY, "2020-05-01T00:00:00Z")
    )
    assert not any("redrawn" in note for note in new.notes)
    assert any("4,017 days" in note for note in old.notes)
    assert not any(row["attributed_party_id"] for row in incidents_of(old))


@pytest.mark.parametrize(("days", "told"), [(29, False), (30, True), (4000, True)])
def test_the_older_the_map_the_less_its_line_is_worth(days: int, told: bool) -> None:
    history = three(tuple(GROUND), day=START - timedelta(days=days)).history
    found = old_map(history, at=START)
    assert (found is not None) == told
    if found is not None:
        assert found.age_days == pytest.approx(days)
        assert found.sd_km >= days * DRIFT_M_PER_DAY / 1000
