"""What terms mean: laws that hold whatever the truce and the acts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.terms.conditions import Condition
from truceline.terms.meaning import Breach, Happening, always, breaches, never, unmet_p
from truceline.terms.review import review
from truceline.terms.truce import Truce, read_draft

ROOT = Path(__file__).resolve().parents[2]
START = datetime(2031, 5, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
TINY = 1e-9
ZONES = ("north", "south", "river")
FACTS = ("ordered", "announced")

hours = st.integers(min_value=-12, max_value=36)
chance = st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0])


def leaf() -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        st.sampled_from(FACTS).map(lambda name: {"fact": name}),
        st.sampled_from(ZONES).map(lambda name: {"within": name}),
        st.tuples(hours, st.integers(1, 10)).map(
            lambda pair: {
                "during": {
                    "start": (START + pair[0] * HOUR).isoformat(),
                    "stop": (START + (pair[0] + pair[1]) * HOUR).isoformat(),
                }
            }
        ),
        st.just({"answering": {"act": "fire", "within_minutes": 15}}),
    )


conditions = st.recursive(
    leaf(),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=2).map(lambda parts: {"all_of": parts}),
        st.lists(inner, min_size=1, max_size=2).map(lambda parts: {"any_of": parts}),
        inner.map(lambda part: {"unless": part}),
    ),
    max_leaves=3,
)


@st.composite
def happenings(draw: st.DrawFn) -> Happening:
    start = START + draw(hours) * HOUR
    first = draw(st.sets(st.sampled_from(ZONES)))
    second = draw(st.sets(st.sampled_from(ZONES)))
    share = draw(chance)
    return Happening(
        id=f"inc-{draw(st.integers(0, 10**6))}",
        act=draw(st.sampled_from(["fire", "shelling", "sniping", "advance"])),
        occurred_from=start,
        occurred_until=draw(st.one_of(st.none(), st.integers(1, 8).map(lambda n: start + n * HOUR))),
        existence_p=draw(chance),
        party_p={"A": share, "B": 1 - share},
        places=((0.5, frozenset(first)), (0.5, frozenset(second))),
        facts=draw(st.dictionaries(st.sampled_from(FACTS), chance)),
        answers={"fire": (draw(st.sampled_from([0.0, 15.0, 20.0])), draw(chance))}
        if draw(st.booleans())
        else {},
    )


def terms(**changes: Any) -> Truce:
    base: dict[str, Any] = {
        "truce": 1,
        "id": "t",
        "title": "t",
        "instrument": "agreement",
        "terms_version": "1",
        "parties": [{"id": "A", "name": "Party A"}, {"id": "B", "name": "Party B"}],
        "clocks": [
            {"id": "main", "title": "main", "start": START.isoformat(), "stop": (START + 24 * HOUR).isoformat()},
            {"id": "late", "title": "late", "start": (START + 24 * HOUR).isoformat(), "stop": (START + 30 * HOUR).isoformat()},
        ],
        "acts": [{"id": "fire"}, {"id": "shelling"}, {"id": "sniping"}, {"id": "advance"}],
        "zones": [
            {"id": name, "name": name, "kind": "circle", "purpose": "covered", "centre": [1, 2], "radius_km": 1}
            for name in ZONES
        ],
        "obligations": [duty()],
    }  # fmt: skip
    return Truce.model_validate({**base, **changes})


def duty(**changes: Any) -> dict[str, Any]:
    return {
        "id": "fire.stop",
        "act": "fire",
        "title": "No fire",
        "binds": ["A", "B"],
        "clocks": ["main"],
        **changes,
    }


def by_key(found: list[Breach]) -> dict[tuple[str, str, str], tuple[float, float]]:
    return {(b.obligation_id, b.happening_id, b.party_id): (b.p_lo, b.p_hi) for b in found}


def no_more(less: Truce, more: Truce, acts: list[Happening]) -> None:
    """Every breach under `less` is at least as likely under `more`."""
    one, two = by_key(breaches(less, acts)), by_key(breaches(more, acts))
    for key, (lo, hi) in one.items():
        other_lo, other_hi = two.get(key, (0.0, 0.0))
        assert lo <= other_lo + TINY
        assert hi <= other_hi + TINY


acts_done = st.lists(happenings(), max_size=4, unique_by=lambda one: one.id)
exemption = conditions.map(
    lambda condition: {"id": "x", "title": "x", "purpose": "other", "acts": ["fire"], "condition": condition}
)
limits: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.tuples(st.integers(0, 2), st.integers(1, 30)).map(
        lambda pair: {"rule": "limit", "limit": {"count": pair[0], "window_hours": pair[1]}}
    ),
)


@given(acts_done, exemption, limits, st.one_of(st.none(), conditions))
def test_an_exemption_more_never_adds_a_violation(
    acts: list[Happening], exempt: dict[str, Any], limit: dict[str, Any], condition: dict[str, Any] | None
) -> None:
    rule = duty(condition=condition, **limit)
    no_more(terms(obligations=[rule], exemptions=[exempt]), terms(obligations=[rule]), acts)


@given(acts_done, limits, st.sampled_from(ZONES))
def test_an_exempt_zone_and_a_later_start_never_add_a_violation(
    acts: list[Happening], limit: dict[str, Any], name: str
) -> None:
    plain = terms(obligations=[duty(**limit)])
    zones = plain.model_dump(exclude_none=True)["zones"]
    exempt = [{**zone, "purpose": "exempt"} if zone["id"] == name else zone for zone in zones]
    no_more(terms(obligations=[duty(**limit)], zones=exempt), plain, acts)
    later = {"staggered": {"parts": [{"obligations": ["fire.stop"], "after_hours": 5}], "clauses": ["1"]}}
    no_more(terms(obligations=[duty(**limit)], timing=later), plain, acts)


@given(acts_done, limits, st.sets(st.sampled_from(ZONES), min_size=1), st.sampled_from(ZONES))
def test_a_wider_zone_never_removes_a_violation(
    acts: list[Happening], limit: dict[str, Any], zones: set[str], another: str
) -> None:
    narrow = terms(obligations=[duty(zones=sorted(zones), **limit)])
    no_more(narrow, terms(obligations=[duty(zones=sorted(zones | {another}), **limit)]), acts)
    no_more(narrow, terms(obligations=[duty(**limit)]), acts)


@given(acts_done, limits)
def test_a_longer_time_or_wider_act_never_removes_a_violation(
    acts: list[Happening], limit: dict[str, Any]
) -> None:
    no_more(
        terms(obligations=[duty(**limit)]), terms(obligations=[duty(clocks=["main", "late"], **limit)]), acts
    )
    no_more(terms(obligations=[duty(act="shelling", **limit)]), terms(obligations=[duty(**limit)]), acts)


@given(acts_done, conditions, exemption)
def test_a_condition_only_narrows(
    acts: list[Happening], condition: dict[str, Any], exempt: dict[str, Any]
) -> None:
    no_more(terms(obligations=[duty(condition=condition)]), terms(), acts)
    both = terms(obligations=[duty(condition={"all_of": [condition, exempt["condition"]]})])
    either = terms(obligations=[duty(condition={"any_of": [condition, exempt["condition"]]})])
    no_more(both, either, acts)


@given(acts_done, exemption, limits)
def test_bounds_are_probabilities_in_order(
    acts: list[Happening], exempt: dict[str, Any], limit: dict[str, Any]
) -> None:
    for one in breaches(terms(obligations=[duty(**limit)], exemptions=[exempt]), acts):
        assert -TINY <= one.p_lo <= one.p_hi + TINY
        assert one.p_hi <= 1 + TINY


def moved(value: Any, by: timedelta) -> Any:
    if isinstance(value, dict):
        return {key: moved(inner, by) for key, inner in value.items()}
    if isinstance(value, list):
        return [moved(inner, by) for inner in value]
    return value + by if isinstance(value, datetime) else value


@given(acts_done, exemption, limits, st.integers(-400, 400))
def test_shifting_everything_in_time_shifts_the_verdicts_alone(
    acts: list[Happening], exempt: dict[str, Any], limit: dict[str, Any], days: int
) -> None:
    truce = terms(obligations=[duty(**limit)], exemptions=[exempt])
    by = timedelta(days=days)
    later = Truce.model_validate(moved(truce.model_dump(), by))
    shifted = [
        Happening(
            id=one.id, act=one.act, occurred_from=one.occurred_from + by,
            occurred_until=None if one.occurred_until is None else one.occurred_until + by,
            existence_p=one.existence_p, party_p=one.party_p, places=one.places, facts=one.facts, answers=one.answers,
        )
        for one in acts
    ]  # fmt: skip
    assert breaches(truce, acts) == breaches(later, shifted)


def swapped(value: Any) -> Any:
    names = {"A": "B", "B": "A"}
    if isinstance(value, dict):
        return {key: swapped(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [swapped(inner) for inner in value]
    return names.get(value, value) if isinstance(value, str) else value


@given(acts_done, exemption, st.sampled_from([["A"], ["A", "B"]]), st.sampled_from([None, ["A"]]))
def test_exchanging_the_parties_exchanges_the_verdicts(
    acts: list[Happening], exempt: dict[str, Any], binds: list[str], freed: list[str] | None
) -> None:
    truce = terms(obligations=[duty(binds=binds)], exemptions=[{**exempt, "parties": freed}])
    other = Truce.model_validate(swapped(truce.model_dump()))
    mirrored = [
        Happening(
            id=one.id, act=one.act, occurred_from=one.occurred_from, occurred_until=one.occurred_until,
            existence_p=one.existence_p, party_p={"A": one.party_p["B"], "B": one.party_p["A"]},
            places=one.places, facts=one.facts, answers=one.answers,
        )
        for one in acts
    ]  # fmt: skip
    here = by_key(breaches(truce, acts))
    there = by_key(breaches(other, mirrored))
    assert {(duty_id, name, swapped(party)): p for (duty_id, name, party), p in here.items()} == there


@given(acts_done, st.permutations(range(4)))
def test_the_order_of_the_acts_changes_nothing(acts: list[Happening], order: list[int]) -> None:
    rule = terms(obligations=[duty(rule="limit", limit={"count": 1, "window_hours": 6})])
    mixed = [acts[k] for k in order if k < len(acts)]
    assert breaches(rule, acts) == breaches(rule, mixed)


@given(happenings(), conditions, st.sampled_from(FACTS))
def test_what_becomes_known_only_narrows_the_bounds(
    act: Happening, condition: dict[str, Any], fact: str
) -> None:
    truce = terms(obligations=[duty(condition=condition)])
    blind = Happening(
        id="x", act="fire", occurred_from=act.occurred_from, party_p={"A": 1.0}, places=act.places
    )
    wide = by_key(breaches(truce, [blind])).get(("fire.stop", "x", "A"), (0.0, 0.0))
    for known in (0.0, 0.3, 1.0):
        told = Happening(id="x", act="fire", occurred_from=act.occurred_from, party_p={"A": 1.0}, places=act.places, facts={fact: known})  # fmt: skip
        lo, hi = by_key(breaches(truce, [told])).get(("fire.stop", "x", "A"), (0.0, 0.0))
        assert wide[0] - TINY <= lo <= hi <= wide[1] + TINY


@pytest.mark.parametrize("case", ["jeddah-2025", "model-agreement", "easter-2025", "minsk-2020"])
def test_exchanging_the_parties_exchanges_the_review_and_nothing_else(case: str) -> None:
    path = ROOT / "cases" / case / "truce.yaml"
    truce = read_draft(path, label="x")
    first, second = truce.parties
    names = {first.id: second.id, second.id: first.id, first.name: second.name, second.name: first.name}

    def exchanged(value: Any) -> Any:
        if isinstance(value, dict):
            return {names.get(key, key): exchanged(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [exchanged(inner) for inner in value]
        return names.get(value, value) if isinstance(value, str) else value

    other = Truce.model_validate(exchanged(truce.model_dump()))
    one, two = review(truce), review(other)
    assert [asked.question.code for asked in one.open] == [asked.question.code for asked in two.open]
    assert [asked.clause_ids for asked in one.answered] == [asked.clause_ids for asked in two.answered]
    assert [(fault.code, fault.clause_ids) for fault in one.faults] == [
        (f.code, f.clause_ids) for f in two.faults
    ]


# ---------------------------------------------------------------- boundaries


def fired(at: datetime, name: str = "x", **rest: Any) -> Happening:
    return Happening(id=name, act="shelling", occurred_from=at, party_p={"A": 1.0}, **rest)


@pytest.mark.parametrize(
    ("moment", "p"),
    [
        (START - timedelta(microseconds=1), 0.0),
        (START, 1.0),
        (START + 24 * HOUR, 0.0),
        (START + 23.999 * HOUR, 1.0),
    ],
)
def test_a_time_holds_its_start_and_not_its_stop(moment: datetime, p: float) -> None:
    found = breaches(terms(), [fired(moment)])
    assert (found[0].p_hi if found else 0.0) == p


def test_a_staggered_duty_begins_later_to_the_microsecond() -> None:
    later = {"staggered": {"parts": [{"obligations": ["fire.stop"], "after_hours": 5}], "clauses": ["1"]}}
    truce = terms(timing=later)
    assert breaches(truce, [fired(START + 5 * HOUR - timedelta(microseconds=1))]) == []
    assert len(breaches(truce, [fired(START + 5 * HOUR)])) == 1
    (half,) = breaches(truce, [fired(START + 4 * HOUR, occurred_until=START + 6 * HOUR)])
    assert half.p_lo == pytest.approx(0.5)


def test_in_an_exempt_zone_only_what_names_it_holds() -> None:
    zones = terms().model_dump(exclude_none=True)["zones"]
    zones[0]["purpose"] = "exempt"
    inside = fired(START, places=((1.0, frozenset({"north"})),))
    assert breaches(terms(zones=zones), [inside]) == []
    assert len(breaches(terms(zones=zones, obligations=[duty(zones=["north"])]), [inside])) == 1


def test_an_uncertain_time_counts_by_its_share() -> None:
    act = fired(START - HOUR, occurred_until=START + 3 * HOUR)
    (found,) = breaches(terms(), [act])
    assert found.p_lo == found.p_hi == pytest.approx(0.75)


def test_no_more_than_two_in_any_six_hours() -> None:
    rule = terms(obligations=[duty(rule="limit", limit={"count": 2, "window_hours": 6})])
    acts = [fired(START + n * HOUR, f"inc-{n}") for n in (0, 3, 5, 6, 11)]
    # the third is in excess; at 06:00 the act of 00:00 is out of the window, two others are in
    assert [b.happening_id for b in breaches(rule, acts)] == ["inc-5", "inc-6"]


@given(st.lists(chance, min_size=1, max_size=6), st.integers(0, 3))
def test_excess_is_what_enumeration_says(chances: list[float], count: int) -> None:
    rule = terms(obligations=[duty(binds=["A"], rule="limit", limit={"count": count, "window_hours": 48})])
    acts = [fired(START + n * HOUR, f"inc-{n}", existence_p=p) for n, p in enumerate(chances)]
    found = {b.happening_id: b.p_hi for b in breaches(rule, acts)}
    last = f"inc-{len(chances) - 1}"
    expected = 0.0
    for truth in product((0, 1), repeat=len(chances)):
        weight = 1.0
        for is_true, p in zip(truth, chances, strict=True):
            weight *= p if is_true else 1 - p
        if truth[-1] and sum(truth[:-1]) >= count:
            expected += weight
    assert found.get(last, 0.0) == pytest.approx(expected)


def test_a_permission_frees_its_kind_of_act_and_no_other() -> None:
    permit = {"id": "p", "act": "sniping", "title": "p", "rule": "permit", "binds": ["A"]}
    truce = terms(obligations=[duty(), permit])
    sniped = Happening(id="s", act="sniping", occurred_from=START, party_p={"A": 1.0})
    assert breaches(truce, [sniped]) == []
    assert [b.happening_id for b in breaches(truce, [fired(START)])] == ["x"]


def test_a_duty_to_notify_is_broken_without_notice_and_open_without_evidence() -> None:
    rule = duty(rule="notify", notice={"to": ["B"], "before_hours": 24})
    truce = terms(obligations=[rule])
    (unknown,) = breaches(truce, [fired(START)])
    assert (unknown.p_lo, unknown.p_hi) == (0.0, 1.0)
    assert breaches(truce, [fired(START, facts={"notified": 1.0})]) == []
    (silent,) = breaches(truce, [fired(START, facts={"notified": 0.0})])
    assert silent.p_lo == 1.0


def test_a_requirement_is_unmet_by_the_chance_that_nothing_was_done() -> None:
    truce = terms(obligations=[duty(rule="require")])
    acts = [fired(START, "a", existence_p=0.5), fired(START + HOUR, "b", existence_p=0.5)]
    assert unmet_p(truce, truce.obligations[0], acts, party="A") == pytest.approx((0.25, 0.25))


# ---------------------------------------------------------------- conditions that decide nothing


@given(conditions)
def test_a_condition_or_its_contrary_always_holds(condition: dict[str, Any]) -> None:
    assert always(Condition.model_validate({"any_of": [condition, {"unless": condition}]}))
    assert never(Condition.model_validate({"all_of": [condition, {"unless": condition}]}))
