"""How much reporting rose or fell by itself: from what hard sensors saw and reports told too.

How often a thing that sensors detected was reported is the reporters' doing alone, whatever
happened on the ground (capture–recapture, Petersen 1896: here only the ratio of two shares is
used). Its ratio, window over baseline, divides the ratio of reports. Matches by chance are counted
with the reports moved by some days, and taken away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from truceline.assurance.series import FloatArray
from truceline.base.columns import BoolArray

NEAR_M = 6_000.0
NEAR_H = 3.0
#: shifts, days, at which matches are matches by chance; the hour of the day stays
_SHIFTS_D = (-3, -2, 2, 3)
#: with fewer real matches before or in the window nothing can be told
LEAST_MATCHES = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """Reports of a detection on average, in the baseline and in the window; None: too few to tell."""

    n_before: int  #: detections
    n_during: int
    reports_before: float | None
    reports_during: float | None
    ratio: float | None
    log_sd: float | None  #: standard error of its log


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """Things with a place and a time, (n,) each: metres of a plane, hours."""

    x_m: FloatArray
    y_m: FloatArray
    time_h: FloatArray


def measure_effort(hard: Points, reports: Points, *, before: BoolArray, during: BoolArray) -> Effort:
    """The ratio of reporting effort.

    before, during : (n_hard,) which detections lie in the baseline and in the window. Reports are
        first tellings with a point and a time; vague ones are left out of both alike.
    """
    matched = _matched(hard, reports, 0.0)
    chance = np.mean([_matched(hard, reports, 24.0 * days) for days in _SHIFTS_D], axis=0)
    shares: list[float] = []
    relative: list[float] = []
    for chosen in (before, during):
        n, real = int(chosen.sum()), float((matched - chance)[chosen].sum())
        if n == 0 or real < LEAST_MATCHES:
            return Effort(
                n_before=int(before.sum()), n_during=int(during.sum()), reports_before=None, reports_during=None, ratio=None, log_sd=None
            )  # fmt: skip
        shares.append(real / n)
        relative.append(n * float(np.var((matched - chance)[chosen])) / real**2)
    return Effort(
        n_before=int(before.sum()),
        n_during=int(during.sum()),
        reports_before=shares[0],
        reports_during=shares[1],
        ratio=shares[1] / shares[0],
        log_sd=float(np.sqrt(sum(relative))),
    )


def _matched(hard: Points, reports: Points, shift_h: float) -> FloatArray:
    """(n_hard,) number of reports near each detection in place and time."""
    if not len(reports.time_h) or not len(hard.time_h):
        return np.zeros(len(hard.time_h))
    there = np.column_stack([reports.x_m / NEAR_M, reports.y_m / NEAR_M, (reports.time_h + shift_h) / NEAR_H])
    here = np.column_stack([hard.x_m / NEAR_M, hard.y_m / NEAR_M, hard.time_h / NEAR_H])
    near = cKDTree(there).query_ball_point(here, 1.0, p=np.inf, return_length=True)
    return np.asarray(near, dtype=np.float64)
