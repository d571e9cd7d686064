"""The verbs of the evidence log for files and folders: what ``truceline log`` calls.

``custody`` raises ValueError with what is wrong; here that becomes a problem with a code, a file and what to
do next. Times come from the caller.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from truceline.base.errors import CallError, EvidenceError, Problem, TrucelineError
from truceline.custody import disk
from truceline.custody.canonical import encode
from truceline.custody.checkpoint import SignedCheckpoint
from truceline.custody.commitment import open_held
from truceline.custody.config import CONFIG, LogConfig
from truceline.custody.entry import (
    KINDS,
    OWN_KINDS,
    PADDING_FIELDS,
    Entry,
    held_entry,
    plain_entry,
    read_code,
    read_entry,
    sealed_entry,
)
from truceline.custody.export import leave_published, restore
from truceline.custody.log import Log, LogError
from truceline.custody.merkle import hash_leaf
from truceline.custody.misconduct import Receipt, sign_receipt
from truceline.custody.note import read_signatures
from truceline.custody.read import JOURNAL, Store
from truceline.custody.sign import COSIGNATURE, NOTE, PublicKey, SecretKey
from truceline.custody.tile import WIDTH
from truceline.custody.witness import RefusalError
from truceline.fetch.clock import Clock

_OTHER_SIZE = 409  # a witness's answer, with the size that it knows (C2SP tlog-witness)
_MODES = ("plain", "held", "sealed")


def written_time(moment: datetime) -> str:
    """A moment as entries have it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(at: datetime | None) -> datetime:
    """The time that was given, which is UTC; else the machine's."""
    return at.replace(tzinfo=UTC) if at is not None else Clock().moment()


#: what to do where a code leads to no entry
CODE_STEP: Final = "Give a code as a report shows it or log append printed it; a checkpoint makes it provable"
#: what to do next, by the code of a problem, where the place that tells of it knows no better
_STEPS = {
    "log_absent": "Name the folder of a log: the one that holds log.json",
    "log_altered": "Check the log: truceline log verify LOG",
    "log_entry": "Correct it and hand it in again; nothing was logged",
    "log_file": "Name a file or folder of the kind that is expected",
    "log_key": "Keys are made with: truceline log key FILE --name NAME; a witness's with --witness",
    "log_missing": "Correct the name; or put the file back from a copy",
    "log_refused": "Show the witness the head of the log that it knows, and what it cosigned last",
    "log_signature": "Have the signature made anew, for the checkpoint that the log shows",
    "log_time": "Ask the authority anew: truceline log stamp LOG --request FILE",
}


@contextmanager
def telling(
    file: object, *, code: str = "log_file", expected: str = "", next_step: str = ""
) -> Iterator[None]:
    """Turn what goes wrong inside into one problem of ``file``, which should be ``expected``."""
    try:
        yield
    except disk.BusyError as error:
        raise _fault("log_busy", file, "another process writes to it", "Wait until it is done") from error
    except RefusalError as error:
        said = f"{error} entries were cosigned last" if error.status == _OTHER_SIZE else error
        raise _fault("log_refused", file, f"{error.status}: {said}", next_step, expected) from error
    except FileNotFoundError as error:
        if Path(str(error.filename)).name == CONFIG:
            raise _fault("log_absent", file, "no log is there: it has no log.json", "", "the folder of a log") from error  # fmt: skip
        raise _fault("log_missing", file, f"{error.filename} is not there", next_step, expected) from error
    except OSError as error:
        step = next_step or "Make room, or make it writable; what was acknowledged is safe"
        if isinstance(error, PermissionError):
            step = "Let whoever runs this read it, and write there"
        where = f": {error.filename}" if error.filename else ""
        raise _fault("log_unwritable", file, f"{error.strerror or error}{where}", step) from error
    except LogError as error:  # it is the log that is wrong, and not what was handed in
        code = "log_altered" if code == "log_entry" else code
        raise _fault(code, file, str(error), next_step, expected) from error
    except ValueError as error:
        raise _fault(code, file, str(error), next_step, expected) from error


def _fault(code: str, file: object, message: str, next_step: str, expected: str = "") -> TrucelineError:
    known = _STEPS.get(code, "") if expected or code != "log_file" else ""
    step = next_step or known
    return EvidenceError(
        Problem(code=code, file=str(file), message=message, expected=expected, next_step=step)
    )


# -- keys ------------------------------------------------------------------------------------
def make_key(path: Path, name: str, *, witness: bool = False) -> PublicKey:
    """Make a secret key in a new file that its owner alone may read; returns the public one.

    Raises
    ------
    CallError
        If the file is there already.
    EvidenceError
        If the name cannot name a key, or the file cannot be written.
    """
    if path.exists():
        raise CallError(Problem(code="log_key", file=str(path), message="the file is there already", next_step="Keep it: a key that is lost cannot be made again; or give another file"))  # fmt: skip
    with telling(path, code="log_key"):
        key = SecretKey.make(name, kind=COSIGNATURE if witness else NOTE)
        path.parent.mkdir(parents=True, exist_ok=True)
        disk.replace_file(path.parent, path.name, f"{key.text()}\n".encode(), mode=0o600)
        (path.parent / disk.NEW).rmdir()
    return key.public


