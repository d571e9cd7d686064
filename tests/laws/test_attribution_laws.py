"""Laws of attribution: who may be blamed, and when nobody may."""

from __future__ import annotations

import csv
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.attribution import LineView, attribute
from truceline.base.columns import IntArray
from truceline.base.geodesy import FloatArray, LocalFrame
from truceline.fusion import associate
from truceline.line.build import build_history
from truceline.origins import collapse_copies
from truceline.schema import INCIDENTS, OBSERVATIONS
from truceline.schema.table import Record, Table, records
from truceline.simulate import Scenario, simulate, write_case
from truceline.workflow.case import open_case
from truceline.workflow.ingest import ingest

DAY = datetime(2031, 4, 1, tzinfo=UTC)
FRAME = LocalFrame("law", -38.0, 42.0)
PARTIES = ("west", "east")


def straight_line(*, shift_km: float = 0.0, sd_m: float = 500.0, holder: str = "west") -> LineView:
    """A line from south to north, the holder to its west; shifted eastwards."""

    def distance(longitude: FloatArray, latitude: FloatArray, _: IntArray) -> FloatArray:
        x_m, _ = FRAME.to_plane(longitude, latitude)
        return (shift_km * 1000 - x_m) * (1.0 if holder == "west" else -1.0)

    return LineView(
        holder_party_id=holder, distance_m=distance, sd_m=lambda at: np.full(len(at), sd_m, dtype=np.float64)
    )


def impact(name: str, *, x_km: float, direction_deg: float | None, **rest: Any) -> dict[str, Any]:
    longitude, latitude = FRAME.to_globe([x_km * 1000], [0.0])
    number = int(name.split("-")[1])
    return {
        "observation_id": name,
        "source_id": "stations",
        "sensor_id": "station-1",
        "occurred_from": DAY + timedelta(hours=number),
        "occurred_until": DAY + timedelta(hours=number, seconds=20),
        "longitude_deg": float(longitude[0]),
        "latitude_deg": float(latitude[0]),
        "position_sd_m": 300.0,
        "acts": {"shelling": 0.0},
        "fire_direction_deg": direction_deg,
        "raw_file": "case:s.csv",
        "raw_row": 1,
        "raw_digest": "0",
        **rest,
    }


def judge(rows: list[dict[str, Any]], **options: Any) -> list[Record]:
    table: Table = OBSERVATIONS.check(OBSERVATIONS.from_records(rows))
    incidents = associate(table, frame=FRAME, acts=("shelling", "small_drone", "advance"))
    settings_: dict[str, Any] = {
        "parties": PARTIES, "line": straight_line(), "attributable_sources": {"stations"}, **options,
    }  # fmt: skip
    return records(INCIDENTS.check(attribute(incidents, table, **settings_)))


EAST_FIRES_WEST = impact("i-0", x_km=-3.0, direction_deg=270.0)
WEST_FIRES_EAST = impact("i-1", x_km=3.0, direction_deg=90.0)


def test_fire_seen_across_the_line_is_attributed() -> None:
    first, second = judge([EAST_FIRES_WEST, WEST_FIRES_EAST])
    assert (first["responsibility"], first["attributed_party_id"]) == ("attributed", "east")
    assert (second["responsibility"], second["attributed_party_id"]) == ("attributed", "west")
    assert "incident_attributed" in first["reason_codes"]
    assert first["likelihood_ratio"] > 50
    assert sum(first["party_p"].values()) == pytest.approx(1.0)
    assert first["line_distance_m"] == pytest.approx(3000, abs=30)


@settings(max_examples=60, deadline=None)
@given(
    x_km=st.floats(-15, 15),
    direction=st.one_of(st.none(), st.floats(0, 359)),
    shift_km=st.floats(-5, 5),
    sd_m=st.floats(100, 5000),
)
def test_exchanging_the_parties_exchanges_the_probabilities_to_the_last_bit(
    x_km: float, direction: float | None, shift_km: float, sd_m: float
) -> None:
    rows = [impact("i-0", x_km=x_km, direction_deg=direction)]
    (one,) = judge(rows, line=straight_line(shift_km=shift_km, sd_m=sd_m))
    exchanged = straight_line(shift_km=shift_km, sd_m=sd_m)
    renamed = LineView(holder_party_id="east", distance_m=exchanged.distance_m, sd_m=exchanged.sd_m)
    (other,) = judge(rows, line=renamed, parties=("east", "west"))
    exchange = {"west": "east", "east": "west", "other": "other"}
    assert {exchange[key]: value for key, value in other["party_p"].items()} == one["party_p"]
    assert other["likelihood_ratio"] == one["likelihood_ratio"]
    assert other["responsibility"] == one["responsibility"]
    # naming the parties in the other order changes nothing either
    (listed,) = judge(rows, line=straight_line(shift_km=shift_km, sd_m=sd_m), parties=("east", "west"))
    assert listed["party_p"] == one["party_p"]
    assert listed["attributed_party_id"] == one["attributed_party_id"]


