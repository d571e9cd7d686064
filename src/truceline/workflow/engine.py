"""Tables in memory → incidents, attributed: the engine without a case, for strangers' data and for scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from truceline.assurance.totals import Totals, estimate_totals, totals_table
from truceline.attribution.attribute import attribute
from truceline.base.columns import IntArray, floats, map_parts, micros
from truceline.base.geodesy import FloatArray, LocalFrame
from truceline.base.intervals import Interval
from truceline.base.progress import Progress, silent
from truceline.fusion.associate import associate
from truceline.fusion.engine import Fusion
from truceline.fusion.posterior import read_posterior
from truceline.fusion.trained import ExistenceBy, shipped_model
from truceline.line.antimeridian import draw_near, runs_over, turn_back
from truceline.line.build import build_holders
from truceline.line.distances import line_distances_m
from truceline.line.history import LineHistory
from truceline.line.uncertainty import old_map
from truceline.origins.collapse import collapse_copies
from truceline.schema import AREAS, CONTROL, COVERAGE
from truceline.schema.table import Table
from truceline.scoring.blame import party_chances
from truceline.scoring.ideal import Seen, ideal_parties
from truceline.scoring.identity import match_events
from truceline.scoring.score import Judged
from truceline.workflow.centre import centre_frame
from truceline.workflow.watched import box_watched, split_weeks

TRAINED_NOTE = "existence_p is by a model that was trained on simulated fronts: what the simulation has wrong it has wrong too"
#: more rows than this nobody reads, and each costs time
MOST_TOTALS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the engine is given; every table to its schema."""

    observations: Table
    coverage: Table = field(default_factory=COVERAGE.empty)
    control: Table = field(default_factory=CONTROL.empty)
    areas: Table = field(default_factory=AREAS.empty)
    parties: tuple[str, ...] = ()
    hard_sources: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()
    frame: LocalFrame | None = None
    seed: int = 0
    existence: ExistenceBy = "generative"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fused:
    """What came of it. parameters : what was declared and estimated, for people to read."""

    incidents: Table
    observations: Table  #: with their origins
    totals: Table | None
    parameters: dict[str, Any]
    notes: tuple[str, ...]


def complete_setting(given: Setting) -> Setting:
    """The setting with what was left open: parties, hard sources, acts, frame.

    Parties are those of the control table, then of what records say of them, in the order in which
    they first stand. Hard sources are those whose detection probability has a basis.
    """
    coverage = given.coverage
    based = coverage.filter(pc.is_valid(coverage["detection_p_basis"]))
    hard = given.hard_sources or tuple(sorted(pc.unique(based["source_id"]).to_pylist()))
    # where nothing was recorded, what was watched for
    acts = given.acts or _names(map_parts(given.observations["acts"])[1]) or _names(coverage["act"])
    return Setting(
        observations=given.observations, coverage=coverage, control=given.control, areas=given.areas,
        parties=given.parties or _parties(given), hard_sources=hard, acts=acts,
        frame=given.frame or centre_frame(given.observations, coverage, given.areas), seed=given.seed, existence=given.existence,
    )  # fmt: skip


def _names(column: pa.Array | pa.ChunkedArray) -> tuple[str, ...]:
    """The distinct names of a column, by alphabet."""
    return tuple(sorted(pc.unique(column).drop_null().to_pylist()))


def _parties(given: Setting) -> tuple[str, ...]:
    columns = [given.control["holder_party_id"]]
    columns += [given.observations[name] for name in ("speaker_party_id", "accused_party_id")]
    return tuple(dict.fromkeys(name for column in columns for name in pc.unique(column).to_pylist() if name))


