"""The papers of an invented case: its terms, what it is made of, its readme."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from ruamel.yaml import YAML

from truceline.base.geodesy import LocalFrame
from truceline.base.intervals import as_utc, format_time
from truceline.simulate.ground import HALF_WIDTH_KM, MARGIN_KM
from truceline.simulate.scenario import ADVANCE, DRONE, SECTORS, SHELLING, SIDES, Contestant
from truceline.simulate.sensors import CALIBRATION_SHOTS, PATROL_SEES_P, PATROL_TRIALS

if TYPE_CHECKING:
    from truceline.simulate.world import Simulated

THEATRE = "tern_coast"
INVENTED = "invented for the simulation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prohibited:
    """An act that the terms prohibit."""

    id: str
    name: str
    definition: str
    title: str  #: of the obligation
    areas: tuple[str, ...]  #: judged one by one


def truce_yaml(simulated: Simulated) -> str:
    """The terms: an agreement with a mechanism, an order that was to reach every sector."""
    scenario = simulated.scenario
    areas = (THEATRE, *SECTORS)
    return terms_yaml(
        id=scenario.id,
        title=scenario.title,
        summary=(
            "An invented agreement of two invented parties: no shelling, no small-drone strikes, no advances "
            f"for {scenario.truce_days} days, watched by acoustic stations and patrols."
        ),
        wording="The party ceases shelling, strikes by small drones and advances, and lets the mechanism's patrols pass.",
        parties=[(party.side, party.id, party.name) for party in _parties(simulated)],
        start=as_utc(scenario.truce_start),
        stop=scenario.stop,
        acts=[
            Prohibited(id=SHELLING, name="Shelling", definition="A salvo of one or more shells or rockets that land within a minute.", title="No shelling", areas=areas),
            Prohibited(id=DRONE, name="Small-drone strike", definition="One small drone that strikes or drops a charge.", title="No strikes by small drones", areas=areas),
            Prohibited(id=ADVANCE, name="Advance", definition="Ground that changes hands.", title="No advance", areas=(THEATRE,)),
        ],
    )  # fmt: skip


def terms_yaml(
    *,
    id: str,
    title: str,
    summary: str,
    wording: str,
    parties: Sequence[tuple[str, str, str]],
    start: datetime,
    stop: datetime,
    acts: Sequence[Prohibited],
) -> str:
    """``truce.yaml`` of an invented agreement. parties : side, id and name of each."""
    clauses = {party_id: f"clause-{side}" for side, party_id, _ in parties}
    return dump_yaml(
        {
            "truce": 1,
            "id": id,
            "title": title,
            "instrument": "agreement",
            "terms_version": "invented-1",
            "summary": summary,
            "parties": [{"id": party_id, "name": name} for _, party_id, name in parties],
            "declarations": [
                {
                    "id": clauses[party_id],
                    "party": party_id,
                    "speaker": f"{name}, by its signature",
                    "date": start.date().isoformat(),
                    "wording": wording,
                }
                for _, party_id, name in parties
            ],
            "clocks": [
                {
                    "id": "agreed",
                    "title": "As agreed",
                    "start": format_time(start),
                    "stop": format_time(stop),
                    "zone": "UTC",
                    "declared_by": list(clauses.values()),
                }
            ],
            "acts": [{"id": act.id, "name": act.name, "definition": act.definition} for act in acts],
            "obligations": [
                {
                    "id": f"no-{act.id.replace('_', '-')}",
                    "act": act.id,
                    "title": act.title,
                    "rule": "prohibit",
                    "binds": list(clauses),
                    "clauses": clauses,
                    "clocks": ["agreed"],
                    "scopes": [{"areas": list(act.areas), "periods": "window"}],
                }
                for act in acts
            ],
        }
    )


def case_yaml(simulated: Simulated) -> str:
    """The case: areas, baseline, sources in the case's own folder, series, detection."""
    scenario = simulated.scenario
    west, south, east, north = region(simulated)
    truce_start = format_time(as_utc(scenario.truce_start))
    return dump_yaml(
        {
            "case": 1,
            "id": scenario.id,
            "title": scenario.title,
            "subtitle": f"{scenario.baseline_days} days of invented war, {scenario.truce_days} days of invented truce",
            "truce": "truce.yaml",
            "as_of": scenario.stop.date().isoformat(),
            "seed": simulated.seed,
            "invented": True,
            "monitors": True,
            "advance_acts": [ADVANCE],
            "theatre": THEATRE,
            "region": [west, south, east, north],
            "areas": _areas(simulated),
            "baseline": {"start": format_time(scenario.start), "stop": truce_start, "note": "War on the whole front."},
            "release": {"edition": "public_full", "basis": "Everything in it is invented."},
            "map": {"land": "coast.geojson", "places": "places.csv", "tolerance_m": [500, 10_000]},
            "sources": _sources(simulated),
            "series": _series(simulated),
            "detection": _detection(simulated),
            "limits": [
                "Everything here is invented: coast, places, parties, war and truce. It says nothing of any real one.",
                "The hidden truth lies in the folder truth and is never read by a verification.",
            ],
        }
    )  # fmt: skip


