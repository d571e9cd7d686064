"""Values of one record, each read by its kind; what is wrong with one is noted and not raised."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from truceline.base.intervals import Interval
from truceline.sources.columns import SEPARATED
from truceline.sources.days import DECLARE_ZONE, DateOnly, TimeReadError, local_day, read_moment
from truceline.sources.source import Region


class Values(ABC):
    """The fields of one record by name, with typed reading."""

    values: Mapping[str, Any]

    @abstractmethod
    def wrong(
        self,
        code: str,
        message: str,
        *,
        column: str = "",
        got: str = "",
        expected: str = "",
        next_step: str = "",
    ) -> None:
        """Note what is wrong."""

    def text(self, column: str, *, required: bool = False) -> str | None:
        """The value as text, stripped; None where empty."""
        value = self.values.get(column)
        text = "" if value is None else str(value).strip()
        if not text:
            if required:
                self.wrong("value_missing", "the value is empty", column=column, expected="a value")
            return None
        return text

    def number_of(
        self,
        column: str,
        *,
        required: bool = False,
        at_least: float | None = None,
        at_most: float | None = None,
    ) -> float | None:
        """The value as a finite number."""
        text = self.text(column, required=required)
        if text is None:
            return None
        try:
            value = math.nan if "_" in text else float(text)  # Python reads 5_0.2 as 50.2
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            separated = SEPARATED.fullmatch(text) is not None
            self.wrong(
                "value_type",
                "a number with separators, which could be meant in two ways" if separated else "not a number",
                column=column,
                got=text,
                expected="a number, such as 1234.5",
                next_step="Take the separators for thousands out" if separated else "Correct the value",
            )
            return None
        if (at_least is not None and value < at_least) or (at_most is not None and value > at_most):
            low = "" if at_least is None else f"≥ {at_least:g}"
            high = "" if at_most is None else f"≤ {at_most:g}"
            self.wrong(
                "value_range",
                "out of range",
                column=column,
                got=text,
                expected=" and ".join(filter(None, (low, high))),
            )
            return None
        return value

    def when(
        self, column: str, *, zone: str | None = None, required: bool = True
    ) -> datetime | Interval | None:
        """The value as a moment in UTC, or as the local day (an interval) where it has no time of day."""
        text = self.text(column, required=required)
        if text is None:
            return None
        try:
            return read_moment(text, zone=zone)
        except DateOnly as answer:
            if zone is not None:
                return local_day(answer.date, zone)
            fault = TimeReadError("time_naive", "a date has no zone", next_step=DECLARE_ZONE)
        except TimeReadError as error:
            fault = error
        self._time_fault(column, text, fault)
        return None

    def time(self, column: str, *, zone: str | None = None, required: bool = True) -> datetime | None:
        """The value as a time in UTC; ``zone`` is what the source declares for naive times.

        A date alone is refused: midnight would be an invention.
        """
        text = self.text(column, required=required)
        if text is None:
            return None
        try:
            return read_moment(text, zone=zone)
        except DateOnly:
            fault = TimeReadError(
                "time_format",
                "a date without a time of day",
                next_step="Give the time of day, or use a plug-in that takes dates",
            )
        except TimeReadError as error:
            fault = error
        self._time_fault(column, text, fault)
        return None

    def day(self, column: str) -> date | None:
        """The value as a calendar date."""
        text = self.text(column, required=True)
        if text is None:
            return None
        try:
            read_moment(text)
        except DateOnly as answer:
            return answer.date
        except TimeReadError:
            pass
        self.wrong("time_format", "not a date", column=column, got=text, expected="a date such as 2025-04-19")
        return None

    def _time_fault(self, column: str, text: str, fault: TimeReadError) -> None:
        self.wrong(
            fault.code,
            fault.message,
            column=column,
            got=text,
            expected=fault.expected,
            next_step=fault.next_step,
        )

    def place(
        self, longitude_column: str, latitude_column: str, *, region: Region | None
    ) -> tuple[float, float] | None:
        """Longitude and latitude; exchanged columns are a problem of their own, never mended."""
        longitude = self.number_of(longitude_column, required=True)
        latitude = self.number_of(latitude_column, required=True)
        if longitude is None or latitude is None:
            return None
        got = f"{longitude_column} {longitude:g}, {latitude_column} {latitude:g}"
        if region is not None and not region.holds(longitude, latitude) and region.holds(latitude, longitude):
            self.wrong(
                "place_swapped",
                "longitude and latitude seem exchanged",
                column=longitude_column,
                got=got,
                expected="a place in the case's region",
                next_step="Exchange the two columns in the header mapping or in the file",
            )
            return None
        if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
            self.wrong(
                "place_range",
                "not a place on Earth",
                column=longitude_column,
                got=got,
                expected="longitude -180..180, latitude -90..90",
            )
            return None
        return longitude, latitude
