"""Laws of the sources that read documents and figures: order, repetition, silence, privacy."""

from __future__ import annotations

import csv
import io
import json
import math
import random
import re
import shutil
import unicodedata
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from truceline.base.errors import InputError, Problem
from truceline.base.intervals import Interval
from truceline.schema import TABLES
from truceline.schema.table import Record, records
from truceline.sources.figure_counts import link_nested
from truceline.sources.figures import Figures
from truceline.sources.periods import Days, PeriodError, days_window, next_days, read_days
from truceline.sources.post_words import compile_pattern, cut_length, normal_text
from truceline.sources.sighting_sectors import sector_middle
from truceline.sources.sighting_words import Band, read_bearing, read_distance
from truceline.sources.source import SOURCES, FileRead, InputFile, ReadContext, Region, SourceTables

SAMPLES = Path(__file__).parents[1] / "conformance" / "samples"
PLUGINS = ["channel_posts", "control_layers", "feed", "figures", "quakeml", "sensorthings", "sightings", "survey"]  # fmt: skip
KINDS = ("observations", "counts", "coverage", "control", "claims")
SPAN = Interval(datetime(2031, 5, 1, tzinfo=UTC), datetime(2031, 5, 11, tzinfo=UTC))
every_plugin = pytest.mark.parametrize("name", PLUGINS)


