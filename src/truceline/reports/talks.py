"""Views of statements as one page that needs nothing else: no network, no second file, no script."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from truceline.base.errors import CODES, Problem
from truceline.base.language import _, language, ngettext
from truceline.base.xml_text import clean
from truceline.reports.figures import date_text
from truceline.reports.html import LOCALES, say
from truceline.reports.talks_words import (
    ASIDE_WORDS,
    ASKED_WORDS,
    DIFFERENCE_WORDS,
    EVENT_STATUS_WORDS,
    EVENT_WORDS,
    HOW_WORDS,
    KIND_WORDS,
    MANNER_WORDS,
    NOTE_WORDS,
    STANCE_WORDS,
    STATUS_WORDS,
)
from truceline.talks.lexicon import known_issues
from truceline.talks.views import BRIEF_PARTIES
from truceline.terms.catalogue import questions

#: a list of the page holds so many; the JSON beside it holds all
MOST_SHOWN = 60


def render_talks(
    views: Mapping[str, Any],
    *,
    statements: Mapping[str, Mapping[str, Any]],
    documents: Sequence[Mapping[str, Any]],
    events: Mapping[str, Mapping[str, Any]] | None = None,
    proposals: Sequence[Mapping[str, Any]] = (),
    problems: Sequence[Problem] = (),
    title: str = "",
    register: Mapping[str, Any] | None = None,
    notes_open: Sequence[Mapping[str, Any]] = (),
) -> str:
    """The page: brief, questions, conditions, accounts compared, days, statements, proposals, sources.

    ``register``: what a register adds to a reading (versions, corrections, decisions, what was
    withdrawn); ``notes_open``: confidential notes that were asked for. Every text of a document is
    escaped; the page forbids itself any request.
    """
    environment = Environment(
        loader=PackageLoader("truceline.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["_"] = say
    environment.globals["ngettext"] = ngettext
    page = environment.get_template("talks.html.j2").render(
        **views,
        **_words(views),
        st=statements,
        ev=events or {},
        parts_of=_parts(events or {}),
        told_counts=Counter(one["kind"] for one in (events or {}).values()),
        most=MOST_SHOWN,
        brief_parties=BRIEF_PARTIES,
        documents=documents,
        sources={row["document_id"]: row for row in documents},
        letters=_letters(documents),
        proposals=proposals,
        problems=problems,
        title=title,
        register=register,
        notes_open=notes_open,
        documents_of=lambda ids: list(dict.fromkeys(statements[one]["document_id"] for one in ids)),
        marked=marked,
        clipped=clipped,
        marked_within=marked_within,
        surname=lambda name: name.rsplit(" ", 1)[-1],
        lang=LOCALES.get(language(), language()),
        css=Markup(_asset("review.css") + _asset("talks.css")),
    )
    return clean(page)


def _words(views: Mapping[str, Any]) -> dict[str, Any]:
    """Words of the language in force for every code of the views."""
    stance = {key: _(word) for key, word in STANCE_WORDS.items()}
    asked = questions()
    named = [*((row["id"], row["name"]) for row in views["matrix"]["columns"]), *((row["party"], row["name"]) for row in views["timeline"]["days"])]  # fmt: skip
    return {
        "stance": stance,
        "stances_said": lambda text: " / ".join(stance[key] for key in text.split(" / ")),
        "status": {key: _(word) for key, word in STATUS_WORDS.items()},
        "manner": {key: _(word) for key, word in MANNER_WORDS.items()},
        "difference": {key: _(word) for key, word in DIFFERENCE_WORDS.items()},
        "how": {key: _(word) for key, word in HOW_WORDS.items()},
        "kinds": {key: _(word) for key, word in KIND_WORDS.items()},
        "notes": {key: _(word) for key, word in NOTE_WORDS.items()},
        "told_kinds": {key: _(word) for key, word in EVENT_WORDS.items()},
        "told_status": {key: _(word) for key, word in EVENT_STATUS_WORDS.items()},
        "asides": {key: _(word) for key, word in ASIDE_WORDS.items()},
        "asked_how": {key: _(word) for key, word in ASKED_WORDS.items()},
        "codes": {code: _(words) for code, words in CODES.items()},
        "issues": {issue.id: _(issue.name) for issue in known_issues().values()},
        "review": {code: _(one.question) for code, one in asked.items()},
        "party": dict(named),
        "days": _Days(),
        "counted_questions": lambda n: ngettext("asks {n} question", "asks {n} questions", n).format(n=n),
        "counted_requests": lambda n: ngettext("asks for {n} thing", "asks for {n} things", n).format(n=n),
        "counted_limits": lambda n: ngettext(
            "limits {n} statement in the same sentence", "limits {n} statements in the same sentence", n
        ).format(n=n),
        "counted_alone": lambda n: ngettext(
            "{n} statement; no like one found in the others",
            "{n} statements; no like ones found in the others",
            n,
        ).format(n=n),
        "counted_told": lambda n: ngettext(
            "{n} thing told; no like telling found in the others",
            "{n} things told; no like tellings found in the others",
            n,
        ).format(n=n),
        "counted_aside": lambda n: ngettext("{n} stretch set aside", "{n} stretches set aside", n).format(
            n=n
        ),
        "counted_undated": lambda n: ngettext(
            "{n} statement is undated: its text names no day, and its document none of publication.",
            "{n} statements are undated: their texts name no day, and their documents none of publication.",
            n,
        ).format(n=n),
    }


class _Days(dict[str, str]):
    """A day in ISO form → the day in words."""

    def __missing__(self, day: str) -> str:
        return date_text(day)


def _letters(documents: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """A short mark for each document: A, B, … Z, A1, …."""
    return {
        str(row["document_id"]): chr(65 + place % 26) + (str(place // 26) if place >= 26 else "")
        for place, row in enumerate(documents)
    }


#: the place and agency that a report begins with
_DATELINE = re.compile(r"^[A-ZА-ЯЁІЇЄҐ][^a-zа-яёіїєґ]{2,60}?\s[–—-]\s")
#: the brief shows so many characters of a statement
BRIEF_CHARACTERS = 110


def marked(one: Mapping[str, Any]) -> Markup:
    """A statement's text with its quoted words marked; a part of a sentence is shown as one."""
    return _marked(_shown(str(one["text"])), one["quoted"])


