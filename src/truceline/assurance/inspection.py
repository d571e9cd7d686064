"""Inspection plans by exact sampling: strata, rising certainty, stopping early, and what a sample leaves open.

Items are drawn without replacement; an inspector who meets a missing item knows it for missing with a
recognition probability r, and never takes one that is there for missing (attribute sampling; Avenhaus &
Canty, Compliance Quantified, 1996, ch. 2). The number of checks for one list is ``campaign.checks_needed``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, gammaln

from truceline.assurance.campaign import SEEN_P, checks_needed, missed_p

FloatArray = npt.NDArray[np.float64]

#: chance that something true is denied, of limits and of false alarms
MISS_P = 0.05
_SLACK = 1e-12


def recognised_p(
    n_declared: int, n_missing: int, n_checked: int, *, recognition_p: float = 1.0
) -> FloatArray:
    """(n_checked + 1,) chance that k missing items are recognised: Σ_j Hyp(j; N, m, n) · Bin(k; j, r)."""
    drawn = np.arange(n_checked + 1)
    log_drawn = np.full(len(drawn), -np.inf)
    low, high = max(0, n_checked - (n_declared - n_missing)), min(n_missing, n_checked)
    j = np.arange(low, high + 1)
    log_drawn[j] = _choose(n_missing, j) + _choose(n_declared - n_missing, n_checked - j) - _choose(n_declared, np.array(n_checked))  # fmt: skip
    if recognition_p >= 1:
        found: FloatArray = np.exp(log_drawn)
        return found
    # (k, j): so many recognised of j met; 0 · log 0 stands for nothing to be recognised
    k, met = drawn[:, None], np.maximum(j, 0)[None, :]
    hit = np.where(k > 0, k * np.log(max(recognition_p, 1e-300)), 0.0)
    log_known = _choose(met, np.minimum(k, met)) + hit + (met - k) * np.log1p(-recognition_p)
    found = np.where(k <= met, np.exp(log_known + log_drawn[j]), 0.0).sum(axis=1)
    return found


def at_most_p(
    n_declared: int, n_missing: int, n_checked: int, n_recognised: int, *, recognition_p: float = 1.0
) -> float:
    """Chance that at most so many missing items are recognised: Σ_j Hyp(j; N, m, n) · P(Bin(j, r) ≤ k)."""
    if n_recognised < 0:
        return 0.0
    low, high = max(0, n_checked - (n_declared - n_missing)), min(n_missing, n_checked)
    met = np.arange(low, high + 1)
    if recognition_p >= 1:
        met = met[met <= n_recognised]
    drawn = np.exp(_choose(n_missing, met) + _choose(n_declared - n_missing, n_checked - met) - _choose(n_declared, np.array(n_checked)))  # fmt: skip
    known = 1.0 if recognition_p >= 1 else bdtr(n_recognised, np.maximum(met, n_recognised), recognition_p)
    return float(min(np.sum(drawn * np.where(met <= n_recognised, 1.0, known)), 1.0))


def _choose(n: int | npt.NDArray[np.int_], r: int | npt.NDArray[np.int_]) -> FloatArray:
    log: FloatArray = gammaln(n + 1.0) - gammaln(r + 1.0) - gammaln(np.asarray(n) - r + 1.0)
    return log


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many of a list are missing, after a sample: one-sided 95 % limits."""

    at_least: int
    at_most: int


def missing_limits(
    n_declared: int, n_checked: int, n_recognised: int, *, recognition_p: float = 1.0
) -> Limits:
    """Limits after ``n_recognised`` of ``n_checked`` were known for missing (Clopper & Pearson 1934).

    ``at_most``: the largest number under which so few are not rarer than 1 in 20; ``at_least``: the
    smallest under which so many are not.

    Raises
    ------
    ValueError
        If more were checked than declared, or recognised than checked.
    """
    if not 0 <= n_recognised <= n_checked <= n_declared:
        raise ValueError(f"got {n_recognised} missing of {n_checked} checked of {n_declared} declared")

    def few(missing: int) -> float:
        return at_most_p(n_declared, missing, n_checked, n_recognised, recognition_p=recognition_p)

    def many(missing: int) -> float:
        return 1 - at_most_p(n_declared, missing, n_checked, n_recognised - 1, recognition_p=recognition_p)

    # the more are missing, the rarer few recognised are, and the likelier many: ends by halving
    low, high = n_recognised, n_declared
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if few(middle) > MISS_P else (low, middle - 1)
    at_most = low
    low, high = n_recognised, n_declared
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if many(middle) > MISS_P else (middle + 1, high)
    at_least = low
    return Limits(at_least=at_least, at_most=at_most)


