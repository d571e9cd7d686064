"""The ideal observer of who did it: knows the law by which simulated fronts come about, not what came of it.

For an incident of the true partition and each hypothesis h (party m fired, party m staged it on its own
ground, neither) the law of ``truceline.simulate`` gives

    P(h | z) ∝ π_h Σ_U,Δ ∫ f_h(t) N(o; t, σ²) Π_r N(d_r; b_h(t, U, Δ), σ_r²) R(t) dt · C_h

- π_h: how many acts of the kind the regime makes of each sort;
- f_h: law of the depth t across the line, by kind; o: offset of the records' place from the drawn line
  along the simulator's own axis, σ² of place and map together (bands by their ellipse);
- b_h: bearing of fire from a place U behind the line and Δ beside it; d_r what each record tells of it;
- R: places of first tellings, misplaced ones among them;
- C_h: who told of it, from how many accounts, and whom they accused.

It does not know the line, the true places nor any draw of chance, and takes each incident by itself, as
attribution does. Wordings, and how finely deceivers tell times and places, are kept from it too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from scipy.special import gammaln

from truceline.base.columns import BoolArray, FloatArray, IntArray, floats, map_parts, micros, recode
from truceline.base.intervals import microseconds
from truceline.simulate import salvos
from truceline.simulate.regime import ACTS, FIRE, Regime
from truceline.simulate.tell import NEUTRAL, SPEAKERS

#: nodes of the integrals over depth (in standard deviations), place behind the line, place beside it
DEPTH_NODES = np.linspace(-4.0, 4.0, 41)
BEHIND_NODES = (np.arange(6) + 0.5) / 6
BESIDE_NODES = np.linspace(-2.2, 2.2, 9)
#: a band's middle over the range guessed, the error of the guess, standard deviations in half a band
BAND_MIDDLE, BAND_RANGE_SD, BAND_HALF_SD = (0.7 + 1.45) / 2, 0.18, 2.0
#: weight of what the law has no place for
LEAST = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """The first map's line by date, in km of the front's frame: x at y."""

    from_us: IntArray
    y_km: list[FloatArray]
    x_km: list[FloatArray]

    def x_at(self, y_km: FloatArray, at_us: IntArray) -> FloatArray:
        """(n, …) x of the drawn line; ``at_us`` (n,)."""
        found = np.full(y_km.shape, np.nan)
        number = np.maximum(np.searchsorted(self.from_us, at_us, side="right") - 1, 0)
        for k in np.unique(number).tolist():
            rows = number == k
            found[rows] = np.interp(y_km[rows], self.y_km[k], self.x_km[k])
        return found


def drawn_line(played: Any) -> _Line:
    """The line as the map that is kept up draws it."""
    control = played.control.filter(pc.equal(played.control["source_id"], "map_regular"))
    control = control.take(pc.sort_indices(control["map_time"]))
    ys, xs = [], []
    for wkb in control["geometry"].to_pylist():
        points = shapely.get_coordinates(shapely.from_wkb(wkb))
        x, y = played.frame.to_plane(points[:, 0], points[:, 1])
        # the western edge of the zone is no line of contact
        kept = x > -1000 * played.regime.half_width_km + 500
        order = np.argsort(y[kept], kind="stable")
        ys.append(y[kept][order] / 1000)
        xs.append(x[kept][order] / 1000)
    return _Line(from_us=micros(control["map_time"]), y_km=ys, x_km=xs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """Of each incident, (n,); of each record that tells a direction, (r,)."""

    offset_km: FloatArray
    sd_km: FloatArray
    y_km: FloatArray
    at_us: IntArray
    kind: IntArray  #: −1: unknown
    untold: FloatArray  #: log-probability that as many records would tell no direction, had it one
    direction_of: IntArray
    direction_deg: FloatArray
    direction_sd_deg: FloatArray


def ideal_chances(
    played: Any, group: IntArray, n_groups: int, *, regime: Regime | None = None, direction: bool = True
) -> FloatArray:
    """(n_groups, 3) probability of the first party, the second, and neither, by the law of ``regime``.

    group : (n_records,) incident of each record, −1: none. Without a placed hard record: NaN.
    regime : the law; default that of the front.
    """
    law = regime or played.regime
    line = drawn_line(played)
    seen = _see(played, law, line, group, n_groups)
    told = _hear(played, group, n_groups)
    log = np.full((n_groups, 5), -np.inf)
    for kind in range(len(FIRE)):
        rows = np.flatnonzero(np.isfinite(seen.offset_km) & ((seen.kind == kind) | (seen.kind < 0)))
        if len(rows):
            found = _by_kind(played, law, line, seen, told, rows, kind, direction)
            log[rows] = np.logaddexp(log[rows], found)
    return _chances(log, np.isfinite(seen.offset_km))


def _chances(log: FloatArray, based: BoolArray) -> FloatArray:
    """Hypotheses (fired by 0, 1, staged by 0, 1, neither) → parties and neither."""
    p = np.full((len(log), 3), np.nan)
    top = log[based].max(axis=1, keepdims=True)
    weights = np.exp(log[based] - np.where(np.isfinite(top), top, 0))
    each = np.stack([weights[:, 0] + weights[:, 2], weights[:, 1] + weights[:, 3], weights[:, 4]], axis=1)
    each = each / np.maximum(each.sum(axis=1, keepdims=True), 1e-300)
    p[based] = (1 - LEAST) * each + LEAST / 3
    return p


def _see(played: Any, law: Regime, line: _Line, group: IntArray, n: int) -> _Seen:
    table = played.observations
    hard = recode(table["source_id"], list(played.hard_sources)) >= 0
    longitude = floats(table["longitude_deg"])
    rows = np.flatnonzero(hard & (group >= 0) & np.isfinite(longitude))
    own = table.take(pa.array(rows))
    at = group[rows]
    x, y = (
        each / 1000
        for each in played.frame.to_plane(floats(own["longitude_deg"]), floats(own["latitude_deg"]))
    )
    covariance, x, y = _covariances(played, own, x, y)
    precision = np.linalg.inv(covariance)
    total, moment = np.zeros((n, 2, 2)), np.zeros((n, 2))
    np.add.at(total, at, precision)
    np.add.at(moment, at, np.einsum("rij,rj->ri", precision, np.column_stack([x, y])))
    there = np.bincount(at, minlength=n) > 0
    place = np.full((n, 2), np.nan)
    spread = np.full((n, 2, 2), np.nan)
    spread[there] = np.linalg.inv(total[there])
    place[there] = np.einsum("nij,nj->ni", spread[there], moment[there])
    at_us = np.full(n, 2**62)
    np.minimum.at(at_us, at, micros(own["occurred_from"]))
    y_of = np.where(there, place[:, 1], 0.0)
    here = line.x_at(y_of, at_us)
    slope = (line.x_at(y_of + 1, at_us) - line.x_at(y_of - 1, at_us)) / 2
    across = np.stack([np.ones(n), -slope], axis=1)
    variance = np.einsum("ni,nij,nj->n", across, spread, across)
    # the map's knots lie 20 km apart, and between them its error is smaller
    variance += law.map_sd_km**2 * 2 / 3
    kind = np.full(n, -1)
    row, name, _ = map_parts(own["acts"])
    code = recode(pa.chunked_array([name]), list(ACTS))
    kind[at[row]] = code
    told_deg = floats(own["fire_direction_deg"])
    told = np.isfinite(told_deg)
    source = recode(own["source_id"], list(law.sensors))
    sensing = list(law.sensors.values())
    share = np.array([one.direction_share for one in sensing])[source]
    untold = np.bincount(at[~told], weights=np.log1p(-np.minimum(share[~told], 1 - 1e-9)), minlength=n)
    return _Seen(
        offset_km=place[:, 0] - here, sd_km=np.sqrt(variance), y_km=y_of, at_us=at_us, kind=kind, untold=np.asarray(untold, dtype=np.float64),
        direction_of=at[told], direction_deg=told_deg[told],
        direction_sd_deg=np.array([one.direction_sd_deg for one in sensing])[source[told]],
    )  # fmt: skip


def _covariances(
    played: Any, own: pa.Table, x: FloatArray, y: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(r, 2, 2) of each record's place, km², and the places; of a band by the law of its guess."""
    variance = (floats(own["position_sd_m"]) / 1000) ** 2
    covariance = variance[:, None, None] * np.eye(2)
    near, far = floats(own["range_min_m"]), floats(own["range_max_m"])
    band = np.flatnonzero(np.isfinite(near))
    if len(band):
        centre = played.frame.to_plane(
            floats(own["observer_longitude_deg"])[band], floats(own["observer_latitude_deg"])[band]
        )
        guess = (near[band] + far[band]) / 2000 / BAND_MIDDLE
        half = (floats(own["bearing_max_deg"])[band] - floats(own["bearing_min_deg"])[band]) / 2
        middle = np.radians(floats(own["bearing_min_deg"])[band] + half)
        out = np.stack([np.sin(middle), np.cos(middle)], axis=1)
        side = np.stack([np.cos(middle), -np.sin(middle)], axis=1)
        radial = (BAND_RANGE_SD * guess) ** 2
        lateral = (guess * np.radians(half / BAND_HALF_SD)) ** 2
        covariance[band] = radial[:, None, None] * out[:, :, None] * out[:, None, :] + lateral[:, None, None] * side[:, :, None] * side[:, None, :]  # fmt: skip
        covariance[band] += 1e-4 * np.eye(2)
        x, y = x.copy(), y.copy()
        x[band], y[band] = centre[0] / 1000 + guess * out[:, 0], centre[1] / 1000 + guess * out[:, 1]
    return covariance, x, y


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """(n, 3) first tellings of each group of outlets, and the party each accuses (−1: none, −2: several);
    (q,) the places of all of them."""

    count: IntArray
    accused: IntArray
    late: BoolArray
    of: IntArray
    x_km: FloatArray
    y_km: FloatArray
    speaker: IntArray


