"""Take one finding apart: reasons, evidence, and the rows of named files that they rest on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from truceline.base.errors import CallError, InputError, OutputError, Problem
from truceline.base.language import _, ngettext
from truceline.custody.manifest import Manifest, read_manifest
from truceline.findings.words import from_to
from truceline.reports.figures import row_ranges
from truceline.sources.row_contents import Contents, row_contents
from truceline.sources.source import InputFile, ReadContext, Source
from truceline.talks.accepted import SOURCE
from truceline.workflow.accepted import claim_contents
from truceline.workflow.case import open_case
from truceline.workflow.ingest import make_sources, read_context

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
    of_whole_file: bool = False  #: whether the note holds of every row of the file


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
        told: set[str] = set()
        for reason in details["reasons"]:
            lines.append(f"    {reason['code']}: {reason['text']}")
            lines += [f"      {line}" for line in self._reason_lines(reason, told)]
        lines.append("  " + _("What would change this"))
        lines += [f"    {sentence}" for sentence in details["would_change"]]
        return lines

    def _reason_lines(self, reason: dict[str, Any], told: set[str]) -> Iterator[str]:
        """The rows of a reason; why those of a file cannot be shown is told once (``told``: of which it was)."""
        shown: list[ExplainedRow] = []
        for group in reason["rows"]:
            rows = [self.rows[f"{group['file']}:{number}"] for number in group["rows"]]
            if not rows or not rows[0].of_whole_file:
                shown += rows
                continue
            label = f"{group['file']}:{row_ranges(group['rows'])}"
            note = "" if group["file"] in told else f" (SHA-256 {rows[0].digest[:12]}…): {rows[0].note}"
            told.add(group["file"])
            yield label + note
        for row in shown[:MOST_ROWS]:
            yield from self._row_lines(row)
        left = len(shown[MOST_ROWS:])
        if left:
            yield ngettext(
                "and {n} row more (--json gives them all)", "and {n} rows more (--json gives them all)", left
            ).format(n=left)

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
    the one that was read. The case also says how each file is read (delimiter, encoding, sheet).

    Raises
    ------
    CallError
        If no finding, or more than one, has the id.
    CaseError
        If ``case`` is given and wrong.
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
    shelf = _Shelf(manifest, tree["run_id"], wanted=wanted.values(), data=data, case=case)
    return Explanation(
        finding=finding,
        run_id=tree["run_id"],
        rows={key: shelf.row(file, number) for key, (file, number) in wanted.items()},
    )


def _wheres(reason: dict[str, Any]) -> list[tuple[str, int]]:
    """File and row of everything that a reason rests on."""
    return [(group["file"], number) for group in reason["rows"] for number in group["rows"]]


class _Shelf:
    """The files of a run, each read once, as its source reads it, and only if its digest is the one logged."""

    def __init__(
        self,
        manifest: Manifest,
        run_id: str,
        *,
        wanted: Iterable[tuple[str, int]],
        data: Path | None,
        case: Path | None,
    ) -> None:
        self._digests = manifest.files_of(run_id)
        self._source_of = {
            entry["file"]: entry["source"]
            for entry in manifest.entries
            if entry["kind"] == "file" and entry["run_id"] == run_id
        }
        self._roots = {"data": data, "case": case}
        self._case = None if case is None else open_case(case)
        self._plugins = {} if self._case is None else make_sources(self._case)
        self._wanted: dict[str, set[int]] = {}
        for file, number in wanted:
            self._wanted.setdefault(file, set()).add(number)
        self._rows: dict[str, Contents | str] = {}

    def row(self, file: str, number: int) -> ExplainedRow:
        """A row, or why it cannot be shown."""
        if file not in self._rows:
            self._rows[file] = self._load(file)
        rows = self._rows[file]
        digest = self._digests.get(file, "")
        if isinstance(rows, str):
            return ExplainedRow(
                file=file, row=number, digest=digest, content=None, note=rows, of_whole_file=True
            )
        note = "" if number in rows else _("the whole file") if number == 0 else _("no such row")
        return ExplainedRow(file=file, row=number, digest=digest, content=rows.get(number), note=note)

    def _load(self, label: str) -> Contents | str:
        kind, _colon, name = label.partition(":")
        root = self._roots.get(kind)
        if root is None or not (root / name).is_file():
            return (
                _("not at hand: give the data root with --data")
                if kind == "data"
                else _("not at hand: give the case's folder with --case")
            )
        file = InputFile(root / name, label=label)
        if file.digest != self._digests.get(label):
            return _("the file at hand is not the one that was read: its SHA-256 differs")
        if self._case is not None and self._source_of.get(label) == SOURCE:
            return claim_contents(self._case.accepted)
        source, context = self._reader_of(label, file)
        try:
            found = row_contents(file, self._wanted[label] - {0}, source=source, context=context)
        except InputError as error:
            return _("the file cannot be read as the case says: {why}").format(why=error.problems[0].message)
        if found is None and self._wanted[label] != {0}:
            return _("rows of such a file are not shown here")
        return found or {}

    def _reader_of(self, label: str, file: InputFile) -> tuple[Source | None, ReadContext | None]:
        """The plug-in that read the file, with the case's options; None where the case is not given."""
        name = self._source_of.get(label, "")
        if self._case is None or name not in self._plugins:
            return None, None
        entry = next(entry for entry in self._case.file.sources if entry.id == name)
        return self._plugins[name], read_context(self._case, entry, files=[file])
