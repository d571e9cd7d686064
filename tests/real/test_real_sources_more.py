"""Figures, posts and layers against the real files: numbers that were checked by hand."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from statistics import mean
from typing import Any
from zoneinfo import ZoneInfo

from fixtures_sources import read_real

from truceline.base.intervals import Interval
from truceline.schema.table import Record, records
from truceline.sources.source import Region, SourceTables

KYIV = ZoneInfo("Europe/Kyiv")
SMM = {
    "speaker": "OSCE SMM",
    "zone": "Europe/Kyiv",
    "period_columns": ["period_end_evening"],
    "length_column": "period_days",
    "date_names": "last",
    "day_starts_at": "19:30",
    "figures": [
        {"series": "cfv", "column": "donetsk_cfv", "unit": "sound or flash", "area": "donetsk"},
        {"series": "cfv", "column": "luhansk_cfv", "unit": "sound or flash", "area": "luhansk"},
    ],
}


def read(root: Path, name: str, patterns: list[str], first: date, last: date, **options: Any) -> SourceTables:
    span = Interval(*(datetime(day.year, day.month, day.day, tzinfo=UTC) for day in (first, last)))
    return read_real(
        root,
        name,
        patterns,
        options=options,
        span=span,
        window=span,
        parties=("A", "B"),
        acts=("fire",),
        area_by_name={"donetsk": "donetsk", "luhansk": "luhansk"},
        region=Region(west_deg=22, south_deg=44, east_deg=42, north_deg=53),
    )


def day_of(row: Record) -> str:
    """Local date in the middle of a window."""
    middle = row["window_start"] + (row["window_stop"] - row["window_start"]) / 2
    return str(middle.astimezone(KYIV).date())


# -- daily totals ------------------------------------------------------------------------------
def daily(root: Path, first: date, last: date, **options: Any) -> SourceTables:
    figures = [
        {"series": "acled", "column": "acled_events", "unit": "event", "speaker": "ACLED", **options},
        {"series": "ucdp", "column": "ucdp_events", "unit": "event with a death", "speaker": "UCDP"},
    ]
    return read(root, "figures", ["daily_events/*.json"], first, last, speaker="x", zone="Europe/Kyiv", figures=figures)  # fmt: skip


def test_events_fell_from_33_6_to_8_9_a_day_at_the_end_of_july_2020(shared_data: Path) -> None:
    tables = daily(shared_data, date(2020, 7, 1), date(2020, 9, 1))
    by_series: dict[str, dict[str, float]] = {"acled": {}, "ucdp": {}}
    for row in records(tables.counts):
        by_series[row["series"]][day_of(row)] = row["value"]

    def a_day(series: str, first: str, last: str) -> float:
        return round(mean(v for day, v in by_series[series].items() if first <= day <= last), 2)

    assert a_day("acled", "2020-07-13", "2020-07-26") == 33.64
    assert a_day("acled", "2020-07-27", "2020-08-09") == 8.86
    assert a_day("ucdp", "2020-07-13", "2020-07-26") == 0.57
    assert a_day("ucdp", "2020-07-27", "2020-08-09") == 0.07
    assert sum(account.rows_read for account in tables.files) == 3_470


def test_the_one_day_that_is_missing_is_told_and_is_no_zero(shared_data: Path) -> None:
    tables = daily(shared_data, date(2020, 10, 25), date(2020, 11, 10))
    days = [day_of(row) for row in records(tables.counts) if row["series"] == "acled"]
    assert "2020-11-01" not in days
    assert {"2020-10-31", "2020-11-02"} < set(days)
    assert any("acled: no row for 1 period between" in note and "2020-11-01" in note for note in tables.notes)


def test_zeros_of_years_that_were_not_collected_are_pointed_out(shared_data: Path) -> None:
    whole = daily(shared_data, date(2014, 1, 1), date(2025, 1, 1))
    (first, last) = [note for note in whole.notes if "are all zero" in note]
    assert "acled: the first" in first
    assert "acled: the last 18 numbers (from 2024-12-14)" in last
    # nor are they told where the case does not look
    assert not any("are all zero" in note for note in daily(shared_data, date(2020, 1, 1), date(2021, 1, 1)).notes)  # fmt: skip
    kept = daily(shared_data, date(2014, 1, 1), date(2025, 1, 1), first_date="2018-01-01", last_date="2024-12-13")  # fmt: skip
    assert not any("are all zero" in note for note in kept.notes)
    assert min(row["window_start"] for row in records(kept.counts) if row["series"] == "acled").year == 2017


# -- monitors' daily counts --------------------------------------------------------------------
def test_the_monitors_sample_keeps_its_evenings_weekends_and_gaps(shared_data: Path) -> None:
    tables = read(shared_data, "figures", ["osce_smm/*.csv"], date(2019, 1, 1), date(2021, 1, 1), **SMM)
    rows = records(tables.counts)
    assert sum(account.rows_read for account in tables.files) == 73
    assert {row["speaker_party_id"] for row in rows} == {row["accused_party_id"] for row in rows} == {None}
    assert {row["unit"] for row in rows} == {"sound or flash"}
    by_day = {(day_of(row), row["area_id"]): row["value"] for row in rows if row["part_of"] is None}
    assert by_day["2020-07-27", "donetsk"] == 111
    assert (by_day["2020-08-05", "donetsk"], by_day["2020-08-05", "luhansk"]) == (0, 0)
    assert ("2020-07-31", "donetsk") not in by_day
    hours = Counter(round((r["window_stop"] - r["window_start"]).total_seconds() / 3600) for r in rows)
    assert hours == {24: 2 * 68, 48: 2 * 5}
    assert {row["window_stop"].astimezone(KYIV).strftime("%H:%M") for row in rows} == {"19:30"}
    # two numbers of 24 hours stand inside weekends that have a number of their own
    assert sorted(row["value"] for row in rows if row["part_of"]) == [1, 8, 20, 34]
    assert [row["value"] for row in rows if row["relation"] == "≥"] == [98]
    assert any("no row for" in note and "Unknown, not zero" in note for note in tables.notes)


def test_rows_of_another_kind_can_be_left_out(shared_data: Path) -> None:
    tables = read(shared_data, "figures", ["osce_smm/*.csv"], date(2019, 1, 1), date(2021, 1, 1), keep={"value_kind": ["current", "previous", "derived", "mention", "previous_24h"], "period_days": ["1"]}, **SMM)  # fmt: skip
    rows = records(tables.counts)
    assert not any(row["part_of"] for row in rows)
    assert min(row["window_start"] for row in rows).year == 2020  # the partial day of 2019 is gone
    (account,) = tables.files
    assert (account.rows_used, account.rows_outside) == (67, 6)


# -- monthly counts ----------------------------------------------------------------------------
def test_a_strong_fall_that_lasts_by_one_sides_monthly_count(shared_data: Path) -> None:
    column = "ceasefire_violations_claimed_by_india"
    tables = read(
        shared_data, "figures", ["kashmir/mha*.csv"], date(2018, 1, 1), date(2021, 8, 1), speaker="Claimant", speaker_party="A", zone="Asia/Kolkata", period_columns=["month"], figures=[{"series": "cfv", "column": column, "unit": "violation as counted", "accused_party": "B"}],
    )  # fmt: skip
    rows = records(tables.counts)
    assert [row["value"] for row in rows[-8:]] == [437, 415, 380, 278, 0, 1, 3, 2]
    assert len(rows) == 42
    local = ZoneInfo("Asia/Kolkata")
    assert all(row["window_start"].astimezone(local).day == 1 for row in rows)
    assert all(a["window_stop"] == b["window_start"] for a, b in pairwise(rows))
    assert sum(row["value"] for row in rows if row["window_start"].astimezone(local).year == 2020) == 5133


def test_another_count_of_the_same_months_stays_apart(shared_data: Path) -> None:
    common = {"zone": "Asia/Kolkata", "period_columns": ["Month_wise"]}
    total = {"series": "media", "column": "Total_cfv", "unit": "incident in the press"}
    tables = read(shared_data, "figures", ["kashmir/cfv.csv"], date(2013, 1, 1), date(2021, 8, 1), speaker="Press", figures=[total], **common)  # fmt: skip
    assert len(tables.counts) == 84
    assert [row["value"] for row in records(tables.counts)][-3:] == [25, 22, 18]
    sectors = read(shared_data, "figures", ["kashmir/cfv_sectors_var.csv"], date(2013, 1, 1), date(2021, 8, 1), speaker="Press", figures=[total, {"series": "Poonch", "column": "Poonch", "unit": "incident in the press"}], **common)  # fmt: skip
    march = [row for row in records(sectors.counts) if row["window_start"] == datetime(2013, 2, 28, 18, 30, tzinfo=UTC)]  # fmt: skip
    # the total says 0 and the sector says nothing: an empty cell stays without a number
    assert {row["series"]: row["value"] for row in march} == {"media": 0, "Poonch": None}


# -- posts -------------------------------------------------------------------------------------
def posts(root: Path, file: str) -> SourceTables:
    return read(
        root, "channel_posts", [f"telegram_claims/{file}"], date(2024, 9, 1), date(2025, 5, 1), speaker="Channel", zone="UTC", time_column="datetime", text_column="text_snippet", words={"all": [], "truce": ["перемири", "режим прекращения огня", "тиша у відповідь"]},
    )  # fmt: skip


def test_posts_of_a_channel_by_day_and_by_word(shared_data: Path) -> None:
    tables = posts(shared_data, "mod_russia_clean.csv")
    assert sum(account.rows_used for account in tables.files) == 1_573
    by_day = {(row["series"], str(row["window_start"].date())): row["value"] for row in records(tables.counts)}  # fmt: skip
    assert [by_day["all", f"2025-04-{day}"] for day in range(17, 23)] == [7, 7, 6, 1, 5, 7]
    # the summary of 21 April has no word `truce` and is found by what it says instead
    assert [by_day["truce", f"2025-04-{day}"] for day in (19, 20, 21)] == [1, 1, 1]
    assert not tables.coverage
    assert any("cut at 400 characters (716 of 1573" in note for note in tables.notes)


def test_days_without_a_post_are_not_reported(shared_data: Path) -> None:
    tables = posts(shared_data, "dronbomber_v2.csv")
    days = {str(row["window_start"].date()) for row in records(tables.counts)}
    silent = sum((row["window_stop"] - row["window_start"]).days for row in records(tables.coverage))
    assert len(days) + silent == 242
    assert silent == 25
    assert any("cut at 500 characters (303 of 871" in note for note in tables.notes)


# -- layers ------------------------------------------------------------------------------------
def test_layers_survive_features_without_geometry(shared_data: Path) -> None:
    (shared,) = {feature["properties"]["layer_type"] for path in (shared_data / "isw_kursk").glob("*.geojson") for feature in json.loads(path.read_text())["features"]}  # fmt: skip
    tables = read(shared_data, "control_layers", ["isw_kursk/*.geojson"], date(2024, 9, 1), date(2025, 5, 1), layers={shared: {"holder_party": "A", "shows": "advances"}})  # fmt: skip
    assert len(tables.control) == 34
    assert not any(account.left_out for account in tables.files)
    nulls = [problem for problem in tables.problems if problem.code == "geometry_null"]
    assert len(nulls) == 22
    assert any(note.endswith("no geometry, which show nothing: 25.") for note in tables.notes)
    assert any("its edge is no line of contact" in note for note in tables.notes)
    assert {row["status"] for row in records(tables.control)} <= {"first", "update", "repeat"}
