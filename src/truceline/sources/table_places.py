"""Places as a stranger's table writes them: both coordinates in one cell, or degrees, minutes and seconds."""

from __future__ import annotations

import re
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from truceline.sources import columns as fast

Order = Literal["lat_lon", "lon_lat"]
EXAMPLE = "50.1, 10.4 (with `coordinates_order`), POINT(10.4 50.1), or 48°12'30\"N 16°22'15\"E"
#: letters of the four sides; O is east in some languages and west in others, so it is none
_SIDES = {"N": ("y", 1), "S": ("y", -1), "E": ("x", 1), "W": ("x", -1), "С": ("y", 1), "Ю": ("y", -1), "В": ("x", 1), "З": ("x", -1)}  # fmt: skip
_LETTER = "[NSEWnsewСЮВЗсювз]"
_NUMBER = r"\d{1,3}(?:[.,]\d+)?"
_ANGLE = re.compile(
    rf"(?P<before>{_LETTER})?\s*(?P<sign>[-+−])?\s*(?P<degrees>{_NUMBER})\s*(?:[°º˚]|deg|\s(?=\d))?"
    r"\s*(?:(?P<minutes>\d{1,2}(?:[.,]\d+)?)\s*(?:['′’´]|min|\s(?=\d)|$))?"
    rf"\s*(?:(?P<seconds>\d{{1,2}}(?:[.,]\d+)?)\s*(?:\"|″|”|''|′′|’’|sec)?)?\s*(?P<after>{_LETTER})?"
)
#: what tells an angle from a plain number
_MARKED = re.compile(rf"[°º˚'′’]|{_LETTER}|\d\s+\d")
_WKT = re.compile(r"(?:SRID=4326;)?\s*POINT\s*Z?\s*\(\s*(-?[\d.]+)\s+(-?[\d.]+)(?:\s+-?[\d.]+)?\s*\)", re.IGNORECASE)  # fmt: skip
_PAIR = r"^\s*[(\[]?\s*(?P<a>[-+]?[0-9]{1,3}(?:\.[0-9]+)?)\s*[,;]\s*(?P<b>[-+]?[0-9]{1,3}(?:\.[0-9]+)?)\s*[)\]]?\s*$"  # fmt: skip


def read_angle(text: str, axis: Literal["x", "y"]) -> float | None:
    """Degrees of ``48°12'30"N`` or ``50.1 N``; None where it is no angle, or one of the other axis."""
    match = _ANGLE.fullmatch(text.strip()) if _MARKED.search(text) else None
    found = None if match is None else _angle(match)
    if found is None or found[1] not in (None, axis):
        return None
    return found[0]


def _angle(match: re.Match[str]) -> tuple[float, str | None] | None:
    """Degrees and the axis that a letter names."""
    said = [match[word] for word in ("before", "after")]
    letters = [letter.upper() for letter in said if letter]
    parts = [float((match[word] or "0").replace(",", ".")) for word in ("degrees", "minutes", "seconds")]  # fmt: skip
    if len(letters) > 1 or parts[1] >= 60 or parts[2] >= 60 or (letters and match["sign"]):
        return None
    size = parts[0] + parts[1] / 60 + parts[2] / 3600
    if not letters:
        return (-size if match["sign"] in ("-", "−") else size), None
    axis, sign = _SIDES[letters[0]]
    return sign * size, axis


def read_place(text: str, order: Order | None, *, decimal: str = ".") -> tuple[float, float] | None:
    """Longitude and latitude of a cell that has both; None where it has not, or the order is not told."""
    text = text.strip().strip("()[]").strip() if not text.lstrip().upper().startswith(("P", "S")) else text.strip()  # fmt: skip
    if match := _WKT.fullmatch(text):
        try:
            return float(match[1]), float(match[2])
        except ValueError:
            return None
    for halves in _halves(text, decimal):
        read = [_ANGLE.fullmatch(half.strip()) for half in halves]
        if read[0] is None or read[1] is None:
            continue
        one, two = _angle(read[0]), _angle(read[1])
        if one is None or two is None:
            continue
        axes = (one[1], two[1])
        if axes in (("x", "y"), ("x", None), (None, "y")):
            return one[0], two[0]
        if axes in (("y", "x"), ("y", None), (None, "x")):
            return two[0], one[0]
        if axes == (None, None) and order is not None:
            return (two[0], one[0]) if order == "lat_lon" else (one[0], two[0])
    return None


def _halves(text: str, decimal: str) -> list[tuple[str, str]]:
    """How a cell may be cut in two: at a sign that parts, after a letter, at the only blank."""
    marks = ";/|," if decimal != "," or re.search(_LETTER, text) else ";/|"
    for mark in marks:
        if text.count(mark) == 1:
            one, _, two = text.partition(mark)
            return [(one, two)]
    cuts = [match.end() for match in re.finditer(rf"{_LETTER}\s+", text)]
    cuts += [match.start() for match in re.finditer(r"\s+(?=[NSEWСЮВЗ])", text)]
    cuts += [match.start() for match in re.finditer(r"\s+", text)] if len(text.split()) == 2 else []
    return [(text[:cut], text[cut:]) for cut in cuts]


def is_plain_pair(text: str, *, decimal: str = ".") -> bool:
    """Whether a cell is two numbers of which nothing but an order says which is which."""
    return read_place(text, None, decimal=decimal) is None and read_place(text, "lat_lon", decimal=decimal) is not None  # fmt: skip


def places_of(values: pa.Array, order: Order | None, *, decimal: str = ".") -> tuple[pa.Array, pa.Array]:
    """Longitudes and latitudes as texts; of a cell that cannot be read the cell itself as longitude."""
    texts = fast.trimmed(values if pa.types.is_string(values.type) else values.cast(pa.string()))
    if order is not None and decimal == ".":
        pairs = pc.extract_regex(texts, _PAIR)
        one, two = pc.struct_field(pairs, "a"), pc.struct_field(pairs, "b")
        quick = (two, one) if order == "lat_lon" else (one, two)
        if pairs.null_count == texts.null_count:
            return quick
        odd = pc.if_else(pc.is_null(pairs), texts, pa.scalar(None, pa.string()))
        slow = _one_by_one(odd, order, decimal)
        return pc.coalesce(quick[0], slow[0]), pc.coalesce(quick[1], slow[1])
    return _one_by_one(texts, order, decimal)


def _one_by_one(texts: pa.Array, order: Order | None, decimal: str) -> tuple[pa.Array, pa.Array]:
    words, which = fast.coded(texts)
    found: list[Any] = [None if word is None else read_place(word, order, decimal=decimal) for word in words]
    mark = "," if decimal == "," else "."
    x = [word if place is None else repr(place[0]).replace(".", mark) for word, place in zip(words, found, strict=True)]  # fmt: skip
    y = [None if place is None else repr(place[1]).replace(".", mark) for place in found]
    at = pa.array(which)
    return pa.array(x, pa.string()).take(at), pa.array(y, pa.string()).take(at)
