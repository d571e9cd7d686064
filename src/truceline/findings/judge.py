"""From evidence to a judgement, by one rule for every party.

(1) A fall is shown by the other party's own figures or concession, by a third party's figures, or
    by a regular series whose e-value reaches 20. A party's report on itself never shows a fall alone.
(2) Acts are shown to have gone on by a number above zero of anyone, a regular series of
    acts (not of warnings) above zero, or an attributed incident.
(3) Judgement:
    not watched     nothing speaks, and the sources that watch the area saw less than half of it
    not complied    verified and attributed incidents, and no fall is shown
    partial         a fall is shown, and that the acts ceased is not
    complied        nothing shows acts, a bound exists and even its worst case is small
    cannot tell     everything else
(4) Occurrence: verified, corroborated or reported as the incidents say; else reported where a
    regular count or the party itself speaks; else alleged where only the opponent does;
    else inconclusive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from truceline.assurance.series import Bound
from truceline.findings.evidence import LEAST_COVERAGE, REPORTED_E
from truceline.findings.results import Evidence
from truceline.schema.table import Record

#: with a bound: even its worst case is at most this share of what the baseline would have brought
QUIET_SHARE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The two axes and the judgement."""

    occurrence: str
    responsibility: str
    judgement: str
    fall_shown: bool
    acts_shown: bool


def judge(
    evidence: Sequence[Evidence],
    *,
    attributed: Sequence[Record],
    unattributed: Sequence[Record],
    bound: Bound,
    expected: float | None,
    watched_share: float | None,
) -> Judged:
    """Apply the rule of the module.

    Parameters
    ----------
    attributed, unattributed :
        incidents of the act in the area and period: this party's, and those of nobody known
    expected :
        acts that the baseline would have brought in the period; None: not known
    watched_share :
        share of the area and period that regular sources could see; None: none watches it
    """
    fall_shown = any(_shows_fall(item) for item in evidence)
    acts_shown = any(item.residual for item in evidence) or bool(attributed)
    verified = any(incident["occurrence"] == "verified" for incident in attributed)
    if not evidence and watched_share is not None and watched_share < LEAST_COVERAGE:
        judgement = "no_coverage"
    elif verified and not fall_shown:
        judgement = "non_compliant"
    elif fall_shown and (acts_shown or not _quiet(bound, expected, unattributed)):
        judgement = "partial"
    elif not acts_shown and _quiet(bound, expected, unattributed):
        judgement = "complied"
    else:
        judgement = "undetermined"
    return Judged(
        occurrence=_occurrence(evidence, attributed),
        responsibility="attributed" if attributed else "not_attributed" if acts_shown or unattributed else "not_applicable",
        judgement=judgement,
        fall_shown=fall_shown,
        acts_shown=acts_shown,
    )  # fmt: skip


def _shows_fall(item: Evidence) -> bool:
    if item.e_value is not None:
        return item.e_value >= REPORTED_E and item.change == "fell"
    return item.kind in ("opponent_count", "opponent_concession", "third_party_count") and item.change in (
        "fell",
        "ceased",
    )


def _quiet(bound: Bound, expected: float | None, unattributed: Sequence[Record]) -> bool:
    """Whether even the worst bound leaves room for little: at most a tenth of what was usual."""
    if unattributed or bound.worst_hi95 is None or not expected:
        return False
    return bound.worst_hi95 <= QUIET_SHARE * expected


def _occurrence(evidence: Sequence[Evidence], attributed: Sequence[Record]) -> str:
    grades = {incident["occurrence"] for incident in attributed}
    for grade in ("verified", "corroborated"):
        if grade in grades:
            return grade
    if "reported" in grades or any(_regular(item) for item in evidence):
        return "reported"
    if any(item.kind == "opponent_count" and item.residual for item in evidence):
        return "alleged"
    return "inconclusive"


def _regular(item: Evidence) -> bool:
    """A count kept before and during the truce alike, or the party's own word that it acted."""
    if not item.value:
        return False
    return item.kind == "own_report" or item.e_value is not None or item.baseline_value is not None
