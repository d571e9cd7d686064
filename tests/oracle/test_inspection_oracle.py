"""Inspection plans against scipy.stats, against enumeration of every case, and against published figures."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from truceline.assurance.campaign import checks_needed, missed_p
from truceline.assurance.inspection import (
    Stratum,
    expected_checks,
    missing_limits,
    plan_against_choice,
    plan_against_pattern,
    plan_in_sequence,
    recognised_p,
    worst_case,
)


def by_scipy(declared: int, missing: int, checked: int, recognition: float) -> np.ndarray:
    """(checked + 1,) chance that k missing items are recognised."""
    k = np.arange(checked + 1)
    known = stats.binom.pmf(k[:, None], k[None, :], recognition)
    return np.asarray(known @ stats.hypergeom.pmf(k, declared, missing, checked))


LISTS = [
    (200, 10, 41, 1.0),
    (200, 10, 51, 0.8),
    (30, 4, 11, 0.6),
    (12, 12, 5, 0.9),
    (9, 0, 4, 0.5),
    (7, 3, 7, 0.3),
]


def test_the_published_figures_hold() -> None:
    # Avenhaus & Canty 1996: of 200 declared and 10 missing, with 90 %
    assert checks_needed(200, 10, seen_p=0.9) == 41
    assert checks_needed(200, 10, seen_p=0.9, recognition_p=0.8) == 51


@pytest.mark.parametrize(("declared", "missing", "checked", "recognition"), LISTS)
def test_the_number_recognised_is_binomial_of_hypergeometric(
    declared: int, missing: int, checked: int, recognition: float
) -> None:
    wanted = by_scipy(declared, missing, checked, recognition)
    found = recognised_p(declared, missing, checked, recognition_p=recognition)
    assert found == pytest.approx(wanted, abs=1e-12)
    assert found.sum() == pytest.approx(1.0, abs=1e-12)
    assert found[0] == pytest.approx(missed_p(declared, missing, checked, recognition_p=recognition), abs=1e-12)  # fmt: skip


def test_checks_needed_is_the_least_by_scipy() -> None:
    for declared, missing, recognition in itertools.product((15, 60), (1, 3, 7), (1.0, 0.9, 0.7)):

        def missed(n: int) -> float:
            return float(by_scipy(declared, missing, n, recognition)[0])  # noqa: B023 - used at once

        least = next((n for n in range(declared + 1) if missed(n) <= 0.1 + 1e-12), None)
        assert checks_needed(declared, missing, recognition_p=recognition) == least


@pytest.mark.parametrize("recognition", [1.0, 0.7])
def test_limits_of_what_is_missing_are_those_of_clopper_and_pearson(recognition: float) -> None:
    declared, checked = 24, 9
    for seen in range(checked + 1):
        limits = missing_limits(declared, checked, seen, recognition_p=recognition)
        held = []
        for missing in range(seen, declared + 1):
            chance = by_scipy(declared, missing, checked, recognition)
            held.append((missing, sum(chance[: seen + 1]), sum(chance[seen:])))
        assert limits.at_most == max(missing for missing, few, _ in held if few > 0.05)
        assert limits.at_least == min((missing for missing, _, many in held if many > 0.05), default=declared)


def test_limits_cover_what_is_missing_in_at_least_19_of_20_samples() -> None:
    for missing in range(31):
        chance = recognised_p(30, missing, 9, recognition_p=0.8)
        limits = [missing_limits(30, 9, seen, recognition_p=0.8) for seen in range(10)]
        assert sum(p for p, one in zip(chance, limits, strict=True) if missing <= one.at_most) >= 0.95 - 1e-9
        assert sum(p for p, one in zip(chance, limits, strict=True) if missing >= one.at_least) >= 0.95 - 1e-9


# -- strata: every case of small ones -----------------------------------------------------------
SMALL = [
    (4, [(5, 1, 1.0), (6, 2, 0.8)]),
    (2, [(5, 1, 1.0), (4, 3, 0.6), (3, 1, 1.0)]),
    (5, [(6, 2, 0.9), (6, 1, 0.9)]),
    (1, [(4, 1, 0.9), (4, 1, 0.95)]),
    (3, [(2, 1, 1.0), (6, 3, 1.0), (3, 2, 0.8)]),
    (6, [(6, 3, 0.8), (5, 1, 0.5)]),
]


def strata_of(rows: Sequence[tuple[int, int, float]]) -> list[Stratum]:
    return [Stratum(name=str(k), n_declared=n, cost=cost, recognition_p=p) for k, (n, cost, p) in enumerate(rows)]  # fmt: skip


def everywhere(strata: Sequence[Stratum], n_missing: int) -> list[tuple[int, ...]]:
    """Every way to hide so many."""
    ways = itertools.product(*(range(one.n_declared + 1) for one in strata))
    return [way for way in ways if sum(way) == n_missing]


@pytest.mark.parametrize(("missing", "rows"), SMALL)
def test_the_worst_case_is_that_of_every_way_to_hide(missing: int, rows: list[tuple[int, int, float]]) -> None:  # fmt: skip
    strata = strata_of(rows)
    for checks in itertools.product(*(range(0, one.n_declared + 1, 2) for one in strata)):
        chances = {
            way: math.prod(
                by_scipy(one.n_declared, m, n, one.recognition_p)[0]
                for one, m, n in zip(strata, way, checks, strict=True)
            )
            for way in everywhere(strata, missing)
        }  # fmt: skip
        worst, where = worst_case(strata, checks, missing)
        assert worst == pytest.approx(max(chances.values()), abs=1e-10)
        assert chances[where] == pytest.approx(worst, abs=1e-10)


@pytest.mark.parametrize(("missing", "rows"), SMALL)
@pytest.mark.parametrize("seen", [0.5, 0.8, 0.9])
def test_no_cheaper_plan_sees_as_much_wherever_it_is_hidden(
    missing: int, rows: list[tuple[int, int, float]], seen: float
) -> None:
    strata = strata_of(rows)
    costs = [
        sum(one.cost * n for one, n in zip(strata, checks, strict=True))
        for checks in itertools.product(*(range(one.n_declared + 1) for one in strata))
        if worst_case(strata, checks, missing)[0] <= 1 - seen + 1e-12
    ]
    plan = plan_against_choice(strata, missing, seen_p=seen)
    if plan is None:
        assert costs == []
        return
    assert plan.seen_p >= seen - 1e-9
    assert plan.seen_p == pytest.approx(1 - worst_case(strata, plan.checks, missing)[0])
    assert plan.cost == min(costs)


def test_one_stratum_is_the_list_itself() -> None:
    plan = plan_against_choice([Stratum(name="all", n_declared=200, recognition_p=0.8)], 10)
    assert plan is not None
    assert plan.checks == (51,)


@pytest.mark.parametrize("seen", [0.5, 0.9])
def test_the_plan_against_a_known_pattern_is_the_cheapest_of_all(seen: float) -> None:
    strata = [
        Stratum(name="a", n_declared=6, cost=2, recognition_p=0.9, n_missing=2),
        Stratum(name="b", n_declared=8, cost=1, recognition_p=0.7, n_missing=1),
        Stratum(name="c", n_declared=4, cost=5, n_missing=3),
    ]
    ways = []
    for checks in itertools.product(*(range(one.n_declared + 1) for one in strata)):
        missed = math.prod(missed_p(one.n_declared, one.n_missing or 0, n, recognition_p=one.recognition_p) for one, n in zip(strata, checks, strict=True))  # fmt: skip
        if missed <= 1 - seen + 1e-12:
            ways.append(sum(one.cost * n for one, n in zip(strata, checks, strict=True)))
    plan = plan_against_pattern(strata, seen_p=seen)
    assert plan is not None
    assert plan.cost == min(ways)
    assert plan.seen_p >= seen - 1e-9


# -- one after another --------------------------------------------------------------------------
def played(declared: int, missing: int, checks: int, tolerated: int, recognition: float) -> tuple[float, float]:  # fmt: skip
    """Mean checks and chance of refusing, by every order of the items and every recognition."""
    mean = refused = 0.0
    for where in itertools.combinations(range(declared), missing):
        places = [k for k in range(checks) if k in where]
        for known in itertools.product((True, False), repeat=len(places)):
            p = math.prod(recognition if one else 1 - recognition for one in known) / math.comb(declared, missing)  # fmt: skip
            hits, made = 0, 0
            recognised = dict(zip(places, known, strict=True))
            for k in range(checks):
                if hits + (checks - k) <= tolerated:
                    break
                made += 1
                hits += recognised.get(k, False)
                if hits > tolerated:
                    break
            mean += p * made
            refused += p * (hits > tolerated)
    return mean, refused


@pytest.mark.parametrize("tolerated", [0, 1])
@pytest.mark.parametrize("recognition", [1.0, 0.6])
@pytest.mark.parametrize(("declared", "missing", "checks"), [(8, 3, 5), (7, 0, 4), (6, 6, 6), (9, 2, 9)])
def test_stopping_early_saves_what_enumeration_says(
    declared: int, missing: int, checks: int, tolerated: int, recognition: float
) -> None:
    mean, refused = played(declared, missing, checks, tolerated, recognition)
    found = expected_checks(declared, missing, checks, tolerated=tolerated, recognition_p=recognition)
    assert found == pytest.approx(mean, abs=1e-10)
    chance = recognised_p(declared, missing, checks, recognition_p=recognition)
    assert 1 - chance[: tolerated + 1].sum() == pytest.approx(refused, abs=1e-10)


def test_a_plan_in_sequence_is_never_longer_than_the_fixed_one_and_decides_alike() -> None:
    plan = plan_in_sequence(200, 10)
    assert plan is not None
    assert (plan.n_checks, plan.tolerated) == (41, 0)
    assert plan.expected[10] < 17
    assert plan.expected[0] == 41
    lenient = plan_in_sequence(200, 20, n_innocent=4)
    assert lenient is not None
    assert lenient.seen_p >= 0.9
    assert lenient.false_alarm_p <= 0.05
    shorter = recognised_p(200, 20, lenient.n_checks - 1)
    assert 1 - shorter[: lenient.tolerated + 1].sum() < 0.9


def test_what_no_sample_can_tell_apart_has_no_plan() -> None:
    assert plan_in_sequence(10, 2, n_innocent=1, recognition_p=0.5) is None
    assert plan_against_choice([Stratum(name="a", n_declared=4, recognition_p=0.1)], 1) is None
    with pytest.raises(ValueError, match="missing"):
        plan_against_choice([Stratum(name="a", n_declared=4)], 5)
    with pytest.raises(ValueError, match="innocent"):
        plan_in_sequence(10, 2, n_innocent=2)
