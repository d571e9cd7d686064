"""Reading evidence logs: proofs, disclosures, witnesses, audits, copies; what ``truceline log`` calls."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from truceline.base.errors import EvidenceError, Problem
from truceline.base.language import _
from truceline.base.threads import core_count
from truceline.custody.audit import audit
from truceline.custody.checkpoint import SignedCheckpoint
from truceline.custody.config import LogConfig
from truceline.custody.disk import Lock
from truceline.custody.entry import read_entry
from truceline.custody.export import export
from truceline.custody.misconduct import Fork, Withholding, find_fork
from truceline.custody.outcome import Audit, Fault
from truceline.custody.policy import Policy
from truceline.custody.proof import Disclosure, Proof, disclose, prove
from truceline.custody.put_back import put_back
from truceline.custody.read import LOCK, Store
from truceline.custody.schedule import tell_due
from truceline.custody.tile import WIDTH, Tree
from truceline.custody.witness import RefusalError, Request, Witness, make_request
from truceline.workflow.evidence import (
    CODE_STEP,
    newest_of,
    place_of,
    read_public,
    read_secret,
    telling,
    written_time,
)
from truceline.workflow.evidence_time import CheckedStamps, check_stamps

_POLICY = "a policy: lines that begin with log, witness, group or quorum (C2SP tlog-policy)"
_WAIT_S = 60.0  # how long an audit waits for a writer
#: what to do where a witness refuses, by the status of its answer
_REFUSALS = {
    403: "Give the log's public key with --log-key, as its keeper gave it to you; if it is, do not trust this log",
    404: "Give the log's public key with --log-key",
    409: "Make the request for the size that is named: truceline log checkpoint LOG --request SIZE",
    422: "Cosign nothing of this log; hold it against what you kept: truceline log audit LOG --against COPY",
    500: "Set the clock of this machine right",
}
#: what to do where an audit finds something, by its code
_STEPS = {
    "log_absent": "Name the folder of a log: the one that holds log.json",
    "log_altered": "Keep this copy as evidence, and hold it against another: truceline log audit LOG --against COPY",
    "log_missing": "Put the file back from a backup or another copy; what cannot be found again was taken away",
    "log_unknown": "Move it out of the folder, which holds a log and nothing else, and check again",
    "log_signature": "Trust nothing that stands on it; ask the log's keeper and the witness named",
    "log_entry": "Keep this copy as evidence: other software wrote it, or it was altered before it was signed",
}


def prove_entry(folder: Path, code: str) -> Proof:
    """The proof that an entry is logged, under the last checkpoint."""
    with telling(folder, next_step=CODE_STEP):
        store = Store(folder)
        newest = newest_of(store)
        return prove(store, place_of(store, code, size=newest.head.size), newest)


def disclose_fields(folder: Path, code: str, fields: Sequence[str]) -> Disclosure:
    """Held fields of an entry, with the proof that they are what was logged."""
    proof = prove_entry(folder, code)
    with telling(folder):
        held = Store(folder).held_bundle(proof.index // WIDTH)[proof.index % WIDTH]
        if not held and "root" in read_entry(proof.entry):
            raise ValueError(f"nothing is held here of entry {code}: its keeper has it, and a copy has not")
        return disclose(proof, held, fields)


def witness_request(folder: Path, old_size: int) -> Request:
    """What a witness that cosigned ``old_size`` last needs, to cosign the last checkpoint."""
    with telling(folder):
        store = Store(folder)
        return make_request(store, old_size, newest_of(store))


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """What a witness made: its signature line, for which checkpoint."""

    line: str
    origin: str
    size: int


def witness(
    source: Path, *, memory: Path, key: Path, logs: Sequence[str], now: datetime, evidence: Path | None = None
) -> Witnessed:
    """Cosign the head of a log (a folder), or of a request (a file), if it goes on from the one before.

    Where the head contradicts that one, the proof of it is written to ``evidence``, as far as it can be made.
    """
    secret = read_secret(key)
    known = [read_public(text) for text in logs]

    def known_as(origin: str) -> Witness:
        """The witness, for whom a key of ``mission.example`` is that of ``mission.example/…`` too."""
        under = [key.named(origin) for key in known if origin.startswith(f"{key.name}/")]
        return Witness(memory, key=secret, logs=[*known, *under])

    with telling(key, code="log_key", expected="the key of a witness, made with --witness"):
        known_as("")
    if source.is_dir():
        with telling(source):
            store = Store(source)
            guard = known_as(store.config.origin)
            last = guard.last(store.config.origin)
            newest = newest_of(store)
            old_size = last.head.size if last else 0
            if last and newest.head.size < old_size:
                raise ValueError(
                    f"the log shows {newest.head.size} entries, and {old_size} were cosigned before"
                )
            request = make_request(store, old_size, newest)
            fork = find_fork(last, newest, node=Tree(store.read, newest.head.size).node) if last else None
    else:
        with telling(source, expected="the folder of a log, or what truceline log checkpoint --request gave"):
            request, fork = Request.read(source.read_bytes()), None
            guard = known_as(request.checkpoint.head.origin)
    time_s = int(now.timestamp())
    try:
        line = guard.cosign(request, time_s=time_s).line()
    except RefusalError as error:
        fork = fork or error.fork
        if fork is not None and evidence is not None:
            evidence.write_bytes(fork.encode())
        step = (
            f"The proof is in {evidence}: publish it"
            if fork and evidence
            else _REFUSALS.get(error.status, "")
        )
        with telling(source, next_step=step):
            raise
    head = request.checkpoint.head
    return Witnessed(line=line, origin=head.origin, size=head.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditOutcome:
    """What an audit found, and the proof of a fork where there is one."""

    audit: Audit
    problems: tuple[Problem, ...]
    fork: Fork | None = None
    missing: tuple[str, ...] = ()  #: witnesses that did not cosign the last checkpoint
    stamps: CheckedStamps = field(default_factory=CheckedStamps)

    def lines(self) -> list[str]:
        """What was found, for people."""
        found = self.audit
        cosigned = [f"{name} at {_utc(time_s)}" for name, time_s in found.cosigned.items()]
        lines = [_("entries: {n}, not yet under a checkpoint: {pending}; checkpoints: {checkpoints}").format(n=found.size, pending=found.pending, checkpoints=found.checkpoints)]  # fmt: skip
        lines += [_("cosigned: {names}").format(names=", ".join(cosigned))] if cosigned else []
        lines += [_("not cosigned by {names}").format(names=", ".join(self.missing))] if self.missing else []
        return [
            *lines,
            *self.stamps.lines(),
            *found.notes,
            _("every byte is as it was signed") if not self.problems else "",
        ]

    def as_dict(self) -> dict[str, object]:
        """What was found, for programs."""
        return {
            "size": self.audit.size,
            "pending": self.audit.pending,
            "checkpoints": self.audit.checkpoints,
            "held": self.audit.held,
            "cosigned": {name: _utc(time_s) for name, time_s in self.audit.cosigned.items()},
            "missing": list(self.missing),
            "stamps": self.stamps.as_dict(),
            "notes": list(self.audit.notes),
            "problems": list(self.problems),
            "fork": self.fork is not None,
        }


def audit_log(
    folder: Path,
    *,
    policy: Path | None = None,
    checkpoints: Sequence[Path] = (),
    against: Sequence[Path] = (),
    records: bool = True,
    since: datetime | None = None,
    authorities: Sequence[Path] = (),
    now: datetime | None = None,
) -> AuditOutcome:
    """Audit a log; hold it against a policy, checkpoints kept from before, and copies that others were shown.

    ``since``: a witness must have cosigned the last checkpoint at that time or later. ``authorities``: files
    with certificates, by which tokens of time are checked. ``now``: by when the next checkpoint may be due.
    """
    with telling(folder, next_step="Make it readable"), Lock(folder / LOCK, wait_s=_WAIT_S, shared=True):
        found = audit(folder, records=records, workers=core_count())
    problems = [_told_of(folder, fault) for fault in found.faults]
    fork = None
    if found.newest is not None and not any(fault.code == "log_absent" for fault in found.faults):
        problems += _trusted(found, policy, folder, since)
        others = [*_kept(checkpoints), *_shown(against)]
        for name, signed, node in others:
            problem, contradiction = _compare(folder, found.newest, name, signed, node)
            problems += problem
            fork = fork or contradiction
    missing: tuple[str, ...] = ()
    if found.newest is not None:
        config = LogConfig.read((folder / "log.json").read_bytes())
        missing = tuple(key.name for key in config.witnesses if key.name not in found.cosigned)
        if now is not None and found.newest_time:
            found.notes += tell_due(found.newest_time, written_time(now), config)
    stamps = check_stamps(folder, found.stamps, authorities=authorities)
    problems += stamps.problems
    if authorities and not stamps.held:
        found.notes.append("no token of time is by an authority that was named")
    return AuditOutcome(audit=found, problems=tuple(problems), fork=fork, missing=missing, stamps=stamps)


def _trusted(found: Audit, policy: Path | None, folder: Path, since: datetime | None) -> list[Problem]:
    """Whether the last checkpoint satisfies a policy, and is as recent as it must be."""
    problems: list[Problem] = []
    if found.newest is None:
        return problems
    if policy is not None:
        with telling(policy, expected=_POLICY):
            rules = Policy.read(policy.read_text(encoding="utf-8"))
        try:
            rules.check(found.newest)
        except ValueError as error:
            problems.append(
                Problem(code="log_signature", file=str(folder / "checkpoint"), message=str(error))
            )
    if since is not None and max(found.cosigned.values(), default=-1) < since.timestamp():
        message = f"no witness cosigned since {written_time(since)}: the log may be an old one shown again"
        problems.append(Problem(code="log_signature", file=str(folder / "checkpoint"), message=message))
    return problems


_Other = tuple[str, SignedCheckpoint, Callable[[int, int], bytes] | None]


def _kept(files: Sequence[Path]) -> Iterator[_Other]:
    """Checkpoints kept from before."""
    for file in files:
        with telling(file, expected="a checkpoint of this log"):
            yield str(file), SignedCheckpoint.read(file.read_bytes()), None


def _shown(folders: Sequence[Path]) -> Iterator[_Other]:
    """Last checkpoints of copies that others were shown, and their trees."""
    for other in folders:
        with telling(other):
            store = Store(other)
            newest = newest_of(store)
            yield str(other), newest, Tree(store.read, newest.head.size).node


def _compare(
    folder: Path,
    newest: SignedCheckpoint,
    name: str,
    signed: SignedCheckpoint,
    node: Callable[[int, int], bytes] | None,
) -> tuple[list[Problem], Fork | None]:
    """Hold a log's last checkpoint against another one of the same log."""
    with telling(name, code="log_altered"):
        store = Store(folder)
        if signed.head.origin != store.config.origin:
            raise ValueError(f"a checkpoint of another log, {signed.head.origin}")
        if not any(signed.signed_by(key) for _, key in store.keys.keys):
            raise ValueError("the checkpoint is not signed by the log")
        mine = Tree(store.read, newest.head.size).node
        reader = mine if newest.head.size >= signed.head.size else node
        if reader is None:
            message = f"the log ends at {newest.head.size}; this checkpoint is of {signed.head.size}: entries are gone"
            return [Problem(code="log_missing", file=name, message=message)], None
        fork = find_fork(newest, signed, node=reader)
        if fork is None:
            return [], None
        message = "the log signed two histories that contradict each other"
        step = "Write the proof into a file with --evidence FILE, and publish it: it needs no word of yours"
        return [Problem(code="log_fork", file=name, message=message, next_step=step)], fork


