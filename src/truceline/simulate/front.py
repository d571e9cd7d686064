"""A front played: what everybody recorded, as tables of the schema, and the hidden truth beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from truceline.base.columns import FloatArray, IntArray
from truceline.base.geodesy import LocalFrame
from truceline.base.progress import Progress, silent
from truceline.schema import CLAIMS, CONTROL, COUNTS, COVERAGE, OBSERVATIONS
from truceline.schema.table import Table
from truceline.simulate import figures, salvos, tables, tell, watch
from truceline.simulate.evade import evade
from truceline.simulate.regime import ACTS, Regime
from truceline.simulate.salvos import Acts, Seeds
from truceline.simulate.sense import Found, sense
from truceline.simulate.tell import SPEAKERS, Told
from truceline.simulate.terrain import Terrain, lay_terrain

#: a front is played in pieces of so many days, whose ends looks do not reach across
PIECE_DAYS = 30
#: parts that have a stream of chance of their own, so that a change of one leaves the others
_PARTS = (
    "terrain", "orders", "muster", "maps", "spots", "salvos", "land", "advances", "stage", "detect", "clutter",
    "measure", "report", "deceive", "word", "count", "drift", "watch", "neither", "evade",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceInfo:
    """What a source is: hard, reports, counts, claims or map; whose; and where its rows stand."""

    kind: str
    side: str | None  #: party id; None: neither
    mechanism: bool
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What no verification may read. Columns: ``tables.INCIDENTS``, ``tables.LINKS``."""

    incidents: Table
    links: Table
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """Tables of the schema, of a whole front or of a piece of its time."""

    regime: Regime
    seed: int
    parties: tuple[str, ...]
    acts: tuple[str, ...]
    start: datetime
    stop: datetime
    truce_start: datetime
    frame: LocalFrame
    sources: Mapping[str, SourceInfo]
    observations: Table
    coverage: Table
    control: Table
    areas: Table
    counts: Table
    claims: Table
    truth: Truth

    @property
    def hard_sources(self) -> tuple[str, ...]:
        """Sensors, in their order."""
        return tuple(name for name, one in self.sources.items() if one.kind == "hard")


@dataclass(slots=True, kw_only=True)
class _World:
    """What stays, and what is carried from piece to piece."""

    regime: Regime
    seed: int
    terrain: Terrain
    orders: salvos.Orders
    fleets: tuple[watch.Fleet, ...]
    maps: figures.Maps
    areas: Table
    shift_km: FloatArray
    pending: Seeds
    drift: FloatArray
    counters: watch.Counters = field(default_factory=watch.Counters)
    rows: dict[str, int] = field(default_factory=dict)  #: next row of each file
    n_acts: int = 0
    n_fakes: int = 0
    staff: list[IntArray] = field(default_factory=list)

    def rng(self, part: str, piece: int = 0, number: int = 0) -> np.random.Generator:
        return np.random.default_rng([self.seed, _PARTS.index(part), piece, number])

    def next_row(self, name: str, n: int) -> int:
        first = self.rows.get(name, 2)
        self.rows[name] = first + n
        return first


def play(regime: Regime, *, seed: int, progress: Progress = silent) -> Front:
    """Play a regime once: the same regime and seed give the same tables.

    Party ids and names enter nothing but the tables, so that exchanging them exchanges these.
    """
    return _whole(list(play_periods(regime, seed=seed, progress=progress)))


