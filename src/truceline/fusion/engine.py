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
from functools import partial

import numpy as np

from truceline.base.columns import BoolArray, number_rows
from truceline.base.threads import begin
from truceline.fusion.existence import judge_tracks
from truceline.fusion.features import Described, describe_tracks
from truceline.fusion.gating import Gate, Points, gated_pairs
from truceline.fusion.hearsay import learn_reports
from truceline.fusion.intensity import make_cells, sort_cells, spread_points
from truceline.fusion.learning import learn
from truceline.fusion.nodes import FloatArray, IntArray, Nodes
from truceline.fusion.parameters import Parameters, Scene, first_guess, seen_p, weigh
from truceline.fusion.partition import find_partition
from truceline.fusion.sightings import RULED_OUT_LOGLIK, compare, exclusive_codes
from truceline.fusion.tracks import Evidence, single_tracks
from truceline.fusion.trained import ExistenceBy, judge_trained, shipped_model
from truceline.fusion.watches import Watches, watched_points

#: an area is a place where its standard deviation is no more than this
MOST_AREA_SD_M = 30_000.0
#: points of quadrature: as many as nodes, within these
LEAST_POINTS, MOST_POINTS = 1 << 10, 1 << 17


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
    existence: ExistenceBy = "generative",
    workers: int = 1,
) -> Fusion:
    """(1) what could be seen; (2) pairs; (3) a first partition of what hard sensors detected, under what
    was declared; (4) parameters from it; (5) the partition of all under these, and again once reports
    are known by it; (6) existence.

    hard_sources : that may feed the intensity; None: all with coverage. partition : (n,) tracks that
    are given, to be weighed in place of (5); parameters are learned all the same. existence : whether a
    model that was trained on simulated fronts judges it. workers : threads, which decide nothing.
    """
    pairs = begin(partial(find_pairs, nodes, gate or Gate()), workers=workers)
    scene = make_scene(nodes, watches, hard_sources=hard_sources)  # (1)
    first, second = pairs()  # (2)
    parameters = first_guess(scene)
    both = scene.feeds[first] & scene.feeds[second]
    label = find_partition(weigh(scene, parameters), first[both], second[both], workers=workers)  # (3)
    parameters = learn(scene, parameters, label, workers=workers)  # (4)
    label = find_partition(weigh(scene, parameters), first, second, workers=workers)  # (5)
    parameters = learn_reports(scene, parameters, label)
    evidence = weigh(scene, parameters)
    if partition is None:
        partition = find_partition(evidence, first, second, workers=workers)
    return Fusion(
        label=partition,
        existence_p=existence_of(
            scene, parameters, evidence, partition, int(partition.max()) + 1, by=existence
        ),  # (6)
        parameters=parameters,
        scene=scene,
    )


def existence_of(
    scene: Scene,
    parameters: Parameters,
    evidence: Evidence,
    label: IntArray,
    n_tracks: int,
    *,
    by: ExistenceBy,
) -> FloatArray:
    """(n_tracks,) existence of the tracks of a partition; NaN where there is no basis, or no place. label : (n,)."""
    singles = single_tracks(evidence)
    found = judge_tracks(scene, parameters, singles, label, n_tracks)
    if by == "trained":
        found = judge_trained(
            shipped_model(), describe_tracks(scene, parameters, singles, label, found), found
        )
    nowhere = np.bincount(label, weights=~np.isfinite(scene.nodes.shapes.x_m), minlength=n_tracks)
    hard = np.bincount(label, weights=scene.sightings.based, minlength=n_tracks)
    return np.where((nowhere > 0) & (hard == 0), np.nan, found.probability)


def describe_fused(fused: Fusion) -> tuple[Described, FloatArray]:
    """Features of the tracks that were found, and their generative existence."""
    scene, parameters = fused.scene, fused.parameters
    singles = single_tracks(weigh(scene, parameters))
    found = judge_tracks(scene, parameters, singles, fused.label, int(fused.label.max()) + 1)
    return describe_tracks(scene, parameters, singles, fused.label, found), found.probability


