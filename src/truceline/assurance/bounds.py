"""What could have gone unseen: upper bounds on the number of acts, or why there is none.

With n detections at detection probability p the 95 % limit of a Poisson mean is
½ χ²_{.95}(2n+2)/p. Where p itself is uncertain, p ~ Beta(a, b), the limit is the smallest N under
which n or fewer detections have a probability of at most .05; without a detection that is the
smallest N with B(a, b+N)/B(a, b) ≤ .05.

Sensors err together: those of one source share the error of its probability, those under one cloud
lose sight together (``coverage.sight``), and a cause that nobody recorded may make all of them miss
an act more often than their probabilities say when multiplied (a scenario tree with one such branch,
after Martin, Cameron & Greiner 2007). Acts that come in bursts are missed in bursts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import betainc, gammaincinv
from shapely import contains_xy
from shapely.geometry.base import BaseGeometry

from truceline.assurance.evader import find_blindest
from truceline.assurance.history import N_DRAWS, average_p, missed_p, past_chance
from truceline.assurance.series import Bound, Campaign, FloatArray, LightBound
from truceline.assurance.spread import PastPoints, Spread, lay_spread
from truceline.base.columns import BoolArray
from truceline.base.geodesy import LocalFrame
from truceline.base.intervals import Interval
from truceline.coverage.sight import Moments, Profiles, Seen, Sight, find_profiles, keep_watchers, read_sight
from truceline.schema.table import Table

__all__ = [
    "PastPoints",
    "bound_unseen",
    "contain",
    "detection_limit",
    "limit_unseen",
    "measure_watch",
    "poisson_limit",
    "smallest_seen",
]

WHAT_IF = (0.1, 0.3, 0.5, 0.7, 0.9)
#: certainty with which the smallest campaign would have been seen
CAMPAIGN_P = 0.9
_LIMIT_P = 0.05
_N_MAX = 10**9


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
    detections_by_day: int | None = None,
) -> Bound:
    """Bound the number of acts in an area over a period, seen or not.

    Parameters
    ----------
    detections : acts that the sources with a known probability detected; None: not known.
    detections_by_day : of these, by day (06 to 18 h); None: not known, no limits by day and night.
    zone : zone in which day and night are told.
    past_points : from hard sensors alone (reports would pull the weights to where reporters are).
    geometries : shapes of parts of the area that coverage rows may name.

    Returns
    -------
    Three limits, in this order of size: for acts spread as they used to be; in the worst watched
    part (sector × day or night); and where an actor who knows the coverage would choose to act.
    None where no detection probability has a basis, where nothing could be seen, or, for the actor
    who knows the coverage, where there is a blind spot however small.
    """
    watch = measure_watch(
        act=act, area_id=area_id, area_geometry=area_geometry, period=period, coverage=coverage,
        frame=frame, zone=zone, past_points=past_points, geometries=geometries,
    )  # fmt: skip
    return limit_unseen(
        watch,
        act=act,
        area_id=area_id,
        period=period,
        detections=detections,
        detections_by_day=detections_by_day,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Chances:
    """(n_draws,) probability that one act is detected, for the three ways it may be placed.

    burst_history, burst_worst : acts of one burst count as this many fewer (1: each by itself).
    """

    history: FloatArray
    worst: FloatArray
    evader: FloatArray
    burst_history: float
    burst_worst: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How an area and period are watched for an act: chances in all, by day and by night."""

    basis: tuple[str, ...]
    blind_share: float  #: share of the area and time that nobody could see, by even samples
    has_blind_spot: bool  #: however small
    whole: Chances | None  #: None: nobody could see anything
    day: Chances | None
    night: Chances | None


def measure_watch(
    *,
    act: str,
    area_id: str,
    area_geometry: BaseGeometry | None,
    period: Interval,
    coverage: Table,
    frame: LocalFrame,
    zone: str,
    past_points: PastPoints | None = None,
    geometries: Mapping[str, BaseGeometry] | None = None,
) -> Watch | None:
    """Chances of detection; None where no probability has a basis. The same for every party."""
    shapes = dict(geometries or {})
    sight = read_sight(coverage, act=act, frame=frame, period=period, area_ids=(area_id, *shapes))
    if sight.empty:
        return None
    spread = lay_spread(
        area_geometry, area_id=area_id, period=period, frame=frame, zone=zone, past=past_points, shapes=shapes,
        past_chance=None if past_points is None else past_chance(past_points, act, coverage, frame, shapes),
    )  # fmt: skip
    seen = sight.see(spread.moments)
    draws = sight.draw_probabilities(N_DRAWS)
    profiles = find_profiles(seen)
    detected = 1 - missed_p(profiles, draws)
    any_sight = seen.any_sight()
    plane = (
        None if area_geometry is None or area_geometry.is_empty else frame.geometry_to_plane(area_geometry)
    )
    least, is_day = _blindest_chances(sight, plane, draws, area_id, period, zone, frame, shapes)
    burst = 1.0 if past_points is None else past_points.burst_size(frame)

    def chances(part: BoolArray, light: BoolArray) -> Chances | None:
        if not any_sight[part].any() or not light.any():
            return None
        return _chances(detected, profiles, spread, seen, part, least[light].min(axis=0), burst)

    everything, whenever = np.ones(len(any_sight), dtype=np.bool_), np.ones(len(is_day), dtype=np.bool_)
    return Watch(
        basis=sight.basis,
        blind_share=float(1 - any_sight[spread.even].mean()),
        has_blind_spot=bool((least.max(axis=1) <= 0).any()),
        whole=chances(everything, whenever),
        day=chances(spread.is_day, is_day),
        night=chances(~spread.is_day, ~is_day),
    )


