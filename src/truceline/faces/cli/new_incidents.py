"""The questions of ``truceline new`` about a table of incidents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from truceline.faces.cli.new_questions import Asker, one_of, pairs_of, read_metres, read_zone
from truceline.faces.cli.render import print_lines
from truceline.workflow.new_case import NamedThing
from truceline.workflow.new_sources import NOT_STATED, IncidentsAnswer
from truceline.workflow.sniff import MEANT, SniffedTable, sniff_incidents
from truceline.workflow.sniff_files import OPENING, Choice, check_option
from truceline.workflow.sniff_words import alike_act, alike_party

if TYPE_CHECKING:  # what was said on the command line is told where the questions are begun
    from truceline.faces.cli.new import Given

#: columns that are asked for in turn where the proposal is refused
ASKED = ("time", "date", "clock", "longitude_deg", "latitude_deg", "coordinates", "act", "text", "place_name")
MEANING = {
    "time": "when it happened",
    "date": "the date",
    "clock": "the time of day",
    "longitude_deg": "longitude",
    "latitude_deg": "latitude",
    "coordinates": "both coordinates",
    "act": "what kind of thing it was",
    "text": "what is told of it",
    "place_name": "the place by name",
    "observation_id": "its id",
    "count": "how many",
}
#: `--word '*=act'`: every row's act, whatever its kind
EVERY = "*"
_MOST_ACTORS = 12


def ask_incidents(
    ask: Asker,
    path: Path,
    acts: Sequence[NamedThing],
    parties: Sequence[NamedThing],
    given: Given,
    *,
    zone: str,
    near: tuple[float, float, float, float] | None,
) -> IncidentsAnswer:
    """What the table holds, by its own signs, the flags and the answers."""
    known: dict[str, Any] = {}
    for name, value in given.options.items():
        try:
            known[name] = check_option(name, str(value))
        except ValueError as error:
            raise typer.BadParameter(f"--{name.replace('_', '-')}: {error}") from error
    if given.columns:
        known["columns"] = _columns(given.columns)
    table = _look(ask, path, known, near)
    _check_columns(table, known.get("columns", {}))
    _show(table)
    if not ask.yes("Is that right?"):
        known["columns"] = _ask_columns(ask, table)
        opening = {name: value for name, value in table.options.items() if name in OPENING}
        if "time_format" not in given.options:  # it was that of the column refused
            known.pop("time_format", None)
        table = _look(ask, path, {**opening, **known}, near)
        table = replace(table, columns={**known["columns"], **_kept(table.columns)})
    _need_columns(ask, table, given.times_zone)
    zone = table.zone or zone
    if table.zone_needed and not (table.zone and given.times_zone is None and ask.accept):
        zone = ask.read("Zone of its times, which carry none", given.times_zone, read_zone, proposal=zone)
        if ask.accept and given.times_zone is None:
            print_lines([f"  its times carry no zone: they are read by the clocks of {zone} (--times-zone)"])
    sd_m = given.position_sd_m or 0.0
    if table.adapter == "table":
        if ask.accept and given.position_sd_m is None:
            print_lines(["  its places are taken to be off by 1000 m, one standard deviation (--accuracy)"])
        sd_m = ask.read("How far off may a place be, metres (one standard deviation)", None if given.position_sd_m is None else str(given.position_sd_m), read_metres, proposal="1000")  # fmt: skip
    words, single = _ask_words(ask, table, acts, given.words)
    return IncidentsAnswer(
        table=table,
        title=f"Incidents ({table.path.name})",
        publisher=given.publisher,
        licence=given.licence or NOT_STATED,
        zone=zone,
        position_sd_m=sd_m,
        acts=words,
        act=single,
        actors=_ask_actors(ask, table, parties, given.actors),
        hard=given.hard,
    )


def _look(ask: Asker, path: Path, known: dict[str, Any], near: Any) -> SniffedTable:
    """Look at the file, ask what it cannot tell, and look again, until nothing is left to ask."""
    while True:
        table = sniff_incidents(path, known, near=near)
        if not table.choices:
            return table
        for choice in table.choices:
            known[choice.option] = _answer(ask, choice)
        ask.settle()


def _answer(ask: Asker, choice: Choice) -> Any:
    if ask.accept and choice.proposal is None:
        ask.need(choice.question + ".", f"{choice.flag} {' or '.join(repr(one) for one in choice.likely)}")
        return choice.likely[0] if choice.likely else ""
    if ask.accept:
        print_lines([f"  {choice.question}: {choice.proposal} taken ({choice.flag})"])
    likely = f" [{' | '.join(choice.likely)}]" if choice.likely and choice.proposal is None else ""

    def read(text: str) -> Any:
        if choice.option == "time_format":
            text = {"day": choice.likely[0], "month": choice.likely[1]}.get(text.strip(), text)
        return check_option(choice.option, text.strip())

    return ask.read(choice.question + likely, None, read, proposal=choice.proposal)


def _columns(texts: Sequence[str]) -> dict[str, str]:
    columns = {}
    for text in texts:
        name, found, header = text.partition("=")
        if not found or name not in MEANING:
            raise typer.BadParameter(f"--column {text}: expected NAME=HEADER with one of {', '.join(MEANING)}")  # fmt: skip
        columns[name] = header
    return columns


def _check_columns(table: SniffedTable, fixed: Mapping[str, str]) -> None:
    for name, header in fixed.items():
        if header not in table.header:
            raise typer.BadParameter(f"--column {name}={header}: the file has no such column, it has {', '.join(table.header)}")  # fmt: skip


def _kept(columns: Mapping[str, str]) -> dict[str, str]:
    return {name: header for name, header in columns.items() if name in ("observation_id", "count")}


def _show(table: SniffedTable) -> None:
    print_lines(["", f"{table.path.name}: {table.n_rows} rows; columns: {', '.join(table.header)}"])
    print_lines(f"  {MEANING.get(name, name):28} {header}" for name, header in table.columns.items())
    if table.has_points:
        print_lines([f"  {'place':28} points of the layer"])
    shown = {name: value for name, value in table.options.items() if name != "delimiter" or value != ","}
    print_lines(f"  {name.replace('_', ' '):28} {value!r}" for name, value in shown.items())
    if table.first is not None and table.last is not None:
        print_lines([f"  {'from, to':28} {table.first:%Y-%m-%d}, {table.last:%Y-%m-%d}"])
    print_lines(f"  {doubt}" for doubt in table.doubts)


def _need_columns(ask: Asker, table: SniffedTable, times_zone: str | None) -> None:
    """What no case can do without; with ``--yes`` an error at once."""
    if not {"time", "date"} & table.columns.keys():
        _need(ask, "Which column says when it happened?", "--column time=HEADER (and --time-format PATTERN)")
    if not ({"longitude_deg", "coordinates", "place_name"} & table.columns.keys() or table.has_points):
        _need(ask, "Which columns say where?", "--column longitude_deg=HEADER --column latitude_deg=HEADER, or --column coordinates=HEADER")  # fmt: skip
    if table.zone_word is not None and times_zone is None and ask.accept:
        ask.need(f"Which zone do the letters {table.zone_word!r} after the times stand for?", "--times-zone ZONE (such as Europe/Kyiv)")  # fmt: skip
    ask.settle()


def _need(ask: Asker, question: str, flag: str) -> None:
    if ask.accept:
        ask.need(question, flag)
    else:
        print_lines([f"  {question} Without it no row can be used; give {flag}."])


def _ask_columns(ask: Asker, table: SniffedTable) -> dict[str, str]:
    columns: dict[str, str] = {}
    for name in ASKED:
        if (table.has_points and name in ("longitude_deg", "latitude_deg", "coordinates")) or _is_told(name, columns):  # fmt: skip
            continue
        header = ask.read(f"Column for {MEANING[name]} (empty: none)", None, one_of(table.header, or_nothing=True), proposal=table.columns.get(name, ""))  # fmt: skip
        if header:
            columns[name] = header
    return columns


def _is_told(name: str, columns: Mapping[str, str]) -> bool:
    """Whether a question has its answer in those before."""
    if name in ("date", "clock") and "time" in columns:
        return True
    if name == "clock" and "date" not in columns:
        return True
    return name == "coordinates" and "longitude_deg" in columns


def _ask_words(
    ask: Asker, table: SniffedTable, acts: Sequence[NamedThing], given: Sequence[str]
) -> tuple[tuple[tuple[str, str], ...], str | None]:
    """Which word of the file is which act; where there is one act, it may be all rows' act."""
    ids = [act.id for act in acts]
    told = pairs_of(given, "--word", ids)
    every = told.pop(EVERY, None)
    is_table = table.adapter == "table"
    if every is not None and is_table:
        table.columns.pop("act", None)
        return (), every or None
    if "act" not in table.columns or not table.words:
        if len(ids) > 1 and is_table:
            _need_act(ask, "No column says which act a row is.", ids)
        return (), ids[0] if len(ids) == 1 else None
    names = [(act.id, act.name) for act in acts]
    known = dict(told)
    if not ask.accept and not given:
        print_lines(["Which of its kinds are which act? (-: none of them)"])
    for word, n in table.words:
        if word in known:
            continue
        meant = f"{word} ({MEANT[word]})" if table.adapter == "ucdp_ged" and word in MEANT else word
        alike = every if every is not None else alike_act(word, names) or ""
        if table.adapter == "ucdp_ged" and word == "1" and len(ids) == 1:
            alike = ids[0]
        known[word] = alike if given else ask.read(f"  {meant} ({n} rows)", None, one_of(ids, or_nothing=True), proposal=alike)  # fmt: skip
    if ask.accept or given:
        print_lines(f"  {word!r:28} {act or 'no act of the terms'} ({n} rows)" for word, n in table.words for act in [known[word]])  # fmt: skip
    if not any(known.values()):
        _need_act(ask, f"None of the kinds in {table.columns['act']!r} is plainly an act of the terms.", ids)
    return tuple(known.items()), None


