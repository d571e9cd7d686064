"""findings.json: findings with flat keys, what they rest on, series, claims, sources.

Keys of a finding are those of the table ``findings``; everything else of it stands under
``details``. Numbers carry six significant digits. One finding a line, so that two files compare.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from truceline.assurance.series import Bound
from truceline.base.intervals import Interval, format_time
from truceline.findings.results import (
    ClaimAccount,
    Evidence,
    Finding,
    Reason,
    Results,
    RowRef,
    SeriesResult,
    SourceAccount,
)
from truceline.findings.unjudged import unjudged
from truceline.reports.accepted import accepted_record
from truceline.reports.figures import group_rows, round_significant
from truceline.reports.line import line_record
from truceline.reports.logged import log_record
from truceline.reports.order_worth import order_worth_record
from truceline.reports.patterns import patterns_record
from truceline.reports.reckoning import (
    bound_parts_record,
    left_out_record,
    totals_record,
    worth_record,
)

SCHEMA_ID = "truceline.findings/1"
SIGNIFICANT_DIGITS = 6
#: an e-value too large for a number is written as this
LARGEST = 1e300

Record = dict[str, Any]


def render_findings(results: Results) -> str:
    """findings.json as text: one entry of a list on each line, UTF-8, a line break at the end."""
    lines = []
    for key, value in findings_document(results).items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            entries = ",\n".join(_compact(entry) for entry in value)
            lines.append(f"{_compact(key)}: [\n{entries}\n]")
        else:
            lines.append(f"{_compact(key)}: {_compact(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def findings_document(results: Results) -> Record:
    """The document as plain values; its schema is ``findings_schema.findings_schema()``."""
    truce = results.truce
    document: Record = {
        "schema": SCHEMA_ID,
        "case_id": results.case_id,
        "title": results.title,
        "version": results.version,
        "run_id": results.run_id,
        "as_of": results.as_of,
        "edition": results.edition,
        "language": results.language,
        "seed": results.seed,
        "invented": results.invented,
        "truce_id": truce.id,
        "instrument": truce.instrument,
        "terms_version": truce.terms_version,
        "parties": [{"party_id": party.id, "name": party.name} for party in truce.parties],
        "clocks": [
            {
                "clock_id": clock.id,
                "title": clock.title,
                **_period(truce.window(clock.id)),
                "zone": clock.zone,
            }
            for clock in truce.clocks
        ],
        "obligations": [
            {
                "obligation_id": item.id,
                "act": item.act,
                "act_name": truce.act(item.act).name,
                "title": item.title,
                "definition": truce.act(item.act).definition,
            }
            for item in truce.obligations
        ],
        "not_judged": [
            {
                "kind": item.kind,
                "id": item.item_id,
                "title": item.title,
                "binds": list(item.binds),
                "why": item.why,
            }
            for item in unjudged(truce)
        ],
        "areas": [{"area_id": key, "name": name} for key, name in results.area_names.items()],
        "baseline": _period(results.baseline),
        "summary": list(results.summary),
        "context": list(results.context),
        "limits": list(results.limits),
        "findings": [finding_record(finding) for finding in results.findings],
        "series": [_series(item) for item in results.series],
        "patterns": patterns_record(results.patterns),
        "totals": totals_record(results.reckoning),
        "worth": worth_record(results.reckoning),
        **left_out_record(results.reckoning),
        **order_worth_record(results.order_worth),
        **log_record(results.logged),
        **accepted_record(results),
        "line": line_record(results.line_report),
        "claims": [_claim(account) for account in results.claim_accounts],
        "coverage_notes": [
            {
                "source_id": note.source_id,
                "area_id": note.area_id,
                **_period(note.period),
                "reason": note.reason,
                "share_unseen": note.share_unseen,
                "text": note.text,
            }
            for note in results.coverage_notes
        ],
        "sources": [_source(source) for source in results.sources],
        "quarantined_count": results.rows_quarantined,
    }
    rounded: Record = _rounded(document)
    return rounded


def finding_record(finding: Finding) -> Record:
    """One finding: the flat keys of the table ``findings`` in its order, then ``details``."""
    bound = finding.bound
    return {
        "finding_id": finding.finding_id,
        "obligation_id": finding.obligation_id,
        "party_id": finding.party_id,
        "area_id": finding.area_id,
        **_period(finding.period),
        "clock_id": finding.clock_id,
        "terms_version": finding.terms_version,
        "occurrence": finding.occurrence,
        "responsibility": finding.responsibility,
        "judgement": finding.judgement,
        "effect_ratio": finding.effect_ratio,
        "effect_ratio_lo95": finding.effect_ratio_lo95,
        "effect_ratio_hi95": finding.effect_ratio_hi95,
        "e_value": finding.e_value,
        "bound_history_hi95": bound.history_hi95,
        "bound_worst_hi95": bound.worst_hi95,
        "bound_evader_hi95": bound.evader_hi95,
        "reason_codes": list(finding.reason_codes),
        "details": {
            "headline": finding.headline,
            "phrase": finding.phrase,
            "period_label": finding.period_label,
            "evidence": [_evidence(item) for item in finding.evidence],
            "reasons": [_reason(item) for item in finding.reasons],
            "bound": _bound(bound),
            "would_change": list(finding.would_change),
        },
    }


def _period(period: Interval) -> Record:
    return {"period_start": format_time(period.start), "period_stop": format_time(period.stop)}


def _rows(rows: Sequence[RowRef]) -> list[Record]:
    return [{"file": file, "rows": numbers} for file, numbers in group_rows(rows).items()]


def _reason(reason: Reason) -> Record:
    return {
        "code": reason.code,
        "text": reason.text,
        "source_ids": list(reason.source_ids),
        "claim_ids": list(reason.claim_ids),
        "incident_ids": list(reason.incident_ids),
        "series_id": reason.series_id,
        "rows": _rows(reason.rows),
    }


def _evidence(evidence: Evidence) -> Record:
    return {
        "kind": evidence.kind,
        "speaker": evidence.speaker,
        "speaker_party_id": evidence.speaker_party_id,
        "change": evidence.change,
        "residual": evidence.residual,
        "value": evidence.value,
        "relation": evidence.relation,
        "unit": evidence.unit,
        "baseline_value": evidence.baseline_value,
        "baseline_note": evidence.baseline_note,
        "ratio": evidence.ratio,
        "ratio_lo95": evidence.ratio_lo95,
        "ratio_hi95": evidence.ratio_hi95,
        "e_value": evidence.e_value,
        "caveat": evidence.caveat,
        "reason": _reason(evidence.reason),
    }


def _bound(bound: Bound) -> Record:
    return {
        "detections": bound.detections,
        "blind_share": bound.blind_share,
        "basis": list(bound.basis),
        "what_if": [
            {"detection_p": p, "hi95": bound.what_if[p]} for p in sorted(bound.what_if, reverse=True)
        ],
        "reason_codes": list(bound.reason_codes),
        **bound_parts_record(bound),
    }


def _series(result: SeriesResult) -> Record:
    series, spec, effect = result.series, result.series.spec, result.effect
    fitted = list(effect.fitted) if effect and len(effect.fitted) == len(series.bins) else None
    return {
        "series_id": spec.id,
        "title": spec.title,
        "source_id": spec.source,
        "kind": spec.kind,
        "act": spec.act,
        "party_id": spec.party,
        "area_id": spec.area,
        "unit": spec.unit,
        "bin_h": spec.usual_bin_h,
        "warning_only": spec.warning_only,
        "caveat": spec.caveat,
        "effect": None
        if effect is None
        else {
            "n_baseline": effect.n_baseline,
            "n_window": effect.n_window,
            "n_window_missing": effect.n_window_missing,
            "observed": effect.observed,
            "expected": effect.expected,
            "expected_lo95": effect.expected_lo95,
            "expected_hi95": effect.expected_hi95,
            "ratio": effect.ratio,
            "ratio_lo95": effect.ratio_lo95,
            "ratio_hi95": effect.ratio_hi95,
            "e_value": effect.e_value,
            "dispersion": effect.dispersion,
            "power": [{"ratio": ratio, "p": effect.power[ratio]} for ratio in sorted(effect.power)],
            "informative": effect.informative,
            "reason_codes": list(effect.reason_codes),
        },
        "bin_start": [format_time(period.start) for period in series.bins],
        "count": [float(value) for value in series.count],
        "expected": fitted,
        "in_baseline": [bool(value) for value in series.in_baseline],
        "in_window": [bool(value) for value in series.in_window],
    }


def _claim(account: ClaimAccount) -> Record:
    return {
        "claim_id": account.claim_id,
        "speaker": account.speaker,
        "speaker_party_id": account.speaker_party_id,
        "accused_party_id": account.accused_party_id,
        "kind": account.kind,
        "measure": account.measure,
        **_period(account.window),
        "window_precision": account.window_precision,
        "value": account.value,
        "relation": account.relation,
        "parts": [
            {"measure": measure, "value": value, "relation": relation}
            for measure, value, relation in account.parts
        ],
        "parts_sum": account.parts_sum,
        "check": account.check,
        "check_text": account.check_text,
        "outlet": account.outlet,
        "url": account.url,
        "note": account.note,
        "file": account.row.file,
        "row": account.row.row,
    }


def _source(source: SourceAccount) -> Record:
    return {
        "source_id": source.source_id,
        "title": source.title,
        "state": source.state,
        "licence": source.licence,
        "publish_shapes": source.publish_shapes,
        "citation": source.citation,
        "adapter": source.adapter,
        "adapter_version": source.adapter_version,
        "cost_of_absence": source.cost_of_absence,
        "copies": None
        if source.copies is None
        else {
            "records": source.copies.records,
            "copies": source.copies.copies,
            "first_tellings": source.copies.first_tellings,
        },
        "files": [
            {
                "label": file.label,
                "size_bytes": file.size_bytes,
                "digest": file.digest,
                "rows_read": file.rows_read,
                "rows_used": file.rows_used,
                "rows_outside": file.rows_outside,
                "rows_repeated": file.rows_repeated,
                "rows_quarantined": file.rows_quarantined,
            }
            for file in source.files
        ],
    }


def _rounded(value: Any) -> Any:
    """Floats to six significant digits; NaN (missing) becomes null, infinity ``LARGEST``."""
    if isinstance(value, float):
        if math.isnan(value):
            return None
        if math.isinf(value):
            return math.copysign(LARGEST, value)
        return round_significant(value, SIGNIFICANT_DIGITS)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return value


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "), allow_nan=False)