def limit_unseen(
    watch: Watch | None,
    *,
    act: str,
    area_id: str,
    period: Interval,
    detections: int | None,
    detections_by_day: int | None = None,
) -> Bound:
    """The limits that a watch and a number of detections give."""
    what_if = {p: poisson_limit(detections or 0, p) for p in WHAT_IF}
    if watch is None:
        return Bound(act=act, area_id=area_id, period=period, detections=detections, history_hi95=None, worst_hi95=None, evader_hi95=None, what_if=what_if, reason_codes=("no_bound",))  # fmt: skip
    codes = ["bound_from_declared_p"] if detections is not None else ["missing_row_not_zero"]
    if watch.has_blind_spot:
        codes.append("blind_spot")
    day = night = campaign = None
    if detections is not None and detections_by_day is not None:
        day = _light_bound(watch.day, detections_by_day)
        night = _light_bound(watch.night, detections - detections_by_day)
    limits: list[float | None] = [None, None, None]
    if watch.whole is not None:
        campaign = _campaign(watch.whole)
        if detections is not None:
            parts = [one for one in (day, night) if one is not None]
            limits = _limits(watch.whole, detections, parts)
    return Bound(
        act=act,
        area_id=area_id,
        period=period,
        detections=detections,
        history_hi95=limits[0],
        worst_hi95=limits[1],
        evader_hi95=limits[2],
        basis=watch.basis,
        blind_share=watch.blind_share,
        what_if={},
        reason_codes=tuple(codes),
        day=day,
        night=night,
        campaign=campaign,
    )


def contain(whole: Bound, parts: Iterable[Bound]) -> Bound:
    """A whole's limits, none below those of a part of it: of its area, its period or one party's acts."""
    limits = [whole.history_hi95, whole.worst_hi95, whole.evader_hi95]
    if limits[0] is None:
        return whole
    for part in parts:
        own = [part.history_hi95, part.worst_hi95, part.evader_hi95]
        if own[0] is None:
            continue
        limits = [
            max(limit, other) if limit is not None and other is not None else limit if k < 2 else None
            for k, (limit, other) in enumerate(zip(limits, own, strict=True))
        ]
    return replace(whole, history_hi95=limits[0], worst_hi95=limits[1], evader_hi95=limits[2])


def _limits(chances: Chances, detections: int, parts: list[LightBound]) -> list[float | None]:
    """History, worst and evader; none below those of a part, nor below the one before."""
    found = [
        detection_limit(detections, chances.history, burst=chances.burst_history),
        detection_limit(detections, chances.worst, burst=chances.burst_worst),
        detection_limit(detections, chances.evader),
    ]
    own = [[part.history_hi95, part.worst_hi95, part.evader_hi95] for part in parts]
    for k in range(3):
        found[k] = max([found[k], *(limit[k] or 0.0 for limit in own), *found[max(k - 1, 0) : k]])
    if any(part.evader_hi95 is None for part in parts):
        found[2] = np.inf
    return [limit if np.isfinite(limit) else None for limit in found]


def _light_bound(chances: Chances | None, detections: int) -> LightBound:
    if chances is None:
        return LightBound(detections=detections, history_hi95=None, worst_hi95=None, evader_hi95=None)
    history, worst, evader = _limits(chances, detections, [])
    return LightBound(detections=detections, history_hi95=history, worst_hi95=worst, evader_hi95=evader)


def _campaign(chances: Chances) -> Campaign:
    history = smallest_seen(chances.history, burst=chances.burst_history)
    worst = smallest_seen(chances.worst, burst=chances.burst_worst)
    evader = smallest_seen(chances.evader)
    worst = None if history is None or worst is None else max(history, worst)
    evader = None if worst is None or evader is None else max(worst, evader)
    return Campaign(history=history, worst=worst, evader=evader, seen_p=CAMPAIGN_P)


