"""``diff``: what changes in consequences when one draft takes the place of another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from truceline.base.language import N_, _
from truceline.terms.compare import Change, compare
from truceline.workflow.check import read_terms

#: headings of the text, by the kinds of changes under them
HEADINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (N_("Questions"), ("question_opened", "question_answered")),
    (N_("Faults"), ("fault_new", "fault_gone")),
    (N_("Duties"), ("duty", "exemption", "zone", "clock")),
    (N_("Provisions"), ("consent", "provision")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffOutcome:
    """Two drafts and their differences."""

    before: str
    after: str
    changes: tuple[Change, ...]

    def as_dict(self) -> dict[str, Any]:
        """The differences as JSON."""
        return {"before": self.before, "after": self.after, "changes": list(self.changes)}

    def lines(self) -> list[str]:
        """The differences as text."""
        lines = [_("From “{before}” to “{after}”").format(before=self.before, after=self.after)]
        if not self.changes:
            return [*lines, _("No difference in consequences.")]
        for heading, kinds in HEADINGS:
            told = [f"  [{one.effect}] {one.says}" for one in self.changes if one.kind in kinds]
            if told:
                lines += ["", _(heading), *told]
        return lines


def diff(before: Path, after: Path) -> DiffOutcome:
    """Compare two drafts (files, or folders with ``truce.yaml``).

    Raises
    ------
    CaseError
        If one cannot be read.
    """
    one, two = read_terms(before), read_terms(after)
    return DiffOutcome(before=one.title, after=two.title, changes=tuple(compare(one, two)))
