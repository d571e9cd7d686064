"""The evidence log of a result: ``log/`` in the output folder, one stretch of entries for each run.

1. take up the log that the result before it left, once it was found sound; 2. log the run, everything it
read, and every finding, unless the log has just that already; 3. sign a checkpoint, which the report prints;
4. log the digests of all that was written, and sign again; 5. leave the log as it is published: no journal,
no lock, and beside it what is needed to check it.

The same case, version and key give the same bytes. Times are the case's ``as_of``. Where no key is given one
is derived from the log's name: anybody can make it, so it says who wrote the log no more than the report's
own digest would, and the report says so. In the mission's edition under a key, what was read and found is
held: the folder's owner discloses it field by field. The public edition logs what it releases, and nothing else.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn

from truceline.base.canonical import digest_file
from truceline.base.errors import CallError, EvidenceError, OutputError, Problem
from truceline.custody.audit import audit
from truceline.custody.canonical import encode
from truceline.custody.checkpoint import SignedCheckpoint
from truceline.custody.config import LogConfig
from truceline.custody.encoding import to_base64
from truceline.custody.entry import Entry, code_of, held_entry, plain_entry, sealed_entry
from truceline.custody.export import POLICY, README, VERIFIER, companions, leave_published, restore
from truceline.custody.log import Log
from truceline.custody.read import Store
from truceline.custody.salts import Salts, keyed_salts
from truceline.custody.sign import COSIGNATURE, PublicKey, SecretKey
from truceline.custody.tile import WIDTH
from truceline.findings.logged import Logged
from truceline.findings.results import Results
from truceline.reports.findings_json import finding_record
from truceline.workflow.case_records import CaseRecord, flat_record
from truceline.workflow.evidence import read_public, read_secret, telling

FOLDER = "log"
_NOBODY = "anybody.invalid"
_WHICH_KEYS = (
    "Name a log's key with --log-key (made without --witness), and each witness's once (made with it)"
)
_NOT_FILES = frozenset({"details"})


def finding_fields(results: Results) -> list[tuple[str, dict[str, Any]]]:
    """Findings as the log has them: id, and the codes and numbers that are the same in every language."""
    records = [finding_record(finding) for finding in results.findings]
    return [
        (
            record["finding_id"],
            flat_record({key: value for key, value in record.items() if key not in _NOT_FILES}),
        )
        for record in records
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """An entry to be: what it is made of, before its place and so its salt is known."""

    kind: str
    fields: Mapping[str, Any]
    held: bool
    about: Mapping[str, str] = field(default_factory=dict)  #: of a case's record: by whom, when received
    rests_on: tuple[int, ...] = ()  #: places of earlier ones among those that are wanted

    def entry(self, index: int, *, salts: Salts, logged: str, rests_on: Sequence[str]) -> Entry:
        if not self.held:
            return plain_entry(self.kind, self.fields, logged=logged, rests_on=rests_on, **self.about)
        if not self.about:
            salt = salts(index, encode(self.fields))
            return held_entry(self.kind, self.fields, salt=salt, logged=logged, rests_on=rests_on)
        # that there was an order, and when, is for nobody to see either
        links = {"rests_on": list(rests_on)} if rests_on else {}
        whole = {"body": self.fields, "kind": self.kind, **self.about, **links}
        return sealed_entry(whole, salt=salts(index, encode(whole)), logged=logged)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """Who signs the log of a result, and of which witnesses how many are to cosign it."""

    key: SecretKey | None = None
    witnesses: tuple[PublicKey, ...] = ()
    quorum: int = 0


def read_signing(key: Path | None, *, witnesses: Sequence[str] = (), quorum: int = 0) -> Signing:
    """The key in a file, if one was named, and witnesses by their public keys or the files of these.

    Raises
    ------
    CallError
        If the quorum is of more than there are.
    EvidenceError
        If one is no key, of a witness no key that cosigns, of the log one that does, or two are the same.
    """
    keys = tuple(read_public(text) for text in witnesses)
    if quorum > len(keys):
        raise CallError(Problem(code="log_key", message="a quorum of more witnesses than are named", got=str(quorum), expected=f"at most {len(keys)}", next_step="Name each with --log-witness"))  # fmt: skip
    for text, each in zip(witnesses, keys, strict=True):
        if each.kind != COSIGNATURE:
            raise EvidenceError(Problem(code="log_key", file=text, message="a key that does not cosign", next_step="A witness makes its key with: truceline log key FILE --name NAME --witness"))  # fmt: skip
    secret = read_secret(key) if key is not None else None
    with telling(key or ", ".join(witnesses), code="log_key", next_step=_WHICH_KEYS):
        name = secret.name if secret is not None else _NOBODY
        LogConfig(
            origin=name, key=_named(secret, name).public, witnesses=keys, quorum=quorum
        )  # or says why not
    return Signing(key=secret, witnesses=keys, quorum=quorum)


class RunLog:
    """The log of a result that is being written into ``folder``; ``out`` is where the last one stands."""

    def __init__(
        self,
        folder: Path,
        *,
        out: Path,
        signing: Signing,
        results: Results,
        edition: str,
    ) -> None:
        self.folder = folder / FOLDER
        self._out = out / FOLDER
        self._signed = signing.key is not None
        self._edition = edition
        self._logged = f"{results.as_of}T00:00:00Z"
        self._results = results
        self._key = self._take_up(signing)
        self._salts = keyed_salts(self._key.derive("salts"))

    def _take_up(self, signing: Signing) -> SecretKey:  # (1)
        """Copy the log of the result before, or begin one; returns the key that signs it."""
        key = signing.key
        if not self._out.is_dir():
            name = key.name if key else _NOBODY
            origin = origin_of(name, self._results.case_id, self._edition, self._results.run_id)
            mine = _named(key, origin)
            config = LogConfig(
                origin=origin, key=mine.public, witnesses=signing.witnesses, quorum=signing.quorum
            )
            Log.create(self.folder, config, key=mine, logged=self._logged)
            return mine
        found = audit(self._out, records=False)
        beside = {VERIFIER, POLICY, README}  # another version may have written these; they are written anew
        for fault in found.faults:
            if fault.file not in beside:
                self._refuse(fault.file, fault.message)
        shutil.copytree(self._out, self.folder, symlinks=True)
        for name in beside:
            (self.folder / name).unlink(missing_ok=True)
        store = Store(self.folder)
        mine = _named(key, store.config.origin)
        if mine.public != store.keys.latest:
            self._refuse("keys", "the log in the output folder is signed by another key than the one given")
        config = store.config
        wanted = (signing.witnesses, signing.quorum)
        if signing.witnesses and wanted != (config.witnesses, config.quorum):
            self._refuse("log.json", "the log in the output folder names other witnesses, or another quorum")
        restore(self.folder)
        return mine

    def _refuse(self, file: str, message: str) -> NoReturn:
        step = "Write into a new folder, and keep this one for inspection"
        raise OutputError(
            Problem(code="log_altered", file=f"{FOLDER}/{file}", message=message, next_step=step)
        )

    def log_findings(
        self, lines: Sequence[Mapping[str, object]], *, records: Sequence[CaseRecord] = ()
    ) -> Logged:
        """(2) and (3): log the run, what it read (``lines`` of the manifest; ``records``) and every finding."""
        findings = finding_fields(self._results)
        held = self._signed and self._edition == "mission"
        first, *read = [flat_record(line) for line in lines]
        wanted = [
            _Wanted(kind="run", fields={**first, "run_id": self._results.run_id}, held=False),
            *(_Wanted(kind="source", fields=line, held=held) for line in read),
        ]
        places = {one.digest: len(wanted) + at for at, one in enumerate(records)}
        wanted += [
            _Wanted(
                kind=one.kind, fields=one.body, held=held, about={"by": one.by, "received": one.received},
                rests_on=tuple(places[digest] for digest in one.rests_on),
            )
            for one in records
        ]  # fmt: skip
        wanted += [_Wanted(kind="finding", fields=fields, held=held, rests_on=(0,)) for _, fields in findings]
        with Log(self.folder, key=self._key, salts=self._salts) as log:
            start, codes = self._log(log, wanted)
            signed = self._checkpoint_over(log, start + len(wanted))
        named = dict(
            zip((finding_id for finding_id, _ in findings), codes[len(codes) - len(findings) :], strict=True)
        )
        return Logged(
            origin=signed.head.origin,
            size=signed.head.size,
            root=to_base64(signed.head.root),
            signed=self._signed,
            codes=named,
        )

    def log_release(self, folder: Path) -> None:
        """(4) and (5): log the digest of every file that was written, and leave the log as published."""
        names = sorted(
            path.relative_to(folder).as_posix()
            for path in folder.rglob("*")
            if path.is_file() and not path.is_relative_to(self.folder)
        )
        files = {name: digest_file(folder / name) for name in names}
        about = {"files": files, "language": self._results.language, "run_id": self._results.run_id}
        held = self._signed and self._edition == "mission"
        with Log(self.folder, key=self._key, salts=self._salts) as log:
            self._log(log, [_Wanted(kind="release", fields=about, held=held)])
            self._checkpoint_over(log, log.size)
        leave_published(self.folder)
        for name, content in companions(Store(self.folder)).items():
            (self.folder / name).write_bytes(content)

    def _log(self, log: Log, wanted: Sequence[_Wanted]) -> tuple[int, list[str]]:
        """Where the wanted entries stand, and their codes; they are appended unless they stand there already."""
        log.fold()
        contents = _contents(log.store, log.size)
        for start in range(len(contents) - len(wanted) + 1):
            codes: list[str] = []
            for entry in self._made(wanted, start, codes):
                if entry.content != contents[start + len(codes) - 1]:
                    break
            else:
                return start, codes
        start = log.size
        return start, log.append(list(self._made(wanted, start, [])))

    def _made(self, wanted: Sequence[_Wanted], start: int, codes: list[str]) -> Iterator[Entry]:
        """The wanted entries as they are if the first stands at ``start``; their codes go to ``codes``."""
        for place, each in enumerate(wanted):
            rests_on = [codes[earlier] for earlier in each.rests_on]
            entry = each.entry(start + place, salts=self._salts, logged=self._logged, rests_on=rests_on)
            codes.append(code_of(start + place, entry.content))
            yield entry

    def _checkpoint_over(self, log: Log, size: int) -> SignedCheckpoint:
        """The first checkpoint that has ``size`` entries or more; signed now if there is none."""
        for kept in log.store.sizes():
            if kept >= size:
                found = log.store.checkpoint(kept)
                if found is not None:
                    return found
        return log.checkpoint(logged=self._logged)


def origin_of(*parts: str) -> str:
    """The name of a log: its parts, without what the name of a key must not have."""
    return "/".join(re.sub(r"[\s+\x00-\x1f]", "-", part) or "-" for part in parts)


def _named(key: SecretKey | None, origin: str) -> SecretKey:
    """The key under the log's name: the same one, or the one that anybody can make."""
    if key is not None:
        return key.named(origin)
    return SecretKey.make(origin, seed=sha256(b"truceline log without a key\n" + origin.encode()).digest())


def _contents(store: Store, size: int) -> list[bytes]:
    """All entries of a log."""
    found: list[bytes] = []
    for index in range(-(-size // WIDTH)):
        found += store.bundle(index, min(WIDTH, size - index * WIDTH))
    return found
