"""What every source plug-in keeps, on a small invented sample of each and on broken ones."""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from truceline.base.errors import CODES, InputError, Problem
from truceline.base.intervals import Interval
from truceline.schema import TABLES
from truceline.schema.table import records
from truceline.sources.source import SOURCES, InputFile, ReadContext, Region, SourceTables

SAMPLES = Path(__file__).parent / "samples"
NAMES = SOURCES.names()
N_DAMAGED = int(os.environ.get("TRUCELINE_N_DAMAGED", "40"))  # raise it to look for more
KINDS = ("observations", "counts", "coverage", "control", "claims")


@dataclass
class Sample:
    """A plug-in's sample, in a folder that a test may spoil."""

    name: str
    folder: Path
    options: dict[str, Any]
    files: list[str]
    facts: dict[str, Any]

    @property
    def main(self) -> Path:
        return self.folder / self.facts["main"]

    def rename_main(self, content: bytes, name: str) -> None:
        """Replace the main file by one of another name and content."""
        self.main.unlink()
        self.files = [name if known == self.facts["main"] else known for known in self.files]
        self.facts = {**self.facts, "main": name}
        self.main.write_bytes(content)

    def lines(self) -> list[str]:
        return self.main.read_text(encoding="utf-8").splitlines(keepends=True)

    def edit(self, change: dict[str, Any]) -> None:
        """Give cells of the first row (CSV) other values; the header keeps its order."""
        import csv
        import io

        rows = list(csv.reader(io.StringIO("".join(self.lines()))))
        for column, value in change.items():
            rows[1][rows[0].index(column)] = value
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(rows)
        self.main.write_text(out.getvalue(), encoding="utf-8")

    def read(self, *, files: list[str] | None = None, shift_years: int = 0) -> SourceTables:
        plugin = SOURCES.get(self.name)
        assert plugin is not None
        year = 2031 + shift_years
        context = ReadContext(
            source_id="src",
            files=tuple(
                InputFile(self.folder / name, label=f"data:{name}") for name in (files or self.files)
            ),
            span=Interval(datetime(2031, 5, 1, tzinfo=UTC), datetime(2031, 5, 11, tzinfo=UTC)),
            window=Interval(datetime(year, 5, 5, tzinfo=UTC), datetime(year, 5, 7, tzinfo=UTC)),
            parties=("a", "b"),
            acts=("air", "shelling"),
            area_by_name={"north": "north", "south": "south"},
            region=Region(west_deg=10, south_deg=40, east_deg=20, north_deg=50),
        )
        return plugin(plugin.Options.model_validate(self.options)).read(context)


@pytest.fixture
def sample(request: pytest.FixtureRequest, tmp_path: Path) -> Sample:
    facts = json.loads((SAMPLES / request.param / "sample.json").read_text(encoding="utf-8"))
    folder = tmp_path / request.param
    shutil.copytree(SAMPLES / request.param, folder)
    return Sample(request.param, folder, facts["options"], facts["files"], facts)


def of_kind(*kinds: str) -> list[str]:
    """Plug-ins whose main file is of one of the kinds."""
    return [
        name
        for name in NAMES
        if json.loads((SAMPLES / name / "sample.json").read_text(encoding="utf-8"))["kind"] in kinds
    ]


def having(fact: str) -> list[str]:
    """Plug-ins whose sample states a fact."""
    return [
        name
        for name in NAMES
        if json.loads((SAMPLES / name / "sample.json").read_text(encoding="utf-8")).get(fact)
    ]


each = pytest.mark.parametrize("sample", NAMES, indirect=True)
each_csv = pytest.mark.parametrize("sample", of_kind("csv"), indirect=True)
each_json = pytest.mark.parametrize("sample", of_kind("json"), indirect=True)


def content(tables: SourceTables, *, with_place: bool = False) -> dict[str, list[str]]:
    """Rows as texts; the place in a file is left out unless asked for."""
    out = {}
    for kind in KINDS:
        rows = records(getattr(tables, kind))
        if not with_place:
            rows = [{k: v for k, v in row.items() if k not in ("raw_row", "raw_digest")} for row in rows]
        out[kind] = [repr(row) for row in rows]
    return out


