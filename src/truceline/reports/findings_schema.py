"""The JSON Schema of findings.json, made from the schema of the table ``findings``.

``python -m truceline.reports.findings_schema`` writes the packaged copy anew; a test holds the
two together.
"""

from __future__ import annotations

import json
from pathlib import Path

from truceline.assurance.series import SeriesSpec
from truceline.base.language import LANGUAGES
from truceline.findings.reasons import REASONS
from truceline.reports.accepted import accepted_schema
from truceline.reports.findings_json import SCHEMA_ID, SIGNIFICANT_DIGITS
from truceline.reports.line import line_schema
from truceline.reports.logged import log_schema
from truceline.reports.order_worth import order_worth_schema
from truceline.reports.patterns import patterns_schema
from truceline.reports.reckoning import bound_parts_schema, left_out_schema, totals_schema, worth_schema
from truceline.reports.schema_parts import (
    TEXT,
    TEXT_LIST,
    TEXT_OR_NULL,
    WHOLE,
    YES_NO,
    Part,
    list_of,
    number_or_null,
    period_of,
    said,
    time_of,
    whole_object,
)
from truceline.schema.claims import CLAIMS
from truceline.schema.findings import FINDINGS
from truceline.schema.table import NUMBER, TEXTS, TIME, Column

FILE_NAME = "findings.schema.json"


def packaged_schema_path() -> Path:
    """The copy that the package brings."""
    return Path(__file__).with_name(FILE_NAME)


def findings_schema() -> Part:
    """JSON Schema, draft 2020-12, of the whole document."""
    top: Part = {
        "schema": {"const": SCHEMA_ID, "description": "name and version of this format"},
        "case_id": said(TEXT, "id of the case"),
        "title": said(TEXT, "title of the case"),
        "version": said(TEXT, "version of Truceline that wrote this"),
        "run_id": said(
            TEXT, "depends on version, case and inputs alone; in the public edition on what is released"
        ),
        "as_of": {"type": "string", "format": "date", "description": "date of the evidence"},
        "edition": said(TEXT, "release rule, in words"),
        "language": {
            "enum": list(LANGUAGES),
            "description": "of every sentence and name in here; codes are the same in each",
        },
        "seed": {"type": "integer", "description": "seed of everything random in the run"},
        "invented": said(YES_NO, "true for a simulated case"),
        "truce_id": said(TEXT, "id of the truce"),
        "instrument": {
            "enum": ["agreement", "parallel_declarations", "proposal"],
            "description": "what the truce rests on",
        },
        "terms_version": said(TEXT, "version of the terms"),
        "parties": list_of(whole_object({"party_id": TEXT, "name": TEXT}), "in the order of the truce file"),
        "clocks": list_of(
            whole_object({"clock_id": TEXT, "title": TEXT, **period_of(), "zone": TEXT}),
            "windows of the truce; rival ones stand side by side",
        ),
        "obligations": list_of(
            whole_object(dict.fromkeys(("obligation_id", "act", "act_name", "title", "definition"), TEXT)),
            "what is tested",
        ),
        "not_judged": list_of(
            whole_object(
                {
                    "kind": {"enum": ["obligation", "zones", "condition", "exemption"]},
                    **dict.fromkeys(("id", "title"), TEXT),
                    "binds": said(TEXT_LIST, "ids of parties and third parties"),
                    "why": said(TEXT, "why no finding takes it into account"),
                }
            ),
            "what the terms lay down and no finding judges: silence about it is no quiet",
        ),
        "areas": list_of(whole_object({"area_id": TEXT, "name": TEXT}), "areas that findings name"),
        "baseline": {**whole_object(period_of()), "description": "what the window is compared with"},
        "summary": said(TEXT_LIST, "what the report rests on, then a sentence for each act"),
        "context": said(TEXT_LIST, "what series and maps that judge nothing have to say"),
        "limits": said(TEXT_LIST, "what this report cannot say"),
        "findings": list_of({"$ref": "#/$defs/finding"}, FINDINGS.meaning),
        "series": list_of({"$ref": "#/$defs/series"}, "counts in bins of time, with what they say"),
        "patterns": patterns_schema(),
        "totals": totals_schema(),
        "worth": worth_schema(),
        "line": line_schema(),
        "claims": list_of({"$ref": "#/$defs/claim"}, CLAIMS.meaning),
        "coverage_notes": list_of(
            whole_object(
                {
                    "source_id": TEXT,
                    "area_id": said(TEXT_OR_NULL, "null: everywhere"),
                    **period_of(),
                    "reason": TEXT,
                    "share_unseen": {"type": "number", "minimum": 0, "maximum": 1},
                    "text": TEXT,
                }
            ),
            "what was not watched, and why",
        ),
        "sources": list_of({"$ref": "#/$defs/source"}, "every source of the case, read or absent"),
        "quarantined_count": said(WHOLE, "rows put aside"),
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
        **whole_object(
            top,
            order_worth=order_worth_schema(),
            reckoning_left_out=left_out_schema(),
            log=log_schema(),
            accepted=accepted_schema(),
        ),
        "$defs": {
            "finding": _finding(),
            "evidence": _evidence(),
            "reason": _reason(),
            "bound": _bound(),
            "series": _series(),
            "claim": _claim(),
            "source": _source(),
            "rows": list_of(
                whole_object({"file": TEXT, "rows": {"type": "array", "items": WHOLE}}),
                "rows of named files; the header is row 1, 0 stands for the whole file",
            ),
        },
    }