@settings(max_examples=120, deadline=None)
@given(
    depth_km=st.floats(0.3, 9),
    slant_deg=st.floats(-40, 40),
    shift_km=st.floats(-5, 5),
    sd_m=st.floats(200, 3000),
    eastwards=st.booleans(),
)
def test_a_shifted_line_never_turns_the_blame_round(
    depth_km: float, slant_deg: float, shift_km: float, sd_m: float, eastwards: bool
) -> None:
    x_km = depth_km if eastwards else -depth_km
    direction = ((90 if eastwards else 270) + slant_deg) % 360
    (incident,) = judge(
        [impact("i-0", x_km=x_km, direction_deg=direction)], line=straight_line(shift_km=shift_km, sd_m=sd_m)
    )
    assert incident["attributed_party_id"] in (None, "west" if eastwards else "east")


@pytest.mark.parametrize("direction", [90.0, 270.0])
def test_shifting_the_line_moves_attribution_towards_cannot(direction: float) -> None:
    rng = random.Random(7)
    sign = 1 if direction == 90.0 else -1
    rows = [
        impact(f"i-{k}", x_km=sign * (0.3 + rng.gammavariate(2.0, 1.6)), direction_deg=direction)
        for k in range(200)
    ]
    decided = {
        shift: sum(
            row["responsibility"] == "attributed" for row in judge(rows, line=straight_line(shift_km=shift))
        )
        for shift in (-5, -3, 0, 3, 5)
    }
    assert decided[0] > 150
    assert min(decided[3], decided[-3]) < decided[0] / 1.5
    assert min(decided[5], decided[-5]) < min(decided[3], decided[-3])


def test_a_line_known_worse_decides_less() -> None:
    rows = [impact(f"i-{k}", x_km=0.4 * (k + 1), direction_deg=90.0) for k in range(15)]
    judged = [judge(rows, line=straight_line(sd_m=sd_m)) for sd_m in (200.0, 1000.0, 3000.0, 10_000.0)]
    decided = [sum(row["responsibility"] == "attributed" for row in one) for one in judged]
    assert decided == sorted(decided, reverse=True)
    assert decided[0] > 10
    assert decided[-1] == 0


@settings(max_examples=40, deadline=None)
@given(x_km=st.floats(-30, 30), sd_m=st.floats(10, 3000))
def test_side_of_the_line_alone_attributes_nothing(x_km: float, sd_m: float) -> None:
    (incident,) = judge([impact("i-0", x_km=x_km, direction_deg=None)], line=straight_line(sd_m=sd_m))
    assert incident["responsibility"] == "not_attributed"
    assert max(incident["party_p"].values()) < 0.999
    assert "not_attributable" in incident["reason_codes"]


def test_reports_and_accusations_weigh_nothing() -> None:
    told = [
        impact(
            f"i-{k}",
            x_km=-3.0,
            direction_deg=270.0,
            source_id="press",
            sensor_id=None,
            accused_party_id=accused,
        )
        for k, accused in enumerate(["east", "west", None])
    ]
    for incident in judge(told):
        assert incident["responsibility"] == "not_attributed"
        assert incident["party_p"] == {}
        assert incident["likelihood_ratio"] is None
    for accused in ("east", "west", None):
        (plain,) = judge([{**EAST_FIRES_WEST, "accused_party_id": accused}])
        assert plain["party_p"] == judge([EAST_FIRES_WEST])[0]["party_p"]


def test_no_line_and_no_point_mean_no_basis() -> None:
    nowhere = {**EAST_FIRES_WEST, "longitude_deg": None, "latitude_deg": None, "area_id": "north"}
    for incident in [
        *judge([EAST_FIRES_WEST], line=None),
        *judge([EAST_FIRES_WEST], parties=("west",)),
        *judge([EAST_FIRES_WEST], parties=("north", "south")),
        *judge([EAST_FIRES_WEST], attributable_sources=set()),
        *judge([nowhere]),
    ]:
        assert incident["responsibility"] == "not_attributed"
        assert incident["party_p"] == {}


def test_of_three_parties_those_that_share_unmapped_ground_are_not_told_apart() -> None:
    rows = [EAST_FIRES_WEST, WEST_FIRES_EAST]
    for parties in (("west", "east", "north"), ("north", "west", "east")):
        first, second = judge(rows, parties=parties)
        assert first["party_p"]["east"] == first["party_p"]["north"]
        assert first["responsibility"] == "not_attributed"
        assert (second["responsibility"], second["attributed_party_id"]) == ("attributed", "west")
        assert list(first["party_p"]) == [*parties, "other"]
        assert first["party_p"] == judge(rows)[0]["party_p"] or first["party_p"]["west"] < 0.05


def strip(holder: str, low_km: float, high_km: float) -> LineView:
    """Ground between two lines from south to north."""

    def distance(longitude: FloatArray, latitude: FloatArray, _: IntArray) -> FloatArray:
        x_m, _ = FRAME.to_plane(longitude, latitude)
        return np.minimum(x_m - low_km * 1000, high_km * 1000 - x_m)

    return LineView(holder_party_id=holder, distance_m=distance, sd_m=lambda at: np.full(len(at), 300.0))


