"""How well sensors see: detection probabilities from what was declared and from their overlap.

Of acts that one sensor saw, the share that another saw too tells the other's probability, whatever
number happened (the conditional likelihood of Huggins 1989 and Alho 1990, with declared
probabilities as priors). Each record's weight is the probability that it is of an act.

A declaration Beta(a, b) may be wrong as a whole: then the truth is f times it, with one factor for
all sources and one for each. Both cases are fitted, f = 1 and f free, and the posterior is their
mixture by evidence; so a wrong declaration is found out where sensors overlap, and believed where
they do not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.special import betaincinv, betaln, ndtr

from truceline.base.columns import BoolArray, IntArray, number_rows

FloatArray = npt.NDArray[np.float64]

#: how far a declaration may be wrong where it is wrong at all, in logs: all together, one source
ALL_SD, SOURCE_SD = 0.5, 0.15
#: how likely it is, before the records are seen, that the declarations are wrong
WRONG_P = 0.2
_MOST_P = 0.98
_LEAST_P = 1e-4
_MOST_STEPS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Histories:
    """Who could have seen each record's act, and who did: entries sorted by record.

    record, group, hit, share : (n_entries,) which record, whose probability, whether it detected, its
    share of sight. weight : (n_records,) probability that the record is of such an act.
    """

    record: IntArray
    group: IntArray
    hit: BoolArray
    share: FloatArray
    weight: FloatArray

    @property
    def n_records(self) -> int:
        """How many records."""
        return len(self.weight)

    def of_some(self, records: IntArray) -> Histories:
        """Those of some records, ascending, numbered anew."""
        number = np.full(self.n_records, -1, dtype=np.int64)
        number[records] = np.arange(len(records))
        kept = np.flatnonzero(number[self.record] >= 0)
        return Histories(
            record=number[self.record[kept]],
            group=self.group[kept],
            hit=self.hit[kept],
            share=self.share[kept],
            weight=self.weight[records],
        )

    def log_missed(self, detection_p: FloatArray) -> FloatArray:
        """(n_records,) or (n_records, n_draws) log of the chance that all miss it."""
        p = detection_p[self.group]
        share = self.share if p.ndim == 1 else self.share[:, None]
        log = np.log1p(-np.minimum(share * p, _MOST_P))
        return _sums(log, self.record, self.n_records)


def find_alike(histories: Histories) -> tuple[IntArray, IntArray]:
    """(n_records,) number of the records that the same could see with the same shares, and a record of each.

    Told apart by sums of random whole numbers, one for each probability and share.
    """
    n = histories.n_records
    kind, n_kinds = number_rows([histories.group, histories.share])
    mark = np.random.default_rng(0).integers(0, 1 << 63, size=n_kinds, dtype=np.uint64)
    name = np.zeros(n, dtype=np.uint64)
    record = histories.record
    if len(record):
        start = np.flatnonzero(np.concatenate([[True], record[1:] != record[:-1]]))
        name[record[start]] = np.add.reduceat(mark[kind], start)
    _, first, number = np.unique(name, return_index=True, return_inverse=True)
    return number.reshape(-1), first


def _sums(values: FloatArray, record: IntArray, n: int) -> FloatArray:
    """Sums by record; entries are sorted by it."""
    total = np.zeros((n, *values.shape[1:]))
    if len(record):
        start = np.flatnonzero(np.concatenate([[True], record[1:] != record[:-1]]))
        total[record[start]] = np.add.reduceat(values, start, axis=0)
    return total


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """Posterior of the probabilities.

    draws : (n_groups, n_draws). mean : (n_groups,). wrong_p : probability that the declarations are
    wrong as a whole; factor : by how much then, on the average of all.
    """

    draws: FloatArray
    mean: FloatArray
    wrong_p: float
    factor: float

    @property
    def with_mean(self) -> FloatArray:
        """(n_groups, n_draws + 1) the draws, and last the mean."""
        return np.column_stack([self.draws, self.mean])


def learn_probabilities(
    histories: Histories, beta: FloatArray, source: IntArray, *, n_draws: int, rng: np.random.Generator
) -> Learnt:
    """Posterior draws of every group's probability.

    beta : (n_groups, 2) as declared. source : (n_groups,) which source each group is of.
    """
    data = _Data.of(histories)
    fits = [_fit(data, beta, source, free=free) for free in (False, True)]
    evidence = np.array([fit.evidence for fit in fits]) + np.log([1 - WRONG_P, WRONG_P])
    wrong_p = float(1 / (1 + np.exp(np.clip(evidence[0] - evidence[1], -700, 700))))
    from_wrong = np.arange(n_draws) < round(wrong_p * n_draws)
    score = rng.standard_normal((2, n_draws, len(beta)))
    draws = np.empty((len(beta), n_draws))
    for fit, mine, z in zip(fits, (~from_wrong, from_wrong), score, strict=True):
        if mine.any():
            draws[:, mine] = fit.draw(z[mine])
    return Learnt(
        draws=draws[:, rng.permutation(n_draws)],
        mean=draws.mean(axis=1),
        wrong_p=wrong_p,
        factor=float(np.exp(fits[1].factor)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Data:
    """Records with the same history and watchers are one, with the sum of their weights."""

    record: IntArray
    group: IntArray
    hit: BoolArray
    share: FloatArray
    weight: FloatArray

    @classmethod
    def of(cls, histories: Histories) -> _Data:
        """Records that two or more could see; the others say nothing of any probability."""
        n = histories.n_records
        could = np.bincount(histories.record, minlength=n)
        use = (could > 1) & (histories.weight > 1e-3)
        kept = use[histories.record]
        number = np.cumsum(use) - 1
        return cls(
            record=number[histories.record[kept]],
            group=histories.group[kept],
            hit=histories.hit[kept],
            share=histories.share[kept],
            weight=histories.weight[use],
        )

    def score(self, log_p: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Log-likelihood, and its derivative by entry (of its group's log p), weighted, and unweighted."""
        n = len(self.weight)
        sp = np.minimum(self.share * np.exp(log_p[self.group]), _MOST_P)
        odds = sp / (1 - sp)
        log_miss = np.log1p(-sp)
        log_all = _sums(log_miss, self.record, n)
        none = np.exp(log_all)
        value = _sums(np.where(self.hit, np.log(sp), log_miss), self.record, n) - np.log1p(-none)
        each = np.where(self.hit, 1.0, -odds) - (none / (1 - none))[self.record] * odds
        return float(self.weight @ value), each * self.weight[self.record], each


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    """Mode and curvature of log p."""

    log_p: FloatArray
    covariance: FloatArray
    factor: float
    evidence: float

    def draw(self, z: FloatArray) -> FloatArray:
        """(n_groups, n) draws: normal scores, each laid on the Beta with this mode and curvature."""
        variance = np.maximum(np.diag(self.covariance), 1e-12)
        root = np.linalg.cholesky(self.covariance + 1e-12 * np.eye(len(variance)))
        level = ndtr(np.clip((z @ root.T) / np.sqrt(variance), -6, 6))
        p = np.clip(np.exp(self.log_p), _LEAST_P, _MOST_P)
        # near its bound log p bends more than its curvature there says: it is spread by its sd, and no more
        a = np.maximum((1 - p) / variance, 1 / np.sqrt(variance))
        b = 1 + a * (1 - p) / p
        return np.asarray(np.clip(betaincinv(a, b, level), _LEAST_P, _MOST_P).T, dtype=np.float64)


