"""control: who held what, by whose map."""

from truceline.schema.table import NUMBER, SHAPE, TEXT, TIME, Column, TableSpec, provenance_columns

CONTROL = TableSpec(
    name="control",
    version=1,
    meaning="Dated polygons per holder and map.",
    key="control_id",
    columns=(
        Column(name="control_id", type=TEXT, required=True, meaning="stable id"),
        Column(name="source_id", type=TEXT, required=True, meaning="the map: the case's source"),
        Column(name="holder_party_id", type=TEXT, required=True, meaning="party that the map says holds the polygon"),
        Column(name="map_time", type=TIME, required=True, meaning="when the map was dated"),
        Column(name="describes_until", type=TIME, required=True, meaning="latest moment that the map can describe (half-open)"),
        Column(name="status", type=TEXT, required=True, one_of=("first", "update", "repeat"), meaning="against the same map's previous shape; a repeat is missing data, not a kept truce"),
        Column(name="geometry", type=SHAPE, required=True, meaning="WKB MultiPolygon, WGS 84"),
        Column(name="shape_digest", type=TEXT, required=True, meaning="SHA-256 of the normalised shape, rounded to 1e-5 degree: equal shapes have equal digests whatever their bytes"),
        Column(name="position_sd_m", type=NUMBER, at_least=0, meaning="the map's own uncertainty; null: not given"),
        *provenance_columns(),
    ),
)  # fmt: skip
