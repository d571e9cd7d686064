"""Laws of the scores: what must hold for every result and every truth."""

from __future__ import annotations

import ast
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fixtures_scoring import FRAME, PARTIES, World, copied, incidents_of, judge_world, linked, make_world
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from truceline.schema import COVERAGE
from truceline.scoring.baselines import (
    cluster_by_density,
    count_cells,
    dbscan,
    each_telling,
    make_points,
    shift_in_time,
)
from truceline.scoring.blame import brier_of_parties, judge_blame
from truceline.scoring.boosting import from_dict, train
from truceline.scoring.calibration import calibrate, fill_histogram, rank_truth
from truceline.scoring.counts import (
    count_bias,
    crps_of_counts,
    crps_of_draws,
    crps_of_poisson,
    interval_cover,
    interval_score,
)
from truceline.scoring.existence import error_floor, judge_existence
from truceline.scoring.gospa import gospa
from truceline.scoring.ideal import Seen, ideal_parties
from truceline.scoring.identity import Partition, fakes_reported, id_f1, own_fakes, pair_f1, true_partition
from truceline.scoring.meanings import MEANINGS
from truceline.scoring.score import FLAT, judge, score
from truceline.scoring.trained import show_groups
from truceline.scoring.truth import Linked

SEEDS = st.integers(0, 50)


