"""The questions of ``truceline new`` about a table of incidents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truceline.base.language import N_, _
from truceline.faces.cli.new_meanings import ask_actors, ask_words, offer_accused, offer_kinds
from truceline.faces.cli.new_questions import (
    Asker,
    Unanswered,
    one_of,
    read_looked,
    read_metres,
    read_zone,
)
from truceline.faces.cli.render import print_lines
from truceline.workflow.new_case import NamedThing, baseline_start
from truceline.workflow.new_sources import IncidentsAnswer
from truceline.workflow.new_words import NOT_STATED
from truceline.workflow.sniff import SniffedTable, sniff_incidents
from truceline.workflow.sniff_files import OPENING, Choice, check_option

if TYPE_CHECKING:  # what was said on the command line is told where the questions are begun
    from truceline.faces.cli.new import Given

#: columns that are asked for in turn where the proposal is refused
ASKED = ("time", "date", "clock", "longitude_deg", "latitude_deg", "coordinates", "act", "accused_party_id", "text", "place_name")  # fmt: skip
MEANING = {
    "time": N_("when it happened"),
    "date": N_("the date"),
    "clock": N_("the time of day"),
    "longitude_deg": N_("longitude"),
    "latitude_deg": N_("latitude"),
    "coordinates": N_("both coordinates"),
    "act": N_("what kind of thing it was"),
    "accused_party_id": N_("who acted, by the record"),
    "text": N_("what is told of it"),
    "place_name": N_("the place by name"),
    "observation_id": N_("its id"),
    "count": N_("how many"),
}
#: what options of the reading are called for people
OPTION_LABELS = {
    "encoding": N_("encoding"),
    "header_row": N_("row of the header"),
    "delimiter": N_("separator of fields"),
    "layer": N_("layer or sheet"),
    "crs": N_("reference system"),
    "decimal": N_("decimal sign"),
    "time_format": N_("how times are written"),
    "coordinates_order": N_("order of coordinates"),
}


def look_at_incidents(
    ask: Asker,
    path: Path,
    given: Given,
    *,
    parties: Sequence[NamedThing],
    near: tuple[float, float, float, float] | None,
) -> SniffedTable:
    """What the table holds, by its own signs, the flags and the answers: how it is read, which column is what."""
    known: dict[str, Any] = {}
    for name, value in given.options.items():
        try:
            known[name] = check_option(name, str(value))
        except ValueError as error:
            raise Unanswered(f"--{name.replace('_', '-')} {value}: {error}") from error
    said = _columns(given.columns)
    table = _look(ask, path, known, said, near=near)
    if not table.n_rows:
        raise Unanswered(f"{path}: " + _("the file holds no rows of a table") + " (--incidents)")
    _show(table)
    missing = _missing(table)
    if missing and not ask.accept:
        _show_unused(table)
    for question, flag in missing:
        if ask.accept:
            ask.need(question, flag)
        else:
            print_lines(["  " + _("{question} Nothing in the file tells.").format(question=question)])
    if not ask.accept and (missing or not ask.yes(_("Is that right?"), flag="--column NAME=HEADER")):
        said = _ask_columns(ask, table)
        known |= {name: value for name, value in table.options.items() if name in OPENING}
        if "time_format" not in given.options:  # it was that of the column refused
            known.pop("time_format", None)
        table = _look(ask, path, known, said, near=near)
    else:
        if "act" not in said and (header := offer_kinds(ask, table)) is not None:
            said["act"] = header
            table = _look(ask, path, known, said, near=near)
        if "accused_party_id" not in {**said, **table.columns} and (name := offer_accused(ask, table, parties)):  # fmt: skip
            said["accused_party_id"] = name
            table = _look(ask, path, known, said, near=near)
    if table.zone_word is not None and given.times_zone is None and ask.accept:
        question = _("Which zone do the letters {letters} after the times stand for?").format(letters=repr(table.zone_word))  # fmt: skip
        ask.need(question, "--times-zone ZONE")
    _show_unused(table)
    return table


def ask_incidents(
    ask: Asker,
    table: SniffedTable,
    acts: Sequence[NamedThing],
    parties: Sequence[NamedThing],
    given: Given,
    *,
    zone: str,
    window: tuple[datetime, datetime],
) -> IncidentsAnswer:
    """What the table's words mean, and what no file can tell."""
    none = _columns(given.columns).get("act") == ""
    words, single = ask_words(ask, table, acts, given.words, none=none)
    actors = ask_actors(ask, table, parties, given)
    times_zone = _ask_zone(ask, table, given, zone=zone)
    return IncidentsAnswer(
        table=table,
        publisher=given.publisher,
        licence=given.licence or NOT_STATED,
        zone=times_zone,
        position_sd_m=_ask_accuracy(ask, table, given),
        acts=words,
        act=single,
        actors=actors,
        hard=given.hard,
        looked_daily=_ask_looked(ask, table, given, zone=zone, window=window),
    )


