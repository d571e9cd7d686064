"""What a stranger's file seems to hold: which header is what, by name and by content. A proposal, never a fact."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.base.language import _
from truceline.sources import acled, ucdp_ged
from truceline.sources import columns as fast
from truceline.sources.events import read_date
from truceline.sources.table_clocks import moments_of_two
from truceline.sources.table_values import moments_of, numbers_of
from truceline.workflow.sniff_files import Choice, OpenedTable, open_columns, tell_shape, ways_to_open
from truceline.workflow.sniff_places import TELLING_SHARE, Box, guess_places
from truceline.workflow.sniff_times import TimeGuess, guess_times
from truceline.workflow.sniff_words import MOST_WORDS, known_headers

#: rows that are looked at to tell what a column holds
LOOK_ROWS = 20_000
_UTC = re.compile(r"(?:^|[\W_])(?:UTC|GMT|Zulu)(?:$|[\W_])", re.IGNORECASE)
#: texts are standard phrases where the different ones are at most this share of them
REPEATED_SHARE = 0.8
#: different values of a column, each with its number of rows, commonest first
Words = tuple[tuple[str, int], ...]
#: what the codes of an event data set's kinds mean
MEANT = ucdp_ged.KINDS
#: event data sets with readers of their own: columns that those read, columns that they need, where they find what
EVENT_SETS = {
    "acled": ((*acled.COLUMNS, *acled.OTHERS), acled.COLUMNS, {"time": "event_date", "longitude_deg": "longitude", "latitude_deg": "latitude", "act": "sub_event_type", "text": "notes", "place_name": "location", "observation_id": "event_id_cnty"}, "actor1"),
    "ucdp_ged": ((*ucdp_ged.COLUMNS, *ucdp_ged.OTHERS), ucdp_ged.COLUMNS, {"time": "date_start", "longitude_deg": "longitude", "latitude_deg": "latitude", "act": "type_of_violence", "text": "source_headline", "place_name": "where_coordinates", "observation_id": "id"}, "side_a"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SniffedTable:
    """What a table of incidents seems to hold."""

    path: Path
    n_rows: int
    header: tuple[str, ...]
    columns: dict[str, str]  #: column of ``observations`` (or a virtual one) → header
    adapter: str = "table"
    options: dict[str, Any] = field(default_factory=dict)  #: of the adapter, beside ``columns``
    has_points: bool = False  #: the places are geometries of the file
    dates_only: bool = False
    zone_needed: bool = False  #: times carry no offset
    zone: str | None = None  #: zone that the times themselves name
    zone_word: str | None = None  #: letters after the times that are no zone's full name
    first: datetime | None = None
    last: datetime | None = None
    box: Box | None = None  #: west, south, east, north
    words: Words = ()  #: values of the column of kinds
    actors: Words = ()  #: values of the column that says who acted
    examples: Mapping[str, str] = field(default_factory=dict)  #: header → a value of it, for people
    few: Mapping[str, Words] = field(default_factory=dict)  #: header → values, of columns of text with few
    coded_texts: bool = False  #: the same texts come again and again: standard phrases
    choices: tuple[Choice, ...] = ()  #: what the file cannot tell, to be asked
    doubts: tuple[str, ...] = field(default=())

    @property
    def unused(self) -> tuple[str, ...]:
        """Headers of columns that nothing reads, in the file's order."""
        taken = EVENT_SETS[self.adapter][0] if self.adapter in EVENT_SETS else self.columns.values()
        return tuple(header for header in self.header if header not in taken)

    @property
    def places_by_name(self) -> bool:
        """Whether nothing but a name says where a row was."""
        return not self.has_points and not {"longitude_deg", "coordinates"} & self.columns.keys()

    def without(self, columns: Collection[str]) -> SniffedTable:
        """The table less the columns that it has not, whatever they look like."""
        return replace(
            self,
            columns={name: header for name, header in self.columns.items() if name not in columns},
            words=() if "act" in columns else self.words,
            actors=() if "accused_party_id" in columns else self.actors,
            coded_texts=self.coded_texts and "text" not in columns,
        )


def sniff_incidents(path: Path, given: Mapping[str, Any] | None = None, *, near: Box | None = None) -> SniffedTable:  # fmt: skip
    """Look at a table of incidents in any format that is read.

    ``given``: options of ``table`` that are known already, and ``columns`` among them. ``near``: box
    of a map of the same conflict. What has to be asked first is in ``choices``, and then alone.

    Raises
    ------
    InputError
        If the file cannot be read as a table.
    """
    given = dict(given or {})
    options, choices = ways_to_open(path, given)
    if choices:
        return SniffedTable(path=path, n_rows=0, header=(), columns={}, options=options, choices=tuple(choices))  # fmt: skip
    opened = open_columns(path, options)
    for name, (_read, needed, columns, actor) in EVENT_SETS.items():
        plain = opened.kind == "csv" and not {"encoding", "header_row", "columns"} & {*options, *given}
        if plain and set(needed) <= set(opened.header):
            return _event_set(path, opened, name, columns, actor)
    return _table(path, opened, given, near=near)