def flat_keys() -> tuple[str, ...]:
    """Keys of a finding before ``details``: the columns of the table, in its order."""
    return tuple(column.name for column in FINDINGS.columns)


def _column(column: Column) -> Part:
    """One column of the table as a property, with its meaning, range and words."""
    if column.type == TIME:
        return time_of(column.meaning)
    if column.type == NUMBER:
        return number_or_null(column.meaning, at_least=column.at_least)
    if column.type == TEXTS:
        return {
            "type": "array",
            "items": {"enum": sorted(REASONS)},
            "uniqueItems": True,
            "description": column.meaning,
        }
    if column.one_of:
        return {"enum": list(column.one_of), "description": column.meaning}
    return said(TEXT if column.required else TEXT_OR_NULL, column.meaning)


def _finding() -> Part:
    details = whole_object(
        {
            "headline": said(TEXT, "one plain sentence"),
            "phrase": said(TEXT, "how far the acts fell, in two words; empty where no fall is shown"),
            "period_label": TEXT,
            "evidence": list_of({"$ref": "#/$defs/evidence"}, "who says what of the party’s act"),
            "reasons": list_of({"$ref": "#/$defs/reason"}, "why the finding is what it is, down to rows"),
            "bound": {"$ref": "#/$defs/bound"},
            "would_change": said(TEXT_LIST, "what would change this finding"),
        }
    )
    return {
        **whole_object({**{column.name: _column(column) for column in FINDINGS.columns}, "details": details}),
        "description": FINDINGS.meaning,
    }


def _evidence() -> Part:
    return whole_object(
        {
            "kind": {
                "enum": [
                    "opponent_count", "opponent_concession", "own_report", "third_party_count", "sensor", "news",
                ],
                "description": "who speaks of whom",
            },
            "speaker": TEXT,
            "speaker_party_id": said(TEXT_OR_NULL, "the speaker’s side; null: neither"),
            "change": {
                "enum": ["ceased", "fell", "unchanged", "rose", "not_shown", "not_said"],
                "description": "what it says of the rate against before",
            },
            "residual": {"type": ["boolean", "null"], "description": "acts in the period; null: it does not say"},
            "value": number_or_null("the figure", at_least=None),
            "relation": said(TEXT, "how the figure is meant: =, ≥, ≈"),
            "unit": TEXT,
            "baseline_value": number_or_null("what it is compared with", at_least=None),
            "baseline_note": TEXT,
            "ratio": number_or_null("value over baseline"),
            "ratio_lo95": number_or_null("lower 95 % limit"),
            "ratio_hi95": number_or_null("upper 95 % limit"),
            "e_value": number_or_null("evidence against no change; 20 or more is reported"),
            "caveat": TEXT,
            "reason": {"$ref": "#/$defs/reason"},
        }
    )  # fmt: skip


def _reason() -> Part:
    return whole_object(
        {
            "code": {"enum": sorted(REASONS), "description": "listed with its meaning in the documentation"},
            "text": said(TEXT, "the sentence for this finding, with its figures"),
            "source_ids": TEXT_LIST,
            "claim_ids": TEXT_LIST,
            "incident_ids": TEXT_LIST,
            "series_id": TEXT_OR_NULL,
            "rows": {"$ref": "#/$defs/rows"},
        }
    )


def _bound() -> Part:
    what_if = whole_object(
        {"detection_p": {"type": "number", "minimum": 0, "maximum": 1}, "hi95": number_or_null("limit")}
    )
    return whole_object(
        {
            "detections": {"type": ["integer", "null"], "minimum": 0},
            "blind_share": number_or_null("share of area and time with no sight at all"),
            "basis": said(TEXT_LIST, "who measured or declared the detection probabilities"),
            "what_if": list_of(what_if, "limits that supposed probabilities would give; not bounds"),
            "reason_codes": TEXT_LIST,
            **bound_parts_schema(),
        }
    )


