"""Rows per second and peak memory of each reader, on invented files, beside plain CSV readers.

    python benchmarks/readers.py --out docs/benchmarks/readers.md
    python benchmarks/readers.py --rows 100000 --only firms table_csv
    python benchmarks/readers.py --peer-python PATH    an interpreter with pandas, polars or duckdb

Every reader runs in a process of its own. A reader does more than a CSV reader: it checks every
cell, converts times by their zone's clocks, guards places, finds repeated rows, gives ids by
SHA-256 and accounts for every row. Slower formats and row-wise readers get a part of the rows.
Time is processor time of the process: the machine may be shared. Wall time stands beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

START = datetime(2031, 5, 1, tzinfo=UTC)
DAYS = 10


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One reader on one kind of file; ``share`` of the rows asked for."""

    name: str
    plugin: str
    file: str
    rows: Callable[[random.Random, int], Iterator[str]]
    options: dict[str, Any]
    share: float = 1
    peer: bool = False


def _day(rng: random.Random) -> str:
    return f"2031-05-{rng.randint(1, DAYS):02d}"


def _moment(rng: random.Random) -> datetime:
    return START + timedelta(seconds=rng.randint(0, DAYS * 86_400 - 1))


def _place(rng: random.Random) -> str:
    return f"{rng.uniform(11, 19):.5f},{rng.uniform(41, 49):.5f}"


def fires(rng: random.Random, n: int) -> Iterator[str]:
    yield "longitude,latitude,bright_ti4,scan,track,acq_date,acq_time,satellite,instrument,confidence,version,bright_ti5,frp,daynight\n"
    for _ in range(n):
        minute = rng.randint(0, 1439)
        yield f"{_place(rng)},{rng.uniform(300, 350):.1f},{rng.uniform(0.3, 0.8):.2f},{rng.uniform(0.3, 0.8):.2f},{_day(rng)},{minute // 60:02d}{minute % 60:02d},N{rng.choice(('', '20', '21'))},VIIRS,{rng.choice('lnh')},2.0NRT,{rng.uniform(270, 300):.1f},{rng.uniform(0, 90):.2f},{rng.choice('DN')}\n"


def alerts(rng: random.Random, n: int) -> Iterator[str]:
    yield "region,started_at,finished_at\n"
    for _ in range(n):
        start = _moment(rng)
        stop = start + timedelta(seconds=rng.randint(60, 20_000))
        yield f"{rng.choice(('North', 'South'))},{start:%Y-%m-%d %H:%M:%S}+00:00,{stop:%Y-%m-%d %H:%M:%S}+00:00\n"


def news(rng: random.Random, n: int) -> Iterator[str]:
    yield '"datetime","lon","lat","place_name","event_type","headline"\n'
    for i in range(n):
        when = _moment(rng).strftime("%Y-%m-%d %H:%M:00") if rng.random() < 0.3 else f"{_day(rng)} 00:00:00"
        x, y = _place(rng).split(",")
        yield f'"{when}","{x}","{y}","Wieś {rng.randint(1, 5000)}","uav|other","Doniesienie, numer {i} — ogień"\n'


def own(rng: random.Random, n: int) -> Iterator[str]:
    yield "when,x,y,kind,words\n"
    for i in range(n):
        yield f'{_moment(rng):%Y-%m-%d %H:%M:%S},{_place(rng)},{rng.choice(("blast", "?"))},"heard, {i}"\n'


def events(rng: random.Random, n: int) -> Iterator[str]:
    yield "event_id_cnty,event_date,year,time_precision,event_type,sub_event_type,actor1,actor2,country,admin1,location,latitude,longitude,geo_precision,source,notes,fatalities,timestamp\n"
    for i in range(n):
        x, y = _place(rng).split(",")
        yield f'XXX{i},{_day(rng)},2031,{rng.choice("1112")},Battles,Armed clash,Forces of A,Forces of B,Land,{rng.choice(("North", "East"))},Town {rng.randint(1, 900)},{y},{x},{rng.choice("1123")},Radio,"On that day, forces clashed (report {i}).",0,1935900000\n'


