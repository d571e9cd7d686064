"""Statements read from labelled articles: figures with intervals, beside baselines and peers.

Labels (``labels/talks.json``) hold digests, character spans and labels alone; the texts are read from
the data root. Articles labelled but not there are told and left out.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from truceline.talks.compare import Weigher, align
from truceline.talks.copies import find_copies
from truceline.talks.documents import Document, split_paragraphs
from truceline.talks.lexicon import known_issues, lexicon
from truceline.talks.meaning import score_issues
from truceline.talks.pairs import tellings
from truceline.talks.quotation import find_quotes
from truceline.talks.read_files import read_documents
from truceline.talks.speakers import Entity, Speakers
from truceline.talks.statements import Statement, read_statements

LABELS = Path(__file__).parent / "labels" / "talks.json"
PARTS = ("development", "looked_at", "held_out")
#: resamples of articles for an interval
RESAMPLES = 1000
#: classes with fewer labels are in no macro mean that says so
FEW = 5

Row = dict[str, Any]


@dataclass
class Tally:
    """Counts of one article, which add up over articles."""

    counts: Counter[str] = field(default_factory=Counter)
    issue: Counter[tuple[str, str]] = field(default_factory=Counter)
    stance: Counter[tuple[str, str]] = field(default_factory=Counter)


def articles(data: Path, seeds: Path) -> dict[str, Document]:
    """Digest → document, of every text under the data root."""
    found = {}
    for path in [*sorted(seeds.glob("*.txt")), *sorted((data / "news").glob("*.json"))]:
        for document in read_documents(path)[0]:
            # labels count in the text as it stands in its file
            found[hashlib.sha256(document.text.encode()).hexdigest()] = document
    return found


def same_speaker(label: str, entity: Entity) -> bool:
    """Whether a speaker read is one of those a label allows (``a|b``)."""
    parts = label.split("|")
    if "+" in entity.id:
        return len(parts) > 1 and any(one in entity.id.split("+") for one in parts)
    for one in parts:
        if one.lower() == entity.id.lower():
            return True
        words = set(re.split("[_-]", one.lower()))
        if not one.isupper() and words <= set(re.split("[_-]", entity.id.lower())):
            return True
    return len(parts) > 1 and entity.id in ("both", "both_sides")


def matched(labels: Sequence[Row], found: Sequence[Statement]) -> dict[int, int]:
    """Label → statement read: overlapping by half of the shorter, those of the same speaker first."""
    pairs = []
    for i, one in enumerate(labels):
        for j, other in enumerate(found):
            common = min(one["stop"], other.stop) - max(one["start"], other.start)
            if common > 0 and common / min(one["stop"] - one["start"], other.stop - other.start) >= 0.5:
                whole = max(one["stop"], other.stop) - min(one["start"], other.start)
                pairs.append((not same_speaker(one["speaker"], other.speaker), -common / whole, i, j))
    taken: dict[int, int] = {}
    used: set[int] = set()
    for _, _, i, j in sorted(pairs):
        if i not in taken and j not in used:
            taken[i] = j
            used.add(j)
    return taken


def split_finer(labels: Sequence[Row], one: Statement) -> bool:
    """Whether a statement lies within a labelled one of the same speaker: split finer, which is no error."""
    return any(
        min(row["stop"], one.stop) - max(row["start"], one.start) >= 0.5 * (one.stop - one.start)
        and same_speaker(row["speaker"], one.speaker)
        for row in labels
    )


def tally_statements(
    record: Row, found: Sequence[Statement], speech: Mapping[tuple[int, int], Entity]
) -> Tally:
    """The counts of one article."""
    labels = record["statements"]
    taken = matched(labels, found)
    tally = Tally()
    counts = tally.counts
    quotes = {(row["start"], row["stop"]): row["speaker"] for row in record["quotes"]}
    counts["quote_labels"] = len(quotes)
    counts["quote_found"] = len(speech)
    counts["quote_right"] = len(quotes.keys() & speech.keys())
    counts["quote_speaker_right"] = sum(
        same_speaker(quotes[key], speech[key]) for key in quotes.keys() & speech.keys()
    )
    counts["labels"] = len(labels)
    counts["found"] = len(found)
    for j, one in enumerate(found):
        if j in taken.values():
            continue
        if split_finer(labels, one):
            counts["found"] -= 1
        else:
            tally.issue[one.issue, "fp"] += 1
            tally.stance[one.stance, "fp"] += 1
            counts["condition_found"] += one.condition is not None
    for i, row in enumerate(labels):
        counts["condition_labels"] += row["condition"]
        other = found[taken[i]] if i in taken else None
        for name, table in (("issue", tally.issue), ("stance", tally.stance)):
            value = getattr(other, name) if other is not None else None
            table[row[name], "tp" if value == row[name] else "fn"] += 1
            if value is not None and value != row[name]:
                table[value, "fp"] += 1
        if other is None:
            continue
        counts["matched"] += 1
        counts["speaker_right"] += same_speaker(row["speaker"], other.speaker)
        counts["condition_found"] += other.condition is not None
        counts["condition_right"] += row["condition"] and other.condition is not None
    return tally


def f1(right: float, labels: float, found: float) -> float:
    """Harmonic mean of precision and recall."""
    return 2 * right / (labels + found) if right else 0.0


def macro(table: Mapping[tuple[str, str], int], *, least: int = 1) -> float:
    """Mean F1 of the classes with at least ``least`` labels."""
    scores = []
    for name in {key for key, _ in table}:
        labels = table.get((name, "tp"), 0) + table.get((name, "fn"), 0)
        if labels >= least:
            scores.append(
                f1(
                    table.get((name, "tp"), 0),
                    labels,
                    table.get((name, "tp"), 0) + table.get((name, "fp"), 0),
                )
            )
    return float(np.mean(scores)) if scores else 0.0


MEASURES: dict[str, Callable[[Tally], float]] = {
    "speaker F1": lambda one: f1(one.counts["speaker_right"], one.counts["labels"], one.counts["found"]),
    "quote span F1": lambda one: f1(
        one.counts["quote_right"], one.counts["quote_labels"], one.counts["quote_found"]
    ),
    "quote span and speaker F1": lambda one: f1(
        one.counts["quote_speaker_right"], one.counts["quote_labels"], one.counts["quote_found"]
    ),
    "issue macro-F1": lambda one: macro(one.issue),
    f"issue macro-F1, classes of {FEW} or more": lambda one: macro(one.issue, least=FEW),
    "stance macro-F1": lambda one: macro(one.stance),
    "condition found": lambda one: one.counts["condition_right"] / max(one.counts["condition_labels"], 1),
    "condition F1": lambda one: f1(
        one.counts["condition_right"], one.counts["condition_labels"], one.counts["condition_found"]
    ),
}
TARGETS = {
    "speaker F1": 0.90,
    "quote span F1": 0.95,
    "issue macro-F1": 0.75,
    "stance macro-F1": 0.65,
    "condition found": 0.70,
    "aligned pairs F1": 0.85,
}


def added(tallies: Sequence[Tally]) -> Tally:
    """The sum of counts."""
    whole = Tally()
    for one in tallies:
        whole.counts.update(one.counts)
        whole.issue.update(one.issue)
        whole.stance.update(one.stance)
    return whole


def interval(tallies: Sequence[Tally], measure: Callable[[Tally], float]) -> tuple[float, float, float]:
    """The figure, and its 95 % interval over resampled articles."""
    rng = np.random.default_rng(20_250_314)
    draws = [
        measure(added([tallies[k] for k in rng.integers(0, len(tallies), len(tallies))]))
        for _ in range(RESAMPLES)
    ]
    low, high = np.percentile(draws, [2.5, 97.5])
    return measure(added(tallies)), float(low), float(high)


# -- baselines on the same labels


def nearest_name(document: Document, speakers: Speakers) -> dict[tuple[int, int], Entity]:
    """Every quotation, said by the person of the case named nearest to it."""
    names = [
        (name, person)
        for person, row in zip(speakers.people, speakers.file.people, strict=True)
        for name in (row.name, *row.names)
    ]
    places = sorted(
        (match.start(), person)
        for name, person in names
        for match in re.finditer(rf"\b{re.escape(name)}\b", document.text)
    )
    found = {}
    for quote in find_quotes(document.text, document.paragraphs):
        if quote.depth == 0 and places:
            nearest = min(
                places, key=lambda place: min(abs(place[0] - quote.start), abs(place[0] - quote.stop))
            )
            found[quote.start, quote.stop] = nearest[1]
    return found


_STANCE_WORDS = (
    ("rejects", "reject|refus|unacceptable"),
    ("accepts", "accept|agree|support|welcom"),
    ("demands", "demand|must|call for|called for|should"),
    ("warns", "warn|threat"),
    ("denies", "den(?:y|ied)"),
    ("asks", r"\?|ask"),
    ("open", "ready|willing|open to|may|could"),
    ("announces", "announc"),
)


def keyword_reading(found: Sequence[Statement]) -> list[tuple[str, str]]:
    """Issue by the first issue with any word, stance by the first keyword, of the same statements."""
    rows = []
    words = lexicon("en")
    for one in found:
        scores, _ = score_issues(one.text, words=words, case_terms={})
        issue = next((name for name in known_issues() if name in scores), "other")
        stance = next(
            (name for name, pattern in _STANCE_WORDS if re.search(pattern, one.text, re.IGNORECASE)), "claims"
        )
        rows.append((issue, stance))
    return rows


# -- alignment and copies


def labelled_pairs(records: Mapping[str, Row]) -> set[frozenset[tuple[str, int]]]:
    """Pairs of labels of two articles that are one statement."""
    groups = defaultdict(list)
    for digest, record in records.items():
        for place, row in enumerate(record["statements"]):
            if row["group"]:
                groups[row["group"]].append((digest, place))
    return {
        frozenset(pair)
        for members in groups.values()
        for pair in combinations(members, 2)
        if pair[0][0] != pair[1][0]
    }


def found_pairs(
    records: Mapping[str, Row], read: Mapping[str, list[Statement]], *, weights_for: Weigher | None = None
) -> set[frozenset[tuple[str, int | str]]]:
    """Pairs that the reader aligned, in the labels' terms; a statement of no label stands for itself."""
    places = label_places(records, read)
    every = [one for found in read.values() for one in found]
    pairs: set[frozenset[tuple[str, int | str]]] = set()
    for group in align(tellings(every, groups={}), weights_for=weights_for):
        for one, other in combinations(group.statements, 2):
            if one.document_id != other.document_id:
                pairs.add(frozenset((places[one.statement_id], places[other.statement_id])))
    return pairs


