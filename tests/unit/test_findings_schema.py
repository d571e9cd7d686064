"""findings.json keeps to its schema, and the schema to the table it is made from."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest
from fixtures_results import example_results, hostile_results
from hypothesis import given
from hypothesis import strategies as st

from truceline.reports.figures import round_significant
from truceline.reports.findings_json import LARGEST, findings_document, render_findings
from truceline.reports.findings_schema import (
    findings_schema,
    flat_keys,
    packaged_schema_path,
    schema_text,
)

ISSUE_KEYS = [
    "finding_id",
    "obligation_id",
    "party_id",
    "area_id",
    "period_start",
    "period_stop",
    "clock_id",
    "terms_version",
    "occurrence",
    "responsibility",
    "judgement",
    "effect_ratio",
    "effect_ratio_lo95",
    "effect_ratio_hi95",
    "e_value",
    "bound_history_hi95",
    "bound_worst_hi95",
    "bound_evader_hi95",
    "reason_codes",
]


def validate(document: object) -> None:
    schema = findings_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document)


@pytest.mark.parametrize("make", [example_results, hostile_results])
def test_what_is_written_is_valid(make):
    validate(json.loads(render_findings(make())))


def test_findings_have_the_flat_keys_first_and_in_order():
    document = json.loads(render_findings(example_results()))
    for finding in document["findings"]:
        assert [*finding] == [*ISSUE_KEYS, "details"]
    assert [*flat_keys()] == ISSUE_KEYS


def test_the_packaged_schema_is_the_generated_one():
    packaged = packaged_schema_path().read_text(encoding="utf-8")
    assert packaged == schema_text(), "run: python -m truceline.reports.findings_schema"


def test_every_flat_key_is_described():
    properties = findings_schema()["$defs"]["finding"]["properties"]
    assert all(properties[key]["description"] for key in flat_keys())


@pytest.mark.parametrize(
    ("key", "value"), [("judgement", "guilty"), ("occurrence", None), ("e_value", -1), ("extra", 1)]
)
def test_a_wrong_finding_is_refused(key, value):
    document = findings_document(example_results())
    document["findings"][0][key] = value
    with pytest.raises(jsonschema.ValidationError):
        validate(document)


def test_a_missing_count_is_null_and_never_zero():
    series = findings_document(example_results())["series"]
    launched = next(item for item in series if item["series_id"] == "launched")
    assert launched["count"][49] is None


def test_an_e_value_without_end_is_still_a_number():
    results = example_results()
    finding = replace(results.findings[0], e_value=float("inf"))
    document = findings_document(replace(results, findings=(finding,)))
    assert document["findings"][0]["e_value"] == LARGEST
    validate(document)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_rounding_keeps_six_digits_and_does_nothing_twice(value):
    once = round_significant(value, 6)
    assert round_significant(once, 6) == once
    assert once == pytest.approx(value, rel=1e-5)


def test_same_results_same_text():
    assert render_findings(example_results()) == render_findings(example_results())


def test_each_finding_stands_on_its_own_line():
    text = render_findings(example_results())
    lines = [line for line in text.splitlines() if line.startswith('{"finding_id"')]
    assert len(lines) == len(example_results().findings)
