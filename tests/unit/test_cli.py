"""The command line: what it says, to whom, and with which exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from truceline import __version__
from truceline.base.errors import CaseError, InputError, OutputError, Problem, TrucelineError
from truceline.faces.cli import exits, main, render
from truceline.faces.cli.progress import progress_bars
from truceline.origins.copies import Copies
from truceline.workflow.plugins import list_plugins

FAULT = Problem(code="time_naive", message="the time has no zone", file="data:alerts.csv", row=7, column="start", got="18:00", expected="18:00+03:00", next_step="Declare the zone")  # fmt: skip


def replace_verb(monkeypatch: pytest.MonkeyPatch, module: str, **verbs: Any) -> None:
    # the verbs have tests of their own; here they only have to be called and to answer
    stand_in = ModuleType(f"truceline.workflow.{module}")
    for name, verb in verbs.items():
        setattr(stand_in, name, verb)
    monkeypatch.setitem(sys.modules, stand_in.__name__, stand_in)


def outcome(out: Path, **rest: Any) -> SimpleNamespace:
    results = SimpleNamespace(
        case_id="case", title="A truce", run_id="run-1", summary=("Quiet is not shown.",),
        sources=[
            SimpleNamespace(source_id="sirens", state="read", problems=(), copies=Copies(records=5, copies=3, first_tellings=1)),
            SimpleNamespace(source_id="maps", state="absent", problems=(), copies=None),
            SimpleNamespace(source_id="news", state="unusable", problems=(FAULT,), copies=None),
        ],
        rows_quarantined=1, quarantined=(FAULT,), language="en",
    )  # fmt: skip
    values = {
        "out": out,
        "results": results,
        "report_html": out / "report.html",
        "report_pdf": out / "report.pdf",
        "findings": out / "findings.json",
        "changed_files": (),
        "register_begun": None,
        "words": (),
    }
    return SimpleNamespace(**{**values, **rest})


def raising(error: BaseException) -> Any:
    def verb(*arguments: Any, **options: Any) -> None:
        raise error

    return verb


def test_verify_passes_what_was_asked_and_says_where_the_report_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked: dict[str, Any] = {}

    def verify(case: Path, **options: Any) -> SimpleNamespace:
        asked.update(options, case=case)
        return outcome(options["out"])

    replace_verb(monkeypatch, "verify", verify=verify)
    arguments = ["verify", "cases/x", "--data", str(tmp_path), "--out", "o", "--seed", "3", "--no-pdf"]
    assert main.run(arguments) == exits.DONE
    told = capsys.readouterr()
    assert (asked["case"], asked["data"], asked["out"]) == (Path("cases/x"), tmp_path, Path("o"))
    assert (asked["seed"], asked["pdf"]) == (3, False)
    assert "o/report.html" in told.out
    assert "Quiet is not shown." in told.out
    assert "maps" in told.out
    assert "sirens: 5 records, 3 of them copied from 1 first telling" in told.out
    assert "could not be used: news" in told.err


def test_the_output_folder_is_named_after_the_case(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    replace_verb(monkeypatch, "verify", verify=lambda case, **options: outcome(options["out"]))
    assert main.run(["verify", "cases/easter/", "--quiet"]) == exits.DONE
    assert capsys.readouterr().out == "out/easter/report.html\n"


def test_the_data_root_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: dict[str, Any] = {}

    def inspect_sources(case: Path, **options: Any) -> tuple[()]:
        asked.update(options)
        return ()

    replace_verb(monkeypatch, "inspect", inspect_sources=inspect_sources)
    monkeypatch.setenv("TRUCELINE_DATA", str(tmp_path))
    assert main.run(["sources", "case"]) == exits.DONE
    assert asked["data"] == tmp_path


def test_json_is_one_object_on_stdout(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    replace_verb(monkeypatch, "demo", run_demo=lambda out, **options: outcome(out, report_pdf=None))
    assert main.run(["demo", "--json", "--out", str(tmp_path)]) == exits.DONE
    told = capsys.readouterr()
    record = json.loads(told.out)
    assert record["report_html"] == str(tmp_path / "report.html")
    assert record["report_pdf"] is None
    assert record["sources_absent"] == ["maps"]
    assert told.err == ""


def test_files_changed_since_the_last_run_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = Problem(code="file_changed", message="the file differs", file="data:a.csv")
    replace_verb(monkeypatch, "verify", verify=lambda case, **o: outcome(o["out"], changed_files=(changed,)))
    assert main.run(["verify", "case"]) == exits.DONE
    assert "data:a.csv: the file differs" in capsys.readouterr().err


@pytest.mark.parametrize("kind", [CaseError, InputError, OutputError])
def test_each_kind_of_error_has_its_exit_code_and_tells_every_problem(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: type[TrucelineError]
) -> None:
    other = Problem(code="file_empty", message="the file has no bytes", file="data:b.csv")
    replace_verb(monkeypatch, "verify", verify=raising(kind([FAULT, other])))
    assert main.run(["verify", "case"]) == kind.exit_code
    assert kind.exit_code in exits.EXIT_CODES
    told = capsys.readouterr()
    assert told.out == ""
    assert "2 problems" in told.err
    for piece in ("[time_naive]", "data:alerts.csv, row 7, column start", "18:00+03:00", "Declare the zone"):
        assert piece in told.err
    assert "[file_empty] data:b.csv: the file has no bytes" in told.err


def test_an_error_as_json_has_every_field_and_stderr_stays_empty(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    replace_verb(monkeypatch, "inspect", inspect_sources=raising(CaseError(FAULT)))
    assert main.run(["sources", "case", "--json"]) == 3
    told = capsys.readouterr()
    error = json.loads(told.out)["error"]
    assert error["exit_code"] == 3
    assert error["problems"] == [render.plain(FAULT)]
    assert told.err == ""


def test_a_long_list_of_problems_is_cut_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    render.print_problems([FAULT] * (render.PROBLEMS_SHOWN + 5), heading="wrong")
    assert "and 5 more; --json lists all" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing"],
        ["verify"],
        ["verify", "x", "--data", "/no/such"],
        ["demo", "--seed", "-1"],
        ["explain", "f"],
    ],
    ids=" ".join,
)
def test_a_wrong_call_is_told_in_a_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(arguments) == exits.USAGE
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("truceline: ")
    assert main.run([*arguments, "--json"]) == exits.USAGE
    assert json.loads(capsys.readouterr().out)["error"]["exit_code"] == exits.USAGE


def test_an_interruption_is_told_and_has_its_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    replace_verb(monkeypatch, "verify", verify=raising(KeyboardInterrupt()))
    assert main.run(["verify", "case"]) == exits.INTERRUPTED
    assert "interrupted" in capsys.readouterr().err


def test_a_fault_of_our_own_is_said_to_be_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    replace_verb(monkeypatch, "verify", verify=raising(ZeroDivisionError("x")))
    assert main.run(["verify", "case"]) == exits.UNEXPECTED
    told = capsys.readouterr()
    assert "Traceback" in told.err
    assert "fault of Truceline" in told.err


def test_explain_prints_the_tree(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    explanation = SimpleNamespace(lines=lambda: ["fin-1", "  reason"], as_dict=lambda: {"finding": "fin-1"})
    replace_verb(monkeypatch, "explain", explain=lambda out, finding, **options: explanation)
    assert main.run(["explain", "fin-1", "--out", str(tmp_path)]) == exits.DONE
    assert capsys.readouterr().out == "fin-1\n  reason\n"
    assert main.run(["explain", "fin-1", "--out", str(tmp_path), "--json"]) == exits.DONE
    assert json.loads(capsys.readouterr().out) == {"finding": "fin-1"}


def test_every_plugin_is_listed_with_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["plugins"]) == exits.DONE
    text = capsys.readouterr().out
    for plugin in list_plugins():
        assert f"{plugin.name}  version {plugin.version}" in text
    assert main.run(["plugins", "--json"]) == exits.DONE
    listed = json.loads(capsys.readouterr().out)["plugins"]
    assert [plugin["name"] for plugin in listed] == [plugin.name for plugin in list_plugins()]
    assert all("properties" in plugin["options_schema"] for plugin in listed)


def test_every_option_of_every_plugin_says_what_it_means() -> None:
    silent = [
        f"{plugin.name}.{name}"
        for plugin in list_plugins()
        for name, _, _, meaning in plugin.options()
        if not meaning
    ]
    assert silent == []


def test_version_is_the_package_s(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["--version"]) == exits.DONE
    assert capsys.readouterr().out == f"truceline {__version__}\n"


def test_called_with_nothing_it_shows_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run([]) == exits.DONE
    assert "Usage: truceline" in capsys.readouterr().out


def test_no_bar_is_drawn_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bars(wanted=True) as progress:
        progress("reading", 1, 2)
    assert capsys.readouterr().err == ""


def test_a_bar_is_drawn_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress_bars(wanted=True) as progress:
        progress("reading", 1, 2)
        progress("reading", 2, 2)
    told = capsys.readouterr()
    assert "reading" in told.err
    assert told.out == ""


def test_values_become_plain() -> None:
    @dataclass(frozen=True, slots=True)
    class Record:
        when: datetime
        where: Path
        many: tuple[int, ...]

    record = Record(datetime(2025, 4, 19, tzinfo=UTC), Path("a/b"), (1, 2))
    assert render.plain({"r": record}) == {
        "r": {"when": "2025-04-19T00:00:00+00:00", "where": "a/b", "many": [1, 2]}
    }


def test_help_answers_at_once() -> None:
    command = [sys.executable, "-c", "from truceline.faces.cli.main import main; main()", "verify", "--help"]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    times_s = []
    for _ in range(4):
        before = os.times()
        subprocess.run(command, check=True, capture_output=True, env=environment)
        after = os.times()
        times_s.append(sum(after[2:4]) - sum(before[2:4]))
    # 0.3 s is promised on a quiet machine; time of the processor, since tests share it; the first run compiles
    assert min(times_s[1:]) < 0.6


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from truceline.faces.cli.main import run; run(['verify', '--help']);"
        "print([m for m in ('numpy','scipy','pyarrow','shapely','rich.progress') if m in sys.modules],"
        " file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stderr.strip() == "[]"
