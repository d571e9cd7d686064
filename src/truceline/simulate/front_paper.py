"""The papers of a front that is written as a case: its terms, what it is made of, its readme."""

from __future__ import annotations

from typing import Any

from truceline.base.intervals import format_time
from truceline.simulate.figures import MAPS, THEATRE
from truceline.simulate.front import Front
from truceline.simulate.paper import Prohibited, box_deg, dump_yaml, source_entry, table_options, terms_yaml
from truceline.simulate.regime import ADVANCE, DRONE, FIRE, ROCKETS, SHELLING
from truceline.simulate.tell import SPEAKERS
from truceline.simulate.terrain import Terrain

#: how far records of a front may lie beyond its zone
MARGIN_KM = 60.0

SENSOR_COLUMNS = (
    "observation_id", "occurred_from", "occurred_until", "sensor_id", "look_id", "longitude_deg", "latitude_deg",
    "position_sd_m", "observer_longitude_deg", "observer_latitude_deg", "range_min_m", "range_max_m",
    "bearing_min_deg", "bearing_max_deg", "act", "count", "strength", "fire_direction_deg",
)  # fmt: skip
REPORT_COLUMNS = (
    "observation_id", "occurred_from", "occurred_until", "logged_at", "longitude_deg", "latitude_deg",
    "position_sd_m", "area_id", "place_name", "act", "count", "accused_party_id", "text",
)  # fmt: skip
WATCH_COLUMNS = (
    "coverage_id", "sensor_id", "look_id", "area_id", "longitude_deg", "latitude_deg", "radius_m", "window_start",
    "window_stop", "act", "available_share", "detection_p_a", "detection_p_b", "detection_p_basis",
    "clutter_per_day", "reason",
)  # fmt: skip
COUNT_COLUMNS = ("count_id", "series", "act", "unit", "value", "window_start", "window_stop", "area_id")
CLAIM_COLUMNS = (
    "claim_id", "speaker", "speaker_party_id", "accused_party_id", "kind", "measure", "act", "unit", "value",
    "relation", "window_start", "window_stop", "window_precision", "part_of",
)  # fmt: skip

#: title, what it can say, what is lost without it; of sensors that the simulator knows by name
_KNOWN = {
    "acoustic": ("Acoustic stations", "Shots heard, some with a bearing and a distance alone.", "Most of what is known of the hour would be missing."),
    "seismic": ("Seismic stations", "Heavy explosions, over great distances.", "Little would be known behind the front."),
    "satellite": ("Fires seen from orbit", "Heat on the ground under a clear sky; mostly fields.", "Nothing would be seen where nobody stands."),
    "camera": ("Cameras of the mechanism", "What a fixed camera sees, less by night.", "Nothing could be shown."),
    "patrol": ("Patrols of the mechanism", "Traces that patrols found by day.", "Nothing could be verified on the ground."),
    "uav": ("Flights of the mechanism", "What flights saw where they were not jammed.", "Depth behind the line would be dark."),
    "observer": ("Observers of the mechanism", "What observers heard and saw: a bearing and a distance.", "Nothing would be heard between the stations."),
}  # fmt: skip
_ACTS = (
    (SHELLING, "Shelling", "A salvo of shells that land within a minute.", "No shelling"),
    (ROCKETS, "Rocket salvo", "A salvo of rockets that land within a minute.", "No rockets"),
    (DRONE, "Small-drone strike", "One small drone that strikes or drops a charge.", "No strikes by small drones"),
    (ADVANCE, "Advance", "Ground that changes hands.", "No advance"),
)  # fmt: skip


def case_id(front: Front) -> str:
    """Id of the case: the regime's name and the seed."""
    return f"{front.regime.name.replace('+', '-')}-{front.seed}"


def _title(front: Front) -> str:
    return f"An invented truce: {front.regime.name}, seed {front.seed}"


