"""What an order is worth: does the interval hold the truth, how wide is it, how often does it cry wolf.

Fronts are played with orders that arrive in some sectors, staggered, and never in the others
(``simulate.play``). Sectors where the order arrived within a day count as acknowledged, those where it never
did as silent, those between are left out. Each sector's salvos a day are thinned by a coverage that is
known and changes. The truth follows from the orders: what each sector's rate becomes under them.

Run: ``python benchmarks/order_worth.py --runs 1000 --out docs/benchmarks/order_worth.md``
"""

from __future__ import annotations

import argparse
import platform
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np
import scipy

from truceline.assurance.contrast import LEAST_PARTS, measure_contrast
from truceline.assurance.series import FloatArray, Series, SeriesModel, SeriesSpec
from truceline.base.intervals import Interval
from truceline.simulate import play, read_regime
from truceline.simulate.front import Front, terrain_of
from truceline.simulate.regime import Regime, Sensing

BASELINE_DAYS, WINDOW_DAYS, SETTLE_DAYS = 49, 14, 1
DAYS = BASELINE_DAYS + SETTLE_DAYS + WINDOW_DAYS


@dataclass(frozen=True)
class Start:
    """One kind of start. remaining : share of fire that goes on where the order arrived."""

    name: str
    regime: str = "plain"
    salvos_per_day: float = 300
    remaining: float = 0.3
    surge: float = 1.0  #: what coverage becomes in the window, in every sector, and is known
    sector_km: float = 100
    share: float = 1.0  #: of the runs asked for
    look_back: bool = False  #: whether the end of the past is compared too


STARTS = (
    Start("nothing changes", remaining=1.0),
    Start("fire falls to 0.3", remaining=0.3),
    Start("eight sectors, falls to 0.3", sector_km=250),
    Start("nothing changes, coverage doubles", remaining=1.0, surge=2.0, share=0.25, look_back=True),
    Start("fire falls to 0.05", remaining=0.05, share=0.25),
    Start("quiet front, falls to 0.3", salvos_per_day=30, share=0.25),
)


@dataclass
class Score:
    runs: int = 0
    told: int = 0
    covered: int = 0
    differs: int = 0
    before: int | None = None
    log_width: list[float] = field(default_factory=list)
    log_error: list[float] = field(default_factory=list)


def regime_of(start: Start) -> Regime:
    """The regime of a start: no sensor but one that hardly looks, since truth itself is counted."""
    patrol = {"patrol": Sensing(form="look", per_1000_km=0.1, radius_km=4, p={"any": 0.5})}
    silent = {"p_struck": 0.0, "p_fired": 0.0, "p_neutral": 0.0, "rumour_share": 0.0, "copies": 0.0}
    regime = read_regime(
        start.regime, days=DAYS, sector_km=start.sector_km, salvos_per_day=start.salvos_per_day
    )
    return regime.model_copy(
        update={
            "sensors": patrol,
            "reports": {name: one.model_copy(update=silent) for name, one in regime.reports.items()},
            "hotline_share": 0.0,
            "map_days": DAYS,
            "truce": regime.truce.model_copy(
                update={"from_share": (BASELINE_DAYS + 1e-6) / DAYS, "remaining": start.remaining, "delay_mean_h": 8.0, "arrives": 0.6}
            ),
        }
    )  # fmt: skip


def score_start(start: Start, *, runs: int, first_seed: int) -> Score:
    score, regime = Score(), regime_of(start)
    for seed in range(first_seed, first_seed + runs):
        front = play(regime, seed=seed)
        arrived, silent = sides(front)
        count, exposure = counts(front, len(arrived), surge=start.surge, rng=np.random.default_rng([seed, 1]))
        series = [series_of(front, count[k], exposure[k]) for k in range(len(arrived))]
        found = measure_contrast(
            [series[k] for k in np.flatnonzero(arrived)],
            [series[k] for k in np.flatnonzero(silent)],
            seed=seed,
            look_back=start.look_back,
        )
        score.runs += 1
        if found.ratio_lo95 is None:
            continue
        true = truth(front, seed, arrived, silent)
        high = np.inf if found.ratio_hi95 is None else found.ratio_hi95
        score.told += 1
        score.covered += found.ratio_lo95 <= true <= high
        score.differs += found.differs
        if start.look_back:
            score.before = (score.before or 0) + found.differed_before
        score.log_width.append(np.log(min(high, 1e3)) - np.log(max(found.ratio_lo95, 1e-3)))
        if found.ratio:
            score.log_error.append(float(np.log(found.ratio / true)))
    return score


def sides(front: Front) -> tuple[np.ndarray, np.ndarray]:
    """(n_sectors,) where the order arrived at both parties in time, and where it never did."""
    delay_s = np.array(front.truth.facts["orders"]["delay_s"])
    return np.all(delay_s <= SETTLE_DAYS * 86400, axis=0), np.all(delay_s >= DAYS * 86400, axis=0)


