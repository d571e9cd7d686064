"""Totals and worth as findings.json has them, and the JSON Schema of them."""

from __future__ import annotations

from typing import Any

from truceline.assurance.series import Bound, LightBound
from truceline.base.intervals import format_time
from truceline.findings.reckoning import Reckoning
from truceline.reports.schema_parts import TEXT, TEXT_LIST, TIME, WHOLE, number_or_null, said, whole_object

Record = dict[str, Any]


def totals_record(reckoning: Reckoning) -> list[Record]:
    """How many happened, by act and area."""
    return [
        {
            "act": one.act,
            "area_id": one.area_id,
            "period_start": format_time(one.period.start),
            "period_stop": format_time(one.period.stop),
            "detected": one.detected,
            "estimate": one.estimate,
            "lo95": one.lo95,
            "hi95": one.hi95,
            "blind_share": one.blind_share,
            "reason_codes": list(one.reason_codes),
        }
        for one in reckoning.totals
    ]


def worth_record(reckoning: Reckoning) -> list[Record]:
    """What each source is worth."""
    return [
        {
            "source_id": one.source_id,
            "act": one.act,
            "bound_hi95": one.bound_hi95,
            "bound_without_hi95": one.bound_without_hi95,
            "width": one.width,
            "width_without": one.width_without,
        }
        for one in reckoning.worth
    ]


def left_out_record(reckoning: Reckoning) -> Record:
    """``{"reckoning_left_out": …}`` where anything was left out, else nothing."""
    if not reckoning.left_out:
        return {}
    return {
        "reckoning_left_out": [
            {"what": one.what, "incidents": one.n_incidents, "most": one.most} for one in reckoning.left_out
        ]
    }


def bound_parts_record(bound: Bound) -> Record:
    """By day and night, and the smallest campaign; null where there is none."""
    campaign = bound.campaign
    return {
        "day": _light(bound.day),
        "night": _light(bound.night),
        "campaign": None
        if campaign is None
        else {
            "seen_p": campaign.seen_p,
            "history": campaign.history,
            "worst": campaign.worst,
            "evader": campaign.evader,
        },
    }


def _light(one: LightBound | None) -> Record | None:
    if one is None:
        return None
    return {
        "detections": one.detections,
        "history_hi95": one.history_hi95,
        "worst_hi95": one.worst_hi95,
        "evader_hi95": one.evader_hi95,
    }


def totals_schema() -> Record:
    """JSON Schema of what ``totals_record`` gives."""
    return _list(
        {
            "act": TEXT,
            "area_id": TEXT,
            "period_start": TIME,
            "period_stop": TIME,
            "detected": number_or_null("true acts among the incidents that sensors detected, expected"),
            "estimate": number_or_null(
                "how many happened, seen or not; null: no source has a known probability"
            ),
            "lo95": number_or_null("lower end of its 95 % interval"),
            "hi95": number_or_null("upper end"),
            "blind_share": number_or_null(
                "share of the total that nobody could have seen, by the spread of acts"
            ),
            "reason_codes": TEXT_LIST,
        },
        "how many happened over the truce, by act and area",
    )


def worth_schema() -> Record:
    """JSON Schema of what ``worth_record`` gives."""
    return _list(
        {
            "source_id": TEXT,
            "act": TEXT,
            "bound_hi95": number_or_null("limit on what went unseen, acts spread as before"),
            "bound_without_hi95": number_or_null("the same without the source; null: none"),
            "width": number_or_null("width of the total's 95 % interval"),
            "width_without": number_or_null("the same without the source; null: no total"),
        },
        "what each source is worth: how much less would be known without it",
    )


def left_out_schema() -> Record:
    """JSON Schema of the value of ``reckoning_left_out``."""
    return _list(
        {
            "what": {"enum": ["totals", "worth_of_totals"]},
            "incidents": said(WHOLE, "how many there are"),
            "most": said(WHOLE, "up to how many it is reckoned"),
        },
        "what was not reckoned, since there are too many incidents; not there where nothing was left out",
    )


def bound_parts_schema() -> Record:
    """JSON Schema of what ``bound_parts_record`` gives."""
    light = {
        "oneOf": [
            whole_object(
                {
                    "detections": WHOLE,
                    **{
                        name: number_or_null("95 % limit")
                        for name in ("history_hi95", "worst_hi95", "evader_hi95")
                    },
                }
            ),
            {"type": "null"},
        ]
    }
    campaign = whole_object(
        {
            "seen_p": {"type": "number"},
            **{name: number_or_null("acts of which one would have been seen") for name in ("history", "worst", "evader")},
        }
    )  # fmt: skip
    return {
        "day": {**light, "description": "by day, 6 to 18 h"},
        "night": {**light, "description": "by night"},
        "campaign": {
            "oneOf": [campaign, {"type": "null"}],
            "description": "smallest number of acts of which at least one would have been seen",
        },
    }


def _list(properties: Record, meaning: str) -> Record:
    return {"type": "array", "items": whole_object(properties), "description": meaning}
