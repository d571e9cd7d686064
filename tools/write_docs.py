"""Write the documents that are made from the code. Tests compare them with what it would write.

python tools/write_docs.py
"""

from __future__ import annotations

import ast
import configparser
import contextlib
import functools
import gzip
import io
import os
import tempfile
import textwrap
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from truceline.base.documents import Model
from truceline.base.errors import CODES
from truceline.base.intervals import Interval
from truceline.desk.chain import PartyFile
from truceline.desk.declarations import DeclarationRecord, InspectionRecord
from truceline.desk.holdings import Holdings
from truceline.desk.mission import MissionFile
from truceline.desk.orders import OrderRecord
from truceline.faces.cli import exits, main
from truceline.findings.reasons import REASONS
from truceline.schema import COVERAGE, FINDINGS, OBSERVATIONS, TABLES
from truceline.schema.table import Column, TableSpec, records
from truceline.scoring.meanings import MEANINGS
from truceline.sources.source import SOURCES, InputFile, ReadContext, Source, SourceTables
from truceline.terms.truce import Truce
from truceline.workflow.case_file import CaseFile
from truceline.workflow.doors import DOORS
from truceline.workflow.plugins import list_plugins

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "truceline"
NOTE = "<!-- made by tools/write_docs.py from the code; do not edit, run `make docs` -->"

DOCUMENTS: dict[str, Callable[[], list[str]]] = {}


def document(name: str) -> Callable[[Callable[[], list[str]]], Callable[[], list[str]]]:
    """Register what writes ``docs/<name>``."""

    def add(write: Callable[[], list[str]]) -> Callable[[], list[str]]:
        DOCUMENTS[name] = write
        return write

    return add


# -- pieces -------------------------------------------------------------------------------------
def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table; bars in cells are escaped."""

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    return [line(head), "|" + "---|" * len(head), *(line(row) for row in rows), ""]


def code(text: str, language: str = "") -> list[str]:
    """A fenced block."""
    return [f"```{language}", *(line.rstrip() for line in text.rstrip("\n").splitlines()), "```", ""]


def reflow(docstring: str) -> str:
    """A docstring as Markdown: single backticks for double ones, a fence around a drawn table."""
    paragraphs = textwrap.dedent(docstring).strip().split("\n\n")
    return "\n\n".join(
        f"```text\n{text}\n```" if text.startswith("====") else text.replace("``", "`") for text in paragraphs
    )


def type_words(column: Column) -> str:
    """The Arrow type of a column in words."""
    words = {
        "string": "text",
        "double": "number",
        "int64": "whole number",
        "bool": "true or false",
        "binary": "shape (WKB)",
        "list<item: string>": "list of text",
        "timestamp[us, tz=UTC]": "time (UTC)",
        "map<string, double>": "number by name",
    }
    text = words.get(str(column.type), str(column.type))
    return text if column.required else f"{text} or null"


def column_rows(spec: TableSpec) -> list[tuple[str, str, str]]:
    """Name, type and meaning of each column, with what is allowed."""
    return [(f"`{column.name}`", type_words(column), column_meaning(column)) for column in spec.columns]


def column_meaning(column: Column) -> str:
    """What a column means, with what is allowed."""
    limits = []
    if column.one_of:
        limits.append("one of " + ", ".join(f"`{word}`" for word in column.one_of))
    if column.at_least is not None:
        limits.append(f"≥ {column.at_least:g}")
    if column.at_most is not None:
        limits.append(f"≤ {column.at_most:g}")
    return column.meaning + (f" ({'; '.join(limits)})" if limits else "")


def describe_table(spec: TableSpec) -> list[str]:
    """A table's meaning, key and columns."""
    lines = [f"{spec.meaning} Version {spec.version}; key `{spec.key}`.", ""]
    if spec.intervals:
        pairs = ", ".join(f"`[{start}, {stop})`" for start, stop in spec.intervals)
        lines += [f"Half-open intervals: {pairs}.", ""]
    return lines + table(("column", "type", "meaning"), column_rows(spec))