def ged(rng: random.Random, n: int) -> Iterator[str]:
    yield "id,type_of_violence,side_a,side_b,where_prec,where_coordinates,adm_1,adm_2,country,latitude,longitude,event_clarity,date_prec,date_start,date_end,source_headline,best\n"
    for i in range(n):
        x, y = _place(rng).split(",")
        day = _day(rng)
        yield f'{i},{rng.choice("123")},A,B,{rng.choice("1124")},Town {rng.randint(1, 900)},North,District,Land,{y},{x},1,1,{day} 00:00:00.000,{day} 00:00:00.000,"Report, {i}",1\n'


def waves(rng: random.Random, n: int) -> Iterator[str]:
    yield "time_start,time_end,model,launch_place,launched,destroyed\n"
    for _ in range(n):
        start = _moment(rng)
        yield f"{start:%Y-%m-%d %H:%M},{start + timedelta(hours=3):%Y-%m-%d %H:%M},M{rng.randint(1, 9)},x,{rng.randint(1, 90)},{rng.randint(0, 60)}\n"


def cloud(_: random.Random, n: int) -> Iterator[str]:
    yield "date,c\n"
    for i in range(n):
        yield f"{date(2031, 5, 1) + timedelta(days=i % 80_000)},.5\n"


def totals(_: random.Random, n: int) -> Iterator[str]:
    yield "["
    for i in range(n):
        yield f'{"," if i else ""}{{"date": "{date(1900, 1, 1) + timedelta(days=i)}", "guns": {i}}}'
    yield "]"


def features(rng: random.Random, n: int) -> Iterator[str]:
    yield '{"type": "FeatureCollection", "features": ['
    for i in range(n):
        x, y = _place(rng).split(",")
        yield f'{"," if i else ""}{{"type": "Feature", "properties": {{"when": "{_moment(rng):%Y-%m-%dT%H:%M:%SZ}", "words": "heard {i}"}}, "geometry": {{"type": "Point", "coordinates": [{x}, {y}]}}}}'
    yield "]}"


def marks(rng: random.Random, n: int) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><Folder><name>Reports</name>\n'
    for i in range(n):
        yield f"<Placemark><name>heard {i}</name><TimeStamp><when>{_moment(rng):%Y-%m-%dT%H:%M:%SZ}</when></TimeStamp><Point><coordinates>{_place(rng)},0</coordinates></Point></Placemark>\n"
    yield "</Folder></Document></kml>"


def waypoints(rng: random.Random, n: int) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?><gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1">\n'
    for i in range(n):
        x, y = _place(rng).split(",")
        yield f'<wpt lat="{y}" lon="{x}"><time>{_moment(rng):%Y-%m-%dT%H:%M:%SZ}</time><name>heard {i}</name></wpt>\n'
    yield "</gpx>"


SPEAKERS = [f"Office {i}" for i in range(500)]


def counts(rng: random.Random, n: int) -> Iterator[str]:
    yield "date,area,speaker,n,dead\n"
    n_days = n // (2 * len(SPEAKERS)) + 1
    for i in range(n):
        rest, speaker = divmod(i, len(SPEAKERS))
        day, area = divmod(rest, 2)
        yield f"{date(2031, 5, 5) + timedelta(days=day - n_days // 2)},{('North', 'South')[area]},{SPEAKERS[speaker]},{rng.randint(0, 99)},{rng.choice(('', '1', '> 2'))}\n"


def posts(rng: random.Random, n: int) -> Iterator[str]:
    yield "date,id,text\n"
    for i in range(n):
        yield f'{_moment(rng):%Y-%m-%d %H:%M:%S}+00:00,{i},"{rng.choice(("Атака", "Відбій", "Report", "Звіт"))}: {i} звуків, місто {rng.randint(1, 900)}, і ще слова про те, що було чути"\n'


