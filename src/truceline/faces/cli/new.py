"""``truceline new``: asks for what a case needs, proposes what the files show, writes the case."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import typer

from truceline.faces.cli.render import print_lines
from truceline.workflow.new_case import (
    Answers,
    IncidentsAnswer,
    MapAnswer,
    NamedThing,
    short_name,
    write_case,
)
from truceline.workflow.sniff import SniffedMap, SniffedTable, sniff_incidents, sniff_map

T = TypeVar("T")

#: columns that are asked for in turn where the proposal is refused
ASKED = ("time", "longitude_deg", "latitude_deg", "act", "text", "place_name")
MEANING = {
    "time": "when it happened",
    "longitude_deg": "longitude",
    "latitude_deg": "latitude",
    "act": "what kind of thing it was",
    "text": "what is told of it",
    "place_name": "the place by name",
    "observation_id": "its id",
    "count": "how many",
}


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
    words: Sequence[str] = ()
    position_sd_m: float | None = None
    accept: bool = False


def make_case(folder: Path, given: Given) -> None:
    """Ask for what is not given, write the case into ``folder``, and say what to do next."""
    ask = _Asker(accept=given.accept)
    title = ask.text("Title of the truce", given.title, proposal=folder.name.replace("-", " ").capitalize())
    zone = ask.read("Zone in which its days are counted (such as Europe/Kyiv, Asia/Aden, UTC)", given.zone, _zone, proposal="UTC")  # fmt: skip
    start = ask.read("Start (such as 2025-04-19 18:00)", given.start, lambda text: _moment(text, zone))
    stop = ask.read("End", given.stop, lambda text: _after(_moment(text, zone), start))
    parties = _named(ask, given.parties, "Name of a party", least=2)
    acts = _named(ask, given.acts, "Something it forbids (such as Shelling)", least=1)
    incidents = map_answer = None
    path = ask.file("File of incidents or sightings (empty: none)", given.incidents)
    if path is not None:
        incidents = _ask_incidents(ask, sniff_incidents(path), acts, given, zone=zone)
    path = ask.file("File of the line or of who holds what (empty: none)", given.line)
    if path is not None:
        map_answer = _ask_map(ask, path, parties, given, start=start)
    answers = Answers(
        id=folder.name,
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
    print_lines(
        [
            "",
            f"wrote              {folder}",
            f"look it through    {folder / 'truce.yaml'} and {folder / 'case.yaml'}",
            f"what is read       truceline sources {folder}",
            f"judge              truceline verify {folder}",
        ]
    )


class _Asker:
    """Questions on the terminal; an answer that cannot be read is asked for again."""

    def __init__(self, *, accept: bool) -> None:
        self.accept = accept

    def text(self, question: str, given: str | None, *, proposal: str | None = None) -> str:
        return self.read(question, given, str, proposal=proposal)

    def read(self, question: str, given: str | None, read: Callable[[str], T], *, proposal: str | None = None) -> T:  # fmt: skip
        if given is None and self.accept and proposal is not None:
            given = proposal
        if given is not None:
            try:
                return read(given)
            except ValueError as error:
                raise typer.BadParameter(f"{question}: {error}") from error
        while True:
            answer = typer.prompt(question, default=proposal)
            try:
                return read(answer)
            except ValueError as error:
                print_lines([f"  {error}"])

    def yes(self, question: str) -> bool:
        return self.accept or typer.confirm(question, default=True)

    def file(self, question: str, given: Path | None) -> Path | None:
        if given is not None:
            return given
        if self.accept:
            return None
        return self.read(question, None, _file, proposal="")


def _file(text: str) -> Path | None:
    if not text.strip():
        return None
    path = Path(text.strip()).expanduser()
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    return path


def _zone(text: str) -> str:
    try:
        ZoneInfo(text.strip())
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{text!r} is no time zone; expected a name such as Europe/Kyiv or UTC") from error
    return text.strip()


def _moment(text: str, zone: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ValueError(f"{text!r} is no time; expected one such as 2025-04-19 18:00") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))


def _after(moment: datetime, start: datetime) -> datetime:
    if moment <= start:
        raise ValueError(f"the end is not after the start ({start.isoformat()})")
    return moment


def _named(ask: _Asker, given: Sequence[str], question: str, *, least: int) -> tuple[NamedThing, ...]:
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


def _ask_incidents(
    ask: _Asker, table: SniffedTable, acts: Sequence[NamedThing], given: Given, *, zone: str
) -> IncidentsAnswer:
    print_lines(["", f"{table.path.name}: {table.n_rows} rows; columns: {', '.join(table.header)}"])
    print_lines(f"  {MEANING.get(name, name):28} {header}" for name, header in table.columns.items())
    if table.has_points:
        print_lines([f"  {'place':28} points of the layer"])
    print_lines(f"  {doubt}" for doubt in table.doubts)
    if not ask.yes("Is that right?"):
        table = replace(table, columns=_ask_columns(ask, table))
    if table.zone_needed:
        zone = ask.read("Zone of its times, which carry none", None, _zone, proposal=zone)
    sd_m = ask.read("How far off may a place be, metres (one standard deviation)", None if given.position_sd_m is None else str(given.position_sd_m), _metres, proposal="1000")  # fmt: skip
    words, single = _ask_words(ask, table, acts, given.words)
    return IncidentsAnswer(
        table=table,
        title=f"Incidents ({table.path.name})",
        zone=zone,
        position_sd_m=sd_m,
        acts=words,
        act=single,
    )


def _ask_columns(ask: _Asker, table: SniffedTable) -> dict[str, str]:
    columns = {}
    for name in ASKED:
        if table.has_points and name in ("longitude_deg", "latitude_deg"):
            continue

        def known(text: str) -> str:
            if text and text not in table.header:
                raise ValueError(f"there is no column {text!r}")
            return text

        header = ask.read(f"Column for {MEANING[name]} (empty: none)", None, known, proposal=table.columns.get(name, ""))  # fmt: skip
        if header:
            columns[name] = header
    return columns


def _metres(text: str) -> float:
    metres = float(text)
    if metres <= 0:
        raise ValueError("expected metres, more than none")
    return metres


def _ask_words(
    ask: _Asker, table: SniffedTable, acts: Sequence[NamedThing], given: Sequence[str]
) -> tuple[tuple[tuple[str, str], ...], str | None]:
    """Which word of the file is which act; where there is one act, it may be all rows' act."""
    ids = [act.id for act in acts]
    if "act" not in table.columns or not table.words:
        return (), ids[0] if len(ids) == 1 else None
    pairs = []
    for text in given:
        word, _, act = text.rpartition("=")
        if act not in ids:
            raise typer.BadParameter(f"--word {text}: got the act {act!r}, expected {' | '.join(ids)}")
        pairs.append((word, act))
    known = dict(pairs)

    def one_of(text: str) -> str:
        if text and text not in ids:
            raise ValueError(f"expected one of {', '.join(ids)}, or nothing")
        return text

    if not given:
        print_lines(["Which of its kinds are which act? (empty: none of them)"])
    for word, n in table.words:
        if word not in known:
            alike = next((act.id for act in acts if act.id in word.casefold() or act.name.casefold() in word.casefold()), "")  # fmt: skip
            taken = "" if given else ask.read(f"  {word} ({n} rows)", None, one_of, proposal=alike)
            known[word] = taken
    return tuple(known.items()), None


