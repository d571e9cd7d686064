"""What a map's lines and incidents come to, before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from truceline.base.language import _, day_words
from truceline.layers import palette
from truceline.layers.picture import MapInput, MapLine
from truceline.line.history import Snapshot
from truceline.line.side import snapshot_at
from truceline.schema.table import Record

#: radius that holds 95 % of a circular normal error: √(−2 ln 0.05)
RADIUS_95_SD = 2.4477


def write_date(moment: datetime, zone: str, *, year: bool = True) -> str:
    """``20 Apr 2025`` in ``zone``."""
    return day_words(moment.astimezone(ZoneInfo(zone)), year=year, short=True)


def write_moment(moment: datetime, zone: str) -> str:
    """``20 Apr 18:00`` in ``zone``."""
    return f"{write_date(moment, zone, year=False)} {moment.astimezone(ZoneInfo(zone)):%H:%M}"


def write_interval(start: datetime, stop: datetime, zone: str) -> str:
    """``20 Apr 18:00 – 20:00``, or whole days where the interval is one or more of them."""
    first, last = start.astimezone(ZoneInfo(zone)), stop.astimezone(ZoneInfo(zone))
    if first.date() == last.date():
        return f"{write_moment(start, zone)}–{last:%H:%M}"
    if (last.date() - first.date()).days == 1 and f"{first:%H%M}{last:%H%M}" == "00000000":
        return _("{date}, time not known").format(date=write_date(start, zone, year=False))
    return f"{write_moment(start, zone)} – {write_moment(stop, zone)}"


def holder_name(data: MapInput, snapshot: Snapshot) -> str:
    """Name of the party that the map says holds the area."""
    return data.party_names.get(snapshot.holder_party_id, snapshot.holder_party_id)


def holder_place(data: MapInput, snapshot: Snapshot) -> int:
    """The holder's place in the truce file, for its colour; of those without one, the first place after."""
    parties = list(data.party_names)
    place = parties.index(snapshot.holder_party_id) if snapshot.holder_party_id in parties else len(parties)
    return place % len(palette.HELD)


def other_grounds(data: MapInput, main: MainLine | None) -> list[Snapshot]:
    """Ground of the main map's other holders, in force as the window starts; not empty."""
    found = [snapshot_at(one, data.window.start) or one.snapshots[0] for one in main.source.history.others] if main else []  # fmt: skip
    return [snapshot for snapshot in found if not snapshot.geometry.is_empty]


@dataclass(frozen=True, slots=True, kw_only=True)
class MainLine:
    """The first map that may be drawn, cut to baseline and window."""

    source: MapLine
    at_start: Snapshot  #: the first one dated in the baseline, else that in force as it starts
    in_force: Snapshot  #: in force when the window starts, or the first one
    shown: tuple[Snapshot, ...]  #: from ``at_start`` to the window's stop
    within: tuple[Snapshot, ...]  #: updates dated inside the window


def main_line(data: MapInput) -> MainLine | None:
    """What is shown of the first map whose shapes may be published; None if there is none."""
    for source in data.lines:
        snapshots = [s for s in source.history.snapshots if s.map_time <= data.window.stop]
        snapshots = [s for s in snapshots if not s.geometry.is_empty]
        if not source.publish_shapes or not snapshots:
            continue
        since = data.baseline.start if data.baseline else data.window.start
        # the first map dated in the baseline, rather than one that may be weeks older
        later = [s for s in snapshots if since <= s.map_time <= data.window.start]
        at_start = later[0] if later else snapshot_at(source.history, since) or snapshots[0]
        return MainLine(
            source=source,
            at_start=at_start,
            in_force=snapshot_at(source.history, data.window.start) or snapshots[0],
            shown=tuple(s for s in snapshots if s.map_time >= at_start.map_time),
            within=tuple(s for s in snapshots if s.status == "update" and s.map_time in data.window),
        )
    return None


def other_lines(data: MapInput) -> list[tuple[MapLine, Snapshot]]:
    """The further maps with the shape in force when the window starts; empty shapes left out."""
    main = main_line(data)
    found = []
    for source in data.lines:
        if main is not None and source is main.source:
            continue
        snapshot = snapshot_at(source.history, data.window.start)
        if snapshot is not None and not snapshot.geometry.is_empty:
            found.append((source, snapshot))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Incidents told at one place with one uncertainty: most are told by the name of a place."""

    longitude_deg: float
    latitude_deg: float
    radius_m: float  #: 95 %; 0 where no uncertainty is given
    incidents: tuple[Record, ...]


def gather_spots(rows: list[Record]) -> tuple[Spot, ...]:
    """Group by place (to 0.001°) and uncertainty, the widest first so that none is covered whole."""
    groups: dict[tuple[float, float, float], list[Record]] = {}
    for row in rows:
        key = (
            round(row["longitude_deg"], 3),
            round(row["latitude_deg"], 3),
            round(row["position_sd_m"] or 0.0, 1),
        )
        groups.setdefault(key, []).append(row)
    spots = [
        Spot(longitude_deg=lon, latitude_deg=lat, radius_m=sd_m * RADIUS_95_SD, incidents=tuple(members))
        for (lon, lat, sd_m), members in groups.items()
    ]
    return tuple(
        sorted(spots, key=lambda s: (-s.radius_m, -len(s.incidents), s.longitude_deg, s.latitude_deg))
    )
