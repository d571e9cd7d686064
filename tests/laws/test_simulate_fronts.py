"""Laws of played fronts: same seed, same tables; parties are names; what is declared is what is true."""

from __future__ import annotations

import time
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from scipy.special import betainc, kolmogi

from truceline.base.errors import CaseError
from truceline.schema import AREAS, CLAIMS, CONTROL, COUNTS, COVERAGE, OBSERVATIONS
from truceline.simulate import Front, Regime, play, play_periods, read_regime, regime_names
from truceline.simulate.regime import ACTS

TABLES = {"observations": OBSERVATIONS, "coverage": COVERAGE, "control": CONTROL, "areas": AREAS, "counts": COUNTS, "claims": CLAIMS}  # fmt: skip
SMALL = {"days": 12, "length_km": 250, "salvos_per_day": 60}


@lru_cache(maxsize=32)
def front(name: str, seed: int = 3) -> Front:
    return play(read_regime(name), seed=seed)


def well_known(name: str, *, trials: float = 1e7) -> Regime:
    """A regime whose declared probabilities leave no doubt."""
    regime = read_regime(name)
    sensors = {key: one.model_copy(update={"trials": trials}) for key, one in regime.sensors.items()}
    return regime.model_copy(update={"sensors": sensors})


def words(table: pa.Table, name: str) -> np.ndarray:
    return table[name].to_numpy()


def moments(column: pa.ChunkedArray) -> np.ndarray:
    return pc.cast(column, pa.int64()).to_numpy()


def expected_detections(front: Front) -> dict[str, float]:
    """Σ p · share over the events that each row of coverage says its look could witness."""
    events, coverage = front.truth.incidents, front.coverage
    x, y = front.frame.to_plane(events["longitude_deg"].to_numpy(), events["latitude_deg"].to_numpy())
    at, act, sector = moments(events["occurred_at"]), words(events, "act"), words(events, "sector")
    centre_x, centre_y = front.frame.to_plane(words(coverage, "longitude_deg"), words(coverage, "latitude_deg"))  # fmt: skip
    low = np.searchsorted(at, moments(coverage["window_start"]))
    high = np.searchsorted(at, moments(coverage["window_stop"]))
    expected: dict[str, float] = {}
    for k, row in enumerate(coverage.select(["source_id", "act", "area_id", "radius_m", "available_share", "detection_p_a", "detection_p_b"]).to_pylist()):  # fmt: skip
        part = slice(low[k], high[k])
        if row["area_id"]:
            there = sector[part] == row["area_id"]
        else:
            there = np.hypot(x[part] - centre_x[k], y[part] - centre_y[k]) <= row["radius_m"]
        if row["act"]:
            there &= act[part] == row["act"]
        p = row["detection_p_a"] / (row["detection_p_a"] + row["detection_p_b"])
        expected[row["source_id"]] = expected.get(row["source_id"], 0.0) + there.sum() * p * row["available_share"]  # fmt: skip
    return expected


def detections(front: Front) -> dict[str, tuple[int, int]]:
    """Records of an event and of nothing, by hard source."""
    source, truth = words(front.observations, "source_id"), words(front.truth.links, "truth_id")
    return {name: (int(((source == name) & (truth != "")).sum()), int(((source == name) & (truth == "")).sum())) for name in front.hard_sources}  # fmt: skip


# -- form --------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", regime_names())
def test_every_regime_gives_tables_to_their_schemas(name: str) -> None:
    played = play(read_regime(name, **SMALL), seed=1)
    for table, spec in TABLES.items():
        spec.check(getattr(played, table))
    assert played.observations.num_rows == played.truth.links.num_rows
    assert played.observations["observation_id"].equals(played.truth.links["observation_id"])
    assert played.observations["primary_source_id"].null_count == played.observations.num_rows
    start, stop = (int(moment.timestamp() * 1e6) for moment in (played.start, played.stop))
    assert moments(played.observations["occurred_from"]).min() >= start
    assert moments(played.observations["occurred_until"]).max() <= stop
    assert set(words(played.observations, "source_id")) <= set(played.sources)


