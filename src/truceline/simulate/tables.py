"""Arrays of the simulator → tables of the schema and of the truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.base.canonical import digest_bytes
from truceline.base.columns import BoolArray, FloatArray, IntArray
from truceline.base.intervals import microseconds
from truceline.schema import COVERAGE, OBSERVATIONS
from truceline.schema.table import TIME, Table, TableSpec
from truceline.simulate.regime import ACTS, FIRE, Regime
from truceline.simulate.salvos import Acts
from truceline.simulate.sense import Found
from truceline.simulate.tell import NEUTRAL, SPEAKERS, Told
from truceline.simulate.terrain import Terrain
from truceline.simulate.watch import REASONS, Fleet, Looks

#: the truth's own tables; no verification reads them
INCIDENTS = pa.schema(
    [
        ("truth_id", pa.string()), ("party_id", pa.string()), ("act", pa.string()), ("occurred_at", TIME),
        ("longitude_deg", pa.float64()), ("latitude_deg", pa.float64()), ("sector", pa.string()), ("rounds", pa.int64()),
        ("strength", pa.float64()), ("answer", pa.bool_()), ("from_longitude_deg", pa.float64()),
        ("from_latitude_deg", pa.float64()), ("push_km", pa.float64()), ("staged", pa.bool_()),
    ]
)  # fmt: skip
LINKS = pa.schema(
    [
        ("observation_id", pa.string()), ("file", pa.string()), ("row", pa.int64()), ("truth_id", pa.string()),
        ("fake_id", pa.string()), ("origin_id", pa.string()),
    ]
)  # fmt: skip

_VERBS = ("shelled", "hit by rockets", "struck by a small drone", "entered")
_OPENINGS = (
    "Outskirts of ", "Residents of ", "Explosions at ", "Our correspondent near ", "Local council of ",
    "Emergency services in ",
)  # fmt: skip
_MIDDLES = (" ", " say the place was ", ", the place ", " reports: ", " tells that it was ", " called out, ")
_ENDINGS = ("", ".", " - update", " !")


def seconds_to_time(seconds: FloatArray, regime: Regime) -> pa.Array:
    """Seconds from the regime's start → times."""
    return pa.array((seconds * 1e6).round().astype(np.int64) + microseconds(regime.start_utc), pa.int64()).cast(TIME)  # fmt: skip


def maybe(values: FloatArray) -> pa.Array:
    """Numbers, NaN as null."""
    return pa.array(values, pa.float64(), from_pandas=True)


def words(names: Sequence[str], code: IntArray) -> pa.Array:
    """Words by code; −1 is null."""
    return pa.array(list(names), pa.string()).take(pa.array(code, pa.int64(), mask=code < 0))


def numbered(prefix: str, number: IntArray, *, width: int) -> pa.Array:
    """Such as ``acoustic-000012``."""
    digits = pc.utf8_lpad(pc.cast(pa.array(number), pa.string()), width=width, padding="0")
    return pc.binary_join_element_wise(pa.scalar(prefix), digits, "-")


def build(spec: TableSpec, columns: dict[str, Any], n: int) -> Table:
    """A table of the schema; columns that are not given are null."""
    arrays = []
    for column in spec.columns:
        value = columns.get(column.name)
        if value is None:
            arrays.append(pa.nulls(n, column.type))
        elif isinstance(value, str):
            arrays.append(pa.repeat(pa.scalar(value, column.type), n))
        else:
            arrays.append(value if isinstance(value, pa.Array) else pa.array(value, column.type))
    return pa.Table.from_arrays(arrays, schema=spec.arrow)


def where_from(file: str, rows: IntArray, regime: Regime, seed: int) -> dict[str, Any]:
    """The provenance of rows that stand, or would stand, in a file of the case."""
    digest = digest_bytes(f"simulated:{regime.name}:{seed}:{file}".encode())
    return {"raw_file": f"case:{file}", "raw_row": rows, "raw_digest": str(digest)}


def _act_maps(act: IntArray) -> pa.Array:
    """Maps act → 0, or empty where none is told."""
    told = act >= 0
    offsets = np.concatenate([[0], np.cumsum(told)]).astype(np.int32)
    keys = words(ACTS, act[told])
    return pa.MapArray.from_arrays(pa.array(offsets), keys, pa.array(np.zeros(int(told.sum()))))


def sector_ids(terrain: Terrain) -> list[str]:
    """Ids of sectors, from south to north."""
    return [f"sector-{k + 1:02d}" for k in range(terrain.n_sectors)]


def district_ids(terrain: Terrain) -> list[str]:
    """Ids of districts, from south to north."""
    return [f"district-{k + 1:03d}" for k in range(terrain.n_districts)]


