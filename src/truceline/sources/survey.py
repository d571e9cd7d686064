"""Forms filled in the field: submissions of KoboToolbox and ODK, JSON or CSV.

``fields`` says which path of the form holds which column; nothing else of a submission is copied,
so that names, telephone numbers and device ids of people stay where they are. A corrected
submission takes the place of the one that it names (``meta/deprecatedID``), or that has its id.
The place of a geopoint is where something was, unless ``place_is: observer`` (where the form was
filled in).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from truceline.base.canonical import short_id
from truceline.base.documents import Model
from truceline.base.errors import InputError, Problem
from truceline.base.intervals import Interval
from truceline.schema.table import Record
from truceline.sources.days import TimeReadError, Zone, read_moment
from truceline.sources.editions import is_needed
from truceline.sources.outcome import conclude, read_each
from truceline.sources.rows import Row, Sheet
from truceline.sources.sighting_words import WordError, read_number
from truceline.sources.source import SOURCES, InputFile, Quarantined, ReadContext, Source, SourceTables
from truceline.sources.spans import span_around
from truceline.sources.survey_records import (
    EDITED,
    IDENTITY,
    INSTANCE,
    RECEIVED,
    REPLACED,
    REVIEW,
    flat_submissions,
    only,
    read_geopoint,
    submissions,
)

#: columns that a field of the form can become
COLUMNS = ("time", "end", "place", "longitude", "latitude", "area", "place_name", "act", "count", "accused_party", "observer", "text")  # fmt: skip
_REJECTED = ("not_approved", "rejected")


class SurveyOptions(Model):
    """Options of ``survey``."""

    fields: dict[str, str] = Field(
        description=f"column → path of the form's field (groups joined by /); columns: {', '.join(COLUMNS)}; `time` must be there"
    )  # fmt: skip
    values: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="column → answer of the form → act, party or area of the case; an empty word is none",
    )
    constants: dict[str, str] = Field(
        default_factory=dict, description="column → one value for every submission (act, area, accused_party)"
    )
    repeat: str | None = Field(None, description="path of a repeat group: each entry is one record")
    zone: Zone | None = Field(None, description="zone of times without an offset and of dates (IANA name)")
    time_resolution_s: float = Field(60, gt=0, le=366 * 86_400, description="how finely times are given, seconds")  # fmt: skip
    place_is: Literal["event", "observer"] = Field(
        "event", description="whose place the geopoint is: the event's, or that of who filled in the form"
    )
    position_sd_m: float = Field(100, ge=0, description="standard deviation of places without an accuracy, metres")  # fmt: skip
    delimiter: str | None = Field(
        None, min_length=1, max_length=1, description="what separates fields of a CSV; null: told from its header"
    )  # fmt: skip
    leave_out_rejected: bool = Field(True, description="whether submissions that a reviewer rejected are left out")  # fmt: skip
    speaker_party: str | None = Field(None, description="side of those who fill in the forms; null: neither")

    @field_validator("fields")
    @classmethod
    def _known(cls, fields: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(fields) - set(COLUMNS))
        if unknown:
            raise ValueError(f"no such column: {', '.join(unknown)}; known: {', '.join(COLUMNS)}")
        if "time" not in fields:
            raise ValueError("`time` is missing: which field says when it was?")
        return fields

    @field_validator("constants", "values")
    @classmethod
    def _known_too(cls, given: dict[str, Any]) -> dict[str, Any]:
        unknown = sorted(set(given) - {"act", "area", "accused_party", "observer", "place_name", "text"})
        if unknown:
            raise ValueError(f"no such column: {', '.join(unknown)}")
        return given


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One submission (or entry of its repeat group), not yet settled."""

    row: Row
    record: Record
    identity: str
    instance: str
    replaces: str
    edition: tuple[str, ...]
    said: str
    rejected: bool


