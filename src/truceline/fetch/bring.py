"""Files wanted → files in the data root, each whole, compared with what was known of it, recorded."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from truceline.base.canonical import digest_file
from truceline.base.errors import OutputError, Problem
from truceline.base.progress import Progress, silent
from truceline.fetch.download import Answer, Downloader, FetchError, Known, NotThereError, as_text
from truceline.fetch.items import Wanted
from truceline.fetch.part import Part
from truceline.fetch.record import Fetched, Record
from truceline.fetch.unpack import unpack_into

try:
    import fcntl
except ImportError:  # no advisory locks on this system: two runs at once are the user's own care
    fcntl = None  # type: ignore[assignment]

State = Literal["fetched", "replaced", "unchanged", "there", "absent", "failed"]

#: a Git LFS pointer instead of the file it stands for
_POINTER = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What became of one file.

    ``fetched``: new; ``replaced``: a change was accepted; ``unchanged``: what lies there is what
    the home has; ``there``: what lies there has the digest that the case expects, so that nobody was
    asked; ``absent``: the home has none, as the case expects of some days; ``failed``: see ``problem``.
    """

    source_id: str
    to: str
    url: str
    state: State
    size: int | None = None
    sha256: str | None = None
    kept_as: str | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A data root with its record, and whether changes were accepted beforehand."""

    folder: Path
    record: Record
    accept_changed: bool = False


def bring_all(
    wanted: Sequence[Wanted],
    root: Root,
    *,
    downloader: Downloader,
    keys: Mapping[str, str],
    progress: Progress = silent,
) -> list[Brought]:
    """Bring every file; one that cannot be brought does not keep the others away.

    ``keys``: environment variables, for addresses with a ``{key}``.
    """
    done: list[Brought] = []
    for position, one in enumerate(wanted):
        progress("files", position, len(wanted))
        try:
            done.append(_bring(one, root, downloader=downloader, keys=keys))
        except FetchError as fault:
            done.append(_told(one, "failed", problem=fault.problem(file=f"data:{one.to}")))
    progress("files", len(wanted), len(wanted))
    return done


def _bring(one: Wanted, root: Root, *, downloader: Downloader, keys: Mapping[str, str]) -> Brought:
    """Bring one file.

    1. The path stays under the root, with no link on the way.
    2. What lies there and is what the case expects is not asked for again.
    3. What lies there as recorded is asked for only if changed.
    4. The bytes come into a part, whole; they are the file and not a page about it; unpacked.
    5. They are compared with the case, with what lies there and with the record.
    6. A changed file replaces another only if that was accepted; the other is kept.
    7. The whole file gets its name in one step, and then its line in the record.
    """
    try:
        # (1)
        target = place_under(root.folder, one.to)
        lies = digest_file(target) if target.exists() else None
        recorded = root.record.last(one.to)
        # (2)
        if lies is not None and lies == one.sha256:
            return _told(one, "there", size=target.stat().st_size, sha256=lies)
        url = _with_key(one, keys)
        part = Part(target, url=one.url)
        opened = Part(target.with_name(target.name + ".unpacked"), url=one.url)
        came = False
        try:
            # (3)
            known = _known(one, recorded, lies)
            answer = downloader.bring(url, part, most_bytes=one.max_size_bytes, known=known)
            came = True
            if answer.unchanged:
                return _told(one, "unchanged", size=target.stat().st_size, sha256=lies)
            # (4)
            _see_to_content(part, answer, to=one.to)
            whole = part
            if one.unpack is not None:
                unpack_into(opened, part.path, how=one.unpack, most_bytes=one.max_size_bytes)
                whole = opened
            line = _line(
                one, answer, part=part, whole=whole, at=as_text(downloader.clock.moment()), keys=keys
            )
            # (5), (6), (7)
            return _settle(one, line, root, target=target, whole=whole, lies=lies, recorded=recorded)
        except NotThereError:
            part.discard()
            if one.may_be_absent:
                return _told(one, "absent")
            raise
        finally:
            opened.discard()
            if came:
                part.discard()
            else:
                part.leave()
    except OSError as error:
        raise FetchError("fetch_unwritable", f"the file cannot be put in its place ({error.strerror or error})", expected="a data root that can be written, with room", next_step="Make room or see to the folder's rights, then run the command again") from error  # fmt: skip


def _told(
    one: Wanted,
    state: State,
    *,
    size: int | None = None,
    sha256: str | None = None,
    kept_as: str | None = None,
    problem: Problem | None = None,
) -> Brought:
    return Brought(
        source_id=one.source_id,
        to=one.to,
        url=one.url,
        state=state,
        size=size,
        sha256=sha256,
        kept_as=kept_as,
        problem=problem,
    )


def place_under(root: Path, to: str) -> Path:
    """The path of a file under the root, its folder made; no link on the way is followed.

    Raises
    ------
    FetchError
        If something on the way is a link or no folder, or the name is taken by a folder.
    """
    here = root
    *folders, name = to.split("/")
    for folder in folders:
        here = here / folder
        if here.is_symlink() or (here.exists() and not here.is_dir()):
            raise FetchError("fetch_refused", "a link or a file stands where a folder of the data root is expected", got=here.relative_to(root).as_posix(), expected="a folder", next_step="Take it away, or give another data root")  # fmt: skip
        here.mkdir(exist_ok=True)
    target = here / name
    if target.is_symlink() or target.is_dir():
        raise FetchError("fetch_refused", "a link or a folder has the name that the file is to get", got=to, expected="a file, or nothing", next_step="Take it away, or give another data root")  # fmt: skip
    return target


@contextmanager
def alone_in(root: Path) -> Iterator[None]:
    """Make the data root and be the only one that fetches into it.

    Raises
    ------
    OutputError
        If the folder cannot be made or another run fetches into it.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        handle = os.open(root, os.O_RDONLY)
    except OSError as error:
        raise OutputError(
            Problem(code="out_unwritable", message=f"the data root cannot be made ({error.strerror})", file=str(root), expected="a folder that can be written", next_step="Give another folder with --data")
        ) from error  # fmt: skip
    try:
        if fcntl is not None:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise OutputError(
                    Problem(code="out_busy", message="another run is fetching into this folder", file=str(root), expected="one run per data root", next_step="Wait until it is done")
                ) from error  # fmt: skip
        yield
    finally:
        os.close(handle)