def test_the_same_seed_gives_the_same_tables_and_another_seed_others() -> None:
    regime = read_regime("mimicry+falseflag", **SMALL)
    one, again, other = play(regime, seed=7), play(regime, seed=7), play(regime, seed=8)
    for table in TABLES:
        assert getattr(one, table).equals(getattr(again, table))
    assert one.truth.incidents.equals(again.truth.incidents)
    assert one.truth.links.equals(again.truth.links)
    assert one.truth.facts == again.truth.facts
    assert not one.observations.equals(other.observations)


def test_exchanging_the_parties_exchanges_truth_and_records_and_nothing_else() -> None:
    regime = read_regime("flood+falseflag+mimicry", **SMALL)
    west, east = regime.parties
    one, two = play(regime, seed=7), play(regime.model_copy(update={"parties": (east, west)}), seed=7)
    exchange = {west.id: east.id, east.id: west.id, west.name: east.name, east.name: west.name}
    exchange |= {f"{a}, general staff": f"{b}, general staff" for a, b in ((west.name, east.name), (east.name, west.name))}  # fmt: skip

    def exchanged(table: pa.Table) -> pa.Table:
        for name in ("party_id", "speaker_party_id", "accused_party_id", "holder_party_id", "speaker"):
            if name in table.column_names:
                column = pa.array([exchange.get(word, word) for word in table[name].to_pylist()], pa.string())
                at = table.schema.get_field_index(name)
                table = table.set_column(at, table.schema.field(name), column)
        return table

    for table in TABLES:
        assert exchanged(getattr(two, table)).equals(getattr(one, table)), table
    assert exchanged(two.truth.incidents).equals(one.truth.incidents)
    assert two.truth.links.equals(one.truth.links)


def test_a_front_in_pieces_is_the_whole_front() -> None:
    regime = read_regime("outage+falseflag", days=70, length_km=200, salvos_per_day=30)
    whole, pieces = play(regime, seed=2), list(play_periods(regime, seed=2))
    assert len(pieces) == 3
    for table in ("observations", "coverage", "control", "counts", "claims"):
        assert pa.concat_tables([getattr(piece, table) for piece in pieces]).equals(getattr(whole, table)), table  # fmt: skip
    assert pa.concat_tables([piece.truth.links for piece in pieces]).equals(whole.truth.links)
    for table, spec in TABLES.items():
        spec.check(getattr(whole, table))
    assert [piece.start for piece in pieces[1:]] == [piece.stop for piece in pieces[:-1]]
    # looks do not reach across pieces, fire does: the third piece has as much as the second
    counted = [piece.truth.incidents.num_rows / (piece.stop - piece.start).days for piece in pieces]
    assert min(counted) > 10
    assert max(counted) < 90


def test_a_change_of_one_sensor_leaves_the_truth_and_the_others_as_they_were() -> None:
    one = play(read_regime("plain", **SMALL), seed=1)
    two = play(read_regime("plain", **SMALL, sensors={"camera": {"per_1000_km": 40}}), seed=1)
    assert one.truth.incidents.equals(two.truth.incidents)
    satellite = [front.coverage.filter(pc.equal(front.coverage["source_id"], "satellite")) for front in (one, two)]  # fmt: skip
    assert satellite[0].equals(satellite[1])


def test_copies_share_the_origin_of_a_first_telling_that_was_there_before() -> None:
    played = front("plain")
    links = played.truth.links
    ids, origin = words(links, "observation_id"), words(links, "origin_id")
    place = {one: k for k, one in enumerate(ids.tolist())}
    first = np.array([place[one] for one in origin.tolist()])
    assert (origin[first] == ids[first]).all()
    copies = np.flatnonzero(origin != ids)
    logged = moments(played.observations["logged_at"].fill_null(played.start))
    assert len(copies) > 2_000
    assert (logged[copies] > logged[first[copies]]).all()
    for name in ("truth_id", "fake_id"):
        assert (words(links, name)[copies] == words(links, name)[first[copies]]).all()
    hard = np.isin(words(played.observations, "source_id"), played.hard_sources)
    assert (ids[hard] == origin[hard]).all()


