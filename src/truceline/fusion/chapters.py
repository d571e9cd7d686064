"""One chapter of time fused: its parameters, its evidence, and the track of each of its nodes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from truceline.base.columns import BoolArray
from truceline.fusion.hearsay import learn_reports
from truceline.fusion.learning import MARKS_FROM, learn
from truceline.fusion.nodes import FloatArray, IntArray
from truceline.fusion.parameters import Parameters, Scene, first_guess, weigh
from truceline.fusion.partition import find_partition
from truceline.fusion.tracks import Evidence

Near = Callable[[int], IntArray]
#: rounds of learning in a chapter that starts from what others taught: one for λ alone, one for φ too
ROUNDS = range(MARKS_FROM, MARKS_FROM + 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What whole chapters taught about sources, by name, and about acts.

    special : by source and sensor, what its p has beyond that of its source; logit.
    """

    common: dict[str, float]
    special: dict[tuple[str, str], float]
    voice: dict[str, float]
    act_share: FloatArray


def source_names(scene: Scene) -> list[str]:
    """Names of the sources of ``Parameters``: those of nodes, then those that only watch."""
    names = list(scene.nodes.source.names)
    watching = dict(zip(scene.sightings.row_source.tolist(), scene.watches.source.code.tolist(), strict=True))
    behind = range(len(names), scene.sightings.n_sources)
    return names + [scene.watches.source.names[watching[k]] for k in behind]


def _unit_names(scene: Scene) -> list[tuple[str, str]]:
    watches, rows = scene.watches, scene.first_row
    sensors = [*watches.sensor.names, ""]
    return [
        (watches.source.names[source], sensors[sensor])
        for source, sensor in zip(watches.source.code[rows].tolist(), watches.sensor.code[rows].tolist(), strict=True)
    ]  # fmt: skip


def teach(scene: Scene, parameters: Parameters) -> Lesson:
    """What parameters of one chapter say of others."""
    names, s = source_names(scene), scene.sightings
    rows = scene.first_row
    special = parameters.offset[rows] - parameters.common[s.row_source[rows]]
    return Lesson(
        common=dict(zip(names, parameters.common.tolist(), strict=True)),
        special=dict(zip(_unit_names(scene), special.tolist(), strict=True)),
        voice=dict(zip(names, parameters.voice.tolist(), strict=True)),
        act_share=parameters.act_share,
    )


def pool(lessons: list[Lesson]) -> Lesson | None:
    """The mean of lessons, each figure's of those that know it."""
    if not lessons:
        return None

    def mean(parts: list[dict[Any, float]]) -> dict[Any, float]:
        known = sorted({key for part in parts for key in part})
        return {key: float(np.mean([part[key] for part in parts if key in part])) for key in known}

    return Lesson(
        common=mean([lesson.common for lesson in lessons]),
        special=mean([lesson.special for lesson in lessons]),
        voice=mean([lesson.voice for lesson in lessons]),
        act_share=np.mean([lesson.act_share for lesson in lessons], axis=0),
    )


def estimate(scene: Scene, first: IntArray, second: IntArray, lesson: Lesson | None) -> Parameters:
    """Parameters of a chapter from its own nodes; with a lesson, p and voices are those taught."""
    both = scene.feeds[first] & scene.feeds[second]
    if lesson is None:
        guess = first_guess(scene)
        label = find_partition(weigh(scene, guess), first[both], second[both])
        parameters = learn(scene, guess, label)
        label = find_partition(weigh(scene, parameters), first, second)
        return learn_reports(scene, parameters, label)
    guess = _begin(scene, lesson)
    label = find_partition(weigh(scene, guess), first, second)
    found = learn(scene, guess, label, rounds=ROUNDS, taught=True)
    return replace(learn_reports(scene, found, label, rounds=1), voice=guess.voice)


def _begin(scene: Scene, lesson: Lesson) -> Parameters:
    guess = first_guess(scene)
    names, s = source_names(scene), scene.sightings
    common = np.array([lesson.common.get(name, 0.0) for name in names])
    special = np.array([lesson.special.get(unit, 0.0) for unit in _unit_names(scene)])
    return replace(
        guess,
        offset=common[s.row_source] + special[scene.row_unit],
        common=common,
        voice=np.array([lesson.voice.get(name, float(guess.voice[k])) for k, name in enumerate(names)]),
        act_share=lesson.act_share,
    )


def find_roots(
    evidence: Evidence, first: IntArray, second: IntArray, *, own: BoolArray, cell: IntArray, near: Near
) -> tuple[IntArray, BoolArray]:
    """First node of each own node's track, and whether pairs lead from it beyond its block's halo.

    own : (n,) nodes to be decided; the others stand in halos. cell : (n,) block of each node. near(k) :
    nodes of block k and its halo, ascending. What is not own is −1.
    """
    n = len(evidence)
    root, beyond = np.full(n, -1, dtype=np.int64), np.zeros(n, dtype=np.bool_)
    linked = np.zeros(n, dtype=np.bool_)
    linked[first] = True
    linked[second] = True
    # a node that no pair leads to is a track of its own
    root[own & ~linked] = np.flatnonzero(own & ~linked)
    decided = np.flatnonzero(own & linked)
    blocks = np.unique(cell[decided])
    for block in blocks.tolist():
        mine = decided[cell[decided] == block]
        region = near(block)
        region = region[linked[region]]
        found, leaving = _tracks_of(evidence, first, second, region)
        place = np.searchsorted(region, mine)
        root[mine], beyond[mine] = found[place], leaving[place]
    return root, beyond


def _tracks_of(
    evidence: Evidence, first: IntArray, second: IntArray, region: IntArray
) -> tuple[IntArray, BoolArray]:
    """Root of each node of a region, and whether pairs lead from it out of the region."""
    size = len(region)
    place = np.full(len(evidence), -1, dtype=np.int64)
    place[region] = np.arange(size)
    u, v = place[first], place[second]
    inside, cut = (u >= 0) & (v >= 0), (u >= 0) != (v >= 0)
    u_in, v_in = u[inside], v[inside]
    label = find_partition(evidence.take(region), u_in, v_in)
    start = np.full(size, size, dtype=np.int64)
    np.minimum.at(start, label, np.arange(size))
    leaving = np.zeros(size, dtype=np.bool_)
    if cut.any():
        graph = coo_array((np.ones(len(u_in)), (u_in, v_in)), shape=(size, size))
        count, component = connected_components(graph, directed=False)
        touched = np.zeros(count, dtype=np.bool_)
        touched[component[np.maximum(u[cut], v[cut])]] = True
        leaving = touched[component]
    return region[start[label]], leaving


def part_equals(root: IntArray, exclusive: IntArray, members: IntArray) -> None:
    """Take apart records of one sensor and look that two blocks put in one track; in place."""
    some = members[exclusive[members] >= 0]
    order = some[np.lexsort((some, exclusive[some], root[some]))]
    twice = (root[order][1:] == root[order][:-1]) & (exclusive[order][1:] == exclusive[order][:-1])
    again = order[1:][twice]
    root[again] = again
