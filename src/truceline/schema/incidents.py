"""incidents: what happened, fused from observations."""

from truceline.schema.table import NUMBER, NUMBER_BY_NAME, TEXT, TEXTS, TIME, WHOLE, Column, TableSpec

OCCURRENCES = ("alleged", "reported", "corroborated", "verified", "inconclusive", "refuted", "inaccessible")
RESPONSIBILITIES = ("attributed", "not_attributed", "not_applicable")

INCIDENTS = TableSpec(
    name="incidents",
    version=1,
    meaning="Things that may have happened, each with the observations it was made from.",
    key="incident_id",
    intervals=(("occurred_from", "occurred_until"),),
    columns=(
        Column(name="incident_id", type=TEXT, required=True, meaning="depends on its observations alone"),
        Column(name="act", type=TEXT, meaning="most likely act; null: unknown"),
        Column(name="occurred_from", type=TIME, required=True, meaning="earliest time"),
        Column(name="occurred_until", type=TIME, required=True, meaning="latest time (half-open)"),
        Column(name="longitude_deg", type=NUMBER, at_least=-180, at_most=180, meaning="WGS 84; null: no point"),
        Column(name="latitude_deg", type=NUMBER, at_least=-90, at_most=90, meaning="WGS 84; null: no point"),
        Column(name="position_sd_m", type=NUMBER, at_least=0, meaning="standard deviation in each direction"),
        Column(name="area_id", type=TEXT, meaning="area it lies in"),
        Column(name="place_name", type=TEXT, meaning="place as named"),
        Column(name="existence_p", type=NUMBER, at_least=0, at_most=1, meaning="probability that it happened; null: no basis for one"),
        Column(name="occurrence", type=TEXT, required=True, one_of=OCCURRENCES, meaning="first axis"),
        Column(name="responsibility", type=TEXT, required=True, one_of=RESPONSIBILITIES, meaning="second axis"),
        Column(name="attributed_party_id", type=TEXT, meaning="null unless attributed"),
        Column(name="party_p", type=NUMBER_BY_NAME, required=True, meaning="probability per party and `other`; empty: no basis"),
        Column(name="likelihood_ratio", type=NUMBER, at_least=0, meaning="of the likeliest party against the next, apart from the prior; null: no basis"),
        Column(name="line_distance_m", type=NUMBER, meaning="signed distance to the nearest line on that date; positive on the ground of the holder whose side the map is looked at from"),
        Column(name="source_ids", type=TEXTS, required=True, meaning="sources that saw it"),
        Column(name="observation_ids", type=TEXTS, required=True, meaning="what it was made from"),
        Column(name="n_primary_sources", type=WHOLE, required=True, at_least=0, meaning="independent origins; copies are one; 0: not known"),
        Column(name="reason_codes", type=TEXTS, required=True, meaning="why it is called what it is called"),
    ),
)  # fmt: skip