def region(simulated: Simulated) -> tuple[float, float, float, float]:
    """Box of the case: west, south, east, north, degrees, outwards to 0.1."""
    reach_y_km = simulated.ground.half_length_km + MARGIN_KM
    return box_deg(simulated.ground.frame, reach_x_km=HALF_WIDTH_KM + MARGIN_KM, reach_y_km=reach_y_km)


def box_deg(frame: LocalFrame, *, reach_x_km: float, reach_y_km: float) -> tuple[float, float, float, float]:
    """Box around a rectangle of the frame: west, south, east, north, degrees, outwards to 0.1."""
    x = np.array([-reach_x_km, -reach_x_km, reach_x_km, reach_x_km, 0, 0])
    y = np.array([-reach_y_km, reach_y_km, -reach_y_km, reach_y_km, -reach_y_km, reach_y_km])
    longitude, latitude = frame.to_globe(x * 1000, y * 1000)
    edges = (
        np.floor(longitude.min() * 10),
        np.floor(latitude.min() * 10),
        np.ceil(longitude.max() * 10),
        np.ceil(latitude.max() * 10),
    )
    west, south, east, north = (round(float(edge) / 10, 1) for edge in edges)
    return west, south, east, north


def readme(simulated: Simulated) -> str:
    """What the folder is."""
    scenario = simulated.scenario
    west, east = (scenario.party(side).name for side in SIDES)
    return f"""# {scenario.title}

Everything here is invented and was made by `truceline demo` from seed {simulated.seed}. The coast lies in
open ocean; parties, places and figures are of nowhere.

{west} holds the west, {east} the east. After {scenario.baseline_days} days of war an agreement orders fire to
cease for {scenario.truce_days} days. The order arrives late in some sectors and is not obeyed alike.

`case.yaml` and `truce.yaml` say what there is; `data/` holds what stations, satellites, patrols, a hotline,
two staffs, outlets and two maps recorded. `truth/` holds what happened and who did it. It is there to score
results with; no verification reads it.
"""


def _parties(simulated: Simulated) -> list[Contestant]:
    return [simulated.scenario.party(side) for side in SIDES]


def dump_yaml(value: dict[str, Any]) -> str:
    """A document of plain values as YAML, the same bytes each time."""
    yaml = YAML()
    yaml.width = 110
    yaml.default_flow_style = False
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.ignore_aliases = lambda _data: True
    out = io.StringIO()
    yaml.dump(value, out)
    return out.getvalue()


def _areas(simulated: Simulated) -> list[dict[str, Any]]:
    west, south, east, north = region(simulated)
    areas: list[dict[str, Any]] = [
        {"id": THEATRE, "name": "Tern Coast", "kind": "theatre", "bbox": [west, south, east, north]}
    ]
    for sector in SECTORS:
        low_km, high_km = simulated.ground.sector_bounds_km(sector)
        middle = simulated.ground.to_globe(np.zeros(1), np.array([(low_km + high_km) / 2]))[1][0]
        areas.append(
            {
                "id": sector,
                "name": f"Contact zone, {sector}",
                "kind": "sector",
                "parent": THEATRE,
                "shape": f"areas/{sector}.geojson",
                "label": [simulated.scenario.longitude_deg, round(float(middle), 3)],
            }
        )
    return areas


