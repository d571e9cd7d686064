"""A case from answers: the folder that ``truceline new`` writes, checked before it appears."""

from __future__ import annotations

import re
import shutil
import tempfile
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from truceline.base.errors import OutputError, Problem
from truceline.base.language import _, language
from truceline.workflow.case import open_case
from truceline.workflow.ingest import make_sources
from truceline.workflow.new_sources import (
    IncidentsAnswer,
    MapAnswer,
    copied_name,
    incident_lines,
    map_lines,
    say,
    series_lines,
)
from truceline.workflow.new_words import limits_of, own_words, translations
from truceline.workflow.sniff import SniffedTable
from truceline.workflow.sniff_places import Box

#: degrees added around the data, so that a place near the edge is not refused
MARGIN_DEG = 0.5
#: what one map can show: degrees wide and high, and how near to a pole
WIDEST_DEG, NORTHMOST_DEG = 60.0, 80.0
#: days before the truce that it is measured against, unless the data begin later; and where none are known
BASELINE_DAYS = 56
UNKNOWN_BASELINE_DAYS = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedThing:
    """A party or an act: short id, name for people, and for an act what one is."""

    id: str
    name: str
    definition: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """All that is asked."""

    id: str
    title: str
    parties: tuple[NamedThing, ...]
    acts: tuple[NamedThing, ...]
    start: datetime
    stop: datetime
    zone: str
    region: Box  #: west, south, east, north
    instrument: str = "agreement"
    incidents: IncidentsAnswer | None = None
    map: MapAnswer | None = None


#: Cyrillic letters as ids spell them, which are of ASCII alone; names for people stay as given
_SPELT = dict(zip("абвгґдеєёжзиіїйклмнопрстуфхцчшщыэюя", ["a", "b", "v", "g", "g", "d", "e", "ie", "e", "zh", "z", "i", "i", "i", "y", "k", "l", "m", "n", "o", "p", "r", "s", "t", "u", "f", "kh", "ts", "ch", "sh", "shch", "y", "e", "iu", "ia"], strict=True))  # fmt: skip


def short_name(name: str, *, taken: Sequence[str] = (), otherwise: str = "one") -> str:
    """An id from a name: its letters and digits, lower case, joined by ``_``; made distinct from ``taken``.

    ``otherwise``: the id of a name that has no letter which ids can hold.
    """
    spelt = "".join(_SPELT.get(sign, sign) for sign in unicodedata.normalize("NFC", name.casefold()))
    letters = unicodedata.normalize("NFKD", spelt)
    letters = "".join(sign for sign in letters if not unicodedata.combining(sign))
    letters = re.sub(r"['’ʼь`ъ]", "", letters)
    plain = re.sub(r"[^a-z0-9]+", "_", letters).strip("_")[:24].strip("_") or otherwise
    chosen, n = plain, 2
    while chosen in taken:
        chosen, n = f"{plain}_{n}", n + 1
    return chosen


