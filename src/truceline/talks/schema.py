"""The JSON Schemas of ``statements.json`` and ``events.json``: a list each, published with the package.

``python -m truceline.talks.schema`` writes the packaged copies anew; a test holds them together.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from truceline.talks.days import DAY_RULES
from truceline.talks.events import EVENT_STATUSES, EVENTS_SCHEMA_ID
from truceline.talks.lexicon import MANNERS, READ_LANGUAGES, STANCES, STATUSES, known_issues
from truceline.talks.statements import SCHEMA_ID
from truceline.talks.telling import EVENT_KINDS

FILE_NAME = "statements.schema.json"
EVENTS_FILE_NAME = "events.schema.json"

Part = dict[str, Any]
_TEXT: Part = {"type": "string"}
_TEXT_OR_NULL: Part = {"type": ["string", "null"]}
_SPAN: Part = {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 2, "maxItems": 2}
_DAY: Part = {"type": ["string", "null"], "format": "date"}


def packaged_schema_path(name: str = FILE_NAME) -> Path:
    """The copy that the package brings."""
    return Path(__file__).with_name(name)


def _entity(*, null: bool = False) -> Part:
    return {
        "type": ["object", "null"] if null else "object",
        "properties": {
            "id": _TEXT,
            "name": _TEXT,
            "kind": {"enum": ["person", "body", "party", "described"]},
            "party": {**_TEXT_OR_NULL, "description": "id of the party spoken for, as the case has it"},
            "office": _TEXT_OR_NULL,
            "known": {"type": "boolean", "description": "whether the case names them"},
        },
        "required": ["id", "name", "kind", "party", "office", "known"],
        "additionalProperties": False,
    }


def statements_schema() -> Part:
    """JSON Schema, draft 2020-12, of the list."""
    fields: Part = {
        "statement_id": {**_TEXT, "description": "depends on text, place and speaker alone"},
        "document_id": {**_TEXT, "description": "of documents.json; texts/<id>.txt holds the text that spans count in"},
        "span": {**_SPAN, "description": "start and stop (half-open) in the document's text, in characters"},
        "text": {**_TEXT, "description": "the words at that span"},
        "quotes": {"type": "array", "items": _SPAN, "description": "spans of words in quotation marks"},
        "speaker": _entity(),
        "speaker_rule": {**_TEXT, "description": "how the speaker was resolved"},
        "rule": {**_TEXT, "description": "how the statement was attributed"},
        "via": {**_entity(null=True), "description": "who passes it on, where A says that B said"},
        "addressee": _TEXT_OR_NULL,
        "said_on": {**_DAY, "description": "day on which it was said, where the text names one"},
        "said_words": {**_TEXT_OR_NULL, "description": "words of the text that name that day; null: it names none"},
        "said_rule": {"enum": [*DAY_RULES, None], "description": "how the day was found; before: earlier than it was published"},
        "published": _DAY,
        "language": {"enum": list(READ_LANGUAGES)},
        "manner": {"enum": list(MANNERS), "description": "direct: quoted; mixed: partly; reported: with a verb of saying; paraphrase: the verb itself tells it"},
        "verb": {**_TEXT, "description": "verb or words of the cue"},
        "issue": {"enum": list(known_issues())},
        "issues_also": {"type": "array", "items": {"enum": list(known_issues())}},
        "issue_words": {"type": "array", "items": _TEXT},
        "issue_rule": {"enum": ["words", "passage", "context", "verb", "none", "extractor"]},
        "stance": {"enum": list(STANCES)},
        "stance_rule": _TEXT,
        "condition": _TEXT_OR_NULL,
        "question": _TEXT_OR_NULL,
        "modality": {"type": "array", "items": _TEXT, "description": "words of readiness or doubt, quoted; no score"},
        "status": {"enum": list(STATUSES)},
        "numbers": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"value": {"type": "number"}, "relation": {"enum": ["=", "≈", "≥", "≤"]}, "unit": _TEXT, "text": _TEXT, "start": {"type": "integer"}},
                "required": ["value", "relation", "unit", "text", "start"],
                "additionalProperties": False,
            },
        },
        "windows": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "text": _TEXT,
                    "start": {"type": ["string", "null"], "format": "date-time"},
                    "stop": {"type": ["string", "null"], "format": "date-time"},
                    "minutes": {"type": ["integer", "null"]},
                    "clock": _TEXT_OR_NULL,
                    "open": {**_TEXT_OR_NULL, "description": "what keeps it from being a period"},
                },
                "required": ["text", "start", "stop", "minutes", "clock", "open"],
                "additionalProperties": False,
            },
        },
        "passage": {"type": "integer", "minimum": 1, "description": "statements of one speaker in a row share it"},
        "place": {"enum": ["text", "headline"]},
        "origin": {**_TEXT_OR_NULL, "description": "name of the extractor that found it; null: the rules"},
    }  # fmt: skip
    return _list_schema(SCHEMA_ID, "Statements read from documents by `truceline talks read`.", fields)


def events_schema() -> Part:
    """JSON Schema, draft 2020-12, of the list of what reports tell by themselves."""
    issues = list(known_issues())
    named: Part = {
        "type": "object",
        "properties": {"id": _TEXT, "name": _TEXT, "kind": {"enum": ["person", "body", "party", "described"]}, "party": _TEXT_OR_NULL},
        "required": ["id", "name", "kind", "party"],
        "additionalProperties": False,
    }  # fmt: skip
    fields: Part = {
        "event_id": {**_TEXT, "description": "depends on text and place alone"},
        "document_id": {**_TEXT, "description": "the teller: of documents.json"},
        "span": {**_SPAN, "description": "start and stop (half-open) in the document's text, in characters"},
        "text": {**_TEXT, "description": "the words at that span"},
        "kind": {"enum": list(EVENT_KINDS)},
        "within": {**_TEXT_OR_NULL, "description": "statement or event in whose words it stands; null: a sentence of its own"},
        "who": {"type": "array", "items": named, "description": "people, bodies and parties that it names"},
        "names": {"type": "array", "items": _TEXT, "description": "other names in it: places, people of whom nothing is known"},
        "happened_on": {**_DAY, "description": "day that the text names for it"},
        "day_words": _TEXT_OR_NULL,
        "day_rule": {"enum": [*DAY_RULES, None]},
        "published": _DAY,
        "language": {"enum": list(READ_LANGUAGES)},
        "issue": {"enum": issues},
        "issues_also": {"type": "array", "items": {"enum": issues}},
        "issue_words": {"type": "array", "items": _TEXT},
        "status": {"enum": list(EVENT_STATUSES), "description": "expected: the text says that it was to happen; unconfirmed: that it is not known whether it did"},
    }  # fmt: skip
    return _list_schema(EVENTS_SCHEMA_ID, "What the authors of documents tell by themselves, as no party's statement.", fields)  # fmt: skip


def _list_schema(title: str, description: str, fields: Part) -> Part:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "description": description,
        "type": "array",
        "items": {
            "type": "object",
            "properties": fields,
            "required": list(fields),
            "additionalProperties": False,
        },
    }


if __name__ == "__main__":
    for name, schema in ((FILE_NAME, statements_schema()), (EVENTS_FILE_NAME, events_schema())):
        packaged_schema_path(name).write_text(
            json.dumps(schema, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
