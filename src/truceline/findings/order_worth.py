"""What an order is worth: fire where it was acknowledged against fire where nobody answered, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from truceline.assurance.contrast import LEAST_PARTS, Contrast, SideRatio
from truceline.base.intervals import Interval
from truceline.base.language import N_, _, digits, ngettext
from truceline.findings.words import figure, from_to

#: why there is no figure
CANNOT: dict[str, str] = {
    "too_few_parts": N_("fewer than {least} sectors with counts on one side"),
    "baseline_too_short": N_("the past is too short to compare with"),
    "missing_row_not_zero": N_("no counts in the window"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderWorth:
    """The effect of an order, by sectors; for the mission alone.

    ``acknowledged``: sectors where all groups had acknowledged before the window began; ``unacknowledged``:
    where none had by its end, whether it refused or was silent; ``between``: the others, which are left out.
    """

    series_id: str
    window: Interval
    acknowledged: tuple[str, ...]
    unacknowledged: tuple[str, ...]
    between: tuple[str, ...]
    contrast: Contrast
    put_aside: int = 0  #: lines of the registers that do not hold, and count for nothing


def describe_order_worth(worth: OrderWorth | None, *, area_names: Mapping[str, str]) -> list[str]:
    """Sentences; none where the case has no register of orders."""
    if worth is None:
        return []
    found = worth.contrast
    said = [_tell_sectors(worth)]
    if worth.put_aside:
        said.append(ngettext("{n} line of the registers does not hold and counts for nothing.", "{n} lines of the registers do not hold and count for nothing.", worth.put_aside).format(n=figure(worth.put_aside)))  # fmt: skip
    if found.reason_code:
        why = _(CANNOT.get(found.reason_code, found.reason_code)).format(least=LEAST_PARTS)
        said.append(_("What the order was worth: cannot tell ({why}).").format(why=why))
        return said + _tell_left_out(worth, area_names)
    said += [
        _side(_("where it was acknowledged"), found.first),
        _side(_("where nobody acknowledged it"), found.second),
        _verdict(found),
        _("Acknowledgement is not given at random: who answers may be who would have obeyed anyhow, or who was hardly fighting. This compares sectors; it does not prove that the order did it."),
    ]  # fmt: skip
    if found.before_ratio is not None:
        said.append(_before(found))
    return said + _tell_left_out(worth, area_names)


def _tell_sectors(worth: OrderWorth) -> str:
    text = _("The order to cease fire had been acknowledged by all groups in {acknowledged} sectors before the hour, and by none in {unacknowledged} to the end.").format(acknowledged=figure(len(worth.acknowledged)), unacknowledged=figure(len(worth.unacknowledged)))  # fmt: skip
    if not worth.between:
        return text
    return text + " " + ngettext("{n} sector, where some did or did late, is left out.", "{n} sectors, where some did or did late, are left out.", len(worth.between)).format(n=figure(len(worth.between)))  # fmt: skip


def _side(where: str, side: SideRatio) -> str:
    # the ends of what nothing bounds are not told
    interval = "" if side.ratio_lo95 is None else f" (95 %: {_span(side.ratio_lo95, side.ratio_hi95)})"
    return _("Fire {where}: {ratio} of what was usual{interval}; {observed} counted, about {expected} expected without a change.").format(where=where, ratio=_ratio(side.ratio), interval=interval, observed=figure(round(side.observed or 0)), expected=figure(round(side.expected or 0)))  # fmt: skip


def _verdict(found: Contrast) -> str:
    interval = _span(found.ratio_lo95, found.ratio_hi95)
    if not found.differs:
        return _("Between the two no difference can be shown: ratio of the ratios {ratio} (95 %: {interval}), which holds 1.").format(ratio=_ratio(found.ratio), interval=interval)  # fmt: skip
    if (found.ratio_hi95 or 2) < 1:
        return _("Where it was acknowledged, fire fell by more: ratio of the ratios {ratio} (95 %: {interval}).").format(ratio=_ratio(found.ratio), interval=interval)  # fmt: skip
    return _("Where it was acknowledged, fire fell by less: ratio of the ratios {ratio} (95 %: {interval}).").format(ratio=_ratio(found.ratio), interval=interval)  # fmt: skip


def _before(found: Contrast) -> str:
    interval = _span(found.before_lo95, found.before_hi95)
    if found.differed_before:
        return _("The two had already come apart before the order: the same comparison over the end of the past gives {ratio} (95 %: {interval}). Do not lean on the figure above.").format(ratio=_ratio(found.before_ratio), interval=interval)  # fmt: skip
    return _("Over the end of the past, before any order, the same comparison gives {ratio} (95 %: {interval}), as it should where the two were alike.").format(ratio=_ratio(found.before_ratio), interval=interval)  # fmt: skip


def _tell_left_out(worth: OrderWorth, area_names: Mapping[str, str]) -> list[str]:
    if not worth.between:
        return []
    names = ", ".join(area_names.get(name, name) for name in worth.between)
    return [ngettext("Sector left out: {names}.", "Sectors left out: {names}.", len(worth.between)).format(names=names)]  # fmt: skip


def _ratio(value: float | None) -> str:
    return "–" if value is None else digits(f"{value:.2f}" if value >= 0.1 else f"{value:.2g}")


def _span(low: float | None, high: float | None) -> str:
    if low is None:
        return _("no limits")
    if high is None:
        return _("from {low}, without an upper end").format(low=_ratio(low))
    return from_to(_ratio(low), _ratio(high))
