"""The report as one HTML file that needs nothing else: no network, no second file."""

from __future__ import annotations

import re
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from truceline.base.language import N_, _, language, say_script, voice
from truceline.findings.results import Results
from truceline.reports import fonts
from truceline.reports.contents import build_contents
from truceline.reports.picture import map_html

#: numbered sections: number, anchor, title
SECTIONS: tuple[tuple[int, str, str], ...] = (
    (1, "glance", N_("At a glance")),
    (2, "declared", N_("What was declared")),
    (3, "map-section", N_("The map and the line")),
    (4, "series", N_("Series through time")),
    (5, "claims", N_("What each side claims, taken apart")),
    (6, "findings", N_("Findings by day and area")),
    (7, "bounds", N_("What could have gone unseen")),
    (8, "coverage", N_("What was not watched, and why")),
    (9, "method", N_("Method and limits")),
    (10, "sources", N_("Sources")),
    (11, "quarantine", N_("Rows put aside")),
    (12, "reasons", N_("Reason codes of this report")),
    (13, "words", N_("Words and what they mean here")),
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
    environment.globals["_"] = say
    page = environment.get_template("report.html.j2").render(
        **contents,
        lang=LOCALES.get(language(), language()),
        english=language() == "en",
        english_words=english_words,
        toc=[(number, anchor, _(heading)) for number, anchor, heading in SECTIONS],
        filters=_filters(contents["findings"]),
        font_uri=Markup(fonts.upright_data_uri()),
        css=Markup(_asset("report.css")),
        css_words=Markup(LONG_WORDS),
        js=Markup(say_script(_asset("report.js"))),
    )
    return mark_foreign(page)


#: languages of longer words break them at syllables
LONG_WORDS = "body{hyphens:auto}code,.code,.nowrap,.big{hyphens:none}"

#: what the page declares itself to be written in
LOCALES = {"en": "en-GB"}


def say(message: str, **values: object) -> Markup:
    """A sentence of the template with its values, escaped but for markup of the template's own."""
    return Markup.escape(_(message)).format(**values)


def english_words(text: str) -> str:
    """Notes, citations and details that stay in English, marked so on a page in another script."""
    if language() == "en":
        return text
    parts = re.split(r"(\[en: .*?\](?=[ .(]|$))", text)
    if len(parts) == 1 and not re.search("[\u0400-\u04ff]", text) and re.search("[A-Za-z]{2}", text):
        return Markup('<span lang="en">{}</span>').format(text)
    return Markup("").join(
        Markup('<span lang="en">{}</span>').format(part) if place % 2 else part
        for place, part in enumerate(parts)
    )


#: a text of the page with the tag before it; of options, titles and drawings no part can be marked
_TEXT = re.compile(r"(<(?!option|title|text|desc|script|style)/?[a-z][^<>]*>)([^<>]+)(?=<)")


def mark_foreign(page: str) -> str:
    """Texts of the case that had no translation, marked as being in the case's own language."""
    now = voice()
    if not now.translates or not now.missing:
        return page
    foreign = {str(Markup.escape(text)) for text in now.missing}

    def mark(found: re.Match[str]) -> str:
        tag, text = found.groups()
        return f'{tag}<span lang="{now.written}">{text}</span>' if text.strip() in foreign else found.group(0)

    pieces = re.split(r"(<script.*?</script>|<style.*?</style>|<svg.*?</svg>)", page, flags=re.DOTALL)
    return "".join(piece if place % 2 else _TEXT.sub(mark, piece) for place, piece in enumerate(pieces))


def _asset(name: str) -> str:
    return (files("truceline.reports") / "templates" / name).read_text(encoding="utf-8")


def _filters(findings: list[dict[str, object]]) -> list[tuple[str, str, list[str]]]:
    """Name, label and choices of each filter, choices in the order in which they occur."""

    def choices(key: str, inner: str = "") -> list[str]:
        values = [finding[key][inner] if inner else finding[key] for finding in findings]  # type: ignore[index]  # parts are mappings
        return [str(value) for value in dict.fromkeys(values)]

    return [
        ("act", _("Act"), choices("act")),
        ("party", _("Party"), choices("party", "name")),
        ("judgement", _("Judgement"), choices("judgement", "word")),
        ("area", _("Area"), choices("area")),
        ("period", _("Period"), choices("period")),
    ]
