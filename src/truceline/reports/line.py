"""The line in a report: lengths with their tolerance, what moved and where, how far maps differ."""

from __future__ import annotations

from truceline.base.intervals import format_time
from truceline.base.language import N_, _
from truceline.findings.results import Results
from truceline.line.contact import ContactLength
from truceline.line.history import LineHistory
from truceline.line.report import LineReport, MapLine
from truceline.line.sectors import Sector
from truceline.reports import figures
from truceline.reports.names import source_title
from truceline.reports.schema_parts import (
    TEXT,
    TEXT_LIST,
    WHOLE,
    Part,
    list_of,
    number_or_null,
    said,
    time_of,
    whole_object,
)
from truceline.schema.table import Record


def line_parts(results: Results) -> Part:
    """What maps of control show: updates, staleness, length with its tolerance, movement."""
    return {
        "maps": [_line(results, history) for history in results.lines],
        "disagreements": [
            {
                "first": source_title(results, item.source_id),
                "second": source_title(results, item.other_source_id),
                "at": figures.moment_text(item.at, "UTC") + " UTC",
                "only_first": figures.number(item.only_first_km2),
                "only_second": figures.number(item.only_second_km2),
                "both": figures.number(item.both_km2),
                "median": figures.number(item.median_offset_m / 1000),
                "p95": figures.number(item.p95_offset_m / 1000),
                "note": item.note,
            }
            for item in results.disagreements
        ],
        "sectors": _sector_rows(results),
        "notes": list(results.line_report.notes) if results.line_report is not None else [],
    }


STATUSES: dict[str, str] = {
    "first": N_("first shape"),
    "update": N_("changed"),
    "repeat": N_("same shape: no update"),
}


def _line(results: Results, history: LineHistory) -> Part:
    near = [
        snapshot
        for snapshot in history.snapshots
        if abs((snapshot.map_time - results.window.start).total_seconds()) < 4 * 86400
    ]
    return {
        "title": history.title,
        "holder": ", ".join(
            dict.fromkeys(results.truce.party_name(s.holder_party_id) for s in history.snapshots)
        ),
        "updates": str(history.updates_in_window),
        "stale": _("{number} h").format(number=figures.number(history.stale_h))
        if history.stale_h is not None
        else figures.NONE,
        "stale_from": figures.moment_text(history.stale_from, "UTC") + " UTC" if history.stale_from else "",
        "lengths": _lengths(results, history),
        "snapshots": [
            {
                "date": figures.moment_text(snapshot.map_time, "UTC"),
                "status": _(STATUSES[snapshot.status]),
                "area": figures.number(snapshot.area_km2, places=0),
                "gained": figures.number(snapshot.gained_km2, places=1),
                "lost": figures.number(snapshot.lost_km2, places=1),
                "row": snapshot.raw_file,
            }
            for snapshot in near
        ],
    }


def _map_line(results: Results, source_id: str) -> MapLine | None:
    report = results.line_report
    return None if report is None else next((one for one in report.maps if one.source_id == source_id), None)


def _lengths(results: Results, history: LineHistory) -> list[str]:
    """The line of contact at each tolerance; of a map that shows none, the whole boundary."""
    known = _map_line(results, history.source_id)
    if known is not None:
        return [_contact_words(length) for length in known.lengths]
    return [
        _("{length} km at a tolerance of {tolerance} km").format(
            length=figures.number(length.length_km), tolerance=figures.number(length.tolerance_m / 1000)
        )
        for length in history.lengths
    ]


def _contact_words(length: ContactLength) -> str:
    words = _("contact {length} km at a tolerance of {tolerance} km").format(
        length=figures.number(length.contact_km), tolerance=figures.number(length.tolerance_m / 1000)
    )
    others = [
        (_("coast"), length.coast_km),
        (_("frontier"), length.border_km),
        (_("not known"), length.unknown_km),
    ]
    rest = ", ".join(f"{name} {figures.number(value)}" for name, value in others if value >= 1)
    return f"{words} ({rest})" if rest else words