def _need_act(ask: Asker, what: str, ids: Sequence[str]) -> None:
    flag = f"--word 'WORD=ACT' for each kind that is one, or --word '*={ids[0]}' where every row is"
    if ask.accept:
        ask.need(what, flag)
    else:
        print_lines([f"  {what} No row will count as one; {flag} tells."])


def _ask_actors(
    ask: Asker, table: SniffedTable, parties: Sequence[NamedThing], given: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """Which actor of an event data set is which party."""
    if table.adapter == "table":
        return ()
    ids = [party.id for party in parties]
    known = pairs_of(given, "--actor", ids)
    names = [(party.id, party.name) for party in parties]
    for actor, n in table.actors[:_MOST_ACTORS]:
        if actor in known:
            continue
        alike = alike_party(actor, names) or ""
        known[actor] = alike if given else ask.read(f"  {actor} ({n} rows): which party, if one of them", None, one_of(ids, or_nothing=True), proposal=alike)  # fmt: skip
    taken = [(actor, party) for actor, party in known.items() if party]
    print_lines(f"  {actor!r:28} the party {party!r}" for actor, party in taken)
    if not taken:
        print_lines(["  no actor was taken for a party: records will accuse nobody (--actor 'NAME=PARTY')"])
    return tuple(taken)
