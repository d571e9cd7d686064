"""Many acts at once are judged as each would be by itself."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws.test_terms_laws import (
    HOUR,
    START,
    ZONES,
    conditions,
    duty,
    exemption,
    happenings,
    limits,
    terms,
)

from truceline.base.intervals import microseconds
from truceline.terms.bulk import Acts, judge, pack_zones
from truceline.terms.excess import ENOUGH, excess_p
from truceline.terms.meaning import Happening, breaches
from truceline.terms.truce import Truce

FACTS = ("ordered", "announced", "notified")


def columns(acts: list[Happening]) -> tuple[list[str], Acts]:
    """The same acts as columns, each at its first place, in the order of ids."""
    acts = sorted(acts, key=lambda one: one.id)
    names = tuple(sorted({one.act for one in acts}))
    held = [np.array([zone in one.places[0][1] for one in acts], dtype=bool) for zone in ZONES]

    def known(values: list[float | None]) -> Any:
        return np.array([np.nan if value is None else value for value in values])

    starts = [microseconds(one.occurred_from) for one in acts]
    stops = [microseconds(one.occurred_until or one.occurred_from) for one in acts]
    answers = [one.answers.get("fire") for one in acts]
    return [one.id for one in acts], Acts(
        act=np.array([names.index(one.act) for one in acts], dtype=np.int64), act_names=names,
        start_us=np.array(starts, dtype=np.int64), stop_us=np.array(stops, dtype=np.int64),
        existence_p=np.array([one.existence_p for one in acts], dtype=float),
        party_p={party: np.array([one.party_p[party] for one in acts], dtype=float) for party in "AB"},
        zones=pack_zones(held, len(acts)), zone_ids=ZONES,
        facts={name: known([one.facts.get(name) for one in acts]) for name in FACTS},
        answers={"fire": (known([None if a is None else a[0] for a in answers]), known([None if a is None else a[1] for a in answers]))},
    )  # fmt: skip


def one_place(act: Happening) -> Happening:
    return Happening(
        id=act.id, act=act.act, occurred_from=act.occurred_from, occurred_until=act.occurred_until,
        existence_p=act.existence_p, party_p=act.party_p, places=((1.0, act.places[0][1]),),
        facts=act.facts, answers=act.answers,
    )  # fmt: skip


def alike(truce: Truce, acts: list[Happening]) -> int:
    expected = {
        (b.obligation_id, b.party_id, b.happening_id): (b.p_lo, b.p_hi) for b in breaches(truce, acts)
    }
    ids, table = columns(acts)
    found = {
        (one.obligation_id, one.party_id, ids[row]): (lo, hi)
        for one in judge(truce, table)
        for row, lo, hi in zip(one.row.tolist(), one.p_lo.tolist(), one.p_hi.tolist(), strict=True)
    }
    # a chance of excess that is nothing but rounding may be told by one and not by the other
    assert {key for key, (_lo, hi) in expected.items() if hi > 1e-12} <= found.keys()
    for key, (lo, hi) in found.items():
        assert (lo, hi) == pytest.approx(expected.get(key, (0.0, 0.0)), abs=1e-12)
    return len(found)


acts_done = st.lists(happenings().map(one_place), min_size=1, max_size=6, unique_by=lambda one: one.id)
permission = st.tuples(st.sampled_from([[], ["late"], ["main"]]), st.sets(st.sampled_from(ZONES))).map(
    lambda pair: duty(id="may", act="shelling", rule="permit", clocks=pair[0], zones=sorted(pair[1]))
)


@settings(max_examples=40, deadline=None)
@given(acts_done, st.lists(exemption, max_size=1), limits, st.one_of(st.none(), conditions), st.lists(permission, max_size=1), st.sets(st.sampled_from(ZONES)))  # fmt: skip
def test_columns_say_what_each_act_by_itself_says(
    acts: list[Happening], exempt: list[Any], limit: Any, condition: Any, permits: list[Any], zones: set[str]
) -> None:
    rule = duty(condition=condition, zones=sorted(zones), **limit)
    told = duty(id="told", rule="notify", notice={"to": ["B"], "before_hours": 24}, clocks=[])
    alike(terms(obligations=[rule, told, *permits], exemptions=exempt), acts)


@settings(max_examples=15, deadline=None)
@given(acts_done, st.sampled_from(ZONES), st.integers(1, 9))
def test_exempt_zones_and_staggered_starts_hold_in_columns_too(
    acts: list[Happening], name: str, hours: int
) -> None:
    zones = terms().model_dump(exclude_none=True)["zones"]
    exempt = [{**zone, "purpose": "exempt"} if zone["id"] == name else zone for zone in zones]
    later = {"staggered": {"parts": [{"obligations": ["fire.stop"], "after_hours": hours}], "clauses": ["1"]}}
    alike(terms(zones=exempt, timing=later, obligations=[duty(), duty(id="own", zones=[name])]), acts)


def test_many_acts_are_judged_and_the_law_is_not_empty() -> None:
    acts = [
        Happening(id=f"{n:05}", act="shelling", occurred_from=START + n * HOUR / 40, party_p={"A": 0.7, "B": 0.3}, places=((1.0, frozenset({ZONES[n % 3]})),))
        for n in range(400)
    ]  # fmt: skip
    rule = duty(rule="limit", limit={"count": 3, "window_hours": 2}, zones=["north"])
    assert alike(terms(obligations=[duty(), rule]), acts) > 400


def test_acts_of_one_moment_are_told_apart_by_their_order() -> None:
    acts = [
        Happening(id=name, act="shelling", occurred_from=START, party_p={"A": 1.0, "B": 0.0})
        for name in "bac"
    ]
    truce = terms(obligations=[duty(rule="limit", limit={"count": 2, "window_hours": 1})])
    assert alike(truce, acts) == 1


def test_a_wide_code_of_zones_has_as_many_words_as_it_needs() -> None:
    held = [np.array([k in (3, 64, 130), k == 131]) for k in range(132)]
    packed = pack_zones(held, 2)
    assert packed.shape == (2, 3)
    assert [int(word).bit_count() for word in packed.ravel()] == [1, 1, 1, 0, 0, 1]


@given(st.lists(st.tuples(st.integers(0, 12), st.sampled_from([0.0, 0.2, 0.9, 1.0])), min_size=1, max_size=9), st.integers(0, 4))  # fmt: skip
def test_excess_is_what_enumeration_says(acts: list[tuple[int, float]], count: int) -> None:
    acts = sorted(acts)
    moment, p = np.array([a[0] for a in acts], dtype=np.int64), np.array([a[1] for a in acts])
    found = excess_p(moment, p, count=count, window=5)
    for k in range(len(acts)):
        before = [p[j] for j in range(k) if moment[k] - moment[j] < 5]
        expected = 0.0
        for truth in product((0, 1), repeat=len(before)):
            weight = float(np.prod([q if t else 1 - q for q, t in zip(before, truth, strict=True)]))
            expected += weight * (sum(truth) >= count)
        assert found[k] == pytest.approx(expected, abs=1e-12)


def test_what_is_left_out_of_a_full_window_changes_nothing() -> None:
    rng = np.random.default_rng(5)
    moment = np.sort(rng.integers(0, 1_000, 3_000))
    p = rng.uniform(0, 0.2, 3_000)
    cut = excess_p(moment, p, count=5, window=900)
    assert p.sum() > 2 * (ENOUGH + 20)  # windows are cut
    less = np.zeros((3_000, 5))
    for k in range(0, 3_000, 97):
        first = np.searchsorted(moment, moment[k] - 900, side="right")
        row = np.zeros(5)
        row[0] = 1.0
        for q in p[first:k]:
            row = row * (1 - q) + np.concatenate([[0.0], row[:-1] * q])
        less[k] = row
        assert cut[k] == pytest.approx(1 - row.sum(), abs=1e-12)


@settings(max_examples=12, deadline=None)
@given(acts_done, st.integers(-300, 300), limits)
def test_shifting_everything_in_time_changes_no_number(acts: list[Happening], days: int, limit: Any) -> None:
    by = timedelta(days=days)
    truce = terms(obligations=[duty(**limit)])
    clocks = [
        {"id": c.id, "title": c.title, "start": c.start + by, "stop": c.stop + by} for c in truce.clocks
    ]
    _ids, table = columns(acts)
    moved = Acts(
        act=table.act, act_names=table.act_names, start_us=table.start_us + microseconds(START + by) - microseconds(START),
        stop_us=table.stop_us + microseconds(START + by) - microseconds(START), existence_p=table.existence_p,
        party_p=table.party_p, zones=table.zones, zone_ids=table.zone_ids, facts=table.facts, answers=table.answers,
    )  # fmt: skip
    for one, two in zip(judge(truce, table), judge(terms(obligations=[duty(**limit)], clocks=clocks), moved), strict=True):  # fmt: skip
        assert one.row.tolist() == two.row.tolist()
        assert one.p_hi.tolist() == two.p_hi.tolist()
