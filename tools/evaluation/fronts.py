"""Simulated fronts for the parts: played once, kept while they fit."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

from evaluation.rows import Budget

REGIMES = (
    "plain", "quiet", "war", "cloud", "burning", "surge", "flood", "falseflag", "mimicry", "outage", "wrongp",
)  # fmt: skip
_KEPT = 2
_played: OrderedDict[tuple[Any, ...], Any] = OrderedDict()


def front(regime: str, *, seed: int, **size: Any) -> Any:
    """One played front (``truceline.simulate.Front``); ``size`` overrides the regime's own."""
    simulate: Any = import_module("truceline.simulate")
    key = (regime, seed, *sorted(size.items()))
    if key not in _played:
        _played[key] = simulate.play(simulate.read_regime(regime, **size), seed=seed)
        while len(_played) > _KEPT:
            _played.popitem(last=False)
    _played.move_to_end(key)
    return _played[key]


def fronts(regime: str, seeds: Sequence[int], budget: Budget) -> Iterator[tuple[int, Any]]:
    """Seed and front, one after the other, until the budget is spent; the first one in any case."""
    for k, seed in enumerate(seeds):
        if k and budget.left_s() <= 0:
            return
        yield seed, front(regime, seed=seed, **budget.size)
