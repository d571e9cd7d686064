"""What each regime says that it breaks is broken, and the ordinary front breaks nothing."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from scipy.special import chdtrc

from truceline.simulate import Front, play, read_regime, regime_names
from truceline.simulate.regime import Sensing

#: regime → the test below that shows its breaks
SHOWN = {
    "war": ("bursts that are no Poisson process", "sound shadows"),
    "cloud": ("correlated misses",),
    "burning": ("clutter that is no Poisson process",),
    "surge": ("reporting that changes with the truce",),
    "flood": ("reports that do not rest on anything",),
    "falseflag": ("accounts that look independent and are not",),
    "mimicry": ("reports that depend on what sensors detected",),
    "outage": ("drifting detection probability",),
    "evader": ("fire that keeps away from coverage",),
    "wrongp": ("declared probability and clutter that are not true",),  # test_simulate_fronts.py
}


@lru_cache(maxsize=32)
def front(name: str, *, seed: int = 6, sensor: str = "", **changes: Any) -> Front:
    """A front; ``trials`` and ``p`` are of ``sensor``."""
    of_sensor = {key: changes.pop(key) for key in ("trials", "p") if key in changes}
    of_sensor = {key: dict(value) if isinstance(value, tuple) else value for key, value in of_sensor.items()}
    sensors = {"sensors": {sensor: of_sensor}} if sensor else {}
    return play(read_regime(name, **changes, **sensors), seed=seed)


def words(table: pa.Table, name: str) -> np.ndarray:
    return table[name].to_numpy()


def moments(column: pa.ChunkedArray) -> np.ndarray:
    return pc.cast(column, pa.int64()).to_numpy()


def looked_at(front: Front, source: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, pa.Table]:
    """Rows of coverage and events that they could witness, whether they did, and the rows."""
    events = front.truth.incidents
    rows = front.coverage.filter(pc.and_(pc.equal(front.coverage["source_id"], source), pc.greater(front.coverage["available_share"], 0)))  # fmt: skip
    x, y = front.frame.to_plane(events["longitude_deg"].to_numpy(), events["latitude_deg"].to_numpy())
    centre_x, centre_y = front.frame.to_plane(words(rows, "longitude_deg"), words(rows, "latitude_deg"))
    at, act, sector = moments(events["occurred_at"]), words(events, "act"), words(events, "sector")
    low = np.searchsorted(at, moments(rows["window_start"]))
    high = np.searchsorted(at, moments(rows["window_stop"]))
    number = {one: k for k, one in enumerate(events["truth_id"].to_pylist())}
    mine = pc.equal(front.observations["source_id"], source)
    links, observations = front.truth.links.filter(mine), front.observations.filter(mine)
    seen = set(zip(observations["sensor_id"].to_pylist(), observations["look_id"].to_pylist(), (number.get(one, -1) for one in links["truth_id"].to_pylist()), strict=True))  # fmt: skip
    row_of, event_of, hit = [], [], []
    for k, row in enumerate(rows.to_pylist()):
        part = np.arange(low[k], high[k])
        there = sector[part] == row["area_id"] if row["area_id"] else np.hypot(x[part] - centre_x[k], y[part] - centre_y[k]) <= row["radius_m"]  # fmt: skip
        there &= act[part] == row["act"] if row["act"] else True
        part = part[there]
        row_of.append(np.full(len(part), k))
        event_of.append(part)
        hit += [(row["sensor_id"], row["look_id"], one) in seen for one in part.tolist()]
    return np.concatenate(row_of), np.concatenate(event_of), np.array(hit), rows


def test_every_break_that_is_declared_is_shown_here() -> None:
    for name in regime_names():
        assert tuple(read_regime(name).breaks) == SHOWN.get(name, ()), name
    assert {"plain", "quiet"} == set(regime_names()) - set(SHOWN)


# -- fire and sight ----------------------------------------------------------------------------
@pytest.mark.parametrize(("name", "bursts"), [("plain", False), ("war", True)])
def test_barrages_put_scores_of_salvos_into_an_hour_in_war(name: str, bursts: bool) -> None:
    events = front(name, salvos_per_day=1_000, length_km=1_000).truth.incidents
    cell = (events["latitude_deg"].to_numpy() / 0.09).round().astype(np.int64)
    hour = moments(events["occurred_at"]) // 3_600_000_000
    counts = np.unique(np.stack([cell, hour]), axis=1, return_counts=True)[1]
    crowded = counts[counts >= 15].sum() / counts.sum()
    assert (crowded > 0.05) == bursts, crowded


def test_stations_are_deaf_in_their_shadows_in_war() -> None:
    played = front("war", salvos_per_day=1_000, length_km=1_000, sensor="acoustic", trials=1e7)
    row, event, hit, rows = looked_at(played, "acoustic")
    shadow_from = played.truth.facts["shadow_from_deg"]["acoustic"]
    station = np.array([int(one[-3:]) - 1 for one in rows["sensor_id"].to_pylist()])[row]
    events = played.truth.incidents
    x, y = played.frame.to_plane(events["longitude_deg"].to_numpy(), events["latitude_deg"].to_numpy())
    there_x, there_y = played.frame.to_plane(words(rows, "longitude_deg"), words(rows, "latitude_deg"))
    bearing = np.degrees(np.arctan2(x[event] - there_x[row], y[event] - there_y[row]))
    deaf = (bearing - np.array(shadow_from)[station]) % 360 < 360 * 0.15 - 1
    p = (rows["detection_p_a"].to_numpy() / (rows["detection_p_a"].to_numpy() + rows["detection_p_b"].to_numpy()))[row]  # fmt: skip
    assert hit[deaf].mean() < 0.01
    assert hit[~deaf].mean() / p[~deaf].mean() == pytest.approx(1 / 0.85, rel=0.03)
    assert "acoustic" not in front("plain").truth.facts["shadow_from_deg"]


@pytest.mark.parametrize(("name", "together"), [("plain", False), ("cloud", True)])
def test_neighbouring_fires_are_missed_together_under_broken_cloud(name: str, together: bool) -> None:
    p = (("shelling", 0.9), ("rocket_salvo", 0.9))
    played = front(name, salvos_per_day=1_500, length_km=1_000, sensor="satellite", trials=1e7, p=p)
    row, event, hit, rows = looked_at(played, "satellite")
    x, y = played.frame.to_plane(words(played.truth.incidents, "longitude_deg")[event], words(played.truth.incidents, "latitude_deg")[event])  # fmt: skip
    look = np.unique(rows["look_id"].to_pylist(), return_inverse=True)[1][row]
    share = rows["available_share"].to_numpy()[row]
    half_m = 500_000.0
    cell = np.stack([look, ((y + half_m) // 10_000).astype(int), ((x + 60_000) // 10_000).astype(int)])
    order = np.lexsort(cell)
    cell, hit, chance = cell[:, order], hit[order], 0.9 * share[order]
    same = (cell[:, 1:] == cell[:, :-1]).all(axis=0)
    both, expected = (hit[1:] & hit[:-1])[same].sum(), (chance[1:] * chance[:-1])[same].sum()
    assert same.sum() > 500
    if together:
        assert both > 1.3 * expected
    else:
        assert abs(both - expected) < 6 * np.sqrt(expected)


@pytest.mark.parametrize(("name", "drifts"), [("plain", False), ("outage", True)])
def test_sensors_wear_out_unsaid_in_the_outage(name: str, drifts: bool) -> None:
    played = front(name, salvos_per_day=3_000, length_km=500, sensor="acoustic", trials=1e7)
    row, event, hit, rows = looked_at(played, "acoustic")
    p = (rows["detection_p_a"].to_numpy() / (rows["detection_p_a"].to_numpy() + rows["detection_p_b"].to_numpy()))[row]  # fmt: skip
    station = np.unique(rows["sensor_id"].to_pylist(), return_inverse=True)[1][row]
    week = (moments(played.truth.incidents["occurred_at"])[event] // (5 * 86_400_000_000)).astype(np.int64)
    group = np.unique(np.stack([station, week]), axis=1, return_inverse=True)[1].reshape(-1)
    expected, variance, got = (np.bincount(group, weights=each) for each in (p, p * (1 - p), hit))
    many = variance > 5
    chi2 = ((got - expected) ** 2 / variance)[many].sum()
    surprise = chdtrc(many.sum(), chi2)
    assert many.sum() > 20
    assert surprise < 1e-9 if drifts else surprise > 1e-4


@pytest.mark.parametrize(("name", "clustered"), [("plain", False), ("burning", True)])
def test_burning_fields_come_in_clusters_and_bad_days(name: str, clustered: bool) -> None:
    played = front(name)
    rows = played.coverage.filter(pc.equal(played.coverage["source_id"], "satellite"))
    days = (moments(rows["window_stop"]) - moments(rows["window_start"])) / 86_400e6
    each = rows["clutter_per_day"].to_numpy() * days * rows["available_share"].to_numpy()
    looks, look = np.unique(rows["look_id"].to_pylist(), return_inverse=True)
    expected = np.bincount(look, weights=each)
    nothing = pc.and_(pc.equal(played.observations["source_id"], "satellite"), pc.equal(played.truth.links["truth_id"], ""))  # fmt: skip
    seen = played.observations.filter(nothing)["look_id"].to_pylist()
    got = np.bincount(np.searchsorted(looks, seen), minlength=len(looks))
    kept = expected > 3
    ratio = ((got - expected) ** 2 / expected)[kept].mean()
    assert ratio > 4 if clustered else 0.7 < ratio < 1.35
    if clustered:
        assert played.truth.incidents.num_rows == 0


@pytest.mark.parametrize(("name", "hides"), [("plain", False), ("evader", True)])
def test_an_evader_fires_where_fewest_can_see_it(name: str, hides: bool) -> None:
    played = front(name, seed=2)
    start = int(played.truce_start.timestamp() * 1e6)
    events = played.truth.incidents
    at, party = moments(events["occurred_at"]), words(events, "party_id")
    number = {one: k for k, one in enumerate(events["truth_id"].to_pylist())}
    stations = pc.is_in(played.observations["source_id"], pa.array(["acoustic", "camera", "observer"]))
    seen = np.zeros(len(at), np.bool_)
    seen[[number[one] for one in played.truth.links.filter(stations)["truth_id"].to_pylist() if one]] = True
    first, second = ((party == one) & (at >= start) for one in played.parties)
    assert (seen[second].mean() < 0.5 * seen[first].mean()) == hides


def test_sensors_of_the_ordinary_front_miss_independently_of_one_another() -> None:
    sensors = {key: {"trials": 1e7} for key in read_regime("plain").sensors}
    played = play(read_regime("plain", sensors=sensors), seed=12)
    event_of, surprise_of, variance_of = [], [], []
    for source in played.hard_sources:
        row, event, hit, rows = looked_at(played, source)
        a, b, share = (
            rows[name].to_numpy() for name in ("detection_p_a", "detection_p_b", "available_share")
        )
        p = (a / (a + b) * share)[row]
        event_of.append(event)
        surprise_of.append(hit - p)
        variance_of.append(p * (1 - p))
    event = np.concatenate(event_of)
    # Σ over pairs of looks at one event of the product of their surprises
    sums = [np.bincount(event, weights=np.concatenate(one)) for one in (surprise_of, variance_of)]
    squares = [np.bincount(event, weights=np.concatenate(one) ** 2) for one in (surprise_of, variance_of)]
    together, variance = ((total**2 - square).sum() / 2 for total, square in zip(sums, squares, strict=True))
    assert abs(together) < 4 * np.sqrt(variance)


# -- speakers ----------------------------------------------------------------------------------
def first_tellings(front: Front) -> pa.Table:
    """Reports that are nobody's copy, with their links."""
    reports = pc.starts_with(front.observations["source_id"], "reports_")
    table = front.observations.append_column("truth_id", front.truth.links["truth_id"])
    table = table.append_column("fake_id", front.truth.links["fake_id"])
    own = pc.equal(front.truth.links["origin_id"], front.truth.links["observation_id"])
    return table.filter(pc.and_(reports, own))


