"""Reason codes: why a finding is what it is. The documentation lists them from here."""

from __future__ import annotations

from truceline.base.language import N_, _

REASONS: dict[str, str] = {
    # what speaks for a fall
    "opponent_count_fell": N_(
        "The other party's own count of these acts fell, which speaks against its interest."
    ),
    "third_party_count_fell": N_("A count by neither side fell."),
    "opponent_concedes_fall": N_("The other party concedes that these acts fell."),
    "own_report_fell": N_("The party's own report of its acts fell."),
    "series_fell": N_("A regular series fell further than its own past explains (e-value of 20 or more)."),
    # what speaks for acts that went on
    "opponent_count_residual": N_("The other party counts acts in the period."),
    "third_party_count_residual": N_("Neither side, a third party counts acts in the period."),
    "own_report_residual": N_("The party itself reports acts in the period."),
    "series_residual": N_("A regular series is above zero in the period."),
    "incident_residual": N_("Incidents fused from observations lie in the period."),
    # neither way
    "opponent_count_unchanged": N_("The other party's count did not change."),
    "opponent_count_rose": N_("The other party's count rose."),
    "third_party_count_unchanged": N_("A count by neither side did not change."),
    "third_party_count_rose": N_("A count by neither side rose."),
    "zero_of_part": N_(
        "A count has none, of part of the period or with nothing before it to compare: no fall is shown by it."
    ),
    "series_rose": N_("A regular series rose further than its own past explains (e-value of 20 or more)."),
    "series_no_change_shown": N_("A regular series shows no change that its own past would not explain."),
    "series_uninformative": N_(
        "A series could not have shown even a halving with a probability of one half."
    ),
    "context_only": N_(
        "A series cannot say whose acts it counts; it is shown as context and weighs nothing."
    ),
    # limits of what is known
    "no_mechanism_evidence": N_(
        "There was no monitoring mechanism to report from the period: nothing can be verified."
    ),
    "claims_only": N_("All that is known was said by the parties themselves."),
    "one_side_speaks": N_("Only one side's figures speak to this."),
    "warning_not_act": N_("The series counts warnings, not acts."),
    "single_comparison": N_("The comparison rests on one earlier figure: no interval can be given."),
    "baseline_overlaps_window": N_("The figure compared with lies partly inside the truce."),
    "no_baseline": N_("No earlier figure of the same speaker, unit and length exists."),
    "baseline_too_short": N_("The series goes back too little before the truce to test a change."),
    "period_not_matched": N_("Figures exist, for another period than this one."),
    "area_not_matched": N_("Figures exist, for another area than this one."),
    "no_evidence": N_("No source of the case speaks to this."),
    "nothing_recorded": N_(
        "Sensors watched and recorded nothing of this; the bound says how much may have gone unseen."
    ),
    "missing_row_not_zero": N_("A source has no row for the period; that is not a zero."),
    "source_absent": N_("A source that would speak to this was not available to this run."),
    "coverage_lost": N_("The source could not see any of the period here."),
    "coverage_reduced": N_("The source could see only part of the period here."),
    "map_stale": N_("A map was not updated in the period: missing data, not a line that held."),
    "map_not_datable": N_("A map's date says when it was drawn, not when the ground changed hands."),
    "breach_or_return_fire": N_("Whether an act was a breach or an answer cannot be told."),
    "whoever_acted": N_(
        "All parties’ acts are counted together: this says how much there was, and not by whom."
    ),
    "not_attributable": N_("No incident carries evidence that tells the parties apart."),
    "incident_attributed": N_("At least one incident was attributed at or above the threshold."),
    # bounds
    "no_bound": N_(
        "No detection probability is known for any source that watched: no bound on what went unseen."
    ),
    "no_existence_basis": N_(
        "No probability that the incident happened can be given: its sources' detections and errors were never measured."
    ),
    "trained_existence": N_(
        "The probabilities that these incidents happened are by a model that was trained on simulated fronts, as the case asks; what the simulation has wrong they have wrong too."
    ),
    "bound_from_declared_p": N_("The bound uses detection probabilities with the basis named."),
    "blind_spot": N_("Part of the area and period could not be seen at all: for it there is no bound."),
    "ground_unwatched": N_(
        "Nobody watched most of this ground: the number holds if acts came where they were seen, and says nothing of what came elsewhere."
    ),
}


def reason_text(code: str) -> str:
    """What a reason code says, in the language in force."""
    return _(REASONS[code])
