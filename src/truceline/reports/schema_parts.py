"""Parts of which the JSON Schemas of findings.json and of its sections are made."""

from __future__ import annotations

from typing import Any

Part = dict[str, Any]

TEXT: Part = {"type": "string"}
TEXT_OR_NULL: Part = {"type": ["string", "null"]}
WHOLE: Part = {"type": "integer", "minimum": 0}
YES_NO: Part = {"type": "boolean"}
TEXT_LIST: Part = {"type": "array", "items": TEXT}
TIME: Part = {"type": "string", "format": "date-time", "pattern": "Z$"}


def said(part: Part, meaning: str) -> Part:
    """A part with its meaning."""
    return {**part, "description": meaning}


def list_of(items: Part, meaning: str) -> Part:
    """A list of what ``items`` describes."""
    return {"type": "array", "items": items, "description": meaning}


def time_of(meaning: str) -> Part:
    """A moment in UTC."""
    return said(TIME, meaning)


def period_of() -> Part:
    """The two fields of a period."""
    return {"period_start": time_of("start"), "period_stop": time_of("stop (half-open)")}


def number_or_null(meaning: str, *, at_least: float | None = 0) -> Part:
    """A number, or null where there is none; ``at_least`` None: it may be anything."""
    part: Part = {"type": ["number", "null"], "description": meaning}
    if at_least is not None:
        part["minimum"] = at_least
    return part


def whole_object(properties: Part, **optional: Part) -> Part:
    """An object that has all of ``properties``, perhaps the optional ones, and nothing else."""
    return {
        "type": "object",
        "properties": {**properties, **optional},
        "required": list(properties),
        "additionalProperties": False,
    }
