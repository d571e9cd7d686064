"""STIX 2.1 (OASIS): one bundle, for platforms that share incidents between organisations.

Findings are notes about the party bound, incidents are incidents with a property extension that holds
the two axes (occurrence, responsibility). Ids are UUIDs of version 5, made from the run and the
thing's own id; every object is created at the as-of date, by the identity of the case. Confidence is
that of the fixed words for the probability (STIX 2.1, appendix A, WEP scale); where there is no basis for
a probability there is no confidence.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from truceline.base.intervals import as_utc, format_time
from truceline.exports.about import about, attribution_lines, caution
from truceline.exports.export import EXPORTS, Export, refuse_beyond
from truceline.exports.result import Record, Result
from truceline.exports.sheets import finding_sheet, incident_sheet

FILE = "result.stix.json"
MOST = 20_000  #: bundles are read whole
#: of the ids made here: the UUID of version 5 of ``urn:truceline:stix`` as a URL
NAMESPACE = bytes.fromhex("15d909f188785b7fba02dc3fb9cfb974")
#: markings that the standard itself defines (STIX 2.1, section 7.2.1.4)
TLP_WHITE = "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9"
TLP_AMBER = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"
TLP_CREATED = "2017-01-20T00:00:00.000Z"

#: words for a probability → confidence (STIX 2.1, appendix A: Words of Estimative Probability)
CONFIDENCE_OF_WORD: dict[str, int] = {
    "almost no chance": 5,
    "very unlikely": 15,
    "unlikely": 30,
    "roughly even chance": 50,
    "likely": 70,
    "very likely": 85,
    "almost certain": 95,
}


@EXPORTS.add
class Stix(Export):
    """Platforms that share incidents."""

    name = "stix"
    version = "1"
    title = "STIX 2.1, one bundle: platforms that share incidents"

    def files(self) -> list[str]:
        """One file."""
        return [FILE]

    def write(self, result: Result, folder: Path) -> None:
        """Write the bundle, one object on each line."""
        incidents = incident_sheet(result)
        refuse_beyond(
            MOST, got=incidents.table.num_rows, what="incidents", format_name="stix", instead="geoparquet"
        )
        objects = bundle_objects(result)
        lines = ",\n".join(json.dumps(item, ensure_ascii=False) for item in objects)
        name = f"bundle--{_uuid(result, 'bundle', result.run_id)}"
        text = f'{{"type": "bundle", "id": {json.dumps(name)}, "objects": [\n{lines}\n]}}\n'
        (folder / FILE).write_text(text, encoding="utf-8", newline="\n")


def bundle_objects(result: Result) -> list[Record]:
    """All objects: markings, identities, extension, places, incidents, notes, the report."""
    maker = _Maker(result)
    parties = {
        party: maker.make("identity", party, name=name, identity_class="group")
        for party, name in result.party_names.items()
    }
    incidents = [_incident(maker, row, result) for row in incident_sheet(result).rows]
    by_id = {row: made[0]["id"] for row, made in incidents}
    notes = [_note(maker, row, finding, parties, by_id) for row, finding in zip(finding_sheet(result).rows, result.findings, strict=True)]  # fmt: skip
    made = [item for _, group in incidents for item in group]
    found = [*parties.values(), *made, *notes]
    report = maker.make(
        "report",
        result.run_id,
        name=caution(result) + result.title,
        description="\n".join([*(f"{key}: {value}" for key, value in about(result).items())]),
        published=maker.moment,
        object_refs=[item["id"] for item in found],
    )
    return [*maker.opening(), *found, report]


class _Maker:
    """Makes objects with what all of them share."""

    def __init__(self, result: Result) -> None:
        self._result = result
        self.moment = _stix_time(result.as_of)
        self._author = f"identity--{_uuid(result, 'identity', 'truceline')}"
        self._statement = f"marking-definition--{_uuid(result, 'marking-definition', 'licence')}"
        self._extension = f"extension-definition--{name_uuid('extension')}"
        self._tlp = TLP_WHITE if result.is_public else TLP_AMBER

    def opening(self) -> list[Record]:
        """Markings, the author and the extension's definition."""
        result = self._result
        tlp = "white" if result.is_public else "amber"
        statement = "\n".join([about(result)["licence"], *attribution_lines(result)])
        common = {"spec_version": "2.1", "created": self.moment}
        return [
            {"type": "marking-definition", "spec_version": "2.1", "id": self._tlp, "created": TLP_CREATED, "definition_type": "tlp", "name": f"TLP:{tlp.upper()}", "definition": {"tlp": tlp}},
            {"type": "marking-definition", **common, "id": self._statement, "definition_type": "statement", "definition": {"statement": statement}},
            {"type": "identity", **common, "id": self._author, "modified": self.moment, "name": f"Truceline {result.version}", "identity_class": "system", "description": f"{caution(result)}{result.title}. Edition: {result.edition}"},
            {"type": "extension-definition", **common, "id": self._extension, "modified": self.moment, "created_by_ref": self._author, "name": "Ceasefire verification", "description": "Incidents on two axes, occurrence and responsibility; findings with judgement and bound. Absent: not known, never zero.", "schema": "urn:truceline:stix:extension:1", "version": "1.0.0", "extension_types": ["property-extension"]},
        ]  # fmt: skip

    def make(self, kind: str, key: str, **properties: Any) -> Record:
        """An object; properties that are None are left out."""
        return {
            "type": kind,
            "spec_version": "2.1",
            "id": f"{kind}--{_uuid(self._result, kind, key)}",
            "created_by_ref": self._author,
            "created": self.moment,
            "modified": self.moment,
            **{name: value for name, value in properties.items() if value is not None},
            "object_marking_refs": [self._tlp, self._statement],
        }

    def extended(self, facts: Mapping[str, Any]) -> Record:
        """The extension, with what is known of ``facts``."""
        known = {name: value for name, value in facts.items() if value not in (None, [], {})}
        return {self._extension: {"extension_type": "property-extension", **known}}


