"""areas: named areas, with a shape or without."""

from truceline.schema.table import NUMBER, SHAPE, TEXT, TEXTS, TIME, YES_NO, Column, TableSpec

AREAS = TableSpec(
    name="areas",
    version=1,
    meaning="Areas of a case. A region may be a name without a shape.",
    key="area_id",
    columns=(
        Column(name="area_id", type=TEXT, required=True, meaning="id within the case"),
        Column(name="name", type=TEXT, required=True, meaning="name for people"),
        Column(name="other_names", type=TEXTS, required=True, meaning="spellings used by sources"),
        Column(name="kind", type=TEXT, required=True, meaning="theatre, region, direction, sector …"),
        Column(name="parent_area_id", type=TEXT, meaning="the area it lies in"),
        Column(name="geometry", type=SHAPE, meaning="WKB, WGS 84; null: a name only"),
        Column(name="label_longitude_deg", type=NUMBER, at_least=-180, at_most=180, meaning="where to write its name"),
        Column(name="label_latitude_deg", type=NUMBER, at_least=-90, at_most=90, meaning="where to write its name"),
        Column(name="disputed", type=YES_NO, required=True, meaning="whether its belonging is disputed; never resolved by the software"),
        Column(name="valid_from", type=TIME, meaning="first moment at which it exists"),
        Column(name="valid_until", type=TIME, meaning="first moment at which it no longer does"),
    ),
)  # fmt: skip
