"""Take the picture of the README: the first screen of the demo's report, in a real browser.

python tools/take_picture.py out/demo/result/report.html docs/images/demo-report.png
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

FLAGS = ["--no-sandbox", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
WIDTH_PX, HEIGHT_PX = 1100, 1150
LARGEST_BYTES = 300_000


def take_picture(report: Path, picture: Path) -> None:
    """Write the first screen of ``report`` to ``picture``.

    Raises
    ------
    SystemExit
        If there is no browser, or the picture is too large for a README.
    """
    browser_path = shutil.which("chromium")
    if browser_path is None:
        raise SystemExit("no chromium here; on Debian: apt-get install chromium")
    picture.parent.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        page = browser.new_page(viewport={"width": WIDTH_PX, "height": HEIGHT_PX})
        page.goto(report.resolve().as_uri())
        page.wait_for_load_state("networkidle")
        page.screenshot(path=picture)
        browser.close()
    if picture.stat().st_size > LARGEST_BYTES:
        raise SystemExit(f"{picture} has {picture.stat().st_size} bytes, expected {LARGEST_BYTES} at most")


if __name__ == "__main__":
    take_picture(Path(sys.argv[1]), Path(sys.argv[2]))
