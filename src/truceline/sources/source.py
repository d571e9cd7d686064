"""What a source plug-in is, what it is given and what it gives back."""

from __future__ import annotations

import gzip
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from shapely.geometry.base import BaseGeometry

from truceline.base.canonical import Digest, digest_bytes, digest_file
from truceline.base.documents import Model
from truceline.base.errors import InputError, Problem
from truceline.base.intervals import Interval
from truceline.base.registry import Registry
from truceline.places.locate import Resolver
from truceline.schema import CLAIMS, CONTROL, COUNTS, COVERAGE, OBSERVATIONS
from truceline.schema.table import Table


class InputFile:
    """A file of a case or of its data root, read once; ``label`` is what reports call it."""

    def __init__(self, path: Path, *, label: str) -> None:
        self.path = path
        self.label = label

    @cached_property
    def content(self) -> bytes:
        """The bytes on disk.

        Raises
        ------
        InputError
            If the file is not there or may not be read.
        """
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise self._missing(error) from error

    def _missing(self, error: OSError) -> InputError:
        return InputError(
            Problem(code="file_missing", message=f"the file cannot be read ({error.strerror})", file=self.label, expected="a readable file", next_step="Put the file there, or correct the path in the case")
        )  # fmt: skip

    def _empty(self) -> InputError:
        return InputError(
            Problem(code="file_empty", message="the file has no bytes", file=self.label, expected="a file with content", next_step="Fetch it again")
        )  # fmt: skip

    def _broken(self, error: Exception) -> InputError:
        return InputError(
            Problem(code="file_truncated", message=f"the compressed file is broken ({error})", file=self.label, expected="a whole gzip file", next_step="Fetch it again")
        )  # fmt: skip

    @property
    def is_packed(self) -> bool:
        """Whether the name says that the content is compressed."""
        return self.path.name.endswith(".gz")

    @cached_property
    def size(self) -> int:
        """Bytes on disk."""
        try:
            return self.path.stat().st_size
        except OSError as error:
            raise self._missing(error) from error

    @cached_property
    def digest(self) -> Digest:
        """SHA-256 of the bytes on disk, read in pieces where they are not in memory yet."""
        if "content" in self.__dict__:
            return digest_bytes(self.content)
        try:
            return digest_file(self.path)
        except OSError as error:
            raise self._missing(error) from error

    def chunks(self, chunk_bytes: int) -> Iterator[bytes]:
        """The content (unpacked) in pieces, for files that should not stand in memory whole.

        Raises
        ------
        InputError
            As ``bytes``.
        """
        try:
            handle = gzip.open(self.path, "rb") if self.is_packed else self.path.open("rb")  # noqa: SIM115
        except OSError as error:
            raise self._missing(error) from error
        if self.size == 0:
            handle.close()
            raise self._empty()
        with handle:
            while True:
                try:
                    chunk = handle.read(chunk_bytes)
                except (EOFError, OSError, zlib.error) as error:
                    raise (self._broken(error) if self.is_packed else self._missing(error)) from error  # type: ignore[arg-type]  # an OSError where it is not packed
                if not chunk:
                    return
                yield chunk

    def bytes(self) -> bytes:
        """The content, unpacked where the name ends in ``.gz``.

        Raises
        ------
        InputError
            If the file is empty or its compression is broken.
        """
        if not self.content:
            raise self._empty()
        if not self.is_packed:
            return self.content
        try:
            return gzip.decompress(self.content)
        except (EOFError, OSError, zlib.error) as error:
            raise self._broken(error) from error

    def text(self) -> str:
        """The content as text; a byte-order mark is dropped.

        Raises
        ------
        InputError
            If it is not UTF-8 (with the line at which it stops being so).
        """
        content = self.bytes()
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            row = content.count(b"\n", 0, error.start) + 1
            raise InputError(
                Problem(code="file_not_text", message=f"byte {error.start} is not UTF-8", file=self.label, row=row, got=repr(content[error.start : error.start + 8]), expected="UTF-8 text", next_step="Convert the file to UTF-8")
            ) from error  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Box of longitudes and latitudes in which a case lies; guards against exchanged columns."""

    west_deg: float
    south_deg: float
    east_deg: float
    north_deg: float

    def holds(self, longitude_deg: float, latitude_deg: float) -> bool:
        """Whether the place lies in the box."""
        return (
            self.west_deg <= longitude_deg <= self.east_deg
            and self.south_deg <= latitude_deg <= self.north_deg
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadContext:
    """What a source may know of the case."""

    source_id: str
    files: tuple[InputFile, ...]
    span: Interval  #: records outside it are counted and left out
    window: Interval  #: the truce's own window (all clocks)
    parties: tuple[str, ...]
    acts: tuple[str, ...]
    area_by_name: Mapping[str, str]  #: names, other names and ids (case-folded) → area id
    region: Region | None = None
    theatre: BaseGeometry | None = None  #: shape of the area that is the whole of the case, where it has one
    places: Resolver | None = None  #: resolves place names; what is only named is resolved after reading

    def area(self, name: str) -> str | None:
        """Area id for a name as a source spells it, or None."""
        return self.area_by_name.get(name.strip().casefold())


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A row that was not used, with its reasons."""

    problems: tuple[Problem, ...]
    content: str


@dataclass(slots=True, kw_only=True)
class FileRead:
    """What became of one file's rows; the numbers add up to ``rows_read``."""

    file: InputFile
    rows_read: int = 0
    rows_used: int = 0
    rows_outside: int = 0  #: outside the case's span or region
    rows_repeated: int = 0
    rows_quarantined: int = 0
    left_out: str = ""  #: why the whole file was not used


@dataclass(slots=True, kw_only=True)
class SourceTables:
    """What a source gives: tables to their schema, and an account of every row."""

    observations: Table = field(default_factory=OBSERVATIONS.empty)
    counts: Table = field(default_factory=COUNTS.empty)
    coverage: Table = field(default_factory=COVERAGE.empty)
    control: Table = field(default_factory=CONTROL.empty)
    claims: Table = field(default_factory=CLAIMS.empty)
    files: list[FileRead] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)  #: not about one row
    notes: list[str] = field(default_factory=list)  #: what a reader should know, in sentences


class Source(ABC):
    """A plug-in: one file, registered with ``@SOURCES.add``.

    Class attributes: ``name`` (the case's ``adapter``), ``version`` (recorded by every finding),
    ``title``, and ``Options``, the pydantic model of its options.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    title: ClassVar[str]
    Options: ClassVar[type[Model]]

    def __init__(self, options: Model) -> None:
        self.options = options

    @abstractmethod
    def read(self, context: ReadContext) -> SourceTables:
        """Read the files into tables.

        Pure apart from the files named in ``context``: no clock, no network, no randomness.

        Raises
        ------
        InputError
            If nothing of a file can be used. Single bad rows are quarantined instead.
        """


SOURCES: Registry[type[Source]] = Registry("source", "truceline.sources")