def _sector_rows(results: Results) -> list[Part]:
    """Ground gained and lost over all of a map's shapes, by sector; sectors without any are left out."""
    report = results.line_report
    if report is None or report.sectors is None:
        return []
    names = {one.id: _sector_words(one) for one in report.sectors.sectors}
    return [
        {
            "map": source_title(results, known.source_id),
            "sector": names.get(balance.sector_id, _("elsewhere")),
            "gained": figures.number(balance.gained_km2, places=1),
            "lost": figures.number(balance.lost_km2, places=1),
            "updates": str(balance.updates),
        }
        for known in report.maps
        for balance in known.balances
        if balance.gained_km2 >= 0.05 or balance.lost_km2 >= 0.05
    ]


def _sector_words(sector: Sector) -> str:
    """A sector by its kilometres, and by the name that a case gives it."""
    span = _("km {first} to {last}").format(
        first=figures.number(sector.from_km, places=0), last=figures.number(sector.to_km, places=0)
    )
    return span if sector.name.startswith("km ") else f"{sector.name} ({span})"


def line_record(report: LineReport | None) -> Record | None:
    """The line for ``findings.json``; null where no map was read."""
    if report is None:
        return None
    return {
        "at": format_time(report.at),
        "maps": [
            {
                "source_id": one.source_id,
                "lengths": [
                    {
                        "tolerance_m": length.tolerance_m,
                        "contact_km": length.contact_km,
                        "coast_km": length.coast_km,
                        "border_km": length.border_km,
                        "unknown_km": length.unknown_km,
                    }
                    for length in one.lengths
                ],
                "drawn_sd_m": one.spread.drawn_sd_m,
                "drift_m_per_day": one.spread.drift_m_per_day,
                "sd_basis": one.spread.basis,
                "sectors": [
                    {
                        "sector_id": balance.sector_id,
                        "gained_km2": balance.gained_km2,
                        "lost_km2": balance.lost_km2,
                        "updates": balance.updates,
                    }
                    for balance in one.balances
                ],
            }
            for one in report.maps
        ],
        "sectors": []
        if report.sectors is None
        else [
            {"sector_id": one.id, "name": one.name, "from_km": one.from_km, "to_km": one.to_km}
            for one in report.sectors.sectors
        ],
        "notes": list(report.notes),
    }


def line_schema() -> Part:
    """JSON Schema of what ``line_record`` gives."""
    length = whole_object(
        {
            "tolerance_m": number_or_null("tolerance of the simplification, metres"),
            "contact_km": number_or_null("where the sides face each other"),
            "coast_km": number_or_null("along the coast of the case"),
            "border_km": number_or_null("along frontiers with third states"),
            "unknown_km": number_or_null("not known to be any of these"),
        }
    )
    balance = whole_object(
        {
            "sector_id": said(TEXT, "sector, or elsewhere"),
            "gained_km2": number_or_null("ground that the map's holder gained over all its shapes"),
            "lost_km2": number_or_null("ground that it lost"),
            "updates": said(WHOLE, "steps in which ground in the sector changed hands"),
        }
    )
    known = whole_object(
        {
            "source_id": TEXT,
            "lengths": list_of(length, "the boundary by what it is, at each tolerance"),
            "drawn_sd_m": number_or_null("standard deviation of the line's place as drawn, metres"),
            "drift_m_per_day": number_or_null("added for each day since the map last changed, metres"),
            "sd_basis": said(TEXT, "what the deviation is taken from"),
            "sectors": list_of(balance, "what changed hands, by sector"),
        }
    )
    sector = whole_object(
        {
            "sector_id": TEXT,
            "name": TEXT,
            "from_km": number_or_null("along the axis of the case"),
            "to_km": number_or_null("along the axis of the case"),
        }
    )
    whole = whole_object(
        {
            "at": time_of("moment at which the line is described"),
            "maps": list_of(known, "by whose map"),
            "sectors": list_of(sector, "sectors that stay put while the line moves"),
            "notes": said(TEXT_LIST, "what a reader must know of how it was told"),
        }
    )
    return {"oneOf": [whole, {"type": "null"}], "description": "the line of contact; null: no map was read"}