def _event_set(path: Path, opened: OpenedTable, name: str, columns: dict[str, str], actor: str) -> SniffedTable:  # fmt: skip
    days = [day for text in pc.unique(opened.columns[columns["time"]]).to_pylist() if text and (day := read_date(text.strip())) is not None]  # fmt: skip
    moments = [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in days]
    shown = {one: header for one, header in columns.items() if header in opened.header}
    words = _words(opened, columns["act"])
    if name == "acled":  # an event may have no narrower kind
        words += tuple(pair for pair in _words(opened, "event_type") if not _words(opened, "sub_event_type"))
    return SniffedTable(
        path=path,
        n_rows=opened.n_rows,
        header=opened.header,
        columns=shown,
        adapter=name,
        options=(
            {"delimiter": opened.options["delimiter"]} if opened.options.get("delimiter", ",") != "," else {}
        ),
        dates_only=True,
        zone_needed=True,
        first=min(moments, default=None),
        last=max(moments, default=None),
        box=guess_places(replace(opened, header=("longitude", "latitude")), {}, near=None).box,
        words=words,
        actors=_words(opened, actor),
        doubts=(
            _(
                "These are the columns of {set}: the adapter `{adapter}` reads them, with their precision of time and place."
            ).format(set="ACLED" if name == "acled" else "UCDP GED", adapter=name),
        ),
    )


def _table(path: Path, opened: OpenedTable, given: Mapping[str, Any], *, near: Box | None) -> SniffedTable:
    fixed = dict(given.get("columns", {}))
    options = dict(opened.options)
    choices: list[Choice] = []
    doubts = list(opened.remarks)
    times, when = _find_times(opened, given)
    places = guess_places(opened, given, near=near)
    if {"longitude_deg", "latitude_deg", "coordinates"} & fixed.keys():
        named = replace(opened, header=tuple(fixed[name] for name in ("longitude_deg", "latitude_deg", "coordinates") if name in fixed))  # fmt: skip
        places = replace(guess_places(named, given, near=near), columns={}, doubts=())
    columns = {**times, **places.columns}
    options |= places.options
    choices += places.choices
    doubts += places.doubts
    if not when:
        doubts.append(_("No column of times was recognised (--column time=…, --time-format)."))
    doubts += [guess.doubt or guess.why for guess in when if guess.doubt or guess.why]
    pattern = given.get("time_format") or next((guess.pattern for guess in when if guess.pattern), None)
    twins = next((guess for guess in when if guess.or_pattern), None)
    if twins is not None and "time_format" not in given:
        question = _("{example}: day first ({day}) or month first ({month})? No value tells").format(example=repr(twins.example), day=twins.pattern, month=twins.or_pattern)  # fmt: skip
        choices.append(Choice(option="time_format", flag="--time-format", question=question, likely=(twins.pattern or "", twins.or_pattern or "")))  # fmt: skip
    if pattern:
        options["time_format"] = pattern
    for column in ("act", "accused_party_id", "text", "place_name", "observation_id", "count"):
        taken = {*columns.values(), *fixed.values()}
        known = [one for one in known_headers(opened.header, column) if one not in taken]
        found = next((one for one in known if _reads(opened, one, column)), None)
        if found is not None:
            columns[column] = found
    columns = {**columns, **fixed}
    if "time" in fixed:
        columns = {name: header for name, header in columns.items() if name not in ("date", "clock")}
    header = tuple(one for one in opened.header if not (opened.has_points and one in ("longitude_deg", "latitude_deg")))  # fmt: skip
    first, last = _extent(opened, columns, options) if not choices else (None, None)
    zoned = all(guess.zoned for guess in when)
    zone = next((guess.zone for guess in when if guess.zone), None)
    if zone is None and when and not zoned and _UTC.search(" ".join(times.values())):
        zone = "UTC"
        doubts.append(_("The header says that its times are UTC (else --times-zone)."))
    return SniffedTable(
        path=path,
        n_rows=opened.n_rows,
        header=header,
        columns=columns,
        options=options,
        has_points=opened.has_points and not places.columns,
        dates_only=bool(when) and all(guess.kind == "date" for guess in when),
        zone_needed=bool(when) and not zoned,
        zone=zone,
        zone_word=next((guess.zone_word for guess in when if guess.zone_word), None),
        first=first,
        last=last,
        box=places.box,
        words=_words(opened, columns.get("act")),
        actors=_words(opened, columns.get("accused_party_id")),
        few=_few(opened, header),
        examples={name: _example(opened.columns[name]) for name in header if name in opened.columns},
        coded_texts=_are_coded(opened, columns.get("text")),
        choices=tuple(choices),
        doubts=tuple(doubts),
    )