def front_terms(front: Front, terrain: Terrain, sectors: list[str]) -> str:
    """``truce.yaml``."""
    regime = front.regime
    return terms_yaml(
        id=case_id(front),
        title=_title(front),
        summary=(
            "An invented agreement of two invented parties: no shelling, no rockets, no small-drone strikes, "
            f"no advances for {regime.days - regime.truce_day} days along {2 * terrain.half_length_km:,.0f} km."
        ),
        wording="The party ceases all fire and advances, and lets the mechanism watch.",
        parties=[(side, party.id, party.name) for side, party in zip(SPEAKERS, regime.parties, strict=False)],
        start=regime.truce_start,
        stop=regime.stop_utc,
        acts=[
            Prohibited(id=act, name=name, definition=definition, title=title, areas=(THEATRE,) if act == ADVANCE else (THEATRE, *sectors))
            for act, name, definition, title in _ACTS
        ],
    )  # fmt: skip


def front_case(front: Front, terrain: Terrain) -> str:
    """``case.yaml``: areas, baseline, sources in the case's own folder, series."""
    regime = front.regime
    start, truce_start = format_time(regime.start_utc), format_time(regime.truce_start)
    reach = {"reach_x_km": terrain.half_width_km + MARGIN_KM, "reach_y_km": terrain.half_length_km + MARGIN_KM}  # fmt: skip
    region = list(box_deg(front.frame, **reach))
    days = regime.truce_day, regime.days - regime.truce_day
    return dump_yaml(
        {
            "case": 1,
            "id": case_id(front),
            "title": _title(front),
            "subtitle": f"{days[0]} days of invented war, {days[1]} days of invented truce",
            "truce": "truce.yaml",
            "as_of": regime.stop_utc.date().isoformat(),
            "seed": front.seed,
            "invented": True,
            "monitors": True,
            "advance_acts": [ADVANCE],
            "theatre": THEATRE,
            "region": region,
            "areas": _areas(front, region),
            "baseline": {"start": start, "stop": truce_start, "note": "War on the whole front."},
            "release": {"edition": "public_full", "basis": "Everything in it is invented."},
            "map": {"places": "places.csv", "tolerance_m": [500, 10_000]},
            "sources": [*_hard(front), *_spoken(front)],
            "series": _series(front),
            "limits": [
                "Everything here is invented: places, parties, war and truce. It says nothing of any real one.",
                "The hidden truth lies in the folder truth and is never read by a verification.",
            ],
        }
    )  # fmt: skip


def _areas(front: Front, region: list[float]) -> list[dict[str, Any]]:
    areas = []
    for row in front.areas.select(["area_id", "name", "kind", "parent_area_id"]).to_pylist():
        entry: dict[str, Any] = {"id": row["area_id"], "name": row["name"], "kind": row["kind"]}
        if row["parent_area_id"] is None:
            entry["bbox"] = region
        else:
            entry |= {"parent": row["parent_area_id"], "shape": f"areas/{row['area_id']}.geojson"}
        areas.append(entry)
    return areas


def _hard(front: Front) -> list[dict[str, Any]]:
    entries = []
    for name in front.hard_sources:
        words = _KNOWN.get(
            name, (name.replace("_", " ").capitalize(), "What it detected.", "Its detections.")
        )
        title, role, cost = words
        entries += [
            source_entry(name, title, "table", grade="hard", mechanism=front.sources[name].mechanism, forms_incidents=True, role=role, cost_of_absence=cost, options=table_options("observations", SENSOR_COLUMNS)),
            source_entry(f"{name}_watch", f"Log: {title.lower()}", "table", grade="hard", role="When and where they could see, and how well.", cost_of_absence="No bound on what went unseen.", options=table_options("coverage", WATCH_COLUMNS, of_source=name)),
        ]  # fmt: skip
    return entries