def sounds(rng: random.Random, n: int) -> Iterator[str]:
    yield 'Position,Event location,Means,No.,Observation,Description,Weapon,"Date, time"\n'
    for _ in range(n):
        start = _moment(rng)
        yield f'Post {rng.randint(1, 40)},{rng.randint(1, 9)}-{rng.randint(10, 15)}km {rng.choice(("N", "SW", "S to SE", "W-NW"))},{rng.choice(("Heard", "Saw", "Recorded"))},{rng.choice(("multiple", rng.randint(1, 60)))},{rng.choice(("Explosion", "Burst", "Shot"))},{rng.choice(("Outgoing", "Undetermined", "W to E"))},{rng.choice(("HMG", "Small arms", "N/K"))},"{start:%d-%b, %H:%M}"\n'


OWN = {"table": "observations", "zone": "Europe/Berlin", "columns": {"time": "when", "longitude_deg": "x", "latitude_deg": "y", "act": "kind", "text": "words"}, "values": {"act": {"blast": "shelling", "?": ""}}}  # fmt: skip
TRIALS = (
    Trial(name="firms", plugin="firms", file="f.csv", rows=fires, options={}, peer=True),
    Trial(name="table_csv", plugin="table", file="t.csv", rows=own, options=OWN, peer=True),
    Trial(name="table_parquet", plugin="table", file="t.parquet", rows=own, options=OWN),
    Trial(name="viina", plugin="viina", file="n.csv", rows=news, options={"zone": "Europe/Berlin", "label_acts": {"uav": "air"}}, peer=True),
    Trial(name="oblast_sirens", plugin="oblast_sirens", file="a.csv", rows=alerts, options={"act": "air"}, peer=True),
    Trial(name="acled", plugin="acled", file="e.csv", rows=events, options={"zone": "Europe/Berlin", "event_acts": {"Battles": "shelling"}}, peer=True),
    Trial(name="ucdp_ged", plugin="ucdp_ged", file="g.csv", rows=ged, options={"zone": "Europe/Berlin"}, peer=True),
    Trial(name="table_geojson", plugin="table", file="t.geojson", rows=features, options={"table": "observations", "columns": {"time": "when", "text": "words"}}, share=0.1),
    Trial(name="table_excel", plugin="table", file="t.xlsx", rows=own, options=OWN, share=0.1),
    Trial(name="table_kml", plugin="table", file="t.kml", rows=marks, options={"table": "observations", "columns": {"time": "time", "text": "name"}}, share=0.1),
    Trial(name="table_gpx", plugin="table", file="t.gpx", rows=waypoints, options={"table": "observations", "columns": {"time": "time", "text": "name"}}, share=0.1),
    Trial(name="figures", plugin="figures", file="n.csv", rows=counts, options={"figures": [{"series": "s", "column": "n", "unit": "event"}, {"series": "d", "column": "dead", "unit": "person"}], "speaker": "s", "zone": "Europe/Berlin", "area_column": "area", "speaker_column": "speaker", "speaker_parties": dict.fromkeys(SPEAKERS)}, share=0.4),
    Trial(name="channel_posts", plugin="channel_posts", file="p.csv", rows=posts, options={"speaker": "s", "words": {"attacks": ["атак", "удар"], "all": []}, "zone": "Europe/Berlin", "id_column": "id"}, share=0.4),
    Trial(name="sightings", plugin="sightings", file="s.csv", rows=sounds, options={"zone": "Europe/Berlin", "year": 2031, "places": {f"Post {i}": [12 + i / 50, 45] for i in range(1, 41)}, "acts": {"shelling": ["explosion"]}}, share=0.4),
    Trial(name="air_waves", plugin="air_waves", file="w.csv", rows=waves, options={"speaker": "s", "zone": "UTC"}, share=0.05),
    Trial(name="cumulative_losses", plugin="cumulative_losses", file="l.json", rows=totals, options={"fields": ["guns"], "speaker": "s", "zone": "UTC"}, share=0.05),
    Trial(name="cloud_cover", plugin="cloud_cover", file="c.csv", rows=cloud, options={"of_source": "x", "columns": {"c": "North"}}, share=0.05),
)  # fmt: skip


