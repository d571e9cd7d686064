"""Laws of `table` on files as people keep them: however a thing is written, it is read as the same thing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.base.errors import InputError
from truceline.base.intervals import Interval
from truceline.sources import batches
from truceline.sources.source import SOURCES, InputFile, ReadContext, Region, SourceTables
from truceline.sources.table_clocks import as_iso, iso_texts, moments_of_two, read_clock
from truceline.sources.table_places import places_of, read_angle, read_place

SPAN = Interval(datetime(2031, 1, 1, tzinfo=UTC), datetime(2033, 1, 1, tzinfo=UTC))


def read(path: Path, content: str | bytes, **options: Any) -> SourceTables:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    plugin = SOURCES.get("table")
    assert plugin is not None
    context = ReadContext(
        source_id="src",
        files=(InputFile(path, label=path.name),),
        span=SPAN,
        window=SPAN,
        parties=("a", "b"),
        acts=("air", "shelling"),
        area_by_name={},
        region=Region(west_deg=-80, south_deg=-20, east_deg=40, north_deg=60),
    )
    return plugin(plugin.Options.model_validate({"table": "observations", **options})).read(context)


def told(tables: SourceTables) -> list[tuple[Any, ...]]:
    """What was read, without what tells the file apart."""
    columns = ("occurred_from", "occurred_until", "longitude_deg", "latitude_deg", "text")
    rows = tables.observations.select(columns).to_pylist()
    return sorted((tuple(row.values()) for row in rows), key=str)


def reasons(tables: SourceTables) -> list[tuple[int | None, str, str]]:
    return [(problem.row, problem.code, problem.expected) for row in tables.quarantined for problem in row.problems]  # fmt: skip


MOMENTS = st.integers(1440, 2 * 365 * 1440).map(
    lambda minutes: datetime(2031, 1, 1) + timedelta(minutes=minutes)  # noqa: DTZ001 - a local clock
)
PATTERNS = ("%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d.%m.%y %H:%M", "%d %B %Y %I:%M %p", "%Y%m%d %H%M", "%Y/%m/%d %H:%M UTC")  # fmt: skip


@pytest.mark.parametrize("by_row", [False, True])
@pytest.mark.parametrize("pattern", [*PATTERNS, "epoch_s", "epoch_ms"])
def test_a_pattern_reads_what_iso_8601_reads(pattern: str, by_row: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(batches, "ALL_BY_ROW", by_row)

    def written(moment: datetime) -> str:
        if pattern in ("epoch_s", "epoch_ms"):
            return str(int(moment.replace(tzinfo=UTC).timestamp()) * (1000 if pattern == "epoch_ms" else 1))
        return moment.strftime(pattern)

    @settings(max_examples=10, deadline=None)
    @given(st.lists(MOMENTS, min_size=1, max_size=8, unique=True))
    def law(moments: list[datetime]) -> None:
        plain = "when\n" + "\n".join(moment.isoformat() for moment in moments)
        odd = "when\n" + "\n".join(map(written, moments))
        columns = {"time": "when"}
        assert told(read(tmp_path / "a.csv", odd, columns=columns, zone="UTC", time_format=pattern)) == told(read(tmp_path / "b.csv", plain, columns=columns, zone="UTC"))  # fmt: skip

    law()


@given(MOMENTS)
def test_quick_and_slow_reading_of_a_pattern_agree(moment: datetime) -> None:
    for pattern in PATTERNS:
        text = moment.strftime(pattern)
        quick = iso_texts(pa.array([text, f" {text} ", None]), pattern).to_pylist()
        slow = as_iso(text, pattern)
        assert slow is not None
        assert quick[2] is None
        assert {datetime.fromisoformat(one) for one in (*quick[:2], slow)} == {moment}


@given(MOMENTS)
def test_a_date_beside_a_clock_is_their_moment(moment: datetime) -> None:
    clocks = [f"{moment:%H:%M}", f"{moment.hour}:{moment:%M}", f"{moment:%H%M}", f"{moment:%I:%M %p}", f"{moment:%Hh%M}"]  # fmt: skip
    for clock in clocks:
        (text,) = moments_of_two(pa.array([f"{moment:%d/%m/%Y}"]), pa.array([clock]), "%d/%m/%Y").to_pylist()
        assert datetime.fromisoformat(text) == moment, clock


def test_clocks_at_their_edges() -> None:
    assert moments_of_two(pa.array(["2031-12-31"] * 4), pa.array(["24:00", "", None, "0:00"]), None).to_pylist() == ["2032-01-01T00:00:00", "2031-12-31", "2031-12-31", "2031-12-31T00:00:00"]  # fmt: skip
    assert [read_clock(text) for text in ("24:01", "25:00", "7", "7:5", "13:00 pm", "x")] == [None] * 6
    assert read_clock("12:30 am") == ("00:30:00", 0)


def test_an_empty_clock_is_the_whole_local_day(tmp_path: Path) -> None:
    content = "d,c\n03/04/2031,24:00\n03/04/2031,\n03/04/2031,7:05\n03/04/2031,25:99\n31/02/2031,7:05\n"
    tables = read(tmp_path / "a.csv", content, columns={"date": "d", "clock": "c"}, zone="Europe/Berlin", time_format="%d/%m/%Y")  # fmt: skip
    windows = sorted((row[0].replace(tzinfo=UTC), row[1] - row[0]) for row in told(tables))
    day = datetime(2031, 4, 2, 22, tzinfo=UTC)
    assert windows == [(day, timedelta(days=1)), (day + timedelta(hours=7, minutes=5), timedelta(seconds=1)), (day + timedelta(days=1), timedelta(seconds=1))]  # fmt: skip
    assert [(row, code) for row, code, _ in reasons(tables)] == [(5, "time_format"), (6, "time_format")]


def test_a_time_that_the_pattern_does_not_fit_is_told_with_the_pattern(tmp_path: Path) -> None:
    tables = read(tmp_path / "a.csv", "t\n13/25/2031\nsoon\n", columns={"time": "t"}, zone="UTC", time_format="%d/%m/%Y")  # fmt: skip
    assert [(row, code) for row, code, _ in reasons(tables)] == [(2, "time_format"), (3, "time_format")]
    assert all("%d/%m/%Y" in expected for _, _, expected in reasons(tables))


def test_a_year_first_pattern_is_never_read_as_iso(tmp_path: Path) -> None:
    tables = read(tmp_path / "a.csv", "t\n2031-25-04\n2031-04-25\n", columns={"time": "t"}, zone="UTC", time_format="%Y-%d-%m")  # fmt: skip
    assert len(told(tables)) == 1
    assert [row for row, _, _ in reasons(tables)] == [3]


# -- places ------------------------------------------------------------------------------------
DEGREES = (st.integers(-64_799, 64_799).map(lambda n: n / 3600 * 2), st.integers(-32_399, 32_399).map(lambda n: n / 3600 * 2))  # fmt: skip


def sexagesimal(value: float, letters: str) -> str:
    whole, seconds = divmod(round(abs(value) * 3600), 60)
    return f"{whole // 60}°{whole % 60}'{seconds}\"{letters[value < 0]}"


@given(*DEGREES)
def test_a_place_is_the_same_however_it_is_written(x: float, y: float) -> None:
    said = f"{y:.5f}, {x:.5f}"
    forms = {
        said: "lat_lon", f"{x:.5f}; {y:.5f}": "lon_lat", f"({said})": "lat_lon", f"POINT({x:.5f} {y:.5f})": None,
        f"{sexagesimal(y, 'NS')} {sexagesimal(x, 'EW')}": None, f"{sexagesimal(x, 'EW')}, {sexagesimal(y, 'NS')}": None,
        f"{said.replace(', ', ';').replace('.', ',')}": "lat_lon",
    }  # fmt: skip
    for text, order in forms.items():
        assert read_place(text, order) == pytest.approx((x, y), abs=2e-5), text  # type: ignore[arg-type]
        quick = places_of(pa.array([text, None]), order)  # type: ignore[arg-type]
        first = [float(one[0].as_py().replace(",", ".")) for one in quick]
        assert first == pytest.approx([x, y], abs=2e-5)
    assert read_angle(sexagesimal(y, "NS"), "y") == pytest.approx(y, abs=2e-5)
    assert read_angle(sexagesimal(y, "NS"), "x") is None


@pytest.mark.parametrize("text", ["", "50.1", "50,1", "1,234", "near the mill", "50.1, 10.4, 7", "48°72'N 16°E", "N 10 N 50", "-48°N 16°E"])  # fmt: skip
def test_what_is_no_place_is_none(text: str) -> None:
    assert read_place(text, None) is None
    assert read_angle(text, "x") is None


def test_plain_numbers_need_their_order(tmp_path: Path) -> None:
    content = 't,p\n2031-04-03,"50.1, 10.4"\n2031-04-03,at the mill\n2031-04-04,\n'
    given_order = {"columns": {"time": "t", "coordinates": "p"}, "zone": "UTC"}
    tables = read(tmp_path / "a.csv", content, **given_order, coordinates_order="lat_lon")
    assert [row[2:4] for row in told(tables)] == [(10.4, 50.1), (None, None)]
    assert [(row, code) for row, code, _ in reasons(tables)] == [(3, "value_type")]
    tables = read(tmp_path / "a.csv", content, **given_order)
    assert [(row, code) for row, code, _ in reasons(tables)] == [(2, "value_type"), (3, "value_type")]
    assert "coordinates_order" in reasons(tables)[0][2]


def test_angles_in_columns_of_their_own(tmp_path: Path) -> None:
    content = "t;y;x\n2031-04-03;48°12'30\"N;16°22'15\"E\n2031-04-04;48.5;16,5\n2031-04-05;16°E;48°N\n"
    tables = read(tmp_path / "a.csv", content, columns={"time": "t", "longitude_deg": "x", "latitude_deg": "y"}, zone="UTC", delimiter=";")  # fmt: skip
    assert [row[2:4] for row in told(tables)] == [(pytest.approx(16.37083, abs=1e-5), pytest.approx(48.20833, abs=1e-5))]  # fmt: skip
    assert {row for row, _, _ in reasons(tables)} == {3, 4}


# -- files -------------------------------------------------------------------------------------
TEXT = "t,w\n2031-04-03,обстрел\n2031-04-04,\n,x\n"


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "utf-16", "utf-8-sig"])
def test_the_encoding_changes_nothing_of_what_is_read(encoding: str, tmp_path: Path) -> None:
    columns = {"time": "t", "text": "w"}
    one = read(tmp_path / "a.csv", TEXT, columns=columns, zone="UTC")
    two = read(tmp_path / "b.csv", TEXT.encode(encoding), columns=columns, zone="UTC", encoding=encoding)
    assert told(one) == told(two)
    assert reasons(one) == reasons(two)


@pytest.mark.parametrize("above", [1, 2, 7])
def test_rows_keep_their_numbers_below_a_title(above: int, tmp_path: Path) -> None:
    columns = {"time": "t", "text": "w"}
    one = read(tmp_path / "a.csv", TEXT, columns=columns, zone="UTC")
    two = read(tmp_path / "b.csv", "A title, of sorts\n" * above + TEXT, columns=columns, zone="UTC", header_row=above + 1)  # fmt: skip
    assert told(one) == told(two)
    assert [(row or 0) + above for row, *_ in reasons(one)] == [row for row, *_ in reasons(two)]


def test_the_wrong_encoding_is_an_error_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="encoding"):
        read(tmp_path / "a.csv", TEXT.encode("utf-16")[:-1], columns={"time": "t"}, zone="UTC", encoding="utf-16")  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": {"date": "d", "time": "t"}}, "either date or time"),
        ({"columns": {"clock": "c"}}, "clock needs the column date"),
        ({"columns": {"coordinates": "p", "longitude_deg": "x"}}, "either coordinates or"),
        ({"columns": {"time": "t"}, "time_format": "%H:%M"}, "year, month and day"),
        ({"columns": {"time": "t"}, "encoding": "klingon"}, "no encoding"),
    ],
)
def test_options_that_cannot_be_meant(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        read(tmp_path / "a.csv", TEXT, **options)


def test_a_header_that_is_not_there_is_named_for_date_and_place(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path / "a.csv", TEXT, columns={"date": "d", "clock": "c", "coordinates": "p"}, zone="UTC")
    assert sorted(problem.column for problem in caught.value.problems) == ["c", "d", "p"]


def test_half_a_pair_of_surrogates_ends_no_run(tmp_path: Path) -> None:
    point = '{"type":"Feature","geometry":{"type":"Point","coordinates":[10.4,50.1]},"properties":{"when":"2031-05-02T04:30Z","told":"a\\ud800b"}}'
    layer = f'{{"type":"FeatureCollection","features":[{point}]}}'
    tables = read(tmp_path / "points.geojson", layer, columns={"time": "when", "text": "told"}, constants={"position_sd_m": 100})  # fmt: skip
    assert tables.observations["text"].to_pylist() == ["a?b"]
