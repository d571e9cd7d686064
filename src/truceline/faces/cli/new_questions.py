"""Questions of ``truceline new``: asked on the terminal, answered by flags, or taken as proposed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import typer
from typer.exceptions import Abort

from truceline.base.language import _
from truceline.faces.cli.render import print_lines
from truceline.workflow.new_case import NamedThing

T = TypeVar("T")

#: what is typed for yes and no, in the languages of the program
_YES = ("y", "yes", "т", "так", "д", "да")
_NO = ("n", "no", "н", "ні", "нет")
_UNKNOWN = ("", "unknown", "?", "невідомо", "неизвестно")


class Unanswered(typer.BadParameter):
    """Something that a case needs has no answer that can be used; the message names the flag that gives one."""

    def format_message(self) -> str:
        """The message as it stands."""
        return self.message if self.message.endswith(".") else self.message + "."


class Asker:
    """Asks; an answer that cannot be read is asked for again. With ``accept`` proposals are taken unasked.

    Every question has its ``flag``: what to give on the command line instead, such as ``--start TIME``.
    """

    def __init__(self, *, accept: bool) -> None:
        self.accept = accept
        self.open: list[str] = []  #: what nothing could be proposed for, with the flag that answers it

    def text(self, question: str, given: str | None, *, flag: str, proposal: str | None = None) -> str:
        """An answer as it is given."""
        return self.read(question, given, str.strip, flag=flag, proposal=proposal)

    def read(
        self, question: str, given: str | None, read: Callable[[str], T], *, flag: str, proposal: str | None = None
    ) -> T:  # fmt: skip
        """An answer that ``read`` can read (it raises ValueError where not)."""
        if given is None and self.accept:
            if proposal is None:
                self.need(question, flag)
                self.settle()
            given = proposal
        if given is not None:
            try:
                return read(given)
            except ValueError as error:
                raise Unanswered(f"{flag.split()[0]} {given}: {error}") from error
        while True:
            answer = self._prompt(question, flag=flag, proposal=proposal)
            try:
                return read(answer)
            except ValueError as error:
                print_lines([f"  {error}"])

    def _prompt(self, question: str, *, flag: str, proposal: str | None) -> str:
        try:
            return str(typer.prompt(question, default=proposal))
        except Abort as error:
            if not isinstance(error.__context__, EOFError):  # Ctrl-C
                raise
        print_lines([""])
        ended = _("The input ended before this was answered: “{question}”. Give {flag}.").format(question=question.strip(), flag=flag)  # fmt: skip
        if proposal is not None:
            ended += " " + _("With --yes every proposal is taken.")
        raise Unanswered(ended)

    def yes(self, question: str, *, flag: str, proposal: str | None = None) -> bool:
        """Whether it is so; proposed is yes."""
        return self.accept or self.read(question + " " + _("(yes, no)"), None, read_yes, flag=flag, proposal=proposal or _("yes"))  # fmt: skip

    def file(self, question: str, given: Path | None, *, flag: str, needed: bool = False) -> Path | None:
        """A file that is there; or none, if it is not ``needed``."""
        if given is not None:
            return given
        if self.accept and not needed:
            return None
        question += "" if needed else " " + _("(empty: none)")
        return self.read(question, None, read_file, flag=flag, proposal=None if needed else "")

    def need(self, question: str, flag: str) -> None:
        """Note what ``accept`` cannot take; ``settle`` tells all of it at once."""
        question += "" if question.endswith((".", "?")) else "."
        self.open.append(_("{question} Give {flag}.").format(question=question, flag=flag))

    def settle(self) -> None:
        """Stop if anything is open."""
        if self.open:
            head = _("--yes takes what is proposed, and nothing can be proposed safely for:")
            raise Unanswered("\n".join([head, *(f"  - {one}" for one in self.open)]))


def read_yes(text: str) -> bool:
    """Yes or no."""
    said = text.strip().casefold()
    if said in _YES or said in _NO:
        return said in _YES
    raise ValueError(_("expected yes or no"))


def read_looked(text: str) -> bool | None:
    """Yes, no, or None where it is not known."""
    said = text.strip().casefold()
    if said in _UNKNOWN:
        return None
    if said in _YES or said in _NO:
        return said in _YES
    raise ValueError(_("expected yes, no or unknown"))


def read_name(text: str) -> str:
    """A name that is not empty."""
    if not text.strip():
        raise ValueError(_("expected a name"))
    return text.strip()


def read_file(text: str) -> Path | None:
    """A file that is there; quotes as a file manager or a shell puts around it are taken off."""
    bare = text.strip()
    if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "'\"":
        bare = bare[1:-1]
    if not bare:
        return None
    path = Path(bare).expanduser()
    if not path.is_file():
        raise ValueError(_("there is no file {path}").format(path=path))
    return path


def read_zone(text: str) -> str:
    """A time zone's name."""
    try:
        ZoneInfo(text.strip())
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(_("{got} is no time zone; expected a name such as Europe/Kyiv or UTC").format(got=repr(text))) from error  # fmt: skip
    return text.strip()


