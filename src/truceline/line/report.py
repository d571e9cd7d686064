"""Everything that the maps of a case tell of the line, in one record.

``describe_line`` is what a workflow calls; its inputs are built histories and the case's own shapes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import shapely
from shapely.geometry.base import BaseGeometry

from truceline.base.geodesy import LocalFrame
from truceline.line.compare_contact import LineComparison, compare_contact
from truceline.line.contact import ContactLength, ContactLine, changed_ground, measure_contact, trace_contact
from truceline.line.history import LineHistory, Snapshot
from truceline.line.ledger import Balance, balance_sectors, keep_ledger
from truceline.line.posts import Posts, fix_axis, place_posts
from truceline.line.sectors import Sectors, cut_sectors
from truceline.line.side import snapshot_at
from truceline.line.uncertainty import LineSpread, measure_spread
from truceline.schema.ledger import LEDGER
from truceline.schema.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class MapLine:
    """One map's line at the date of the report."""

    source_id: str
    snapshot: Snapshot
    contact: ContactLine
    lengths: tuple[ContactLength, ...]  #: one a tolerance
    spread: LineSpread
    balances: tuple[Balance, ...]  #: sums of the ledger by sector


@dataclass(frozen=True, slots=True, kw_only=True)
class LineReport:
    """What the maps tell of the line; lengths are by the first map unless said."""

    at: datetime
    maps: tuple[MapLine, ...]  #: in the order given; only those that show a shape at the date
    sectors: Sectors | None  #: None where no line of contact is known to lay them along
    posts: Posts | None  #: each kilometre
    ledger: Table  #: schema ``ledger``, all maps
    comparisons: tuple[LineComparison, ...]  #: of the first map with each other one
    notes: tuple[str, ...]  #: what the reader must know of how it was told
    drawn: Mapping[str, BaseGeometry] = field(
        default_factory=dict
    )  #: lines of maps that draw the line itself


