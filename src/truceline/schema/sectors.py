"""sectors: parts of the line along an axis that does not move."""

from truceline.schema.table import NUMBER, TEXT, TIME, Column, TableSpec

SECTORS = TableSpec(
    name="sectors",
    version=1,
    meaning="Parts of a fixed axis, from kilometre to kilometre; every place belongs to the sector of the nearest part.",
    key="sector_id",
    columns=(
        Column(name="sector_id", type=TEXT, required=True, meaning="stable id, in the order of the axis"),
        Column(name="name", type=TEXT, required=True, meaning="kilometres, or the cut points at its ends"),
        Column(name="from_km", type=NUMBER, required=True, at_least=0, meaning="geodesic kilometres from the axis' beginning"),
        Column(name="to_km", type=NUMBER, required=True, at_least=0, meaning="the same, of its end"),
        Column(name="from_longitude_deg", type=NUMBER, required=True, at_least=-180, at_most=180, meaning="where it begins on the axis"),
        Column(name="from_latitude_deg", type=NUMBER, required=True, at_least=-90, at_most=90, meaning="where it begins on the axis"),
        Column(name="to_longitude_deg", type=NUMBER, required=True, at_least=-180, at_most=180, meaning="where it ends on the axis"),
        Column(name="to_latitude_deg", type=NUMBER, required=True, at_least=-90, at_most=90, meaning="where it ends on the axis"),
        Column(name="axis_reference", type=TIME, required=True, meaning="date of the line that the axis was made from"),
        Column(name="axis_tolerance_m", type=NUMBER, required=True, at_least=0, meaning="tolerance that the axis was simplified at"),
    ),
)  # fmt: skip
