"""Weights for pairs of tellings, learned from two annotators' groups, and measured on articles they never saw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from scipy.optimize import minimize

from evaluation.talks import Row, found_pairs, label_places
from truceline.talks.compare import near
from truceline.talks.pairs import FEATURES, Telling, pair_features, rarity, tellings
from truceline.talks.statements import Statement

#: folds of articles; a pair is judged by weights that saw neither of its articles
FOLDS = 4
#: on features brought to one spread
RIDGE = 40.0
#: what tells against a pair, and what may do either; the more of anything else is shared, the likelier
AGAINST = ("numbers that differ", "issue that is loose", "claims on one issue")
EITHER = ("any pair",)

Pairs = set[frozenset[tuple[str, int | str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Every pair of one speaker's tellings in two articles, and the share of annotators who call it one."""

    features: Any  #: (pairs, features)
    answers: Any  #: (pairs,)
    articles: list[tuple[str, str]]


def judged(
    records: Mapping[str, Row], read: Mapping[str, list[Statement]], labelled: Sequence[Pairs]
) -> Judged:
    """Pairs to learn from; ``labelled``: of each annotator the pairs that are one statement."""
    place = label_places(records, read)
    found = tellings([one for rows in read.values() for one in rows], groups={})
    weight = rarity(found)
    by_speaker: dict[str, list[Telling]] = defaultdict(list)
    for one in found:
        by_speaker[one.statement.speaker.id].append(one)
    features, answers, articles = [], [], []
    for same in by_speaker.values():
        for one, other in combinations(same, 2):
            if one.group == other.group or not near(one.statement, other.statement):
                continue
            ends = place[one.statement.statement_id], place[other.statement.statement_id]
            features.append(pair_features(one, other, weight))
            answers.append(sum(frozenset(ends) in pairs for pairs in labelled) / len(labelled))
            articles.append((ends[0][0], ends[1][0]))
    return Judged(features=np.array(features), answers=np.array(answers), articles=articles)


def learn_pairs(data: Judged, keep: Any = None) -> tuple[int, ...]:
    """Weights in whole hundredths: logistic regression with a ridge on all but the first."""
    features, answers = (
        (data.features, data.answers) if keep is None else (data.features[keep], data.answers[keep])
    )
    spread = features.std(axis=0)
    spread[spread == 0] = 1.0
    scaled = features / spread

    def loss(weights: Any) -> tuple[float, Any]:
        scores = scaled @ weights
        ridged = np.concatenate([[0.0], weights[1:]])
        value = float((np.logaddexp(0, scores) - answers * scores).sum() + 0.5 * RIDGE * ridged @ ridged)
        return value, scaled.T @ (1 / (1 + np.exp(-scores)) - answers) + RIDGE * ridged

    bounds = [
        (None, None) if name in EITHER else (None, 0) if name in AGAINST else (0, None) for name in FEATURES
    ]
    best = minimize(loss, np.zeros(len(FEATURES)), jac=True, method="L-BFGS-B", bounds=bounds).x
    return tuple(int(value) for value in np.rint(100 * best / spread))


def cross_validated_pairs(
    records: Mapping[str, Row], read: Mapping[str, list[Statement]], data: Judged
) -> set[frozenset[tuple[str, int | str]]]:
    """Pairs aligned, each judged by weights learned from articles other than its two."""
    order = sorted(read, key=lambda digest: (records[digest]["part"], digest))
    fold = {digest: place % FOLDS for place, digest in enumerate(order)}
    ends = np.array([[fold[one], fold[other]] for one, other in data.articles])
    weights = {}
    for first in range(FOLDS):
        for second in range(first, FOLDS):
            weights[first, second] = learn_pairs(data, ~np.isin(ends, (first, second)).any(axis=1))
    of_document = {rows[0].document_id: fold[digest] for digest, rows in read.items() if rows}

    def weights_for(one: Telling, other: Telling) -> Sequence[int]:
        a, b = sorted((of_document[one.group], of_document[other.group]))
        return weights[a, b]

    return found_pairs(records, read, weights_for=weights_for)
