"""Tables → how many happened, seen or not, and what each source is worth for knowing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import pyarrow.compute as pc

from truceline.assurance.bounds import limit_unseen
from truceline.assurance.series import Bound
from truceline.assurance.totals import Total, estimate_totals
from truceline.assurance.worth import Worth, measure_worth
from truceline.findings.claims import Question
from truceline.findings.reckoning import LeftOut, Reckoning
from truceline.findings.results import Finding
from truceline.schema.claims import TOGETHER
from truceline.workflow.case import Case
from truceline.workflow.measure import Gauge

#: beyond so many incidents what a source is worth is told by the bounds alone, and totals take too long;
#: the report says so
MOST_FOR_WORTH, MOST_FOR_TOTALS = 40_000, 1_000_000


def reckon(case: Case, gauge: Gauge, findings: Sequence[Finding]) -> Reckoning:
    """Totals of the truce by act, for the whole line and each area that findings name and has a shape."""
    if not gauge.measured_sources():
        return Reckoning()
    acts = list(dict.fromkeys(item.act for item in case.truce.obligations))
    named = dict.fromkeys((case.file.theatre, *(finding.area_id for finding in findings)))
    n = len(gauge.incidents)
    areas = [area for area in named if area in gauge.shapes]
    limits: list[tuple[Literal["totals", "worth_of_totals"], int]] = [
        ("totals", MOST_FOR_TOTALS),
        ("worth_of_totals", MOST_FOR_WORTH),
    ]
    return Reckoning(
        totals=_totals(case, gauge, acts, areas if n <= MOST_FOR_TOTALS else [], without=None),
        worth=_worth(case, gauge, acts),
        left_out=tuple(
            LeftOut(what=what, n_incidents=n, most=most) for what, most in limits if n > most and areas
        ),
    )


def _totals(
    case: Case, gauge: Gauge, acts: Sequence[str], areas: Sequence[str], *, without: str | None
) -> tuple[Total, ...]:
    if not areas:
        return ()
    # areas that coverage names by their ids need their shapes too, though no total is asked of them
    found = estimate_totals(
        gauge.incidents.columns.table,
        observations=gauge.observations,
        coverage=gauge.coverage,
        frame=case.frame,
        areas={area: gauge.shapes[area] for area in areas},
        shapes=gauge.shapes,
        periods=[case.truce.span],
        acts=acts,
        seed=case.file.seed,
        without=without,
    )
    return found.totals


def _worth(case: Case, gauge: Gauge, acts: Sequence[str]) -> tuple[Worth, ...]:
    theatre = case.file.theatre
    few = len(gauge.incidents) <= MOST_FOR_WORTH and theatre in gauge.shapes

    def bound(act: str, without: str | None) -> Bound:
        clock = case.truce.clocks[0]
        asked = Question(
            act=act,
            party_id=TOGETHER,
            area_id=theatre,
            theatre_id=theatre,
            period=case.truce.span,
            window=case.truce.span,
            zone=clock.zone,
            part_ids=frozenset(case.with_parts(theatre)),
        )
        sensors = gauge.measured_sources(act) - {without}
        detections = gauge.detections_of(asked, sensors) if sensors else 0
        watch = gauge.watch_over(replace(asked), without=without)
        return limit_unseen(watch, act=act, area_id=theatre, period=asked.period, detections=detections)

    def total(without: str | None) -> tuple[Total, ...]:
        return _totals(case, gauge, acts, [theatre], without=without) if few else ()

    table = gauge.coverage
    known = pc.unique(table.filter(pc.is_valid(table["detection_p_a"]))["act"]).to_pylist()
    told = [act for act in acts if act in known or None in known]
    return measure_worth(sorted(gauge.measured_sources()), told, bound=bound, total=total)
