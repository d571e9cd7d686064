"""orders and acknowledgements: what went down each chain of command, and what came back."""

from truceline.schema.table import TEXT, TIME, Column, TableSpec, signed_columns

ORDERS = TableSpec(
    name="orders",
    version=1,
    meaning="Orders as they were issued. For the issuing party and the mission alone.",
    key="order_digest",
    columns=(
        Column(name="order_digest", type=TEXT, required=True, meaning="SHA-256 of the signed record that issues it"),
        Column(name="order_id", type=TEXT, required=True, meaning="id of the order in the party's desk file"),
        Column(name="party_id", type=TEXT, required=True, meaning="whose order it is"),
        Column(name="kind", type=TEXT, required=True, one_of=("cease", "withdraw", "open_corridor", "stand_fast", "resume"), meaning="what is ordered"),
        Column(name="by_node", type=TEXT, required=True, meaning="command that issued it"),
        Column(name="issue_by", type=TIME, required=True, meaning="by when it was to be issued"),
        Column(name="acknowledge_by", type=TIME, required=True, meaning="by when each group was to acknowledge"),
        *signed_columns(),
    ),
)  # fmt: skip

ACKNOWLEDGEMENTS = TableSpec(
    name="acknowledgements",
    version=1,
    meaning="What was done about an order: relayed, acknowledged, refused, countermanded. For the issuing party and the mission alone.",
    key="record_digest",
    columns=(
        Column(name="record_digest", type=TEXT, required=True, meaning="SHA-256 of the signed record"),
        Column(name="order_digest", type=TEXT, required=True, meaning="the order that it is about"),
        Column(name="party_id", type=TEXT, required=True, meaning="whose order it is"),
        Column(name="by_node", type=TEXT, required=True, meaning="command, liaison officer or operational group"),
        Column(name="action", type=TEXT, required=True, one_of=("relay", "acknowledge", "refuse", "countermand"), meaning="what was done"),
        Column(name="reason", type=TEXT, meaning="of a refusal: why"),
        *signed_columns(),
    ),
)  # fmt: skip
