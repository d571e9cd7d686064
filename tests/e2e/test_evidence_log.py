"""The evidence log from the outside: a day between two parties, and what a published report proves."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from truceline.custody.audit import audit
from truceline.custody.read import Store
from truceline.custody.sign import SecretKey
from truceline.workflow.evidence import make_key
from truceline.workflow.evidence_check import disclose_fields
from truceline.workflow.run_log import origin_of
from truceline.workflow.verify import verify


@pytest.mark.slow
def test_two_parties_and_the_mechanism_run_a_day_one_tampers_and_the_other_proves_it(
    project_root: Path, tmp_path: Path
) -> None:
    script = project_root / "tools" / "two_parties.py"
    environment = {**os.environ, "PYTHONPATH": str(project_root / "src")}
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "day")],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("one tampered, the other proved it\n")


@pytest.fixture(scope="module")
def case(project_root: Path) -> Path:
    return project_root / "cases" / "easter-2025"


@pytest.fixture(scope="module")
def published(case: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result, published: no key was given."""
    out = tmp_path_factory.mktemp("published") / "out"
    verify(case, data=None, out=out, pdf=False)
    return out


def test_the_name_of_a_log_can_name_a_key_whatever_the_case_is_called() -> None:
    origin = origin_of("mission.example", "Осінь 2025 +\n", "", "run-1")
    assert origin == "mission.example/Осінь-2025---/-/run-1"
    SecretKey.make(origin, seed=bytes(32))


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def verifier(*words: object) -> subprocess.CompletedProcess[str]:
    """The single-file verifier alone: isolated, so that no Truceline is found."""
    import truceline.custody as custody

    file = Path(custody.__file__).with_name("verify_truce.py")
    return subprocess.run(
        [sys.executable, "-I", str(file), *map(str, words)], capture_output=True, text=True, check=False
    )


def test_an_outsider_verifies_one_finding_of_a_published_report_with_one_file(published: Path) -> None:
    findings = json.loads((published / "findings.json").read_text(encoding="utf-8"))
    first = findings["findings"][0]
    code = findings["log"]["entries"][first["finding_id"]]
    page = (published / "report.html").read_text(encoding="utf-8")
    assert code in page
    assert findings["log"]["root"] in page
    done = verifier(published / "log" / "policy.txt", published / "log", code)
    assert done.returncode == 0, done.stdout
    assert f'"judgement": "{first["judgement"]}"' in done.stdout
    assert first["finding_id"] in done.stdout
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    assert verifier(published / "log" / "policy.txt", published / "log", wrong).returncode == 1


def test_the_same_run_gives_the_same_bytes_and_adds_nothing(
    case: Path, published: Path, tmp_path: Path
) -> None:
    again = tmp_path / "out"
    verify(case, data=None, out=again, pdf=False)
    assert contents(again) == contents(published)
    verify(case, data=None, out=again, pdf=False)
    assert contents(again) == contents(published)


