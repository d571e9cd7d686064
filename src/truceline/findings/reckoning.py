"""How many happened, seen or not, and what each source is worth for knowing it: in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from truceline.assurance.series import Bound, Campaign, LightBound
from truceline.assurance.totals import Total
from truceline.assurance.worth import Worth
from truceline.base.language import N_, _, digits
from truceline.findings.reasons import reason_text
from truceline.findings.words import figure, from_to, listed, period_of

#: from this share on it is told how much of a total nobody could have seen
_MUCH_BLIND = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What was not reckoned, since there are more incidents than it is reckoned for."""

    what: Literal["totals", "worth_of_totals"]
    n_incidents: int
    most: int


#: by reason of a total without a number
_NO_TOTAL = {
    "no_bound": N_(
        "How many happened cannot be told, since no source has a known chance of detecting them: {acts}."
    ),
    "blind_spot": N_(
        "Somewhere or at some time, how many happened cannot be told, since nobody could have seen them: {acts}."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoning:
    """Totals by act and area over the truce; what each source is worth. Empty: nothing was reckoned.

    left_out : of both, what would have taken too long.
    """

    totals: tuple[Total, ...] = ()
    worth: tuple[Worth, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def describe_totals(
    reckoning: Reckoning, *, act_names: Mapping[str, str], area_names: Mapping[str, str], zone: str
) -> list[str]:
    """A sentence for each total; acts of which no number can be had are told together."""
    said = []
    for one in reckoning.totals:
        if one.estimate is None or one.lo95 is None or one.hi95 is None:
            continue
        # where none was detected a middle number would pass for acts that nobody saw
        text = (
            _(
                "{act}, {area}, {period}: about {number} happened (95 %: {interval}), {detected} of them detected."
            )
            if round(one.detected)
            else _("{act}, {area}, {period}: none detected; {interval} may have happened (95 %).")
        ).format(
            act=act_names[one.act],
            area=area_names[one.area_id],
            period=period_of(one.period, zone),
            number=_rough(one.estimate),
            interval=from_to(_rough(one.lo95), _rough(one.hi95)),
            detected=figure(round(one.detected)),
        )
        if (one.blind_share or 0) >= _MUCH_BLIND:
            text += " " + _(
                "{percent} % of these lie where nobody could have seen any, told from how acts spread elsewhere."
            ).format(percent=f"{(one.blind_share or 0) * 100:.0f}")
        if "ground_unwatched" in one.reason_codes:
            text += " " + reason_text("ground_unwatched")
        said.append(text)
    for code, sentence in _NO_TOTAL.items():
        silent = [
            act_names[one.act]
            for one in reckoning.totals
            if one.estimate is None and code in one.reason_codes
        ]
        if silent and said:
            said.append(_(sentence).format(acts=listed(list(dict.fromkeys(silent)))))
    said += [
        _(
            "How many happened was not reckoned: there are {n} incidents, and it is reckoned for {most} at most."
        ).format(n=figure(one.n_incidents), most=figure(one.most))
        for one in reckoning.left_out
        if one.what == "totals"
    ]
    return said


def describe_worth(
    reckoning: Reckoning, *, act_names: Mapping[str, str], source_titles: Mapping[str, str]
) -> list[str]:
    """A sentence for each source and act that it tells something of; those that weigh most first."""
    told = [one for one in reckoning.worth if _grows(one) is not None]
    told.sort(key=lambda one: -(_grows(one) or 0.0))
    said = []
    for one in told:
        parts = []
        if one.bound_hi95 is not None and one.bound_without_hi95 != one.bound_hi95:
            to = _("none") if one.bound_without_hi95 is None else _rough(one.bound_without_hi95)
            parts.append(_("limit {before} → {after}").format(before=_rough(one.bound_hi95), after=to))
        if one.width is not None and one.width_without is not None and one.width > 0:
            parts.append(
                _("interval of the total × {factor}").format(
                    factor=digits(f"{one.width_without / one.width:.2g}")
                )
            )
        elif one.width is not None:
            parts.append(_("no total"))
        said.append(
            _("Without {source}, {act}: {changes}.").format(
                source=source_titles.get(one.source_id, one.source_id),
                act=act_names[one.act],
                changes="; ".join(parts),
            )
        )
    said += [
        _(
            "By how much totals would be vaguer without a source was not reckoned: there are {n} incidents, and it is reckoned for {most} at most."
        ).format(n=figure(one.n_incidents), most=figure(one.most))
        for one in reckoning.left_out
        if one.what == "worth_of_totals"
    ]
    return said


def bound_more(bound: Bound) -> list[str]:
    """What else a bound tells: by day and night, and the smallest campaign that would have been seen."""
    said = []
    if bound.day is not None and bound.night is not None:
        said.append(
            _("By day (6 to 18 h): {day}. By night: {night}.").format(
                day=_light(bound.day), night=_light(bound.night)
            )
        )
    if bound.campaign is not None and bound.campaign.history is not None:
        said.append(_campaign(bound.campaign))
    return said


def _light(one: LightBound) -> str:
    if one.history_hi95 is None or one.worst_hi95 is None:
        return _("no bound")
    return _("at most {history}, {worst} in the worst watched part").format(
        history=_rough(one.history_hi95), worst=_rough(one.worst_hi95)
    )


def _campaign(one: Campaign) -> str:
    percent = f"{one.seen_p * 100:.0f}"
    history, worst, evader = (None if n is None else _rough(n) for n in (one.history, one.worst, one.evader))
    if evader is not None:
        return _(
            "Seen with {percent} %: one of {history} acts spread as before, of {worst} in the worst watched part, of {evader} by a violator who knows the coverage."
        ).format(percent=percent, history=history, worst=worst, evader=evader)
    if worst is not None:
        return _(
            "Seen with {percent} %: one of {history} acts spread as before, of {worst} in the worst watched part; no number by a violator who knows the coverage."
        ).format(percent=percent, history=history, worst=worst)
    return _("Seen with {percent} %: one of {history} acts spread as before.").format(
        percent=percent, history=history
    )


def _grows(one: Worth) -> float | None:
    """How much less is known without it; None: no less."""
    if one.bound_hi95 is None and one.width is None:
        return None
    ratios = [
        after / before if after is not None else float("inf")
        for before, after in ((one.bound_hi95, one.bound_without_hi95), (one.width, one.width_without))
        if before
    ]
    most = max(ratios, default=1.0)
    return most if most >= 1.02 else None


def _rough(value: float) -> str:
    """Three figures at most."""
    return figure(float(f"{value:.3g}")) if value >= 1000 else figure(round(value))
