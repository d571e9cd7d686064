"""Reports: complete, alike for both parties, safe with any text, the same bytes every time."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from fixtures_results import example_results, hostile_results, swapped_results
from pypdf import PdfReader

from truceline.findings.results import Results
from truceline.findings.summary import copied
from truceline.findings.words import copies_words
from truceline.origins.copies import Copies
from truceline.reports import figures, glossary
from truceline.reports.contents import build_contents
from truceline.reports.html import SECTIONS, render_html
from truceline.reports.judgement_parts import best_evidence
from truceline.reports.opening import leading_findings
from truceline.reports.pdf import compile_report, render_pdf
from truceline.reports.writer import FILE_NAMES, write_reports
from truceline.schema.findings import JUDGEMENTS
from truceline.schema.incidents import OCCURRENCES, RESPONSIBILITIES


class Page(HTMLParser):
    """What of a page matters to tests: tags with attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._skip = 0
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._skip += tag in ("script", "style")

    def handle_endtag(self, tag):
        self._skip -= tag in ("script", "style")

    def handle_data(self, data):
        if not self._skip:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(render_html(example_results()))


@pytest.fixture(scope="module")
def paper() -> PdfReader:
    return PdfReader(io.BytesIO(render_pdf(example_results())))


@pytest.fixture(scope="module")
def paper_text(paper) -> str:
    return " ".join(" ".join(page.extract_text() for page in paper.pages).split())


# ------------------------------------------------------------------ the page


