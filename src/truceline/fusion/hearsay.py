"""Reports per event and false reports of sources without coverage, learned from a partition of all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from truceline.fusion.existence import judge_tracks
from truceline.fusion.intensity import fit_layers
from truceline.fusion.nodes import IntArray
from truceline.fusion.parameters import REPORTS_PER_EVENT, Parameters, Scene, base_clutter, weigh
from truceline.fusion.tracks import single_tracks

#: counts that what is supposed of a source weighs
TRUST = 2.0
ROUNDS = 2


def learn_reports(
    scene: Scene, parameters: Parameters, label: IntArray, *, rounds: int = ROUNDS
) -> Parameters:
    """Parameters of reports under which the partition's are as they are; those of hard sensors stay.

    Reports per event: of tracks that hard sensors make likely, how many reports each source has in
    them. False reports: what belongs to no event, in layers of cells.
    """
    if scene.sightings.based.all():
        return parameters
    for _ in range(rounds):
        parameters = _step(scene, parameters, label)
    return parameters


def _step(scene: Scene, parameters: Parameters, label: IntArray) -> Parameters:
    nodes, s, q = scene.nodes, scene.sightings, scene.quadrature
    n_tracks = int(label.max()) + 1
    existence = judge_tracks(scene, parameters, single_tracks(weigh(scene, parameters)), label, n_tracks)
    hard = np.bincount(label, weights=scene.feeds, minlength=n_tracks) > 0
    sure = np.where(hard, np.nan_to_num(existence.probability), 0.0)
    report = ~s.based
    m = s.n_sources
    heard = np.bincount(nodes.source.code[report], weights=sure[label[report]], minlength=m)
    voice = (heard + REPORTS_PER_EVENT * TRUST) / (float(sure.sum()) + TRUST)
    whole, base = base_clutter(scene)
    log_clutter = parameters.log_clutter.copy()
    for source in np.unique(nodes.source.code[report]).tolist():
        rows = np.flatnonzero(nodes.source.code == source)
        density_q = np.full(len(q), float(np.exp(whole[rows[0]])))
        false = existence.false[rows]
        log_clutter[rows] = base[rows] + fit_layers(
            scene.cells, rows, false, rows, density=np.exp(whole[rows]), mass=q.weight * density_q,
            density_q=density_q, own=false, basis=np.ones(len(rows), dtype=np.bool_), trust=TRUST,
        )  # fmt: skip
    return replace(parameters, voice=np.clip(voice, 1e-4, 10.0), log_clutter=log_clutter)
