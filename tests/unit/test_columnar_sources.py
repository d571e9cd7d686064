"""Reading by whole columns gives what reading row by row gives, however a file is cut into blocks."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.base.canonical import short_id
from truceline.base.errors import InputError
from truceline.base.intervals import Interval, microseconds
from truceline.schema.table import records
from truceline.sources import batches, csv_blocks
from truceline.sources.columns import content_hashes, float_texts, id_texts, ids_of, moments, numbers, trimmed
from truceline.sources.csv_blocks import BrokenCsvError, CsvStream, stays_open
from truceline.sources.days import DateOnly, TimeReadError, local_day, read_moment
from truceline.sources.python_texts import python_texts
from truceline.sources.source import SOURCES, InputFile, ReadContext, Region, SourceTables

SAMPLES = Path(__file__).parents[1] / "conformance" / "samples"
N_DAMAGED = int(os.environ.get("TRUCELINE_N_DAMAGED", "12"))  # raise it to look for more
COLUMNAR = ("acled", "firms", "oblast_sirens", "table", "ucdp_ged", "viina")
Read = Callable[..., SourceTables]


def context_of(files: list[Path]) -> ReadContext:
    return ReadContext(
        source_id="src",
        files=tuple(InputFile(path, label=f"data:{path.name}") for path in files),
        span=Interval(datetime(2031, 5, 1, tzinfo=UTC), datetime(2031, 5, 11, tzinfo=UTC)),
        window=Interval(datetime(2031, 5, 5, tzinfo=UTC), datetime(2031, 5, 7, tzinfo=UTC)),
        parties=("a", "b"),
        acts=("air", "shelling"),
        area_by_name={"north": "north", "south": "south"},
        region=Region(west_deg=10, south_deg=40, east_deg=20, north_deg=50),
    )


def read_files(name: str, files: list[Path], options: dict[str, Any]) -> SourceTables:
    plugin = SOURCES.get(name)
    assert plugin is not None
    return plugin(plugin.Options.model_validate(options)).read(context_of(files))


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def run(name: str, files: dict[str, str | bytes], **options: Any) -> SourceTables:
        for file, content in files.items():
            (tmp_path / file).write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_files(name, [tmp_path / file for file in files], options)

    return run


def outcome(run: Callable[[], SourceTables]) -> Any:
    """All that a source gives, in a form that can be compared."""
    try:
        tables = run()
    except InputError as error:
        return [str(problem) for problem in error.problems]
    accounts = [
        (f.rows_read, f.rows_used, f.rows_outside, f.rows_repeated, f.rows_quarantined, f.left_out)
        for f in tables.files
    ]
    rows = [records(getattr(tables, kind)) for kind in ("observations", "counts", "coverage", "claims")]
    bad = [(bad.content, [str(problem) for problem in bad.problems]) for bad in tables.quarantined]
    return rows, accounts, bad, [str(problem) for problem in tables.problems], tables.notes


# -- splitting ---------------------------------------------------------------------------------
def by_python(text: str) -> list[tuple[int, list[str]]]:
    """Up to a record of several lines whose quote is never closed: what it is made of is not known."""
    lines = list(io.StringIO(text, newline=""))
    reader = csv.reader(iter(lines))
    rows, start = [], 1
    for fields in reader:
        if reader.line_num > start and stays_open(lines[start - 1 : reader.line_num], delimiter=","):
            break
        if fields:
            rows.append((start, fields))
        start = reader.line_num + 1
    return rows


def by_blocks(path: Path) -> list[tuple[int, list[str]]]:
    file = InputFile(path, label="f")
    stream = CsvStream(file, delimiter=",")
    rows = []
    with suppress(BrokenCsvError):
        for block in stream.blocks(stream.header):
            n = len(block.numbers)
            by_column = [block.columns[name].to_pylist() for name in stream.header]
            read_rows = [list(row) for row in zip(*by_column, strict=True)]
            assert read_rows == [block.fields(at) for at in range(n)]
            rows += [*zip(block.numbers.tolist(), read_rows, strict=True)]
            rows += [(line, fields) for line, fields, _ in block.other]
    return sorted(rows)


PIECES = st.sampled_from(['"', '""', ",", "\n", "\r\n", "\r", "a", "é", " ", '"a,b"', '"x\ny"', "b,c,d\n", "1,2,3\n"])  # fmt: skip


@pytest.mark.parametrize("block_bytes", [5, 40, 1 << 20])
def test_blocks_give_the_rows_of_pythons_reader(
    block_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_blocks, "BLOCK_BYTES", block_bytes)

    @settings(max_examples=150, deadline=None)
    @given(st.lists(PIECES, max_size=40))
    def law(pieces: list[str]) -> None:
        text = "h1,h2,h3\n" + "".join(pieces)
        path = tmp_path / "f.csv"
        path.write_bytes(text.encode())
        assert by_blocks(path) == by_python(text)[1:]

    law()


def test_a_stray_quote_costs_its_block_and_no_row_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_blocks, "BLOCK_BYTES", 64)
    lines = [f'{i},"t {i}",5" shell' if i == 50 else f'{i},"t\n{i}",x' for i in range(200)]
    text = "a,b,c\n" + "\n".join(lines) + "\n"
    (tmp_path / "f.csv").write_text(text)
    assert by_blocks(tmp_path / "f.csv") == by_python(text)[1:]


@pytest.mark.parametrize("block_bytes", [64, 4 << 20])
def test_a_quote_that_is_never_closed_swallows_no_row_unsaid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block_bytes: int
) -> None:
    monkeypatch.setattr(csv_blocks, "BLOCK_BYTES", block_bytes)
    path = tmp_path / "open.csv"
    lines = [f"{n},text {n}" for n in range(40)]
    lines[3] = '3,"he said'
    path.write_text("a,b\n" + "\n".join(lines) + "\n", encoding="utf-8")
    stream = CsvStream(InputFile(path, label="data:open.csv"), delimiter=",")
    rows: list[int] = []

    def read_on() -> None:
        for block in stream.blocks(["a"]):
            rows.extend(block.numbers.tolist())

    with pytest.raises(BrokenCsvError, match="never closed") as caught:
        read_on()
    assert rows == [2, 3, 4]
    assert caught.value.row == 5
    # closed at the end of the file, it is a text of several lines
    lines[3], lines[39] = "3,x", '39,"he said\nand went"'
    path.write_text("a,b\n" + "\n".join(lines), encoding="utf-8")
    stream = CsvStream(InputFile(path, label="data:open.csv"), delimiter=",")
    assert sum(len(block.numbers) for block in stream.blocks(["a"])) == 40


def test_rows_before_a_field_that_is_too_long_are_kept(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("a,b\n1,2\n" * 3 + '3,"' + "x" * 200_000)
    stream = CsvStream(InputFile(tmp_path / "f.csv", label="f"), delimiter=",")
    found: list[int] = []
    with pytest.raises(BrokenCsvError) as caught:
        found.extend(line for block in stream.blocks(["a"]) for line in block.numbers.tolist())
    assert found == [2, 3, 4, 5, 6]
    assert caught.value.row == 7


# -- kernels -----------------------------------------------------------------------------------
BLANKS = st.sampled_from(["", " ", "\t", "\xa0", "\x1c", "\x85", "\u2003", "\u3000", "\ufeff"])


@given(st.lists(st.tuples(BLANKS, st.text(max_size=4), BLANKS)))
def test_trimming_is_that_of_python(parts: list[tuple[str, str, str]]) -> None:
    texts = ["".join(part) for part in parts]
    texts = [text for text in texts if not any("\ud800" <= c <= "\udfff" for c in text)]
    assert trimmed(pa.array(texts, pa.string())).to_pylist() == [text.strip() or None for text in texts]


@given(st.lists(st.one_of(st.floats().map(repr), st.text("0123456789.+-eE_xnaif ", max_size=8), st.integers().map(str))))  # fmt: skip
def test_a_number_that_is_sure_is_the_one_python_reads(texts: list[str]) -> None:
    values, sure = numbers(pa.array(texts, pa.string()))
    for text, value, is_sure in zip(texts, values.tolist(), sure.tolist(), strict=True):
        if is_sure:
            assert float(text) == value
    assert sure[[i for i, text in enumerate(texts) if text.isascii() and text.isdigit() and len(text) < 300]].all()  # fmt: skip


def spelled(moment: datetime) -> Iterator[str]:
    yield from (
        moment.isoformat(),
        moment.isoformat(" ", "minutes"),
        moment.isoformat(timespec="milliseconds"),
    )
    yield from (moment.isoformat() + ending for ending in ("Z", "+03:00", "-1130", "+25:00"))
    yield from (moment.date().isoformat(), moment.isoformat()[:-1], moment.strftime("%d.%m.%Y"))


@settings(max_examples=60)
@given(
    st.lists(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2100, 1, 1)), max_size=5),  # noqa: DTZ001
    st.sampled_from([None, "UTC", "Europe/Berlin", "America/Havana", "Australia/Lord_Howe"]),
)
def test_a_moment_that_is_sure_is_the_one_its_cell_gives(days: list[datetime], zone: str | None) -> None:
    changes = [datetime(2031, 3, 30, 2, 30), datetime(2031, 10, 26, 2, 30)]  # noqa: DTZ001
    texts = [text for day in [*days, *changes] for text in spelled(day)] + ["2031-02-29", "x", "２031-05-05"]
    found = moments(pa.array(texts, pa.string()), zone)
    for at, text in enumerate(texts):
        if not found.sure[at]:
            continue
        try:
            moment = read_moment(text, zone=zone)
            ends = (moment, moment)
            assert not found.is_day[at]
        except DateOnly as day:
            assert zone is not None
            window = local_day(day.date, zone)
            ends = (window.start, window.stop)
            assert found.is_day[at]
        except TimeReadError:
            pytest.fail(f"{text} was taken for a moment")
        assert (found.start_us[at], found.stop_us[at]) == tuple(map(microseconds, ends))


@given(st.lists(st.tuples(st.text(max_size=5), st.floats(allow_nan=False, allow_infinity=False)), max_size=9))
def test_ids_are_those_of_single_records(pairs: list[tuple[str, float]]) -> None:
    pairs = [(text, value) for text, value in pairs if text.isprintable() or text.isascii()]
    texts = pa.array([text for text, _ in pairs], pa.string())
    values = float_texts(np.array([value for _, value in pairs], dtype=np.float64))
    hashes = content_hashes("src é", [texts, values], n=len(pairs))
    expected = [short_id("obs", "src é", text, value) for text, value in pairs]
    assert id_texts("obs", hashes, digits=10).to_pylist() == expected


def test_two_records_that_share_ten_digits_get_sixteen() -> None:
    hashes = np.array([0x0123456789AAAAAA, 0x0123456789BBBBBB, 0xFF00000000000000], dtype=np.uint64)
    found = ids_of("obs", hashes).to_pylist()
    assert found == ["obs-0123456789aaaaaa", "obs-0123456789bbbbbb", "obs-ff00000000"]
    assert ids_of("obs", hashes[:1]).to_pylist() == ["obs-0123456789"]


def test_values_of_parquet_are_written_as_python_writes_them() -> None:
    naive = datetime(2031, 5, 5, 10, 0, 0, 5)  # noqa: DTZ001
    values: list[Any] = [[1.5, None, 1e300, float("nan")], [1, -7, None], [True, None], [naive, None], [naive.replace(tzinfo=UTC)], [naive.date()], [["x"], None]]  # fmt: skip
    for some in values:
        assert python_texts(pa.array(some)).to_pylist() == [str(value) for value in pa.array(some).to_pylist()]  # fmt: skip


# -- plug-ins ----------------------------------------------------------------------------------
TOKENS = ["", ",", '"', "\n", "null", "-", "1e999", "NaN", "\x00", "9999999999", "2031-05-05", "2031-03-30 02:30", "45,5", "1,234", " ", "é", "\r", "North", "12.5"]  # fmt: skip


@pytest.mark.parametrize("name", COLUMNAR)
def test_whole_columns_blocks_and_single_cells_give_the_same(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = json.loads((SAMPLES / name / "sample.json").read_text())
    shutil.copytree(SAMPLES / name, tmp_path / name)
    main = tmp_path / name / facts["main"]
    whole = main.read_text() + "".join(main.read_text().splitlines(keepends=True)[1:]) * 2
    rng = random.Random(name)
    for _ in range(N_DAMAGED):
        text = whole
        for _ in range(rng.randint(0, 6)):
            at = rng.randrange(len(text.split("\n")[0]), len(text))
            text = text[:at] + rng.choice(TOKENS) + text[at + rng.randint(0, 5) :]
        main.write_text(text)
        files = [tmp_path / name / file for file in facts["files"]]
        found = []
        for block_bytes, by_row in ((4 << 20, False), (90, False), (4 << 20, True)):
            monkeypatch.setattr(csv_blocks, "BLOCK_BYTES", block_bytes)
            monkeypatch.setattr(batches, "ALL_BY_ROW", by_row)
            found.append(outcome(lambda files=files: read_files(name, files, facts["options"])))
        assert found[0] == found[1]
        assert found[0] == found[2]


def test_rows_of_parquet_do_not_depend_on_its_row_groups(tmp_path: Path) -> None:
    rng = random.Random(1)
    table = pa.table(
        {
            "time": [datetime(2031, 5, 5, tzinfo=UTC) + timedelta(minutes=i) if i % 7 else None for i in range(300)],
            "longitude_deg": [rng.uniform(8, 22) for _ in range(300)],
            "latitude_deg": [rng.uniform(39, 51) if i % 11 else None for i in range(300)],
            "count": [rng.randint(-2, 9) for _ in range(300)],
        }
    )  # fmt: skip
    found = []
    for size in (300, 7):
        pq.write_table(table, tmp_path / "t.parquet", row_group_size=size)
        rows, accounts, bad, *_ = outcome(lambda: read_files("table", [tmp_path / "t.parquet"], {"table": "observations"}))  # fmt: skip
        found.append(([{k: v for k, v in row.items() if k != "raw_digest"} for row in rows[0]], accounts, bad))  # fmt: skip
    assert found[0] == found[1]
    assert found[0][1][0][4] > 20


# -- a user's table ------------------------------------------------------------------------------
def codes(tables: SourceTables) -> list[str]:
    return [p.code for p in tables.problems] + [p.code for bad in tables.quarantined for p in bad.problems]


@pytest.mark.parametrize("first", ["a.csv", "z.csv"])
def test_an_id_contradicted_in_another_file_is_nobodys_in_both(read: Read, first: str) -> None:
    header = "observation_id,time,text\n"
    one = header + "k1,2031-05-05T10:00Z,x\nk2,2031-05-05T10:00Z,y\nk3,2031-05-05T10:00Z,z\n"
    two = header + "k1,2031-05-05T10:00Z,other\nk2,2031-05-05T10:00Z,y\n"
    tables = read("table", {first: one, "m.csv": two}, table="observations")
    assert [row["observation_id"] for row in records(tables.observations)] == ["k2", "k3"]
    assert codes(tables).count("id_repeated") == 2
    assert {bad.problems[0].file for bad in tables.quarantined} == {f"data:{first}", "data:m.csv"}
    assert sum(account.rows_repeated for account in tables.files) == 1
    assert all("text" in bad.content for bad in tables.quarantined)


@pytest.mark.parametrize("start", ["2031-05-05", "2031-05-05T06:00Z"])
def test_a_claim_up_to_a_date_is_known_to_the_day(read: Read, start: str) -> None:
    text = f"window_start,window_stop,value\n{start},2031-05-06,7\n2031-05-05T06:00Z,2031-05-06T06:00Z,8\n"
    constants = {"speaker": "me", "speaker_party_id": "a", "accused_party_id": "b", "measure": "m"}
    tables = read("table", {"t.csv": text}, table="claims", zone="UTC", constants=constants)
    found = {row["value"]: row for row in records(tables.claims)}
    assert found[7]["window_precision"] == "date_only"
    assert found[7]["window_stop"] == datetime(2031, 5, 7, tzinfo=UTC)
    assert found[8]["window_precision"] == "exact"


def test_a_number_with_separators_is_told_as_such(read: Read) -> None:
    text = 'time,strength\n2031-05-05T10:00Z,"1,234"\n2031-05-05T11:00Z,1.5\n2031-05-05T12:00Z,"1,5"\n'
    tables = read("table", {"t.csv": text}, table="observations")
    messages = [bad.problems[0].message for bad in tables.quarantined]
    assert messages == ["a number with separators, which could be meant in two ways", "not a number"]
    assert all(bad.problems[0].next_step for bad in tables.quarantined)
    comma = text.replace("1,234", "1.234,5").replace("1.5", "12")
    tables = read("table", {"t.csv": comma}, table="observations", decimal=",")
    assert [row["strength"] for row in records(tables.observations)] == [12, 1.5]
    assert codes(tables) == ["value_type"]


def test_fields_may_be_parted_by_other_marks(read: Read) -> None:
    text = "time;strength\n2031-05-05T10:00Z;1,5\n"
    one = read("table", {"t.csv": text}, table="observations", delimiter=";", decimal=",")
    two = read("table", {"u.csv": text.replace(";", "\t")}, table="observations", delimiter="\t", decimal=",")
    assert [row["strength"] for row in [*records(one.observations), *records(two.observations)]] == [1.5, 1.5]


# -- fires -------------------------------------------------------------------------------------
FIRES = {
    "modis": "latitude,longitude,brightness,scan,track,acq_date,acq_time,satellite,instrument,confidence,version,bright_t31,frp,daynight,type\n45,12,301,1,1,2031-05-05,0026,Terra,MODIS,79,6.1,280,9,N,0\n45,12,301,1,1,2031-05-05,27,Aqua,MODIS,80,6.1NRT,280,9,N,\n",
    "viirs": "latitude,longitude,bright_ti4,scan,track,acq_date,acq_time,satellite,instrument,confidence,version,bright_ti5,frp,daynight,type\n45,12,301,.5,.4,2031-05-05,0028,N,VIIRS,n,2,280,9,N,2\n45,12,301,.5,.4,2031-05-05,29,N20,VIIRS,low,2.0NRT,280,9,N,\n45,12,301,.5,.4,2031-05-05,30,N21,VIIRS,h,2.0NRT,280,9,N,\n",
    "landsat": "latitude,longitude,path,row,scan,track,acq_date,acq_time,satellite,confidence,daynight\n45,12,108,212,756,2664,2031-05-05,831,L9,M,D\n",
}


def test_every_product_of_fires_is_read(read: Read) -> None:
    tables = read("firms", {f"{name}.csv": text for name, text in FIRES.items()})
    rows = {row["look_id"]: row for row in records(tables.observations)}
    assert len(rows) == 6
    assert rows["L9 2031-05-05 0831"]["position_sd_m"] == pytest.approx(30 / 12**0.5)
    assert rows["N20 2031-05-05 0029"]["sensor_id"] == "VIIRS N20"
    assert not tables.quarantined
    assert "1 on other lasting sources on land" in " ".join(tables.notes)
    assert "3 detections are near real time and 2 of standard processing" in " ".join(tables.notes)


def test_fires_can_be_kept_by_confidence_and_type(read: Read) -> None:
    files = {f"{name}.csv": text for name, text in FIRES.items()}
    sure = read("firms", files, confidence_at_least="high")
    assert [row["look_id"][:4] for row in records(sure.observations)] == ["Aqua", "N21 "]
    fresh = read("firms", files, types=[0])
    assert len(fresh.observations) == 5
    text = FIRES["landsat"].replace(",M,", ",?,")
    assert "value_unknown" in codes(read("firms", {"l.csv": text}, confidence_at_least="low"))
    assert "value_unknown" not in codes(read("firms", {"l.csv": text}))


# -- event data sets -----------------------------------------------------------------------------
ACLED = "event_id_cnty,event_date,time_precision,event_type,sub_event_type,actor1,admin1,country,location,latitude,longitude,geo_precision,notes,timestamp\n"
BERLIN = {"zone": "Europe/Berlin"}


def acled(read: Read, *rows: str, **options: Any) -> SourceTables:
    return read("acled", {"e.csv": ACLED + "".join(f"{row}\n" for row in rows)}, **{**BERLIN, **options})


def test_codes_of_precision_become_intervals_and_areas(read: Read) -> None:
    def row(number: int, when: int, where: int, region: str) -> str:
        return f"E{number},2031-05-05,{when},Battles,Armed clash,A,{region},Land,Town,45,12,{where},n,1"

    tables = acled(read, row(1, 1, 1, "North"), row(2, 2, 2, "North"), row(3, 3, 3, "North"), row(4, 1, 3, "Moor"))  # fmt: skip
    found = records(tables.observations)
    by_days = {round((row["occurred_until"] - row["occurred_from"]).total_seconds() / 86400): row for row in found}  # fmt: skip
    assert sorted(by_days) == [1, 7, 31]
    assert by_days[7]["occurred_from"].isoformat() == "2031-05-01T22:00:00+00:00"
    assert by_days[7]["position_sd_m"] == 15_000
    assert (by_days[31]["area_id"], by_days[31]["longitude_deg"]) == ("north", None)
    moor = next(row for row in found if row["place_name"] == "Moor")
    assert (moor["area_id"], moor["longitude_deg"], moor["position_sd_m"]) == (None, None, None)
    assert any("1 record known to a region that is no area of the case" in note and "Moor (1)" in note for note in tables.notes)  # fmt: skip
    wrong = acled(read, row(1, 4, 1, "x"), row(2, 1, 0, "x"), "E3,05/06/2031,1,B,A,A,n,L,T,45,12,1,n,1")
    assert sorted(codes(wrong)) == ["source_outside_window", "time_format", "value_unknown", "value_unknown"]


def test_who_and_what_are_mapped_or_counted(read: Read) -> None:
    rows = (
        "E1,2031-05-05,1,Explosions/Remote violence,Air/drone strike,Forces of A (2019-2040),n,L,T,45,12,1,n,1",
        "E2,05 May 2031,1,Explosions/Remote violence,Shelling,Other,n,L,T,45,12,1,n,1",
        "E3,2031-05-05,1,Battles,Armed clash,Forces of A (2019-2040),n,L,T,45,12,1,n,1",
    )
    options = {"event_acts": {"Air/drone strike": "air", "Explosions/Remote violence": "shelling"}, "actor_parties": {"Forces of A": "a"}}  # fmt: skip
    tables = acled(read, *rows, **options)
    found = {(*row["acts"],): row["accused_party_id"] for row in records(tables.observations)}
    assert found == {("air",): "a", ("shelling",): None, (): None}
    assert any("Battles/Armed clash (1)" in note for note in tables.notes)
    assert any("Other (1)" in note for note in tables.notes)
    assert len(acled(read, *rows, kinds=["Battles"], **options).observations) == 1
    with pytest.raises(InputError, match="name_unknown"):
        acled(read, *rows, event_acts={"Battles": "zap"})
    with pytest.raises(InputError, match="party_unknown"):
        acled(read, *rows, actor_parties={"x": "zap"})


@pytest.mark.parametrize("turned", [False, True])
def test_the_version_logged_last_is_taken(read: Read, turned: bool) -> None:
    row = "E1,2031-05-05,1,Battles,Armed clash,A,n,L,{},45,12,1,n,{}"
    rows = [row.format("Old", 1), row.format("New", 2), "E2,2031-05-05,1,B,C,A,n,L,One,45,12,1,n,5", "E2,2031-05-05,1,B,C,A,n,L,Two,45,12,1,n,5"]  # fmt: skip
    tables = acled(read, *(rows[::-1] if turned else rows))
    names = [row["place_name"] for row in records(tables.observations)]
    assert "New" in names
    assert len(names) == 2
    (account,) = tables.files
    assert (account.rows_used, account.rows_repeated) == (2, 2)
    assert "1 row with an event that was given before" in next(
        p.message for p in tables.problems if p.code == "id_repeated"
    )
    assert names == [row["place_name"] for row in records(acled(read, *rows).observations)]


GED = "id,type_of_violence,side_a,side_b,where_prec,where_coordinates,adm_1,adm_2,country,latitude,longitude,date_prec,date_start,date_end,event_clarity,source_headline\n"


def test_places_and_spans_of_ged(read: Read) -> None:
    def row(number: int, where: int, when: int, stop: str = "2031-05-05") -> str:
        return f"{number},3,Force A,Civilians,{where},Town,North,South,Land,45,12,{when},2031-05-05 00:00:00.000,{stop},{1 + (where == 2)},h"

    text = GED + "\n".join([row(1, 1, 1), row(2, 2, 2, "2031-05-08"), row(3, 3, 3), row(4, 4, 4), row(5, 5, 5), row(6, 6, 1), row(7, 7, 1), row(8, 1, 1, "2031-05-04"), row(9, 9, 1)])  # fmt: skip
    tables = read("ucdp_ged", {"g.csv": text}, violence_acts={"3": "shelling"}, actor_parties={"Force A": "a"}, **BERLIN)  # fmt: skip
    rows = records(tables.observations)
    assert sorted((row["occurred_until"] - row["occurred_from"]).days for row in rows) == [1, 1, 1, 4, 7, 31, 365]  # fmt: skip
    assert sorted(str(row["position_sd_m"]) for row in rows) == ["12500.0", "2000.0"] + ["None"] * 5
    assert sorted(str(row["area_id"]) for row in rows) == ["None"] * 4 + ["north", "north", "south"]
    assert {row["accused_party_id"] for row in rows} == {"a"}
    assert sorted(codes(tables)) == ["time_order", "value_unknown"]
    assert any("over days or places: 1" in note for note in tables.notes)


# -- other formats -------------------------------------------------------------------------------
KML = '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{}</Document></kml>'
MARK = "<Placemark><name>{}</name><ExtendedData><Data name='when'><value>2031-05-05 10:00</value></Data></ExtendedData>{}</Placemark>"


def test_a_layer_of_points_is_a_table_with_places(read: Read) -> None:
    point, line = "<Point><coordinates>12.5,45.5</coordinates></Point>", "<LineString><coordinates>12,45 13,45</coordinates></LineString>"  # fmt: skip
    text = KML.format(MARK.format("one", point) + MARK.format("two", "") + MARK.format("three", line))
    options = {"table": "observations", "zone": "Europe/Berlin", "columns": {"time": "when", "text": "name"}}
    tables = read("table", {"t.kml": text}, **options)
    found = {row["text"]: row for row in records(tables.observations)}
    assert (found["one"]["longitude_deg"], found["one"]["latitude_deg"]) == (12.5, 45.5)
    assert found["one"]["occurred_from"] == datetime(2031, 5, 5, 8, tzinfo=UTC)
    assert found["two"]["longitude_deg"] is None
    assert codes(tables) == ["geometry_invalid"]
    (account,) = tables.files
    assert (account.rows_read, account.rows_used, account.rows_quarantined) == (3, 2, 1)


def test_a_workbook_gives_the_records_of_its_csv(read: Read) -> None:
    xlsxwriter = pytest.importorskip("xlsxwriter")
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    form = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    sheet.write_row(0, 0, ["when", "x", "y", "n"])
    for line in (1, 2):
        sheet.write_datetime(line, 0, datetime(2031, 5, 5, 9 + line), form)  # noqa: DTZ001 - the zone is an option
        sheet.write_row(line, 1, [12.5, 45.5 if line == 1 else 500, 3])
    book.close()
    options = {"table": "observations", "zone": "UTC", "columns": {"time": "when", "longitude_deg": "x", "latitude_deg": "y", "count": "n"}}  # fmt: skip
    one = read("table", {"t.xlsx": out.getvalue()}, **options)
    two = read("table", {"t.csv": "when,x,y,n\n2031-05-05 10:00,12.5,45.5,3\n2031-05-05 11:00,12.5,500,3\n"}, **options)  # fmt: skip
    own = ("observation_id", "raw_file", "raw_row", "raw_digest")
    plain = [[{k: v for k, v in row.items() if k not in own} for row in records(t.observations)] for t in (one, two)]  # fmt: skip
    assert plain[0] == plain[1]
    assert len(plain[0]) == 1
    assert codes(one) == codes(two) == ["value_range"]
    assert one.quarantined[0].problems[0].row == two.quarantined[0].problems[0].row == 3


def test_features_are_read_alike_by_columns_and_by_cells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(3)
    values: list[Any] = ["2031-05-05T10:00Z", "2031-05-06", None, 5, "x", True, [1], 1.5]
    shapes: list[Any] = [{"type": "Point", "coordinates": [12, 45.5]}, {"type": "Point", "coordinates": ["a", 2]}, {"type": "Point", "coordinates": [45, 12]}, None]  # fmt: skip
    for kinds in (values[:3], values):
        features = [{"type": "Feature", "properties": {"time": rng.choice(kinds), "n": i % 9}, "geometry": rng.choice(shapes)} for i in range(80)]  # fmt: skip
        path = tmp_path / "t.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        found = []
        for by_row in (False, True):
            monkeypatch.setattr(batches, "ALL_BY_ROW", by_row)
            options = {"table": "observations", "zone": "UTC", "columns": {"count": "n"}}
            found.append(outcome(lambda path=path, options=options: read_files("table", [path], options)))
        assert found[0] == found[1]
        assert found[0][0][0]
