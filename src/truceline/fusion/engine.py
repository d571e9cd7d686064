"""Nodes and coverage → partition and existence.

The kernel is ``fusion.partition.find_partition(evidence, first, second) -> label``: a pure function of
``Evidence`` (parallel arrays of nodes in canonical order, ``fusion.tracks``) and of the pairs of nodes
that may be one event (``fusion.gating``). What it finds for a node depends on those that pairs lead
to from it; there is no randomness in it. ``weigh(scene, parameters)`` makes the evidence: for each
node by itself, from ``Parameters`` that ``learn`` estimates in a pass of its own.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from truceline.base.columns import group_rows
from truceline.fusion.gating import Gate, Points, gated_pairs
from truceline.fusion.intensity import make_cells, spread_points
from truceline.fusion.nodes import FloatArray, IntArray, Nodes
from truceline.fusion.parameters import Parameters, Scene, exist, first_guess, learn, weigh
from truceline.fusion.partition import find_partition
from truceline.fusion.sightings import compare
from truceline.fusion.tracks import gather, single_tracks
from truceline.fusion.watches import Watches, watched_points

#: points of quadrature: as many as nodes, within these
LEAST_POINTS, MOST_POINTS = 1 << 10, 1 << 17
#: tracks, sure without reports, from which on the word of reports alone gives an existence
LEAST_JUDGED = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fusion:
    """What the engine found.

    label : (n,) number of each node's track. existence_p : (n_tracks,), NaN where there is no basis.
    """

    label: IntArray
    existence_p: FloatArray
    parameters: Parameters
    scene: Scene


def fuse_nodes(
    nodes: Nodes,
    watches: Watches,
    *,
    hard_sources: Collection[str] | None = None,
    gate: Gate | None = None,
    partition: IntArray | None = None,
) -> Fusion:
    """(1) what could be seen; (2) pairs; (3) a first partition, under what was declared; (4) parameters
    from it; (5) the partition under these; (6) existence.

    hard_sources : that may feed the intensity; None: all with coverage. partition : (n,) tracks that
    are given, to be weighed in place of (5); parameters are learned all the same.
    """
    scene = make_scene(nodes, watches, hard_sources=hard_sources)  # (1)
    first, second = _pairs(scene, gate or Gate())  # (2)
    parameters = first_guess(scene)
    label = find_partition(weigh(scene, parameters), first, second)  # (3)
    parameters = learn(scene, parameters, label)  # (4)
    evidence = weigh(scene, parameters)
    label = find_partition(evidence, first, second) if partition is None else partition  # (5)
    groups = group_rows(label, int(label.max()) + 1)
    singles = single_tracks(evidence)
    existence_p = exist(gather(singles, groups))  # (6)
    based = np.bincount(label, weights=scene.sightings.based, minlength=len(groups)) > 0
    nowhere = np.bincount(label, weights=~np.isfinite(nodes.shapes.x_m), minlength=len(groups)) > 0
    judged = (parameters.judged >= LEAST_JUDGED) & ~nowhere
    return Fusion(
        label=label,
        existence_p=np.where(based | judged, existence_p, np.nan),
        parameters=parameters,
        scene=scene,
    )


def make_scene(nodes: Nodes, watches: Watches, *, hard_sources: Collection[str] | None) -> Scene:
    """Everything about the nodes that no estimate changes."""
    shapes = nodes.shapes
    placed = np.isfinite(shapes.x_m) & ~shapes.area
    start_s, stop_s = float(nodes.start_s.min()), float(nodes.stop_s.max())
    n_points = int(np.clip(len(nodes), LEAST_POINTS, MOST_POINTS)) // 2
    x_m, y_m = (values[placed] if placed.any() else np.zeros(1) for values in (shapes.x_m, shapes.y_m))
    even = spread_points(x_m, y_m, start_s=start_s, stop_s=stop_s, n_points=n_points)
    quadrature, q_point, q_row = watched_points(
        watches, even, start_s=start_s, stop_s=stop_s, n_points=n_points
    )
    sightings = compare(nodes, watches, x_m=shapes.x_m, y_m=shapes.y_m)
    hard = np.array(
        [hard_sources is None or name in hard_sources for name in nodes.source.names], dtype=np.bool_
    )
    endless = ~np.isfinite(watches.site_radius_m[watches.site]) & (watches.site_area[watches.site] < 0)
    clutter = np.where(endless, watches.clutter / quadrature.area_m2, watches.clutter)
    somewhere = np.isfinite(shapes.x_m)
    x0, y0 = (
        np.where(somewhere, values, float(np.median(middle)))
        for values, middle in ((shapes.x_m, quadrature.x_m), (shapes.y_m, quadrature.y_m))
    )
    precision = tuple(
        np.where(somewhere, part, other)
        for part, other in zip(shapes.precision, (1e-12, 0.0, 1e-12), strict=True)
    )
    return Scene(
        nodes=nodes,
        watches=watches,
        sightings=sightings,
        quadrature=quadrature,
        cells=make_cells(x0, y0, sightings.time_s, quadrature),
        feeds=sightings.based & hard[nodes.source.code],
        shape=(x0, y0, *precision),
        q_point=q_point,
        q_row=q_row,
        clutter=np.maximum(np.nan_to_num(clutter, nan=1e-16), 1e-30),
    )


def _pairs(scene: Scene, gate: Gate) -> tuple[IntArray, IntArray]:
    nodes = scene.nodes
    points = Points(
        x_m=nodes.x_m,
        y_m=nodes.y_m,
        sd_m=nodes.sd_m,
        start_s=nodes.start_s,
        stop_s=nodes.stop_s,
        acts=nodes.acts,
        exclusive=scene.sightings.exclusive,
    )
    return gated_pairs(points, gate)
