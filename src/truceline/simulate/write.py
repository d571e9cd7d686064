"""An invented truce → an ordinary case folder, with its hidden truth beside it in ``truth/``."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from shapely import transform
from shapely.geometry.base import BaseGeometry

from truceline.base.intervals import as_utc, format_time
from truceline.simulate.ground import FloatArray
from truceline.simulate.paper import case_yaml, readme, truce_yaml
from truceline.simulate.scenario import SECTORS, SIDES
from truceline.simulate.sensors import Detection, Watch
from truceline.simulate.texts import csv_text, feature_text
from truceline.simulate.world import Simulated

#: one side's reports carry naive local times, as such files do; the case declares the zone
LOCAL_OFFSET_H = -2

#: translations of the words that stand in an invented case
_WORDS = Path(str(files("truceline.simulate") / "locale"))


def write_case(simulated: Simulated, folder: Path) -> Path:
    """Write the case and return its folder.

    (1) the terms, the case and its readme; (2) the sources' files; (3) coast and places; (4) the
    truth; (5) its words in other languages. The same run gives the same bytes. ``folder`` is created; files of the same names in it
    are replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts: dict[str, str] = {}
    # (1)
    texts["case.yaml"] = case_yaml(simulated)
    texts["truce.yaml"] = truce_yaml(simulated)
    texts["README.md"] = readme(simulated)
    # (2)
    links: list[tuple[str, int, int]] = []
    texts |= _instrument_files(simulated, links)
    texts |= _report_files(simulated, links)
    texts |= _count_files(simulated)
    texts["data/claims.csv"] = _claims(simulated)
    texts |= _map_files(simulated)
    # (3)
    texts["coast.geojson"] = _geojson(simulated, simulated.ground.land)
    texts["places.csv"] = _places(simulated)
    for sector in SECTORS:
        texts[f"areas/{sector}.geojson"] = _geojson(simulated, simulated.ground.contact_zone(sector))
    # (4)
    texts |= _truth_files(simulated, links)
    # (5)
    for words in sorted(_WORDS.glob("*.yaml")):
        texts[f"locale/{words.name}"] = _words(simulated, words.read_text(encoding="utf-8"), words.stem)
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return folder


# -- helpers of form ---------------------------------------------------------------------------
def _moment(simulated: Simulated, hours: float) -> datetime:
    return simulated.scenario.start + timedelta(seconds=round(hours * 3600))


def _time(simulated: Simulated, hours: float) -> str:
    return format_time(_moment(simulated, hours))


def _local(simulated: Simulated, hours: float) -> str:
    moment = _moment(simulated, hours) + timedelta(hours=LOCAL_OFFSET_H)
    return moment.replace(tzinfo=None).isoformat(sep=" ")


def _place(simulated: Simulated, x_km: float, y_km: float) -> tuple[str, str]:
    longitude, latitude = simulated.ground.to_globe(np.array([x_km]), np.array([y_km]))
    return f"{longitude[0]:.5f}", f"{latitude[0]:.5f}"


def _rounded(value: float | None, digits: int = 1) -> str:
    return "" if value is None else f"{value:.{digits}f}"


# -- instruments -------------------------------------------------------------------------------
def _instrument_files(simulated: Simulated, links: list[tuple[str, int, int]]) -> dict[str, str]:
    files = {}
    for name, record in (("acoustic", simulated.acoustic), ("patrols", simulated.patrols)):
        detections = sorted(record.detections, key=lambda d: (d.from_h, d.sensor_id, d.x_km, d.y_km))
        path = f"data/{name}.csv"
        files[path] = csv_text(_DETECTION_HEADER, [_detection_row(simulated, d) for d in detections])
        links += [(path, row, d.act_number) for row, d in enumerate(detections, start=2)]
        watches = sorted(record.watches, key=lambda w: (w.from_h, w.sensor_id, w.look_id, w.act))
        files[f"data/{name}_watch.csv"] = csv_text(
            _WATCH_HEADER, [_watch_row(simulated, w, number) for number, w in enumerate(watches, start=1)]
        )
    hot = sorted(simulated.thermal.detections, key=lambda d: (d.from_h, d.x_km, d.y_km))
    files["data/thermal.csv"] = csv_text(_FIRMS_HEADER, [_firms_row(simulated, d) for d in hot])
    links += [("data/thermal.csv", row, d.act_number) for row, d in enumerate(hot, start=2)]
    files["data/thermal_cloud.csv"] = csv_text(
        ("coverage_id", "area_id", "window_start", "window_stop", "available_share", "reason"),
        [
            (f"cloud-{day + 1:02d}", "tern_coast", _time(simulated, 24 * day), _time(simulated, 24 * day + 24), f"{1 - share:.3f}", "cloud" if share > 0.05 else "watched")
            for day, share in simulated.cloud
        ],
    )  # fmt: skip
    return files