def fuse(given: Setting, *, progress: Progress = silent) -> Fused:
    """(1) one origin for copies; (2) incidents; (3) the line; (4) who did it; (5) totals."""
    setting = complete_setting(given)
    steps = 4
    progress("collapsing copies", 0, steps)
    observations = collapse_copies(setting.observations)  # (1)
    progress("fusing incidents", 1, steps)
    found: list[Fusion] = []
    incidents = group(observations, setting, tell=found.append)  # (2)
    progress("drawing the line", 2, steps)
    line, notes = draw_line(setting)  # (3)
    incidents = blame(incidents, observations, setting, line)  # (4)
    progress("gathering", 3, steps)
    totals, learnt = count_totals(incidents, observations, setting)  # (5)
    if setting.existence == "trained":
        notes.append(TRAINED_NOTE)
    if totals is None:
        notes.append(f"no totals: {_why_no_totals(setting)}")
    progress("gathering", steps, steps)
    return Fused(
        incidents=incidents,
        observations=observations,
        totals=totals,
        parameters=_parameters(setting) | {"estimated": learnt, "fusion": _posterior(found)},
        notes=tuple(notes),
    )


def _posterior(found: list[Fusion]) -> dict[str, list[dict[str, Any]]]:
    """What fusion learned of each declared probability, and of false detections, with how sure it is."""
    return read_posterior(found[0]).rows() if found else {}


def group(
    observations: Table,
    setting: Setting,
    *,
    partition: IntArray | None = None,
    tell: Callable[[Fusion], None] | None = None,
) -> Table:
    """Observations with their origins → incidents, or those of a partition that is given."""
    assert setting.frame is not None
    return associate(
        observations, frame=setting.frame, acts=setting.acts, coverage=setting.coverage, areas=setting.areas,
        hard_sources=setting.hard_sources or None, partition=partition, existence=setting.existence,
        tell=tell,
    )  # fmt: skip


def weigh_groups(observations: Table, setting: Setting, number: IntArray) -> FloatArray:
    """(n_groups,) the engine's own existence of groups that are given; NaN: no basis for one.

    number : (n_records,) number of each record's group. observations : with their origins.
    """
    incidents = group(observations, setting, partition=number)
    first = pc.list_element(incidents["observation_ids"], 0)
    row = pc.index_in(first, value_set=observations["observation_id"].combine_chunks()).to_numpy()
    p = np.full(int(number.max(initial=-1)) + 1, np.nan)
    p[number[row]] = floats(incidents["existence_p"])
    return p


def draw_line(setting: Setting) -> tuple[LineHistory | None, list[str]]:
    """The history of the first map, from the side of the first party that it shows."""
    control = setting.control
    if not control.num_rows:
        return None, ["no control was given: nobody is told apart by place"]
    source = control["source_id"][0].as_py()
    own = control.filter(pc.equal(control["source_id"], source))
    assert setting.frame is not None
    own = _shapes_near(own, setting.frame)
    start, stop = (value.as_py() for value in pc.min_max(own["map_time"]).values())
    history = build_holders(
        own, source_id=source, title=source, window=Interval(start, stop + timedelta(seconds=1)),
        frame=setting.frame, tolerances_m=(), party_ids=setting.parties,
    )  # fmt: skip
    notes = []
    first = pc.min(setting.observations["occurred_from"]).as_py()
    old = None if first is None else old_map(history, at=first)
    if old is not None:
        notes.append(f"the map {old.title} was last redrawn {old.age_days:,.0f} days before the first record: its line is taken as uncertain by {old.sd_km:,.1f} km")  # fmt: skip
    others = sorted(set(pc.unique(control["source_id"]).to_pylist()) - {source})
    if others:
        notes.append(f"the line is that of {source}; maps not used: {', '.join(others)}")
    return history, notes


def _shapes_near(control: Table, frame: LocalFrame) -> Table:
    """The maps with every shape drawn near the frame, whole across the antimeridian."""
    shapes = shapely.from_wkb(control["geometry"].to_pylist())
    drawn = [draw_near(shape, frame.longitude_deg) for shape in shapes]
    if all(one is shape for one, shape in zip(drawn, shapes, strict=True)):
        return control
    column = control.schema.get_field_index("geometry")
    made = pa.array(shapely.to_wkb(drawn).tolist(), control.schema.field(column).type)
    return control.set_column(column, control.schema.field(column), made)


