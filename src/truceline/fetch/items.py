"""What a case says of a source's public home: addresses, and where the bytes go in the data root."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import PurePosixPath
from typing import Literal

from pydantic import Field, field_validator, model_validator

from truceline.base.documents import Model

#: of a file, in units of a million bytes, unless the case says otherwise
DEFAULT_MAX_SIZE_MB = 500.0
#: no case fetches more files than this through one item: a slip in a date would ask for thousands
MOST_FILES = 5000

RECORD_NAME = "fetched.jsonl"

ADDRESS = re.compile(r"https?://(?P<host>[^/?#\s@]+)(?P<rest>[/?#]\S*)?", re.IGNORECASE)
_DATE = re.compile(r"\{date(?::(?P<form>[^{}]*))?\}")
#: codes of ``strftime`` that mean the same everywhere
_DATE_FORM = re.compile(r"(?:%[Ymdjy]|[^%{}\\])+")


class Dates(Model):
    """Days (or months) for which an item names one file each; both ends are included."""

    first: date = Field(alias="from", description="first day")
    last: date = Field(alias="until", description="last day, included")
    every: Literal["day", "month"] = Field("day", description="one file a day, or one a month")

    @model_validator(mode="after")
    def _in_order(self) -> Dates:
        if self.last < self.first:
            raise ValueError(f"dates end ({self.last}) before they begin ({self.first})")
        return self

    def each(self) -> Iterator[date]:
        """The days, or the first day of each month."""
        if self.every == "day":
            for days in range((self.last - self.first).days + 1):
                yield self.first + timedelta(days=days)
            return
        first = self.first.year * 12 + self.first.month - 1
        last = self.last.year * 12 + self.last.month - 1
        for months in range(first, last + 1):
            yield date(months // 12, months % 12 + 1, 1)


class ZipMember(Model):
    """One file out of a ZIP archive."""

    zip: str = Field(min_length=1, description="path of the member inside the archive; {date} as in `url`")


class FetchItem(Model):
    """A file, or one file a day, at its public home."""

    url: str = Field(description="http(s) address; {date} or {date:%Y%m%d} stands for each of `dates`, {key} for the key")  # fmt: skip
    to: str = Field(description="path under the data root; {date} as in `url`")
    dates: Dates | None = Field(None, description="for daily or monthly files: from, until (both included), every")  # fmt: skip
    sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$", description="SHA-256 of the file as it comes to lie in the data root")  # fmt: skip
    unpack: Literal["gzip"] | ZipMember | None = Field(None, description="gzip, or {zip: path of the member}")
    may_be_absent: bool = Field(False, description="whether the home may lack some files (no file on some days): noted, no error")  # fmt: skip
    max_size_mb: float = Field(DEFAULT_MAX_SIZE_MB, gt=0, description="a larger file is refused, before and after unpacking; millions of bytes")  # fmt: skip
    key_from: str | None = Field(None, pattern="^[A-Z][A-Z0-9_]*$", description="environment variable that holds the key for {key}; never recorded")  # fmt: skip
    note: str = Field("", description="what to know of it, such as how it differs from the file first used")

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        found = ADDRESS.fullmatch(url)
        if found is None:
            raise ValueError(
                f"{url!r} is not an address that may be fetched: http:// or https://, without user name, blanks or any other scheme"
            )
        if "{" in found["host"]:
            raise ValueError("the host of an address is written out, without {date} or {key}")
        return url

    @field_validator("to")
    @classmethod
    def _stays_under(cls, to: str) -> str:
        return check_path(to)

    @model_validator(mode="after")
    def _templates_fit(self) -> FetchItem:
        member = self.unpack.zip if isinstance(self.unpack, ZipMember) else ""
        for text in (self.url, self.to, member):
            left = _DATE.sub("", text).replace("{key}", "") if text is self.url else _DATE.sub("", text)
            if "{" in left or "}" in left:
                raise ValueError(
                    f"{text!r} has braces other than {{date}} or {{date:%Y%m%d}} (and {{key}} in `url`)"
                )
            for found in _DATE.finditer(text):
                if found["form"] is not None and not _DATE_FORM.fullmatch(found["form"]):
                    raise ValueError(
                        f"{found.group()!r}: use %Y, %m, %d, %j, %y and plain signs, such as {{date:%Y%m%d}}"
                    )
        if self.dates is None and any(map(_DATE.search, (self.url, self.to, member))):
            raise ValueError("{date} stands in it, but `dates` does not: add dates: {from: …, until: …}")
        if self.dates is not None and not (_DATE.search(self.url) and _DATE.search(self.to)):
            raise ValueError("with `dates`, both `url` and `to` need a {date}: each day is a file of its own")
        if self.dates is not None and self.sha256 is not None:
            raise ValueError("one sha256 cannot be that of many files: take out `sha256` or `dates`")
        if ("{key}" in self.url) != (self.key_from is not None):
            raise ValueError("{key} in `url` and `key_from` go together")
        return self

    def example_path(self) -> str:
        """`to`, with the first of its dates filled in."""
        return self.to if self.dates is None else fill_dates(self.to, next(self.dates.each()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One file to bring, with all dates filled in."""

    source_id: str
    url: str  #: may hold ``{key}``, which is filled in for the request alone
    to: str
    licence: str
    notice: str  #: what the user is shown before the first download, and what is recorded
    sha256: str | None = None
    unpack: str | None = None  #: None, ``gzip``, or ``zip:<member>``
    may_be_absent: bool = False
    max_size_bytes: int = int(DEFAULT_MAX_SIZE_MB * 1e6)
    key_from: str | None = None

    @property
    def host(self) -> str:
        """Whom the address names, with its port."""
        found = ADDRESS.match(self.url)
        return "" if found is None else found["host"].casefold()