def facts_of(name: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((SAMPLES / name / "sample.json").read_text(encoding="utf-8"))
    return facts


def copy_sample(name: str, folder: Path) -> list[Path]:
    shutil.copytree(SAMPLES / name, folder, dirs_exist_ok=True)
    return [folder / file for file in facts_of(name)["files"]]


def read(
    name: str, files: list[Path], *, span: Interval = SPAN, regions: bool = True, **options: Any
) -> SourceTables:
    plugin = SOURCES.get(name)
    assert plugin is not None
    context = ReadContext(
        source_id="src",
        files=tuple(InputFile(path, label=f"data:{path.name}") for path in files),
        span=span,
        window=span,
        parties=("a", "b"),
        acts=("air", "shelling"),
        area_by_name={"north": "north", "south": "south"},
        region=Region(west_deg=10, south_deg=40, east_deg=20, north_deg=50) if regions else None,
    )
    tables = plugin(plugin.Options.model_validate(options or facts_of(name)["options"])).read(context)
    for kind in KINDS:
        TABLES[kind].check(getattr(tables, kind))
    return tables


def content(tables: SourceTables) -> dict[str, list[str]]:
    out = {}
    for kind in KINDS:
        rows = records(getattr(tables, kind))
        out[kind] = [
            repr({k: v for k, v in row.items() if k not in ("raw_row", "raw_digest")}) for row in rows
        ]
    return out


def shuffle(path: Path, rng: random.Random) -> None:
    """Put the records of a file into another order, whatever its format."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".csv":
        header, *rows = text.splitlines(keepends=True)
        rng.shuffle(rows)
        path.write_text(header + "".join(rows), encoding="utf-8")
    elif path.suffix in (".json", ".geojson"):
        value = json.loads(text)
        lists = [value] if isinstance(value, list) else [v for v in value.values() if isinstance(v, list)]
        for one in lists:
            rng.shuffle(one)
        path.write_text(json.dumps(value), encoding="utf-8")
    else:
        tag = next(tag for tag in ("event", "item", "entry") if f"<{tag}" in text)
        parts = re.findall(rf"<{tag}[ >].*?</{tag}>", text, re.DOTALL)
        start, stop = text.index(parts[0]), text.rindex(parts[-1]) + len(parts[-1])
        rng.shuffle(parts)
        path.write_text(text[:start] + "\n".join(parts) + text[stop:], encoding="utf-8")


# -- every plug-in -----------------------------------------------------------------------------
@every_plugin
def test_the_order_of_files_and_records_is_irrelevant(name: str, tmp_path: Path) -> None:
    files = copy_sample(name, tmp_path)
    before = content(read(name, files))
    for seed in range(4):
        rng = random.Random(seed)
        for path in files:
            shuffle(path, rng)
        mixed = rng.sample(files, len(files))
        assert content(read(name, mixed)) == before


@every_plugin
def test_a_repeated_file_adds_nothing(name: str, tmp_path: Path) -> None:
    if name == "control_layers":
        pytest.skip("two maps of one date are a fault, told elsewhere")
    files = copy_sample(name, tmp_path)
    before = content(read(name, files))
    rng = random.Random(1)
    twins = []
    for path in files:
        twin = path.with_name(f"z{path.name}")  # other bytes, the same records
        shutil.copy(path, twin)
        shuffle(twin, rng)
        twins.append(twin)
    if name == "figures":
        twins = [twin for twin in twins if twin.name == "zmonthly.csv"]  # the other is bound to its name
    after = content(read(name, [*files, *twins]))
    strip = [
        {kind: [re.sub(r"'raw_file': '[^']*'", "", row) for row in rows] for kind, rows in one.items()}
        for one in (before, after)
    ]
    assert strip[0] == strip[1]


@every_plugin
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(st.binary(max_size=400), st.text(max_size=200).map(lambda text: text.encode())))
def test_any_bytes_are_read_or_refused_and_never_crash(name: str, content: bytes, tmp_path: Path) -> None:
    facts = facts_of(name)
    path = tmp_path / facts["main"]
    path.write_bytes(content)
    problems: list[Problem] = []
    accounts: list[FileRead] = []
    try:
        accounts = read(name, [path]).files
    except InputError as error:
        problems = error.problems
    assert all(str(problem) and problem.file for problem in problems)
    for account in accounts:
        parts = (account.rows_used, account.rows_outside, account.rows_repeated, account.rows_quarantined)
        assert account.left_out or account.rows_read == sum(parts)


@pytest.mark.parametrize("name", ["feed", "quakeml"])
def test_entities_are_never_unfolded(name: str, tmp_path: Path) -> None:
    names = "abcdefghij"
    inner = "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in pairwise(names))
    bomb = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "boom">{inner}]><rss version="2.0"><channel><item><guid>1</guid><title>&j;</title></item></channel></rss>'
    (tmp_path / "bomb.xml").write_text(bomb, encoding="utf-8")
    with pytest.raises(InputError, match="entities"):
        read(name, [tmp_path / "bomb.xml"])
    outside = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><rss version="2.0"><channel><item><title>&a;</title></item></channel></rss>'
    (tmp_path / "bomb.xml").write_text(outside, encoding="utf-8")
    with pytest.raises(InputError, match="entities"):
        read(name, [tmp_path / "bomb.xml"])


# -- figures -----------------------------------------------------------------------------------
FIGURE = {"series": "s", "column": "n", "unit": "shot"}


def figures(tmp_path: Path, rows: list[tuple[str, str]], **options: Any) -> SourceTables:
    path = tmp_path / "t.csv"
    path.write_text("date,n\n" + "".join(f'"{when}","{n}"\n' for when, n in rows), encoding="utf-8")
    chosen = {"figures": [FIGURE], "speaker": "x", "zone": "Europe/Berlin", **options}
    return read("figures", [path], span=Interval(datetime(2030, 1, 1, tzinfo=UTC), datetime(2033, 1, 1, tzinfo=UTC)), **chosen)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(st.integers(0, 5000), min_size=3, max_size=20),
    gone=st.sets(st.integers(1, 18), max_size=6),
)
def test_a_missing_day_is_neither_a_zero_nor_a_row(values: list[int], gone: set[int], tmp_path: Path) -> None:
    day = date(2031, 5, 1)
    gone = {place for place in gone if place < len(values) - 1}
    rows = [
        ((day + timedelta(days=place)).isoformat(), str(value))
        for place, value in enumerate(values)
        if place not in gone
    ]
    tables = figures(tmp_path, rows)
    assert [row["value"] for row in records(tables.counts)] == [float(value) for _, value in rows]
    assert bool(gone) == any("Unknown, not zero" in note for note in tables.notes)
    filled = figures(tmp_path, rows, absent_is_zero=True, basis="The table lists days with fire alone.")
    assert filled.counts.num_rows == len(values)
    zeros = [row for row in records(filled.counts) if row["raw_row"] == 0]
    assert len(zeros) == len(gone)
    assert all(row["value"] == 0 and "days with fire alone" in row["note"] for row in zeros)


def test_an_absent_row_is_zero_only_on_a_stated_ground() -> None:
    with pytest.raises(ValidationError, match="basis"):
        Figures.Options.model_validate({"figures": [FIGURE], "speaker": "x", "zone": "UTC", "absent_is_zero": True})  # fmt: skip


def test_an_empty_cell_gives_no_number(tmp_path: Path) -> None:
    tables = figures(tmp_path, [("2031-05-01", "3"), ("2031-05-02", ""), ("2031-05-03", "0")])
    assert [row["value"] for row in records(tables.counts)] == [3.0, None, 0.0]


def test_two_numbers_for_one_window_are_both_put_aside(tmp_path: Path) -> None:
    tables = figures(tmp_path, [("2031-05-01", "3"), ("1 May 2031", "4"), ("2031-05-02", "5")])
    assert [row["value"] for row in records(tables.counts)] == [5.0]
    assert {bad.problems[0].code for bad in tables.quarantined} == {"id_repeated"}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.integers(1, 4), st.integers(0, 99)), min_size=2, max_size=12))
def test_differences_of_running_totals_sum_to_the_rise(steps: list[tuple[int, int]], tmp_path: Path) -> None:
    day, total, rows = date(2031, 5, 1), 10, []
    for days, rise in steps:
        day, total = day + timedelta(days=days), total + rise
        rows.append((day.isoformat(), str(total)))
    made = records(figures(tmp_path, rows, numbers="differences").counts)
    assert sum(row["value"] for row in made) == total - int(rows[0][1])
    assert all(a["window_stop"] == b["window_start"] for a, b in pairwise(made))
    assert not any(row["cumulative"] for row in made)
    kept = records(figures(tmp_path, rows, numbers="running_total", since="2031-04-01").counts)
    assert all(row["cumulative"] for row in kept)


def test_a_number_inside_a_longer_window_is_a_part_of_it() -> None:
    def row(name: str, first: int, last: int) -> Record:
        at = [datetime(2031, 5, day, tzinfo=UTC) for day in (first, last)]
        return {"count_id": name, "window_start": at[0], "window_stop": at[1], "value": 1.0, "part_of": None}

    rows = [row("d", 4, 5), row("whole", 1, 4), row("a", 1, 2), row("c", 3, 4)]
    link_nested(rows)
    assert {one["count_id"]: one["part_of"] for one in rows} == {"whole": None, "a": "whole", "c": "whole", "d": None}  # fmt: skip


def test_claimants_of_one_month_stay_apart(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("month,n\n2031-05,437\n", encoding="utf-8")
    (tmp_path / "two.csv").write_text("month,n\nMay 2031,12\n", encoding="utf-8")
    both = [{**FIGURE, "file": "one.csv", "speaker": "A", "speaker_party": "a", "accused_party": "b"}, {**FIGURE, "file": "two.csv", "speaker": "B", "speaker_party": "b", "accused_party": "a"}]  # fmt: skip
    tables = read("figures", [tmp_path / "one.csv", tmp_path / "two.csv"], figures=both, speaker="x", zone="Asia/Kolkata", period_columns=["month"])  # fmt: skip
    assert {(row["speaker"], row["value"]) for row in records(tables.counts)} == {("A", 437.0), ("B", 12.0)}
    assert {row["window_start"] for row in records(tables.counts)} == {datetime(2031, 4, 30, 18, 30, tzinfo=UTC)}  # fmt: skip


# -- periods -----------------------------------------------------------------------------------
@given(day=st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_every_way_to_write_a_day_names_that_day(day: date) -> None:
    ways = [day.isoformat(), f"{day:%d %b %Y}", f"{day:%d-%B-%Y}", f"{day:%b %d, %Y}", f"{day.isoformat()}T00:00:00"]  # fmt: skip
    assert {read_days(way) for way in ways} == {Days(day, day)}
    until = read_days(f"until {day:%d %b %Y}")
    assert (until.first, until.last) == (day.replace(day=1), day)
    week = day.isocalendar()
    assert day in (lambda days: [days.first + timedelta(days=k) for k in range(7)])(read_days(f"{week.year}-W{week.week:02d}"))  # fmt: skip


@given(year=st.integers(1900, 2100), zone=st.sampled_from(["Europe/Kyiv", "America/Bogota", "Asia/Kolkata"]))
def test_months_tile_the_year_without_gap_or_overlap(year: int, zone: str) -> None:
    months = [read_days(f"{year}-{month:02d}") for month in range(1, 13)]
    assert all(next_days(a) == b for a, b in pairwise(months))
    windows = [days_window(month, zone) for month in months]
    whole = days_window(read_days(str(year)), zone)
    assert (windows[0].start, windows[-1].stop) == (whole.start, whole.stop)
    assert all(a.stop == b.start for a, b in pairwise(windows))
    quarters = [read_days(f"{year}-Q{k}") for k in range(1, 5)]
    assert [q.first for q in quarters] == [months[k].first for k in (0, 3, 6, 9)]


@pytest.mark.parametrize("text", ["", "yesterday", "2031-13", "31 Feb 2031", "2031-02-30", "20310505", "5.5.31", "0000", "Brumaire 2031", "24-3 Feb 2031"])  # fmt: skip
def test_what_names_no_period_is_refused(text: str) -> None:
    with pytest.raises(PeriodError):
        read_days(text)


def test_an_evening_to_evening_day_may_be_named_by_its_end() -> None:
    one = read_days("2020-07-27")
    ends = days_window(one, "Europe/Kyiv", day_starts_min=19 * 60 + 30, named_by_last=True)
    begins = days_window(one, "Europe/Kyiv", day_starts_min=19 * 60 + 30)
    assert ends == Interval(datetime(2020, 7, 26, 16, 30, tzinfo=UTC), datetime(2020, 7, 27, 16, 30, tzinfo=UTC))  # fmt: skip
    assert begins.start == ends.stop


# -- posts -------------------------------------------------------------------------------------
def posts(tmp_path: Path, rows: list[tuple[str, str]], **options: Any) -> SourceTables:
    path = tmp_path / "posts.csv"
    out = io.StringIO()
    csv.writer(out).writerows([("date", "text"), *rows])
    path.write_text(out.getvalue(), encoding="utf-8")
    chosen = {"speaker": "x", "accused_party": "b", "zone": "UTC", "words": {"shells": ["shell", "обстріл"]}, **options}  # fmt: skip
    return read("channel_posts", [path], **chosen)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days=st.sets(st.integers(1, 10), min_size=1))
def test_a_day_without_a_post_is_not_reported_and_no_zero(days: set[int], tmp_path: Path) -> None:
    rows = [(f"2031-05-{day:02d} 12:00", "a word" if day % 2 else "Shells") for day in sorted(days)]
    tables = posts(tmp_path, rows)
    counted = {row["window_start"].day: row["value"] for row in records(tables.counts)}
    assert counted == {day: float(day % 2 == 0) for day in days}
    silent = {
        row["window_start"] + timedelta(days=k)
        for row in records(tables.coverage)
        for k in range((row["window_stop"] - row["window_start"]).days)
    }
    assert {moment.day for moment in silent} == set(range(1, 11)) - days
    assert {row["reason"] for row in records(tables.coverage)} <= {"not_reported"}
    whole = posts(tmp_path, rows, complete_basis="Exported whole by its owner.")
    inner = set(range(min(days) + 1, max(days))) - days
    assert {row["window_start"].day: row["value"] for row in records(whole.counts)} == {**counted, **dict.fromkeys(inner, 0.0)}  # fmt: skip


@given(
    text=st.text(max_size=60),
    word=st.sampled_from(["shell", "обстріл", "перемирие", "إطلاق", "Straße", "İstanbul", "ё"]),
)
def test_case_and_unicode_form_do_not_change_what_is_found(text: str, word: str) -> None:
    pattern = compile_pattern(re.escape(word))
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        for changed in (word, word.lower(), word.casefold()):
            assert pattern.search(normal_text(unicodedata.normalize(form, f"{text} {changed} {text}")))


def test_a_cut_is_told_and_texts_of_many_lengths_are_not_called_cut() -> None:
    rng = random.Random(0)
    whole = ["x" * rng.randint(20, 900) for _ in range(400)]
    assert cut_length(whole) is None
    assert cut_length([text[:400] for text in whole]) == (400, sum(len(text) >= 400 for text in whole))
    assert cut_length([]) is None


def test_a_post_counts_once_however_often_its_words_stand_in_it(tmp_path: Path) -> None:
    tables = posts(tmp_path, [("2031-05-05 12:00", "shells, SHELLS and обстріл")])
    assert [row["value"] for row in records(tables.counts)] == [1.0]


def test_claims_of_posts_carry_the_side_of_the_speaker(tmp_path: Path) -> None:
    claim = {"pattern": r"(?P<value>\d[\d,]*) shells", "measure": "shells", "window_h": 24}
    rows = [("2031-05-05 12:00", "1,300 Shells fell, 12 shells yesterday")]
    (one, two) = records(posts(tmp_path, rows, claims=[claim], speaker_party="a").claims)
    assert {one["value"], two["value"]} == {1300.0, 12.0}
    assert {row["kind"] for row in (one, two)} == {"opponent_count"}
    assert one["window_stop"] == datetime(2031, 5, 5, 12, tzinfo=UTC)
    assert records(posts(tmp_path, rows, claims=[claim], speaker_party="b").claims)[0]["kind"] == "own_report"
    assert records(posts(tmp_path, rows, claims=[claim]).claims)[0]["kind"] == "third_party_count"


# -- sightings ---------------------------------------------------------------------------------
POINTS = ["N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"]


@given(first=st.integers(0, 15), second=st.integers(0, 15))
def test_a_sector_holds_both_its_points_and_does_not_depend_on_their_order(first: int, second: int) -> None:
    band = read_bearing(f"{POINTS[first]} to {POINTS[second]}")
    other = read_bearing(f"{POINTS[second]}-{POINTS[first]}")
    assert band is not None
    assert other is not None
    assert band.high is not None
    assert 0 <= band.low < 360
    assert 0 < band.high - band.low <= 360
    assert (band.low, band.high) == (other.low, other.high)
    for place in (first, second):
        assert any(band.low <= place * 22.5 + lap <= band.high for lap in (0, 360))
    turn = min((second - first) % 16, (first - second) % 16) * 22.5
    edges = sum(11.25 if len(POINTS[place]) == 3 else 22.5 for place in (first, second))
    assert math.isclose(band.high - band.low, 360 if turn == 180 else max(turn + edges, *(22.5 * (1 + (len(POINTS[p]) < 3)) for p in (first, second))))  # fmt: skip


@given(near=st.integers(100, 9000), width=st.integers(0, 9000))
def test_a_distance_is_the_same_in_metres_and_kilometres(near: int, width: int) -> None:
    metres = read_distance(f"{near}-{near + width}m", single_share=0.25)
    kilometres = read_distance(f"{near / 1000}-{(near + width) / 1000} km", single_share=0.25)
    assert metres is not None
    assert kilometres is not None
    assert metres.low == pytest.approx(kilometres.low)
    assert metres.high == pytest.approx(kilometres.high)


@pytest.mark.parametrize(("near", "far", "low", "high"), [(3000, 5000, 180, 247.5), (0, 1000, 337.5, 382.5), (800, 1000, 10, 200)])  # fmt: skip
def test_the_middle_of_a_sector_is_that_of_points_drawn_in_it(
    near: float, far: float, low: float, high: float
) -> None:
    rng = np.random.default_rng(5)
    r = np.sqrt(rng.uniform(near**2, far**2, 400_000))
    angle = np.radians(rng.uniform(low, high, 400_000))
    east, north = r * np.sin(angle), r * np.cos(angle)
    mean_m, sd_m, towards = sector_middle(Band(near, far), Band(low, high))
    assert mean_m == pytest.approx(math.hypot(east.mean(), north.mean()), rel=5e-3)
    assert sd_m == pytest.approx(math.sqrt((east.var() + north.var()) / 2), rel=5e-3)
    assert towards == pytest.approx(math.degrees(math.atan2(east.mean(), north.mean())) % 360, abs=0.5)


def test_two_posts_that_hear_one_salvo_are_two_looks(tmp_path: Path) -> None:
    table = 'Position,Event location,No.,Observation,"Date, time"\n' + "".join(
        f'{post},2-3km N,multiple,Explosion,"2031-05-05, 20:15"\n' for post in ("Hill", "Mill")
    )
    (tmp_path / "t.csv").write_text(table, encoding="utf-8")
    rows = records(read("sightings", [tmp_path / "t.csv"], zone="UTC").observations)
    assert len({row["look_id"] for row in rows}) == 2
    assert {(row["count"], row["count_relation"]) for row in rows} == {(2, "≥")}


# -- maps, events, sensors, forms --------------------------------------------------------------
def test_a_feature_without_geometry_neither_adds_nor_voids_a_map(tmp_path: Path) -> None:
    files = copy_sample("control_layers", tmp_path)
    before = content(read("control_layers", files))
    for path in files:
        value = json.loads(path.read_text(encoding="utf-8"))
        value["features"] += [
            {"type": "Feature", "geometry": None, "properties": {"layer": "east_holds"}}
        ] * 3
        path.write_text(json.dumps(value), encoding="utf-8")
    tables = read("control_layers", files)
    assert content(tables) == before
    assert any("no geometry" in note for note in tables.notes)
    assert not tables.quarantined


def test_the_prefix_of_a_namespace_means_nothing(tmp_path: Path) -> None:
    files = copy_sample("quakeml", tmp_path)
    before = content(read("quakeml", files))
    text = files[0].read_text(encoding="utf-8").replace("<q:", "<other:").replace("</q:", "</other:").replace("xmlns:q=", "xmlns:other=")  # fmt: skip
    files[0].write_text(text, encoding="utf-8")
    assert content(read("quakeml", files)) == before


def test_the_same_radius_at_more_confidence_is_a_smaller_spread(tmp_path: Path) -> None:
    text = (SAMPLES / "quakeml" / "events.xml").read_text(encoding="utf-8")
    spreads = []
    for level in (39.3469, 68, 90, 95):
        (tmp_path / "e.xml").write_text(text.replace("<confidenceLevel>90<", f"<confidenceLevel>{level}<"), encoding="utf-8")  # fmt: skip
        row = next(r for r in records(read("quakeml", [tmp_path / "e.xml"]).observations) if r["strength"])
        spreads.append(row["position_sd_m"])
    assert spreads == sorted(spreads, reverse=True)
    assert spreads[0] == pytest.approx(1800, rel=1e-4)  # one standard deviation of a circle holds 39.3 %


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secret=st.from_regex(r"[A-Z]{12}[0-9]{6}", fullmatch=True), broken=st.booleans())
def test_no_field_of_a_form_passes_that_is_not_mapped(secret: str, broken: bool, tmp_path: Path) -> None:
    files = copy_sample("survey", tmp_path)
    for path in files[:3]:
        value = json.loads(path.read_text(encoding="utf-8"))
        items = value if isinstance(value, list) else value.get("results", value.get("value"))
        for item in items:
            item["respondent/name"] = secret
            item["nested"] = {"phone": [secret, {"deep": secret}]}
            if broken:
                item["event/when"] = "yesterday"
        path.write_text(json.dumps(value), encoding="utf-8")
    text = files[3].read_text(encoding="utf-8").replace("Third Person", secret)
    files[3].write_text(text + (f"{secret};only;three\n" if broken else ""), encoding="utf-8")
    tables = read("survey", files)
    told = [content(tables), tables.quarantined, tables.problems, tables.notes]
    assert secret not in repr(told)
    assert bool(tables.quarantined) == broken


def test_a_corrected_form_takes_the_place_of_the_first_in_any_order(tmp_path: Path) -> None:
    files = copy_sample("survey", tmp_path)
    counts = {row["count"] for row in records(read("survey", files).observations)}
    assert 20 in counts
    assert 12 not in counts
    assert 12 in {row["count"] for row in records(read("survey", files[:1]).observations)}


def test_a_page_that_goes_on_elsewhere_is_told(tmp_path: Path) -> None:
    for name, key in (("sensorthings", "@iot.nextLink"), ("survey", "next")):
        files = copy_sample(name, tmp_path / name)
        value = json.loads(files[0].read_text(encoding="utf-8"))
        value[key] = "https://example.org/next"
        files[0].write_text(json.dumps(value), encoding="utf-8")
        assert any(p.code == "file_truncated" and "page" in p.message for p in read(name, files).problems)


def test_a_reading_below_its_level_is_no_event(tmp_path: Path) -> None:
    files = copy_sample("sensorthings", tmp_path)
    options = facts_of("sensorthings")["options"]
    for limit, n in ((0, 4), (126, 2), (1000, 1)):
        options["levels"][0]["at_least"] = limit
        assert read("sensorthings", files, **options).observations.num_rows == n
