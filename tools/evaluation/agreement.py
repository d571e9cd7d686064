"""How far two annotators agree who labelled the same articles without sight of each other.

The second labels (``labels/talks_second.json``) are in the form of the first, but that a condition is a span.
No text is needed: labels are compared by digest and character span.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.talks import RESAMPLES, f1, krippendorff, macro

SECOND = Path(__file__).parent / "labels" / "talks_second.json"
#: the second annotator's groups on the statements of every article as the first cut them: digest → place → group
GROUPS = Path(__file__).parent / "labels" / "talks_second_groups.json"
#: least share of the shorter span that two spans of one statement have in common
SHARED = 0.5
#: names that the second annotator coined for a speaker without a known one, as the first wrote them
COINED = {
    "ua-army": "ukraine_army",
    "ua-mfa": "ministry",
    "local-official": "official",
    "coalition": "countries",
    "cz-mod": "czech_defence_ministry",
    "kr-military": "south_korea_military",
    "ua-interior-ministry": "interior_ministry",
    "ua-officials": "ukrainian_officials|officials",
    "IN": "india",
    "IL": "israel",
}

Row = dict[str, Any]
Place = tuple[str, int | str]


@dataclass(frozen=True)
class Compared:
    """One article twice labelled: statements paired, those that one alone cut, quotation spans of both."""

    part: str
    rows: tuple[tuple[Row, Row], ...]
    alone: tuple[tuple[Row, ...], tuple[Row, ...]]
    quotes: tuple[frozenset[tuple[int, int]], frozenset[tuple[int, int]]]


def second_labels() -> dict[str, Row]:
    """The articles labelled by the second annotator, by digest."""
    rows: dict[str, Row] = json.loads(SECOND.read_text(encoding="utf-8"))
    return rows


def pair_spans(first: Sequence[Row], second: Sequence[Row]) -> dict[int, int]:
    """Place in ``first`` → place in ``second``, each once, those with most in common first; labels play no part."""
    pairs = []
    for i, one in enumerate(first):
        for j, other in enumerate(second):
            common = min(one["stop"], other["stop"]) - max(one["start"], other["start"])
            if common >= SHARED * min(one["stop"] - one["start"], other["stop"] - other["start"]):
                whole = max(one["stop"], other["stop"]) - min(one["start"], other["start"])
                pairs.append((-common / whole, i, j))
    taken: dict[int, int] = {}
    for _, i, j in sorted(pairs):
        if i not in taken and j not in taken.values():
            taken[i] = j
    return taken


def compare(first: Mapping[str, Row], second: Mapping[str, Row]) -> list[Compared]:
    """Every article that both labelled."""
    found = []
    for digest in sorted(second):
        one, other = first[digest], second[digest]
        places = pair_spans(one["statements"], other["statements"])
        found.append(
            Compared(
                part=one["part"],
                rows=tuple((one["statements"][i], other["statements"][j]) for i, j in places.items()),
                alone=(
                    tuple(row for i, row in enumerate(one["statements"]) if i not in places),
                    tuple(row for j, row in enumerate(other["statements"]) if j not in places.values()),
                ),
                quotes=(_quote_spans(one), _quote_spans(other)),
            )
        )
    return found


def _quote_spans(record: Row) -> frozenset[tuple[int, int]]:
    return frozenset((row["start"], row["stop"]) for row in record["quotes"])


def same_name(first: str, second: str) -> bool:
    """Whether two labels allow one speaker in common (``a|b`` allows either)."""
    allowed = {name for one in second.split("|") for name in COINED.get(one, one).split("|")}
    return not allowed.isdisjoint(first.split("|"))


def _span_f1(articles: Sequence[Compared], *, exact: bool) -> float:
    right = sum(
        not exact or (one["start"], one["stop"]) == (other["start"], other["stop"])
        for article in articles
        for one, other in article.rows
    )
    cut = (sum(len(article.rows) + len(article.alone[side]) for article in articles) for side in (0, 1))
    return f1(right, *cut)


def _macro_f1(articles: Sequence[Compared], name: str) -> float:
    """The second annotator scored against the first as the reader is."""
    table: Counter[tuple[str, str]] = Counter()
    for article in articles:
        for one, other in article.rows:
            same = one[name] == other[name]
            table[one[name], "tp" if same else "fn"] += 1
            table[other[name], "fp"] += not same
        table.update((row[name], "fn") for row in article.alone[0])
        table.update((row[name], "fp") for row in article.alone[1])
    return macro(table)


def _condition_f1(articles: Sequence[Compared]) -> float:
    right = sum(
        bool(one["condition"] and other["condition"]) for article in articles for one, other in article.rows
    )
    sides = (
        sum(
            bool(row["condition"])
            for article in articles
            for row in (*(pair[side] for pair in article.rows), *article.alone[side])
        )
        for side in (0, 1)
    )
    return f1(right, *sides)


def _quote_f1(articles: Sequence[Compared]) -> float:
    right = sum(len(article.quotes[0] & article.quotes[1]) for article in articles)
    return f1(right, *(sum(len(article.quotes[side]) for article in articles) for side in (0, 1)))


def _speaker_share(articles: Sequence[Compared]) -> float:
    same = [
        same_name(one["speaker"], other["speaker"]) for article in articles for one, other in article.rows
    ]
    return sum(same) / max(len(same), 1)


def _alpha(articles: Sequence[Compared], value: Callable[[Row], object]) -> float:
    return krippendorff([(value(one), value(other)) for article in articles for one, other in article.rows])


MEASURES: dict[str, Callable[[Sequence[Compared]], float]] = {
    "statement F1, spans that overlap": lambda articles: _span_f1(articles, exact=False),
    "statement F1, spans the same to the character": lambda articles: _span_f1(articles, exact=True),
    "quote span F1": _quote_f1,
    "same speaker": _speaker_share,
    "issue, α": lambda articles: _alpha(articles, lambda row: row["issue"]),
    "stance, α": lambda articles: _alpha(articles, lambda row: row["stance"]),
    "condition, α": lambda articles: _alpha(articles, lambda row: bool(row["condition"])),
    "issue macro-F1": lambda articles: _macro_f1(articles, "issue"),
    "stance macro-F1": lambda articles: _macro_f1(articles, "stance"),
    "condition F1": _condition_f1,
    "manner, α": lambda articles: _alpha(articles, lambda row: row["manner"]),
}


def interval(
    articles: Sequence[Compared], measure: Callable[[Sequence[Compared]], float]
) -> tuple[float, float, float]:
    """The figure, and its 95 % interval over resampled articles."""
    rng = np.random.default_rng(20_250_330)
    draws = [
        measure([articles[k] for k in rng.integers(0, len(articles), len(articles))])
        for _ in range(RESAMPLES)
    ]
    low, high = np.percentile(draws, [2.5, 97.5])
    return measure(articles), float(low), float(high)


def pairs_of_groups(places: Mapping[Place, str | None]) -> set[frozenset[Place]]:
    """Pairs of statements of two articles in one group."""
    groups = defaultdict(list)
    for place, group in places.items():
        if group:
            groups[group].append(place)
    return {
        frozenset(pair)
        for members in groups.values()
        for pair in combinations(members, 2)
        if pair[0][0] != pair[1][0]
    }


def both_pairs(
    first: Mapping[str, Row], second: Mapping[str, Row]
) -> tuple[set[frozenset[Place]], set[frozenset[Place]]]:
    """Pairs that each annotator takes for one statement, in the first one's places; a statement that the first
    did not cut stands for itself."""
    mine: dict[Place, str | None] = {}
    other: dict[Place, str | None] = {}
    for digest, record in second.items():
        rows = first[digest]["statements"]
        mine |= {(digest, place): row["group"] for place, row in enumerate(rows)}
        back = {j: i for i, j in pair_spans(rows, record["statements"]).items()}
        other |= {
            (digest, back.get(j, f"second {j}")): row["group"] for j, row in enumerate(record["statements"])
        }
    return pairs_of_groups(mine), pairs_of_groups(other)


def all_pairs(first: Mapping[str, Row]) -> tuple[set[frozenset[Place]], set[frozenset[Place]]]:
    """Pairs of both annotators over every article, on the first one's cut: the ceiling of alignment."""
    groups = json.loads(GROUPS.read_text(encoding="utf-8"))
    rows = {
        (digest, place): row for digest, one in first.items() for place, row in enumerate(one["statements"])
    }
    return (
        pairs_of_groups({place: row["group"] for place, row in rows.items()}),
        pairs_of_groups({(digest, place): groups.get(digest, {}).get(str(place)) for digest, place in rows}),
    )


