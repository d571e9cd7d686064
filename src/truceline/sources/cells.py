"""One value of a user's table into one value of a schema's column."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import numpy as np

from truceline.base.intervals import Interval
from truceline.schema.table import NUMBER, TIME, WHOLE, YES_NO, Column
from truceline.sources.columns import SEPARATED
from truceline.sources.days import (
    DECLARE_ZONE,
    DateOnly,
    TimeReadError,
    local_day,
    place_in_zone,
    read_moment,
)
from truceline.sources.source import ReadContext
from truceline.sources.table_clocks import as_iso, reads_iso_too
from truceline.sources.table_places import EXAMPLE as PLACE_EXAMPLE
from truceline.sources.table_places import read_angle

#: coordinates, which may be given in degrees, minutes and seconds
_AXES: dict[str, Literal["x", "y"]] = {"longitude_deg": "x", "latitude_deg": "y", "observer_longitude_deg": "x", "observer_latitude_deg": "y"}  # fmt: skip
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
#: columns in which a date stands for the end of its day
ENDS = ("occurred_until", "ended_until", "window_stop")
STARTS = ("occurred_from", "ended_from", "window_start")


class CellError(ValueError):
    """Why a value cannot be used, in the words of a problem."""

    def __init__(
        self, code: str, message: str, *, expected: str, next_step: str = "Correct the value"
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.expected = expected
        self.next_step = next_step


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A cell that cannot be used: where in the grid, and why."""

    position: int
    header: str
    got: str
    error: CellError


Reader = Callable[[Any], Any]


def read_cells(
    values: Sequence[Any], reader: Reader, *, header: str, faults: list[Fault], words: dict[str, str]
) -> list[Any]:
    """Read every value of a column; faults are noted and leave None. Texts are read once each."""
    known: dict[str, Any] = {}
    out: list[Any] = []
    for position, value in enumerate(values):
        if type(value) is str and value in known:
            out.append(known[value])
            continue
        try:
            text = value.strip() if type(value) is str else value
            if words:
                text = words.get(str(text), text)
            result = None if text is None or text == "" else reader(text)
        except CellError as error:
            faults.append(Fault(position=position, header=header, got=str(value), error=error))
            out.append(None)
            continue
        if type(value) is str:
            known[value] = result
        out.append(result)
    return out


def read_numbers(values: Sequence[Any], column: Column) -> list[float] | None:
    """Every value of a column at once, where all are sound numbers in range; else None."""
    if any(isinstance(value, bool) for value in values[:1]):
        return None
    if any("_" in value for value in values if isinstance(value, str)):
        return None
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError):
        return None
    array = np.asarray(numbers)
    low = -math.inf if column.at_least is None else column.at_least
    high = math.inf if column.at_most is None else column.at_most
    sound = np.isfinite(array) & (array >= low) & (array <= high)
    return numbers if sound.all() else None


def column_reader(
    column: Column, context: ReadContext, *, zone: str | None, decimal: str = ".", pattern: str | None = None
) -> Reader:
    """What reads the values of a schema's column."""
    if column.type == TIME:
        return _time_reader(column.name, zone, pattern)
    if column.type in (NUMBER, WHOLE):
        return _number_reader(column, decimal)
    if column.type == YES_NO:
        return read_yes_no
    if column.name == "area_id":
        return _area_reader(context)
    if column.name.endswith("party_id"):
        return word_reader(context.parties, code="party_unknown", message="the truce has no such party")
    if column.name == "act":
        return word_reader(context.acts, code="name_unknown", message="the terms have no such act")
    if column.one_of:
        return word_reader(column.one_of, code="value_unknown", message="unknown word")
    return str


def word_reader(allowed: Sequence[str], *, code: str, message: str) -> Reader:
    """Takes the words of ``allowed`` alone."""

    def read(value: Any) -> str:
        if (word := str(value)) in allowed:
            return word
        raise CellError(
            code, message, expected=" | ".join(allowed), next_step="Translate it with the option `values`"
        )

    return read


