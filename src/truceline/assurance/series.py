"""A series: counts in bins of time, with a baseline, and what each number may speak to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from truceline.base.documents import Model
from truceline.base.intervals import Interval

FloatArray = npt.NDArray[np.float64]


class SeriesModel(Model):
    """Which regular effects belong to the expected count."""

    hour: bool = Field(False, description="a level for each bin of the day")
    weekday: bool = Field(True, description="a level for each day of the week, shrunk to none")
    trend: bool = Field(True, description="a linear trend of the log rate over the baseline")


class SeriesSpec(Model):
    """How a series is made from the tables, and what it may speak to."""

    id: str
    title: str
    source: str = Field(description="id of the source in the case")
    measure: Literal["starts", "records", "sum", "level_change"] = Field(
        description="starts: observations that begin in a bin; records: observations dated to a bin's day; "
        "sum: values of `counts`; level_change: area that changed hands (km²) between maps"
    )
    series: str | None = Field(None, description="which series of `counts`")
    near_line_m: float | None = Field(None, description="only observations this close to the line, metres")
    unit: str = Field(description="what one is")
    bin_h: float = Field(
        24, gt=0, description="length of a bin, hours; divides a day or is a whole number of days"
    )
    bin_months: int | None = Field(
        None, ge=1, description="length of a bin in calendar months; then bin_h is not looked at"
    )
    zone: str = Field("UTC", description="zone in which days are counted")
    act: str | None = Field(None, description="act it speaks to; null: context only")
    party: str | None = Field(None, description="party whose act it is; null: it cannot say whose")
    area: str = Field(description="area it covers")
    kind: Literal["opponent_count", "own_report", "third_party_count", "sensor", "news"] = Field(
        description="who counts whom"
    )
    warning_only: bool = Field(False, description="whether one is a warning of an act, not the act itself")
    missing_is_zero: bool = Field(
        False, description="whether a bin without a record is a zero (only where the source says so)"
    )
    model: SeriesModel = SeriesModel()
    caveat: str = Field("", description="what a reader must know of it, one sentence")

    @property
    def usual_bin_h(self) -> float:
        """Length of a bin on average, hours (a month has 365.2425 / 12 days)."""
        return self.bin_h if self.bin_months is None else self.bin_months * 365.2425 * 2

    @property
    def shortest_bin_h(self) -> float:
        """Length of the shortest bin, hours: a February, or a bin on a day when clocks change apart."""
        return self.bin_h if self.bin_months is None else self.bin_months * 28 * 24

    @property
    def longest_bin_h(self) -> float:
        """Length of the longest bin, hours, apart from days when clocks change."""
        return self.bin_h if self.bin_months is None else self.bin_months * 31 * 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Counts per bin. Missing bins are NaN, never zero.

    count, exposure : (n_bins,) — exposure is the share of the bin's area and time in which the
    source could see, in (0, 1]; a bin with exposure 0 is missing.
    in_baseline, in_window : (n_bins,) bool — a bin is in the window only if wholly inside.
    row_refs : (n_bins,) lists of ``(raw_file, raw_row)``: rows that made each count, the first 200.
    """

    spec: SeriesSpec
    bins: tuple[Interval, ...]
    count: FloatArray
    exposure: FloatArray
    in_baseline: npt.NDArray[np.bool_]
    in_window: npt.NDArray[np.bool_]
    row_refs: tuple[tuple[tuple[str, int], ...], ...]
    notes: tuple[str, ...] = ()
    clutter: FloatArray | None = None  #: (n_bins,) false detections to be expected, as declared; None: none

    @property
    def start(self) -> datetime:
        """Start of the first bin."""
        return self.bins[0].start


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a series says of the change in the window.

    ``ratio`` is the rate in the window over the rate expected; ``expected`` the expected total;
    ``power`` maps a true ratio (such as 0.5) to the probability that this test would have
    reported it (E ≥ 20), by simulation from the fitted baseline: a test without power is
    uninformative, whatever it says.
    """

    series_id: str
    n_baseline: int  #: bins used to calibrate
    n_window: int  #: bins of the window with a count
    n_window_missing: int
    observed: float | None
    expected: float | None
    expected_lo95: float | None  #: predictive interval of the window's total without a change
    expected_hi95: float | None
    ratio: float | None
    ratio_lo95: float | None
    ratio_hi95: float | None
    e_value: float | None
    dispersion: float | None  #: κ of the negative binomial after inflation: variance = μ + μ²/κ
    power: dict[float, float] = field(default_factory=dict)
    fitted: tuple[float, ...] = ()  #: expected count per bin of the whole series
    reason_codes: tuple[str, ...] = ()

    @property
    def informative(self) -> bool:
        """Whether a halving would have been reported with probability ≥ 0.5."""
        return self.power.get(0.5, 0.0) >= 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class LightBound:
    """The three 95 % limits by day or by night alone."""

    detections: int
    history_hi95: float | None
    worst_hi95: float | None
    evader_hi95: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """The smallest number of acts of which at least one would have been seen with ``seen_p``.

    For acts spread as they used to be, in the worst watched part, and by one who knows the coverage;
    None: no number would do.
    """

    history: float | None
    worst: float | None
    evader: float | None
    seen_p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """Upper bounds on what occurred, or the reason why there is none.

    The three 95 % limits use the detection probability weighted by history, of the worst watched
    stratum, and the one that a violator who knows the coverage would choose. ``what_if`` maps a
    supposed detection probability to the limit it would give: it is not a bound.
    """

    act: str
    area_id: str
    period: Interval
    detections: int | None
    history_hi95: float | None
    worst_hi95: float | None
    evader_hi95: float | None
    basis: tuple[str, ...] = ()  #: who measured or declared the probabilities
    blind_share: float | None = None  #: share of the area and time with no sight at all
    what_if: dict[float, float] = field(default_factory=dict)
    reason_codes: tuple[str, ...] = ()
    day: LightBound | None = None
    night: LightBound | None = None
    campaign: Campaign | None = None
