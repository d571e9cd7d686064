"""Who fired, given where it landed, which way it flew and where the line may run.

Each party fires from its own ground, mostly across the line. Everything is told by how far an impact
lies *outside* a party's ground, t_m (metres, negative: on it), and by the angle α_m between a direction
of fire and the way out of that ground; what one party's likelihood is made of, every other's is too.

    L_place(m fired)  = (1 − ε) g(t_m; θ) + ε g(−t_m; ρ θ)
    L_place(m staged) = g(−t_m; θ)
    L_dir(m)          = (1 − η) M(α_m; κ) + η / 2π          for each record that tells a direction

g is the density of a depth plus a normal error, of the place and of the line together. The depth is
½ Gamma(2, θ) + ½ Exp(2 θ), of mean 2 θ by act, for both of which there is a closed form; ε is fire that
falls short onto one's own side, ρ how much nearer the line that lies. *Staged* is fire onto one's own
ground to have the other blamed: place and accusations then speak against the wrong party together, and
only a direction speaks against them. M is von Mises' density about the way out, η a direction that is not
of this event. What is of neither party lies at Exp(θ_other) on either side and tells no direction but a
stray one. μ of all places are wrong altogether and say nothing.

The line's error enters only the place: a line that is shifted or stale spoils the side, by widening g,
and not the way a shell was seen to fly.

Hypotheses stand in columns: fired by each party, staged by each party, neither; (n, 2 n_parties + 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.special import erfcx, i0e, ndtr

from truceline.base.columns import BoolArray, FloatArray, IntArray

_ROOT_2PI, _ROOT_HALF_PI, _ROOT_2 = (float(np.sqrt(one)) for one in (2 * np.pi, np.pi / 2, 2.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class FireModel:
    """Assumptions, each stated; ``pattern.fit_pattern`` moves them towards what a case's hard traces say.

    None of them is of one party: what holds for one holds for all.
    """

    #: θ: the mean distance beyond the line at which fire of an act lands is 2 θ
    depth_m: Mapping[str, float] = field(
        default_factory=lambda: {"shelling": 2_000.0, "rocket_salvo": 4_000.0, "small_drone": 2_000.0}
    )
    depth_else_m: float = 2_500.0  #: the same of acts that are not named
    short_p: float = 0.04  #: ε
    short_share: float = 0.5  #: ρ
    staged_p: float = 0.003
    misplaced_p: float = 0.005  #: μ
    stray_p: float = 0.04  #: η
    direction_sd_deg: float = 30.0  #: κ = 1 / sd²
    other_p: float = 0.02  #: prior of neither party, or of an accident
    other_depth_m: float = 6_000.0
    line_factor: float = 1.0  #: of the line's standard deviation
    weight: float = 50.0  #: how many incidents each assumption is worth against those of the case

    def scale_m(self, act: str | None) -> float:
        """θ of an act."""
        return self.depth_else_m if act is None else self.depth_m.get(act, self.depth_else_m)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What hard traces say of each incident: (n,), (n, n_parties), and by record (r,), (r, n_parties)."""

    act: IntArray  #: place in ``acts``; −1: unknown
    acts: tuple[str, ...]
    existence_p: FloatArray  #: how likely it is that there was anything to be judged
    outside_m: FloatArray  #: (n, n_parties) how far outside each party's ground
    place_sd_m: FloatArray
    line_sd_m: FloatArray
    record: IntArray  #: (r,) the incident that a record is of, in order
    told: BoolArray  #: (r,) whether it tells a direction
    told_share: FloatArray  #: (r,) how often its source does
    way_out: FloatArray  #: (r, n_parties) cosine of α; NaN: no direction

    def __len__(self) -> int:
        return len(self.act)

    @property
    def n_parties(self) -> int:
        """How many parties there are."""
        return int(self.outside_m.shape[1])

    def at(self, rows: IntArray) -> Evidence:
        """The same of some incidents, in their order."""
        place = np.full(len(self), -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        kept = np.flatnonzero(place[self.record] >= 0)
        kept = kept[np.argsort(place[self.record[kept]], kind="stable")]
        return Evidence(
            act=self.act[rows], acts=self.acts, existence_p=self.existence_p[rows], outside_m=self.outside_m[rows],
            place_sd_m=self.place_sd_m[rows], line_sd_m=self.line_sd_m[rows],
            record=place[self.record[kept]], told=self.told[kept], told_share=self.told_share[kept],
            way_out=self.way_out[kept],
        )  # fmt: skip


def any_order_sum(values: FloatArray) -> FloatArray:
    """Sum over the last axis, the same bits in whatever order the parties stand."""
    if values.shape[-1] == 2:  # of two either order is the same
        return np.asarray(values[..., 0] + values[..., 1])
    ordered = np.sort(values, axis=-1)
    total = ordered[..., 0].copy()
    for k in range(1, ordered.shape[-1]):
        total += ordered[..., k]
    return np.asarray(total)


def landing_density(beyond_m: FloatArray, sd_m: FloatArray, scale_m: FloatArray) -> FloatArray:
    """Density per metre at ``beyond_m`` of ½ Gamma(2, scale) + ½ Exp(2 scale), each + N(0, sd²)."""
    return 0.5 * (_gamma_density(beyond_m, sd_m, scale_m) + _exp_density(beyond_m, sd_m, 2 * scale_m))


def _gamma_density(beyond_m: FloatArray, sd_m: FloatArray, scale_m: FloatArray) -> FloatArray:
    """Gamma(2, scale) + N(0, sd²): with τ = beyond / scale, s = sd / scale and μ = (τ − s²) / s,
    s φ(τ / s) (1 + μ Φ(μ) / φ(μ)) / scale."""
    s = np.maximum(sd_m / scale_m, 1e-3)
    tau = beyond_m / scale_m
    tau, s = np.broadcast_arrays(tau, s)
    mu = (tau - s * s) / s
    high = mu > 0
    found = np.empty(tau.shape)
    with np.errstate(under="ignore"):
        t, w, m = tau[high], s[high], mu[high]
        found[high] = np.exp(w * w / 2 - t) * w * (m * ndtr(m) + np.exp(-0.5 * m * m) / _ROOT_2PI)
        t, w, m = tau[~high], s[~high], mu[~high]
        # of large −μ the bracket cancels: there it is 1 / μ²
        bracket = np.where(
            m > -300.0, 1 + m * _ROOT_HALF_PI * erfcx(-m / _ROOT_2), 1 / np.maximum(m * m, 1.0)
        )
        found[~high] = w * np.exp(-0.5 * (t / w) ** 2) / _ROOT_2PI * bracket
    return np.asarray(found / scale_m)


def _exp_density(beyond_m: FloatArray, sd_m: FloatArray, scale_m: FloatArray) -> FloatArray:
    """Exp(scale) + N(0, sd²): exp(s² / 2 − τ) Φ(τ / s − s) / scale."""
    s = np.maximum(sd_m / scale_m, 1e-3)
    tau, s = np.broadcast_arrays(beyond_m / scale_m, s)
    mu = tau / s - s
    high = mu > 0
    found = np.empty(tau.shape)
    with np.errstate(under="ignore"):
        found[high] = np.exp(s[high] ** 2 / 2 - tau[high]) * ndtr(mu[high])
        found[~high] = np.exp(-0.5 * (tau[~high] / s[~high]) ** 2) * 0.5 * erfcx(-mu[~high] / _ROOT_2)
    return np.asarray(found / scale_m)


def strewn_density(outside_m: FloatArray, sd_m: FloatArray, scale_m: float) -> FloatArray:
    """Density per metre of Exp(scale) on either side of the line + N(0, sd²)."""
    scale = np.asarray(scale_m)
    return 0.5 * (_exp_density(outside_m, sd_m, scale) + _exp_density(-outside_m, sd_m, scale))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceParts:
    """(n, n_parties) densities of fire across the line, short of it, staged; (n,) of neither."""

    across: FloatArray
    short: FloatArray
    staged: FloatArray
    other: FloatArray


def place_parts(evidence: Evidence, model: FireModel) -> PlaceParts:
    """Densities of the places, before ε and μ; of an unknown act the mean over the acts as often as known."""
    sd = np.hypot(evidence.place_sd_m, model.line_factor * evidence.line_sd_m)[:, None]
    across, short, staged = (np.zeros(evidence.outside_m.shape) for _ in range(3))
    share = np.bincount(evidence.act[evidence.act >= 0], minlength=max(len(evidence.acts), 1)) + 1.0
    share /= share.sum()
    unknown = np.flatnonzero(evidence.act < 0)
    for k, act in enumerate(evidence.acts or (None,)):
        scale = np.asarray(model.scale_m(act))
        for rows, weight in ((np.flatnonzero(evidence.act == k), 1.0), (unknown, float(share[k]))):
            if len(rows):
                outside, spread = evidence.outside_m[rows], sd[rows]
                across[rows] += weight * landing_density(outside, spread, scale)
                staged[rows] += weight * landing_density(-outside, spread, scale)
                short[rows] += weight * landing_density(-outside, spread, scale * model.short_share)
    strewn = strewn_density(evidence.outside_m, sd, model.other_depth_m)
    other = any_order_sum(strewn) / evidence.n_parties
    return PlaceParts(across=across, short=short, staged=staged, other=other)


def place_loglik(parts: PlaceParts, model: FireModel) -> FloatArray:
    """(n, 2 n_parties + 1) log-likelihood of the place."""
    fired = (1 - model.short_p) * parts.across + model.short_p * parts.short
    anybody = any_order_sum(fired)[:, None] / fired.shape[1]
    each = np.column_stack([fired, parts.staged, parts.other])
    each = (1 - model.misplaced_p) * each + model.misplaced_p * anybody
    return np.asarray(np.log(np.maximum(each, np.finfo(np.float64).tiny)))


def concentration(model: FireModel) -> float:
    """κ of the directions."""
    return 1.0 / float(np.radians(model.direction_sd_deg)) ** 2


def direction_density(way_out: FloatArray, model: FireModel) -> FloatArray:
    """Von Mises' density of directions with that cosine to the way out."""
    kappa = concentration(model)
    return np.asarray(np.exp(kappa * (way_out - 1)) / (2 * np.pi * i0e(kappa)))


def direction_loglik(evidence: Evidence, model: FireModel) -> FloatArray:
    """(n, 2 n_parties + 1) log-likelihood of the directions that records tell, and of those that tell none."""
    told, n = evidence.told, len(evidence)
    if not len(told):
        return np.zeros((n, 2 * evidence.n_parties + 1))
    stray = model.stray_p / (2 * np.pi)
    each = np.zeros((len(told), evidence.n_parties + 1))
    seen = direction_density(evidence.way_out[told], model)
    each[told, :-1] = np.log((1 - model.stray_p) * seen + stray)
    each[told, -1] = np.log(stray)
    # what flew from nowhere tells no direction but a stray one
    share = np.clip(evidence.told_share[~told], 0.0, 0.95)
    each[~told, :-1] = np.log1p(-share)[:, None]
    each[~told, -1] = np.log1p(-share * model.stray_p)
    found = [np.bincount(evidence.record, weights=column, minlength=n) for column in each.T]
    return np.column_stack([*found[:-1], *found[:-1], found[-1]])


def hard_loglik(evidence: Evidence, model: FireModel) -> FloatArray:
    """(n, 2 n_parties + 1) log-likelihood of place and directions under each hypothesis."""
    return place_loglik(place_parts(evidence, model), model) + direction_loglik(evidence, model)


def log_prior(n_parties: int, model: FireModel) -> FloatArray:
    """(2 n_parties + 1,) the parties alike, the rest to neither."""
    each = (1 - model.other_p) / n_parties
    fired, staged = each * (1 - model.staged_p), each * model.staged_p
    each_p = np.repeat([fired, staged, model.other_p], [n_parties, n_parties, 1])
    return np.asarray(np.log(each_p))


def posteriors(loglik: FloatArray, prior: FloatArray) -> FloatArray:
    """(n, 2 n_parties + 1) probabilities; the same bits in whatever order the parties stand."""
    weights = loglik + prior
    weights = np.exp(weights - weights.max(axis=1, keepdims=True))
    return np.asarray(weights / any_order_sum(weights)[:, None])


def by_party(p: FloatArray) -> FloatArray:
    """(n, n_parties + 1) probability of each party, whether it fired or staged it, and of neither."""
    k = p.shape[1] // 2
    return np.column_stack([p[:, :k] + p[:, k:-1], p[:, -1]])


def party_ratio(loglik: FloatArray, model: FireModel) -> FloatArray:
    """(n,) likelihood of the likeliest party against the next, apart from the parties' prior."""
    k = loglik.shape[1] // 2
    fired, staged = loglik[:, :k] + np.log1p(-model.staged_p), loglik[:, k:-1] + np.log(model.staged_p)
    two = np.sort(np.logaddexp(fired, staged), axis=1)[:, -2:]
    return np.asarray(np.exp(np.minimum(two[:, 1] - two[:, 0], 700.0)))
