"""Laws of ``truceline new``: what it writes can be read, flags and answers are one, nothing is silent."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from truceline.base.language import speak
from truceline.faces.cli import exits
from truceline.faces.cli.main import app, run
from truceline.faces.cli.new_questions import Asker
from truceline.workflow.case import open_case
from truceline.workflow.ingest import Ingested, ingest
from truceline.workflow.sniff import sniff_incidents
from truceline.workflow.translate import telling

FIRST = date(2031, 4, 20)
BASICS = {"--start": ["2031-05-20"], "--stop": ["2031-05-27"], "--party": ["Oak", "Elm"], "--act": ["Shelling", "Raid"]}  # fmt: skip
ACTORS = ("Oak", "Elm army", "unknown", "")


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    yield
    speak(None)


@dataclass(frozen=True)
class Stranger:
    """A table as somebody may keep it, and what has to be said of it beside the basics."""

    header: tuple[str, ...] = ("ref", "when", "lat", "lon", "type", "perpetrator", "remarks")
    delimiter: str = ","
    decimal: str = "."
    date_format: str = "%Y-%m-%d"
    kinds: tuple[str, ...] = ("Shelling", "Raid", "Protest")
    excel: bool = False
    n: int = 80
    flags: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def rows(self, seed: int) -> Iterator[list[str]]:
        rng = random.Random(seed)
        for n in range(self.n):
            x, y = (str(round(low + rng.random(), 4)).replace(".", self.decimal) for low in (37, 48))
            day = (FIRST + timedelta(days=n % 45)).strftime(self.date_format)
            cells = {"ref": f"R{n}", "when": day, "lat": y, "lon": x, "type": rng.choice(self.kinds), "perpetrator": rng.choice(ACTORS), "side": rng.choice(ACTORS), "remarks": f"told, {n}" if self.delimiter != "," else f"told {n}", "district": f"District {n}", "wounded": str(n % 3)}  # fmt: skip
            yield [cells[FOREIGN.get(name, name)] for name in self.header]

    def write(self, folder: Path, seed: int = 4) -> Path:
        rows = [list(self.header), *self.rows(seed)]
        if not self.excel:
            path = folder / "incidents.csv"
            path.write_text("\n".join(self.delimiter.join(row) for row in rows) + "\n", encoding="utf-8")
            return path
        import xlsxwriter

        path = folder / "incidents.xlsx"
        book = xlsxwriter.Workbook(str(path))
        book.set_properties({"created": datetime(2031, 6, 1)})  # noqa: DTZ001 - the same bytes twice
        sheet = book.add_worksheet("All of 'Log' & more")
        for at, row in enumerate(rows):
            sheet.write_row(at, 0, row)
        book.close()
        return path


#: headers as other languages write them
FOREIGN = {"№": "ref", "Дата": "when", "Шир.": "lat", "Довг.": "lon", "Вид події": "type", "Хто: «діяв»": "side", "Поранено": "wounded", "Fecha": "when", "Latitud": "lat", "Longitud": "lon", "Tipo #1": "type"}  # fmt: skip

STRANGERS = {
    "plain": Stranger(),
    "foreign": Stranger(header=("№", "Дата", "Шир.", "Довг.", "Вид події", "Хто: «діяв»", "Поранено"), delimiter=";", decimal=",", date_format="%d.%m.%Y", kinds=("Обстріл: 1", "it's a \"Raid\"", "Мітинг"), flags={"--column": ["accused_party_id=Хто: «діяв»"], "--word": ["Обстріл: 1=Shelling", "it's a \"Raid\"=Raid", "Мітинг="], "--looked-every-day": ["yes"], "--accuracy": ["250"]}),
    "districts": Stranger(header=("when", "district", "type"), flags={"--looked-every-day": ["no"]}),
    "excel": Stranger(excel=True, flags={"--times-zone": ["Asia/Aden"], "--actor": ["Oak=Oak", "Elm army=elm", "unknown="]}),
    "no kinds": Stranger(header=("Fecha", "Latitud", "Longitud"), flags={"--word": ["*=raid"]}),
    "refused": Stranger(flags={"--column": ["time=when", "date=", "longitude_deg=lon", "latitude_deg=lat", "act=type", "accused_party_id=", "text=", "place_name="]}),
    "many kinds": Stranger(kinds=("Shelling", *(f"kind {n}" for n in range(60))), n=400),
}  # fmt: skip


def a_line(folder: Path) -> Path:
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "LineString", "coordinates": [[36.5, 48.4], [37.5, 48.6], [38.6, 48.5]]}}  # fmt: skip
    path = folder / "line.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    return path


def flags_of(*said: Mapping[str, Sequence[str]]) -> list[str]:
    return [word for flags in said for flag, values in flags.items() for value in values for word in (flag, value)]  # fmt: skip


def begun(folder: Path, stranger: Stranger, *more: str, seed: int = 4) -> str:
    """The case begun by flags alone; what was printed."""
    folder.parent.mkdir(exist_ok=True)
    files = ["--incidents", str(stranger.write(folder.parent, seed)), "--line", str(a_line(folder.parent))]
    left = () if "--left" in more else ("--left", "Oak")
    done = CliRunner().invoke(app, ["new", str(folder), *files, *left, *flags_of(BASICS, stranger.flags), *more, "--yes"])  # fmt: skip
    assert done.exit_code == 0, done.output
    return done.output


def read(folder: Path) -> Ingested:
    return ingest(open_case(folder), data=None)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}  # fmt: skip


# ---------------------------------------------------------------- what is written can be read


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", STRANGERS)
def test_what_is_written_is_sound_and_every_row_is_used(name: str, seed: int, tmp_path: Path) -> None:
    begun(tmp_path / "case", STRANGERS[name], seed=seed)
    commands = [command.callback.__name__ for command in app.registered_commands if command.callback]
    # a draft leaves much open, which `check` tells by a code of its own, and is no fault
    for command, sound in (("check", (0, exits.GRAVELY_OPEN)), ("sources", (0,))):
        if command in commands:
            assert run([command, str(tmp_path / "case")]) in sound
    tables = read(tmp_path / "case")
    assert tables.observations.num_rows == STRANGERS[name].n
    assert not tables.quarantined
    assert [source.state for source in tables.sources] == ["read", "read"]


@pytest.mark.parametrize("name", ["plain", "districts", "no kinds"])
@pytest.mark.parametrize(("written", "language"), [*itertools.permutations(("en", "uk", "ru"), 2)])
def test_a_report_in_another_language_lacks_given_names_alone(
    name: str, written: str, language: str, tmp_path: Path
) -> None:
    begun(tmp_path / "case", STRANGERS[name], "--language", written)
    speak(None)
    with telling(open_case(tmp_path / "case"), language) as (_case, voice):
        assert set(voice.missing) == {"Case", "Oak", "Elm", "Shelling", "Raid"}
        assert set(voice.words) == voice.used


def test_a_case_is_written_in_the_language_of_its_questions(tmp_path: Path) -> None:
    told = begun(tmp_path / "case", STRANGERS["plain"], "--language", "uk")
    assert "не використано" in told or "коли це сталося" in told
    case = open_case(tmp_path / "case")
    assert case.file.language == "uk"
    assert case.truce.clocks[0].title == "Як домовлено"
    assert sorted(path.name for path in (tmp_path / "case" / "locale").iterdir()) == ["en.yaml", "ru.yaml"]


# ---------------------------------------------------------------- flags and answers are one


def answer_with(monkeypatch: pytest.MonkeyPatch, answers: Mapping[str, Sequence[str]]) -> None:
    """Every question is answered by what the flag that it names would have said; else as proposed."""
    left = {flag: list(values) for flag, values in answers.items()}

    def prompt(_ask: Asker, question: str, *, flag: str, proposal: str | None) -> str:
        name, _, what = flag.partition(" ")
        if "=" in what and name in ("--column", "--word", "--actor"):
            if question.startswith("Is that right"):
                return "no" if len(left.get("--column", ())) > 1 else "yes"
            word = what.strip("'").rpartition("=")[0] if name != "--column" else what.partition("=")[0]
            for value in left.get(name, ()):
                before, _, after = value.rpartition("=") if name != "--column" else value.partition("=")
                if before == word:
                    return after or "-"
        elif left.get(name):
            return left[name].pop(0)
        assert proposal is not None, question
        return proposal

    monkeypatch.setattr(Asker, "_prompt", prompt)


@pytest.mark.parametrize("name", sorted(set(STRANGERS) - {"no kinds"}))
def test_the_same_answers_by_flags_and_by_questions_give_the_same_bytes(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = STRANGERS[name]
    begun(tmp_path / "flags" / "case", stranger, "--left", "Elm", "--title", "T", "--zone", "Europe/Berlin")
    (tmp_path / "asked").mkdir()
    files = {"--incidents": [str(stranger.write(tmp_path / "asked"))], "--line": [str(a_line(tmp_path / "asked"))]}  # fmt: skip
    answer_with(monkeypatch, {"--left": ["elm"], "--title": ["T"], "--zone": ["Europe/Berlin"], **files, **BASICS, **stranger.flags})  # fmt: skip
    assert run(["new", str(tmp_path / "asked" / "case")]) == 0
    assert content(tmp_path / "flags" / "case") == content(tmp_path / "asked" / "case")


def test_parties_and_acts_are_told_by_id_or_by_name(tmp_path: Path) -> None:
    one = ["--left", "elm", "--word", "Protest=raid", "--actor", "unknown=oak"]
    two = ["--left", "ELM", "--word", "Protest=Raid", "--actor", "unknown=Oak"]
    for folder, more in (("one", one), ("two", two)):
        begun(tmp_path / folder / "case", STRANGERS["plain"], *more)
    assert content(tmp_path / "one" / "case") == content(tmp_path / "two" / "case")


def test_parties_exchanged_are_exchanged_and_nothing_else(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        begun(tmp_path / folder / "case", STRANGERS["plain"])
    table = tmp_path / "two" / "incidents.csv"
    turned = table.read_text(encoding="utf-8").replace("Oak", "\0").replace("Elm", "Oak").replace("\0", "Elm")
    table.write_text(turned, encoding="utf-8")
    more = flags_of({**BASICS, "--party": ["Elm", "Oak"], "--left": ["Elm"]})
    files = ["--incidents", str(table), "--line", str(tmp_path / "two" / "line.geojson")]
    done = CliRunner().invoke(app, ["new", str(tmp_path / "turned" / "case"), *files, *more, "--yes"])
    assert done.exit_code == 0, done.output
    for name in ("case.yaml", "truce.yaml"):
        one, two = ((tmp_path / folder / "case" / name).read_text(encoding="utf-8") for folder in ("one", "turned"))  # fmt: skip
        for first, second in (("Oak", "Elm"), ("oak", "elm")):
            one = one.replace(first, "\0").replace(second, first).replace("\0", second)
        assert one == two


# ---------------------------------------------------------------- what has no answer names its flag


MISSING = [names for n in range(1, 5) for names in itertools.combinations(BASICS, n)]


@pytest.mark.parametrize("missing", MISSING, ids=" ".join)
def test_everything_that_is_missing_is_named_at_once(missing: tuple[str, ...], tmp_path: Path) -> None:
    table = STRANGERS["plain"].write(tmp_path)
    said = {flag: values for flag, values in BASICS.items() if flag not in missing}
    done = CliRunner().invoke(app, ["new", str(tmp_path / "case"), "--incidents", str(table), *flags_of(said), "--yes"])  # fmt: skip
    assert done.exit_code == 2
    asked = done.output.partition("nothing can be proposed safely")[2]
    assert {flag for flag in BASICS if f"Give {flag} " in asked} == set(missing), done.output
    assert not (tmp_path / "case").exists()


def test_what_the_file_cannot_tell_is_named_with_the_rest(tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text("date;position\n" + "".join(f"0{n}/05/2031;50.{n}, 10.{n}\n" for n in range(1, 9)))
    done = CliRunner().invoke(app, ["new", str(tmp_path / "case"), "--incidents", str(table), "--yes"])
    assert done.exit_code == 2
    assert all(flag in done.output for flag in (*BASICS, "--coordinates-order", "--time-format"))


@pytest.mark.parametrize("shape", [{"type": "LineString", "coordinates": [[36.5, 48.4], [38.6, 48.5]]}, {"type": "Polygon", "coordinates": [[[36.5, 48.4], [38.6, 48.4], [38.6, 50], [36.5, 48.4]]]}])  # fmt: skip
def test_whose_side_is_which_is_never_taken_as_proposed(shape: dict[str, object], tmp_path: Path) -> None:
    layer = tmp_path / "map.geojson"
    layer.write_text(json.dumps({"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": shape}]}))  # fmt: skip
    for said, flags in ((BASICS, {"--left"}), ({}, {"--left", *BASICS})):
        done = CliRunner().invoke(app, ["new", str(tmp_path / "case"), "--line", str(layer), *flags_of(said), "--yes"])  # fmt: skip
        assert done.exit_code == 2, done.output
        asked = done.output.partition("nothing can be proposed safely")[2]
        assert {flag for flag in ("--left", *BASICS) if f"Give {flag} " in asked} == flags, done.output
        assert not (tmp_path / "case").exists()


def test_a_case_needs_a_file(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["new", str(tmp_path / "case"), *flags_of(BASICS), "--yes"])
    assert done.exit_code == 2
    assert "--incidents FILE, --line FILE" in done.output


def test_wherever_the_input_ends_the_question_and_its_flag_are_named(tmp_path: Path) -> None:
    table, line = STRANGERS["plain"].write(tmp_path), a_line(tmp_path)
    answers = ["T", "UTC", "2031-05-20", "2031-05-27", "Oak", "Elm", "", str(table), "yes", "Shelling", "Raid", "", *[""] * 3, *[""] * 3, "", "", "unknown", str(line), "", "Elm"]  # fmt: skip
    expected = ["--title", "--zone", "--start", "--stop", "--party", "--party", "--party", "--incidents", "--column", "--act", "--act", "--act", *["--word"] * 3, *["--actor"] * 3, "--times-zone", "--accuracy", "--looked-every-day", "--line", "--line-date", "--left"]  # fmt: skip
    for n, flag in enumerate(expected):
        told = "".join(f"{answer}\n" for answer in answers[:n])
        done = CliRunner().invoke(app, ["new", str(tmp_path / "case")], input=told)
        assert done.exit_code == 2, done.output
        assert f"Give {flag} " in done.output.partition("The input ended")[2], done.output
        assert not (tmp_path / "case").exists()
    done = CliRunner().invoke(app, ["new", str(tmp_path / "case")], input="".join(f"{one}\n" for one in answers))  # fmt: skip
    assert done.exit_code == 0, done.output


def test_a_case_that_no_file_places_names_its_region(tmp_path: Path) -> None:
    files = ["--incidents", str(STRANGERS["districts"].write(tmp_path))]
    done = CliRunner().invoke(app, ["new", str(tmp_path / "case"), *files, *flags_of(BASICS), "--yes"])
    assert done.exit_code == 2
    assert "Give --region W,S,E,N." in done.output
    for region in ("36,47,39", "36,50,39,47", "-120,0,120,10", "36,60,39,88", "a b c d"):
        done = CliRunner().invoke(app, ["new", str(tmp_path / "case"), *files, *flags_of(BASICS), "--region", region, "--yes"])  # fmt: skip
        assert done.exit_code == 2
        assert f"--region {region}: expected west" in done.output
    done = CliRunner().invoke(app, ["new", str(tmp_path / "case"), *files, *flags_of(BASICS), "--region", "36 47 39 50", "--yes"])  # fmt: skip
    assert done.exit_code == 0, done.output
    assert read(tmp_path / "case").observations.num_rows == STRANGERS["districts"].n


@pytest.mark.parametrize("gap", ["", " "])
def test_a_header_with_a_gap_below_titles_is_found(gap: str, tmp_path: Path) -> None:
    rows = ["Log of the desk, internal", "", f"when,lat,lon,{gap},type", *(f"2031-05-{day:02d} 10:00,48.{day},37.{day},x,Raid" for day in range(1, 20))]  # fmt: skip
    table = tmp_path / "log.csv"
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["new", str(tmp_path / "case"), "--incidents", str(table), *flags_of(BASICS), "--yes"])  # fmt: skip
    assert done.exit_code == 0, done.output
    assert read(tmp_path / "case").observations.num_rows == 19


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--left", "Ash"], "--left Ash: expected one of oak (Oak), elm (Elm)"),
        (["--actor", "unknown=Ash"], "--actor unknown=Ash: expected one of oak (Oak), elm (Elm)"),
        (["--looked-every-day", "often"], "--looked-every-day often: expected yes, no or unknown"),
        (["--column", "who=perpetrator"], "expected NAME=HEADER with one of time"),
        (["--column", "act=kind"], "--column act=kind: the file has no such column"),
        (["--column", "accused_party_id=", "--actor", "x=Oak"], "--column accused_party_id=HEADER"),
        (["--party", "Oak"], "--party Oak: Oak is named already"),
        (["--column", "latitude_deg=", "--column", "time=", "--column", "date="], "Which columns say where?"),
    ],
)
def test_flags_that_cannot_be_meant_are_refused(flags: list[str], told: str, tmp_path: Path) -> None:
    files = ["--incidents", str(STRANGERS["plain"].write(tmp_path)), "--line", str(a_line(tmp_path))]
    files += [] if "--left" in flags else ["--left", "Oak"]
    done = CliRunner().invoke(app, ["new", str(tmp_path / "case"), *files, *flags_of(BASICS), *flags, "--yes"])  # fmt: skip
    assert done.exit_code == 2, done.output
    assert told in done.output
    assert not (tmp_path / "case").exists()


def test_a_folder_that_holds_something_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "mine.txt").write_text("keep me", encoding="utf-8")
    assert run(["new", str(tmp_path / "case")]) == 5


# ---------------------------------------------------------------- nothing is silent


@pytest.mark.parametrize("name", STRANGERS)
def test_every_column_is_used_or_told_not_to_be(name: str, tmp_path: Path) -> None:
    told = begun(tmp_path / "case", STRANGERS[name])
    used = open_case(tmp_path / "case").file.sources[0].options["columns"].values()
    unused = next((line for line in told.splitlines() if "not used:" in line), "")
    for header in STRANGERS[name].header:
        assert (header in used) != (header in unused), told


def test_a_column_that_every_row_needs_cannot_be_answered_by_none(tmp_path: Path) -> None:
    table, line = STRANGERS["plain"].write(tmp_path), a_line(tmp_path)
    columns = ["no", "-", "-", "", "when", "-", "lon", "-", "lat", "type", "-", "-", "-"]
    given = ["--title", "T", "--zone", "UTC", *flags_of(BASICS), "--incidents", str(table)]
    told = [*columns, "", "", "", "", "", "", str(line), "", "Elm"]
    done = CliRunner().invoke(app, ["new", str(tmp_path / "case"), *given], input="\n".join(told) + "\n")
    assert done.exit_code == 0, done.output
    assert done.output.count("(needed)") == 5
    assert read(tmp_path / "case").observations.num_rows == STRANGERS["plain"].n


def test_kinds_are_shown_with_their_numbers_before_acts_are_asked(tmp_path: Path) -> None:
    table = STRANGERS["plain"].write(tmp_path)
    answers = ["T", "UTC", "2031-05-20", "2031-05-27", "Oak", "Elm", "", str(table), "yes"]
    done = CliRunner().invoke(app, ["new", str(tmp_path / "case")], input="\n".join(answers) + "\n")
    words = sniff_incidents(table).words
    assert sum(n for _word, n in words) == STRANGERS["plain"].n
    before = done.output.partition("Something it forbids")[0]
    assert all(f"{n}  {word}" in before for word, n in words)


@pytest.mark.parametrize(("answer", "zero"), [("yes", True), ("no", False), ("unknown", False), (None, False)])  # fmt: skip
def test_a_day_without_a_row_is_quiet_only_where_somebody_looked(
    answer: str | None, zero: bool, tmp_path: Path
) -> None:
    begun(tmp_path / "case", STRANGERS["plain"], *(() if answer is None else ("--looked-every-day", answer)))
    file = open_case(tmp_path / "case").file
    assert {series.missing_is_zero for series in file.series} == {zero}
    assert any("a day without incidents" in limit or "days without incidents" in limit for limit in file.limits) is not zero  # fmt: skip


def test_who_acted_is_a_party_or_nobody(tmp_path: Path) -> None:
    begun(tmp_path / "case", STRANGERS["plain"])
    told = [row[5] for row in STRANGERS["plain"].rows(4)]
    meant = {"Oak": "oak", "Elm army": "elm"}
    accused = read(tmp_path / "case").observations["accused_party_id"].to_pylist()
    for party in ("oak", "elm", None):
        assert accused.count(party) == sum(meant.get(name) == party for name in told)


def test_a_column_that_names_parties_is_never_taken_unasked(tmp_path: Path) -> None:
    stranger = Stranger(header=("ref", "when", "lat", "lon", "type", "side"))
    told = begun(tmp_path / "one" / "case", stranger)
    assert "--column 'accused_party_id=side'" in told
    assert set(read(tmp_path / "one" / "case").observations["accused_party_id"].to_pylist()) == {None}
    begun(tmp_path / "two" / "case", stranger, "--column", "accused_party_id=side")
    assert set(read(tmp_path / "two" / "case").observations["accused_party_id"].to_pylist()) == {None, "oak", "elm"}  # fmt: skip


def test_an_attribute_that_names_holders_is_told(tmp_path: Path) -> None:
    box = {"type": "Polygon", "coordinates": [[[36.5, 48.4], [38.6, 48.4], [38.6, 50], [36.5, 50], [36.5, 48.4]]]}  # fmt: skip
    for name, told in (("Elm", True), ("green", False)):
        layer = tmp_path / f"{name}.geojson"
        layer.write_text(json.dumps({"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"by": name}, "geometry": box}]}))  # fmt: skip
        done = CliRunner().invoke(app, ["new", str(tmp_path / f"case-{name}"), "--line", str(layer), "--left", "Elm", *flags_of(BASICS), "--yes"])  # fmt: skip
        assert done.exit_code == 0, done.output
        assert ("Its attribute 'by' names parties: Elm" in done.output) is told