def read_secret(path: Path) -> SecretKey:
    """The secret key in a file."""
    with telling(path, code="log_key", expected="a file with a secret key"):
        return SecretKey.read(path.read_text(encoding="utf-8").strip())


def read_public(text: str) -> PublicKey:
    """A public key, or the one in the file that ``text`` names."""
    with telling(text, code="log_key", expected="a public key (name+id+base64), or the file that holds it"):
        path = Path(text)
        is_file = "+" not in text and path.is_file()
        return PublicKey.read(path.read_text(encoding="utf-8").strip() if is_file else text)


# -- writing ---------------------------------------------------------------------------------
def init_log(
    folder: Path,
    *,
    key: Path,
    witnesses: Sequence[str] = (),
    quorum: int = 0,
    batch: int = 0,
    period_s: int = 0,
    now: datetime,
) -> SignedCheckpoint:
    """Begin a log whose name is that of the key in the file ``key``."""
    secret = read_secret(key)
    named = tuple(read_public(text) for text in witnesses)
    step = "Begin a log where nothing stands; its key is made without --witness, those of witnesses with it"
    with telling(folder, next_step=step):
        config = LogConfig(
            origin=secret.name,
            key=secret.public,
            witnesses=named,
            quorum=quorum,
            batch=batch,
            period_s=period_s,
        )
        return Log.create(folder, config, key=secret, logged=written_time(now))


def read_records(text: str, *, file: str) -> list[dict[str, Any]]:
    """Records of a text with one JSON object on each line.

    Raises
    ------
    EvidenceError
        With every line that is none.
    """
    records, problems = [], []
    for row, line in enumerate(text.split("\n"), start=1):  # JSON's text may hold other ends of lines
        if not line.strip():
            continue
        try:
            record = json.loads(line, object_pairs_hook=_once)
            encode(record)
            if not isinstance(record, dict):
                raise ValueError("not an object")
        except (ValueError, RecursionError) as error:
            problems.append(Problem(code="log_entry", file=file, row=row, message=f"{error}", expected="one JSON object a line, ASCII keys, no floats"))  # fmt: skip
        else:
            records.append(record)
    if problems:
        raise EvidenceError(problems)
    return records


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object none of whose keys stands twice: which of two values was meant is nobody's to guess."""
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = {key for key, _ in pairs if [other for other, _ in pairs].count(key) > 1}
        raise ValueError(f"{', '.join(sorted(twice))} stands twice in one object")
    return found


def append_records(
    folder: Path,
    records: Sequence[dict[str, Any]],
    *,
    kind: str,
    mode: str = "plain",
    by: str = "",
    received: str = "",
    rests_on: Sequence[str] = (),
    now: datetime,
    wait_s: float = 60.0,
) -> list[str]:
    """Log records in one batch, whole or not at all; returns their codes once they are on the disk.

    ``mode``: ``plain``; ``held``, of which the log shows the names of the fields alone; or ``sealed``, of
    which it shows nothing.
    """
    if mode not in _MODES:
        raise CallError(Problem(code="log_entry", message="no such way to log", got=mode, expected=", ".join(_MODES)))  # fmt: skip
    if kind in OWN_KINDS:
        raise CallError(Problem(code="log_entry", message="entries of this kind are written by the log itself", got=kind, expected=", ".join(sorted(KINDS.keys() - OWN_KINDS))))  # fmt: skip
    with telling(folder, code="log_entry"), Log(folder, wait_s=wait_s) as log:
        for code in rests_on:
            if log.leaf(read_code(code)[0]).hex()[:12] != read_code(code)[1]:
                raise ValueError(f"no entry of the code {code} stands in the log")
        about = {"logged": written_time(now), "by": by, "received": received, "rests_on": rests_on}
        entries = [
            make_entry(log, kind, record, mode=mode, ahead=ahead, about=about)
            for ahead, record in enumerate(records)
        ]
        return log.append(entries)


def make_entry(
    log: Log, kind: str, body: Mapping[str, Any], *, mode: str, ahead: int, about: Mapping[str, Any]
) -> Entry:
    """An entry that is to stand ``ahead`` of the next one; ``about``: logged, by, received, rests_on."""
    if mode == "plain":
        return plain_entry(kind, body, **about)
    if mode == "held":
        return held_entry(kind, body, salt=log.salt(encode(body), ahead=ahead), **about)
    more = {name: value for name, value in about.items() if value and name != "logged"}
    whole = {"body": body, "kind": kind, **more}
    return sealed_entry(whole, salt=log.salt(encode(whole), ahead=ahead), logged=about["logged"])


