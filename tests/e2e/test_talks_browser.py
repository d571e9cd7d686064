"""The page of statements in a real browser, wide and as on a phone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fixtures_talks import DAY, write

from truceline.workflow.talks import read_talks
from truceline.workflow.talks_register import correct_statement, keep_talks, report_register

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TEXT = (
    "Berg said “<b>we</b> accept the truce if arms supplies are halted.” “Who will give the orders?” Berg asked.\nOrlova rejected the ceasefire on Friday. "
    + "x" * 300
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Path]]:
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright (dev group)")
    if not CHROMIUM.exists():
        pytest.skip(f"no {CHROMIUM}: apt-get install -y chromium")
    folder = tmp_path_factory.mktemp("talks")
    read_talks([write(folder, "a.txt", TEXT)], out=folder / "out", published=DAY)
    keep_talks(folder / "out", case=folder, by="A. Reader", at="2031-04-18T10:00:00+00:00")
    row = json.loads((folder / "out" / "statements.json").read_text(encoding="utf-8"))[0]
    correct_statement(
        folder, row["statement_id"], field="stance", to="open", by="B", why="w" * 200, at="2031-04-19"
    )
    report_register(folder, out=folder / "register")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield opened, folder
        opened.close()


@pytest.mark.parametrize("name", ["out", "register"])
@pytest.mark.parametrize("size", [(1400, 900), (390, 844)])
def test_the_page_opens_from_disk_in_silence_and_never_scrolls_sideways(page, size, name):
    browser, folder = page
    file = folder / name / "report.html"
    tab = browser.new_page(viewport={"width": size[0], "height": size[1]})
    complaints: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(file.as_uri())
    tab.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert complaints == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= size[0]
    for heading in ("brief", "questions", "conditions", "accounts", "matrix", "sources"):
        assert tab.locator(f"#{heading}").count() == 1
    assert tab.locator("main b:has-text('we')").count() == 0
    tab.close()


def test_the_brief_of_two_reports_prints_on_one_sheet(page, tmp_path):
    pypdf = pytest.importorskip("pypdf")
    browser, folder = page
    tab = browser.new_page()
    tab.goto((folder / "out" / "report.html").as_uri())
    tab.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    first, second = pypdf.PdfReader(tmp_path / "page.pdf").pages[:2]
    assert "No statement found at all on" in first.extract_text()
    assert "Open questions, and who must answer" in second.extract_text()
    tab.close()
