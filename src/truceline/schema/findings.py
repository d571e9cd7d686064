"""findings: an obligation judged over a period and an area."""

from truceline.schema.incidents import OCCURRENCES, RESPONSIBILITIES
from truceline.schema.table import NUMBER, TEXT, TEXTS, TIME, Column, TableSpec

JUDGEMENTS = ("complied", "partial", "non_compliant", "undetermined", "no_coverage", "not_applicable")

FINDINGS = TableSpec(
    name="findings",
    version=1,
    meaning="Obligation × party × area × period × clock × terms version → judgement, with reasons.",
    key="finding_id",
    intervals=(("period_start", "period_stop"),),
    columns=(
        Column(name="finding_id", type=TEXT, required=True, meaning="depends on its key alone"),
        Column(name="obligation_id", type=TEXT, required=True, meaning="obligation of the terms"),
        Column(name="party_id", type=TEXT, required=True, meaning="party bound"),
        Column(name="area_id", type=TEXT, required=True, meaning="area judged"),
        Column(name="period_start", type=TIME, required=True, meaning="start of the period judged"),
        Column(name="period_stop", type=TIME, required=True, meaning="stop of the period (half-open)"),
        Column(name="clock_id", type=TEXT, required=True, meaning="clock of the terms: disputed windows stand side by side"),
        Column(name="terms_version", type=TEXT, required=True, meaning="version of the terms"),
        Column(name="occurrence", type=TEXT, required=True, one_of=OCCURRENCES, meaning="how well it is shown that prohibited acts occurred"),
        Column(name="responsibility", type=TEXT, required=True, one_of=RESPONSIBILITIES, meaning="whether an incident was attributed"),
        Column(name="judgement", type=TEXT, required=True, one_of=JUDGEMENTS, meaning="of the obligation"),
        Column(name="effect_ratio", type=NUMBER, at_least=0, meaning="rate in the period over the rate expected from the baseline"),
        Column(name="effect_ratio_lo95", type=NUMBER, at_least=0, meaning="null where no interval can be had"),
        Column(name="effect_ratio_hi95", type=NUMBER, at_least=0, meaning="null where no interval can be had"),
        Column(name="e_value", type=NUMBER, at_least=0, meaning="anytime-valid evidence against `no change`; 20 or more is reported as a change"),
        Column(name="bound_history_hi95", type=NUMBER, at_least=0, meaning="95 % upper bound on acts that occurred, detection probability weighted by history; null: no bound possible"),
        Column(name="bound_worst_hi95", type=NUMBER, at_least=0, meaning="the same in the worst watched stratum's probability"),
        Column(name="bound_evader_hi95", type=NUMBER, at_least=0, meaning="the same for a violator who knows the coverage; null also where a blind spot makes it unbounded"),
        Column(name="reason_codes", type=TEXTS, required=True, meaning="each leads down to evidence and rows"),
    ),
)  # fmt: skip