def export_log(folder: Path, to: Path, *, held: bool = False) -> list[str]:
    """A copy to publish, or (``held``) a backup; it is read again, and its names returned.

    Raises
    ------
    EvidenceError
        If it cannot be made; or with every fault of it, which the log has too: then it stands there all the same.
    """
    with telling(folder, next_step="Name a place where nothing stands, and the folder of a log"):
        names = export(folder, to, held=held)
        found = audit(to, records=False)
    if not found.sound:
        raise EvidenceError([_told_of(to, fault) for fault in found.faults])
    return names


def restore_log(backup: Path, folder: Path) -> list[str]:
    """Put a backup back at ``folder``, if every byte of it is sound; what was put back, in lines.

    Raises
    ------
    EvidenceError
        With every fault of the backup; then nothing is put back.
    """
    with telling(backup, next_step="Name a place where nothing stands, and a backup that can be read"):
        found = put_back(backup, folder)
    if not found.sound:
        raise EvidenceError([_told_of(backup, fault) for fault in found.faults])
    return [_("{folder}: {n} entries put back, {held} of them with what is held").format(folder=folder, n=found.size, held=found.held)]  # fmt: skip


def _told_of(folder: Path, fault: Fault) -> Problem:
    """A fault as people are told of it."""
    return Problem(code=fault.code, file=str(folder / fault.file), message=fault.message, next_step=_STEPS.get(fault.code, ""))  # fmt: skip


