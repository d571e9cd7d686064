"""The findings in short: what would change each, and the report in a few sentences."""

from __future__ import annotations

from collections.abc import Sequence

from truceline.findings.results import Finding, Reason
from truceline.findings.words import counted
from truceline.schema.table import Record
from truceline.terms.truce import Truce

WOULD_CHANGE = {
    "no_mechanism_evidence": "Observers or sensors whose detection probability is known, on both sides of the line.",
    "no_bound": "A measured probability that an act is recorded, for any one source.",
    "no_baseline": "The same count, by the same speaker and in the same unit, for days before the truce.",
    "single_comparison": "The same count for some weeks before the truce, so that an interval can be given.",
    "baseline_overlaps_window": "The same figure for a day that lies wholly before the truce.",
    "missing_row_not_zero": "A table that writes zero for a day on which there was none.",
    "warning_not_act": "A record of impacts or launches beside the warnings.",
    "coverage_lost": "The record of each alert within the merged one, or another source for this area.",
    "map_stale": "A map that was updated on each day, with the day on which ground changed hands.",
    "map_not_datable": "A map that dates the change of ground, not the drawing.",
    "breach_or_return_fire": "The time and direction of each shot, on both sides, to the minute.",
    "not_attributable": "Observations of the direction of fire or of the weapon's type.",
    "source_absent": "The source that was not available to this run.",
    "one_side_speaks": "Figures from the other side, or from a third party, in the same unit and window.",
    "no_evidence": "Any record of this act by this party.",
    "area_not_matched": "The same figures by area.",
    "period_not_matched": "The same figures for this period.",
    "blind_spot": "Sight of the areas and hours that no source watched.",
}


def would_change(reasons: Sequence[Reason]) -> tuple[str, ...]:
    """What would change a finding, from its reasons; each once."""
    codes = dict.fromkeys(reason.code for reason in reasons)
    return tuple(dict.fromkeys(WOULD_CHANGE[code] for code in codes if code in WOULD_CHANGE))


SUMMARY_WORDS = {
    "complied": "complied",
    "partial": "reduced, not shown to have ceased",
    "non_compliant": "not complied",
    "undetermined": "cannot tell",
    "no_coverage": "not watched",
    "not_applicable": "not applicable",
}


def summarise(
    findings: Sequence[Finding], truce: Truce, *, theatre_id: str, monitors: bool, incidents: Sequence[Record]
) -> tuple[str, ...]:
    """The report in sentences: what it rests on, then each act with each party, whole window."""
    bounded = any(finding.bound.history_hi95 is not None for finding in findings)
    unseen = (
        "What could have gone unseen is bounded where a detection probability is known."
        if bounded
        else "No bound can be put on what went unseen: no detection probability is known for any source used."
    )
    if monitors:
        inside = [
            incident
            for incident in incidents
            if truce.span.start <= incident["occurred_from"] and incident["occurred_until"] <= truce.span.stop
        ]
        verified = sum(incident["occurrence"] == "verified" for incident in inside)
        attributed = sum(incident["responsibility"] == "attributed" for incident in inside)
        basis = f"A mechanism watched: of {counted(len(inside), 'incident')} in the window {verified} are verified and {attributed} attributed to a party."
    else:
        basis = "Nothing here is verified and no incident is attributed: there was no monitoring mechanism to report."
    sentences = [f"{basis} {unseen}"]
    for obligation in truce.obligations:
        whole = [
            finding
            for finding in findings
            if finding.obligation_id == obligation.id
            and finding.area_id == theatre_id
            and finding.period == truce.window(finding.clock_id)
        ]
        parts = [_in_short(finding, truce) for finding in whole]
        if parts:
            sentences.append(f"{truce.act(obligation.act).name}. {' '.join(parts)}")
    return tuple(sentences)


def tell_parts(
    findings: Sequence[Finding], truce: Truce, area_names: dict[str, str], *, theatre_id: str
) -> tuple[str, ...]:
    """A sentence for each part of the whole on which a party's figures can be compared."""
    acts = {obligation.id: truce.act(obligation.act).name for obligation in truce.obligations}
    said = []
    for finding in findings:
        lead = finding.lead
        whole = finding.period == truce.window(finding.clock_id)
        if (
            finding.area_id == theatre_id
            or not whole
            or lead is None
            or lead.reason.series_id
            or lead.ratio is None
        ):
            continue
        unchanged = " (no change shown)" if lead.change == "unchanged" else ""
        said.append(
            f"{acts[finding.obligation_id]}, {area_names[finding.area_id]}, {truce.party_name(finding.party_id)}: "
            f"{SUMMARY_WORDS[finding.judgement]}{unchanged}. {lead.reason.text}"
        )
    return tuple(said)


def _in_short(finding: Finding, truce: Truce) -> str:
    words = finding.phrase.lower() or SUMMARY_WORDS[finding.judgement]
    if finding.occurrence != "inconclusive":
        words += f" ({finding.occurrence})"
    lead = finding.lead
    said = f": {lead.brief} [{lead.speaker}]" if lead is not None and lead.brief else ""
    return f"{truce.party_name(finding.party_id)}: {words}{said}."
