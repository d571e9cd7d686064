"""A fresh machine: what make says when something is missing, and what the tree must not hold."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest


def make(project_root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # the tests themselves may run under make, whose settings would be inherited
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    return subprocess.run(
        ["make", *arguments], cwd=project_root, env=environment, capture_output=True, text=True, check=False
    )


def tracked(project_root: Path) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=project_root, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a checkout")
    return [project_root / name for name in listed.stdout.split("\0") if name]


def fake_python(folder: Path, answer: str) -> Path:
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{answer}\n")
    path.chmod(0o755)
    return path


def test_an_old_python_is_refused_with_what_to_do(project_root: Path, tmp_path: Path) -> None:
    old = fake_python(tmp_path, 'case "$1" in --version) echo Python 3.9.18;; *) exit 1;; esac')
    told = make(project_root, "setup", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}")
    assert told.returncode != 0
    assert "got Python 3.9.18, expected Python 3.11 or newer" in told.stderr
    assert not (tmp_path / "venv").exists()


def test_a_python_without_venv_is_refused_with_what_to_do(project_root: Path, tmp_path: Path) -> None:
    bare = fake_python(tmp_path, 'case "$2" in *ensurepip*) exit 1;; esac')
    told = make(project_root, "setup", f"PYTHON={bare}", f"VENV={tmp_path / 'venv'}")
    assert told.returncode != 0
    assert "python3-venv" in told.stderr


def test_no_python_at_all_is_told(project_root: Path, tmp_path: Path) -> None:
    told = make(project_root, "setup", "PYTHON=no-such-python", f"VENV={tmp_path / 'venv'}")
    assert told.returncode != 0
    assert "no no-such-python here" in told.stderr


def test_make_says_what_there_is(project_root: Path) -> None:
    told = make(project_root, "help").stdout
    assert all(f"make {target}" in told for target in ("demo", "test", "check", "bench", "lock"))


def test_continuous_integration_runs_what_people_run(project_root: Path) -> None:
    script = project_root / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "make test" in script.read_text()


def test_every_locked_package_has_digests_and_no_address(project_root: Path) -> None:
    for name in ("base.lock", "dev.lock"):
        text = (project_root / "requirements" / name).read_text()
        assert "://" not in text
        for entry in re.split(r"\n(?=\S)", text.strip()):
            assert "==" in entry.split("\n")[0]
            assert "--hash=sha256:" in entry


def test_the_locks_hold_every_dependency(project_root: Path) -> None:
    project = tomllib.loads((project_root / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    named = {
        "base.lock": project["project"]["dependencies"],
        "dev.lock": [
            *project["project"]["dependencies"],
            *groups["build"],
            *[entry for entry in groups["dev"] if isinstance(entry, str)],
        ],
    }
    for lock, requirements in named.items():
        text = (project_root / "requirements" / lock).read_text()
        locked = set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE))
        wanted = {re.split(r"[<>=!~; ]", entry)[0].lower().replace(".", "-") for entry in requirements}
        assert wanted <= locked


def test_the_uv_that_make_installs_is_the_locked_one(project_root: Path) -> None:
    pin = re.search(r"^UV_PIN := (\S+)$", (project_root / "Makefile").read_text(), re.MULTILINE)
    assert pin is not None
    assert f"\n{pin[1]} " in (project_root / "requirements" / "dev.lock").read_text()


def test_no_file_names_a_machine(project_root: Path) -> None:
    # pieces, so that this file does not find itself
    signs = ["/" + "root/", "/" + "home/", "/" + "tmp/", "file" + "://", "/" + "simple/"]
    found = []
    for path in tracked(project_root):
        if path.suffix not in {".py", ".md", ".toml", ".yaml", ".lock", ".html", ".typ", ".css", ""}:
            continue
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        # tests try addresses that must be refused
        text = text.replace("file" + ":///etc/", "")
        found += [f"{path.relative_to(project_root)}: {sign}" for sign in signs if sign in text]
    assert found == []
