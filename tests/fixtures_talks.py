"""Invented speakers and texts for tests of ``talks``: two parties of an invented coast."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from truceline.talks.documents import ID_DIGITS, Document, digest_text, split_paragraphs
from truceline.talks.lexicon import lexicon
from truceline.talks.speakers import Speakers, SpeakersFile
from truceline.talks.statements import Statement, read_statements

DAY = date(2031, 4, 18)


def speakers(**parts: object) -> Speakers:
    """North and South, a president and a spokesperson each, and clocks."""
    return Speakers(SpeakersFile.model_validate({
        "speakers": 1,
        "parties": [
            {"id": "N", "name": "Norland", "names": ["Norby", "Норландия", "Норландія"], "adjectives": ["Norlandic", "норландский", "норландський"]},
            {"id": "S", "name": "Sudland", "names": ["Sudby", "Судландия", "Судландія"], "adjectives": ["Sudlandic", "судландский", "судландський"]},
        ],
        "people": [
            {"id": "orlov", "name": "Ada Orlova", "names": ["Orlova", "Ада Орлова", "Орлова"], "office": "President", "titles": ["president", "leader", "президент"], "party": "N", "gender": "she"},
            {"id": "berg", "name": "Ivo Berg", "names": ["Berg", "Иво Берг", "Берг", "Іво Берг"], "office": "President", "titles": ["president", "leader", "президент"], "party": "S", "gender": "he"},
        ],
        "bodies": [
            {"id": "n-mod", "name": "Norlandic Defence Ministry", "names": ["Norland’s Defence Ministry"], "party": "N"},
            {"id": "wire", "name": "Coast Wire", "party": None, "media": True},
        ],
        "clocks": {"Norby time": "Europe/Helsinki", "по норбийскому времени": "Europe/Helsinki", "за норбійським часом": "Europe/Helsinki"},
        **parts,
    }))  # fmt: skip


def document(
    text: str, *, language: str = "en", name: str = "report.txt", published: date | None = DAY, **rest: object
) -> Document:
    """A text as a document."""
    digest = digest_text(text)
    return Document(
        document_id=f"doc-{digest[:ID_DIGITS]}", digest=digest, file=name, position=1, text=text, language=language,
        published=published, paragraphs=split_paragraphs(text, lexicon(language)), **rest,  # type: ignore[arg-type]  # fields of a document
    )  # fmt: skip


def said(text: str, *, language: str = "en", who: Speakers | None = None) -> list[Statement]:
    """The statements of a text."""
    return read_statements(document(text, language=language), who or speakers())[0]


def write(folder: Path, name: str, content: str | bytes) -> Path:
    """A file of a test."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path
