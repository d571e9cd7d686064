"""Events that seismic networks locate: QuakeML 1.2 (Basic Event Description).

An event becomes one observation: its preferred origin (else the first), the time ± 2 standard
deviations, the place with its standard deviation, the preferred magnitude as strength. What an
event is called (``explosion``, ``quarry blast``) becomes an act only where ``type_acts`` says so.

Uncertainties (Euchner and Schorlemmer, QuakeML BED 1.2, 2013): a value with a confidence level c is
turned into a standard deviation by the normal quantile of (1 + c)/2, a radius or ellipse by
√(−2 ln(1 − c)); one without a level is taken as a standard deviation, which errs on the wide side.
"""

from __future__ import annotations

import math
import re
from typing import ClassVar
from xml.etree.ElementTree import Element

from pydantic import Field
from scipy.special import ndtri

from truceline.base.canonical import short_id
from truceline.base.documents import Model
from truceline.base.errors import InputError, Problem
from truceline.base.intervals import Interval
from truceline.schema.table import Record
from truceline.sources.editions import Editions, content_of, is_needed
from truceline.sources.option_names import expect_names, of_mapping
from truceline.sources.outcome import conclude, read_each
from truceline.sources.rows import Row, Sheet
from truceline.sources.source import SOURCES, InputFile, ReadContext, Source, SourceTables
from truceline.sources.spans import span_around
from truceline.sources.xml_text import children, local_name, parse_xml, text_at, xml_text

#: metres in a degree of latitude on the sphere of mean radius 6,371 km
_METRES_PER_DEGREE = 6_371_000 * math.pi / 180
_QUANTITIES = ("time", "latitude", "longitude", "depth")
_PARTS = ("value", "uncertainty", "lowerUncertainty", "upperUncertainty", "confidenceLevel")
_REGION = ("horizontalUncertainty", "minHorizontalUncertainty", "maxHorizontalUncertainty", "preferredDescription", "confidenceLevel")  # fmt: skip


class QuakeOptions(Model):
    """Options of ``quakeml``."""

    type_acts: dict[str, str] = Field(
        default_factory=dict, description="event type of the file → act of the terms; others have no act"
    )
    leave_out: list[str] = Field(
        default_factory=list, description="event types that are left out, such as earthquake"
    )
    time_sd_s: float = Field(2, gt=0, description="standard deviation of origin times that carry none, seconds")  # fmt: skip
    position_sd_m: float | None = Field(
        None, ge=0, description="standard deviation of places that carry none, metres; null: not known"
    )
    magnitude_type: str | None = Field(
        None, description="magnitude to take, such as ML; null: the preferred one, else the first"
    )


@SOURCES.add
class QuakeMl(Source):
    """See the module."""

    name: ClassVar[str] = "quakeml"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Seismic events (QuakeML 1.2)"
    Options: ClassVar[type[Model]] = QuakeOptions
    options: QuakeOptions

    def read(self, context: ReadContext) -> SourceTables:
        """Events become observations."""
        tables = SourceTables()
        editions = Editions()
        expect_names(context, acts=of_mapping("type_acts", self.options.type_acts))

        def read_file(file: InputFile) -> None:
            sheet = Sheet(file, tables, deferred=True)
            for row in sheet.records(_flat(event) for event in _events(file)):
                editions.add(row, self._observation(row, context))
            sheet.check_filled()

        read_each(context, tables, read=read_file)
        n_revised = 0
        observations = []
        for row, record, earlier in editions.latest():
            n_revised += any(content_of(old) != content_of(record) for old in earlier)
            if (row.text("type") or "") not in self.options.leave_out and is_needed(record, context):
                row.use()
                observations.append(record)
            else:
                row.outside()
        if n_revised:
            tables.notes.append(f"Events that stand in several editions: {n_revised}; the latest is used.")
        return conclude(tables, context, observations=observations)

    # -- one event -------------------------------------------------------------------------
    def _observation(self, row: Row, context: ReadContext) -> Record | None:
        public_id = row.text("publicID", required=True)
        when = self._when(row)
        place = row.place("longitude/value", "latitude/value", region=context.region)
        position_sd_m = self._position_sd_m(row, latitude_deg=place[1] if place else 0.0)
        strength = row.number_of("magnitude")
        depth_m = row.number_of("depth/value")
        kind = row.text("type")
        logged_at = row.time("creationTime", zone="UTC", required=False)
        if not row.ok or when is None or place is None or public_id is None:
            return None
        act = self.options.type_acts.get(kind or "")
        told = (
            kind and f"{kind} ({row.text('typeCertainty')})" if row.text("typeCertainty") else kind,
            row.text("description"),
            strength is not None and f"magnitude {strength:g} {row.text('magnitudeType') or ''}".rstrip(),
            depth_m is not None and f"depth {depth_m / 1000:g} km",
            row.text("evaluationMode"),
        )
        return {
            "observation_id": short_id("obs", context.source_id, public_id),
            "source_id": context.source_id,
            "primary_source_id": context.source_id,
            "sensor_id": row.text("agencyID"),
            "occurred_from": when.start,
            "occurred_until": when.stop,
            "logged_at": logged_at,
            "longitude_deg": place[0],
            "latitude_deg": place[1],
            "position_sd_m": position_sd_m,
            "acts": {} if act is None else {act: 0.0},
            "strength": strength,
            "text": "; ".join(part for part in told if part) or None,
            **row.provenance,
        }

    def _when(self, row: Row) -> Interval | None:
        moment = row.time("time/value", zone="UTC")
        level = _level(row, "time")
        low = row.number_of("time/lowerUncertainty", at_least=0)
        high = row.number_of("time/upperUncertainty", at_least=0)
        both = row.number_of("time/uncertainty", at_least=0)
        if moment is None or not row.ok:
            return None
        below, above = (
            self.options.time_sd_s if value is None else value / _normal_width(level)
            for value in (low if low is not None else both, high if high is not None else both)
        )
        return span_around(row, "time/value", moment, before_s=2 * below, after_s=2 * above)

    def _position_sd_m(self, row: Row, *, latitude_deg: float) -> float | None:
        """Standard deviation in each direction; of an ellipse, that of the circle of equal mean square."""
        circle = row.number_of("region/horizontalUncertainty", at_least=0)
        axes = [row.number_of(f"region/{end}HorizontalUncertainty", at_least=0) for end in ("min", "max")]
        level = _level(row, "region")
        ring = 1.0 if level is None else math.sqrt(-2 * math.log1p(-level))
        ellipse = [axis for axis in axes if axis is not None]
        if len(ellipse) == 2 and row.text("region/preferredDescription") != "horizontal uncertainty":
            return math.sqrt((ellipse[0] ** 2 + ellipse[1] ** 2) / 2) / ring
        if circle is not None:
            return circle / ring
        north, east = (row.number_of(f"{name}/uncertainty", at_least=0) for name in ("latitude", "longitude"))
        if north is None or east is None:
            return self.options.position_sd_m
        north_m = north / _normal_width(_level(row, "latitude")) * _METRES_PER_DEGREE
        east_m = east / _normal_width(_level(row, "longitude")) * _METRES_PER_DEGREE
        return math.sqrt((north_m**2 + (east_m * math.cos(math.radians(latitude_deg))) ** 2) / 2)


