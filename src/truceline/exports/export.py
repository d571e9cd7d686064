"""What an export is, what it is given, and the register of formats."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from truceline.base.errors import CallError, OutputError, Problem
from truceline.base.registry import Registry
from truceline.exports.result import Result


class Export(ABC):
    """A format: one file, registered with ``@EXPORTS.add``.

    Class attributes: ``name`` (as ``--format`` takes it), ``version`` (the manifest records it),
    ``title`` for people, ``needs_choice`` for a format that tells of single things.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    title: ClassVar[str]
    needs_choice: ClassVar[bool] = False

    def __init__(self, *, chosen: tuple[str, ...] = ()) -> None:
        """``chosen``: ids of findings and incidents, for a format that tells of single things."""
        self.chosen = chosen

    @abstractmethod
    def files(self) -> list[str]:
        """Files that ``write`` makes, relative to the folder, in their order."""

    @abstractmethod
    def write(self, result: Result, folder: Path) -> None:
        """Write the files: pure apart from them; no clock, no network, no randomness.

        Raises
        ------
        OutputError
            ``export_too_large`` or ``extra_missing``.
        CallError
            If ids are asked for that the result does not have.
        """


EXPORTS: Registry[type[Export]] = Registry("export", "truceline.exports")


def refuse_beyond(most: int, *, got: int, what: str, format_name: str, instead: str) -> None:
    """Refuse a result with more of ``what`` than the format's readers can bear."""
    if got > most:
        raise OutputError(
            Problem(code="export_too_large", message=f"too many {what} for {format_name}", file=format_name, got=f"{got:,} {what}", expected=f"at most {most:,}", next_step=f"Export them as {instead}")
        )  # fmt: skip


def refuse_unknown(chosen: tuple[str, ...], *, known: set[str], total: int) -> None:
    """Refuse ids that the result does not have."""
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise CallError(
            [
                Problem(code="choice_unknown", message="no finding or incident of the result has this id", got=name, expected=f"one of {total:,} ids", next_step="The ids stand in findings.json and in the export csv")
                for name in unknown
            ]
        )  # fmt: skip
