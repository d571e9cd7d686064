"""Frames of English reports: who is the subject, whose stance it is, what waits for what."""

from __future__ import annotations

import pytest
from fixtures_talks import said

from truceline.talks.inflection import inflect
from truceline.talks.lexicon import lexicon
from truceline.talks.meaning import find_condition
from truceline.talks.speakers import Speakers


@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        ("Ada Orlova, who met Ivo Berg in a third country, said the talks would go on.", "orlov"),
        ("Ada Orlova, in a speech aboard a Sudlandic ship, said: “The truce holds.”", "orlov"),
        ("The talks, Berg said, were useful.", "berg"),
        ("Several old friends said the army was tired.", "old_friends"),
        ("Proponents of the bill say it would help.", "proponents"),
        ("The campaign said the talks were off.", "campaign"),
        ("The envoy of a Sudlandic party, who asked for calm, said the truce held.", "envoy_of_a_sudlandic_party"),
        ("The relatives of the remaining hostages said nobody had told them.", "relatives_of_the_remaining_hostages"),
        ("The truce fell apart within hours, according to data analysed by two newspapers.", "data"),
        ("Orlova was quoted as saying that the truce held.", "orlov"),
    ],
)  # fmt: skip
def test_the_subject_is_found_across_what_stands_between(text, speaker):
    found = said(text)
    assert found
    assert found[-1].speaker.id in (speaker, speaker.split("_of_")[0])


@pytest.mark.parametrize(
    "text",
    [
        "The army, backed by heavy air strikes, took a hill near the river.",
        "Russet hills were backed by Sudland’s tanks.",
        "The results suggest that few voters care.",
        "She was tired of demands.",
        "Officials were among those expected to attend.",
    ],
)
def test_no_one_speaks_where_a_form_is_no_verb_of_saying(text):
    assert said(text) == []


@pytest.mark.parametrize("verb", ["accepted", "rejected"])
@pytest.mark.parametrize(("one", "other"), [("Orlova", "Sudland"), ("Berg", "Norland")])
def test_what_the_other_side_accepts_is_no_stance_of_the_speaker(verb, one, other):
    own, others = said(f"{one} said we {verb} the plan."), said(f"{one} said {other} had {verb} the plan.")
    assert own[0].stance == {"accepted": "accepts", "rejected": "rejects"}[verb]
    assert others[0].stance == "claims"


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("There can be no peace without guarantees.", True),
        ("Without guarantees there can be no peace.", True),
        ("We will not sign before the guns fall silent.", True),
        ("Provided that the guns fall silent, we will sign.", True),
        ("Peace is conditional on a withdrawal.", True),
        ("Should they refuse, we will act.", True),
        ("A prerequisite is the release of everybody.", True),
        ("The town was left without water.", False),
        ("Never before had so many come.", False),
        ("The army provided food to the town.", False),
        ("The old bridge was once the longest.", False),
        ("They spoke on condition of anonymity.", False),
    ],
)
def test_a_condition_is_what_something_waits_for(text, condition):
    assert (find_condition(text, words=lexicon("en")) is not None) is condition


@pytest.mark.parametrize(
    ("text", "issue", "stance"),
    [
        ("Orlova said she would attend the next round of talks.", "meetings", "announces"),
        ("Orlova said peacekeepers must not be sent.", "contingents", "demands"),
        ("Berg said he would not take part in the talks.", "format", "rejects"),
        ("Berg said there were no plans to hand over land.", "territory", "denies"),
        ("Orlova said she was cautiously optimistic about a release of prisoners.", "prisoners", "open"),
        ("Orlova said a truce could trigger further violence.", "ceasefire", "warns"),
    ],
)
def test_issue_and_stance_of_common_frames(text, issue, stance):
    one = said(text)[0]
    assert (issue in (one.issue, *one.issues_also), one.stance) == (True, stance)


def test_a_border_in_dispute_is_no_denial():
    assert said("Berg said the territorial dispute was old.")[0].stance == "claims"


@pytest.mark.parametrize(
    ("base", "forms"),
    [("deny", "deny denies denied denying"), ("announce", "announce announces announced announcing"), ("push for", "push for,pushes for,pushed for,pushing for")],
)  # fmt: skip
def test_forms_of_regular_verbs(base, forms):
    assert inflect(base) == (forms.split(",") if "," in forms else forms.split())


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Berg told broadcaster Norland 1 that the truce would hold.", []),
        ("Berg said a 30-day truce would hold.", [(30, "day")]),
        ("Berg said the line is nearly 2,000 kilometres of trenches.", [(2000, "kilometres")]),
        ("Berg said Sudland 3 times broke the truce.", [(3, "times broke")]),
    ],
)
def test_a_number_of_a_name_counts_nothing_and_units_end_where_small_words_begin(text, numbers):
    (one,) = said(text)
    assert [(number.value, number.unit) for number in one.numbers] == numbers


@pytest.mark.parametrize(
    "words", ["only in favour of", "solely to the advantage of", "exclusively in favor of"]
)
def test_a_truce_that_helps_one_side_alone_is_about_its_military_effect(words):
    (one,) = said(f"Berg referred to a temporary ceasefire as “a truce {words} the other army.”")
    assert one.issue == "momentum"


def test_an_office_named_after_another_country_is_not_the_one_spoken_of_before():
    found = said(
        "Eastian President Max Held said the truce held. Held met the envoys. "
        "The Westian president said the talks had failed. The Eastian president said nothing would change.",
        who=Speakers(),
    )
    assert [one.speaker.name for one in found if "talks" in one.text] == ["Westian president"]
    assert [one.speaker.name for one in found if "change" in one.text] == ["Max Held"]


def test_a_view_of_somebody_whom_the_text_introduced_is_a_statement():
    found = said(
        "Eastian President Max Held said the truce held. For Held, in conclusion, the sides need to talk about guards.",
        who=Speakers(),
    )
    assert [one.rule for one in found if one.speaker.name == "Max Held"][-1] == "view_of"


def test_of_what_is_kept_back_and_what_is_not_confirmed_the_last_is_told():
    (one,) = said("The envoys met behind closed doors, but officials have yet to confirm the result.")
    assert one.status == "unconfirmed"


@pytest.mark.parametrize("words", ["expressed concerns", "expressed serious concern", "voiced concerns"])
def test_concerns_are_a_warning(words):
    (one,) = said(f"Norland has {words} about how the truce would be put into practice.")
    assert one.stance == "warns"
