"""How figures, dates and judgements are put into words; one way everywhere, no side taken."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from truceline.base.intervals import Interval

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def figure(value: float) -> str:
    """A number for people: thousands parted, no more digits than it carries."""
    if float(value).is_integer():
        return f"{int(value):,}"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:,.1f}"
    return f"{value:.2g}"


def claimed_figure(value: float, relation: str | None) -> str:
    """A claimed number with its relation: “at least 30”, “about 500”."""
    return {"≥": "at least ", "≈": "about "}.get(relation or "=", "") + figure(value)


def change_of(ratio: float) -> str:
    """A ratio as a change: −70 %, +12 %, no change."""
    percent = round((ratio - 1) * 100)
    if percent == 0:
        return "no change"
    return f"{'−' if percent < 0 else '+'}{abs(percent)} %"


def times_of(e_value: float) -> str:
    """An e-value for people: two digits below a thousand, then powers of ten."""
    if e_value < 0.001:
        return "< 0.001"
    if e_value < 1000:
        return f"{float(f'{e_value:.2g}'):g}"
    mantissa, exponent = f"{e_value:.1e}".split("e")
    return f"{mantissa} × 10{str(int(exponent)).translate(SUPERSCRIPTS)}"


def day_of(moment: datetime, zone: str) -> str:
    """A date such as 20 April."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local.day} {MONTHS[local.month - 1]}"


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
        return f"{day_of(period.start, zone)} to {last.day} {MONTHS[last.month - 1]}"
    if start.date() == stop.date():
        return f"{day_of(period.start, zone)} {start:%H:%M}–{stop:%H:%M}"
    if (stop.hour, stop.minute) == (0, 0) and (stop - timedelta(days=1)).date() == start.date():
        return f"{day_of(period.start, zone)} {start:%H:%M}–24:00"
    return f"{moment_of(period.start, zone)} to {moment_of(period.stop, zone)}"


def counted(value: float, unit: str, relation: str | None = None) -> str:
    """A number with its unit, in the plural where it is not one."""
    return f"{claimed_figure(value, relation)} {unit if value == 1 else plural(unit)}"


def plural(unit: str) -> str:
    """Plural of a unit: clash → clashes, target struck → targets struck, km² → km²."""
    if unit.endswith("²") or not unit:
        return unit
    head, *rest = unit.split(" ")
    if rest and rest[0] in {"struck", "of", "used"}:
        return " ".join([plural(head), *rest])
    if unit.endswith(("ch", "sh", "s", "x")):
        return unit + "es"
    if unit.endswith("y") and unit[-2:-1] not in "aeiou":
        return unit[:-1] + "ies"
    return unit + "s"


def listed(words: list[str]) -> str:
    """Words in a row: a, b and c."""
    if len(words) <= 1:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
