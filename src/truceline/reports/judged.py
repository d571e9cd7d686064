"""Every finding with its evidence, and the bounds on what could have gone unseen."""

from __future__ import annotations

from typing import Any

from truceline.base.language import _, told
from truceline.findings.results import Finding, Reason, Results
from truceline.findings.words import counted
from truceline.reports import figures, glossary
from truceline.reports.judgement_parts import bound_reason, bound_text, evidence_part, judgement_part
from truceline.reports.names import party_part
from truceline.reports.opening import leading_findings

Part = dict[str, Any]


def finding_parts(results: Results) -> list[Part]:
    """All findings in the order of the run, each ready to print."""
    leading = {finding.finding_id for finding in leading_findings(results)}
    return [_finding(results, finding, leading) for finding in results.findings]


def _finding(results: Results, finding: Finding, leading: set[str]) -> Part:
    truce = results.truce
    obligation = next(item for item in truce.obligations if item.id == finding.obligation_id)
    clock = next(item for item in truce.clocks if item.id == finding.clock_id)
    evidence = [evidence_part(results, item) for item in finding.evidence]
    told = {(item.reason.code, item.reason.text) for item in finding.evidence}
    return {
        "id": finding.finding_id,
        "log_code": results.logged.codes.get(finding.finding_id, "") if results.logged else "",
        "leading": finding.finding_id in leading,
        "act": truce.act(obligation.act).name,
        "obligation": obligation.title,
        "party": party_part(results, finding.party_id),
        "area": results.area_names.get(finding.area_id, finding.area_id),
        "period": _("Whole window")
        if finding.period == truce.window(finding.clock_id)
        else finding.period_label,
        "period_local": figures.window_local(finding.period, clock.zone),
        "period_utc": figures.window_utc(finding.period),
        "clock": clock.title,
        "judgement": judgement_part(finding),
        "ratio": figures.ratio(finding.effect_ratio),
        "interval": figures.interval95(finding.effect_ratio_lo95, finding.effect_ratio_hi95),
        "e_value": figures.e_value(finding.e_value),
        "bound": bound_text(finding.bound),
        "bound_reason": bound_reason(finding.bound),
        "headline": finding.headline,
        "evidence": evidence,
        # reasons that a line of evidence tells already stand there, with their rows
        "reasons": [_reason(item) for item in finding.reasons if (item.code, item.text) not in told],
        "would_change": list(finding.would_change),
    }


def _reason(reason: Reason) -> Part:
    return {
        "code": reason.code,
        "text": reason.text,
        "meaning": glossary.reason_meaning(reason.code),
        "sources": ", ".join(reason.source_ids),
        "claims": ", ".join(reason.claim_ids),
        "series": reason.series_id or "",
        "incidents": counted(len(reason.incident_ids), "incident") if reason.incident_ids else "",
        "rows": figures.row_lines(reason.rows),
    }


def bound_parts(results: Results) -> Part:
    """Bounds of the first table's findings, with the what-if table beside them."""
    findings = leading_findings(results)
    # without a count there is nothing to suppose from
    supposed = sorted(
        {p for finding in findings if finding.bound.detections is not None for p in finding.bound.what_if},
        reverse=True,
    )
    rows = []
    for finding in findings:
        bound = finding.bound
        obligation = next(item for item in results.truce.obligations if item.id == finding.obligation_id)
        rows.append(
            {
                "act": results.truce.act(obligation.act).name,
                "party": party_part(results, finding.party_id),
                "detections": figures.number(bound.detections),
                "history": _limit(bound.history_hi95),
                "worst": _limit(bound.worst_hi95),
                "evader": _limit(bound.evader_hi95),
                "reason": bound_reason(bound),
                "what_if": [
                    figures.number(bound.what_if.get(p) if bound.detections is not None else None)
                    for p in supposed
                ],
            }
        )
    return {
        "rows": rows,
        "supposed": [figures.percent(p) for p in supposed],
        "any_bound": any(
            limit is not None
            for finding in findings
            for limit in (finding.bound.history_hi95, finding.bound.worst_hi95, finding.bound.evader_hi95)
        ),
        "any_what_if": bool(supposed),
        # the notes name the first few; here stands every one
        "bases": [
            told(basis) for basis in dict.fromkeys(b for finding in findings for b in finding.bound.basis)
        ],
    }


def _limit(value: float | None) -> str:
    return _("no bound") if value is None else f"≤ {figures.number(value)}"