# -- documents ----------------------------------------------------------------------------------
@document("command-line.md")
def command_line() -> list[str]:
    """Every command's help, and the exit codes."""
    lines = ["# The command line", ""]
    commands = [
        command.name or command.callback.__name__
        for command in main.app.registered_commands
        if command.callback
    ]
    groups = [group.typer_instance for group in main.app.registered_groups]
    inner = [
        [str(group.info.name), command.name or command.callback.__name__]
        for group in groups
        if group is not None
        for command in group.registered_commands
        if command.callback
    ]
    for arguments in (
        [],
        *([name] for name in commands),
        *([str(group.info.name)] for group in groups if group),
        *inner,
    ):
        shown = " ".join(["truceline", *arguments])
        lines += [f"## {shown}", "", *code(help_text(arguments))]
    return [
        *lines,
        "## Exit codes",
        "",
        *table(("code", "meaning"), ((str(number), text) for number, text in exits.EXIT_CODES.items())),
        "Results go to stdout, everything else to stderr. With `--json` stdout holds one JSON object, also",
        'after an error: `{"error": {"exit_code", "message", "problems"}}`, each problem with `code`,',
        "`message`, `file`, `row`, `column`, `got`, `expected`, `next_step` (see [errors](errors.md)).",
        "",
        "Progress bars are drawn on a terminal only. `TRUCELINE_DATA` stands in for `--data`.",
        "",
        "The output folder is replaced whole or not at all: whoever looks, or whatever kills the run, finds",
        "no folder, the old result or the new one. A folder that Truceline did not write is never replaced.",
    ]


def help_text(arguments: Sequence[str]) -> str:
    """What ``--help`` prints, at 80 columns."""
    os.environ["COLUMNS"] = "80"
    os.environ.pop("TRUCELINE_DATA", None)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        main.run([*arguments, "--help"])
    return printed.getvalue()


@document("errors.md")
def errors() -> list[str]:
    """Codes of problems and reasons."""
    return [
        "# Codes",
        "",
        "## Problems of an input",
        "",
        "A problem names file, row and column, what was got, what was expected, and what to do. All problems of",
        "an input are told at once. A bad row is set aside with its reason and counted in the report; only what",
        "cannot be used at all ends a run.",
        "",
        *table(("code", "meaning"), ((f"`{name}`", text) for name, text in CODES.items())),
        "## Reasons of a finding",
        "",
        "Each finding carries the codes of its reasons; `truceline explain` leads from each to rows of files.",
        "",
        *table(("code", "meaning"), ((f"`{name}`", text) for name, text in REASONS.items())),
    ]


@document("tables.md")
def tables() -> list[str]:
    """Every table that flows between parts."""
    lines = [
        "# Tables",
        "",
        "Parts hand each other these tables and nothing else; what is not to its schema never passes an edge.",
        "Times are UTC, places WGS 84 with longitude first. A name ends in its unit or in what it is:",
        "`_sd` standard deviation, `_lo95`, `_hi95` limits of a 95 % interval, `_p` probability,",
        "`_loglik` natural logarithm of a likelihood.",
        "",
    ]
    for spec in TABLES.values():
        lines += [f"## {spec.name}", "", *describe_table(spec)]
    return lines


@document("findings.md")
def findings() -> list[str]:
    """The keys of a finding in ``findings.json``."""
    return [
        "# Findings",
        "",
        "`findings.json` lists one object per obligation, party, area, period, clock and version of the terms.",
        "These keys are flat, always there, and `null` where they do not apply. Others may stand beside them;",
        "new ones may come without a new version, a changed meaning never does.",
        "",
        *describe_table(FINDINGS),
        "Occurrence and responsibility are two axes, kept apart; the judgement is a third thing, of the",
        "obligation. An `e_value` of 20 or more is reported as a change. A bound that is `null` means that no",
        "bound is possible, never that nothing happened.",
        "",
        "`reason_codes` are explained in [errors.md](errors.md); `truceline explain FINDING --out DIR` takes a",
        "finding apart down to the rows of its files.",
    ]


#: files of a case, and the model that checks each
TOPS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("case.yaml", CaseFile),
    ("truce.yaml", Truce),
    ("desk/PARTY.yaml", PartyFile),
    ("desk/mission.yaml", MissionFile),
    ("desk/holdings.yaml", Holdings),
    ("records of desk/PARTY.orders.jsonl", OrderRecord),
    ("records of desk/PARTY.declarations.jsonl", DeclarationRecord),
    ("records of desk/mission.inspections.jsonl", InspectionRecord),
)


@document("case.md")
def case() -> list[str]:
    """What stands in the files of a case, from the models that check them."""
    lines = [
        "# A case",
        "",
        "A case is a folder: `case.yaml` (its sources, what each may speak to, the baseline), `truce.yaml` (what was",
        "declared or agreed) and small files of its own. [The tutorial](tutorial.md#7-your-own-case) writes a whole",
        "one. Paths are relative: to the case's folder (`root: case`) or to the data root given with `--data`.",
        "Times carry an offset. Every fault of a file is told at once; those of names that refer to others once its",
        "shape is right.",
        "",
    ]
    for title, top in TOPS:
        lines += [f"## {title}", ""]
        for model in _models(top):
            about = (model.__doc__ or "").strip().splitlines()[0]
            lines += [f"### {model.__name__}" if model is not top else "### The file", "", about, ""]
            lines += table(("field", "what it is", "default", "meaning"), _fields(model))
    return lines


