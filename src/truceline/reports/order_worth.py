"""The worth of an order as findings.json has it, and the JSON Schema of that."""

from __future__ import annotations

from typing import Any

from truceline.assurance.contrast import SideRatio
from truceline.base.intervals import format_time
from truceline.findings.order_worth import OrderWorth
from truceline.reports.schema_parts import TEXT, TEXT_LIST, TIME, number_or_null, said, whole_object

Record = dict[str, Any]


def order_worth_record(worth: OrderWorth | None) -> Record:
    """``{"order_worth": …}`` where there is something to tell, else nothing: other editions have no such key."""
    if worth is None:
        return {}
    found = worth.contrast
    return {
        "order_worth": {
            "series_id": worth.series_id,
            "period_start": format_time(worth.window.start),
            "period_stop": format_time(worth.window.stop),
            "acknowledged": _side(worth.acknowledged, found.first),
            "unacknowledged": _side(worth.unacknowledged, found.second),
            "left_out": list(worth.between),
            "ratio": found.ratio,
            "ratio_lo95": found.ratio_lo95,
            "ratio_hi95": found.ratio_hi95,
            "differs": found.differs,
            "before_ratio": found.before_ratio,
            "before_lo95": found.before_lo95,
            "before_hi95": found.before_hi95,
            "cannot_tell": found.reason_code or None,
            "put_aside": worth.put_aside,
        }
    }


def _side(sectors: tuple[str, ...], side: SideRatio) -> Record:
    return {
        "area_ids": list(sectors),
        "observed": side.observed,
        "expected": side.expected,
        "ratio": side.ratio,
        "ratio_lo95": side.ratio_lo95,
        "ratio_hi95": side.ratio_hi95,
    }


def order_worth_schema() -> Record:
    """JSON Schema of the value of ``order_worth``."""
    side = whole_object(
        {
            "area_ids": TEXT_LIST,
            "observed": number_or_null("counted in the window"),
            "expected": number_or_null("expected in the window, as before"),
            "ratio": number_or_null("counted over expected"),
            "ratio_lo95": number_or_null("lower end of its 95 % interval"),
            "ratio_hi95": number_or_null("upper end; null: none to speak of"),
        }
    )
    whole = whole_object(
        {
            "series_id": TEXT,
            "period_start": TIME,
            "period_stop": TIME,
            "acknowledged": said(side, "sectors where all groups had acknowledged before it"),
            "unacknowledged": said(side, "sectors where none had by its end"),
            "left_out": said(TEXT_LIST, "the other sectors"),
            "ratio": number_or_null(
                "ratio of the two ratios; below 1: fire fell by more where it was acknowledged"
            ),
            "ratio_lo95": number_or_null("lower end of its 95 % interval"),
            "ratio_hi95": number_or_null("upper end; null: none to speak of"),
            "differs": {"type": "boolean", "description": "whether the interval leaves out 1"},
            "before_ratio": number_or_null("the same over the end of the past, before any order"),
            "before_lo95": number_or_null("lower end"),
            "before_hi95": number_or_null("upper end"),
            "cannot_tell": {"type": ["string", "null"], "description": "why there is no ratio"},
            "put_aside": {
                "type": "integer",
                "minimum": 0,
                "description": "lines of the registers that do not hold",
            },
        }
    )
    return {**whole, "description": "what the order to cease fire was worth; of the mission edition alone"}
