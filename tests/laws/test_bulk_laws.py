"""Laws of work by columns: sizes of batches, threads and company of other rows change no bit."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.attribution.model import Evidence, FireModel, hard_loglik
from truceline.base.canonical import canonical_json, short_id, short_ids
from truceline.base.columns import group_rows, number_rows, order_rows
from truceline.base.geodesy import LocalFrame
from truceline.base.intervals import Interval
from truceline.fusion import associate
from truceline.fusion.writing import _rounded
from truceline.layers import crowds
from truceline.layers.crowds import shown_incidents
from truceline.layers.map import MapInput, render_map_svg
from truceline.line import distances
from truceline.line.history import LineHistory, Snapshot
from truceline.line.side import distance_to_line_m, snapshot_at
from truceline.origins.contents import content_texts
from truceline.origins.wording import _bags, _jaccard, _normalised, words_of
from truceline.schema import INCIDENTS, OBSERVATIONS
from truceline.schema.table import records

DAY = datetime(2031, 4, 1, tzinfo=UTC)
FRAME = LocalFrame("bulk", -38.0, 42.0)
ACTS = ("shelling", "small_drone")


# -- fusion: company changes nothing --------------------------------------------------------------
def scene(seed: int, *, east_km: float, prefix: str) -> list[dict[str, Any]]:
    rng = random.Random(seed)
    rows = []
    for k in range(50):
        x_m, y_m = (east_km + rng.uniform(0, 12)) * 1000, rng.uniform(0, 12) * 1000
        longitude, latitude = FRAME.to_globe([x_m], [y_m])
        sensor = rng.choice([None, "station-1", "station-2"])
        start = DAY + timedelta(hours=rng.uniform(0, 20))
        rows.append(
            {
                "observation_id": f"{prefix}{k:03d}", "source_id": "press" if sensor is None else "stations",
                "sensor_id": sensor, "occurred_from": start,
                "occurred_until": start + timedelta(hours=2 if sensor is None else 0.01),
                "longitude_deg": float(longitude[0]), "latitude_deg": float(latitude[0]),
                "position_sd_m": rng.choice([300.0, 900.0, None]), "acts": {rng.choice(ACTS): 0.0},
                "speaker_party_id": rng.choice([None, "west", "east"]) if sensor is None else None,
                "place_name": rng.choice([None, "A", "B"]), "raw_file": "f", "raw_row": k, "raw_digest": "0",
            }
        )  # fmt: skip
    return rows


@pytest.mark.parametrize("seed", range(4))
def test_places_far_apart_are_fused_alike_alone_and_together(seed: int) -> None:
    here, there = scene(seed, east_km=0, prefix="h"), scene(seed + 100, east_km=300, prefix="t")

    def fuse(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        found = records(associate(OBSERVATIONS.from_records(rows), frame=FRAME, acts=ACTS))
        return sorted(found, key=lambda row: str(row["incident_id"]))

    together = fuse([*there, *here])
    assert together == sorted([*fuse(here), *fuse(there)], key=lambda row: str(row["incident_id"]))


# -- attribution ----------------------------------------------------------------------------------
def evidence(n: int) -> Evidence:
    rng = np.random.default_rng(1)
    record = np.repeat(np.arange(n), rng.integers(1, 4, n))
    told = rng.random(len(record)) < 0.6
    way_out = rng.uniform(-1, 1, (len(record), 2))
    way_out[~told] = np.nan
    return Evidence(
        act=rng.integers(0, len(ACTS), n), acts=ACTS, existence_p=rng.random(n),
        outside_m=rng.normal(0, 4000, (n, 2)), place_sd_m=rng.uniform(50, 900, n), line_sd_m=rng.uniform(500, 2000, n),
        record=record, told=told, told_share=rng.uniform(0.1, 0.9, len(record)), way_out=way_out,
    )  # fmt: skip


# an unknown act is taken for what acts usually are: there, company does matter
@pytest.mark.parametrize("step", [1, 7, 64])
def test_what_is_said_of_an_incident_does_not_depend_on_its_company(step: int) -> None:
    whole = evidence(301)
    said = hard_loglik(whole, FireModel())
    for begin in range(0, 301, step):
        rows = np.arange(begin, min(begin + step, 301))
        assert np.array_equal(hard_loglik(whole.at(rows), FireModel()), said[rows])


def history() -> LineHistory:
    rng = np.random.default_rng(2)
    snapshots = []
    for day in range(3):
        north = np.linspace(40, 44, 120)
        east = -38 + 0.2 * np.sin(north * 9) + 0.02 * rng.normal(size=120) + 0.05 * day
        ring = [*zip(east.tolist(), north.tolist(), strict=True), (-45.0, 44.0), (-45.0, 40.0)]
        moment = DAY + timedelta(days=day)
        snapshots.append(
            Snapshot(
                control_id=f"c{day}", holder_party_id="west", map_time=moment, describes_until=moment, status="update",
                geometry=shapely.Polygon(ring, [[(-42, 41), (-41, 41), (-41, 42)]]), area_km2=1.0, gained_km2=None,
                lost_km2=None, raw_file="f", raw_row=day,
            )
        )  # fmt: skip
    return LineHistory(
        source_id="map", title="map", snapshots=tuple(snapshots), lengths=(), stale_from=None, stale_h=None,
        updates_in_window=0,
    )  # fmt: skip


def test_distances_at_many_dates_are_those_of_one_date_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    n = 600
    longitude, latitude = rng.uniform(-47, -30, n), rng.uniform(38, 46, n)
    longitude[:300] = rng.normal(-38, 0.3, 300)
    longitude[7] = np.nan
    at = [DAY + timedelta(days=float(day)) for day in rng.uniform(-1, 4, n)]
    at_us = np.array([round(moment.timestamp() * 1e6) for moment in at], dtype=np.int64)
    maps = [snapshot_at(history(), moment) for moment in at]
    places = zip(maps, longitude, latitude, strict=True)
    expected = np.array([distance_to_line_m(held, *place, frame=FRAME)[0] for held, *place in places])
    assert np.isnan(expected).any()
    assert np.isfinite(expected).any()
    found = distances.line_distances_m(history(), longitude, latitude, at_us=at_us, frame=FRAME)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-6)
    for at_once in (1, 13):
        monkeypatch.setattr(distances, "_AT_ONCE", at_once)
        again = distances.line_distances_m(history(), longitude, latitude, at_us=at_us, frame=FRAME)
        assert np.array_equal(again, found, equal_nan=True)


# -- copies ---------------------------------------------------------------------------------------
@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=12))
def test_wordings_taken_apart_together_are_those_of_each_alone(texts: list[str]) -> None:
    given_texts = [*texts, "See WWW.example.org/a, 3 SHELLS", "a_b  c-d: it's 5 o'clock!", "@you said #this"]
    normal = _normalised(pa.array(given_texts, pa.string()))
    wordings = normal.to_pylist()
    assert wordings == [" ".join(words_of(text)) for text in given_texts]
    bags, _, numerals = _bags(normal)
    assert bags.size.tolist() == [len(set(wording.split())) for wording in wordings]
    named = [tuple(sorted(w for w in x.split() if any(c.isdigit() for c in w))) for x in wordings]
    for i, j in combinations(range(len(wordings)), 2):
        assert (numerals[i] == numerals[j]) == (named[i] == named[j])


@pytest.mark.parametrize("at_once", [1, 3, 50])
def test_likeness_does_not_depend_on_how_many_are_compared_at_once(at_once: int) -> None:
    wordings = [f"a b c d {k % 5} {k}" for k in range(12)]
    bags, hashes, _ = _bags(pa.array(wordings))
    first, second = (np.array(side) for side in zip(*combinations(range(12), 2), strict=True))
    found = _jaccard(bags, len(hashes), first, second, at_once=at_once)
    for i, j, value in zip(first.tolist(), second.tolist(), found.tolist(), strict=True):
        a, b = set(wordings[i].split()), set(wordings[j].split())
        assert value == len(a & b) / len(a | b)


def test_contents_are_written_as_one_by_one() -> None:
    rows = [*scene(0, east_km=0, prefix="a"), *scene(1, east_km=9, prefix='é"')]
    rows[3]["occurred_from"] += timedelta(microseconds=250)
    table = OBSERVATIONS.from_records(rows)
    columns = [table[name].to_pylist() for name in table.schema.names]
    expected = [canonical_json([str(value) for value in row]) for row in zip(*columns, strict=True)]
    assert content_texts(table).to_pylist() == expected
    parts = (("a", 'é"\n'), ("b",))
    assert short_ids("x", parts) == [short_id("x", *part) for part in parts]


# -- columns --------------------------------------------------------------------------------------
@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([None, 1.5, -0.5]), st.sampled_from("abc"))))
def test_rows_are_ordered_and_numbered_as_by_sorting_all(rows: list[tuple[int, float | None, str]]) -> None:
    table = pa.table(
        {
            "a": pa.array([row[0] for row in rows], pa.int64()),
            "b": pa.array([row[1] for row in rows], pa.float64()),
            "c": pa.array([row[2] for row in rows], pa.string()),
        }
    )
    order = order_rows(table, ["a", "b", "c"], numbers=2)
    by = [(name, "ascending") for name in table.schema.names]
    assert table.take(pa.array(order)).to_pylist() == table.sort_by(by).to_pylist()
    number, n = number_rows([np.array([row[0] for row in rows], dtype=np.int64)])
    assert n == len({row[0] for row in rows})
    assert group_rows(number, n).size.sum() == len(rows)


@given(st.lists(st.floats(-180, 180), max_size=40))
def test_degrees_are_rounded_as_one_by_one(degrees: list[float]) -> None:
    values = [*degrees, *(k * 1e-7 + 5e-8 for k in range(-3, 4))]
    assert _rounded(np.array(values)).tolist() == [round(value, 7) for value in values]


# -- the map --------------------------------------------------------------------------------------
def test_a_crowd_is_counted_in_cells_and_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    rows = [
        {
            "incident_id": f"inc-{k}", "act": "shelling", "occurred_from": DAY + timedelta(hours=float(hour)),
            "occurred_until": DAY + timedelta(hours=float(hour) + 0.1), "longitude_deg": -38 + float(x),
            "latitude_deg": 42 + float(y), "occurrence": "reported", "responsibility": "not_attributed",
            "party_p": {}, "source_ids": ["s"], "observation_ids": ["o"], "n_primary_sources": 0, "reason_codes": [],
        }
        for k, (hour, x, y) in enumerate(zip(rng.uniform(0, 47, 300), rng.normal(0, 0.3, 300), rng.normal(0, 0.3, 300), strict=True))
    ]  # fmt: skip
    window = Interval(DAY, DAY + timedelta(days=2))
    data = MapInput(
        title="t", region=(-40.0, 40.0, -36.0, 44.0), frame=FRAME, window=window,
        incidents=INCIDENTS.from_records(rows),
    )  # fmt: skip
    assert len(shown_incidents(data, [window]).rows) == 300
    monkeypatch.setattr(crowds, "MOST_MARKS", 200)
    monkeypatch.setattr(crowds, "MOST_CELLS", 60)
    shown = shown_incidents(data, [window])
    assert shown.rows == []
    assert shown.count == 300
    assert shown.cells is not None
    assert shown.cells.count.sum() == 300
    assert len(shown.cells.count) <= 60
    picture = render_map_svg(data, font_family="serif")
    assert "too many to be drawn one by one" in " ".join(picture.replace("</text>", " ").split("<")) or (
        "too many" in picture
    )
