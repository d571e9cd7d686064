"""Run a case again, and hold what it finds against what a result's log says was found.

The same version on the same files gives the same findings, to the byte; where it does not, the file, the
version or the finding that differs is named.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from truceline.base.errors import EvidenceError, Problem
from truceline.base.language import N_, _
from truceline.custody.read import Store
from truceline.workflow.evidence import newest_of, open_entries, telling
from truceline.workflow.run_log import FOLDER
from truceline.workflow.verify import verify

#: what tells one entry of a kind from the others of it
_NAMED_BY = {"run": "case", "source": "file", "finding": "finding_id"}
_CLOSED = object()  # in the place of what is held, and not here
Stretch = dict[tuple[str, str], dict[str, Any]]


#: what it means that an entry differs, and what to do
_MEANS = {
    "run": (N_("another version, case file or setting than was logged"), N_("Repeat it with the version and the case that the log names")),
    "source": (N_("another input file than was logged"), N_("Give the files that were read then: --data DIR")),
    "finding": (N_("another finding than was logged"), N_("Look first at the inputs and the version that differ; if none does, report a fault of Truceline")),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RecomputeOutcome:
    """What was compared, and what differs."""

    run_id: str
    compared: int
    problems: tuple[Problem, ...]
    findings_differ: int = 0
    closed: int = 0  #: entries of the run that are held, and not here: nothing of them could be compared

    def lines(self) -> list[str]:
        """For people."""
        more = (
            [f"not compared, because they are held elsewhere: {self.closed} entries"] if self.closed else []
        )
        if not self.problems:
            same = _("the run {run}, repeated, says the same in every entry ({n})")
            return [same.format(run=self.run_id, n=self.compared), *more]
        differs = _("the run {run}, repeated, says something else: {problems} of {n} entries")
        findings = _("findings that differ: {n}") if self.findings_differ else _("its findings are the same to the byte")  # fmt: skip
        return [
            differs.format(run=self.run_id, n=self.compared, problems=len(self.problems)),
            findings.format(n=self.findings_differ),
            *more,
        ]


def recompute(
    log: Path, *, case_folder: Path, data: Path | None, run_id: str | None = None
) -> RecomputeOutcome:
    """Verify the case anew in a folder of its own, and compare with a run in ``log``: the last one, or ``run_id``.

    Raises
    ------
    EvidenceError
        If the log has no such run of which everything is open here.
    CaseError
        If the case is wrong.
    """
    with telling(log):
        runs = _runs(Store(log))
    if not runs or run_id not in (None, *runs):
        message = "no such run is logged here" if runs else "no run is logged here"
        raise EvidenceError(Problem(code="log_differs", file=str(log), message=message, got=run_id or "", expected=" | ".join(runs) or "the log of a result"))  # fmt: skip
    wanted = run_id or list(runs)[-1]
    was, closed = runs[wanted].entries, runs[wanted].closed
    run = next(fields for (kind, _name), fields in was.items() if kind == "run")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        verify(
            case_folder, data=data, out=out, seed=run["seed"], pdf=False, edition=run["edition"],
            register=out.with_suffix(".register"),
        )  # fmt: skip
        [repeated] = _runs(Store(out / FOLDER)).values()
    now = repeated.entries
    keys = dict.fromkeys(was if closed else [*was, *now])  # what only one has may be among what is held
    both = [(key, was.get(key), now.get(key)) for key in keys]
    found = [(key, _differs(log, key, *pair)) for key, *pair in both]
    problems = [(key, problem) for key, problem in found if problem is not None]
    return RecomputeOutcome(
        run_id=wanted,
        compared=len(was),
        problems=tuple(problem for _key, problem in problems),
        findings_differ=sum(kind == "finding" for (kind, _name), _problem in problems),
        closed=closed,
    )


@dataclass(slots=True)
class _Run:
    """What was logged of a run: its entries by kind and name, and how many are held and not here."""

    entries: Stretch = field(default_factory=dict)
    closed: int = 0


def _runs(store: Store) -> dict[str, _Run]:
    """What was logged of each run, by its id."""
    found: dict[str, _Run] = {}
    for _index, _content, record, opened in open_entries(store, size=newest_of(store).head.size):
        kind, fields = record["kind"], {**dict.fromkeys(record.get("fields", ()), _CLOSED), **opened}
        if kind == "run":
            current = found[str(opened.get("run_id"))] = _Run()
        if kind in _NAMED_BY and found:
            name = fields.get(_NAMED_BY[kind], fields.get("source", ""))
            if name is _CLOSED:
                current.closed += 1
            else:
                current.entries[kind, str(name)] = fields
    return found


def _differs(
    log: Path, key: tuple[str, str], was: dict[str, Any] | None, now: dict[str, Any] | None
) -> Problem | None:
    """What is other in one entry; None if nothing is. A run's id follows from all the rest, and is passed over."""
    kind, name = key
    means, step = map(_, _MEANS[kind])
    column = f"{kind} {name}"
    if was is None or now is None:
        missing = _("only the run repeated has it") if was is None else _("only the log has it")
        return Problem(code="log_differs", file=str(log), column=column, message=missing, next_step=step)
    names = [
        each for each in {**was, **now} if was.get(each) not in (now.get(each), _CLOSED) and each != "run_id"
    ]
    if not names:
        return None
    got = ", ".join(f"{each}={now.get(each)!r}" for each in names[:4])
    logged = ", ".join(f"{each}={was.get(each)!r}" for each in names[:4])
    return Problem(code="log_differs", file=str(log), column=column, message=means, got=got, expected=logged, next_step=step)  # fmt: skip