def marked_within(whole: str, part: str) -> Markup:
    """A sentence with one phrase of it emphasised."""
    before, found, after = whole.partition(part)
    if not found:
        return Markup.escape(part)
    return Markup("{}<em>{}</em>{}").format(_DATELINE.sub("", before), found, after)


def clipped(one: Mapping[str, Any]) -> Markup:
    """The first words of a statement: those quoted, where enough of it is."""
    quoted = [str(words) for words in one["quoted"]]
    text = _shown(str(one["text"]))
    if one["question"]:
        text, quoted = str(one["question"]), [str(one["question"])]
    elif quoted and len(max(quoted, key=len)) >= 40:
        text = max(quoted, key=len)
        quoted = [text]
    if len(text) > BRIEF_CHARACTERS:
        text = text[:BRIEF_CHARACTERS].rsplit(" ", 1)[0].rstrip(" ,;:–—-") + " …"
        quoted = [text] if text[:-2].rstrip() in "".join(quoted) else quoted
    return _marked(text, quoted)


def _shown(text: str) -> str:
    """Without the dateline, and with dots where it begins or breaks off within a sentence."""
    text = _DATELINE.sub("", text)
    if text[:1].islower():
        text = f"… {text}"
    return text if re.search(r"[.!?…][\"”’»“')\]]*$", text) else f"{text} …"


def _marked(text: str, quoted: Sequence[str]) -> Markup:
    pieces: list[Markup] = []
    at = 0
    for words in quoted:
        place = text.find(words, at)
        if place < 0:
            continue
        before = text[at:place]
        after = place + len(words)
        # the page sets marks of its own around quoted words
        pieces.append(Markup.escape(before[:-1] if before[-1:] in _OPENING else before))
        pieces.append(Markup("<q>{}</q>").format(words.strip("".join(_OPENING + _CLOSING))))
        at = after + 1 if text[after : after + 1] in _CLOSING else after
    pieces.append(Markup.escape(text[at:]))
    return Markup("").join(pieces)


_OPENING = ("“", '"', "«", "„", "‘", "'")
_CLOSING = ("”", '"', "»", "“", "’", "'")


def _parts(events: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Sentence that a report tells by itself → the phrases in it that are events of their own."""
    found: dict[str, list[str]] = {}
    for name, one in events.items():
        if one["within"] in events:
            found.setdefault(str(one["within"]), []).append(name)
    return found


def _asset(name: str) -> str:
    return (files("truceline.reports") / "templates" / name).read_text(encoding="utf-8")