def pair_lines(first: Mapping[str, Row], second: Mapping[str, Row]) -> list[str]:
    """Rows of the table: agreement on what is one statement, on the second cut and on the first."""
    lines = []
    held = {digest for digest, record in first.items() if record["part"] == "held_out"}
    for title, (one, other) in (
        (f"pairs, {len(second)} texts, each on its own cut, F1", both_pairs(first, second)),
        (f"pairs, all {len(first)} texts, on the first cut, F1", all_pairs(first)),
    ):
        kept = [{pair for pair in pairs if held & {digest for digest, _ in pair}} for pairs in (one, other)]
        every, touching = (f1(len(a & b), len(a), len(b)) for a, b in ((one, other), (kept[0], kept[1])))
        lines.append(
            f"| {title} | {every:.3f} ({len(one)} and {len(other)} pairs, {len(one & other)} in common) | {touching:.3f} | – |"
        )
    return lines


def agreement_note(articles: int, held: int, statements: int) -> str:
    """What the table rests on."""
    return (
        f"A second annotator labelled {articles} of the texts anew ({held} of them held out; the first by digest of "
        "each part), from the cut of statements on, by the guide alone and without sight of the first labels. "
        "Neither annotator was a person: both are language models that read by the guide, so that what two "
        f"people would reach is not known. Agreement on labels is that of the {statements} statements that both cut; "
        "where a text calls one speaker by several names, either is right. The F1 of labels score the second annotator as the reader is "
        "scored, so they are what a reader could be asked for. "
        "Pairs are statements of two articles taken for one; those on the first cut were given after the "
        f"{articles} texts had been compared."
    )


def agreement_lines(first: Mapping[str, Row], same: Mapping[str, float]) -> list[str]:
    """The table of the page; ``same`` holds α of one annotator with itself, by label."""
    second = second_labels()
    articles = compare(first, second)
    held = [article for article in articles if article.part == "held_out"]
    lines = [
        agreement_note(len(articles), len(held), sum(len(article.rows) for article in articles)),
        "",
        "| measure | two annotators | of these held out | one annotator twice |",
        "|---|---|---|---|",
    ]
    for name, measure in MEASURES.items():
        value, low, high = interval(articles, measure)
        again = same.get(name.removesuffix(", α"))
        lines.append(
            f"| {name} | {value:.3f} ({low:.3f} to {high:.3f}) | {measure(held):.3f} | {f'{again:.3f}' if again else '–'} |"
        )
    return [*lines, *pair_lines(first, second)]