def sensor_observations(
    regime: Regime, terrain: Terrain, fleet: Fleet, looks: Looks, found: Found, *, first_row: int, seed: int
) -> Table:
    """Records of one fleet, in the order of its file."""
    n, row = len(found), found.row
    number = first_row + np.arange(n)
    file = f"data/{fleet.name}.csv"
    longitude, latitude = terrain.to_globe(found.x_km, found.y_km)
    band = ~np.isnan(found.range_min_m)
    station_x, station_y = terrain.to_globe(np.where(band, looks.x_km[row], 0.0), np.where(band, looks.y_km[row], 0.0))  # fmt: skip
    form = fleet.sensing.form
    return build(
        OBSERVATIONS,
        {
            "observation_id": numbered(fleet.name, number, width=7),
            "source_id": fleet.name,
            "sensor_id": None if form == "look" else words(sensor_ids(fleet), looks.sensor[row]),
            "look_id": None if form == "station" else numbered(fleet.name, looks.look[row], width=6),
            "occurred_from": seconds_to_time(found.from_s, regime),
            "occurred_until": seconds_to_time(found.until_s, regime),
            "longitude_deg": longitude,
            "latitude_deg": latitude,
            "position_sd_m": found.sd_m,
            "observer_longitude_deg": maybe(np.where(band, station_x, np.nan)),
            "observer_latitude_deg": maybe(np.where(band, station_y, np.nan)),
            "range_min_m": maybe(found.range_min_m),
            "range_max_m": maybe(found.range_max_m),
            "bearing_min_deg": maybe(found.bearing_min_deg),
            "bearing_max_deg": maybe(found.bearing_max_deg),
            "count": pa.array(found.count, pa.int64(), mask=found.count < 0),
            "acts": _act_maps(found.act),
            "strength": maybe(found.strength),
            "fire_direction_deg": maybe(found.direction_deg),
            **where_from(file, number, regime, seed),
        },
        n,
    )


def sensor_ids(fleet: Fleet) -> list[str]:
    """Names of a fleet's sensors."""
    return [f"{fleet.name}-{k + 1:03d}" for k in range(len(fleet.x_km))]


def report_observations(
    regime: Regime, terrain: Terrain, told: Told, *, speaker: int, first_row: int, seed: int
) -> Table:
    """Reports of one group of outlets, in the order of its file."""
    n = len(told)
    source = f"reports_{SPEAKERS[speaker]}"
    number = first_row + np.arange(n)
    point = told.district < 0
    longitude, latitude = terrain.to_globe(np.where(point, told.x_km, 0.0), np.where(point, told.y_km, 0.0))
    parties = [party.id for party in regime.parties]
    return build(
        OBSERVATIONS,
        {
            "observation_id": numbered(source, number, width=7),
            "source_id": source,
            "occurred_from": seconds_to_time(told.from_s, regime),
            "occurred_until": seconds_to_time(told.until_s, regime),
            "logged_at": seconds_to_time(told.logged_s, regime),
            "longitude_deg": maybe(np.where(point, longitude, np.nan)),
            "latitude_deg": maybe(np.where(point, latitude, np.nan)),
            "position_sd_m": maybe(told.sd_m),
            "area_id": words(district_ids(terrain), told.district),
            "place_name": words(terrain.place_names, np.where(point, told.place, -1)),
            "count": pa.array(told.count, pa.int64(), mask=told.count < 0),
            "acts": _act_maps(told.act),
            "accused_party_id": words(parties, told.accused),
            "speaker_party_id": None if speaker == NEUTRAL else parties[speaker],
            "text": _texts(terrain, told),
            **where_from(f"data/{source}.csv", number, regime, seed),
        },
        n,
    )