@SOURCES.add
class Survey(Source):
    """See the module."""

    name: ClassVar[str] = "survey"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Forms filled in the field (KoboToolbox, ODK: JSON or CSV)"
    Options: ClassVar[type[Model]] = SurveyOptions
    options: SurveyOptions

    def read(self, context: ReadContext) -> SourceTables:
        """Submissions become observations."""
        tables = SourceTables()
        found: list[Submission] = []

        def read_file(file: InputFile) -> None:
            for row in self._rows(file, tables):
                submission = self._submission(row, context)
                if submission is None:
                    row.close()
                else:
                    found.append(submission)

        try:
            read_each(context, tables, read=read_file)
        except InputError as error:
            raise InputError([_discreet(problem) for problem in error.problems]) from error
        observations = self._settle(found, context, tables)
        tables.problems = [_discreet(problem) for problem in tables.problems]
        tables.quarantined = [_without_shifted(row) for row in tables.quarantined]
        return conclude(tables, context, observations=observations)

    # -- files -----------------------------------------------------------------------------
    def _rows(self, file: InputFile, tables: SourceTables) -> Iterator[Row]:
        sheet = Sheet(file, tables, deferred=True)
        wanted = {*self.options.fields.values(), "entry"}
        if file.path.name.removesuffix(".gz").casefold().endswith(".csv"):
            first = file.text().partition("\n")[0]
            delimiter = self.options.delimiter or max(
                ",;\t", key=lambda mark: (first.count(mark), mark == ",")
            )
            for row in sheet.csv_rows(columns=self.options.fields.values(), delimiter=delimiter):
                row.values = only(row.values, wanted)
                yield row
            return
        items, following = submissions(sheet.json_value(), label=file.label)
        yield from sheet.records(flat_submissions(items, repeat=self.options.repeat, wanted=wanted))
        sheet.check_filled()
        if following:
            tables.problems.append(
                Problem(code="file_truncated", message="the file is one page of several; what is on the others is not here", file=file.label, got=following[:120], expected="every page of the answer", next_step="Fetch the next pages and put them beside this one")
            )  # fmt: skip

    def _submission(self, row: Row, context: ReadContext) -> Submission | None:
        if row.values.get("broken"):
            row.wrong("value_type", "not a submission", expected="a JSON object")
            return None
        when = self._when(row)
        place = self._place(row, context)
        words = {name: self._word(row, name, context) for name in ("act", "area", "accused_party")}
        count, relation = self._count(row)
        identity = _first(row, IDENTITY)
        if not row.ok or when is None:
            return None
        record: Record = {
            "source_id": context.source_id,
            "occurred_from": when.start,
            "occurred_until": when.stop,
            "received_at": _received(row),
            "area_id": words["area"],
            "place_name": self._plain(row, "place_name"),
            "count": count,
            "count_relation": relation,
            "acts": {} if words["act"] is None else {words["act"]: 0.0},
            "accused_party_id": words["accused_party"],
            "speaker_party_id": self.options.speaker_party,
            "sensor_id": self._plain(row, "observer"),
            "text": self._plain(row, "text"),
            **place,
        }
        said = repr(sorted((key, str(value)) for key, value in record.items() if key != "received_at"))
        name = f"{identity or said}#{row.values.get('entry', '')}"
        return Submission(
            row=row,
            record={"observation_id": short_id("obs", context.source_id, name), **record, **row.provenance},
            identity=name,
            instance=_first(row, INSTANCE) or "",
            replaces=_first(row, REPLACED) or "",
            edition=tuple((row.text(key) or "").rjust(40) for key in EDITED),
            said=said,
            rejected=any(mark in (_first(row, REVIEW) or "").casefold() for mark in _REJECTED),
        )

    def _settle(self, found: list[Submission], context: ReadContext, tables: SourceTables) -> list[Record]:
        """The latest edition of each submission; those it replaces are counted."""
        replaced = {one.replaces for one in found if one.replaces and one.replaces != one.instance}
        by_identity: dict[str, list[Submission]] = {}
        for one in found:
            by_identity.setdefault(one.identity, []).append(one)

        def order(one: Submission) -> tuple[Any, ...]:
            file = one.row.sheet.file.label
            return (one.instance not in replaced, one.edition, file, one.said, -one.row.number)

        n_superseded = n_rejected = 0
        observations = []
        for identity in sorted(by_identity):
            *earlier, last = sorted(by_identity[identity], key=order)
            for one in earlier:
                n_superseded += one.said != last.said
                one.row.repeated()
            if last.instance in replaced:
                n_superseded += 1
                last.row.repeated()
            elif last.rejected and self.options.leave_out_rejected:
                n_rejected += 1
                last.row.outside()
            elif not is_needed(last.record, context):
                last.row.outside()
            else:
                last.row.use()
                observations.append(last.record)
        if n_superseded:
            tables.notes.append(f"Submissions superseded by a corrected one, which is used alone: {n_superseded}.")  # fmt: skip
        if n_rejected:
            tables.notes.append(f"Submissions that a reviewer rejected: {n_rejected}, left out.")
        return observations

    # -- one submission --------------------------------------------------------------------
    def _when(self, row: Row) -> Interval | None:
        start = row.when(self.options.fields["time"], zone=self.options.zone)
        end_field = self.options.fields.get("end")
        end = row.when(end_field, zone=self.options.zone, required=False) if end_field else None
        if start is None:
            return None
        whole = start if isinstance(start, Interval) else span_around(row, self.options.fields["time"], start, before_s=0, after_s=self.options.time_resolution_s)  # fmt: skip
        if end is None or whole is None:
            return whole
        stop = end.stop if isinstance(end, Interval) else end
        if stop < whole.start:
            row.wrong("time_order", "it ends before it starts", column=end_field or "", got=row.text(end_field or "") or "", expected=f"after {row.text(self.options.fields['time'])}", next_step="Correct the submission")  # fmt: skip
            return None
        return Interval(whole.start, max(stop, whole.stop))

    def _place(self, row: Row, context: ReadContext) -> Record:
        fields = self.options.fields
        point: tuple[float, float, float | None] | None = None
        if "longitude" in fields and "latitude" in fields and row.text(fields["longitude"]):
            pair = row.place(fields["longitude"], fields["latitude"], region=context.region)
            point = None if pair is None else (*pair, None)
        elif "place" in fields and row.values.get(fields["place"]) not in (None, "", []):
            value = row.values[fields["place"]]
            try:
                point = read_geopoint(value)
            except (ValueError, TypeError, OverflowError) as error:
                row.wrong("value_type", f"not a geopoint ({str(error)[:80]})", column=fields["place"], got=str(value)[:80], expected="`latitude longitude altitude accuracy`, [latitude, longitude] or a GeoJSON point", next_step="Map `longitude` and `latitude` instead, if they are two fields")  # fmt: skip
        if point is None:
            return {}
        checked = Row(row.sheet, row.number, {"longitude": point[0], "latitude": point[1]})
        if checked.place("longitude", "latitude", region=context.region) is None:
            for problem in checked.problems:
                row.wrong(problem.code, problem.message, column=fields.get("place", problem.column), got=problem.got, expected=problem.expected, next_step=problem.next_step)  # fmt: skip
            return {}
        if self.options.place_is == "observer":
            return {"observer_longitude_deg": point[0], "observer_latitude_deg": point[1]}
        # an accuracy is the radius that holds 68 %: σ = r / √(−2 ln .32) in each direction
        sd_m = self.options.position_sd_m if point[2] is None else point[2] / math.sqrt(-2 * math.log(0.32))
        return {"longitude_deg": point[0], "latitude_deg": point[1], "position_sd_m": sd_m}

    def _plain(self, row: Row, column: str) -> str | None:
        field = self.options.fields.get(column)
        text = row.text(field) if field else self.options.constants.get(column)
        words = self.options.values.get(column, {})
        return (words.get(text, text) or None) if text is not None else None

    def _word(self, row: Row, column: str, context: ReadContext) -> str | None:
        word = self._plain(row, column)
        if word is None:
            return None
        known, code, what = {
            "act": (context.acts, "name_unknown", "the terms have no such act"),
            "area": (tuple(context.area_by_name.values()), "name_unknown", "the case has no area of this name"),
            "accused_party": (context.parties, "party_unknown", "the truce has no such party"),
        }[column]  # fmt: skip
        found = context.area(word) if column == "area" else word if word in known else None
        if found is None:
            row.wrong(code, what, column=self.options.fields.get(column, column), got=word, expected=" | ".join(dict.fromkeys(known)), next_step="Translate the answer with the option `values`")  # fmt: skip
        return found

    def _count(self, row: Row) -> tuple[int | None, str | None]:
        field = self.options.fields.get("count")
        text = row.text(field) if field else None
        try:
            return read_number(text.removesuffix(".0") if text else text)
        except WordError as error:
            row.wrong("value_type", str(error), column=field or "", got=text or "", expected="a whole number", next_step="Correct the submission")  # fmt: skip
            return None, None


def _discreet(problem: Problem) -> Problem:
    """A problem of a whole file without the piece of the file that it quotes: it may be personal."""
    quotes = problem.code in ("file_format", "file_truncated", "file_not_text") and problem.row is not None
    return replace(problem, got="") if quotes else problem


def _without_shifted(row: Quarantined) -> Quarantined:
    """A row of the wrong length without its content: nobody knows which field is whose."""
    shifted = any(problem.code in ("row_length", "file_truncated") for problem in row.problems)
    return replace(row, content="") if shifted else row


def _first(row: Row, names: tuple[str, ...]) -> str | None:
    """The first of the fields that has a value; ids that differ by ``uuid:`` alone are one."""
    found = next((text for name in names if (text := row.text(name))), None)
    return None if found is None else found.removeprefix("uuid:")


def _received(row: Row) -> datetime | None:
    """When the server had it; servers give UTC where they give no offset."""
    text = re.sub(r"(\.\d{6})\d+", r"\1", _first(row, RECEIVED) or "")
    try:
        return read_moment(text, zone="UTC")
    except (TimeReadError, ValueError):
        return None  # when it was stored says nothing of what it was: the submission stands without
