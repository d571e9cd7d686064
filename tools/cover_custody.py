"""Which branches of custody do its tests walk? Ends with 1 where one is not.

    python tools/cover_custody.py

Runs the tests of custody under coverage.py, processes that they fork or start included, and prints every line
and branch that none reached.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TESTS = ("tests/unit/custody", *sorted(str(path) for path in (ROOT / "tests/laws").glob("test_log_*.py")))
MEMORY = Path("/dev/shm")
#: manifest is older than the log, and has tests of its own
SETTINGS = """\
[run]
branch = true
parallel = true
source = {source}
omit = */manifest.py
data_file = {folder}/data
patch = subprocess, fork, _exit
disable_warnings = module-not-measured, no-data-collected, module-not-imported
[report]
exclude_also = if TYPE_CHECKING:
show_missing = true
skip_covered = true
skip_empty = true
"""


def main() -> None:
    """Run the tests, and tell."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as made:
        rules = Path(made, "rules")
        rules.write_text(
            SETTINGS.format(source=ROOT / "src/truceline/custody", folder=made), encoding="utf-8"
        )
        coverage = [sys.executable, "-m", "coverage"]
        told = [f"--rcfile={rules}"]
        tests = [
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            f"--basetemp={made}/tmp",
            "-m",
            "not slow",
            *TESTS,
        ]
        environment = {**os.environ, "CI": "true"}
        done = subprocess.run([*coverage, "run", *told, *tests], cwd=ROOT, env=environment, check=False)
        subprocess.run([*coverage, "combine", "-q", *told], cwd=ROOT, check=True)
        full = subprocess.run([*coverage, "report", "--fail-under=100", *told], cwd=ROOT, check=False)
    sys.exit(done.returncode or (1 if full.returncode else 0))


if __name__ == "__main__":
    main()
