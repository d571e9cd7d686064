"""Where a stranger's table keeps its places: two columns, one, or points of a layer; and in which order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from truceline.base.language import N_, _
from truceline.sources import columns as fast
from truceline.sources.columns import Reals
from truceline.sources.table_places import is_plain_pair, places_of, read_angle, read_place
from truceline.sources.table_values import numbers_of
from truceline.workflow.sniff_files import Choice, OpenedTable
from truceline.workflow.sniff_words import known_headers, plain_name

Box = tuple[float, float, float, float]
#: share of the cells looked at that must read as what the name promises
TELLING_SHARE = 0.8
LOOK_ROWS = 5_000
#: degrees around a map within which incidents of the same conflict are expected
_NEAR_DEG = 3.0
#: degrees around a map within which incidents are beside it
_BESIDE_DEG = 0.25
#: two decimals, degrees, or well-known text
_TELLING = re.compile(r"\d\.\d.*\d\.\d|\d,\d.*\d,\d|[°º˚]|POINT")
_COMMA = r"^[-+]?[0-9]+,[0-9]+$"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceGuess:
    """Columns and options by which places are read, and what they then are."""

    columns: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    doubts: tuple[str, ...] = ()
    box: Box | None = None


def guess_places(opened: OpenedTable, given: Mapping[str, str], *, near: Box | None) -> PlaceGuess:
    """What holds the places. ``near``: box of a map of the same conflict, which tells exchanged columns."""
    if opened.has_points and "longitude_deg" in opened.columns:
        x, y = (_reals(opened.columns[name], ".") for name in ("longitude_deg", "latitude_deg"))
        if not np.isnan(x).all():
            doubts = (_(_EXCHANGED_POINTS),) if are_exchanged(x, y, None) else ()
            return PlaceGuess(box=None if doubts else box_of(x, y), doubts=doubts)
    pair = _two_columns(opened)
    if pair is not None:
        return _of_two(opened, *pair, near=near)
    header = next((one for one in known_headers(opened.header, "coordinates") if _holds_places(opened.columns.get(one))), None)  # fmt: skip
    if header is None:
        found = [one for one in opened.header if _holds_places(opened.columns.get(one), unnamed=True)]
        header = found[0] if len(found) == 1 else None
    if header is None:
        return PlaceGuess(doubts=(_("No column of longitudes and latitudes was recognised (--column)."),))
    return _of_one(opened, header, given, near=near)


_EXCHANGED_POINTS = N_(
    "The points lie where longitude and latitude are exchanged: the layer's axes are wrong."
)


def _two_columns(opened: OpenedTable) -> tuple[str, str] | None:
    found = []
    for column in ("longitude_deg", "latitude_deg"):
        known = (one for one in known_headers(opened.header, column) if one not in found and _is_axis(opened.columns.get(one)))  # fmt: skip
        header = next(known, None)
        if header is None:
            return None
        found.append(header)
    return found[0], found[1]


def _is_axis(values: pa.Array | None) -> bool:
    """Whether a column holds numbers, with a point or a comma, or angles."""
    if values is None or pa.types.is_temporal(values.type):
        return False
    shown = values.slice(0, LOOK_ROWS)
    found = max(float((~np.isnan(_reals(shown, mark))).mean()) if len(shown) else 0.0 for mark in ".,")
    return found >= TELLING_SHARE


def _reals(values: pa.Array, decimal: str) -> Reals:
    """Numbers or angles of a column; NaN where there is none."""
    read = numbers_of(values, decimal)
    if read is None:
        return np.full(len(values), np.nan)
    numbers, _ = read
    if pa.types.is_string(values.type):
        odd = np.flatnonzero(np.isnan(numbers) & fast.mask_of(pc.is_valid(values)))
        for at in odd[:LOOK_ROWS].tolist():
            text = values[at].as_py()
            degrees = next((one for axis in ("x", "y") if (one := read_angle(text, axis)) is not None), None)
            numbers[at] = np.nan if degrees is None else degrees
    return numbers


def _decimal(*columns: pa.Array) -> str:
    texts = [values for values in columns if pa.types.is_string(values.type)]
    commas = [fast.mask_of(pc.match_substring_regex(pc.utf8_trim_whitespace(values.slice(0, LOOK_ROWS)), _COMMA)).mean() for values in texts if len(values)]  # fmt: skip
    return "," if commas and min(commas) >= 0.5 else "."


def _of_two(opened: OpenedTable, longitude: str, latitude: str, *, near: Box | None) -> PlaceGuess:
    decimal = _decimal(opened.columns[longitude], opened.columns[latitude])
    x, y = _reals(opened.columns[longitude], decimal), _reals(opened.columns[latitude], decimal)
    options = {"decimal": ","} if decimal == "," else {}
    columns = {"longitude_deg": longitude, "latitude_deg": latitude}
    guess = PlaceGuess(columns=columns, options=options, box=box_of(x, y))
    # what a header says is not overruled by a map, which may itself have its axes exchanged
    named = all(map(_names_axis, (longitude, latitude)))
    if are_exchanged(x, y, None if named else near):
        doubt = _("Latitude and longitude stand exchanged: {latitude} is read as longitude, {longitude} as latitude (else give --column).").format(latitude=repr(latitude), longitude=repr(longitude))  # fmt: skip
        return replace(guess, columns={"longitude_deg": latitude, "latitude_deg": longitude}, box=box_of(y, x), doubts=(doubt,))  # fmt: skip
    if guess.box is None and not np.isnan(x).all():
        doubt = _("Coordinates lie outside longitudes and latitudes: another reference system? `table` reads degrees.")  # fmt: skip
        return replace(guess, doubts=(doubt,))
    return guess


def _names_axis(header: str) -> bool:
    """Whether a header says which axis it is; x and y are either, by who surveys."""
    return plain_name(header) not in ("x", "y", "xcoord", "ycoord", "coordx", "coordy", "pointx", "pointy")


def lie_apart(shown: Box | None, near: Box | None) -> Literal["", "exchanged", "far"]:
    """Whether incidents lie nowhere near a map as they stand; ``exchanged``: but near it with axes exchanged."""
    if shown is None or near is None or _meet(shown, near, _BESIDE_DEG):
        return ""
    west, south, east, north = near
    turned = (south, west, north, east)
    if _meet(shown, near, _NEAR_DEG):  # near the diagonal an exchanged map is still not far away
        return "exchanged" if _meet(shown, turned, 0) else ""
    return "exchanged" if _meet(shown, turned, _NEAR_DEG) else "far"


def _meet(one: Box, other: Box, margin_deg: float) -> bool:
    return all(one[k] <= other[k + 2] + margin_deg and other[k] <= one[k + 2] + margin_deg for k in (0, 1))


def are_exchanged(x: Reals, y: Reals, near: Box | None) -> bool:
    """Whether places make sense, or lie near the map, only with their coordinates exchanged."""
    known = ~(np.isnan(x) | np.isnan(y))
    x, y = x[known], y[known]
    if not len(x):
        return False
    if (np.abs(y) > 90).mean() > 0.5 and (np.abs(x) <= 90).all():
        return True
    return near is not None and _inside(x, y, near) < 0.2 and _inside(y, x, near) >= 0.5


def _inside(x: Reals, y: Reals, near: Box) -> float:
    west, south, east, north = near
    inside = (x >= west - _NEAR_DEG) & (x <= east + _NEAR_DEG) & (y >= south - _NEAR_DEG) & (y <= north + _NEAR_DEG)  # fmt: skip
    return float(inside.mean()) if len(x) else 0.0


def _holds_places(values: pa.Array | None, *, unnamed: bool = False) -> bool:
    """Whether the cells are places; ``unnamed``: nothing but they say so, so they must look like nothing else."""
    if values is None or not pa.types.is_string(values.type):
        return False
    texts = [text for text in pc.unique(values.slice(0, 400)).to_pylist() if text]
    if unnamed and not all(_TELLING.search(text) for text in texts):
        return False
    found = [read_place(text, "lat_lon", decimal=mark) for mark in ".," for text in texts]
    return bool(texts) and sum(place is not None for place in found) >= TELLING_SHARE * len(texts)


def _of_one(opened: OpenedTable, header: str, given: Mapping[str, str], *, near: Box | None) -> PlaceGuess:
    values = opened.columns[header]
    texts = [text for text in pc.unique(values.slice(0, LOOK_ROWS)).to_pylist() if text]
    points = sum(read_place(text, "lat_lon") is not None for text in texts)
    decimal = "." if points >= TELLING_SHARE * len(texts) else ","
    options = {"decimal": ","} if decimal == "," else {}
    guess = PlaceGuess(columns={"coordinates": header}, options=options)
    order = given.get("coordinates_order")
    plain = any(is_plain_pair(text, decimal=decimal) for text in texts)
    if plain and order is None:
        order = _tell_order(values, header, decimal, near)
        if order is None:
            question = _(
                "{header} holds two numbers such as {example}: which is first, lat_lon or lon_lat?"
            ).format(header=repr(header), example=repr(texts[0]))
            return replace(guess, choices=(Choice(option="coordinates_order", flag="--coordinates-order", question=question, likely=("lat_lon", "lon_lat")),))  # fmt: skip
    if plain and order is not None:
        by_map = "coordinates_order" not in given and _tell_order(values, header, decimal, None) is None
        said = _("{header} is read as {order}, for so it lies near the line (else --coordinates-order).").format(header=repr(header), order=order)  # fmt: skip
        doubts = (said,) if by_map else ()
        guess = replace(guess, options={**options, "coordinates_order": order}, doubts=doubts)
    x, y = _both(values, order, decimal)
    return replace(guess, box=box_of(x, y))


def _both(values: pa.Array, order: str | None, decimal: str) -> tuple[Reals, Reals]:
    x, y = places_of(values, order, decimal=decimal)  # type: ignore[arg-type]  # checked where it is read
    return _reals(x, decimal), _reals(y, decimal)


def _tell_order(values: pa.Array, header: str, decimal: str, near: Box | None) -> str | None:
    """Which of two numbers is the longitude: by range, by the header's own words, by the map."""
    second, first = _both(values, "lat_lon", decimal)  # as if the first were the latitude
    above = (bool((np.abs(first) > 90).any()), bool((np.abs(second) > 90).any()))
    if above[0] != above[1]:
        return "lon_lat" if above[0] else "lat_lon"
    name = plain_name(header)
    at = (name.find("lat"), max(name.find("lon"), name.find("lng")))
    if min(at) >= 0:
        return "lat_lon" if at[0] < at[1] else "lon_lat"
    if near is not None:
        shares = (_inside(second, first, near), _inside(first, second, near))
        if max(shares) >= 0.5 and min(shares) < 0.2:
            return "lat_lon" if shares[0] > shares[1] else "lon_lat"
    return None


def _usual(values: Reals) -> npt.NDArray[np.bool_]:
    """Values within five times the spread of nine in ten of them, and a degree."""
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    reach = 5 * (high - low) + 1
    return np.asarray(np.abs(values - middle) <= reach)


def box_of(x: Reals, y: Reals) -> Box | None:
    """West, south, east and north of the places; None where there are none, or they are no degrees."""
    known = ~(np.isnan(x) | np.isnan(y))
    x, y = x[known], y[known]
    sound = (
        (np.abs(x) <= 180) & (np.abs(y) <= 90) & ~((x == 0) & (y == 0))
    )  # 0, 0 is how some write "unknown"
    if not sound.any() or sound.mean() < TELLING_SHARE:
        return None
    x, y = x[sound], y[sound]
    # a few exchanged or mistyped places shall not draw the box around half the globe
    usual = _usual(x) & _usual(y)
    x, y = x[usual], y[usual]
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())