def _hear(played: Any, group: IntArray, n: int) -> _Told:
    """First tellings by the simulator's own links: who copies whom is known to the ideal observer."""
    table, links = played.observations, played.truth.links
    first = pc.equal(links["origin_id"], links["observation_id"]).to_numpy(zero_copy_only=False)
    source = recode(table["source_id"], [f"reports_{name}" for name in SPEAKERS])
    # a copy in the incident speaks for its origin, wherever that stands
    index = pc.index_in(links["origin_id"], value_set=links["observation_id"].combine_chunks())
    lead = np.asarray(pc.fill_null(index, -1).to_numpy(), dtype=np.int64)
    rows = np.flatnonzero((source >= 0) & (group >= 0) & (lead >= 0))
    pair = np.unique(np.column_stack([group[rows], lead[rows]]), axis=0)
    at, row = pair[:, 0], pair[:, 1]
    del first
    speaker = source[row]
    accused = recode(table["accused_party_id"], list(played.parties))[row]
    count = np.zeros((n, 3), dtype=np.int64)
    np.add.at(count, (at, speaker), 1)
    named = np.full((n, 3), -1)
    for m in (0, 1):
        says = np.zeros((n, 3), dtype=np.bool_)
        says[at[accused == m], speaker[accused == m]] = True
        named = np.where(says, np.where(named >= 0, -2, m), named)
    late = np.zeros(n, dtype=np.bool_)
    start = microseconds(played.truce_start)
    late[at[micros(table["occurred_from"])[row] >= start]] = True
    longitude = floats(table["longitude_deg"])[row]
    there = np.isfinite(longitude)
    x, y = played.frame.to_plane(longitude[there], floats(table["latitude_deg"])[row][there])
    return _Told(count=count, accused=named, late=late, of=at[there], x_km=x / 1000, y_km=y / 1000, speaker=speaker[there])  # fmt: skip


