"""What could have gone unseen: upper bounds on the number of acts, or why there is none.

With n detections at detection probability p the 95 % limit of a Poisson mean is
½ χ²_{.95}(2n+2)/p. Where p itself is uncertain, p ~ Beta(a, b), the limit is the smallest N under
which n or fewer detections have a probability of at most .05; without a detection that is the
smallest N with B(a, b+N)/B(a, b) ≤ .05.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree
from scipy.special import betainc, gammaincinv
from shapely.geometry.base import BaseGeometry

from truceline.assurance.series import Bound, FloatArray
from truceline.base.columns import IntArray
from truceline.base.geodesy import LocalFrame
from truceline.base.intervals import Interval
from truceline.coverage.field import Grid, WatchField, build_field, choose_rows, has_probability, lay_grid
from truceline.schema.table import Table

WHAT_IF = (0.1, 0.3, 0.5, 0.7, 0.9)
#: a blind share up to this is a matter of the grid
TRIVIAL_BLIND_SHARE = 0.005
#: share of the historical weight that is spread evenly: an act may come where none came before
NEW_PLACE_SHARE = 0.2
_LIMIT_P = 0.05
_N_DRAWS = 512
_N_MAX = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class PastPoints:
    """Baseline incidents seen by hard sensors: where acts of this kind used to be."""

    longitude_deg: FloatArray
    latitude_deg: FloatArray
    at_us: IntArray  #: microseconds since 1970
    #: what was asked of them before: the same points serve many questions
    known: dict[object, Any] = field(default_factory=dict, compare=False, repr=False)

    def plane(self, frame: LocalFrame) -> tuple[FloatArray, FloatArray]:
        """x, y in metres."""
        if frame not in self.known:
            self.known[frame] = frame.to_plane(self.longitude_deg, self.latitude_deg)
        return cast(tuple[FloatArray, FloatArray], self.known[frame])

    def clock_h(self, zone: str) -> FloatArray:
        """(24,) how many in each local hour of the day."""
        if zone not in self.known:
            self.known[zone] = np.bincount(_local_hours(self.at_us, zone), minlength=24)
        return cast(FloatArray, self.known[zone])


def bound_unseen(
    *,
    act: str,
    area_id: str,
    area_geometry: BaseGeometry | None,
    period: Interval,
    detections: int | None,
    coverage: Table,
    frame: LocalFrame,
    zone: str,
    past_points: PastPoints | None = None,
    geometries: Mapping[str, BaseGeometry] | None = None,
) -> Bound:
    """Bound the number of acts in an area over a period, seen or not.

    Parameters
    ----------
    detections : acts that the sources with a known probability detected; None: not known.
    zone : zone in which day and night are told.
    past_points : from hard sensors alone (reports would pull the weights to where reporters are).
    geometries : shapes of parts of the area that coverage rows may name.

    Returns
    -------
    Three limits, in this order of size: for acts spread as they used to be; in the worst watched
    part (sector × day or night); and where an actor who knows the coverage would choose to act.
    None where no detection probability has a basis, or where nothing could be seen.
    """
    what_if = {p: poisson_limit(detections or 0, p) for p in WHAT_IF}
    shapes = dict(geometries or {})
    rows = choose_rows(coverage, act=act, area_ids=(area_id, *shapes), period=period)
    if not any(has_probability(row) for row in rows):
        return Bound(act=act, area_id=area_id, period=period, detections=detections, history_hi95=None, worst_hi95=None, evader_hi95=None, what_if=what_if, reason_codes=("no_bound",))  # fmt: skip
    cuts = [row[name] for row in rows for name in ("window_start", "window_stop")]
    grid = lay_grid(area_geometry, period=period, frame=frame, zone=zone, cuts=cuts)
    field = build_field(rows, grid, frame=frame, area_id=area_id, geometries=shapes)
    blind_share = _blind_share(field)
    chances = measure_chances(field, weigh_history(grid, past_points, frame=frame, zone=zone))
    codes = ["bound_from_declared_p"]
    if blind_share > TRIVIAL_BLIND_SHARE:
        codes.append("blind_spot")
    history = worst = evader = None
    if detections is None:
        codes = ["missing_row_not_zero", *codes[1:]]
    elif chances is not None:
        limits = [detection_limit(detections, chances.history)]
        limits.append(max(detection_limit(detections, chances.worst), limits[0]))
        limits.append(max(detection_limit(detections, chances.evader), limits[1]))
        if blind_share > TRIVIAL_BLIND_SHARE:
            limits[2] = np.inf
        history, worst, evader = (limit if np.isfinite(limit) else None for limit in limits)
    return Bound(
        act=act,
        area_id=area_id,
        period=period,
        detections=detections,
        history_hi95=history,
        worst_hi95=worst,
        evader_hi95=evader,
        basis=field.basis,
        blind_share=blind_share,
        what_if={},
        reason_codes=tuple(codes),
    )


def poisson_limit(detections: int, detection_p: float) -> float:
    """½ χ²_{.95}(2n+2)/p: 95 % upper limit of the expected number, p known."""
    return float(gammaincinv(detections + 1, 1 - _LIMIT_P)) / detection_p


def detection_limit(detections: int, detection_p: FloatArray) -> float:
    """Smallest N under which ``detections`` or fewer have a probability of at most .05.

    Parameters
    ----------
    detection_p : (n_draws,) draws of the probability that one act is detected.

    Returns
    -------
    The limit; infinite beyond 10⁹.
    """

    def chance(number: int) -> float:
        if number <= detections:
            return 1.0
        return float(betainc(number - detections, detections + 1, 1 - detection_p).mean())

    low, high = detections, detections + 1
    while chance(high) > _LIMIT_P:
        low, high = high, high * 2
        if high > _N_MAX:
            return float("inf")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if chance(middle) > _LIMIT_P else (low, middle)
    return float(high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chances:
    """(n_draws,) probability that one act is detected, for the three ways it may be placed."""

    history: FloatArray
    worst: FloatArray
    evader: FloatArray


def measure_chances(field: WatchField, weight: FloatArray) -> Chances | None:
    """Chance of detection per draw; None where nobody could see anything.

    weight : (n_points, n_pieces) where acts used to be; sums to 1.
    """
    seen = field.seen.ravel()
    if not seen.any():
        return None
    # cells with the same shares of the same watchers have the same chance; a random sum tells them apart
    mark = np.zeros(seen.size)
    for watcher, key in zip(
        field.watchers, np.random.default_rng(0).random(len(field.watchers)), strict=True
    ):
        mark += key * watcher.share.ravel()
    _, first, index = np.unique(mark, return_index=True, return_inverse=True)
    index = index.ravel()
    distinct = first
    probability = field.draw_probabilities(_N_DRAWS)
    log_missed = np.zeros((len(distinct), _N_DRAWS))
    for watcher in field.watchers:
        share = watcher.share.ravel()[distinct]
        sees = share > 0
        with np.errstate(divide="ignore"):
            log_missed[sees] += np.log1p(-share[sees, None] * probability[watcher.group])
    detected = -np.expm1(log_missed)
    weights = weight.ravel()
    history = np.bincount(index, weights=weights, minlength=len(distinct)).astype(np.float64) @ detected
    stratum = (field.grid.sector[:, None] * 2 + field.grid.is_day[None, :]).ravel()
    worst = np.ones(_N_DRAWS)
    # a stratum that was to be watched and was not stays in: losing sight must not narrow a limit
    for one in np.unique(stratum[field.meant.ravel()]):
        mine = stratum == one
        part = np.bincount(index[mine], weights=weights[mine], minlength=len(distinct))
        worst = np.minimum(worst, part / part.sum() @ detected)
    evader = detected[np.unique(index[seen])].min(axis=0)
    return Chances(history=history, worst=worst, evader=evader)


def _blind_share(field: WatchField) -> float:
    """Share of the area and time that nobody could see."""
    length = field.grid.stop_s - field.grid.start_s
    return float(1 - (field.seen @ length).sum() / (len(field.seen) * length.sum()))


def weigh_history(grid: Grid, past: PastPoints | None, *, frame: LocalFrame, zone: str) -> FloatArray:
    """(n_points, n_pieces) where and at what hour acts used to be; even where nothing is known."""
    n_points, _ = grid.shape
    length = grid.stop_s - grid.start_s
    place = np.full(n_points, 1 / n_points)
    time = length / length.sum()
    if past is not None and len(past.at_us):
        x, y = past.plane(frame)
        if np.isfinite(grid.x_m).all():
            place = _blend(_nearest_counts(grid, x, y), place)
        hourly = past.clock_h(zone)[grid.clock_h] * length
        if hourly.sum() > 0:
            time = _blend(hourly, time)
    weight: FloatArray = place[:, None] * time[None, :]
    return weight


def _nearest_counts(grid: Grid, x: FloatArray, y: FloatArray) -> FloatArray:
    """(n_points,) past points per grid point; those farther off than any two neighbours are left out."""
    counts = np.zeros(len(grid.x_m))
    reach = np.inf
    if len(grid.x_m) > 1:
        steps = np.hypot(np.diff(grid.x_m), np.diff(grid.y_m))
        reach = float(np.min(steps[steps > 0])) * 1.5
    x, y = np.atleast_1d(x), np.atleast_1d(y)
    k = min(2, len(counts))
    away, nearest = cKDTree(np.column_stack([grid.x_m, grid.y_m])).query(np.column_stack([x, y]), k=k)
    away, nearest = np.reshape(away, (len(x), k)), np.reshape(nearest, (len(x), k))
    first = nearest[:, 0].copy()
    # between two that are all but equally near, the one that comes first
    for one in np.flatnonzero(away[:, -1] <= away[:, 0] * (1 + 1e-12)).tolist() if k > 1 else ():
        first[one] = int(np.argmin(np.hypot(grid.x_m - x[one], grid.y_m - y[one])))
    near = np.hypot(grid.x_m[first] - x, grid.y_m[first] - y) <= reach
    counts += np.bincount(first[near], minlength=len(counts))
    return counts


def _local_hours(at_us: IntArray, zone: str) -> IntArray:
    """(n,) hour of the day; each minute that occurs is looked up once."""
    minute, number = np.unique(at_us // 60_000_000, return_inverse=True)
    tz = ZoneInfo(zone)
    hour = [datetime.fromtimestamp(one * 60, tz=tz).hour for one in minute.tolist()]
    return np.array(hour, dtype=np.int64)[number.reshape(-1)]


def _blend(history: npt.NDArray[np.float64], even: FloatArray) -> FloatArray:
    if history.sum() <= 0:
        return even
    blended: FloatArray = (1 - NEW_PLACE_SHARE) * history / history.sum() + NEW_PLACE_SHARE * even
    return blended