_DETECTION_HEADER = (
    "occurred_from", "occurred_until", "longitude_deg", "latitude_deg", "position_sd_m", "act", "count",
    "sensor_id", "look_id", "fire_direction_deg",
)  # fmt: skip
_WATCH_HEADER = (
    "coverage_id", "sensor_id", "look_id", "longitude_deg", "latitude_deg", "radius_m",
    "window_start", "window_stop", "act", "available_share", "detection_p_a", "detection_p_b",
    "detection_p_basis", "clutter_per_day", "reason", "note",
)  # fmt: skip
_FIRMS_HEADER = (
    "latitude", "longitude", "brightness", "scan", "track", "acq_date", "acq_time", "satellite",
    "instrument", "confidence", "version", "bright_t31", "frp", "daynight",
)  # fmt: skip


def _detection_row(simulated: Simulated, detection: Detection) -> tuple[Any, ...]:
    longitude, latitude = _place(simulated, detection.x_km, detection.y_km)
    start, stop = _moment(simulated, detection.from_h), _moment(simulated, detection.until_h)
    return (
        format_time(start),
        format_time(max(stop, start + timedelta(seconds=1))),
        longitude,
        latitude,
        f"{detection.position_sd_km * 1000:.0f}",
        detection.act,
        detection.rounds,
        detection.sensor_id,
        detection.look_id,
        _rounded(detection.fire_direction_deg),
    )


def _watch_row(simulated: Simulated, watch: Watch, number: int) -> tuple[Any, ...]:
    longitude, latitude = ("", "")
    if watch.x_km is not None and watch.y_km is not None:
        longitude, latitude = _place(simulated, watch.x_km, watch.y_km)
    source_id = "patrols" if watch.look_id else "acoustic"
    return (
        f"{source_id}-{number:05d}",
        watch.sensor_id,
        watch.look_id,
        longitude,
        latitude,
        "" if watch.radius_km is None else f"{watch.radius_km * 1000:.0f}",
        _time(simulated, watch.from_h),
        _time(simulated, watch.until_h),
        watch.act,
        f"{watch.share:g}",
        _rounded(watch.a),
        _rounded(watch.b),
        watch.basis,
        _rounded(watch.clutter_per_day, 3),
        watch.reason,
        watch.note,
    )


def _firms_row(simulated: Simulated, detection: Detection) -> tuple[Any, ...]:
    longitude, latitude = _place(simulated, detection.x_km, detection.y_km)
    moment = _moment(simulated, detection.from_h)
    power = detection.strength or 0.0
    return (
        latitude, longitude, f"{300 + 2 * power:.1f}", "1.0", "1.0", moment.strftime("%Y-%m-%d"),
        moment.strftime("%H%M"), "Invented", "THERMAL", "80", "1.0", f"{285 + 0.3 * power:.1f}",
        f"{power:.1f}", "D" if 6 <= moment.hour < 19 else "N",
    )  # fmt: skip


# -- speakers ----------------------------------------------------------------------------------
_REPORT_HEADER = (
    "id", "occurred_from", "occurred_until", "logged_at", "longitude_deg", "latitude_deg",
    "position_sd_m", "place_name", "act", "outlet", "text",
)  # fmt: skip


def _report_files(simulated: Simulated, links: list[tuple[str, int, int]]) -> dict[str, str]:
    """The west writes UTC, the east naive local time."""
    files = {}
    for side, name in enumerate(SIDES):
        say = _time if side == 0 else _local
        path = f"data/reports_{name}.csv"
        rows: list[tuple[Any, ...]] = []
        for report in simulated.reports:
            if report.side != side:
                continue
            longitude, latitude = _place(simulated, report.x_km, report.y_km)
            rows.append(
                (f"{name[0]}{len(rows) + 1:05d}", say(simulated, report.from_h), say(simulated, report.until_h), say(simulated, report.published_h), longitude, latitude, f"{report.position_sd_km * 1000:.0f}", report.place_name, report.act, report.outlet, report.text)
            )  # fmt: skip
            links.append((path, len(rows) + 1, report.act_number))
        files[path] = csv_text(_REPORT_HEADER, rows)
    return files


def _count_files(simulated: Simulated) -> dict[str, str]:
    header = ("count_id", "series", "act", "unit", "value", "window_start", "window_stop", "area_id")
    groups: dict[str, list[tuple[Any, ...]]] = {"hotline": [], "staff_west": [], "staff_east": []}
    for count in simulated.counts:
        group = "hotline" if count.speaker_side is None else f"staff_{SIDES[count.speaker_side]}"
        unit = "call" if count.speaker_side is None else count.act.replace("_", " ")
        groups[group].append(
            (f"{count.series}-{count.day + 1:02d}", count.series, count.act, unit, count.value, _time(simulated, 24 * count.day), _time(simulated, 24 * count.day + 24), count.area_id or "tern_coast")
        )  # fmt: skip
    return {f"data/{name}.csv": csv_text(header, rows) for name, rows in groups.items()}


