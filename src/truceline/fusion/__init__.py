"""Observations → incidents, by a Poisson multi-Bernoulli mixture over partitions.

``associate`` is the whole of it for tables in memory; ``blocks.associate_in_blocks`` for more. Underneath:

- ``engine.make_scene(nodes, watches, hard_sources=…) -> Scene``: what no estimate changes;
- ``learning.learn(scene, parameters, label) -> Parameters``: p, φ and λ from what hard sensors detected;
- ``parameters.weigh(scene, parameters) -> Evidence``: arrays, each node by itself;
- ``gating.gated_pairs(points, gate) -> first, second``: nodes that may be one event;
- ``partition.find_partition(evidence, first, second) -> label``: the kernel, a pure function; what it
  finds for a node depends on the nodes that pairs lead to from it;
- ``existence.judge_tracks(scene, parameters, singles, label, n_tracks) -> Existence``.
"""

from truceline.fusion.associate import associate

__all__ = ["associate"]
