"""Trusted time: what an authority's token proves of a log, and what an attacker can and cannot do with one."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from fixtures_custody import KEY, NOW, NOW_S, SIDE_A, grow, new_log, plain
from fixtures_time import Authority, call, make_authority, needs_openssl

from truceline.base.errors import CallError, EvidenceError
from truceline.custody.audit import audit
from truceline.custody.log import Log
from truceline.custody.read import Store
from truceline.custody.stamp import stamped_digest
from truceline.custody.trusted_time import (
    MAX_REPLY_BYTES,
    StrangerError,
    check_reply,
    make_nonce,
    make_request,
    nonce_of,
    read_certificates,
)
from truceline.custody.witness import Witness
from truceline.custody.witness import make_request as witness_request
from truceline.faces.cli.main import run
from truceline.workflow import evidence_check, evidence_time

pytestmark = needs_openssl
MOMENT = datetime(2025, 4, 20, 10, tzinfo=UTC)
DIGEST = sha256(b"some bytes").digest()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("time") / "authority")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("time") / "other", name="other")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    folder = new_log(tmp_path / "log", witnessed=True, batch=4)
    grow(folder, plain("one", "two"))
    return folder


def stamp(log: Path, authority: Authority, **more: Any) -> evidence_time.StampOutcome:
    request = evidence_time.make_stamp_request(log, size=more.get("size"))
    return evidence_time.keep_stamp(
        log,
        request=request,
        reply=authority.answer(request),
        authorities=[authority.root],
        now=MOMENT,
        **more,
    )


def certificates(authority: Authority) -> list[Any]:
    return read_certificates(authority.root.read_bytes())


def test_every_request_has_a_number_of_its_own() -> None:
    nonce = make_nonce()
    assert nonce_of(make_request(DIGEST, nonce), DIGEST) == nonce
    assert make_nonce() != nonce


def test_another_implementation_reads_the_request(tmp_path: Path) -> None:
    nonce = make_nonce()
    (tmp_path / "request").write_bytes(make_request(DIGEST, nonce))
    shown = call("query", "-in", tmp_path / "request", "-text")
    assert f"Nonce: 0x{nonce.hex().upper()}" in shown
    assert "Hash Algorithm: sha256" in shown
    assert "Certificate required: yes" in shown
    assert DIGEST[:7].hex(" ") in shown


def test_a_token_says_when_the_checkpoint_was_there_and_anybody_can_check_it(
    tmp_path: Path, log: Path, authority: Authority
) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    kept = stamp(log, authority)
    assert before.timestamp() <= kept.said.time_s <= datetime.now(UTC).timestamp()
    assert kept.said.authority == f"CN={authority.name}"
    grow(log, [])
    found = evidence_check.audit_log(log, authorities=[authority.root])
    assert not found.problems
    assert list(found.stamps.held.values()) == [kept.said]
    assert any(f"CN={authority.name}" in line for line in found.lines())
    # with openssl alone: the first five lines of a checkpoint are what was stamped
    lines = Store(log).checkpoint(kept.size)
    assert lines is not None
    (tmp_path / "five").write_bytes(b"".join(lines.encode().splitlines(keepends=True)[:5]))
    call("verify", "-in", log / kept.file, "-data", tmp_path / "five", "-CAfile", authority.root)


def test_cosignatures_that_come_later_leave_a_token_as_it_was(tmp_path: Path, log: Path, authority: Authority) -> None:  # fmt: skip
    kept = stamp(log, authority)
    cosign(log, tmp_path, time_s=NOW_S)
    assert evidence_check.audit_log(log, authorities=[authority.root]).stamps.held == {kept.file: kept.said}


def cosign(log: Path, folder: Path, *, time_s: int) -> None:
    """The first side cosigns the last checkpoint."""
    store = Store(log)
    newest = store.newest_checkpoint()
    assert newest is not None
    guard = Witness(folder / "memory", key=SIDE_A, logs=[KEY.public])
    last = guard.last(KEY.name)
    line = guard.cosign(witness_request(store, last.head.size if last else 0, newest), time_s=time_s)
    with Log(log, key=KEY) as open_log:
        open_log.add_signatures(newest.head.size, [line])


def test_a_token_under_another_number_or_of_other_bytes_or_people_is_refused(
    authority: Authority, other: Authority
) -> None:
    nonce = make_nonce()
    reply = authority.answer(make_request(DIGEST, nonce))
    trusted = certificates(authority)
    check_reply(reply, digest=DIGEST, trusted=trusted, nonce=nonce)
    with pytest.raises(ValueError, match="answers another request"):
        check_reply(reply, digest=DIGEST, trusted=trusted, nonce=make_nonce())
    with pytest.raises(ValueError, match="of other bytes"):
        check_reply(reply, digest=bytes(32), trusted=trusted, nonce=nonce)
    with pytest.raises(ValueError, match="not that of an authority that was named"):
        check_reply(reply, digest=DIGEST, trusted=certificates(other), nonce=nonce)
    signer = read_certificates((authority.folder / "signer.pem").read_bytes())
    with pytest.raises(ValueError, match="a root"):
        check_reply(reply, digest=DIGEST, trusted=signer, nonce=nonce)
    check_reply(reply, digest=DIGEST, trusted=[*certificates(other), *signer, *trusted], nonce=nonce)


def test_certificates_between_the_root_and_the_signer_are_the_readers_to_give(tmp_path: Path) -> None:
    long = make_authority(tmp_path / "long", between=True)
    reply, root = long.answer(make_request(DIGEST, make_nonce())), certificates(long)
    with pytest.raises(StrangerError):
        check_reply(reply, digest=DIGEST, trusted=root)
    between = read_certificates((long.folder / "between.pem").read_bytes())
    assert check_reply(reply, digest=DIGEST, trusted=[*between, *root]).authority == "CN=authority"


def test_a_token_by_another_hash_is_of_other_bytes(authority: Authority) -> None:
    asked = make_request(DIGEST, make_nonce()).replace(
        bytes.fromhex("608648016503040201"), bytes.fromhex("608648016503040208")
    )  # SHA3-256: digests of the same length
    with pytest.raises(ValueError, match="of other bytes"):
        check_reply(
            authority.answer(asked, digest="sha3-256"), digest=DIGEST, trusted=certificates(authority)
        )


@pytest.mark.parametrize(("days", "why"), [((-30, -1), "expired"), ((1, 30), "not yet valid")])
def test_a_certificate_that_did_not_hold_at_the_time_is_refused(
    tmp_path: Path, days: tuple[int, int], why: str
) -> None:
    late = make_authority(tmp_path / "late", days=days)
    with pytest.raises(ValueError, match=why):
        check_reply(
            late.answer(make_request(DIGEST, make_nonce())), digest=DIGEST, trusted=certificates(late)
        )


def test_an_answer_that_refuses_or_is_none_is_told(authority: Authority) -> None:
    trusted = certificates(authority)
    refusal = authority.answer(make_request(DIGEST, make_nonce()), digest="sha512")
    for content, why in (
        (refusal, "the authority refused"),
        (b"<html>", "no answer of a time-stamp authority"),
        (bytes(MAX_REPLY_BYTES + 1), "more than"),
        (b"\x30\x05\x30\x03\x02\x01\x00", "no answer of a time-stamp authority"),
    ):
        with pytest.raises(ValueError, match=why):
            check_reply(content, digest=DIGEST, trusted=trusted)


def test_no_turned_bit_of_an_answer_changes_what_it_says(authority: Authority) -> None:
    """Every seventh bit of it: an answer has some that are not signed, and these say nothing."""
    nonce, trusted = make_nonce(), certificates(authority)
    reply = authority.answer(make_request(DIGEST, nonce))
    said = check_reply(reply, digest=DIGEST, trusted=trusted, nonce=nonce)
    refused = 0
    for bit in range(0, 8 * len(reply), 7):
        altered = bytearray(reply)
        altered[bit // 8] ^= 1 << bit % 8
        try:
            assert check_reply(bytes(altered), digest=DIGEST, trusted=trusted, nonce=nonce) == said
        except ValueError:
            refused += 1
    assert refused > 0.9 * len(reply) * 8 / 7


def test_an_altered_token_is_found_without_any_certificate(log: Path, authority: Authority) -> None:
    token = log / stamp(log, authority).file
    content = token.read_bytes()
    for bit in range(0, 8 * len(content), 101):
        altered = bytearray(content)
        altered[bit // 8] ^= 1 << bit % 8
        token.write_bytes(altered)
        assert [(fault.code, fault.file) for fault in audit(log).faults] == [("log_altered", f"stamps/{token.name}")]  # fmt: skip


def test_a_token_that_vanishes_is_missed(log: Path, authority: Authority) -> None:
    kept = stamp(log, authority)
    (log / kept.file).unlink()
    assert [(fault.code, fault.file) for fault in audit(log).faults] == [("log_missing", kept.file)]


def test_who_names_one_authority_is_not_alarmed_by_the_token_of_another(
    log: Path, authority: Authority, other: Authority
) -> None:
    bare = evidence_check.audit_log(log, authorities=[authority.root])
    assert "no token of time is by an authority that was named" in bare.lines()
    stamp(log, other)
    strange = evidence_check.audit_log(log, authorities=[authority.root])
    assert (strange.problems, strange.stamps.unchecked) == ((), 1)
    assert "no token of time is by an authority that was named" in strange.lines()
    kept = stamp(log, authority)
    found = evidence_check.audit_log(log, authorities=[authority.root])
    assert (found.problems, found.stamps.unchecked) == ((), 1)
    assert list(found.stamps.held) == [kept.file]
    assert "no token of time is by an authority that was named" not in found.lines()
    both = evidence_check.audit_log(log, authorities=[authority.root, other.root])
    assert (both.problems, both.stamps.unchecked, len(both.stamps.held)) == ((), 0, 2)


def test_an_answer_that_comes_after_another_checkpoint_finds_its_own_and_is_logged_once(
    log: Path, authority: Authority
) -> None:
    size = Store(log).sizes()[-1]
    request = evidence_time.make_stamp_request(log)
    reply = authority.answer(request)
    grow(log, plain("three"))
    asked = {"request": request, "reply": reply, "authorities": [authority.root], "now": MOMENT}
    first = evidence_time.keep_stamp(log, **asked)
    assert (first.size, bool(first.code)) == (size, True)
    entries = audit(log).size
    again = evidence_time.keep_stamp(log, **asked)
    assert (again.size, again.file, again.code) == (size, first.file, "")
    assert audit(log).size == entries
    with pytest.raises(EvidenceError, match="no request for the time of this checkpoint"):
        evidence_time.keep_stamp(log, **asked, size=Store(log).sizes()[-1])


def test_a_token_of_another_log_or_checkpoint_does_not_fit(
    tmp_path: Path, log: Path, authority: Authority
) -> None:
    first = stamp(log, authority)
    grow(log, plain("three"))
    newest = Store(log).newest_checkpoint()
    assert newest is not None
    reply = (log / first.file).read_bytes()
    request = evidence_time.make_stamp_request(log)
    with pytest.raises(EvidenceError, match="of other bytes"):
        evidence_time.keep_stamp(log, request=request, reply=reply, authorities=[authority.root], now=MOMENT)
    # put there under a name that would fit: the bytes are whole, and the authority never said it
    moved = f"stamps/{newest.head.size}-{sha256(reply).hexdigest()}.tsr"
    shutil.copy(log / first.file, log / moved)
    assert [problem.message for problem in evidence_check.audit_log(log, authorities=[authority.root]).problems] == [
        "the token is of other bytes than this checkpoint's"
    ]  # fmt: skip
    (log / moved).rename(log / f"stamps/9999-{sha256(reply).hexdigest()}.tsr")
    assert [problem.code for problem in evidence_check.audit_log(log).problems] == ["log_missing"]


def test_a_history_made_later_has_no_token_of_the_day(
    tmp_path: Path, log: Path, authority: Authority
) -> None:
    """Whoever has the log's key makes another history today: it cannot get yesterday's word for it."""
    kept = stamp(log, authority)
    forged = new_log(tmp_path / "forged", witnessed=True, batch=4)
    grow(forged, plain("one", "another"))
    (forged / "stamps").mkdir()
    shutil.copy(log / kept.file, forged / kept.file)
    assert Store(forged).sizes()[-1] == kept.size
    problems = evidence_check.audit_log(forged, authorities=[authority.root]).problems
    assert [problem.message for problem in problems] == ["the token is of other bytes than this checkpoint's"]


def test_a_stamped_history_and_another_of_the_same_size_are_two_signed_heads(
    tmp_path: Path, log: Path, authority: Authority
) -> None:
    """The token adds a time to a head; that the log signed two is proven by the heads, as ever."""
    forged = new_log(tmp_path / "forged", witnessed=True, batch=4)
    grow(forged, plain("one", "another"))
    kept, again = stamp(log, authority), stamp(forged, authority)
    assert kept.size == again.size
    assert evidence_check.audit_log(log, against=[forged]).fork is not None


def test_what_bounds_the_time_of_an_entry(tmp_path: Path, log: Path, authority: Authority, capsys: Any) -> None:  # fmt: skip
    kept = stamp(log, authority)
    cosign(log, tmp_path, time_s=NOW_S)
    [code] = grow(log, plain("three"))
    cosign(log, tmp_path, time_s=NOW_S + 7200)
    stamps = {kept.file: kept.said}
    says = evidence_time.tell_bounds(log, code, stamps={})
    assert f"2025-04-20T10:00:00Z, by {SIDE_A.name}" in says[1]
    assert f"2025-04-20T12:00:00Z, by {SIDE_A.name}" in says[2]
    first = code_of_entry(log, 1)
    assert "nobody but the keeper" in evidence_time.tell_bounds(log, first, stamps=stamps)[1]
    assert SIDE_A.name in evidence_time.tell_bounds(log, first, stamps=stamps)[2]
    assert run(["log", "audit", str(log), "--when", code, "--authority", str(authority.root)]) == 0
    out = capsys.readouterr().out
    assert f"CN={authority.name} (checkpoint of {kept.size})" in out  # the latest word on a log without it


def code_of_entry(log: Path, index: int) -> str:
    with Log(log) as open_log:
        return f"{index}-{open_log.leaf(index)[:6].hex()}"


def test_a_copy_carries_its_tokens_and_goes_on_being_sound(tmp_path: Path, log: Path, authority: Authority) -> None:  # fmt: skip
    kept = stamp(log, authority)
    evidence_check.export_log(log, tmp_path / "copy")
    found = evidence_check.audit_log(tmp_path / "copy", authorities=[authority.root])
    assert not found.problems
    assert list(found.stamps.held) == [kept.file]
    assert "1 token of time was not checked" in "\n".join(evidence_check.audit_log(tmp_path / "copy").lines())


# -- the command -----------------------------------------------------------------------------
def tell(capsys: Any, *words: object, ok: int = 0) -> str:
    code = run(["log", *map(str, words)])
    out, err = capsys.readouterr()
    assert code == ok, out + err
    return str(out + err)


def test_by_files_alone_as_between_machines_without_a_network(
    tmp_path: Path, log: Path, authority: Authority, capsys: Any
) -> None:
    request, reply = tmp_path / "request.tsq", tmp_path / "reply.tsr"
    tell(capsys, "stamp", log, "--request", request)
    reply.write_bytes(authority.answer(request.read_bytes()))
    words = ["stamp", log, "--request", request, "--reply", reply]
    assert "--authority" in tell(capsys, *words, ok=2)
    said = tell(capsys, *words, "--authority", authority.root, "--at", NOW)
    assert "was there at 20" in said
    assert f"says CN={authority.name}" in said
    assert "every byte" in tell(capsys, "verify", log, "--authority", authority.root)
    assert '"stamps"' in tell(capsys, "audit", log, "--authority", authority.root, "--json")
    tell(capsys, "stamp", log, "--size", 4, "--request", request)
    assert "of other bytes than this checkpoint" in tell(capsys, *words, "--authority", authority.root, ok=9)
    assert "no checkpoint of 3" in tell(capsys, "stamp", log, "--size", 3, "--request", request, ok=9)
    assert "give --request" in tell(capsys, "stamp", log, ok=2)
    assert "give --request" in tell(
        capsys, "stamp", log, "--url", "http://x.example", "--request", request, ok=2
    )
    assert "PEM or DER" in tell(capsys, *words, "--authority", log / "keys", ok=9)
    with pytest.raises(CallError, match="nobody was asked"):
        evidence_time.stamp_log(log, request=None, reply=None, url=None, authorities=[], now=MOMENT)


def test_a_certificate_in_binary_form_is_read(authority: Authority) -> None:
    [root] = certificates(authority)
    from cryptography.hazmat.primitives.serialization import Encoding

    assert read_certificates(root.public_bytes(Encoding.DER)) == [root]


def test_a_certificate_of_no_known_version_is_none(authority: Authority) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding

    content = certificates(authority)[0].public_bytes(Encoding.DER)
    assert content.count(b"\xa0\x03\x02\x01\x02") == 1  # version 3 is written as 2
    with pytest.raises(ValueError, match="a certificate that is none"):
        read_certificates(content.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x03"))


def test_without_the_extra_a_reader_is_told_how_to_get_it(
    log: Path, authority: Authority, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamp(log, authority)
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    said = tell(capsys, "verify", log, "--authority", authority.root, ok=2)
    assert "extra_missing" in said
    assert "truceline[trusted-time]" in said
    assert "not checked" in tell(capsys, "verify", log)


@pytest.fixture
def served(authority: Authority) -> Iterator[Callable[[Any], str]]:
    """An authority that listens on this machine; a test says what it answers with."""
    answers: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/timestamp-query"
            answer = answers[0]
            content = (
                authority.answer(asked) if answer is None else answer if isinstance(answer, bytes) else b""
            )
            self.send_response(answer if isinstance(answer, int) else 200)
            self.send_header("Content-Length", str(len(content) + (9 if answer == b"cut" else 0)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def serve(answer: Any) -> str:
        answers[:] = [answer]
        return f"http://127.0.0.1:{server.server_port}/"

    yield serve
    server.shutdown()
    server.server_close()


def test_over_the_network_in_one_step(
    log: Path, authority: Authority, served: Callable[[Any], str], capsys: Any
) -> None:
    words = ["stamp", log, "--authority", authority.root, "--at", NOW, "--url"]
    assert "was there at" in tell(capsys, *words, served(None))
    for answer, why in (
        (404, "404"),
        (503, "503"),
        (b"<html>", "no answer of a time-stamp authority"),
        (bytes(MAX_REPLY_BYTES + 1), "larger than its limit"),
        (b"cut", "broke off"),
    ):
        assert why in tell(capsys, *words, served(answer), ok=9)
    assert "cannot be reached" in tell(capsys, *words, "http://127.0.0.1:1/", ok=9)
    assert "not an address" in tell(capsys, *words, "ftp://time.example", ok=2)
    assert len(list((log / "stamps").iterdir())) == 1


def test_what_is_stamped_is_the_text_and_the_logs_own_signature(log: Path, tmp_path: Path) -> None:
    store = Store(log)
    signed = store.newest_checkpoint()
    assert signed is not None
    before = stamped_digest(signed, store)
    cosign(log, tmp_path, time_s=NOW_S)
    after = Store(log).newest_checkpoint()
    assert after is not None
    assert after.encode() != signed.encode()
    assert stamped_digest(after, store) == before == sha256(signed.encode()).digest()
