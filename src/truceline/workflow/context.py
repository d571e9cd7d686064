"""Sentences of a report that judge nothing, and what a reader must know of how it came about."""

from __future__ import annotations

from collections.abc import Sequence

from truceline.base.language import _, digits, told
from truceline.findings.evidence import describe_effect
from truceline.findings.reasons import reason_text
from truceline.findings.results import SeriesResult
from truceline.line.history import Disagreement, LineHistory
from truceline.line.report import LineReport
from truceline.line.uncertainty import old_map
from truceline.workflow.case import Case


def tell_trained(case: Case) -> tuple[str, ...]:
    """What a reader must know of where existence is a trained model's."""
    return (reason_text("trained_existence"),) if case.file.existence == "trained" else ()


def tell_fire(case: Case) -> tuple[str, ...]:
    """What a reader must know of where the case sets what attribution assumes of fire."""
    fire = case.file.fire
    named = sorted(fire.model_fields_set - {"basis"})
    if not named:
        return ()
    return (
        _("Who fired is weighed by what the case sets of fire across the line ({what}), by {basis}.").format(
            what=", ".join(named), basis=told(fire.basis)
        ),
    )


def tell_maps(case: Case, lines: Sequence[LineHistory], report: LineReport | None) -> tuple[str, ...]:
    """What a reader must know of maps that are old, or that show more than two holders."""
    spreads = {} if report is None else {each.source_id: each.spread for each in report.maps}
    said = []
    for line in lines:
        old = old_map(line, at=case.truce.span.start, spread=spreads.get(line.source_id))
        if old is not None:
            said.append(
                _(
                    "{map} was last redrawn {days} days before the window began. Nobody knows how the line moved since: its place is taken as uncertain by {km} km."
                ).format(map=old.title, days=digits(f"{old.age_days:,.0f}"), km=digits(f"{old.sd_km:,.1f}"))
            )
        if line.others:
            holder = line.snapshots[0].holder_party_id
            party = case.truce.party_name(holder) if holder in case.truce.party_ids else holder
            said.append(
                _(
                    "{map} shows the ground of {n} holders. Incidents are laid to each by its own ground; lengths, sectors and ground that changed hands are told around that of {party} alone."
                ).format(map=line.title, n=len(line.others) + 1, party=party)
            )
    return tuple(said)


def tell_context(
    series: tuple[SeriesResult, ...], lines: tuple[LineHistory, ...], disagreements: tuple[Disagreement, ...]
) -> tuple[str, ...]:
    """What judges nothing: sensors without power, maps that were not updated, how far maps differ."""
    sentences = [
        describe_effect(item.series, item.effect)
        for item in series
        if item.effect is not None and item.series.spec.kind == "sensor" and not item.effect.informative
    ]
    for line in lines:
        if line.updates_in_window == 0 and line.stale_h is not None:
            sentences.append(
                _(
                    "{map}: not updated in the window ({hours} h without a change at its end), which is missing data and not a line that held."
                ).format(map=line.title, hours=f"{line.stale_h:.0f}")
            )
    titles = {line.source_id: line.title for line in lines}
    for one in disagreements:
        sentences.append(
            _(
                "{first} and {second}: half of the line drawn within {median} km of each other, 95 % within {p95} km, where both draw it."
            ).format(
                first=titles[one.source_id],
                second=titles[one.other_source_id],
                median=digits(f"{one.median_offset_m / 1000:.1f}"),
                p95=digits(f"{one.p95_offset_m / 1000:.1f}"),
            )
        )
    return tuple(sentences)
