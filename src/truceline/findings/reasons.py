"""Reason codes: why a finding is what it is. The documentation lists them from here."""

from __future__ import annotations

REASONS: dict[str, str] = {
    # what speaks for a fall
    "opponent_count_fell": "The other party's own count of these acts fell, which speaks against its interest.",
    "opponent_concedes_fall": "The other party concedes that these acts fell.",
    "own_report_fell": "The party's own report of its acts fell.",
    "series_fell": "A regular series fell further than its own past explains (e-value of 20 or more).",
    # what speaks for acts that went on
    "opponent_count_residual": "The other party counts acts in the period.",
    "own_report_residual": "The party itself reports acts in the period.",
    "series_residual": "A regular series is above zero in the period.",
    "incident_residual": "Incidents fused from observations lie in the period.",
    # neither way
    "opponent_count_unchanged": "The other party's count did not change.",
    "opponent_count_rose": "The other party's count rose.",
    "series_rose": "A regular series rose further than its own past explains (e-value of 20 or more).",
    "series_no_change_shown": "A regular series shows no change that its own past would not explain.",
    "series_uninformative": "A series could not have shown even a halving with a probability of one half.",
    "context_only": "A series cannot say whose acts it counts; it is shown as context and weighs nothing.",
    # limits of what is known
    "no_mechanism_evidence": "There was no monitoring mechanism to report from the period: nothing can be verified.",
    "claims_only": "All that is known was said by the parties themselves.",
    "one_side_speaks": "Only one side's figures speak to this.",
    "warning_not_act": "The series counts warnings, not acts.",
    "single_comparison": "The comparison rests on one earlier figure: no interval can be given.",
    "baseline_overlaps_window": "The figure compared with lies partly inside the truce.",
    "no_baseline": "No earlier figure of the same speaker, unit and length exists.",
    "period_not_matched": "Figures exist, for another period than this one.",
    "area_not_matched": "Figures exist, for another area than this one.",
    "no_evidence": "No source of the case speaks to this.",
    "missing_row_not_zero": "A source has no row for the period; that is not a zero.",
    "source_absent": "A source that would speak to this was not available to this run.",
    "coverage_lost": "The source could not see any of the period here.",
    "coverage_reduced": "The source could see only part of the period here.",
    "map_stale": "A map was not updated in the period: missing data, not a line that held.",
    "map_not_datable": "A map's date says when it was drawn, not when the ground changed hands.",
    "breach_or_return_fire": "Whether an act was a breach or an answer cannot be told.",
    "not_attributable": "No incident carries evidence that tells the parties apart.",
    "incident_attributed": "At least one incident was attributed at or above the threshold.",
    # bounds
    "no_bound": "No detection probability is known for any source that watched: no bound on what went unseen.",
    "no_existence_basis": "No probability that the incident happened can be given: its sources' detections and errors were never measured.",
    "bound_from_declared_p": "The bound uses detection probabilities with the basis named.",
    "blind_spot": "Part of the area and period could not be seen at all: for it there is no bound.",
}
