"""What a stranger's file seems to hold: which header is what, by name and by content. A proposal, never a fact."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import shapely

from truceline.base.intervals import parse_time
from truceline.sources.formats import GEOMETRY, read_table
from truceline.sources.source import InputFile

#: headers by which a column is known, most telling first; compared without case, signs and spaces
NAMES: dict[str, tuple[str, ...]] = {
    "time": ("occurredfrom", "datetime", "timestamp", "eventdate", "dateofevent", "time", "date", "acqdate", "day", "when", "start", "timestart"),
    "longitude_deg": ("longitudedeg", "longitude", "lon", "lng", "long", "xcoord", "x"),
    "latitude_deg": ("latitudedeg", "latitude", "lat", "ycoord", "y"),
    "act": ("act", "subeventtype", "eventtype", "incidenttype", "type", "category", "kind", "event"),
    "text": ("text", "headline", "notes", "description", "summary", "title", "comment", "remarks"),
    "place_name": ("placename", "place", "location", "town", "settlement", "village", "city", "locality"),
    "observation_id": ("observationid", "eventid", "incidentid", "id", "globalid", "uuid", "fid"),
    "count": ("count", "number", "n", "howmany", "quantity"),
}  # fmt: skip
#: rows that are looked at to tell what a column holds
LOOK_ROWS = 20_000
#: share of the cells looked at that must read as what the name promises
TELLING_SHARE = 0.8
#: values of a column of kinds that are shown to be sorted into acts
MOST_WORDS = 24
_SLASHED = re.compile(r"\d{1,2}[/.]\d{1,2}[/.]\d{2,4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SniffedTable:
    """What a table of incidents seems to hold."""

    path: Path
    n_rows: int
    header: tuple[str, ...]
    columns: dict[str, str]  #: column of ``observations`` (or ``time``, ``act``) → header
    delimiter: str  #: of a CSV
    has_points: bool  #: the places are geometries of the file
    dates_only: bool
    zone_needed: bool  #: times carry no offset
    first: datetime | None
    last: datetime | None
    box: tuple[float, float, float, float] | None  #: west, south, east, north
    words: tuple[tuple[str, int], ...] = ()  #: values of the column of kinds, commonest first
    doubts: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class SniffedMap:
    """What a layer of ground or of the line seems to hold."""

    path: Path
    kind: str  #: ``polygon`` or ``line``
    n_features: int
    header: tuple[str, ...]
    box: tuple[float, float, float, float]
    day: date | None  #: the date in the file's name


def sniff_incidents(path: Path) -> SniffedTable:
    """Look at a table of incidents in any format that is read.

    Raises
    ------
    InputError
        If the file cannot be read as a table.
    """
    table = read_table(InputFile(path, label=path.name))
    shown = table.slice(0, LOOK_ROWS)
    header = tuple(name for name in table.column_names if name != GEOMETRY)
    points = _points(shown) if GEOMETRY in table.column_names else None
    columns = _name_columns(header, shown, has_points=points is not None)
    doubts = []
    longitude, latitude = points or (
        _numbers(shown, columns.get("longitude_deg")),
        _numbers(shown, columns.get("latitude_deg")),
    )
    box = _box(longitude, latitude)
    if box is None:
        doubts.append("No column of longitudes and latitudes was recognised.")
    elif not (box[0] >= -180 and box[2] <= 180 and box[1] >= -90 and box[3] <= 90):
        doubts.append(
            "Coordinates lie outside longitudes and latitudes: exchanged columns, or another system."
        )
        box = None
    moments, dates_only, zoned = _times(shown, columns.get("time"))
    if not moments:
        doubts.append("No column of times was recognised.")
    words: tuple[tuple[str, int], ...] = ()
    if "act" in columns:
        words = tuple(Counter(filter(None, _texts(shown, columns["act"]))).most_common(MOST_WORDS))
    return SniffedTable(
        path=path,
        n_rows=table.num_rows,
        header=header,
        columns=columns,
        delimiter=tell_delimiter(path),
        has_points=points is not None,
        dates_only=dates_only,
        zone_needed=not zoned,
        first=min(moments, default=None),
        last=max(moments, default=None),
        box=box,
        words=words,
        doubts=tuple(doubts),
    )


def sniff_map(path: Path) -> SniffedMap | None:
    """Look at a layer; None where it holds neither lines nor polygons.

    Raises
    ------
    InputError
        If the file cannot be read as a layer.
    """
    table = read_table(InputFile(path, label=path.name))
    if GEOMETRY not in table.column_names:
        return None
    shapes = shapely.from_wkb([cell for cell in table[GEOMETRY].to_pylist() if cell is not None])
    kinds = {shape.geom_type for shape in shapes}
    polygons = any("Polygon" in kind for kind in kinds)
    if not polygons and not any("LineString" in kind for kind in kinds):
        return None
    west, south, east, north = shapely.total_bounds(shapes)
    found = re.search(r"(\d{4})-?(\d{2})-?(\d{2})", path.name)
    day = None
    if found:
        try:
            day = date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            day = None
    return SniffedMap(
        path=path,
        kind="polygon" if polygons else "line",
        n_features=len(shapes),
        header=tuple(name for name in table.column_names if name != GEOMETRY),
        box=(float(west), float(south), float(east), float(north)),
        day=day,
    )


def tell_delimiter(path: Path) -> str:
    """What separates fields: of comma, semicolon, tab and bar the one that is commonest in the header."""
    with path.open("rb") as stream:
        head = stream.read(65_536).decode("utf-8-sig", errors="replace").split("\n", 1)[0]
    return max(",;\t|", key=lambda sign: (head.count(sign), sign == ","))


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def _name_columns(header: Sequence[str], shown: pa.Table, *, has_points: bool) -> dict[str, str]:
    """Headers that are known by name, and whose cells read as what the name promises."""
    columns: dict[str, str] = {}
    for column, names in NAMES.items():
        if has_points and column in ("longitude_deg", "latitude_deg"):
            continue
        known = [(names.index(_plain(one)), k, one) for k, one in enumerate(header) if _plain(one) in names]
        for _, _, one in sorted(known):
            if one not in columns.values() and _reads(shown, one, column):
                columns[column] = one
                break
    return columns


def _reads(shown: pa.Table, header: str, column: str) -> bool:
    if column in ("longitude_deg", "latitude_deg", "count"):
        return _share(_numbers(shown, header)) >= TELLING_SHARE
    if column == "time":
        return bool(_times(shown, header)[0])
    if column == "observation_id":
        texts = _texts(shown, header)
        return len(set(texts)) == len(texts) and None not in texts
    return any(_texts(shown, header))


def _texts(shown: pa.Table, header: str) -> list[str | None]:
    return [None if cell is None else str(cell).strip() for cell in shown[header].to_pylist()]


def _numbers(shown: pa.Table, header: str | None) -> list[float | None]:
    if header is None:
        return []
    numbers: list[float | None] = []
    for text in _texts(shown, header):
        try:
            numbers.append(None if not text else float(text))
        except ValueError:
            numbers.append(None)
    return numbers


def _share(cells: Sequence[object | None]) -> float:
    return sum(cell is not None for cell in cells) / len(cells) if cells else 0.0


def _points(shown: pa.Table) -> tuple[list[float | None], list[float | None]] | None:
    shapes = shapely.from_wkb(pc.drop_null(shown[GEOMETRY]).to_pylist())
    points = [shape for shape in shapes if shape.geom_type == "Point"]
    if not points:
        return None
    return [point.x for point in points], [point.y for point in points]


def _box(longitude: Iterable[float | None], latitude: Iterable[float | None]) -> tuple[float, float, float, float] | None:  # fmt: skip
    pairs = [(x, y) for x, y in zip(longitude, latitude, strict=False) if x is not None and y is not None]
    if not pairs:
        return None
    xs, ys = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return min(xs), min(ys), max(xs), max(ys)


def _times(shown: pa.Table, header: str | None) -> tuple[list[datetime], bool, bool]:
    """Moments (zoneless ones as if UTC), whether all are dates alone, whether all carry a zone."""
    if header is None:
        return [], False, True
    column = shown[header]
    if pa.types.is_date(column.type):
        column = column.cast(pa.string())
    if pa.types.is_timestamp(column.type):
        moments = [moment if moment.tzinfo else parse_time(moment.isoformat(), zone="UTC") for moment in column.drop_null().to_pylist()]  # fmt: skip
        return moments, False, column.type.tz is not None
    texts = [text for text in _texts(shown, header) if text]
    moments, zoned, dates = [], True, True
    for text in texts:
        try:
            moments.append(parse_time(text, zone="UTC"))
        except ValueError:
            continue
        dates &= len(text) <= 10
        zoned &= text.endswith(("Z", "z")) or bool(re.search(r"[+-]\d{2}:?\d{2}$", text[10:]))
    if len(moments) < TELLING_SHARE * max(len(texts), 1):
        return [], False, True
    return moments, dates, zoned and not dates


def slashed_dates(shown: pa.Table, header: str) -> bool:
    """Whether the cells are dates such as 03/04/2025, of which nobody can tell day from month."""
    texts = [text for text in _texts(shown, header) if text]
    return bool(texts) and sum(bool(_SLASHED.match(text)) for text in texts) >= TELLING_SHARE * len(texts)