def source_entry(name: str, title: str, adapter: str, **rest: Any) -> dict[str, Any]:
    """An entry of ``sources`` whose files stand in the case's own folder."""
    entry = {"id": name, "title": title, "adapter": adapter, "root": "case"}
    entry["files"] = rest.pop("files", [f"data/{name}.csv"])
    return {**entry, "publisher": INVENTED, "licence": "Apache-2.0", "citation": INVENTED, **rest}


def table_options(table: str, columns: Sequence[str], **rest: Any) -> dict[str, Any]:
    """Options of ``table`` for a file whose headers are the schema's own names."""
    return {"table": table, "columns": {column: column for column in columns}, **rest}


_DETECTION = [
    "occurred_from", "occurred_until", "longitude_deg", "latitude_deg", "position_sd_m", "act", "count",
    "sensor_id", "look_id", "fire_direction_deg",
]  # fmt: skip
_WATCH = [
    "coverage_id", "sensor_id", "look_id", "longitude_deg", "latitude_deg", "radius_m",
    "window_start", "window_stop", "act", "available_share", "detection_p_a", "detection_p_b",
    "detection_p_basis", "clutter_per_day", "reason", "note",
]  # fmt: skip
_REPORT = [
    "occurred_from", "occurred_until", "logged_at", "longitude_deg", "latitude_deg", "position_sd_m",
    "place_name", "act", "text",
]  # fmt: skip
_CLOUD = ["coverage_id", "area_id", "window_start", "window_stop", "available_share", "reason"]
_COUNT = ["count_id", "series", "act", "unit", "value", "window_start", "window_stop", "area_id"]


def _sources(simulated: Simulated) -> list[dict[str, Any]]:
    west, east = _parties(simulated)
    counts = {"relation": "=", "cumulative": False, "vintage": "only"}
    return [
        source_entry("acoustic", "Acoustic stations", "table", grade="hard", mechanism=True, forms_incidents=True, role="Shots heard by the mechanism's stations, with direction for some.", cost_of_absence="Nothing independent would be known of shelling.", options=table_options("observations", _DETECTION)),
        source_entry("acoustic_watch", "Log of the acoustic stations", "table", grade="hard", role="When each station listened, and how well.", cost_of_absence="No bound on what went unheard.", options=table_options("coverage", _WATCH, of_source="acoustic")),
        source_entry("patrols", "Patrols of the mechanism", "table", grade="hard", mechanism=True, forms_incidents=True, role="Traces that patrols found by day.", cost_of_absence="Nothing could be verified on the ground.", options=table_options("observations", _DETECTION)),
        source_entry("patrols_watch", "Log of the patrols", "table", grade="hard", role="Where patrols looked, and where they were turned back.", cost_of_absence="Refusals would not be known.", options=table_options("coverage", _WATCH, of_source="patrols")),
        source_entry("thermal", "Fires seen from orbit", "firms", grade="hard", role="Heat on the ground; mostly fields.", cost_of_absence="Little.", options={}),
        source_entry("thermal_cloud", "Cloud over the satellite's passes", "table", grade="hard", role="How much of the ground the satellite could see.", cost_of_absence="Fires hidden by cloud could not be told from none.", options=table_options("coverage", _CLOUD, of_source="thermal")),
        source_entry("reports_west", f"Outlets of the {west.name}", "table", grade="reported", forms_incidents=True, role="Where and when that side says it was struck.", cost_of_absence="One side's reports would be missing.", options=table_options("observations", _REPORT, constants={"speaker_party_id": west.id, "accused_party_id": east.id})),
        source_entry("reports_east", f"Outlets of the {east.name}", "table", grade="reported", forms_incidents=True, role="Where and when that side says it was struck.", cost_of_absence="One side's reports would be missing.", options=table_options("observations", _REPORT, constants={"speaker_party_id": east.id, "accused_party_id": west.id}, zone="Etc/GMT+2")),
        source_entry("hotline", "Hotline of the mechanism", "table", grade="reported", role="Calls a day about explosions, by sector; it cannot say whose.", cost_of_absence="One regular series less.", options=table_options("counts", _COUNT, constants={**counts, "speaker": "Hotline"})),
        source_entry("staff_west", f"Daily figures of the {west.name}", "table", grade="reported", role="What that side counts of the other's fire.", cost_of_absence="The opponent's count would be missing.", options=table_options("counts", _COUNT, constants={**counts, "speaker": f"{west.name}, general staff", "speaker_party_id": west.id, "accused_party_id": east.id})),
        source_entry("staff_east", f"Daily figures of the {east.name}", "table", grade="reported", role="What that side counts of the other's fire.", cost_of_absence="The opponent's count would be missing.", options=table_options("counts", _COUNT, constants={**counts, "speaker": f"{east.name}, general staff", "speaker_party_id": east.id, "accused_party_id": west.id})),
        source_entry("claims", "Ledger of claims", "claims_ledger", grade="reported", role="What each side claims of the whole truce.", cost_of_absence="The sides' totals could not be taken apart.", options={"truce": simulated.scenario.id, "speakers": {f"{party.name}, general staff": party.id for party in (west, east)}}),
        source_entry("map_regular", "Map of control, kept up", "control_polygons", files=["data/map_regular/*.geojson"], grade="reported", role="Where the line ran, day by day.", cost_of_absence="No incident could be attributed.", options={"holder_party": west.id, "update_hour_utc": 0}),
        source_entry("map_stale", "Map of control, not kept up", "control_polygons", files=["data/map_stale/*.geojson"], grade="reported", role="A second drawing of the line, frozen before the truce.", cost_of_absence="How far two maps disagree could not be said.", options={"holder_party": west.id, "update_hour_utc": 0}),
    ]  # fmt: skip