def _models(top: type[BaseModel]) -> list[type[BaseModel]]:
    """A model and those that its fields hold, each once, in the order of their first use."""
    found: list[type[BaseModel]] = []
    waiting = [top]
    while waiting:
        model = waiting.pop(0)
        if model in found:
            continue
        found.append(model)
        waiting += [
            inner for field in model.model_fields.values() for inner in _inner_models(field.annotation)
        ]
    return found


def _inner_models(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _inner_models(inner)]


def _fields(model: type[BaseModel]) -> list[tuple[str, str, str, str]]:
    rows = []
    for name, field in model.model_fields.items():
        default = (
            "required" if field.is_required() else _default(field.get_default(call_default_factory=True))
        )
        rows.append((f"`{field.alias or name}`", _kind(field.annotation), default, field.description or ""))
    return rows


def _default(value: object) -> str:
    if value is None or value == "" or value == [] or value == {}:
        return "none"
    return "see below" if isinstance(value, BaseModel) else f"`{value}`"


def _kind(annotation: Any) -> str:
    """A type in words."""
    words = {str: "text", int: "whole number", float: "number", bool: "true or false", date: "date", type(None): "none"}  # fmt: skip
    if annotation in words:
        return words[annotation]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation.__name__
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return ", ".join(f"`{word}`" for word in inner)
    if origin is list:
        return f"list of {_kind(inner[0])}"
    if origin is dict:
        return "mapping"
    if origin is Annotated:
        return "a time" if inner[0] is datetime else _kind(inner[0])
    if origin in (Union, UnionType):
        return " or ".join(_kind(one) for one in inner)
    return "a time" if annotation is datetime else "anything"


@document("sources.md")
def sources() -> list[str]:
    """What reads files, from the registry."""
    lines = [
        "# Sources",
        "",
        "A source of a case names one of these as its `adapter`; `options` are checked against the table.",
        "How to add one: [CONTRIBUTING](../CONTRIBUTING.md).",
        "",
    ]
    for plugin in list_plugins():
        if plugin.kind != "source":
            continue
        lines += [f"## {plugin.name}", "", f"{plugin.title}. Version {plugin.version}.", ""]
        lines += [reflow(plugin.about), ""]
        rows = [(f"`{name}`", kind, default, meaning) for name, kind, default, meaning in plugin.options()]
        lines += table(("option", "type", "default", "meaning"), rows) if rows else ["No options.", ""]
    return lines


