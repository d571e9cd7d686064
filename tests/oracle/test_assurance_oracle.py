"""The effect test and the bounds against independent arithmetic."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import numpy as np
import pytest
from scipy.special import betaincinv, betaln

from truceline.assurance.bounds import detection_limit, poisson_limit
from truceline.assurance.e_value import measure_evidence
from truceline.assurance.regression import Design, fit_baseline, log_density
from truceline.assurance.window import Window, predict_total, ratio_interval, total_at_most
from truceline.base.intervals import Interval
from truceline.coverage.exposure import measure_exposure


def quantiles(a: float, b: float, n: int = 1024) -> np.ndarray:
    return betaincinv(a, b, (np.arange(n) + 0.5) / n)


@pytest.mark.filterwarnings("ignore")  # the oracle's own optimiser warns of steps it takes back
def test_the_fit_agrees_with_statsmodels_where_nothing_is_shrunk():
    """Coefficients within .01 in logs (the oracle has one dispersion, here it is averaged over)."""
    from statsmodels.discrete.discrete_model import NegativeBinomial

    rng = np.random.default_rng(3)
    n = 400
    columns = np.column_stack([np.ones(n), rng.normal(size=n), rng.integers(0, 2, size=n)])
    exposure = rng.uniform(0.4, 1.0, size=n)
    rate = np.exp(columns @ [2.5, 0.3, -0.4]) * exposure
    count = rng.poisson(rng.gamma(5.0, rate / 5.0)).astype(float)
    design = Design(columns=columns, offset=np.log(exposure), prior_precision=np.full(3, 1e-6))
    fit = fit_baseline(count, design, family="count")
    oracle = NegativeBinomial(count, columns, exposure=exposure).fit(disp=False)
    assert fit.coefficients == pytest.approx(oracle.params[:3], abs=0.01)
    assert math.log(fit.mean_alpha) == pytest.approx(math.log(oracle.params[3]), abs=0.2)
    assert np.sqrt(np.diag(fit.spread)) == pytest.approx(oracle.bse[:3], rel=0.15)


@pytest.mark.parametrize(("mean", "kappa"), [(0.4, 0.7), (5.0, 3.0), (60.0, 20.0)])
def test_probabilities_are_those_of_the_negative_binomial(mean, kappa):
    from scipy.stats import nbinom

    count = np.arange(200.0)
    ours = np.exp(log_density(count, np.full(200, math.log(mean)), 1 / kappa, family="count"))
    assert ours == pytest.approx(nbinom.pmf(count, kappa, kappa / (kappa + mean)), abs=1e-12)


def test_densities_are_those_of_the_gamma():
    from scipy.stats import gamma

    amount = np.linspace(0.1, 30, 50)
    ours = np.exp(log_density(amount, np.full(50, math.log(6.0)), 0.4, family="amount"))
    assert ours == pytest.approx(gamma.pdf(amount, 2.5, scale=6.0 * 0.4), rel=1e-9)


def known_window(mean: float, alpha: float) -> Window:
    """A window of one bin of which everything is known."""
    return Window(family="count", log_rate=np.full((3, 1), math.log(mean)), alpha=np.full(3, alpha))


def test_evidence_is_exactly_one_on_average_by_enumeration():
    """Σ_c P(c) E(c) = 1 for a known rate: an e-value, not merely a score."""
    window = known_window(2.0, 0.5)
    count = np.arange(3000.0)
    probability = np.exp(log_density(count, np.full(3000, math.log(2.0)), 0.5, family="count"))
    evidence = measure_evidence(count[:, None], window)
    assert float(probability @ evidence) == pytest.approx(1.0, abs=1e-3)
    assert float(probability @ (evidence >= 20)) <= 0.05


def test_evidence_is_the_mixture_written_out():
    window = known_window(30.0, 0.05)
    by_hand = 0.0
    kappa = 20.0
    weights = {k: 2 ** (-abs(k) / 4) for k in range(-10, 11) if k}
    for k, weight in weights.items():
        r = 2 ** (k / 2)
        by_hand += (
            weight * r**3 * ((kappa + 30.0) / (kappa + 30.0 * r)) ** (kappa + 3) / sum(weights.values())
        )
    assert float(measure_evidence(np.array([[3.0]]), window)[0]) == pytest.approx(by_hand, rel=1e-9)


def test_the_total_has_the_distribution_of_its_only_bin():
    from scipy.stats import nbinom

    window = known_window(12.0, 0.25)
    for total in (0, 3, 12, 40):
        assert total_at_most(total, 1.0, window) == pytest.approx(nbinom.cdf(total, 4, 4 / 16), abs=1e-12)
    low, high = predict_total(window)
    assert (low, high) == (nbinom.ppf(0.025, 4, 4 / 16), nbinom.ppf(0.975, 4, 4 / 16))


def test_the_interval_of_the_ratio_inverts_both_tails():
    window = known_window(40.0, 0.1)
    low, high = ratio_interval(13.0, window)
    assert total_at_most(12, low, window) == pytest.approx(0.975, abs=1e-6)
    assert total_at_most(13, high, window) == pytest.approx(0.025, abs=1e-6)


@pytest.mark.parametrize(("n", "expected"), [(0, 2.996), (1, 4.744), (5, 10.513)])
def test_poisson_limits_are_the_tabled_ones(n, expected):
    """Half the 95 % point of χ² with 2n + 2 degrees of freedom (any table)."""
    assert poisson_limit(n, 1.0) == pytest.approx(expected, abs=0.001)
    assert poisson_limit(n, 0.5) == pytest.approx(2 * expected, abs=0.002)


@pytest.mark.parametrize(("a", "b"), [(1.0, 1.0), (8.0, 4.0), (0.8, 2.0), (2.0, 18.0), (40.0, 10.0)])
def test_without_a_detection_the_limit_is_that_of_the_beta_binomial(a, b):
    """Smallest N with B(a, b+N)/B(a, b) ≤ .05, searched one by one; within 1 in 100 of it."""
    n = next(n for n in range(1, 10**6) if betaln(a, b + n) - betaln(a, b) <= math.log(0.05))
    assert detection_limit(0, quantiles(a, b)) == pytest.approx(n, abs=1 + 0.01 * n)


@pytest.mark.parametrize("detections", [0, 1, 4])
def test_with_detections_the_limit_is_that_of_exact_fractions(detections):
    """p ~ Beta(2, 2), enumerated with whole numbers: P(n | N) = C(N,n) B(n+2, N−n+2)/B(2, 2)."""

    def chance(number: int) -> Fraction:
        total = Fraction(0)
        for n in range(detections + 1):
            beta = Fraction(
                math.factorial(n + 1) * math.factorial(number - n + 1), math.factorial(number + 3)
            )
            total += math.comb(number, n) * beta * 6
        return total

    exact = next(number for number in range(detections + 1, 1000) if chance(number) <= Fraction(1, 20))
    assert detection_limit(detections, quantiles(2, 2)) == pytest.approx(exact, abs=1)


def test_exposure_agrees_with_counting_minutes():
    rng = np.random.default_rng(5)
    start = datetime(2030, 1, 1, tzinfo=UTC)
    bins = [Interval(start + timedelta(hours=6 * k), start + timedelta(hours=6 * k + 6)) for k in range(8)]
    rows, seen = [], np.ones((2, 48 * 60))
    for k in range(30):
        low, length, area = int(rng.integers(0, 47 * 60)), int(rng.integers(1, 300)), int(rng.integers(0, 2))
        share = float(rng.choice([0.0, 0.3, 0.8]))
        rows.append(
            {
                "coverage_id": str(k), "sensor_id": None, "look_id": None, "area_id": "ab"[area], "radius_m": None,
                "longitude_deg": None, "latitude_deg": None, "available_share": share, "reason": "outage",
                "window_start": start + timedelta(minutes=low), "window_stop": start + timedelta(minutes=low + length),
            }
        )  # fmt: skip
        part = slice(low, low + length)
        seen[area, part] = np.minimum(seen[area, part], share)
    ours = measure_exposure(rows, area_ids=frozenset("ab"), speaking_areas=frozenset("ab"), bins=bins)
    assert ours == pytest.approx(seen.mean(axis=0).reshape(8, 360).mean(axis=1), abs=1e-9)
