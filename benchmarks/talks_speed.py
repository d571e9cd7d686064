"""How long statements take to be read, and how memory grows: invented articles of about 4,400 signs.

python benchmarks/talks_speed.py [--articles 1000]
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
from datetime import date, timedelta

from truceline.talks.copies import find_copies
from truceline.talks.documents import ID_DIGITS, Document, digest_text, split_paragraphs
from truceline.talks.lexicon import lexicon
from truceline.talks.speakers import Speakers
from truceline.talks.statements import read_statements
from truceline.workflow.talks import read_all

PEOPLE = [
    f"{first} {last}"
    for first in ("Ada", "Ivo", "Mira", "Tomas", "Lena")
    for last in ("Orlova", "Berg", "Valverde", "Okafor", "Lindqvist", "Haddad")
]
VERBS = ("said", "told reporters", "warned", "added", "insisted", "announced", "denied", "claimed")
THINGS = (
    "the ceasefire",
    "a 30-day truce",
    "foreign peacekeepers",
    "arms supplies",
    "the exchange of prisoners",
    "sanctions",
    "monitoring of the line",
    "power plants",
    "ships in the gulf",
    "a final agreement",
)
ENDS = (
    "would begin on Friday",
    "was unacceptable",
    "must be verified first",
    "could work if the other side agreed",
    "had been broken 14 times",
    "was discussed in the capital",
    "needs several clarifications",
    "would be extended",
)


def article(rng: random.Random) -> str:
    """An article of invented sentences."""
    lines: list[str] = []
    while sum(map(len, lines)) < 4400:
        who, verb, thing, end = rng.choice(PEOPLE), rng.choice(VERBS), rng.choice(THINGS), rng.choice(ENDS)
        kind = rng.randrange(4)
        if kind == 0:
            lines.append(
                f"“{thing.capitalize()} {end}, and {rng.choice(THINGS)} {rng.choice(ENDS)},” {who.split()[1]} {verb} on Monday."
            )
        elif kind == 1:
            lines.append(
                f"President {who} {verb} that {thing} {end}, while observers waited in the rain for number {rng.randrange(999)}."
            )
        elif kind == 2:
            lines.append(
                f"The road to the village number {rng.randrange(9999)} was closed in the morning and opened again at night."
            )
        else:
            lines.append(
                f"According to {who}, {thing} {end}. “Who will give the orders?” {who.split()[1]} asked."
            )
    return "\n\n".join(lines)


def documents(count: int) -> list[Document]:
    """So many invented articles."""
    rng = random.Random(14)
    found = []
    for number in range(count):
        text = article(rng)
        digest = digest_text(text)
        found.append(Document(document_id=f"doc-{digest[:ID_DIGITS]}", digest=digest, file="a", position=number, text=text, language="en", published=date(2031, 1, 1) + timedelta(days=number % 90), paragraphs=split_paragraphs(text, lexicon("en"))))  # fmt: skip
    return found


def resident_mb() -> float:
    """The largest resident size so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1024**2 if sys.platform == "darwin" else 1024
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=1000)
    chosen = parser.parse_args()
    every = documents(chosen.articles)
    speakers = Speakers()
    read_statements(every[0], speakers)
    before = resident_mb()
    started, cpu = time.perf_counter(), time.process_time()
    for place, document in enumerate(every, 1):
        read_statements(document, speakers)
        if place in (chosen.articles // 4, chosen.articles):
            sys.stdout.write(
                f"read one by one, {place}: {time.perf_counter() - started:.1f} s, {time.process_time() - cpu:.1f} s of one core, +{resident_mb() - before:.1f} MB\n"
            )
    started, cpu = time.perf_counter(), time.process_time()
    reading, _ = read_all(every, speakers)
    sys.stdout.write(
        f"read, aligned, copies: {time.perf_counter() - started:.1f} s, {time.process_time() - cpu:.1f} s of one core, {len(reading.statements)} statements, {len(find_copies(every))} copies, {resident_mb():.0f} MB in all\n"
    )


if __name__ == "__main__":
    main()
