"""``talks read``: files into statements, views of them and proposals to a case."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from truceline import __version__
from truceline.base.canonical import digest_bytes
from truceline.base.errors import CallError, InputError, Problem
from truceline.base.language import _, pgettext
from truceline.fetch.extractor import asker
from truceline.reports.talks import render_talks
from truceline.store.folder import MARKER, OutputFolder
from truceline.talks.aside import set_aside
from truceline.talks.compare import align
from truceline.talks.copies import find_copies
from truceline.talks.documents import Document
from truceline.talks.events import Event, read_events
from truceline.talks.extractor import Ask, added, extract
from truceline.talks.pairs import tellings
from truceline.talks.propose import propose
from truceline.talks.read_files import read_documents
from truceline.talks.reading import Reading, source_of
from truceline.talks.speakers import Entity, Speakers, read_speakers
from truceline.talks.statements import SCHEMA_ID, Statement, read_headlines, read_statements
from truceline.talks.views import build_views, quotation, told_event

STATEMENTS = "statements.json"
EVENTS = "events.json"
DOCUMENTS = "documents.json"
VIEWS = "views.json"
PROPOSALS = "proposals.json"
PAGE = "report.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class TalksOutcome:
    """What a reading found, and where it lies."""

    out: Path
    documents: int
    statements: int
    events: int
    aligned: int
    copies: int
    proposals: int
    problems: tuple[Problem, ...]

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "out": self.out, "documents": self.documents, "statements": self.statements, "events": self.events, "aligned": self.aligned,
            "copies": self.copies, "proposals": self.proposals, "problems": self.problems, "page": self.out / PAGE,
        }  # fmt: skip

    def lines(self) -> list[str]:
        """As text for a terminal."""
        told: tuple[tuple[str, object], ...] = (
            (_("documents"), self.documents),
            (_("statements"), self.statements),
            (_("told by reports"), self.events),
            (_("told by several"), self.aligned),
            (_("copies"), self.copies),
            (_("proposals"), self.proposals),
            (_("remarks"), len(self.problems)),
            (pgettext("label", "report"), self.out / PAGE),
        )
        return [f"{name:<18} {what}" for name, what in told]


def read_talks(
    files: Sequence[Path],
    *,
    out: Path,
    case: Path | None = None,
    published: date | None = None,
    speaker: str | None = None,
    extractor: str | None = None,
) -> TalksOutcome:
    """Read files into ``out``: statements, documents, texts, views, proposals and a page.

    ``extractor``: address of one, or a program (``fetch.extractor``); what it finds beyond the rules is marked with its name.

    Raises
    ------
    CallError
        If the extractor is none.
    InputError
        If no file could be read: with what each is.
    CaseError
        If the case's ``speakers.yaml`` is wrong.
    OutputError
        If ``out`` cannot be written.
    """
    asked = asker(extractor) if extractor else None
    speakers = read_speakers(case)
    documents, problems = gather(files, published=published)
    if not documents:
        raise InputError(problems)
    owner = _owner(speaker, speakers)
    reading, found = read_all(documents, speakers, owner=owner, extractor=asked)
    problems += found
    views = build_views(reading)
    proposals = propose(reading.statements, speakers)
    with OutputFolder(out) as folder:
        _write(folder, reading=reading, views=views, proposals=proposals, problems=problems)
    return TalksOutcome(
        out=out, documents=len(reading.documents), statements=len(reading.statements), events=len(reading.events), aligned=len(reading.alignments),
        copies=sum(len(one.document_ids) - 1 for one in reading.copies), proposals=len(proposals), problems=tuple(problems),
    )  # fmt: skip


def gather(files: Sequence[Path], *, published: date | None) -> tuple[list[Document], list[Problem]]:
    """The documents of all files in their order; a text that comes twice is kept once and told."""
    documents: list[Document] = []
    problems: list[Problem] = []
    seen: dict[str, Document] = {}
    for path in files:
        found, told = read_documents(path, published=published)
        problems += told
        for document in found:
            problems += document.remarks
            first = seen.get(document.digest)
            if first is not None:
                problems.append(
                    Problem(
                        code="text_repeated",
                        message=f"the same text as {first.file}, {first.position}",
                        file=document.file,
                        row=document.position,
                        next_step="Nothing: it is read once",
                    )
                )
                continue
            seen[document.digest] = document
            documents.append(document)
    return documents, problems


def _owner(speaker: str | None, speakers: Speakers) -> Entity | None:
    if speaker is None:
        return None
    found = speakers.by_id.get(speaker)
    if found is None:
        raise CallError(
            Problem(
                code="name_unknown",
                message="nobody of the case has that id",
                got=speaker,
                expected=" | ".join(sorted(speakers.by_id)) or "a case with speakers.yaml",
                next_step="Give an id of speakers.yaml",
            )
        )
    return found


def read_all(
    documents: Sequence[Document],
    speakers: Speakers,
    *,
    owner: Entity | None = None,
    extractor: tuple[str, Ask] | None = None,
) -> tuple[Reading, list[Problem]]:
    """The statements of all documents, aligned, with copies told."""
    statements: list[Statement] = []
    events: list[Event] = []
    problems: list[Problem] = []
    for document in documents:
        found, attributed = read_statements(document, speakers, owner=owner)
        statements += [*read_headlines(document, speakers), *found]
        cues = {
            one.statement_id: unit.cue for one, unit in zip(found, attributed.units, strict=True) if unit.cue
        }
        if extractor is not None:
            name, ask = extractor
            extracted = extract(document, speakers, name=name, ask=ask)
            beyond = added(found, extracted.statements)
            statements += beyond
            found = [*found, *beyond]
            problems += extracted.problems(document, name)
        events += read_events(document, found, speakers, cues=cues)
        if attributed.open:
            words = document.text[attributed.open[0].start : attributed.open[0].stop][:60]
            problems.append(
                Problem(
                    code="speaker_open",
                    message=f"{len(attributed.open)} quotations without a speaker",
                    file=document.file,
                    row=document.position,
                    got=words,
                    next_step="Read them in the text; what is said of a term or a title is no statement",
                )
            )
        unclosed = [quote for quote, _ in attributed.speech if not quote.balanced and not quote.continued]
        if unclosed:
            problems.append(
                Problem(
                    code="quote_unclosed",
                    message=f"{len(unclosed)} quotation marks are never closed",
                    file=document.file,
                    row=document.position,
                    got=document.text[unclosed[0].start : unclosed[0].stop][:60],
                    next_step="Look where the quotation ends",
                )
            )
    copies = find_copies(documents)
    groups = {name: one.document_ids[0] for one in copies for name in one.document_ids}
    reading = Reading(
        documents=tuple(documents), statements=tuple(statements), alignments=tuple(align(tellings(statements, groups=groups))),
        copies=tuple(copies), speakers=speakers, events=tuple(events),
    )  # fmt: skip
    return reading, problems


def document_row(document: Document) -> dict[str, Any]:
    """A document as it stands in ``documents.json``."""
    return {
        "document_id": document.document_id, "digest": document.digest, "file": document.file, "position": document.position,
        "title": document.title, "url": document.url, "outlet": document.outlet, "agency": document.author or None,
        "source": source_of(document), "published": document.published.isoformat() if document.published else None,
        "language": document.language, "characters": len(document.text),
        "set_aside": [{"span": [one.start, one.stop], "kind": one.kind, "text": document.text[one.start : one.stop]} for one in set_aside(document)],
        "paragraphs": [[one.start, one.stop, one.kind] for one in document.paragraphs],
        "remarks": [{"code": one.code, "message": one.message} for one in document.remarks],
    }  # fmt: skip


def _write(
    folder: Path,
    *,
    reading: Reading,
    views: dict[str, Any],
    proposals: list[dict[str, Any]],
    problems: Iterable[Problem],
) -> None:
    rows = [document_row(document) for document in reading.documents]
    (folder / "texts").mkdir()
    for document in reading.documents:
        (folder / "texts" / f"{document.document_id}.txt").write_text(
            document.text, encoding="utf-8", errors="surrogatepass", newline=""
        )
    write_json(folder / STATEMENTS, [one.as_dict() for one in reading.statements])
    write_json(folder / EVENTS, [one.as_dict() for one in reading.events])
    write_json(folder / DOCUMENTS, rows)
    write_json(folder / VIEWS, views)
    write_json(folder / PROPOSALS, proposals)
    quoted = {one.statement_id: quotation(one) for one in reading.statements}
    told = {one.event_id: told_event(one) for one in reading.events}
    page = render_talks(
        views, statements=quoted, events=told, documents=rows, proposals=proposals, problems=list(problems)
    )
    (folder / PAGE).write_text(page, encoding="utf-8", errors="replace")
    write_marker(folder, [row["digest"] for row in rows])


def file_digests(folder: Path) -> dict[str, str]:
    """Digest of each file of a reading that a register is filled from."""
    names = (STATEMENTS, EVENTS, DOCUMENTS, VIEWS, PROPOSALS)
    return {name: digest_bytes((folder / name).read_bytes()) for name in names if (folder / name).is_file()}


def write_marker(folder: Path, digests: Sequence[str]) -> None:
    """Say that the folder is Truceline's own, of which texts, and what its files held when they were written."""
    marker = {
        "kind": "talks", "schema": SCHEMA_ID, "version": __version__, "documents": list(digests), "files": file_digests(folder),
    }  # fmt: skip
    (folder / MARKER).write_text(json.dumps(marker, sort_keys=True) + "\n", encoding="utf-8")


def write_json(path: Path, value: object) -> None:
    """A value as JSON that people can read."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    path.write_text(text, encoding="utf-8", errors="replace")