@pytest.mark.parametrize(("name", "rise"), [("plain", 1.0), ("surge", 2.0)])
def test_reports_double_with_the_truce_in_a_surge_and_nothing_else_changes(name: str, rise: float) -> None:
    played = front(name)
    start = int(played.truce_start.timestamp() * 1e6)
    events = played.truth.incidents
    after_events = (moments(events["occurred_at"]) >= start).mean()
    told = first_tellings(played)
    told = told.filter(pc.not_equal(told["truth_id"], ""))
    number = {one: k for k, one in enumerate(events["truth_id"].to_pylist())}
    at = moments(events["occurred_at"])[[number[one] for one in told["truth_id"].to_pylist()]]
    after = (at >= start).mean()
    ratio = after / (1 - after) / (after_events / (1 - after_events))
    assert ratio == pytest.approx(rise, rel=0.12)
    if name == "surge":
        assert after_events == pytest.approx(1 / 3, abs=0.05)
        sight = played.coverage.filter(pc.equal(played.coverage["source_id"], "satellite"))
        late = moments(sight["window_start"]) >= start
        share = sight["available_share"].to_numpy()
        assert share[late].mean() > share[~late].mean() + 0.25


def test_one_side_files_masses_of_invented_complaints_in_a_flood() -> None:
    played = front("flood")
    invented = first_tellings(played)
    invented = invented.filter(pc.not_equal(invented["fake_id"], ""))
    assert 0.8 < invented.num_rows / played.truth.incidents.num_rows < 1.2
    assert set(words(invented, "speaker_party_id")) == {played.parties[1]}
    assert set(words(invented, "accused_party_id").tolist()) - {None} == {played.parties[0]}
    assert set(words(invented, "truth_id")) == {""}


