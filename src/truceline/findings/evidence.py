"""Evidence from series, maps and incidents: each in the same record as the claims'."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np

from truceline.assurance.series import Effect, Series
from truceline.base.language import _, digits
from truceline.base.words import probability_word, ratio_word
from truceline.findings.claims import Change, Question
from truceline.findings.incident_set import IncidentSet
from truceline.findings.results import Evidence, Reason, RowRef
from truceline.findings.words import counted, day_of, e_of, figure, from_to, listed, moment_of
from truceline.line.history import LineHistory, Snapshot

#: an e-value of 20 or more is reported as a change (a false alarm in at most one case of twenty)
REPORTED_E = 20.0
#: a source that saw less than half of an area and period cannot be the basis of a judgement on it
LEAST_COVERAGE = 0.5


def evidence_of_series(
    series: Series, effect: Effect, *, source_title: str, speaker_party_id: str | None, n_compared: int = 1
) -> Evidence:
    """What a regular series says of the period it was measured over.

    Where ``n_compared`` areas are asked about side by side, a change is reported for one of them
    only at that many times the e-value: an average of e-values is one, so their sum bounds the
    chance of any false alarm.
    """
    spec = series.spec
    reported = effect.e_value is not None and effect.e_value >= REPORTED_E * n_compared
    fell = reported and (effect.ratio or 0) < 1
    rose = reported and (effect.ratio or 0) > 1
    change: Change = "fell" if fell else "rose" if rose else "not_shown" if effect.n_window else "not_said"
    if effect.observed is None:
        code = "missing_row_not_zero"
    elif fell or rose:
        code = "series_fell" if fell else "series_rose"
    else:
        code = "series_no_change_shown" if effect.informative else "series_uninformative"
    usual = usual_total(series)
    baseline = usual[0] if usual is not None else effect.expected
    return Evidence(
        kind=spec.kind,
        speaker=source_title,
        speaker_party_id=speaker_party_id,
        change=change,
        # a warning is not an act, and a count of nobody's acts says nothing of a party's
        residual=None if spec.warning_only or effect.observed is None else effect.observed > 0,
        value=effect.observed,
        relation="=",
        unit=spec.unit,
        baseline_value=baseline,
        baseline_note=_expected_words(series, effect),
        ratio=effect.ratio,
        ratio_lo95=effect.ratio_lo95,
        ratio_hi95=effect.ratio_hi95,
        e_value=effect.e_value,
        reason=Reason(
            code=code,
            text=describe_effect(series, effect, say_power=not reported) + _many_words(effect, n_compared),
            source_ids=(spec.source,),
            rows=_rows_in_window(series),
            series_id=spec.id,
        ),
        brief=_brief(series, effect, usual),
        caveat=spec.caveat,
        extent=_("in {n} whole months of it").format(n=effect.n_window)
        if spec.bin_months and effect.n_window > 1
        else "",
    )


def _expected_words(series: Series, effect: Effect) -> str:
    """What the series' past leads to expect, and what of its past: a trend only where one is assumed."""
    if effect.expected is None:
        return ""
    number = figure(_rounded(effect.expected))
    if effect.e_value is None:
        return _("{number} expected from its mean before").format(number=number)
    if series.spec.model.trend:
        return _("{number} expected with rhythm and trend").format(number=number)
    return _("{number} expected from its level before").format(number=number)


def usual_total(series: Series) -> tuple[float, int] | None:
    """Median total of windows of the same shape in the baseline, and their number.

    Of the same shape: as many bins, beginning at the same time of the day. Windows with a missing
    bin, or in which the source saw clearly less, are left out; None where fewer than five are
    left. No model: what a reader would count by hand.
    """
    inside = np.flatnonzero(series.in_window)
    if not len(inside):
        return None
    zone = ZoneInfo(series.spec.zone)
    start = series.bins[inside[0]].start.astimezone(zone).time()
    runs = np.lib.stride_tricks.sliding_window_view(np.arange(len(series.bins)), len(inside))
    fits = series.in_baseline[runs].all(axis=1) & ~np.isnan(series.count[runs]).any(axis=1)
    fits &= series.exposure[runs].mean(axis=1) >= 0.9 * series.exposure[inside].mean()
    totals = [
        float(series.count[runs[first]].sum())
        for first in np.flatnonzero(fits).tolist()
        if series.bins[first].start.astimezone(zone).time() == start
    ]
    return (float(np.median(totals)), len(totals)) if len(totals) >= 5 else None