def make_scene(
    nodes: Nodes,
    watches: Watches,
    *,
    hard_sources: Collection[str] | None,
    within_s: tuple[float, float] = (-np.inf, np.inf),
) -> Scene:
    """Everything about the nodes that no estimate changes.

    within_s : coverage counts from the one to the other; nothing is known of what was recorded beyond.
    """
    shapes = nodes.shapes
    sightings = compare(nodes, watches, x_m=shapes.x_m, y_m=shapes.y_m)
    hard = np.array(
        [hard_sources is None or name in hard_sources for name in nodes.source.names], dtype=np.bool_
    )
    feeds = sightings.based & hard[nodes.source.code]
    # where and when is told by hard sensors, so that no report moves what is learned of them
    mine = feeds if feeds.any() else np.ones(len(nodes), dtype=np.bool_)
    start_s, stop_s = _time_told(nodes, watches, mine, hard_sources, within_s)
    n_points = int(np.clip(mine.sum(), LEAST_POINTS, MOST_POINTS)) // 2
    placed = mine & np.isfinite(shapes.x_m) & ~shapes.area
    x_m, y_m = (values[placed] if placed.any() else np.zeros(1) for values in (shapes.x_m, shapes.y_m))
    even = spread_points(x_m, y_m, start_s=start_s, stop_s=stop_s, n_points=n_points)
    quadrature, q_point, q_row = watched_points(
        watches, even, start_s=start_s, stop_s=stop_s, n_points=n_points
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
    # how well a place was watched tells something of what was expected there
    live = (sightings.loglik > RULED_OUT_LOGLIK).any(axis=0)
    even_act = live / live.sum()
    p, row_act = watches.declared_p, sightings.row_act
    seen = seen_p(sightings.point, sightings.row, row_act, p, len(nodes), even_act, sightings.share)
    seen_q = seen_p(q_point, q_row, row_act, p, len(quadrature), even_act)
    unit = number_rows([sightings.row_source, watches.sensor.code])[0]
    return Scene(
        nodes=nodes,
        watches=watches,
        sightings=sightings,
        quadrature=quadrature,
        cells=(sort_cells(seen, seen_q), *make_cells(x0, y0, sightings.time_s, quadrature)),
        feeds=feeds,
        shape=(x0, y0, *precision),
        q_point=q_point,
        q_row=q_row,
        clutter=np.maximum(np.nan_to_num(clutter, nan=1e-16), 1e-30),
        row_unit=unit,
        first_row=np.unique(unit, return_index=True)[1],
    )


def _time_told(
    nodes: Nodes,
    watches: Watches,
    mine: BoolArray,
    hard_sources: Collection[str] | None,
    within_s: tuple[float, float],
) -> tuple[float, float]:
    """From when to when there is something to learn from: records, and watches in which nothing was recorded.

    By records alone a watch of a week with one detection would be a watch of its seconds, full of fire.
    """
    names = watches.source.names
    told = np.array([hard_sources is None or name in hard_sources for name in names], dtype=np.bool_)
    rows = told[watches.source.code] if len(names) else np.zeros(len(watches), dtype=np.bool_)
    starts = np.append(np.maximum(watches.start_s[rows], within_s[0]), nodes.start_s[mine])
    stops = np.append(np.minimum(watches.stop_s[rows], within_s[1]), nodes.stop_s[mine])
    return float(starts.min()), float(stops.max())


def find_pairs(nodes: Nodes, gate: Gate) -> tuple[IntArray, IntArray]:
    """Pairs of nodes that may be one event."""
    # an area so large that it tells nothing of a place is no place
    shapes = nodes.shapes
    sd_m = np.sqrt((shapes.xx + shapes.yy) / 2)
    vague = shapes.area & (sd_m > MOST_AREA_SD_M)
    points = Points(
        x_m=np.where(vague, np.nan, shapes.x_m),
        y_m=np.where(vague, np.nan, shapes.y_m),
        sd_m=np.where(shapes.area, sd_m, nodes.sd_m),
        start_s=nodes.start_s,
        stop_s=nodes.stop_s,
        acts=nodes.acts,
        exclusive=exclusive_codes(nodes),
    )
    return gated_pairs(points, gate)
