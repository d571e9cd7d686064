"""How often the effect test cries wolf, how often its interval holds, and what it can see.

Simulated series of which the truth is known, in nine regimes and three shapes, beside two peers on
the same numbers: a Poisson e-test with the same mixture of rates and a plug-in baseline, and the
textbook test of a rate ratio (conditional binomial, two-sided, 5 %).

Run: ``python benchmarks/effect_calibration.py --runs 2000 --out docs/benchmarks/effect_calibration.md``
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import scipy
from scipy.special import betainc, gammaln, logsumexp

from truceline.assurance.e_value import E_THRESHOLD, LOG_RATIOS, measure_evidence
from truceline.assurance.effect import calibrate
from truceline.assurance.regression import lay_out
from truceline.assurance.series import FloatArray, Series, SeriesModel, SeriesSpec
from truceline.assurance.window import total_at_most
from truceline.base.intervals import Interval

START = datetime(2030, 1, 7, tzinfo=UTC)
BASELINE_DAYS = 49
RATIOS = (1.0, 0.5, 0.1)
HOUR_PATTERN = np.array([0.7, 0.85, 1.2, 1.25])


@dataclass(frozen=True)
class Shape:
    """bin_h : length of a bin; n_window : bins of the window, which follows the baseline."""

    name: str
    bin_h: int
    n_window: int

    @property
    def n_baseline(self) -> int:
        return BASELINE_DAYS * 24 // self.bin_h

    def template(self) -> Series:
        n = self.n_baseline + self.n_window
        step = timedelta(hours=self.bin_h)
        bins = tuple(Interval(START + k * step, START + (k + 1) * step) for k in range(n))
        window = np.arange(n) >= self.n_baseline
        spec = SeriesSpec(
            id="series",
            title="",
            source="source",
            measure="starts",
            unit="one",
            bin_h=self.bin_h,
            area="area",
            kind="sensor",
            model=SeriesModel(hour=self.bin_h < 24, weekday=True, trend=True),
        )
        return Series(
            spec=spec,
            bins=bins,
            count=np.zeros(n),
            exposure=np.ones(n),
            in_baseline=~window,
            in_window=window,
            row_refs=tuple(() for _ in bins),
        )


SHAPES = (
    Shape("6 h bins, window of 30 h", 6, 5),
    Shape("days, window of 1 day", 24, 1),
    Shape("days, a window as long as its past", 24, 49),
)

#: a regime returns counts and exposures, (n_bins,) each; ``change`` multiplies the true rate
Regime = Callable[[Shape, FloatArray, np.random.Generator], tuple[FloatArray, FloatArray]]


def _rate(shape: Shape, rng: np.random.Generator) -> FloatArray:
    """Per-bin rates: 8 or 40 a day, with a daily pattern where bins are shorter than a day."""
    n = shape.n_baseline + shape.n_window
    per_bin = float(rng.choice([8.0, 40.0])) * shape.bin_h / 24
    return per_bin * (HOUR_PATTERN[np.arange(n) % 4] if shape.bin_h == 6 else np.ones(n))


def _negative_binomial(rate: FloatArray, kappa: float, rng: np.random.Generator) -> FloatArray:
    return rng.poisson(rng.gamma(kappa, rate / kappa)).astype(np.float64)


def _kappa(shape: Shape, daily: float) -> float:
    return daily * shape.bin_h / 24


def poisson(shape: Shape, change: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    rate = _rate(shape, rng) * change
    return rng.poisson(rate).astype(np.float64), np.ones(len(rate))


def overdispersed(
    shape: Shape, change: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    rate = _rate(shape, rng) * change
    return _negative_binomial(rate, _kappa(shape, 16.0), rng), np.ones(len(rate))


def clustered(shape: Shape, change: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Cascades: sizes geometric with mean 3, gaps within one exponential with mean 8 minutes."""
    rate = _rate(shape, rng) * change
    count = np.zeros(len(rate))
    for position, parents in enumerate(rng.poisson(rate / 3)):
        for size in rng.geometric(1 / 3, size=parents):
            delay_h = rng.random() * shape.bin_h + np.cumsum(rng.exponential(8 / 60, size=size))
            place = position + (delay_h // shape.bin_h).astype(int)
            np.add.at(count, place[place < len(count)], 1.0)
    return count, np.ones(len(rate))


def weekday_trend(
    shape: Shape, change: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    rate = _rate(shape, rng) * change
    day = np.arange(len(rate)) * shape.bin_h // 24
    weekday = np.exp(rng.normal(0, 0.2, size=7))[day % 7]
    trend = np.exp(rng.normal(0, 0.2) * (day - BASELINE_DAYS / 2) / 30)
    return _negative_binomial(rate * weekday * trend, _kappa(shape, 16.0), rng), np.ones(len(rate))


def day_effect(shape: Shape, change: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """A latent effect per day, log-normal with sd .3, correlated .5 from one day to the next."""
    rate = _rate(shape, rng) * change
    n_days = len(rate) * shape.bin_h // 24 + 1
    latent = np.zeros(n_days + 1)
    latent[0] = rng.normal()
    for k in range(1, n_days + 1):
        latent[k] = 0.5 * latent[k - 1] + np.sqrt(0.75) * rng.normal()
    day = np.arange(len(rate)) * shape.bin_h // 24
    return _negative_binomial(rate * np.exp(0.3 * latent[day] - 0.045), _kappa(shape, 24.0), rng), np.ones(
        len(rate)
    )


def reporting_surge(
    shape: Shape, change: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Twice as much is seen in the window, and the coverage says so."""
    rate = _rate(shape, rng) * change
    exposure = np.where(np.arange(len(rate)) >= shape.n_baseline, 0.9, 0.45)
    return _negative_binomial(rate * exposure, _kappa(shape, 16.0), rng), exposure


def outages(shape: Shape, change: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """A fifth of the bins is missing at random, the others are seen in part."""
    rate = _rate(shape, rng) * change
    exposure = rng.uniform(0.3, 1.0, size=len(rate))
    count = _negative_binomial(rate * exposure, _kappa(shape, 16.0), rng)
    gone = (rng.random(len(rate)) < 0.2) & (np.arange(len(rate)) < shape.n_baseline)
    return np.where(gone, np.nan, count), exposure


def wandering(shape: Shape, change: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """A level in a random walk: a factor of e^.03 from one day to the next, on average."""
    rate = _rate(shape, rng) * change
    day = np.arange(len(rate)) * shape.bin_h // 24
    level = np.cumsum(rng.normal(0, 0.03, size=day[-1] + 1))[day]
    return _negative_binomial(rate * np.exp(level), _kappa(shape, 24.0), rng), np.ones(len(rate))


def unlike_months(
    shape: Shape, change: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Levels that last 30 days and then are others, log-normal with sd .25."""
    rate = _rate(shape, rng) * change
    day = np.arange(len(rate)) * shape.bin_h // 24
    month = (day + rng.integers(30)) // 30
    level = rng.normal(0, 0.25, size=month[-1] + 1)[month]
    return _negative_binomial(rate * np.exp(level), _kappa(shape, 24.0), rng), np.ones(len(rate))


REGIMES: dict[str, Regime] = {
    "Poisson": poisson,
    "negative binomial": overdispersed,
    "clustered (cascades)": clustered,
    "weekday and trend": weekday_trend,
    "latent day effect, autocorrelated": day_effect,
    "reporting surge, known to coverage": reporting_surge,
    "outages": outages,
    "level in a random walk": wandering,
    "months unlike each other": unlike_months,
}


@dataclass
class Score:
    runs: int = 0
    alarm: int = 0
    alarm_poisson: int = 0
    alarm_ratio: int = 0
    evidence: float = 0.0
    log_ratio: float = 0.0
    covered: dict[float, int] = field(default_factory=lambda: dict.fromkeys(RATIOS, 0))
    reported: dict[float, int] = field(default_factory=lambda: dict.fromkeys(RATIOS, 0))


def score_regime(shape: Shape, regime: Regime, *, runs: int, seed: int) -> Score:
    score = Score()
    template = shape.template()
    truth = np.arange(shape.n_baseline + shape.n_window) >= shape.n_baseline
    for run in range(runs):
        past, exposure = regime(shape, np.ones(len(truth)), np.random.default_rng([seed, run]))
        before = np.isfinite(past) & ~truth
        design = lay_out(replace(template, count=past, exposure=exposure))
        _, window = calibrate(
            past, design, before=before, during=truth, family="count", rng=np.random.default_rng(run)
        )
        for ratio in RATIOS:
            # the same seed gives the same rates, latent effects and exposures: only the window differs
            change = np.where(truth, ratio, 1.0)
            seen = regime(shape, change, np.random.default_rng([seed, run]))[0][truth]
            evidence = float(measure_evidence(seen[None, :], window)[0])
            total = float(seen.sum())
            score.covered[ratio] += (
                total_at_most(total, ratio, window) >= 0.025
                and total_at_most(total - 1, ratio, window) <= 0.975
            )
            score.reported[ratio] += evidence >= E_THRESHOLD
            if ratio == 1.0:
                score.alarm += evidence >= E_THRESHOLD
                score.evidence += evidence
                score.alarm_poisson += _poisson_e(past, exposure, before, truth, shape) >= 20
                score.alarm_ratio += _ratio_p(past, exposure, before, truth) <= 0.05
    score.runs = runs
    return score


def _poisson_e(
    count: FloatArray, exposure: FloatArray, before: np.ndarray, during: np.ndarray, shape: Shape
) -> float:
    """Lindon & Kallus 2024 with a plug-in rate per bin of the day."""
    phase = np.arange(len(count)) % (24 // shape.bin_h)
    rate = np.array(
        [
            count[before & (phase == k)].sum() / exposure[before & (phase == k)].sum()
            for k in range(phase.max() + 1)
        ]
    )
    mean = np.maximum(rate[phase] * exposure, 1e-9)[during]
    seen = count[during]
    log_ratio = LOG_RATIOS[:, None]
    fit = seen * (np.log(mean) + log_ratio) - mean * np.exp(log_ratio) - gammaln(seen + 1)
    null = seen * np.log(mean) - mean - gammaln(seen + 1)
    return float(np.exp(min(logsumexp(fit.sum(axis=1)) - np.log(len(log_ratio)) - null.sum(), 600)))


def _ratio_p(count: FloatArray, exposure: FloatArray, before: np.ndarray, during: np.ndarray) -> float:
    """Two-sided p of the window's total given both totals, both taken as Poisson."""
    seen, past = count[during].sum(), count[before].sum()
    share = exposure[during].sum() / (exposure[during].sum() + exposure[before].sum())
    at_most = betainc(past, seen + 1, 1 - share) if past > 0 else 1.0
    at_least = 1.0 if seen == 0 else betainc(seen, past + 1, share)
    return float(min(1.0, 2 * min(at_most, at_least)))


def write_report(scores: dict[tuple[str, str], Score], *, runs: int, seconds: float) -> str:
    lines = [
        "# Calibration of the effect test",
        "",
        f"{runs:,} simulated series per regime and shape; baseline of {BASELINE_DAYS} days; 8 or 40 events a day; seed 2030.",
        "False alarm: share of series without a change that are reported (E ≥ 20); target ≤ 5 %. Peers, on the same",
        "series: Poisson e-test with a plug-in baseline (E ≥ 20), and the textbook rate-ratio test (p ≤ .05).",
        "Interval: share of 95 % intervals that hold the true ratio. Reported: share of true changes with E ≥ 20.",
        "",
    ]
    for shape in SHAPES:
        lines += [
            f"## {shape.name}",
            "",
            "| regime | false alarm | mean E | Poisson e-test | ratio test | interval, 1 | interval, .5 | interval, .1 | reported, .5 | reported, .1 |",
            "|---|---|---|---|---|---|---|---|---|---|",
        ]
        for name in REGIMES:
            one = scores[shape.name, name]
            assert one.covered is not None
            assert one.reported is not None
            cells = [
                f"**{one.alarm / runs:.1%}**",
                f"{one.evidence / runs:.2f}",
                f"{one.alarm_poisson / runs:.1%}",
                f"{one.alarm_ratio / runs:.1%}",
                *(f"{one.covered[ratio] / runs:.1%}" for ratio in RATIOS),
                *(f"{one.reported[ratio] / runs:.1%}" for ratio in RATIOS[1:]),
            ]
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
        lines.append("")
    lines += [
        f"Python {platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__}; {seconds:.0f} s on one core.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    begun = time.perf_counter()
    scores = {
        (shape.name, name): score_regime(shape, regime, runs=options.runs, seed=2030)
        for shape in SHAPES
        for name, regime in REGIMES.items()
    }
    report = write_report(scores, runs=options.runs, seconds=time.perf_counter() - begun)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(report, encoding="utf-8")
    print(report)


if __name__ == "__main__":
    main()
