"""What fusion learned of each source, against the truth: do its intervals hold, are its ranks even."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
import pyarrow.compute as pc
from scipy.special import betainc, gammainc

from evaluation.rows import Picture, Ranks, Row, row
from truceline.base.columns import floats, micros
from truceline.fusion.posterior import Learned, nothing_learned, read_posterior


def learn_sources(front: Any) -> Learned:
    """What incidents as fused say of a front's sources."""
    associate: Any = import_module("truceline.fusion.associate").associate
    collapse: Any = import_module("truceline.origins.collapse").collapse_copies
    found: list[Any] = []
    associate(
        collapse(front.observations), frame=front.frame, acts=front.acts, coverage=front.coverage, areas=front.areas,
        hard_sources=front.hard_sources, tell=found.append,
    )  # fmt: skip
    return read_posterior(found[0]) if found else nothing_learned()


def true_probability(front: Any, key: tuple[str, float, float, str, str]) -> float | None:
    """As the simulator drew it; None where two declarations read alike."""
    source, _a, _b, basis, act = key
    found = [
        one["true_p"]
        for one in front.truth.facts["detection"]
        if one["source"] == source
        and one["act"] == (act or "any")
        and bool(one["night"]) == ("by night" in basis)
        and (one["sensor"] < 0 or f"{source}-{one['sensor'] + 1:03d}," in basis)
    ]
    return float(found[0]) if len(found) == 1 else None


def true_factor(front: Any, source: str) -> float:
    """False detections of a source over what its coverage declares of them."""
    table, coverage = front.observations, front.coverage.filter(pc.equal(front.coverage["source_id"], source))
    false = pc.and_(pc.equal(table["source_id"], source), pc.equal(front.truth.links["truth_id"], ""))
    days = (micros(coverage["window_stop"]) - micros(coverage["window_start"])) / 86.4e9
    declared = floats(coverage["clutter_per_day"]) * floats(coverage["available_share"]) * days
    return float(pc.sum(false).as_py() / np.nansum(declared))


@dataclass(slots=True, kw_only=True)
class SourceTally:
    """Ranks of true detection probabilities and false detections in their posteriors, by whether they hold."""

    ranks: list[float] = field(default_factory=list)
    factors: list[float] = field(default_factory=list)

    def add(self, front: Any, learned: Learned) -> None:
        """One front."""
        for one in learned.detects:
            truth = true_probability(front, (one.source_id, one.declared_a, one.declared_b, one.basis, one.act or ""))  # fmt: skip
            if truth is not None:
                self.ranks.append(float(betainc(one.a, one.b, truth)))
        for err in learned.errs:
            self.factors.append(float(gammainc(err.shape, err.rate * true_factor(front, err.source_id))))

    def rows(self, regime: str) -> list[Row | Picture]:
        """Shares of intervals that hold, and the ranks."""
        made: list[Row | Picture] = []
        for name, ranks in (("detection probabilities", self.ranks), ("false detections", self.factors)):
            if ranks:
                held = np.mean([0.025 <= one <= 0.975 for one in ranks])
                made.append(row(f"95 % intervals of {name} hold, as fusion learned them", regime, "", float(held), n=len(ranks)))  # fmt: skip
        counts = np.histogram(self.ranks, bins=20, range=(0, 1))[0]
        made.append(Ranks(name=f"learned-{regime}", title=f"Detection probabilities as fusion learned them, {regime}", counts=tuple(int(one) for one in counts)))  # fmt: skip
        return made
