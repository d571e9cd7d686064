"""The findings in short: what would change each, and the report in a few sentences."""

from __future__ import annotations

from collections.abc import Sequence

from truceline.base.language import N_, _
from truceline.findings.incident_set import IncidentSet
from truceline.findings.results import Finding, Reason, SourceAccount
from truceline.findings.words import copies_words, counted
from truceline.terms.truce import Truce

WOULD_CHANGE = {
    "no_mechanism_evidence": N_(
        "Observers or sensors whose detection probability is known, on both sides of the line."
    ),
    "no_bound": N_("A measured probability that an act is recorded, for any one source."),
    "no_baseline": N_("The same count, by the same speaker and in the same unit, for days before the truce."),
    "single_comparison": N_(
        "The same count for some weeks before the truce, so that an interval can be given."
    ),
    "baseline_overlaps_window": N_("The same figure for a day that lies wholly before the truce."),
    "missing_row_not_zero": N_("A record that writes zero where there was none."),
    "context_only": N_("A count that says whose acts it counts."),
    "zero_of_part": N_("The same count for the rest of the period, and for as long before the truce."),
    "baseline_too_short": N_("The same count further back before the truce."),
    "warning_not_act": N_("A record of impacts or launches beside the warnings."),
    "coverage_lost": N_("The record of each alert within the merged one, or another source for this area."),
    "map_stale": N_("A map that was updated on each day, with the day on which ground changed hands."),
    "map_not_datable": N_("A map that dates the change of ground, not the drawing."),
    "breach_or_return_fire": N_("The time and direction of each shot, on both sides, to the minute."),
    "not_attributable": N_("Observations of the direction of fire or of the weapon's type."),
    "source_absent": N_("The source that was not available to this run."),
    "one_side_speaks": N_("Figures from the other side, or from a third party, in the same unit and window."),
    "no_evidence": N_("Any record of this act by this party."),
    "nothing_recorded": N_("Any record of this act by this party."),
    "area_not_matched": N_("The same figures by area."),
    "period_not_matched": N_("The same figures for this period."),
    "blind_spot": N_("Sight of the areas and hours that no source watched."),
}


def would_change(reasons: Sequence[Reason]) -> tuple[str, ...]:
    """What would change a finding, from its reasons; each once."""
    codes = dict.fromkeys(reason.code for reason in reasons)
    return tuple(dict.fromkeys(_(WOULD_CHANGE[code]) for code in codes if code in WOULD_CHANGE))


SUMMARY_WORDS = {
    "complied": N_("complied"),
    "partial": N_("reduced, not shown to have ceased"),
    "non_compliant": N_("not complied"),
    "undetermined": N_("cannot tell"),
    "no_coverage": N_("not watched"),
    "not_applicable": N_("not applicable"),
}


OCCURRENCE_WORDS = {
    "alleged": N_("alleged"),
    "reported": N_("reported"),
    "corroborated": N_("corroborated"),
    "verified": N_("verified"),
    "inconclusive": N_("inconclusive"),
    "refuted": N_("refuted"),
    "inaccessible": N_("inaccessible"),
}


def summarise(
    findings: Sequence[Finding],
    truce: Truce,
    *,
    theatre_id: str,
    monitors: bool,
    monitored: bool,
    incidents: IncidentSet,
) -> tuple[str, ...]:
    """The report in sentences: what it rests on, then each act with each party, whole window.

    monitors : whether a mechanism watched; monitored : whether its single observations were read.
    """
    bounded = any(finding.bound.history_hi95 is not None for finding in findings)
    unseen = (
        _("What could have gone unseen is bounded where a detection probability is known.")
        if bounded
        else _(
            "No bound can be put on what went unseen: no detection probability is known for any source used."
        )
    )
    if monitors and monitored and not len(incidents):
        basis = _(
            "A mechanism watched, and its observations hold no incident: nothing here is verified and none is attributed."
        )
    elif monitors and not len(incidents):
        basis = _(
            "A mechanism watched and published counts; none of its single observations is at hand, so nothing here is verified and no incident is attributed."
        )
    elif monitors:
        inside = incidents.inside(truce.span.start, truce.span.stop)
        verified, attributed = inside.count("verified"), inside.n_attributed()
        basis = _("A mechanism watched: of {incidents} in the window {verified} are verified and {attributed} attributed to a party.").format(incidents=counted(len(inside), "incident"), verified=verified, attributed=attributed)  # fmt: skip
    else:
        basis = _(
            "Nothing here is verified and no incident is attributed: there was no monitoring mechanism to report."
        )
    sentences = [f"{basis} {unseen}"]
    titles = {clock.id: clock.title for clock in truce.clocks}
    for obligation in truce.obligations:
        for clock_id in obligation.clocks:
            parts = [
                _in_short(finding, truce)
                for finding in findings
                if (finding.obligation_id, finding.clock_id) == (obligation.id, clock_id)
                and finding.area_id == theatre_id
                and finding.period == truce.window(clock_id)
            ]
            # rival clocks stand side by side, each by its name
            which = f" ({titles[clock_id]})" if len(obligation.clocks) > 1 else ""
            if parts:
                sentences.append(f"{truce.act(obligation.act).name}{which}. {' '.join(parts)}")
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
        unchanged = " (" + _("no change shown") + ")" if lead.change == "unchanged" else ""
        said.append(
            f"{acts[finding.obligation_id]}, {area_names[finding.area_id]}, {truce.party_name(finding.party_id)}: "
            f"{_(SUMMARY_WORDS[finding.judgement])}{unchanged}. {lead.reason.text}"
        )
    return tuple(said)


#: share of a source's records above which copies mislead whoever counts its rows
TOLD_SHARE = 0.05


def copied(sources: Sequence[SourceAccount]) -> tuple[str, ...]:
    """A sentence for each source whose records are copies to such a part that counting rows misleads."""
    return tuple(
        _("{source}: {copies}. A copy adds no weight.").format(
            source=account.title, copies=copies_words(account.copies)
        )
        for account in sources
        if account.copies is not None and account.copies.copies > TOLD_SHARE * account.copies.records
    )


def _in_short(finding: Finding, truce: Truce) -> str:
    words = finding.phrase.lower() or _(SUMMARY_WORDS[finding.judgement])
    if finding.occurrence != "inconclusive":
        words += f" ({_(OCCURRENCE_WORDS[finding.occurrence])})"
    lead = finding.lead
    said = f": {lead.brief} [{lead.speaker}]" if lead is not None and lead.brief else ""
    return f"{truce.party_name(finding.party_id)}: {words}{said}."
