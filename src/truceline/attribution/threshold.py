"""When nobody is named: the threshold, chosen by conformal risk control, and what the choice leans on.

Of incidents whose doer is known, in order of falling score, let w(τ) be how many are wrongly named at τ and
k(τ) how many are named. The smallest τ is taken for which

    (w(τ′) + 1) / (k(τ′) + 1) ≤ α   for every τ′ ≥ τ

which is the bound of Angelopoulos, Bates, Fisch, Lei & Schuster (*Conformal risk control*, 2024) for the
share of wrong names among names, made monotone in τ by taking the worst of all stricter thresholds; the
extra error is their B / (n + 1). It holds for a new case as far as that case is like the fronts that it
was calibrated on: ``CALIBRATED_ON`` says which these are.
"""

from __future__ import annotations

import numpy as np

from truceline.base.columns import BoolArray
from truceline.base.geodesy import FloatArray

#: share of wrong names among names
ALPHA = 0.01
#: the strictest that ``choose_threshold`` gives of ``CALIBRATED_ON`` (tools/calibrate_attribution.py)
THRESHOLD_P = 0.996
CALIBRATED_ON = (
    "simulated fronts with floods of complaints and with staged events (flood, falseflag), seeds 0 to 3, "
    "incidents as fused; ground truth of the simulator; no real case has one"
)
#: of a case with fewer hard traces than a fit needs nothing shows that the calibration carries over
UNCALIBRATED_P = 0.998


def choose_threshold(score: FloatArray, wrong: BoolArray, *, alpha: float = ALPHA) -> float:
    """The smallest threshold under which at most ``alpha`` of the names are wrong; inf: there is none.

    score : (n,) of incidents that might be named; wrong : (n,) whether the name would be wrong.
    """
    order = np.argsort(-score, kind="stable")
    ordered = score[order]
    named = np.arange(1, len(order) + 1)
    risk = (np.cumsum(wrong[order]) + 1) / (named + 1)
    # incidents of one score are named together
    last = np.append(ordered[1:] != ordered[:-1], True) if len(ordered) else np.zeros(0, dtype=np.bool_)
    within = risk <= alpha
    # the few at the top cannot show it by themselves: more than 1 / alpha must be named
    shown = named + 1 > 1 / alpha
    worst = np.flatnonzero(last & shown & ~within)
    best = np.flatnonzero(last & shown & within)
    if len(worst):
        best = best[best < worst[0]]
    return float(ordered[best[-1]]) if len(best) else float("inf")
