"""Submissions of forms as flat records: KoboToolbox and ODK Central, JSON and CSV.

JSON: ``results`` (KoboToolbox API v2), ``value`` (ODK Central OData) or a bare list. Paths of
fields are joined by ``/``; a repeat group gives one record for each of its entries, with the
fields around it. A geopoint stays whole. Only the fields asked for leave this module: names,
telephone numbers and device ids of people are not copied, not even where a record is put aside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from truceline.base.errors import InputError, Problem
from truceline.schema.table import Record

#: names under which services keep what this module needs of a submission itself
IDENTITY = ("_id", "__id", "KEY", "meta/instanceID", "instanceID", "_uuid")
#: the edition's own id, which a later one names as replaced
INSTANCE = ("meta/instanceID", "instanceID", "_uuid", "__id", "KEY")
REPLACED = ("meta/deprecatedID", "deprecatedID")
EDITED = ("__system/updatedAt", "__system/edits", "_submission_time", "SubmissionDate", "__system/submissionDate")  # fmt: skip
RECEIVED = ("_submission_time", "__system/submissionDate", "SubmissionDate")
REVIEW = ("_validation_status/uid", "_validation_status", "__system/reviewState", "ReviewState")
SYSTEM = tuple(dict.fromkeys((*IDENTITY, *INSTANCE, *REPLACED, *EDITED, *RECEIVED, *REVIEW)))
_DEEPEST = 12


def submissions(value: Any, *, label: str) -> tuple[list[Any], str | None]:
    """The submissions in a file, and the link to those that follow on another page.

    Raises
    ------
    InputError
        If it is none of the forms.
    """
    if isinstance(value, list):
        return value, None
    if isinstance(value, Mapping):
        for name, link in (("results", "next"), ("value", "@odata.nextLink")):
            if isinstance(value.get(name), list):
                following = value.get(link)
                return value[name], following if isinstance(following, str) else None
    got = ", ".join(map(str, value))[:80] if isinstance(value, Mapping) else type(value).__name__
    raise InputError(
        Problem(code="file_format", message="the JSON holds no submissions", file=label, got=got, expected="`results` (KoboToolbox), `value` (ODK Central) or a list", next_step="Export the submissions as JSON, or as CSV")
    )  # fmt: skip


def flat_submissions(items: Iterable[Any], *, repeat: str | None, wanted: set[str]) -> Iterator[Record]:
    """One record for each submission, or for each entry of its repeat group, with wanted fields alone."""
    for item in items:
        if not isinstance(item, Mapping):
            yield {"broken": True}
            continue
        whole = _flat(item)
        entries = [{}] if repeat is None else _entries(whole, repeat)
        for position, entry in enumerate(entries):
            record = only({**whole, **entry}, wanted)
            if repeat is not None:
                record["entry"] = position
            yield record


def only(values: Mapping[str, Any], wanted: set[str]) -> Record:
    """The fields asked for, and those that tell submissions apart; no other is copied."""
    return {name: value for name, value in values.items() if name in wanted or name in SYSTEM}


def _flat(record: Mapping[str, Any]) -> Record:
    flat: Record = {}

    def lay(inner: Mapping[str, Any], prefix: str, depth: int) -> None:
        for key, value in inner.items():
            name = f"{prefix}{key}"
            if isinstance(value, Mapping) and not is_point(value) and depth < _DEEPEST:
                lay(value, f"{name}/", depth + 1)
            else:
                flat[name] = value

    lay(record, "", 0)
    return flat


def _entries(whole: Record, repeat: str) -> list[Record]:
    """Entries of a repeat group with the group's path before their names, however they were written."""
    entries = whole.get(repeat)
    found = []
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, Mapping):
            found.append({name if name.startswith(f"{repeat}/") else f"{repeat}/{name}": value for name, value in _flat(entry).items()})  # fmt: skip
    return found


def is_point(value: Any) -> bool:
    """Whether it is a GeoJSON point."""
    return isinstance(value, Mapping) and value.get("type") == "Point" and isinstance(value.get("coordinates"), list)  # fmt: skip


def read_geopoint(value: Any) -> tuple[float, float, float | None] | None:
    """Longitude, latitude and accuracy (m) of a geopoint.

    Forms: the text ``latitude longitude altitude accuracy`` (XForms), the list ``[latitude,
    longitude]`` (KoboToolbox's ``_geolocation``), a GeoJSON point (longitude first).

    Raises
    ------
    ValueError
        If it is none of these.
    """
    if isinstance(value, Mapping):
        coordinates = value.get("coordinates")
        if not is_point(value) or not isinstance(coordinates, list) or len(coordinates) < 2:
            raise ValueError("not a point")
        properties = value.get("properties")
        accuracy = properties.get("accuracy") if isinstance(properties, Mapping) else None
        return float(coordinates[0]), float(coordinates[1]), _accuracy(accuracy)
    parts = value if isinstance(value, list) else str(value).replace(",", " ").split()
    if not parts or all(part is None for part in parts):
        return None
    if len(parts) not in (2, 3, 4):
        raise ValueError("not a point")
    try:
        return float(parts[1]), float(parts[0]), _accuracy(parts[3]) if len(parts) == 4 else None
    except TypeError as error:
        raise ValueError("not a point") from error


def _accuracy(value: Any) -> float | None:
    if value is None or value == "":
        return None
    number = float(value)
    return number if 0 < number < 1e6 else None
