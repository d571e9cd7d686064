"""Tables → when fire fell by area, where it gathered, what answered it."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np

from truceline.assurance.answers import Answers, measure_answers
from truceline.assurance.hot_spots import CELL_M, scan_hot_spots
from truceline.assurance.incidents import count_incidents
from truceline.assurance.onset import find_onset
from truceline.assurance.series import Series, SeriesModel, SeriesSpec
from truceline.base.columns import FloatArray, codes, floats, micros
from truceline.base.geodesy import LocalFrame
from truceline.base.intervals import Interval
from truceline.base.language import _
from truceline.coverage.exposure import rows_of_source
from truceline.findings.patterns import Dated, Patterns, Spot, Spots
from truceline.schema.table import Table
from truceline.workflow.case import Case
from truceline.workflow.measure import Gauge

#: how long before the truce, and after it began, a fall is looked for
BEFORE = timedelta(days=2)
AFTER = timedelta(days=14)
#: incidents of an act in an area, below which no series of them is made
LEAST_INCIDENTS = 20
#: a period of fewer days has no hot spots
LEAST_DAYS = 3


def find_patterns(case: Case, gauge: Gauge) -> Patterns:
    """Change points of every dated series and area, hot spots of the truce, answers of two parties."""
    span = case.truce.span
    search = Interval(span.start - BEFORE, min(span.stop, span.start + AFTER))
    dated = [
        Dated(
            title=told,
            source_id=source,
            zone=series.spec.zone,
            onset=find_onset(series, search=search, seed=case.file.seed),
        )
        for source, told, series in (*_told_series(case, gauge), *_incident_series(case, gauge))
    ]
    incidents = gauge.incidents.columns.table
    return Patterns(
        dated=tuple(dated),
        spots=spots_of(
            incidents,
            span=span,
            zone=case.truce.clocks[0].zone,
            frame=case.frame,
            seed=case.file.seed,
            cell_m=CELL_M,
        ),
        answers=None if len(case.truce.party_ids) != 2 else _answers(case, incidents),
        party_ids=tuple(case.truce.party_ids),
    )


def _told_series(case: Case, gauge: Gauge) -> list[tuple[str, str, Series]]:
    """Series of the case with bins of a day or less, for their area and the parts that they speak of."""
    read = {source.source_id for source in gauge.ingested.sources if source.state == "read"}
    made = []
    for spec in case.file.series:
        if spec.act is None or spec.source not in read or spec.bin_months is not None or spec.bin_h > 24:
            continue
        parts = [area for area in case.with_parts(spec.area) if gauge.speaks_of_part(spec, area)]
        made += [
            (spec.source, spec.title, gauge.series_of(spec, area_id=area, period=case.truce.span))
            for area in dict.fromkeys((spec.area, *parts))
        ]
    return made


def _incident_series(case: Case, gauge: Gauge) -> list[tuple[str, str, Series]]:
    """Incidents by act and area, where there are some and sensors make them."""
    sensors = [entry.id for entry in case.file.sources if entry.forms_incidents and entry.grade == "hard"]
    if not sensors or len(gauge.incidents) < LEAST_INCIDENTS:
        return []
    made = []
    for act in case.truce.acts:
        rows = [row for name in sensors for row in rows_of_source(gauge.coverage, source_id=name, act=act.id)]
        for area in case.file.areas:
            own = gauge.incidents.of_act(act.id).likely_seen_by(sensors)
            if area.id != case.file.theatre:
                own = own.in_areas(case.with_parts(area.id))
            if len(own) < LEAST_INCIDENTS:
                continue
            spec = SeriesSpec(
                id=f"incidents_{act.id}",
                title=_("Incidents ({act})").format(act=act.name),
                source=sensors[0],
                measure="records",
                unit="incident",
                bin_h=6,
                zone=case.truce.clocks[0].zone,
                act=act.id,
                area=area.id,
                kind="sensor",
                model=SeriesModel(hour=True),
            )
            series = count_incidents(
                spec,
                own.middle_s(),
                coverage_rows=rows,
                area_ids=frozenset(case.with_parts(area.id)),
                baseline=case.file.baseline.interval,
                window=case.truce.span,
            )
            made.append(("", spec.title, series))
    return made


def spots_of(
    incidents: Table,
    *,
    span: Interval,
    zone: str,
    frame: LocalFrame,
    seed: int,
    cell_m: float,
) -> Spots | None:
    """Hot spots among incidents with a place in ``span``; None where there is none, or too few days.

    ``cell_m``: no place finer than this enters, and no circle smaller.
    """
    midnight = span.start.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    n_days = int(np.ceil((span.stop - midnight) / timedelta(days=1)))
    time_h = _middle_h(incidents) - midnight.timestamp() / 3600
    longitude, latitude = floats(incidents["longitude_deg"]), floats(incidents["latitude_deg"])
    existence = floats(incidents["existence_p"])
    with np.errstate(invalid="ignore"):
        keep = np.isfinite(longitude) & ~(existence < 0.5) & (time_h >= 0) & (time_h < 24 * n_days)
    if not keep.any() or n_days < LEAST_DAYS:
        return None
    x_m, y_m = frame.to_plane(longitude[keep], latitude[keep])
    found = scan_hot_spots(x_m, y_m, time_h[keep], n_days=n_days, seed=seed, cell_m=cell_m)
    area, names = codes(incidents["area_id"])
    spots = []
    for one in found.shown:
        east, north = frame.to_globe(np.array([one.x_m]), np.array([one.y_m]))
        near = np.hypot(x_m - one.x_m, y_m - one.y_m)
        code = int(area[keep][int(np.argmin(near))])
        spots.append(
            Spot(
                longitude_deg=float(east[0]),
                latitude_deg=float(north[0]),
                radius_m=one.radius_m,
                period=Interval(
                    midnight + timedelta(days=one.first_day), midnight + timedelta(days=one.last_day + 1)
                ),
                area_id=names[code] if code >= 0 else None,
                n=one.n,
                expected=one.expected,
                p=one.p,
                recurrence_d=one.recurrence_d,
            )
        )
    return Spots(period=span, zone=zone, n_bursts=found.n_units, state=found.state, spots=tuple(spots))


def _answers(case: Case, incidents: Table) -> Answers | None:
    """Answers between two parties, from attributed incidents of the whole record; None: none attributed."""
    code, names = codes(incidents["attributed_party_id"])
    party = {name: place for place, name in enumerate(case.truce.party_ids)}
    side = np.array([*(party.get(name, -1) for name in names), -1], dtype=np.int64)[code]
    if not (side >= 0).any():
        return None
    longitude, latitude = floats(incidents["longitude_deg"]), floats(incidents["latitude_deg"])
    placed = np.isfinite(longitude) & (side >= 0)
    x_m, y_m = case.frame.to_plane(longitude[placed], latitude[placed])
    return measure_answers(x_m, y_m, _middle_h(incidents)[placed], side[placed], seed=case.file.seed)


def _middle_h(incidents: Table) -> FloatArray:
    """(n,) middle of each incident's time, hours since 1970."""
    middle = (micros(incidents["occurred_from"]) + micros(incidents["occurred_until"])) / 2
    hours: FloatArray = middle / 3.6e9
    return hours
