"""The part of a new ``case.yaml`` that tells its sources, series and limits, each decision with its reason."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from truceline.workflow.new_words import NOT_STATED
from truceline.workflow.sniff import SniffedTable
from truceline.workflow.sniff_map import SniffedMap

if TYPE_CHECKING:  # the answers as a whole hold those here
    from truceline.workflow.new_case import Answers

#: columns of a table in the order in which a case tells them, whoever named them first
_ORDER = ("observation_id", "time", "date", "clock", "longitude_deg", "latitude_deg", "coordinates", "place_name", "act", "accused_party_id", "count", "text")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentsAnswer:
    """A table of incidents, and what its words mean."""

    table: SniffedTable
    publisher: str = ""
    licence: str = NOT_STATED
    zone: str = "UTC"
    position_sd_m: float = 1000
    acts: tuple[tuple[str, str], ...] = ()  #: word of the file → act id, empty: none of them
    act: str | None = None  #: the act of every row, where no column says it
    actors: tuple[tuple[str, str], ...] = ()  #: who is said to have acted → party id, empty: nobody
    looked_daily: bool | None = None  #: whether a day without a row was looked at; None: not known
    hard: bool = False  #: records of instruments or of the case's own observers

    @property
    def counted_acts(self) -> set[str]:
        """Acts that rows of the table may be."""
        return {act for _word, act in self.acts if act} | ({self.act} if self.act else set())


@dataclass(frozen=True, slots=True, kw_only=True)
class MapAnswer:
    """A layer of ground held by a party, or of the line between two."""

    layer: SniffedMap
    day: str  #: ISO date from which it is in force
    holder: str  #: party that holds the polygons, or the ground on the left of the line
    other: str  #: party on the right of the line
    publisher: str = ""
    licence: str = NOT_STATED
    crs: str | None = None


def copied_name(path: Path) -> str:
    """What a file is called in the case: signs that patterns of paths are made of are none of its name."""
    return re.sub(r"[][*?]", "_", path.name)


def incident_lines(answer: IncidentsAnswer, words: Mapping[str, str]) -> list[str]:
    """The source of the incidents."""
    return [
        "  - id: incidents",
        f"    title: {say(words['incidents'])}",
        f"    adapter: {answer.table.adapter}",
        "    root: case",
        f"    files: [{say('data/' + copied_name(answer.table.path))}]",
        f"    publisher: {say(answer.publisher)}",
        f"    licence: {say(words.get(answer.licence, answer.licence))}",
        "    # hard: records of instruments or of observers who follow one rule; reported: everything else",
        f"    grade: {'hard' if answer.hard else 'reported'}",
        "    # its rows are things that happened: rows that tell of one thing are joined into one incident",
        "    forms_incidents: true",
        "    # told: the same words near in place and time are one report, copied; coded: standard phrases, which",
        "    # many events share",
        f"    texts: {'coded' if answer.table.coded_texts else 'told'}",
        *(
            [f"    # columns of the file that nothing reads: {', '.join(map(say, answer.table.unused))}"]
            if answer.table.unused
            else []
        ),
        "    options:",
        *(_table_options(answer) if answer.table.adapter == "table" else _event_options(answer)),
    ]


def _table_options(answer: IncidentsAnswer) -> list[str]:
    table = answer.table
    columns = ", ".join(f"{name}: {say(table.columns[name])}" for name in _ORDER if name in table.columns)
    lines = [
        "      table: observations",
        "      # what the table needs → the file's own header",
        f"      columns: {{{columns}}}",
        "      # whose clocks the times follow where they say no offset; a date alone is the whole day there",
        f"      zone: {answer.zone}",
    ]
    reasons = {
        "delimiter": "what separates the fields",
        "decimal": "what stands before the decimals",
        "encoding": "the text is not UTF-8",
        "header_row": "row of the header; what stands above it is passed over",
        "layer": "the layer or sheet that holds the incidents",
        "crs": "the layer names no reference system of its own",
        "time_format": "how times are written: %d day, %m month, %Y year, %H:%M clock (docs/tables.md)",
        "coordinates_order": "which of the two numbers in the column of coordinates comes first",
    }
    for name, reason in reasons.items():
        if name in table.options:
            value = table.options[name]
            lines += [f"      # {reason}", f"      {name}: {value if isinstance(value, int) else say(value)}"]
    lines += _value_lines(answer)
    constants = [f"position_sd_m: {answer.position_sd_m:g}"]
    if answer.act is not None:
        constants.append(f"act: {answer.act}")
    said = "how far off a place may be, metres (one standard deviation)" + ("; the act of every row, for no column tells it" if answer.act else "")  # fmt: skip
    return [*lines, f"      # {said}", f"      constants: {{{', '.join(constants)}}}"]


def _value_lines(answer: IncidentsAnswer) -> list[str]:
    """Words of the file and what they mean; every one, for a word that is not told puts its row aside."""
    lines = []
    if answer.acts:
        lines += [
            "        # word of the file → act of the terms; empty: none of them, the row is kept as context"
        ]
        lines += ["        act:", *(f"          {say(word)}: {say(act)}" for word, act in answer.acts)]
    if answer.actors:
        lines += [
            "        # who acted, by the record → party; empty: nobody. A claim of the record and no finding"
        ]
        lines += ["        accused_party_id:", *(f"          {say(name)}: {say(party)}" for name, party in answer.actors)]  # fmt: skip
    return ["      values:", *lines] if lines else []


def _event_options(answer: IncidentsAnswer) -> list[str]:
    """Options of a reader of an event data set, which knows its columns."""
    table = answer.table
    acts = ", ".join(f"{say(word)}: {say(act)}" for word, act in answer.acts if act)
    option, meaning = {
        "acled": ("event_acts", "`sub_event_type` or `event_type` → act of the terms; the narrowest that fits counts"),
        "ucdp_ged": ("violence_acts", "`type_of_violence` (1 state-based, 2 non-state, 3 one-sided) → act of the terms"),
    }[table.adapter]  # fmt: skip
    lines = ["      # whose days its dates are", f"      zone: {answer.zone}", f"      # {meaning}", f"      {option}: {{{acts}}}"]  # fmt: skip
    if any(party for _name, party in answer.actors):
        actors = ", ".join(f"{say(name)}: {say(party)}" for name, party in answer.actors if party)
        lines += ["      # actor of the file → party: whom a record says it was, which is a claim and no finding", f"      actor_parties: {{{actors}}}"]  # fmt: skip
    if "delimiter" in table.options:
        lines.append(f"      delimiter: {say(table.options['delimiter'])}")
    return lines


def _first_hour_utc(day: str, zone: str) -> int:
    """Hour of the date, UTC, from which it is that day in the zone; 0 where it has begun already."""
    offset = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).utcoffset() or timedelta()
    return max(0, math.ceil(-offset.total_seconds() / 3600))


def map_lines(answer: MapAnswer, words: Mapping[str, str], *, zone: str) -> list[str]:
    """The source of the line, or of who holds what."""
    lines = [
        "  - id: line",
        f"    title: {say(words['map'])}",
        "    adapter: control_polygons",
        "    root: case",
        f"    files: [{say('data/line/' + copied_name(answer.layer.path))}]",
        f"    publisher: {say(answer.publisher)}",
        f"    licence: {say(words.get(answer.licence, answer.licence))}",
        "    options:",
        "      # from which day it shows the ground",
        f"      date: {answer.day}",
        f"      update_hour_utc: {_first_hour_utc(answer.day, zone)}",
    ]
    if answer.layer.kind == "polygon":
        return [*lines, "      # who holds the polygons", f"      holder_party: {answer.holder}"]
    return [
        *lines,
        "      # whose ground lies on either hand, walking along the line as it is drawn",
        f"      line_sides: {{left: {answer.holder}, right: {answer.other}}}",
        f"      holder_party: {answer.holder}",
    ]


#: answer to whether somebody looked on every day → what the case says of a day without a record
_QUIET = {
    None: ["    # a day without a row is missing, for it is not known whether anybody looked; if somebody did on", "    # every day of the baseline and the truce: true", "    missing_is_zero: false"],
    False: ["    # not every day was looked at: a day without a row is missing", "    missing_is_zero: false"],
    True: ["    # somebody looked on every day: a day without a row is a day without incidents", "    missing_is_zero: true"],
}  # fmt: skip


def series_lines(answers: Answers, answer: IncidentsAnswer, words: Mapping[str, str]) -> list[str]:
    """One series for each act that rows may have: a day's records against those of the days before."""
    acts = [act for act in answers.acts if act.id in answer.counted_acts]
    lines = [
        "",
        "# a day's records of an act, set against the days before. `news`: they are what was told, and more is",
        "# told on some days than on others; `sensor`: an instrument's own. They do not say whose acts they were.",
        "series:",
    ]
    spoken: list[tuple[str | None, str]] = [(act.id, words[f"series of {act.id}"]) for act in acts]
    for act_id, title in spoken or [(None, words["records"])]:
        lines += [
            f"  - id: {act_id or 'records'}_a_day",
            f"    title: {say(title)}",
            "    source: incidents",
            "    measure: records",
            *_QUIET[answer.looked_daily],
            "    unit: record",
            f"    zone: {answers.zone}",
            *([f"    act: {act_id}"] if act_id else []),
            "    area: theatre",
            f"    kind: {'sensor' if answer.hard else 'news'}",
        ]
    return lines


def say(text: object) -> str:
    """A text as YAML, whatever signs it holds (JSON strings are YAML)."""
    return json.dumps(str(text), ensure_ascii=False)
