"""Options of published figures: which columns hold numbers, of what, over which windows."""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

from pydantic import Field, field_validator, model_validator

from truceline.base.documents import Model
from truceline.sources.days import Zone


class Figure(Model):
    """One column of numbers and what they are."""

    series: str = Field(description="name of the series, as the case's series will call it")
    column: str = Field(description="header (or JSON key, nested ones joined by /) of the numbers")
    unit: str = Field(description="what one is: event, shot, sound or flash, violation as counted …")
    act: str | None = Field(None, description="act of the terms; null: several, or none of them")
    speaker: str | None = Field(None, description="who says it; null: the source's `speaker`")
    speaker_party: str | None = Field(None, description="side of that speaker; null: the source's")
    accused_party: str | None = Field(None, description="party whose acts are counted; null: not said")
    area: str | None = Field(None, description="area counted; null: `area_column`, or not said")
    where: dict[str, list[str]] = Field(
        default_factory=dict, description="column → values: only rows that have one of them"
    )
    file: str | None = Field(None, description="name or glob of the file that has it; null: every file")
    first_date: date | None = Field(
        None, description="first date on which the numbers are data; earlier ones are left out"
    )
    last_date: date | None = Field(
        None, description="last date on which the numbers are data; later ones are left out"
    )


class FigureOptions(Model):
    """Options of ``figures``."""

    figures: list[Figure] = Field(min_length=1, description="the columns of numbers")
    speaker: str = Field(description="who says the numbers, as a reader should see it")
    speaker_party: str | None = Field(None, description="side of the speaker; null: neither")
    zone: Zone = Field(description="zone whose days are meant (IANA name)")
    format: Literal["auto", "csv", "json"] = Field("auto", description="auto: by the file's name")
    delimiter: str = Field(",", min_length=1, max_length=1, description="what separates fields of a CSV")
    records: str = Field("", description="JSON: dotted path to the list of records; empty: the file is the list")  # fmt: skip
    period_columns: list[str] = Field(
        ["date"], min_length=1, description="columns that name the period, in this order (such as year, month)"
    )  # fmt: skip
    end_column: str | None = Field(None, description="column of the last day, where the period has two")
    length_column: str | None = Field(None, description="column of the number of days of the window")
    date_names: Literal["first", "last"] = Field(
        "first", description="whether a date names the first or the last day of the window"
    )
    day_starts_at: str = Field("00:00", description="local time at which a day of this table begins, HH:MM")
    month_names: list[str] = Field(
        default_factory=list, description="the twelve names of months, where they are not English"
    )
    speaker_column: str | None = Field(None, description="column of the speaker, in tables of several")
    speaker_parties: dict[str, str | None] = Field(
        default_factory=dict, description="speaker in that column → side; null: neither"
    )
    area_column: str | None = Field(None, description="column of the area")
    relation_column: str = Field("relation", description="column of `=`, `≥`, `≈`, where there is one")
    note_column: str = Field("note", description="column of remarks, where there is one; `at least 98` makes 98 a ≥")  # fmt: skip
    keep: dict[str, list[str]] = Field(
        default_factory=dict, description="column → values: rows with another value are left out"
    )
    numbers: Literal["each", "running_total", "differences"] = Field(
        "each", description="each: of its own window; running_total: totals since `since`, kept so; differences: of running totals"
    )  # fmt: skip
    since: date | None = Field(None, description="day from which running totals run")
    vintage_pattern: str | None = Field(
        None, description="regular expression with one group: the edition, in a file's name"
    )
    absent_is_zero: bool = Field(False, description="whether a period without a row is a zero")
    basis: str | None = Field(None, description="why it is, and who says so (needed with `absent_is_zero`)")

    @field_validator("day_starts_at")
    @classmethod
    def _is_clock_time(cls, text: str) -> str:
        if re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text) is None:
            raise ValueError("not a time of day such as 19:30")
        return text

    @field_validator("vintage_pattern")
    @classmethod
    def _has_one_group(cls, pattern: str | None) -> str | None:
        try:
            if pattern is not None and re.compile(pattern).groups != 1:
                raise ValueError("the pattern needs exactly one group, the edition")
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from error
        return pattern

    @model_validator(mode="after")
    def _says_why(self) -> FigureOptions:
        if self.absent_is_zero and not (self.basis or "").strip():
            raise ValueError("absent_is_zero needs `basis`: a sentence that says why no row means zero")
        if self.month_names and len(self.month_names) != 12:
            raise ValueError("month_names: twelve names, January first")
        if self.numbers == "running_total" and self.since is None:
            raise ValueError("running totals need `since`: the day from which they run")
        return self

    @property
    def day_starts_min(self) -> int:
        """Minutes after local midnight at which a day begins."""
        return int(self.day_starts_at[:2]) * 60 + int(self.day_starts_at[3:])