def _by_kind(
    played: Any,
    law: Regime,
    line: _Line,
    seen: _Seen,
    told: _Told,
    rows: IntArray,
    kind: int,
    direction: bool,
) -> FloatArray:
    """(n_rows, 5) log of prior times likelihood of each hypothesis, for an act of that kind."""
    # east of the line is positive: the first party fires east
    east = seen.offset_km[rows, None] + seen.sd_km[rows, None] * DEPTH_NODES
    weight = np.exp(-0.5 * DEPTH_NODES**2)
    weight = weight / weight.sum() * np.exp(_report_places(law, line, seen, told, rows, east))
    prior = _priors(law, kind)
    claims = _claims(law, told, rows, seen, played)
    found = np.full((len(rows), 5), -np.inf)
    flown = direction and len(seen.direction_of) > 0
    for h in range(5):
        if prior[h] <= 0:
            continue
        towards = 1.0 if h in (0, 2) else -1.0
        if h == 4:
            depth = 0.5 * _gamma_density(np.abs(east) - 0.1, 1.5, 4.0)
        elif h in (2, 3):
            depth = _gamma_density(-towards * east - 0.2, 2.0, 2.0)
        else:
            depth = _fire_density(law, towards * east, kind)
        joint = depth * weight
        if flown:
            joint = joint * _directions(line, seen, rows, east, kind, h, towards)
        found[:, h] = np.log(np.maximum(joint.sum(axis=1), 1e-300)) + np.log(prior[h]) + claims[:, h]
        if flown and h < 4:
            found[:, h] += seen.untold[rows]
    return found