def test_the_page_asks_nothing_of_any_network(page):
    html = render_html(example_results())
    assert len(html.encode()) < 5_000_000
    policy = next(m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    for tag, attributes in page.tags:
        for name in ("src", "srcset", "data", "poster", "action", "background"):
            assert not (attributes.get(name) or "").startswith(("http", "//", "file")), (tag, attributes)
        if tag == "link":
            pytest.fail("a link element would be a second file")
    assert not re.search(r"@import|url\((?!data:|#|\"#|'#)", html)


def test_every_section_stands_once_in_order_and_is_linked(page):
    anchors = [a.get("id") for a in page.all("h2")]
    assert anchors == [anchor for _, anchor, _ in SECTIONS]
    ids = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    targets = [a["href"][1:] for a in page.all("a") if (a.get("href") or "").startswith("#")]
    assert set(targets) <= set(ids)


def test_every_finding_is_anchored_by_its_id_and_leads_to_rows(page):
    results = example_results()
    ids = {attributes.get("id") for _, attributes in page.tags}
    assert {finding.finding_id for finding in results.findings} <= ids
    assert "data:ua_sirens/alerts_oblast.csv.gz:52790–52792, 52795, 52799" in page.text


def test_table_headers_have_scope_and_tables_have_names(page):
    assert page.all("th")
    assert all(th.get("scope") in ("col", "row", "rowgroup") for th in page.all("th"))
    assert page.all("html")[0]["lang"] == "en-GB"
    assert [tag for tag, _ in page.tags].count("h1") == 1


def test_hostile_text_stays_text():
    page = Page(render_html(hostile_results()))
    scripts = [attributes for tag, attributes in page.tags if tag == "script"]
    honest = [attributes for tag, attributes in Page(render_html(example_results())).tags if tag == "script"]
    assert len(scripts) == len(honest)
    assert not page.all("img")
    assert not [a for _, a in page.tags if any(name.startswith("on") for name in a)]
    assert not [a for a in page.all("a") if (a.get("href") or "").lower().startswith("javascript")]
    assert "{{ 7*7 }}" in page.text
    assert "49" not in re.findall(r"\{\{ 7\*7 \}\} (\d+)", page.text)


def test_an_invented_case_says_so_everywhere():
    results = replace(example_results(), invented=True)
    assert "Invented case" in Page(render_html(results)).text
    reader = PdfReader(io.BytesIO(render_pdf(results)))
    assert all("Invented case" in page.extract_text() for page in reader.pages)
    assert "Invented case" not in Page(render_html(example_results())).text


# ------------------------------------------------------------------ both


def test_page_and_paper_hold_the_same_summary_table_and_sources(page, paper_text):
    results = example_results()
    squeezed = paper_text.replace(" ", "")
    for sentence in (results.summary[0], *results.context):
        assert sentence in page.text
        assert sentence.replace(" ", "") in squeezed
    for source in results.sources:
        assert source.title in page.text
        assert source.title.replace(" ", "") in squeezed
    assert "2,935" in page.text
    assert "2,935" in paper_text
    assert "Parts do not equal the total" in page.text
    assert "Partsdonotequalthetotal" in squeezed


def test_quiet_is_never_shown_without_its_bound():
    for row in build_contents(example_results())["glance"]["rows"]:
        assert row["bound"]
    for finding in build_contents(example_results())["findings"]:
        assert "bound" in finding["bound"].lower() or "at most" in finding["bound"]


def test_a_bound_is_told_with_its_basis():
    results = example_results()
    finding = results.findings[0]
    bound = replace(
        finding.bound, history_hi95=4.2, worst_hi95=11.0, basis=("the mission, 2024",), reason_codes=()
    )
    contents = build_contents(replace(results, findings=(replace(finding, bound=bound),)))
    row = contents["glance"]["rows"][0]
    # the widest first: a reader who stops there is not told too little
    assert row["bound"] == "At most 11 where watched"
    assert row["bound_more"].startswith("worst watched part; 4.2 by history")
    assert "no bound for a violator" in row["bound_more"]
    assert "at most 4.2 (by history)" in contents["findings"][0]["bound"]
    assert "the mission, 2024" in contents["glance"]["notes"][0]["text"]


def test_exchanging_the_names_exchanges_the_names_alone():
    results = example_results()
    first, second = "Aaaland", "Bbbland"  # names that no other word of the case holds
    parties = [
        party.model_copy(update={"name": name})
        for party, name in zip(results.truce.parties, (first, second), strict=True)
    ]
    marked = replace(results, truce=results.truce.model_copy(update={"parties": parties}))

    def exchange(text: str) -> str:
        return text.replace(first, "\0").replace(second, first).replace("\0", second)

    ours = Page(render_html(marked)).text
    theirs = Page(render_html(swapped_results(marked))).text
    assert exchange(ours) == theirs


def test_every_claim_stands_with_its_speaker_and_columns_are_the_same_for_each_party():
    claims = build_contents(example_results())["claims"]
    names = [party["name"] for party in claims["parties"]]
    for rule in claims["rules"]:
        assert [cell["party"]["name"] for cell in rule["cells"]] == names
        assert all(account["speaker"] for cell in rule["cells"] for account in cell["accounts"])


def test_the_first_table_has_each_act_and_party_once_over_the_whole_window():
    results = example_results()
    rows = [(finding.obligation_id, finding.party_id) for finding in leading_findings(results)]
    assert rows == [(o.id, p) for o in results.truce.obligations for p in results.truce.party_ids]
    assert {finding.area_id for finding in leading_findings(results)} == {"theatre"}
    assert {finding.period for finding in leading_findings(results)} == {results.truce.window("declared")}


def test_the_first_table_shows_the_evidence_that_the_finding_leads_with():
    for finding in example_results().findings:
        turned = replace(finding, evidence=finding.evidence[::-1])
        assert best_evidence(turned) == best_evidence(finding) == finding.lead


def test_a_case_without_anything_still_makes_a_report():
    results = example_results()
    bare = replace(
        results,
        findings=(), series=(), claim_accounts=(), coverage_notes=(), lines=(), disagreements=(),
        sources=(), quarantined=(), summary=(), limits=(), places=(), land=None, region=None,
    )  # fmt: skip
    assert "Nothing in this case has a place on a map" in render_html(bare)
    content, warnings = compile_report(bare)
    assert content.startswith(b"%PDF")
    assert warnings == []


def test_every_word_of_the_schema_has_its_meaning():
    assert set(glossary.JUDGEMENTS) == set(JUDGEMENTS)
    assert set(glossary.OCCURRENCES) == set(OCCURRENCES)
    assert set(glossary.RESPONSIBILITIES) == set(RESPONSIBILITIES)


# ------------------------------------------------------------------ the paper


def test_the_typesetter_has_nothing_to_warn_of():
    for results in (example_results(), hostile_results()):
        assert compile_report(results)[1] == []


def test_the_paper_is_for_the_archive_and_for_everyone(paper):
    metadata = paper.xmp_metadata
    assert metadata is not None
    packet = metadata.stream.get_data().decode()
    assert re.search(r"pdfaid:part(>|=\")2", packet)
    assert re.search(r"pdfuaid:part(>|=\")1", packet)
    assert paper.metadata is not None
    assert paper.metadata.title == "Easter truce of April 2025 – verification report"
    assert (paper.trailer["/Root"]["/MarkInfo"]["/Marked"]) is not None
    width, height = (float(v) for v in paper.pages[0].mediabox[2:])
    assert (round(width), round(height)) == (595, 842)


def test_the_paper_uses_our_typefaces_alone(paper):
    names = set()
    for sheet in paper.pages:
        for font in (sheet["/Resources"].get("/Font") or {}).values():
            names.add(str(font.get_object()["/BaseFont"]).split("+")[-1])
    assert names
    assert all(name.startswith(("IBMPlexSans", "DejaVuSansMono")) for name in names), names


def test_cyrillic_reaches_the_paper():
    results = example_results()
    text = "Тиша у відповідь на тишу: ґанок, їжак, Слов’янськ"
    reader = PdfReader(io.BytesIO(render_pdf(replace(results, summary=(text,)))))
    assert text.replace(" ", "") in reader.pages[0].extract_text().replace(" ", "").replace("\n", "")


def test_same_results_same_bytes():
    assert render_pdf(example_results()) == render_pdf(example_results())
    assert render_html(example_results()) == render_html(example_results())


# ------------------------------------------------------------------ files


def test_reports_are_written_under_their_names_and_progress_is_told(tmp_path):
    told = []
    paths = write_reports(
        example_results(),
        tmp_path,
        formats=("json", "html"),
        progress=lambda stage, done, total: told.append((stage, done, total)),
    )
    assert [path.name for path in paths] == [FILE_NAMES["json"], FILE_NAMES["html"]]
    assert all(path.stat().st_size for path in paths)
    assert told[-1] == ("report", 2, 2)


def test_an_unknown_format_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match="docx"):
        write_reports(example_results(), tmp_path, formats=("html", "docx"))
    assert not list(tmp_path.iterdir())


