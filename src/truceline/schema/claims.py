"""claims: what somebody says, with speaker, side, window, unit and version."""

from truceline.schema.counts import MOST
from truceline.schema.table import NUMBER, TEXT, TIME, Column, TableSpec, provenance_columns

#: in place of a party: all parties' acts together, whoever acted (a count that cannot say whose)
TOGETHER = "all"
KINDS = ("opponent_count", "opponent_concession", "own_report", "third_party_count")
DIRECTIONS = ("ceased", "reduced", "unchanged", "increased")
PRECISIONS = ("exact", "approximate", "date_only", "open")

CLAIMS = TableSpec(
    name="claims",
    version=1,
    meaning="Statements about a party's acts. A claim is never silently a fact.",
    key="claim_id",
    intervals=(("window_start", "window_stop"),),
    columns=(
        Column(name="claim_id", type=TEXT, required=True, meaning="stable id"),
        Column(name="source_id", type=TEXT, required=True, meaning="the case's source that brought it"),
        Column(name="speaker", type=TEXT, required=True, meaning="who says it, as the source names them"),
        Column(name="speaker_party_id", type=TEXT, meaning="the speaker's side; null: neither"),
        Column(name="accused_party_id", type=TEXT, required=True, meaning="whose acts it is about; all: of all parties together, whoever acted"),
        Column(name="kind", type=TEXT, required=True, one_of=KINDS, meaning="from speaker and party alone: the opponent's count, the opponent's concession, the party's own report, a third party's count"),
        Column(name="measure", type=TEXT, required=True, meaning="what was counted, in the speaker's words"),
        Column(name="act", type=TEXT, meaning="act of the truce's terms; null: several, or none of them"),
        Column(name="unit", type=TEXT, meaning="what one is"),
        Column(name="value", type=NUMBER, at_least=-MOST, at_most=MOST, meaning="the number; null: none given"),
        Column(name="relation", type=TEXT, one_of=("=", "≥", "≈"), meaning="how the number is meant"),
        Column(name="direction", type=TEXT, one_of=DIRECTIONS, meaning="change that the speaker asserts in words"),
        Column(name="window_start", type=TIME, required=True, meaning="start of the window claimed"),
        Column(name="window_stop", type=TIME, required=True, meaning="stop of the window (half-open)"),
        Column(name="window_precision", type=TEXT, required=True, one_of=PRECISIONS, meaning="how well the window is known"),
        Column(name="area_id", type=TEXT, meaning="area claimed about; null: not said"),
        Column(name="part_of", type=TEXT, meaning="claim_id of the total that this is a part of"),
        Column(name="outlet", type=TEXT, meaning="where it was read"),
        Column(name="url", type=TEXT, meaning="where it was read"),
        Column(name="published", type=TEXT, meaning="date of publication, ISO, as far as known"),
        Column(name="note", type=TEXT, meaning="what the transcriber adds"),
        *provenance_columns(),
    ),
)  # fmt: skip