def test_staged_events_have_several_accounts_and_blame_the_other_party() -> None:
    played = front("falseflag")
    accounts = first_tellings(played)
    accounts = accounts.filter(pc.not_equal(accounts["fake_id"], ""))
    ids, number, counts = np.unique(accounts["fake_id"].to_pylist(), return_inverse=True, return_counts=True)
    assert len(ids) > 150
    assert 3.5 < counts.mean() < 4.5
    texts = np.array(accounts["text"].to_pylist())
    assert np.mean([len(set(texts[number == k])) == counts[k] for k in range(len(ids))]) > 0.9
    blamed = np.array(accounts["accused_party_id"].to_pylist())
    assert all(len(set(blamed[number == k])) == 1 for k in range(len(ids)))
    # some are real fire, on the ground of who fired
    staged = played.truth.incidents.filter(played.truth.incidents["staged"])
    assert 30 < staged.num_rows < 200
    links = played.truth.links
    of_staged = pc.is_in(links["truth_id"], staged["truth_id"].combine_chunks())
    by = dict(zip(staged["truth_id"].to_pylist(), staged["party_id"].to_pylist(), strict=True))
    reports = pc.and_(of_staged, pc.starts_with(links["observation_id"], "reports_"))
    told = played.observations.filter(reports)["accused_party_id"].to_pylist()
    true = [by[one] for one in links.filter(reports)["truth_id"].to_pylist()]
    assert all(accused != party for accused, party in zip(told, true, strict=True))
    sensors = pc.and_(of_staged, pc.invert(pc.starts_with(links["observation_id"], "reports_")))
    assert pc.sum(sensors).as_py() > 10