def _find_times(opened: OpenedTable, given: Mapping[str, Any]) -> tuple[dict[str, str], list[TimeGuess]]:
    """The column of moments, or of dates with one of clocks beside it."""
    fixed = given.get("columns", {})
    if "time" in fixed or "date" in fixed:
        named = {name: fixed[name] for name in ("time", "date", "clock") if name in fixed}
        guesses = {name: _guess(opened, header, clock=name == "clock") for name, header in named.items()}
        known = [guess for name, guess in guesses.items() if guess is not None and name != "clock"]
        return named, [replace(guess, kind="moment") for guess in known] if "clock" in named else known
    dates = [(one, guess) for one in known_headers(opened.header, "time") if (guess := _guess(opened, one)) is not None and guess.kind != "clock"]  # fmt: skip
    if not dates:
        others = [(one, guess) for one in opened.header if (guess := _guess(opened, one)) is not None and guess.kind != "clock"]  # fmt: skip
        dates = others if len(others) == 1 else []
    if not dates:
        return {}, []
    header, guess = dates[0]
    if not guess.readable:
        return {}, [guess]
    if guess.kind == "date":
        clocks = [one for one in known_headers(opened.header, "clock") if one != header and (found := _guess(opened, one, clock=True)) is not None and found.kind == "clock"]  # fmt: skip
        if clocks:
            return {"date": header, "clock": clocks[0]}, [replace(guess, kind="moment")]
    return {"time": header}, [guess]


def _guess(opened: OpenedTable, header: str, *, clock: bool = False) -> TimeGuess | None:
    values = opened.columns.get(header)
    named = bool(known_headers((header,), "time"))
    return None if values is None else guess_times(values, clock=clock, named=named)


def _extent(opened: OpenedTable, columns: Mapping[str, str], options: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:  # fmt: skip
    """First and last moment of the whole file, zoneless ones as if UTC."""
    pattern = options.get("time_format")
    header = columns.get("time", columns.get("date", ""))
    if header not in opened.columns:
        return None, None
    values = opened.columns[header]
    if columns.get("clock") in opened.columns:
        values, pattern = moments_of_two(values, opened.columns[columns["clock"]], pattern), None
    found = moments_of(values, "UTC", pattern=pattern)
    if found is None or not (sure := found.sure & ~found.is_none).any():
        return None, None
    known = found.start_us[sure]
    return fast.moment_at(int(known.min())), fast.moment_at(int(known.max()))


def _reads(opened: OpenedTable, header: str, column: str) -> bool:
    values = opened.columns.get(header)
    if values is None or values.null_count == len(values):
        return False
    if column == "count":
        read = numbers_of(values.slice(0, LOOK_ROWS), ".")
        counted = pc.count_distinct(values).as_py() < len(values) or len(values) < 3  # else a running number
        return counted and read is not None and float((~np.isnan(read[0])).mean()) >= TELLING_SHARE
    if column == "observation_id":
        return values.null_count == 0 and int(pc.count_distinct(values).as_py()) == len(values)
    if pa.types.is_temporal(values.type):
        return False
    if column == "accused_party_id":
        return int(pc.count_distinct(values).as_py()) <= MOST_WORDS and not _are_numbers(values)
    if column == "act":
        return int(pc.count_distinct(values).as_py()) <= max(MOST_WORDS * 5, len(values) // 2)
    return True


def _are_coded(opened: OpenedTable, header: str | None) -> bool:
    """Whether texts are phrases of a list: a fifth of them or more stand there already."""
    if header is None or header not in opened.columns:
        return False
    texts = opened.columns[header].drop_null()
    return bool(len(texts)) and len(texts.unique()) <= REPEATED_SHARE * len(texts)


def _words(opened: OpenedTable, header: str | None) -> Words:
    """Different values of a column, commonest first, equally common ones as they first appear."""
    if header is None or header not in opened.columns:
        return ()
    counts = pc.value_counts(opened.columns[header].drop_null()).to_pylist()
    told: Counter[str] = Counter()
    for count in counts:
        told[str(count["values"]).strip()] += count["counts"]
    del told[""]
    return tuple(told.most_common())


def _few(opened: OpenedTable, header: Sequence[str]) -> dict[str, Words]:
    """Columns of text that have few different values, some of them again and again."""
    found = {}
    for name in header:
        values = opened.columns.get(name)
        if values is None or not pa.types.is_string(values.type) or _are_numbers(values):
            continue
        n_different = pc.count_distinct(values).as_py()
        if 0 < n_different <= MOST_WORDS and n_different < len(values) - values.null_count:
            found[name] = _words(opened, name)
    return found


def _example(values: pa.Array) -> str:
    """The first value that says something, cut short."""
    for value in values.slice(0, LOOK_ROWS).drop_null():
        if text := " ".join(str(value.as_py()).split()):
            return text if len(text) <= 24 else text[:23] + "…"
    return ""


def _are_numbers(values: pa.Array) -> bool:
    read = numbers_of(values.slice(0, LOOK_ROWS), ".")
    return read is not None and bool((~np.isnan(read[0])).any())


def tell_delimiter(path: Path) -> str:
    """What separates fields: of comma, semicolon, tab and bar the one that cuts the rows most evenly."""
    with path.open("rb") as stream:
        return tell_shape(stream.read(65_536).decode("utf-8-sig", errors="replace"))[0]