@document("fuse.md")
def fuse_page() -> list[str]:
    """The doorway for foreign records: every column of every file, needed or not, and an example that runs."""
    lines = [
        "# Records of any origin",
        "",
        "`truceline fuse` makes incidents of records without a case: observations, and, where there are any, what could",
        "have been seen and who held what. Files are CSV (comma, semicolon, tab or bar; also gzipped) or Parquet; control and",
        "areas also GeoJSON, or CSV with a column `geometry` of WKT. Columns bear the names below, in any order; others are",
        "ignored and named. Few are needed. Times carry their offset and are kept in UTC; places are WGS 84, longitude first.",
        "",
        "Every problem of every file is told at once, with file, row, column, what was got, what was expected and what to do.",
        "A row with a fault is put aside and counted; a file that lacks a needed column ends the run.",
        "",
        "## An example",
        "",
        "The files lie in [fuse/](fuse/observations.csv): nine records of two days, two listening posts whose detection",
        "probability was measured by controlled shots, a map, and outlets of both parties. Run it in the project's folder:",
        "",
        *code(FUSE_EXAMPLE, "console"),
        "The truth of this invented example is known, so the result can be scored:",
        "",
        *code(SCORE_EXAMPLE, "console"),
        "Without `--table` the same is printed as JSON, flat keys first, each null with its reason; `baselines` holds what",
        "simpler ways score on the same records.",
        "",
        *table(
            ("figures", "what they say"),
            ((", ".join(f"`{name}`" for name in names), meaning) for names, meaning in MEANINGS.items()),
        ),
        "## What is written",
        "",
        *table(
            ("file", "what it holds"),
            (
                ("`incidents.parquet`, `.csv`", "the [incidents](tables.md#incidents); in CSV maps are JSON, lists are joined by `;`"),
                ("`incident_members.parquet`, `.csv`", "`incident_id`, `observation_id`: which records each was made from"),
                ("`totals.parquet`, `.csv`", "estimated totals by area, week (more than one, where there are over 300) and act with 95 % intervals: areas kind by kind, the largest first, up to 300 rows; without areas of the box around all that was watched; `reason_codes` say why there is no number, or that most of the ground was not watched"),
                ("`parameters.json`", "parties, acts, hard sources; detection probability and false detections of each source, declared, estimated with the totals, and as fusion learned them (Beta, Gamma, with intervals)"),
                ("`manifest.jsonl`", "what was read, with digests, and the name of the run"),
                ("`quarantine.jsonl`", "rows put aside, as they stand in their file, each with what is wrong; absent where there are none"),
                ("`tables/`", "the tables that were fused, complete, with the origin of each record"),
            ),
        ),
        "The same input, options and version give the same bytes. Where every row bears an `observation_id` of its own, the order of",
        "rows does not matter.",
        "",
        "A probability of detection is Beta(a, b) with a and b of .001 or more, both or neither. A row of coverage with a centre",
        "needs a radius, unless it names an area. `line_distance_m` is positive on the side of the first of the parties, in the",
        "order of `--parties`, that the map shows.",
        "",
        "`--existence trained` reckons how likely each incident happened by a [model trained on simulated",
        "fronts](existence.md); each incident then bears the reason `trained_existence`.",
        "",
        "`--hard-sources` names the sources that may say how much happens; without it those with a detection probability.",
        "A source without rows in the coverage (outlets, for one) has no probability given: it is estimated, and never raises",
        "how much is believed to happen. `--parties` gives the parties' order in `party_p`; without it they are taken from the",
        "files.",
        "",
    ]  # fmt: skip
    for name, door in DOORS.items():
        needed = [column for column in door.columns if column.name in door.needed]
        defaults = [column for column in door.columns if column.name in door.defaults]
        rest = [
            column
            for column in door.columns
            if column.name not in door.needed and column.name not in door.defaults
        ]
        lines += [f"## --{name}", "", door.spec.meaning, ""]
        rows = [
            *((column, "needed") for column in needed),
            *((column, f"default: {door.defaults[column.name]}") for column in defaults),
            *((column, "optional") for column in rest),
        ]
        lines += table(
            ("column", "type", "", "meaning"),
            (
                (f"`{c.name}`", type_words(c).removesuffix(" or null"), use, column_meaning(c))
                for c, use in rows
            ),
        )
    return lines


FUSE_EXAMPLE = """$ truceline fuse --observations docs/fuse/observations.csv --coverage docs/fuse/coverage.csv --control docs/fuse/control.geojson --parties north,south --out out/fused
observations: 8; incidents: 3, in out/fused/incidents.parquet
rows of observations put aside: 1, in out/fused/quarantine.jsonl
...
  [time_format] observations.csv, row 10, column occurred_from: a date without a time of day
...
"""
SCORE_EXAMPLE = """$ truceline score out/fused --truth docs/fuse/truth --table
id_f1 ...
"""


@document("exports.md")
def exports() -> list[str]:
    """What results are written as for other tools, from the registry."""
    lines = [
        "# Exports",
        "",
        "`truceline export OUT --case CASE` writes a finished result for other tools into `OUT/exports`. `--case` is",
        "needed for what a result does not hold of itself: the line by what it is. A map with",
        "`publish_shapes: false` never leaves, and of a public edition nothing is exported that is not in it.",
        "",
        "Every file carries case, version, run, as-of, edition and licences. Empty means not known, never zero;",
        "`no_bound` is a word. The same result gives the same bytes; `README.txt` and `manifest.jsonl` list digests",
        "and whom to name.",
        "",
    ]
    for plugin in list_plugins():
        if plugin.kind == "export":
            lines += [f"## {plugin.name}", "", f"{plugin.title}. Version {plugin.version}.", ""]
            lines += [reflow(plugin.about), ""]
    return lines


# -- the life of an observation -----------------------------------------------------------------
EXAMPLE_SOURCE = "oblast_sirens"
EXAMPLE = """region,started_at,finished_at
Coast,2031-05-01T03:10:00+00:00,2031-05-01T03:55:00+00:00
Coast,2031-05-01T09:00:00+00:00,2031-05-01T08:00:00+00:00
"""


