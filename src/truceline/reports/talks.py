"""Views of statements as one page that needs nothing else: no network, no second file, no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from truceline.base.errors import CODES, Problem
from truceline.base.language import _, language
from truceline.base.xml_text import clean
from truceline.reports.html import LOCALES, say
from truceline.reports.talks_words import (
    DIFFERENCE_WORDS,
    HOW_WORDS,
    KIND_WORDS,
    MANNER_WORDS,
    NOTE_WORDS,
    STANCE_WORDS,
    STATUS_WORDS,
)
from truceline.talks.lexicon import known_issues

#: a list of the page holds so many; the JSON beside it holds all
MOST_SHOWN = 60


def render_talks(
    views: Mapping[str, Any],
    *,
    statements: Mapping[str, Mapping[str, Any]],
    documents: Sequence[Mapping[str, Any]],
    proposals: Sequence[Mapping[str, Any]],
    problems: Sequence[Problem],
    as_of: date | None,
) -> str:
    """The page: brief, matrix, changes, questions, conditions, accounts compared, proposals, sources.

    Every text of a document is escaped; the page forbids itself any request.
    """
    environment = Environment(
        loader=PackageLoader("truceline.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["_"] = say
    sources = {row["document_id"]: row for row in documents}
    page = environment.get_template("talks.html.j2").render(
        **views,
        st=statements,
        most=MOST_SHOWN,
        documents=documents,
        sources=sources,
        letters=_letters(documents),
        proposals=proposals,
        problems=problems,
        codes={code: _(words) for code, words in CODES.items()},
        as_of=as_of,
        issues={issue.id: _(issue.name) for issue in known_issues().values()},
        stance={key: _(word) for key, word in STANCE_WORDS.items()},
        status={key: _(word) for key, word in STATUS_WORDS.items()},
        manner={key: _(word) for key, word in MANNER_WORDS.items()},
        difference={key: _(word) for key, word in DIFFERENCE_WORDS.items()},
        how={key: _(word) for key, word in HOW_WORDS.items()},
        kinds={key: _(word) for key, word in KIND_WORDS.items()},
        notes={key: _(word) for key, word in NOTE_WORDS.items()},
        marked=marked,
        lang=LOCALES.get(language(), language()),
        css=Markup(_asset("review.css") + _asset("talks.css")),
    )
    return clean(page)


def _letters(documents: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """A short mark for each document: A, B, … Z, A1, …."""
    return {
        str(row["document_id"]): chr(65 + place % 26) + (str(place // 26) if place >= 26 else "")
        for place, row in enumerate(documents)
    }


def marked(one: Mapping[str, Any]) -> Markup:
    """A statement's text with its quoted words marked."""
    text = str(one["text"])
    pieces: list[Markup] = []
    at = 0
    for words in one["quoted"]:
        place = text.find(words, at)
        if place < 0:
            continue
        pieces += [Markup.escape(text[at:place]), Markup("<q>{}</q>").format(words)]
        at = place + len(words)
    pieces.append(Markup.escape(text[at:]))
    joined = Markup("").join(pieces)
    for mark in ("“<q>", "&#34;<q>", "«<q>", "„<q>", "‘<q>", "&#39;<q>"):
        joined = joined.replace(Markup(mark), Markup("<q>"))
    for mark in ("</q>”", "</q>&#34;", "</q>»", "</q>“", "</q>’", "</q>&#39;"):
        joined = joined.replace(Markup(mark), Markup("</q>"))
    return joined


def _asset(name: str) -> str:
    return (files("truceline.reports") / "templates" / name).read_text(encoding="utf-8")
