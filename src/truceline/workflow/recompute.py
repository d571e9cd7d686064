"""Run a case again, and hold what it finds against what a result's log says was found.

The same version on the same files gives the same findings, to the byte; where it does not, the file, the
version or the finding that differs is named.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from truceline.base.errors import EvidenceError, Problem
from truceline.base.language import _
from truceline.custody.read import Store
from truceline.workflow.evidence import newest_of, open_entries, telling
from truceline.workflow.run_log import FOLDER
from truceline.workflow.verify import verify

#: what tells one entry of a kind from the others of it
_NAMED_BY = {"run": "case", "source": "file", "finding": "finding_id"}
Stretch = dict[tuple[str, str], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecomputeOutcome:
    """What was compared, and what differs."""

    run_id: str
    compared: int
    problems: tuple[Problem, ...]

    def lines(self) -> list[str]:
        """For people."""
        same = _("the run {run}, repeated, says the same in all {n} entries")
        differs = _("the run {run}, repeated, says something else: {problems} of {n} entries")
        text = differs if self.problems else same
        return [text.format(run=self.run_id, n=self.compared, problems=len(self.problems))]


def recompute(log: Path, *, case_folder: Path, data: Path | None) -> RecomputeOutcome:
    """Verify the case anew in a folder of its own, and compare with the last run in ``log``.

    Raises
    ------
    EvidenceError
        If the log has no run of which everything is open here.
    CaseError
        If the case is wrong.
    """
    with telling(log):
        was = _last_run(Store(log))
    if not was:
        raise EvidenceError(Problem(code="log_differs", file=str(log), message="no run is logged here", expected="the log of a result"))  # fmt: skip
    run = next(fields for (kind, _name), fields in was.items() if kind == "run")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        verify(
            case_folder, data=data, out=out, seed=run["seed"], pdf=False, edition=run["edition"],
            register=out.with_suffix(".register"),
        )  # fmt: skip
        now = _last_run(Store(out / FOLDER))
    problems = [_differs(log, key, was.get(key), now.get(key)) for key in dict.fromkeys([*was, *now])]
    return RecomputeOutcome(
        run_id=run["run_id"],
        compared=len(was),
        problems=tuple(problem for problem in problems if problem is not None),
    )


def _last_run(store: Store) -> Stretch:
    """The entries of the last run that was logged, by kind and name."""
    found: Stretch = {}
    for _index, _content, record, fields in open_entries(store, size=newest_of(store).head.size):
        if record["kind"] == "run":
            found = {}
        if record["kind"] in _NAMED_BY:
            name = str(fields.get(_NAMED_BY[record["kind"]], fields.get("source", "")))
            found[record["kind"], name] = fields
    return found


def _differs(
    log: Path, key: tuple[str, str], was: dict[str, Any] | None, now: dict[str, Any] | None
) -> Problem | None:
    """What is other in one entry; None if nothing is."""
    if was == now:
        return None
    kind, name = key
    if was is None or now is None:
        missing = _("only the run repeated has it") if was is None else _("only the log has it")
        return Problem(code="log_differs", file=str(log), column=f"{kind} {name}", message=missing)
    names = [each for each in {**was, **now} if was.get(each) != now.get(each)]
    got = ", ".join(f"{each}={now.get(each)!r}" for each in names[:4])
    logged = ", ".join(f"{each}={was.get(each)!r}" for each in names[:4])
    return Problem(code="log_differs", file=str(log), column=f"{kind} {name}", message="differs", got=got, expected=logged)  # fmt: skip
