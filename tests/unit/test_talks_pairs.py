"""Which tellings are one statement: what a pair shares, and how accounts join; new cues of who speaks."""

from __future__ import annotations

import pytest
from fixtures_talks import document, said, speakers

from truceline.talks.compare import align
from truceline.talks.pairs import FEATURES, likely, pair_features, pair_weights, rarity, tellings
from truceline.talks.statements import read_statements

FIRST = """Berg said that the harbour would be opened to grain ships within nine days.
“The observers may stay in the lighthouse,” Orlova told reporters."""
SECOND = """Grain ships will find the harbour opened within nine days, Berg said.
Berg warned that the ferry was old. Orlova said that “the observers may stay in the lighthouse”."""


def told():
    rows = [one for text in (FIRST, SECOND) for one in read_statements(document(text), speakers())[0]]
    return tellings(rows, groups={})


def probability(one, other, found):
    return likely(pair_features(one, other, rarity(found)), pair_weights())


def test_a_pair_is_as_likely_from_either_side():
    found = told()
    for one in found:
        for other in found:
            assert probability(one, other, found) == probability(other, one, found)


def test_a_statement_is_likelier_to_be_itself_than_any_other():
    found = told()
    for one in found:
        assert all(probability(one, one, found) >= probability(one, other, found) for other in found)


def test_there_is_a_weight_for_every_feature_and_no_other():
    found = told()
    assert len(pair_weights()) == len(FEATURES) == len(pair_features(found[0], found[1], rarity(found)))


def test_the_rarity_of_a_word_does_not_hang_on_how_much_was_read():
    found = told()
    weight = rarity(found)
    assert max(weight.values()) == pytest.approx(1.0)
    assert all(0 < value <= 1 for value in weight.values())


def test_what_shares_rare_words_or_a_quotation_is_aligned_and_what_shares_neither_is_not():
    groups = [[one.text for one in group.statements] for group in align(told())]
    assert len(groups) == 2
    assert not any("ferry" in text for group in groups for text in group)


def test_another_weight_for_a_pair_is_taken_where_given():
    never = [0] * len(FEATURES)
    never[0] = -5000
    assert align(told(), weights_for=lambda one, other: never) == []


@pytest.mark.parametrize(
    ("text", "who", "rule"),
    [
        ("The head of the council in Portville, Mira Lind, said that the road was open.", "Mira Lind", "subject_before_verb"),
        ("“The road is open,” says teacher Olena.", "Olena", "subject_after_verb"),
        ("Ms Lind, the council’s auditor, warned that the road was closed.", "Lind", "subject_before_verb"),
        ("Berg’s threat of new duties on grain came on Friday.", "Ivo Berg", "speech_noun"),
        ("Norland’s insistence on inspections delayed the talks.", "Norland", "speech_noun"),
        ("“It is time to stop this,” the mediator’s envoy said.", "mediator’s envoy", "subject_before_verb"),
    ],
)  # fmt: skip
def test_who_speaks(text, who, rule):
    (one,) = said(text)
    assert (one.speaker.name, one.rule) == (who, rule)


@pytest.mark.parametrize("text", ["Berg’s threat grew.", "The threat of new duties on grain came on Friday."])
def test_a_noun_of_speech_alone_is_no_statement(text):
    assert said(text) == []


@pytest.mark.parametrize(
    ("text", "issue", "stance"),
    [
        ("“There will be no truce now,” Berg said.", "ceasefire", "rejects"),
        ("Berg said the government was studying the ceasefire offer.", "ceasefire", "open"),
        ("Berg said the truce must last at least half a year.", "duration", "demands"),
        ("“Who will check that nobody fires?” Berg asked.", "verification", "asks"),
        ("Berg said that no call had been arranged.", "meetings", "denies"),
        ("Berg said he would speak by telephone with the envoy.", "meetings", "announces"),
        ("Berg said a pause would only help them regroup.", "momentum", "warns"),
        ("Berg said he would lift the sanctions if the ships were freed.", "sanctions", "conditions"),
    ],
)  # fmt: skip
def test_what_is_said_and_how(text, issue, stance):
    (one,) = said(text)
    assert (one.issue, one.stance) == (issue, stance)