def test_a_map_of_several_holders_tells_several_parties_apart() -> None:
    lines = [strip("west", -500, -5), strip("middle", -5, 5), strip("east", 5, 500)]
    rows = [
        impact("i-0", x_km=2.5, direction_deg=270.0),  # from the east onto the middle
        impact("i-1", x_km=-2.5, direction_deg=90.0),  # from the west onto the middle
        impact("i-2", x_km=8.0, direction_deg=90.0),  # from the middle onto the east
    ]
    for parties in (("west", "middle", "east"), ("east", "west", "middle")):
        judged = judge(rows, line=lines[::-1], parties=parties)
        best = [max(parties, key=row["party_p"].__getitem__) for row in judged]
        assert best == ["east", "west", "middle"]
        assert all(row["attributed_party_id"] in (None, name) for row, name in zip(judged, best, strict=True))
        assert [row["party_p"] for row in judged] == [row["party_p"] for row in judge(rows, line=lines, parties=("middle", "east", "west"))]  # fmt: skip


def test_only_acts_that_land_across_the_line_are_attributed() -> None:
    (incident,) = judge([{**EAST_FIRES_WEST, "acts": {"advance": 0.0}}])
    assert incident["party_p"] == {}
    assert incident["responsibility"] == "not_attributed"


def test_what_may_not_have_happened_is_attributed_to_nobody() -> None:
    table = OBSERVATIONS.from_records([EAST_FIRES_WEST])
    incidents = associate(table, frame=FRAME)
    position = incidents.schema.get_field_index("occurrence")
    doubtful = incidents.set_column(position, incidents.schema.field(position), [["inconclusive"]])
    (row,) = records(attribute(doubtful, table, parties=PARTIES, line=straight_line(), attributable_sources={"stations"}))  # fmt: skip
    assert row["responsibility"] == "not_attributed"


def test_directions_that_contradict_say_nothing() -> None:
    rows = [EAST_FIRES_WEST, {**EAST_FIRES_WEST, "observation_id": "i-9", "sensor_id": "station-2", "fire_direction_deg": 95.0}]  # fmt: skip
    (incident,) = judge(rows)
    assert len(incident["observation_ids"]) == 2
    assert incident["responsibility"] == "not_attributed"


def test_no_incidents_stay_none() -> None:
    assert judge([]) == []


def test_on_an_invented_truce_wrong_blame_is_rare_and_clutter_is_not_certain(tmp_path: Path) -> None:
    """The whole way from files to incidents, scored against the hidden truth."""
    folder = write_case(simulate(Scenario(), seed=11), tmp_path)
    case = open_case(folder)
    ingested = ingest(case, data=None)
    forming = [entry for entry in case.file.sources if entry.forms_incidents]
    names = pa.array([entry.id for entry in forming], type=pa.string())
    observations = collapse_copies(ingested.observations)
    observations = observations.filter(pc.is_in(observations["source_id"], value_set=names))
    control = ingested.control.filter(pc.equal(ingested.control["source_id"], "map_regular"))
    line = build_history(control, source_id="map_regular", title="", window=case.truce.span, frame=case.frame, tolerances_m=[500])  # fmt: skip
    incidents = associate(
        observations,
        frame=case.frame,
        coverage=ingested.coverage,
        mechanism_sources={entry.id for entry in forming if entry.mechanism},
    )
    hard = {entry.id for entry in forming if entry.grade == "hard"}
    judged = records(attribute(incidents, observations, parties=case.truce.party_ids, line=line, frame=case.frame, attributable_sources=hard))  # fmt: skip

    who = {row["truth_id"]: row["party_id"] for row in rows_of(folder / "truth/incidents.csv")}
    links = {
        (f"case:{row['file']}", int(row["row"])): row["truth_id"]
        for row in rows_of(folder / "truth/links.csv")
    }
    act_of = {row["observation_id"]: links[row["raw_file"], row["raw_row"]] for row in records(observations)}
    source_of = dict(zip(observations["observation_id"].to_pylist(), observations["source_id"].to_pylist(), strict=True))  # fmt: skip
    blamed = [row for row in judged if row["responsibility"] == "attributed"]
    wrong = 0
    for row in blamed:
        seen = Counter(who.get(act_of[name]) for name in row["observation_ids"] if source_of[name] in hard)
        wrong += seen.most_common(1)[0][0] != row["attributed_party_id"]
    # measured: 7 of 666 on the demo's seed
    assert len(blamed) > 300
    assert wrong / len(blamed) <= 0.03
    certain = [row for row in judged if row["existence_p"] is not None and row["existence_p"] >= 0.9]
    clutter = sum(not any(act_of[name] for name in row["observation_ids"]) for row in certain)
    assert clutter / len(certain) <= 0.1


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
