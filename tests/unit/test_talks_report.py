"""Views of a register: corrections in force beside the reading, versions, decisions, and nothing confidential unasked."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from fixtures_talks import DAY, document, speakers, write

from truceline.base.errors import CallError, InputError, OutputError
from truceline.base.language import speaking
from truceline.reports.talks import clipped, marked
from truceline.talks.recorded import statement_of
from truceline.talks.register import keep_reading, note, read_register, register_path
from truceline.talks.views import build_views, quotation
from truceline.workflow import talks_register
from truceline.workflow.talks import read_all, read_talks, write_marker
from truceline.workflow.talks_register import (
    correct_statement,
    decide_proposal,
    keep_talks,
    note_confidential,
    report_register,
)

ONE = """Berg voiced support for a ceasefire. “We accept the truce if arms supplies to the other side are halted,” he said.
“Who will give the orders?” asked Berg. Orlova rejected foreign peacekeepers in Norland.
Berg announced a truce from 18:00 Norby time on 19 April to 00:00 on 21 April."""
TWO = """“We accept the truce,” Berg said. Envoys of Norland and Sudland met in Eastport on Monday. Orlova asked who would watch over it.
Orlova said that arms supplies would never be halted."""
WHO = {"by": "A. Reader", "at": "2031-04-19T10:00:00+00:00"}


def views_of(out: Path) -> dict[str, object]:
    return json.loads((out / "views.json").read_text(encoding="utf-8"))


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Path, Path]:
    case, out = tmp_path / "case", tmp_path / "out"
    case.mkdir()
    (case / "speakers.yaml").write_text(
        json.dumps(speakers().file.model_dump(mode="json", by_alias=True, exclude_none=True)),
        encoding="utf-8",
    )
    files = [write(tmp_path, "a.txt", ONE), write(tmp_path, "b.txt", TWO)]
    read_talks(files, out=out, case=case, published=DAY)
    keep_talks(out, case=case, **WHO)
    return case, out


def test_without_corrections_a_register_shows_what_the_reading_showed(kept, tmp_path):
    case, out = kept
    report_register(case, out=tmp_path / "report")
    found = views_of(tmp_path / "report")
    assert {name: found[name] for name in views_of(out)} == views_of(out)


def test_a_statement_comes_back_from_its_record_whole():
    for one in read_all([document(ONE), document(TWO)], speakers())[0].statements:
        assert statement_of(one.as_dict()).as_dict() == one.as_dict()


def test_a_correction_is_in_force_and_stands_beside_the_machines_reading(kept, tmp_path):
    case, out = kept
    row = next(r for r in json.loads((out / "statements.json").read_text()) if r["issue"] == "contingents")
    name = row["statement_id"]
    correct_statement(case, name, field="stance", to="open", why="The verb is weaker.", **WHO)
    correct_statement(case, name, field="speaker", to="berg", why="He it was.", **WHO)
    report_register(case, out=tmp_path / "report")
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "The verb is weaker." in page
    assert "rejects" in page.split("The verb is weaker.")[0].rsplit("corrected it", 1)[0][-80:]
    cells = next(r for r in views_of(tmp_path / "report")["matrix"]["rows"] if r["issue"] == "contingents")[
        "cells"
    ]
    assert {cell["party"]: cell["stances"] for cell in cells} == {"S": ["open"], "N": []}
    found = next(r for r in json.loads((tmp_path / "report" / "statements.json").read_text()) if r["statement_id"] == name)  # fmt: skip
    assert [(c["was"], c["to"]) for c in found["corrections"]] == [
        ("rejects", "open"), ("orlov", "berg"), ("N", "S"),
    ]  # fmt: skip


def test_what_was_withdrawn_is_told_and_counts_no_more(kept, tmp_path):
    case, out = kept
    row = json.loads((out / "statements.json").read_text())[0]
    correct_statement(
        case, row["statement_id"], field="withdrawn", to="yes", why="A slip of the outlet.", **WHO
    )
    told = report_register(case, out=tmp_path / "report")
    assert told["withdrawn"] == 1
    assert row["statement_id"] not in json.dumps(views_of(tmp_path / "report")["matrix"])
    assert "A slip of the outlet." in (tmp_path / "report" / "report.html").read_text(encoding="utf-8")


def test_a_statement_read_anew_otherwise_is_told_with_its_earlier_reading(kept, tmp_path):
    case, out = kept
    rows = json.loads((out / "statements.json").read_text())
    rows[0]["stance"] = "claims"
    (out / "statements.json").write_text(json.dumps(rows), encoding="utf-8")
    write_marker(out, [])  # as a later version of the reader would have written it
    keep_talks(out, case=case, **WHO)
    report_register(case, out=tmp_path / "report")
    assert "Version 2; earlier readings: 1:" in (tmp_path / "report" / "report.html").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("statements.json", "stance", "accepts"),
        ("statements.json", "issue", "territory"),
        ("events.json", "status", "told otherwise"),
        ("documents.json", "published", "2031-01-01"),
    ],
)
def test_a_reading_altered_by_hand_is_not_kept_and_says_which_file(kept, name, field, value):
    case, out = kept
    before = (case / "talks" / "register.jsonl").read_bytes()
    rows = json.loads((out / name).read_text(encoding="utf-8"))
    rows[0][field] = value
    (out / name).write_text(json.dumps(rows), encoding="utf-8")
    with pytest.raises(OutputError) as error:
        keep_talks(out, case=case, **WHO)
    assert [one.code for one in error.value.problems] == ["result_unreadable"]
    assert error.value.problems[0].file.endswith(name)
    assert (case / "talks" / "register.jsonl").read_bytes() == before


def test_confidential_notes_are_opened_only_when_asked_for(kept, tmp_path):
    case, _ = kept
    note_confidential(case, "A private word.", source="a mediator", **WHO)
    report_register(case, out=tmp_path / "open")
    assert all(
        "private word" not in path.read_text(encoding="utf-8")
        for path in (tmp_path / "open").rglob("*")
        if path.is_file()
    )
    report_register(case, out=tmp_path / "closed", confidential=True)
    assert "A private word." in (tmp_path / "closed" / "report.html").read_text(encoding="utf-8")
    assert (tmp_path / "closed").stat().st_mode & 0o077 == 0
    # a store that cannot be read stands in nobody's way who does not ask for it
    (case / "talks" / "confidential.jsonl").write_text("broken\n", encoding="utf-8")
    report_register(case, out=tmp_path / "open")
    with pytest.raises(InputError):
        report_register(case, out=tmp_path / "closed", confidential=True)


def test_decisions_stand_in_the_report(kept, tmp_path):
    case, out = kept
    first = json.loads((out / "proposals.json").read_text())[0]["proposal_id"]
    decide_proposal(out, first, case=case, accept=False, settings={}, why="Too weak for it.", **WHO)
    report_register(case, out=tmp_path / "report")
    assert "Too weak for it." in (tmp_path / "report" / "report.html").read_text(encoding="utf-8")


def test_a_case_without_a_register_is_told(tmp_path):
    with pytest.raises(CallError) as error:
        report_register(tmp_path, out=tmp_path / "report")
    assert error.value.problems[0].code == "register_absent"


def test_a_day_to_which_a_statement_is_corrected_is_a_day(kept):
    case, out = kept
    name = json.loads((out / "statements.json").read_text())[0]["statement_id"]
    with pytest.raises(CallError):
        correct_statement(case, name, field="said_on", to="Friday", why="w", **WHO)


# -- views


def test_views_are_codes_and_do_not_hang_on_the_language():
    found, _ = read_all([document(ONE), document(TWO)], speakers())
    english = build_views(found)
    for language in ("ru", "uk"):
        with speaking(language):
            assert build_views(found) == english


def test_a_question_that_one_account_has_is_not_said_to_be_in_two():
    found, _ = read_all(
        [
            document("Berg asked about the monitors. “Who will watch the truce?” Berg asked."),
            document("Berg raised questions about the monitors of the truce."),
        ],
        speakers(),
    )
    (row,) = [row for row in build_views(found)["questions"] if row["kind"] == "question"]
    assert len(row["told_in"]) == 1


def timeline(*texts: tuple[str, date]) -> list[dict[str, object]]:
    found, _ = read_all([document(text, published=day) for text, day in texts], speakers())
    return build_views(found)["timeline"]["days"]


def test_a_report_published_later_is_no_change_of_a_day_that_was_named():
    rows = timeline(("Berg accepted the ceasefire on Thursday.", DAY), ("Berg rejected the ceasefire.", DAY))
    assert [(row["basis"], row["before"]) for row in rows] == [("said", None), ("published", None)]
    rows = timeline(
        ("Berg accepted the ceasefire on Wednesday.", DAY), ("Berg rejected the ceasefire on Thursday.", DAY)
    )
    assert [row["before"] for row in rows] == [None, ["accepts"]]


def test_a_statement_without_any_day_is_undated_and_kept():
    found, _ = read_all([document("Berg rejected the ceasefire.", published=None)], speakers())
    told = build_views(found)["timeline"]
    assert (told["days"], len(told["undated"])) == ([], 1)
    assert quotation(found.statements[0])["basis"] is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("NORBY, NORLAND (WIRE) — Berg rejected it.", "Berg rejected it."),
        ("but Berg rejected it", "… but Berg rejected it …"),
        ("Берг отверг перемирие.", "Берг отверг перемирие."),
    ],
)
def test_a_part_of_a_sentence_is_shown_as_one_and_without_its_dateline(text, shown):
    assert str(marked({"text": text, "quoted": []})) == shown


def test_quoted_words_get_marks_once():
    one = {"text": "“We accept,” he said, “the ‘whole’ of it.”", "quoted": ["We accept,", "the ‘whole’ of it."], "question": None}  # fmt: skip
    assert str(marked(one)) == "<q>We accept,</q> he said, <q>the ‘whole’ of it.</q>"
    assert len(str(clipped({**one, "text": "x " * 300, "quoted": []}))) < 130


def test_what_a_newer_reading_of_a_text_no_longer_has_is_told_and_not_shown(kept, tmp_path):
    case, _ = kept
    path = register_path(case)
    rows = [line for line in read_register(path).lines if line["kind"] in ("statement", "event")]
    kinds = {kind: [line[kind] for line in rows if line["kind"] == kind] for kind in ("statement", "event")}
    documents = [line["document"] for line in read_register(path).lines if line["kind"] == "document"]
    (gone_event, *events), (gone, corrected, *statements) = kinds["event"], kinds["statement"]
    correct_statement(case, corrected["statement_id"], field="stance", to="open", why="Weaker.", **WHO)
    again = {"documents": documents, "events": events, "by": "A. Reader", "at": WHO["at"], "version": "2"}
    keep_reading(read_register(path), statements, **again)
    assert report_register(case, out=tmp_path / "report")["outdated"] == 2
    assert views_of(tmp_path / "report")["outdated"] == sorted([gone["statement_id"], gone_event["event_id"]])
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert f'id="{gone["statement_id"]}"' not in page
    shown = json.loads((tmp_path / "report" / "statements.json").read_text(encoding="utf-8"))
    assert {row["statement_id"] for row in shown} == {one["statement_id"] for one in (corrected, *statements)}
    _, added = keep_reading(
        read_register(path), [gone, corrected, *statements], **{**again, "events": kinds["event"]}
    )
    assert added == 0
    assert report_register(case, out=tmp_path / "back")["outdated"] == 0


def test_keeping_the_same_reading_twice_adds_no_line(kept):
    case, out = kept
    lines = len(read_register(register_path(case)).lines)
    assert keep_talks(out, case=case, **WHO)["lines"] == lines


def test_nobody_keeps_a_reading_without_a_name(kept, tmp_path):
    case, out = kept
    lines = len(read_register(register_path(case)).lines)
    with pytest.raises(CallError) as told:
        keep_talks(out, case=case, by=" ", at=WHO["at"])
    assert told.value.problems[0].code == "value_missing"
    assert len(read_register(register_path(case)).lines) == lines


def test_the_confidential_store_is_its_owners_before_anything_stands_in_it(tmp_path, monkeypatch):
    modes = []
    path = register_path(tmp_path, confidential=True)

    def watched(register, text, **row):
        modes.append((path.stat().st_mode & 0o777, path.read_text(encoding="utf-8")))
        return note(register, text, **row)

    monkeypatch.setattr(talks_register, "note", watched)
    note_confidential(tmp_path, "A word in private.", source="a mediator", **WHO)
    assert modes == [(0o600, "")]
    assert path.stat().st_mode & 0o777 == 0o600