def test_no_look_detects_an_event_twice() -> None:
    played = front("war")
    seen = played.truth.links.append_column("look", pc.coalesce(played.observations["look_id"], ""))
    seen = seen.append_column("sensor", pc.coalesce(played.observations["sensor_id"], ""))
    seen = seen.append_column("source", played.observations["source_id"])
    keep = pc.and_(pc.not_equal(seen["truth_id"], ""), pc.is_in(seen["source"], pa.array(played.hard_sources)))  # fmt: skip
    seen = seen.filter(keep)
    groups = seen.group_by(["truth_id", "source", "sensor", "look"]).aggregate([("observation_id", "count")])
    assert pc.max(groups["observation_id_count"]).as_py() == 1


# -- truth -------------------------------------------------------------------------------------
def test_the_ordinary_front_has_the_size_that_it_is_meant_to_have() -> None:
    started = time.perf_counter()
    played = play(read_regime("plain"), seed=11)
    elapsed_s = time.perf_counter() - started
    events = played.truth.incidents.num_rows
    assert 8_000 < events < 10_200
    assert 14_500 < played.observations.num_rows < 20_000
    seen = len(set(words(played.truth.links, "truth_id").tolist()) - {""})
    assert 0.60 < 2 * seen / (events + seen) < 0.71  # of perfect labels
    # measured 0.5 s
    assert elapsed_s < 4


def test_salvos_a_day_are_the_mean_over_the_period_whatever_the_truce() -> None:
    for remaining in (0.0, 0.4, 1.0):
        regime = read_regime(
            "plain", days=30, length_km=250, salvos_per_day=100, truce={"remaining": remaining}
        )
        n = [play(regime, seed=seed).truth.incidents.num_rows / 30 for seed in range(8)]
        assert abs(np.mean(n) - 100) < 4 * max(np.std(n) / np.sqrt(8), 2), remaining


def test_fire_clusters_and_answers_cross_the_line() -> None:
    events = front("plain").truth.incidents
    fire = events.filter(pc.and_(pc.not_equal(events["act"], ACTS[-1]), pc.is_valid(events["party_id"])))
    answers = pc.mean(pc.cast(fire["answer"], pa.float64())).as_py()
    assert 0.15 < answers < 0.25  # 0.25 per act, of which the truce thins some
    # at most a few salvos land on the side that fired them: the first party holds the west
    from_west = pc.equal(fire["party_id"], "heron").to_numpy()
    eastward = fire["longitude_deg"].to_numpy() > fire["from_longitude_deg"].to_numpy()
    assert (from_west == eastward).mean() > 0.97
    hours = moments(fire["occurred_at"]) // 3_600_000_000
    cells = (fire["latitude_deg"].to_numpy() * 10).astype(int) * 1_000_000 + (hours - hours.min())
    counts = np.unique(cells, return_counts=True)[1]
    assert counts.max() >= 6  # at a mean of 0.07 a cell a Poisson process would show three


def test_the_order_is_obeyed_where_and_when_the_facts_say() -> None:
    # without clusters, hot spots that move, bad days and weekends the share is that of the rates
    even = {"answer_mean": 0, "follow_up_mean": 0, "hot_spot_share": 0, "day_shape": 1e6, "weekend_factor": 1}
    played = play(read_regime("plain", length_km=1_000, fire={"salvos_per_day": 2_000, **even}), seed=5)
    orders = played.truth.facts["orders"]
    events = played.truth.incidents
    sector = np.array([int(name[-2:]) - 1 for name in words(events, "sector")])
    truce_us = int(played.truce_start.timestamp() * 1e6)
    day_us = 86_400_000_000
    for side, party in enumerate(played.parties):
        for k in range(4):
            mine = (words(events, "party_id") == party) & (sector == k)
            at = moments(events["occurred_at"])[mine]
            obeys_us = truce_us + orders["delay_s"][side][k] * 1_000_000
            after = (at >= obeys_us).sum() / ((int(played.stop.timestamp() * 1e6) - obeys_us) / day_us)
            before = (at < truce_us).sum() / played.regime.truce_day
            assert after / before == pytest.approx(orders["remaining"][side][k], abs=0.05)


def test_the_line_moves_and_the_second_map_does_not_follow() -> None:
    played = front("plain")
    maps = played.control.to_pylist()
    regular = [row for row in maps if row["source_id"] == "map_regular"]
    stale = [row for row in maps if row["source_id"] == "map_stale"]
    assert sum(row["status"] == "update" for row in regular) > 10
    assert {row["status"] for row in stale[-10:]} == {"repeat"}
    assert {row["holder_party_id"] for row in maps} == {played.parties[0]}
    advances = pc.sum(pc.equal(played.truth.incidents["act"], ACTS[-1])).as_py()
    assert advances > 10


