"""declarations and holdings: what is said to be there, what is to move, and the balance of both."""

from truceline.schema.table import TEXT, TIME, WHOLE, Column, TableSpec, signed_columns

DECLARATIONS = TableSpec(
    name="declarations",
    version=1,
    meaning="Baselines and notices as they were declared. For the declaring party and the mission alone.",
    key="record_digest",
    columns=(
        Column(name="record_digest", type=TEXT, required=True, meaning="SHA-256 of the signed record"),
        Column(name="party_id", type=TEXT, required=True, meaning="who declares"),
        Column(name="by_node", type=TEXT, required=True, meaning="command or liaison officer that signed"),
        Column(name="kind", type=TEXT, required=True, one_of=("baseline", "notice"), meaning="baseline: so many are there; notice: so many will"),
        Column(name="subject", type=TEXT, one_of=("movement", "delivery", "mobilisation", "release", "training"), meaning="of a notice: what will happen"),
        Column(name="holding", type=TEXT, required=True, meaning="class of holdings"),
        Column(name="quantity", type=WHOLE, required=True, at_least=0, meaning="how many, in the unit of the class"),
        Column(name="area_id", type=TEXT, required=True, meaning="area of `holdings.yaml`; outside: none of them"),
        Column(name="to_area_id", type=TEXT, meaning="of a movement: where to"),
        Column(name="group_id", type=TEXT, meaning="operational group; null: the whole party's"),
        Column(name="as_of", type=TIME, meaning="of a baseline: when they were there"),
        Column(name="starts_at", type=TIME, meaning="of a notice: when it begins"),
        Column(name="stops_at", type=TIME, meaning="of a notice: when it is done; null: at once"),
        *signed_columns(),
    ),
)  # fmt: skip

HOLDINGS = TableSpec(
    name="holdings",
    version=1,
    meaning="Running balances: a baseline with what was announced since. For the declaring party and the mission alone.",
    key="balance_id",
    columns=(
        Column(name="balance_id", type=TEXT, required=True, meaning="party, class, area and time"),
        Column(name="party_id", type=TEXT, required=True, meaning="who declared"),
        Column(name="holding", type=TEXT, required=True, meaning="class of holdings"),
        Column(name="area_id", type=TEXT, required=True, meaning="area of `holdings.yaml`"),
        Column(name="balance_at", type=TIME, required=True, meaning="from when the balance holds, until the next"),
        Column(name="quantity_low", type=WHOLE, required=True, meaning="the least that it may be; less than zero where more left than was there"),
        Column(name="quantity_high", type=WHOLE, required=True, meaning="the most; more than the least while something is on its way"),
    ),
)  # fmt: skip
