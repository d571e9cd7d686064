"""Tables of incidents as people of other conflicts keep them, each brought to a report by ``truceline new --yes``.

The files are written here and small; places, parties and events are invented.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from truceline.faces.cli.main import app
from truceline.workflow.case import open_case
from truceline.workflow.ingest import Ingested, ingest
from truceline.workflow.sniff import sniff_incidents

START, DAYS, N = datetime(2031, 5, 2), 36, 150  # noqa: DTZ001 - a local clock
KINDS = {"Shelling": "Shelling", "Clash": "Armed clash", "Other": "Protest"}


@dataclass(frozen=True)
class Event:
    """One invented event."""

    number: int
    when: datetime
    x: float
    y: float
    kind: str


def events(*, south: float = 50, west: float = 10) -> Iterator[Event]:
    rng = random.Random(11)
    for number in range(N):
        when = START + timedelta(days=number % DAYS, minutes=rng.randrange(1440))
        kind = rng.choice(list(KINDS)) if number else "Shelling"
        yield Event(number, when, round(west + rng.random(), 4), round(south + rng.random(), 4), kind)


def lines(path: Path, rows: list[str], *, encoding: str = "utf-8") -> Path:
    path.write_bytes(("\n".join(rows) + "\n").encode(encoding))
    return path


def acled(folder: Path) -> Path:
    kinds = {"Shelling": "Explosions/Remote violence,Shelling/artillery/missile attack", "Clash": "Battles,Armed clash", "Other": "Protests,Peaceful protest"}  # fmt: skip
    rows = ["event_id_cnty,event_date,year,time_precision,disorder_type,event_type,sub_event_type,actor1,actor2,country,admin1,location,latitude,longitude,geo_precision,source,notes,fatalities,timestamp"]  # fmt: skip
    rows += [f'LND{e.number},{e.when:%d %B %Y},2031,1,Political violence,{kinds[e.kind]},Military Forces of Oak (2020-),Elm Front,Land,North,Ford,{e.y},{e.x},1,Radio,"Forces met, {e.number}",0,1940000000' for e in events()]  # fmt: skip
    return lines(folder / "acled.csv", rows)


def ged(folder: Path) -> Path:
    rows = ["id,relid,year,type_of_violence,conflict_name,side_a,side_b,where_prec,where_coordinates,adm_1,adm_2,country,latitude,longitude,event_clarity,date_prec,date_start,date_end,source_headline,best"]  # fmt: skip
    rows += [f'{e.number},X-{e.number},2031,{3 if e.kind == "Other" else 1},Land: Government,Government of Oak,Elm,1,Ford,North,East,Land,{e.y},{e.x},1,1,{e.when:%Y-%m-%d} 00:00:00.000,{e.when:%Y-%m-%d} 00:00:00.000,"Report, {e.number}",1' for e in events()]  # fmt: skip
    return lines(folder / "ged.csv", rows)


def spanish(folder: Path) -> Path:
    kinds = {"Shelling": "Bombardeo con mortero", "Clash": "Enfrentamiento", "Other": "Manifestación"}
    rows = ["Nº;Fecha;Hora;Municipio;Latitud;Longitud;Tipo de incidente;Observaciones"]
    rows += [f"{e.number};{e.when:%d/%m/%Y};{e.when:%H:%M};Vereda Peñón;{str(e.y).replace('.', ',')};{str(e.x).replace('.', ',')};{kinds[e.kind]};Según vecinos" for e in events()]  # fmt: skip
    return lines(folder / "incidentes.csv", rows, encoding="latin-1")


def russian(folder: Path) -> Path:
    kinds = {"Shelling": "Артиллерийский обстрел", "Clash": "Боевое столкновение", "Other": "Митинг"}
    rows = ["Дата события;Время;Населённый пункт;Широта;Долгота;Тип события;Описание"]
    rows += [f"{e.when:%d.%m.%Y};{e.when.hour}:{e.when:%M};Дубрава;{e.y};{e.x};{kinds[e.kind]};Со слов жителей, {e.number}" for e in events()]  # fmt: skip
    return lines(folder / "журнал.csv", rows, encoding="cp1251")


def workbook(folder: Path) -> Path:
    import xlsxwriter

    book = xlsxwriter.Workbook(str(folder / "log.xlsx"))
    sheet, day, clock = book.add_worksheet("Log"), book.add_format({"num_format": "dd.mm.yyyy"}), book.add_format({"num_format": "hh:mm"})  # fmt: skip
    sheet.write(0, 0, "Incident log of the observers")
    sheet.write(1, 0, "Confidential until released")
    for column, name in enumerate(("Datum", "Uhrzeit", "Ort", "Breite", "Länge", "Art des Ereignisses", "Bemerkung")):  # fmt: skip
        sheet.write(2, column, name)
    for row, e in enumerate(events(), 3):
        sheet.write_datetime(row, 0, e.when.replace(hour=0, minute=0), day)
        if e.number % 10:
            sheet.write_datetime(row, 1, e.when.time(), clock)
        for column, value in enumerate(("Furt", e.y, e.x, {"Shelling": "Beschuss", "Clash": "Gefecht", "Other": "Kundgebung"}[e.kind], "gehört"), 2):  # fmt: skip
            sheet.write(row, column, value)
    book.close()
    return folder / "log.xlsx"


def kml(folder: Path) -> Path:
    marks = "".join(f"<Placemark><name>Ford</name><description>seen {e.number}</description><TimeStamp><when>{e.when:%Y-%m-%dT%H:%M:00Z}</when></TimeStamp><ExtendedData><Data name='Kind'><value>{KINDS[e.kind]}</value></Data></ExtendedData><Point><coordinates>{e.x},{e.y},0</coordinates></Point></Placemark>" for e in events())  # fmt: skip
    return lines(folder / "points.kml", [f'<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>{marks}</Document></kml>'])  # fmt: skip


def geopackage(folder: Path) -> Path:
    pyogrio = pytest.importorskip("pyogrio", reason="the extra gis is not installed")
    import numpy as np
    import shapely

    found = list(events())
    pyogrio.raw.write(
        str(folder / "field.gpkg"),
        geometry=np.array([shapely.Point(e.x, e.y).wkb for e in found], dtype=object),
        field_data=[np.array([e.when.isoformat() for e in found], dtype="datetime64[ms]"), np.array([KINDS[e.kind] for e in found], dtype=object), np.array(["Ford"] * N, dtype=object)],
        fields=["observed_at_time", "kind", "place"],
        layer="incidents",
        geometry_type="Point",
        crs="EPSG:4326",
    )  # fmt: skip
    return folder / "field.gpkg"


def geojson(folder: Path) -> Path:
    features = [{"type": "Feature", "properties": {"timestamp": int((e.when - datetime(1970, 1, 1)).total_seconds() * 1000), "category": KINDS[e.kind], "title": f"seen {e.number}"}, "geometry": {"type": "Point", "coordinates": [e.x, e.y]}} for e in events()]  # noqa: DTZ001 # fmt: skip
    (folder / "app.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return folder / "app.geojson"


def in_degrees(value: float, letters: str) -> str:
    minutes, seconds = divmod(round(abs(value) * 3600), 60)
    degrees, minutes = divmod(minutes, 60)
    return f"{degrees}°{minutes:02d}'{seconds:02d}\"{letters[value < 0]}"


def degrees(folder: Path) -> Path:
    rows = ["Report no;Date time group;Coordinates;Incident type;Remarks"]
    rows += [f"""{e.number};{e.when:%Y-%m-%d %H:%M} UTC;{in_degrees(e.y, "NS").replace('"', "''")} {in_degrees(e.x, "EW").replace('"', "''")};{KINDS[e.kind]};heard""" for e in events(south=-13, west=-71)]  # fmt: skip
    return lines(folder / "patrol.txt", rows)


def month_first(folder: Path) -> Path:
    rows = ["Exported by the desk", "", "Incident ID,Date,Time,Location,Incident Type,Lat,Long"]
    rows += [f'{e.number},{e.when:%m/%d/%Y},{e.when:%I:%M %p},"Ford, East",{KINDS[e.kind]},{e.y},{e.x}' for e in events()]  # fmt: skip
    return lines(folder / "desk.csv", rows)


FILES: dict[str, tuple[Callable[[Path], Path], str]] = {
    "acled": (acled, "acled"),
    "ged": (ged, "ucdp_ged"),
    "spanish": (spanish, "table"),
    "russian": (russian, "table"),
    "workbook": (workbook, "table"),
    "kml": (kml, "table"),
    "geopackage": (geopackage, "table"),
    "geojson": (geojson, "table"),
    "degrees": (degrees, "table"),
    "month_first": (month_first, "table"),
}


#: what no file of that kind can tell: which act all of state-based violence is
MORE = {"ged": ("--word", "1=clash")}


def front(folder: Path, *, south: float = 50, west: float = 10) -> Path:
    shape = {"type": "LineString", "coordinates": [[west - 0.4, south + 0.5], [west + 0.5, south + 0.6], [west + 1.4, south + 0.5]]}  # fmt: skip
    feature = {"type": "Feature", "properties": {}, "geometry": shape}
    path = folder / "front_2031-05-01.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    return path


def begin(folder: Path, table: Path, line: Path | None, *more: str) -> str:
    flags = ["--party", "Oak", "--party", "Elm", "--act", "Shelling", "--act", "clash=Armed clash", "--start", "2031-05-25 00:00", "--stop", "2031-06-01 00:00", "--zone", "UTC", "--incidents", str(table)]  # fmt: skip
    flags += ["--line", str(line), "--left", "Oak"] if line is not None else []
    done = CliRunner().invoke(app, ["new", str(folder), *flags, *more, "--yes"])
    assert done.exit_code == 0, done.output
    return done.output


def read(folder: Path) -> Ingested:
    return ingest(open_case(folder), data=None)


@pytest.mark.parametrize("name", FILES)
def test_a_strangers_file_comes_to_a_report(name: str, tmp_path: Path) -> None:
    write, adapter = FILES[name]
    line = front(tmp_path, south=-13, west=-71) if name == "degrees" else front(tmp_path)
    told = begin(tmp_path / "case", write(tmp_path), line, *MORE.get(name, ()))
    tables = read(tmp_path / "case")
    source = tables.sources[0]
    assert (source.adapter, source.state) == (adapter, "read")
    assert sum(file.rows_quarantined for file in source.files) == 0, told
    found = list(events(south=-13, west=-71) if name == "degrees" else events())
    assert tables.observations.num_rows == N, told
    acts = [act for row in tables.observations["acts"].to_pylist() for act, _ in row]
    kinds = [e.kind for e in found]
    expected = (kinds.count("Shelling"), kinds.count("Clash"))
    assert (acts.count("shelling"), acts.count("clash")) == ((0, sum(expected)) if name == "ged" else expected)  # fmt: skip
    xs, ys = (sorted(tables.observations[f"{axis}_deg"].to_pylist()) for axis in ("longitude", "latitude"))
    assert xs == pytest.approx(sorted(e.x for e in found), abs=2e-4)
    assert ys == pytest.approx(sorted(e.y for e in found), abs=2e-4)
    if name not in ("acled", "ged", "workbook"):
        times = sorted(moment.replace(tzinfo=None) for moment in tables.observations["occurred_from"].to_pylist())  # fmt: skip
        assert times == sorted(e.when for e in found)
    done = CliRunner().invoke(app, ["verify", str(tmp_path / "case"), "--out", str(tmp_path / "out"), "--no-pdf", "--quiet"])  # fmt: skip
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out" / "report.html").is_file()


# -- what no file can tell ---------------------------------------------------------------------
def refused(folder: Path, table: Path, *more: str) -> str:
    done = CliRunner().invoke(app, ["new", str(folder), "--party", "Oak", "--party", "Elm", "--act", "Shelling", "--start", "2031-05-25", "--stop", "2031-06-01", "--incidents", str(table), *more, "--yes"])  # fmt: skip
    assert done.exit_code == 2, done.output
    assert not folder.exists()
    return done.output


def taken(folder: Path, table: Path, *more: str) -> Ingested:
    done = CliRunner().invoke(app, ["new", str(folder), "--party", "Oak", "--party", "Elm", "--act", "Shelling", "--start", "2031-05-25", "--stop", "2031-06-01", "--incidents", str(table), *more, "--yes"])  # fmt: skip
    assert done.exit_code == 0, done.output
    return read(folder)


def days(header: str, cells: Callable[[int], str]) -> list[str]:
    return [header, *(cells(day) for day in range(1, 13))]


@pytest.mark.parametrize(("answer", "month"), [("%d/%m/%Y", None), ("%m/%d/%Y", 5)])
def test_day_and_month_are_never_guessed(answer: str, month: int | None, tmp_path: Path) -> None:
    table = lines(
        tmp_path / "a.csv", days("date,lat,lon", lambda day: f"05/{day:02d}/2031,50.{day},10.{day}")
    )
    told = refused(tmp_path / "case", table)
    assert "--time-format" in told
    assert "'%d/%m/%Y' or '%m/%d/%Y'" in told
    tables = taken(tmp_path / "case", table, "--time-format", answer, "--start", "2031-05-04")
    months = {moment.month for moment in tables.observations["occurred_from"].to_pylist()}
    assert months <= ({5} if month else set(range(1, 13)))
    assert (months == {5}) is (month == 5)


def test_a_day_above_twelve_decides(tmp_path: Path) -> None:
    rows = [*days("date,lat,lon", lambda day: f"{day:02d}/05/2031,50.{day},10.{day}"), "13/05/2031,50.5,10.5"]
    tables = taken(tmp_path / "case", lines(tmp_path / "a.csv", rows))
    assert {moment.month for moment in tables.observations["occurred_from"].to_pylist()} <= {4, 5}
    assert tables.observations.num_rows == 13


def test_mixed_ways_of_writing_dates_are_not_settled(tmp_path: Path) -> None:
    rows = [
        "date,lat,lon",
        *(f"{day:02d}/05/2031,50.{day},10.1" for day in range(1, 20)),
        "05/19/2031,50.1,10.1",
    ]
    told = refused(tmp_path / "case", lines(tmp_path / "a.csv", rows))
    assert "--time-format" in told


def test_the_order_of_two_numbers_is_told_by_the_map_or_asked(tmp_path: Path) -> None:
    rows = days("date;position", lambda day: f"2031-05-{day:02d};50.{day}, 10.{day}")
    table = lines(tmp_path / "a.csv", rows)
    assert "--coordinates-order" in refused(tmp_path / "one", table)
    by_map = taken(tmp_path / "two", table, "--line", str(front(tmp_path)), "--left", "Oak")
    by_flag = taken(tmp_path / "three", table, "--coordinates-order", "lat_lon")
    for tables in (by_map, by_flag):
        assert max(tables.observations["longitude_deg"].to_pylist()) < 12
        assert tables.observations.num_rows == 12


@pytest.mark.parametrize("with_map", [False, True])
def test_exchanged_columns_are_told_and_exchanged(with_map: bool, tmp_path: Path) -> None:
    header = "date,x,y" if with_map else "date,lat,lon"
    cell = "2031-05-{day:02d},50.{day},10.{day}" if with_map else "2031-05-{day:02d},110.{day},50.{day}"
    rows = days(header, lambda day: cell.format(day=day))
    more = ("--line", str(front(tmp_path)), "--left", "Oak") if with_map else ()
    tables = taken(tmp_path / "case", lines(tmp_path / "a.csv", rows), *more)
    assert min(tables.observations["latitude_deg"].to_pylist()) > 49
    assert "stand exchanged" in CliRunner().invoke(app, ["new", str(tmp_path / "again"), "--party", "Oak", "--party", "Elm", "--act", "Shelling", "--start", "2031-05-25", "--stop", "2031-06-01", "--incidents", str(tmp_path / "a.csv"), *more, "--yes"]).output  # fmt: skip


def test_several_sheets_are_asked_for(tmp_path: Path) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(str(tmp_path / "two.xlsx"))
    for name in ("North", "South"):
        sheet = book.add_worksheet(name)
        for row, text in enumerate(days("date,lat,lon", lambda day: f"2031-05-{day:02d},50.{day},10.{day}")):
            for column, cell in enumerate(text.split(",")):
                sheet.write(row, column, cell)
    book.close()
    told = refused(tmp_path / "case", tmp_path / "two.xlsx")
    assert "'North' or 'South'" in told
    assert "--layer" in told
    assert taken(tmp_path / "case", tmp_path / "two.xlsx", "--sheet", "South").observations.num_rows == 12


def test_zones_of_several_names_are_not_mixed(tmp_path: Path) -> None:
    rows = days("when,lat,lon", lambda day: f"2031-05-{day:02d} 07:05 {'EST' if day % 2 else 'EDT'},50.{day},10.{day}")  # fmt: skip
    told = refused(tmp_path / "case", lines(tmp_path / "a.csv", rows))
    assert "--column time=" in told
    assert "EDT, EST" in told


def test_letters_after_times_need_their_zone(tmp_path: Path) -> None:
    rows = days("when,lat,lon", lambda day: f"2031-05-{day:02d} 07:05 BST,50.{day},10.{day}")
    table = lines(tmp_path / "a.csv", rows)
    assert "--times-zone" in refused(tmp_path / "case", table)
    tables = taken(tmp_path / "case", table, "--times-zone", "Asia/Dhaka")
    assert {moment.hour for moment in tables.observations["occurred_from"].to_pylist()} == {1}


def test_a_zone_by_its_full_name_is_the_zone_of_the_times(tmp_path: Path) -> None:
    rows = days("when,lat,lon", lambda day: f"{day:02d}.05.2031 07:05 Asia/Tbilisi,50.{day},10.{day}")
    table = lines(tmp_path / "a.csv", [*rows, "19.05.2031 07:05 Asia/Tbilisi,50.1,10.1"])
    hours = {moment.hour for moment in taken(tmp_path / "case", table).observations["occurred_from"].to_pylist()}  # fmt: skip
    assert hours == {3}


def test_a_file_without_times_says_which_flag_tells_them(tmp_path: Path) -> None:
    table = lines(tmp_path / "a.csv", days("what,lat,lon", lambda day: f"thing {day},50.{day},10.{day}"))
    assert "--column time=HEADER" in refused(tmp_path / "case", table)
    assert "no such column" in refused(tmp_path / "case", table, "--column", "time=When")


def test_kinds_that_are_no_act_stop_the_proposals(tmp_path: Path) -> None:
    table = lines(tmp_path / "a.csv", days("date,lat,lon,type", lambda day: f"2031-05-{day:02d},50.{day},10.{day},code {day % 3}"))  # fmt: skip
    assert "--word" in refused(tmp_path / "case", table)
    acts = taken(tmp_path / "case", table, "--word", "code 1=shelling").observations["acts"].to_pylist()
    assert sum(bool(row) for row in acts) == 4
    acts = taken(tmp_path / "every", table, "--word", "*=shelling").observations["acts"].to_pylist()
    assert all(acts)


def test_what_is_put_aside_is_told_at_once(tmp_path: Path) -> None:
    rows = days("date,lat,lon", lambda day: f"2031-05-{day:02d},50.{day},10.{day}")
    table = lines(tmp_path / "a.csv", [*rows, "soon,50.1,10.1", "2031-05-03,95,10"])
    done = CliRunner().invoke(app, ["new", str(tmp_path / "case"), "--party", "Oak", "--party", "Elm", "--act", "Shelling", "--start", "2031-05-08", "--stop", "2031-05-10", "--incidents", str(table), "--yes", "--publisher", "The desk", "--licence", "CC0"])  # fmt: skip
    assert "14 rows: 12 used, 0 outside the case's days or region, 0 repeated, 2 put aside" in done.output
    assert "first reason: [time_format]" in done.output
    assert "Shelling: 12; none of them: 0" in done.output
    case = open_case(tmp_path / "case")
    assert not any("no publisher" in limit for limit in case.file.limits)
    assert case.file.baseline.start.isoformat().startswith("2031-05-01")
    assert [series.act for series in case.file.series] == ["shelling"]


# -- what is recognised ------------------------------------------------------------------------
WORDS = {
    "latin-1": ("N°;Date;Heure;Lieu;Latitude (°);Longitude (°);Nature de l'incident;Remarques", "Pilonnage", "Côte-d'Or"),
    "cp1256": ("الرقم;التاريخ;الساعة;المكان;خط العرض;خط الطول;نوع الحدث;الوصف", "قصف مدفعي", "القرية"),
    "koi8-r": ("№ пп;Дата;Время;Место;Широта;Долгота;Тип события;Примечание", "Обстрел", "у деревни"),
    "utf-16": ("№;Дата;Час;Місце;Широта;Довгота;Вид події;Опис", "Обстріл", "біля села"),
    "utf-8": ("Nr;Datum;Uhrzeit;Ort;Breite;Länge;Ereignis;Bemerkung", "Beschuss", "bei der Mühle"),
}  # fmt: skip


@pytest.mark.parametrize("encoding", WORDS)
def test_headers_and_kinds_in_other_languages(encoding: str, tmp_path: Path) -> None:
    header, kind, place = WORDS[encoding]
    rows = [header.replace("№", "N") if encoding == "koi8-r" else header]
    rows += [f"{e.number};{e.when:%d.%m.%Y};{e.when:%H:%M};{place};{e.y};{e.x};{kind};{place} {e.number}" for e in events()]  # fmt: skip
    table = sniff_incidents(path := lines(tmp_path / "a.csv", rows, encoding=encoding))
    if encoding not in ("utf-8", "utf-16"):
        (choice,) = table.choices
        assert (choice.option, choice.proposal) == ("encoding", encoding)
        table = sniff_incidents(path, {"encoding": choice.proposal})
    names = header.replace("№", "N").split(";") if encoding == "koi8-r" else header.split(";")
    assert [table.columns.get(name) for name in ("date", "clock", "place_name", "latitude_deg", "longitude_deg", "act", "text")] == names[1:]  # fmt: skip
    assert "count" not in table.columns
    tables = taken(tmp_path / "case", path)
    assert tables.observations.num_rows == N
    assert all(tables.observations["acts"].to_pylist())


def test_a_header_that_says_utc_is_believed(tmp_path: Path) -> None:
    rows = days("Timestamp (GMT),lat,lon", lambda day: f"2031-05-{day:02d} 07:05,50.{day},10.{day}")
    tables = taken(tmp_path / "case", lines(tmp_path / "a.csv", rows), "--zone", "Asia/Kabul")
    assert {moment.hour for moment in tables.observations["occurred_from"].to_pylist()} == {7}


def test_questions_are_answered_on_the_terminal(tmp_path: Path) -> None:
    rows = days("date;position", lambda day: f"05/{day:02d}/2031;50.{day}, 10.{day}")
    table = lines(tmp_path / "a.csv", rows)
    answers = ["lat", "lat_lon", "month", "y", "", "", "", ""]
    done = CliRunner().invoke(app, ["new", str(tmp_path / "case"), "--title", "T", "--zone", "UTC", "--party", "Oak", "--party", "Elm", "--act", "Shelling", "--start", "2031-05-05", "--stop", "2031-06-01", "--incidents", str(table)], input="\n".join(answers) + "\n")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "'lat_lon' or 'lon_lat'" in done.output
    tables = read(tmp_path / "case")
    assert {moment.month for moment in tables.observations["occurred_from"].to_pylist()} == {5}
    assert tables.observations.num_rows == 12


@pytest.mark.parametrize("cell", ["{day}/2031", "12.{day}", "{day}, {day}"])
def test_numbers_of_reports_are_no_places(cell: str, tmp_path: Path) -> None:
    rows = days("date;report", lambda day: f"2031-05-{day:02d};{cell.format(day=day)}")
    table = sniff_incidents(lines(tmp_path / "a.csv", rows))
    assert "coordinates" not in table.columns
    assert not table.choices


def test_a_column_that_is_corrected_brings_its_own_way_of_writing(tmp_path: Path) -> None:
    rows = days("date,happened,lat,lon", lambda day: f"2031-06-{day:02d},{day + 10:02d}.05.2031,50.{day},10.{day}")  # fmt: skip
    table = lines(tmp_path / "a.csv", rows)
    answers = ["n", "happened", "lon", "lat", "", "", "", "", "", "", "", "", ""]
    done = CliRunner().invoke(app, ["new", str(tmp_path / "case"), "--title", "T", "--zone", "UTC", "--party", "Oak", "--party", "Elm", "--act", "Shelling", "--start", "2031-05-15", "--stop", "2031-06-20", "--incidents", str(table)], input="\n".join(answers) + "\n")  # fmt: skip
    assert done.exit_code == 0, done.output
    days_read = {moment.date().isoformat() for moment in read(tmp_path / "case").observations["occurred_from"].to_pylist()}  # fmt: skip
    assert days_read == {f"2031-05-{day}" for day in range(11, 23)}, done.output
