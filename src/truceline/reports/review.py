"""The implementability review as one page that needs nothing else: no network, no second file, no script."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from truceline.terms.catalogue import sources
from truceline.terms.review import Review, who_answers


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
    words = {item.id: item.wording for item in found.truce.declarations}
    words |= {clause.id: clause.text for clause in found.truce.clauses}
    groups: dict[str, list[object]] = {}
    for asked in found.open[first:]:
        groups.setdefault(asked.question.group, []).append(asked)
    return environment.get_template("review.html.j2").render(
        truce=found.truce,
        who_answers=who_answers,
        parties=" · ".join(party.name for party in found.truce.parties),
        leading=found.open[:first],
        rest=groups,
        n_rest=len(found.open[first:]),
        n_open=len(found.open),
        n_high=sum(asked.question.severity == "high" for asked in found.open),
        answered=found.answered,
        faults=found.faults,
        words=words,
        sources=sources(),
        css=Markup((files("truceline.reports") / "templates" / "review.css").read_text(encoding="utf-8")),
    )
