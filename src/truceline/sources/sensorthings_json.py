"""Observations in the JSON of the OGC SensorThings API (1.0, 1.1), however they were asked for.

Understood: a page of Observations with Datastream and FeatureOfInterest expanded, a page of
Datastreams, Things or Locations with their Observations inside, one entity alone, and the
``dataArray`` form. Pages that go on elsewhere (``@iot.nextLink``) are counted: what is on the next
page is not here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from truceline.base.errors import InputError, Problem
from truceline.schema.table import Record

#: how deep entities may be nested in one another
_DEEPEST = 8
_OF_STREAM = ("datastream", "unit", "sensor", "thing", "thing_longitude", "thing_latitude")
_LINK = re.compile(r"Datastreams\('?([^')]{1,200})'?\)")
_INNER = ("Observations", "Datastreams", "MultiDatastreams", "Things")


@dataclass(slots=True)
class Page:
    """The observations of a file, flat, and the links to what is not in it."""

    observations: list[Record] = field(default_factory=list)
    next_links: list[str] = field(default_factory=list)


def read_page(value: Any, *, label: str) -> Page:
    """Every observation in the JSON.

    Raises
    ------
    InputError
        If it has none of the forms.
    """
    page = Page()
    if not isinstance(value, Mapping) or not (isinstance(value.get("value"), list) or _is_entity(value)):
        got = ", ".join(map(str, value))[:80] if isinstance(value, Mapping) else type(value).__name__
        raise InputError(
            Problem(code="file_format", message="the JSON is no answer of a SensorThings service", file=label, got=got, expected="an object with `value`, a list of entities", next_step="Ask for Observations?$expand=Datastream,FeatureOfInterest")
        )  # fmt: skip
    _walk(value, {}, page, depth=0)
    _share_streams(page.observations)
    return page


def _share_streams(observations: list[Record]) -> None:
    """What one row says of its stream holds for the others of the same id in the file."""
    known: dict[str, Record] = {}
    for row in observations:
        stream = known.setdefault(row.get("datastream_id") or "", {})
        for key in _OF_STREAM:
            if row.get(key) is not None:
                stream.setdefault(key, row[key])
    for row in observations:
        if row.get("datastream_id"):
            row.update({key: value for key, value in known[row["datastream_id"]].items() if row.get(key) is None})  # fmt: skip


def _is_entity(item: Mapping[str, Any]) -> bool:
    return "phenomenonTime" in item or "result" in item or any(name in item for name in _INNER)


def _walk(item: Any, above: Record, page: Page, *, depth: int) -> None:
    if depth > _DEEPEST:
        return
    if not isinstance(item, Mapping):
        page.observations.append({"broken": repr(item)[:200]})
        return
    for key, link in item.items():
        if isinstance(key, str) and key.endswith("@iot.nextLink") and isinstance(link, str):
            page.next_links.append(link)
    if isinstance(item.get("value"), list):
        for inner in item["value"]:
            _walk(inner, above, page, depth=depth + 1)
        return
    here = {**above, **_about(item, above)}
    if isinstance(item.get("dataArray"), list):
        page.observations += _array_rows(item, here)
    elif not any(isinstance(item.get(name), list) for name in _INNER):
        page.observations.append(_flat(item, here))
    else:
        for name in _INNER:
            inner = item.get(name)
            for one in inner if isinstance(inner, list) else ():
                _walk(one, here, page, depth=depth + 1)


def _about(item: Mapping[str, Any], above: Record) -> Record:
    """What an entity says of the observations in it: which stream, which unit, where the thing stands."""
    found: Record = {}
    thing = item.get("Thing") if isinstance(item.get("Thing"), Mapping) else None
    stream = item.get("Datastream") if isinstance(item.get("Datastream"), Mapping) else None
    if any(key in item for key in ("Observations", "dataArray", "unitOfMeasurement", "Datastream@iot.navigationLink")):  # fmt: skip
        stream = {**item, **(stream or {})}
    if stream is not None:
        unit = stream.get("unitOfMeasurement")
        found["datastream"] = (
            _word(stream.get("name")) or _word(stream.get("@iot.id")) or above.get("datastream")
        )
        found["datastream_id"] = _word(stream.get("@iot.id"))
        found["unit"] = _word(unit.get("symbol")) or _word(unit.get("name")) if isinstance(unit, Mapping) else None  # fmt: skip
        sensor = stream.get("Sensor")
        found["sensor"] = _word(sensor.get("name")) if isinstance(sensor, Mapping) else None
        thing = thing or (stream.get("Thing") if isinstance(stream.get("Thing"), Mapping) else None)
    if thing is None and isinstance(item.get("Datastreams"), list):
        thing = item
    if thing is not None:
        found["thing"] = _word(thing.get("name")) or _word(thing.get("@iot.id"))
        found |= _point(_first_location(thing), prefix="thing_")
    return {key: value for key, value in found.items() if value is not None}


def _flat(item: Mapping[str, Any], about: Record) -> Record:
    place = item.get("FeatureOfInterest")
    feature = place.get("feature") if isinstance(place, Mapping) else None
    row: Record = {**about, **_point(feature, prefix="")}
    row["id"] = _word(item.get("@iot.id")) or _word(item.get("id")) or _word(item.get("@iot.selfLink"))
    row["feature"] = _word(place.get("name")) if isinstance(place, Mapping) else None
    for key in ("phenomenonTime", "resultTime", "result"):
        row[key] = item.get(key)
    return row


def _array_rows(item: Mapping[str, Any], about: Record) -> list[Record]:
    names = item.get("components")
    names = names if isinstance(names, list) else []
    return [
        _flat(
            {("@iot.id" if name == "id" else str(name)): value for name, value in zip(names, values, strict=False)},
            about,
        )
        if isinstance(values, list)
        else {"broken": repr(values)[:200]}
        for values in item["dataArray"]
    ]  # fmt: skip


def _first_location(thing: Mapping[str, Any]) -> Any:
    locations = thing.get("Locations")
    first = locations[0] if isinstance(locations, list) and locations else thing.get("Location")
    return first.get("location") if isinstance(first, Mapping) else None


def _point(value: Any, *, prefix: str) -> Record:
    """Longitude and latitude of a GeoJSON point, or of a feature that holds one."""
    geometry = (
        value.get("geometry") if isinstance(value, Mapping) and value.get("type") == "Feature" else value
    )
    if not isinstance(geometry, Mapping) or geometry.get("type") != "Point":
        return {}
    at = geometry.get("coordinates")
    if not isinstance(at, list) or len(at) < 2:
        return {}
    return {f"{prefix}longitude": at[0], f"{prefix}latitude": at[1]}


def _word(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int) and str(value).strip() else None
