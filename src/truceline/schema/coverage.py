"""coverage: what could have been seen, where, when, with which probability, on whose word."""

from truceline.schema.table import NUMBER, TEXT, TIME, Column, TableSpec, provenance_columns

REASONS = (
    "watched",
    "merged_record",
    "no_data",
    "cloud",
    "night",
    "outage",
    "jamming",
    "movement_restriction",
    "stale_map",
    "not_reported",
)

COVERAGE = TableSpec(
    name="coverage",
    version=1,
    meaning="Source × place × window × act: how much of it could be seen, and why no more.",
    key="coverage_id",
    intervals=(("window_start", "window_stop"),),
    columns=(
        Column(name="coverage_id", type=TEXT, required=True, meaning="stable id"),
        Column(name="source_id", type=TEXT, required=True, meaning="the case's source"),
        Column(name="sensor_id", type=TEXT, meaning="the sensor, where there is one"),
        Column(name="look_id", type=TEXT, meaning="pass or patrol"),
        Column(name="area_id", type=TEXT, meaning="area watched; null: by circle, or everywhere"),
        Column(name="longitude_deg", type=NUMBER, at_least=-180, at_most=180, meaning="centre of the circle watched, WGS 84"),
        Column(name="latitude_deg", type=NUMBER, at_least=-90, at_most=90, meaning="centre of the circle watched, WGS 84"),
        Column(name="radius_m", type=NUMBER, at_least=0, meaning="radius of the circle watched"),
        Column(name="window_start", type=TIME, required=True, meaning="start of the window"),
        Column(name="window_stop", type=TIME, required=True, meaning="stop of the window (half-open)"),
        Column(name="act", type=TEXT, meaning="act that could be seen; null: every act of the source"),
        Column(name="available_share", type=NUMBER, required=True, at_least=0, at_most=1, meaning="share of the window and area in which the source could see"),
        Column(name="detection_p_a", type=NUMBER, at_least=0, meaning="Beta(a, b) of the detection probability while available; null: never measured"),
        Column(name="detection_p_b", type=NUMBER, at_least=0, meaning="see detection_p_a"),
        Column(name="detection_p_basis", type=TEXT, meaning="who measured or declared it, and where; null: never measured"),
        Column(name="clutter_per_day", type=NUMBER, at_least=0, meaning="false detections a day in this row's area, where known"),
        Column(name="reason", type=TEXT, required=True, one_of=REASONS, meaning="why the share is what it is"),
        Column(name="note", type=TEXT, meaning="in words"),
        *provenance_columns(),
    ),
)  # fmt: skip
