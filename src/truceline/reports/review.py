"""The implementability review as one page that needs nothing else: no network, no second file, no script."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from truceline.base.language import N_, NC_, _, language, ngettext, pgettext
from truceline.reports.html import LOCALES, english_words, say
from truceline.terms.catalogue import sources
from truceline.terms.review import Review, who_answers

SEVERITY_WORDS: Mapping[str, str] = {
    "high": NC_("severity", "high"),
    "medium": NC_("severity", "medium"),
    "low": NC_("severity", "low"),
}
GROUP_WORDS: Mapping[str, str] = {
    "text": N_("The text and who is bound"),
    "time": N_("Time"),
    "ground": N_("Ground"),
    "acts": N_("Acts"),
    "people": N_("People"),
    "command": N_("Command"),
    "monitoring": N_("Monitoring"),
    "disputes": N_("Disputes"),
    "enforcement": N_("Enforcement"),
    "settlement": N_("Settlement"),
}


def render_review(found: Review, *, first: int) -> str:
    """The page: the ``first`` gaps that can do most harm, the rest, faults, and what is answered.

    Every text of the draft is escaped; the page forbids itself any request.
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
    words = {item.id: item.wording for item in found.truce.declarations}
    words |= {clause.id: clause.text for clause in found.truce.clauses}
    rest: dict[str, list[object]] = {}
    for asked in found.open[first:]:
        rest.setdefault(asked.question.group, []).append(asked)
    return environment.get_template("review.html.j2").render(
        truce=found.truce,
        lang=LOCALES.get(language(), language()),
        severities={key: pgettext("severity", word) for key, word in SEVERITY_WORDS.items()},
        groups={key: _(word) for key, word in GROUP_WORDS.items()},
        english_words=english_words,
        who_answers=who_answers,
        parties=" · ".join(party.name for party in found.truce.parties),
        leading=found.open[:first],
        rest=rest,
        n_rest=len(found.open[first:]),
        n_open=len(found.open),
        n_high=sum(asked.question.severity == "high" for asked in found.open),
        answered=found.answered,
        faults=found.faults,
        words=words,
        sources=sources(),
        css=Markup((files("truceline.reports") / "templates" / "review.css").read_text(encoding="utf-8")),
    )
