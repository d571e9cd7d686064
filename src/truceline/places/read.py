"""Lists of places: a CSV of the case, a CSV of somebody else's columns, a GeoNames dump."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from truceline.base.errors import InputError, Problem
from truceline.places.gazetteer import Box, Entry

#: columns of a list of places; the first three must be there, or name and area_id
COLUMNS = (
    "name",
    "longitude",
    "latitude",
    "other_names",
    "kind",
    "area_id",
    "population",
    "position_sd_m",
    "valid_from",
    "valid_until",
    "preferred",
    "disputed",
    "claimants",
    "basis",
)

_YES = frozenset({"yes", "true", "1", "y"})
_NO = frozenset({"", "no", "false", "0", "n"})

#: of GeoNames' table: https://download.geonames.org/export/dump/readme.txt
_GEONAMES_FIELDS = 19
_KIND_OF_FEATURE = {
    "PPLC": "capital",
    "PPLA": "city",
    "PPLA2": "town",
    "PPLA3": "town",
    "PPLX": "quarter",
    "PPLL": "hamlet",
    "PPLF": "hamlet",
    "PPLQ": "abandoned",
    "PPLH": "former",
    "PPLW": "destroyed",
}


@dataclass(slots=True)
class PlaceList:
    """Entries of a file, the rows put aside, and how many lay outside the region."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    rows_outside: int = 0


def read_places(
    path: Path, *, label: str, columns: Mapping[str, str] | None = None, region: Box | None = None
) -> PlaceList:
    """Read a list of places from CSV (UTF-8).

    ``columns``: column of ours → header of the file, where they differ. ``region``: what lies outside
    is counted and left out.

    Raises
    ------
    InputError
        If the file cannot be read or lacks a column that is needed. Bad rows are put aside.
    """
    header_of = {name: name for name in COLUMNS} | dict(columns or {})
    reader = csv.DictReader(io.StringIO(_text(path, label)))
    header = reader.fieldnames or []
    needed = [header_of["name"]]
    if header_of["area_id"] not in header:
        needed += [header_of["longitude"], header_of["latitude"]]
    missing = [name for name in needed if name not in header]
    if missing:
        raise InputError([Problem(code="column_missing", message="a column of the list of places is not in the header", file=label, row=1, column=name, got=", ".join(header)[:200], expected=", ".join(needed), next_step="Add it, or map it with `columns`") for name in missing])  # fmt: skip
    found = PlaceList()
    for row in reader:
        values = {name: (row.get(header) or "").strip() for name, header in header_of.items()}
        if row.get(None) is not None:  # csv keeps surplus fields there
            found.problems.append(Problem(code="row_length", message="the row has more fields than the header", file=label, row=reader.line_num, next_step="Quote a name that holds a comma"))  # fmt: skip
            continue
        _keep(found, values, label=label, number=reader.line_num, region=region)
    return found


def places_from_rows(rows: Iterable[Mapping[str, str]], *, label: str) -> PlaceList:
    """Places of rows that were read otherwise, by our columns; bad rows are put aside."""
    found = PlaceList()
    for number, row in enumerate(rows, start=2):
        _keep(found, row, label=label, number=number, region=None)
    return found


def read_geonames(path: Path, *, label: str, region: Box | None = None) -> PlaceList:
    """Read settlements of a GeoNames dump (``allCountries.txt``, ``cities500.txt``, a country's file).

    Settlements (feature class P) alone. A row with alternative country codes is marked as disputed
    between those: GeoNames lists them where more than one country claims it.

    Raises
    ------
    InputError
        If the file cannot be read or is of another form.
    """
    found = PlaceList()
    try:
        with path.open(encoding="utf-8", newline="\n") as lines:
            for number, line in enumerate(lines, start=1):
                fields = line.rstrip("\r\n").split("\t")
                if len(fields) != _GEONAMES_FIELDS:
                    if number == 1:
                        raise InputError(Problem(code="file_format", message="not a GeoNames table", file=label, row=1, got=f"{len(fields)} fields", expected=f"{_GEONAMES_FIELDS} fields parted by tabs", next_step="Unpack the dump, or give `format: csv`"))  # fmt: skip
                    found.problems.append(Problem(code="row_length", message="the row has another number of fields", file=label, row=number, got=str(len(fields)), expected=str(_GEONAMES_FIELDS), next_step="Fetch the file again"))  # fmt: skip
                elif fields[6] == "P":
                    _keep(found, _of_geonames(fields), label=label, number=number, region=region)
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(label, error) from error
    return found


