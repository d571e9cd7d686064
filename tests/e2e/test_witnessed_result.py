"""A result's log under a key, cosigned by two parties, published, and checked by somebody with nothing but one file."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fixtures_custody import KEY, NEXT_KEY, NOW, SIDE_A, SIDE_B
from fixtures_time import make_authority, needs_openssl

from truceline.base.errors import OutputError, TrucelineError
from truceline.custody.audit import audit
from truceline.custody.read import Store
from truceline.faces.cli.main import run
from truceline.workflow.evidence_time import keep_stamp, make_stamp_request
from truceline.workflow.run_log import read_signing
from truceline.workflow.verify import verify

KEYS = (("mission", KEY), ("a", SIDE_A), ("b", SIDE_B))


def tell(capsys: Any, *words: object, ok: int = 0) -> str:
    code = run([str(word) for word in words])
    out, err = capsys.readouterr()
    assert code == ok, out + err
    return str(out + err)


@pytest.fixture(scope="module")
def case(project_root: Path) -> Path:
    return project_root / "cases" / "easter-2025"


@pytest.fixture(scope="module")
def made(case: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result whose log names two witnesses, both of whom must cosign; keys beside it."""
    folder = tmp_path_factory.mktemp("witnessed")
    for name, key in KEYS:
        (folder / f"{name}.key").write_text(f"{key.text()}\n")
        (folder / f"{name}.pub").write_text(f"{key.public.text()}\n")
    code = run(
        [
            "verify", str(case), "--out", str(folder / "out"), "--no-pdf", "--quiet", "--log-key",
            str(folder / "mission.key"), "--log-witness", str(folder / "a.pub"), "--log-witness",
            SIDE_B.public.text(), "--log-quorum", "2",
        ]
    )  # fmt: skip
    assert code == 0
    return folder


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "place")
    return tmp_path / "place"


def cosign(place: Path, capsys: Any) -> None:
    log = place / "out" / "log"
    for party in "ab":
        tell(
            capsys, "log", "witness", log, "--key", place / f"{party}.key", "--memory", place / party,
            "--log-key", place / "mission.pub", "--out", place / f"{party}.sig", "--at", NOW,
        )  # fmt: skip
    tell(capsys, "log", "checkpoint", log, "--add", place / "a.sig", "--add", place / "b.sig")


def outsider(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """The single-file verifier in a folder of its own: isolated, without Truceline and its environment."""
    import truceline.custody as custody

    file = folder / "verify_truce.py"
    shutil.copy(Path(custody.__file__).with_name("verify_truce.py"), file)
    command = [sys.executable, "-I", str(file), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env={})


def test_two_parties_cosign_a_result_and_anybody_checks_the_quorum(
    place: Path, tmp_path: Path, capsys: Any
) -> None:
    log, policy = place / "out" / "log", tmp_path / "policy"
    policy.write_bytes((log / "policy.txt").read_bytes())
    before = {path.relative_to(log) for path in log.rglob("*")}
    assert "too few witnesses" in tell(capsys, "log", "verify", log, "--policy", policy, ok=9)
    cosign(place, capsys)
    assert {path.relative_to(log) for path in log.rglob("*")} == before  # left as it was published
    assert "cosigned: a.example" in tell(capsys, "log", "verify", log, "--policy", policy)
    tell(capsys, "log", "export", log, tmp_path / "copy")
    assert "every byte" in tell(capsys, "log", "audit", tmp_path / "copy", "--policy", policy, "--since", NOW)
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    done = outsider(stranger, policy, tmp_path / "copy")
    assert done.returncode == 0, done.stdout


def test_from_the_reports_code_to_its_proof_in_the_hands_of_an_outsider(
    place: Path, tmp_path: Path, capsys: Any
) -> None:
    cosign(place, capsys)
    findings = json.loads((place / "out" / "findings.json").read_text(encoding="utf-8"))
    first = findings["findings"][0]
    code = findings["log"]["entries"][first["finding_id"]]
    assert code in (place / "out" / "report.html").read_text(encoding="utf-8")
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    log = place / "out" / "log"
    shutil.copy(log / "policy.txt", stranger / "policy.txt")
    tell(capsys, "log", "prove", log, code, "--out", stranger / "proof")
    done = outsider(stranger, "policy.txt", "proof", "--since", NOW)
    assert done.returncode == 0, done.stdout
    assert f"entry {code}" in done.stdout
    assert f'"judgement": "{first["judgement"]}"' in done.stdout


def test_cosignatures_stay_when_the_same_run_is_made_again_and_when_another_follows(
    place: Path, case: Path, capsys: Any
) -> None:
    cosign(place, capsys)
    log = place / "out" / "log"
    before = {path.name: path.read_bytes() for path in (log / "checkpoints").rglob("*") if path.is_file()}
    more: dict[str, Any] = {
        "out": place / "out",
        "pdf": False,
        "data": None,
        "log_key": place / "mission.key",
    }
    verify(case, **more)
    assert {
        path.name: path.read_bytes() for path in (log / "checkpoints").rglob("*") if path.is_file()
    } == before
    verify(case, seed=7, **more)
    found = audit(log)
    assert found.sound, found.faults
    after = {path.name: path.read_bytes() for path in (log / "checkpoints").rglob("*") if path.is_file()}
    assert before.items() < after.items()
    with pytest.raises(OutputError, match="other witnesses"):
        verify(case, log_witnesses=[SIDE_A.public.text()], **more)


def test_a_party_does_not_cosign_what_another_key_signed(place: Path, capsys: Any) -> None:
    (place / "other.pub").write_text(NEXT_KEY.public.text())
    words = ["--key", place / "a.key", "--memory", place / "a", "--log-key", place / "other.pub"]
    assert "403" in tell(capsys, "log", "witness", place / "out" / "log", *words, ok=9)
    tell(capsys, "log", "checkpoint", place / "out" / "log", "--request", 0, "--out", place / "request")
    assert "403" in tell(capsys, "log", "witness", place / "request", *words, ok=9)
    words[-1] = place / "mission.pub"
    tell(capsys, "log", "witness", place / "request", *words)


@needs_openssl
def test_a_token_of_time_stands_beside_a_results_log(place: Path, tmp_path: Path) -> None:
    log, authority = place / "out" / "log", make_authority(tmp_path / "authority")
    size = Store(log).sizes()[-1]
    request = make_stamp_request(log)
    kept = keep_stamp(log, request=request, reply=authority.answer(request), authorities=[authority.root], now=datetime.now(UTC))  # fmt: skip
    assert len(kept.lines()) == 1
    assert not (log / "journal").exists()
    assert audit(log).sound
    assert audit(log).size == size


def test_a_quorum_of_nobody_and_a_key_that_does_not_cosign_are_refused(place: Path) -> None:
    with pytest.raises(TrucelineError, match="quorum of more witnesses"):
        read_signing(None, witnesses=[SIDE_A.public.text()], quorum=2)
    with pytest.raises(TrucelineError, match="does not cosign"):
        read_signing(None, witnesses=[str(place / "mission.pub")])
    with pytest.raises(TrucelineError, match="of its own"):  # else one cosignature would count as two
        read_signing(place / "mission.key", witnesses=[SIDE_A.public.text()] * 2, quorum=2)
    (place / "side.key").write_text(SIDE_A.text())
    with pytest.raises(TrucelineError, match="signs notes"):
        read_signing(place / "side.key")