def _series(simulated: Simulated) -> list[dict[str, Any]]:
    parties = dict(zip(SIDES, _parties(simulated), strict=True))
    series: list[dict[str, Any]] = [
        {"id": "shots_heard", "title": "Shots heard by the stations", "source": "acoustic", "measure": "starts", "unit": "record", "bin_h": 24, "area": THEATRE, "kind": "sensor", "act": SHELLING, "missing_is_zero": True, "caveat": "Two stations may hear one salvo; a station cannot say whose it was."},
        {"id": "fires", "title": "Fires seen from orbit", "source": "thermal", "measure": "records", "unit": "fire", "bin_h": 24, "area": THEATRE, "kind": "sensor", "caveat": "Most are fields; cloud hides them."},
    ]  # fmt: skip
    for side, other in (SIDES, SIDES[::-1]):
        for act in (SHELLING, DRONE):
            series.append(
                {"id": f"staff_{side}_{act}", "title": f"{act.replace('_', ' ').capitalize()} counted by the {parties[side].name}", "source": f"staff_{side}", "series": f"staff_{side}_{act}", "measure": "sum", "unit": act.replace("_", " "), "act": act, "party": parties[other].id, "area": THEATRE, "kind": "opponent_count", "caveat": "One side's figures on the other."}
            )  # fmt: skip
    for sector in SECTORS:
        series.append(
            {"id": f"hotline_{sector}", "title": f"Calls to the hotline, {sector}", "source": "hotline", "series": f"hotline_{sector}", "measure": "sum", "unit": "call", "act": SHELLING, "area": sector, "kind": "third_party_count", "caveat": "A caller cannot say who fired."}
        )  # fmt: skip
    return series


def _detection(simulated: Simulated) -> list[dict[str, Any]]:
    """Pooled over stations, and the patrols' own; the logs hold them one by one."""
    first: dict[str, float] = {}
    for watch in simulated.acoustic.watches:
        first.setdefault(watch.sensor_id, watch.a or 1.0)
    hits = sum(round(a) - 1 for a in first.values())
    shots = CALIBRATION_SHOTS * len(first)
    rows: list[dict[str, Any]] = [
        {"source": "acoustic", "act": SHELLING, "a": 1.0 + hits, "b": 1.0 + shots - hits, "basis": f"calibration shots in the scenario: {hits} of {shots} heard within a station's circle"}
    ]  # fmt: skip
    found = {watch.act: watch.a or 1.0 for watch in simulated.patrols.watches}
    for act in PATROL_SEES_P:
        if act in found:
            n = round(found[act]) - 1
            rows.append(
                {"source": "patrols", "act": act, "a": 1.0 + n, "b": 1.0 + PATROL_TRIALS - n, "basis": f"exercise in the scenario: {n} of {PATROL_TRIALS} prepared traces found within a patrol's circle"}
            )  # fmt: skip
    return rows
