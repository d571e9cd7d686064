"""Laws of fusion: what must not change what, whatever the method."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from truceline.base.geodesy import LocalFrame
from truceline.fusion import associate
from truceline.fusion.engine import fuse_nodes
from truceline.fusion.nodes import make_nodes
from truceline.fusion.shapes import read_outlines
from truceline.fusion.watches import read_watches
from truceline.origins import collapse_copies
from truceline.schema import COVERAGE, INCIDENTS, OBSERVATIONS
from truceline.schema.table import Record, records
from truceline.simulate import Front, play, read_regime

DAY = datetime(2031, 4, 1, tzinfo=UTC)
FRAME = LocalFrame("law", -38.0, 42.0)
ACTS = ("shelling", "small_drone")


def observation(
    name: str, *, x_km: float, y_km: float, hours: float, lasts_h: float, **rest: Any
) -> dict[str, Any]:
    longitude, latitude = FRAME.to_globe([x_km * 1000], [y_km * 1000])
    start = DAY + timedelta(hours=hours)
    return {
        "observation_id": name,
        "source_id": "press",
        "occurred_from": start,
        "occurred_until": start + timedelta(hours=lasts_h),
        "longitude_deg": float(longitude[0]),
        "latitude_deg": float(latitude[0]),
        "position_sd_m": 1000.0,
        "acts": {"shelling": 0.0},
        "raw_file": "case:press.csv",
        "raw_row": 1,
        "raw_digest": "0",
        **rest,
    }


def scene(seed: int, n: int = 60, *, size_km: float = 30.0) -> list[dict[str, Any]]:
    """Sensors, looks and reports of both sides, dense enough to be ambiguous."""
    rng = random.Random(seed)
    rows = []
    for i in range(n):
        kind = rng.choice(["station", "patrol", "west", "east", "press"])
        rest: dict[str, Any] = {"source_id": kind}
        sd_m, lasts_h = 2000.0, rng.choice([1.0, 6.0, 24.0])
        if kind == "station":
            rest["sensor_id"], sd_m, lasts_h = f"station-{rng.randrange(3)}", 600.0, 20 / 3600
        elif kind == "patrol":
            rest["sensor_id"], rest["look_id"], sd_m, lasts_h = (
                "patrols",
                f"look-{rng.randrange(4)}",
                50.0,
                5.0,
            )
        else:
            rest["text"] = f"case {i} of {kind} told in words of its own"
            if kind != "press":
                rest["speaker_party_id"] = kind
                rest["accused_party_id"] = "east" if kind == "west" else "west"
        rest["acts"] = rng.choice([{"shelling": 0.0}, {"small_drone": 0.0}, {}])
        rows.append(
            observation(f"obs-{i:03d}", x_km=rng.uniform(0, size_km), y_km=rng.uniform(0, size_km), hours=rng.uniform(0, 48), lasts_h=lasts_h, position_sd_m=sd_m, **rest)
        )  # fmt: skip
    return rows


def watches() -> Any:
    return COVERAGE.from_records(
        [
            {
                "coverage_id": f"cov-{k}", "source_id": "station", "sensor_id": f"station-{k}",
                "longitude_deg": -37.8, "latitude_deg": 42.1, "radius_m": 60_000.0, "window_start": DAY,
                "window_stop": DAY + timedelta(days=4), "act": "shelling", "available_share": 1.0,
                "detection_p_a": 70.0, "detection_p_b": 12.0, "detection_p_basis": "an exercise",
                "clutter_per_day": 0.5, "reason": "watched", "raw_file": "c", "raw_row": k, "raw_digest": "0",
            }
            for k in range(3)
        ]
    )  # fmt: skip


def fuse(rows: list[dict[str, Any]], **options: Any) -> list[Record]:
    table = collapse_copies(OBSERVATIONS.check(OBSERVATIONS.from_records(rows)))
    settings_ = {
        "frame": FRAME,
        "acts": ACTS,
        "coverage": watches(),
        "mechanism_sources": {"patrol"},
        **options,
    }
    return records(INCIDENTS.check(associate(table, **settings_)))


def without_records(incidents: list[Record]) -> list[Record]:
    return [{key: value for key, value in row.items() if key != "observation_ids"} for row in incidents]


def groups(incidents: list[Record]) -> set[frozenset[str]]:
    return {frozenset(row["observation_ids"]) for row in incidents}


quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(seed=st.integers(0, 10_000))
def test_row_order_is_irrelevant(seed: int) -> None:
    rows = scene(seed)
    assert fuse(random.Random(seed).sample(rows, len(rows))) == fuse(rows)


@quick
@given(seed=st.integers(0, 10_000), which=st.integers(0, 59))
def test_a_copied_report_adds_no_weight(seed: int, which: int) -> None:
    rows = scene(seed)
    copies = [{**rows[which], "observation_id": f"copy-{k:03d}"} for k in range(100)]
    assert without_records(fuse([*rows, *copies])) == without_records(fuse(rows))


@quick
@given(seed=st.integers(0, 10_000))
def test_a_chain_of_jittered_copies_adds_no_incident_and_no_voice(seed: int) -> None:
    rng = random.Random(seed)
    rows = scene(seed, 20)
    told = observation("told-0", x_km=3, y_km=3, hours=5, lasts_h=1, text="one and the same story told again", speaker_party_id="west", logged_at=DAY)  # fmt: skip
    chain = [
        {**told, "observation_id": f"told-{k}", "longitude_deg": told["longitude_deg"] + rng.gauss(0, 0.02), "occurred_from": told["occurred_from"] + timedelta(hours=k), "occurred_until": told["occurred_until"] + timedelta(hours=k), "logged_at": DAY + timedelta(hours=k)}
        for k in range(1, 40)
    ]  # fmt: skip
    assert without_records(fuse([*rows, told, *chain])) == without_records(fuse([*rows, told]))


@quick
@given(seed=st.integers(0, 10_000))
def test_a_look_and_a_sensor_give_an_incident_one_detection_at_most(seed: int) -> None:
    rows = scene(seed, size_km=6.0)
    seen = {row["observation_id"]: row for row in rows}
    for incident in fuse(rows):
        looks = [
            seen[name].get("look_id") for name in incident["observation_ids"] if seen[name].get("look_id")
        ]
        bare = [seen[name]["sensor_id"] for name in incident["observation_ids"] if seen[name].get("sensor_id") and not seen[name].get("look_id")]  # fmt: skip
        assert len(looks) == len(set(looks))
        assert len(bare) == len(set(bare))


@quick
@given(seed=st.integers(0, 10_000))
def test_every_observation_is_in_exactly_one_incident(seed: int) -> None:
    rows = scene(seed)
    used = [name for incident in fuse(rows) for name in incident["observation_ids"]]
    assert sorted(used) == sorted(row["observation_id"] for row in rows)


@quick
@given(seed=st.integers(0, 10_000), days=st.integers(-400, 400), east_deg=st.floats(-20, 20))
def test_moving_everything_in_place_and_time_keeps_the_groups(seed: int, days: int, east_deg: float) -> None:
    rows = scene(seed)
    moved = [
        {**row, "longitude_deg": row["longitude_deg"] + east_deg, "occurred_from": row["occurred_from"] + timedelta(days=days), "occurred_until": row["occurred_until"] + timedelta(days=days)}
        for row in rows
    ]  # fmt: skip
    frame = LocalFrame("moved", -38.0 + east_deg, 42.0)
    assert groups(fuse(moved, frame=frame, coverage=None)) == groups(fuse(rows, coverage=None))


@quick
@given(seed=st.integers(0, 10_000))
def test_exchanging_the_parties_exchanges_nothing_else(seed: int) -> None:
    exchange = {"west": "east", "east": "west"}
    rows = scene(seed)
    other = [
        {**row, **{key: exchange.get(row[key], row[key]) for key in ("speaker_party_id", "accused_party_id") if key in row}}
        for row in rows
    ]  # fmt: skip
    assert groups(fuse(other)) == groups(fuse(rows))
    assert [row["occurrence"] for row in fuse(other)] == [row["occurrence"] for row in fuse(rows)]


@quick
@given(seed=st.integers(0, 10_000), flood=st.integers(1, 80))
def test_a_flood_of_reports_does_not_raise_the_existence_of_what_sensors_saw(seed: int, flood: int) -> None:
    rows = [row for row in scene(seed) if row["source_id"] == "station"]
    rng = random.Random(seed)
    told = [
        observation(f"flood-{k}", x_km=rng.uniform(0, 30), y_km=rng.uniform(0, 30), hours=rng.uniform(0, 48), lasts_h=24, text=f"story number {k}", speaker_party_id="west")
        for k in range(flood)
    ]  # fmt: skip
    alone = {frozenset(row["observation_ids"]): row["existence_p"] for row in fuse(rows)}
    station = {row["observation_id"] for row in rows}
    for incident in fuse([*rows, *told]):
        sensed = frozenset(incident["observation_ids"]) & station
        if sensed in alone:
            assert incident["existence_p"] == pytest.approx(alone[sensed], abs=1e-9)


def test_existence_needs_a_basis() -> None:
    rows = scene(3)
    assert all(row["existence_p"] is None for row in fuse(rows, coverage=None))
    assert all("no_existence_basis" in row["reason_codes"] for row in fuse(rows, coverage=None))
    based = fuse(rows)
    assert any(row["existence_p"] is not None for row in based)
    # reports alone: too few events to know an honest voice by, but what nobody saw may be doubted
    alone = [row["existence_p"] for row in based if "station" not in row["source_ids"]]
    assert all(p is None or p < 0.5 for p in alone)


@pytest.mark.parametrize("n_sensors", [2, 6, 14, 20, 40])
def test_what_all_sensors_saw_is_one_incident_however_many_they_are(n_sensors: int) -> None:
    sensors = [f"station-{k}" for k in range(n_sensors)]
    rows = [
        observation(f"o{hours}-{name}", x_km=0.05 * k, y_km=0, hours=hours, lasts_h=0.01, source_id="station", sensor_id=name)
        for hours in (5, 40)
        for k, name in enumerate(sensors)
    ]  # fmt: skip
    row = watches().to_pylist()[0]
    coverage = COVERAGE.from_records(
        [
            row | {"coverage_id": name, "sensor_id": name, "detection_p_a": 24.0, "detection_p_b": 16.0}
            for name in sensors
        ]
    )
    found = fuse(rows, coverage=coverage)
    assert [len(one["observation_ids"]) for one in found] == [n_sensors, n_sensors]
    assert all(one["existence_p"] > 0.99 for one in found)


def test_more_clutter_makes_a_lone_detection_less_likely() -> None:
    rows = [observation(f"o{k}", x_km=9.0 * k, y_km=0, hours=6.0 * k, lasts_h=0.01, source_id="station", sensor_id="station-0") for k in range(6)]  # fmt: skip
    few = fuse(rows)
    coverage = watches()
    position = coverage.schema.get_field_index("clutter_per_day")
    many = fuse(
        rows, coverage=coverage.set_column(position, coverage.schema.field(position), [[1.5, 1.5, 1.5]])
    )
    assert len(few) == len(many) == 6
    assert all(a["existence_p"] > b["existence_p"] for a, b in zip(few, many, strict=True))


def test_occurrence_goes_by_who_speaks() -> None:
    place: dict[str, Any] = {"x_km": 1, "y_km": 1, "hours": 3, "lasts_h": 1}
    west = observation(
        "a", **place, source_id="w", speaker_party_id="west", accused_party_id="east", text="w"
    )
    again = observation(
        "b", **place, source_id="w2", speaker_party_id="west", accused_party_id="east", text="x"
    )
    east = observation("c", **place, source_id="e", speaker_party_id="east", text="e")
    press = observation("d", **place, source_id="p", text="p")
    paper = observation("e", **place, source_id="q", text="q")
    heard = observation("f", **place, source_id="s", sensor_id="s1")
    cases = [
        ([west], "alleged", 1),
        ([west, again], "alleged", 1),
        ([press], "reported", 1),
        ([press, paper], "reported", 1),
        ([west, press], "reported", 1),
        ([west, east], "corroborated", 2),
        ([west, heard], "corroborated", 2),
    ]
    for rows, occurrence, voices in cases:
        (incident,) = fuse(rows, coverage=None)
        assert (incident["occurrence"], incident["n_primary_sources"]) == (occurrence, voices)
    (incident,) = fuse([west, heard], coverage=None, mechanism_sources={"s"})
    assert incident["occurrence"] == "verified"


def test_nothing_is_verified_without_a_mechanism() -> None:
    for seed in range(5):
        assert all(
            row["occurrence"] != "verified" for row in fuse(scene(seed), mechanism_sources=frozenset())
        )


def test_unknown_places_of_one_area_are_not_merged() -> None:
    nowhere: dict[str, Any] = {"longitude_deg": None, "latitude_deg": None, "area_id": "north"}
    rows = [
        observation("a", x_km=0, y_km=0, hours=0, lasts_h=24, text="one") | nowhere,
        observation("b", x_km=0, y_km=0, hours=0, lasts_h=24, text="two") | nowhere,
        observation("c", x_km=0, y_km=0, hours=0, lasts_h=24, text="three", place_name="Sorrelby") | nowhere,
        observation("d", x_km=0, y_km=0, hours=0, lasts_h=24, text="four", place_name="sorrelby") | nowhere,
    ]
    found = fuse(rows)
    assert groups(found) == {frozenset("a"), frozenset("b"), frozenset("cd")}
    assert all(row["longitude_deg"] is None and row["area_id"] == "north" for row in found)


def test_days_that_only_touch_are_not_one_incident() -> None:
    rows = [
        observation(name, x_km=0, y_km=0, hours=24.0 * k, lasts_h=24, text=name)
        for k, name in enumerate("ab")
    ]
    assert len(fuse(rows)) == 2


def test_no_observations_give_no_incidents() -> None:
    assert fuse([]) == []


# -- pitfalls, on simulated fronts ------------------------------------------------------------------
FRONT: dict[str, Any] = {"days": 12, "length_km": 400, "fire": {"salvos_per_day": 60}}


@lru_cache(maxsize=8)
def _played(regime: str, changes: str) -> Front:
    return play(read_regime(regime, **{**FRONT, **json.loads(changes)}), seed=3)


def front(regime: str, **changes: Any) -> Front:
    """A small front; a season of burning fields has no war in it."""
    return _played(regime, json.dumps({**({"fire": {}} if regime == "burning" else {}), **changes}))


def fuse_front(played: Front, **changes: Any) -> pa.Table:
    options = {
        "observations": collapse_copies(played.observations),
        "frame": played.frame,
        "acts": played.acts,
        "coverage": played.coverage,
        "areas": played.areas,
        **changes,
    }
    return associate(options.pop("observations"), **options)


def told_as_real(incidents: pa.Table) -> int:
    return sum(p is None or p >= 0.5 for p in incidents["existence_p"].to_pylist())


def known(incidents: pa.Table) -> dict[frozenset[str], float | None]:
    pairs = zip(incidents["observation_ids"].to_pylist(), incidents["existence_p"].to_pylist(), strict=True)
    return {frozenset(ids): p for ids, p in pairs}


def test_a_report_told_a_hundred_times_moves_no_count_and_no_probability() -> None:
    # pitfall 1
    played = front("plain")
    table = collapse_copies(played.observations)
    before = fuse_front(played, observations=table)
    reports = pc.index_in(pa.array(["reports_east"]), value_set=table["source_id"].combine_chunks())
    row = int(reports[0].as_py())
    again = [{**records(table.slice(row, 1))[0], "observation_id": f"again-{k}"} for k in range(100)]
    after = fuse_front(played, observations=pa.concat_tables([table, OBSERVATIONS.from_records(again)]))
    assert after["existence_p"].to_pylist() == before["existence_p"].to_pylist()
    assert after["n_primary_sources"].to_pylist() == before["n_primary_sources"].to_pylist()


def test_a_season_of_burning_fields_makes_no_war() -> None:
    # pitfall 3
    played = front("burning", length_km=800)
    assert played.truth.incidents.num_rows == 0
    detections = sum(name == "satellite" for name in played.observations["source_id"].to_pylist())
    assert detections > 1_000
    assert told_as_real(fuse_front(played)) <= 0.015 * detections


def test_a_whole_front_of_burning_fields_teaches_no_war() -> None:
    # on some fronts the first guess takes the fields for war, and learning from it would make it sure
    played = play(read_regime("burning"), seed=17)
    assert told_as_real(fuse_front(played)) <= 0.005 * played.observations.num_rows


def test_clouds_that_are_cleared_away_add_no_incident() -> None:
    # pitfall 4: what was not seen because of cloud was missed; had it been clear, it was not there
    played = front("plain")
    coverage = played.coverage
    satellite = pc.equal(coverage["source_id"], "satellite")

    def with_share(share: float) -> pa.Table:
        seen = pc.if_else(
            satellite, pc.multiply(coverage["available_share"], share), coverage["available_share"]
        )
        place = coverage.schema.get_field_index("available_share")
        return coverage.set_column(place, coverage.schema.field(place), seen)

    clear = fuse_front(played)
    cloudy = fuse_front(played, coverage=with_share(0.3))
    sets = {name: {ids: p for ids, p in known(table).items() if p is not None} for name, table in (("clear", clear), ("cloudy", cloudy))}  # fmt: skip
    both = [
        ids for ids in sets["clear"] if ids in sets["cloudy"] and not any("satellite" in one for one in ids)
    ]
    assert len(both) > 300
    # an incident that a satellite did not see is no less likely for its having seen less
    mean = {name: sum(values[ids] for ids in both) / len(both) for name, values in sets.items()}
    assert mean["cloudy"] >= mean["clear"] - 0.02


@pytest.mark.parametrize("regime", ["flood", "mimicry", "falseflag"])
def test_nothing_that_reports_tell_moves_what_is_learned_of_sensors(regime: str) -> None:
    # pitfall 7: no way from a side's word into the intensity
    played = front(regime)
    hard = pc.is_in(played.observations["source_id"], value_set=pa.array(played.hard_sources))
    table = collapse_copies(played.observations)
    with_reports = weights_of(played, table)
    without = weights_of(played, table.filter(hard))
    assert without.keys() <= with_reports.keys()
    assert all(with_reports[name] == pytest.approx(value, abs=1e-6) for name, value in without.items())


def weights_of(played: Front, table: pa.Table) -> dict[str, float]:
    """Log intensity and clutter at each hard node, by its record."""
    nodes = make_nodes(table, frame=played.frame, acts=played.acts, unknown_sd_m=5e3, least_sd_m=10, outlines=read_outlines(played.areas, played.frame))  # fmt: skip
    watches = read_watches(played.coverage, played.frame, read_outlines(played.areas, played.frame))
    fused = fuse_nodes(nodes, watches)
    ids = nodes.ids.take(pa.array(nodes.members.first)).to_pylist()
    odds = fused.parameters.log_intensity - fused.parameters.log_clutter
    return {ids[k]: float(odds[k]) for k in fused.scene.feeds.nonzero()[0].tolist()}


@pytest.mark.parametrize("regime", ["flood", "mimicry"])
def test_invented_reports_hardly_ever_become_incidents(regime: str) -> None:
    # pitfall 7: over several fronts, for on a small one all reports of a manner are believed, or none
    n_fakes = n_believed = 0
    for seed in range(4):
        played = play(read_regime(regime, **FRONT), seed=seed)
        truth = {
            row["observation_id"]: (row["truth_id"], row["fake_id"]) for row in records(played.truth.links)
        }
        believed = set()
        for ids, p in known(fuse_front(played)).items():
            of = [truth[name] for name in ids if name in truth]
            if (p is None or p >= 0.5) and all(fake and not true for true, fake in of):
                believed |= {fake for _, fake in of}
        n_fakes += len({fake for _, fake in truth.values() if fake})
        n_believed += len(believed)
    assert n_fakes > 200
    assert n_believed <= 0.05 * n_fakes


def test_the_parties_names_do_not_matter_to_a_whole_front() -> None:
    # pitfall 10
    played = front("flood")
    exchange = dict(zip(played.parties, reversed(played.parties), strict=True))
    table = collapse_copies(played.observations)
    for name in ("speaker_party_id", "accused_party_id"):
        words = pa.array([exchange.get(word, word) for word in table[name].to_pylist()], type=pa.string())
        place = table.schema.get_field_index(name)
        table = table.set_column(place, table.schema.field(place), words)
    here, there = known(fuse_front(played)), known(fuse_front(played, observations=table))
    assert here.keys() == there.keys()
    assert all(p == there[ids] or p == pytest.approx(there[ids], abs=1e-12) for ids, p in here.items())


def test_clustered_fire_keeps_its_salvos_apart() -> None:
    # pitfall 6: barrages of scores of salvos within an hour
    played = front("war", fire={"salvos_per_day": 300, "barrage_share": 0.3, "barrage_size": 40}, days=3)
    incidents = fuse_front(played)
    sensor = {
        row["observation_id"]: (row["sensor_id"], row["look_id"]) for row in records(played.observations)
    }
    for ids in known(incidents):
        keys = [sensor[name] for name in ids if sensor[name][0] and not sensor[name][1]]
        assert len(keys) == len(set(keys))
    detected = sum(1 for ids in known(incidents) if any(sensor[name][0] for name in ids))
    events = {row["truth_id"] for row in records(played.truth.links) if row["truth_id"] and sensor.get(row["observation_id"], (None,))[0]}  # fmt: skip
    assert detected >= 0.95 * len(events)


def test_bands_and_areas_are_places_too() -> None:
    heard = observation("heard", x_km=6, y_km=0, hours=3, lasts_h=0.01, source_id="station", sensor_id="station-0")  # fmt: skip
    longitude, latitude = FRAME.to_globe([0.0], [0.0])
    band = {
        **observation("band", x_km=0, y_km=0, hours=3, lasts_h=0.01, source_id="patrol", sensor_id="patrols", look_id="look-1"),
        "longitude_deg": None, "latitude_deg": None, "position_sd_m": None,
        "observer_longitude_deg": float(longitude[0]), "observer_latitude_deg": float(latitude[0]),
        "range_min_m": 4_500.0, "range_max_m": 7_500.0, "bearing_min_deg": 80.0, "bearing_max_deg": 100.0,
    }  # fmt: skip
    away = {**band, "observation_id": "away", "look_id": "look-2", "bearing_min_deg": 260.0, "bearing_max_deg": 280.0}  # fmt: skip
    assert groups(fuse([heard, band, away])) == {frozenset({"heard", "band"}), frozenset({"away"})}
    found = {tuple(row["observation_ids"]): row for row in fuse([band])}[("band",)]
    x_m, y_m = FRAME.to_plane([found["longitude_deg"]], [found["latitude_deg"]])
    assert (float(x_m[0]), float(y_m[0])) == pytest.approx((6_000.0, 0.0), abs=100.0)


def test_a_given_partition_is_weighed_and_kept() -> None:
    rows = scene(5)
    table = collapse_copies(OBSERVATIONS.from_records(rows))
    number = [k // 3 for k in range(table.num_rows)]
    found = associate(table, frame=FRAME, acts=ACTS, coverage=watches(), partition=np.array(number))
    names = table["observation_id"].to_pylist()
    want = {frozenset(names[k] for k in range(table.num_rows) if number[k] == g) for g in set(number)}
    assert {frozenset(ids) for ids in found["observation_ids"].to_pylist()} == want


def test_without_any_probability_records_are_grouped_and_nothing_is_said_of_existence() -> None:
    played = front("plain")
    incidents = fuse_front(played, coverage=None)
    assert incidents["existence_p"].null_count == incidents.num_rows
    assert all("no_existence_basis" in reasons for reasons in incidents["reason_codes"].to_pylist())
    assert incidents.num_rows < 0.95 * len(set(collapse_copies(played.observations)["primary_source_id"].to_pylist()))  # fmt: skip


def test_one_sensor_alone_is_weighed_against_its_clutter() -> None:
    played = front("plain")
    table = collapse_copies(played.observations)
    incidents = fuse_front(
        played,
        observations=table.filter(pc.equal(table["source_id"], "acoustic")),
        coverage=played.coverage.filter(pc.equal(played.coverage["source_id"], "acoustic")),
    )
    p = [value for value in incidents["existence_p"].to_pylist() if value is not None]
    assert len(p) == incidents.num_rows
    assert 0.1 < sum(p) / len(p) < 0.95