def label_places(
    records: Mapping[str, Row], read: Mapping[str, list[Statement]]
) -> dict[str, tuple[str, int | str]]:
    """Statement → digest and place of its label; without one, its own id."""
    places: dict[str, tuple[str, int | str]] = {}
    for digest, found in read.items():
        back = {j: i for i, j in matched(records[digest]["statements"], found).items()}
        for j, one in enumerate(found):
            places[one.statement_id] = (digest, back.get(j, one.statement_id))
    return places


def altered(document: Document) -> Iterator[Document]:
    """The text as other outlets might print it: cut, under another dateline, in another order with other marks."""
    lines = [line for line in document.text.split("\n") if line.strip()]
    texts = (
        "\n".join(lines[: max(3, int(len(lines) * 0.6))]),
        "\n".join(
            [
                "CITY (AGENCY) - By our own staff",
                *(line for place, line in enumerate(lines) if place % 7 != 3),
            ]
        ),
        "\n".join([*lines[2:], *lines[:2]]).replace("“", '"').replace("”", '"').replace("’", "'"),
    )
    for number, text in enumerate(texts):
        digest = hashlib.sha256(text.encode()).hexdigest()
        yield Document(
            document_id=f"{document.document_id}-{number}", digest=digest, file=document.file, position=document.position, text=text,
            language=document.language, paragraphs=split_paragraphs(text, lexicon(document.language)),
        )  # fmt: skip