def play_periods(regime: Regime, *, seed: int, progress: Progress = silent) -> Iterator[Front]:
    """The same front in pieces of ``PIECE_DAYS``, for periods whose whole does not fit in memory.

    Joined they are the front that ``play`` gives; the claims stand in the last one, areas in each.
    """
    world = _begin(regime, seed)
    n_pieces = -(-regime.days // PIECE_DAYS)
    for piece in range(n_pieces):
        progress("simulating", piece, n_pieces)
        yield _play_piece(world, piece)
    progress("simulating", n_pieces, n_pieces)


def _whole(parts: list[Front]) -> Front:
    if len(parts) == 1:
        return parts[0]
    last = parts[-1]

    def joined(name: str) -> Table:
        return pa.concat_tables([getattr(part, name) for part in parts]).combine_chunks()

    truth = Truth(
        incidents=pa.concat_tables([part.truth.incidents for part in parts]).combine_chunks(),
        links=pa.concat_tables([part.truth.links for part in parts]).combine_chunks(),
        facts=last.truth.facts,
    )
    made = {name: joined(name) for name in ("observations", "coverage", "control", "counts", "claims")}
    rest = {one.name: getattr(last, one.name) for one in fields(Front)} | made
    return Front(**{**rest, "start": parts[0].start, "truth": truth})


def terrain_of(regime: Regime, seed: int) -> Terrain:
    """The line, places and hot spots that a regime is played on."""
    return lay_terrain(regime, np.random.default_rng([seed, _PARTS.index("terrain"), 0, 0]))


def _begin(regime: Regime, seed: int) -> _World:
    def rng(part: str) -> np.random.Generator:
        return np.random.default_rng([seed, _PARTS.index(part), 0, 0])

    terrain = terrain_of(regime, seed)
    fleets = watch.muster(regime, terrain, rng("muster"))
    most = max([len(fleet.x_km) for fleet in fleets] + [1])
    return _World(
        regime=regime,
        seed=seed,
        terrain=terrain,
        orders=salvos.give_orders(regime, terrain, rng("orders")),
        fleets=fleets,
        maps=figures.Maps(error_km=figures.map_errors(regime, terrain, rng("maps"))),
        areas=figures.area_table(terrain),
        shift_km=np.zeros(len(terrain.line_y_km)),
        pending=salvos.no_seeds(),
        drift=np.zeros((len(fleets), most)),
    )


def _play_piece(world: _World, piece: int) -> Front:
    regime, terrain = world.regime, world.terrain
    days = piece * PIECE_DAYS, min((piece + 1) * PIECE_DAYS, regime.days)
    acts, shift_km, staged = _happen(world, piece, days)
    looks = watch.watch(regime, terrain, world.fleets, days=days, shift_km=shift_km, counters=world.counters, rngs=[world.rng("watch", piece, fleet.code) for fleet in world.fleets])  # fmt: skip
    found = sense(terrain, world.fleets, looks, acts, first_day=days[0], drift=_drift(world, piece, days), stop_s=regime.days * salvos.DAY_S, rngs=(world.rng("detect", piece), world.rng("clutter", piece), world.rng("measure", piece)))  # fmt: skip
    told = tell.tell(
        regime,
        terrain,
        acts,
        days=days,
        shift_km=shift_km,
        detected=((found.from_s + found.until_s) / 2, found.x_km, found.y_km),
        staged=staged,
        first_fake=world.n_fakes,
        rngs=(world.rng("report", piece), world.rng("deceive", piece), world.rng("word", piece)),
    )
    world.n_fakes = max(world.n_fakes, int(told.fake.max(initial=-1)) + 1)
    observations, links = _observed(world, looks, found, told)
    incidents = tables.truth_incidents(regime, terrain, acts, first=world.n_acts)
    world.n_acts += len(acts)
    fire = figures.daily_fire(acts, days=days, n_sectors=terrain.n_sectors, sector=terrain.sector(acts.y_km))
    for name in ("hotline", "staff_west", "staff_east"):
        world.next_row(name, 0)
    counts, staff = figures.count_table(regime, terrain, fire, days=days, first_row=world.rows, seed=world.seed, rng=world.rng("count", piece))  # fmt: skip
    world.staff.append(staff)
    control = figures.control_table(regime, terrain, shift_km, days=days, maps=world.maps, seed=world.seed)
    rows = {
        fleet.code: world.next_row(f"{fleet.name}_watch", int((looks.fleet == fleet.code).sum()))
        for fleet in world.fleets
    }
    return Front(
        regime=regime,
        seed=world.seed,
        parties=tuple(party.id for party in regime.parties),
        acts=ACTS,
        start=regime.start_utc + timedelta(days=days[0]),
        stop=regime.start_utc + timedelta(days=days[1]),
        truce_start=regime.truce_start,
        frame=terrain.frame,
        sources=_sources(world),
        observations=OBSERVATIONS.concat([observations]),
        coverage=COVERAGE.concat(
            [tables.coverage_rows(regime, terrain, world.fleets, looks, first_row=rows, seed=world.seed)]
        ),
        control=CONTROL.concat([control]),
        areas=world.areas,
        counts=COUNTS.concat([counts]),
        claims=_claims(world) if days[1] == regime.days else CLAIMS.empty(),
        truth=Truth(incidents=incidents, links=links, facts=_facts(world)),
    )


def _happen(world: _World, piece: int, days: tuple[int, int]) -> tuple[Acts, FloatArray, tell.Matter]:
    """All acts of a piece by time, the line's shift at its midnights, and the accounts of what is staged."""
    regime, terrain = world.regime, world.terrain
    shape = regime.fire.hot_spot_shape
    # weights last for some days, across pieces
    turn = (np.arange(*days) // max(regime.fire.hot_spot_days, 1e-9)).astype(np.int64)
    by_turn = {
        k: world.rng("spots", 0, k).gamma(shape, 1 / shape, len(terrain.spot_y_km))
        for k in set(turn.tolist())
    }
    weights = np.stack([by_turn[k] / by_turn[k].mean() for k in turn.tolist()])
    seeds, world.pending = salvos.fire_salvos(regime, terrain, world.orders, days=days, pending=world.pending, weights=weights, rng=world.rng("salvos", piece))  # fmt: skip
    seeds = evade(seeds, regime, terrain, world.fleets, world.rng("evade", piece))
    advances, shift_km, world.shift_km = salvos.push_line(regime, terrain, world.orders, days=days, shift_km=world.shift_km, rng=world.rng("advances", piece))  # fmt: skip
    fire = salvos.land_salvos(seeds, regime, terrain, shift_km=shift_km, first_day=days[0], rng=world.rng("land", piece))  # fmt: skip
    real, accounts, act_of = tell.stage(regime, terrain, days=days, shift_km=shift_km, first_fake=world.n_fakes, rng=world.rng("stage", piece))  # fmt: skip
    neither = salvos.explode(regime, terrain, days=days, shift_km=shift_km, rng=world.rng("neither", piece))
    acts, place = salvos.join([fire, advances, neither, real])
    first_staged = len(place) - len(real)
    truth = np.where(act_of >= 0, place[np.minimum(first_staged + np.maximum(act_of, 0), max(len(place) - 1, 0))], -1) if len(act_of) else act_of  # fmt: skip
    return acts, shift_km, replace(accounts, truth=truth)


def _drift(world: _World, piece: int, days: tuple[int, int]) -> FloatArray:
    """(n_fleets, n_sensors, n_days) random walks, going on from the last piece."""
    sd = np.array([fleet.sensing.drift_sd for fleet in world.fleets])
    rng = world.rng("drift", piece)
    steps = rng.normal(0, 1, (*world.drift.shape, days[1] - days[0])) * sd[:, None, None]
    walk = world.drift[:, :, None] + np.cumsum(steps, axis=2)
    world.drift = walk[:, :, -1]
    return np.asarray(walk, dtype=np.float64)


def _observed(world: _World, looks: watch.Looks, found: Found, told: Told) -> tuple[Table, Table]:
    """Observations of every source, and what each is of."""
    regime, terrain = world.regime, world.terrain
    parts, truth, fake, origins = [], [], [], []
    for fleet in world.fleets:
        mine = found.at(looks.fleet[found.row] == fleet.code)
        first = world.next_row(fleet.name, len(mine))
        parts.append(tables.sensor_observations(regime, terrain, fleet, looks, mine, first_row=first, seed=world.seed))  # fmt: skip
        truth.append(mine.truth)
        fake.append(np.full(len(mine), -1))
        origins.append(parts[-1]["observation_id"].combine_chunks())
    ids, numbers, tellings, of = [], [], [], []
    for code, name in enumerate(SPEAKERS):
        mine_told = told.at(told.speaker == code)
        first = world.next_row(f"reports_{name}", len(mine_told))
        parts.append(tables.report_observations(regime, terrain, mine_told, speaker=code, first_row=first, seed=world.seed))  # fmt: skip
        truth.append(mine_told.truth)
        fake.append(mine_told.fake)
        original = ~mine_told.is_copy
        ids.append(parts[-1]["observation_id"].combine_chunks().filter(pa.array(original)))
        numbers.append(mine_told.origin[original])
        of.append(mine_told.origin)
    tellings = pa.concat_arrays(ids).take(pa.array(np.argsort(np.concatenate(numbers), kind="stable")))
    origins.append(tellings.take(pa.array(np.concatenate(of))))
    observations = pa.concat_tables(parts).combine_chunks()
    links = tables.truth_links(
        observations,
        truth=np.concatenate(truth),
        fake=np.concatenate(fake),
        origin=pa.concat_arrays(origins),
        first_truth=world.n_acts,
    )
    return observations, links


def _claims(world: _World) -> Table:
    return figures.claim_table(world.regime, np.concatenate(world.staff), seed=world.seed)


def _sources(world: _World) -> dict[str, SourceInfo]:
    west, east = (party.id for party in world.regime.parties)
    found = {
        fleet.name: SourceInfo(kind="hard", side=None, mechanism=fleet.sensing.mechanism, file=f"data/{fleet.name}.csv")
        for fleet in world.fleets
    }  # fmt: skip
    for name, side in zip(SPEAKERS, (west, east, None), strict=True):
        found[f"reports_{name}"] = SourceInfo(kind="reports", side=side, mechanism=False, file=f"data/reports_{name}.csv")  # fmt: skip
    for name, kind, side in (("hotline", "counts", None), ("staff_west", "counts", west), ("staff_east", "counts", east), ("claims", "claims", None)):  # fmt: skip
        found[name] = SourceInfo(kind=kind, side=side, mechanism=False, file=f"data/{name}.csv")
    for name in figures.MAPS:
        found[name] = SourceInfo(kind="map", side=None, mechanism=False, file=f"data/{name}/*.geojson")
    return found


def _facts(world: _World) -> dict[str, Any]:
    """True probabilities, clutter and orders, for scoring alone."""
    regime = world.regime
    clutter = {
        name: {act: rate * regime.clutter_factor for act, rate in one.clutter_per_day.items()}
        for name, one in regime.sensors.items()
    }
    return {
        "seed": world.seed,
        "regime": regime.model_dump(mode="json"),
        "breaks": list(regime.breaks),
        "truce_start": regime.truce_start.isoformat(),
        "detection": [{one.name: getattr(declared, one.name) for one in fields(declared)} for declared in watch.declarations(world.fleets)],
        "clutter_per_day": clutter,
        "shadow_from_deg": {fleet.name: fleet.shadow_deg.round(1).tolist() for fleet in world.fleets if fleet.sensing.shadow_share > 0},
        "orders": {"delay_s": world.orders.delay_s.tolist(), "remaining": world.orders.remaining.round(6).tolist()},
    }  # fmt: skip


__all__ = ["PIECE_DAYS", "Front", "SourceInfo", "Truth", "play", "play_periods", "terrain_of"]
