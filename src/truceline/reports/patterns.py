"""Patterns as findings.json has them: onsets, hot spots, answers; and the JSON Schema of them."""

from __future__ import annotations

from typing import Any

from truceline.assurance.answers import Answers
from truceline.assurance.onset import Onset
from truceline.base.intervals import Interval, format_time
from truceline.findings.patterns import Patterns, Spots
from truceline.reports.schema_parts import (
    TEXT,
    TEXT_OR_NULL,
    TIME,
    WHOLE,
    list_of,
    number_or_null,
    period_of,
    said,
    whole_object,
)

Record = dict[str, Any]


def patterns_record(patterns: Patterns) -> Record:
    """When series fell, hot spots, answers; null where there was nothing to look at."""
    return {
        "onsets": [_onset(item.onset) for item in patterns.dated],
        "hot_spots": None if patterns.spots is None else _spots(patterns.spots),
        "answers": None
        if patterns.answers is None
        else _answers(patterns.answers, party_ids=patterns.party_ids),
    }


def _onset(onset: Onset) -> Record:
    moments = {"at": onset.at, "at_lo95": onset.at_lo95, "at_hi95": onset.at_hi95}
    return {
        "series_id": onset.series_id,
        "area_id": onset.area_id,
        "search_start": format_time(onset.search.start),
        "search_stop": format_time(onset.search.stop),
        "n": onset.n,
        "fell_p": onset.fell_p,
        **{name: None if moment is None else format_time(moment) for name, moment in moments.items()},
        "ratio": onset.ratio,
        "state": onset.state,
    }


def _spots(found: Spots) -> Record:
    return {
        **_period(found.period),
        "n_bursts": found.n_bursts,
        "state": found.state,
        "spots": [
            {
                "longitude_deg": spot.longitude_deg,
                "latitude_deg": spot.latitude_deg,
                "radius_m": spot.radius_m,
                **_period(spot.period),
                "area_id": spot.area_id,
                "n": spot.n,
                "expected": spot.expected,
                "p": spot.p,
                "recurrence_d": spot.recurrence_d,
            }
            for spot in found.spots
        ],
    }


def _answers(answers: Answers, *, party_ids: tuple[str, ...]) -> Record:
    drawn: list[Record] = []
    if answers.drawn and answers.drawn_lo95 and answers.drawn_hi95:
        drawn = [
            {
                "by_party_id": party_ids[one],
                "of_party_id": party_ids[other],
                "drawn": answers.drawn[one][other],
                "drawn_lo95": answers.drawn_lo95[one][other],
                "drawn_hi95": answers.drawn_hi95[one][other],
            }
            for one in (0, 1)
            for other in (0, 1)
        ]
    return {
        "state": answers.state,
        "delay_h": answers.delay_h,
        "largest_eigenvalue": answers.own_share,
        "drawn": drawn,
    }


def _period(period: Interval) -> Record:
    return {"period_start": format_time(period.start), "period_stop": format_time(period.stop)}


def patterns_schema() -> Record:
    """JSON Schema of what ``patterns_record`` gives."""
    moment = {"type": ["string", "null"], "format": "date-time", "pattern": "Z$"}
    onset = {
        "series_id": TEXT,
        "area_id": TEXT,
        "search_start": TIME,
        "search_stop": TIME,
        "n": said(WHOLE, "counted in the search"),
        "fell_p": number_or_null("probability of a fall at some moment of the search, against none"),
        "at": {**moment, "description": "median of the moment, given that there was one"},
        "at_lo95": moment,
        "at_hi95": moment,
        "ratio": number_or_null("level after over level before"),
        "state": {"enum": ["found", "not_shown", "too_few"]},
    }
    spot = {
        "longitude_deg": number_or_null("WGS 84", at_least=-180),
        "latitude_deg": number_or_null("WGS 84", at_least=-90),
        "radius_m": number_or_null("of the circle"),
        **period_of(),
        "area_id": TEXT_OR_NULL,
        "n": said(WHOLE, "bursts"),
        "expected": number_or_null("foretold by the place’s and the days’ shares"),
        "p": number_or_null("of one as strong by chance"),
        "recurrence_d": number_or_null("how often chance makes one as strong, days"),
    }
    spots = {
        **period_of(),
        "n_bursts": WHOLE,
        "state": {"enum": ["found", "none", "too_few"]},
        "spots": list_of(whole_object(spot), "strongest first"),
    }
    drawn = {
        "by_party_id": said(TEXT, "who acted"),
        "of_party_id": said(TEXT, "whose acts were drawn"),
        **{name: number_or_null("acts that one act draws") for name in ("drawn", "drawn_lo95", "drawn_hi95")},
    }
    answers = {
        "state": {"enum": ["found", "not_shown", "too_few"]},
        "delay_h": number_or_null("mean delay of an answer"),
        "largest_eigenvalue": number_or_null("of the numbers drawn; from 1 on, fire would not end by itself"),
        "drawn": list_of(whole_object(drawn), "empty: cannot be told"),
    }
    whole = {
        "onsets": list_of(whole_object(onset), "when series fell, by area"),
        "hot_spots": {
            "oneOf": [whole_object(spots), {"type": "null"}],
            "description": "null: nothing with a place, or too few days",
        },
        "answers": {
            "oneOf": [whole_object(answers), {"type": "null"}],
            "description": "null: nothing attributed, withheld, or not two parties",
        },
    }
    return said(
        whole_object(whole), "when fire fell, where it gathered, what answered it; these judge nobody"
    )
