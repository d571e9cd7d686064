"""What reading a new case gives, in a few lines: whether the table was understood is seen at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow.compute as pc

from truceline.base.errors import Problem
from truceline.base.language import _
from truceline.findings.results import SourceAccount
from truceline.workflow.case import Case, open_case
from truceline.workflow.ingest import Ingested, ingest

#: warnings and notes of a source that are shown; `truceline sources` has them all
MOST_TOLD = 6


def outcome_lines(folder: Path) -> tuple[list[str], bool]:
    """Rows used, outside and put aside of each source, what else its reading told, the days, the acts.

    With it whether something of every source is used.

    Raises
    ------
    CaseError
        If the case is wrong.
    """
    case = open_case(folder)
    tables = ingest(case, data=None)
    lines = []
    for account in tables.sources:
        labels = {file.label for file in account.files}
        faults = [problem for problem in tables.quarantined if problem.file in labels]
        lines += _source_lines(account, faults)
    if tables.observations.num_rows:
        lines += _record_lines(case, tables)
    return lines, all(any(file.rows_used for file in account.files) for account in tables.sources)


def _told_lines(account: SourceAccount, shown: Sequence[Problem]) -> list[str]:
    """Warnings and notes of a source, as ``truceline sources`` tells them."""
    told = [*map(str, (one for one in account.problems if one not in shown)), *account.notes]
    lines = [f"{'':18} {text}"[:400] for text in told[:MOST_TOLD]]
    if len(told) > MOST_TOLD:
        lines.append(f"{'':18} " + _("and {n} more, told by `truceline sources`").format(n=len(told) - MOST_TOLD))  # fmt: skip
    return lines


def _source_lines(account: SourceAccount, faults: Sequence[Problem]) -> list[str]:
    label = f"{account.source_id:18}"
    read, used, outside, repeated, aside = (
        sum(getattr(file, name) for file in account.files)
        for name in ("rows_read", "rows_used", "rows_outside", "rows_repeated", "rows_quarantined")
    )
    said = _("{read} rows: {used} used, {outside} outside the case's days or region, {repeated} repeated, {aside} put aside")  # fmt: skip
    lines = [f"{label} " + said.format(read=read, used=used, outside=outside, repeated=repeated, aside=aside)]
    if repeated:
        lines.append(f"{'':18} " + _("rows that are alike in every column count once; if they are different events, give each an id of its own"))  # fmt: skip
    reasons = [*faults, *(account.problems if not used else ())]
    if reasons:
        first = reasons[0]
        lines.append((f"{'':18} " + _("first reason: {reason}").format(reason=first))[:400])
    lines += _told_lines(account, reasons[:1])
    if not used:
        lines.append(f"{'':18} " + _("NOTHING OF IT IS USED: correct case.yaml, or give `truceline new` the flags that the reason names"))  # fmt: skip
    return lines


def _record_lines(case: Case, tables: Ingested) -> list[str]:
    starts = pc.min_max(tables.observations["occurred_from"])
    first, last = (starts[name].as_py().date() for name in ("min", "max"))
    acts = Counter(act for row in tables.observations["acts"].to_pylist() for act, _words in row)
    counts = ", ".join(f"{act.name}: {acts[act.id]}" for act in case.truce.acts)
    n_none = sum(not row for row in tables.observations["acts"].to_pylist())
    return [
        _("days").ljust(18) + " " + _("{first} to {last} (UTC)").format(first=first, last=last),
        _("acts").ljust(18) + " " + _("{counts}; none of them: {n}").format(counts=counts, n=n_none),
    ]