def _gamma_density(value: FloatArray, shape: float, scale: float) -> FloatArray:
    x = np.maximum(value, 1e-9) / scale
    return np.where(value > 0, np.exp((shape - 1) * np.log(x) - x - gammaln(shape)) / scale, 0.0)


def _fire_density(law: Regime, beyond_km: FloatArray, kind: int) -> FloatArray:
    shape, scale = salvos._DEPTH_KM[kind]
    short = law.fire.short_share
    across = _gamma_density(beyond_km - 0.2, shape, scale)
    return (1 - short) * across + short * _gamma_density(-beyond_km / 0.4 - 0.2, shape, scale) / 0.4


def _priors(law: Regime, kind: int) -> FloatArray:
    """Acts of the kind by hypothesis: fired by either, staged by either, neither."""
    shares = law.fire.kinds
    salvos_ = law.fire.salvos_per_day * law.days
    fired = salvos_ * shares[FIRE[kind]] / sum(shares.values()) / 2
    fakes = law.fakes
    staged = fakes.staged_per_day * law.days * law.length_km / 1000 * fakes.staged_real_share / 2
    neither = law.fire.neither_share * salvos_
    own = kind == FIRE.index("shelling")
    made = np.array([fired, fired, staged * own, staged * own, neither * own])
    return np.asarray(made / max(made.sum(), 1e-300))


def _directions(
    line: _Line, seen: _Seen, rows: IntArray, east: FloatArray, kind: int, h: int, towards: float
) -> FloatArray:
    """(n_rows, n_nodes) likelihood of the directions told; 1 where none is."""
    place = np.full(len(seen.offset_km), -1)
    place[rows] = np.arange(len(rows))
    own = np.flatnonzero(place[seen.direction_of] >= 0)
    found = np.ones(east.shape)
    if not len(own):
        return found
    at = place[seen.direction_of[own]]
    if h == 4:
        found[np.unique(at)] = 0.0  # what came from nowhere has no direction
        return found
    asked, of = np.unique(at, return_inverse=True)
    y, when = seen.y_km[rows[asked]], seen.at_us[rows[asked]]
    beside_sd = 2.0 if h < 2 else 1.5
    beside = BESIDE_NODES * beside_sd
    near, far = salvos._FROM_KM[kind] if h < 2 else (3.0, 10.0)
    behind = near + BEHIND_NODES * (far - near)
    part = np.exp(-0.5 * BESIDE_NODES**2)
    part = np.repeat(part / part.sum() / len(behind), len(behind))
    # of fire the place behind the line, of what is staged the way from there
    if h < 2:
        bend = line.x_at(y[:, None] + beside, when) - line.x_at(y, when)[:, None]
        away = bend[:, :, None] - towards * behind
    else:
        away = np.broadcast_to(-towards * behind, (len(y), len(beside), len(behind)))
    north = np.repeat(-beside, len(behind))
    for k in range(east.shape[1]):
        across = east[asked, k][:, None, None] - away if h < 2 else -away
        bearing = np.degrees(np.arctan2(across.reshape(len(y), -1), north))
        off = (seen.direction_deg[own][:, None] - bearing[of] + 180) % 360 - 180
        sd = seen.direction_sd_deg[own][:, None]
        log = -0.5 * (off / sd) ** 2 - np.log(sd)
        together = np.zeros((len(asked), log.shape[1]))
        np.add.at(together, of, log)
        found[asked, k] = (np.exp(together) * part).sum(axis=1)
        if h >= 2:
            found[asked, 1:] = found[asked, :1]
            break
    return found


