"""One invented truce: the ground, the hidden truth, and what everybody recorded of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from shapely.geometry import Polygon

from truceline.simulate.fire import Act, wage_war
from truceline.simulate.ground import Ground, lay_ground
from truceline.simulate.scenario import Scenario
from truceline.simulate.sensors import Record, listen, look_down, patrol
from truceline.simulate.speakers import DayCount, Report, claim, count_days, draw_maps, tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """Everything of one run; ``acts`` is the truth that no verification may read."""

    scenario: Scenario
    seed: int
    ground: Ground
    acts: tuple[Act, ...]
    acoustic: Record
    thermal: Record
    patrols: Record
    cloud: tuple[tuple[int, float], ...]  #: day, share under cloud
    reports: tuple[Report, ...]
    counts: tuple[DayCount, ...]
    regular_map: tuple[tuple[int, Polygon], ...]  #: day, held by the west, km
    stale_map: tuple[tuple[int, Polygon], ...]
    claims: tuple[dict[str, Any], ...]


def simulate(scenario: Scenario, *, seed: int) -> Simulated:
    """Play the scenario once.

    Each part has its own stream of randomness, so that a change of one sensor's settings leaves
    the truth and the other records as they were. Party ids and names enter nowhere.
    """
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(8)]
    ground = lay_ground(scenario, streams[0])
    acts = wage_war(scenario, ground, streams[1])
    thermal, cloud = look_down(scenario, ground, acts, streams[3])
    counts = count_days(scenario, acts, streams[6])
    regular, stale = draw_maps(scenario, ground, acts, streams[7])
    return Simulated(
        scenario=scenario,
        seed=seed,
        ground=ground,
        acts=acts,
        acoustic=listen(scenario, ground, acts, streams[2]),
        thermal=thermal,
        patrols=patrol(scenario, ground, acts, streams[4]),
        cloud=tuple(cloud),
        reports=tuple(tell(scenario, ground, acts, streams[5])),
        counts=tuple(counts),
        regular_map=tuple(regular),
        stale_map=tuple(stale),
        claims=tuple(claim(scenario, counts)),
    )
