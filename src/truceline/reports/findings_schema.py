"""The JSON Schema of findings.json, made from the schema of the table ``findings``.

``python -m truceline.reports.findings_schema`` writes the packaged copy anew; a test holds the
two together.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from truceline.assurance.series import SeriesSpec
from truceline.base.language import LANGUAGES
from truceline.findings.reasons import REASONS
from truceline.reports.findings_json import SCHEMA_ID, SIGNIFICANT_DIGITS
from truceline.reports.logged import log_schema
from truceline.reports.order_worth import order_worth_schema
from truceline.reports.patterns import patterns_schema
from truceline.reports.reckoning import bound_parts_schema, left_out_schema, totals_schema, worth_schema
from truceline.schema.claims import CLAIMS
from truceline.schema.findings import FINDINGS
from truceline.schema.table import NUMBER, TEXTS, TIME, Column

FILE_NAME = "findings.schema.json"

Part = dict[str, Any]

_TEXT: Part = {"type": "string"}
_TEXT_OR_NULL: Part = {"type": ["string", "null"]}
_WHOLE: Part = {"type": "integer", "minimum": 0}
_YES_NO: Part = {"type": "boolean"}
_TEXT_LIST: Part = {"type": "array", "items": _TEXT}


def packaged_schema_path() -> Path:
    """The copy that the package brings."""
    return Path(__file__).with_name(FILE_NAME)


def findings_schema() -> Part:
    """JSON Schema, draft 2020-12, of the whole document."""
    top: Part = {
        "schema": {"const": SCHEMA_ID, "description": "name and version of this format"},
        "case_id": _said(_TEXT, "id of the case"),
        "title": _said(_TEXT, "title of the case"),
        "version": _said(_TEXT, "version of Truceline that wrote this"),
        "run_id": _said(
            _TEXT, "depends on version, case and inputs alone; in the public edition on what is released"
        ),
        "as_of": {"type": "string", "format": "date", "description": "date of the evidence"},
        "edition": _said(_TEXT, "release rule, in words"),
        "language": {
            "enum": list(LANGUAGES),
            "description": "of every sentence and name in here; codes are the same in each",
        },
        "seed": {"type": "integer", "description": "seed of everything random in the run"},
        "invented": _said(_YES_NO, "true for a simulated case"),
        "truce_id": _said(_TEXT, "id of the truce"),
        "instrument": {
            "enum": ["agreement", "parallel_declarations", "proposal"],
            "description": "what the truce rests on",
        },
        "terms_version": _said(_TEXT, "version of the terms"),
        "parties": _list(_object({"party_id": _TEXT, "name": _TEXT}), "in the order of the truce file"),
        "clocks": _list(
            _object({"clock_id": _TEXT, "title": _TEXT, **_period(), "zone": _TEXT}),
            "windows of the truce; rival ones stand side by side",
        ),
        "obligations": _list(
            _object(dict.fromkeys(("obligation_id", "act", "act_name", "title", "definition"), _TEXT)),
            "what is tested",
        ),
        "not_judged": _list(
            _object(
                {
                    "kind": {"enum": ["obligation", "zones", "condition", "exemption"]},
                    **dict.fromkeys(("id", "title"), _TEXT),
                    "binds": _said(_TEXT_LIST, "ids of parties and third parties"),
                    "why": _said(_TEXT, "why no finding takes it into account"),
                }
            ),
            "what the terms lay down and no finding judges: silence about it is no quiet",
        ),
        "areas": _list(_object({"area_id": _TEXT, "name": _TEXT}), "areas that findings name"),
        "baseline": {**_object(_period()), "description": "what the window is compared with"},
        "summary": _said(_TEXT_LIST, "what the report rests on, then a sentence for each act"),
        "context": _said(_TEXT_LIST, "what series and maps that judge nothing have to say"),
        "limits": _said(_TEXT_LIST, "what this report cannot say"),
        "findings": _list({"$ref": "#/$defs/finding"}, FINDINGS.meaning),
        "series": _list({"$ref": "#/$defs/series"}, "counts in bins of time, with what they say"),
        "patterns": patterns_schema(),
        "totals": totals_schema(),
        "worth": worth_schema(),
        "line": _line(),
        "claims": _list({"$ref": "#/$defs/claim"}, CLAIMS.meaning),
        "coverage_notes": _list(
            _object(
                {
                    "source_id": _TEXT,
                    "area_id": _said(_TEXT_OR_NULL, "null: everywhere"),
                    **_period(),
                    "reason": _TEXT,
                    "share_unseen": {"type": "number", "minimum": 0, "maximum": 1},
                    "text": _TEXT,
                }
            ),
            "what was not watched, and why",
        ),
        "sources": _list({"$ref": "#/$defs/source"}, "every source of the case, read or absent"),
        "quarantined_count": _said(_WHOLE, "rows put aside"),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:truceline:findings:1",
        "title": "findings.json",
        "description": (
            "Findings of a run of Truceline. Times are ISO 8601 in UTC, intervals half-open. "
            f"Numbers carry {SIGNIFICANT_DIGITS} significant digits. Null: does not apply, or not known; "
            "it is never zero."
        ),
        **_object(
            top, order_worth=order_worth_schema(), reckoning_left_out=left_out_schema(), log=log_schema()
        ),
        "$defs": {
            "finding": _finding(),
            "evidence": _evidence(),
            "reason": _reason(),
            "bound": _bound(),
            "series": _series(),
            "claim": _claim(),
            "source": _source(),
            "rows": _list(
                _object({"file": _TEXT, "rows": {"type": "array", "items": _WHOLE}}),
                "rows of named files; the header is row 1, 0 stands for the whole file",
            ),
        },
    }


def flat_keys() -> tuple[str, ...]:
    """Keys of a finding before ``details``: the columns of the table, in its order."""
    return tuple(column.name for column in FINDINGS.columns)


def _said(part: Part, meaning: str) -> Part:
    return {**part, "description": meaning}


def _object(properties: Part, **optional: Part) -> Part:
    return {
        "type": "object",
        "properties": {**properties, **optional},
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: Part, meaning: str) -> Part:
    return {"type": "array", "items": items, "description": meaning}


def _time(meaning: str) -> Part:
    return {"type": "string", "format": "date-time", "pattern": "Z$", "description": meaning}


def _period() -> Part:
    return {"period_start": _time("start"), "period_stop": _time("stop (half-open)")}


def _number(meaning: str, *, at_least: float | None = 0) -> Part:
    part: Part = {"type": ["number", "null"], "description": meaning}
    if at_least is not None:
        part["minimum"] = at_least
    return part


def _column(column: Column) -> Part:
    """One column of the table as a property, with its meaning, range and words."""
    if column.type == TIME:
        return _time(column.meaning)
    if column.type == NUMBER:
        return _number(column.meaning, at_least=column.at_least)
    if column.type == TEXTS:
        return {
            "type": "array",
            "items": {"enum": sorted(REASONS)},
            "uniqueItems": True,
            "description": column.meaning,
        }
    if column.one_of:
        return {"enum": list(column.one_of), "description": column.meaning}
    return _said(_TEXT if column.required else _TEXT_OR_NULL, column.meaning)


def _finding() -> Part:
    details = _object(
        {
            "headline": _said(_TEXT, "one plain sentence"),
            "phrase": _said(_TEXT, "how far the acts fell, in two words; empty where no fall is shown"),
            "period_label": _TEXT,
            "evidence": _list({"$ref": "#/$defs/evidence"}, "who says what of the party’s act"),
            "reasons": _list({"$ref": "#/$defs/reason"}, "why the finding is what it is, down to rows"),
            "bound": {"$ref": "#/$defs/bound"},
            "would_change": _said(_TEXT_LIST, "what would change this finding"),
        }
    )
    return {
        **_object({**{column.name: _column(column) for column in FINDINGS.columns}, "details": details}),
        "description": FINDINGS.meaning,
    }


def _evidence() -> Part:
    return _object(
        {
            "kind": {
                "enum": [
                    "opponent_count", "opponent_concession", "own_report", "third_party_count", "sensor", "news",
                ],
                "description": "who speaks of whom",
            },
            "speaker": _TEXT,
            "speaker_party_id": _said(_TEXT_OR_NULL, "the speaker’s side; null: neither"),
            "change": {
                "enum": ["ceased", "fell", "unchanged", "rose", "not_shown", "not_said"],
                "description": "what it says of the rate against before",
            },
            "residual": {"type": ["boolean", "null"], "description": "acts in the period; null: it does not say"},
            "value": _number("the figure", at_least=None),
            "relation": _said(_TEXT, "how the figure is meant: =, ≥, ≈"),
            "unit": _TEXT,
            "baseline_value": _number("what it is compared with", at_least=None),
            "baseline_note": _TEXT,
            "ratio": _number("value over baseline"),
            "ratio_lo95": _number("lower 95 % limit"),
            "ratio_hi95": _number("upper 95 % limit"),
            "e_value": _number("evidence against no change; 20 or more is reported"),
            "caveat": _TEXT,
            "reason": {"$ref": "#/$defs/reason"},
        }
    )  # fmt: skip


def _reason() -> Part:
    return _object(
        {
            "code": {"enum": sorted(REASONS), "description": "listed with its meaning in the documentation"},
            "text": _said(_TEXT, "the sentence for this finding, with its figures"),
            "source_ids": _TEXT_LIST,
            "claim_ids": _TEXT_LIST,
            "incident_ids": _TEXT_LIST,
            "series_id": _TEXT_OR_NULL,
            "rows": {"$ref": "#/$defs/rows"},
        }
    )


def _bound() -> Part:
    what_if = _object(
        {"detection_p": {"type": "number", "minimum": 0, "maximum": 1}, "hi95": _number("limit")}
    )
    return _object(
        {
            "detections": {"type": ["integer", "null"], "minimum": 0},
            "blind_share": _number("share of area and time with no sight at all"),
            "basis": _said(_TEXT_LIST, "who measured or declared the detection probabilities"),
            "what_if": _list(what_if, "limits that supposed probabilities would give; not bounds"),
            "reason_codes": _TEXT_LIST,
            **bound_parts_schema(),
        }
    )


def _series() -> Part:
    meanings = {name: field.description or "" for name, field in SeriesSpec.model_fields.items()}
    counts = {
        key: _number(meaning, at_least=None)
        for key, meaning in (
            ("observed", "total in the window"),
            ("expected", "total expected without a change"),
            ("expected_lo95", "lower predictive limit"),
            ("expected_hi95", "upper predictive limit"),
            ("ratio", "observed over expected rate"),
            ("ratio_lo95", "lower 95 % limit"),
            ("ratio_hi95", "upper 95 % limit"),
            ("e_value", "evidence against no change"),
            ("dispersion", "κ of the negative binomial: variance = μ + μ²/κ"),
        )
    }
    power = _object({"ratio": {"type": "number"}, "p": {"type": "number", "minimum": 0, "maximum": 1}})
    effect = _object(
        {
            "n_baseline": _WHOLE,
            "n_window": _WHOLE,
            "n_window_missing": _WHOLE,
            **counts,
            "power": _list(power, "true ratio → probability that the test would have reported it"),
            "informative": _said(_YES_NO, "whether a halving would have been reported with p ≥ 0.5"),
            "reason_codes": _TEXT_LIST,
        }
    )
    numbers = {"type": "array", "items": {"type": ["number", "null"]}}
    flags = {"type": "array", "items": _YES_NO}
    return _object(
        {
            "series_id": _TEXT,
            "title": _TEXT,
            "source_id": _TEXT,
            "kind": _said(_TEXT, meanings["kind"]),
            "act": _said(_TEXT_OR_NULL, meanings["act"]),
            "party_id": _said(_TEXT_OR_NULL, meanings["party"]),
            "area_id": _said(_TEXT, meanings["area"]),
            "unit": _said(_TEXT, meanings["unit"]),
            "bin_h": {
                "type": "number",
                "exclusiveMinimum": 0,
                "description": "length of a bin, hours; of a calendar month on average",
            },
            "warning_only": _said(_YES_NO, meanings["warning_only"]),
            "caveat": _TEXT,
            "effect": {"oneOf": [effect, {"type": "null"}], "description": "null: context only"},
            "bin_start": {"type": "array", "items": _time("start of a bin")},
            "count": _said(numbers, "null: missing, which is not zero"),
            "expected": {
                "type": ["array", "null"],
                "items": {"type": ["number", "null"]},
                "description": "expected count per bin",
            },
            "in_baseline": flags,
            "in_window": flags,
        }
    )


def _line() -> Part:
    """What the maps tell of the line; null where no map was read."""
    length = _object(
        {
            "tolerance_m": _number("tolerance of the simplification, metres"),
            "contact_km": _number("where the sides face each other"),
            "coast_km": _number("along the coast of the case"),
            "border_km": _number("along frontiers with third states"),
            "unknown_km": _number("not known to be any of these"),
        }
    )
    balance = _object(
        {
            "sector_id": _said(_TEXT, "sector, or elsewhere"),
            "gained_km2": _number("ground that the map's holder gained over all its shapes"),
            "lost_km2": _number("ground that it lost"),
            "updates": _said(_WHOLE, "steps in which ground in the sector changed hands"),
        }
    )
    known = _object(
        {
            "source_id": _TEXT,
            "lengths": _list(length, "the boundary by what it is, at each tolerance"),
            "drawn_sd_m": _number("standard deviation of the line's place as drawn, metres"),
            "drift_m_per_day": _number("added for each day since the map last changed, metres"),
            "sd_basis": _said(_TEXT, "what the deviation is taken from"),
            "sectors": _list(balance, "what changed hands, by sector"),
        }
    )
    sector = _object(
        {
            "sector_id": _TEXT,
            "name": _TEXT,
            "from_km": _number("along the axis of the case"),
            "to_km": _number("along the axis of the case"),
        }
    )
    whole = _object(
        {
            "at": _time("moment at which the line is described"),
            "maps": _list(known, "by whose map"),
            "sectors": _list(sector, "sectors that stay put while the line moves"),
            "notes": _said(_TEXT_LIST, "what a reader must know of how it was told"),
        }
    )
    return {"oneOf": [whole, {"type": "null"}], "description": "the line of contact; null: no map was read"}


def _claim() -> Part:
    meanings = {column.name: column for column in CLAIMS.columns}
    part = _object({"measure": _TEXT, "value": _number("", at_least=None), "relation": _TEXT})
    return _object(
        {
            "claim_id": _TEXT,
            "speaker": _said(_TEXT, meanings["speaker"].meaning),
            "speaker_party_id": _said(_TEXT_OR_NULL, meanings["speaker_party_id"].meaning),
            "accused_party_id": _said(_TEXT, meanings["accused_party_id"].meaning),
            "kind": {"enum": list(meanings["kind"].one_of), "description": meanings["kind"].meaning},
            "measure": _said(_TEXT, meanings["measure"].meaning),
            **_period(),
            "window_precision": {"enum": list(meanings["window_precision"].one_of)},
            "value": _number(meanings["value"].meaning, at_least=None),
            "relation": _said(_TEXT_OR_NULL, meanings["relation"].meaning),
            "parts": _list(part, "claims that are parts of this one"),
            "parts_sum": _number("sum of the parts", at_least=None),
            "check": {"enum": ["sums", "mismatch", "cannot_check", "no_parts"]},
            "check_text": _TEXT,
            "outlet": _TEXT_OR_NULL,
            "url": _TEXT_OR_NULL,
            "note": _TEXT_OR_NULL,
            "file": _TEXT,
            "row": _WHOLE,
        }
    )


def _source() -> Part:
    counts = ("rows_read", "rows_used", "rows_outside", "rows_repeated", "rows_quarantined")
    file = _object(
        {
            "label": _TEXT,
            "size_bytes": _WHOLE,
            "digest": _said(_TEXT, "SHA-256 of the file"),
            **dict.fromkeys(counts, _WHOLE),
        }
    )
    copies = _object(
        {
            "records": _said(_WHOLE, "records that were used"),
            "copies": _said(_WHOLE, "records among them that repeat another of the same source"),
            "first_tellings": _said(_WHOLE, "records that they repeat"),
        }
    )
    return _object(
        {
            "source_id": _TEXT,
            "title": _TEXT,
            "state": {"enum": ["read", "absent", "unusable"]},
            "licence": _TEXT,
            "publish_shapes": _said(_YES_NO, "whether its shapes may be drawn in what is published"),
            "citation": _TEXT,
            "adapter": _TEXT,
            "adapter_version": _TEXT,
            "cost_of_absence": _said(_TEXT, "what certainty is lost without it"),
            "copies": {
                "oneOf": [copies, {"type": "null"}],
                "description": "copies among its records; null: it gives no records of acts",
            },
            "files": _list(file, "what became of each file"),
        }
    )


def schema_text() -> str:
    """The schema as the packaged file has it."""
    return json.dumps(findings_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    packaged_schema_path().write_text(schema_text(), encoding="utf-8")
