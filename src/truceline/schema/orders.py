"""orders and acknowledgements: what went down each chain of command, and what came back."""

from truceline.schema.table import TEXT, TIME, WHOLE, Column, TableSpec

_SIGNED = (
    Column(name="key", type=TEXT, required=True, meaning="name of the key that signed"),
    Column(name="said_at", type=TIME, required=True, meaning="when it was said, by the signer's clock"),
    Column(name="received_at", type=TIME, required=True, meaning="when the desk received it"),
    Column(name="logged_at", type=TIME, required=True, meaning="when it was logged"),
    Column(name="raw_file", type=TEXT, required=True, meaning="label of the register"),
    Column(name="raw_row", type=WHOLE, required=True, at_least=1, meaning="line in the register"),
)

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
        *_SIGNED,
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
        *_SIGNED,
    ),
)  # fmt: skip
