"""What reports tell by themselves, on which day, of whom something is asked, headlines, and what was set aside."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import jsonschema
import pytest
from fixtures_talks import DAY, document, said, speakers, write

from truceline.talks.accounts import build_accounts
from truceline.talks.aside import head_lines, set_aside
from truceline.talks.asked import asked_of
from truceline.talks.events import Event
from truceline.talks.lexicon import lexicon
from truceline.talks.propose import propose
from truceline.talks.reading import Reading
from truceline.talks.schema import EVENTS_FILE_NAME, events_schema, packaged_schema_path
from truceline.talks.sentences import running_sentences
from truceline.talks.statements import read_statements
from truceline.talks.views import build_views
from truceline.workflow.talks import read_all, read_talks

#: Friday, 18 April 2031, is the day of publication of both
ONE = """Ada Orlova: “A pause is possible”

EASTPORT (COASTWIRE) – President Ada Orlova said on Thursday that Norland accepts the truce, but asked who would watch the strait.
The plan made by Sudland was handed over in a closed room. Ivo Berg and a Norlandic delegation met in Eastport on 14 April. These talks had ended with Orlova agreeing to a pause of 20 days.
Deliveries of fuel to the islands were resumed on Wednesday. “Berg must open the harbour,” Orlova said later in the day.
Three fishing boats were shelled near Westholm on Tuesday.
Photo: Coast Wire archive
Read more about the strait
"""
TWO = """Sudland waits for an answer

