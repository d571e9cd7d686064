"""What a new case says in words of its own, in the language in force, and the same in the others.

The case is written in one language; ``locale/<language>.yaml`` beside it says the same in the others, so
that a report in each of them lacks only the names and titles that were given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from truceline.base.language import LANGUAGES, N_, _, language, speaking

if TYPE_CHECKING:  # the answers as a whole are told where a case is written
    from truceline.workflow.new_case import Answers

NOT_STATED = N_("not stated")


def own_words(answers: Answers) -> dict[str, str]:
    """Every text that the case says of itself, by where it stands."""
    words = {
        "summary": _("To be written: who agreed to what, where, with which exemptions and under whose eyes."),
        "clock": _("As agreed"),
        "definition": _("To be written: what one is and is not."),
        "theatre": _("The whole"),
        "release": _("A draft; decide what may be published, and when."),
        NOT_STATED: _(NOT_STATED),
    }
    for act in answers.acts:
        inside = act.name[:1].lower() + act.name[1:] if language() == "en" else act.name
        words[f"title of {act.id}"] = _("No {act}").format(act=inside)
    if answers.incidents is not None:
        counted = answers.incidents.counted_acts
        words |= {f"series of {act.id}": _("{act}: records a day").format(act=act.name) for act in answers.acts if act.id in counted}  # fmt: skip
        words |= {} if counted else {"records": _("Records a day")}
        words["incidents"] = _("Incidents ({file})").format(file=answers.incidents.table.path.name)
    if answers.map is not None:
        words["map"] = _("Map of control ({file})").format(file=answers.map.layer.path.name)
    return words | {f"limit {place}": limit for place, limit in enumerate(_limits(answers))}


def limits_of(words: Mapping[str, str]) -> list[str]:
    """What a reader of the report must know, of the case's own words."""
    return [text for place, text in words.items() if place.startswith("limit ")]


def _limits(answers: Answers) -> list[str]:
    """What is known here of the files and bears on what the report can say."""
    limits = []
    if answers.incidents is not None:
        limits += _unstated(answers.incidents.table.path.name, answers.incidents.publisher, answers.incidents.licence)  # fmt: skip
    if answers.map is not None:
        limits += _unstated(answers.map.layer.path.name, answers.map.publisher, answers.map.licence)
    if answers.incidents is None:
        return limits
    table = answers.incidents.table
    if answers.incidents.looked_daily is None:
        limits.append(_("Whether somebody looked on days without a row is not known: such days are missing, not days without incidents."))  # fmt: skip
    if answers.incidents.looked_daily is False:
        limits.append(_("Not every day was looked at: a day without a row is missing, not a day without incidents."))  # fmt: skip
    if table.dates_only:
        limits.append(_("The incidents have dates without a time of day: each may be of any hour of its day, which at the truce's start and end is inside it or outside."))  # fmt: skip
    if table.places_by_name:
        limits.append(_("The incidents have places by name alone: none of them is on the map or on a side of the line."))  # fmt: skip
    if table.first is not None and table.first > answers.start:
        limits.append(_("The incidents begin after the truce did: there is nothing to set them against."))
    return limits


def _unstated(name: str, publisher: str, licence: str) -> list[str]:
    limits = []
    if not publisher:
        limits.append(_("Who made this file, and by which rule, is not stated: {file}.").format(file=name))
    if not licence or licence == NOT_STATED:
        limits.append(_("Whether this file may be shown is not stated: {file}.").format(file=name))
    return limits


def translations(answers: Answers) -> dict[str, str]:
    """Text of ``locale/<language>.yaml`` by language, for every language but that of the case."""
    own = own_words(answers)
    given = [answers.title, *(one.name for one in (*answers.parties, *answers.acts))]
    files = {}
    for other in LANGUAGES:
        if other == language():
            continue
        with speaking(other):
            said = own_words(answers)
        if text := _file(own, said, other=other, given=given):
            files[other] = text
    return files


def _file(own: Mapping[str, str], said: Mapping[str, str], *, other: str, given: Sequence[str]) -> str:
    from truceline.workflow.new_sources import say

    pairs = dict.fromkeys(f"{say(own[place])}: {say(said[place])}" for place in own if own[place] != said[place])  # fmt: skip
    lines = [
        f"# The words of this case in the language {other}: what stands in the case, and its translation.",
        "# If you rewrite a text in the case, rewrite it here.",
        *pairs,
        "# names and titles as you gave them; take the # away and translate",
        *dict.fromkeys(f"# {say(text)}: {say(text)}" for text in given),
    ]
    return "\n".join(lines) + "\n" if pairs else ""
