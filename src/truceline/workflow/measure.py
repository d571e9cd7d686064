"""What findings ask of the tables: series over a period, bounds, how much was watched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow.compute as pc
from shapely.geometry.base import BaseGeometry

from truceline.assurance.bounds import Watch as Watched
from truceline.assurance.bounds import contain, limit_unseen, measure_watch
from truceline.assurance.build import build_series
from truceline.assurance.effect import measure_effect
from truceline.assurance.incidents import count_incidents
from truceline.assurance.lowered import lower_declared
from truceline.assurance.series import Bound, Effect, FloatArray, Series, SeriesSpec
from truceline.assurance.spread import DAY_FROM_H, DAY_UNTIL_H, PastPoints, local_hours
from truceline.base.columns import IntArray
from truceline.base.intervals import Interval
from truceline.base.language import _, day_words, told
from truceline.coverage.exposure import measure_exposure, rows_of_source
from truceline.findings.claims import Question
from truceline.findings.evidence import incidents_in
from truceline.findings.ground import Measured, Watch
from truceline.findings.incident_set import IncidentSet
from truceline.findings.words import from_to, listed, period_of
from truceline.fusion.posterior import Learned, nothing_learned
from truceline.line.distances import line_distances_m
from truceline.line.history import LineHistory
from truceline.schema.claims import TOGETHER
from truceline.schema.table import Record, Table
from truceline.workflow.case import Case
from truceline.workflow.ingest import Ingested


@dataclass(slots=True, kw_only=True)
class Gauge:
    """Measures a case's tables for the questions that findings ask; each answer is kept."""

    case: Case
    ingested: Ingested
    observations: Table  #: with their origins
    coverage: Table  #: with declared detection probabilities
    lines: tuple[LineHistory, ...]
    incidents: IncidentSet
    shapes: Mapping[str, BaseGeometry]  #: areas that have one
    learned: Callable[[], Learned] = nothing_learned  #: what fusion learned of the sensors
    _lowered: Table | None = None
    _speaking: dict[str, list[str]] = field(default_factory=dict)
    _past: dict[tuple[str, datetime], PastPoints] = field(default_factory=dict)
    _watches: dict[tuple[str, str, Interval, str, str | None], Watched | None] = field(default_factory=dict)
    _asked: list[Question] = field(default_factory=list)
    _measured: dict[str | None, frozenset[str]] = field(default_factory=dict)
    _effects: dict[tuple[str, str, Interval], tuple[Series, Effect]] = field(default_factory=dict)

    def series_over(self, spec: SeriesSpec, *, area_id: str, period: Interval) -> tuple[Series, Effect]:
        """A series and what it says of a period; the baseline is the case's, whatever the period."""
        key = (spec.id, area_id, period)
        if key not in self._effects:
            series = self.series_of(spec, area_id=area_id, period=period)
            self._effects[key] = (series, measure_effect(series, seed=self.case.file.seed))
        return self._effects[key]

    def series_of(self, spec: SeriesSpec, *, area_id: str, period: Interval) -> Series:
        """A series of an area, without what it says."""
        key = (spec.id, area_id, period)
        if key in self._effects:
            return self._effects[key][0]
        return build_series(
            spec.model_copy(update={"area": area_id}),
            observations=self.observations,
            counts=self.ingested.counts,
            coverage=self.coverage,
            lines={line.source_id: line for line in self.lines},
            area_ids=self.case.with_parts(area_id),
            baseline=self.case.file.baseline.interval,
            window=period,
            line_distance=self._line_distance,
            until=self.case.span.stop,
        )

    def measure(self, question: Question) -> list[Measured]:
        """Every series that speaks to a question and whose source was read."""
        read = {source.source_id: source for source in self.ingested.sources if source.state == "read"}
        speakers = {entry.id: entry.options.get("speaker_party") for entry in self.case.file.sources}
        measured = []
        for spec in self.case.file.series:
            if (spec.act, spec.party or TOGETHER) != (
                question.act,
                question.party_id,
            ) or spec.source not in read:
                continue
            if spec.area != question.area_id and not self.speaks_of_part(spec, question.area_id):
                continue
            series, effect = self.series_over(spec, area_id=question.area_id, period=question.period)
            measured.append(
                Measured(
                    series=series,
                    effect=effect,
                    source_title=told(self._speaker(spec) or "") or read[spec.source].title,
                    speaker_party_id=speakers[spec.source],
                )
            )
        return [*measured, *self._attributed_over(question)]

    def _speaker(self, spec: SeriesSpec) -> str | None:
        """Who says the numbers of a series, where it is one speaker."""
        if spec.measure != "sum":
            return None
        table = self.ingested.counts
        own = table.filter(pc.equal(table["source_id"], spec.source))
        speakers = {
            speaker
            for speaker, series in zip(own["speaker"].to_pylist(), own["series"].to_pylist(), strict=True)
            if spec.series in (None, series)
        }
        return speakers.pop() if len(speakers) == 1 else None

    def _attributed_over(self, question: Question) -> list[Measured]:
        """Incidents attributed to the party, a day: the one series that leans on no party's word."""
        own = self.incidents.of_act(question.act).of_parties([question.party_id])
        if question.area_id != question.theatre_id:
            own = own.in_areas(question.part_ids)
        if not own:
            return []
        sensors = [
            entry.id for entry in self.case.file.sources if entry.forms_incidents and entry.grade == "hard"
        ]
        spec = SeriesSpec(
            id=f"attributed_{question.act}_{question.party_id}",
            title=_("Incidents attributed to {party}").format(
                party=self.case.truce.party_name(question.party_id)
            ),
            source=sensors[0],
            measure="records",
            unit="incident",
            zone=question.zone,
            act=question.act,
            party=question.party_id,
            area=question.area_id,
            kind="sensor",
        )
        key = (spec.id, question.area_id, question.period)
        if key not in self._effects:
            rows = [
                row
                for name in sensors
                for row in rows_of_source(self.coverage, source_id=name, act=question.act)
            ]
            series = count_incidents(
                spec,
                own.middle_s(),
                coverage_rows=rows,
                area_ids=question.part_ids,
                baseline=self.case.file.baseline.interval,
                window=question.period,
            )
            self._effects[key] = (series, measure_effect(series, seed=self.case.file.seed))
        series, effect = self._effects[key]
        return [
            Measured(
                series=series,
                effect=effect,
                source_title=_("sensors of the mechanism"),
                speaker_party_id=None,
            )
        ]

    def foresee(self, questions: Sequence[Question]) -> None:
        """Hear all questions that findings will ask."""
        self._asked = list(questions)

    def bound_of(self, question: Question, detections: int | None) -> Bound:
        """The bound on what went unseen, not below that of any question about a part of the same."""
        own = self._bound(question, detections)
        if own.history_hi95 is None:
            return own
        parts = [
            self._bound(one, None)
            for one in self._asked
            if one.act == question.act
            and one.area_id in question.part_ids
            and question.period.covers(one.period)
            and question.party_id in (TOGETHER, one.party_id)
        ]
        return contain(own, parts)

    def _bound(self, question: Question, detections: int | None) -> Bound:
        """The bound on what went unseen in the question's area and period.

        Where sensors of known detection probability watch, their detections count: incidents that
        they saw and that are this party's or nobody's known. Elsewhere ``detections`` is what a
        regular series counts, for the what-if table.
        """
        by_day: int | None = None
        sensors = self.measured_sources(question.act)
        if sensors:
            seen = incidents_in(self.incidents, question).likely_seen_by(sensors)
            if question.party_id != TOGETHER:
                seen = seen.of_parties([None, question.party_id])
            detections = len(seen)
            hour = local_hours(seen.middle_s(), question.zone)
            by_day = int(((hour >= DAY_FROM_H) & (hour < DAY_UNTIL_H)).sum())
        return limit_unseen(
            self.watch_over(question),
            act=question.act,
            area_id=question.area_id,
            period=question.period,
            detections=detections,
            detections_by_day=by_day,
        )

    def watch_over(self, question: Question, *, without: str | None = None) -> Watched | None:
        """How a question's area and period are watched for its act; ``without`` a source, if one is named."""
        key = question.act, question.area_id, question.period, question.zone, without
        if not self.measured_sources(question.act):
            return None
        if key not in self._watches:
            coverage = self._proved()
            if without is not None:
                coverage = coverage.filter(pc.not_equal(coverage["source_id"], without))
            self._watches[key] = measure_watch(
                act=question.act,
                area_id=question.area_id,
                area_geometry=self.shapes.get(question.area_id),
                period=question.period,
                coverage=coverage,
                frame=self.case.frame,
                zone=question.zone,
                geometries=self.shapes,
                past_points=self._past_points(question),
            )
        return self._watches[key]

    def _proved(self) -> Table:
        """The coverage with no detection probability above what the records bear out."""
        if self._lowered is None:
            self._lowered = lower_declared(self.coverage, self.learned().detects)
        return self._lowered

    def _past_points(self, question: Question) -> PastPoints:
        """Where and when acts of the kind were before the window."""
        key = question.act, question.window.start
        if key not in self._past:
            past = self.incidents.of_act(question.act).placed_until(question.window.start)
            longitude, latitude, at_us = past.points()
            self._past[key] = PastPoints(longitude_deg=longitude, latitude_deg=latitude, at_us=at_us)
        return self._past[key]

    def measured_sources(self, act: str | None = None) -> frozenset[str]:
        """Sources whose detection probability is known, for an act or for any."""
        if act in self._measured:
            return self._measured[act]
        table = self.coverage
        known = pc.is_valid(table["detection_p_a"])
        if act is not None:
            known = pc.and_(known, pc.fill_null(pc.equal(table["act"], act), True))
        self._measured[act] = frozenset(pc.unique(table.filter(known)["source_id"]).to_pylist())
        return self._measured[act]

    def detections_of(self, question: Question, sensors: frozenset[str]) -> int:
        """Incidents of a question that some of the sensors likely saw."""
        return len(incidents_in(self.incidents, question).likely_seen_by(sensors))

    def watch_of(self, question: Question) -> Watch | None:
        """How far the regular sources of a question could see; None where there is none."""
        for spec in self.case.file.series:
            if (spec.act, spec.party) != (question.act, question.party_id) or spec.measure != "starts":
                continue
            areas = self.case.with_parts(question.area_id)
            rows = [
                row
                for row in rows_of_source(self.coverage, source_id=spec.source, act=spec.act)
                if row["window_start"] < question.period.stop and row["window_stop"] > question.period.start
            ]
            speaking = set(self.speaking_areas(spec.source)) & set(areas)
            if not speaking:
                continue
            share = measure_exposure(
                rows, area_ids=frozenset(areas), speaking_areas=speaking, bins=[question.period]
            )
            merged = [row for row in rows if row["reason"] == "merged_record" and row["area_id"] in speaking]
            percent = f"{share[0] * 100:.0f}"
            text = _("The source could see {percent} % of this area and period ({period}).").format(
                percent=percent, period=period_of(question.period, question.zone)
            )
            if merged:
                text = _(
                    "{areas}: several alerts merged into one record, in which new ones cannot be seen; {percent} % of the area and period could be watched."
                ).format(areas=self._merged_words(merged, question), percent=percent)
            return Watch(share=float(share[0]), text=text, source_ids=(spec.source,))
        return None

    def _merged_words(self, merged: Sequence[Record], question: Question) -> str:
        """Areas under merged records, each with the records' own times."""
        said = []
        for area, name in self.case.area_names.items():
            own = sorted(
                (row for row in merged if row["area_id"] == area), key=lambda row: row["window_start"]
            )
            spans = [
                from_to(
                    _moment_with_year(row["window_start"], question),
                    _moment_with_year(row["window_stop"], question),
                )
                for row in own
            ]
            if spans:
                said.append(f"{name} ({listed(spans)})")
        return listed(said)

    def speaking_areas(self, source_id: str) -> list[str]:
        """Areas of which a source has records."""
        if source_id not in self._speaking:
            table = self.observations
            own = pc.unique(table["area_id"].filter(pc.equal(table["source_id"], source_id)))
            self._speaking[source_id] = sorted(area for area in own.to_pylist() if area)
        return self._speaking[source_id]

    def speaks_of_part(self, spec: SeriesSpec, area_id: str) -> bool:
        """Whether a series of a whole can be counted for one of its parts: by records with areas."""
        return (
            spec.measure == "starts"
            and area_id in self.case.with_parts(spec.area)
            and area_id in self.speaking_areas(spec.source)
        )

    def _line_distance(self, longitudes: FloatArray, latitudes: FloatArray, at_us: IntArray) -> FloatArray:
        """Distance to the line of the case's first map, as it was drawn at each moment."""
        if not self.lines:
            return np.full(len(longitudes), np.nan)
        return line_distances_m(self.lines[0], longitudes, latitudes, at_us=at_us, frame=self.case.frame)


def _moment_with_year(moment: datetime, question: Question) -> str:
    """A local time; its year too where it is another than the period's."""
    local = moment.astimezone(ZoneInfo(question.zone))
    day = day_words(local, year=local.year != question.period.start.year)
    return f"{day} {local:%H:%M}"
