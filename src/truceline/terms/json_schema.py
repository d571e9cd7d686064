"""The JSON Schema of ``truce.yaml``, for editors and other programs: ``truce.schema.json`` beside this file.

``python -m truceline.terms.json_schema`` prints it anew.
"""

from __future__ import annotations

import json
import sys
from importlib.resources import files
from typing import Any

from truceline.terms.truce import Truce

#: the schema's own name; nothing is fetched from there
ID = "urn:truceline:truce:1"


def make_schema() -> dict[str, Any]:
    """The schema, made from the models, with what people may leave out or write short."""
    made = Truce.model_json_schema()
    kinds = made["$defs"]
    kinds["Act"]["required"] = ["id"]  # the taxonomy gives the rest
    wording = kinds["Clause"]["properties"]["wording"]
    kinds["Clause"]["properties"]["wording"] = {
        "description": wording.pop("description"),
        "anyOf": [{"type": "string"}, wording],
    }
    return {
        **made,
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "truce.yaml",
    }


def schema_text() -> str:
    """The schema as it is published."""
    return json.dumps(make_schema(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def published() -> str:
    """What stands in the published file."""
    return (files("truceline.terms") / "truce.schema.json").read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.stdout.write(schema_text())
