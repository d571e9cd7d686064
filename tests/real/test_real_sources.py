"""The source plug-ins against the real files: row counts and figures that were checked by hand."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fixtures_sources import read_real

from truceline.base.intervals import Interval
from truceline.schema.table import records
from truceline.sources.source import Region, SourceTables

KYIV = ZoneInfo("Europe/Kyiv")
SPAN = Interval(datetime(2025, 3, 1, tzinfo=KYIV), datetime(2025, 5, 1, tzinfo=KYIV))
WINDOW = Interval(datetime(2025, 4, 19, 18, tzinfo=KYIV), datetime(2025, 4, 21, tzinfo=KYIV))
RU_TOTAL = {
    "claimant": "RU MoD",
    "measure": "all violations",
    "window": ["2025-04-19T18:00+03:00", "2025-04-21T00:00+03:00"],
}
RU_PARTS = ["shellings", "quadcopter strikes", "attack attempts", "shellings of border areas", "FPV strikes on border areas", "ammunition drops on border areas", "drones used"]  # fmt: skip


def read(root: Path, name: str, patterns: list[str], *, areas: list[str] | None = None, **options: Any) -> SourceTables:  # fmt: skip
    return read_real(
        root,
        name,
        patterns,
        options=options,
        span=SPAN,
        window=WINDOW,
        parties=("RU", "UA"),
        acts=("air", "shelling"),
        area_by_name={area.casefold(): area for area in areas or []},
        region=Region(west_deg=22, south_deg=44, east_deg=42, north_deg=52.6),
    )


def local_day(moment: datetime) -> str:
    return moment.astimezone(KYIV).date().isoformat()[5:]


@pytest.fixture(scope="module")
def sirens(shared_data: Path) -> SourceTables:
    import gzip

    path = shared_data / "ua_sirens/alerts_oblast.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as handle:
        areas = sorted({row["region"] for row in csv.DictReader(handle)})
    assert len(areas) == 24
    return read(shared_data, "oblast_sirens", ["ua_sirens/*.gz"], areas=areas, act="air", accused_party="RU")


def test_five_alerts_start_in_the_window(sirens: SourceTables) -> None:
    assert sum(account.rows_read for account in sirens.files) == 54_239
    starts = [row for row in records(sirens.observations) if row["occurred_from"] in WINDOW]
    assert Counter(row["area_id"] for row in starts) == Counter(
        ["Zaporizka oblast", "Donetska oblast", "Kyiv City", "Kyivska oblast", "Dnipropetrovska oblast"]
    )
    by_day = Counter(local_day(row["occurred_from"]) for row in records(sirens.observations))
    assert [by_day[day] for day in ("04-18", "04-19", "04-20", "04-21")] == [84, 27, 1, 45]
    in_span = [row for row in records(sirens.observations) if row["occurred_from"] in SPAN]
    assert len(in_span) == 2_316


def test_two_regions_are_under_a_merged_alert(sirens: SourceTables) -> None:
    assert len(sirens.notes) == 2
    assert "24.5 of the window's 30.0 hours" in sirens.notes[0]
    assert "30.0 of the window's 30.0 hours" in sirens.notes[1]


@pytest.mark.parametrize("vintage", ["latest", "2025-05-15", "jgYro"])
def test_launches_by_day_are_the_same_in_every_late_vintage(shared_data: Path, vintage: str) -> None:
    tables = read(
        shared_data,
        "air_waves",
        ["ua_missile_drone_attacks/*.csv"],
        act="air",
        speaker="Air Force",
        zone="Europe/Kyiv",
        vintage=vintage,
        model_dictionary="missiles_and_uavs.csv",
    )
    rows = records(tables.counts)
    assert {row["vintage"] for row in rows} == {"2026-06-21_cut2025" if vintage == "latest" else vintage}
    launched: Counter[str] = Counter()
    for row in rows:
        if row["series"] == "launched" and row["window_start"] in SPAN:
            launched[local_day(row["window_start"])] += row["value"]
    assert [launched[f"04-{day}"] for day in range(14, 19)] == [64, 100, 80, 45, 105]
    assert [launched[f"04-{day}"] for day in range(21, 26)] == [161, 219, 154, 176, 123]
    assert len(launched) == 59
    assert median(launched.values()) == 118
    (empty,) = [note for note in tables.notes if note.startswith("No row begins")]
    assert "2025-04-19 (a wave begun before reaches into it), 2025-04-20." in empty
    assert "source_outside_window" in {problem.code for problem in tables.problems}


def test_the_first_vintage_ends_before_april(shared_data: Path) -> None:
    tables = read(
        shared_data, "air_waves", ["ua_missile_drone_attacks/*vintage*"], speaker="s", zone="Europe/Kyiv"
    )
    (first,) = [note for note in tables.notes if note.startswith("Vintage 2025-04-11 →")]
    assert "0 added, 0 with other numbers or times, 0 withdrawn" in first
    assert "108 lie after" in first


def losses(root: Path, **options: Any) -> dict[tuple[str, str], dict[str, Any]]:
    tables = read(
        root,
        "cumulative_losses",
        ["ua_genstaff_loss_claims/*.json"] if options else ["ua_genstaff_loss_claims/*[lt].json"],
        fields=["field artillery", "drone", "personnel", "MRL"],
        speaker="General Staff",
        speaker_party="UA",
        about_party="RU",
        zone="Europe/Kyiv",
        **options,
    )
    return {(row["series"], local_day(row["window_start"])): row for row in records(tables.counts)}


def test_claimed_losses_stand_on_the_day_described(shared_data: Path) -> None:
    rows = losses(shared_data)
    days = ("04-18", "04-19", "04-20", "04-21")
    assert [rows["field artillery", day]["value"] for day in days] == [70, 49, 10, 30]
    assert [rows["drone", day]["value"] for day in days] == [111, 64, 30, 118]
    assert [rows["personnel", day]["value"] for day in days] == [1180, 950, 670, 1290]
    assert rows["personnel", "04-20"]["relation"] == "≈"
    assert rows["MRL", "04-21"]["value"] is None  # below zero: no count
    assert median(row["value"] for (series, _), row in rows.items() if series == "field artillery") == 51.5
    assert ("drone", "04-30") not in rows  # needs the report of 1 May


def test_declared_corrections_are_taken_off(shared_data: Path) -> None:
    rows = losses(shared_data, correction_file="*correction*")
    values = {series: rows[series, "04-21"]["value"] for series in ("field artillery", "personnel", "MRL")}
    assert values == {"field artillery": 26, "personnel": 1130, "MRL": 0}
    assert rows["drone", "04-04"]["note"].count("correction") == 1


def ledger(root: Path, **options: Any) -> SourceTables:
    speakers = {
        "Zelensky citing Syrskyi": "UA",
        "UA General Staff": "UA",
        "UA Air Force": "UA",
        "UA MFA Tykhyi": "UA",
        "RU MoD": "RU",
        "RU MFA Polishchuk": "RU",
    }
    return read(
        root, "claims_ledger", ["claims_ledger/*.csv"], speakers=speakers, zone="Europe/Kyiv", **options
    )


def test_the_parts_of_both_totals_are_linked_and_sum(shared_data: Path) -> None:
    staff = [
        {"claimant": "UA General Staff", "measure": measure}
        for measure in ("combat clashes", "shellings", "kamikaze drones")
    ]
    totals = [
        {"total": RU_TOTAL, "parts": RU_PARTS},
        {"total": {"claimant": "Zelensky citing Syrskyi", "measure": "all violations"}, "parts": staff},
    ]
    tables = ledger(shared_data, truce="easter_2025", totals=totals)
    assert not tables.problems
    rows = records(tables.claims)
    assert len(rows) == 27
    by_id = {row["claim_id"]: row for row in rows}
    sums: Counter[float] = Counter()
    for row in rows:
        if row["part_of"]:
            sums[by_id[row["part_of"]]["value"]] += row["value"]
    assert sums == {4900.0: 4900, 2935.0: 2935}
    assert Counter(row["kind"] for row in rows) == {
        "opponent_count": 24,
        "opponent_concession": 1,
        "own_report": 2,
    }
    assert sorted(row["value"] for row in rows if row["kind"] == "own_report") == [2, 25]
    assert all(row["url"].startswith("https://") for row in rows)
    assert {row["value"] for row in rows if row["relation"] == "≥"} == {1300}
    assert {row["value"] for row in rows if row["window_precision"] == "approximate"} == {444, 1300}


def test_the_energy_claims_have_bounds_and_open_windows(shared_data: Path) -> None:
    rows = {row["value"]: row for row in records(ledger(shared_data, truce="energy_2025").claims)}
    assert {value: (row["relation"], row["window_precision"]) for value, row in rows.items()} == {
        30: ("≥", "date_only"),
        60: ("≥", "open"),
        6: ("=", "date_only"),
    }


def test_news_by_day_and_what_is_carried_over(shared_data: Path) -> None:
    tables = read(shared_data, "viina", ["viina_events/*.csv"], zone="Europe/Kyiv")
    assert sum(account.rows_read for account in tables.files) == 34_063
    by_day = Counter(local_day(row["occurred_from"]) for row in records(tables.observations))
    assert [by_day[day] for day in ("04-18", "04-19", "04-20", "04-21")] == [125, 121, 76, 107]
    n_repeated = sum(account.rows_repeated for account in tables.files)
    assert len(tables.observations) + n_repeated == pytest.approx(8_979)
    assert "repeat headline and place of the day before" in tables.notes[0]


def test_fires_and_the_days_that_are_whole(shared_data: Path) -> None:
    tables = read(
        shared_data,
        "firms",
        ["firms_modis_ua/firms*.csv", "firms_modis_ua/daily_2025.csv"],
        completeness_file="daily_2025.csv",
    )
    rows = records(tables.observations)
    assert len(rows) == 1_692
    by_day = Counter(row["occurred_from"].date().isoformat()[5:] for row in rows)
    assert [by_day[f"04-{day}"] for day in (18, 19, 20, 21, 22)] == [288, 1, 255, 302, 0]
    coverage = {row["window_start"].date().isoformat(): row for row in records(tables.coverage)}
    assert len(coverage) == 62  # 28 February to 30 April, UTC
    assert sum(row["available_share"] for row in coverage.values()) == 16
    assert {coverage[f"2025-04-{day}"]["reason"] for day in (19, 22)} == {"no_data"}
    assert coverage["2025-04-20"]["reason"] == "watched"


def test_easter_was_clear_in_the_east(shared_data: Path) -> None:
    tables = read(
        shared_data,
        "cloud_cover",
        ["cloud_cover/*.csv"],
        areas=["country", "east"],
        of_source="fires",
        columns={"cloud_cover_country": "country", "cloud_cover_east": "east"},
        zone="Europe/Kyiv",
    )
    assert len(tables.coverage) == 98
    share = {
        (row["area_id"], local_day(row["window_start"])): row["available_share"]
        for row in records(tables.coverage)
    }
    assert share["east", "04-20"] == 0.8773
    assert "12 days of the span" in tables.notes[0]  # 1 to 12 March


def test_maps_of_control_and_their_repeats(shared_data: Path) -> None:
    tables = read(shared_data, "control_polygons", ["deepstate/*.geojson"], holder_party="RU")
    rows = records(tables.control)
    assert len(rows) == 59
    repeats = [row["map_time"].date().isoformat()[5:] for row in rows if row["status"] == "repeat"]
    assert repeats == ["03-02", "03-06", "03-08", "03-09", "03-10", "03-23", "03-29", "04-03", "04-09", "04-27", "04-29"]  # fmt: skip
    assert all(row["map_time"].hour == 3 for row in rows)


def test_a_frozen_line_is_told_by_shape(shared_data: Path) -> None:
    tables = read(shared_data, "liveuamap_lines", ["nzz_liveuamap_lines/*"], holder_party="RU")
    rows = {row["map_time"].date().isoformat()[5:]: row for row in records(tables.control)}
    assert len(rows) == 52
    assert rows["04-17"]["status"] == "update"
    assert [rows[f"04-{day}"]["status"] for day in range(18, 24)] == ["repeat"] * 5 + ["update"]
    assert rows["04-17"]["shape_digest"] == rows["04-18"]["shape_digest"]
    assert rows["04-17"]["raw_digest"] != rows["04-18"]["raw_digest"]
    n_repeats = sum(row["status"] == "repeat" for row in rows.values())
    assert n_repeats == 17 + 18  # dates that reuse a file, and files that draw the same


def test_the_general_reader_reads_the_same_news(shared_data: Path) -> None:
    tables = read(
        shared_data,
        "table",
        ["viina_events/*2025*.csv"],
        table="observations",
        zone="Europe/Kyiv",
        columns={
            "time": "datetime",
            "longitude_deg": "lon",
            "latitude_deg": "lat",
            "place_name": "place_name",
            "text": "headline",
        },
        constants={"position_sd_m": 5000},
    )
    assert len(tables.observations) == 8_973
