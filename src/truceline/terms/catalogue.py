"""The catalogue of questions: data that comes with the package, checked when it is loaded."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import Field, model_validator

from truceline.base.documents import Model
from truceline.base.language import _, language, speaking
from truceline.terms.packaged import read_packaged

Severity = Literal["high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low")
#: fields of a question that are told in the language in force; `who` is told by ``review.who_answers``
TOLD = ("question", "why", "harm", "clause", "precedent")


class AnsweredBy(Model):
    """What in the terms answers a question: exactly one of these."""

    given: str | None = Field(None, description="a provision at this place, such as timing.start")
    act: str | None = Field(None, description="an obligation about this act, or any")
    rules: list[str] | None = Field(None, description="of these rules alone; null: of any")
    binds: Literal["parties", "third"] = Field("parties", description="whom it must bind")
    also: list[str] | None = Field(None, description="of an act: and about these acts too")
    zone: str | None = Field(None, description="a zone of this purpose")
    kept_by: str | None = Field(
        None,
        description="of a zone: each such zone has an obligation about this act, and each of those a zone",
    )
    exemption: str | None = Field(None, description="an exemption of this purpose")
    consent: bool | None = Field(None, description="consent or refusal of every party for each means")

    @model_validator(mode="after")
    def _one_way(self) -> AnsweredBy:
        ways = [self.given, self.act, self.zone, self.exemption, self.consent]
        if sum(way is not None for way in ways) != 1:
            raise ValueError("a question is answered in exactly one way")
        return self


class Source(Model):
    """Where an account of harm comes from."""

    title: str
    url: str


class Question(Model):
    """A question that a truce must answer."""

    code: str
    group: str
    severity: Severity
    question: str
    why: str = Field(description="why it matters")
    harm: str = Field(description="where its absence did harm")
    source: str = Field(description="id of the source of that account")
    who: str = Field(description="who must answer before the hour")
    clause: str = Field(description="a model clause")
    precedent: str | None = Field(None, description="a text that has answered it")
    answered_by: AnsweredBy


@cache
def _written() -> dict[str, Question]:
    rows = read_packaged(files("truceline.terms") / "catalogue.yaml")
    return {row["code"]: Question.model_validate(row) for row in rows}


@cache
def _translated(code: str) -> dict[str, Question]:
    """The catalogue with what the catalogs of messages have for the words that are ``TOLD``; else as written."""
    with speaking(code):
        return {
            key: question.model_copy(
                update={field: _(said) for field in TOLD if (said := getattr(question, field)) is not None}
            )
            for key, question in _written().items()
        }


def questions() -> dict[str, Question]:
    """Every question by its code, in the order of the catalogue, in the language in force."""
    return _translated(language())


@cache
def question_codes() -> tuple[str, ...]:
    """Codes of all questions."""
    return tuple(_written())


@cache
def sources() -> dict[str, Source]:
    """Sources of the catalogue by id."""
    rows = read_packaged(files("truceline.terms") / "sources.yaml")
    return {name: Source.model_validate(row) for name, row in rows.items()}
