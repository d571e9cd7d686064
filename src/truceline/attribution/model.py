"""Who fired, given where it landed, where it came from and where the line may run.

Each party is taken to fire from its own side, mostly across the line. For a line that runs an
unknown δ ~ N(0, σ²) off its drawing, towards the holder's side, and an impact at signed distance d:

    L_side(holder | δ) = (1 − ε) P(d < δ) + ε P(d > δ)
    L_from(holder | δ) = (1 − η) q(δ) + η (1 − q(δ))

with q the probability that the place fired from lies on the holder's side, averaged over the range
and over the error of the direction; for the other party the two terms are exchanged. The product
is averaged over δ, so that one error of the line bends both at once and is not counted as two
independent witnesses. Impact side alone, or direction alone, cannot reach a posterior of 0.95
under the default ε, η and prior: one mistake must not blame anybody.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from truceline.base.geodesy import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class FireModel:
    """Assumptions of the likelihood, each stated and none learned."""

    short_p: float = 0.05  #: ε: fire that lands on the firing party's own side
    stray_p: float = 0.04  #: η: a direction of fire that is wrong altogether
    ranges_m: tuple[float, ...] = (3_000.0, 5_000.0, 8_000.0, 12_000.0)  #: supposed, alike likely
    direction_sd_deg: float = 10.0
    other_p: float = 0.02  #: prior of neither party, or of an accident


@dataclass(frozen=True, slots=True, kw_only=True)
class Impacts:
    """What is known of each incident, (n,) or (n, n_ranges)."""

    distance_m: FloatArray  #: of the impact from the line, positive on the holder's side
    distance_sd_m: FloatArray  #: of the impact's own place
    line_sd_m: FloatArray
    from_distance_m: FloatArray  #: (n, n_ranges) of the places fired from; NaN: no direction
    from_sd_m: FloatArray  #: (n, n_ranges)


def _gauss(n_nodes: int = 129, reach_sd: float = 4.0) -> tuple[FloatArray, FloatArray]:
    """Symmetric nodes and weights of a standard normal (a plain grid: the integrand has steps)."""
    nodes = np.linspace(-reach_sd, reach_sd, n_nodes)
    weights = np.exp(-0.5 * nodes**2)
    return nodes, weights / weights.sum()


def likelihoods(
    impacts: Impacts, model: FireModel, *, at_once: int = 2_048
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Likelihood of each incident if the holder, the other party, or neither did it; each (n,).

    ``at_once`` incidents are taken together, in two threads; neither changes a bit.
    """
    n = len(impacts.distance_m)
    holder, other = np.empty(n), np.empty(n)

    def fill(begin: int) -> None:
        part = slice(begin, begin + at_once)
        holder[part], other[part] = _likelihoods(impacts, part, model)

    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(fill, range(0, n, at_once)))
    return holder, other, np.full(n, 0.25)


def _likelihoods(impacts: Impacts, part: slice, model: FireModel) -> tuple[FloatArray, FloatArray]:
    nodes, weights = _gauss()
    offset = nodes * impacts.line_sd_m[part, None]
    beyond = ndtr((impacts.distance_m[part, None] - offset) / impacts.distance_sd_m[part, None])
    side_other = (1 - model.short_p) * beyond + model.short_p * (1 - beyond)
    side_holder = (1 - model.short_p) * (1 - beyond) + model.short_p * beyond
    from_m, from_sd_m = impacts.from_distance_m[part], impacts.from_sd_m[part]
    seen = np.flatnonzero(np.all(np.isfinite(from_m), axis=1))
    own = np.full(beyond.shape, 0.5)
    shift = from_m[seen, :, None] - offset[seen, None, :]
    own[seen] = ndtr(shift / from_sd_m[seen, :, None]).mean(axis=1)
    from_holder = (1 - model.stray_p) * own + model.stray_p * (1 - own)
    from_other = (1 - model.stray_p) * (1 - own) + model.stray_p * own
    return _average(side_holder * from_holder, weights), _average(side_other * from_other, weights)


def _average(values: FloatArray, weights: FloatArray) -> FloatArray:
    """(n,) weighted sum over the nodes of each row.

    Not by a matrix product, whose last bit depends on what other rows are multiplied with it; and
    the two halves are put together first, so that a line turned round gives the same bits.
    """
    weighted = values * weights
    half = weighted.shape[1] // 2
    both = weighted[:, :half] + weighted[:, : -half - 1 : -1]
    return np.asarray(both.sum(axis=1) + weighted[:, half])


def posteriors(
    holder: FloatArray, other: FloatArray, neither: FloatArray, model: FireModel
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Probabilities from likelihoods and the prior: the parties alike, the rest to neither."""
    prior = (1 - model.other_p) / 2
    parts = prior * holder, prior * other, model.other_p * neither
    # the sum is made the same way whoever holds the ground: exchange must change no bit
    total = (parts[0] + parts[1]) + parts[2]
    return parts[0] / total, parts[1] / total, parts[2] / total
