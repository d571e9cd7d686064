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

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
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


def likelihoods(impacts: Impacts, model: FireModel) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Likelihood of each incident if the holder, the other party, or neither did it; each (n,)."""
    nodes, weights = _gauss()
    offset = nodes * impacts.line_sd_m[:, None]
    beyond = ndtr((impacts.distance_m[:, None] - offset) / impacts.distance_sd_m[:, None])
    side_other = (1 - model.short_p) * beyond + model.short_p * (1 - beyond)
    side_holder = (1 - model.short_p) * (1 - beyond) + model.short_p * beyond
    seen: npt.NDArray[np.bool_] = np.all(np.isfinite(impacts.from_distance_m), axis=1)
    shift = impacts.from_distance_m[:, :, None] - offset[:, None, :]
    own = ndtr(shift / impacts.from_sd_m[:, :, None]).mean(axis=1)
    own = np.where(seen[:, None], own, 0.5)
    from_holder = (1 - model.stray_p) * own + model.stray_p * (1 - own)
    from_other = (1 - model.stray_p) * (1 - own) + model.stray_p * own
    holder = (side_holder * from_holder) @ weights
    other = (side_other * from_other) @ weights
    return holder, other, np.full(len(holder), 0.25)


def posteriors(
    holder: FloatArray, other: FloatArray, neither: FloatArray, model: FireModel
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Probabilities from likelihoods and the prior: the parties alike, the rest to neither."""
    prior = (1 - model.other_p) / 2
    parts = prior * holder, prior * other, model.other_p * neither
    # the sum is made the same way whoever holds the ground: exchange must change no bit
    total = (parts[0] + parts[1]) + parts[2]
    return parts[0] / total, parts[1] / total, parts[2] / total