def test_fakes_are_timed_and_placed_by_detections_in_mimicry() -> None:
    played = front("mimicry")
    fakes = first_tellings(played)
    fakes = fakes.filter(pc.not_equal(fakes["fake_id"], ""))
    hard = played.observations.filter(pc.is_in(played.observations["source_id"], pa.array(played.hard_sources)))  # fmt: skip
    assert fakes.num_rows / hard.num_rows == pytest.approx(0.12, abs=0.02)
    x, y = played.frame.to_plane(words(hard, "longitude_deg"), words(hard, "latitude_deg"))
    at = (moments(hard["occurred_from"]) + moments(hard["occurred_until"])) / 2
    fake_x, fake_y = played.frame.to_plane(words(fakes, "longitude_deg"), words(fakes, "latitude_deg"))
    fake_at = (moments(fakes["occurred_from"]) + moments(fakes["occurred_until"])) / 2
    near = [(np.abs(at - t) < 1.2e9)[np.hypot(x - a, y - b) < 5_000].any() for a, b, t in zip(fake_x, fake_y, fake_at, strict=True)]  # fmt: skip
    assert np.mean(near) > 0.95


def test_every_sensor_of_every_regime_says_what_it_declares() -> None:
    for name in regime_names():
        regime = read_regime(name)
        for sensing in regime.sensors.values():
            assert isinstance(sensing, Sensing)
            assert set(sensing.clutter_per_day) <= set(sensing.p)
