"""The map of a report: what of the results the map layer is given."""

from __future__ import annotations

from truceline.base.geodesy import LocalFrame
from truceline.base.language import _, told
from truceline.findings.results import Finding, Results
from truceline.findings.words import axis_unit, listed
from truceline.layers.map import MapInput, MapLine, MapPlace, MapSymbol, render_map_html, render_map_svg
from truceline.reports import fonts
from truceline.reports.judgement_parts import best_evidence
from truceline.reports.names import local_zone

#: shown in place of a number where the source could not see
_LOST = ("coverage_lost", "coverage_reduced")


def map_input(results: Results) -> MapInput | None:
    """What the map is drawn from; None where the case names no region and nothing gives one."""
    region = results.region
    if region is None or not _has_places(results):
        return None
    west, south, east, north = region
    sources = {source.source_id: source for source in results.sources}
    return MapInput(
        title=_("{title}: line, incidents and areas").format(title=results.title),
        region=region,
        frame=LocalFrame(
            name=results.case_id, longitude_deg=(west + east) / 2, latitude_deg=(south + north) / 2
        ),
        window=results.window,
        baseline=results.baseline,
        zone=local_zone(results),
        party_names={party.id: party.name for party in results.truce.parties},
        act_names={act.id: act.name for act in results.truce.acts},
        lines=tuple(
            MapLine(
                history=history,
                credit=sources[history.source_id].citation if history.source_id in sources else "",
                publish_shapes=history.source_id not in sources or sources[history.source_id].publish_shapes,
            )
            for history in results.lines
        ),
        incidents=results.incidents,
        symbols=_symbols(results),
        symbols_title=_symbols_title(results),
        places=tuple(
            MapPlace(
                name=told(place.name), longitude_deg=place.longitude_deg, latitude_deg=place.latitude_deg
            )
            for place in results.places
        ),
        land=results.land,
        land_credit=results.land_credit,
        invented=results.invented,
    )


def _has_places(results: Results) -> bool:
    """Whether anything of the case has a place: a map of mere degrees tells nothing."""
    placed = results.incidents["longitude_deg"]
    return bool(results.lines or results.places or _symbols(results) or results.land is not None) or (
        placed.null_count < len(placed)
    )


def map_svg(results: Results) -> str:
    """The map for paper; empty where there is nothing to draw on."""
    data = map_input(results)
    return render_map_svg(data, font_family=fonts.FAMILY) if data else ""


def map_html(results: Results) -> str:
    """The map for the page; empty where there is nothing to draw on."""
    data = map_input(results)
    if data is None:
        return ""
    return render_map_html(data, element_id="map", font_family=f"{fonts.FAMILY}, sans-serif")


def map_alt(results: Results) -> str:
    """The map in words."""
    return _(
        "Map of the area of the truce between {parties}: maps of control ({maps}), "
        "incidents with their uncertainty ({incidents}), areas with a value ({areas}). "
        "The tables of this report give the figures."
    ).format(
        parties=listed([party.name for party in results.truce.parties]),
        maps=len(results.lines),
        incidents=results.incidents.num_rows,
        areas=len(_area_findings(results)),
    )


def _area_findings(results: Results) -> list[Finding]:
    """Findings over a clock's whole window for areas that have a place on the map: one obligation's."""
    windows = {clock.id: results.truce.window(clock.id) for clock in results.truce.clocks}
    found = [
        finding
        for finding in results.findings
        if finding.area_id in results.area_labels and finding.period == windows[finding.clock_id]
    ]
    if not found:
        return []
    keys = [(finding.obligation_id, finding.party_id, finding.clock_id) for finding in found]
    most = max(dict.fromkeys(keys), key=keys.count)
    return [finding for finding, key in zip(found, keys, strict=True) if key == most]


def _symbols(results: Results) -> tuple[MapSymbol, ...]:
    symbols = []
    for finding in _area_findings(results):
        best = best_evidence(finding)
        longitude_deg, latitude_deg = results.area_labels[finding.area_id]
        lost = finding.judgement == "no_coverage" or any(code in _LOST for code in finding.reason_codes)
        symbols.append(
            MapSymbol(
                name=results.area_names.get(finding.area_id, finding.area_id),
                longitude_deg=longitude_deg,
                latitude_deg=latitude_deg,
                value=best.value if best else None,
                coverage_lost=lost,
            )
        )
    return tuple(symbols)


def _symbols_title(results: Results) -> str:
    findings = _area_findings(results)
    unit = next((best.unit for finding in findings if (best := best_evidence(finding)) and best.unit), "")
    if not findings:
        return ""
    obligation = next(item for item in results.truce.obligations if item.id == findings[0].obligation_id)
    act = results.truce.act(obligation.act).name
    return _("{act}: {units} in the window, by area").format(
        act=act, units=axis_unit(unit) if unit else _("records")
    )
