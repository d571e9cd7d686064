"""Boosted trees on a few features: a strong yardstick for probabilities, in NumPy alone.

Gradient boosting of the logistic loss (Friedman 2001) on binned features with second-order leaves
(Chen & Guestrin 2016, eq. 6 and 7). Not fast and not for use outside of scoring.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from truceline.base.columns import BoolArray, FloatArray, IntArray

N_BINS = 48

Bins = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A full binary tree: (n_inner,) feature and bin of each node, (n_leaves,) value; goes left where bin ≤ cut."""

    feature: IntArray
    cut: IntArray
    leaf: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Boosted:
    """A forest: edges of the bins of each feature, log-odds to begin with, trees."""

    names: tuple[str, ...]
    edges: tuple[FloatArray, ...]
    start: float
    trees: tuple[Tree, ...]

    def probabilities(self, features: FloatArray) -> FloatArray:
        """(n,) for features (n, n_features); NaN is a value of its own, the lowest."""
        binned = _binned(features, self.edges)
        score = np.full(len(features), self.start)
        for tree in self.trees:
            score += tree.leaf[_leaves(binned, tree)]
        return np.asarray(1 / (1 + np.exp(-score)))

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "names": list(self.names),
            "edges": [edge.tolist() for edge in self.edges],
            "start": self.start,
            "trees": [{key: value.tolist() for key, value in asdict(tree).items()} for tree in self.trees],
        }


def from_dict(entry: dict[str, Any]) -> Boosted:
    """The same read back."""
    return Boosted(
        names=tuple(entry["names"]),
        edges=tuple(np.array(edge, dtype=np.float64) for edge in entry["edges"]),
        start=float(entry["start"]),
        trees=tuple(
            Tree(
                feature=np.array(tree["feature"], dtype=np.int64),
                cut=np.array(tree["cut"], dtype=np.int64),
                leaf=np.array(tree["leaf"], dtype=np.float64),
            )
            for tree in entry["trees"]
        ),
    )


def train(
    features: FloatArray,
    happened: BoolArray,
    *,
    names: tuple[str, ...],
    n_trees: int = 120,
    depth: int = 4,
    rate: float = 0.12,
    ridge: float = 2.0,
    least_weight: float = 4.0,
) -> Boosted:
    """Train on features (n, n_features) and outcomes (n,); deterministic.

    Raises
    ------
    ValueError
        If there are no rows.
    """
    if not len(happened):
        raise ValueError("got no rows to train on, expected some")
    edges = tuple(_edges(features[:, f]) for f in range(features.shape[1]))
    binned = _binned(features, edges)
    y = happened.astype(np.float64)
    mean = float(np.clip(y.mean(), 1e-4, 1 - 1e-4))
    start = float(np.log(mean / (1 - mean)))
    score = np.full(len(y), start)
    trees = []
    for _ in range(n_trees):
        p = 1 / (1 + np.exp(-score))
        tree = _grow(binned, y - p, p * (1 - p), depth=depth, ridge=ridge, least_weight=least_weight)
        tree = Tree(feature=tree.feature, cut=tree.cut, leaf=rate * tree.leaf)
        score += tree.leaf[_leaves(binned, tree)]
        trees.append(tree)
    return Boosted(names=names, edges=edges, start=start, trees=tuple(trees))


def _edges(values: FloatArray) -> FloatArray:
    known = values[np.isfinite(values)]
    if not len(known):
        return np.zeros(0)
    return np.unique(np.quantile(known, np.linspace(0, 1, N_BINS)[1:-1]))


def _binned(features: FloatArray, edges: tuple[FloatArray, ...]) -> Bins:
    """(n, n_features): 0 for NaN, else 1 + the number of edges below."""
    columns = [
        np.where(np.isnan(features[:, f]), 0, 1 + np.searchsorted(edge, features[:, f], side="left"))
        for f, edge in enumerate(edges)
    ]
    return np.column_stack(columns).astype(np.uint8)


def _leaves(binned: Bins, tree: Tree) -> IntArray:
    """(n,) leaf of each row."""
    node = np.zeros(len(binned), dtype=np.int64)
    rows = np.arange(len(binned))
    n_inner = len(tree.feature)
    while len(node) and node[0] < n_inner:  # full: all rows are at one depth
        right = binned[rows, tree.feature[node]] > tree.cut[node]
        node = 2 * node + 1 + right
    return node - n_inner


def _grow(
    binned: Bins, gradient: FloatArray, weight: FloatArray, *, depth: int, ridge: float, least_weight: float
) -> Tree:
    """One tree, level by level: the split of most gain G_l² / (H_l + r) + G_r² / (H_r + r) − G² / (H + r)."""
    n, n_features = binned.shape
    n_bins = N_BINS + 2
    node = np.zeros(n, dtype=np.int64)
    features, cuts = [], []
    flat = binned.astype(np.int64) + np.arange(n_features) * n_bins
    for level in range(depth):
        n_nodes = 2**level
        index = (flat + (node * n_features * n_bins)[:, None]).ravel()
        shape = n_nodes, n_features, n_bins
        size = int(np.prod(shape))
        g = np.bincount(index, np.repeat(gradient, n_features), minlength=size).reshape(shape).cumsum(axis=2)
        h = np.bincount(index, np.repeat(weight, n_features), minlength=size).reshape(shape).cumsum(axis=2)
        whole_g, whole_h = g[:, :, -1:], h[:, :, -1:]
        gain = (
            g**2 / (h + ridge) + (whole_g - g) ** 2 / (whole_h - h + ridge) - whole_g**2 / (whole_h + ridge)
        )
        gain = np.where((h < least_weight) | (whole_h - h < least_weight), 0.0, gain).reshape(n_nodes, -1)
        best = gain.argmax(axis=1)
        feature, cut = best // n_bins, best % n_bins
        nothing = gain.max(axis=1) <= 0
        feature[nothing], cut[nothing] = 0, n_bins  # all go left
        features.append(feature)
        cuts.append(cut)
        node = 2 * node + (binned[np.arange(n), feature[node]] > cut[node])
    total_g = np.bincount(node, gradient, minlength=2**depth)
    total_h = np.bincount(node, weight, minlength=2**depth)
    return Tree(
        feature=np.concatenate(features).astype(np.int64),
        cut=np.concatenate(cuts).astype(np.int64),
        leaf=total_g / (total_h + ridge),
    )