def _fit(data: _Data, beta: FloatArray, source: IntArray, *, free: bool) -> _Fit:
    """Mode of log p (and, if free, of the factors), with the evidence by Laplace's method.

    Unknowns: log β of each group, β being what a true declaration would have drawn; the log of the
    common factor; the log of each source's own. log p = log β + both.
    """
    n, n_sources = len(beta), int(source.max()) + 1 if len(source) else 0
    a, b = beta[:, 0], beta[:, 1]
    n_free = 1 + n_sources if free else 0
    # log p = both @ unknowns
    both = np.hstack([np.eye(n), np.zeros((n, n_free))])
    if free:
        both[:, n] = 1
        both[np.arange(n), n + 1 + source] = 1
    sd = np.concatenate([[ALL_SD], np.full(n_sources, SOURCE_SD)]) if free else np.zeros(0)
    low = np.concatenate([np.full(n, np.log(_LEAST_P)), np.full(n_free, -2.5)])
    high = np.concatenate([np.full(n, np.log(0.999)), np.full(n_free, 1.5)])

    def value(theta: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Log posterior, the likelihood's derivative by group, and by entry."""
        log_p = np.minimum(both @ theta, np.log(_MOST_P))
        likelihood, weighted, each = data.score(log_p)
        share = np.exp(theta[:n])
        prior = float((a * theta[:n] + (b - 1) * np.log1p(-share) - betaln(a, b)).sum())
        slope = np.bincount(data.group, weights=weighted, minlength=n).astype(np.float64)
        return likelihood + prior - 0.5 * float(((theta[n:] / sd) ** 2).sum()), slope, each

    theta = np.concatenate([np.log(a / (a + b)), np.zeros(n_free)])
    now, slope, each = value(theta)
    for _ in range(_MOST_STEPS):
        precision = _precision(data, each, theta, beta, both, sd)
        share = np.exp(theta[:n])
        gradient = both.T @ slope
        gradient[:n] += a - (b - 1) * share / (1 - share)
        gradient[n:] -= theta[n:] / sd**2
        step = np.linalg.solve(precision, gradient)
        if float(gradient @ step) < 1e-6:
            break
        for halving in range(12):
            moved = np.clip(theta + step / 2**halving, low, high)
            then = value(moved)
            if then[0] > now:
                theta, (now, slope, each) = moved, then
                break
        else:
            break
    precision = _precision(data, each, theta, beta, both, sd)
    covariance = both @ np.linalg.inv(precision) @ both.T
    evidence = now - 0.5 * float(np.linalg.slogdet(precision)[1]) - float(np.log(sd).sum())
    return _Fit(
        log_p=np.minimum(both @ theta, np.log(_MOST_P)),
        covariance=covariance,
        factor=float(theta[n]) if free else 0.0,
        evidence=evidence,
    )


def _precision(
    data: _Data, each: FloatArray, theta: FloatArray, beta: FloatArray, both: FloatArray, sd: FloatArray
) -> FloatArray:
    """Curvature of the posterior: of the likelihood by the records' own scores, of the priors exactly."""
    n = len(beta)
    root = each * np.sqrt(data.weight)[data.record]
    by_record = csr_matrix((root, (data.record, data.group)), shape=(len(data.weight), n))
    precision: FloatArray = both.T @ (by_record.T @ by_record).toarray() @ both
    share = np.exp(theta[:n])
    # of a flat Beta at least a little
    prior = np.maximum((beta[:, 1] - 1) * share / (1 - share) ** 2, 0.5)
    precision[np.arange(len(theta)), np.arange(len(theta))] += np.concatenate([prior, 1 / sd**2])
    return precision
