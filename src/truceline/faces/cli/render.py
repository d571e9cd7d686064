"""Values of the workflow as text for people or JSON for programs."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from truceline.base.errors import CODES, Problem
from truceline.base.language import N_, _, language

STATES = {"read": N_("read"), "absent": N_("absent"), "unusable": N_("unusable")}
GRADES = {"hard": N_("hard"), "reported": N_("reported")}

#: a screen holds no more; ``--json`` gives all
PROBLEMS_SHOWN = 40


def plain(value: object) -> Any:
    """Records, times and paths as what JSON knows."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    return str(value)


def print_json(value: object) -> None:
    """Write ``value`` to stdout as indented JSON."""
    sys.stdout.write(json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def print_lines(lines: Iterable[str]) -> None:
    """Write lines to stdout."""
    for line in lines:
        sys.stdout.write(line + "\n")


def print_warning(sentence: str) -> None:
    """Write a sentence to stderr, where whoever takes paths from stdout sees it too."""
    sys.stderr.write(sentence + "\n")


def describe(problem: Problem) -> list[str]:
    """A problem as a paragraph: where and what, then got, expected, what to do."""
    where = [problem.file] if problem.file else []
    if problem.row is not None:
        where.append(_("row {n}").format(n=problem.row))
    if problem.column:
        where.append(_("column {name}").format(name=problem.column))
    place = ", ".join(where)
    # the details are written in English where they arise; what the code means is told in each language
    said = problem.message if language() == "en" else _(CODES[problem.code])
    lines = [f"{place}: {said}" if place else said]
    if language() != "en":
        lines.append(_labelled(_("in English"), problem.message))
    if problem.got:
        lines.append(_labelled(_("got"), problem.got))
    if problem.expected:
        lines.append(_labelled(_("expected"), problem.expected))
    if problem.next_step:
        lines.append(_labelled(_("next"), problem.next_step))
    return lines


def _labelled(label: str, text: str) -> str:
    return f"    {label:<9} {text}"


def print_problems(problems: Sequence[Problem], *, heading: str) -> None:
    """Write problems to stderr as a list a person can work through."""
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print(Text(heading, style="bold red"))
    for problem in problems[:PROBLEMS_SHOWN]:
        first, *rest = describe(problem)
        console.print(Text.assemble("  ", (f"[{problem.code}]", "bold"), " ", first))
        for line in rest:
            console.print(Text("  " + line))
    hidden = len(problems[PROBLEMS_SHOWN:])
    if hidden:
        console.print(Text("  " + _("and {n} more; --json lists all").format(n=hidden)))


def print_error(message: str, *, exit_code: int, problems: Sequence[Problem] = (), as_json: bool) -> None:
    """Tell what went wrong: a list on stderr, or one JSON object on stdout."""
    if as_json:
        print_json({"error": {"exit_code": exit_code, "message": message, "problems": problems}})
    elif problems:
        print_problems(problems, heading=message)
    else:
        sys.stderr.write(message + "\n")


def print_sources(accounts: Sequence[Mapping[str, Any]]) -> None:
    """Each source with its state, licence and files, and what its absence costs."""
    for account in accounts:
        print_lines([*_source_lines(account), ""])
    missing = [account["source_id"] for account in accounts if account["state"] != "read"]
    print_lines([_("not read: {sources}").format(sources=", ".join(missing) if missing else _("none"))])


def _source_lines(account: Mapping[str, Any]) -> list[str]:
    state, grade = _(STATES[account["state"]]), _(GRADES[account["grade"]])
    lines = [
        f"{account['source_id']}  {state}, {grade}",
        f"    {account['title']}",
        _labelled(_("adapter"), f"{account['adapter']} {account['adapter_version']}"),
        _labelled(_("licence"), account["licence"]),
    ]
    if account["role"]:
        lines.append(_labelled(_("can say"), account["role"]))
    if account["state"] != "read" and account["cost_of_absence"]:
        lines.append(_labelled(_("cost"), account["cost_of_absence"]))
    for file in account["files"]:
        size = _("{n} bytes").format(n=file["size_bytes"])
        lines.append(_labelled(_("file"), f"{file['label']}  {size}  sha256 {file['digest'][:12]}…"))
        if file["left_out"]:
            lines.append(_labelled("", _("left out: {why}").format(why=file["left_out"])))
        else:
            rows = _(
                "rows: {read} read, {used} used, {outside} outside, {repeated} repeated, {quarantined} quarantined"
            ).format(
                read=file["rows_read"],
                used=file["rows_used"],
                outside=file["rows_outside"],
                repeated=file["rows_repeated"],
                quarantined=file["rows_quarantined"],
            )
            lines.append(_labelled("", rows))
    if account["copies"]:
        from truceline.workflow.copies import copies_text  # heavy, and loaded by now

        if text := copies_text(account["copies"]):
            lines.append(_labelled(_("copies"), text))
    for problem in account["problems"]:
        lines += [f"    {line}" for line in describe(Problem(**problem))]
    return lines