def _with_key(one: Wanted, keys: Mapping[str, str]) -> str:
    if one.key_from is None:
        return one.url
    key = keys.get(one.key_from, "").strip()
    if not key:
        raise FetchError("fetch_refused", "the address needs a key of your own", got="", expected=f"the key in the environment variable {one.key_from}", next_step=f"Ask the publisher for a key, set {one.key_from}, then run the command again")  # fmt: skip
    if not key.isascii() or not all(sign.isalnum() or sign in "-_." for sign in key):
        raise FetchError("fetch_refused", f"the key in {one.key_from} has signs that no address can hold", expected="letters, digits, - _ .", next_step="Set it again")  # fmt: skip
    return one.url.replace("{key}", key)


def _known(one: Wanted, recorded: Fetched | None, lies: str | None) -> Known | None:
    """What may be left unasked: only what lies there as recorded, from the same address."""
    if recorded is None or lies is None or lies != recorded.sha256:
        return None
    if (recorded.url, recorded.unpack) != (one.url, one.unpack) or one.sha256 not in (None, lies):
        return None
    if not (recorded.etag or recorded.last_modified):
        return None
    return Known(etag=recorded.etag, last_modified=recorded.last_modified)


def _see_to_content(part: Part, answer: Answer, *, to: str) -> None:
    """Refuse what is plainly not the file: nothing, a page, a pointer."""
    with part.path.open("rb") as handle:
        head = handle.read(512)
    told = ""
    if not head:
        told = "the server sent no bytes"
    elif head.startswith(_POINTER):
        told = "a pointer to the file came (Git LFS), not the file"
    elif "text/html" in answer.content_type.lower() and not to.lower().endswith((".html", ".htm", ".xhtml")):
        told = "a web page came, not the file: perhaps a log-in, or a notice"
    if told:
        part.discard()
        raise FetchError("fetch_failed", told, got=answer.content_type, expected="the file itself", next_step="Open the address in a browser, and correct `url` in the case")  # fmt: skip


