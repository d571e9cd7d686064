"""ledger: ground that changed hands, by map, step and sector."""

from truceline.schema.table import NUMBER, TEXT, TIME, WHOLE, Column, TableSpec

LEDGER = TableSpec(
    name="ledger",
    version=1,
    meaning="Ground gained and lost between a map's shapes, by sector; sectors add up to the whole.",
    key="ledger_id",
    intervals=(("describes_from", "describes_until"),),
    columns=(
        Column(name="ledger_id", type=TEXT, required=True, meaning="control_id of the step's later shape, and the sector"),
        Column(name="source_id", type=TEXT, required=True, meaning="by whose map"),
        Column(name="holder_party_id", type=TEXT, required=True, meaning="whose held area the map draws"),
        Column(name="control_id", type=TEXT, required=True, meaning="the step's later shape"),
        Column(name="sector_id", type=TEXT, required=True, meaning="sector, or `elsewhere`: beyond the reach of all"),
        Column(name="map_time", type=TIME, required=True, meaning="when the later shape was dated"),
        Column(name="describes_from", type=TIME, required=True, meaning="the step shows what changed after this (the last moment that the shape before could describe)"),
        Column(name="describes_until", type=TIME, required=True, meaning="and before this; half-open. What it shows may be older still: maps confirm late"),
        Column(name="status", type=TEXT, required=True, one_of=("update", "repeat"), meaning="repeat: the map was not updated, so nothing is known of the step; not a line that held"),
        Column(name="days", type=WHOLE, at_least=1, meaning="calendar days that the step spans, rounded; more than 1 where files are missing or repeats preceded"),
        Column(name="gained_km2", type=NUMBER, at_least=0, meaning="ground that the holder gained; null for a repeat"),
        Column(name="lost_km2", type=NUMBER, at_least=0, meaning="ground that the holder lost, gained by the other side; null for a repeat"),
    ),
)  # fmt: skip
