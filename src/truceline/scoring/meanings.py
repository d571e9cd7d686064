"""What each figure of a score means, for whoever reads it."""

from __future__ import annotations

#: figures that belong together → what they say; every flat key stands in one
MEANINGS: dict[tuple[str, ...], str] = {
    ("id_f1", "id_precision", "id_recall"): "2 · matched / (reported incidents + true events): each true event counts once, to the incident that most of its first tellings lie in. Events that no record tells of count as missed, so 1 cannot be had where some went unseen",
    ("id_f1_true_labels",): "the same of true groups, all reported: the most that these records allow",
    ("id_f1_oracle_partition",): "the same of true groups with our existence: what the grouping costs",
    ("id_f1_trained",): "the same of true groups with existence trained on other seeds (`--trained`)",
    ("id_f1_null",): "the same against links turned in time: what chance gives",
    ("pair_f1",): "F1 over pairs of records: together in an incident, against together in an event",
    ("existence_ece", "existence_ece_raw", "existence_ece_floor", "existence_n"): "calibration error of `existence_p` beyond chance: raw, less what a perfectly calibrated forecast of as many (`existence_n`) would show (the floor)",
    ("existence_brier", "existence_log_score"): "mean squared error, and mean −log p of what came, of `existence_p`",
    ("attribution_brier", "attribution_brier_ideal", "attribution_n"): "mean squared error of `party_p` over true incidents, and of one who knows the model that made them",
    ("attribution_error_at_90", "attribution_share_decided"): "how often wrong where a party has .9 or more, and how often one has",
    ("wrong_did_it", "wrong_did_it_of_reported", "n_named"): "wrong names, of those named and of all reported; how many were named",
    ("count_bias", "count_cover95", "count_n"): "Σ estimates of `totals` over Σ true counts, − 1 (above 0: too many); share of their 95 % intervals that hold the true count; how many",
    ("reported_bias",): "reported incidents over true events, − 1 (below 0: fewer, as where much goes unseen)",
    ("n_incidents", "n_reported", "n_true_events", "n_matched", "n_records", "n_records_without_truth"): "numbers; reported: `existence_p` of .5 or more, or none given",
    ("gospa_m", "gospa_location_m", "gospa_missed_m", "gospa_false_m", "gospa_mean_location_m"): "metres: distance of matched incidents, and the price of those missed and false (generalised optimal sub-pattern assignment); the mean over matched ones",
    ("fakes_share", "n_fakes"): "share of staged or invented events that became reported incidents; how many there are",
}  # fmt: skip