def counts(
    front: Front, n_sectors: int, *, surge: float, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """(n_sectors, n_days) salvos seen, and the share that could be; NaN where nobody looked."""
    table = front.truth.incidents
    act = np.array(table["act"].to_pylist())
    name = np.array(table["sector"].to_pylist())[act != "advance"]
    number = np.array([int(one.rsplit("-", 1)[1]) - 1 for one in name.tolist()])  # sectors are named from 1
    moment = table["occurred_at"].to_numpy().astype("datetime64[s]")[act != "advance"]
    day = ((moment - np.datetime64(front.start.replace(tzinfo=None), "s")) / np.timedelta64(1, "D")).astype(
        int
    )
    happened = np.zeros((n_sectors, DAYS))
    keep = (number < n_sectors) & (day >= 0) & (day < DAYS)
    np.add.at(happened, (number[keep], day[keep]), 1)
    usual = rng.uniform(0.2, 0.6, (n_sectors, 1)) * rng.uniform(0.6, 1.2, (n_sectors, DAYS))
    usual[:, BASELINE_DAYS:] *= surge
    exposure = np.clip(usual, 0, 1)
    seen = rng.binomial(happened.astype(int), exposure).astype(float)
    gone = rng.random((n_sectors, DAYS)) < 0.1
    return np.where(gone, np.nan, seen), np.where(gone, 0.0, exposure)


def series_of(front: Front, count: FloatArray, exposure: FloatArray) -> Series:
    step = timedelta(days=1)
    bins = tuple(Interval(front.start + k * step, front.start + (k + 1) * step) for k in range(DAYS))
    spec = SeriesSpec(id="fire", title="", source="fire", measure="records", unit="salvo", area="sector", kind="sensor", model=SeriesModel(trend=False))  # fmt: skip
    day = np.arange(DAYS)
    return Series(
        spec=spec,
        bins=bins,
        count=count,
        exposure=exposure,
        in_baseline=day < BASELINE_DAYS,
        in_window=day >= BASELINE_DAYS + SETTLE_DAYS,
        row_refs=tuple(() for _ in bins),
    )


def truth(front: Front, seed: int, arrived: np.ndarray, silent: np.ndarray) -> float:
    """The ratio of ratios that the orders make of the sectors' mean rates.

    λ_i = s_i (μ/2 + f λ_i + a λ_j), s the share that goes on, μ by the hot spots in the sector.
    """
    regime, terrain = front.regime, terrain_of(front.regime, seed)
    fire, n = regime.fire, len(arrived)
    spots = np.bincount(terrain.sector(terrain.spot_y_km), minlength=n) / len(terrain.spot_y_km)
    usual = fire.hot_spot_share * spots + (1 - fire.hot_spot_share) / n
    remaining = np.array(front.truth.facts["orders"]["remaining"])
    share = np.where(silent, 1.0, remaining)
    goes_on = np.array([_rate(share[:, k], regime) / _rate(np.ones(2), regime) for k in range(n)])
    ratios = [(usual * goes_on)[side].sum() / usual[side].sum() for side in (arrived, silent)]
    return float(ratios[0] / ratios[1])


def _rate(share: FloatArray, regime: Regime) -> float:
    f, a = regime.fire.follow_up_mean, regime.fire.answer_mean
    matrix = np.array([[1 - share[0] * f, -share[0] * a], [-share[1] * a, 1 - share[1] * f]])
    # explosions of neither party's making go on, order or none
    return float(np.linalg.solve(matrix, share / 2).sum()) + regime.fire.neither_share


def write_report(scores: dict[str, Score], *, runs: int, seconds: float) -> str:
    lines = [
        "# What an order is worth: calibration",
        "",
        f"Simulated starts (`simulate.play`; {runs:,} of the kinds that matter most), front of 2,000 km, {BASELINE_DAYS} days before and {WINDOW_DAYS} after,",
        "orders that arrive in three sectors of five, staggered (mean 8 h), and never in the others; salvos of each",
        "sector and day, seen with a chance of 0.1 to 0.7 that is known and changes, a tenth of the days missing.",
        f"Told: share of starts with {LEAST_PARTS} sectors or more on either side, so that there is an interval. Of these, *interval*: share",
        "of 95 % intervals that hold the true ratio of ratios (to hold: ≥ 93 %); *differs*: share that leave out 1 (a false",
        "alarm where nothing changes; to hold: ≤ 5 %); *before*: share in which the end of the past already differs;",
        "*width*: median of upper over lower end; *error*: median of estimate over truth, and the quartiles' distance.",
        "",
        "| start | runs | told | interval | differs | before | width | error |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, one in scores.items():
        n = max(one.told, 1)
        before = "–" if one.before is None else f"{one.before / n:.1%}"
        width = f"× {np.exp(np.median(one.log_width)):.1f}" if one.log_width else "–"
        error = "–"
        if one.log_error:
            low, middle, high = np.exp(np.quantile(one.log_error, [0.25, 0.5, 0.75]))
            error = f"{middle:.2f} ({low:.2f} to {high:.2f})"
        lines.append(
            f"| {name} | {one.runs:,} | {one.told / one.runs:.1%} | **{one.covered / n:.1%}** | {one.differs / n:.1%} | {before} | {width} | {error} |"
        )
    lines += [
        "",
        f"Python {platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__}; {seconds:.0f} s on one core; seeds from 2031.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    begun = time.perf_counter()
    scores: dict[str, Score] = {}
    for one in STARTS:
        scores[one.name] = score_start(one, runs=round(options.runs * one.share), first_seed=2031)
        report = write_report(scores, runs=options.runs, seconds=time.perf_counter() - begun)
        if options.out:  # a long run is of use from its first start on
            options.out.parent.mkdir(parents=True, exist_ok=True)
            options.out.write_text(report, encoding="utf-8")
        print(report.splitlines()[-3], flush=True)
    print(report)


if __name__ == "__main__":
    main()
