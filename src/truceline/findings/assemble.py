"""Every obligation × party × area × period × clock: gather the evidence, judge, say why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product

from truceline.base.canonical import short_id
from truceline.base.intervals import Interval, format_time
from truceline.base.language import _
from truceline.findings.claims import (
    Question,
    evidence_of_claims,
)
from truceline.findings.evidence import (
    LEAST_COVERAGE,
    evidence_of_incidents,
    evidence_of_maps,
    evidence_of_series,
    incidents_in,
)
from truceline.findings.explanation import explain
from truceline.findings.ground import Ground, Measured, Watch
from truceline.findings.judge import Judged, judge
from truceline.findings.reasons import reason_text
from truceline.findings.results import Evidence, Finding, Reason
from truceline.findings.summary import would_change
from truceline.findings.words import period_of
from truceline.schema.claims import TOGETHER
from truceline.terms.truce import Obligation, Truce


def assemble_findings(ground: Ground) -> tuple[Finding, ...]:
    """Findings in the order of the terms: obligation, area, party, period."""
    asked = list(_questions(ground))
    if ground.foresee is not None:
        ground.foresee([question for _obligation, _clock, question in asked])
    return tuple(_finding(ground, *one) for one in asked)


def _questions(ground: Ground) -> Iterator[tuple[Obligation, str, Question]]:
    """Each question that the terms put: its obligation, the id of its clock, and the question."""
    truce = ground.truce
    for obligation in truce.obligations:
        for clock_id in obligation.clocks:
            for scope in obligation.scopes:
                parties = [
                    party for party in obligation.binds if scope.parties is None or party in scope.parties
                ]
                if scope.together:
                    parties.append(TOGETHER)
                periods = _periods(truce, clock_id, scope.periods)
                for area, party, period in product(scope.areas, parties, periods):
                    yield (
                        obligation,
                        clock_id,
                        Question(
                            act=obligation.act,
                            party_id=party,
                            area_id=area,
                            theatre_id=ground.theatre_id,
                            period=period,
                            window=truce.window(clock_id),
                            zone=_zone(truce, clock_id),
                            zones=tuple(clock.zone for clock in truce.clocks),
                            part_ids=frozenset(ground.parts.get(area, (area,))),
                            n_compared=1 if area == ground.theatre_id else len(scope.areas),
                        ),
                    )


def _periods(truce: Truce, clock_id: str, wanted: str) -> list[Interval]:
    window = truce.window(clock_id)
    cut = window.split_months if wanted.endswith("months") else window.split_days
    pieces = cut(_zone(truce, clock_id))
    if wanted == "window" or len(pieces) == 1:
        return [window]
    return [window, *pieces] if wanted.startswith("window") else pieces


def _zone(truce: Truce, clock_id: str) -> str:
    return next(clock.zone for clock in truce.clocks if clock.id == clock_id)


def _finding(ground: Ground, obligation: Obligation, clock_id: str, question: Question) -> Finding:
    """(1) gather the evidence; (2) bound what went unseen; (3) judge; (4) say why; (5) write it down."""
    measured = ground.measure(question)
    evidence = _gather(ground, obligation, question, measured)  # (1)
    incidents = incidents_in(ground.incidents, question)
    together = question.party_id == TOGETHER
    attributed = incidents.of_parties([question.party_id])
    unattributed = incidents if together else incidents.of_parties([None])
    bound = ground.bound_of(  # (2)
        question,
        # a mechanism of which no single observation is at hand detected nothing that could be counted
        len(attributed) + len(unattributed)
        if ground.monitors and len(ground.incidents)
        else _detections(evidence),
    )
    watch = ground.watch_of(question)
    speaking = _speaking(evidence, measured, watch)
    judged = judge(  # (3)
        speaking,
        attributed=attributed.one_of_each(),
        unattributed=unattributed.one_of_each(),
        bound=bound,
        expected=next((item.effect.expected for item in measured if item.effect.expected is not None), None),
        watched_share=watch.share if watch else None,
    )
    reasons = explain(  # (4)
        ground,
        obligation,
        question,
        evidence=evidence,
        unattributed=unattributed,
        bound=bound,
        watch=watch,
        judged=judged,
    )
    ratio = _ratio(speaking)
    lead = lead_of(speaking) or lead_of(evidence)
    period, version = question.period, ground.truce.terms_version
    return Finding(  # (5)
        finding_id=short_id("fnd", obligation.id, question.party_id, question.area_id, format_time(period.start), format_time(period.stop), clock_id, version),
        obligation_id=obligation.id,
        party_id=question.party_id,
        area_id=question.area_id,
        period=period,
        period_label=period_of(period, question.zone),
        clock_id=clock_id,
        terms_version=version,
        occurrence=judged.occurrence,
        responsibility="not_applicable" if together else judged.responsibility,
        judgement=judged.judgement,
        headline=_headline(judged, lead, watch, reasons),
        phrase=_phrase(judged, lead),
        effect_ratio=ratio.ratio if ratio else None,
        effect_ratio_lo95=ratio.ratio_lo95 if ratio else None,
        effect_ratio_hi95=ratio.ratio_hi95 if ratio else None,
        e_value=ratio.e_value if ratio else None,
        bound=bound,
        lead=lead,
        evidence=tuple(evidence),
        reasons=reasons,
        would_change=would_change(reasons),
    )  # fmt: skip


def _gather(
    ground: Ground, obligation: Obligation, question: Question, measured: Sequence[Measured]
) -> list[Evidence]:
    """Incidents, series, claims and, for an act that moves the line, maps."""
    maps = evidence_of_maps(ground.lines, question) if obligation.act in ground.advance_acts else []
    return [
        *evidence_of_incidents(ground.incidents, question),
        *(evidence_of_series(item.series, item.effect, source_title=item.source_title, speaker_party_id=item.speaker_party_id, n_compared=question.n_compared) for item in measured),
        *evidence_of_claims(list(ground.claims), question),
        *maps,
    ]  # fmt: skip


def _speaking(
    evidence: Sequence[Evidence], measured: Sequence[Measured], watch: Watch | None
) -> list[Evidence]:
    """What may carry a judgement: no missing rows, no source that saw less than half."""
    speaking = [item for item in evidence if item.reason.code != "missing_row_not_zero"]
    if watch is None or watch.share >= LEAST_COVERAGE:
        return speaking
    blind = {item.series.spec.id for item in measured}
    return [item for item in speaking if item.reason.series_id not in blind]


def _detections(evidence: Sequence[Evidence]) -> int | None:
    """Acts counted by a regular series, for the what-if table of a case without monitors."""
    counts = [item.value for item in evidence if item.e_value is not None and item.value is not None]
    return int(counts[0]) if counts else None


def _ratio(evidence: Sequence[Evidence]) -> Evidence | None:
    """The evidence whose ratio the finding carries: a series, else a count by another than the party.

    A party's report on itself never gives the ratio, nor does a figure compared with a day that
    lies partly inside the truce.
    """
    for item in evidence:
        if item.e_value is not None and item.ratio is not None:
            return item
    for item in evidence:
        if (
            item.kind in ("opponent_count", "third_party_count")
            and item.reason.claim_ids
            and item.ratio is not None
            and item.change != "not_shown"
            and item.caveat != "baseline_overlaps_window"
        ):
            return item
    return None


def lead_of(evidence: Sequence[Evidence]) -> Evidence | None:
    """The evidence to name first: the one that leans least on the word of one side."""
    ranks: list[Callable[[Evidence], bool]] = [
        lambda item: item.kind == "sensor" and item.change in ("fell", "rose"),
        lambda item: item.reason.code == "incident_attributed",
        lambda item: item.e_value is not None,
        lambda item: item.kind == "opponent_count" and item.ratio is not None,
        lambda item: item.kind == "opponent_concession" and item.change in ("fell", "ceased"),
        lambda item: item.kind == "own_report" and bool(item.value),
        lambda item: item.kind == "opponent_count" and item.value is not None,
    ]
    for fits in ranks:
        found = [item for item in evidence if fits(item)]
        if found:
            # a figure with a clean day before it goes first, then the larger one
            return max(found, key=lambda item: (item.caveat != "baseline_overlaps_window", item.value or 0.0))
    return evidence[0] if evidence else None


def _phrase(judged: Judged, lead: Evidence | None) -> str:
    """How far the acts fell, where a fall is shown."""
    if judged.judgement != "partial" or lead is None:
        return ""
    if lead.ratio is not None and lead.ratio <= 0.2 and (lead.ratio_hi95 or lead.ratio) <= 0.5:
        return _("Nearly stopped")
    if lead.kind == "opponent_concession" and lead.change == "ceased":
        return _("Conceded to have ceased")
    return _("Reduced, not ceased") if judged.acts_shown else _("Reduced")


def _headline(judged: Judged, lead: Evidence | None, watch: Watch | None, reasons: Sequence[Reason]) -> str:
    if judged.judgement == "no_coverage":
        return watch.text if watch else reason_text("coverage_lost")
    if lead is None:
        why = {reason.code: reason.text for reason in reasons}
        # incidents that nobody can be named for are not nothing
        for code in (
            "context_only",
            "period_not_matched",
            "area_not_matched",
            "not_attributable",
            "nothing_recorded",
        ):
            if code in why:
                return why[code]
        return reason_text("no_evidence")
    phrase = _phrase(judged, lead)
    return f"{phrase}. {lead.reason.text}" if phrase else lead.reason.text
