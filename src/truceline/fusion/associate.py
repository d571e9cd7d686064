"""Observations → incidents: a Poisson multi-Bernoulli mixture over partitions.

Copies are one origin. Origins that may be one event (near in place and time for their uncertainties,
of compatible acts, not two records of one sensor or look) are grouped into the partition of highest
weight (``fusion.tracks``, ``fusion.partition``), under detection probabilities, clutter and intensity
that are learned beside it (``fusion.parameters``). Nothing here is chosen at random and row order
does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial

import numpy as np
import pyarrow.compute as pc

from truceline.base.columns import group_rows
from truceline.base.geodesy import LocalFrame
from truceline.base.threads import begin
from truceline.fusion.engine import Fusion, describe_fused, fuse_nodes
from truceline.fusion.features import Described
from truceline.fusion.gating import Gate
from truceline.fusion.nodes import FloatArray, IntArray, Nodes, make_nodes
from truceline.fusion.shapes import read_outlines
from truceline.fusion.trained import ExistenceBy
from truceline.fusion.watches import read_watches
from truceline.fusion.writing import write_incidents
from truceline.schema import INCIDENTS
from truceline.schema.table import Table

#: error of a place of which none is told, and the least that is believed, metres
UNKNOWN_SD_M, LEAST_SD_M = 5_000.0, 10.0


def associate(
    observations: Table,
    *,
    frame: LocalFrame,
    acts: Sequence[str] = (),
    coverage: Table | None = None,
    areas: Table | None = None,
    mechanism_sources: Collection[str] = frozenset(),
    hard_sources: Collection[str] | None = None,
    gate: Gate | None = None,
    unknown_sd_m: float = UNKNOWN_SD_M,
    least_sd_m: float = LEAST_SD_M,
    verified_at: float = 0.95,
    partition: IntArray | None = None,
    existence: ExistenceBy = "generative",
    workers: int = 1,
    tell: Callable[[Fusion], None] | None = None,
) -> Table:
    """Group observations of sources that may form incidents.

    (1) collapse to origins, in canonical order; (2) take reports that say the same place, time and
    act as one unit; (3) fuse; (4) write each group as an incident.

    acts : ids in the order of the terms, which breaks ties; empty: those that occur, by alphabet.
    coverage : where it carries a place, a detection probability with basis and clutter, incidents get
    an ``existence_p``; others have none, with the reason ``no_existence_basis``. areas : shapes of the
    areas that coverage and records name. mechanism_sources : sources whose records are a monitoring
    mechanism's own. Without any, no incident is ``verified``. hard_sources : those that may raise the
    intensity of events; None: all whose coverage has a detection probability with its basis. Reports
    never do. partition : (n_observations,) number of each record's incident, to have a partition that
    is given weighed, in place of one's own; an origin is where its first record is.
    existence : ``trained``: by a model that was trained on simulated fronts (``fusion.trained``), and each
    incident says so by the reason ``trained_existence``. workers : threads; they decide nothing.
    tell : is told what was found beside the table: parameters, and what they were learned from.

    The caller passes no warnings: an alert is not an incident. ``responsibility`` is left at
    ``not_attributed`` for ``attribution`` to judge.
    """
    if not observations.num_rows:
        return INCIDENTS.empty()
    nodes, unit, fused, fallible = _fuse(
        observations, frame=frame, acts=acts, coverage=coverage, areas=areas, hard_sources=hard_sources, gate=gate,
        unknown_sd_m=unknown_sd_m, least_sd_m=least_sd_m, partition=partition, existence=existence,
        workers=workers,
    )  # fmt: skip
    if tell is not None:
        tell(fused)
    groups = group_rows(fused.label[unit], len(fused.existence_p))
    # (4)
    return write_incidents(
        nodes,
        groups,
        unit=unit,
        existence_p=fused.existence_p,
        mechanism=np.array([name in mechanism_sources for name in nodes.source.names], dtype=np.bool_),
        fallible=np.array([name in fallible for name in nodes.source.names], dtype=np.bool_),
        verified_at=verified_at,
        frame=frame,
        trained=existence == "trained",
    )


def describe(
    observations: Table,
    *,
    frame: LocalFrame,
    acts: Sequence[str] = (),
    coverage: Table | None = None,
    areas: Table | None = None,
    hard_sources: Collection[str] | None = None,
) -> tuple[IntArray, Described, FloatArray]:
    """(n_observations,) number of each record's incident, what can be seen of each, and its generative existence.

    The incidents are those of ``associate``, in no order that means anything: for training and for study.
    """
    nodes, unit, fused, _ = _fuse(
        observations, frame=frame, acts=acts, coverage=coverage, areas=areas, hard_sources=hard_sources, gate=None,
        unknown_sd_m=UNKNOWN_SD_M, least_sd_m=LEAST_SD_M, partition=None, existence="generative",
        workers=1,
    )  # fmt: skip
    described, existence_p = describe_fused(fused)
    number = np.full(observations.num_rows, -1, dtype=np.int64)
    row = pc.index_in(nodes.ids, value_set=observations["observation_id"].combine_chunks()).to_numpy()
    members = nodes.members
    number[row[members.members]] = fused.label[unit][members.of_member]
    return number, described, existence_p


def _fuse(
    observations: Table,
    *,
    frame: LocalFrame,
    acts: Sequence[str],
    coverage: Table | None,
    areas: Table | None,
    hard_sources: Collection[str] | None,
    gate: Gate | None,
    unknown_sd_m: float,
    least_sd_m: float,
    partition: IntArray | None,
    existence: ExistenceBy,
    workers: int,
) -> tuple[Nodes, IntArray, Fusion, set[str]]:
    """Steps (1) to (3): nodes, the unit of each, what was found of units, and sources with coverage."""
    # (1)
    outlines = read_outlines(areas, frame)
    watching = begin(partial(read_watches, coverage, frame, outlines), workers=workers)
    nodes = make_nodes(
        observations, frame=frame, acts=acts, unknown_sd_m=unknown_sd_m, least_sd_m=least_sd_m, outlines=outlines
    )  # fmt: skip
    # (2)
    lead, unit = number_kin(nodes.kin)
    given = None
    if partition is not None:
        lead, unit = np.arange(len(nodes)), np.arange(len(nodes))
        given = np.unique(partition[nodes.row], return_inverse=True)[1].reshape(-1)
    # (3)
    watches = watching()
    fused = fuse_nodes(
        nodes.take(lead), watches, hard_sources=hard_sources, gate=gate, partition=given, existence=existence,
        workers=workers,
    )  # fmt: skip
    return nodes, unit, fused, set(watches.source.names)


def number_kin(kin: IntArray) -> tuple[IntArray, IntArray]:
    """First node of each unit, ascending, and (n,) the unit of each node, in that order. kin : numbers from 0."""
    n = len(kin)
    first = np.zeros(int(kin.max()) + 1, dtype=np.int64)
    first[kin[::-1]] = np.arange(n - 1, -1, -1)
    leads = first[kin] == np.arange(n)
    return np.flatnonzero(leads), (np.cumsum(leads) - 1)[first[kin]]
