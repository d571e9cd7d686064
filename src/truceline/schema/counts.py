"""counts: a number by a speaker over a window and an area."""

from truceline.schema.table import NUMBER, TEXT, TIME, YES_NO, Column, TableSpec, provenance_columns

#: numbers beyond are no counts, and cannot be reckoned with
MOST = 1e15

COUNTS = TableSpec(
    name="counts",
    version=1,
    meaning="A regular series of numbers by one speaker. A missing row is unknown, never zero.",
    key="count_id",
    intervals=(("window_start", "window_stop"),),
    columns=(
        Column(name="count_id", type=TEXT, required=True, meaning="stable id"),
        Column(name="source_id", type=TEXT, required=True, meaning="the case's source that brought it"),
        Column(name="series", type=TEXT, required=True, meaning="which of the source's series"),
        Column(name="speaker", type=TEXT, required=True, meaning="who says the number"),
        Column(name="speaker_party_id", type=TEXT, meaning="the speaker's side; null: neither"),
        Column(name="accused_party_id", type=TEXT, meaning="whose acts are counted; null: not said"),
        Column(name="act", type=TEXT, meaning="act of the truce's terms, where it is one"),
        Column(name="unit", type=TEXT, required=True, meaning="what one is: shot, explosion, clash, shelling, launch, alert, loss …"),
        Column(name="value", type=NUMBER, at_least=-MOST, at_most=MOST, meaning="the number; null: the record says that no number is given"),
        Column(name="relation", type=TEXT, required=True, one_of=("=", "≥", "≈"), meaning="how the number is meant"),
        Column(name="window_start", type=TIME, required=True, meaning="start of the window counted"),
        Column(name="window_stop", type=TIME, required=True, meaning="stop of the window (half-open)"),
        Column(name="area_id", type=TEXT, meaning="area counted; null: not said"),
        Column(name="cumulative", type=YES_NO, required=True, meaning="whether the number runs on from window to window"),
        Column(name="vintage", type=TEXT, required=True, meaning="which edition of the source said so"),
        Column(name="part_of", type=TEXT, meaning="count_id of the total that this is a part of"),
        Column(name="note", type=TEXT, meaning="what the source or the reader adds"),
        *provenance_columns(),
    ),
)  # fmt: skip