def random_partition(n: int, rng: np.random.Generator) -> Partition:
    number = np.unique(rng.integers(0, max(2, n // 2), n), return_inverse=True)[1].astype(np.int64)
    return Partition(group=number, existence_p=rng.random(int(number.max()) + 1))


# -- identity -----------------------------------------------------------------------------------
@given(SEEDS)
@settings(max_examples=20)
def test_no_partition_scores_above_the_true_labels(seed: int) -> None:
    world = make_world(seed)
    truth = linked(world)
    labels = true_partition(truth)
    rng = np.random.default_rng(seed)
    best = id_f1(labels, truth).f1
    assert pair_f1(labels, truth) <= 1.0
    for _ in range(5):
        other = random_partition(len(truth.event), rng)
        assert id_f1(other, truth).f1 <= best
    seen = len(set(truth.event.tolist()) - {-1})
    assert best == 2 * seen / (seen + truth.n_events)


def test_where_every_event_is_told_of_and_nothing_is_staged_true_labels_score_one() -> None:
    world = make_world(3, n_fakes=0)
    truth = linked(world)
    told = set(truth.event.tolist()) - {-1}
    assert id_f1(true_partition(truth), truth).matched == len(told)
    assert pair_f1(true_partition(truth), truth) == 1.0


@given(SEEDS)
@settings(max_examples=15)
def test_other_numbers_for_groups_change_nothing(seed: int) -> None:
    world = make_world(seed)
    truth = linked(world)
    rng = np.random.default_rng(seed)
    one = random_partition(len(truth.event), rng)
    order = rng.permutation(len(one))
    other = Partition(group=order[one.group], existence_p=one.existence_p[np.argsort(order)])
    assert id_f1(one, truth) == id_f1(other, truth)
    assert pair_f1(one, truth) == pytest.approx(pair_f1(other, truth), abs=1e-12)
    assert fakes_reported(one, truth) == fakes_reported(other, truth)


@given(SEEDS)
@settings(max_examples=15)
def test_the_order_of_rows_changes_nothing(seed: int) -> None:
    world = make_world(seed)
    truth = linked(world)
    rng = np.random.default_rng(seed)
    one = random_partition(len(truth.event), rng)
    judged = judge(world.observations, incidents_of(world, one), world.truth, frame=FRAME)
    order = rng.permutation(world.observations.num_rows)
    turned = judge(
        world.observations.take(order),
        incidents_of(world, one).take(rng.permutation(len(one))),
        world.truth,
        frame=FRAME,
    )
    first, second = score(judged), score(turned)
    for name, value in first.figures.items():
        assert second.figures[name] == (value if value is None else pytest.approx(value, rel=1e-12)), name
    for name in ("counting_cell_day", "dbscan", "every_telling"):
        assert first.baselines[name] == second.baselines[name]


@pytest.mark.parametrize("row", [0, 7, 20])
def test_a_hundred_copies_change_no_score(row: int) -> None:
    world = make_world(5)
    many = copied(world, row, 100)
    few_labels, many_labels = true_partition(linked(world)), true_partition(linked(many))
    few = score(judge_world(world, few_labels))
    lots = score(judge_world(many, many_labels))
    same = set(few.figures) - {"n_records"}
    assert {k: few.figures[k] for k in same} == {k: lots.figures[k] for k in same}
    assert few.baselines == lots.baselines


def test_copies_put_into_a_foreign_incident_win_it_nothing() -> None:
    world = make_world(5)
    truth = linked(world)
    labels = true_partition(truth)
    telling = int(np.flatnonzero(truth.event >= 0)[0])
    many = copied(world, telling, 100)
    # all copies lie with their first telling in the same group
    group = np.concatenate([labels.group, np.full(100, labels.group[telling])])
    assert (
        id_f1(Partition(group=group, existence_p=labels.existence_p), linked(many)).f1
        == id_f1(labels, truth).f1
    )


def test_one_event_told_as_two_incidents_is_matched_once() -> None:
    world = make_world(5)
    truth = linked(world)
    labels = true_partition(truth)
    big = int(np.argmax([len(set(truth.origin[labels.group == g])) for g in range(len(labels))]))
    members = np.flatnonzero(labels.group == big)
    apart = labels.group.copy()
    apart[truth.origin == truth.origin[members[0]]] = len(labels)
    halved = Partition(group=apart, existence_p=np.append(labels.existence_p, labels.existence_p[big]))
    assert id_f1(halved, truth).matched == id_f1(labels, truth).matched
    assert id_f1(halved, truth).reported == id_f1(labels, truth).reported + 1


def test_an_incident_of_doubtful_existence_is_not_reported_and_one_without_any_is() -> None:
    partition = Partition(group=np.arange(3), existence_p=np.array([0.49, 0.5, np.nan]))
    assert partition.reported.tolist() == [False, True, True]


# -- null and baselines -------------------------------------------------------------------------
def test_links_turned_in_time_score_a_right_partition_far_lower() -> None:
    world = make_world(1, n_events=300)
    judged = judge_world(world, true_partition(linked(world)))
    figures = score(judged).figures
    null, pairs = figures["id_f1_null"], score(judged).baselines["time_shifted_null"]["pair_f1"]
    assert null is not None
    assert pairs is not None
    assert null < 0.85 * (figures["id_f1"] or 0)
    assert pairs < 0.2


def test_turning_links_keeps_every_link() -> None:
    world = make_world(2)
    truth = linked(world)
    source = np.zeros(len(truth.event), dtype=np.int64)
    turned = shift_in_time(truth, source, np.arange(len(source), dtype=float), share=0.5)
    assert len(set(turned.event.tolist())) == len(set(truth.event.tolist()))
    for one in set(truth.origin.tolist()):
        assert len(set(turned.event[truth.origin == one].tolist())) == 1


@given(st.integers(0, 1_000), st.integers(1, 4))
@settings(max_examples=25)
def test_density_clusters_are_those_of_the_definition(seed: int, least: int) -> None:
    rng = np.random.default_rng(seed)
    at = rng.uniform(0, 10, (40, 3))
    eps = 1.8
    label = dbscan(at, eps=eps, least_points=least)
    near = np.sqrt(((at[:, None] - at[None]) ** 2).sum(-1)) <= eps
    core = near.sum(1) >= least
    # core points near each other share a cluster; no two clusters have core points near each other
    i, j = np.nonzero(near & core[:, None] & core[None])
    assert (label[i] == label[j]).all()
    for point in np.flatnonzero(~core):
        cores = np.flatnonzero(near[point] & core)
        assert (label[point] == -1) == (len(cores) == 0)
        if len(cores):
            assert label[point] in label[cores]
    reached = {int(label[k]) for k in np.flatnonzero(core)}
    for cluster in reached:  # each is connected through its core points
        own = np.flatnonzero(core & (label == cluster))
        seen, waiting = {int(own[0])}, [int(own[0])]
        while waiting:
            here = waiting.pop()
            for other in own[near[here][own]].tolist():
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
        assert seen == set(own.tolist())


def test_baselines_see_no_copies() -> None:
    world = make_world(4)
    truth, many = linked(world), linked(copied(world, 3, 50))
    points = make_points(world.observations, truth.origin, frame=FRAME)
    more = make_points(copied(world, 3, 50).observations, many.origin, frame=FRAME)
    for method in (each_telling, count_cells, cluster_by_density):
        assert id_f1(method(points), truth) == id_f1(method(more), many)


# -- existence ----------------------------------------------------------------------------------
def test_a_perfect_forecaster_has_no_error_beyond_the_floor_and_a_bold_one_has() -> None:
    rng = np.random.default_rng(0)
    p = rng.beta(1, 1, 20_000)
    came = rng.random(len(p)) < p
    assert judge_existence(p, came).excess < 0.003
    bold = judge_existence(np.clip(1.5 * (p - 0.5) + 0.5, 0, 1), came)
    assert bold.excess > 0.03


def test_the_floor_falls_with_more_forecasts() -> None:
    rng = np.random.default_rng(1)
    floors = [error_floor(rng.random(n)) for n in (100, 1_000, 10_000)]
    assert floors == sorted(floors, reverse=True)


@given(st.integers(0, 100))
@settings(max_examples=15)
def test_calibration_does_not_depend_on_the_order_of_hypotheses(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = np.round(rng.random(200), 1)  # many are equal
    came = rng.random(200) < p
    order = rng.permutation(200)
    one, other = judge_existence(p, came), judge_existence(p[order], came[order])
    assert one.ece == pytest.approx(other.ece, abs=1e-12)
    assert one.floor == pytest.approx(other.floor, abs=1e-12)
    assert one.brier == pytest.approx(other.brier, abs=1e-12)


def test_truth_scores_best_in_brier_and_log_score() -> None:
    came = np.array([True, False, True, True])
    sure = judge_existence(came.astype(float), came, least_p=0.0)
    assert sure.brier == 0.0
    assert sure.log_score == pytest.approx(0.0, abs=1e-9)


def test_hypotheses_below_a_tenth_do_not_count() -> None:
    assert judge_existence(np.array([0.05, 0.5]), np.array([True, True])).n == 1


# -- attribution --------------------------------------------------------------------------------
@given(st.integers(0, 100))
@settings(max_examples=20)
def test_exchanging_the_parties_changes_no_figure_of_attribution(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = rng.dirichlet([1, 1, 0.2], 50)
    truth, named = rng.integers(-1, 3, 50), rng.integers(-1, 2, 50)
    matched, reported = rng.random(50) < 0.7, rng.random(50) < 0.9
    swap = np.array([1, 0, 2, -1])
    one = judge_blame(p, named, truth, matched, reported)
    other = judge_blame(p[:, [1, 0, 2]], swap[named], swap[truth], matched, reported)
    assert str(one) == str(other)


def test_brier_is_nothing_for_the_truth_and_a_quarter_for_a_coin() -> None:
    truth = np.array([0, 1, 1])
    assert brier_of_parties(np.eye(3)[truth], truth) == 0.0
    assert brier_of_parties(np.tile([0.5, 0.5, 0.0], (3, 1)), truth) == 0.25


def test_naming_a_party_for_a_staged_event_is_wrong() -> None:
    blame = judge_blame(
        np.array([[0.99, 0.01, 0.0]] * 2), np.array([0, 0]), np.array([0, -1]), np.array([True, False]), np.array([True, True])
    )  # fmt: skip
    assert blame.wrong_did_it == 0.5
    assert blame.error_at_90 == 0.0


def test_parties_exchanged_in_truth_and_result_change_no_figure() -> None:
    world = make_world(6)
    labels = true_partition(linked(world))
    rng = np.random.default_rng(0)
    chances = rng.dirichlet([2, 1, 0.3], len(labels))
    names = [*PARTIES, "other"]
    swapped = {"north": "south", "south": "north", "other": "other", "": ""}
    party_p = [dict(zip(names, row, strict=True)) for row in chances.tolist()]
    one = score(
        judge(world.observations, incidents_of(world, labels, party_p=party_p), world.truth, frame=FRAME)
    )
    column = world.incidents.schema.get_field_index("party_id")
    mirrored = world.incidents.set_column(
        column, "party_id", [[swapped[name] for name in world.incidents["party_id"].to_pylist()]]
    )
    from truceline.scoring.truth import make_truth

    other = score(
        judge(
            world.observations,
            incidents_of(world, labels, party_p=[{swapped[k]: v for k, v in row.items()} for row in party_p]),
            make_truth(mirrored, world.links),
            frame=FRAME,
        )
    )
    assert one.figures == pytest.approx(other.figures)


# -- counts -------------------------------------------------------------------------------------
def test_crps_of_one_draw_is_the_distance_and_zero_where_sure_and_right() -> None:
    assert crps_of_draws([3.0], 5.0) == 2.0
    assert crps_of_draws([4.0, 4.0, 4.0], 4.0) == 0.0


@given(st.floats(0.5, 40), st.integers(0, 60))
@settings(max_examples=20)
def test_crps_by_draws_and_by_distribution_agree(mean: float, truth: int) -> None:
    draws = special.pdtrik((np.arange(4_000) + 0.5) / 4_000, mean)
    whole = np.ceil(draws - 1e-9).clip(0)
    assert crps_of_draws(whole, truth) == pytest.approx(crps_of_poisson(mean, truth), abs=0.03)


def test_crps_of_a_sure_count_is_its_distance() -> None:
    assert crps_of_counts(lambda k: (k >= 4).astype(float), 7, most=50) == 3.0


@given(st.integers(0, 30))
@settings(max_examples=10)
def test_the_right_rate_has_the_best_expected_crps(seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.poisson(12, 400)
    scores = [
        np.mean([crps_of_poisson(mean, y) for y in counts]) for mean in (6.0, float(counts.mean()), 20.0)
    ]
    assert scores[1] == min(scores)


def test_cover_and_bias_by_hand() -> None:
    assert interval_cover([0, 5, 5], [2, 6, np.nan], [1, 7, 5]) == pytest.approx(1 / 3)
    assert count_bias([6, 6], [5, 5]) == pytest.approx(0.2)
    assert math.isnan(count_bias([1], [0]))
    assert interval_score([0], [2], [1]) == 2.0
    assert interval_score([0], [2], [3]) == 2.0 + 40.0


# -- GOSPA --------------------------------------------------------------------------------------
@given(st.integers(0, 200))
@settings(max_examples=20)
def test_gospa_is_symmetric_zero_for_the_truth_and_split_in_three(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one = rng.uniform(0, 40_000, (30, 3))
    other = rng.uniform(0, 40_000, (20, 3))
    forth, back = gospa(one, other), gospa(other, one)
    assert forth.total_m == pytest.approx(back.total_m)
    assert (forth.n_missed, forth.n_false) == (back.n_false, back.n_missed)
    same = gospa(one, one)
    assert same.total_m == pytest.approx(0.0, abs=1e-6)
    assert same.n_matched == 30


@given(st.integers(0, 200))
@settings(max_examples=15)
def test_gospa_of_a_few_points_is_the_least_over_all_assignments(seed: int) -> None:
    rng = np.random.default_rng(seed)
    found, true = rng.uniform(0, 12_000, (3, 3)), rng.uniform(0, 12_000, (3, 3))
    scale = np.array([1, 1, 2.0])
    d = np.sqrt((((found * scale)[:, None] - (true * scale)[None]) ** 2).sum(-1))
    from itertools import permutations

    best = min(sum(min(d[i, j], 10_000.0) for i, j in enumerate(order)) for order in permutations(range(3)))
    assert gospa(found, true, metres_per_s=2.0).total_m == pytest.approx(best)


@given(st.integers(0, 200))
@settings(max_examples=10)
def test_a_crowd_too_large_for_a_table_is_matched_alike(seed: int) -> None:
    rng = np.random.default_rng(seed)
    found, true = rng.uniform(0, 60_000, (60, 3)), rng.uniform(0, 60_000, (50, 3))
    table = gospa(found, true, metres_per_s=1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("truceline.scoring.gospa.MOST_CELLS", 0)
        sparse = gospa(found, true, metres_per_s=1.0)
    assert sparse.total_m == pytest.approx(table.total_m)
    assert sparse.n_matched == table.n_matched


def test_an_incident_without_a_point_matches_nothing() -> None:
    found = gospa(np.array([[np.nan, np.nan, 0.0]]), np.array([[0.0, 0.0, 0.0]]))
    assert (found.n_matched, found.n_missed, found.n_false) == (0, 1, 1)


# -- calibration --------------------------------------------------------------------------------
def normal_trial(width: float, shift: float = 0.0):  # type: ignore[no-untyped-def]
    """θ ~ N(0, 1), one observation with sd 1; the posterior is N(y / 2, 1 / 2), made wider or moved."""

    def trial(rng: np.random.Generator) -> tuple[float, np.ndarray]:  # type: ignore[type-arg]
        truth = rng.normal()
        y = truth + rng.normal()
        return truth, y / 2 + shift + width * math.sqrt(0.5) * rng.normal(size=99)

    return trial


def test_a_right_posterior_ranks_evenly_and_wrong_ones_do_not() -> None:
    right = calibrate(normal_trial(1.0), n_trials=2_000, seed=1)
    assert right.p_value > 0.01
    assert abs(right.coverage[0.95] - 0.95) < 0.02
    assert calibrate(normal_trial(0.5), n_trials=2_000, seed=1).p_value < 1e-6
    assert calibrate(normal_trial(2.0), n_trials=2_000, seed=1).p_value < 1e-6
    assert calibrate(normal_trial(1.0, shift=0.5), n_trials=2_000, seed=1).mean_rank < 0.4


def test_whole_numbers_rank_evenly_too() -> None:
    rng = np.random.default_rng(2)
    ranks = [rank_truth(float(draws[0]), draws[1:], rng) for draws in rng.poisson(0.7, (3_000, 30))]
    assert fill_histogram(ranks).p_value > 0.01


# -- the whole ----------------------------------------------------------------------------------
def test_flat_keys_come_first_and_what_is_null_has_a_reason() -> None:
    world = make_world(1)
    result = score(judge_world(world, true_partition(linked(world)))).as_dict()
    assert tuple(result)[: len(FLAT)] == FLAT
    said = [name for names in MEANINGS for name in names]
    assert sorted(said) == sorted(set(result) - {"reasons", "baselines"})
    reasons = result["reasons"]
    assert isinstance(reasons, dict)
    assert {k for k, v in result.items() if v is None} == set(reasons)


def test_true_labels_as_a_result_score_as_the_true_labels() -> None:
    world = make_world(8)
    figures = score(judge_world(world, true_partition(linked(world)))).figures
    assert figures["id_f1"] == figures["id_f1_true_labels"]
    assert figures["pair_f1"] == pytest.approx(1.0)


def test_scoring_knows_nothing_of_the_simulator(project_root: Path) -> None:
    for path in (project_root / "src" / "truceline" / "scoring").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [one.name for one in node.names] if isinstance(node, ast.Import) else []
            assert not any(name.startswith("truceline.simulate") for name in names), path


# -- the ideal observer and the learner -------------------------------------------------------------
def ideal_of(world: World, names: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """Ideal attribution of the true partition; offsets from a line along 45° north."""
    truth = linked(world)
    labels = true_partition(truth)
    judged = judge_world(world, labels)
    p = ideal_parties(
        world.observations,
        labels.group,
        len(labels),
        truth,
        world.truth,
        parties=names,
        hard_sources=("s0",),
        seen=Seen(
            offset_m=(np.array(judged.incidents["latitude_deg"]) - 45) * 111_000,
            sd_m=np.full(len(labels), 300.0),
            true_offset_m=(world.truth.latitude_deg - 45) * 111_000,
        ),
        acts=judged.incidents["act"].to_pylist(),
    )
    return p, labels.group


def sided(world: World) -> World:
    """The world with the party told by the side of the line: the south fires on the north and back."""
    latitude = world.incidents["latitude_deg"].to_pylist()
    party = [PARTIES[1] if one > 45 else PARTIES[0] for one in latitude]
    column = world.incidents.schema.get_field_index("party_id")
    return replace(world, incidents=world.incidents.set_column(column, "party_id", [party]))


def test_the_ideal_observer_knows_more_than_the_base_rate_and_swaps_with_the_parties() -> None:
    world = sided(make_world(11, n_events=400))
    p, group = ideal_of(world, PARTIES)
    swapped, _ = ideal_of(world, (PARTIES[1], PARTIES[0]))
    assert np.allclose(p[:, [1, 0, 2]], swapped, atol=1e-12)
    truth = linked(world)
    event = np.full(len(p), -1)
    event[group] = truth.event
    told = event >= 0
    did = np.array([PARTIES.index(world.truth.parties[k]) for k in world.truth.party[event[told]]])
    assert brier_of_parties(p[told], did) < 0.1
    assert np.allclose(p.sum(axis=1), 1.0)


def test_a_learner_finds_a_rule_and_is_the_same_read_back() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4_000, 3))
    x[rng.random(x.shape) < 0.05] = np.nan
    p = 1 / (1 + np.exp(-2 * np.nan_to_num(x[:, 0]) * np.nan_to_num(x[:, 1])))
    came = rng.random(len(x)) < p
    model = train(x[:2_000], came[:2_000], names=("a", "b", "c"), n_trees=40)
    told = model.probabilities(x[2_000:])
    assert ((told - came[2_000:]) ** 2).mean() < ((came.mean() - came[2_000:]) ** 2).mean() * 0.85
    assert np.array_equal(from_dict(model.as_dict()).probabilities(x), model.probabilities(x))


def test_what_a_learner_is_shown_does_not_depend_on_copies_or_on_the_order_of_rows() -> None:
    world = make_world(9)

    def shown(one: World) -> np.ndarray:  # type: ignore[type-arg]
        truth = linked(one)
        labels = true_partition(truth)
        made = show_groups(
            one.observations, labels, truth, coverage=COVERAGE.empty(), frame=FRAME,
            sources=("s0", "s1", "s2"), hard_sources=("s0",), acts=("shelling",),
        )  # fmt: skip
        return np.delete(made.values, made.names.index("copies"), axis=1)

    order = np.random.default_rng(0).permutation(world.observations.num_rows)
    turned = replace(world, observations=world.observations.take(order))
    assert np.allclose(shown(world), shown(copied(world, 4, 30)), equal_nan=True)
    assert np.allclose(shown(world), shown(turned), equal_nan=True)


def test_one_true_and_one_staged_telling_are_the_true_event_and_no_fake() -> None:
    told = Linked(
        event=np.array([0, -1, -1, -1]),
        fake=np.array([-1, 0, 0, 1]),
        origin=np.arange(4),
        known=np.ones(4, dtype=np.bool_),
        n_events=1,
        n_fakes=2,
    )
    mixed = Partition(group=np.array([0, 0, 1, 2]), existence_p=np.ones(3))
    assert own_fakes(mixed, told).tolist() == [-1, 0, 1]