def poisson_limit(detections: int, detection_p: float) -> float:
    """½ χ²_{.95}(2n+2)/p: 95 % upper limit of the expected number, p known."""
    return float(gammaincinv(detections + 1, 1 - _LIMIT_P)) / detection_p


def detection_limit(
    detections: int, detection_p: FloatArray, *, burst: float = 1.0, limit_p: float = _LIMIT_P
) -> float:
    """Smallest N under which ``detections`` or fewer have a probability of at most ``limit_p``.

    Parameters
    ----------
    detection_p : (n_draws,) draws of the probability that one act is detected.
    burst : how many acts are seen or missed as one (the design effect 1 + (m − 1) ρ of bursts of m
        acts whose fates are correlated by ρ): both numbers count as that many fewer.

    Returns
    -------
    The limit; infinite beyond 10⁹.
    """

    def chance(number: int) -> float:
        if number <= detections:
            return 1.0
        # n or fewer of N, each by itself: I_{1−p}(N − n, n + 1)
        return float(betainc((number - detections) / burst, detections / burst + 1, 1 - detection_p).mean())

    low, high = detections, detections + 1
    while chance(high) > limit_p:
        low, high = high, high * 2
        if high > _N_MAX:
            return float("inf")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if chance(middle) > limit_p else (low, middle)
    return float(high)


def smallest_seen(detection_p: FloatArray, *, burst: float = 1.0) -> float | None:
    """Smallest number of acts of which at least one would have been detected with 90 %; None: no number."""
    number = detection_limit(0, detection_p, burst=burst, limit_p=1 - CAMPAIGN_P)
    return number if np.isfinite(number) else None


def _chances(
    detected: FloatArray,
    profiles: Profiles,
    spread: Spread,
    seen: Seen,
    part: BoolArray,
    evader: FloatArray,
    burst: float,
) -> Chances:
    n = len(profiles)
    size = 1 + (burst - 1) / max(_mean_seen(detected, profiles, spread), 0.05)

    def mean(chosen: BoolArray) -> tuple[FloatArray, float]:
        weight = np.bincount(profiles.of_moment[chosen], weights=spread.weight[chosen], minlength=n)
        weight = weight / weight.sum()
        average = average_p(detected, profiles, spread, chosen)
        middle = detected.mean(axis=1)
        spread_p = weight @ (middle - weight @ middle) ** 2
        even = max(float(average.mean() * (1 - average.mean())), 1e-12)
        # a burst falls whole into one place: its acts are seen or missed together as places differ
        return average, 1 + (size - 1) * min(float(spread_p) / even, 1.0)

    history, burst_history = mean(part)
    worst, burst_worst = history, burst_history
    stratum = spread.sector * 2 + spread.is_day
    # a stratum that was to be watched and was not stays in: losing sight must not narrow a limit
    for one in np.unique(stratum[part & seen.named]):
        own, own_burst = mean(part & (stratum == one))
        if own.mean() / own_burst < worst.mean() / burst_worst:
            worst, burst_worst = own, own_burst
    return Chances(
        history=history,
        worst=worst,
        evader=np.minimum(evader, history),
        burst_history=burst_history,
        burst_worst=burst_worst,
    )


def _mean_seen(detected: FloatArray, profiles: Profiles, spread: Spread) -> float:
    weight = np.bincount(profiles.of_moment, weights=spread.weight, minlength=len(profiles))
    return float(weight @ detected.mean(axis=1))


def _blindest_chances(
    sight: Sight,
    plane: BaseGeometry | None,
    draws: FloatArray,
    area_id: str,
    period: Interval,
    zone: str,
    frame: LocalFrame,
    shapes: Mapping[str, BaseGeometry],
) -> tuple[FloatArray, BoolArray]:
    """(n, n_draws) chance of detection at the least watched places and times; whether each is by day."""
    own = {name: frame.geometry_to_plane(shape) for name, shape in shapes.items() if name in sight.area_names}
    blind = find_blindest(sight, plane, area_id=area_id, period=period, zone=zone, shapes=own)

    def inside(name: str) -> BoolArray:
        if name == area_id:
            return np.ones(len(blind.x_m), dtype=np.bool_)
        if name not in own or plane is None:
            return np.zeros(len(blind.x_m), dtype=np.bool_)
        return np.asarray(contains_xy(own[name], blind.x_m, blind.y_m))

    at = Moments(x_m=blind.x_m, y_m=blind.y_m, time_s=blind.time_s, inside=inside)
    seen = keep_watchers(sight.see(at), blind.watchers)
    profiles = find_profiles(seen)
    return (1 - missed_p(profiles, draws))[profiles.of_moment], blind.is_day
