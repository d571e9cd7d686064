"""CAP 1.2 (OASIS, ITU-T X.1303 bis): an alert for each chosen finding or incident, for a flash report.

Nothing is chosen by itself: an alert is a decision of the person who sends it. ``sent`` is the
as-of date, urgency is Past (what is told has happened), severity Unknown (harm is not measured here).
A simulated case is an Exercise.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import shapely

from truceline.base.errors import CallError, Problem
from truceline.base.intervals import as_utc, format_time, parse_time
from truceline.base.words import probability_word
from truceline.exports.about import about, attribution_lines, caution
from truceline.exports.export import EXPORTS, Export, refuse_unknown
from truceline.exports.result import Record, Result
from truceline.exports.sheets import NO_BASIS, bound_words, incident_sheet
from truceline.exports.xml_text import add, write_tree

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
#: 95 % of a circular normal distribution lies within this many standard deviations: √(−2 ln 0.05)
WITHIN_95 = 2.4477

#: words for a probability → certainty. Observed is kept for what the mechanism verified.
CERTAINTY_OF_WORD: dict[str, str] = {
    "almost no chance": "Unlikely",
    "very unlikely": "Possible",
    "unlikely": "Possible",
    "roughly even chance": "Possible",
    "likely": "Likely",
    "very likely": "Likely",
    "almost certain": "Likely",
    NO_BASIS: "Unknown",
}
#: occurrence of a finding, which has no probability → certainty
CERTAINTY_OF_OCCURRENCE: dict[str, str] = {
    "verified": "Observed",
    "corroborated": "Likely",
    "reported": "Possible",
    "alleged": "Unknown",
    "inconclusive": "Unknown",
    "refuted": "Unlikely",
    "inaccessible": "Unknown",
}


@EXPORTS.add
class Cap(Export):
    """Alerting systems and the desks that read them."""

    name = "cap"
    version = "1"
    title = "CAP 1.2, an alert for each chosen finding or incident: flash reports"
    needs_choice = True

    def files(self) -> list[str]:
        """A file for each alert."""
        return [f"cap/{_word(name)}.xml" for name in self.chosen]

    def write(self, result: Result, folder: Path) -> None:
        """Write an alert for each chosen id."""
        if not self.chosen:
            raise CallError(
                Problem(code="choice_missing", message="an alert tells of one finding or incident, and none was chosen", file="cap", expected="ids of findings or incidents", next_step="Name them with --choose, once for each")
            )  # fmt: skip
        findings = {finding["finding_id"]: finding for finding in result.findings}
        incidents = {row["incident_id"]: row for row in _incident_rows(result, self.chosen)}
        refuse_unknown(self.chosen, known={*findings, *incidents}, total=_total(result))
        (folder / "cap").mkdir()
        for name, file in zip(self.chosen, self.files(), strict=True):
            alert = _head(result, name)
            if name in findings:
                _tell_finding(alert, result, findings[name])
            else:
                _tell_incident(alert, result, incidents[name])
            write_tree(alert, folder / file)


def certainty_of(*, existence_p: float | None, occurrence: str) -> str:
    """CAP's certainty of an incident; no basis for a probability is Unknown, never a number."""
    if occurrence == "verified":
        return "Observed"
    if existence_p is None:
        return CERTAINTY_OF_WORD[NO_BASIS]
    # the words of the table itself: the words for people may be in another language
    return CERTAINTY_OF_WORD[probability_word(existence_p)]


def _incident_rows(result: Result, chosen: tuple[str, ...]) -> list[Record]:
    return incident_sheet(result).only(chosen).rows


def _total(result: Result) -> int:
    return len(result.findings) + int(result.table("incidents").num_rows)


def _head(result: Result, name: str) -> ET.Element:
    alert = ET.Element("alert", xmlns=NAMESPACE)
    add(alert, "identifier", _word(f"{result.case_id}.{result.run_id}.{name}"))
    add(alert, "sender", _word(f"truceline.{result.case_id}"))
    add(alert, "sent", _cap_time(result.as_of))
    add(alert, "status", "Exercise" if result.is_invented else "Actual")
    add(alert, "msgType", "Alert")
    add(alert, "source", f"Truceline {result.version}, {result.title}")
    add(alert, "scope", "Public" if result.is_public else "Restricted")
    if not result.is_public:
        add(alert, "restriction", result.edition)
    if result.is_invented:
        add(alert, "note", f"{caution(result)}Nothing in it is real.")
    return alert