def describe_line(
    histories: Sequence[LineHistory],
    *,
    at: datetime,
    frame: LocalFrame,
    tolerances_m: Sequence[float],
    land: BaseGeometry | None = None,
    borders: BaseGeometry | None = None,
    theatre: BaseGeometry | None = None,
    drawn: Mapping[str, BaseGeometry] | None = None,
    sectors: Sectors | None = None,
    sector_km: float = 50.0,
    cuts: Sequence[tuple[str, float, float]] = (),
) -> LineReport:
    """Describe the line by all maps of a case, as it stood at ``at``.

    1. The boundary of each map is told apart by ``trace_contact``, with the ground that changed hands on
       that map, and measured at each tolerance.
    2. Sectors are those given (a case keeps them in a file, so that they stay put); else they are laid
       along the first map's line of contact at its first shape, ``sector_km`` long or between ``cuts``.
    3. Gains and losses of every step of every map go to the ledger.
    4. The first map is compared with each other one; the spread found is what the lines are known to.

    land, borders, theatre : WGS 84 polygons, lines, polygons, as for ``trace_contact``; drawn : source id
    of a map that draws the line itself → all lines that it ever drew, WGS 84. Raises nothing
    where a map shows no shape: it is left out.
    """
    shown = [(history, snapshot_at(history, at)) for history in histories]
    tracer = _Tracer(frame=frame, land=land, borders=borders, theatre=theatre, drawn=drawn or {})
    traced = [
        (history, snapshot, tracer.trace(history, snapshot, others=[s for h, s in shown if h is not history]))
        for history, snapshot in shown
        if snapshot is not None and not snapshot.geometry.is_empty
    ]  # (1)
    if sectors is None and traced:
        sectors = _lay_sectors(traced[0], tracer, sector_km, cuts)  # (2)
    ledger = keep_ledger(histories, sectors) if sectors is not None else LEDGER.empty()  # (3)
    comparisons = tuple(
        compare_contact(
            traced[0][2], contact, source_ids=(traced[0][0].source_id, history.source_id), at=at,
            frame=frame, sectors=sectors,
        )
        for history, _, contact in traced[1:]
    )  # fmt: skip
    spreads = [comparison.offset_sd_m for comparison in comparisons]
    maps = tuple(
        MapLine(
            source_id=history.source_id,
            snapshot=snapshot,
            contact=contact,
            lengths=measure_contact(contact, frame=frame, tolerances_m=tolerances_m),
            spread=measure_spread(history, disagreement_sd_m=_disagreement(number, spreads)),  # (4)
            balances=tuple(balance_sectors(ledger, source_id=history.source_id)),
        )
        for number, (history, snapshot, contact) in enumerate(traced)
    )
    return LineReport(
        at=at,
        maps=maps,
        sectors=sectors,
        posts=None if sectors is None else place_posts(sectors.axis),
        ledger=ledger,
        comparisons=comparisons,
        notes=_notes(maps, sectors),
        drawn=drawn or {},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tracer:
    """What boundaries are told apart by."""

    frame: LocalFrame
    land: BaseGeometry | None
    borders: BaseGeometry | None
    theatre: BaseGeometry | None
    drawn: Mapping[str, BaseGeometry]
    changed: dict[str, BaseGeometry] = field(default_factory=dict)  #: by map, as it is asked for

    def changed_on(self, history: LineHistory) -> BaseGeometry:
        """All ground that changed hands on a map."""
        if history.source_id not in self.changed:
            self.changed[history.source_id] = changed_ground([history])
        return self.changed[history.source_id]

    def trace(
        self, history: LineHistory, snapshot: Snapshot, others: Sequence[Snapshot | None] = ()
    ) -> ContactLine:
        holder = snapshot.holder_party_id
        also = [s.geometry for s in others if s is not None and s.holder_party_id == holder]
        return trace_contact(
            snapshot.geometry,
            frame=self.frame,
            land=self.land,
            borders=self.borders,
            theatre=self.theatre,
            changed=self.changed_on(history),
            also_held=shapely.union_all(also) if also else None,
            drawn=self.drawn.get(history.source_id),
        )


def _lay_sectors(
    first: tuple[LineHistory, Snapshot, ContactLine],
    tracer: _Tracer,
    sector_km: float,
    cuts: Sequence[tuple[str, float, float]],
) -> Sectors | None:
    """Sectors along the line of the map's first shape: a later line cannot move them."""
    history, snapshot, contact = first
    begin = next(s for s in history.snapshots if not s.geometry.is_empty)
    if begin is not snapshot:
        contact = tracer.trace(history, begin)
    try:
        axis = fix_axis(contact, frame=tracer.frame, reference=begin.map_time)
    except ValueError:
        return None  # no stretch is known to be contact
    return cut_sectors(axis, length_km=sector_km, cuts=cuts)


def _disagreement(number: int, spreads: Sequence[float]) -> float | None:
    """The first map's with the second; another map's with the first."""
    if not spreads:
        return None
    return spreads[max(number - 1, 0)]


def _notes(maps: Sequence[MapLine], sectors: Sectors | None) -> tuple[str, ...]:
    notes = []
    for one in maps:
        known = [word for word in ("land", "borders", "theatre") if word in one.contact.told_by]
        if "borders" not in known and "theatre" not in known:
            notes.append(
                f"Map {one.source_id}: no borders and no theatre were given, so stretches that never moved "
                "count as unknown and not as contact."
            )
        if "land" not in known:
            notes.append(
                f"Map {one.source_id}: no coast was given, so coasts could not be told from contact."
            )
        if not any(stretch.reason == "contact" for stretch in one.contact.stretches):
            notes.append(f"Map {one.source_id}: no stretch is known to be contact.")
    if sectors is None and maps:
        notes.append("No sectors: there is no line of contact to lay them along.")
    return tuple(notes)