def test_what_staffs_count_is_more_than_there_was() -> None:
    played = front("plain")
    events = played.truth.incidents
    fire = pc.sum(pc.and_(pc.not_equal(events["act"], ACTS[-1]), pc.is_valid(events["party_id"]))).as_py()
    staff = played.counts.filter(pc.starts_with(played.counts["series"], "staff"))
    assert pc.sum(staff["value"]).as_py() / fire == pytest.approx(1.15, abs=0.04)
    totals = {row["claim_id"]: row["value"] for row in played.claims.to_pylist()}
    parts = {name: sum(value for key, value in totals.items() if key.startswith(f"{name}-truce-") and not key.endswith("total")) for name in ("west", "east")}  # fmt: skip
    assert totals["west-truce-total"] == parts["west"]
    assert totals["east-truce-total"] > parts["east"]


# -- what is declared is what is true ----------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "factor"), [("plain", 1.0), ("surge", 1.0), ("cloud", 1.0), ("wrongp", 0.7)]
)
def test_sensors_detect_as_often_as_declared_except_where_the_declaration_is_wrong(name: str, factor: float) -> None:  # fmt: skip
    played = play(well_known(name), seed=4)
    found = detections(played)
    for source, expected in expected_detections(played).items():
        got = found[source][0]
        assert abs(got - factor * expected) < 4.5 * np.sqrt(factor * expected), (source, got, expected)


@pytest.mark.parametrize(("name", "factor"), [("plain", 1.0), ("wrongp", 2.0)])
def test_clutter_comes_as_often_as_declared_except_where_the_declaration_is_wrong(name: str, factor: float) -> None:  # fmt: skip
    played = front(name)
    coverage = played.coverage
    days = (moments(coverage["window_stop"]) - moments(coverage["window_start"])) / 86_400e6
    each = coverage["clutter_per_day"].to_numpy() * days * coverage["available_share"].to_numpy()
    for source, (_, got) in detections(played).items():
        expected = factor * each[words(coverage, "source_id") == source].sum()
        assert abs(got - expected) < 4.5 * np.sqrt(expected), (source, got, expected)


def test_true_probabilities_are_draws_from_what_is_declared() -> None:
    regime = read_regime("plain", days=1, length_km=400, salvos_per_day=0)
    share = []
    for seed in range(40):
        for one in play(regime, seed=seed).truth.facts["detection"]:
            share.append(float(betainc(one["a"], one["b"], one["true_p"])))
    ordered = np.sort(share)
    n = len(ordered)
    distance = np.abs(ordered - (np.arange(n) + 0.5) / n).max() * np.sqrt(n)
    assert n > 500
    assert distance < kolmogi(0.001)


def test_intervals_and_places_hold_the_event_as_often_as_they_claim() -> None:
    played = front("plain")
    links, observations, events = played.truth.links, played.observations, played.truth.incidents
    number = {one: k for k, one in enumerate(events["truth_id"].to_pylist())}
    rows = np.flatnonzero(words(links, "truth_id") != "")
    event = np.array([number[one] for one in words(links, "truth_id")[rows].tolist()])
    at = moments(events["occurred_at"])[event]
    inside = (at >= moments(observations["occurred_from"])[rows]) & (at < moments(observations["occurred_until"])[rows])  # fmt: skip
    hard = np.isin(words(observations, "source_id")[rows], played.hard_sources)
    assert inside[hard].mean() > 0.99
    assert inside[~hard].mean() > 0.8  # copies shift the hour
    point = pc.is_null(observations["range_min_m"]).to_numpy()[rows] & hard
    x, y = played.frame.to_plane(words(observations, "longitude_deg")[rows], words(observations, "latitude_deg")[rows])  # fmt: skip
    true_x, true_y = played.frame.to_plane(events["longitude_deg"].to_numpy()[event], events["latitude_deg"].to_numpy()[event])  # fmt: skip
    z2 = ((x - true_x) ** 2 + (y - true_y) ** 2)[point] / observations["position_sd_m"].to_numpy()[rows][point] ** 2  # fmt: skip
    assert np.median(z2) == pytest.approx(2 * np.log(2), rel=0.06)
    # outlets: mostly near, some anywhere
    told = ~hard & ~np.isnan(x)
    far_km = np.hypot(x - true_x, y - true_y)[told] / 1000
    assert np.median(far_km) < 4
    assert 0.03 < (far_km > 15).mean() < 0.15
    # bands from an observer hold the bearing and the distance
    band = np.flatnonzero(~pc.is_null(observations["range_min_m"]).to_numpy()[rows])
    place_x, place_y = played.frame.to_plane(words(observations, "observer_longitude_deg")[rows][band], words(observations, "observer_latitude_deg")[rows][band])  # fmt: skip
    east, north = true_x[band] - place_x, true_y[band] - place_y
    bearing = np.degrees(np.arctan2(east, north))
    low, high = (words(observations, name)[rows][band] for name in ("bearing_min_deg", "bearing_max_deg"))
    near, far = (words(observations, name)[rows][band] for name in ("range_min_m", "range_max_m"))
    reach = np.hypot(east, north)
    assert ((bearing - low) % 360 <= high - low).mean() > 0.9
    assert ((reach >= near) & (reach <= far)).mean() > 0.9


