"""Parts of which the JSON Schemas of sections of findings.json are made."""

from __future__ import annotations

from typing import Any

Part = dict[str, Any]


def number_or_null(meaning: str) -> Part:
    """A number that is not negative, or null where there is none."""
    return {"type": ["number", "null"], "description": meaning, "minimum": 0}


def whole_object(properties: Part) -> Part:
    """An object that has all of these and nothing else."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
