"""Greedy complete-link agglomeration: every two members of a group may be one incident."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]


def agglomerate(n: int, first: IntArray, second: IntArray) -> IntArray:
    """Merge along pairs, best first; a merge needs every cross pair to be among the pairs.

    first, second : (n_pairs,) pairs that may be together, best first, each pair once.
    group : (n,) number of each unit's group, in the order of its first member.

    ``links[a][b]`` counts the pairs between two groups: they may merge where it equals the product
    of their sizes. The work grows with the number of pairs, not with the square of n.
    """
    group = list(range(n))
    size = [1] * n
    members: list[list[int]] = [[i] for i in range(n)]
    links: list[dict[int, int]] = [{} for _ in range(n)]
    pairs = list(zip(first.tolist(), second.tolist(), strict=True))
    for i, j in pairs:
        links[i][j] = 1
        links[j][i] = 1
    for i, j in pairs:
        a, b = group[i], group[j]
        if a == b or links[a].get(b, 0) != size[a] * size[b]:
            continue
        if len(links[a]) < len(links[b]):
            a, b = b, a
        for c, count in links[b].items():
            if c == a:
                continue
            total = links[a].get(c, 0) + count
            links[a][c] = total
            links[c][a] = total
            del links[c][b]
        links[a].pop(b, None)
        links[b].clear()
        for member in members[b]:
            group[member] = a
        members[a] += members[b]
        members[b] = []
        size[a] += size[b]
    return np.unique(np.array(_by_first(group), dtype=np.int64), return_inverse=True)[1].astype(np.int64)


def _by_first(group: list[int]) -> list[int]:
    seen: dict[int, int] = {}
    return [seen.setdefault(name, len(seen)) for name in group]
