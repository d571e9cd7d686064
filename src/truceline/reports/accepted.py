"""What people accepted of statements: for findings.json, the page and the paper, each with where it comes from."""

from __future__ import annotations

from truceline.base.language import N_, _
from truceline.findings.results import Results
from truceline.findings.words import claimed_figure, counted
from truceline.reports import figures
from truceline.reports.names import party_part, safe_url
from truceline.reports.schema_parts import Part, whole_object
from truceline.reports.talks_words import KIND_WORDS, NOTE_WORDS, STANCE_WORDS, STATUS_WORDS
from truceline.talks.accepted import Claim, ClockVersion, Position, Row, file_name
from truceline.talks.lexicon import STANCES, STATUSES, known_issues

MEANING = N_(
    "Read in texts, each accepted by a person. A position is not consent, a claim is its speaker’s, and a clock is one version among others."
)


def accepted_record(results: Results) -> Part:
    """``{"accepted": […]}`` for findings.json; nothing where nothing was accepted."""
    rows = _numbered(results)
    return {"accepted": [_record(results, row, number) for row, number in rows]} if rows else {}


def _numbered(results: Results) -> list[tuple[Row, int]]:
    """Each row with its place in its file, from 1."""
    accepted = results.accepted
    kinds: tuple[tuple[Row, ...], ...] = (accepted.positions, accepted.claims, accepted.clocks)
    return [(row, number) for rows in kinds for number, row in enumerate(rows, 1)]


def _record(results: Results, row: Row, number: int) -> Part:
    kind = _kind(row)
    position = row if isinstance(row, Position) else None
    return {
        "kind": kind,
        "proposal_id": row.proposal_id,
        "statement_id": row.statement_id,
        "speaker": row.speaker,
        "party_id": row.party,
        "said_on": row.said_on,
        "status": row.status,
        "issue": row.issue,
        "stance": position.stance if position else None,
        "condition": position.condition if position else None,
        "words": row.words,
        "becomes": _becomes(results, row),
        "text_sha256": row.read_in.sha256,
        "outlet": row.read_in.outlet or row.read_in.title or row.read_in.file,
        "url": safe_url(row.read_in.url) or None,
        "accepted_by": row.accepted_by,
        "accepted_at": row.accepted_at,
        "why": row.why,
        "set": dict(row.set),
        "corrections": [one.model_dump() for one in row.corrections],
        "rows": [{"file": f"case:{file_name(kind)}", "rows": [number]}],
    }


def _kind(row: Row) -> str:
    return "position" if isinstance(row, Position) else "claim" if isinstance(row, Claim) else "clock"


def _becomes(results: Results, row: Row) -> str | None:
    """Id of the claim or clock that a row has become; None for a position."""
    if isinstance(row, Claim):
        return row.proposal_id
    if isinstance(row, ClockVersion):
        return next((one.id for one in results.truce.clocks if row.proposal_id in one.declared_by), None)
    return None


def accepted_schema() -> Part:
    """JSON Schema of the value of ``accepted``."""
    text: Part = {"type": "string"}
    maybe: Part = {"type": ["string", "null"]}

    entry = whole_object({
        "kind": {"enum": list(KIND_WORDS)},
        "proposal_id": text,
        "statement_id": text,
        "speaker": text,
        "party_id": {**maybe, "description": "the speaker's party; null: of none"},
        "said_on": {**maybe, "description": "day, ISO"},
        "status": {"enum": list(STATUSES)},
        "issue": {"enum": list(known_issues())},
        "stance": {"enum": [*STANCES, None], "description": "of a position alone; never consent"},
        "condition": maybe,
        "words": {**text, "description": "the statement as the text has it"},
        "becomes": {**maybe, "description": "claim_id or clock_id; null for a position"},
        "text_sha256": {**text, "description": "digest of the text that it was read in"},
        "outlet": text,
        "url": maybe,
        "accepted_by": text,
        "accepted_at": text,
        "why": text,
        "set": {"type": "object", "additionalProperties": text, "description": "what whoever accepted it added: field → value"},
        "corrections": {"type": "array", "items": whole_object(dict.fromkeys(("field", "to", "by", "why", "at"), text) | {"was": maybe})},
        "rows": {"$ref": "#/$defs/rows"},
    })  # fmt: skip
    return {
        "type": "array",
        "items": entry,
        "description": "what was accepted of statements read in texts: positions, claims, versions of clocks",
    }


def accepted_parts(results: Results) -> Part:
    """Rows of the table that the page and the paper print; none where nothing was accepted."""
    return {
        "meaning": _(MEANING),
        "rows": [_part(results, row, number) for row, number in _numbered(results)],
    }


def _part(results: Results, row: Row, number: int) -> Part:
    outlet = row.read_in.outlet or row.read_in.title or row.read_in.file
    return {
        "id": row.proposal_id,
        "kind": _(KIND_WORDS[_kind(row)]),
        "party": party_part(results, row.party),
        "speaker": row.speaker,
        "date": figures.date_text(row.said_on) if row.said_on else _("undated"),
        "status": _(STATUS_WORDS[row.status]),
        "what": _what(results, row),
        "note": _(NOTE_WORDS[row.note]) if row.note else "",
        "words": row.words,
        "outlet": outlet,
        "url": safe_url(row.read_in.url),
        "digest": _("text {digest}…").format(digest=row.read_in.sha256[:16]),
        "by": _("{person}, {time}: {why}").format(
            person=row.accepted_by, time=row.accepted_at[:16].replace("T", " "), why=row.why
        ),
        "changes": [
            _("set: {field} = {value}").format(field=field, value=value) for field, value in row.set.items()
        ]
        + [
            _("corrected by {person}: {field} = {value}, was {was} ({why})").format(
                person=one.by, field=one.field, value=one.to, was=one.was or "–", why=one.why
            )
            for one in row.corrections
        ],
        "row": f"case:{file_name(_kind(row))}:{number}",
    }


def _what(results: Results, row: Row) -> str:
    if isinstance(row, Position):
        said = f"{_(known_issues()[row.issue].name)}: {_(STANCE_WORDS[row.stance])}"
        on_condition = _("on condition:")
        return f"{said}; {on_condition} {row.condition}" if row.condition else said
    if isinstance(row, Claim):
        said = counted(row.value, row.unit, row.relation) if row.unit else _in_own_words(row)
        return _("{count}, of {party}; see section {section}").format(
            count=said, party=results.truce.party_name(row.accused), section=5
        )
    clock = next((one.title for one in results.truce.clocks if row.proposal_id in one.declared_by), "–")
    return _("window: {clock}").format(clock=clock)


def _in_own_words(row: Claim) -> str:
    """A number in the words that its statement counts with: “shelled … times”, “drones”, never bent to a form."""
    figure = claimed_figure(row.value, row.relation)
    return row.measure.replace("…", figure) if "…" in row.measure else f"{figure} {row.measure}"
