"""Weights for issue, stance and condition learned from labelled articles, and measured on articles they never saw.

Multinomial logistic regression with a ridge; classes with few labels are lifted by a share of their log
frequency (Menon et al. 2021, “Long-tail learning via logit adjustment”). Ridge and lift are chosen by folds
of the articles that are learned from, never by those measured on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from evaluation.talks import Row, added, macro, matched, tally_statements
from evaluation.talks_features import (
    UNIT,
    Evidence,
    Features,
    condition_features,
    gather,
    issue_features,
    stance_features,
)
from truceline.talks.lexicon import lexicon
from truceline.talks.speakers import Entity, Speakers
from truceline.talks.statements import Statement

#: folds of articles that are measured, and inside them those that choose
OUTER, INNER = 6, 3
RIDGES, LIFTS = (0.3, 1.0), (0.0, 0.4, 0.8)
#: a feature of fewer articles is learned of by heart
LEAST_ARTICLES = 2
STEPS = 40

MAKERS: dict[str, Callable[[Sequence[Statement], Sequence[Evidence], int], Features]] = {
    "issue": issue_features,
    "stance": stance_features,
    "condition": condition_features,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A labelled article as the rules read it."""

    digest: str
    record: Row
    found: list[Statement]
    evidence: list[Evidence]
    speech: Mapping[tuple[int, int], Entity]
    label: Mapping[int, Row]  #: statement read → its label


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """What one question is learned from."""

    features: list[Features]
    answers: list[str]
    articles: list[str]


def as_articles(
    records: Mapping[str, Row],
    read: Mapping[str, tuple[list[Statement], Mapping[tuple[int, int], Entity]]],
    speakers: Speakers,
) -> list[Article]:
    """Every labelled article as the rules read it, with what is to be weighed."""
    made = []
    words = lexicon("en")
    for digest, (found, speech) in read.items():
        taken = matched(records[digest]["statements"], found)
        made.append(Article(
            digest=digest, record=records[digest], found=found, speech=speech,
            evidence=[gather(one, words=words, speakers=speakers) for one in found],
            label={j: records[digest]["statements"][i] for i, j in taken.items()},
        ))  # fmt: skip
    return made


