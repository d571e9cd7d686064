"""The manifest: one canonical JSON line for each thing read, each line bound to the one before.

The first line of a run names the software and the case; then each file with size, SHA-256,
adapter and rows used and quarantined. It is written before anything is computed. A run over the
same inputs by the same version has the same ``run_id`` and adds nothing; any other run appends.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from truceline.base.canonical import canonical_json, digest_bytes
from truceline.base.errors import OutputError, Problem

NAME = "manifest.jsonl"
FIRST = "0" * 64  #: what the first line is bound to

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Manifest:
    """Lines of a manifest, in order."""

    lines: tuple[str, ...] = ()

    @property
    def entries(self) -> list[Entry]:
        """The lines as records."""
        return [json.loads(line) for line in self.lines]

    @property
    def run_ids(self) -> list[str]:
        """Ids of the runs, oldest first."""
        return [entry["run_id"] for entry in self.entries if entry["kind"] == "run"]

    def append(self, entries: Iterable[Mapping[str, Any]]) -> Manifest:
        """The manifest with more lines; none is ever altered."""
        lines = list(self.lines)
        for entry in entries:
            previous = digest_bytes(lines[-1].encode()) if lines else FIRST
            lines.append(canonical_json({**entry, "line": len(lines) + 1, "previous": previous}))
        return Manifest(tuple(lines))

    def text(self) -> str:
        """As written to disk."""
        return "".join(line + "\n" for line in self.lines)

    def files_of(self, run_id: str) -> dict[str, str]:
        """Label → SHA-256 of the files that a run read."""
        return {
            entry["file"]: entry["sha256"]
            for entry in self.entries
            if entry["kind"] == "file" and entry["run_id"] == run_id
        }


def make_run_id(
    *, version: str, case_digest: str, seed: int, files: Sequence[tuple[str, str]], edition: str = ""
) -> str:
    """Name of a run: depends on the software, the case, the seed and the bytes read, nothing else.

    ``edition`` is named where it is not the case's own.
    """
    what = {"version": version, "case": case_digest, "seed": seed, "files": [list(pair) for pair in files]}
    content = canonical_json(what | ({"edition": edition} if edition else {}))
    return f"run-{digest_bytes(content.encode())[:16]}"


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an output folder; empty where there is none.

    Raises
    ------
    OutputError
        If a line was altered, taken out or put in: the chain does not hold.
    """
    path = folder / NAME
    if not path.is_file():
        return Manifest()
    lines = tuple(path.read_text(encoding="utf-8").splitlines())
    previous = FIRST
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
        except ValueError:
            entry = {}
        if entry.get("previous") != previous or entry.get("line") != number:
            raise OutputError(
                Problem(
                    code="result_unreadable",
                    message="the manifest was altered: this line is not bound to the one before",
                    file=NAME,
                    row=number,
                    expected="an untouched manifest",
                    next_step="Write into a new folder, and keep this one for inspection",
                )
            )
        previous = digest_bytes(line.encode())
    return Manifest(lines)


def changed_files(old: Manifest, run_id: str, files: Sequence[tuple[str, str]]) -> list[Problem]:
    """Files whose bytes differ from those of the last run into the same folder."""
    earlier = [run for run in old.run_ids if run != run_id]
    if not earlier or (old.run_ids and old.run_ids[-1] == run_id):
        return []
    before = old.files_of(earlier[-1])
    return [
        Problem(
            code="file_changed",
            message="the file is not the one that the previous run read",
            file=label,
            got=f"SHA-256 {digest[:12]}…",
            expected=f"SHA-256 {before[label][:12]}…",
            next_step="If that is meant, nothing is to be done; both digests stand in the manifest",
        )
        for label, digest in files
        if label in before and before[label] != digest
    ]