def _texts(terrain: Terrain, told: Told) -> pa.Array:
    where = [*terrain.place_names, *(f"district {k + 1}" for k in range(terrain.n_districts))]
    place = np.where(told.district >= 0, len(terrain.place_names) + told.district, told.place)
    clock = [
        " during the day",
        *(f" {part}" for part in ("at night", "in the morning", "in the afternoon", "in the evening")),
        *(f" about {h:02d} o'clock" for h in range(24)),
        *(f" at {m // 6:02d}:{m % 6}0" for m in range(144)),
    ]
    how_many = ["", *(f", {k} heard" for k in range(1, 100))]
    return pc.binary_join_element_wise(
        words(_OPENINGS, told.wording % len(_OPENINGS)),
        words(where, place),
        words(_MIDDLES, told.wording // len(_OPENINGS)),
        words(_VERBS, told.said_act),
        words(clock, told.clock),
        words(how_many, np.clip(told.count, 0, 99)),
        words(_ENDINGS, told.ending),
        "",
    )


def coverage_rows(
    regime: Regime, terrain: Terrain, fleets: tuple[Fleet, ...], looks: Looks, *, first_row: dict[int, int], seed: int
) -> Table:  # fmt: skip
    """Coverage of every fleet, in the order of its file."""
    parts = []
    for fleet in fleets:
        mine = looks.at(looks.fleet == fleet.code)
        mine = mine.at(np.lexsort((mine.act, mine.sector, mine.look, mine.sensor, mine.start_s)))
        n = len(mine)
        number = first_row[fleet.code] + np.arange(n)
        circle = mine.sector < 0
        longitude, latitude = terrain.to_globe(np.where(circle, mine.x_km, 0.0), np.where(circle, mine.y_km, 0.0))  # fmt: skip
        form = fleet.sensing.form
        parts.append(
            build(
                COVERAGE,
                {
                    "coverage_id": numbered(f"{fleet.name}-watch", number, width=7),
                    "source_id": fleet.name,
                    "sensor_id": None if form == "look" else words(sensor_ids(fleet), mine.sensor),
                    "look_id": None if form == "station" else numbered(fleet.name, mine.look, width=6),
                    "area_id": words(sector_ids(terrain), mine.sector),
                    "longitude_deg": maybe(np.where(circle, longitude, np.nan)),
                    "latitude_deg": maybe(np.where(circle, latitude, np.nan)),
                    "radius_m": maybe((mine.radius_km * 1000).round()),
                    "window_start": seconds_to_time(mine.start_s, regime),
                    "window_stop": seconds_to_time(mine.stop_s, regime),
                    "act": words(FIRE, mine.act),
                    "available_share": mine.share.round(2),
                    "detection_p_a": mine.a,
                    "detection_p_b": mine.b,
                    "detection_p_basis": _basis(fleet, mine),
                    "clutter_per_day": mine.clutter_per_day.round(4),
                    "reason": words(REASONS, mine.reason),
                    **where_from(f"data/{fleet.name}_watch.csv", number, regime, seed),
                },
                n,
            )
        )
    return COVERAGE.concat(parts)


def _basis(fleet: Fleet, looks: Looks) -> pa.Array:
    """On whose word: one sentence for each probability that was drawn by itself."""
    n = len(looks)
    act = words([*FIRE, "any act"], np.where(looks.act < 0, len(FIRE), looks.act))
    night = words([", by day", ", by night"], looks.night.astype(np.int64)) if fleet.sensing.night_factor != 1 else pa.repeat(pa.scalar(""), n)  # fmt: skip
    who = words(sensor_ids(fleet), looks.sensor) if fleet.beta.shape[2] > 1 else pa.repeat(pa.scalar(fleet.name), n)  # fmt: skip
    return pc.binary_join_element_wise("trials in the simulation: ", who, ", ", act, night, "")


def truth_incidents(regime: Regime, terrain: Terrain, acts: Acts, *, first: int) -> Table:
    """What happened."""
    longitude, latitude = terrain.to_globe(acts.x_km, acts.y_km)
    from_longitude, from_latitude = terrain.to_globe(acts.from_x_km, acts.from_y_km)
    columns = [
        numbered("t", first + np.arange(len(acts)), width=8), words([party.id for party in regime.parties], acts.side),
        words(ACTS, acts.kind), seconds_to_time(acts.time_s, regime), longitude, latitude,
        words(sector_ids(terrain), terrain.sector(acts.y_km)), acts.rounds, acts.strength, acts.answer,
        from_longitude, from_latitude, acts.push_km, acts.staged,
    ]  # fmt: skip
    return pa.Table.from_arrays([pa.array(column) for column in columns], schema=INCIDENTS)


def truth_links(
    observations: Table, *, truth: IntArray, fake: IntArray, origin: pa.Array, first_truth: int
) -> Table:
    """Which record is of what. Empty texts: nothing."""
    empty = pa.scalar("")
    happened, deceit = truth >= 0, fake >= 0

    def named(prefix: str, number: IntArray, there: BoolArray, width: int) -> pa.Array:
        return pc.if_else(pa.array(there), numbered(prefix, np.where(there, number, 0), width=width), empty)

    file = pc.replace_substring(observations["raw_file"], "case:", "")
    return pa.Table.from_arrays(
        [
            observations["observation_id"], file, observations["raw_row"],
            named("t", first_truth + truth, happened, 8), named("f", fake, deceit, 6), origin,
        ],
        schema=LINKS,
    )  # fmt: skip
