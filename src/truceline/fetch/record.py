"""What was fetched, when and from where: one line of JSON for each file, appended, never altered."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from truceline.base.canonical import canonical_json
from truceline.base.errors import OutputError, Problem
from truceline.fetch.items import RECORD_NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """One line of ``fetched.jsonl``."""

    source: str
    to: str
    url: str  #: as in the case, dates filled in; a key is left as ``{key}``
    final_url: str  #: after redirects
    crossed_hosts: list[str]  #: hosts of the redirects, where they differ from the first
    fetched_at: str  #: UTC
    size: int  #: bytes, as it lies in the data root
    sha256: str  #: of the file as it lies in the data root
    download_sha256: str  #: of the bytes that came, before unpacking
    etag: str | None = None
    last_modified: str | None = None
    unpack: str | None = None
    licence: str = ""
    notice: str = ""  #: the text that the user was shown before the first download
    replaces_sha256: str | None = None  #: of the file that was accepted as changed
    kept_as: str | None = None  #: where that file was put


class Record:
    """The record of a data root; the last line of a path is what holds."""

    def __init__(self, root: Path) -> None:
        """Read the record.

        Raises
        ------
        OutputError
            If a line is not one of ours.
        """
        self.path = root / RECORD_NAME
        self.lines: list[Fetched] = []
        self._torn = False
        if not self.path.exists():
            return
        text = self.path.read_text(encoding="utf-8", errors="replace")
        rows = text.split("\n")
        # a run that was killed may have left the beginning of a line
        self._torn = rows[-1] != ""
        names = {field.name for field in fields(Fetched)}
        for number, row in enumerate(rows[:-1], start=1):
            if not row.strip():
                continue
            try:
                values = json.loads(row)
                self.lines.append(Fetched(**{key: values[key] for key in values if key in names}))
            except (ValueError, TypeError) as error:
                if self._mended(row):
                    continue
                raise OutputError(
                    Problem(code="result_unreadable", message="the record of fetched files has a line that is not its own", file=f"data:{RECORD_NAME}", row=number, got=row[:60], expected="a line of JSON, as `truceline fetch` writes it", next_step="Mend the line, or move the record away: files are then compared with what comes anew")
                ) from error  # fmt: skip

    @staticmethod
    def _mended(row: str) -> bool:
        """Whether the line is a torn one that a later run closed."""
        return row.endswith(" #torn")

    def last(self, to: str) -> Fetched | None:
        """The line that holds for a path."""
        return next((line for line in reversed(self.lines) if line.to == to), None)

    def add(self, line: Fetched) -> None:
        """Append a line and see it on the disk."""
        with self.path.open("a", encoding="utf-8", newline="\n") as handle:
            if self._torn:
                handle.write(" #torn\n")
                self._torn = False
            handle.write(canonical_json(asdict(line)) + "\n")
            handle.flush()
            os.fsync(handle.fileno())
        self.lines.append(line)