def _many_words(effect: Effect, n_compared: int) -> str:
    if (
        n_compared == 1
        or effect.e_value is None
        or not REPORTED_E <= effect.e_value < REPORTED_E * n_compared
    ):
        return ""
    return " " + _("Not reported as a change: with {n} areas asked at once, E must reach {least}.").format(
        n=n_compared, least=f"{REPORTED_E * n_compared:.0f}"
    )


def _brief(series: Series, effect: Effect, usual: tuple[float, int] | None) -> str:
    if effect.observed is None:
        return _("no record of the period, which is not a zero")
    text = counted(effect.observed, series.spec.unit)
    if usual is not None:
        text += ", " + _("usually {number}").format(number=figure(usual[0]))
    elif effect.expected is not None:
        text += ", " + _("{number} expected").format(number=figure(_rounded(effect.expected)))
    if effect.e_value is not None:
        text += f" ({e_of(effect.e_value)})"
    return text


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


def _rows_in_window(series: Series, *, most: int = 200) -> tuple[RowRef, ...]:
    rows = [
        RowRef(file=file, row=row)
        for refs, inside in zip(series.row_refs, series.in_window, strict=True)
        if inside
        for file, row in refs
    ]
    return tuple(sorted(set(rows))[:most])


def describe_effect(series: Series, effect: Effect, *, say_power: bool = True) -> str:
    """Counted, usual, expected, ratio with interval, e-value; or why there is none."""
    spec = series.spec
    if effect.observed is None:
        return _(
            "{series}: no record for the period. That is not a zero: there may have been none, or none was reported."
        ).format(series=spec.title)
    text = f"{spec.title}: {counted(effect.observed, spec.unit)}"
    usual = usual_total(series)
    if usual is not None:
        text += ", " + _("usually {number} (median of {n} such periods before)").format(
            number=figure(usual[0]), n=usual[1]
        )
    if effect.expected is not None and effect.ratio is not None:
        text += "; " + _("{number} expected").format(number=figure(_rounded(effect.expected)))
        if effect.expected_lo95 is not None and effect.expected_hi95 is not None:
            text += _(", {band} in 95 % of such periods without a change").format(
                band=from_to(figure(round(effect.expected_lo95)), figure(round(effect.expected_hi95)))
            )
        text += "; " + _("ratio {ratio}").format(ratio=_two_digits(effect.ratio))
    if effect.ratio_lo95 is not None and effect.ratio_hi95 is not None:
        text += _(", 95 % interval {interval}").format(
            interval=from_to(_two_digits(effect.ratio_lo95), _two_digits(effect.ratio_hi95))
        )
    if effect.e_value is not None:
        text += f"; {e_of(effect.e_value)}"
    if effect.n_window_missing:
        text += "; " + _("{missing} of {n} intervals without a record").format(
            missing=effect.n_window_missing, n=effect.n_window + effect.n_window_missing
        )
    if say_power and effect.power and not effect.informative:
        text += ". " + _power_words(effect)
    return text + "."


def _two_digits(value: float) -> str:
    return digits(f"{value:.2g}")


def _power_words(effect: Effect) -> str:
    power = effect.power.get(0.5, 0.0)
    if power < 0.01:
        said = _(
            "Uninformative: had the rate halved, this test would have said so with a probability below {power}"
        )
        return said.format(power=digits("0.01"))
    said = _("Uninformative: had the rate halved, this test would have said so with a probability of {power}")
    return said.format(power=digits(f"{power:.2f}"))