def check_proof_file(file: Path, *, policy: Path) -> list[str]:
    """Check a proof, a disclosure, or a proof of misconduct; what it shows, in lines."""
    with telling(policy, expected=_POLICY):
        rules = Policy.read(policy.read_text(encoding="utf-8"))
    with telling(file, expected="a proof, a disclosure, or a proof of misconduct"):
        content = file.read_bytes()
        if content.startswith(b"c2sp.org/tlog-proof"):
            proof = Proof.read(content)
            return _told(proof, proof.check(rules))
        form = json.loads(content).get("format")
        if form == "truceline disclosure v1":
            opened = Disclosure.read(content)
            fields = [
                f"{name} = {json.dumps(value, ensure_ascii=False)}"
                for name, (_, value) in opened.fields.items()
            ]
            return [*_told(opened.proof, opened.check(rules)), *fields]
        if form == "truceline fork v1":
            fork = Fork.read(content)
            fork.check(rules.logs)
            return [f"{fork.first.head.origin} signed two histories that contradict each other"]
        withheld = Withholding.read(content)
        withheld.check(rules.logs)
        return [
            f"{withheld.proof.checkpoint.head.origin} put another entry in the place of one it gave a receipt for"
        ]


def _utc(time_s: int) -> str:
    return written_time(datetime.fromtimestamp(time_s, UTC))


def _told(proof: Proof, times: dict[str, int]) -> list[str]:
    head = proof.checkpoint.head
    seen = [f"{name} at {_utc(time_s)}" for name, time_s in times.items()]
    return [
        f"entry {proof.index} of {head.size} in {head.origin}: {proof.entry.decode()}",
        f"cosigned: {', '.join(seen) or 'by no one'}",
    ]