# -- strata -------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """A list to be sampled by itself: items of one class in one area."""

    name: str
    n_declared: int
    cost: int = 1  #: of one check, in whole units
    recognition_p: float = 1.0
    n_missing: int | None = None  #: how many are supposed to be missing; None: whoever hides chooses


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many checks in each stratum, and what they see."""

    checks: tuple[int, ...]
    cost: int
    seen_p: float  #: chance that at least one missing item is recognised, at worst
    worst: tuple[int, ...]  #: how many would be missing in each stratum, so that it is least


def worst_case(
    strata: Sequence[Stratum], checks: Sequence[int], n_missing: int
) -> tuple[float, tuple[int, ...]]:
    """Chance that nothing is recognised if ``n_missing`` items are hidden where it is greatest, and where.

    Exact: the logs of the strata's chances add up, and the best split is found stratum by stratum.

    Raises
    ------
    ValueError
        If fewer are declared than are to be missing.
    """
    if not 0 <= n_missing <= sum(one.n_declared for one in strata):
        raise ValueError(f"{n_missing} cannot be missing of {sum(one.n_declared for one in strata)}")
    best = np.full(n_missing + 1, -np.inf)
    best[0] = 0.0
    taken = np.zeros((len(strata), n_missing + 1), dtype=np.int64)
    for place, (one, n_checked) in enumerate(zip(strata, checks, strict=True)):
        most = min(one.n_declared, n_missing)
        log_missed = _log_missed(one, n_checked, most)
        joined = np.full((most + 1, n_missing + 1), -np.inf)
        for here in range(most + 1):
            joined[here, here:] = best[: n_missing + 1 - here] + log_missed[here]
        taken[place] = joined.argmax(axis=0)
        best = joined.max(axis=0)
    left, split = n_missing, []
    for place in range(len(strata) - 1, -1, -1):
        split.append(int(taken[place, left]))
        left -= split[-1]
    return float(np.exp(best[n_missing])), tuple(reversed(split))


@lru_cache(maxsize=4096)
def _log_missed(one: Stratum, n_checked: int, most: int) -> FloatArray:
    """(most + 1,) log chance that nothing is recognised, by how many are missing."""
    with np.errstate(divide="ignore"):
        return np.log(
            [
                missed_p(one.n_declared, missing, n_checked, recognition_p=one.recognition_p)
                for missing in range(most + 1)
            ]
        )


def plan_against_choice(strata: Sequence[Stratum], n_missing: int, *, seen_p: float = SEEN_P) -> Plan | None:
    """Checks that see a loss of ``n_missing`` items with ``seen_p`` wherever they are hidden; None: none do.

    Whoever hides knows the plan. Shares of the strata are raised together (each with its recognition:
    a check is worth least where it is least sure), then checks are taken away, the dearest first, and
    exchanged between strata, as long as the guarantee holds. The guarantee is exact; of the cost it is
    certain that no single check, nor one exchanged for another, can be spared.
    """
    if not 0 < n_missing <= sum(one.n_declared for one in strata):
        raise ValueError(f"{n_missing} cannot be missing of {sum(one.n_declared for one in strata)} declared")
    limit = 1 - seen_p + _SLACK

    def holds(checks: Sequence[int]) -> bool:
        return worst_case(strata, checks, n_missing)[0] <= limit

    everything = [one.n_declared for one in strata]
    if not holds(everything):
        return None
    low, high = 0.0, 1.0
    for _ in range(24):
        middle = (low + high) / 2
        low, high = (low, middle) if holds(_shares(strata, middle)) else (middle, high)
    checks = _shares(strata, high)
    order = sorted(range(len(strata)), key=lambda k: -strata[k].cost)
    changed = True
    while changed:
        changed = _spare(checks, order, holds) or _exchange(checks, strata, holds)
    missed, split = worst_case(strata, checks, n_missing)
    return Plan(checks=tuple(checks), cost=_cost(strata, checks), seen_p=1 - missed, worst=split)


def _shares(strata: Sequence[Stratum], share: float) -> list[int]:
    """Checks so that the share recognised is alike in all strata, as far as there are items."""
    return [
        min(int(np.ceil(share * one.n_declared / max(one.recognition_p, 1e-9))), one.n_declared)
        for one in strata
    ]


def _spare(checks: list[int], order: Sequence[int], holds: Callable[[Sequence[int]], bool]) -> bool:
    """Take checks away where none is needed; whether any was."""
    spared = False
    for k in order:
        low, high = 0, checks[k]
        while low < high:  # fewer checks see less, so that the least number is found by halving
            middle = (low + high) // 2
            tried = [*checks[:k], middle, *checks[k + 1 :]]
            low, high = (low, middle) if holds(tried) else (middle + 1, high)
        spared |= high < checks[k]
        checks[k] = high
    return spared


def _exchange(checks: list[int], strata: Sequence[Stratum], holds: Callable[[Sequence[int]], bool]) -> bool:
    """Exchange dear checks for cheaper ones where that saves; whether any was."""
    for dear in range(len(strata)):
        for cheap in range(len(strata)):
            if dear == cheap or checks[dear] == 0:
                continue
            for more in range(1, max(2, -(-strata[dear].cost // strata[cheap].cost))):
                if more * strata[cheap].cost >= strata[dear].cost or checks[cheap] + more > strata[cheap].n_declared:  # fmt: skip
                    break
                tried = list(checks)
                tried[dear] -= 1
                tried[cheap] += more
                if holds(tried):
                    checks[:] = tried
                    return True
    return False


def plan_against_pattern(strata: Sequence[Stratum], *, seen_p: float = SEEN_P) -> Plan | None:
    """The cheapest checks that see a loss of which each stratum's share is supposed to be known; None: none do.

    Exact: for each cost the least chance of seeing nothing, stratum by stratum.

    Raises
    ------
    ValueError
        If a stratum does not say how many are missing in it.
    """
    if any(one.n_missing is None for one in strata):
        raise ValueError("a known pattern says for each stratum how many are missing")
    top = sum(one.cost * one.n_declared for one in strata)
    best = np.full(top + 1, np.inf)
    best[0] = 0.0
    taken = np.zeros((len(strata), top + 1), dtype=np.int64)
    for place, one in enumerate(strata):
        with np.errstate(divide="ignore"):
            log_missed = np.log([missed_p(one.n_declared, one.n_missing or 0, n, recognition_p=one.recognition_p) for n in range(one.n_declared + 1)])  # fmt: skip
        after = np.full(top + 1, np.inf)
        for n, log in enumerate(log_missed):
            spent = n * one.cost
            tried = np.full(top + 1, np.inf)
            reached = np.isfinite(best[: top + 1 - spent]) | (best[: top + 1 - spent] < 0)
            tried[spent:][reached] = best[: top + 1 - spent][reached] + log
            better = tried < after
            after[better], taken[place, better] = tried[better], n
        best = after
    within = np.flatnonzero(best <= np.log(1 - seen_p + _SLACK))
    if not len(within):
        return None
    cost = left = int(within[0])
    checks = []
    for place in range(len(strata) - 1, -1, -1):
        checks.append(int(taken[place, left]))
        left -= checks[-1] * strata[place].cost
    return Plan(
        checks=tuple(reversed(checks)),
        cost=cost,
        seen_p=float(1 - np.exp(best[cost])),
        worst=tuple(one.n_missing or 0 for one in strata),
    )


def _cost(strata: Sequence[Stratum], checks: Sequence[int]) -> int:
    return sum(one.cost * n for one, n in zip(strata, checks, strict=True))


# -- one after another --------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class InSequence:
    """Checks made one after another, which stop as soon as the answer is certain.

    The list is refused once more than ``tolerated`` missing items were recognised, and accepted once
    that can no longer happen; ``expected`` maps a true number missing to the checks made on average.
    """

    n_declared: int
    n_checks: int  #: at most
    tolerated: int
    recognition_p: float
    false_alarm_p: float  #: chance of refusing a list of which ``n_innocent`` are missing
    seen_p: float  #: chance of refusing a list of which ``n_missing`` are missing
    expected: dict[int, float]


def plan_in_sequence(
    n_declared: int,
    n_missing: int,
    *,
    n_innocent: int = 0,
    seen_p: float = SEEN_P,
    recognition_p: float = 1.0,
) -> InSequence | None:
    """The smallest curtailed plan that refuses ``n_missing`` with ``seen_p``, and ``n_innocent`` at most 1 in 20.

    A few may be missing innocently: under repair, miscounted. None: no number of checks tells the two apart.

    Raises
    ------
    ValueError
        If not 0 ≤ n_innocent < n_missing ≤ n_declared.
    """
    if not 0 <= n_innocent < n_missing <= n_declared:
        raise ValueError(f"got {n_innocent} innocent and {n_missing} missing of {n_declared}")
    for tolerated in range(n_missing):
        n_checks = _least_checks(n_declared, n_missing, tolerated, seen_p, recognition_p)
        if n_checks is None:
            return None  # a greater tolerance needs more checks still
        alarm = 1 - at_most_p(n_declared, n_innocent, n_checks, tolerated, recognition_p=recognition_p)
        if alarm <= MISS_P + _SLACK:
            missed = at_most_p(n_declared, n_missing, n_checks, tolerated, recognition_p=recognition_p)
            return InSequence(
                n_declared=n_declared,
                n_checks=n_checks,
                tolerated=tolerated,
                recognition_p=recognition_p,
                false_alarm_p=max(float(alarm), 0.0),
                seen_p=1 - missed,
                expected={m: expected_checks(n_declared, m, n_checks, tolerated=tolerated, recognition_p=recognition_p) for m in sorted({0, n_innocent, n_missing})},
            )  # fmt: skip
    return None


def _least_checks(
    n_declared: int, n_missing: int, tolerated: int, seen_p: float, recognition_p: float
) -> int | None:
    """Fewest checks of which more than ``tolerated`` are recognised with ``seen_p``."""
    if tolerated == 0:
        return checks_needed(n_declared, n_missing, seen_p=seen_p, recognition_p=recognition_p)

    def misses(n: int) -> float:
        return at_most_p(n_declared, n_missing, n, tolerated, recognition_p=recognition_p)

    if misses(n_declared) > 1 - seen_p + _SLACK:
        return None
    low, high = 0, n_declared
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if misses(middle) > 1 - seen_p + _SLACK else (low, middle)
    return high


def expected_checks(
    n_declared: int, n_missing: int, n_checks: int, *, tolerated: int = 0, recognition_p: float = 1.0
) -> float:
    """Checks made on average until the list is refused, or can no longer be.

    State: (missing items met, recognised of them) after each check; a check meets a missing item with
    (m − met) / (N − made) and recognises it with r. Accepted once even all checks left could not refuse it.
    """
    n_states = min(n_missing, n_checks) + 1
    chance = np.zeros((n_states, tolerated + 1))
    chance[0, 0] = 1.0
    met = np.arange(n_states)[:, None]
    total = 0.0
    for made in range(n_checks):
        undecided = np.array([k + (n_checks - made) > tolerated for k in range(tolerated + 1)])
        chance = chance * undecided
        total += float(chance.sum())
        p_met = np.clip((n_missing - met) / (n_declared - made), 0.0, 1.0)
        after = chance * (1 - p_met)
        moved = chance * p_met
        after[1:] += (moved * (1 - recognition_p))[:-1]
        after[1:, 1:] += (moved * recognition_p)[:-1, :-1]
        chance = after
    return total