def _check_key(log: Log, secret: SecretKey, file: Path) -> None:
    """EvidenceError unless the key in ``file`` is the one that signs the log now."""
    latest = log.store.keys.latest
    if secret.public != latest:
        raise EvidenceError(Problem(code="log_key", file=str(file), message="not the secret key that signs this log", got=secret.public.text(), expected=latest.text(), next_step="Name the file of the log's own key with --key"))  # fmt: skip


def make_checkpoint(folder: Path, *, key: Path, now: datetime) -> SignedCheckpoint:
    """Sign what the log has now."""
    secret = read_secret(key)
    with telling(folder, code="log_altered"), Log(folder, key=secret) as log:
        _check_key(log, secret, key)
        return log.checkpoint(logged=written_time(now))


def add_cosignatures(folder: Path, files: Sequence[Path], *, size: int | None = None) -> SignedCheckpoint:
    """Put witnesses' signature lines, from files, under a checkpoint (default: the last one)."""
    with telling(folder, code="log_signature"), open_for_more(folder) as log:
        signed = log.store.newest_checkpoint()
        for file in files:
            with telling(file, code="log_signature", expected="the line that truceline log witness gave"):
                signatures = read_signatures(file.read_text(encoding="utf-8"))
            at = size if size is not None else (signed.head.size if signed else 0)
            with telling(
                file, code="log_signature", next_step="Cosignatures are of one size; name it with --size"
            ):
                signed = log.add_signatures(at, signatures)
        if signed is None:
            raise ValueError("no checkpoint was signed yet")
        return signed


@contextmanager
def open_for_more(folder: Path) -> Iterator[Log]:
    """A log to which cosignatures are added; one that was published, such as a result's, is left as it was."""
    published = is_published(folder)
    if published:
        restore(folder)
    try:
        with Log(folder) as log:
            yield log
    finally:
        if published:
            leave_published(folder)


def is_published(folder: Path) -> bool:
    """Whether it is a log that is not being written: a result's, or a copy."""
    return not (folder / JOURNAL).is_file() and (folder / CONFIG).is_file()


def change_key(folder: Path, *, key: Path, new: Path, now: datetime) -> str:
    """Let another key take over; returns the code of the entry that says so."""
    secret, following = read_secret(key), read_secret(new)
    with telling(folder, code="log_key"), Log(folder, key=secret) as log:
        _check_key(log, secret, key)
        return log.change_key(following, logged=written_time(now))


def redact(folder: Path, code: str, fields: Sequence[str], *, reason: str, by: str, now: datetime) -> str:
    """Forget held fields of an entry; returns the code of the entry that says so."""
    with telling(folder, code="log_entry"), Log(folder) as log:
        log.fold()
        index = place_of(log.store, code, size=log.size)
        return log.forget(index, fields, reason=reason, by=by, logged=written_time(now))


def give_receipt(folder: Path, code: str, *, key: Path, due: datetime) -> bytes:
    """The log's signed word that an entry will be under a checkpoint by ``due``."""
    secret = read_secret(key)
    with telling(folder, code="log_entry"), Log(folder, key=secret) as log:
        _check_key(log, secret, key)
        log.fold()
        index = place_of(log.store, code, size=log.size)
        content = log.store.entry(index, size=log.size)
        logged = read_entry(content)["logged"]
        if written_time(due) < logged:
            raise ValueError(f"{written_time(due)} is before the entry was logged, at {logged}: a promise that is broken already")  # fmt: skip
        receipt = Receipt(log.store.config.origin, index, hash_leaf(content), written_time(due))
        return sign_receipt(receipt, secret).encode().encode()


# -- reading ---------------------------------------------------------------------------------
def place_of(store: Store, code: str, *, size: int) -> int:
    """Place of the entry that ``code`` names. ValueError if another one stands there."""
    index, digits = read_code(code)
    if index >= size or not hash_leaf(store.entry(index, size=size)).hex().startswith(digits):
        raise ValueError(f"no entry of the code {code} stands under the last checkpoint")
    return index


def open_entries(store: Store, *, size: int) -> Iterator[tuple[int, bytes, dict[str, Any], dict[str, Any]]]:
    """Every entry that is not sealed here: its place, bytes, record and what is open of it; sealed ones as unsealed."""
    for first in range(0, size, WIDTH):
        width = min(WIDTH, size - first)
        bundle, held = store.bundle(first // WIDTH, width), store.held_bundle(first // WIDTH, width)
        for place, (content, kept) in enumerate(zip(bundle, held, strict=True)):
            record = read_entry(content)
            fields = record.get("body", {})
            if kept:
                names = record["fields"]
                opened = zip(names, open_held(kept, names), strict=True)
                fields = {name: field.value for name, field in opened if field.is_open}
            if record["kind"] == "sealed":
                record = fields.get(PADDING_FIELDS[0]) or {}
                fields = record.get("body", {})
            if fields or "fields" in record:
                yield first + place, content, record, fields


def newest_of(store: Store) -> SignedCheckpoint:
    """The last checkpoint. ValueError if there is none."""
    newest = store.newest_checkpoint()
    if newest is None:
        raise ValueError("no checkpoint was signed yet")
    return newest