def _line(one: Wanted, answer: Answer, *, part: Part, whole: Part, at: str, keys: Mapping[str, str]) -> Fetched:  # fmt: skip
    final = answer.final_url
    if one.key_from is not None:
        final = final.replace(keys[one.key_from].strip(), "{key}")
    return Fetched(
        source=one.source_id,
        to=one.to,
        url=one.url,
        final_url=final,
        crossed_hosts=answer.crossed_hosts,
        fetched_at=at,
        size=whole.size,
        sha256=digest_file(whole.path),
        download_sha256=digest_file(part.path),
        etag=answer.etag,
        last_modified=answer.last_modified,
        unpack=one.unpack,
        licence=one.licence,
        notice=one.notice,
    )


def _settle(
    one: Wanted, line: Fetched, root: Root, *, target: Path, whole: Part, lies: str | None, recorded: Fetched | None
) -> Brought:  # fmt: skip
    # (5)
    before = lies if lies is not None else recorded.sha256 if recorded is not None else None
    changed = (one.sha256 is not None and line.sha256 != one.sha256) or before not in (None, line.sha256)
    # (6)
    if changed and not root.accept_changed:
        whole.discard()
        raise _changed(one, line, lies=lies, recorded=recorded)
    kept_as = None
    if lies == line.sha256:
        whole.discard()
    else:
        if lies is not None:
            kept = target.with_name(f"{target.name}.was-{lies[:8]}")
            target.replace(kept)
            kept_as = kept.relative_to(root.folder).as_posix()
        # (7)
        with whole.path.open("rb+") as handle:
            os.fsync(handle.fileno())
        whole.path.replace(target)
    replaced = before if before != line.sha256 else None
    if lies != line.sha256 or recorded is None or _says_more(line, recorded):
        root.record.add(replace(line, replaces_sha256=replaced, kept_as=kept_as))
    state: State = "unchanged" if lies == line.sha256 else "replaced" if replaced else "fetched"
    return _told(one, state, size=line.size, sha256=line.sha256, kept_as=kept_as)


def _says_more(line: Fetched, recorded: Fetched) -> bool:
    """Whether the same bytes came with something else to ask by next time."""

    def what(one: Fetched) -> tuple[str | None, ...]:
        return one.url, one.unpack, one.sha256, one.etag, one.last_modified

    return what(line) != what(recorded)


def _changed(one: Wanted, line: Fetched, *, lies: str | None, recorded: Fetched | None) -> FetchError:
    """Which of the three that should agree with the new bytes does not."""
    step = "Find out why. Then correct the case's sha256, or take the new file with --accept-changed: the old one is kept beside it"
    if one.sha256 is not None and line.sha256 != one.sha256:
        return FetchError("fetch_changed", "the file at its public home is not the one that the case expects", got=line.sha256, expected=one.sha256, next_step=step)  # fmt: skip
    if recorded is None:
        return FetchError("fetch_changed", "another file lies there, and was not fetched", got=f"{line.sha256} at the public home", expected=f"{lies}, as it lies there", next_step=step)  # fmt: skip
    if lies is not None and lies != recorded.sha256:
        return FetchError("fetch_changed", "the file that lies there was altered since it was fetched", got=f"{line.sha256} at the public home, {lies} here", expected=recorded.sha256, next_step=step)  # fmt: skip
    return FetchError("fetch_changed", f"the file at its public home has changed since {recorded.fetched_at}", got=line.sha256, expected=recorded.sha256, next_step=step)  # fmt: skip
