"""What people accept of statements: the case's loader reads it, `verify` shows it, and nothing slips in unlogged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import jsonschema
import pytest
from fixtures_talks import write

from truceline.base.canonical import digest_file
from truceline.base.errors import CallError, CaseError, OutputError
from truceline.faces.cli.main import run
from truceline.reports.findings_schema import findings_schema
from truceline.talks.accepted import file_name
from truceline.workflow import talks_register
from truceline.workflow.case import open_case
from truceline.workflow.talks import read_talks
from truceline.workflow.talks_register import correct_statement, decide_proposal, keep_talks
from truceline.workflow.verify import verify

ROOT = Path(__file__).parents[2]
SPEAKERS = {
    "speakers": 1,
    "parties": [
        {"id": "RU", "name": "Norland", "names": ["Norby"], "adjectives": ["Norlandic"]},
        {"id": "UA", "name": "Sudland", "names": ["Sudby"], "adjectives": ["Sudlandic"]},
    ],
    "people": [
        {
            "id": "orlov",
            "name": "Ada Orlova",
            "names": ["Orlova"],
            "office": "President",
            "titles": ["president"],
            "gender": "she",
            "party": "RU",
        },
        {
            "id": "berg",
            "name": "Ivo Berg",
            "names": ["Berg"],
            "office": "President",
            "titles": ["president"],
            "gender": "she",
            "party": "UA",
        },
    ],
    "clocks": {"Norby time": "Europe/Helsinki"},
}
TEXT = """Orlova rejected foreign monitors in Norland.
Orlova announced a truce from 18:00 Norby time on 19 April to 00:00 on 21 April.
Berg announced a truce from 20:00 Norby time on 19 April to 00:00 on 22 April.
Berg said that Norland violated the truce 120 times from 18:00 Norby time on 19 April to 00:00 on 21 April.
Berg said that Norland violated the truce 77 times."""
WHO = {"by": "A. Reader", "why": "Said on the record.", "at": "2025-04-22T10:00:00+00:00"}


@pytest.fixture(scope="module")
def case_and_out(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("accepted")
    case = folder / "case"
    shutil.copytree(ROOT / "cases" / "easter-2025", case)
    out = folder / "out"
    speakers = write(folder, "speakers.yaml", json.dumps(SPEAKERS))
    from datetime import date

    read_talks([write(folder, "told.txt", TEXT)], out=out, case=speakers, published=date(2025, 4, 21))
    keep_talks(out, case=case, by="A. Reader", at="t")
    return case, out


@pytest.fixture
def both(case_and_out: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    """A copy of the case for one test, and the reading."""
    case = tmp_path / "case"
    shutil.copytree(case_and_out[0], case)
    return case, case_and_out[1]


def proposals(out: Path, kind: str) -> list[dict[str, object]]:
    return [row for row in json.loads((out / "proposals.json").read_text()) if row["kind"] == kind]


def accept(both: tuple[Path, Path], row: dict[str, object], *, yes: bool = True, **settings: str) -> None:
    case, out = both
    decide_proposal(out, str(row["proposal_id"]), case=case, accept=yes, settings=settings, **WHO)


def test_a_position_a_claim_and_a_clock_stand_in_the_report_with_where_they_come_from(both, tmp_path):
    case, out = both
    before, digest_before = open_case(case), open_case(case).digest()
    (position,), (same, other), (claim, _) = (proposals(out, kind) for kind in ("position", "clock", "claim"))
    for row in (position, same, other):
        accept(both, row)
    accept(both, claim, act="shelling", unit="shelling")
    assert open_case(case).digest() != digest_before
    results = verify(case, data=None, out=tmp_path / "result").results
    document = json.loads((tmp_path / "result" / "findings.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, findings_schema())
    rows = {row["proposal_id"]: row for row in document["accepted"]}
    digest = json.loads((out / "documents.json").read_text())[0]["digest"]
    for row in rows.values():
        assert (row["text_sha256"], row["accepted_by"], row["why"], row["accepted_at"]) == (
            digest, WHO["by"], WHO["why"], WHO["at"],
        )  # fmt: skip
    assert rows[position["proposal_id"]]["stance"] == "rejects"
    assert results.truce.consents == before.truce.consents
    # the same window adds a declaration to the clock there was; another window is a clock beside it
    assert rows[same["proposal_id"]]["becomes"] == "declared"
    assert [clock.id for clock in results.truce.clocks] == ["declared", other["proposal_id"]]
    assert {finding.clock_id for finding in results.findings} == {"declared", other["proposal_id"]}
    # the claim is evidence by its speaker, and is told from its file and row
    found = [
        one
        for finding in results.findings
        for one in finding.evidence
        if claim["proposal_id"] in one.reason.claim_ids
    ]
    assert {(one.speaker, one.value, one.kind) for one in found} == {("Ivo Berg", 120, "opponent_count")}
    assert {ref.file for one in found for ref in one.reason.rows} == {"case:talks/accepted-claims.json"}
    assert "accepted-claims.json" in (tmp_path / "result" / "manifest.jsonl").read_text(encoding="utf-8")
    page = (tmp_path / "result" / "report.html").read_text(encoding="utf-8")
    assert all(words in page for words in (digest[:16], "A. Reader", "Said on the record.", "not consent"))


def test_what_is_taken_back_leaves_the_case_as_it_was(both):
    case, out = both
    before = open_case(case)
    (_, other) = proposals(out, "clock")
    accept(both, other)
    assert len(open_case(case).truce.clocks) == 2
    accept(both, other, yes=False)
    assert open_case(case).truce == before.truce


def test_a_correction_reaches_what_was_accepted_and_a_withdrawal_takes_it_out(both):
    case, out = both
    (position,) = proposals(out, "position")
    accept(both, position)
    rest = {"by": "B. Checker", "why": "A slip.", "at": "t2"}
    correct_statement(case, str(position["statement_id"]), field="stance", to="open", **rest)
    (row,) = open_case(case).accepted.positions
    assert (row.stance, row.corrections[0].was, row.corrections[0].by) == ("open", "rejects", "B. Checker")
    correct_statement(case, str(position["statement_id"]), field="withdrawn", to="yes", **rest)
    assert open_case(case).accepted.positions == ()


def test_a_claim_says_of_whom_and_when_or_is_not_accepted(both):
    case, out = both
    (_, bare) = proposals(out, "claim")
    with pytest.raises(CallError) as error:
        accept(both, bare)
    assert "start, stop" in error.value.problems[0].message
    with pytest.raises(CallError):
        accept(both, bare, start="2025-04-19", stop="2025-04-20T00:00+03:00")
    with pytest.raises(CallError):
        accept(both, bare, mood="calm")
    assert not (case / file_name("claim")).exists()
    accept(both, bare, start="2025-04-19T18:00+03:00", stop="2025-04-20T00:00+03:00")
    assert [row.value for row in open_case(case).accepted.claims] == [77]


names_the_case_lacks = pytest.mark.parametrize(
    ("kind", "settings", "code"),
    [
        ("claim", {"accused": "nobody"}, "party_unknown"),
        ("claim", {"act": "dancing"}, "name_unknown"),
        ("claim", {"area": "nowhere"}, "name_unknown"),
        ("clock", {"version_of": "sundial"}, "name_unknown"),
    ],
)


@names_the_case_lacks
def test_what_the_case_does_not_have_is_refused_with_what_it_has(both, kind, settings, code):
    case, out = both
    before = (case / "talks" / "register.jsonl").read_bytes()
    with pytest.raises(CallError) as error:
        accept(both, proposals(out, kind)[0], **settings)
    (problem,) = error.value.problems
    assert problem.code == code
    assert problem.got in settings.values()
    real = problem.expected.split(" | ")[0]
    assert (case / "talks" / "register.jsonl").read_bytes() == before
    accept(both, proposals(out, kind)[0], **dict.fromkeys(settings, real))
    assert open_case(case).accepted.rows


@names_the_case_lacks
def test_what_the_case_no_longer_has_is_told_with_file_and_row(both, monkeypatch, kind, settings, code):
    monkeypatch.setattr(
        talks_register, "refuse_unknown", lambda *_: None
    )  # as the case was when it was accepted
    accept(both, proposals(both[1], kind)[0], **settings)
    with pytest.raises(CaseError) as error:
        open_case(both[0])
    assert [(one.code, one.file, one.row) for one in error.value.problems] == [
        (code, f"case:{file_name(kind)}", 1)
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: text[:200], "yaml_syntax"),
        (lambda text: text.replace('"why"', '"because"'), "case_field"),
        (lambda text: text.replace("Said on the record.", "Everybody knows it."), "register_conflict"),
        (lambda text: text.replace('"rejects"', '"accepts"'), "register_conflict"),
    ],
)
def test_a_file_changed_by_hand_is_one_clear_error(both, change, code):
    case, out = both
    accept(both, proposals(out, "position")[0])
    file = case / file_name("position")
    file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(CaseError) as error:
        open_case(case)
    assert {one.code for one in error.value.problems} == {code}
    assert error.value.problems[0].file == "case:talks/accepted-positions.json"


def test_the_public_edition_does_not_say_who_accepted(both):
    case, out = both
    accept(both, proposals(out, "position")[0])
    accepted = open_case(case).accepted
    (row,) = accepted.public("2025-05-01").rows
    assert (row.accepted_by, row.why) == ("–", "–")
    assert accepted.public("2025-04-01").rows == ()


def test_the_commands_walk_from_a_text_to_the_cases_file(both, capsys, tmp_path):
    case, out = both
    (_, bare) = proposals(out, "claim")
    who = ["--case", str(case), "--by", "A. Reader", "--why", "On record."]
    at = ["talks", "accept", str(out), str(bare["proposal_id"]), *who]
    assert run(at) == 2
    assert "--set start=" in capsys.readouterr().err
    assert run([*at, "--set", "start"]) == 2
    assert run([*at, "--set", "start=2025-04-19T18:00+03:00", "--set", "stop=2025-04-20T00:00+03:00"]) == 0
    assert len(open_case(case).accepted.claims) == 1
    assert run(["talks", "decline", str(out), str(bare["proposal_id"]), *who]) == 0
    assert open_case(case).accepted.claims == ()
    assert run(["talks", "report", str(case), "--out", str(tmp_path / "report")]) == 0
    assert (tmp_path / "report" / "report.html").exists()


def test_a_statement_that_the_register_does_not_hold_is_not_accepted(both, tmp_path):
    case, out = both
    shutil.rmtree(case / "talks")
    with pytest.raises(CallError) as error:
        accept((case, out), proposals(out, "position")[0])
    assert "talks keep" in error.value.problems[0].next_step


def test_a_public_edition_holds_nothing_by_which_a_guess_at_who_accepted_could_be_tested(both, tmp_path):
    case, out = both
    accept(both, proposals(out, "position")[0])
    accept(both, proposals(out, "claim")[0], act="shelling", unit="shelling")
    verify(case, data=None, out=tmp_path / "public", edition="public", pdf=False)
    digests = [digest_file(case / file_name(kind)) for kind in ("position", "claim")]
    for path in (tmp_path / "public").rglob("*"):
        held = path.read_bytes() if path.is_file() else b""
        assert not any(word.encode() in held for word in (WHO["by"], WHO["why"], *digests)), path.name
    told = json.loads((tmp_path / "public" / "findings.json").read_text(encoding="utf-8"))
    assert [row["accepted_by"] for row in told["accepted"]] == ["–", "–"]
    assert any("120" in str(finding["details"]["evidence"]) for finding in told["findings"])


@pytest.mark.parametrize("kind", ["claim", "clock"])
def test_a_window_that_ends_before_it_starts_is_refused_before_it_is_written(both, kind):
    with pytest.raises(CallError) as error:
        accept(both, proposals(both[1], kind)[0], stop="2025-04-01T00:00+00:00")
    assert error.value.problems[0].code == "window_order"
    assert not (both[0] / file_name(kind)).exists()


def altered(both: tuple[Path, Path], folder: Path, was: str, to: str) -> tuple[Path, Path]:
    """The case, and a copy of the reading in whose proposals ``was`` stands no more."""
    shutil.copytree(both[1], folder)
    text = (folder / "proposals.json").read_text(encoding="utf-8")
    assert was in text
    (folder / "proposals.json").write_text(text.replace(was, to), encoding="utf-8")
    return both[0], folder


@pytest.mark.parametrize(
    ("kind", "was", "to"),
    [
        ("position", '"stance": "rejects"', '"stance": "accepts"'),
        ("position", "Orlova rejected foreign monitors", "Orlova welcomed foreign monitors"),
        ("position", '"party": "RU"', '"party": "UA"'),
        ("position", '"note": "not_consent"', '"note": ""'),
        ("claim", '"value": 120.0', '"value": 9120.0'),
        ("claim", '"accused": "RU"', '"accused": "UA"'),
        ("clock", "2025-04-19T15:00:00", "2025-04-19T16:00:00"),
    ],
)
def test_a_proposal_changed_after_reading_is_refused(both, tmp_path, kind, was, to):
    row = proposals(both[1], kind)[0]
    changed = altered(both, tmp_path / "changed", was, to)
    with pytest.raises(CallError) as error:
        accept(changed, row)
    assert [one.code for one in error.value.problems] == ["register_conflict"]
    assert not (both[0] / file_name(kind)).exists()
    accept(both, row)


def test_where_a_statement_was_read_is_what_the_register_says(both, tmp_path):
    row = proposals(both[1], "position")[0]
    folder = tmp_path / "changed"
    shutil.copytree(both[1], folder)
    papers = (folder / "documents.json").read_text(encoding="utf-8")
    (folder / "documents.json").write_text(papers.replace("told.txt", "forged.txt"), encoding="utf-8")
    accept((both[0], folder), row)
    assert open_case(both[0]).accepted.positions[0].read_in.file == "told.txt"


def test_a_speaker_corrected_takes_the_party_along(both):
    row = proposals(both[1], "position")[0]
    accept(both, row)
    write(both[0], "speakers.yaml", json.dumps(SPEAKERS))
    correct_statement(both[0], str(row["statement_id"]), field="speaker", to="berg", **WHO)
    (position,) = open_case(both[0]).accepted.positions
    assert (position.speaker, position.party) == ("berg", "UA")


def test_a_count_by_somebody_of_no_known_side_is_no_third_partys(both, tmp_path):
    text = "The defence ministry said Norland violated the truce 33 times from 18:00 Norby time on 19 April to 00:00 on 21 April 2025."
    out = tmp_path / "out"
    read_talks([write(tmp_path, "ministry.txt", text)], out=out, case=write(tmp_path, "s.yaml", json.dumps(SPEAKERS)))  # fmt: skip
    keep_talks(out, case=both[0], by="A. Reader", at="t")
    (claim,) = proposals(out, "claim")
    assert claim["party"] is None
    with pytest.raises(CallError) as error:
        accept((both[0], out), claim)
    assert error.value.problems[0].code == "party_unknown"
    correct_statement(both[0], str(claim["statement_id"]), field="party", to="UA", **WHO)
    accept((both[0], out), claim)
    assert [row.party for row in open_case(both[0]).accepted.claims] == ["UA"]


def test_a_count_in_a_statements_own_words_is_not_bent(both, tmp_path):
    accept(both, proposals(both[1], "claim")[0])
    verify(both[0], data=None, out=tmp_path / "result")
    page = (tmp_path / "result" / "report.html").read_text(encoding="utf-8")
    assert "timeses" not in page
    assert "violated the truce 120 times" in page


@pytest.mark.parametrize("where", ["texts", "statements.json"])
def test_a_reading_changed_after_it_was_written_is_not_kept(both, tmp_path, where):
    folder = tmp_path / "changed"
    shutil.copytree(both[1], folder)
    path = next((folder / where).iterdir()) if where == "texts" else folder / where
    path.write_text(path.read_text(encoding="utf-8").replace("rejected foreign", "welcomed foreign"), encoding="utf-8")  # fmt: skip
    before = (both[0] / "talks" / "register.jsonl").read_bytes()
    with pytest.raises(OutputError):
        keep_talks(folder, case=both[0], by="A. Reader", at="t")
    assert (both[0] / "talks" / "register.jsonl").read_bytes() == before