# -- reading regimes ---------------------------------------------------------------------------
def test_a_mixture_has_what_both_have_and_breaks_what_both_break() -> None:
    cloud, surge, both = read_regime("cloud"), read_regime("surge"), read_regime("cloud+surge")
    assert both.name == "cloud+surge"
    assert set(both.breaks) == {*cloud.breaks, *surge.breaks}
    assert both.truce.remaining == 1
    assert both.sensors["satellite"].patchy
    assert both.sensors["satellite"].away_from_truce == surge.sensors["satellite"].away_from_truce
    assert read_regime("war", days=10, length_km=500, salvos_per_day=300).fire.salvos_per_day == 300


def test_faults_of_a_regime_are_told() -> None:
    with pytest.raises(CaseError) as caught:
        read_regime("storm")
    assert caught.value.problems[0].code == "name_unknown"
    with pytest.raises(CaseError) as caught:
        read_regime("plain+cloud", day=3, fire={"salvos_per_day": -1})
    assert len(caught.value.problems) == 2


def test_some_explosions_are_of_neither_party_and_are_blamed_on_one_all_the_same() -> None:
    played = front("plain")
    events = played.truth.incidents
    neither = events.filter(pc.is_null(events["party_id"]))
    assert 0.01 < neither.num_rows / events.num_rows < 0.03
    assert neither["longitude_deg"].equals(neither["from_longitude_deg"])
    of_neither = pc.is_in(played.truth.links["truth_id"], neither["truth_id"].combine_chunks())
    records = played.observations.filter(of_neither)
    assert records["fire_direction_deg"].null_count == records.num_rows
    told = records.filter(pc.is_valid(records["speaker_party_id"]))
    assert pc.mean(pc.cast(pc.is_valid(told["accused_party_id"]), pa.float64())).as_py() > 0.7


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("plain", {"days": 1, "length_km": 50, "salvos_per_day": 0}),
        ("plain", {"days": 3, "salvos_per_day": 5, "sensors": {key: {"per_1000_km": 0} for key in read_regime("plain").sensors}}),
        ("plain", {"days": 5, "truce": {"from_share": 1}}),
        ("plain", {"days": 5, "truce": {"from_share": 0, "remaining": 0, "delay_mean_h": 0}}),
        ("+".join(name for name in regime_names() if name != "burning"), {"days": 5}),
        ("war+burning", {"days": 5}),
        ("quiet", {"days": 61, "length_km": 6_000}),
    ],
)  # fmt: skip
def test_the_edges_of_a_regime_are_played_too(name: str, changes: dict[str, object]) -> None:
    played = play(read_regime(name, **{"length_km": 60, "salvos_per_day": 20} | changes), seed=0)
    for table, spec in TABLES.items():
        spec.check(getattr(played, table))


def test_a_setting_that_a_sensor_cannot_have_is_told() -> None:
    for wrong in ({"camera": {"patchy": True}}, {"uav": {"shadow_share": 0.1}}, {"seismic": {"p": {}}}):
        with pytest.raises(CaseError):
            read_regime("plain", sensors=wrong)