def _series() -> Part:
    meanings = {name: field.description or "" for name, field in SeriesSpec.model_fields.items()}
    counts = {
        key: number_or_null(meaning, at_least=None)
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
    power = whole_object({"ratio": {"type": "number"}, "p": {"type": "number", "minimum": 0, "maximum": 1}})
    effect = whole_object(
        {
            "n_baseline": WHOLE,
            "n_window": WHOLE,
            "n_window_missing": WHOLE,
            **counts,
            "power": list_of(power, "true ratio → probability that the test would have reported it"),
            "informative": said(YES_NO, "whether a halving would have been reported with p ≥ 0.5"),
            "reason_codes": TEXT_LIST,
        }
    )
    numbers = {"type": "array", "items": {"type": ["number", "null"]}}
    flags = {"type": "array", "items": YES_NO}
    return whole_object(
        {
            "series_id": TEXT,
            "title": TEXT,
            "source_id": TEXT,
            "kind": said(TEXT, meanings["kind"]),
            "act": said(TEXT_OR_NULL, meanings["act"]),
            "party_id": said(TEXT_OR_NULL, meanings["party"]),
            "area_id": said(TEXT, meanings["area"]),
            "unit": said(TEXT, meanings["unit"]),
            "bin_h": {
                "type": "number",
                "exclusiveMinimum": 0,
                "description": "length of a bin, hours; of a calendar month on average",
            },
            "warning_only": said(YES_NO, meanings["warning_only"]),
            "caveat": TEXT,
            "effect": {"oneOf": [effect, {"type": "null"}], "description": "null: context only"},
            "bin_start": {"type": "array", "items": time_of("start of a bin")},
            "count": said(numbers, "null: missing, which is not zero"),
            "expected": {
                "type": ["array", "null"],
                "items": {"type": ["number", "null"]},
                "description": "expected count per bin",
            },
            "in_baseline": flags,
            "in_window": flags,
        }
    )


def _claim() -> Part:
    meanings = {column.name: column for column in CLAIMS.columns}
    part = whole_object({"measure": TEXT, "value": number_or_null("", at_least=None), "relation": TEXT})
    return whole_object(
        {
            "claim_id": TEXT,
            "speaker": said(TEXT, meanings["speaker"].meaning),
            "speaker_party_id": said(TEXT_OR_NULL, meanings["speaker_party_id"].meaning),
            "accused_party_id": said(TEXT, meanings["accused_party_id"].meaning),
            "kind": {"enum": list(meanings["kind"].one_of), "description": meanings["kind"].meaning},
            "measure": said(TEXT, meanings["measure"].meaning),
            **period_of(),
            "window_precision": {"enum": list(meanings["window_precision"].one_of)},
            "value": number_or_null(meanings["value"].meaning, at_least=None),
            "relation": said(TEXT_OR_NULL, meanings["relation"].meaning),
            "parts": list_of(part, "claims that are parts of this one"),
            "parts_sum": number_or_null("sum of the parts", at_least=None),
            "check": {"enum": ["sums", "mismatch", "cannot_check", "no_parts"]},
            "check_text": TEXT,
            "outlet": TEXT_OR_NULL,
            "url": TEXT_OR_NULL,
            "note": TEXT_OR_NULL,
            "file": TEXT,
            "row": WHOLE,
        }
    )


def _source() -> Part:
    counts = ("rows_read", "rows_used", "rows_outside", "rows_repeated", "rows_quarantined")
    file = whole_object(
        {
            "label": TEXT,
            "size_bytes": WHOLE,
            "digest": said(TEXT, "SHA-256 of the file"),
            **dict.fromkeys(counts, WHOLE),
        }
    )
    copies = whole_object(
        {
            "records": said(WHOLE, "records that were used"),
            "copies": said(WHOLE, "records among them that repeat another of the same source"),
            "first_tellings": said(WHOLE, "records that they repeat"),
        }
    )
    return whole_object(
        {
            "source_id": TEXT,
            "title": TEXT,
            "state": {"enum": ["read", "absent", "unusable"]},
            "licence": TEXT,
            "publish_shapes": said(YES_NO, "whether its shapes may be drawn in what is published"),
            "citation": TEXT,
            "adapter": TEXT,
            "adapter_version": TEXT,
            "cost_of_absence": said(TEXT, "what certainty is lost without it"),
            "copies": {
                "oneOf": [copies, {"type": "null"}],
                "description": "copies among its records; null: it gives no records of acts",
            },
            "files": list_of(file, "what became of each file"),
        }
    )


def schema_text() -> str:
    """The schema as the packaged file has it."""
    return json.dumps(findings_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    packaged_schema_path().write_text(schema_text(), encoding="utf-8")