def _report_places(
    law: Regime, line: _Line, seen: _Seen, told: _Told, rows: IntArray, east: FloatArray
) -> FloatArray:
    """(n_rows, n_nodes) log-likelihood of where first tellings put it, against their being anywhere."""
    found = np.zeros(east.shape)
    place = np.full(len(seen.offset_km), -1)
    place[rows] = np.arange(len(rows))
    own = np.flatnonzero(place[told.of] >= 0)
    if not len(own):
        return found
    at = place[told.of[own]]
    when = seen.at_us[told.of[own]]
    speaking = [law.reports[name] for name in SPEAKERS]
    astray = np.array([one.misplaced for one in speaking])[told.speaker[own]]
    sd = np.array([one.position_sd_m for one in speaking])[told.speaker[own]] / 1000
    y = told.y_km[own]
    offset = told.x_km[own] - line.x_at(y, when)
    slope = (line.x_at(y + 1, when) - line.x_at(y - 1, when)) / 2
    spread = sd * np.sqrt(1 + slope**2)
    beside = np.exp(-0.5 * ((y - seen.y_km[rows][at]) / (sd * 1.1)) ** 2) / (sd * 1.1)
    near = np.exp(-0.5 * ((offset[:, None] - east[at]) / spread[:, None]) ** 2) / spread[:, None]
    # a wrong place is near one that has a name, some way from the line and anywhere along the front
    wrong = astray * 2 * np.pi / (law.length_km * 30.0)
    np.add.at(found, at, np.log((1 - astray[:, None]) * near * beside[:, None] + wrong[:, None] + 1e-12))
    return found


def _claims(law: Regime, told: _Told, rows: IntArray, seen: _Seen, played: Any) -> FloatArray:
    """(n_rows, 5) log-likelihood of who told, how often, and whom they accused."""
    found = np.zeros((len(rows), 5))
    count, accused = told.count[rows], told.accused[rows]
    late = seen.at_us[rows] >= microseconds(played.truce_start)
    ground = np.where(seen.offset_km[rows] < 0, 0, 1)
    for h in range(5):
        if h in (2, 3):
            found[:, h] = _staged_claims(law, count, accused, h - 2)
            continue
        for code, name in enumerate(SPEAKERS):
            speaking = law.reports[name]
            if code == NEUTRAL:
                p = np.full(len(rows), speaking.p_neutral)
            elif h == 4:
                p = np.where(ground == code, speaking.p_struck, 0.0)
            else:
                p = np.full(len(rows), speaking.p_fired if h == code else speaking.p_struck)
            p = np.clip(np.minimum(p * np.where(late, speaking.factor_from_truce, 1.0), 0.95), 1e-4, 1 - 1e-4)
            says = np.log(_accusing(law, code, h))[np.clip(accused[:, code], -1, 1) + 1]
            found[:, h] += np.where(count[:, code] > 0, np.log(p) + says, np.log1p(-p))
            # a second telling by one group is of a deceit
            found[:, h] += np.where(count[:, code] > 1, np.log(1e-3), 0.0)
    return found


def _accusing(law: Regime, code: int, h: int) -> FloatArray:
    """(3,) probability that a telling accuses nobody, the first party, the second."""
    speaking = law.reports[SPEAKERS[code]]
    blames, wrong = speaking.blames, speaking.wrong_blame
    share = np.full(3, 1e-4)
    if code == NEUTRAL:
        share[0] += 1 - blames
        if h == 4:
            share[1:] += blames / 2
        else:
            share[1 + h] += blames * (1 - wrong)
            share[2 - h] += blames * wrong
    else:
        names = blames * (0.15 if h == code else 1.0)
        share[0] += 1 - names
        share[2 - code] += names
    return np.asarray(share / share.sum())


def _staged_claims(law: Regime, count: IntArray, accused: IntArray, by: int) -> FloatArray:
    """(n,) log-likelihood if ``by`` staged it: its own outlets and neutral ones tell, and accuse the other."""
    fits = (count[:, 1 - by] == 0) & ((count[:, by] == 0) | (accused[:, by] == 1 - by))
    fits &= (count[:, NEUTRAL] == 0) | (accused[:, NEUTRAL] == 1 - by)
    n = count[:, by] + count[:, NEUTRAL]
    mean = law.fakes.accounts - 1
    log = -mean + np.maximum(n - 1, 0) * np.log(max(mean, 1e-9)) - gammaln(np.maximum(n, 1))
    log = log + count[:, by] * np.log(0.7) + count[:, NEUTRAL] * np.log(0.3)
    log = log + gammaln(n + 1) - gammaln(count[:, by] + 1) - gammaln(count[:, NEUTRAL] + 1)
    return np.asarray(np.where(fits & (n > 0), log, -14.0))