def _ask_map(
    ask: _Asker, path: Path, parties: Sequence[NamedThing], given: Given, *, start: datetime
) -> MapAnswer:
    layer: SniffedMap | None = sniff_map(path)
    if layer is None:
        raise typer.BadParameter(f"{path}: expected polygons of held ground, or a line; found neither")
    ids = [party.id for party in parties]

    def party(text: str) -> str:
        if text not in ids:
            raise ValueError(f"expected one of {', '.join(ids)}")
        return text

    print_lines(["", f"{path.name}: {layer.n_features} features, {layer.kind}s"])
    day = ask.read("From which day does it show the ground?", given.line_date, _day, proposal=(layer.day or start.date()).isoformat())  # fmt: skip
    question = (
        "Which party holds the polygons?"
        if layer.kind == "polygon"
        else "Which party is on the left of the line, as it is drawn?"
    )
    holder = ask.read(question, None, party, proposal=ids[0])
    other = next(one for one in ids if one != holder)
    return MapAnswer(layer=layer, title=f"Map of control ({path.name})", day=day, holder=holder, other=other)


def _day(text: str) -> str:
    try:
        return datetime.fromisoformat(text.strip()).date().isoformat()
    except ValueError as error:
        raise ValueError(f"{text!r} is no date; expected one such as 2025-04-18") from error
