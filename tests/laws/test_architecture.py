"""The architecture holds, and each of its contracts is shown to fail on a planted violation."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(config_filename='.importlinter', no_cache=True))"

# file to plant, what to write into it, name of the contract that must break
PLANTS = [
    ("base/planted.py", "import truceline.schema", "Folders are stages"),
    ("schema/planted.py", "from truceline.sources import source", "Folders are stages"),
    ("line/planted.py", "import truceline.findings.results", "Folders are stages"),
    ("store/planted.py", "import truceline.workflow", "Folders are stages"),
    ("findings/planted.py", "import truceline.reports", "Folders are stages"),
    ("reports/planted.py", "import truceline.simulate", "Folders are stages"),
    ("workflow/planted.py", "import truceline.faces.cli.main", "Folders are stages"),
    ("attic/__init__.py", '"""A folder that the list does not have."""', "Folders are stages"),
    ("custody/planted.py", "import truceline.schema", "Custody imports base alone"),
    ("custody/planted.py", "import truceline.store", "Folders are stages"),
    ("simulate/planted.py", "import truceline.findings", "The simulator imports base and schema alone"),
    ("simulate/planted.py", "import truceline.sources", "The simulator imports base and schema alone"),
    ("faces/cli/planted.py", "import numpy", "Faces call the workflow"),
    ("faces/cli/planted.py", "import truceline.findings.results", "Faces call the workflow"),
]


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(root / "src")}
    return subprocess.run(
        [sys.executable, "-c", LINT], cwd=root, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def copy(tmp_path: Path, project_root: Path) -> Path:
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(project_root / "src" / "truceline", tmp_path / "src" / "truceline", ignore=ignore)
    shutil.copy(project_root / ".importlinter", tmp_path)
    return tmp_path


def test_the_architecture_holds(project_root: Path) -> None:
    outcome = lint(project_root)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.parametrize(("file", "text", "contract"), PLANTS, ids=[f"{f}:{t}" for f, t, _ in PLANTS])
def test_a_planted_violation_breaks_its_contract(copy: Path, file: str, text: str, contract: str) -> None:
    path = copy / "src" / "truceline" / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(text + "\n")
    outcome = lint(copy)
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    broken = [line for line in outcome.stdout.splitlines() if line.endswith("BROKEN")]
    assert any(line.startswith(contract) for line in broken), outcome.stdout


def test_the_contracts_list_every_folder(project_root: Path) -> None:
    # a forbidden list cannot say "everything else": a new folder must be added to it by hand
    folders = {
        path.parent.name
        for path in (project_root / "src" / "truceline").glob("*/__init__.py")
        if path.parent.name not in {"base", "schema", "simulate", "faces", "workflow", "scoring"}
    }
    for contract in ("simulate", "faces"):
        text = (project_root / ".importlinter").read_text().split(f"[importlinter:contract:{contract}]")[1]
        text = text.split("[importlinter:")[0]
        assert {name for name in folders if f"truceline.{name}\n" not in text} == set()


def test_faces_do_no_arithmetic(project_root: Path) -> None:
    arithmetic = (ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult)
    found = []
    for path in sorted((project_root / "src" / "truceline" / "faces").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            calculates = isinstance(node, ast.BinOp) and isinstance(node.op, arithmetic)
            totals = (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in {"sum", "round", "divmod"}
            )
            if calculates or totals:
                found.append(f"{path.name}:{node.lineno}")
    assert found == []


def outside_world(root: Path) -> list[str]:
    """Uses of the clock, the network and unseeded chance under ``root``."""
    banned = {"random", "socket", "http", "urllib", "requests", "secrets", "uuid"}
    found = []
    for path in sorted((root / "src" / "truceline").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            # one folder alone brings files from elsewhere
            here = banned if path.parent.name == "fetch" else banned | {"httpx", "httpcore", "ssl"}
            if path.as_posix().endswith("truceline/custody/chance.py"):
                here = here - {"secrets"}  # keys and salts, which no seed may give
            # urllib.parse takes addresses apart and opens none
            found += [
                f"{path}: {name}" for name in names if name.split(".")[0] in here and name != "urllib.parse"
            ]
            if path.as_posix().endswith("truceline/faces/cli/clock.py"):
                continue  # the one place that reads it
            if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}:
                found.append(f"{path}:{node.lineno}: {node.attr}")
    return found


def test_no_module_reads_the_clock_the_network_or_unseeded_chance(project_root: Path) -> None:
    assert outside_world(project_root) == []


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("sources/planted.py", "import httpx"),
        ("workflow/planted.py", "from httpx import Client"),
        ("fetch/planted.py", "import urllib.request"),
        ("line/planted.py", "import random"),
        ("custody/planted.py", "import secrets"),
        ("faces/cli/planted.py", "from datetime import datetime; datetime.now()"),
    ],
)
def test_a_planted_use_of_the_outside_world_is_found(tmp_path: Path, file: str, text: str) -> None:
    path = tmp_path / "src" / "truceline" / file
    path.parent.mkdir(parents=True)
    path.write_text(text + "\n")
    assert len(outside_world(tmp_path)) == 1


def test_no_module_is_longer_than_it_should_be(project_root: Path) -> None:
    long = {
        path.name: lines
        for path in (project_root / "src" / "truceline").rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 500
    }
    assert long == {}
