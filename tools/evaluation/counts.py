"""The effect test on simulated counts: moments of a fall and intervals of a ratio, in thousands of runs.

A front is too dear for many runs, and the moment of a fall is of one series; so counts are drawn here by
a recipe of their own: bursts of a few acts, a level that wanders by days, a rhythm of the day and the
week, and an order that arrives at a random moment. None of it is the fitted model: that has no bursts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from evaluation.rows import PUBLISHED_SEEDS, Budget, Picture, Ranks, Row, row
from truceline.assurance.effect import calibrate
from truceline.assurance.onset import Onset, find_onset
from truceline.assurance.regression import lay_out
from truceline.assurance.series import FloatArray, Series, SeriesModel, SeriesSpec
from truceline.assurance.window import total_at_most
from truceline.base.intervals import Interval

TITLE = "Effect on simulated counts: when fire fell, and by how much"
WHOLE = True
RUNS, QUICK_RUNS = 500, 12
START = datetime(2031, 3, 1, tzinfo=UTC)
BEFORE_D, DURING_D = 30, 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How counts come about. wander_sd : of the log level, of a day's step; pull : share of it kept."""

    name: str
    about: str
    wander_sd: float
    pull: float
    burst: float  #: mean number of acts that come together


RECIPES = (
    Recipe(name="steady", about="single acts, a level that stays", wander_sd=0.0, pull=0.0, burst=1.0),
    Recipe(name="bursts", about="acts in bursts of 3", wander_sd=0.0, pull=0.0, burst=3.0),
    Recipe(name="wandering", about="bursts of 3, a level that wanders by .2 a day", wander_sd=0.2, pull=0.7, burst=3.0),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Counts, and what is true of them. ratio : rate of the truce over that without one."""

    count: FloatArray
    fell: datetime
    ratio: float


def draw_counts(
    recipe: Recipe, rng: np.random.Generator, *, bin_h: int, a_day: float, delayed: bool
) -> Drawn:
    """One series. delayed: the order arrives up to three days late; else as the truce begins."""
    hours = np.arange(0, 24 * (BEFORE_D + DURING_D), bin_h, dtype=np.float64)
    rhythm = 1 + 0.6 * np.cos((hours % 24 - 18) / 24 * 2 * np.pi) * (bin_h < 24)
    rhythm *= np.where((hours // 24 + START.weekday()) % 7 >= 5, 0.8, 1.0)
    step = rng.normal(0, recipe.wander_sd, BEFORE_D + DURING_D)
    level = np.zeros(len(step))
    for k in range(1, len(step)):
        level[k] = recipe.pull * level[k - 1] + step[k]
    rate = a_day * bin_h / 24 * rhythm * np.exp(level[(hours // 24).astype(np.int64)])
    remaining = float(rng.uniform(0.1, 0.6))
    fell_h = 24.0 * BEFORE_D + (float(rng.uniform(0, 72)) if delayed else 0.0)
    after = np.clip((hours + bin_h - fell_h) / bin_h, 0, 1)
    share = 1 - after * (1 - remaining)
    starts = rng.poisson(rate * share / recipe.burst)
    # bursts are geometric, which has the mean asked for
    more = rng.negative_binomial(np.maximum(starts, 1), 1 / recipe.burst) * (starts > 0)
    return Drawn(
        count=(starts + more).astype(np.float64), fell=START + timedelta(hours=fell_h), ratio=remaining
    )


def make_series(drawn: Drawn, *, bin_h: int) -> Series:
    """As the effect test is given it."""
    begin = [START + timedelta(hours=float(k) * bin_h) for k in range(len(drawn.count))]
    bins = tuple(Interval(one, one + timedelta(hours=bin_h)) for one in begin)
    truce = START + timedelta(days=BEFORE_D)
    spec = SeriesSpec(
        id="acts", title="", source="x", measure="records", unit="act", area="a", kind="sensor", bin_h=bin_h,
        model=SeriesModel(hour=bin_h < 24),
    )  # fmt: skip
    return Series(
        spec=spec, bins=bins, count=drawn.count, exposure=np.ones(len(bins)), row_refs=tuple(() for _ in bins),
        in_baseline=np.array([one.stop <= truce for one in bins]), in_window=np.array([one.start >= truce for one in bins]),
    )  # fmt: skip


def measure_moment(recipe: Recipe, rng: np.random.Generator) -> tuple[Onset, datetime]:
    """One moment asked for, and when it was."""
    drawn = draw_counts(recipe, rng, bin_h=3, a_day=float(np.exp(rng.uniform(np.log(4), np.log(60)))), delayed=True)  # fmt: skip
    truce = START + timedelta(days=BEFORE_D)
    search = Interval(truce - timedelta(days=2), truce + timedelta(days=DURING_D))
    return find_onset(make_series(drawn, bin_h=3), search=search, seed=0), drawn.fell


def measure_ratio(recipe: Recipe, rng: np.random.Generator) -> tuple[bool, float]:
    """Whether a 95 % interval of the ratio holds it, and the truth's rank in the posterior."""
    drawn = draw_counts(recipe, rng, bin_h=24, a_day=float(np.exp(rng.uniform(np.log(2), np.log(100)))), delayed=False)  # fmt: skip
    series = make_series(drawn, bin_h=24)
    before, during = series.in_baseline, series.in_window
    _, window = calibrate(
        series.count, lay_out(series), before=before, during=during, family="count", rng=np.random.default_rng(0)
    )  # fmt: skip
    total = float(series.count[during].sum())
    upto, below = (total_at_most(one, drawn.ratio, window) for one in (total, total - 1))
    return bool(upto >= 0.025 and below <= 0.975), below + (upto - below) * float(rng.random())


def evaluate(regimes: Sequence[str], seeds: Sequence[int], budget: Budget) -> list[Row | Picture]:  # noqa: ARG001 (as every part is called)
    """Every recipe; the regimes of fronts do not enter."""
    runs = QUICK_RUNS if budget.quick else RUNS
    made: list[Row | Picture] = []
    for number, recipe in enumerate(RECIPES):
        rng = np.random.default_rng([seeds[0] if seeds else PUBLISHED_SEEDS[0], number])
        moments = [measure_moment(recipe, rng) for _ in range(runs)]
        told = [(one, when) for one, when in moments if one.found and one.at_lo95 and one.at_hi95]
        held = [one.at_lo95 <= when <= one.at_hi95 for one, when in told if one.at_lo95 and one.at_hi95]
        width = [(one.at_hi95 - one.at_lo95) / timedelta(hours=1) for one, _ in told if one.at_hi95 and one.at_lo95]  # fmt: skip
        ratios = [measure_ratio(recipe, rng) for _ in range(runs)]
        ranks = np.histogram([rank for _, rank in ratios], bins=20, range=(0, 1))[0]
        made += [
            row("counts: moment of the fall told", recipe.name, "", len(told) / runs, n=runs, note=recipe.about),
            row("counts: 95 % interval holds the moment of the fall", recipe.name, "0.93 to 0.97", float(np.mean(held)) if held else None, n=len(held), note=f"median width {np.median(width):.0f} h" if width else "none told"),
            row("counts: 95 % interval holds the true rate ratio", recipe.name, "0.93 to 0.97", float(np.mean([one for one, _ in ratios])), n=runs, note=_conservative(recipe)),
            Ranks(name=f"counts-{recipe.name}", title=f"Rate ratio's posterior, {recipe.about}", counts=tuple(int(one) for one in ranks)),
        ]  # fmt: skip
    return made


def _conservative(recipe: Recipe) -> str:
    if recipe.wander_sd:
        return ""
    return "the level does not wander here; the interval leaves room for it, for no 30 days can rule it out"
