"""Writes what is reckoned of ``cases/ordered-truce``: counts by sector, keys, chains of command, registers.

The case is invented; its keys are made of published words, so that they sign nothing of worth.

Run: ``python tools/make_ordered_truce.py``
"""

from __future__ import annotations

import csv
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from truceline.custody.sign import SecretKey
from truceline.workflow.declarations import declare, observe
from truceline.workflow.desk_files import times_from
from truceline.workflow.orders import say

CASE = Path(__file__).resolve().parent.parent / "cases" / "ordered-truce"
HOUR = datetime(2031, 5, 4, tzinfo=UTC)
N_SECTORS, BASELINE_DAYS, WINDOW_DAYS = 12, 40, 14
#: group → its sectors
STANDS = {number: [f"sector-{3 * number - 2 + k:02d}" for k in range(3)] for number in (1, 2, 3, 4)}


def secret(name: str) -> SecretKey:
    """A key made of published words."""
    return SecretKey.make(
        name, seed=hashlib.sha256(f"ordered-truce, an invented case: {name}".encode()).digest()
    )


def write_counts() -> None:
    """Explosions that the mission's posts counted, a day and sector; fewer where the order was acknowledged."""
    rng = np.random.default_rng(20310504)
    n_days = BASELINE_DAYS + WINDOW_DAYS
    level = np.cumsum(rng.normal(0, 0.05, (N_SECTORS, n_days)), axis=1)
    usual = rng.uniform(12, 40, (N_SECTORS, 1)) * np.exp(level)
    change = np.ones((N_SECTORS, n_days))
    change[:6, BASELINE_DAYS:], change[6:, BASELINE_DAYS:] = 0.2, 0.85
    counted = rng.poisson(rng.gamma(8, usual * change / 8))
    with (CASE / "figures" / "explosions.csv").open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(["date", "sector", "explosions"])
        for day in range(n_days):
            date = (HOUR + timedelta(days=day - BASELINE_DAYS)).date().isoformat()
            rows.writerows([date, f"sector-{k + 1:02d}", int(counted[k, day])] for k in range(N_SECTORS))


def write_keys(names: list[str]) -> None:
    """The secret keys, which a real case would never hold."""
    for name in names:
        (CASE / "keys" / f"{name}.key").write_text(secret(name).text() + "\n", encoding="utf-8")


def write_chain(party: str) -> list[str]:
    """A party's desk file; its node ids."""
    slug = party.lower()
    nodes = [f"command-{slug}", f"liaison-{slug}", f"group-{slug}-1"]
    lines = [
        f"# The chain of command of Party {party}: operational groups alone, no units, sites or names.",
        "desk: 1",
        "case: ordered-truce",
        f"party: {party}",
        "",
        "chain:",
        f"  - {{id: command-{slug}, level: command, key: {secret(nodes[0]).public.text()}}}",
        f"  - {{id: liaison-{slug}, level: liaison, under: command-{slug}, key: {secret(nodes[1]).public.text()}}}",
    ]
    for number, sectors in STANDS.items():
        key = f", key: {secret(nodes[2]).public.text()}" if number == 1 else ""
        lines.append(f"  - {{id: group-{slug}-{number}, level: group, under: liaison-{slug}, sectors: [{', '.join(sectors)}]{key}}}")  # fmt: skip
    lines += [
        "",
        "orders:",
        f"  - {{id: cease-{slug}, kind: cease, by: command-{slug}, issue_by: 2031-05-03T00:00:00Z, acknowledge_by: 2031-05-03T18:00:00Z}}",
        "",
    ]
    (CASE / "desk" / f"{party}.yaml").write_text("\n".join(lines), encoding="utf-8")
    return nodes


def write_mission() -> None:
    """The mission's desk file."""
    text = f"""# The mission's own desk file: its key, what it measures of an order, what it releases.
desk: 1
case: ordered-truce
key: {secret("mission").public.text()}
worth: {{series: explosions, kind: cease}}
public: count
"""
    (CASE / "desk" / "mission.yaml").write_text(text, encoding="utf-8")


def order(action: str, party: str, by: str, key: str, said: str, *, reason: str | None = None) -> None:
    """Log that somebody did something with the order to cease fire."""
    say(CASE, action, f"cease-{party.lower()}", by=by, key_file=CASE / "keys" / f"{key}.key", times=times_from(said, None, None), reason=reason)  # type: ignore[arg-type]  # fmt: skip  # words of the script below


def write_orders() -> None:
    """Party A orders in time, Party B an hour late; a group refuses, and three never answer."""
    for party in ("A", "B"):
        (CASE / "desk" / f"{party}.orders.jsonl").unlink(missing_ok=True)
    order("issue", "A", "command-a", "command-a", "2031-05-02T21:00:00Z")
    order("relay", "A", "liaison-a", "liaison-a", "2031-05-02T21:40:00Z")
    order("acknowledge", "A", "group-a-1", "group-a-1", "2031-05-03T02:10:00Z")
    order("acknowledge", "A", "group-a-2", "liaison-a", "2031-05-03T09:30:00Z")
    order("refuse", "A", "group-a-3", "liaison-a", "2031-05-03T17:05:00Z", reason="not_received_whole")
    order("issue", "B", "command-b", "command-b", "2031-05-03T01:00:00Z")
    order("relay", "B", "liaison-b", "liaison-b", "2031-05-03T01:30:00Z")
    order("acknowledge", "B", "group-b-1", "group-b-1", "2031-05-03T05:00:00Z")
    order("acknowledge", "B", "group-b-2", "liaison-b", "2031-05-03T19:45:00Z")


def write_declarations() -> None:
    """What both declared and announced, and what was seen; figures/*.csv hold it as a clerk would write it."""
    for name in ("A.declarations", "B.declarations", "mission.inspections"):
        (CASE / "desk" / f"{name}.jsonl").unlink(missing_ok=True)
    for party, node, received in (("A", "liaison-a", "2031-05-05T20:00:00Z"), ("B", "liaison-b", "2031-05-07T06:00:00Z")):  # fmt: skip
        declare(CASE, CASE / "figures" / f"baseline_{party}.csv", by=node, key_file=CASE / "keys" / f"{node}.key", times=times_from(received, None, None))  # fmt: skip
    for party, node, said in (("A", "liaison-a", "2031-05-08T08:00:00Z"), ("B", "liaison-b", "2031-05-10T22:00:00Z")):  # fmt: skip
        declare(CASE, CASE / "figures" / f"notices_{party}.csv", by=node, key_file=CASE / "keys" / f"{node}.key", times=times_from(said, None, None))  # fmt: skip
    observe(CASE, CASE / "figures" / "inspections.csv", key_file=CASE / "keys" / "mission.key", times=times_from("2031-05-15T18:00:00Z", None, None))  # fmt: skip


def main() -> None:
    """Write all of it."""
    nodes = [name for party in ("A", "B") for name in write_chain(party)]
    write_mission()
    write_keys([*nodes, "mission"])
    write_counts()
    write_orders()
    write_declarations()


if __name__ == "__main__":
    main()