def ideal_blame(judged: Judged, setting: Setting) -> FloatArray | None:
    """(n_incidents, n_parties + 1) the ideal observer's attribution; None where there is no line.

    It sees the same records and the same map, and knows the truth's own frequencies.
    """
    line, _ = draw_line(setting)
    if line is None or not line.snapshots or len(setting.parties) != 2:
        return None
    assert setting.frame is not None
    frame, incidents, truth = setting.frame, judged.incidents, judged.truth

    def offset(longitude: FloatArray, latitude: FloatArray, at_us: IntArray) -> FloatArray:
        found = np.full(len(longitude), np.nan)
        rows = np.flatnonzero(np.isfinite(longitude) & np.isfinite(latitude))
        found[rows] = line_distances_m(line, longitude[rows], latitude[rows], at_us=at_us[rows], frame=frame)
        return found

    chances = party_chances(incidents, setting.parties)
    seen = Seen(
        offset_m=offset(floats(incidents["longitude_deg"]), floats(incidents["latitude_deg"]), micros(incidents["occurred_from"])),
        sd_m=floats(incidents["position_sd_m"]),
        true_offset_m=offset(truth.longitude_deg, truth.latitude_deg, truth.at_us),
    )  # fmt: skip
    return ideal_parties(
        judged.observations, judged.partition.group, len(judged.partition), judged.linked, truth,
        parties=setting.parties, hard_sources=setting.hard_sources, seen=seen, acts=incidents["act"].to_pylist(),
        method_p=chances, matched=match_events(judged.partition, judged.linked) & np.isfinite(chances[:, 0]),
    )  # fmt: skip


def _why_no_totals(setting: Setting) -> str:
    if not setting.acts:
        return "neither records nor coverage name an act"
    if not pc.any(pc.is_valid(setting.coverage["detection_p_basis"])).as_py():
        return "no coverage with a detection probability and its basis"
    return "the coverage names no circle with a radius above nought, and no areas have a shape (--areas)"


def blame(incidents: Table, observations: Table, setting: Setting, line: LineHistory | None) -> Table:
    """Incidents with the probability of each party."""
    return attribute(
        incidents, observations, parties=setting.parties, line=line, frame=setting.frame,
        attributable_sources=frozenset(setting.hard_sources),
    )  # fmt: skip