def _incident(maker: _Maker, row: Record, result: Result) -> tuple[str, list[Record]]:
    """An incident, its place, and the tie between them."""
    act = row["act"] or "act not known"
    where = row["place_name"] or result.area_names.get(row["area_id"])
    facts = {
        name: format_time(value) if hasattr(value, "isoformat") else value
        for name, value in row.items()
        if name not in ("longitude_deg", "latitude_deg", "position_sd_m")
    }
    incident = maker.make(
        "incident",
        row["incident_id"],
        name=f"{act}, {where or 'place not named'}",
        description=f"Occurrence: {row['occurrence']}. Responsibility: {row['responsibility']}. Probability that it happened: {row['existence_words']}.",
        confidence=CONFIDENCE_OF_WORD.get(row["existence_words"]),
        external_references=[{"source_name": "truceline", "external_id": row["incident_id"]}],
        extensions=maker.extended(facts),
    )
    if row["longitude_deg"] is None or row["latitude_deg"] is None:
        return row["incident_id"], [incident]
    location = maker.make(
        "location",
        f"{row['incident_id']}@place",
        name=where,
        latitude=row["latitude_deg"],
        longitude=row["longitude_deg"],
        precision=row["position_sd_m"],
    )
    tie = maker.make(
        "relationship",
        f"{row['incident_id']}@tie",
        relationship_type="located-at",
        source_ref=incident["id"],
        target_ref=location["id"],
    )
    return row["incident_id"], [incident, location, tie]


def _note(
    maker: _Maker, row: Record, finding: Record, parties: dict[str, Record], incidents: dict[str, str]
) -> Record:
    """A finding, about the party bound and the incidents that it rests on."""
    named = [name for reason in finding["details"]["reasons"] for name in reason["incident_ids"]]
    # of all together where no single party is meant
    about_whom = [parties[row["party_id"]]] if row["party_id"] in parties else [*parties.values()]
    refs = [*(party["id"] for party in about_whom), *(incidents[name] for name in named if name in incidents)]
    facts = {name: format_time(value) if hasattr(value, "isoformat") else value for name, value in row.items()}  # fmt: skip
    return maker.make(
        "note",
        row["finding_id"],
        abstract=f"{row['act_name']}, {row['party_name']}, {row['area_name']}: {row['judgement']}",
        content=f"{row['headline']} Occurrence: {row['occurrence']}. Responsibility: {row['responsibility']}. Acts unseen: {row['bound_words']}.",
        object_refs=list(dict.fromkeys(refs)),
        external_references=[{"source_name": "truceline", "external_id": row["finding_id"]}],
        extensions=maker.extended(facts),
    )


def _uuid(result: Result, kind: str, key: str) -> str:
    return name_uuid(f"{result.run_id}/{kind}/{key}")


def name_uuid(name: str) -> str:
    """UUID of version 5 (RFC 9562, section 5.5) of ``name`` in ``NAMESPACE``: the same everywhere."""
    digest = bytearray(hashlib.sha1(NAMESPACE + name.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _stix_time(moment: Any) -> str:
    return f"{as_utc(moment):%Y-%m-%dT%H:%M:%S}.000Z"
