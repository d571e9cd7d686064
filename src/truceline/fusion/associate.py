"""Observations → incidents: a first, plain method, to be replaced by a mixture over partitions.

Copies are one origin. Origins that may be one event (near in place and time for their uncertainties,
of compatible acts, not two records of one sensor or look) are merged best fit first, as long as
every two members of an incident may be one event. Nothing here is chosen at random and row order
does not matter.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from truceline.base.columns import group_rows
from truceline.base.geodesy import LocalFrame
from truceline.fusion.existence import Existence, read_basis
from truceline.fusion.gating import Gate, Points, gated_pairs
from truceline.fusion.grouping import agglomerate
from truceline.fusion.nodes import IntArray, Nodes, make_nodes
from truceline.fusion.writing import write_incidents
from truceline.schema import INCIDENTS
from truceline.schema.table import Table


def associate(
    observations: Table,
    *,
    frame: LocalFrame,
    acts: Sequence[str] = (),
    coverage: Table | None = None,
    mechanism_sources: Collection[str] = frozenset(),
    gate: Gate | None = None,
    unknown_sd_m: float = 5_000.0,
    least_sd_m: float = 10.0,
    verified_at: float = 0.95,
) -> Table:
    """Group observations of sources that may form incidents.

    (1) collapse to origins, in canonical order; (2) take reports that say the same place, time and
    act as one unit; (3) find the pairs that may be one event; (4) merge greedily by complete link;
    (5) write each group as an incident.

    acts : ids in the order of the terms, which breaks ties; empty: those that occur, by alphabet.
    coverage : where it carries circle, detection probability with basis, and clutter, incidents get
    an ``existence_p``; others have none, with the reason ``no_existence_basis``.
    mechanism_sources : sources whose records are a monitoring mechanism's own. Without any, no
    incident is ``verified``.

    The caller passes no warnings: an alert is not an incident. ``responsibility`` is left at
    ``not_attributed`` for ``attribution`` to judge.

    Weak: a report dated to a day joins the best fit among many events; a record between two
    events joins one of them for good.
    """
    if not observations.num_rows:
        return INCIDENTS.empty()
    # (1)
    nodes = make_nodes(observations, frame=frame, acts=acts, unknown_sd_m=unknown_sd_m, least_sd_m=least_sd_m)
    # (2)
    lead, unit = np.unique(nodes.kin, return_index=True, return_inverse=True)[1:]
    lead, unit = _by_first(lead, unit.reshape(-1))
    # (3)
    first, second, _ = gated_pairs(_points(nodes, lead), gate or Gate())
    # (4)
    group = agglomerate(len(lead), first, second)
    groups = group_rows(group[unit], int(group.max()) + 1)
    # (5)
    existence = Existence(nodes, {} if coverage is None else read_basis(coverage, frame))
    fallible = {source for source, _ in existence.basis}
    return write_incidents(
        nodes,
        groups,
        unit=unit,
        existence_p=existence.probabilities(groups),
        mechanism=np.array([name in mechanism_sources for name in nodes.source.names], dtype=np.bool_),
        fallible=np.array([name in fallible for name in nodes.source.names], dtype=np.bool_),
        verified_at=verified_at,
        frame=frame,
    )


def _by_first(lead: IntArray, unit: IntArray) -> tuple[IntArray, IntArray]:
    """Units numbered in the order of their first node."""
    order = np.argsort(lead, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return lead[order], place[unit]


def _points(nodes: Nodes, lead: IntArray) -> Points:
    return Points(
        x_m=nodes.x_m[lead],
        y_m=nodes.y_m[lead],
        sd_m=nodes.sd_m[lead],
        start_s=nodes.start_s[lead],
        stop_s=nodes.stop_s[lead],
        acts=nodes.acts[lead],
        sensor=nodes.sensor.code[lead],
        look=nodes.look.code[lead],
    )
