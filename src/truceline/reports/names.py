"""How the parties, sources and links of a result are named in its report."""

from __future__ import annotations

from typing import Any

from truceline.base.language import _
from truceline.findings.results import Results

Part = dict[str, Any]


def local_zone(results: Results) -> str:
    """The zone in which the report tells local time: that of the first clock."""
    return results.truce.clocks[0].zone


def party_parts(results: Results) -> list[Part]:
    """Parties in the order of the truce file; the position picks the colour."""
    return [
        {"id": party.id, "name": party.name, "index": position % 4}
        for position, party in enumerate(results.truce.parties)
    ]


def party_part(results: Results, party_id: str | None) -> Part:
    """One party; no side at all where the id is null or unknown."""
    for part in party_parts(results):
        if part["id"] == party_id:
            return part
    name = results.truce.party_name(party_id) if party_id else _("neither side")
    return {"id": party_id or "", "name": name, "index": -1}


def source_title(results: Results, source_id: str) -> str:
    """A source's title; its id where the run has no such source."""
    return next((s.title for s in results.sources if s.source_id == source_id), source_id)


def safe_url(url: str | None) -> str:
    """The address if it is one a reader can open (http, https), else nothing."""
    text = (url or "").strip()
    return text if text.startswith(("https://", "http://")) else ""