def evidence_of_maps(lines: Sequence[LineHistory], question: Question) -> list[Evidence]:
    """What maps say of ground gained by a party: shown between files, never dated inside a window.

    Gains of the holder are an advance of the holder, losses one of the other party.
    """
    evidence = []
    for history in lines:
        changes = _changes(history, question)
        if not changes:
            continue
        total = sum(km2 for _, _, km2 in changes)
        first, last = day_of(changes[0][1], question.zone), day_of(changes[-1][0].map_time, question.zone)
        steps = [
            _between(km2, day_of(before, question.zone), day_of(snapshot.map_time, question.zone))
            for snapshot, before, km2 in changes
        ]
        said = listed(steps) if len(steps) <= 3 else _between(total, first, last)
        stale = history.updates_in_window == 0
        text = _(
            "{map}: ground gained by this party: {steps}. A file shows the day before or earlier, so none of it can be dated inside the period."
        ).format(map=history.title, steps=said)
        if stale:
            text = _(
                "{map}: not updated in the period (last change {since}): missing data, not a line that held."
            ).format(map=history.title, since=_since(history, question))
        evidence.append(
            Evidence(
                brief=_("not updated in the period") if stale else _("{number} km² between its files, not datable").format(number=figure(round(total, 1))),
                kind="third_party_count",
                speaker=history.title,
                speaker_party_id=None,
                change="not_said",
                residual=None,
                value=None if stale else round(total, 1),
                relation="≈",
                unit="km²",
                baseline_value=None,
                baseline_note="",
                ratio=None,
                reason=Reason(
                    code="map_stale" if stale else "map_not_datable",
                    text=text,
                    source_ids=(history.source_id,),
                    rows=tuple(dict.fromkeys(RowRef(file=snapshot.raw_file, row=snapshot.raw_row) for snapshot, _, _ in changes)),
                ),
            )
        )  # fmt: skip
    return evidence


def _between(km2: float, first: str, last: str) -> str:
    return _("{number} km² between the files of {first} and {last}").format(
        number=figure(round(km2, 1)), first=first, last=last
    )


def _since(history: LineHistory, question: Question) -> str:
    return _("not known") if history.stale_from is None else moment_of(history.stale_from, question.zone)


def _changes(history: LineHistory, question: Question) -> list[tuple[Snapshot, datetime, float]]:
    """Snapshots that may describe the period: from its start to a day after its stop."""
    last = question.period.stop + timedelta(days=1)
    changes = []
    for previous, snapshot in pairwise(history.snapshots):
        if not question.period.start < snapshot.map_time <= last:
            continue
        gained = snapshot.gained_km2 if snapshot.holder_party_id == question.party_id else snapshot.lost_km2
        changes.append((snapshot, previous.map_time, gained or 0.0))
    return changes


def incidents_in(incidents: IncidentSet, question: Question) -> IncidentSet:
    """Incidents of the act whose time interval lies in the period, and place in the area."""
    found = incidents.of_act(question.act).inside(question.period.start, question.period.stop)
    return found if question.area_id == question.theatre_id else found.in_areas(question.part_ids)


def _how_sure(own: IncidentSet) -> str:
    """Words for the probability of the party and for the likelihood ratio, apart; of the least sure."""
    p, ratio = own.least_sure()
    if not (np.isfinite(p) and ratio >= 1):
        return ""
    return " " + _(
        "The least sure of them: by this party, {probability} (probability {p}); support by what was found, apart from any prior: {support} (likelihood ratio {ratio} or more)."
    ).format(
        probability=_(probability_word(p)),
        p=digits(f"{np.floor(p * 1000) / 1000:.3f}"),
        support=_(ratio_word(ratio)),
        ratio=figure(float(f"{min(ratio, 1e6):.1e}")),
    )


def evidence_of_incidents(incidents: IncidentSet, question: Question) -> list[Evidence]:
    """Incidents attributed to the party: the only observations that speak against one party alone."""
    own = incidents_in(incidents, question).of_parties([question.party_id])
    if not own:
        return []
    verified = own.count("verified")
    return [
        Evidence(
            kind="sensor",
            speaker=_("incidents fused from observations"),
            speaker_party_id=None,
            change="not_said",
            residual=True,
            value=float(len(own)),
            relation="≥",
            unit="attributed incident",
            baseline_value=None,
            baseline_note="",
            ratio=None,
            reason=Reason(
                code="incident_attributed",
                text=_("{incidents} attributed to this party, {verified} of them verified.").format(
                    incidents=counted(float(len(own)), "incident"), verified=verified
                )
                + _how_sure(own),
                source_ids=own.source_ids(),
                rows=own.rows(),
                incident_ids=own.ids(),
            ),
            brief=_("{incidents} attributed, {verified} verified").format(
                incidents=counted(float(len(own)), "incident"), verified=verified
            ),
        )
    ]
