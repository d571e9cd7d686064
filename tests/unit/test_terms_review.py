"""The implementability review: what it asks of the Jeddah statement, and that it does not cry wolf."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from markupsafe import Markup

from truceline.base.documents import Document
from truceline.base.language import speaking
from truceline.faces.cli.main import run
from truceline.reports.review import render_review
from truceline.terms.catalogue import SEVERITIES, questions, sources
from truceline.terms.compare import compare
from truceline.terms.faults import provisions
from truceline.terms.json_schema import published, schema_text
from truceline.terms.review import RANK, review, who_answers
from truceline.terms.soundness import find_faults
from truceline.terms.strike import strike
from truceline.terms.taxonomy import known_acts, known_means
from truceline.terms.truce import Truce, read_draft

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "cases" / "model-agreement" / "truce.yaml"
JEDDAH = ROOT / "cases" / "jeddah-2025" / "truce.yaml"

#: what the two news reports of 13 and 14 March 2025 asked of the proposal, and the questions of the catalogue
ASKED = {
    "if we stop fighting for 30 days, what does that mean": ["acts_prohibited", "air_attack", "small_drones"],
    "everyone there will leave without fighting; troops who are cut off": ["encircled", "corridors"],
    "nearly two thousand kilometres: control, verification": ["line", "monitors", "monitors_means", "monitors_capacity", "monitors_access"],
    "how will we be able to be sure": ["evidence", "attribution"],
    "who will give the orders": ["orders"],
    "what is the price of these orders": ["orders_shown", "discipline"],
    "mobilisation, arms supplies, training": ["mobilisation", "arms_supply", "training"],
    "how could it be enforced": ["consequences", "adjudication", "guarantors", "remedy"],
    "a blame game": ["complaints", "public_statements", "investigation"],
    "war crimes against civilians": ["allegations", "civilians"],
    "momentum; time to regroup; in favour of one side": ["advance", "regrouping", "reinforcement", "review"],
    "pieces of land kept and lost": ["land", "day_after"],
    "contingents of other states, under any flag": ["consent"],
    "with whom to talk": ["table"],
}  # fmt: skip


@pytest.fixture(scope="module")
def model() -> Truce:
    return read_draft(MODEL, label="truce:truce.yaml")


@pytest.fixture(scope="module")
def jeddah() -> Truce:
    return read_draft(JEDDAH, label="truce:truce.yaml")


# ---------------------------------------------------------------- the catalogue


def test_the_catalogue_is_whole() -> None:
    asked = questions()
    assert len(asked) >= 60
    for question in asked.values():
        for text in (question.question, question.why, question.harm, question.who, question.clause):
            assert len(text) > 10, question.code
        assert question.question.endswith("?")
        assert question.source in sources()
    assert {question.source for question in asked.values()} == set(sources())
    assert all(source.url.startswith("http") for source in sources().values())
    assert set(RANK) <= {code for code, question in asked.items() if question.severity == "high"}
    assert {question.severity for question in asked.values()} == set(SEVERITIES)


#: beginnings of words that take a side (docs/glossary.md); an annex is none
LOADED = ("aggress", "occup", "liberat", "terroris", "invader", "enem", "hostile", "regime", "puppet", "annexa", "rebel", "militant", "separatist", "denazif", "genocid", "brutal", "heroic", "innocen")  # fmt: skip


@pytest.mark.parametrize("name", ["catalogue.yaml", "acts.yaml", "sources.yaml"])
def test_no_word_of_the_catalogue_takes_a_side(name: str) -> None:
    text = (ROOT / "src/truceline/terms" / name).read_text(encoding="utf-8").casefold()
    words = set(re.findall(r"[a-z]+", re.sub(r'url: "[^"]*"', "", text)))
    assert not {word for word in words if word.startswith(LOADED)}


def test_the_taxonomy_refers_to_itself_alone() -> None:
    for act in known_acts().values():
        assert act.parent is None or act.parent in known_acts()
        assert set(act.seen_by) <= set(known_means())
        assert act.unit
        assert act.definition.endswith(".")


def test_every_question_looks_where_the_terms_have_something() -> None:
    for question in questions().values():
        given = question.answered_by.given
        if given is not None:
            section, name = given.split(".")
            assert name in type(getattr(read_draft(MODEL, label="x"), section)).model_fields
        if question.answered_by.act not in (None, "any"):
            assert question.answered_by.act in known_acts()


# ---------------------------------------------------------------- Jeddah


@pytest.mark.parametrize("asked", ASKED)
def test_what_the_reports_asked_and_the_text_leaves_open_is_raised(asked: str, jeddah: Truce) -> None:
    open_ = {one.question.code for one in review(jeddah).open}
    assert set(ASKED[asked]) <= open_


def test_what_the_text_answers_is_not_raised(jeddah: Truce) -> None:
    answered = {one.question.code: one.clause_ids for one in review(jeddah).answered}
    assert answered == {
        "duration": ("4.1",),
        "entry_conditions": ("4.3",),
        "extension": ("4.2",),
        "third_parties": ("5",),
        "talks": ("7.1",),
    }


def test_the_review_leads_with_gaps_of_high_severity_and_quotes_the_draft(jeddah: Truce) -> None:
    first = review(jeddah).open[:10]
    assert all(one.question.severity == "high" for one in first)
    start = next(one for one in review(jeddah).open if one.question.code == "start_hour")
    assert start.clause_ids == ("4.1", "4.3")  # “immediate” is no hour


def test_who_must_answer_is_named_as_the_draft_names_them(jeddah: Truce) -> None:
    named = {code: who_answers(question, jeddah) for code, question in questions().items()}
    assert named["start_hour"] == "The parties and the mediator (Russian Federation, Ukraine, United States)"
    assert named["third_parties"] == "The third parties (United States, European partners)"


def test_words_that_the_statement_does_not_define_are_told(jeddah: Truce) -> None:
    told = " ".join(fault.says for fault in find_faults(jeddah) if fault.code == "undefined_word")
    for word in ("immediate", "interim", "ceasefire", "concurrent", "reciprocity"):
        assert f"“{word}”" in told


# ---------------------------------------------------------------- the model agreement


def test_a_well_drafted_agreement_raises_no_alarm(model: Truce) -> None:
    found = review(model)
    assert found.open == ()
    assert found.faults == ()
    assert found.grave == 0
    assert {clause.id for clause in model.clauses} == {
        name for one in found.answered for name in one.clause_ids
    }


def test_each_clause_struck_out_opens_exactly_its_question(model: Truce) -> None:
    answered_by: dict[str, list[str]] = {clause.id: [] for clause in model.clauses}
    for one in review(model).answered:
        (clause,) = set(one.clause_ids)
        answered_by[clause].append(one.question.code)
    for clause, codes in answered_by.items():
        found = review(strike(model, clause))
        assert [one.question.code for one in found.open] == codes
        assert len(codes) == 1
        assert found.faults == ()


def without(truce: Truce, kind: str, place: int) -> Truce:
    """The agreement without one item of a list, and without its name in the zones of obligations."""
    parts = truce.model_dump(exclude_none=True)
    gone = parts[kind].pop(place)
    if kind == "zones":
        for duty in parts["obligations"]:
            duty["zones"] = [name for name in duty["zones"] if name != gone["id"]]
    if kind == "obligations":
        later = parts["timing"]["staggered"]
        later["parts"] = [part for part in later["parts"] if part["obligations"] != [gone["id"]]]
    return Truce.model_validate(parts)


def test_each_duty_taken_out_opens_exactly_its_question(model: Truce) -> None:
    by_clause = {one.clause_ids[0]: one.question.code for one in review(model).answered}
    for place, duty in enumerate(model.obligations):
        found = review(without(model, "obligations", place))
        (clause,) = duty.cites
        assert [one.question.code for one in found.open] == [by_clause[clause]], duty.id


def test_duties_that_bind_one_party_alone_answer_nothing(model: Truce) -> None:
    both = set(model.party_ids)
    by_clause = {one.clause_ids[0]: one.question.code for one in review(model).answered}
    clauses = {duty.cites[0] for duty in model.obligations if both <= set(duty.binds)}
    assert len(clauses) > 20
    for clause in sorted(clauses):
        for party in model.party_ids:
            duties = [
                duty.model_copy(update={"binds": [party]}) if duty.cites == [clause] else duty
                for duty in model.obligations
            ]
            found = review(model.model_copy(update={"obligations": duties}))
            assert [one.question.code for one in found.open] == [by_clause[clause]]


def test_a_permission_to_fire_does_not_say_which_acts_stop(model: Truce) -> None:
    duties = [
        duty.model_copy(update={"rule": "permit"}) if duty.act == "fire" else duty
        for duty in model.obligations
    ]
    less = model.model_copy(update={"obligations": duties})
    assert "acts_prohibited" in {one.question.code for one in review(less).open}


@pytest.mark.parametrize("field", ["condition", "ordered_by", "report_within_hours"])
def test_fire_in_answer_without_its_limits_stays_open(model: Truce, field: str) -> None:
    (exempt,) = model.exemptions
    less = model.model_copy(update={"exemptions": [exempt.model_copy(update={field: None})]})
    assert [one.question.code for one in review(less).open] == ["return_fire"]


@pytest.mark.parametrize("kind", ["exemptions", "consents"])
def test_each_exemption_and_consent_taken_out_opens_exactly_its_question(model: Truce, kind: str) -> None:
    by_clause = {one.clause_ids[0]: one.question.code for one in review(model).answered}
    for place, item in enumerate(getattr(model, kind)):
        found = review(without(model, kind, place))
        assert [one.question.code for one in found.open] == [by_clause[item.clauses[0]]]


def test_each_provision_taken_out_opens_exactly_its_question(model: Truce) -> None:
    by_clause = {one.clause_ids[0]: one.question.code for one in review(model).answered}
    for path, provision in provisions(model):
        section, name, *_place = map(str, path)
        if section == "consents":
            continue
        part = getattr(model, section)
        left: Any = [] if isinstance(getattr(part, name), list) else None
        less = model.model_copy(update={section: part.model_copy(update={name: left})})
        assert [one.question.code for one in review(less).open] == [by_clause[provision.clauses[0]]], name


def test_zones_that_answer_a_question_open_it_when_taken_out(model: Truce) -> None:
    purposes = {"disengagement": "disengagement", "withdrawal": "heavy_weapons", "corridor": "corridors", "protected": "protected_zones"}  # fmt: skip
    for place, zone in enumerate(model.zones):
        found = [one.question.code for one in review(without(model, "zones", place)).open]
        # of other purposes the duty remains, and holds everywhere
        assert found == ([purposes[zone.purpose]] if zone.purpose in purposes else []), zone.id


def test_the_model_clause_of_each_question_is_the_one_that_answers_it(model: Truce) -> None:
    wording = {clause.id: clause.text for clause in model.clauses}
    for one in review(model).answered:
        assert [wording[name] for name in one.clause_ids] == [one.question.clause]


# ---------------------------------------------------------------- faults of sense


def changed(truce: Truce, **parts: Any) -> Truce:
    return Truce.model_validate({**truce.model_dump(exclude_none=True), **parts})


def test_what_one_duty_forbids_and_another_demands_is_a_contradiction(model: Truce) -> None:
    clash = {
        "id": "clash",
        "act": "sniping",
        "title": "Snipers fire",
        "rule": "require",
        "binds": ["A"],
        "cites": ["4.1"],
    }
    acts = [*model.model_dump(exclude_none=True)["acts"], {"id": "sniping"}]
    duties = [*model.model_dump(exclude_none=True)["obligations"], clash]
    (fault,) = find_faults(changed(model, obligations=duties, acts=acts))
    assert (fault.code, fault.severity) == ("contradiction", "high")
    assert fault.obligation_ids == ("fire", "clash")


def test_two_limits_on_one_act_contradict_each_other(model: Truce) -> None:
    limit = {"act": "rotation", "title": "Limit", "rule": "limit", "binds": ["A"], "cites": ["4.1"]}
    duties = [
        *model.model_dump(exclude_none=True)["obligations"],
        {**limit, "id": "one", "limit": {"count": 5, "window_hours": 24}},
        {**limit, "id": "two", "limit": {"count": 9, "window_hours": 24}},
    ]
    assert [fault.code for fault in find_faults(changed(model, obligations=duties))] == ["contradiction"]


def test_language_versions_with_different_figures_contradict_each_other(model: Truce) -> None:
    clauses = model.model_dump(exclude_none=True)["clauses"]
    clauses[7] = {**clauses[7], "wording": {"en": clauses[7]["wording"]["en"], "uk": "Угода діє 60 днів."}}
    (fault,) = find_faults(changed(model, clauses=clauses))
    assert fault.code == "contradiction"
    assert "30 in en and 60 in uk" in fault.says


@pytest.mark.parametrize(
    ("wording", "other"),
    [
        ("1,000 men within 2.5 km", "1\u00a0000 осіб у межах 2,5 км"),
        ("1,234,567 rounds", "1 234 567 пострілів"),
        ("at 6 p.m. on 18 March 2025", "о 18:00 18 березня 2025 року"),
        ("from 12:30 a.m.", "з 00.30"),
    ],
)
def test_one_figure_in_two_notations_is_one_figure(wording: str, other: str, model: Truce) -> None:
    clauses = model.model_dump(exclude_none=True)["clauses"]
    clauses[7] = {**clauses[7], "wording": {"en": wording, "uk": other}}
    assert find_faults(changed(model, clauses=clauses)) == []
    clauses[7]["wording"]["uk"] = other + ", 77"  # what one version alone has may be there in words
    assert [fault.severity for fault in find_faults(changed(model, clauses=clauses))] == ["low"]
    clauses[7]["wording"]["en"] = wording + ", 78"
    assert [fault.severity for fault in find_faults(changed(model, clauses=clauses))] == ["high"]


@pytest.mark.parametrize(
    "condition", [None, {"any_of": [{"fact": "ordered"}, {"unless": {"fact": "ordered"}}]}]
)
def test_an_exemption_that_always_applies_swallows_its_rule(model: Truce, condition: Any) -> None:
    exempt = {**model.model_dump(exclude_none=True)["exemptions"][0], "condition": condition}
    found = find_faults(changed(model, exemptions=[exempt]))
    assert [(fault.code, fault.obligation_ids) for fault in found] == [("vacuous", ("fire",))]


def test_a_corridor_that_is_never_open_is_vacuous(model: Truce) -> None:
    zones = model.model_dump(exclude_none=True)["zones"]
    for zone in zones:
        if zone["kind"] == "corridor":
            zone["windows"] = [{"start": "2032-01-01T00:00:00Z", "stop": "2032-01-02T00:00:00Z"}]
    (fault,) = find_faults(changed(model, zones=zones))
    assert (fault.code, fault.severity) == ("vacuous", "high")


def test_a_breach_that_no_consented_means_could_see_is_told(model: Truce) -> None:
    consents = model.model_dump(exclude_none=True)["consents"]
    for consent in consents:
        consent["means"] = [
            name for name in consent["means"] if name not in ("records", "inspection", "interview", "media")
        ]
    found = [
        fault for fault in find_faults(changed(model, consents=consents)) if fault.code == "unverifiable"
    ]
    assert "mobilisation" in {name for fault in found for name in fault.obligation_ids}
    assert "fire" not in {name for fault in found for name in fault.obligation_ids}
    assert all("it would take" in fault.says for fault in found)


def test_a_refusal_leaves_unseen_what_a_consent_would_show(model: Truce) -> None:
    consents = model.model_dump(exclude_none=True)["consents"]
    consents[0]["granted"] = False
    found = find_faults(changed(model, consents=consents))
    assert {fault.code for fault in found} == {"unverifiable"}
    assert all("by Party A:" in fault.says for fault in found)


@pytest.mark.parametrize(
    ("part", "field", "value", "says"),
    [
        ("termination", "notice_hours", 900, "an end on the notice asked for falls after"),
        ("review", "within_hours", 900, "the review falls after"),
        ("extension", "decide_before_hours", 720, "due before the truce begins"),
    ],
)
def test_times_that_cannot_be_kept_are_told(
    model: Truce, part: str, field: str, value: float, says: str
) -> None:
    timing = model.model_dump(exclude_none=True)["timing"]
    timing[part][field] = value
    (fault,) = find_faults(changed(model, timing=timing))
    assert (fault.code, fault.severity) == ("contradiction", "high")
    assert says in fault.says


def test_rival_starts_side_by_side_are_told() -> None:
    energy = read_draft(ROOT / "cases" / "energy-2025" / "truce.yaml", label="x")
    (fault,) = (one for one in find_faults(energy) if one.severity == "high")
    assert fault.code == "contradiction"
    assert fault.clause_ids == ("ru-order", "ua-consent")


def test_a_deadline_after_the_end_is_told(model: Truce) -> None:
    duties = model.model_dump(exclude_none=True)["obligations"]
    late = next(duty for duty in duties if duty["id"] == "prisoners")
    late["deadline_hours"] = 1000
    (fault,) = find_faults(changed(model, obligations=duties))
    assert fault.obligation_ids == ("prisoners",)


def test_an_operative_clause_that_nothing_cites_is_not_executable(model: Truce) -> None:
    clauses = [*model.model_dump(exclude_none=True)["clauses"], {"id": "99", "wording": "Peace shall reign."}]
    (fault,) = find_faults(changed(model, clauses=clauses))
    assert (fault.code, fault.clause_ids) == ("not_executable", ("99",))


def test_a_word_that_is_defined_is_no_fault(jeddah: Truce) -> None:
    defined = changed(jeddah, definitions=[{"term": "ceasefire", "meaning": "no fire of any weapon"}])
    assert "“ceasefire”" not in " ".join(fault.says for fault in find_faults(defined))


# ---------------------------------------------------------------- differences


def test_a_draft_does_not_differ_from_itself(model: Truce) -> None:
    assert compare(model, model) == []


def test_striking_a_clause_and_putting_it_back_are_opposites(model: Truce) -> None:
    less = strike(model, "4.1")
    there = {(one.kind, one.effect) for one in compare(model, less)}
    back = {(one.kind, one.effect) for one in compare(less, model)}
    assert ("question_opened", "looser") in there
    assert ("duty", "looser") in there
    assert ("question_answered", "tighter") in back
    assert ("duty", "tighter") in back


def test_a_change_of_wording_alone_is_no_difference(model: Truce) -> None:
    clauses = [{**clause, "wording": {"en": "Otherwise said."}} for clause in model.model_dump()["clauses"]]
    assert compare(model, changed(model, clauses=clauses)) == []


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ({"all_of": [{"fact": "a"}, {"fact": "b"}]}, {"fact": "a"}),
        ({"fact": "a"}, {"any_of": [{"fact": "b"}, {"fact": "a"}]}),
        (
            {"answering": {"act": "fire", "within_minutes": 10}},
            {"answering": {"act": "fire", "within_minutes": 60}},
        ),
        ({"unless": {"any_of": [{"fact": "a"}, {"fact": "b"}]}}, {"unless": {"fact": "a"}}),
        (
            {"all_of": [{"any_of": [{"fact": "a"}, {"fact": "b"}]}, {"fact": "c"}]},
            {"any_of": [{"fact": "b"}, {"fact": "a"}]},
        ),
    ],
)
def test_an_exemption_made_wider_is_looser_and_narrower_tighter(narrow: Any, wide: Any, model: Truce) -> None:
    exempt = model.model_dump(exclude_none=True)["exemptions"][0]
    one, two = (changed(model, exemptions=[{**exempt, "condition": part}]) for part in (narrow, wide))
    changes = [
        [c.effect for c in compare(a, b) if c.kind == "exemption"] for a, b in ((one, two), (two, one))
    ]
    assert changes == [["looser"], ["tighter"]]


@pytest.mark.parametrize("change", [{"binds": []}, {"clocks": ["c"]}, {"condition": {"fact": "a"}}])
@pytest.mark.parametrize("rule", ["prohibit", "permit"])
def test_a_permission_made_less_is_tighter_where_a_prohibition_made_less_is_looser(
    rule: str, change: dict[str, Any], model: Truce
) -> None:
    parties = model.party_ids
    change = {"binds": [parties[0]]} if "binds" in change else change
    clock = {"id": "c", "title": "c", "start": "2031-05-01T00:00:00Z", "stop": "2031-05-02T00:00:00Z"}
    duty = {"id": "o", "act": "rotation", "title": "Relief", "rule": rule, "binds": list(parties)}
    one, two = (changed(model, clocks=[clock], obligations=[each]) for each in (duty, {**duty, **change}))
    effects = [[c.effect for c in compare(a, b) if c.kind == "duty"] for a, b in ((one, two), (two, one))]
    assert effects == ([["looser"], ["tighter"]] if rule == "prohibit" else [["tighter"], ["looser"]])


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("operator", ["A"], "operated by"),
        ("zones", ["near"], "in zones"),
        ("revocable_hours", 1, "hours of notice"),
    ],
)
def test_who_watches_where_and_until_when_is_a_difference(
    field: str, value: Any, says: str, model: Truce
) -> None:
    consents = model.model_dump(exclude_none=True)["consents"]
    value = [model.party_ids[0]] if field == "operator" else value
    other = changed(model, consents=[{**consents[0], field: value}, *consents[1:]])
    told = [c.says for c in compare(model, other) if c.kind == "consent"]
    assert told
    assert all(says in one for one in told)


def test_a_later_deadline_is_looser(model: Truce) -> None:
    duty = {
        "id": "o",
        "act": "rotation",
        "title": "Relief",
        "rule": "require",
        "binds": list(model.party_ids),
    }
    one, two = (changed(model, obligations=[{**duty, "deadline_hours": h}]) for h in (24, 48))
    assert [c.effect for c in compare(one, two) if c.kind == "duty"] == ["looser"]


def test_conditions_that_share_no_words_imply_nothing(model: Truce) -> None:
    exempt = model.model_dump(exclude_none=True)["exemptions"][0]
    one, two = (changed(model, exemptions=[{**exempt, "condition": {"fact": name}}]) for name in "ab")
    assert [c.effect for c in compare(one, two) if c.kind == "exemption"] == ["different"]


def test_consequences_are_told_as_sentences(model: Truce) -> None:
    parts = model.model_dump(exclude_none=True)
    parts["timing"]["duration"]["days"] = 60
    parts["exemptions"][0]["report_within_hours"] = 12
    parts["obligations"][0]["zones"] = ["near"]
    parts["consents"][1]["means"].remove("drone")
    told = [one.says for one in compare(model, Truce.model_validate(parts))]
    assert "timing.duration: days: 30 becomes 60" in told
    assert "“Fire in answer”: report_within_hours: 2 becomes 12" in told
    assert "No fire: zones: all becomes near" in told
    assert "Party B no longer consents to: drone" in told


# ---------------------------------------------------------------- the command


def test_check_ends_with_zero_where_nothing_grave_is_open(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(MODEL.parent)]) == 0
    assert "0 of 84 questions are open" in capsys.readouterr().out


def test_check_gives_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(JEDDAH), "--json"]) == 7
    found = json.loads(capsys.readouterr().out)
    for part in ("open", "answered"):
        for one in found[part]:
            assert {"code", "question", "severity", "clause_ids"} <= one.keys()
    assert len(found["open"]) + len(found["answered"]) == len(questions())
    assert found["open"][0]["draft_says"]
    assert found["open"][0]["source"]["url"].startswith("http")


def test_check_writes_a_page_that_asks_nobody_for_anything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "deep" / "review.html"
    run(["check", str(JEDDAH), "--html", str(page)])
    assert str(page) in capsys.readouterr().out
    text = page.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert "<script" not in text
    assert (
        text.index("gaps that can do most harm") < text.index("Open besides") < text.index("What is answered")
    )
    assert text.count('class="gap high"') == 10


@pytest.mark.parametrize("code", ["uk", "ru"])
def test_a_page_tells_every_question_in_the_language_in_force(code: str, jeddah: Truce) -> None:
    written = {asked.question.code: asked.question for asked in review(jeddah).open}
    who = {key: who_answers(question, jeddah) for key, question in written.items()}
    with speaking(code):
        found = review(jeddah)
        page = render_review(found, first=10)
        said = {asked.question.code: who_answers(asked.question, jeddah) for asked in found.open}
    assert f'<html lang="{code}">' in page
    for asked in found.open:
        one, other = asked.question, written[asked.question.code]
        assert said[one.code] != who[one.code]
        assert said[one.code].partition(" (")[2] == who[one.code].partition(" (")[2]
        for field in ("question", "why", "harm", "clause", "precedent"):
            text = getattr(one, field)
            assert text is None or (text != getattr(other, field) and str(Markup.escape(text)) in page)


def test_texts_of_a_draft_are_escaped(tmp_path: Path) -> None:
    file, page = tmp_path / "truce.yaml", tmp_path / "r.html"
    file.write_text(JEDDAH.read_text(encoding="utf-8").replace("title: Proposal", "title: <script>alert(1)</script> Proposal"), encoding="utf-8")  # fmt: skip
    run(["check", str(file), "--html", str(page)])
    assert "<script" not in page.read_text(encoding="utf-8")


def test_diff_tells_two_drafts_apart(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", str(JEDDAH.parent), str(MODEL.parent)]) == 0
    assert "now answered (high): Who watches?" in capsys.readouterr().out
    assert run(["diff", str(MODEL), str(MODEL), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["changes"] == []


def test_a_missing_draft_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["check", str(tmp_path)]) == 3
    assert "no such file" in capsys.readouterr().err


# ---------------------------------------------------------------- schema, speed


def test_the_published_schema_is_that_of_the_models() -> None:
    assert published() == schema_text(), "python -m truceline.terms.json_schema > …/truce.schema.json"


@pytest.mark.parametrize("path", sorted(ROOT.glob("cases/*/truce.yaml")), ids=lambda path: path.parent.name)
def test_every_case_fits_the_published_schema(path: Path) -> None:
    tree = Document(path, label="x").plain
    jsonschema.validate(tree, json.loads(published()))


def test_two_hundred_clauses_are_read_and_reviewed_within_a_second(tmp_path: Path) -> None:
    text = MODEL.read_text(encoding="utf-8")
    head, rest = text.split("\ntexts:", 1)
    before, after = rest.split("\nexemptions:", 1)
    more = [
        f'  - {{id: "x.{n}", wording: "Party A does not fire in sector {n} between 06:00 and 18:00."}}'
        for n in range(116)
    ]
    duties = [
        f'  - {{id: more-{n}, act: shelling, title: "No shelling {n}", binds: [A], cites: ["x.{n}"]}}'
        for n in range(116)
    ]
    acts = before.replace("\nobligations:", "\n  - {id: shelling}\n\nobligations:", 1)
    file = tmp_path / "truce.yaml"
    file.write_text(head + "\n" + "\n".join(more) + "\n\ntexts:" + acts.rstrip("\n") + "\n" + "\n".join(duties) + "\n\nexemptions:" + after, encoding="utf-8")  # fmt: skip
    questions()
    started = time.process_time()
    truce = read_draft(file, label="x")
    found = review(truce)
    spent_s = time.process_time() - started
    assert len(truce.clauses) == 200
    assert found.faults == ()
    assert spent_s < 1