def make_file(trial: Trial, folder: Path, *, rows: int) -> Path:
    """An invented file; the same for the same number of rows."""
    path = folder / trial.file
    text = folder / "as_text.csv" if path.suffix in (".parquet", ".xlsx") else path
    with text.open("w", encoding="utf-8") as handle:
        handle.writelines(trial.rows(random.Random(trial.name), rows))
    if path.suffix == ".parquet":
        import pyarrow.csv as pa_csv
        import pyarrow.parquet as pq

        pq.write_table(pa_csv.read_csv(text), path)
        text.unlink()
    if path.suffix == ".xlsx":
        _as_workbook(text, path)
    return path


def _as_workbook(text: Path, path: Path) -> None:
    """The cells of a CSV in a workbook: numbers as numbers, everything else as text."""
    import csv

    import xlsxwriter

    book = xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_numbers": True})
    sheet = book.add_worksheet()
    with text.open(encoding="utf-8", newline="") as handle:
        for line, fields in enumerate(csv.reader(handle)):
            sheet.write_row(line, 0, fields)
    book.close()
    text.unlink()


def measure(trial: Trial, path: Path) -> dict[str, float]:
    """Read the file once; seconds and peak megabytes of this process."""
    from truceline.base.intervals import Interval
    from truceline.schema import OBSERVATIONS
    from truceline.sources.source import SOURCES, InputFile, ReadContext, Region

    plugin = SOURCES.get(trial.plugin)
    if plugin is None:
        raise SystemExit(f"no reader is called {trial.plugin}")
    context = ReadContext(
        source_id="src",
        files=(InputFile(path, label=path.name),),
        span=Interval(START, START + timedelta(days=DAYS)),
        window=Interval(START + timedelta(days=4), START + timedelta(days=6)),
        parties=("a", "b"),
        acts=("air", "shelling"),
        area_by_name={"north": "north", "south": "south"},
        region=Region(west_deg=10, south_deg=40, east_deg=20, north_deg=50),
    )
    OBSERVATIONS.empty()  # libraries that Arrow loads at its first use
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    wall, cpu = time.perf_counter(), time.process_time()
    tables = plugin(plugin.Options.model_validate(trial.options)).read(context)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "rows": sum(account.rows_read for account in tables.files),
        "quarantined": sum(account.rows_quarantined for account in tables.files),
        "wall_s": wall,
        "cpu_s": cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "idle_mb": before_mb,
    }


#: read the file into memory, one thread, without anything that a reader does beyond that
PEERS = {
    "pandas": "import pandas as m; t=time.process_time(); m.read_csv(p)",
    "polars": "import polars as m; t=time.process_time(); m.read_csv(p, infer_schema_length=1000)",
    "duckdb": "import duckdb as m; c=m.connect(config={'threads': 1}); t=time.process_time(); c.sql(f\"select * from read_csv('{p}')\").fetchnumpy()",
}


#: the parser of a format alone, with nothing done to what it gives: no reader that uses it can be faster
PARSERS = {
    ".xlsx": "from python_calamine import load_workbook as m; t=time.process_time(); [0 for _ in m(p).get_sheet_by_index(0).iter_rows()]",
    ".kml": "from xml.etree.ElementTree import iterparse as m; t=time.process_time(); [e.clear() for _, e in m(p) if e.tag.endswith('Placemark')]",
    ".gpx": "from xml.etree.ElementTree import iterparse as m; t=time.process_time(); [e.clear() for _, e in m(p) if e.tag.endswith('wpt')]",
    ".geojson": "from json import loads as m; s=open(p).read(); t=time.process_time(); m(s)",
    ".json": "from json import loads as m; s=open(p).read(); t=time.process_time(); m(s)",
}


