"""Accounts compared, views, register, proposals, the page."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from fixtures_talks import DAY, document, speakers, write

from truceline.base.errors import CallError, InputError, OutputError
from truceline.talks.accepted import accepted_rows
from truceline.talks.compare import align
from truceline.talks.copies import find_copies
from truceline.talks.differences import differences
from truceline.talks.pairs import tellings
from truceline.talks.propose import decide, propose
from truceline.talks.register import (
    append,
    correct,
    current_statements,
    keep_reading,
    note,
    read_register,
    register_path,
)
from truceline.talks.schema import packaged_schema_path, statements_schema
from truceline.talks.statements import read_statements
from truceline.talks.views import BRIEF_PARTIES, build_views
from truceline.workflow.talks import document_row, read_all, read_talks
from truceline.workflow.talks_register import decide_proposal, keep_talks, note_confidential

ONE = """Berg voiced support for a ceasefire on Friday. “We accept the truce if arms supplies to the other side are halted,” he said.
“Who will give the orders?” asked Berg. Orlova rejected foreign peacekeepers in Norland.
Norland’s Defence Ministry said that Sudland violated the truce 12 times."""
TWO = """“We accept the truce,” Berg said. Berg asked who would give the orders.
Orlova said that arms supplies would never be halted. The truce runs from 18:00 Norby time on 19 April to 00:00 on 21 April, Orlova announced."""


def reading():
    return read_all([document(ONE), document(TWO)], speakers())[0]


def statements(text):
    return read_statements(document(text), speakers())[0]


def test_a_quotation_cut_short_that_drops_its_condition_is_told():
    found = reading()
    kinds = {(one.kind, one.text) for group in found.alignments for one in differences(group)}
    assert any(kind == "condition_cut" and "arms supplies" in text for kind, text in kinds)


def test_statements_are_aligned_across_accounts_and_never_within_one():
    for group in reading().alignments:
        assert len({one.document_id for one in group.statements}) > 1
        assert len({one.speaker.id for one in group.statements}) == 1


def test_order_of_accounts_does_not_change_what_is_aligned():
    one, two = document(ONE), document(TWO)
    ways = [
        {
            frozenset(s.statement_id for s in group.statements)
            for group in read_all(order, speakers())[0].alignments
        }
        for order in ([one, two], [two, one])
    ]
    assert ways[0] == ways[1]


def test_parties_exchanged_exchange_in_every_statement():
    def swapped(text: str) -> str:
        pairs = (
            ("Berg", "\0"),
            ("Orlova", "Berg"),
            ("\0", "Orlova"),
            ("Norland", "\1"),
            ("Sudland", "Norland"),
            ("\1", "Sudland"),
            (" he ", " she "),
        )
        for a, b in pairs:
            text = text.replace(a, b)
        return text

    text = ONE.replace("Norland’s Defence Ministry", "Norland")
    names = {"berg": "orlov", "orlov": "berg", "N": "S", "S": "N"}
    found, other = statements(text), statements(swapped(text))
    assert [(names[one.speaker.id], one.stance, one.issue, one.manner) for one in found] == [
        (one.speaker.id, one.stance, one.issue, one.manner) for one in other
    ]


WIRE = " ".join(
    f"The truce in the {n} district was discussed by envoys number {n} at length and without any result so far."
    for n in range(12)
)


def test_wire_copies_are_one_text_and_shared_quotations_are_not():
    first = document(f"NORBY (WIRE) - {WIRE}", name="a")
    second = document(f"By our own staff\n{WIRE} Berg said “no”.", name="b")
    speech = "“" + " ".join(f"word{n}" for n in range(80)) + "”"
    third, fourth = (
        document(f"Berg said {speech} in the morning of that day."),
        document(f"In Norby, {speech} was what Berg had to say."),
    )
    groups = find_copies([first, second, third, fourth])
    assert [set(group.document_ids) for group in groups] == [{first.document_id, second.document_id}]


def test_a_copy_adds_no_account():
    one = document(f"{WIRE} “We accept the truce and its monitors,” Berg said.")
    two = document(f"City\n{WIRE} “We accept the truce and its monitors,” Berg said.")
    found, _ = read_all([one, two], speakers())
    assert found.alignments == ()


def test_statements_follow_the_published_schema():
    rows = [one.as_dict() for one in reading().statements]
    jsonschema.validate(rows, statements_schema())
    assert json.loads(packaged_schema_path().read_text(encoding="utf-8")) == statements_schema()


def test_every_span_holds_its_words():
    text = ONE
    for one in statements(text):
        assert text[one.start : one.stop] == one.text
        for a, b in one.quotes:
            assert one.start <= a < b <= one.stop


def test_a_stance_on_monitors_is_a_position_and_never_consent():
    rows = propose(statements("Orlova rejected foreign peacekeepers in Norland."), speakers())
    assert [(row["kind"], row["issue"], row["stance"]) for row in rows] == [
        ("position", "contingents", "rejects")
    ]
    assert rows[0]["note"] == "not_consent"


def test_a_number_of_violations_is_a_claim_with_its_speaker_and_window():
    rows = propose(
        statements(
            "Berg said that Norland violated the truce 1,200 times from 18:00 Norby time on 19 April to 00:00 on 21 April."
        ),
        speakers(),
    )
    (claim,) = [row for row in rows if row["kind"] == "claim"]
    assert (claim["speaker"], claim["accused"], claim["value"]) == ("Ivo Berg", "N", 1200)
    assert claim["start"] == "2031-04-19T15:00:00+00:00"


def test_a_declared_window_proposes_a_clock():
    rows = propose(
        statements("Orlova announced a truce from 18:00 Norby time on 19 April to 00:00 on 21 April."),
        speakers(),
    )
    (clock,) = [row for row in rows if row["kind"] == "clock"]
    assert (clock["start"], clock["stop"], clock["party"]) == (
        "2031-04-19T15:00:00+00:00",
        "2031-04-20T21:00:00+00:00",
        "N",
    )


# -- register


def kept(tmp_path: Path):
    rows = [one.as_dict() for one in statements(ONE)]
    return keep_reading(
        read_register(register_path(tmp_path)),
        rows,
        documents=[document_row(document(ONE))],
        by="A. Reader",
        at="2031-04-18T10:00:00+00:00",
        version="1",
    )


def test_the_register_only_grows_and_the_same_reading_adds_nothing(tmp_path):
    register, added = kept(tmp_path)
    before = register.path.read_bytes()
    again, more = kept(tmp_path)
    assert (added > 0, more) == (True, 0)
    assert again.path.read_bytes() == before


def test_a_correction_stands_beside_the_reading_with_who_and_why(tmp_path):
    register, _ = kept(tmp_path)
    name = next(iter(current_statements(register)))
    before = register.path.read_bytes()
    after = correct(
        register,
        name,
        field="stance",
        to="open",
        by="B. Checker",
        why="The verb is weaker.",
        at="2031-04-19T10:00:00+00:00",
    )
    assert after.path.read_bytes().startswith(before)
    held = current_statements(after)[name]
    assert held["reading"]["stance"] != "open" or held["corrections"][0]["was"] == "open"
    assert [(line["to"], line["by"], line["why"]) for line in held["corrections"]] == [
        ("open", "B. Checker", "The verb is weaker.")
    ]


@pytest.mark.parametrize(
    "rest",
    [
        {"field": "stance", "to": "friendly"},
        {"field": "mood", "to": "x"},
        {"field": "stance", "to": "open", "why": " "},
    ],
)
def test_a_correction_that_cannot_be_is_refused(tmp_path, rest):
    register, _ = kept(tmp_path)
    name = next(iter(current_statements(register)))
    with pytest.raises(CallError):
        correct(register, name, **{"by": "B", "why": "w", "at": "t", **rest})


def test_a_line_changed_by_hand_is_found(tmp_path):
    register, _ = kept(tmp_path)
    text = register.path.read_text(encoding="utf-8")
    register.path.write_text(text.replace("A. Reader", "A. Writer", 1), encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_register(register.path)
    assert error.value.problems[0].code == "register_conflict"


def test_two_writers_do_not_write_over_each_other(tmp_path):
    register, _ = kept(tmp_path)
    append(register, [{"kind": "note", "text": "x"}])
    with pytest.raises(OutputError):
        append(register, [{"kind": "note", "text": "y"}])


def test_a_non_paper_stands_in_its_own_store(tmp_path):
    kept(tmp_path)
    note_confidential(tmp_path, "A private word of the mediator.", source="a mediator", by="A", at="t")
    assert "private word" not in register_path(tmp_path).read_text(encoding="utf-8")
    store = register_path(tmp_path, confidential=True)
    assert "private word" in store.read_text(encoding="utf-8")
    assert store.stat().st_mode & 0o077 == 0
    assert note(read_register(store), "b", source="", by="A", at="t2").lines[-1]["number"] == 2


def test_a_decision_names_a_proposal_a_person_and_a_reason(tmp_path):
    register, _ = kept(tmp_path)
    proposals = propose(statements(ONE), speakers())
    row = proposals[0]
    rest = {"settings": {}, "by": "A", "at": "t"}
    with pytest.raises(CallError):
        decide(register, proposals, "prop-none", accept=True, why="w", **rest)
    with pytest.raises(CallError):
        decide(register, proposals, row["proposal_id"], accept=True, why="", **rest)
    register = decide(register, proposals, row["proposal_id"], accept=True, why="w", **rest)
    (held,) = accepted_rows(register, row["kind"])
    assert {name: held[name] for name in row} == row
    assert (held["accepted_by"], held["accepted_at"], held["why"]) == ("A", "t", "w")
    register = decide(register, proposals, row["proposal_id"], accept=False, why="taken back", **rest)
    assert accepted_rows(register, row["kind"]) == []


def limits_of(text: str) -> list[tuple[str, list[str]]]:
    """Each yes that its sentence limits, with what limits it, by their words."""
    reading, _ = read_all([document(text)], speakers())
    words = {one.statement_id: one.text for one in reading.statements}
    return [
        (words[row["position"]], [words[one] for one in row["limits"]])
        for row in build_views(reading)["conditions"]["limits"]
    ]


@pytest.mark.parametrize(
    ("text", "limited"),
    [
        ("Berg voiced support for a ceasefire, but warned of loopholes.", True),
        ("Berg accepted the ceasefire, but rejected foreign monitors.", True),
        ("Berg accepted the ceasefire. Berg warned of loopholes.", False),
        ("Berg accepted the ceasefire, but Orlova warned of loopholes.", False),
        ("Berg warned of loopholes, but accepted the ceasefire.", False),
    ],
)
def test_a_yes_that_its_own_sentence_limits_stands_with_what_limits_it(text, limited):
    found = limits_of(text)
    assert bool(found) == limited
    assert all(text.index(yes) < text.index(limit) for yes, more in found for limit in more)


def test_a_yes_with_a_but_is_no_agreement_and_says_what_blocks():
    plain = "Orlova accepted the ceasefire.\n\nBerg accepted the ceasefire."
    but = plain.replace(
        "Berg accepted the ceasefire.", "Berg accepted the ceasefire, but warned of loopholes."
    )
    views = [build_views(read_all([document(text)], speakers())[0]) for text in (plain, but)]
    assert [[row["issue"] for row in one["agreed"]] for one in views] == [["ceasefire"], []]
    row = next(one for one in views[1]["matrix"]["rows"] if one["issue"] == "ceasefire")
    assert ("S", "limit") in [(one["party"], one["kind"]) for one in row["blocks"]]


def test_the_brief_has_room_for_few_parties_and_names_the_rest(tmp_path):
    names = ("Ostland", "Westland", "Midland", "Highland", "Lowland", "Farland", "Nearland")
    case = write(tmp_path, "speakers.yaml", json.dumps({"speakers": 1, "parties": [{"id": name[:2], "name": name, "names": []} for name in names]}))  # fmt: skip
    text = "\n".join(f"{name} accepted the ceasefire. " * (9 - place) for place, name in enumerate(names))
    read_talks([write(tmp_path, "a.txt", text)], out=tmp_path / "out", case=case)
    views = json.loads((tmp_path / "out" / "views.json").read_text(encoding="utf-8"))
    assert len(views["matrix"]["columns"]) == len(names)
    assert [cell["party"] for cell in views["brief"][0]["cells"]] == [
        name[:2] for name in names[:BRIEF_PARTIES]
    ]
    brief = (tmp_path / "out" / "report.html").read_text(encoding="utf-8").split("</section>")[0]
    assert all(name in brief for name in names)


def test_a_proposal_stands_on_the_page_in_its_words(tmp_path):
    folder(tmp_path)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8").split('id="proposals"')[1]
    (row, *_) = json.loads((tmp_path / "out" / "proposals.json").read_text(encoding="utf-8"))
    assert row["proposal_id"] in page
    assert row["words"].split(".")[0] in page


def test_a_line_that_is_a_day_is_no_title(tmp_path):
    read_talks(
        [write(tmp_path, "a.txt", "20 April 2031\n\nBerg accepted the ceasefire.")], out=tmp_path / "out"
    )
    (row,) = json.loads((tmp_path / "out" / "documents.json").read_text(encoding="utf-8"))
    assert (row["title"], row["source"], row["published"]) == ("", "a.txt", "2031-04-20")


def test_a_stance_on_monitors_elsewhere_is_no_consent_either():
    (row, *_) = propose(statements("Berg said: “We accept monitors on the line of contact.”"), speakers())
    assert (row["kind"], row["note"]) == ("position", "not_consent")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (
            "Berg said Norlandic forces shelled the town 387 times between 18:00 on 19 April and midnight.",
            [387],
        ),
        ("Berg said Norland shelled the town 30 times overnight.", [30]),
        ("Berg said he had called Norland 12 times.", []),
    ],
)
def test_acts_counted_by_times_are_a_claim_whatever_else_the_sentence_is_about(text, values):
    assert [row["value"] for row in propose(statements(text), speakers()) if row["kind"] == "claim"] == values


# -- the verb


def folder(tmp_path: Path) -> tuple[Path, Path]:
    case = tmp_path / "case"
    case.mkdir()
    (case / "speakers.yaml").write_text(
        json.dumps(speakers().file.model_dump(mode="json", by_alias=True, exclude_none=True)),
        encoding="utf-8",
    )
    out = tmp_path / "out"
    read_talks(
        [write(tmp_path, "a.txt", ONE), write(tmp_path, "b.txt", TWO)], out=out, case=case, published=DAY
    )
    return case, out


def test_reading_writes_statements_texts_views_and_a_page_and_the_same_bytes_again(tmp_path):
    case, out = folder(tmp_path)
    first = {path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    read_talks([tmp_path / "a.txt", tmp_path / "b.txt"], out=out, case=case, published=DAY)
    assert {path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()} == first
    rows = json.loads(first["statements.json"])
    jsonschema.validate(rows, statements_schema())
    for row in rows:
        text = (out / "texts" / f"{row['document_id']}.txt").read_text(encoding="utf-8")
        assert text[row["span"][0] : row["span"][1]] == row["text"]
    page = first["report.html"].decode()
    assert "no statement found" in page
    assert "script" not in page
    decided = json.loads(first["proposals.json"])
    keep_talks(out, case=case, by="A", at="t")
    outcome = decide_proposal(
        out, decided[0]["proposal_id"], case=case, accept=True, settings={}, by="A", why="w", at="t"
    )
    assert outcome["accepted"]
    file = case / "talks" / f"accepted-{decided[0]['kind']}s.json"
    assert [row["proposal_id"] for row in json.loads(file.read_text(encoding="utf-8"))["rows"]] == [
        decided[0]["proposal_id"]
    ]


def test_a_hostile_text_is_escaped_in_the_page(tmp_path):
    out = tmp_path / "out"
    text = (
        "Berg said “<script>alert(1)</script><img src=x onerror=alert(1)>” and rejected the ceasefire.\n\n"
        + ONE
    )
    read_talks([write(tmp_path, "a<b>.txt", text)], out=out, published=DAY)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page


def test_no_file_that_can_be_read_is_an_error_with_each_reason(tmp_path):
    with pytest.raises(InputError) as error:
        read_talks([write(tmp_path, "a.txt", ""), tmp_path / "none.txt"], out=tmp_path / "out")
    assert {one.code for one in error.value.problems} == {"file_empty", "file_missing"}
    assert not (tmp_path / "out").exists()


def test_the_same_text_twice_is_read_once_and_told(tmp_path):
    outcome = read_talks(
        [write(tmp_path, "a.txt", ONE), write(tmp_path, "b.txt", ONE)], out=tmp_path / "out", published=DAY
    )
    assert outcome.documents == 1
    assert "text_repeated" in {one.code for one in outcome.problems}


def test_in_a_partys_own_channel_what_nobody_else_says_is_its_own():
    found, _ = read_statements(
        document("The truce was broken at night. Berg denied it.", outlet="n_channel"),
        speakers(channels={"n_channel": "n-mod"}),
    )
    assert [(one.speaker.id, one.rule) for one in found] == [
        ("n-mod", "own_channel"),
        ("berg", "subject_before_verb"),
    ]


def test_alignment_needs_two_accounts():
    assert align(tellings(statements(ONE), groups={})) == []
