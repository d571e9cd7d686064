"""Everything that was read from a set of documents."""

from __future__ import annotations

from dataclasses import dataclass

from truceline.talks.compare import Alignment
from truceline.talks.copies import CopyGroup
from truceline.talks.documents import Document
from truceline.talks.events import Event
from truceline.talks.speakers import Speakers
from truceline.talks.statements import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Everything that was read, ready to be viewed."""

    documents: tuple[Document, ...]
    statements: tuple[Statement, ...]
    alignments: tuple[Alignment, ...]
    copies: tuple[CopyGroup, ...]
    speakers: Speakers
    events: tuple[Event, ...] = ()  #: what the reports tell by themselves


def source_of(document: Document) -> str:
    """How a document is called: its outlet, else its title, else its file."""
    return document.outlet or document.title or document.file


def copy_groups(reading: Reading) -> dict[str, str]:
    """Document → the first of its copies, for documents that have any."""
    return {name: group.document_ids[0] for group in reading.copies for name in group.document_ids}