def measure_peers(python: str, path: Path, peers: dict[str, str]) -> dict[str, float]:
    """Processor seconds of each peer that the interpreter has."""
    found = {}
    for name, code in peers.items():
        script = f"import os, sys, time\nos.environ['POLARS_MAX_THREADS']='1'\np=sys.argv[1]\n{code}\nprint(time.process_time()-t)"
        done = subprocess.run([python, "-c", script, str(path)], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            found[name] = float(done.stdout.splitlines()[-1])  # progress stands before it
    return found


def table_of(rows: list[dict[str, Any]]) -> str:
    lines = [
        "| reader | rows | rows/s (processor) | rows/s (wall) | peak MB | file MB | parser alone | pandas | polars | duckdb |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        peers = [
            f"{row['rows'] / row['peers'][name]:,.0f}" if name in row["peers"] else ""
            for name in ("parser", *PEERS)
        ]
        cells = [row["name"], f"{row['rows']:,.0f}", f"{row['rows'] / row['cpu_s']:,.0f}", f"{row['rows'] / row['wall_s']:,.0f}", f"{row['peak_mb']:.0f}", f"{row['file_mb']:.0f}", *peers]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", nargs="*", default=[trial.name for trial in TRIALS])
    parser.add_argument("--peer-python", help="an interpreter that has pandas, polars or duckdb")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        trial = next(trial for trial in TRIALS if trial.name == options.one[0])
        print(json.dumps(measure(trial, Path(options.one[1]))))
        return
    rows = []
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        for trial in (trial for trial in TRIALS if trial.name in options.only):
            path = make_file(trial, Path(folder), rows=int(options.rows * trial.share))
            done = subprocess.run([sys.executable, __file__, "--one", trial.name, str(path)], capture_output=True, text=True, check=True)  # fmt: skip
            found = json.loads(done.stdout)
            peers = (
                measure_peers(options.peer_python, path, PEERS) if options.peer_python and trial.peer else {}
            )
            if path.suffix in PARSERS:
                peers |= measure_peers(sys.executable, path, {"parser": PARSERS[path.suffix]})
            rows.append({**found, "name": trial.name, "file_mb": path.stat().st_size / 2**20, "peers": peers})
            path.unlink()
            print(table_of(rows[-1:]).splitlines()[-1], flush=True)
    if options.out:
        text = f"# Readers: rows per second\n\n{__doc__.split('Every reader')[0].splitlines()[0]} Written by `benchmarks/readers.py`.\n\n{table_of(rows)}\n\n{NOTES}\n\nPython {platform.python_version()}, {platform.machine()}, one core; {os.cpu_count()} cores, load {load:.1f} at the start and {os.getloadavg()[0]:.1f} at the end.\n"
        options.out.write_text(text, encoding="utf-8")


NOTES = """\
The peers read the CSV into memory with one thread and do nothing else: they check no cell against
a schema, convert no time by a zone's clocks, find no repeated row, give no ids and no account.

Peak memory is that of the whole process: the file passes through in blocks of a few megabytes; what
grows is the table that is handed on, with the file's digest on every row.

"Parser alone" is what stands below a reader and cannot be gone round: calamine for workbooks,
`iterparse` of Python's `xml` for KML and GPX (with the start of every element, which the reader needs
too, an eighth to a quarter fewer), `json` for GeoJSON. GeoJSON and JSON are parsed whole; a million points are read faster from Parquet,
GeoPackage or CSV.

Read row by row, because their files have tens to a few thousand rows: claims ledgers, waves in
their vintages, running totals, cloud cover.

Processor time too is lost where others work on the same cores: they share caches and memory."""


if __name__ == "__main__":
    main()