def test_another_run_goes_on_where_the_last_one_ended(case: Path, published: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(published, out)
    size = Store(out / "log").sizes()[-1]
    before = contents(out / "log")
    verify(case, data=None, out=out, pdf=False, seed=7)
    found = audit(out / "log")
    assert found.sound, found.faults
    assert found.size > size
    assert all(
        contents(out / "log")[name] == content
        for name, content in before.items()
        if name.startswith("checkpoints/")
    )


def test_an_altered_log_is_not_written_on(case: Path, published: Path, tmp_path: Path) -> None:
    from truceline.base.errors import OutputError

    out = tmp_path / "out"
    shutil.copytree(published, out)
    bundle = next((out / "log" / "tile" / "entries").rglob("*.p/*"))
    bundle.write_bytes(bundle.read_bytes().replace(b"refuted", b"retufed").replace(b"partial", b"laitrap"))
    with pytest.raises(OutputError, match="log_altered"):
        verify(case, data=None, out=out, pdf=False)


def test_a_run_repeated_says_the_same_or_names_what_differs(
    case: Path, published: Path, tmp_path: Path
) -> None:
    from truceline.workflow.recompute import recompute

    assert recompute(published / "log", case_folder=case, data=None).problems == ()
    other = tmp_path / "easter-2025"
    shutil.copytree(case, other)
    claims = other / "figures" / "claims.csv"
    text = claims.read_text(encoding="utf-8")
    number = re.search(r",(\d{4}),", text)
    assert number is not None
    claims.write_text(text.replace(number[0], ",9999,", 1), encoding="utf-8")
    outcome = recompute(published / "log", case_folder=other, data=None)
    named = {problem.column for problem in outcome.problems}
    assert "source case:figures/claims.csv" in named
    assert "run easter-2025" not in named  # the case's own files and the version are the same
    findings = sum(name.startswith("finding ") for name in named)
    assert outcome.findings_differ == findings
    assert {problem.code for problem in outcome.problems} == {"log_differs"}


def test_a_run_repeated_by_another_version_names_it_and_the_findings_stand(
    case: Path, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from truceline.workflow.recompute import recompute

    monkeypatch.setattr("truceline.workflow.run_manifest.__version__", "9.9")
    outcome = recompute(published / "log", case_folder=case, data=None)
    assert [problem.column for problem in outcome.problems] == ["run easter-2025"]
    assert "truceline 9.9" in outcome.problems[0].got
    assert outcome.lines()[1] == "its findings are the same to the byte"


def test_an_earlier_run_is_repeated_too(case: Path, published: Path, tmp_path: Path) -> None:
    from truceline.base.errors import EvidenceError
    from truceline.workflow.recompute import recompute

    out = tmp_path / "out"
    shutil.copytree(published, out)
    first = json.loads((out / "findings.json").read_text(encoding="utf-8"))["run_id"]
    verify(case, data=None, out=out, pdf=False, seed=7)
    earlier = recompute(out / "log", case_folder=case, data=None, run_id=first)
    assert earlier.run_id == first
    assert earlier.problems == ()
    assert recompute(out / "log", case_folder=case, data=None).run_id != first
    with pytest.raises(EvidenceError, match=first):
        recompute(out / "log", case_folder=case, data=None, run_id="run-other")


def test_the_missions_log_holds_what_it_read_and_discloses_it_field_by_field(
    case: Path, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    make_key(key, "mission.example")
    out = tmp_path / "out"
    verify(case, data=None, out=out, pdf=False, edition="mission", log_key=key)
    findings = json.loads((out / "findings.json").read_text(encoding="utf-8"))
    first = findings["findings"][0]
    code = findings["log"]["entries"][first["finding_id"]]
    tiles = b"".join(
        content for name, content in contents(out / "log").items() if not name.startswith("held/")
    )
    assert first["finding_id"].encode() not in tiles
    assert b"e009dd9e88efe020" not in tiles  # nor the digest of a file, by which a guess could be tested
    found = audit(out / "log")
    assert found.sound
    assert found.held > len(findings["findings"])
    opened = disclose_fields(out / "log", code, ["judgement"])
    (tmp_path / "d.json").write_bytes(opened.encode())
    done = verifier(out / "log" / "policy.txt", tmp_path / "d.json")
    assert done.returncode == 0, done.stdout
    assert f'judgement = "{first["judgement"]}"' in done.stdout
    assert findings["log"]["signed"] is True
    again = tmp_path / "again"
    verify(case, data=None, out=again, pdf=False, edition="mission", log_key=key)
    assert contents(again) == contents(out)
    repeated_from_a_copy_without_what_is_held(case, out, tmp_path / "copy")


def repeated_from_a_copy_without_what_is_held(case: Path, out: Path, copy: Path) -> None:
    """What is held elsewhere is neither the same nor another: it is counted."""
    from truceline.custody.export import export, restore
    from truceline.custody.log import Log
    from truceline.workflow.recompute import recompute

    whole = recompute(out / "log", case_folder=case, data=None)
    assert (whole.problems, whole.closed) == ((), 0)
    export(out / "log", copy)
    seen = recompute(copy, case_folder=case, data=None)
    assert seen.problems == ()
    assert (seen.compared, seen.closed) == (1, whole.compared - 1)
    assert seen.lines()[-1] == f"not compared, because they are held elsewhere: {seen.closed} entries"
    restore(out / "log")
    with Log(out / "log") as log:  # a field that was forgotten is not compared, the others of the entry are
        index = next(i for i in range(log.size) if b'"kind":"finding"' in log.store.entry(i, size=log.size))
        log.forget(index, ["judgement"], reason="asked for", logged="2025-05-01T00:00:00Z")
    forgotten = recompute(out / "log", case_folder=case, data=None)
    assert (forgotten.problems, forgotten.closed, forgotten.compared) == ((), 0, whole.compared)
