"""Bins and periods of calendar months: they follow one another, and each has its own length."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from truceline.assurance.bins import make_bins
from truceline.base.intervals import Interval

ZONES = st.sampled_from(["UTC", "Asia/Kolkata", "America/Bogota", "Europe/Berlin", "Pacific/Apia"])
MOMENTS = st.datetimes(min_value=datetime(1995, 1, 1), max_value=datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


@given(zone=ZONES, first=MOMENTS, second=MOMENTS)
def test_months_cut_a_window_into_pieces_that_touch_and_fill_it(
    zone: str, first: datetime, second: datetime
) -> None:
    if first == second:
        return
    window = Interval(min(first, second), max(first, second))
    pieces = window.split_months(zone)
    assert pieces[0].start == window.start
    assert pieces[-1].stop == window.stop
    assert all(before.stop == after.start for before, after in pairwise(pieces))
    months = [piece.start.astimezone(ZoneInfo(zone)).strftime("%Y-%m") for piece in pieces]
    assert len(set(months)) == len(months)


@given(zone=ZONES, first=MOMENTS, second=MOMENTS, bin_months=st.integers(1, 4))
def test_bins_of_months_lie_inside_the_span_and_begin_at_local_midnight(
    zone: str, first: datetime, second: datetime, bin_months: int
) -> None:
    if first == second:
        return
    span = Interval(min(first, second), max(first, second))
    bins = make_bins(bin_h=24, bin_months=bin_months, zone=zone, window=span, span=span)
    assert all(span.covers(one) for one in bins)
    assert all(before.stop == after.start for before, after in pairwise(bins))
    for one in bins:
        local = one.start.astimezone(ZoneInfo(zone))
        assert (local.day, local.hour, local.minute) == (1, 0, 0)
        assert 28 * bin_months - 0.1 <= one.duration_h / 24 <= 31 * bin_months + 1.1
