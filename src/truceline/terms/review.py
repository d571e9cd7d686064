"""The implementability review: what a draft leaves open, what it answers, what in it cannot work."""

from __future__ import annotations

from dataclasses import dataclass

from truceline.base.language import _
from truceline.terms.answers import answering_clauses
from truceline.terms.catalogue import SEVERITIES, Question, questions
from truceline.terms.soundness import Fault, find_faults
from truceline.terms.truce import Truce


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question put to a draft. Of an open one `clause_ids` are the clauses that touch it, of an answered one those that answer it."""

    question: Question
    clause_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Everything that the review found, open questions by harm."""

    truce: Truce
    open: tuple[Asked, ...]
    answered: tuple[Asked, ...]
    faults: tuple[Fault, ...]

    @property
    def grave(self) -> int:
        """How many open questions and faults are of high severity."""
        severities = [asked.question.severity for asked in self.open] + [
            fault.severity for fault in self.faults
        ]
        return severities.count("high")


def review(truce: Truce) -> Review:
    """Ask a draft every question of the catalogue, and look for what in it cannot work.

    Open questions stand by severity, then in the order of `RANK`: what does most harm first.
    """
    open_, answered = [], []
    for question in questions().values():
        clauses = answering_clauses(truce, question.answered_by)
        if clauses is not None:
            answered.append(Asked(question=question, clause_ids=tuple(clauses)))
        else:
            touched = tuple(clause.id for clause in truce.clauses if question.code in clause.about)
            open_.append(Asked(question=question, clause_ids=touched))
    return Review(
        truce=truce,
        open=tuple(sorted(open_, key=_gravity)),
        answered=tuple(answered),
        faults=tuple(find_faults(truce)),
    )


#: of equal severity: questions without an answer to which no other answer helps come first
RANK: tuple[str, ...] = (
    "acts_prohibited",
    "orders",
    "monitors",
    "line",
    "encircled",
    "adjudication",
    "consequences",
    "start_hour",
    "consent",
    "day_after",
    "evidence",
    "orders_shown",
    "attribution",
    "return_fire",
    "regrouping",
    "arms_supply",
    "mobilisation",
    "land",
)


def _gravity(asked: Asked) -> tuple[int, int]:
    code = asked.question.code
    return SEVERITIES.index(asked.question.severity), RANK.index(code) if code in RANK else len(RANK)


#: words of a question's `who` that stand for third parties of a role
ROLES: tuple[tuple[str, str], ...] = (
    ("mediator", "mediator"),
    ("guarantor", "guarantor"),
    ("monitors", "monitor"),
    ("supplier", "supporter"),
)


def who_answers(question: Question, truce: Truce) -> str:
    """Who must answer a question, with the names that the draft gives them."""
    said = question.who.casefold()
    names = [party.name for party in truce.parties] if "part" in said.replace("third part", "") else []
    for word, role in ROLES:
        if word in said:
            names += [item.name for item in truce.third_parties if item.role == role]
    if "third part" in said:
        names += [item.name for item in truce.third_parties]
    return f"{_(question.who)} ({', '.join(names)})" if names else _(question.who)
