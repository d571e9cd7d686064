"""What single source plug-ins decide, each law on the smallest input that shows it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from truceline.base.errors import InputError
from truceline.base.intervals import Interval
from truceline.schema.table import records
from truceline.sources.claim_words import claim_kind
from truceline.sources.days import DateOnly, TimeReadError, local_day, read_moment
from truceline.sources.shapes import shape_digest
from truceline.sources.source import SOURCES, InputFile, ReadContext, Region, SourceTables

Read = Callable[..., SourceTables]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def run(name: str, files: dict[str, Any], **options: Any) -> SourceTables:
        plugin = SOURCES.get(name)
        assert plugin is not None
        for file, content in files.items():
            raw = content if isinstance(content, bytes) else content.encode() if isinstance(content, str) else json.dumps(content).encode()  # fmt: skip
            (tmp_path / file).write_bytes(raw)
        context = ReadContext(
            source_id="src",
            files=tuple(InputFile(tmp_path / file, label=f"data:{file}") for file in files),
            span=Interval(datetime(2031, 5, 1, tzinfo=UTC), datetime(2031, 5, 11, tzinfo=UTC)),
            window=Interval(datetime(2031, 5, 5, tzinfo=UTC), datetime(2031, 5, 7, tzinfo=UTC)),
            parties=("a", "b"),
            acts=("air", "shelling"),
            area_by_name={"north": "north"},
            region=Region(west_deg=10, south_deg=40, east_deg=20, north_deg=50),
        )
        return plugin(plugin.Options.model_validate(options)).read(context)

    return run


def codes(tables: SourceTables) -> list[str]:
    return [p.code for p in tables.problems] + [p.code for bad in tables.quarantined for p in bad.problems]


def refusals(run: Callable[[], object]) -> list[str]:
    with pytest.raises(InputError) as caught:
        run()
    return [problem.code for problem in caught.value.problems]


# -- times -------------------------------------------------------------------------------------
@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2049, 1, 1)))  # noqa: DTZ001
def test_every_spelling_of_a_moment_is_the_same_moment(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    texts = [
        moment.isoformat(),
        f" {moment.isoformat(' ')} ",
        f"{moment:%Y-%m-%d} {moment.hour}:{moment:%M:%S}",
    ]
    try:
        expected = read_moment(texts[0], zone="Europe/Berlin")
    except TimeReadError:
        return  # the clocks skipped it
    assert {read_moment(text, zone="Europe/Berlin") for text in texts} == {expected}
    assert read_moment(expected.isoformat()) == expected
    assert expected.astimezone(UTC).isoformat() == expected.isoformat()


def test_a_time_that_the_clocks_skipped_is_refused() -> None:
    with pytest.raises(TimeReadError, match="skipped"):
        read_moment("2031-03-30 02:30", zone="Europe/Berlin")


def test_a_date_is_not_midnight() -> None:
    with pytest.raises(DateOnly):
        read_moment("2031-05-05", zone="UTC")


def test_a_local_day_has_the_hours_that_its_clocks_show() -> None:
    days = [datetime(2031, 3, 30, tzinfo=UTC).date(), datetime(2031, 10, 26, tzinfo=UTC).date()]
    assert [local_day(day, "Europe/Berlin").duration_h for day in days] == [23, 25]


def test_an_unknown_zone_is_refused_with_the_option() -> None:
    plugin = SOURCES.get("viina")
    assert plugin is not None
    with pytest.raises(ValidationError, match="IANA"):
        plugin.Options.model_validate({"zone": "Middle/Earth"})


# -- alerts ------------------------------------------------------------------------------------
def test_an_alert_without_a_finish_has_no_end_and_blinds_no_longer_than_the_span(read: Read) -> None:
    tables = read(
        "oblast_sirens", {"a.csv": "region,started_at,finished_at\nNorth,2031-05-06T00:00Z,\n"}, act="air"
    )
    (alert,), (blind,) = records(tables.observations), records(tables.coverage)
    assert alert["ended_from"] is None
    assert blind["window_stop"] == datetime(2031, 5, 11, tzinfo=UTC)
    assert blind["reason"] == "merged_record"
    assert "24.0 of the window's 48.0 hours" in tables.notes[0]


def test_an_alert_that_ends_before_it_starts_and_an_unknown_region_are_quarantined(read: Read) -> None:
    text = "region,started_at,finished_at\nNorth,2031-05-06T02:00Z,2031-05-06T01:00Z\nMoon,2031-05-06T02:00Z,2031-05-06T03:00Z\n,2031-05-06T02:00Z,2031-05-06T03:00Z\n"
    tables = read("oblast_sirens", {"a.csv": text}, act="air")
    assert codes(tables) == ["source_outside_window", "time_order", "name_unknown", "value_missing"]


# -- waves -------------------------------------------------------------------------------------
WAVES = "time_start,time_end,model,launch_place,launched,destroyed\n"


def waves(read: Read, files: dict[str, str], **options: Any) -> SourceTables:
    return read("air_waves", {k: WAVES + v for k, v in files.items()}, speaker="s", zone="UTC", **options)


def test_a_respelled_model_is_no_new_wave_and_a_new_number_is_a_change(read: Read) -> None:
    old = "2031-05-05 01:00,2031-05-05 02:00,KAB,x,4,1\n2031-05-05 01:00,2031-05-05 02:00,M2,x,7,2\n2031-05-06 01:00,2031-05-06 02:00,M3,x,1,1\n"
    new = "2031-05-05 01:00,2031-05-05 02:00,GBU,y,4,1\n2031-05-05 01:00,2031-05-05 02:00,M2,x,9,2\n2031-05-05 03:00,2031-05-05 04:00,M4,x,2,2\n2031-05-09 03:00,2031-05-09 04:00,M4,x,2,2\n"
    tables = waves(read, {"t.vintage_2031-06-01.csv": old, "t.vintage_2031-07-01.csv": new})
    (step,) = [note for note in tables.notes if "→" in note]
    assert "1 added, 1 with other numbers or times, 1 withdrawn, 1 respelled; 1 lie after" in step


def test_the_vintage_that_covers_most_is_read_though_a_newer_one_exists(read: Read) -> None:
    long = "2031-05-02 01:00,2031-05-02 02:00,M,x,4,1\n2031-05-09 01:00,2031-05-09 02:00,M,x,4,1\n"
    tables = waves(read, {"t.vintage_2031-06-01.csv": long, "t.vintage_2031-07-01.csv": long.splitlines()[0] + "\n"})  # fmt: skip
    assert {row["vintage"] for row in records(tables.counts)} == {"2031-06-01"}
    assert refusals(lambda: waves(read, {"t.vintage_1.csv": long}, vintage="2")) == ["name_unknown"]


def test_a_day_without_a_row_is_named_and_never_a_zero(read: Read) -> None:
    tables = waves(read, {"t.csv": "2031-05-05 21:00,2031-05-06 03:00,M,x,4,\n"})
    rows = {row["series"]: row for row in records(tables.counts)}
    assert rows["destroyed"]["value"] is None
    assert not any(row["value"] == 0 for row in rows.values())
    assert "2031-05-06 (a wave begun before reaches into it), 2031-05-07" in tables.notes[-1]


def test_a_wave_backwards_or_with_negative_numbers_is_quarantined(read: Read) -> None:
    text = "2031-05-05 21:00,2031-05-04 03:00,M,x,4,1\n2031-05-05 21:00,2031-05-06 03:00,M,x,-4,1\n2031-05-05 21:00,2031-05-06 03:00,M,x,many,1\n2031-05-06 01:00,2031-05-06 03:00,M,x,4,1\n"
    assert codes(waves(read, {"t.csv": text})) == ["time_order", "value_range", "value_type"]


# -- losses ------------------------------------------------------------------------------------
def losses(read: Read, totals: dict[int, int], **options: Any) -> SourceTables:
    rows = [{"date": f"2031-05-{day:02d}", "guns": total} for day, total in totals.items()]
    return read("cumulative_losses", {"t.json": rows}, fields=["guns"], speaker="s", zone="UTC", **options)


@pytest.mark.parametrize("lag", [0, 1, 2])
def test_the_difference_stands_on_the_day_described(read: Read, lag: int) -> None:
    (row,) = records(losses(read, {5: 10, 6: 13}, described_day_lag=lag).counts)
    assert row["value"] == 3
    assert row["window_start"] == datetime(2031, 5, 6, tzinfo=UTC) - timedelta(days=lag)


def test_no_difference_is_taken_across_a_missing_day(read: Read) -> None:
    tables = losses(read, {3: 10, 5: 30, 6: 31})
    assert [row["value"] for row in records(tables.counts)] == [1]
    assert any("a report is missing" in note for note in tables.notes)


def test_a_falling_total_is_no_count(read: Read) -> None:
    tables = losses(read, {5: 10, 6: 9})
    (row,) = records(tables.counts)
    assert row["value"] is None
    assert "-1" in row["note"]


def test_two_reports_of_one_day_that_differ_are_both_set_aside(read: Read) -> None:
    rows = [{"date": "2031-05-05", "guns": 1}, {"date": "2031-05-05", "guns": 2}, {"date": "2031-05-06", "guns": 5}, {"date": "2031-05-07", "guns": 6}, {"date": "6.5.31", "guns": 6}, 7]  # fmt: skip
    tables = read("cumulative_losses", {"t.json": rows}, fields=["guns"], speaker="s", zone="UTC")
    assert sorted(codes(tables)) == ["id_repeated", "id_repeated", "time_format", "value_type"]
    assert [row["value"] for row in records(tables.counts)] == [1]
    with pytest.raises(InputError, match="column_missing"):
        read("cumulative_losses", {"t.json": rows}, fields=["ships"], speaker="s", zone="UTC")


# -- claims ------------------------------------------------------------------------------------
LEDGER = "claim_id,window_start_local,window_end_local,claimant,accused,measure,act,count,relation,direction,area,part_of,url,note\n"
DAY = "2031-05-05T00:00Z,2031-05-06T00:00Z"


def claims(read: Read, rows: str, **options: Any) -> SourceTables:
    options = {"speakers": {"A": "a", "B": "b", "N": None}, "zone": "UTC", **options}
    return read("claims_ledger", {"l.csv": LEDGER + rows}, **options)


@given(
    speaker=st.sampled_from(["a", "b", None]),
    accused=st.sampled_from(["a", "b"]),
    value=st.none() | st.floats(0, 9),
    direction=st.sampled_from([None, "ceased", "reduced", "unchanged", "increased"]),
)
def test_who_counts_whom_follows_from_the_sides_alone(
    speaker: str | None, accused: str, value: float | None, direction: str | None
) -> None:
    kind = claim_kind(speaker, accused, value=value, direction=direction)
    swap = {"a": "b", "b": "a", None: None}
    assert kind == claim_kind(swap[speaker], swap[accused] or "", value=value, direction=direction)
    assert (kind == "third_party_count") == (speaker is None)
    assert (kind == "own_report") == (speaker == accused)
    if kind == "opponent_concession":
        assert value is None
        assert direction in ("ceased", "reduced")


@pytest.mark.parametrize(
    ("count", "relation", "note", "expected"),
    [
        ("30", "", "", (30, "=")),
        ("30", "", '">30"', (30, "≥")),
        (">30", "", "", (30, "≥")),
        ('"1,300"', "", '"""over 1,300"""', (1300, "≥")),
        ("30", "=", ">30", (30, "=")),
        ("30", "~", "", (30, "≈")),
        ("30", "", "about 30 and more than 300", (30, "≈")),
        ("30", "", "over 300; ~30 %", (30, "≈")),
        ("", "", "over 30", (None, None)),
    ],
)
def test_a_bound_is_read_from_column_sign_or_note(
    read: Read, count: str, relation: str, note: str, expected: tuple[float | None, str | None]
) -> None:
    note = note if note.startswith('"') else f'"{note}"'
    note = '""">30"""' if note == '">30"' else note
    (row,) = records(claims(read, f",{DAY},A,b,shots,,{count},{relation},,,,u,{note}\n").claims)
    assert (row["value"], row["relation"]) == expected


def test_same_is_the_nearest_url_above_of_the_same_claimant(read: Read) -> None:
    rows = f"1,{DAY},A,b,m,,1,,,,,https://a,\n2,{DAY},B,a,m,,1,,,,,https://b,\n3,{DAY},A,b,n,,1,,,,,same,\n4,{DAY},N,b,n,,1,,,,,same,\n"
    tables = claims(read, rows)
    assert {row["claim_id"]: row["url"] for row in records(tables.claims)}["3"] == "https://a"
    assert codes(tables) == ["value_missing"]


def test_an_open_window_says_so(read: Read) -> None:
    rows = "1,2031-05-05,unknown,A,b,m,,1,,,,,u,\n2,2031-05-05,2031-05-05,A,b,m,,1,,,,,u,\n3,2031-05-05T00:00Z,2031-05-05T12:00Z,A,b,m,,1,,,,,u,end of window approximate\n"
    found = {row["claim_id"]: row for row in records(claims(read, rows).claims)}
    assert [found[i]["window_precision"] for i in "123"] == ["open", "date_only", "approximate"]
    assert found["2"]["window_stop"] - found["2"]["window_start"] == timedelta(days=1)


def test_every_fault_of_a_claim_is_told_at_once(read: Read) -> None:
    rows = f"1,{DAY},X,z,m,sinking,lots,!,upwards,Moon,,u,\n2,{DAY},A,b,m,,1,,,,9,u,\n3,{DAY},A,b,m,,1,,,,,u,\n3,{DAY},A,b,m,,2,,,,,u,\n4,2031-05-06,2031-05-04,A,b,m,,1,,,,,u,\n5,{DAY},A,b,ok,,1,,,,,u,\n"
    tables = claims(read, rows)
    first = next(bad for bad in tables.quarantined if bad.problems[0].row == 2)
    assert sorted(p.code for p in first.problems) == ["name_unknown", "name_unknown", "party_unknown", "party_unknown", "value_type", "value_unknown", "value_unknown"]  # fmt: skip
    rest = sorted(p.code for bad in tables.quarantined if bad is not first for p in bad.problems)
    assert rest == ["id_repeated", "id_repeated", "name_unknown", "time_order"]
    assert [row["claim_id"] for row in records(tables.claims)] == ["5"]
    assert "No act is given" in tables.notes[0]


def test_a_declared_total_that_is_not_there_is_told(read: Read) -> None:
    totals = [{"total": {"claimant": "A", "measure": "all"}, "parts": ["m"]}, {"total": {"claimant": "A", "measure": "m"}, "parts": ["k"]}]  # fmt: skip
    tables = claims(read, f"1,{DAY},A,b,m,,1,,,,,u,\n", totals=totals)
    assert codes(tables) == ["name_unknown", "name_unknown"]


# -- news, fires, clouds -------------------------------------------------------------------------
def test_labels_are_not_read_where_they_fail(read: Read) -> None:
    text = "datetime,lon,lat,place_name,event_type,headline\n2031-05-05 01:00:00,12,45,P,uav,x\n2031-05-06 01:00:00,12,45,P,uav,y\n"
    tables = read("viina", {"n.csv": text}, zone="UTC", label_acts={"uav": "air"}, labels_until="2031-05-06")
    assert [row["acts"] for row in records(tables.observations)] == [{"air": 0.0}, {}]
    assert codes(read("viina", {"n.csv": text}, zone="UTC", label_acts={"uav": "zap"})) == ["source_outside_window"] + ["name_unknown"] * 2  # fmt: skip
    wrong = read("viina", {"n.csv": text}, zone="UTC", area_places={"P": "Moon"})
    assert set(codes(wrong)) == {"source_outside_window", "name_unknown"}


def test_a_pixel_gives_the_deviation_of_a_uniform_place(read: Read) -> None:
    text = "latitude,longitude,scan,track,acq_date,acq_time,satellite,frp\n45,12,1,1,2031-05-05,26,A,9\n45,12,1,1,2031-05-05,2460,A,9\n"
    tables = read("firms", {"f.csv": text, "d.csv": "acq_date,day_complete\n2031-05-05,True\n2031-05-05,False\n2031-05-06,maybe\n2031-05-07,True\n"}, completeness_file="d.csv")  # fmt: skip
    (row,) = records(tables.observations)
    assert row["position_sd_m"] == pytest.approx(1000 / 12**0.5)
    assert row["look_id"] == "A 2031-05-05 0026"
    assert sorted(codes(tables)) == ["id_repeated", "id_repeated", "time_format", "value_unknown"]
    complete = [r["window_start"].day for r in records(tables.coverage) if r["available_share"]]
    assert complete == [7]
    assert len(tables.coverage) == 10
    absent = read("firms", {"f.csv": text}, completeness_file="d.csv")
    assert "file_missing" in codes(absent)
    assert not len(absent.coverage)


def test_a_share_of_cloud_is_between_none_and_all(read: Read) -> None:
    text = "date,c\n2031-05-05,1.2\n2031-05-06,.25\n2031-05-07,.1\n2031-05-07,.2\n"
    tables = read("cloud_cover", {"c.csv": text}, of_source="eye", columns={"c": "North"})
    (row,) = records(tables.coverage)
    assert (row["source_id"], row["available_share"], row["reason"]) == ("eye", 0.75, "cloud")
    assert sorted(codes(tables)) == ["id_repeated", "id_repeated", "value_range"]
    assert refusals(lambda: read("cloud_cover", {"c.csv": text}, of_source="e", columns={"c": "Moon"})) == ["name_unknown"]  # fmt: skip


# -- maps --------------------------------------------------------------------------------------
def layer(*rings: Any, **rest: Any) -> dict[str, Any]:
    features = [
        {"type": "Feature", "properties": {}, "geometry": ring and {"type": "Polygon", "coordinates": [ring]}}
        for ring in rings
    ]
    return {"type": "FeatureCollection", "features": features, **rest}


SQUARE = [[12, 41], [13, 41], [13, 45], [12, 45], [12, 41]]
BOWTIE = [[12, 41], [13, 42], [13, 41], [12, 42], [12, 41]]


def maps(read: Read, **layers: Any) -> SourceTables:
    files = {f"m_203105{day[1:]}.geojson": value for day, value in layers.items()}
    return read("control_polygons", files, holder_party="a")


@given(turn=st.integers(0, 3), back=st.booleans(), x=st.integers(11, 18))
def test_a_shape_is_the_same_however_its_ring_is_written(turn: int, back: bool, x: int) -> None:
    corners = [(x, 41), (x + 1, 41), (x + 1, 45), (x, 45.3)]
    turned = corners[turn:] + corners[:turn]
    one, other = shapely.Polygon(corners), shapely.Polygon(turned[::-1] if back else turned)
    assert shape_digest(one) == shape_digest(other)


def test_an_unchanged_map_is_a_repeat_and_a_slow_drift_is_not(read: Read) -> None:
    def drift(step: float) -> dict[str, Any]:
        return layer([[12, 41], [13 + step, 41], [13 + step, 45], [12, 45], [12, 41]])

    tables = maps(read, d04=drift(0), d05=drift(1.5e-5), d06=drift(3e-5), d07=drift(4e-4))
    assert [row["status"] for row in records(tables.control)] == ["first", "repeat", "update", "update"]


def test_a_crossing_is_repaired_and_its_area_told(read: Read) -> None:
    tables = maps(read, d05=layer(BOWTIE))
    (problem,) = tables.problems
    assert problem.code == "geometry_repaired"
    assert "km²" in problem.message
    (row,) = records(tables.control)
    assert shapely.from_wkb(row["geometry"]).is_valid
    assert shapely.from_wkb(row["geometry"]).geom_type == "MultiPolygon"


def test_a_feature_without_a_geometry_is_set_aside_and_the_map_kept(read: Read) -> None:
    tables = maps(read, d05=layer(SQUARE, None))
    assert codes(tables) == ["geometry_null"]
    assert len(tables.control) == 1


def test_a_map_with_an_unusable_part_is_left_out_whole(read: Read) -> None:
    exchanged = [[y, x] for x, y in SQUARE]
    metres = [[x * 1e5, y * 1e5] for x, y in SQUARE]
    flat = [[12, 41], [13, 41], [12, 41], [12, 41]]
    tables = maps(read, d04=layer(SQUARE), d05=layer(SQUARE, exchanged), d06=layer(metres), d07=layer(flat), d08=layer([[12, "x"], 5]))  # fmt: skip
    assert len(tables.control) == 1
    assert sorted(set(codes(tables))) == [
        "geometry_invalid",
        "place_range",
        "place_swapped",
        "source_outside_window",
    ]
    assert sum(bool(account.left_out) for account in tables.files) == 4


def test_another_form_or_date_or_an_unknown_reference_system_is_refused(read: Read) -> None:
    unknown = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::999999"}}
    tables = maps(read, d04=layer(SQUARE), d05=layer(SQUARE, crs=unknown), d06={"type": "Topology"})
    assert codes(tables) == ["crs_unknown", "file_format", "source_outside_window"]
    second = {"m_20310505.geojson": layer(SQUARE), "n_20310505.geojson": layer(BOWTIE), "undated.geojson": layer(SQUARE)}  # fmt: skip
    refused = read("control_polygons", second, holder_party="a")
    assert codes(refused) == ["id_repeated", "time_format"]
    with pytest.raises(ValidationError, match="one group"):
        read("control_polygons", second, holder_party="a", date_pattern="x")


def test_a_map_of_elsewhere_is_refused(read: Read) -> None:
    elsewhere = [[x + 60, y] for x, y in SQUARE]
    tables = maps(read, d04=layer(SQUARE), d05=layer(elsewhere))
    assert sorted(codes(tables)) == ["place_outside", "source_outside_window"]
    assert len(tables.control) == 1


def test_a_line_that_cuts_nothing_is_refused(read: Read) -> None:
    def line(*places: tuple[float, float]) -> dict[str, Any]:
        drawn = {"type": "LineString", "coordinates": [list(place) for place in places]}
        return {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": drawn}]}  # fmt: skip

    sides = {"left": "a", "right": "b"}
    for places in ([(30, 41), (31, 42)], [(12, 41), (14, 41), (13, 42), (13, 40.5), (13.5, 44)]):
        with pytest.raises(InputError) as caught:
            read("control_polygons", {"m_20310505.geojson": line(*places)}, line_sides=sides)
        assert [problem.code for problem in caught.value.problems] == ["line_unsplit"]
    tables = read("control_polygons", {"m_20310505.geojson": line((12, 39), (12, 51))}, line_sides=sides)
    east = {
        row["holder_party_id"]: shapely.from_wkb(row["geometry"]).bounds[2] for row in records(tables.control)
    }
    assert east == {"a": 12, "b": 20}  # walking north, the left hand is the west


def test_the_same_bytes_under_another_date_are_a_repeat_not_a_copy(read: Read) -> None:
    tables = maps(read, d05=layer(SQUARE), d06=layer(SQUARE))
    assert [row["status"] for row in records(tables.control)] == ["first", "repeat"]
    assert not tables.problems


def test_a_type_that_nobody_explained_spoils_the_map(read: Read) -> None:
    value = layer(SQUARE, SQUARE)
    for feature, kind in zip(value["features"], ("nochange", "contested"), strict=True):
        feature["properties"] = {"type": kind}
    good = json.loads(json.dumps(value))
    good["features"].pop()
    index = "date,file\n2031-05-05,2031-05-06.json\n2031-05-07,2031-05-06.json\n2031-05-08,gone.json\n"
    files = {"2031-05-04.json": {"value": value}, "2031-05-06.json": {"value": good}, "index.csv": index}
    tables = read("liveuamap_lines", files, holder_party="a")
    assert sorted(codes(tables)) == ["geometry_invalid", "name_unknown", "value_unknown"]
    assert [row["map_time"].day for row in records(tables.control)] == [5, 6, 7]


# -- any table ---------------------------------------------------------------------------------
def test_parquet_and_csv_of_the_same_rows_give_the_same_records(read: Read, tmp_path: Path) -> None:
    naive = datetime(2031, 5, 5, 10)  # noqa: DTZ001 - the zone is an option
    table = pa.table({"when": [naive, None], "x": [12.5, 12.5], "y": [45.5, float("nan")], "n": [3, 4]})
    pq.write_table(table, tmp_path / "t.parquet")
    options = {"table": "observations", "zone": "UTC", "columns": {"time": "when", "longitude_deg": "x", "latitude_deg": "y", "count": "n"}}  # fmt: skip
    one = read("table", {"t.parquet": (tmp_path / "t.parquet").read_bytes()}, **options)
    two = read("table", {"t.csv": "when,x,y,n\n2031-05-05 10:00:00,12.5,45.5,3\n,12.5,,4\n"}, **options)
    own = ("observation_id", "raw_file", "raw_row", "raw_digest")
    plain_one, plain_two = (
        [{k: v for k, v in row.items() if k not in own} for row in records(tables.observations)]
        for tables in (one, two)
    )
    assert plain_one == plain_two
    assert len(plain_one) == 1
    assert sorted(codes(one)) == sorted(codes(two)) == ["value_missing", "value_missing"]
    assert refusals(lambda: read("table", {"t.parquet": b"PAR1 no"}, **options)) == ["file_format"]


def test_each_kind_of_table_can_be_read(read: Read) -> None:
    text = "day,n,who,where\n2031-05-05,3,a,North\n2031-05-06,,a,Moon\n2031-05-07,x,c,North\n"
    counts = read("table", {"t.csv": text}, table="counts", zone="UTC", columns={"time": "day", "value": "n", "accused_party_id": "who", "area_id": "where"}, constants={"series": "s", "speaker": "me", "unit": "shot"})  # fmt: skip
    (row,) = records(counts.counts)
    assert (row["value"], row["relation"], row["cumulative"], row["area_id"]) == (3, "=", False, "north")
    assert sorted(codes(counts)) == ["name_unknown", "party_unknown", "value_type"]
    coverage = read("table", {"t.csv": "day,share\n2031-05-05,.5\n"}, table="coverage", zone="UTC", columns={"time": "day", "available_share": "share"}, values={}, constants={"reason": "outage"})  # fmt: skip
    assert records(coverage.coverage)[0]["reason"] == "outage"
    told = read("table", {"t.csv": "day,n\n2031-05-05,7\n"}, table="claims", zone="UTC", columns={"time": "day", "value": "n"}, constants={"speaker": "me", "speaker_party_id": "a", "accused_party_id": "b", "measure": "m"})  # fmt: skip
    (claim,) = records(told.claims)
    assert (claim["kind"], claim["relation"], claim["window_precision"]) == (
        "opponent_count",
        "=",
        "date_only",
    )
    value = layer(SQUARE)
    value["features"][0]["properties"] = {"day": "2031-05-05", "who": "a"}
    control = read("table", {"t.geojson": value}, table="control", zone="UTC", columns={"time": "day", "holder_party_id": "who"})  # fmt: skip
    assert records(control.control)[0]["status"] == "first"


def test_points_of_geojson_give_the_place(read: Read) -> None:
    def feature(geometry: Any) -> dict[str, Any]:
        return {"type": "Feature", "properties": {"t": "2031-05-05T10:00Z"}, "geometry": geometry}

    shapes = [{"type": "Point", "coordinates": [12, 45]}, None, {"type": "LineString", "coordinates": [[1, 2], [3, 4]]}]  # fmt: skip
    value = {"type": "FeatureCollection", "features": [feature(shape) for shape in shapes]}
    tables = read("table", {"t.geojson": value}, table="observations", columns={"time": "t"})
    assert sorted(row["longitude_deg"] or 0 for row in records(tables.observations)) == [0, 12]
    assert sorted(codes(tables)) == ["geometry_invalid", "geometry_null"]


def test_what_nothing_feeds_is_told_with_the_header_found(read: Read) -> None:
    with pytest.raises(InputError) as caught:
        read("table", {"t.csv": "when,n\n1,2\n"}, table="counts", columns={"value": "number"})
    problems = caught.value.problems
    assert {p.column for p in problems} == {
        "number",
        "series",
        "speaker",
        "unit",
        "window_start",
        "window_stop",
    }
    assert all("when, n" in p.got and "columns" in p.next_step for p in problems)
    with pytest.raises(ValidationError, match="no column of counts"):
        read("table", {"t.csv": "a\n1\n"}, table="counts", columns={"colour": "a"})


def test_ids_of_the_file_are_kept_and_a_contradiction_is_nobody_s(read: Read) -> None:
    text = "observation_id,time,longitude_deg,latitude_deg\nk1,2031-05-05T10:00Z,12,45\nk2,2031-05-05T10:00Z,12,45\nk2,2031-05-05T11:00Z,12,45\nk3,2031-05-05T10:00Z,45,12\nk4,2031-05-05T10:00Z,12,\nk5,2031-05-05T10:00Z,19,500\n"
    tables = read("table", {"t.csv": text}, table="observations")
    assert [row["observation_id"] for row in records(tables.observations)] == ["k1"]
    assert sorted(codes(tables)) == [
        "id_repeated",
        "id_repeated",
        "place_swapped",
        "value_missing",
        "value_range",
    ]


def test_an_uncertain_moment_spans_two_deviations_each_way(read: Read) -> None:
    tables = read("table", {"t.csv": "time\n2031-05-05T10:00Z\n"}, table="observations", time_sd_s=30)
    (row,) = records(tables.observations)
    assert row["occurred_until"] - row["occurred_from"] == timedelta(seconds=120)
