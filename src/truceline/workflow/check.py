"""``check``: the implementability review of a draft."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from truceline.base.errors import OutputError, Problem
from truceline.base.language import _
from truceline.reports.review import render_review
from truceline.terms.catalogue import sources
from truceline.terms.review import Asked, Review, review, who_answers
from truceline.terms.truce import Truce, read_draft

#: gaps that the page and the text begin with
FIRST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOutcome:
    """What the review found, and where its page lies."""

    review: Review
    page: Path | None = None

    @property
    def grave(self) -> int:
        """How many open questions and faults of high severity there are."""
        return self.review.grave

    def as_dict(self) -> dict[str, Any]:
        """The review as JSON: `open`, `answered` and `faults`."""
        found = self.review
        return {
            "truce": found.truce.id,
            "title": found.truce.title,
            "terms_version": found.truce.terms_version,
            "open": [{**_asked(one), **_explained(one, found.truce)} for one in found.open],
            "answered": [_asked(one) for one in found.answered],
            "faults": list(found.faults),
            "open_high": self.grave,
            "page": self.page,
        }

    def lines(self) -> list[str]:
        """The review as text for a terminal."""
        found = self.review
        lines = [found.truce.title, tell_counts(found), ""]
        for number, one in enumerate(found.open[:FIRST], 1):
            lines += _gap_lines(number, one, found.truce)
        rest = found.open[FIRST:]
        if rest:
            lines += [_("Open besides ({n}):").format(n=len(rest))]
            lines += [
                f"  [{one.question.severity}] {one.question.code}: {one.question.question}" for one in rest
            ]
            lines.append("")
        if found.faults:
            lines.append(_("Faults ({n}):").format(n=len(found.faults)))
            lines += [
                f"  [{fault.severity}] {fault.code}: {fault.says}{_cited(fault.clause_ids)}"
                for fault in found.faults
            ]
            lines.append("")
        if found.answered:
            lines.append(_("Answered ({n}):").format(n=len(found.answered)))
            lines += [
                f"  {one.question.code}: {one.question.question}{_cited(one.clause_ids)}"
                for one in found.answered
            ]
        return lines


def check(path: Path, *, page: Path | None = None) -> CheckOutcome:
    """Review the draft at ``path`` (a file, or a folder with ``truce.yaml``); write a page where asked.

    Raises
    ------
    CaseError
        If the draft cannot be read: with every fault, its place, and the nearest known name.
    OutputError
        If the page cannot be written.
    """
    found = review(read_terms(path))
    if page is not None:
        try:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(render_review(found, first=FIRST), encoding="utf-8")
        except OSError as error:
            raise OutputError(
                Problem(code="out_unwritable", message=str(error), file=str(page), next_step="Name a file in a folder that may be written")
            ) from error  # fmt: skip
    return CheckOutcome(review=found, page=page)


def read_terms(path: Path) -> Truce:
    """The draft at ``path``: a file, or a folder with ``truce.yaml``."""
    file = path / "truce.yaml" if path.is_dir() else path
    return read_draft(file, label=f"truce:{file.name}")


def tell_counts(found: Review) -> str:
    """How much is open, answered and faulty, in one sentence."""
    high = sum(one.question.severity == "high" for one in found.open)
    asked = len(found.open) + len(found.answered)
    return _(
        "{open} of {asked} questions are open, {high} of them of high severity; {answered} are answered; faults of sense: {faults}."
    ).format(
        open=len(found.open), asked=asked, high=high, answered=len(found.answered), faults=len(found.faults)
    )


def _asked(one: Asked) -> dict[str, Any]:
    return {
        "code": one.question.code,
        "question": one.question.question,
        "severity": one.question.severity,
        "clause_ids": list(one.clause_ids),
    }


def _explained(one: Asked, truce: Truce) -> dict[str, Any]:
    source = sources()[one.question.source]
    return {
        "draft_says": [clause.text for clause in truce.clauses if clause.id in one.clause_ids],
        "why": one.question.why,
        "who": who_answers(one.question, truce),
        "harm": one.question.harm,
        "source": {"title": source.title, "url": source.url},
        "model_clause": one.question.clause,
        "precedent": one.question.precedent,
    }


def _gap_lines(number: int, one: Asked, truce: Truce) -> list[str]:
    said = [f"{clause.id}: {clause.text}" for clause in truce.clauses if clause.id in one.clause_ids]
    return [
        f"{number}. {one.question.question} [{one.question.severity}, {one.question.code}]",
        _("   The draft: {text}").format(text=" / ".join(said) or _("says nothing.")),
        _("   Why:       {text}").format(text=one.question.why),
        _("   Before:    {text}").format(text=one.question.harm),
        _("   Who:       {text}").format(text=who_answers(one.question, truce)),
        _("   A clause:  {text}").format(text=one.question.clause),
        "",
    ]


def _cited(clause_ids: tuple[str, ...]) -> str:
    return f" ({', '.join(clause_ids)})" if clause_ids else ""
