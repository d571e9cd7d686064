"""Trusted time for evidence logs: ask an authority, keep its token, check tokens, and bound an entry's time.

Only ``fetch_stamp`` touches a network, and only where somebody gave an address.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from truceline.base.errors import CallError, EvidenceError, Problem
from truceline.base.language import _, ngettext
from truceline.custody import disk
from truceline.custody.checkpoint import SignedCheckpoint
from truceline.custody.entry import read_entry
from truceline.custody.log import Log
from truceline.custody.read import Store
from truceline.custody.stamp import KIND, check_stamp, size_of, stamp_entry, stamp_path, stamped_digest
from truceline.custody.trusted_time import (
    MAX_REPLY_BYTES,
    StampedTime,
    StrangerError,
    check_reply,
    make_nonce,
    make_request,
    nonce_of,
    read_certificates,
)
from truceline.custody.when import Seen, bound_time, list_seen
from truceline.workflow.evidence import (
    CODE_STEP,
    is_published,
    newest_of,
    open_entries,
    open_for_more,
    place_of,
    telling,
    written_time,
)

if TYPE_CHECKING:
    from cryptography import x509

_BAD_TOKEN = "It proves no time: ask the log's keeper for another token of this checkpoint"
_QUERY = "application/timestamp-query"  # RFC 3161, 3.4


@contextmanager
def _with_client(file: object, *, next_step: str = "") -> Iterator[None]:
    """Turn what goes wrong with a token inside into one problem of ``file``."""
    try:
        with telling(file, code="log_time", next_step=next_step):
            yield
    except ImportError as error:
        message = "tokens of time are checked by rfc3161-client, which is not installed"
        step = "Install the extra `trusted-time`: pip install 'truceline[trusted-time]'"
        raise CallError(
            Problem(code="extra_missing", file=str(file), message=message, next_step=step)
        ) from error


def read_authorities(files: Sequence[Path]) -> list[x509.Certificate]:
    """Certificates of the authorities that a reader trusts, from files."""
    found: list[x509.Certificate] = []
    for file in files:
        with telling(
            file, code="log_time", next_step="Give certificates in PEM or DER, the root's among them"
        ):
            found += read_certificates(file.read_bytes())
    return found


def make_stamp_request(folder: Path, *, size: int | None = None) -> bytes:
    """The request for the time of a checkpoint (default: the last one), for an authority to answer."""
    with telling(folder):
        store = Store(folder)
        return make_request(stamped_digest(_head(store, size), store), make_nonce())


def write_request(folder: Path, file: Path, *, size: int | None = None) -> None:
    """Write the request into a file."""
    request = make_stamp_request(folder, size=size)
    with telling(file, next_step="Name a file in a folder that may be written"):
        file.write_bytes(request)


def stamp_log(
    folder: Path, *, request: Path | None, reply: Path | None, url: str | None, authorities: Sequence[Path],
    now: datetime, size: int | None = None,
) -> StampOutcome:  # fmt: skip
    """Check and keep the answer in a file, or the one that the authority at ``url`` gives now."""
    if url is not None:
        asked = make_stamp_request(folder, size=size)
        got, label = fetch_stamp(url, asked), url
    elif request is not None and reply is not None:
        with telling(request):
            asked = request.read_bytes()
        with telling(reply):
            got, label = reply.read_bytes(), str(reply)
    else:
        raise CallError(Problem(code="log_time", message="nobody was asked for the time", expected="a request and its answer, or an address"))  # fmt: skip
    return keep_stamp(
        folder, request=asked, reply=got, authorities=authorities, now=now, size=size, label=label
    )


def _asked_for(store: Store, request: bytes, size: int | None) -> SignedCheckpoint:
    """The checkpoint of ``size``, or the newest one that ``request`` is for: more may have been signed since."""
    for each in reversed(store.sizes()) if size is None else ():
        signed = _head(store, each)
        if stamped_digest(signed, store) in request:
            return signed
    return _head(store, size)


def _tells_of(log: Log, name: str) -> bool:
    """Whether an entry tells of a token already."""
    log.fold()
    entries = open_entries(log.store, size=log.size)
    return any(record["kind"] == KIND and fields.get("file") == name for _, _, record, fields in entries)


def _head(store: Store, size: int | None) -> SignedCheckpoint:
    """The checkpoint of ``size``, or the last one. ValueError if there is none."""
    signed = store.checkpoint(size) if size is not None else newest_of(store)
    if signed is None:
        raise ValueError(f"no checkpoint of {size} was signed")
    return signed


@dataclass(frozen=True, slots=True, kw_only=True)
class StampOutcome:
    """A token that was kept: of which checkpoint, what it says, and the code of the entry that tells of it, if any."""

    size: int
    file: str
    said: StampedTime
    code: str

    def lines(self) -> list[str]:
        """For people."""
        return [*filter(None, [self.code]), _("the checkpoint of {size} was there at {time}, says {name}").format(size=self.size, time=written(self.said.time_s), name=self.said.authority)]  # fmt: skip


def keep_stamp(
    folder: Path, *, request: bytes, reply: bytes, authorities: Sequence[Path], now: datetime,
    size: int | None = None, label: object = "the answer",
) -> StampOutcome:  # fmt: skip
    """Check an authority's answer to ``request``, keep it beside the checkpoint, and log that it is there.

    Raises
    ------
    EvidenceError
        If the request is none for this checkpoint, or the answer does not hold.
    CallError
        If rfc3161-client is not installed.
    """
    trusted = read_authorities(authorities)
    code, published = "", is_published(folder)
    with telling(folder), open_for_more(folder) as log:
        signed = _asked_for(log.store, request, size)
        digest = stamped_digest(signed, log.store)
        with _with_client(label):
            said = check_reply(reply, digest=digest, trusted=trusted, nonce=nonce_of(request, digest))
        name = stamp_path(signed.head.size, reply)
        known = (folder / name).is_file() and _tells_of(log, name)
        disk.replace_file(folder, name, reply)
        if not (published or known):  # to what was published nothing is added but what others say of it
            [code] = log.append(
                [stamp_entry(name, said, time=written(said.time_s), logged=written_time(now))]
            )
    return StampOutcome(size=signed.head.size, file=name, said=said, code=code)


def fetch_stamp(url: str, request: bytes) -> bytes:
    """An authority's answer to ``request``, over the network.

    Raises
    ------
    EvidenceError
        If there is none.
    """
    from truceline.fetch.clock import Clock  # nobody else needs what talks to networks
    from truceline.fetch.download import Downloader, FetchError, Manners, make_client
    from truceline.fetch.items import ADDRESS

    found = ADDRESS.fullmatch(url)
    if found is None:
        raise CallError(Problem(code="fetch_refused", file="--url", message="not an address that can be asked", got=url, expected="http:// or https://, without user name or blanks"))  # fmt: skip
    manners = Manners(attempts=1)
    with make_client(manners) as client:
        downloader = Downloader(client=client, clock=Clock(), manners=manners)
        try:
            return downloader.ask(url, request, kind=_QUERY, most_bytes=MAX_REPLY_BYTES)
        except FetchError as error:
            raise EvidenceError(error.problem(file=found["host"])) from error


def written(time_s: int) -> str:
    """A time as entries have it."""
    return written_time(datetime.fromtimestamp(time_s, UTC))


# -- checking --------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedStamps:
    """Tokens beside a log: what those say that hold, what is wrong with others, and how many nobody checked."""

    held: Mapping[str, StampedTime] = field(default_factory=dict)  #: by file
    problems: tuple[Problem, ...] = ()
    unchecked: int = 0

    def lines(self) -> list[str]:
        """For people."""
        said = _("the checkpoint of {size} was there at {time}, says {name}")
        lines = [
            said.format(size=size_of(name), time=written(each.time_s), name=each.authority)
            for name, each in self.held.items()
        ]
        more = ngettext("{n} token of time was not checked: give --authority", "{n} tokens of time were not checked: give --authority", self.unchecked)  # fmt: skip
        return [*lines, *([more.format(n=self.unchecked)] if self.unchecked else [])]

    def as_dict(self) -> dict[str, object]:
        """For programs."""
        held = [
            {"size": size_of(name), "file": name, "time": written(each.time_s), "authority": each.authority}
            for name, each in self.held.items()
        ]
        return {"held": held, "unchecked": self.unchecked}


def check_stamps(folder: Path, names: Sequence[str], *, authorities: Sequence[Path]) -> CheckedStamps:
    """Check tokens against the certificates in ``authorities``; those of others are told of as not checked."""
    if not authorities:
        return CheckedStamps(unchecked=len(names))
    trusted = read_authorities(authorities)
    held: dict[str, StampedTime] = {}
    problems: list[Problem] = []
    strangers = 0
    with telling(folder):
        store = Store(folder)
    for name in names:
        try:
            with _with_client(folder / name, next_step=_BAD_TOKEN):
                try:
                    held[name] = check_stamp(store, name, trusted=trusted)
                except StrangerError:
                    strangers += 1
        except EvidenceError as error:
            problems += error.problems
    return CheckedStamps(held=held, problems=tuple(problems), unchecked=strangers)


def tell_bounds(folder: Path, code: str, *, stamps: Mapping[str, StampedTime]) -> list[str]:
    """What bounds the time of an entry, in lines; ``stamps`` are tokens that were checked."""
    with telling(folder, next_step=CODE_STEP):
        store = Store(folder)
        size = newest_of(store).head.size
        index = place_of(store, code, size=size)
        logged = read_entry(store.entry(index, size=size))["logged"]
        bounds = bound_time(index, list_seen(store, stamps))
    nobody = _("nobody but the keeper says so")
    return [
        _("entry {code}: logged at {time}, says the keeper").format(code=code, time=logged),
        _("not yet in the log at: {seen}").format(seen=_seen(bounds.without) or nobody),
        _("in the log at the latest at: {seen}").format(seen=_seen(bounds.having) or nobody),
    ]  # fmt: skip


def _seen(seen: Seen | None) -> str:
    if seen is None:
        return ""
    told = _("{time}, by {name} (checkpoint of {size})")
    return told.format(time=written(seen.time_s), name=seen.name, size=seen.size)