def check_path(to: str) -> str:
    """Return ``to`` if it is a plain path that stays under its root.

    Raises
    ------
    ValueError
        If it is absolute, climbs, names the record, or holds signs that some system reads otherwise.
    """
    # the signs of {date:…} are judged once they are filled in
    path = PurePosixPath(_DATE.sub("0", to))
    parts = str(_DATE.sub("0", to)).split("/")
    if path.is_absolute() or ".." in parts or to.startswith("~"):
        raise ValueError(f"{to!r} leaves the data root; name files by their path under it")
    plain = "/".join(parts)
    if any(part in ("", ".") for part in parts) or not plain.isprintable() or set(plain) & set('\\:*?"<>|'):
        raise ValueError(f"{to!r} is not a plain path such as folder/file.csv")
    if path.name == RECORD_NAME or path.suffix in (".part", ".resume"):
        raise ValueError(f"{to!r} is a name that fetching keeps for itself")
    return to


def fill_dates(text: str, day: date) -> str:
    """``text`` with ``day`` in the place of each ``{date}``; ISO form where none is given."""
    return _DATE.sub(lambda found: day.strftime(found["form"]) if found["form"] else day.isoformat(), text)


def expand(item: FetchItem, *, source_id: str, licence: str, notice: str) -> list[Wanted]:
    """One entry for each file of an item.

    Raises
    ------
    ValueError
        If a path leaves the root once its dates are filled in, or there are too many files.
    """
    days: list[date | None] = [None] if item.dates is None else list(item.dates.each())
    if len(days) > MOST_FILES:
        raise ValueError(f"{len(days)} files from one item; at most {MOST_FILES}: check the years of `dates`")

    def filled(text: str, day: date | None) -> str:
        return text if day is None else fill_dates(text, day)

    def unpack(day: date | None) -> str | None:
        if isinstance(item.unpack, ZipMember):
            return "zip:" + filled(item.unpack.zip, day)
        return item.unpack

    return [
        Wanted(
            source_id=source_id,
            url=filled(item.url, day),
            to=check_path(filled(item.to, day)),
            licence=licence,
            notice=notice,
            sha256=item.sha256,
            unpack=unpack(day),
            may_be_absent=item.may_be_absent,
            max_size_bytes=int(item.max_size_mb * 1e6),
            key_from=item.key_from,
        )
        for day in days
    ]