def _claims(simulated: Simulated) -> str:
    header = (
        "truce", "window_start_local", "window_end_local", "claimant", "accused", "measure", "act", "unit",
        "count", "relation", "direction", "area", "part_of", "claim_id", "outlet", "url", "published", "note",
    )  # fmt: skip
    published = _moment(simulated, simulated.scenario.stop_h + 10).strftime("%Y-%m-%d")
    rows = []
    for row in simulated.claims:
        speaker = simulated.scenario.party(SIDES[row["side"]])
        accused = simulated.scenario.party(SIDES[row["accused"]])
        start, stop = (_time(simulated, 24 * day) for day in row["days"])
        rows.append(
            (simulated.scenario.id, start, stop, f"{speaker.name}, general staff", accused.id, row["measure"], row["act"], row.get("unit", ""), row.get("count", ""), row["relation"], row.get("direction", ""), "", row.get("part_of", ""), row["claim_id"], "an invented outlet", "", published, row.get("note", ""))
        )  # fmt: skip
    return csv_text(header, rows)


# -- maps --------------------------------------------------------------------------------------
def _words(simulated: Simulated, text: str, language: str) -> str:
    """Translations with the parties' names of this case: as given in keys, in ``language`` after them."""
    lines = []
    for line in text.splitlines():
        key, mark, said = line.partition('": ')
        for party in simulated.scenario.parties:
            place = "{" + party.side + "}"
            key = key.replace(place, json.dumps(party.name, ensure_ascii=False)[1:-1])
            name = party.names.get(language, party.name)
            said = said.replace(place, json.dumps(name, ensure_ascii=False)[1:-1])
        lines.append(f"{key}{mark}{said}\n")
    return "".join(lines)


def _geojson(simulated: Simulated, geometry: BaseGeometry) -> str:
    """A geometry in km → GeoJSON in WGS 84, five decimals, one feature."""

    def move(coordinates: FloatArray) -> FloatArray:
        longitude, latitude = simulated.ground.to_globe(coordinates[:, 0], coordinates[:, 1])
        moved: FloatArray = np.column_stack([longitude, latitude]).round(5)
        return moved

    return feature_text(transform(geometry, move))


def _map_files(simulated: Simulated) -> dict[str, str]:
    files = {}
    for name, maps in (("regular", simulated.regular_map), ("stale", simulated.stale_map)):
        for day, held in maps:
            date = _moment(simulated, 24 * day).strftime("%Y%m%d")
            files[f"data/map_{name}/map_{date}.geojson"] = _geojson(simulated, held)
    return files


def _places(simulated: Simulated) -> str:
    rows = [(name, *_place(simulated, x, y)) for name, x, y in simulated.ground.places]
    return csv_text(("name", "longitude", "latitude"), rows)


# -- the truth ---------------------------------------------------------------------------------
def _truth_files(simulated: Simulated, links: list[tuple[str, int, int]]) -> dict[str, str]:
    header = (
        "truth_id", "party_id", "act", "occurred_at", "longitude_deg", "latitude_deg", "sector", "rounds",
        "answer", "from_longitude_deg", "from_latitude_deg", "push_km",
    )  # fmt: skip
    party = [simulated.scenario.party(side).id for side in SIDES]
    rows = [
        (f"t{number:05d}", party[act.side], act.act, _time(simulated, act.time_h), *_place(simulated, act.x_km, act.y_km), act.sector, act.rounds, int(act.answer), *_place(simulated, act.from_x_km, act.from_y_km), f"{act.push_km:.3f}")
        for number, act in enumerate(simulated.acts)
    ]  # fmt: skip
    parameters = {
        "seed": simulated.seed,
        "scenario": simulated.scenario.model_dump(mode="json"),
        "front_waves": np.round(simulated.ground.waves, 6).tolist(),
        "hot_spots_km": {k: np.round(v, 3).tolist() for k, v in simulated.ground.hot_spots.items()},
        "truce_start": format_time(as_utc(simulated.scenario.truce_start)),
    }
    linked = [(path, row, f"t{number:05d}" if number >= 0 else "") for path, row, number in links]
    return {
        "truth/incidents.csv": csv_text(header, rows),
        "truth/links.csv": csv_text(("file", "row", "truth_id"), linked),
        "truth/parameters.json": json.dumps(parameters, indent=1) + "\n",
    }