def moment_reader(zone: str | None, *, pattern: str | None = None, expected: str | None = None) -> Reader:
    """Reads a moment, or a date as the interval of its local day; texts and numbers by ``pattern``."""

    def read(given: Any) -> datetime | Interval:
        value = given
        if pattern is not None and not isinstance(given, date):
            value = as_iso(given, pattern)
            if value is None and not (isinstance(given, str) and reads_iso_too(pattern)):
                raise CellError("time_format", "the time is not written as `time_format` says", expected=pattern, next_step="Correct the value, or the option `time_format`")  # fmt: skip
            value = given if value is None else value
        try:
            if isinstance(value, datetime):
                return place_in_zone(value, zone)
            if isinstance(value, date):
                raise DateOnly(value)
            return read_moment(str(value), zone=zone)
        except DateOnly as answer:
            if zone is not None:
                return local_day(answer.date, zone)
            raise CellError(
                "time_naive",
                "a date has no zone",
                expected="a time with an offset",
                next_step=DECLARE_ZONE,
            ) from answer
        except TimeReadError as error:
            wanted = expected if expected and "not a time" in error.message else error.expected
            if pattern is not None and value is given and error.code == "time_format":
                wanted = f"{pattern}, or {wanted}"
            step = error.next_step
            if pattern is None and error.code == "time_format" and isinstance(given, str) and "/" in given:
                step = "Say how times are written with the option `time_format`"
            raise CellError(error.code, error.message, expected=wanted, next_step=step) from error

    return read


def place_reader(read: Reader) -> Reader:
    """Reads a longitude that was taken from a cell with both coordinates, or tells what the cell lacks."""

    def read_one(value: Any) -> Any:
        try:
            return read(value)
        except CellError as error:
            if error.code != "value_type":
                raise
            raise CellError("value_type", "the cell does not hold a place that can be read", expected=PLACE_EXAMPLE, next_step="Correct the value, or set the option `coordinates_order`") from error  # fmt: skip

    return read_one


def _time_reader(name: str, zone: str | None, pattern: str | None) -> Reader:
    read_any = moment_reader(zone, pattern=pattern)

    def read(value: Any) -> datetime:
        moment = read_any(value)
        if isinstance(moment, datetime):
            return moment
        if name in ENDS:
            return moment.stop  # type: ignore[no-any-return]  # an Interval: the date's last moment
        if name in STARTS:
            return moment.start  # type: ignore[no-any-return]  # an Interval: the date's first moment
        raise CellError("time_format", "a date without a time of day", expected="2025-04-19T18:00+03:00")

    return read


def _number_reader(column: Column, decimal: str) -> Reader:
    low = -math.inf if column.at_least is None else column.at_least
    high = math.inf if column.at_most is None else column.at_most
    whole = column.type == WHOLE
    limits = " and ".join(
        words for words, used in ((f"≥ {low:g}", low > -math.inf), (f"≤ {high:g}", high < math.inf)) if used
    )

    def read(value: Any) -> float | int | None:
        if isinstance(value, float) and math.isnan(value):
            return None  # how Parquet files often write that there is no value
        try:
            odd = isinstance(value, bool) or (
                isinstance(value, str) and "_" in value
            )  # Python reads 5_0.2 as 50.2
            number = math.nan if odd else float(_with_point(value, decimal))
        except (TypeError, ValueError):
            number = math.nan
        if math.isnan(number) and isinstance(value, str) and column.name in _AXES:
            degrees = read_angle(value, _AXES[column.name])
            number = math.nan if degrees is None else degrees
        if math.isnan(number) and isinstance(value, str) and SEPARATED.fullmatch(value):
            raise CellError("value_type", "a number with separators, which could be meant in two ways", expected="1234.5 or, with the option `decimal: ','`, 1234,5", next_step="Take the separators for thousands out, or set the option `decimal`")  # fmt: skip
        if not math.isfinite(number) or (whole and not number.is_integer()):
            raise CellError("value_type", "not a number", expected="a whole number" if whole else "a number")
        if not low <= number <= high:
            raise CellError("value_range", "out of range", expected=limits)
        return int(number) if whole else number

    return read


def _with_point(value: Any, decimal: str) -> Any:
    """A text with a decimal comma as one with a point; a point in it is none of either."""
    if decimal == "." or not isinstance(value, str):
        return value
    return "" if "." in value else value.replace(decimal, ".")


def read_yes_no(value: Any) -> bool:
    """Reads yes or no."""
    word = str(value).casefold()
    if word not in _WORDS:
        raise CellError("value_unknown", "neither yes nor no", expected=" | ".join(_WORDS))
    return _WORDS[word]


def _area_reader(context: ReadContext) -> Reader:
    def read(value: Any) -> str:
        area_id = context.area(str(value))
        if area_id is None:
            raise CellError(
                "name_unknown",
                "the case has no area of this name",
                expected="an area of the case",
                next_step="Add the area, or its spelling, to the case's areas",
            )
        return area_id

    return read