def _of_geonames(fields: list[str]) -> dict[str, str]:
    claimants = [code for code in dict.fromkeys((fields[8], *fields[9].split(","))) if code]
    disputed = len(claimants) > 1
    return {
        "name": fields[1],
        "other_names": ";".join((fields[2], *fields[3].split(","))),
        "latitude": fields[4],
        "longitude": fields[5],
        "kind": _KIND_OF_FEATURE.get(fields[7], ""),
        "population": fields[14] if fields[14] != "0" else "",
        "disputed": "yes" if disputed else "",
        "claimants": ";".join(claimants) if disputed else "",
        "basis": "GeoNames gives more than one country code" if disputed else "",
    }


def _keep(
    found: PlaceList, values: Mapping[str, str], *, label: str, number: int, region: Box | None
) -> None:
    """Take a row, or put it aside with all its faults."""
    problems: list[Problem] = []

    def wrong(column: str, code: str, message: str, expected: str) -> None:
        problems.append(Problem(code=code, message=message, file=label, row=number, column=column, got=values.get(column, ""), expected=expected, next_step="Correct the row"))  # fmt: skip

    def parse(column: str, read: Callable[[str], float | int | datetime], code: str, expected: str):  # type: ignore[no-untyped-def]  # of the type that `read` gives
        text = values.get(column, "")
        try:
            return read(text) if text else None
        except ValueError:
            return wrong(column, code, "the value cannot be read", expected)

    if not values.get("name"):
        wrong("name", "value_missing", "a place without a name", "a name")
    longitude = parse("longitude", float, "value_type", "degrees, such as 12.5")
    latitude = parse("latitude", float, "value_type", "degrees, such as 48.2")
    if (longitude is None) != (latitude is None) or (longitude is None and not values.get("area_id")):
        wrong("longitude", "value_missing", "half a place", "longitude and latitude, or an area_id")
    if longitude is not None and not -180 <= longitude <= 180:
        wrong("longitude", "place_range", "no longitude", "-180 to 180")
    if latitude is not None and not -90 <= latitude <= 90:
        wrong("latitude", "place_range", "no latitude", "-90 to 90")
    sd_m = parse("position_sd_m", float, "value_type", "metres")
    if sd_m is not None and not sd_m >= 0:
        wrong("position_sd_m", "value_range", "a negative distance", "0 or more")
    said = {column: values.get(column, "").casefold() for column in ("preferred", "disputed")}
    for column, word in said.items():
        if word not in _YES | _NO:
            wrong(column, "value_unknown", "neither yes nor no", "yes | no")
    kept = Entry(
        name=values.get("name", ""),
        other_names=_names(values.get("other_names", "")),
        longitude_deg=longitude,
        latitude_deg=latitude,
        kind=values.get("kind", ""),
        area_id=values.get("area_id") or None,
        population=parse("population", int, "value_type", "people, a whole number"),
        position_sd_m=sd_m,
        valid_from=parse("valid_from", _date, "time_format", "a date, such as 2016-05-12"),
        valid_until=parse("valid_until", _date, "time_format", "a date, such as 2016-05-12"),
        preferred=said["preferred"] in _YES,
        disputed=said["disputed"] in _YES,
        claimants=_names(values.get("claimants", "")),
        basis=values.get("basis", ""),
    )
    if problems:
        found.problems += problems
    elif region is not None and longitude is not None and not _inside(region, longitude, latitude):
        found.rows_outside += 1
    else:
        found.entries.append(kept)


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for part in text.split(";") if (name := part.strip())))


def _date(text: str) -> datetime:
    """A date or a time; without a zone it is UTC: names change on days, not hours."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _inside(region: Box, longitude_deg: float, latitude_deg: float) -> bool:
    west, south, east, north = region
    return west <= longitude_deg <= east and south <= latitude_deg <= north


def _text(path: Path, label: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(label, error) from error


def _unreadable(label: str, error: OSError | UnicodeDecodeError) -> InputError:
    if isinstance(error, UnicodeDecodeError):
        return InputError(Problem(code="file_not_text", message=f"byte {error.start} is not UTF-8", file=label, next_step="Save the file as UTF-8"))  # fmt: skip
    return InputError(Problem(code="file_missing", message=f"the list of places cannot be read ({error.strerror})", file=label, next_step="Put the file there, or take it out of the case"))  # fmt: skip
