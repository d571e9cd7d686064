"""Where the findings of a report stand in the evidence log: for findings.json, the page and the paper."""

from __future__ import annotations

from typing import Any

from truceline.base.language import _
from truceline.findings.logged import Logged

Record = dict[str, Any]


def log_record(logged: Logged | None) -> Record:
    """``{"log": …}`` for findings.json; nothing where the run was not logged."""
    if logged is None:
        return {}
    return {
        "log": {
            "origin": logged.origin,
            "size": logged.size,
            "root": logged.root,
            "signed": logged.signed,
            "entries": dict(logged.codes),
        }
    }


def log_schema() -> Record:
    """JSON Schema of the value of ``log``."""
    text = {"type": "string"}
    properties: Record = {
        "origin": {**text, "description": "name of the evidence log, which stands beside this file as log/"},
        "size": {"type": "integer", "minimum": 0, "description": "entries under the checkpoint"},
        "root": {**text, "description": "root of the log's tree at that size, base64"},
        "signed": {"type": "boolean", "description": "false: the key is one that anybody can make"},
        "entries": {
            "type": "object",
            "additionalProperties": text,
            "description": "finding_id → code of its entry in the log",
        },
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        "description": "the checkpoint of the evidence log under which the findings stand",
    }


def log_lines(logged: Logged | None) -> Record | None:
    """What a report's head prints of the log; None where the run was not logged."""
    if logged is None:
        return None
    return {
        "head": _("Evidence log: {size} entries, root {root}").format(size=logged.size, root=logged.root),
        "origin": logged.origin,
        "how": _(
            "Each finding carries the code of its entry. To check one without Truceline: python log/verify_truce.py POLICY log CODE, with the keys you trust in POLICY."
        ),
        "unsigned": ""
        if logged.signed
        else _(
            "No keeper’s key signed this log: it shows that nothing was altered only to whoever keeps this checkpoint elsewhere."
        ),
    }
