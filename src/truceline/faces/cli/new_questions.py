"""Questions of ``truceline new``: asked on the terminal, answered by flags, or taken as proposed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import typer

from truceline.faces.cli.render import print_lines

T = TypeVar("T")


class Asker:
    """Asks; an answer that cannot be read is asked for again. With ``accept`` proposals are taken unasked."""

    def __init__(self, *, accept: bool) -> None:
        self.accept = accept
        self.open: list[str] = []  #: what nothing could be proposed for, with the flag that answers it

    def text(self, question: str, given: str | None, *, proposal: str | None = None) -> str:
        """An answer as it is given."""
        return self.read(question, given, str, proposal=proposal)

    def read(self, question: str, given: str | None, read: Callable[[str], T], *, proposal: str | None = None) -> T:  # fmt: skip
        """An answer that ``read`` can read (it raises ValueError where not)."""
        if given is None and self.accept and proposal is not None:
            given = proposal
        if given is not None:
            try:
                return read(given)
            except ValueError as error:
                raise typer.BadParameter(f"{question}: {error}") from error
        while True:
            answer = typer.prompt(question, default=proposal)
            try:
                return read(answer)
            except ValueError as error:
                print_lines([f"  {error}"])

    def yes(self, question: str) -> bool:
        """Whether it is so."""
        return self.accept or typer.confirm(question, default=True)

    def file(self, question: str, given: Path | None) -> Path | None:
        """A file that is there, or none."""
        if given is not None:
            return given
        if self.accept:
            return None
        return self.read(question, None, read_file, proposal="")

    def need(self, question: str, flag: str) -> None:
        """Note what ``accept`` cannot take; ``settle`` tells all of it at once."""
        self.open.append(f"{question} Nothing can be proposed safely: give {flag}.")

    def settle(self) -> None:
        """Stop if anything is open."""
        if self.open:
            raise typer.BadParameter("\n".join(["--yes cannot answer:", *(f"  {one}" for one in self.open)]))


def read_file(text: str) -> Path | None:
    """A file that is there."""
    if not text.strip():
        return None
    path = Path(text.strip()).expanduser()
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    return path


def read_zone(text: str) -> str:
    """A time zone's name."""
    try:
        ZoneInfo(text.strip())
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{text!r} is no time zone; expected a name such as Europe/Kyiv or UTC") from error
    return text.strip()


def read_moment(text: str, zone: str) -> datetime:
    """A moment, by the clocks of ``zone`` where it says no offset."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ValueError(f"{text!r} is no time; expected one such as 2025-04-19 18:00") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))


def read_after(moment: datetime, start: datetime) -> datetime:
    """A moment after the start."""
    if moment <= start:
        raise ValueError(f"the end is not after the start ({start.isoformat()})")
    return moment


def read_day(text: str) -> str:
    """A date."""
    try:
        return datetime.fromisoformat(text.strip()).date().isoformat()
    except ValueError as error:
        raise ValueError(f"{text!r} is no date; expected one such as 2025-04-18") from error


def read_metres(text: str) -> float:
    """A length above none."""
    metres = float(text)
    if not 0 < metres < 1e7:
        raise ValueError("expected metres, more than none")
    return metres


def one_of(known: Sequence[str], *, or_nothing: bool = False) -> Callable[[str], str]:
    """Reads one of the words known."""

    def read(text: str) -> str:
        text = text.strip()
        if or_nothing and text in ("", "-", "none"):
            return ""
        if text in known:
            return text
        raise ValueError(f"expected one of {', '.join(known)}" + (", or - for none" if or_nothing else ""))

    return read


def pairs_of(texts: Sequence[str], flag: str, meant: Sequence[str]) -> dict[str, str]:
    """``WORD=ID`` of a flag, each id one of those meant, or empty for none."""
    pairs = {}
    for text in texts:
        word, found, meaning = text.rpartition("=")
        if not found or (meaning and meaning not in meant):
            raise typer.BadParameter(f"{flag} {text}: got {meaning!r}, expected {' | '.join(meant)}")
        pairs[word.strip()] = meaning
    return pairs
