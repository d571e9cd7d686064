"""The report as one HTML file that needs nothing else: no network, no second file."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from truceline.findings.results import Results
from truceline.reports import fonts
from truceline.reports.contents import build_contents
from truceline.reports.picture import map_html

#: numbered sections: number, anchor, title
SECTIONS: tuple[tuple[int, str, str], ...] = (
    (1, "glance", "At a glance"),
    (2, "declared", "What was declared"),
    (3, "map-section", "The map and the line"),
    (4, "series", "Series through time"),
    (5, "claims", "What each side claims, taken apart"),
    (6, "findings", "Findings by day and area"),
    (7, "bounds", "What could have gone unseen"),
    (8, "coverage", "What was not watched, and why"),
    (9, "method", "Method and limits"),
    (10, "sources", "Sources"),
    (11, "quarantine", "Rows put aside"),
    (12, "reasons", "Reason codes of this report"),
    (13, "words", "Words and what they mean here"),
)


def render_html(results: Results) -> str:
    """The whole report as one page.

    Every text of the case is escaped; only what this package draws itself (style, script, charts,
    map) enters as markup. The page forbids itself any request by its content security policy.
    """
    contents = build_contents(results)
    for part in contents["series"]:
        part["wide"], part["narrow"] = Markup(part["wide"]), Markup(part["narrow"])  # own SVG
    contents["map"]["html"] = Markup(map_html(results))  # own fragment
    environment = Environment(
        loader=PackageLoader("truceline.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(
        **contents,
        toc=SECTIONS,
        filters=_filters(contents["findings"]),
        font_uri=Markup(fonts.upright_data_uri()),
        css=Markup(_asset("report.css")),
        js=Markup(_asset("report.js")),
    )


def _asset(name: str) -> str:
    return (files("truceline.reports") / "templates" / name).read_text(encoding="utf-8")


def _filters(findings: list[dict[str, object]]) -> list[tuple[str, str, list[str]]]:
    """Name, label and choices of each filter, choices in the order in which they occur."""

    def choices(key: str, inner: str = "") -> list[str]:
        values = [finding[key][inner] if inner else finding[key] for finding in findings]  # type: ignore[index]  # parts are mappings
        return [str(value) for value in dict.fromkeys(values)]

    return [
        ("act", "Act", choices("act")),
        ("party", "Party", choices("party", "name")),
        ("judgement", "Judgement", choices("judgement", "word")),
        ("area", "Area", choices("area")),
        ("period", "Period", choices("period")),
    ]