def copies_found(documents: Sequence[Document]) -> dict[str, int]:
    """How many altered copies are found, and how many different texts are taken for one."""
    every, origin = [], {}
    for document in documents:
        for one in (document, *altered(document)):
            every.append(one)
            origin[one.document_id] = document.document_id
    groups = find_copies(every)
    right = wrong = 0
    for group in groups:
        for first, second in combinations(group.document_ids, 2):
            right += origin[first] == origin[second]
            wrong += origin[first] != origin[second]
    return {
        "pairs": len(documents) * 6,
        "found": right,
        "false": wrong,
        "among_originals": len(find_copies(list(documents))),
    }


def read_all(
    records: Mapping[str, Row], texts: Mapping[str, Document], speakers: Speakers
) -> dict[str, tuple[list[Statement], dict[tuple[int, int], Entity]]]:
    """Statements and speech of every labelled article that is there."""
    found = {}
    for digest in records:
        if digest in texts:
            statements, attributed = read_statements(texts[digest], speakers)
            found[digest] = (
                statements,
                {(quote.start, quote.stop): unit.who.entity for quote, unit in attributed.speech},
            )
    return found


def krippendorff(pairs: Sequence[tuple[object, object]]) -> float:
    """Krippendorff's α of two passes with nominal values (Krippendorff 2011, eq. for nominal data)."""
    seen: Counter[tuple[object, object]] = Counter()
    for one, other in pairs:
        seen[one, other] += 1
        seen[other, one] += 1
    totals: Counter[object] = Counter()
    for (one, _), count in seen.items():
        totals[one] += count
    n = 2 * len(pairs)
    observed = sum(count for (one, other), count in seen.items() if one != other) / n
    expected = sum(totals[a] * totals[b] for a in totals for b in totals if a != b) / (n * (n - 1))
    return 1 - observed / expected if expected else 1.0


def labels() -> dict[str, Row]:
    """The labelled articles by digest."""
    rows: dict[str, Row] = json.loads(LABELS.read_text(encoding="utf-8"))
    return rows