# ------------------------------------------------------------------ figures


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0, "0"), (2935, "2,935"), (51.7, "51.7"), (45047.2, "45,047"), (float("nan"), "–")],
)
def test_numbers(value, text):
    assert figures.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0967, "0.097"),
        (0.3, "0.30"),
        (1.0, "1.0"),
        (2.34, "2.3"),
        (0.996, "1.0"),
        (14.2, "14"),
        (None, "–"),
        (0, "0"),
    ],
)
def test_ratios_have_two_significant_digits(value, text):
    assert figures.ratio(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (436519.2, "4.4 × 10⁵"),
        (999999.0, "1.0 × 10⁶"),
        (44.4, "44"),
        (0.0001, "< 0.001"),
        (1.32, "1.3"),
        (float("inf"), "> 10³⁰⁰"),
    ],
)
def test_e_values(value, text):
    assert figures.e_value(value) == text


def test_rows_are_told_as_ranges_per_file():
    assert figures.row_ranges([9, 5, 6, 7, 12, 5]) == "5–7, 9, 12"


def test_paper_is_set_even_where_a_text_has_no_glyph():
    lacking = replace(example_results(), title="停火 🙂")
    content = render_pdf(lacking)
    assert content == render_pdf(lacking)
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    assert "no glyph" in text


def without_declarations() -> Results:
    results = example_results()
    return replace(results, truce=results.truce.model_copy(update={"declarations": ()}))


def test_a_table_without_rows_is_a_sentence_and_the_others_are_numbered_on(page: Page) -> None:
    bare = Page(render_html(without_declarations()))
    assert "What each said" in page.text
    assert "What each said" not in bare.text
    assert "quote no declaration" in bare.text
    assert "Table 2 Obligations tested" in bare.text
    assert "Table 3 Obligations tested" in page.text
    paper = " ".join(
        PdfReader(io.BytesIO(render_pdf(without_declarations()))).pages[1].extract_text().split()
    )
    first = " ".join(
        PdfReader(io.BytesIO(render_pdf(without_declarations()))).pages[0].extract_text().split()
    )
    assert "What each said" not in first + paper
    assert "quote no declaration" in first + paper


def test_copies_are_told_where_the_sources_are(page: Page) -> None:
    results = example_results()
    copies = Copies(records=1204, copies=312, first_tellings=87)
    sources = tuple(
        replace(one, copies=copies if one.source_id == "news" else None) for one in results.sources
    )
    told = "1,204 records, 312 of them copied from 87 first tellings"
    assert told not in page.text
    assert told in Page(render_html(replace(results, sources=sources))).text
    assert copied(sources) == (f"Incidents in the news: {told}. A copy adds no weight.",)
    few = tuple(replace(one, copies=Copies(records=1000, copies=1, first_tellings=1)) for one in sources)
    assert copied(few) == ()
    assert copies_words(few[0].copies) == "1,000 records, 1 of them copied from 1 first telling"
