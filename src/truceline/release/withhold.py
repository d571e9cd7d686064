"""Results → the public edition of them: what would show where to look, or where nobody looks, stays back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from truceline.assurance.series import Bound
from truceline.base.language import N_, _, digits, ngettext
from truceline.findings.patterns import Patterns
from truceline.findings.reasons import reason_text
from truceline.findings.reckoning import Reckoning
from truceline.findings.results import Evidence, Finding, Reason, Results, SourceAccount
from truceline.release.coarsen import as_table
from truceline.release.register import Settled
from truceline.release.rule import ReleaseRule
from truceline.schema import COVERAGE, OBSERVATIONS
from truceline.schema.table import Table
from truceline.talks.accepted import SOURCE

#: reasons that tell of gaps, blind spots, or what a single source is worth
WITHHELD_REASONS = frozenset(
    {
        "coverage_lost",
        "coverage_reduced",
        "blind_spot",
        "ground_unwatched",
        "series_uninformative",
        "missing_row_not_zero",
        "source_absent",
        "map_stale",
        "no_existence_basis",
        "bound_from_declared_p",
        "no_bound",
    }
)
#: id and title under which all that the mission's own sources saw is told
MISSION_SOURCE = "mission"
MISSION_TITLE = N_("The mission’s own observation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """What the public edition is made with."""

    rule: ReleaseRule
    until: datetime  #: days before it are told
    own_sources: frozenset[str]  #: sources of the mission: never told one by one
    settled: Settled


def publish(results: Results, by: Withheld) -> Results:
    """The public edition.

    1. Incidents as the register has them: cells and days.
    2. No observations, no coverage, no gaps; no row, file, number or worth of a source of the mission.
    3. One bound for each act, for the whole line and the whole truce: the most cautious there is.
    4. Findings keep judgement, claims and open counts. One that rests on lost sight is undetermined.
    5. Maps end where the delay begins.
    6. Of what series fell when, those of open sources; of hot spots, what the told cells and days
       show (``workflow.editions`` looks among them); of answers, nothing.
    7. No totals, and not what a source is worth; nothing of orders.
    8. What was accepted of statements said before the delay begins, but for who accepted it and why;
       nothing of what its speaker asked not to be named with.
    """
    theatre, window = results.theatre_id, results.truce.span
    whole = {
        finding.finding_id
        for finding in results.findings
        if finding.area_id == theatre and finding.period == results.truce.window(finding.clock_id)
    }
    worst = _worst_bounds([one for one in results.findings if one.finding_id in whole])
    findings = tuple(
        _finding(one, by, bound=worst.get(one.bound.act), whole=True)
        if one.finding_id in whole
        else _finding(one, by, bound=None, whole=False)
        for one in results.findings
    )
    own = by.own_sources
    lines = tuple(
        replace(line, snapshots=tuple(shot for shot in line.snapshots if shot.map_time < by.until))
        for line in results.lines
        if line.source_id not in own
    )
    limits = [
        _("Public edition: incidents are told by day and by cells of {size} km, {delay} hours or more after the day.").format(size=f"{by.rule.cell_m / 1000:g}", delay=f"{by.rule.delay_h:g}"),
        _("What the mission’s own sources saw, where and how well, is not told; nor is what they could not see."),
    ]  # fmt: skip
    if by.settled.n_changed:
        n = abs(by.settled.n_changed)
        limits.append(
            ngettext(
                "Of days released before, {n} incident is now counted otherwise; released days are not told anew.",
                "Of days released before, {n} incidents are now counted otherwise; released days are not told anew.",
                n,
            ).format(n=n)
        )
    return replace(
        results,
        edition=_("Public: delayed and coarsened"),
        findings=findings,
        series=tuple(item for item in results.series if item.series.spec.source not in own),
        claims=_unsigned(_without(results.claims, own)),
        incidents=as_table([row for row in by.settled.told if row["occurred_from"] < window.stop]),
        observations=OBSERVATIONS.empty(),
        coverage=COVERAGE.empty(),
        coverage_notes=(),
        lines=tuple(line for line in lines if line.snapshots),
        patterns=Patterns(
            # hot spots are looked for anew among the incidents as they are told
            dated=tuple(one for one in results.patterns.dated if one.source_id and one.source_id not in own),
        ),
        # what a source is worth says where to look, and where nobody looks; totals rest on the mission's own
        reckoning=Reckoning(),
        accepted=results.accepted.public(by.until.date().isoformat()),
        order_worth=None,  # orders are the business of whoever issued them and of the mission
        sources=_sources(results.sources, own),
        quarantined=(),
        summary=(),
        context=(),
        limits=(*limits, *results.limits),
    )


def _worst_bounds(findings: Sequence[Finding]) -> dict[str, float]:
    """For each act, the greatest bound that holds where there was sight; none where a finding has none.

    The bound against one who knows the blind spots is not told: it would say how many there are.
    """
    worst: dict[str, float] = {}
    without: set[str] = set()
    for finding in findings:
        if finding.bound.history_hi95 is None or finding.bound.worst_hi95 is None:
            without.add(finding.bound.act)
            continue
        told = max(finding.bound.history_hi95, finding.bound.worst_hi95)
        worst[finding.bound.act] = max(worst.get(finding.bound.act, 0.0), round_up(told))
    return {act: value for act, value in worst.items() if act not in without}


def round_up(bound: float) -> float:
    """To two figures: finer, releases compared would tell how much sight was lost in between."""
    step = 10.0 ** max(math.floor(math.log10(max(bound, 1.0))) - 1, 0)
    return math.ceil(bound / step) * step


def _finding(finding: Finding, by: Withheld, *, bound: float | None, whole: bool) -> Finding:
    """A finding without what tells of single sources of the mission, of gaps and of places.

    How far the mission's own observation fell is told of the whole line alone: of an area, from one
    release to the next, it would say on which days something lay in it.
    """
    evidence = tuple(_evidence(item, by, whole=whole) for item in finding.evidence)
    open_ratios = {item.ratio for item in finding.evidence if not _is_own(item.reason, by)}
    if not whole and finding.effect_ratio not in open_ratios:
        finding = replace(
            finding, effect_ratio=None, effect_ratio_lo95=None, effect_ratio_hi95=None, e_value=None
        )
    reasons = tuple(_reason(one, by) for one in finding.reasons if one.code not in WITHHELD_REASONS)
    lead = None if finding.lead is None else _evidence(finding.lead, by, whole=whole)
    lost = finding.judgement == "no_coverage"
    told_lead = lead is not None and not lost
    return replace(
        finding,
        judgement="undetermined" if lost else finding.judgement,
        headline=_headline(finding, lead) if told_lead and lead is not None else _("What is known does not settle it."),
        bound=Bound(act=finding.bound.act, area_id=finding.bound.area_id, period=finding.bound.period, detections=None, history_hi95=bound, worst_hi95=bound, evader_hi95=None),
        lead=lead if told_lead else None,
        evidence=evidence,
        reasons=reasons,
        effect_ratio=_rounded(finding.effect_ratio),
        effect_ratio_lo95=_rounded(finding.effect_ratio_lo95),
        effect_ratio_hi95=_rounded(finding.effect_ratio_hi95),
        e_value=None if finding.e_value is None else _power(finding.e_value),
        would_change=(),
    )  # fmt: skip


def _headline(finding: Finding, lead: Evidence) -> str:
    return f"{finding.phrase}. {lead.reason.text}" if finding.phrase else lead.reason.text


def _is_own(reason: Reason, by: Withheld) -> bool:
    return bool(reason.source_ids) and by.own_sources.issuperset(reason.source_ids)


def _evidence(item: Evidence, by: Withheld, *, whole: bool) -> Evidence:
    """Evidence of the mission's own sources: which way it points and how far, and no count."""
    if _counts_incidents(item.reason):
        return replace(item, value=None, relation="=", brief="", reason=_reason(item.reason, by))
    if not _is_own(item.reason, by):
        return replace(item, reason=_reason(item.reason, by))
    said = {
        "ceased": N_("these acts ceased"),
        "fell": N_("these acts fell"),
        "rose": N_("these acts rose"),
        "unchanged": N_("no change"),
    }.get(item.change, N_("no change that can be shown"))
    if not whole:
        item = replace(item, ratio=None, ratio_lo95=None, ratio_hi95=None, e_value=None)
    ratio = _rounded(item.ratio)
    # that a sensor could hardly have seen a change is told of no sensor
    code = "series_no_change_shown" if item.reason.code in WITHHELD_REASONS else item.reason.code
    brief = _(said)
    if ratio and item.change in ("fell", "rose"):
        brief = _("{what}, to {ratio} of what was usual").format(what=brief, ratio=digits(f"{ratio:g}"))
    text = _("{who}: {what}.").format(who=_(MISSION_TITLE), what=brief)
    return replace(
        item,
        speaker=_(MISSION_TITLE),
        value=None,
        baseline_value=None,
        baseline_note="",
        ratio=ratio,
        ratio_lo95=_rounded(item.ratio_lo95),
        ratio_hi95=_rounded(item.ratio_hi95),
        e_value=None if item.e_value is None else _power(item.e_value),
        reason=Reason(code=code, text=text, source_ids=(MISSION_SOURCE,)),
        brief=brief,
        caveat="",
    )


