"""The report in a real browser, wide and as on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fixtures_results import example_results, hostile_results

from truceline.reports.html import render_html

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]
SIZES = {"wide": (1400, 900), "phone": (390, 844)}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright (dev group)")
    if not CHROMIUM.exists():
        pytest.skip(f"no {CHROMIUM}: apt-get install -y chromium")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("page")
    for name, results in (("example", example_results()), ("hostile", hostile_results())):
        (folder / f"{name}.html").write_text(render_html(results), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in ("example", "hostile")}


def visit(browser: Any, file: Path, size: str, *, anchor: str = "") -> tuple[Any, list[str], list[str]]:
    """Open the file; returns the page, what it complained of, and what it asked of a network."""
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height})
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: (complaints.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri() + anchor)
    page.wait_for_function("document.documentElement.dataset.ready === 'yes'")
    outside = [url for url in asked if not url.startswith(("file:", "data:"))]
    return page, complaints, outside


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("name", ["example", "hostile"])
def test_the_page_opens_from_disk_in_silence_and_never_scrolls_sideways(browser, files, name, size):
    page, complaints, outside = visit(browser, files[name], size)
    assert complaints == []
    assert outside == []
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
    page.close()


def test_the_first_screen_holds_summary_and_the_start_of_the_table(browser, files):
    page, _, _ = visit(browser, files["example"], "wide")
    for selector in ("p.key", "table.glance caption", "table.glance tbody tr:nth-child(4)"):
        box = page.locator(selector).first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= SIZES["wide"][1], selector
    page.close()


def test_the_filter_keeps_what_was_asked_for_and_says_how_many(browser, files):
    page, _, _ = visit(browser, files["example"], "wide")
    page.select_option("select[name=judgement]", label="Not watched")
    shown = page.locator("tr.main:visible")
    assert shown.count() == 1
    assert "Kharkivska" in shown.first.inner_text()
    assert "1 of " in page.locator("#filter-count").inner_text()
    page.close()


def test_an_address_with_a_finding_opens_that_finding(browser, files):
    finding = example_results().findings[0].finding_id
    page, _, _ = visit(browser, files["example"], "wide", anchor=f"#{finding}")
    assert page.locator(f"tr[id='{finding}'] + tr details[open]").count() == 1
    page.close()


def test_the_keyboard_reaches_the_skip_link_first(browser, files):
    page, _, _ = visit(browser, files["example"], "wide")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.close()


def test_texts_contrast_enough_with_their_ground(browser, files):
    """WCAG 2.2 contrast, level AA: 4.5 to 1 (3 to 1 for large text), on the page's own grounds."""
    page, _, _ = visit(browser, files["example"], "wide")
    worst = page.evaluate(
        """() => {
          const channel = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
          const light = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
          const parse = t => t.match(/[\\d.]+/g).map(Number);
          const ground = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
            if (c.length === 3 || c[3] > 0) return c; } return [255, 255, 255]; };
          let worst = [99, ''];
          document.querySelectorAll('main *, header *, footer *').forEach(e => {
            if (e.closest('svg') || ![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) return;
            const style = getComputedStyle(e);
            if (style.visibility === 'hidden' || style.display === 'none' || !e.getClientRects().length) return;
            const a = light(parse(style.color)), b = light(ground(e));
            const r = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (r < worst[0]) worst = [r, e.outerHTML.slice(0, 120)];
          });
          return worst;
        }"""
    )
    assert worst[0] >= 4.5, worst
    page.close()