Ivo Berg told reporters on Friday that Sudland would not shoot first. He spoke after talks between Norland and Sudland in Eastport on 14 April.
Berg was expected to see Orlova in the evening, but officials have yet to confirm whether the meeting took place.
Shells hit three fishing boats near Westholm on Tuesday. The Norlandic parliament voted on its budget.
Orlova called for talks with Berg on the harbour. “Will Norland open the harbour?” asked Berg.
"""


def reading(*texts: str) -> Reading:
    return read_all([document(text) for text in texts], speakers())[0]


def told(text: str) -> list[Event]:
    return list(reading(text).events)


@pytest.fixture(scope="module")
def both() -> Reading:
    return reading(ONE, TWO)


@pytest.mark.parametrize("text", [ONE, TWO, "Berg rejected it. The sea was calm. “No,” he said. Snow fell."])
def test_no_sentence_of_a_text_is_lost(text):
    found = reading(text)
    one = found.documents[0]
    spans = [(each.start, each.stop) for each in (*found.statements, *found.events, *set_aside(one))]
    spans += [(one.paragraphs[n].start, one.paragraphs[n].stop) for n in head_lines(one)]
    for start, stop, _, _ in running_sentences(one, lexicon("en")):
        assert any(a < stop and b > start for a, b in spans), text[start:stop]
    for line in one.paragraphs:
        if line.kind != "text":
            assert (line.start, line.stop) in spans


def test_every_span_of_an_event_holds_its_words(both):
    texts = {one.document_id: one.text for one in both.documents}
    for one in both.events:
        assert texts[one.document_id][one.start : one.stop] == one.text


def test_a_sentence_is_a_statement_or_an_event_and_never_both(both):
    for one in both.events:
        if not one.within:
            assert not any(
                each.document_id == one.document_id and each.start < one.stop and each.stop > one.start
                for each in both.statements
            )


def test_what_the_author_tells_has_its_kind_its_day_and_who_is_named(both):
    found = {one.text.split(".")[0]: one for one in both.events if not one.within}
    met = found["Ivo Berg and a Norlandic delegation met in Eastport on 14 April"]
    assert (met.kind, met.happened_on, met.names) == ("meeting", date(2031, 4, 14), ("Eastport",))
    assert {one.id for one in met.who} == {"berg", "N"}
    resumed = found["Deliveries of fuel to the islands were resumed on Wednesday"]
    assert (resumed.kind, resumed.happened_on) == ("aid", date(2031, 4, 16))
    assert found["Three fishing boats were shelled near Westholm on Tuesday"].kind == "fighting"
    assert found["The plan made by Sudland was handed over in a closed room"].happened_on is None


def test_what_was_expected_is_not_told_as_a_fact(both):
    (one,) = (one for one in both.events if "was expected" in one.text)
    assert (one.status, one.kind) == ("unconfirmed", "meeting")
    assert one.text == "Berg was expected to see Orlova in the evening"


def test_a_phrase_of_what_somebody_said_is_not_the_authors(both):
    events = told("Berg said that the talks between Norland and Sudland in Eastport would fail.")
    assert events == []
    events = told("Berg called it a mistake during a press conference with Ada Orlova in Eastport.")
    assert [one.text for one in events] == ["a press conference with Ada Orlova in Eastport"]


def kinds_told_by_both(found: Reading) -> set[str]:
    return {row["kind"] for row in build_accounts(found)["events"]["both"]}


def test_both_accounts_tell_the_talks_and_the_shelling(both):
    by_id = {one.event_id: one for one in both.events}
    rows = build_accounts(both)["events"]
    words = [{by_id[name].kind: by_id[name].text[:24] for name in row["events"]} for row in rows["both"]]
    assert kinds_told_by_both(both) == {"meeting", "fighting"}, words
    alone = [[by_id[name] for name in row["events"]] for row in rows["only_here"]]
    assert {"aid", "proposal"} <= {one.kind for one in alone[0]}
    assert any("budget" in one.text for one in alone[1])


def test_reports_exchanged_exchange_what_each_alone_tells(both):
    turned = build_accounts(reading(TWO, ONE))
    plain = build_accounts(both)
    assert plain["only_here"] == turned["only_here"][::-1]
    assert plain["events"]["only_here"] == turned["events"]["only_here"][::-1]
    assert [set(row["events"]) for row in plain["events"]["both"]] == [
        set(row["events"]) for row in turned["events"]["both"]
    ]


def test_a_copy_adds_no_second_teller(both):
    copied = reading(ONE, ONE.replace("near Westholm", "off Westholm"), TWO)
    assert len(copied.copies) == 1
    first = copied.copies[0].document_ids
    by_id = {one.event_id: one.document_id for one in copied.events}
    for row in build_accounts(copied)["events"]["both"]:
        assert len({by_id[name] for name in row["events"]} & set(first)) == 1
    assert kinds_told_by_both(copied) == kinds_told_by_both(both)
    alone = reading(ONE, ONE.replace("near Westholm", "off Westholm"))
    assert build_accounts(alone)["events"]["both"] == []


def test_parties_exchanged_exchange_in_every_event():
    text = "Norland and Sudland met in Eastport on Monday. A Norlandic convoy was shelled. Sudland proposed a pause."
    swapped = text.replace("Norland", "\0").replace("Sudland", "Norland").replace("\0", "Sudland")
    sides = {"N": "S", "S": "N"}
    one, other = told(text), told(swapped)
    assert [(a.kind, a.issue, a.happened_on) for a in one] == [(b.kind, b.issue, b.happened_on) for b in other]  # fmt: skip
    assert [sorted(sides[each.id] for each in a.who) for a in one] == [sorted(each.id for each in b.who) for b in other]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "day", "rule"),
    [
        ("On Tuesday, Berg accepted the truce.", date(2031, 4, 15), "named"),
        ("Berg accepted the truce on 14 April.", date(2031, 4, 14), "named"),
        ("“We accept,” Berg said on Wednesday.", date(2031, 4, 16), "named"),
        ("“We accept on Monday,” Berg said on Wednesday.", date(2031, 4, 16), "named"),
        ("Berg said that talks would resume on Monday.", None, ""),
        ("Berg called for a truce to begin on Monday.", None, ""),
        ("Berg said the army had shelled Eastport on Tuesday.", None, ""),
        ("Sudland has already accepted the truce.", None, "before"),
        (
            "Boats sailed on Tuesday. Later in the day, Berg rejected the truce.",
            date(2031, 4, 15),
            "same_day",
        ),
        (
            "Envoys held talks in Eastport on Monday. These talks had ended with Berg saying yes to a truce.",
            date(2031, 4, 14),
            "occasion",
        ),
    ],
)
def test_a_statement_stands_on_the_day_that_the_text_tells(text, day, rule):
    one = said(text)[-1]
    assert (one.said_on, one.said_rule) == (day, rule)


def test_a_day_holds_for_what_the_speaker_goes_on_to_say_there():
    first, second = said("“We accept the truce,” Berg said on Wednesday. “Who will watch it?” he asked.")
    assert (first.said_rule, second.said_rule) == ("named", "carried")
    assert first.said_on == second.said_on == date(2031, 4, 16)


def test_words_for_a_day_are_kept_where_no_year_is_known():
    found = read_all([document("Berg accepted the truce on Tuesday.", published=None)], speakers())[0]
    assert [(one.said_on, one.said_words) for one in found.statements] == [(None, "Tuesday")]


@pytest.mark.parametrize(
    ("text", "whom"),
    [
        ("Berg asked for more talks with President Orlova.", {"Ada Orlova"}),
        ("Berg urged Norland to open the harbour.", {"Norland"}),
        ("Berg said that Orlova must open the harbour.", {"Ada Orlova"}),
        ("Berg demanded guarantees from Norland.", {"Norland"}),
        ("“Will Norland open the harbour?” asked Berg.", {"Norland"}),
        ("“Who will watch the strait?” asked Berg.", set()),
        ("“Will Sudland be safe?” asked Berg.", set()),
    ],
)
def test_who_must_answer_is_whom_the_words_name_and_nobody_else(text, whom):
    assert {row["name"] for row in asked_of(said(text)[0], speakers())} == whom


def test_a_condition_names_whose_act_it_needs():
    one = said("Berg said he would accept the truce if Norland opens the harbour.")[0]
    assert one.condition is not None
    assert [row["name"] for row in asked_of(one, speakers(), text=one.condition, own=True)] == ["Norland"]


def test_who_asks_is_not_who_was_told():
    assert said("“Who will watch the strait?” asked Berg.")[0].addressee == ""
    assert (
        said("“We accept,” Berg told broadcaster Channel 5 in Eastport.")[0].addressee
        == "broadcaster Channel 5"
    )


def test_a_headline_is_shown_and_what_it_says_stands_apart(both):
    heads = [one for one in both.statements if one.place == "headline"]
    assert (heads[0].speaker.id, heads[0].text) == ("orlov", "Ada Orlova: “A pause is possible”")
    assert all(one.place == "text" for one in said(ONE))
    matrix = build_views(both)["matrix"]
    assert heads[0].statement_id not in json.dumps(matrix)


def test_a_like_stance_of_the_same_side_elsewhere_is_left_to_a_person():
    found = reading(
        "Berg demanded recognition of the annexed islands and their lighthouse.",
        "Sudland called for territorial concessions.",
    )
    rows = build_accounts(found)["only_here"]
    assert [row["statements"] for row in rows] == [[], []]
    assert [len(row["unsure"]) for row in rows] == [1, 1]


def test_what_was_set_aside_is_listed_with_its_span():
    one = document(ONE)
    rows = [(each.kind, one.text[each.start : each.stop]) for each in set_aside(one)]
    assert rows == [
        ("dateline", "EASTPORT (COASTWIRE)"),
        ("caption", "Photo: Coast Wire archive"),
        ("boilerplate", "Read more about the strait"),
    ]


def test_the_page_and_the_files_show_it_all(tmp_path: Path):
    files = [write(tmp_path, "a.txt", ONE), write(tmp_path, "b.txt", TWO)]
    read_talks(files, out=tmp_path / "out", published=DAY)
    rows = json.loads((tmp_path / "out" / "events.json").read_text(encoding="utf-8"))
    assert rows
    jsonschema.Draft202012Validator(events_schema()).validate(rows)
    documents = json.loads((tmp_path / "out" / "documents.json").read_text(encoding="utf-8"))
    assert [row["title"] for row in documents] == [
        "Ada Orlova: “A pause is possible”",
        "Sudland waits for an answer",
    ]
    assert [len(row["set_aside"]) for row in documents] == [3, 0]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    for words in ("Sudland waits for an answer", "outlet not told", "Told by the reports themselves", "voted on its budget", "Read more about the strait", "not said"):  # fmt: skip
        assert words in page


def test_the_packaged_schema_of_events_is_the_one_in_the_code():
    assert json.loads(packaged_schema_path(EVENTS_FILE_NAME).read_text(encoding="utf-8")) == events_schema()


def test_a_count_told_anew_on_another_day_is_another_claim():
    texts = [(f"Berg said Norlandic forces violated the truce {n} times.", DAY.replace(day=d)) for n, d in ((12, 17), (12, 18), (12, 18), (9, 18))]  # fmt: skip
    found = [
        one for text, day in texts for one in read_statements(document(text, published=day), speakers())[0]
    ]
    rows = [row for row in propose(found, speakers()) if row["kind"] == "claim"]
    assert [(row["said_on"], row["value"], row["accused"]) for row in rows] == [
        ("2031-04-17", 12, "N"), ("2031-04-18", 12, "N"), ("2031-04-18", 9, "N"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "accused"),
    [
        ("Иво Берг сообщил, что уничтожены 12 норландских беспилотников.", "N"),
        ("Иво Берг сообщил, что уничтожены 12 беспилотников.", None),
        ("Иво Берг сообщил, что прекращение на 30 дней ударов нарушено.", "–"),
    ],
)
def test_whose_acts_a_count_names_is_read_in_every_form_and_days_are_no_acts(text, accused):
    rows = [row for row in propose(said(text, language="ru"), speakers()) if row["kind"] == "claim"]
    assert [row["accused"] for row in rows] == ([] if accused == "–" else [accused])


def test_a_time_of_day_with_a_stop_is_no_number():
    (one,) = said(
        "Иво Берг сообщил, что с 12.25 до 12.45 уничтожены 3 норландских беспилотника.", language="ru"
    )
    assert [number.value for number in one.numbers] == [3]


def test_a_headline_proposes_nothing():
    found = read_all([document("Sudland accepts the truce\n\nThe sea was calm, and boats went out as before.")], speakers())[0]  # fmt: skip
    assert [one.place for one in found.statements] == ["headline"]
    assert propose(found.statements, speakers()) == []