def _events(file: InputFile) -> list[Element]:
    """The events of a document.

    Raises
    ------
    InputError
        If it is no QuakeML.
    """
    root = parse_xml(xml_text(file), label=file.label)
    if local_name(root) == "eventParameters":
        return list(children(root, "event"))
    parameters = list(children(root, "eventParameters"))
    if local_name(root) != "quakeml" or not parameters:
        raise InputError(
            Problem(code="file_format", message="the XML is no QuakeML", file=file.label, row=1, got=local_name(root)[:80], expected="quakeml with eventParameters", next_step="Ask the service for format=xml")
        )  # fmt: skip
    return [event for one in parameters for event in children(one, "event")]


def _flat(event: Element) -> Record:
    """What is read of an event, by path; the origin and the magnitude are the preferred ones."""
    origin = _preferred(event, "origin", text_at(event, "preferredOriginID"))
    magnitude = _preferred(event, "magnitude", text_at(event, "preferredMagnitudeID"))
    values: Record = {
        "publicID": event.get("publicID"),
        "type": text_at(event, "type"),
        "typeCertainty": text_at(event, "typeCertainty"),
        "description": text_at(event, "description/text"),
        "magnitude": None if magnitude is None else text_at(magnitude, "mag/value"),
        "magnitudeType": None if magnitude is None else text_at(magnitude, "type"),
    }
    if origin is None:
        return values
    for name in ("agencyID", "creationTime"):
        found = text_at(origin, f"creationInfo/{name}") or text_at(event, f"creationInfo/{name}")
        values[name] = _microseconds(found) if name == "creationTime" else found
    values["evaluationMode"] = text_at(origin, "evaluationMode")
    for quantity in _QUANTITIES:
        for part in _PARTS:
            values[f"{quantity}/{part}"] = text_at(origin, f"{quantity}/{part}")
    values["time/value"] = _microseconds(values["time/value"])
    region = next(children(origin, "originUncertainty"), None)
    for part in _REGION:
        values[f"region/{part}"] = None if region is None else text_at(region, part)
    return values


def _preferred(event: Element, name: str, wanted: str | None) -> Element | None:
    found = list(children(event, name))
    chosen = next((one for one in found if wanted and one.get("publicID") == wanted), None)
    return chosen if chosen is not None else next(iter(found), None)


def _microseconds(text: str | None) -> str | None:
    """Times finer than a microsecond are cut to it."""
    return None if text is None else re.sub(r"(\.\d{6})\d+", r"\1", text)


def _level(row: Row, of: str) -> float | None:
    """Confidence level in (0, 1); files give per cent."""
    level = row.number_of(f"{of}/confidenceLevel", at_least=0, at_most=100)
    return None if level is None or not 0 < level < 100 else level / 100


def _normal_width(level: float | None) -> float:
    """Standard deviations on either side that hold the level."""
    return 1.0 if level is None else float(ndtri((1 + level) / 2))