def check_folder(folder: Path) -> None:
    """Stop where something lies already, before anything is asked.

    Raises
    ------
    OutputError
        If ``folder`` exists and holds something.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(
            Problem(code="out_not_ours", message="the folder holds something already", file=str(folder), expected="a folder that is not there yet, or an empty one", next_step="Name another folder")
        )  # fmt: skip


def write_case(folder: Path, answers: Answers) -> None:
    """Write the case into ``folder``, whole or not at all; the data files named in it are copied.

    Raises
    ------
    OutputError
        If ``folder`` exists and holds something, or cannot be written.
    CaseError
        If the answers do not make a case.
    """
    check_folder(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as made:
            draft = Path(made) / folder.name
            draft.mkdir()
            _fill(draft, answers)
            make_sources(open_case(draft))  # faults are told before anything appears
            if folder.exists():
                folder.rmdir()
            draft.rename(folder)
    except OSError as error:
        raise OutputError(
            Problem(code="out_unwritable", message=f"the case cannot be written ({error.strerror})", file=str(folder), expected="a place that may be written", next_step="Name another folder")
        ) from error  # fmt: skip


def _fill(folder: Path, answers: Answers) -> None:
    given = [(answers.incidents.table.path, folder / "data")] if answers.incidents is not None else []
    given += [(answers.map.layer.path, folder / "data" / "line")] if answers.map is not None else []
    for source, into in given:
        into.mkdir(parents=True, exist_ok=True)
        for part in _siblings(source):
            shutil.copyfile(part, into / copied_name(part))
    (folder / "truce.yaml").write_text(terms_text(answers), encoding="utf-8")
    (folder / "case.yaml").write_text(case_text(answers), encoding="utf-8")
    (folder / "locale").mkdir()
    for other, text in translations(answers).items():
        (folder / "locale" / f"{other}.yaml").write_text(text, encoding="utf-8")
    (folder / "README.md").write_text(_readme(answers), encoding="utf-8")


def _siblings(path: Path) -> list[Path]:
    """The file itself; of a Shapefile all the files that make it up."""
    if path.suffix.casefold() != ".shp":
        return [path]
    return sorted(one for one in path.parent.glob(f"{path.stem}.*") if one.is_file())


def terms_text(answers: Answers) -> str:
    """``truce.yaml``: every act prohibited to every party, over the window whole and each day of it."""
    binds = ", ".join(party.id for party in answers.parties)
    words = own_words(answers)
    lines = [
        "# What was declared or agreed. Check the wording, the clock and the definitions against the text.",
        "truce: 1",
        f"id: {answers.id}",
        f"title: {say(answers.title)}",
        f"instrument: {answers.instrument}",
        'terms_version: "draft"',
        "summary: >-",
        f"  {words['summary']}",
        "",
        "parties:",
        *(f"  - {{id: {party.id}, name: {say(party.name)}}}" for party in answers.parties),
        "",
        "clocks:",
        "  - id: agreed",
        f"    title: {say(words['clock'])}",
        f"    start: {answers.start.isoformat()}",
        f"    stop: {answers.stop.isoformat()}",
        f"    zone: {answers.zone}",
        "",
        "acts:",
    ]
    for act in answers.acts:
        definition = act.definition or words["definition"]
        lines += [f"  - id: {act.id}", f"    name: {say(act.name)}", f"    definition: {say(definition)}"]
    lines += ["", "obligations:"]
    for act in answers.acts:
        lines += [
            f"  - id: {act.id}.stop",
            f"    act: {act.id}",
            f"    title: {say(words[f'title of {act.id}'])}",
            f"    binds: [{binds}]",
            "    clocks: [agreed]",
            "    # whether answering fire is no breach",
            "    return_fire_exempt: false",
            "    scopes:",
            "      # together: what records that name nobody say of all parties' acts is judged too",
            f"      - {{areas: [theatre], periods: {_periods(answers)}, together: true}}",
        ]
    return "\n".join(lines) + "\n"


def _periods(answers: Answers) -> str:
    days = (answers.stop - answers.start).days
    return "window" if days < 1 else "window_and_days" if days <= 31 else "window_and_months"


def case_text(answers: Answers) -> str:
    """``case.yaml``: region, baseline, sources and series that follow from the answers."""
    table = answers.incidents.table if answers.incidents is not None else None
    start, why = baseline_start(table, start=answers.start, zone=answers.zone)
    words, limits = own_words(answers), limits_of(own_words(answers))
    west, south, east, north = answers.region
    lines = [
        "# Which sources, where, and what each is worth. Every field is explained in docs/case.md.",
        "case: 1",
        f"id: {answers.id}",
        f"title: {say(answers.title)}",
        "# the language in which the case is written, and of its report where none is asked for",
        f"language: {language()}",
        "# the day of the evidence: the last of the data, or of the truce",
        f"as_of: {say(_as_of(answers))}",
        "seed: 1",
        "# whether a monitoring mechanism reported from the truce",
        "monitors: false",
        "theatre: theatre",
        "# west, south, east, north: around all that the files show; what lies outside is left out",
        f"region: [{west:g}, {south:g}, {east:g}, {north:g}]",
        "",
        "areas:",
        f"  - {{id: theatre, name: {say(words['theatre'])}, kind: theatre}}",
        "",
        f"# what the truce is measured against: {why}",
        "baseline:",
        f"  start: {start.isoformat()}",
        f"  stop: {answers.start.isoformat()}",
        "",
        "# days after the truce that are read and shown beside it: as far as the data go, a month at most",
        f"aftermath_days: {_aftermath_days(answers)}",
        "",
        "release:",
        "  edition: mission",
        f"  basis: {say(words['release'])}",
        "",
        "sources:" if answers.incidents or answers.map else "sources: []",
    ]
    if answers.incidents is not None:
        lines += incident_lines(answers.incidents, words)
    if answers.map is not None:
        lines += map_lines(answers.map, words, zone=answers.zone)
    if answers.incidents is not None:
        lines += series_lines(answers, answers.incidents, words)
    if limits:
        lines += ["", "# what a reader of the report must know", "limits:"]
        lines += [f"  - {say(limit)}" for limit in limits]
    return "\n".join(lines) + "\n"


def baseline_start(table: SniffedTable | None, *, start: datetime, zone: str) -> tuple[datetime, str]:
    """When the days begin that a truce from ``start`` is measured against, and why then."""
    first = table.first if table is not None else None
    if first is None or first >= start - timedelta(days=1):
        return start - timedelta(days=UNKNOWN_BASELINE_DAYS), "four weeks, for no data before the truce were found"  # fmt: skip
    clock = ZoneInfo(zone)
    local = first.astimezone(clock) if table is not None and not table.dates_only else first
    day = datetime(local.year, local.month, local.day, tzinfo=clock)
    earliest = start - timedelta(days=BASELINE_DAYS)
    if earliest < day:
        return day, f"from the first day of the data, {day.date().isoformat()}"
    return earliest, "eight weeks before it, for the data reach that far; longer ones hold other times"


def _aftermath_days(answers: Answers) -> int:
    """Days that the data go on after the truce, a month at most."""
    last = answers.incidents.table.last if answers.incidents is not None else None
    return 0 if last is None else max(0, min((last - answers.stop).days + 1, 30))


def _as_of(answers: Answers) -> str:
    """The last day of the data, or of the truce."""
    last = answers.incidents.table.last if answers.incidents is not None else None
    return max(answers.stop, last or answers.stop).astimezone(ZoneInfo(answers.zone)).date().isoformat()


def region_around(*shown: Box | None) -> Box | None:
    """A box around all that the files show, with a margin; None where they show nothing, or too much for a map."""
    boxes = [box for box in shown if box is not None]
    if not boxes:
        return None
    west, south = (min(box[k] for box in boxes) - MARGIN_DEG for k in (0, 1))
    east, north = (max(box[k] for box in boxes) + MARGIN_DEG for k in (2, 3))
    box = (round(max(west, -180), 2), round(max(south, -90), 2), round(min(east, 180), 2), round(min(north, 90), 2))  # fmt: skip
    return box if _fits_a_map(box) else None


def crosses_antimeridian(*shown: Box | None) -> bool:
    """Whether what the files show lies on both hands of the meridian of 180 degrees."""
    boxes = [box for box in shown if box is not None]
    return bool(boxes) and min(box[0] for box in boxes) < -170 and max(box[2] for box in boxes) > 170


def read_region(text: str) -> Box:
    """West, south, east and north in degrees, as they are typed.

    Raises
    ------
    ValueError
        If they are no region that one map can show.
    """
    expected = _("expected west, south, east and north in degrees, at most 60 wide and high, such as 36, 47, 39, 50")  # fmt: skip
    try:
        west, south, east, north = (float(part) for part in re.split(r"[,;\s]+", text.strip(" []")))
    except ValueError as error:
        raise ValueError(expected) from error
    if not (west < east and south < north and abs(west) <= 180 and abs(east) <= 180 and _fits_a_map((west, south, east, north))):  # fmt: skip
        raise ValueError(expected)
    return west, south, east, north


def _fits_a_map(box: Box) -> bool:
    west, south, east, north = box
    return east - west <= WIDEST_DEG and north - south <= WIDEST_DEG and -NORTHMOST_DEG <= south <= north <= NORTHMOST_DEG  # fmt: skip


def _readme(answers: Answers) -> str:
    return (
        f"# {answers.title}\n\n"
        "A case of Truceline, begun with `truceline new`. `truce.yaml` says what was agreed, `case.yaml` which\n"
        "sources there are and what each is worth. Read both and correct them: what they hold was guessed from\n"
        "the files where it could be.\n\n"
        "    truceline sources .     # what was read, and what was put aside\n"
        "    truceline verify .      # judge, and write the report\n"
    )