def _counts_incidents(reason: Reason) -> bool:
    """Whether it counts incidents by the area that they truly lie in."""
    return bool(reason.incident_ids) and reason.code in ("incident_attributed", "not_attributable")


def _reason(reason: Reason, by: Withheld) -> Reason:
    """A reason without rows of the mission's own sources, and without incidents' own ids and number.

    Their number in an area, set beside the cells, would say on which side of the area's edge one lies;
    of two releases, it would say what was corrected where.
    """
    if _is_own(reason, by):
        return Reason(code=reason.code, text=reason_text(reason.code), source_ids=(MISSION_SOURCE,))
    if _counts_incidents(reason):
        reason = replace(reason, text=reason_text(reason.code))
    if reason.incident_ids or by.own_sources.intersection(reason.source_ids):
        named = (MISSION_SOURCE if name in by.own_sources else name for name in reason.source_ids)
        return replace(reason, source_ids=tuple(dict.fromkeys(named)), incident_ids=(), rows=())
    return reason


def _sources(sources: Sequence[SourceAccount], own: frozenset[str]) -> tuple[SourceAccount, ...]:
    """The open sources as they are; those of the mission as one, of which nothing is told."""
    told = tuple(
        replace(source, files=()) if source.source_id == SOURCE else source
        for source in sources
        if source.source_id not in own
    )
    if len(told) == len(sources):
        return told
    mission = SourceAccount(
        source_id=MISSION_SOURCE,
        title=_(MISSION_TITLE),
        publisher="",
        url=None,
        licence="–",
        citation="",
        grade="hard",
        adapter="withheld",
        adapter_version="1",
        role="",
        state="read",
        cost_of_absence="",
    )
    return (mission, *told)


def _without(table: Table, own: frozenset[str]) -> Table:
    return table.filter(pc.invert(pc.is_in(table["source_id"], value_set=pa.array(sorted(own), pa.string()))))


def _unsigned(claims: Table) -> Table:
    """Claims without the digest of the file that says who accepted some of them: a guess could be tested by it."""
    place = claims.schema.get_field_index("raw_digest")
    accepted = pc.equal(claims["source_id"], SOURCE)
    return claims.set_column(
        place, claims.schema.field(place), pc.if_else(accepted, "", claims["raw_digest"])
    )


def _rounded(value: float | None) -> float | None:
    """Two figures: more would let a reader reckon what single records add."""
    return None if value is None else float(f"{value:.2g}")


def _power(value: float) -> float:
    """The power of ten below it."""
    return 0.0 if value <= 0 else float(f"1e{int(f'{value:e}'.split('e')[1])}")


def own_manifest_lines(lines: Sequence[Mapping[str, object]], own: frozenset[str]) -> list[dict[str, object]]:
    """Lines of a manifest without those of the mission's own sources, and of who accepted which claims."""
    return [dict(line) for line in lines if line.get("source") not in own | {SOURCE}]