@document("life-of-an-observation.md")
def life() -> list[str]:
    """Follow one observation through the folders."""
    example = read_example()
    lines = [
        "# The life of an observation",
        "",
        "One row of one file, followed through the folders of the code, in the order in which data flows. A",
        "folder imports only the ones before it. Everything here is read from the code itself.",
        "",
        "## A row",
        "",
        f"An invented file for the source `{EXAMPLE_SOURCE}`:",
        "",
        *code(EXAMPLE, "text"),
        "The first row becomes an observation; empty columns are left out here:",
        "",
        *code(as_text(records(example.observations)[0], OBSERVATIONS), "text"),
        "The same row says what could not be seen meanwhile:",
        "",
        *code(as_text(records(example.coverage)[0], COVERAGE), "text"),
        "The second row is set aside, with its reason, and counted:",
        "",
        *code(str(example.quarantined[0].problems[0]), "text"),
        *code(as_account(example), "text"),
        "What each column means: [tables](tables.md). `raw_file`, `raw_row` and `raw_digest` stay with the",
        "record to the end: from them every finding leads back to a row of a file.",
        "",
        "## The way through",
        "",
        reflow(docstring_of(PACKAGE / "workflow" / "verify.py")),
        "",
    ]
    for name in stages():
        lines += describe_stage(name)
    return lines


def read_example() -> SourceTables:
    """Read the example as a case would."""
    plugin: type[Source] | None = SOURCES.get(EXAMPLE_SOURCE)
    assert plugin is not None, EXAMPLE_SOURCE
    options: Model = plugin.Options.model_validate({"act": "air_attack", "accused_party": "north"})
    span = Interval(datetime(2031, 4, 1, tzinfo=UTC), datetime(2031, 6, 1, tzinfo=UTC))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "alerts.csv.gz"
        path.write_bytes(gzip.compress(EXAMPLE.encode(), mtime=0))
        context = ReadContext(
            source_id="sirens",
            files=(InputFile(path, label="data:alerts.csv.gz"),),
            span=span,
            window=span,
            parties=("north", "south"),
            acts=("air_attack",),
            area_by_name={"coast": "coast"},
        )
        return plugin(options).read(context)


def as_text(record: dict[str, Any], spec: TableSpec) -> str:
    """A record, a line per column that is not null, with its meaning."""
    lines = []
    for column in spec.columns:
        value = record[column.name]
        if value is None:
            continue
        if isinstance(value, datetime):
            value = value.isoformat().replace("+00:00", "Z")
        if column.name == "raw_digest":
            value = "…"  # gzip's bytes differ between versions of zlib
        lines.append(f"{column.name:<18} {value}")
    return "\n".join(lines)


def as_account(example: SourceTables) -> str:
    """What became of the rows."""
    file = example.files[0]
    return (
        f"{file.file.label}: {file.rows_read} rows read, {file.rows_used} used, {file.rows_outside} outside, "
        f"{file.rows_repeated} repeated, {file.rows_quarantined} quarantined"
    )


def stages() -> list[str]:
    """Folders in the order of the import contract, earliest first, as far as they exist."""
    config = configparser.ConfigParser()
    config.read(ROOT / ".importlinter", encoding="utf-8")
    layers = config["importlinter:contract:layers"]["layers"].split()
    names = [name.strip("()") for name in reversed(layers)]
    return [name for name in names if (PACKAGE / name / "__init__.py").is_file()]


def describe_stage(name: str) -> list[str]:
    """A folder: what it is for, what each of its modules does."""
    folder = PACKAGE / name
    lines = [f"### {name}", "", reflow(docstring_of(folder / "__init__.py")), ""]
    modules = [path for path in sorted(folder.rglob("*.py")) if path.name != "__init__.py"]
    rows = [(f"`{path.relative_to(folder).as_posix()}`", first_sentence(path)) for path in modules]
    return lines + (table(("module", "what it does"), rows) if rows else [])


def docstring_of(path: Path) -> str:
    """A module's docstring, without importing it."""
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def first_sentence(path: Path) -> str:
    """The first paragraph of a module's docstring."""
    return " ".join(reflow(docstring_of(path)).split("\n\n")[0].split())


# -- writing and checking -----------------------------------------------------------------------
@functools.cache
def text_of(name: str) -> str:
    """What ``docs/<name>`` should hold."""
    return "\n".join([NOTE, "", *DOCUMENTS[name]()]).rstrip("\n") + "\n"


def stale(root: Path) -> list[str]:
    """Names of documents under ``root`` that differ from what the code says."""
    return [
        name
        for name in DOCUMENTS
        if not (root / "docs" / name).is_file()
        or (root / "docs" / name).read_text(encoding="utf-8") != text_of(name)
    ]


def run() -> None:
    """Entry point."""
    for name in DOCUMENTS:
        (ROOT / "docs" / name).write_text(text_of(name), encoding="utf-8")


if __name__ == "__main__":
    run()
