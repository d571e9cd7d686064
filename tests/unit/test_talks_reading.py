"""Statements: who said what, in which manner, on which condition."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from fixtures_talks import document, said, speakers

from truceline.talks.lexicon import lexicon
from truceline.talks.meaning import find_condition
from truceline.talks.quotation import find_quotes
from truceline.talks.statements import read_statements
from truceline.talks.windows import find_windows


def only(text: str, **rest: str) -> object:
    found = said(text, **rest)
    assert len(found) == 1, [one.text for one in found]
    return found[0]


@pytest.mark.parametrize(
    ("text", "speaker", "manner"),
    [
        ("“We accept the truce,” Orlova said on Friday.", "orlov", "direct"),
        ("“We accept the truce,” said President Ada Orlova.", "orlov", "direct"),
        ("President Ada Orlova said that the truce would hold.", "orlov", "reported"),
        ("Ivo Berg rejected the ceasefire plan.", "berg", "paraphrase"),
        ("The Norlandic leader called the plan “a trap.”", "orlov", "mixed"),
        ("According to Berg, the ceasefire is over.", "berg", "reported"),
        ("Norland’s Defence Ministry said that 12 drones were shot down.", "n-mod", "reported"),
        ("The plan, already accepted by Sudland, foresees a ceasefire of 30 days.", "S", "paraphrase"),
    ],
)
def test_a_speaker_is_found_before_and_after_the_verb_by_name_office_and_party(text, speaker, manner):
    one = only(text)
    assert one.speaker.id == speaker
    assert one.manner == manner


def test_each_attribution_carries_the_rule_that_made_it():
    for one in said(
        "Orlova said that the truce holds, adding that monitors were welcome. “We agree,” she said."
    ):
        assert one.rule
        assert one.speaker_rule
        assert one.stance_rule
        assert one.issue_rule


def test_two_verbs_of_one_subject_are_two_statements():
    first, second = said(
        "Berg voiced support for a ceasefire but warned that it would give the other side time to regroup."
    )
    assert (first.speaker.id, second.speaker.id) == ("berg", "berg")
    assert (first.stance, second.stance) == ("accepts", "warns")
    assert second.issue == "momentum"
    assert first.stop <= second.start


def test_a_pronoun_means_who_spoke_last_and_fits_it():
    found = said("Orlova said the truce holds.\nBerg met her on Monday. He said that the truce was broken.")
    assert [one.speaker.id for one in found] == ["orlov", "berg"]


def test_what_is_passed_on_keeps_both_who_says_it_and_who_passes_it_on():
    one = only("Berg accepted the ceasefire, according to Coast Wire.")
    assert (one.speaker.id, one.via.id, one.status) == ("berg", "wire", "relayed")


def test_a_quotation_over_several_sentences_has_the_speaker_named_at_its_end():
    found = said("“Who will give the orders? Who will verify the truce?” asked Berg.")
    assert [one.speaker.id for one in found] == ["berg", "berg"]
    assert [one.issue for one in found] == ["orders", "verification"]
    assert {one.stance for one in found} == {"asks"}
    assert found[1].question == "Who will verify the truce?"


def test_a_quotation_alone_in_the_next_paragraph_is_carried_on():
    found = said("“We accept,” Berg said.\n“But we need guarantees of security from our partners.”")
    assert [one.speaker.id for one in found] == ["berg", "berg"]
    assert found[1].rule == "carried_to_next_paragraph"


def test_a_condition_is_kept_in_its_words():
    one = only(
        "Berg said that Sudland would accept a ceasefire only if arms supplies to Norland were halted."
    )
    assert one.stance == "conditions"
    assert "arms supplies" in one.condition
    assert one.issue == "ceasefire"


def test_status_is_undisclosed_or_unconfirmed_where_the_words_say_so():
    assert (
        only("“We talked about territory, but we don’t comment publicly on that,” Berg said.").status
        == "undisclosed"
    )
    assert only("Officials have yet to confirm the meeting.").status == "unconfirmed"


def test_numbers_have_value_relation_and_unit():
    one = only("Orlova said that more than 1,200 drones and two thousand shells were fired.")
    assert [(number.value, number.relation) for number in one.numbers] == [(1200, "≥"), (2000, "=")]
    assert one.numbers[0].unit.startswith("drones")


def test_marks_around_a_term_are_no_speech():
    found, attributed = read_statements(
        document("Berg said that the troops would not be sent to what he calls his “special exercise”."),
        speakers(),
    )
    assert len(found) == 1
    assert attributed.speech == ()
    assert len(attributed.terms) == 1


@pytest.mark.parametrize(
    ("language", "text", "speaker", "issue", "stance"),
    [
        ("ru", "«Мы согласны на перемирие», — сказала Орлова.", "orlov", "ceasefire", "accepts"),
        (
            "ru",
            "Президент Судландии Иво Берг заявил, что это неприемлемо под любым флагом.",
            "berg",
            "contingents",
            "rejects",
        ),
        ("ru", "По словам Берга, санкции должны быть отменены.", "berg", "sanctions", "demands"),
        ("uk", "«Ми підтримуємо перемир’я», – заявив Берг.", "berg", "ceasefire", "accepts"),
        ("uk", "Президент Судландії Іво Берг закликав посилити санкції.", "berg", "sanctions", "demands"),
    ],
)
def test_russian_and_ukrainian_are_read_with_names_in_any_case(language, text, speaker, issue, stance):
    one = only(text, language=language)
    assert (one.speaker.id, one.issue, one.stance) == (speaker, issue, stance)


WINDOW = (datetime(2031, 4, 19, 15, tzinfo=UTC), datetime(2031, 4, 20, 21, tzinfo=UTC))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "from 18:00 Norby time on 19 April to 00:00 on 21 April"),
        ("en", "from 6 p.m. Norby time on April 19 until midnight on April 21"),
        ("en", "between 18:00 Norby time on 19 April 2031 and 00:00 Norby time on 21 April 2031"),
        ("en", "from 15:00 UTC on 19 April until 21:00 UTC on 20 April"),
        ("ru", "с 18:00 по норбийскому времени 19 апреля до 00:00 21 апреля"),
        ("uk", "з 18:00 19 квітня до 00:00 21 квітня за норбійським часом"),
    ],
)
def test_a_truce_window_is_one_moment_in_three_languages(language, text):
    clocks = speakers().file.clocks
    (window,) = find_windows(text, published=date(2031, 4, 18), words=lexicon(language), clocks=clocks)
    assert (window.start, window.stop) == WINDOW


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("It starts at 18:00 on 19 April.", "no clock named"),
        ("It starts at 18:00 Norby time.", "no day named"),
        ("from 25 March", "days without hours"),
        ("for 30 days", "no start named"),
    ],
)
def test_an_hour_without_clock_or_day_is_no_moment_and_says_why(text, why):
    (window,) = find_windows(
        text, published=date(2031, 4, 18), words=lexicon("en"), clocks=speakers().file.clocks
    )
    assert window.open == why
    assert window.start is None


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("He said “one ‘two’ three” and left.", ["one ‘two’ three", "two"]),
        ('He said "one" and "two".', ["one", "two"]),
        ("Он сказал: «один „два“ три».", ["один „два“ три", "два"]),
        ("Він сказав: «один “два” три».", ["один “два” три", "два"]),
        ("It was 'manipulative' of the parties' envoys, it's said.", ["manipulative"]),
        ("The leaders' talks didn't end.", []),
        ('He asked: "How long will it last?', ["How long will it last?"]),
        ("She said: “This never ends. And he said “no”.", ["This never ends.", "no"]),
        ("He said ”yes indeed” twice.", ["yes indeed"]),
    ],
)
def test_quotation_marks_of_three_styles_nested_and_unbalanced(text, inside):
    found = find_quotes(text, document(text).paragraphs)
    assert [text[one.start : one.stop] for one in found] == inside


def test_a_quotation_that_opens_again_in_the_next_paragraph_goes_on():
    text = "“First words of it, and more.\n“Second words of it,” Berg said."
    first, second = find_quotes(text, document(text).paragraphs)
    assert first.continued
    assert second.balanced


@pytest.mark.parametrize(("opening", "closing"), [("“", "”"), ('"', '"'), ("«", "»")])
def test_a_condition_ends_with_the_quotation_whatever_its_marks(opening: str, closing: str) -> None:
    text = f"{opening}We will agree if the other side stops shelling,{closing} Orla Berg said on Tuesday."
    assert find_condition(text, words=lexicon("en")) == "if the other side stops shelling"
