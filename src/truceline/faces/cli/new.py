"""``truceline new``: asks for what a case needs, proposes what the files show, writes the case, reads it once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import typer

from truceline.faces.cli.new_incidents import ask_incidents
from truceline.faces.cli.new_questions import (
    Asker,
    one_of,
    read_after,
    read_day,
    read_moment,
    read_zone,
)
from truceline.faces.cli.render import print_lines
from truceline.workflow.new_case import Answers, NamedThing, short_name, write_case
from truceline.workflow.new_outcome import outcome_lines
from truceline.workflow.new_sources import NOT_STATED, MapAnswer
from truceline.workflow.sniff import SniffedMap, sniff_map


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What was said on the command line; the rest is asked, or with ``accept`` taken as proposed."""

    title: str | None = None
    parties: Sequence[str] = ()
    acts: Sequence[str] = ()
    start: str | None = None
    stop: str | None = None
    zone: str | None = None
    incidents: Path | None = None
    line: Path | None = None
    line_date: str | None = None
    left: str | None = None
    words: Sequence[str] = ()
    actors: Sequence[str] = ()
    columns: Sequence[str] = ()
    options: dict[str, Any] = field(default_factory=dict)  #: of ``table``
    times_zone: str | None = None
    position_sd_m: float | None = None
    hard: bool = False
    publisher: str = ""
    licence: str = ""
    line_publisher: str = ""
    line_licence: str = ""
    accept: bool = False


def make_case(folder: Path, given: Given) -> None:
    """Ask for what is not given, write the case into ``folder``, read it, and say what to do next."""
    ask = Asker(accept=given.accept)
    title = ask.text("Title of the truce", given.title, proposal=folder.name.replace("-", " ").capitalize())
    zone = ask.read("Zone in which its days are counted (such as Europe/Kyiv, Asia/Aden, UTC)", given.zone, read_zone, proposal="UTC")  # fmt: skip
    start = ask.read("Start (such as 2025-04-19 18:00)", given.start, lambda text: read_moment(text, zone))
    stop = ask.read("End", given.stop, lambda text: read_after(read_moment(text, zone), start))
    parties = _named(ask, given.parties, "Name of a party", least=2)
    acts = _named(ask, given.acts, "Something it forbids (such as Shelling)", least=1)
    layer = None if given.line is None else _look_at_map(given.line)
    incidents = None
    path = ask.file("File of incidents or sightings (empty: none)", given.incidents)
    if path is not None:
        near = None if layer is None else layer.box
        incidents = ask_incidents(ask, path, acts, parties, given, zone=zone, near=near)
    path = ask.file("File of the line or of who holds what (empty: none)", given.line)
    map_answer = None
    if path is not None:
        map_answer = _ask_map(ask, layer or _look_at_map(path), parties, given, start=start)
    ask.settle()
    answers = Answers(
        id=short_name(folder.name, taken=()) if not folder.name.isascii() else folder.name,
        title=title,
        parties=parties,
        acts=acts,
        start=start,
        stop=stop,
        zone=zone,
        incidents=incidents,
        map=map_answer,
    )
    write_case(folder, answers)
    print_lines(["", f"wrote              {folder}"])
    if incidents is not None or map_answer is not None:
        print_lines(outcome_lines(folder))
    print_lines(
        [
            f"look it through    {folder / 'truce.yaml'} and {folder / 'case.yaml'}",
            f"what is read       truceline sources {folder}",
            f"judge              truceline verify {folder}",
        ]
    )


def _named(ask: Asker, given: Sequence[str], question: str, *, least: int) -> tuple[NamedThing, ...]:
    """``Name`` or ``id=Name``, one after the other; an empty answer ends once there are enough."""
    things: list[NamedThing] = []
    said = list(given)
    while True:
        enough = len(things) >= least
        if said:
            answer = said.pop(0)
        elif enough and (ask.accept or given):
            return tuple(things)
        else:
            answer = ask.text(f"{question} {len(things) + 1}" + (" (empty: no more)" if enough else ""), None, proposal="" if enough else None)  # fmt: skip
        if not answer.strip():
            if enough:
                return tuple(things)
            continue
        before, found, after = answer.partition("=")
        name = (after if found else before).strip()
        chosen = short_name(before if found else name, taken=[thing.id for thing in things])
        things.append(NamedThing(id=chosen, name=name))


def _look_at_map(path: Path) -> SniffedMap:
    layer = sniff_map(path)
    if layer is None:
        raise typer.BadParameter(f"{path}: expected polygons of held ground, or a line; found neither")
    return layer


def _ask_map(
    ask: Asker, layer: SniffedMap, parties: Sequence[NamedThing], given: Given, *, start: datetime
) -> MapAnswer:
    ids = [party.id for party in parties]
    print_lines(["", f"{layer.path.name}: {layer.n_features} features, {layer.kind}s"])
    day = ask.read("From which day does it show the ground?", given.line_date, read_day, proposal=(layer.day or start.date()).isoformat())  # fmt: skip
    if given.accept and given.line_date is None:
        why = "by the file's name" if layer.day else "for the file's name tells none: the truce's first day"
        print_lines([f"  taken to show the ground from {day} ({why}; --line-date)"])
    question = (
        "Which party holds the polygons?"
        if layer.kind == "polygon"
        else "Which party is on the left of the line, as it is drawn?"
    )
    holder = ask.read(question, given.left, one_of(ids), proposal=ids[0])
    if given.accept and given.left is None:
        where = "holds the polygons" if layer.kind == "polygon" else "stands on the left of the line as drawn"
        print_lines([f"  nothing in it tells the parties' sides: {holder!r} is taken as the one that {where} (--left)"])  # fmt: skip
    other = next(one for one in ids if one != holder)
    answer = MapAnswer(layer=layer, title=f"Map of control ({layer.path.name})", day=day, holder=holder, other=other)  # fmt: skip
    return replace(answer, publisher=given.line_publisher, licence=given.line_licence or NOT_STATED)