def _tell_incident(alert: ET.Element, result: Result, row: Record) -> None:
    add(alert, "incidents", _word(row["incident_id"]))
    acts = {item["act"]: item["act_name"] for item in result.document["obligations"]}
    event = acts.get(row["act"], row["act"]) or "Act not known"
    where = row["place_name"] or result.area_names.get(row["area_id"]) or "Place not known"
    certain = certainty_of(existence_p=row["existence_p"], occurrence=row["occurrence"])
    info = _info(alert, result, event=event, certainty=certain)
    add(info, "onset", _cap_time(row["occurred_from"]))
    add(info, "senderName", f"Truceline, {result.title}")
    add(info, "headline", f"{caution(result)}{event}, {where}: {row['occurrence']}"[:160])
    party = result.party_names.get(row["attributed_party_id"] or "", "")
    held = f"attributed to {party}" if party else row["responsibility"].replace("_", " ")
    add(
        info,
        "description",
        f"Between {format_time(row['occurred_from'])} and {format_time(row['occurred_until'])}. "
        f"Occurrence: {row['occurrence']}. Probability that it happened: {row['existence_words']}. "
        f"Responsibility: {held}. Independent sources: {row['n_primary_sources'] or 'not known'}.",
    )
    facts = {name: row[name] for name in ("occurrence", "responsibility", "existence_p", "existence_words")}
    _parameters(info, result, {**facts, "attributed_party_id": row["attributed_party_id"]})
    area = add(info, "area")
    add(area, "areaDesc", where)
    if row["longitude_deg"] is not None and row["latitude_deg"] is not None:
        _place(area, row)
    elif row["area_id"] is not None:
        _polygons(area, result, row["area_id"])


def _tell_finding(alert: ET.Element, result: Result, finding: Record) -> None:
    named = [name for reason in finding["details"]["reasons"] for name in reason["incident_ids"]]
    if named:
        add(alert, "incidents", " ".join(_word(name) for name in dict.fromkeys(named)))
    obligations = {item["obligation_id"]: item for item in result.document["obligations"]}
    obligation = obligations[finding["obligation_id"]]
    # the act, not the obligation: «No shelling, observed» would say the contrary of what is meant
    info = _info(
        alert, result, event=obligation["act_name"], certainty=CERTAINTY_OF_OCCURRENCE[finding["occurrence"]]
    )
    add(info, "onset", _cap_time(parse_time(finding["period_start"])))
    add(info, "senderName", f"Truceline, {result.title}")
    party = result.party_name(finding["party_id"]) or finding["party_id"]
    where = result.area_names[finding["area_id"]]
    judged = finding["judgement"].replace("_", " ")
    add(info, "headline", f"{caution(result)}{obligation['act_name']}, {party}, {where}: {judged}"[:160])
    add(
        info,
        "description",
        f"{finding['period_start']} to {finding['period_stop']}. {finding['details']['headline']} "
        f"Acts unseen: {bound_words(finding)}.",
    )
    facts = {name: finding[name] for name in ("judgement", "occurrence", "responsibility", "party_id")}
    _parameters(info, result, {**facts, "clock_id": finding["clock_id"], "bound": bound_words(finding)})
    area = add(info, "area")
    add(area, "areaDesc", where)
    _polygons(area, result, finding["area_id"])


def _place(area: ET.Element, row: Record) -> None:
    """A circle that holds the place in 95 of 100 cases; a bare point where its error is not known."""
    point = f"{row['latitude_deg']:.5f},{row['longitude_deg']:.5f}"
    if row["position_sd_m"] is not None:
        add(area, "circle", f"{point} {WITHIN_95 * row['position_sd_m'] / 1000:.3f}")
        return
    # a circle without a radius would claim an exact place
    code = add(area, "geocode")
    add(code, "valueName", "latitude,longitude; error not known")
    add(code, "value", point)


def _info(alert: ET.Element, result: Result, *, event: str, certainty: str) -> ET.Element:
    info = add(alert, "info")
    add(info, "language", result.language)
    add(info, "category", "Security")
    add(info, "category", "Safety")
    add(info, "event", event)
    add(info, "urgency", "Past")
    add(info, "severity", "Unknown")
    add(info, "certainty", certainty)
    return info


def _parameters(info: ET.Element, result: Result, facts: Record) -> None:
    told = {**about(result), "attribution": "\n".join(attribution_lines(result)), **facts}
    for name, value in told.items():
        if value is not None:
            parameter = add(info, "parameter")
            add(parameter, "valueName", name)
            add(parameter, "value", f"{value:g}" if isinstance(value, float) else str(value))


def _polygons(area: ET.Element, result: Result, area_id: str) -> None:
    """Outer rings, latitude first, as CAP has it; holes cannot be told."""
    shape = next((item.shape for item in result.areas if item.area_id == area_id), None)
    for part in shapely.get_parts(shape) if shape is not None else ():
        points = shapely.get_coordinates(part.exterior)
        add(area, "polygon", " ".join(f"{latitude:.5f},{longitude:.5f}" for longitude, latitude in points))


def _cap_time(moment: datetime) -> str:
    """CAP writes UTC as -00:00 and knows no fractions of a second."""
    return f"{as_utc(moment):%Y-%m-%dT%H:%M:%S}-00:00"


def _word(text: str) -> str:
    """An identifier without what CAP forbids in one: blanks, commas, < and &."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", text)
