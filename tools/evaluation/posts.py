"""Statements in Russian and Ukrainian: posts of channels and short news.

Labels are in the form of the articles', with the periods of a halt that a text names. Those of
``labels/talks_ru_uk.json`` were never tuned on; on those of ``labels/talks_ru_uk_development.json``, which are
of earlier months, the rules were written; ``labels/talks_ru_uk_more.json`` holds texts whose errors were read
(``widened``) and texts of which totals alone were seen (``own_check``).
A text is what the reader makes of a post, or the line of news as its table has it.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from truceline.talks.documents import Document, split_paragraphs
from truceline.talks.lexicon import lexicon
from truceline.talks.read_files import read_documents
from truceline.talks.statements import Statement

LABELS = Path(__file__).parent / "labels" / "talks_ru_uk.json"
DEVELOPMENT = LABELS.with_name("talks_ru_uk_development.json")
MORE = LABELS.with_name("talks_ru_uk_more.json")
CHANNELS = ("mod_russia_clean.csv", "dronbomber_v2.csv")
#: months of the table of news that texts were drawn from
MONTHS = ("202410", "202411", "202412", "202501", "202502", "202503", "202504")

Row = dict[str, Any]


def labels() -> dict[str, Row]:
    """The labelled posts by digest, conditions as yes or no and without a second pass, as the articles' are."""
    records: dict[str, Row] = {}
    for path in (LABELS, DEVELOPMENT, MORE):
        records |= json.loads(path.read_text(encoding="utf-8"))
    for record in records.values():
        record["second"] = None
        for row in record["statements"]:
            row["condition"] = bool(row["condition"])
    return records


def posts(data: Path, digests: Mapping[str, Row]) -> dict[str, Document]:
    """Digest → document, of the labelled texts that are under the data root."""
    every = [*_channel_posts(data / "telegram_claims"), *_news(data / "viina_events", digests)]
    found = ((hashlib.sha256(one.text.encode()).hexdigest(), one) for one in every)
    return {digest: one for digest, one in found if digest in digests}


def _channel_posts(folder: Path) -> Iterator[Document]:
    for name in CHANNELS:
        if (folder / name).exists():
            yield from read_documents(folder / name)[0]


def _news(folder: Path, digests: Mapping[str, Row]) -> Iterator[Document]:
    seen = set()
    for month in MONTHS:
        path = folder / f"viina_incidents_{month}.csv"
        if not path.exists():
            continue
        with path.open(encoding="utf-8-sig", newline="") as table:
            for row in csv.DictReader(table):
                text = row["headline"].strip()
                digest = hashlib.sha256(text.encode()).hexdigest()
                if digest in digests and digest not in seen:
                    seen.add(digest)
                    language = digests[digest]["part"][-2:]
                    yield Document(
                        document_id=f"doc-{digest[:12]}", digest=digest, file=path.name, position=0, text=text,
                        language=language, paragraphs=split_paragraphs(text, lexicon(language)),
                        published=date.fromisoformat(row["datetime"][:10]),
                    )  # fmt: skip


def windows_found(
    records: Mapping[str, Row], texts: Mapping[str, Document], read: Mapping[str, Sequence[Statement]]
) -> tuple[int, int, int]:
    """Periods labelled, those that a statement read names in these words, and those of the same length."""
    labelled = found = right = 0
    for digest, record in records.items():
        if digest not in read:
            continue
        named = [window for one in read[digest] for window in one.windows]
        for row in record["windows"]:
            words = texts[digest].text[row["start"] : row["stop"]]
            same = [window for window in named if words in window.text or window.text in words]
            labelled += 1
            found += bool(same)
            right += any(window.minutes == row["minutes"] for window in same)
    return labelled, found, right
