"""One way to write every number, ratio, time and list of rows in a report."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from truceline.base.intervals import Interval, as_utc
from truceline.base.language import _, day_words, digits, ngettext, told, voice
from truceline.findings.results import RowRef
from truceline.findings.words import from_to, times_of, whole_days

NONE = "–"
_NUMBER = re.compile(r"\d+")


def round_significant(value: float, digits: int) -> float:
    """``value`` to that many significant digits; 0 and non-finite values as they are."""
    if value == 0 or not math.isfinite(value):
        return value
    return float(f"{value:.{digits}g}")


def number(value: float | None, *, places: int | None = None) -> str:
    """A count or quantity, thousands parted; at most one decimal place unless ``places`` says more."""
    if value is None or math.isnan(value):
        return NONE
    if places is not None:
        return digits(f"{value:,.{places}f}")
    if float(value).is_integer() or abs(value) >= 100:
        return digits(f"{value:,.0f}")
    return digits(f"{value:,.1f}")


def ratio(value: float | None) -> str:
    """A rate ratio to two significant digits, without an exponent."""
    if value is None or math.isnan(value):
        return NONE
    if value == 0:
        return "0"
    if value >= 10:
        return digits(f"{round_significant(value, 2):,.0f}")
    places = max(0, 1 - math.floor(math.log10(abs(round_significant(value, 2)))))
    return digits(f"{value:.{min(places, 6)}f}")


def interval95(low: float | None, high: float | None) -> str:
    """The 95 % interval of a ratio in words of figures; empty where there is none."""
    if low is None or high is None:
        return ""
    return from_to(ratio(low), ratio(high))


def e_value(value: float | None) -> str:
    """An e-value, or a dash."""
    if value is None or math.isnan(value):
        return NONE
    if math.isinf(value):
        return "> 10³⁰⁰"
    return times_of(value)


def percent(share: float | None) -> str:
    """A share as a percentage without decimals; less than one is said so."""
    if share is None or math.isnan(share):
        return NONE
    if 0 < share < 0.005:
        return "< 1 %"
    return f"{share * 100:.0f} %"


def hours(value: float) -> str:
    """A length in hours, or in days from ten days on."""
    if value >= 240:
        if abs(value - round(value / 24) * 24) <= 1:
            # a change of clocks within, or a minute, makes it no other number of days
            value = round(value / 24) * 24
        return ngettext("{number} day", "{number} days", value / 24).format(number=number(value / 24))
    return _("{number} h").format(number=number(value))


def offset(moment: datetime, zone: str) -> str:
    """The zone's distance from UTC at ``moment``: ``UTC+3``."""
    local = as_utc(moment).astimezone(ZoneInfo(zone)).utcoffset()
    minutes = round(local.total_seconds() / 60) if local else 0
    if minutes == 0:
        return "UTC"
    whole, rest = divmod(abs(minutes), 60)
    sign = "+" if minutes > 0 else "−"
    return f"UTC{sign}{whole}" + (f":{rest:02d}" if rest else "")


def moment_text(moment: datetime, zone: str, *, year: bool = True) -> str:
    """``19 April 2025, 18:00`` in ``zone``."""
    local = as_utc(moment).astimezone(ZoneInfo(zone))
    day = day_words(local, year=year, short=not year)
    return f"{day}, {local:%H:%M}" if year else f"{day} {local:%H:%M}"


def date_text(iso_date: str) -> str:
    """``2025-04-19`` as ``19 April 2025``; what is no date stays as it is."""
    try:
        day = date.fromisoformat(iso_date)
    except ValueError:
        return iso_date
    return day_words(day)


def window_local(period: Interval, zone: str) -> str:
    """A window in local time, with the zone's name and its distance from UTC."""
    start, stop = moment_text(period.start, zone), moment_text(period.stop, zone)
    first, last = offset(period.start, zone), offset(period.stop, zone)
    where = first if first == last else _("{first}, at its end {last}").format(first=first, last=last)
    return (
        f"{from_to(start, stop)} ({where})" if zone == "UTC" else f"{from_to(start, stop)} ({zone}, {where})"
    )


def window_utc(period: Interval) -> str:
    """A window in UTC."""
    return f"{from_to(moment_text(period.start, 'UTC'), moment_text(period.stop, 'UTC'))} UTC"


def window_short(period: Interval, zone: str) -> str:
    """A window for a table cell: ``19 Apr 18:00 – 21 Apr 00:00``; with years where it spans several."""
    ends = [as_utc(moment).astimezone(ZoneInfo(zone)) for moment in (period.start, period.stop)]
    years = voice().years or ends[0].year != ends[1].year
    days = [day_words(end, year=False, short=True) + (f" {end.year}" if years else "") for end in ends]
    return f"{days[0]} {ends[0]:%H:%M} – {days[1]} {ends[1]:%H:%M}"


def window_of_claim(period: Interval, zones: Sequence[str]) -> str:
    """A claim's window in the first of the truce's zones; whole days of another one in that, which is said."""
    zone = next((zone for zone in zones if whole_days(period, zone)), zones[0])
    said = window_short(period, zone)
    return said if zone == zones[0] else f"{said} ({zone})"


def claim_value(value: float | None, relation: str | None) -> str:
    """A number as its speaker means it: plain, ``≥`` or ``≈``."""
    if value is None:
        return _("no number")
    sign = f"{relation} " if relation in ("≥", "≈") else ""
    return sign + number(value)


def bases(basis: Sequence[str], *, most: int = 3) -> str:
    """What detection probabilities rest on: those alike but for a number told once, and the first few."""
    alike: dict[str, list[str]] = {}
    for one in basis:
        alike.setdefault(_NUMBER.sub("#", one), []).append(one)
    said = []
    for first, *more in list(alike.values())[:most]:
        text = told(first)
        if more:
            text += " " + ngettext("(and {n} like it)", "(and {n} like it)", len(more)).format(n=len(more))
        said.append(text)
    left = len(basis) - sum(len(group) for group in list(alike.values())[:most])
    if left:
        said.append(ngettext("{n} more", "{n} more", left).format(n=left))
    return "; ".join(said)


def row_ranges(rows: Iterable[int]) -> str:
    """Row numbers as ranges: ``5–9, 12``."""
    pieces: list[list[int]] = []
    for row in sorted(set(rows)):
        if pieces and row == pieces[-1][1] + 1:
            pieces[-1][1] = row
        else:
            pieces.append([row, row])
    return ", ".join(f"{a}" if a == b else f"{a}–{b}" for a, b in pieces)


def group_rows(rows: Sequence[RowRef]) -> dict[str, list[int]]:
    """File → its rows in order, files by name: how rows are written in reports and JSON."""
    files: dict[str, set[int]] = {}
    for ref in rows:
        files.setdefault(ref.file, set()).add(ref.row)
    return {file: sorted(files[file]) for file in sorted(files)}


def row_lines(rows: Sequence[RowRef], *, most_ranges: int = 40) -> list[str]:
    """One line for each file: ``file:row`` with ranges; long lists are cut and say so."""
    lines = []
    for file, numbers in group_rows(rows).items():
        if set(numbers) == {0}:
            lines.append(_("{file} (the whole file)").format(file=file))
            continue
        pieces = row_ranges(numbers).split(", ")
        text = ", ".join(pieces[:most_ranges])
        if len(pieces) > most_ranges:
            text += " … " + _("({n} rows in all; findings.json lists them)").format(
                n=digits(f"{len(numbers):,}")
            )
        lines.append(f"{file}:{text}")
    return lines