class EitherWayError(ValueError):
    """A date that says neither whether its day nor its month comes first."""


_POINTED = re.compile(r"(\d{1,2})([./])(\d{1,2})\2(\d{4})(?:,?\s+(\d{1,2}:\d{2}(?::\d{2})?))?")


def _read_time(text: str) -> datetime:
    """ISO 8601, or a date with its parts as 10.10.2020 12:00: the day first, as everybody writes it with points.

    Raises
    ------
    EitherWayError
        If its day and month may be either, which slashes leave open.
    ValueError
        If it is no time.
    """
    said = " ".join(text.split())
    match = _POINTED.fullmatch(said)
    if match is None:
        return datetime.fromisoformat(said)
    day, month = int(match[1]), int(match[3])
    if match[2] == "/":
        if day <= 12 and month <= 12 and day != month:
            raise EitherWayError(_("{got} may be day and month or month and day; write it as 2025-04-19").format(got=repr(said)))  # fmt: skip
        day, month = (month, day) if month > 12 else (day, month)
    hour, _colon, rest = (match[5] or "0:00").partition(":")
    return datetime.fromisoformat(f"{match[4]}-{month:02d}-{day:02d}T{int(hour):02d}:{rest}")


def read_moment(text: str, zone: str) -> datetime:
    """A moment, by the clocks of ``zone`` where it says no offset."""
    try:
        moment = _read_time(text)
    except EitherWayError:
        raise
    except ValueError as error:
        raise ValueError(_("{got} is no time; expected one such as 2025-04-19 18:00").format(got=repr(text))) from error  # fmt: skip
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))


def read_after(moment: datetime, start: datetime) -> datetime:
    """A moment after the start."""
    if moment <= start:
        raise ValueError(_("the end is not after the start ({start})").format(start=start.isoformat()))
    return moment


def read_day(text: str) -> str:
    """A date."""
    try:
        return _read_time(text).date().isoformat()
    except EitherWayError:
        raise
    except ValueError as error:
        raise ValueError(_("{got} is no date; expected one such as 2025-04-18").format(got=repr(text))) from error  # fmt: skip


def read_metres(text: str) -> float:
    """A length above none."""
    try:
        metres = float(text)
    except ValueError:
        metres = 0.0
    if not 0 < metres < 1e7:
        raise ValueError(_("expected metres, more than none"))
    return metres


def one_of(known: Sequence[str], *, or_nothing: bool = False) -> Callable[[str], str]:
    """Reads one of the words known."""

    def read(text: str) -> str:
        text = text.strip()
        if text in known and text:
            return text
        if or_nothing and text in ("", "-", "none"):
            return ""
        raise ValueError(_expected(known, or_nothing=or_nothing))

    return read


def thing_of(things: Sequence[NamedThing], *, or_nothing: bool = False) -> Callable[[str], str]:
    """Reads a party or an act, by its id or its name, into the id; small and capital letters are alike."""

    def read(text: str) -> str:
        said = text.strip()
        bare = said.casefold()
        for same in (
            [thing.id for thing in things if thing.id == said],
            [thing.id for thing in things if thing.name == said],
            [thing.id for thing in things if bare in (thing.id.casefold(), thing.name.casefold())],
        ):
            if len(set(same)) == 1:
                return same[0]
        if or_nothing and said in ("", "-", "none"):
            return ""
        raise ValueError(_expected([thing.id if thing.id == thing.name else f"{thing.id} ({thing.name})" for thing in things], or_nothing=or_nothing))  # fmt: skip

    return read


def _expected(known: Sequence[str], *, or_nothing: bool) -> str:
    names = ", ".join(known)
    if or_nothing:
        return _("expected one of {names}, or - for none").format(names=names)
    return _("expected one of {names}").format(names=names)


def pairs_of(texts: Sequence[str], flag: str, things: Sequence[NamedThing]) -> dict[str, str]:
    """``WORD=NAME`` of a flag, each name or id one of ``things``, or empty for none; the ids of them."""
    pairs = {}
    read = thing_of(things, or_nothing=True)
    for text in texts:
        word, found, meaning = text.rpartition("=")
        try:
            if not found:
                raise ValueError(_("expected WORD=NAME"))
            pairs[word.strip()] = read(meaning)
        except ValueError as error:
            raise Unanswered(f"{flag} {text}: {error}") from error
    return pairs