def _ask_zone(ask: Asker, table: SniffedTable, given: Given, *, zone: str) -> str:
    zone = table.zone or zone
    if table.zone_needed and not (table.zone and given.times_zone is None and ask.accept):
        zone = ask.read(_("Zone of its times, which carry none"), given.times_zone, read_zone, flag="--times-zone ZONE", proposal=zone)  # fmt: skip
        if ask.accept and given.times_zone is None:
            print_lines(["  " + _("its times carry no zone: they are read by the clocks of {zone} (--times-zone)").format(zone=zone)])  # fmt: skip
    return zone


def _ask_accuracy(ask: Asker, table: SniffedTable, given: Given) -> float:
    """Standard deviation of a place, metres; readers of event data sets know it of each row."""
    sd_m = given.position_sd_m
    if table.adapter != "table":
        return sd_m or 0.0
    if table.places_by_name:
        print_lines(["  " + _("its places are names alone: they are told, and not drawn on the map")])
        return 1000.0 if sd_m is None else sd_m
    if ask.accept and sd_m is None:
        print_lines(["  " + _("its places are taken to be off by {n} m, one standard deviation (--accuracy)").format(n=1000)])  # fmt: skip
    question = _("How far off may a place be, metres (one standard deviation)")
    return ask.read(question, None if sd_m is None else str(sd_m), read_metres, flag="--accuracy METRES", proposal="1000")  # fmt: skip


def _ask_looked(
    ask: Asker, table: SniffedTable, given: Given, *, zone: str, window: tuple[datetime, datetime]
) -> bool | None:
    """Whether a day without a row was a day without incidents; None: not known, which is no yes."""
    first = baseline_start(table, start=window[0], zone=zone)[0].date()
    last = window[1].date()
    question = _(
        "Did somebody look on every day from {first} to {last}, so that a day without a row is a day without incidents? (yes, no, unknown)"
    ).format(first=first, last=last)
    looked = ask.read(question, given.looked_every_day, read_looked, flag="--looked-every-day yes|no|unknown", proposal=_("unknown"))  # fmt: skip
    if ask.accept and given.looked_every_day is None:
        print_lines(["  " + _("whether anybody looked on days without a row is not known: they are missing, not zero (--looked-every-day)")])  # fmt: skip
    if looked and table.last is not None and table.last.date() < last:
        print_lines(["  " + _("the last row is of {last}; the days after it count as days without incidents").format(last=table.last.date())])  # fmt: skip
    return looked


def _look(ask: Asker, path: Path, known: dict[str, Any], said: Mapping[str, str], *, near: Any) -> SniffedTable:  # fmt: skip
    """Look at the file, ask what it cannot tell, and look again, until nothing is left to ask.

    ``known``: options, to which the answers are added; ``said``: column → header, empty for none.
    """
    known.pop("columns", None)
    columns = {name: header for name, header in said.items() if header}
    if columns:
        known["columns"] = columns
    while True:
        table = sniff_incidents(path, known, near=near)
        if table.header:
            _check_columns(table, columns)
        if not table.choices:
            return table.without([name for name, header in said.items() if not header])
        for choice in table.choices:
            known[choice.option] = _answer(ask, choice)
        ask.settle()


def _answer(ask: Asker, choice: Choice) -> Any:
    flag = f"{choice.flag} {'|'.join(repr(one) for one in choice.likely) or choice.option.upper()}"
    if ask.accept and choice.proposal is None:
        ask.need(choice.question, f"{choice.flag} {' or '.join(repr(one) for one in choice.likely)}")
        return choice.likely[0] if choice.likely else ""
    if ask.accept:
        print_lines([f"  {choice.question}: {choice.proposal} ({choice.flag})"])
    likely = f" [{' | '.join(choice.likely)}]" if choice.likely and choice.proposal is None else ""

    def read(text: str) -> Any:
        if choice.option == "time_format":
            text = {"day": choice.likely[0], "month": choice.likely[1]}.get(text.strip(), text)
        return check_option(choice.option, text.strip())

    return ask.read(choice.question + likely, None, read, flag=flag, proposal=choice.proposal)