def problems_of(tables: SourceTables) -> list[Problem]:
    return [*tables.problems, *(p for bad in tables.quarantined for p in bad.problems)]


def codes_of(sample: Sample, **how: Any) -> set[str]:
    try:
        return {problem.code for problem in problems_of(sample.read(**how))}
    except InputError as error:
        return {problem.code for problem in error.problems}


def test_every_plugin_has_a_sample() -> None:
    assert sorted(folder.name for folder in SAMPLES.iterdir()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_options_have_a_schema_with_a_meaning_for_each(name: str) -> None:
    plugin = SOURCES.get(name)
    assert plugin is not None
    assert plugin.title
    assert plugin.version
    schema = plugin.Options.model_json_schema()
    assert schema["additionalProperties"] is False
    assert all(field.get("description") for field in schema["properties"].values())


@each
def test_every_table_is_to_its_schema(sample: Sample) -> None:
    tables = sample.read()
    assert sum(len(TABLES[kind].check(getattr(tables, kind))) for kind in KINDS) > 0
    assert not tables.quarantined


@each
def test_reading_twice_gives_the_same(sample: Sample) -> None:
    assert content(sample.read(), with_place=True) == content(sample.read(), with_place=True)


@each
def test_the_network_is_not_used(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a source must not use the network")

    monkeypatch.setattr(socket, "socket", refuse)
    sample.read()


@each
def test_the_order_of_files_changes_nothing(sample: Sample) -> None:
    assert content(sample.read(files=sample.files[::-1])) == content(sample.read())


@each_csv
def test_the_order_of_rows_changes_neither_ids_nor_content(sample: Sample) -> None:
    before = content(sample.read())
    header, *rows = sample.lines()
    sample.main.write_text(header + "".join(reversed(rows)), encoding="utf-8")
    assert content(sample.read()) == before


@each_json
def test_the_order_of_records_changes_neither_ids_nor_content(sample: Sample) -> None:
    before = content(sample.read())
    packed = sample.main.name.endswith(".gz")
    raw = sample.main.read_bytes()
    value = json.loads(gzip.decompress(raw) if packed else raw)
    if isinstance(value, list):
        value.reverse()
    else:
        value.get("value", value)["features"].reverse()
    text = json.dumps(value).encode()
    sample.main.write_bytes(gzip.compress(text) if packed else text)
    assert content(sample.read()) == before


@each
def test_every_row_is_accounted_for(sample: Sample) -> None:
    for account in sample.read().files:
        assert account.rows_read > 0 or account.left_out
        assert account.rows_read == (
            account.rows_used + account.rows_outside + account.rows_repeated + account.rows_quarantined
        )


@each
def test_a_source_without_a_record_in_the_window_says_so(sample: Sample) -> None:
    assert "source_outside_window" not in codes_of(sample)
    assert "source_outside_window" in codes_of(sample, shift_years=1)


@each
def test_problems_name_their_place(sample: Sample) -> None:
    for problem in problems_of(sample.read(shift_years=1)):
        assert problem.file
        assert problem.message


@each
def test_damage_never_crashes_and_never_loses_a_row(sample: Sample) -> None:
    rng = random.Random(sample.name)
    packed = sample.main.name.endswith(".gz")
    whole = gzip.decompress(sample.main.read_bytes()) if packed else sample.main.read_bytes()
    tokens = [b"", b",", b'"', b"\n", b"null", b"-", b"1e999", b"NaN", b"[", b"{}", b"\x00", b"9999999999"]
    for _ in range(N_DAMAGED):
        spoiled = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(spoiled))
            spoiled[at : at + rng.randint(0, 6)] = rng.choice(tokens)
        sample.main.write_bytes(gzip.compress(bytes(spoiled)) if packed else bytes(spoiled))
        try:
            tables = sample.read()
        except InputError:
            continue  # refused whole, with its problems
        for kind in KINDS:
            TABLES[kind].check(getattr(tables, kind))
        for account in tables.files:
            parts = (account.rows_used, account.rows_outside, account.rows_repeated, account.rows_quarantined)
            assert account.left_out or account.rows_read == sum(parts)
        assert len(tables.quarantined) == sum(account.rows_quarantined for account in tables.files)


# -- broken input ------------------------------------------------------------------------------
@each
def test_an_empty_file_is_named(sample: Sample) -> None:
    sample.main.write_bytes(b"")
    assert "file_empty" in codes_of(sample, files=[sample.facts["main"]])


@each
def test_a_missing_file_is_named(sample: Sample) -> None:
    sample.main.unlink()
    assert "file_missing" in codes_of(sample, files=[sample.facts["main"]])


@each
def test_a_source_without_files_is_absent(sample: Sample) -> None:
    plugin = SOURCES.get(sample.name)
    assert plugin is not None
    moment = datetime(2031, 5, 5, tzinfo=UTC)
    span = Interval(moment, datetime(2031, 5, 6, tzinfo=UTC))
    context = ReadContext(
        source_id="src", files=(), span=span, window=span, parties=("a", "b"), acts=(), area_by_name={"north": "n", "south": "s"}
    )  # fmt: skip
    with pytest.raises(InputError, match="source_absent"):
        plugin(plugin.Options.model_validate(sample.options)).read(context)


@each
def test_a_broken_archive_is_named(sample: Sample) -> None:
    raw = sample.main.read_bytes()
    packed = raw if sample.main.name.endswith(".gz") else gzip.compress(raw)
    name = sample.main.name if sample.main.name.endswith(".gz") else sample.main.name + ".gz"
    for broken in (packed[: len(packed) // 2], packed[:12] + b"\xff" * 20 + packed[32:]):
        sample.rename_main(broken, name)
        assert "file_truncated" in codes_of(sample, files=[name])


@each
def test_a_file_that_is_not_utf8_is_named_with_its_line(sample: Sample) -> None:
    raw = sample.main.read_bytes()
    if sample.main.name.endswith(".gz"):
        raw = gzip.decompress(raw)
        sample.main.write_bytes(gzip.compress(raw[:-3] + b"\xe9" + raw[-3:]))
    else:
        sample.main.write_bytes(raw[:-3] + b"\xe9" + raw[-3:])
    with pytest.raises(InputError) as caught:
        sample.read(files=[sample.facts["main"]])
    (problem,) = [p for p in caught.value.problems if p.code == "file_not_text"]
    assert problem.row is not None
    assert problem.next_step


@each
def test_one_broken_file_does_not_hide_the_others(sample: Sample) -> None:
    if len(sample.files) == 1:
        twin = sample.folder / f"twin_{sample.facts['main']}"
        shutil.copy(sample.main, twin)
        sample.files.append(twin.name)
    elif sample.name in ("cumulative_losses", "air_waves", "firms"):
        pytest.skip("the other files of this sample do not stand alone")
    sample.main.write_bytes(b"")
    tables = sample.read()
    assert any(problem.code == "file_empty" for problem in tables.problems)
    assert any(account.left_out for account in tables.files)
    assert sum(len(getattr(tables, kind)) for kind in KINDS) > 0


@each
def test_a_byte_order_mark_changes_nothing(sample: Sample) -> None:
    before = content(sample.read())
    raw = sample.main.read_bytes()
    if sample.main.name.endswith(".gz"):
        sample.main.write_bytes(gzip.compress(b"\xef\xbb\xbf" + gzip.decompress(raw)))
    else:
        sample.main.write_bytes(b"\xef\xbb\xbf" + raw)
    assert content(sample.read()) == before


@each
def test_the_same_file_twice_is_counted_once(sample: Sample) -> None:
    before = content(sample.read())
    twin = sample.folder / f"z{sample.facts['main']}"
    shutil.copy(sample.main, twin)
    tables = sample.read(files=[*sample.files, twin.name])
    assert content(tables) == before
    assert "file_repeated" in {problem.code for problem in tables.problems}


@each_csv
def test_a_row_twice_is_counted_once(sample: Sample) -> None:
    before = content(sample.read())
    lines = sample.lines()
    sample.main.write_text("".join([*lines, lines[1]]), encoding="utf-8")
    tables = sample.read()
    assert content(tables) == before
    assert "row_repeated" in {problem.code for problem in tables.problems}


def test_every_code_that_a_source_can_give_is_provoked(project_root: Path) -> None:
    code_text = "".join(
        path.read_text(encoding="utf-8")
        for path in sorted((project_root / "src/truceline/sources").glob("*.py"))
    )
    test_text = "".join(
        path.read_text(encoding="utf-8")
        for path in (
            Path(__file__),
            project_root / "tests/unit/test_source_plugins.py",
            project_root / "tests/unit/test_table_faults.py",
        )
    )
    used = {code for code in CODES if f'"{code}"' in code_text}
    assert len(used) > 20
    assert {code for code in used if f'"{code}"' not in test_text} == set()


@each_json
def test_cut_json_is_named(sample: Sample) -> None:
    raw = sample.main.read_bytes()
    packed = sample.main.name.endswith(".gz")
    cut = (gzip.decompress(raw) if packed else raw)[:-20]
    sample.main.write_bytes(gzip.compress(cut) if packed else cut)
    assert {"file_truncated", "file_format"} & codes_of(sample, files=[sample.facts["main"]])


@each_json
def test_json_of_another_form_is_named(sample: Sample) -> None:
    text = b'{"rows": 3}'
    sample.main.write_bytes(gzip.compress(text) if sample.main.name.endswith(".gz") else text)
    assert "file_format" in codes_of(sample, files=[sample.facts["main"]])


@each_csv
def test_a_cut_last_row_is_quarantined_and_the_others_kept(sample: Sample) -> None:
    n_before = sum(account.rows_read for account in sample.read().files)
    lines = sample.lines()
    sample.main.write_text("".join(lines) + lines[1].split(",")[0], encoding="utf-8")
    tables = sample.read()
    assert sum(account.rows_read for account in tables.files) == n_before + 1
    (bad,) = tables.quarantined
    assert bad.problems[0].code == "file_truncated"
    assert bad.problems[0].row == len(lines) + 1


@each_csv
def test_a_row_with_too_few_fields_is_quarantined_and_the_others_kept(sample: Sample) -> None:
    before = content(sample.read())
    lines = sample.lines()
    sample.main.write_text("".join([*lines[:1], "only one field\n", *lines[1:]]), encoding="utf-8")
    tables = sample.read()
    assert content(tables) == before
    (bad,) = tables.quarantined
    assert (bad.problems[0].code, bad.problems[0].row) == ("row_length", 2)
    assert bad.problems[0].got
    assert bad.problems[0].expected


@each_csv
def test_a_missing_column_is_named_with_the_header_found(sample: Sample) -> None:
    lines = sample.lines()
    lines[0] = lines[0].replace(sample.facts["required"], "renamed", 1)
    sample.main.write_text("".join(lines), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        sample.read(files=[sample.facts["main"]])
    problem = next(p for p in caught.value.problems if p.code == "column_missing")
    assert problem.column == sample.facts["required"]
    assert "renamed" in problem.got
    assert problem.next_step


@each_csv
def test_a_repeated_column_is_named(sample: Sample) -> None:
    header, *rows = sample.lines()
    first = header.split(",")[0].strip()
    sample.main.write_text(
        f"{header.rstrip()},{first}\n" + "".join(f"{row.rstrip()},x\n" for row in rows), encoding="utf-8"
    )
    assert "column_repeated" in codes_of(sample, files=[sample.facts["main"]])


@each_csv
def test_nul_bytes_are_told_and_the_row_they_tear_is_put_aside(sample: Sample) -> None:
    clean = sample.read(files=[sample.facts["main"]])
    raw = sample.main.read_bytes()
    if sample.main.name.endswith(".gz"):
        pytest.skip("its sample is packed")
    at = raw.index(b"\n") + 2  # within the first row
    sample.main.write_bytes(raw[:at] + b"\0" * 3 + raw[at:])
    torn = sample.read(files=[sample.facts["main"]])
    assert {"file_nul_bytes", "row_torn"} <= {problem.code for problem in problems_of(torn)}
    (told,) = (problem for problem in torn.problems if problem.code == "file_nul_bytes")
    assert "3 NUL bytes" in told.message
    assert f"byte {at + 1}." in told.message
    assert torn.files[0].rows_read == clean.files[0].rows_read
    assert torn.files[0].rows_quarantined >= 1


@each_csv
def test_a_header_without_rows_is_named(sample: Sample) -> None:
    sample.main.write_text(sample.lines()[0], encoding="utf-8")
    assert "file_without_rows" in codes_of(sample, files=[sample.facts["main"]])


@each_csv
def test_a_quote_that_never_closes_is_no_crash(sample: Sample) -> None:
    lines = sample.lines()
    sample.main.write_text("".join(lines) + '"never closed' + "x" * 200_000, encoding="utf-8")
    tables = sample.read()
    assert any(p.code in ("file_format", "file_truncated", "row_length") for p in problems_of(tables))


@pytest.mark.parametrize("sample", having("naive"), indirect=True)
def test_a_time_without_a_zone_is_quarantined(sample: Sample) -> None:
    sample.options.pop(sample.facts.get("zone_option", ""), None)
    sample.edit({sample.facts["time"]: sample.facts["naive"]})
    faults = [p for p in problems_of(sample.read()) if p.code == "time_naive"]
    assert any(p.row == 2 and p.column == sample.facts["time"] and p.got and p.next_step for p in faults)


@pytest.mark.parametrize("sample", having("date"), indirect=True)
def test_a_date_is_no_time(sample: Sample) -> None:
    sample.edit({sample.facts["time"]: sample.facts["date"]})
    assert "time_format" in codes_of(sample)


@pytest.mark.parametrize("sample", having("time"), indirect=True)
def test_nonsense_is_no_time(sample: Sample) -> None:
    for nonsense in ("yesterday", "2031-13-05T10:00Z", "5.5.31", "20310505"):
        sample.edit({sample.facts["time"]: nonsense})
        (bad,) = sample.read().quarantined
        fault = next(p for p in bad.problems if p.code == "time_format")
        assert (fault.row, fault.column, fault.got) == (2, sample.facts["time"], nonsense)
        assert fault.expected


@pytest.mark.parametrize("sample", having("lon"), indirect=True)
def test_exchanged_coordinates_are_told_and_not_mended(sample: Sample) -> None:
    sample.edit({sample.facts["lon"]: "45.5", sample.facts["lat"]: "12.5"})
    (bad,) = sample.read().quarantined
    assert {p.code for p in bad.problems} == {"place_swapped"}


@pytest.mark.parametrize("sample", having("lon"), indirect=True)
def test_a_place_that_is_not_on_earth_is_quarantined(sample: Sample) -> None:
    sample.edit({sample.facts["lon"]: "500", sample.facts["lat"]: "12.5"})
    (bad,) = sample.read().quarantined
    assert {p.code for p in bad.problems} <= {"place_range", "value_range"}


@each
def test_exchanging_the_parties_exchanges_them_and_nothing_else(sample: Sample) -> None:
    def swap(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: swap(item) for key, item in value.items()}
        if isinstance(value, list):
            return [swap(item) for item in value]
        return {"a": "b", "b": "a"}.get(value, value) if isinstance(value, str) else value

    before = [row for kind in KINDS for row in records(getattr(sample.read(), kind))]
    options = sample.options
    sample.options = {**swap(options)}
    if sample.name == "claims_ledger":
        sample.options["parties"] = {"a": "b", "b": "a"}
    after = [row for kind in KINDS for row in records(getattr(sample.read(), kind))]

    def parties(row: dict[str, Any]) -> list[Any]:
        return [value for name, value in row.items() if name.endswith("party_id")]

    def strip(row: dict[str, Any]) -> dict[str, Any]:
        free = {k: v for k, v in row.items() if not k.endswith("_id")}
        # ids and the sentence on whose losses they are name the party
        return {k: v for k, v in free.items() if k not in ("note", "part_of")}

    # ids, which order rows of one time, depend on the party
    before, after = (sorted(rows, key=lambda row: repr(strip(row))) for rows in (before, after))
    assert [strip(row) for row in after] == [strip(row) for row in before]
    assert [[swap(party) for party in parties(row)] for row in after] == [parties(row) for row in before]