def examples(articles: Sequence[Article], question: str) -> Examples:
    """Features and answers of every statement that has a label; of conditions, where one was found."""
    made = Examples(features=[], answers=[], articles=[])
    for one in articles:
        for place, row in sorted(one.label.items()):
            if question == "condition" and one.found[place].condition is None:
                continue
            answer = ("yes" if row["condition"] else "no") if question == "condition" else row[question]
            made.features.append(MAKERS[question](one.found, one.evidence, place))
            made.answers.append(answer)
            made.articles.append(one.digest)
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Weights of one question: feature → one whole number for each class."""

    classes: tuple[str, ...]
    rows: Mapping[str, Sequence[int]]

    def decide(self, features: Features) -> str:
        """The class with the greatest sum."""
        sums = [0] * len(self.classes)
        for name, value in features.items():
            for place, weight in enumerate(self.rows.get(name, ())):
                sums[place] += value * weight
        return max(zip(sums, self.classes, strict=True))[1]


def weigh(one: Article, weights: Mapping[str, Weights]) -> list[Statement]:
    """Statements with the issue, the stance and the condition that the weights speak for."""
    done = []
    for place, statement in enumerate(one.found):
        said = {name: weights[name].decide(MAKERS[name](one.found, one.evidence, place)) for name in weights}
        keep = statement.condition is not None and said["condition"] == "yes"
        condition = statement.condition if keep else None
        done.append(replace(statement, issue=said["issue"], stance=said["stance"], condition=condition))
    return done


def learn(data: Examples, *, ridge: float, lifts: Sequence[float]) -> list[Weights]:
    """Weights in whole hundredths, one set for each lift of rare classes."""
    seen: dict[str, set[str]] = {}
    for features, article in zip(data.features, data.articles, strict=True):
        for name in features:
            seen.setdefault(name, set()).add(article)
    names = sorted(name for name, where in seen.items() if len(where) >= LEAST_ARTICLES)
    column = {name: place for place, name in enumerate(names)}
    classes = tuple(sorted(set(data.answers)))
    triples = [
        (value / UNIT, row, column[name])
        for row, features in enumerate(data.features)
        for name, value in features.items()
        if name in column
    ]
    values, rows, columns = zip(*triples, strict=True)
    matrix = csr_matrix((values, (rows, columns)), shape=(len(data.answers), len(names)))
    answers = np.array([classes.index(answer) for answer in data.answers])
    weights = _fit(matrix, answers, len(classes), ridge)
    share = np.log((np.bincount(answers, minlength=len(classes)) + 1.0) / (len(answers) + len(classes)))
    made = []
    for lift in lifts:
        lifted = weights.copy()
        lifted[column["bias"]] -= lift * share
        whole = np.rint(100 * lifted).astype(int)
        made.append(
            Weights(classes=classes, rows={name: whole[place].tolist() for name, place in column.items()})
        )
    return made


def _fit(matrix: Any, answers: Any, classes: int, ridge: float) -> Any:
    """Weights (features, classes) that are likeliest, with a ridge."""
    count, width = matrix.shape
    target = np.zeros((count, classes))
    target[np.arange(count), answers] = 1
    turned = matrix.T.tocsr()

    def loss(flat: Any) -> tuple[float, Any]:
        weights = flat.reshape(width, classes)
        scores = matrix @ weights
        scores = scores - scores.max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(scores).sum(axis=1, keepdims=True))
        likely = np.exp(scores - log_sum)
        value = -((scores - log_sum) * target).sum() + 0.5 * ridge * float(flat @ flat)
        return value, (turned @ (likely - target) + ridge * weights).ravel()

    start = np.zeros(width * classes)
    return minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS}).x.reshape(
        width, classes
    )


def fold_of(articles: Sequence[Article], folds: int) -> dict[str, int]:
    """Article → fold, so that each part is spread over all folds."""
    order = sorted(articles, key=lambda one: (one.record["part"], one.digest))
    return {one.digest: place % folds for place, one in enumerate(order)}


def choose(articles: Sequence[Article], question: str) -> tuple[float, float]:
    """Ridge and lift with the best mean F1 over classes, by folds of ``articles`` alone."""
    data = examples(articles, question)
    fold = fold_of(articles, INNER)
    scores = {}
    for ridge in RIDGES:
        said = [[""] * len(data.answers) for _ in LIFTS]
        for number in range(INNER):
            inside = [place for place, digest in enumerate(data.articles) if fold[digest] != number]
            for lifted, weights in zip(
                said, learn(_part(data, inside), ridge=ridge, lifts=LIFTS), strict=True
            ):
                for place in set(range(len(lifted))) - set(inside):
                    lifted[place] = weights.decide(data.features[place])
        for lift, lifted in zip(LIFTS, said, strict=True):
            scores[ridge, lift] = _mean_f1(data.answers, lifted)
    return max(scores, key=lambda pair: (round(scores[pair], 6), pair))


def _part(data: Examples, places: Sequence[int]) -> Examples:
    return Examples(
        features=[data.features[place] for place in places],
        answers=[data.answers[place] for place in places],
        articles=[data.articles[place] for place in places],
    )


def _mean_f1(answers: Sequence[str], said: Sequence[str]) -> float:
    scores = []
    for name in set(answers):
        right = sum(a == b == name for a, b in zip(answers, said, strict=True))
        scores.append(2 * right / (answers.count(name) + said.count(name)))
    return float(np.mean(scores))


def learn_all(articles: Sequence[Article]) -> dict[str, Weights]:
    """Weights of every question, with ridge and lift chosen inside ``articles``."""
    made = {}
    for question in MAKERS:
        ridge, lift = choose(articles, question)
        made[question] = learn(examples(articles, question), ridge=ridge, lifts=[lift])[0]
    return made


def cross_validated(articles: Sequence[Article]) -> dict[str, list[Statement]]:
    """Digest → statements, each article weighed with what was learned from articles of other folds."""
    fold = fold_of(articles, OUTER)
    done = {}
    for number in range(OUTER):
        weights = learn_all([one for one in articles if fold[one.digest] != number])
        for one in articles:
            if fold[one.digest] == number:
                done[one.digest] = weigh(one, weights)
    return done


def curve(articles: Sequence[Article], sizes: Sequence[int], part: str) -> list[tuple[int, dict[str, float]]]:
    """Mean F1 over classes on ``part`` when learned from fewer articles of other folds, with one ridge and lift."""
    fold = fold_of(articles, OUTER)
    rows = []
    for size in sizes:
        tallies = []
        for number in range(OUTER):
            inside = sorted(
                (one for one in articles if fold[one.digest] != number), key=lambda one: one.digest
            )
            weights = {
                name: learn(examples(inside[:size], name), ridge=RIDGES[-1], lifts=LIFTS[1:2])[0]
                for name in MAKERS
            }
            tallies += [
                tally_statements(one.record, weigh(one, weights), one.speech)
                for one in articles
                if fold[one.digest] == number and one.record["part"] == part
            ]
        whole = added(tallies)
        rows.append((size, {"issue": macro(whole.issue), "stance": macro(whole.stance)}))
    return rows