def count_totals(
    incidents: Table, observations: Table, setting: Setting
) -> tuple[Table | None, list[dict[str, Any]]]:
    """Estimated totals by area, week and act, and what was learnt of the detection probabilities.

    None and nothing where nobody says what could have been seen, or where.

    Areas are taken kind by kind, the largest kind first, as long as there are no more than
    ``MOST_TOTALS`` rows; weeks begin with the first window of the coverage.
    """
    coverage = setting.coverage
    based = coverage.filter(pc.is_valid(coverage["detection_p_basis"]))
    if not based.num_rows or not setting.acts:
        return None, []
    start, stop = pc.min(based["window_start"]).as_py(), pc.max(based["window_stop"]).as_py()
    weeks = split_weeks(start, stop, most=MOST_TOTALS)
    assert setting.frame is not None
    shapes = _coarse_areas(setting.areas, most=MOST_TOTALS // (len(weeks) * len(setting.acts)))
    whole = not shapes
    if whole:
        shapes = box_watched(based, setting.frame)
    if not shapes:
        return None, []
    frame = setting.frame
    shapes = {area: draw_near(shape, frame.longitude_deg) for area, shape in shapes.items()}
    if runs_over(shapes.values()):  # totals ask in degrees which place lies in which area
        incidents, coverage, observations = (
            turn_back(table, frame.longitude_deg) for table in (incidents, coverage, observations)
        )
        shapes = {area: translate(shape, xoff=-frame.longitude_deg) for area, shape in shapes.items()}
        frame = LocalFrame(frame.name, 0.0, frame.latitude_deg)
    found = estimate_totals(
        incidents, observations=observations, coverage=coverage, frame=frame, areas=shapes,
        periods=weeks, acts=setting.acts, seed=setting.seed,
    )  # fmt: skip
    table = totals_table(found)
    if whole:
        column = table.schema.get_field_index("area_id")
        table = table.set_column(column, "area_id", pa.nulls(table.num_rows, pa.string()))
    return table, learnt_parameters(found)


def _coarse_areas(areas: Table, *, most: int) -> dict[str, BaseGeometry]:
    """Shapes by id, of whole kinds, the kind of the largest areas first; at least one kind."""
    shaped = areas.filter(pc.is_valid(areas["geometry"]))
    kinds: dict[str, dict[str, BaseGeometry]] = {}
    for row in shaped.select(["area_id", "kind", "geometry"]).to_pylist():
        kinds.setdefault(row["kind"], {})[row["area_id"]] = shapely.from_wkb(row["geometry"])
    order = sorted(
        kinds, key=lambda kind: (-sum(s.area for s in kinds[kind].values()) / len(kinds[kind]), kind)
    )
    chosen: dict[str, BaseGeometry] = {}
    for kind in order:
        if chosen and len(chosen) + len(kinds[kind]) > most:
            break
        chosen |= kinds[kind]
    return chosen


def _parameters(setting: Setting) -> dict[str, Any]:
    return {
        "parties": list(setting.parties),
        "acts": list(setting.acts),
        "hard_sources": list(setting.hard_sources),
        "seed": setting.seed,
        "existence": "generative" if setting.existence == "generative" else {"by": "trained", **shipped_model().about},
        "frame": {"longitude_deg": setting.frame.longitude_deg, "latitude_deg": setting.frame.latitude_deg} if setting.frame else None,
        "declared": declared_parameters(setting.coverage),
    }  # fmt: skip


def learnt_parameters(totals: Totals) -> list[dict[str, Any]]:
    """Posterior of the detection probability of each source and act, averaged over its sensors."""
    if totals.learnt is None:
        return []
    members: dict[tuple[str, str], list[int]] = {}
    for k, (source, _, _, _, act) in enumerate(totals.groups):
        members.setdefault((source, act), []).append(k)
    rows = []
    for source, act in sorted(members):
        draws = totals.learnt.draws[members[source, act]].mean(axis=0)
        low, high = np.quantile(draws, [0.025, 0.975])
        rows.append(
            {
                "source_id": source, "act": act or None, "detection_p": float(draws.mean()),
                "detection_p_sd": float(draws.std()), "detection_p_lo95": float(low), "detection_p_hi95": float(high),
            }
        )  # fmt: skip
    return rows


def declared_parameters(coverage: Table) -> list[dict[str, Any]]:
    """Detection probability and clutter of each source and act, as the coverage declares them."""
    given = coverage.filter(pc.and_(pc.is_valid(coverage["detection_p_a"]), pc.is_valid(coverage["detection_p_b"])))  # fmt: skip
    if not given.num_rows:
        return []
    a, b = given["detection_p_a"], given["detection_p_b"]
    table = pa.table(
        {
            "source_id": given["source_id"], "act": given["act"],
            "detection_p": pc.divide(a, pc.add(a, b)), "detection_weight": pc.add(a, b),
            "clutter_per_day": given["clutter_per_day"],
        }
    )  # fmt: skip
    grouped = table.group_by(["source_id", "act"]).aggregate(
        [
            ("detection_p", "mean"),
            ("detection_weight", "mean"),
            ("clutter_per_day", "mean"),
            ("detection_p", "count"),
        ]
    )
    order = [("source_id", "ascending"), ("act", "ascending")]
    rows: list[dict[str, Any]] = grouped.sort_by(order).to_pylist()
    names = {"detection_p_mean": "detection_p", "detection_weight_mean": "trials", "clutter_per_day_mean": "clutter_per_day", "detection_p_count": "rows"}  # fmt: skip
    return [{names.get(key, key): value for key, value in row.items()} for row in rows]