def _columns(texts: Sequence[str]) -> dict[str, str]:
    """``NAME=HEADER`` of the flag; no header: the table has no such column, whatever it looks like."""
    columns = {}
    for text in texts:
        name, found, header = text.partition("=")
        if not found or name not in MEANING:
            known = ", ".join(MEANING)
            raise Unanswered(f"--column {text}: " + _("expected NAME=HEADER with one of {names}").format(names=known))  # fmt: skip
        columns[name] = header
    return columns


def _check_columns(table: SniffedTable, fixed: Mapping[str, str]) -> None:
    wrong = [f"--column {name}={header}" for name, header in fixed.items() if header not in table.header]
    if wrong:
        has = ", ".join(table.header)
        raise Unanswered(", ".join(wrong) + ": " + _("the file has no such column, it has {names}").format(names=has))  # fmt: skip


def _show(table: SniffedTable) -> None:
    names = ", ".join(table.header)
    print_lines(["", _("{file}: rows: {n}; columns: {names}").format(file=table.path.name, n=table.n_rows, names=names)])  # fmt: skip
    print_lines(f"  {_(MEANING[name]):28} {table.columns[name]}" for name in MEANING if name in table.columns)
    if table.has_points:
        print_lines(["  " + _("place").ljust(28) + " " + _("points of the layer")])
    shown = {name: value for name, value in table.options.items() if name != "delimiter" or value != ","}
    labels = {name: _(OPTION_LABELS[name]) if name in OPTION_LABELS else name for name in shown}
    print_lines(f"  {labels[name]:28} {value!r}" for name, value in shown.items())
    if table.first is not None and table.last is not None:
        print_lines(["  " + _("from, to").ljust(28) + f" {table.first:%Y-%m-%d}, {table.last:%Y-%m-%d}"])
    print_lines(f"  {doubt}" for doubt in table.doubts)


def _show_unused(table: SniffedTable) -> None:
    """Columns that nothing reads, each with a value, so that nothing is left out silently."""
    shown = [f"{name} ({table.examples[name]})" if table.examples.get(name) else name for name in table.unused]  # fmt: skip
    if shown:
        print_lines(["  " + _("not used: {columns}").format(columns=", ".join(shown))])


def _missing(table: SniffedTable) -> list[tuple[str, str]]:
    """What no case can do without and the table does not show: question and flag."""
    missing = []
    if not {"time", "date"} & table.columns.keys():
        missing.append((_("Which column says when it happened?"), "--column time=HEADER (and --time-format PATTERN)"))  # fmt: skip
    placed = table.has_points or {"coordinates", "place_name"} & table.columns.keys()
    both = [name in table.columns for name in ("longitude_deg", "latitude_deg")]
    if any(both) != all(both) or not (placed or all(both)):
        missing.append((_("Which columns say where?"), "--column longitude_deg=HEADER --column latitude_deg=HEADER, --column coordinates=HEADER or --column place_name=HEADER"))  # fmt: skip
    return missing


def _ask_columns(ask: Asker, table: SniffedTable) -> dict[str, str]:
    columns: dict[str, str] = {}
    for name in ASKED:
        if (table.has_points and name in ("longitude_deg", "latitude_deg", "coordinates")) or _is_told(name, columns):  # fmt: skip
            continue
        needed = _is_needed(name, columns, table)
        question = _("Column for: {meaning} (needed)") if needed else _("Column for: {meaning} (-: none)")
        proposal = table.columns.get(name, None if needed else "-")
        columns[name] = ask.read(question.format(meaning=_(MEANING[name])), None, one_of(table.header, or_nothing=not needed), flag=f"--column {name}=HEADER", proposal=proposal)  # fmt: skip
    return columns


def _is_told(name: str, columns: Mapping[str, str]) -> bool:
    """Whether a question has its answer in those before."""
    if name in ("date", "clock") and columns.get("time"):
        return True
    if name == "clock" and not columns.get("date"):
        return True
    if name == "latitude_deg" and not columns.get("longitude_deg"):
        return True
    return name == "coordinates" and bool(columns.get("longitude_deg"))


def _is_needed(name: str, columns: Mapping[str, str], table: SniffedTable) -> bool:
    """Whether no row can be used without this column, after the answers before it."""
    if name in ("date", "latitude_deg"):  # asked where there is no time, or a longitude
        return True
    placed = table.has_points or columns.get("longitude_deg") or columns.get("coordinates")
    return name == "place_name" and not placed
