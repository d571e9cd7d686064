"""``truceline new``: asks for what a case needs, proposes what the files show, writes the case, reads it once."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from truceline.base.language import _
from truceline.faces.cli.new_apart import check_apart
from truceline.faces.cli.new_incidents import ask_incidents, look_at_incidents
from truceline.faces.cli.new_meanings import show_kinds
from truceline.faces.cli.new_questions import (
    Asker,
    Unanswered,
    read_after,
    read_day,
    read_moment,
    read_name,
    read_zone,
    thing_of,
)
from truceline.faces.cli.render import print_lines
from truceline.workflow.new_case import (
    Answers,
    NamedThing,
    check_folder,
    crosses_antimeridian,
    read_region,
    region_around,
    short_name,
    write_case,
)
from truceline.workflow.new_compass import where_left
from truceline.workflow.new_outcome import outcome_lines
from truceline.workflow.new_sources import MapAnswer
from truceline.workflow.new_words import NOT_STATED
from truceline.workflow.sniff_map import SniffedMap, sniff_map
from truceline.workflow.sniff_words import alike_party


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
    region: str | None = None
    words: Sequence[str] = ()
    actors: Sequence[str] = ()
    columns: Sequence[str] = ()
    options: dict[str, Any] = field(default_factory=dict)  #: of ``table``
    times_zone: str | None = None
    position_sd_m: float | None = None
    looked_every_day: str | None = None
    hard: bool = False
    publisher: str = ""
    licence: str = ""
    line_publisher: str = ""
    line_licence: str = ""
    accept: bool = False


def make_case(folder: Path, given: Given) -> None:
    """Ask for what is not given, write the case into ``folder``, read it, and say what to do next.

    What the files show is shown before what they cannot tell is asked.
    """
    check_folder(folder)
    ask = Asker(accept=given.accept)
    layer = None if given.line is None else _look_at_map(given.line)
    near = None if layer is None else layer.box
    if given.accept:
        _need_basics(ask, given, layer)
    name = folder.resolve().name
    title = ask.read(_("Title of the truce"), given.title, read_name, flag="--title TEXT", proposal=name.replace("-", " ").capitalize())  # fmt: skip
    zone = ask.read(_("Zone in which its days are counted (such as Europe/Kyiv, Asia/Aden, UTC)"), given.zone, read_zone, flag="--zone ZONE", proposal="UTC")  # fmt: skip
    start = ask.read(_("Start (such as 2025-04-19 18:00)"), given.start, lambda text: read_moment(text, zone), flag="--start TIME")  # fmt: skip
    stop = ask.read(_("End"), given.stop, lambda text: read_after(read_moment(text, zone), start), flag="--stop TIME")  # fmt: skip
    parties = _named(ask, given.parties, _("Name of a party"), flag="--party ID=NAME", least=2)
    path = ask.file(_("File of incidents or sightings"), given.incidents, flag="--incidents FILE")  # fmt: skip
    table = None
    if path is not None:
        table = look_at_incidents(ask, path, given, parties=parties, near=near)
        check_apart(ask, table.box, near, region=given.region)
        show_kinds(table)
    acts = _named(ask, given.acts, _("Something it forbids (such as Shelling)"), flag="--act ID=NAME", least=1)  # fmt: skip
    incidents = None
    if table is not None:
        incidents = ask_incidents(ask, table, acts, parties, given, zone=zone, window=(start, stop))
    ask.settle()
    path = ask.file(_("File of the line or of who holds what"), given.line, flag="--line FILE", needed=incidents is None)  # fmt: skip
    map_answer = None
    if path is not None:
        if layer is None:
            layer = _look_at_map(path)
            check_apart(ask, table.box if table else None, layer.box, region=given.region)
            ask.settle()
        map_answer = _ask_map(ask, layer, parties, given, start=start)
    boxes = (table.box if table else None, map_answer.layer.box if map_answer else None)
    region = None if given.region else region_around(*boxes)
    if region is None and crosses_antimeridian(*boxes):
        raise Unanswered(_("The files lie on both sides of the meridian of 180 degrees, across which no case can be drawn yet: make a case of either side, with files cut at that meridian"))  # fmt: skip
    if region is None:
        question = _("Region of the case, for no file shows where it lies: west, south, east, north (such as 36, 47, 39, 50)")  # fmt: skip
        region = ask.read(question, given.region, read_region, flag="--region W,S,E,N")
    answers = Answers(
        id=name if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name) else short_name(name, otherwise="truce"),
        title=title,
        parties=parties,
        acts=acts,
        start=start,
        stop=stop,
        zone=zone,
        region=region,
        incidents=incidents,
        map=map_answer,
    )
    write_case(folder, answers)
    _say_next(folder, answers, accept=given.accept)


def _refuse_empty(folder: Path, *, accept: bool) -> None:
    """A case of which nothing is used is no success; where nothing was typed for it, it is taken away again."""
    if not accept:
        raise Unanswered(_("Nothing of a file is used: the case is written, and has to be corrected"))
    shutil.rmtree(folder)
    raise Unanswered(_("Nothing of a file is used: no case was left; give the flags that the reason names"))


def _say_next(folder: Path, answers: Answers, *, accept: bool) -> None:
    labels = {name: text.ljust(18) for name, text in (("wrote", _("wrote")), ("look", _("look it through")), ("read", _("what is read")), ("judge", _("judge")))}  # fmt: skip
    print_lines(["", f"{labels['wrote']} {folder}"])
    if answers.incidents is not None or answers.map is not None:
        told, sound = outcome_lines(folder)
        print_lines(told)
        if not sound:
            _refuse_empty(folder, accept=accept)
    print_lines(
        [
            f"{labels['look']} {folder / 'truce.yaml'}, {folder / 'case.yaml'}",
            f"{labels['read']} truceline sources {folder}",
            f"{labels['judge']} truceline verify {folder}",
        ]
    )


def _need_basics(ask: Asker, given: Given, layer: SniffedMap | None) -> None:
    """With ``--yes``: everything that nothing proposes and no flag gives, told in one error."""
    if given.start is None:
        ask.need(_("When does the truce begin?"), "--start TIME")
    if given.stop is None:
        ask.need(_("When does it end?"), "--stop TIME")
    if len(given.parties) < 2:
        ask.need(_("Who are its parties, two or more?"), "--party ID=NAME --party ID=NAME")
    if not given.acts:
        ask.need(_("What does it forbid?"), "--act ID=NAME")
    if given.incidents is None and given.line is None:
        ask.need(_("Which file is there to begin with?"), "--incidents FILE, --line FILE")
    if layer is not None and given.left is None:
        ask.need(_whose(layer), "--left PARTY")
    if not ask.open:
        return
    near = None if layer is None else layer.box
    if given.incidents is not None:  # what the file cannot tell is asked for in the same breath
        table = look_at_incidents(ask, given.incidents, given, parties=(), near=near)
        check_apart(ask, table.box, near, region=given.region)
        show_kinds(table)
    ask.settle()


def _named(
    ask: Asker, given: Sequence[str], question: str, *, flag: str, least: int
) -> tuple[NamedThing, ...]:
    """``Name`` or ``id=Name``, one after the other; an empty answer ends once there are enough."""
    things: list[NamedThing] = []
    kind = flag.split()[0].strip("-")

    def read(answer: str) -> NamedThing | None:
        before, found, after = answer.partition("=")
        name = (after if found else before).strip()
        if not answer.strip() and len(things) >= least:
            return None
        if not name:
            raise ValueError(_("expected a name"))
        if name in [thing.name for thing in things]:
            raise ValueError(_("{name} is named already").format(name=name))
        taken = [thing.id for thing in things]
        return NamedThing(id=short_name(before if found else name, taken=taken, otherwise=kind), name=name)

    for text in given:
        thing = ask.read(question, text, read, flag=flag)
        if thing is not None:
            things.append(thing)
    while len(things) < least or not (given or ask.accept):
        enough = len(things) >= least
        said = f"{question} {len(things) + 1}" + (" " + _("(empty: no more)") if enough else "")
        thing = ask.read(said, None, read, flag=flag, proposal="" if enough else None)
        if thing is None:
            break
        things.append(thing)
    return tuple(things)


def _look_at_map(path: Path) -> SniffedMap:
    layer = sniff_map(path)
    if layer is None:
        raise Unanswered(f"{path}: " + _("expected polygons of held ground, or a line; found neither") + " (--line)")  # fmt: skip
    return layer


def _ask_map(
    ask: Asker, layer: SniffedMap, parties: Sequence[NamedThing], given: Given, *, start: datetime
) -> MapAnswer:
    is_line = layer.kind != "polygon"
    counted = _("lines: {n}") if is_line else _("polygons: {n}")
    print_lines(["", f"{layer.path.name}: {counted.format(n=layer.n_features)}"])
    day = ask.read(_("From which day does it show the ground?"), given.line_date, read_day, flag="--line-date DAY", proposal=(layer.day or start.date()).isoformat())  # fmt: skip
    if given.accept and given.line_date is None:
        why = _("by the file's name") if layer.day else _("the file's name tells none: the truce's first day")
        print_lines(["  " + _("taken to show the ground from {day}: {why} (--line-date)").format(day=day, why=why)])  # fmt: skip
    names = {party.id: party.name for party in parties}
    if layer.kind == "polygon":
        _tell_holders(layer, list(names.items()))
    if given.left is not None and (hand := where_left(layer)):  # else it stands in the question
        print_lines(["  " + hand])
    question = f"{_whose(layer)} ({', '.join(names.values())})"
    # nothing in a map tells its sides, and a wrong one turns blame round: neither Enter nor --yes takes one
    holder = ask.read(question, given.left, thing_of(parties), flag="--left PARTY")
    other = next(one for one in names if one != holder)
    answer = MapAnswer(layer=layer, day=day, holder=holder, other=other)
    return replace(answer, publisher=given.line_publisher, licence=given.line_licence or NOT_STATED)


def _whose(layer: SniffedMap) -> str:
    """The question who is where on the map."""
    if layer.kind == "polygon":
        return _("Which party holds the polygons?")
    question = _("Which party is on the left of the line, as it is drawn?")
    return " ".join(filter(None, (question, where_left(layer))))


def _tell_holders(layer: SniffedMap, names: Sequence[tuple[str, str]]) -> None:
    """Say which attribute names parties: one map may show the ground of several."""
    for attribute, values in layer.few.items():
        named = [value for value in values if alike_party(value, names)]
        if named:
            print_lines(["  " + _("Its attribute {name} names parties: {values}. If it says who holds what, give case.yaml `holder_field` and `holders` in place of `holder_party`.").format(name=repr(attribute), values=", ".join(named))])  # fmt: skip
