"""A small invented truth and records of it, for tests of scores: no simulator, no fusion."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from truceline.base.geodesy import LocalFrame
from truceline.schema import INCIDENTS, OBSERVATIONS
from truceline.schema.table import Table
from truceline.scoring.identity import Partition
from truceline.scoring.score import Judged, judge
from truceline.scoring.truth import Truth, link, make_truth

START = datetime(2031, 5, 1, tzinfo=UTC)
FRAME = LocalFrame("invented", 15.0, 45.0)
PARTIES = ("north", "south")


@dataclass(frozen=True, kw_only=True)
class World:
    """Observations with links to a truth."""

    observations: Table
    incidents: Table  #: the true ones, as a simulator tells them
    links: Table

    @property
    def truth(self) -> Truth:
        return make_truth(self.incidents, self.links)


def make_world(seed: int = 0, *, n_events: int = 60, n_clutter: int = 20, n_fakes: int = 4) -> World:
    """Events at random; each told of by 0 to 4 tellings, some with copies; clutter and staged reports."""
    rng = np.random.default_rng(seed)
    events, observations, links = [], [], []

    def tell(at: datetime, lon: float, lat: float, *, event: str, fake: str, copies: int) -> None:
        first = f"o{len(observations):05d}"
        source = f"s{rng.integers(0, 3)}"
        for k in range(1 + copies):
            name = f"o{len(observations):05d}"
            observations.append(
                {
                    "observation_id": name, "source_id": source, "occurred_from": at,
                    "occurred_until": at + timedelta(minutes=2), "received_at": at + timedelta(minutes=5 + k),
                    "longitude_deg": lon + float(rng.normal(0, 0.003)), "latitude_deg": lat + float(rng.normal(0, 0.003)),
                    "position_sd_m": 300.0, "acts": {"shelling": 0.0}, "raw_file": "data:x.csv",
                    "raw_row": len(observations) + 2, "raw_digest": "0",
                }
            )  # fmt: skip
            links.append({"observation_id": name, "truth_id": event, "fake_id": fake, "origin_id": first})

    def somewhere() -> tuple[datetime, float, float]:
        at = START + timedelta(seconds=float(rng.integers(0, 5 * 86_400)))
        return at, 15 + float(rng.uniform(-1, 1)), 45 + float(rng.uniform(-1, 1))

    for k in range(n_events):
        at, lon, lat = somewhere()
        events.append(
            {
                "truth_id": f"t{k:04d}", "party_id": (*PARTIES, "")[k % 5 % 3], "act": "shelling",
                "occurred_at": at, "longitude_deg": lon, "latitude_deg": lat, "sector": f"area{k % 2}",
            }
        )  # fmt: skip
        for _ in range(int(rng.integers(0, 5))):
            tell(at, lon, lat, event=f"t{k:04d}", fake="", copies=int(rng.integers(0, 3)))
    for _ in range(n_clutter):
        tell(*somewhere(), event="", fake="", copies=0)
    for k in range(n_fakes):
        at, lon, lat = somewhere()
        for _ in range(3):
            tell(at, lon, lat, event="", fake=f"f{k}", copies=1)
    return World(
        observations=OBSERVATIONS.check(OBSERVATIONS.from_records(observations)),
        incidents=pa.Table.from_pylist(events),
        links=pa.Table.from_pylist(links),
    )


def incidents_of(world: World, partition: Partition, *, party_p: Any = None) -> Table:
    """A partition as a table of incidents; places and times of the first member."""
    ids = world.observations["observation_id"].to_pylist()
    rows = world.observations.to_pylist()
    made = []
    for group, p in enumerate(partition.existence_p.tolist()):
        members = np.flatnonzero(partition.group == group).tolist()
        first = rows[members[0]]
        made.append(
            {
                "incident_id": f"inc-{group}", "act": "shelling", "occurred_from": first["occurred_from"],
                "occurred_until": first["occurred_until"], "longitude_deg": first["longitude_deg"],
                "latitude_deg": first["latitude_deg"], "existence_p": None if np.isnan(p) else p,
                "occurrence": "reported", "responsibility": "not_attributed",
                "party_p": {} if party_p is None else party_p[group], "source_ids": [first["source_id"]],
                "observation_ids": [ids[k] for k in members], "n_primary_sources": 1, "reason_codes": [],
            }
        )  # fmt: skip
    return INCIDENTS.check(INCIDENTS.from_records(made))


def judge_world(world: World, partition: Partition) -> Judged:
    """A partition of a world, beside its truth."""
    return judge(world.observations, incidents_of(world, partition), world.truth, frame=FRAME)


def copied(world: World, row: int, times: int) -> World:
    """The world with one more record, ``times`` over, each a copy of the record at ``row``."""
    record = world.observations.slice(row, 1).to_pylist()[0]
    record["acts"] = dict(record["acts"])
    tie = world.links.slice(row, 1).to_pylist()[0]
    more = [
        {**record, "observation_id": f"c{k:05d}", "received_at": record["received_at"] + timedelta(minutes=k + 1)}
        for k in range(times)
    ]  # fmt: skip
    return replace(
        world,
        observations=pa.concat_tables([world.observations, OBSERVATIONS.from_records(more)]),
        links=pa.concat_tables(
            [
                world.links,
                pa.Table.from_pylist(
                    [{**tie, "observation_id": one["observation_id"]} for one in more],
                    schema=world.links.schema,
                ),
            ]
        ),
    )


def linked(world: World) -> Any:
    """What each record of the world truly is."""
    return link(world.observations, world.truth)
