"""How figures, dates and judgements are put into words; one way everywhere, no side taken."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from truceline.base.intervals import Interval
from truceline.base.language import (
    N_n,
    _,
    day_words,
    digits,
    form_of,
    language,
    ngettext,
    told,
    told_forms,
    voice,
)

if TYPE_CHECKING:
    from truceline.origins.copies import Copies

SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


#: nouns that the program itself counts, and such as many cases count
UNITS: dict[str, tuple[str, str]] = {
    pair[0]: pair
    for pair in (
        N_n("act", "acts"),
        N_n("alert", "alerts"),
        N_n("attack", "attacks"),
        N_n("attributed incident", "attributed incidents"),
        N_n("death", "deaths"),
        N_n("drone", "drones"),
        N_n("event", "events"),
        N_n("explosion", "explosions"),
        N_n("fire", "fires"),
        N_n("incident", "incidents"),
        N_n("launch", "launches"),
        N_n("missile", "missiles"),
        N_n("number", "numbers"),
        N_n("piece", "pieces"),
        N_n("record", "records"),
        N_n("report", "reports"),
        N_n("shelling", "shellings"),
        N_n("shot", "shots"),
        N_n("sighting", "sightings"),
        N_n("strike", "strikes"),
        N_n("violation", "violations"),
    )
}


def figure(value: float) -> str:
    """A number for people: thousands parted, no more digits than it carries."""
    if float(value).is_integer():
        return digits(f"{int(value):,}")
    if abs(value) >= 100:
        return digits(f"{value:,.0f}")
    if abs(value) >= 10:
        return digits(f"{value:,.1f}")
    return digits(f"{value:.2g}")


def claimed_figure(value: float, relation: str | None) -> str:
    """A claimed number with its relation: “at least 30”, “about 500”."""
    if relation == "≥":
        return _("at least {number}").format(number=figure(value))
    if relation == "≈":
        return _("about {number}").format(number=figure(value))
    return figure(value)


def e_of(e_value: float) -> str:
    """An e-value in a sentence: E = 2.8 × 10⁴, E > 10⁶."""
    said = times_of(e_value)
    return f"E {said}" if said[0] in "<>" else f"E = {said}"


def change_of(ratio: float) -> str:
    """A ratio as a change: −70 %, +12 %, no change."""
    percent = round((ratio - 1) * 100)
    if percent == 0:
        return _("no change")
    return f"{'−' if percent < 0 else '+'}{abs(percent)} %"


#: beyond this an e-value is told as more than that: what it would add rests on the far tails of a
#: model that was never tested there
MOST_E = 1e6


def times_of(e_value: float) -> str:
    """An e-value for people: two digits below a thousand, then powers of ten, at last “> 10⁶”."""
    if e_value > MOST_E:
        return "> 10⁶"
    if e_value < 0.001:
        return digits("< 0.001")
    if e_value < 1000:
        return digits(f"{float(f'{e_value:.2g}'):g}")
    mantissa, exponent = f"{e_value:.1e}".split("e")
    return f"{digits(mantissa)} × 10{str(int(exponent)).translate(SUPERSCRIPTS)}"


def day_of(moment: datetime, zone: str) -> str:
    """A date such as 20 April; with its year where the truce spans several."""
    return day_words(moment.astimezone(ZoneInfo(zone)), year=voice().years)


def moment_of(moment: datetime, zone: str) -> str:
    """A local time such as 19 April 18:00."""
    return f"{day_of(moment, zone)} {moment.astimezone(ZoneInfo(zone)):%H:%M}"


def period_of(period: Interval, zone: str) -> str:
    """A period: one day as its date, days as dates, else times of start and stop."""
    start, stop = (moment.astimezone(ZoneInfo(zone)) for moment in (period.start, period.stop))
    if (start.hour, start.minute, stop.hour, stop.minute) == (0, 0, 0, 0):
        last = stop - timedelta(days=1)
        if last.date() == start.date():
            return day_of(period.start, zone)
        return from_to(day_of(period.start, zone), day_words(last, year=voice().years))
    if start.date() == stop.date():
        return f"{day_of(period.start, zone)} {start:%H:%M}–{stop:%H:%M}"
    if (stop.hour, stop.minute) == (0, 0) and (stop - timedelta(days=1)).date() == start.date():
        return f"{day_of(period.start, zone)} {start:%H:%M}–24:00"
    return from_to(moment_of(period.start, zone), moment_of(period.stop, zone))


def whole_days(period: Interval, zone: str) -> bool:
    """Whether a period runs from midnight to midnight there."""
    ends = (moment.astimezone(ZoneInfo(zone)) for moment in (period.start, period.stop))
    return all((moment.hour, moment.minute) == (0, 0) for moment in ends)


def from_to(first: str, last: str) -> str:
    """From one time or number to another."""
    return _("{first} to {last}").format(first=first, last=last)


def counted(value: float, unit: str, relation: str | None = None) -> str:
    """A number with its unit, in the form that goes with it."""
    return f"{claimed_figure(value, relation)} {unit_for(value, unit)}"


def unit_for(value: float, unit: str) -> str:
    """A unit in the form that goes with a number."""
    forms = told_forms(unit)
    if forms is not None:
        return forms[form_of(value)]
    if language() != "en":
        if unit in UNITS:
            return ngettext(*UNITS[unit], value)
        return told(unit) if not unit.endswith("²") else _symbol(unit)
    return unit if value == 1 else plural(unit)


def units_of(unit: str) -> str:
    """A unit as what a number is of: “alerts”, where a language has a case for that in it."""
    return plural(unit) if language() == "en" else unit_for(5, unit)


def axis_unit(unit: str) -> str:
    """A unit as the name of an axis."""
    return unit if language() == "en" else unit_for(5, unit)


def _symbol(unit: str) -> str:
    return {"km²": _("km²")}.get(unit, unit)


def plural(unit: str) -> str:
    """English plural of a unit: clash → clashes, target struck → targets struck, km² → km²."""
    if unit.endswith("²") or not unit:
        return unit
    head, *rest = unit.split(" ")
    if rest and rest[0] in {"struck", "of", "used", "with"}:
        return " ".join([plural(head), *rest])
    if unit.endswith(("ch", "sh", "s", "x")):
        return unit + "es"
    if unit.endswith("y") and unit[-2:-1] not in "aeiou":
        return unit[:-1] + "ies"
    return unit + "s"


def copies_words(copies: Copies) -> str:
    """How many records of a source are copies: “1,204 records, 312 of them copied from 87 first tellings”."""
    return ngettext(
        "{records} records, {copies} of them copied from {tellings} first telling",
        "{records} records, {copies} of them copied from {tellings} first tellings",
        copies.first_tellings,
    ).format(
        records=figure(copies.records), copies=figure(copies.copies), tellings=figure(copies.first_tellings)
    )


def listed(words: list[str]) -> str:
    """Words in a row: a, b and c."""
    if len(words) <= 1:
        return "".join(words)
    return _("{words} and {last}").format(words=", ".join(words[:-1]), last=words[-1])
