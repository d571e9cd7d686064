"""Examples of forms, posts, feeds, tables of sightings and figures that the laws do not reach."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from truceline.base.intervals import Interval
from truceline.schema.table import records
from truceline.sources.source import SOURCES, InputFile, ReadContext, SourceTables

SPAN = Interval(datetime(2031, 5, 1, tzinfo=UTC), datetime(2031, 5, 11, tzinfo=UTC))


def read(name: str, folder: Path, files: dict[str, str], **options: Any) -> SourceTables:
    for file, text in files.items():
        (folder / file).write_text(text, encoding="utf-8")
    plugin = SOURCES.get(name)
    assert plugin is not None
    context = ReadContext(source_id="src", files=tuple(InputFile(folder / file, label=f"data:{file}") for file in files), span=SPAN, window=SPAN, parties=("a", "b"), acts=("shelling",), area_by_name={"north": "north"})  # fmt: skip
    return plugin(plugin.Options.model_validate(options)).read(context)


# -- forms -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "item",
    [
        {"_id": 1, "day": "2031-05-05", "hits/shell": [{"hits/shell/kind": "x", "hits/shell/n": 2}, {"hits/shell/kind": "y", "hits/shell/n": "3"}]},
        {"_id": 1, "day": "2031-05-05", "hits": {"shell": [{"kind": "x", "n": 2}, {"kind": "y", "n": 3}]}},
    ],
)  # fmt: skip
def test_each_entry_of_a_repeat_group_is_a_record(tmp_path: Path, item: dict[str, Any]) -> None:
    fields = {"time": "day", "text": "hits/shell/kind", "count": "hits/shell/n"}
    rows = records(read("survey", tmp_path, {"s.json": json.dumps([item])}, fields=fields, repeat="hits/shell", zone="UTC").observations)  # fmt: skip
    assert {(row["text"], row["count"]) for row in rows} == {("x", 2), ("y", 3)}
    assert len({row["observation_id"] for row in rows}) == 2


def test_a_csv_with_semicolons_and_two_columns_for_the_place(tmp_path: Path) -> None:
    table = "start;when;_GPS_latitude;_GPS_longitude;phone;_id\n2031-05-05;2031-05-05T10:00:00+00:00;45.1;15.2;000;9\n"
    fields = {"time": "when", "latitude": "_GPS_latitude", "longitude": "_GPS_longitude"}
    (row,) = records(read("survey", tmp_path, {"s.csv": table}, fields=fields).observations)
    assert (row["longitude_deg"], row["latitude_deg"], row["position_sd_m"]) == (15.2, 45.1, 100)
    (row,) = records(read("survey", tmp_path, {"s.csv": table}, fields=fields, place_is="observer").observations)  # fmt: skip
    assert (row["longitude_deg"], row["observer_longitude_deg"]) == (None, 15.2)


# -- posts -------------------------------------------------------------------------------------
def message(number: int, text: Any, **more: Any) -> dict[str, Any]:
    stamp = int(datetime(2031, 5, 5, 10, tzinfo=UTC).timestamp()) + 60 * number
    return {"id": number, "type": "message", "date": "2031-05-05T12:00:00", "date_unixtime": str(stamp), "text": text, **more}  # fmt: skip


POSTS = {"speaker": "x", "zone": "Europe/Berlin", "words": {"shells": ["shell"], "all": []}}


def counted(tables: SourceTables) -> dict[str, float]:
    return {row["series"]: row["value"] for row in records(tables.counts) if row["value"]}


def test_an_account_holds_several_chats_and_a_text_several_pieces(tmp_path: Path) -> None:
    first = {"id": 1, "messages": [message(1, ["a ", {"type": "bold", "text": "SHELL"}, " fell"]), message(2, "x")]}  # fmt: skip
    second = {"id": 2, "messages": [message(1, "shells"), {"id": 3, "type": "service", "date_unixtime": "0"}]}
    tables = read("channel_posts", tmp_path, {"result.json": json.dumps({"chats": {"list": [first, second]}})}, **POSTS)  # fmt: skip
    assert counted(tables) == {"shells": 2, "all": 3}


def test_forwarded_posts_are_anothers_words(tmp_path: Path) -> None:
    value = {"messages": [message(1, "shell"), message(2, "shell", forwarded_from="Another")]}
    tables = read("channel_posts", tmp_path, {"result.json": json.dumps(value)}, **POSTS)
    assert counted(tables) == {"shells": 1, "all": 1}
    assert any("Forwarded" in note for note in tables.notes)
    tables = read("channel_posts", tmp_path, {"result.json": json.dumps(value)}, forwarded="count", **POSTS)
    assert counted(tables) == {"shells": 2, "all": 2}


def test_a_post_that_a_later_export_lacks_is_kept_and_told(tmp_path: Path) -> None:
    early = {"messages": [message(1, "x"), message(2, "shell"), message(3, "y")]}
    late = {"messages": [message(1, "x"), message(3, "y, a shell", edited_unixtime=message(9, "")["date_unixtime"]), message(4, "z")]}  # fmt: skip
    tables = read("channel_posts", tmp_path, {"a.json": json.dumps(early), "b.json": json.dumps(late)}, **POSTS)  # fmt: skip
    assert counted(tables) == {"shells": 2, "all": 4}
    assert any(
        "that a later one lacks (deleted, or filtered out): 1, kept: 2" in note for note in tables.notes
    )
    assert any("differ between exports or edits: 1;" in note for note in tables.notes)


# -- feeds -------------------------------------------------------------------------------------
def test_a_feed_that_is_not_well_formed_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    item = "<item><guid>{}</guid><title>News &nbsp; of {}</title><pubDate>Mon, 05 May 2031 10:00:00 GMT</pubDate></item>"
    feed = f'<rss version="2.0"><channel><title>t</title>{item.format(1, 1)}{item.format(2, 2)}</channel></rss>'  # fmt: skip
    tables = read("feed", tmp_path, {"f.xml": feed})
    assert tables.observations.num_rows == 2
    assert any(problem.code == "file_format" for problem in tables.problems)


def test_an_entry_without_a_time_is_put_aside(tmp_path: Path) -> None:
    feed = '<rss version="2.0"><channel><title>t</title><item><guid>1</guid><title>x</title></item></channel></rss>'
    tables = read("feed", tmp_path, {"f.xml": feed})
    assert [bad.problems[0].code for bad in tables.quarantined] == ["time_format"]


# -- sightings ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "table",
    [
        'Observer position,Distance,Bearing,Count,Event,Date,Time\nHill,2-4km,SW,20,Explosion,2031-05-05,20:15\n',
        'SMM position,Event location,Means,Nr.,Observation,Description,Weapon,"Date, time"\nHill,2-4km SW,Heard,20,Explosion,N/K,N/K,"5-May, 20:15"\n',
        'longitude,latitude,distance_m,direction,number,sound,date_time\n15.2,45.1,2000-4000,southwest,20,Explosion,05.05.2031 20:15\n',
    ],
)  # fmt: skip
def test_tables_of_several_headers_say_the_same(tmp_path: Path, table: str) -> None:
    (row,) = records(read("sightings", tmp_path, {"t.csv": table}, zone="UTC", year=2031, places={"hill": [15.2, 45.1]}).observations)  # fmt: skip
    assert (row["range_min_m"], row["range_max_m"]) == (2000, 4000)
    assert (row["bearing_min_deg"], row["bearing_max_deg"]) == (202.5, 247.5)
    assert row["occurred_from"] == datetime(2031, 5, 5, 20, 15, tzinfo=UTC)
    assert (row["observer_longitude_deg"], row["observer_latitude_deg"], row["count"]) == (15.2, 45.1, 20)
    assert row["longitude_deg"] < 15.2
    assert row["latitude_deg"] < 45.1


def test_what_the_monitors_add_stays_in_the_text_and_is_no_bearing(tmp_path: Path) -> None:
    table = 'Position,Event location,"Date, time"\nHill,"1-2km E (assessed as outside the disengagement area near S)",2031-05-05\n'
    (row,) = records(read("sightings", tmp_path, {"t.csv": table}, zone="UTC").observations)
    assert (row["bearing_min_deg"], row["bearing_max_deg"]) == (67.5, 112.5)
    assert "assessed as outside the disengagement area" in row["text"]
    assert (row["occurred_until"] - row["occurred_from"]).days == 1  # no time of day is known
    assert row["longitude_deg"] is None  # nothing says where the position is


def test_a_flight_has_a_direction(tmp_path: Path) -> None:
    table = 'Position,Event location,Description,"Date, time"\nHill,1-2km E,From W to NE,2031-05-05 10:00\n'
    (row,) = records(read("sightings", tmp_path, {"t.csv": table}, zone="UTC").observations)
    assert row["fire_direction_deg"] == 45


# -- figures -----------------------------------------------------------------------------------
def test_a_long_table_of_several_speakers_and_areas(tmp_path: Path) -> None:
    table = "year,month,who,where,what,n\n2031,May,Staff,North,shots,12\n2031,5,Ministry,North,shots,>30\n2031,5,Ministry,North,drones,4\n"
    figure = {"series": "shots", "column": "n", "unit": "shot", "where": {"what": ["shots"]}}
    tables = read("figures", tmp_path, {"t.csv": table}, figures=[figure], speaker="x", zone="UTC", period_columns=["year", "month"], speaker_column="who", speaker_parties={"Staff": "a", "Ministry": "b"}, area_column="where")  # fmt: skip
    rows = {row["speaker"]: row for row in records(tables.counts)}
    assert (rows["Staff"]["value"], rows["Staff"]["speaker_party_id"], rows["Staff"]["relation"]) == (12, "a", "=")  # fmt: skip
    assert (rows["Ministry"]["value"], rows["Ministry"]["speaker_party_id"], rows["Ministry"]["relation"]) == (30, "b", "≥")  # fmt: skip
    assert {row["area_id"] for row in rows.values()} == {"north"}


def test_months_may_have_names_of_another_language(tmp_path: Path) -> None:
    names = ["січень", "лютий", "березень", "квітень", "травень", "червень", "липень", "серпень", "вересень", "жовтень", "листопад", "грудень"]  # fmt: skip
    tables = read("figures", tmp_path, {"t.csv": "date,n\nТравень 2031,4\n"}, figures=[{"series": "s", "column": "n", "unit": "shot"}], speaker="x", zone="UTC", month_names=names)  # fmt: skip
    (row,) = records(tables.counts)
    assert (row["window_start"], row["window_stop"]) == (datetime(2031, 5, 1, tzinfo=UTC), datetime(2031, 6, 1, tzinfo=UTC))  # fmt: skip


def test_editions_of_a_table_stand_side_by_side(tmp_path: Path) -> None:
    files = {f"t_{day}.csv": f"date,n\n2031-05-05,{n}\n" for day, n in (("2031-05-06", 4), ("2031-05-20", 7))}
    tables = read("figures", tmp_path, files, figures=[{"series": "s", "column": "n", "unit": "shot"}], speaker="x", zone="UTC", vintage_pattern=r"t_(.*)\.csv")  # fmt: skip
    assert {(row["vintage"], row["value"]) for row in records(tables.counts)} == {("2031-05-06", 4), ("2031-05-20", 7)}  # fmt: skip
