"""The legend of the static map, and who is to be credited for it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Literal

from truceline.base.language import N_, _, digits
from truceline.layers import palette
from truceline.layers.crowds import shown_incidents
from truceline.layers.labels import text_width, wrap
from truceline.layers.marks import (
    MainLine,
    holder_name,
    holder_place,
    other_grounds,
    other_lines,
    write_date,
    write_moment,
)
from truceline.layers.page import write_number
from truceline.layers.picture import MapInput
from truceline.line.history import Snapshot
from truceline.line.shapes import ground_gained, ground_km2

NO_FRONTIERS = N_("No frontiers are drawn: the map takes no side on them.")

_SIZE = 9.5
_LEADING = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Swatch:
    """A small sample of how a thing is drawn."""

    kind: Literal["fill", "line", "dashed", "moved", "incident", "value", "lost", "none"]
    colour: str = palette.LINE
    text: str = ""
    hatch: str = ""

    def draw(self, x: float, y: float) -> str:
        """SVG centred on a point."""
        n = write_number
        if self.kind == "fill":
            return f'<rect x="{n(x - 9)}" y="{n(y - 5)}" width="18" height="10" fill="{self.colour}"/>'
        if self.kind in ("line", "dashed"):
            dash = ' stroke-dasharray="3 2"' if self.kind == "dashed" else ""
            return f'<path d="M{n(x - 9)} {n(y)}h18" stroke="{self.colour}" stroke-width="1"{dash}/>'
        if self.kind == "moved":
            return f'<path d="M{n(x - 9)} {n(y + 1)}q4 -6 9 -2t9 -1" fill="none" stroke="{self.colour}" stroke-width="2.6"/>'
        if self.kind == "incident":
            return (
                f'<circle cx="{n(x)}" cy="{n(y)}" r="7" fill="{palette.INCIDENT}" fill-opacity="0.12" '
                f'stroke="{palette.INCIDENT}" stroke-opacity="0.55" stroke-width="0.5"/>'
                f'<circle cx="{n(x)}" cy="{n(y)}" r="1.8" fill="{palette.INCIDENT}"/>'
            )
        if self.kind in ("value", "lost"):
            return self._tag(x, y)
        return ""

    def _tag(self, x: float, y: float) -> str:
        n = write_number
        half = max(7.0, text_width(self.text, 9) / 2 + 2.5)
        box = f'x="{n(x - half)}" y="{n(y - 6.5)}" width="{n(2 * half)}" height="13"'
        if self.kind == "lost":
            return (
                f'<rect {box} fill="url(#{self.hatch})" stroke="{palette.INK}" stroke-width="0.8"/>'
                f'<path d="M{n(x - half)} {n(y - 6.5)}l{n(2 * half)} 13m0 -13l{n(-2 * half)} 13" '
                f'stroke="{palette.INK}" stroke-width="0.9"/>'
            )
        quiet = self.text in ("0", "–")
        return (
            f'<rect {box} rx="6.5" fill="{palette.PAPER}" stroke="{palette.SOFT_INK if quiet else palette.INK}" '
            f'stroke-width="{0.6 if quiet else 1.1}"/>'
            f'<text x="{n(x)}" y="{n(y + 3.2)}" text-anchor="middle" font-size="9" '
            f'fill="{palette.SOFT_INK if quiet else palette.INK}" font-weight="{400 if quiet else 600}">'
            f"{escape(self.text)}</text>"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Legend:
    """A legend as SVG, and where it ends."""

    text: str
    bottom: float


def legend_entries(data: MapInput, main: MainLine | None) -> list[tuple[Swatch, str]]:
    """What is on the map, in words; one sentence each."""
    entries = _line_entries(data, main) if main else [(Swatch(kind="none"), _("No map of control is drawn."))]
    for source, snapshot in other_lines(data):
        title = source.history.title
        if source.publish_shapes:
            entries.append(
                (
                    Swatch(kind="dashed"),
                    _("Line by {map}, {date}").format(
                        map=title, date=write_date(snapshot.map_time, data.zone)
                    ),
                )
            )
        else:
            entries.append(
                (
                    Swatch(kind="none"),
                    _("{map}: compared, not drawn (its shapes may not be published)").format(map=title),
                )
            )
    shown = shown_incidents(data, [data.window])
    window = f"{write_moment(data.window.start, data.zone)} – {write_moment(data.window.stop, data.zone)}"
    if shown.cells is None:
        text = _(
            "Incidents that may lie in the window ({n}; {window}); larger dot: more at one place; circle: 95 %"
        ).format(n=shown.count, window=window)
    else:
        text = _(
            "Incidents that may lie in the window ({n}; {window}), too many to be drawn one by one: each dot stands for those of a cell of {size} km, its area for their number"
        ).format(n=shown.count, window=window, size=digits(f"{shown.cells.side_m / 1000:.1f}"))
    if shown.unplaced:
        text += "; " + _("{n} without a place are not drawn").format(n=shown.unplaced)
    entries.append((Swatch(kind="incident"), text))
    if data.symbols:
        entries.append((Swatch(kind="value", text="1"), data.symbols_title or _("Value of an area")))
        if any(symbol.coverage_lost for symbol in data.symbols):
            entries.append(
                (Swatch(kind="lost"), _("Could not, or not wholly, be seen: neither quiet nor unquiet"))
            )
    return entries


def _line_entries(data: MapInput, main: MainLine) -> list[tuple[Swatch, str]]:
    title = main.source.history.title
    fill = palette.HELD[holder_place(data, main.in_force)]
    day = write_date(main.in_force.map_time, data.zone)
    last = main.within[-1] if main.within else None
    entries = [
        (
            Swatch(kind="fill", colour=fill),
            _("Held by {party}, by {map}").format(party=holder_name(data, main.in_force), map=title),
        ),
        *(
            (
                Swatch(kind="fill", colour=palette.HELD[holder_place(data, other)]),
                _("Held by {party}, by {map}").format(party=holder_name(data, other), map=title),
            )
            for other in other_grounds(data, main)
        ),
        (
            Swatch(kind="line"),
            _("Its edge as the window began (map of {date}); follows frontiers in part").format(date=day),
        ),
    ]
    if main.at_start is not main.in_force:
        since = write_date(main.at_start.map_time, data.zone)
        amount = _moved(main.at_start, main.in_force)
        entries.append(
            (
                Swatch(kind="moved", colour=palette.MOVED_BEFORE),
                _("Ground that changed before, {since} to {until}: {amount} (outlined to be seen)").format(
                    since=since, until=day, amount=amount
                ),
            )
        )
    if last is None:
        entries.append(
            (Swatch(kind="none"), _("No update of this map is dated in the window: missing, not quiet"))
        )
    else:
        entries.append(
            (
                Swatch(kind="moved", colour=palette.MOVED_WITHIN),
                _("Changed by maps dated in the window: {amount}; it may have happened earlier").format(
                    amount=_moved(main.in_force, last)
                ),
            )
        )
    return entries


def _moved(before: Snapshot, after: Snapshot) -> str:
    gained = ground_km2(ground_gained(before.geometry, after.geometry))
    lost = ground_km2(ground_gained(after.geometry, before.geometry))
    return _("+{gained} and −{lost} km²").format(gained=digits(f"{gained:,.0f}"), lost=digits(f"{lost:,.0f}"))


def write_legend(
    entries: list[tuple[Swatch, str]], *, x: float, y: float, width: float, hatch: str
) -> Legend:
    """Entries in two columns, row by row, aligned; ``y`` is the top."""
    column = width / 2
    parts = []
    for row in range(0, len(entries), 2):
        depth = 1
        for place, (swatch, text) in enumerate(entries[row : row + 2]):
            left = x + place * column
            lines = wrap(text, width=column - 44, size=_SIZE)
            depth = max(depth, len(lines))
            sample = Swatch(kind=swatch.kind, colour=swatch.colour, text=swatch.text, hatch=hatch)
            parts.append(sample.draw(left + 11, y + 4))
            for number, line in enumerate(lines):
                at = f'x="{write_number(left + 28)}" y="{write_number(y + 7.2 + number * _LEADING)}"'
                parts.append(f'<text {at} font-size="{_SIZE}">{escape(line)}</text>')
        y += depth * _LEADING + 5
    return Legend(text="".join(parts), bottom=y)


def credit_lines(data: MapInput, main: MainLine | None, *, y: float, width: float) -> tuple[str, float]:
    """The line of credits as SVG, and its bottom."""
    credits = [line.credit for line in data.lines if line.credit and (main is None or line.publish_shapes)]
    land = [data.land_credit] if data.land_credit else []
    centre = _("Azimuthal equidistant, centre {latitude}°, {longitude}°").format(
        latitude=digits(f"{data.frame.latitude_deg:g}"), longitude=digits(f"{data.frame.longitude_deg:g}")
    )
    text = " ".join([_(NO_FRONTIERS), *(f"{part.rstrip('.')}." for part in (*credits, *land, centre))])
    parts = []
    for line in wrap(text, width=width, size=8):
        y += 10.5
        parts.append(
            f'<text x="0" y="{write_number(y)}" font-size="8" fill="{palette.SOFT_INK}">{escape(line)}</text>'
        )
    return "".join(parts), y + 5
