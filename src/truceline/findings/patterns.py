"""When fire fell, where it gathered, and what answered it: told beside the findings, judging nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from truceline.assurance.answers import LEAST_ACTS, Answers
from truceline.assurance.hot_spots import LEAST_RECURRENCE_D, LEAST_UNITS
from truceline.assurance.onset import Onset
from truceline.base.intervals import Interval
from truceline.base.language import _, digits
from truceline.findings.words import figure, from_to, listed, moment_of, period_of

#: a series with fewer areas dated is told area by area; of more, only those in which a fall is dated
_MOST_TOLD = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """A series of an area, and when it fell. source_id is empty where it counts incidents."""

    title: str
    source_id: str
    zone: str
    onset: Onset


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A hot spot on the globe."""

    longitude_deg: float
    latitude_deg: float
    radius_m: float
    period: Interval
    area_id: str | None
    n: int
    expected: float
    p: float
    recurrence_d: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spots:
    """What the search for hot spots came to. state: found, none or too_few."""

    period: Interval
    zone: str
    n_bursts: int
    state: str
    spots: tuple[Spot, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Patterns:
    """None: there was nothing to look at."""

    dated: tuple[Dated, ...] = ()
    spots: Spots | None = None
    answers: Answers | None = None
    party_ids: tuple[str, ...] = ()  #: of ``answers``, in order


def describe_patterns(
    patterns: Patterns, *, area_names: Mapping[str, str], party_names: Mapping[str, str]
) -> list[str]:
    """A sentence for each thing found, and for what could not be told."""
    return [
        *_onset_words(patterns.dated, area_names),
        *_spot_words(patterns.spots, area_names),
        *_answer_words(patterns, party_names),
    ]


def _onset_words(dated: tuple[Dated, ...], area_names: Mapping[str, str]) -> list[str]:
    said: list[str] = []
    silent: list[str] = []
    for item in dated:
        onset = item.onset
        area = area_names.get(onset.area_id, onset.area_id)
        where = item.title if area in item.title else f"{item.title} ({area})"
        if onset.found and onset.at and onset.at_lo95 and onset.at_hi95 and onset.ratio is not None:
            said.append(
                _(
                    "{where}: if it fell in one step, then at about {moment} (95 %: {interval}), to {ratio} of the level before."
                ).format(
                    where=where,
                    moment=moment_of(onset.at, item.zone),
                    interval=from_to(
                        moment_of(onset.at_lo95, item.zone), moment_of(onset.at_hi95, item.zone)
                    ),
                    ratio=digits(f"{onset.ratio:.1g}"),
                )
            )
        else:
            silent.append(where)
    if silent:
        text = (
            _("When these fell, if they did, cannot be told: {series}.").format(series=listed(silent))
            if len(silent) <= _MOST_TOLD
            else _("Of {n} more series and areas, when they fell, if they did, cannot be told.").format(
                n=len(silent)
            )
        )
        said.append(text)
    return said


def _spot_words(found: Spots | None, area_names: Mapping[str, str]) -> list[str]:
    if found is None:
        return []
    if found.state == "too_few":
        return [
            _("Hot spots cannot be looked for: {n} bursts with a place, {least} are needed.").format(
                n=found.n_bursts, least=LEAST_UNITS
            )
        ]
    if not found.spots:
        return [
            _(
                "No hot spot: among {n} bursts ({period}) none that chance would not make once in {days} days."
            ).format(
                n=found.n_bursts, period=period_of(found.period, found.zone), days=f"{LEAST_RECURRENCE_D:g}"
            )
        ]
    return [
        _(
            "Hot spot within {radius} km of {place}, {period}: {n} bursts, {expected} foretold by what is usual at the place and on the days; chance alone makes one as strong once in {days} days."
        ).format(
            radius=digits(f"{spot.radius_m / 1000:g}"),
            place=_place(spot, area_names),
            period=period_of(spot.period, found.zone),
            n=spot.n,
            expected=figure(float(f"{spot.expected:.2g}")),
            days=figure(float(f"{spot.recurrence_d:.2g}")),
        )
        for spot in found.spots
    ]


def _place(spot: Spot, area_names: Mapping[str, str]) -> str:
    where = digits(f"{spot.latitude_deg:.2f}") + "°, " + digits(f"{spot.longitude_deg:.2f}") + "°"
    return f"{where} ({area_names[spot.area_id]})" if spot.area_id and spot.area_id in area_names else where


def _answer_words(patterns: Patterns, party_names: Mapping[str, str]) -> list[str]:
    answers = patterns.answers
    if answers is None:
        return []
    if answers.drawn is None or answers.drawn_lo95 is None or answers.drawn_hi95 is None:
        return [
            _(
                "Whether acts answered acts cannot be told: {counts} attributed; {least} of each party are needed, enough of them near each other, and no fire in barrages."
            ).format(counts=listed([str(n) for n in answers.n_acts]), least=LEAST_ACTS)
        ]
    said = []
    for one, other in ((0, 1), (1, 0)):
        names = {
            "party": party_names[patterns.party_ids[one]],
            "other": party_names[patterns.party_ids[other]],
        }
        low, high = answers.drawn_lo95[one][other], answers.drawn_hi95[one][other]
        band = from_to(digits(f"{low:.2f}"), digits(f"{high:.2f}"))
        if low > 0.01:
            said.append(
                _(
                    "Answers: an act attributed to {party} draws {number} by {other} (95 %: {interval}), {hours} h later on average. What went unseen lowers this number."
                ).format(
                    **names,
                    number=digits(f"{answers.drawn[one][other]:.2f}"),
                    interval=band,
                    hours=digits(f"{answers.delay_h or 0:.1f}"),
                )
            )
        else:
            said.append(
                _(
                    "Answers: it cannot be told whether acts attributed to {party} draw any by {other} (95 %: {interval})."
                ).format(**names, interval=band)
            )
    return said
