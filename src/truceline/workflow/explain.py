"""Take one finding apart: reasons, evidence, and the rows of named files that they rest on."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from truceline.base.canonical import digest_bytes
from truceline.base.errors import CallError, OutputError, Problem
from truceline.base.language import _
from truceline.custody.manifest import Manifest, read_manifest
from truceline.findings.words import from_to

#: a reason may rest on hundreds of rows; so many are printed
MOST_ROWS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedRow:
    """A row of a file: its digest as logged, and its content where the data are at hand."""

    file: str
    row: int
    digest: str
    content: dict[str, Any] | None
    note: str  #: why there is no content; empty where there is


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One finding, down to its rows."""

    finding: dict[str, Any]
    run_id: str
    rows: dict[str, ExplainedRow]

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "run_id": self.run_id,
            "finding": self.finding,
            "rows": [
                {
                    "file": row.file,
                    "row": row.row,
                    "sha256": row.digest,
                    "content": row.content,
                    "note": row.note,
                }
                for row in self.rows.values()
            ],
        }

    def lines(self) -> list[str]:
        """For people: a tree."""
        finding = self.finding
        details = finding["details"]
        clock = _("clock {clock}, terms {terms}").format(
            clock=finding["clock_id"], terms=finding["terms_version"]
        )
        lines = [
            f"{finding['finding_id']}  {finding['obligation_id']}  {finding['party_id']}  {finding['area_id']}",
            _labelled(_("period"), f"{from_to(finding['period_start'], finding['period_stop'])} ({clock})"),
            _labelled(_("judgement"), finding["judgement"]),
            _labelled(_("occurrence"), finding["occurrence"]),
            _labelled(_("responsibility"), finding["responsibility"]),
            _labelled(_("in a sentence"), details["headline"]),
        ]
        for name in ("effect_ratio", "effect_ratio_lo95", "effect_ratio_hi95", "e_value"):
            if finding[name] is not None:
                lines.append(f"  {name:<15} {finding[name]:g}")
        lines.append("  " + _("reasons"))
        for reason in details["reasons"]:
            lines.append(f"    {reason['code']}: {reason['text']}")
            rows = _wheres(reason)
            for file, number in rows[:MOST_ROWS]:
                lines += [f"      {line}" for line in self._row_lines(self.rows[f"{file}:{number}"])]
            if len(rows) > MOST_ROWS:
                lines.append(
                    "      " + _("and {n} rows more (--json gives them all)").format(n=len(rows) - MOST_ROWS)
                )
        lines.append("  what would change this")
        lines += [f"    {sentence}" for sentence in details["would_change"]]
        return lines

    def _row_lines(self, row: ExplainedRow) -> Iterator[str]:
        number = _("row {n}").format(n=row.row)
        yield f"{row.file}, {number} (SHA-256 {row.digest[:12]}…)"
        if row.content is None:
            yield f"  {row.note}"
            return
        said = {name: value for name, value in row.content.items() if value not in (None, "")}
        yield "  " + "; ".join(f"{name}: {str(value)[:120]}" for name, value in said.items())


def _labelled(label: str, text: str) -> str:
    return f"  {label:<15} {text}"


def explain(out: Path, finding_id: str, *, data: Path | None = None, case: Path | None = None) -> Explanation:
    """Take a finding of the result in ``out`` apart.

    ``finding_id`` may be shortened to what no other finding begins with. Rows are printed from
    ``data``, and those of the case's own files from its folder ``case``, only if the file is still
    the one that was read.

    Raises
    ------
    CallError
        If no finding, or more than one, has the id.
    OutputError
        If ``out`` holds no result, or its manifest was altered.
    """
    path = out / "findings.json"
    if not path.is_file():
        raise OutputError(
            Problem(code="result_unreadable", message="no result is here", file=str(out), expected="a folder that `truceline verify` wrote", next_step="Give the folder with --out")
        )  # fmt: skip
    tree = json.loads(path.read_text(encoding="utf-8"))
    found = [finding for finding in tree["findings"] if finding["finding_id"].startswith(finding_id)]
    exact = [finding for finding in found if finding["finding_id"] == finding_id]
    if len(exact or found) != 1:
        some = ", ".join(finding["finding_id"] for finding in (found or tree["findings"])[:5])
        raise CallError(
            Problem(code="finding_unknown", message="several findings begin so" if found else "no finding has this id", file=str(path), got=finding_id, expected=f"one of {len(tree['findings'])} ids, such as {some}", next_step="The ids stand in findings.json and in the report")
        )  # fmt: skip
    finding = (exact or found)[0]
    manifest = read_manifest(out)
    wanted = {
        f"{file}:{number}": (file, number)
        for reason in finding["details"]["reasons"]
        for file, number in _wheres(reason)
    }
    shelf = _Shelf(manifest, tree["run_id"], data=data, case=case)
    return Explanation(
        finding=finding,
        run_id=tree["run_id"],
        rows={key: shelf.row(file, number) for key, (file, number) in wanted.items()},
    )


def _wheres(reason: dict[str, Any]) -> list[tuple[str, int]]:
    """File and row of everything that a reason rests on."""
    return [(group["file"], number) for group in reason["rows"] for number in group["rows"]]


class _Shelf:
    """The files of a run, each read once and only if its digest is the one logged."""

    def __init__(self, manifest: Manifest, run_id: str, *, data: Path | None, case: Path | None) -> None:
        self._digests = manifest.files_of(run_id)
        self._roots = {"data": data, "case": case}
        self._rows: dict[str, dict[int, dict[str, Any]] | str] = {}

    def row(self, file: str, number: int) -> ExplainedRow:
        """A row, or why it cannot be shown."""
        if file not in self._rows:
            self._rows[file] = self._load(file)
        rows = self._rows[file]
        digest = self._digests.get(file, "")
        if isinstance(rows, str):
            return ExplainedRow(file=file, row=number, digest=digest, content=None, note=rows)
        note = "" if number in rows else _("the whole file") if number == 0 else _("no such row")
        return ExplainedRow(file=file, row=number, digest=digest, content=rows.get(number), note=note)

    def _load(self, file: str) -> dict[int, dict[str, Any]] | str:
        kind, _colon, name = file.partition(":")
        root = self._roots.get(kind)
        if root is None or not (root / name).is_file():
            return (
                _("not at hand: give the data root with --data")
                if kind == "data"
                else _("not at hand: give the case's folder with --case")
            )
        content = (root / name).read_bytes()
        if digest_bytes(content) != self._digests.get(file):
            return _("the file at hand is not the one that was read: its SHA-256 differs")
        text = (gzip.decompress(content) if name.endswith(".gz") else content).decode(
            "utf-8-sig", errors="replace"
        )
        return _rows_of(text, name)


def _rows_of(text: str, name: str) -> dict[int, dict[str, Any]]:
    """Row number → content, numbered as sources number them."""
    stem = name.removesuffix(".gz")
    if stem.endswith(".csv"):
        reader = csv.reader(io.StringIO(text, newline=""))
        header = next(reader, [])
        rows, start = {}, reader.line_num + 1
        for fields in reader:
            rows[start] = dict(zip(header, fields, strict=False))
            start = reader.line_num + 1
        return rows
    if stem.endswith(".json"):
        tree = json.loads(text)
        if isinstance(tree, list):
            return {number: row for number, row in enumerate(tree, start=1) if isinstance(row, dict)}
    return {}