def _spoken(front: Front) -> list[dict[str, Any]]:
    parties = front.regime.parties
    counts = {"relation": "=", "cumulative": False, "vintage": "only"}
    entries = []
    for k, side in enumerate(SPEAKERS):
        speaker = {"speaker_party_id": parties[k].id} if k < len(parties) else {}
        whose = f"Outlets of the {parties[k].name}" if speaker else "Outlets of neither side"
        entries.append(
            source_entry(f"reports_{side}", whose, "table", grade="reported", forms_incidents=True, role="Where and when they say that something struck.", cost_of_absence="These reports would be missing.", options=table_options("observations", REPORT_COLUMNS, constants=speaker))
        )  # fmt: skip
    entries.append(
        source_entry("hotline", "Hotline of the mechanism", "table", grade="reported", role="Calls a day about explosions, by sector; it cannot say whose.", cost_of_absence="One regular series less.", options=table_options("counts", COUNT_COLUMNS, constants={**counts, "speaker": "Hotline"}))
    )  # fmt: skip
    for k, side in enumerate(SPEAKERS[:2]):
        staff = {"speaker": f"{parties[k].name}, general staff", "speaker_party_id": parties[k].id, "accused_party_id": parties[1 - k].id}  # fmt: skip
        entries.append(
            source_entry(f"staff_{side}", f"Daily figures of the {parties[k].name}", "table", grade="reported", role="What that side counts of the other's fire.", cost_of_absence="The opponent's count would be missing.", options=table_options("counts", COUNT_COLUMNS, constants={**counts, **staff}))
        )  # fmt: skip
    entries.append(
        source_entry("claims", "Ledger of claims", "table", grade="reported", role="What each side claims of the whole truce.", cost_of_absence="The sides' totals could not be taken apart.", options=table_options("claims", CLAIM_COLUMNS))
    )  # fmt: skip
    for name, title in zip(MAPS, ("Map of control, kept up", "Map of control, not kept up"), strict=True):
        entries.append(
            source_entry(name, title, "control_polygons", files=[f"data/{name}/*.geojson"], grade="reported", role="Where the line ran, as its maker drew it.", cost_of_absence="Attribution would rest on one map less.", options={"holder_party": parties[0].id, "update_hour_utc": 0})
        )  # fmt: skip
    return entries


def _series(front: Front) -> list[dict[str, Any]]:
    parties = front.regime.parties
    series: list[dict[str, Any]] = []
    for name in front.hard_sources:
        if front.regime.sensors[name].form != "look":
            series.append(
                {"id": f"{name}_records", "title": f"Detections: {_KNOWN.get(name, (name,))[0].lower()}", "source": name, "measure": "starts", "unit": "record", "bin_h": 24, "area": THEATRE, "kind": "sensor", "missing_is_zero": True, "caveat": "Two sensors may record one salvo; some record none."}
            )  # fmt: skip
    for k, side in enumerate(SPEAKERS[:2]):
        for act in FIRE:
            series.append(
                {"id": f"staff_{side}_{act}", "title": f"{act.replace('_', ' ').capitalize()} counted by the {parties[k].name}", "source": f"staff_{side}", "series": f"staff_{side}_{act}", "measure": "sum", "unit": act.replace("_", " "), "act": act, "party": parties[1 - k].id, "area": THEATRE, "kind": "opponent_count", "caveat": "One side's figures on the other."}
            )  # fmt: skip
    for row in front.areas.select(["area_id", "name", "kind"]).to_pylist():
        if row["kind"] == "sector":
            series.append(
                {"id": f"hotline_{row['area_id']}", "title": f"Calls to the hotline, {row['name'].lower()}", "source": "hotline", "series": f"hotline_{row['area_id']}", "measure": "sum", "unit": "call", "area": row["area_id"], "kind": "third_party_count", "caveat": "A caller cannot say who fired."}
            )  # fmt: skip
    return series


def front_readme(front: Front) -> str:
    """What the folder is."""
    regime = front.regime
    west, east = (party.name for party in regime.parties)
    breaks = "; ".join(regime.breaks) or "none"
    return f"""# {_title(front)}

Everything here is invented and was made by

    truceline simulate --regime {regime.name} --seed {front.seed} --days {regime.days} --length-km {regime.length_km:.12g} --salvos-per-day {regime.fire.salvos_per_day:.12g}

The regime: {regime.about}

{west} holds the west of a front of {regime.length_km:,.0f} km, {east} the east. After {regime.truce_day} days of war
an agreement orders fire to cease for {regime.days - regime.truce_day} days.

Usual assumptions that this regime breaks on purpose: {breaks}.

`case.yaml` and `truce.yaml` say what there is; `data/` holds what sensors, outlets, staffs and maps
recorded; `tables/` the same as tables for `truceline fuse`. `truth/` holds what happened and who did
it. It is there to score results with; no verification reads it.
"""


def place_rows(terrain: Terrain) -> list[tuple[str, float, float]]:
    """Places of the list: name, longitude, latitude."""
    longitude, latitude = terrain.to_globe(terrain.place_x_km, terrain.place_y_km)
    return list(zip(terrain.place_names, longitude.tolist(), latitude.tolist(), strict=True))
