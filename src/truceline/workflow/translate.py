"""A case's own words in another language: ``locale/<language>.yaml`` beside ``case.yaml``.

The file maps what stands in the case (a title, a name, a paraphrase) to its translation; a counted
noun to its three forms (for 1, 2 and 5). What is missing stays as written, and both what is missing
and what was not asked for are told.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from truceline.base.documents import Document
from truceline.base.errors import CaseError, Problem
from truceline.base.language import Voice, Word, speaking, told
from truceline.terms.truce import Truce
from truceline.workflow.case import Case
from truceline.workflow.case_file import CaseFile


@contextmanager
def telling(case: Case, language: str | None) -> Iterator[tuple[Case, Voice]]:
    """The case in ``language`` (None: its own), and who speaks, for as long as the block runs.

    Raises
    ------
    CaseError
        If the file of translations is wrong.
    """
    chosen = language or case.file.language
    words = read_words(case.folder, chosen) if chosen != case.file.language else None
    years = case.truce.span.start.year != case.truce.span.stop.year
    with speaking(chosen, words=words, written=case.file.language, years=years) as voice:
        if voice.translates:
            file, truce = told_case(case.file), told_truce(case.truce)
            name = _name(chosen) if words is not None else None
            case = replace(case, file=file, truce=truce, words_file=name)
        yield case, voice


def _name(language: str) -> str:
    return f"locale/{language}.yaml"


def read_words(folder: Path, language: str) -> dict[str, Word] | None:
    """Translations of a case's words; None where the case has none in that language.

    Raises
    ------
    CaseError
        If the file is not YAML, or a value is neither a text nor a list of three.
    """
    name = _name(language)
    path = folder / name
    if not path.is_file():
        return None
    document = Document(path, label=f"case:{name}")
    tree = document.plain if isinstance(document.plain, dict) else {}
    words: dict[str, Word] = {}
    problems: list[Problem] = []
    for key, value in tree.items():
        if isinstance(value, str) and value:
            words[_one_line(key)] = _one_line(value)
        elif isinstance(value, list) and len(value) == 3 and all(isinstance(one, str) for one in value):
            words[key] = (value[0], value[1], value[2])
        else:
            problems.append(
                document.problem(
                    [key],
                    code="case_field",
                    message="a translation is neither a text nor three forms of a noun",
                    got=str(value)[:80],
                    expected="a text, or [form for 1, form for 2, form for 5]",
                    next_step="Write the translation, or take the line out",
                )
            )
    if problems or not isinstance(document.plain, dict):
        raise CaseError(problems or [document.problem([], code="case_field", message="not a mapping", expected="text: translation", next_step="Write `text: translation` lines")])  # fmt: skip
    return words


def _one_line(text: str) -> str:
    return " ".join(text.split())


def told_case(file: CaseFile) -> CaseFile:
    """The texts of ``case.yaml`` in the language in force; ids, files and units stay."""
    return file.model_copy(
        update={
            "title": told(file.title),
            "subtitle": told(file.subtitle),
            "areas": [_told(area, "name") for area in file.areas],
            "baseline": _told(file.baseline, "note"),
            "release": _told(file.release, "basis"),
            "map": _told(file.map, "land_credit"),
            "sources": [
                _named(_told(source, "title", "role", "cost_of_absence"), "publisher", "licence", "citation")
                for source in file.sources
            ],
            "series": [_told(series, "title", "caveat") for series in file.series],
            "limits": [told(limit) for limit in file.limits],
        }
    )


def told_truce(truce: Truce) -> Truce:
    """The texts of the terms in the language in force; ids and addresses stay."""
    return truce.model_copy(
        update={
            "title": told(truce.title),
            "summary": told(_one_line(truce.summary)),
            "parties": [_told(party, "name") for party in truce.parties],
            "declarations": [
                _named(_told(item, "speaker", "wording", "note"), "outlet") for item in truce.declarations
            ],
            "clocks": [_told(clock, "title", "note") for clock in truce.clocks],
            "acts": [_told(act, "name", "definition") for act in truce.acts],
            "obligations": [_told(obligation, "title") for obligation in truce.obligations],
            "third_parties": [_told(item, "name") for item in truce.third_parties],
            "zones": [_told(zone, "name") for zone in truce.zones],
            "exemptions": [_told(item, "title") for item in truce.exemptions],
        }
    ).setting_aside(tuple(_told(item, "title") for item in truce.set_aside))


def _told(record: Any, *names: str) -> Any:
    """A record with the texts of those fields told."""
    return record.model_copy(update={name: told(text) for name in names if (text := getattr(record, name))})


def _named(record: Any, *names: str) -> Any:
    """A record with names told where they have another form; they may stay as written."""
    texts = {name: getattr(record, name) for name in names}
    return record.model_copy(update={name: told(text, name=True) for name, text in texts.items() if text})


def words_problems(case: Case, voice: Voice) -> list[Problem]:
    """Texts of the case that had no translation, and translations that nothing asked for."""
    if not voice.translates:
        return []
    label = f"case:{_name(voice.language)}"
    problems = []
    if voice.missing:
        problems.append(
            Problem(
                code="words_missing",
                message=f"{len(voice.missing)} texts of the case have no translation into {voice.language}",
                file=label,
                got="; ".join(
                    text if len(text) <= 60 else text[:59] + "…" for text in list(voice.missing)[:8]
                ),
                expected="a line for each text that the report shows",
                next_step="Write `text: translation` lines, the text as it stands in the case",
            )
        )
    idle = [text for text in voice.words if text not in voice.used]
    # the words of an invented case serve every scenario
    if idle and case.words_file is not None and not case.file.invented:
        problems.append(
            Problem(
                code="words_unused",
                message=f"{len(idle)} translations are of texts that this run did not show",
                file=label,
                got="; ".join(text if len(text) <= 60 else text[:59] + "…" for text in idle[:8]),
                next_step="Correct their spelling, or take them out",
            )
        )
    return problems
