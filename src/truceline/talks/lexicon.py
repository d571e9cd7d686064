"""Words of one language that reading turns on: verbs of saying, offices, issues, patterns of stance.

They are data (``lexicon/*.yaml``); nothing in them names a party, a person or a place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from truceline.talks.inflection import inflect, inflect_by
from truceline.talks.stems import WORD, stem
from truceline.talks.terms import Term, issue_terms
from truceline.terms.packaged import read_packaged

READ_LANGUAGES = ("en", "ru", "uk")

STANCES = (
    "accepts",
    "conditions",
    "open",
    "asks",
    "rejects",
    "demands",
    "warns",
    "announces",
    "denies",
    "claims",
)
MANNERS = ("direct", "mixed", "reported", "paraphrase")
STATUSES = ("on_record", "relayed", "unconfirmed", "undisclosed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """What a statement can be about; shared with the implementability review."""

    id: str
    name: str
    review: tuple[str, ...]  #: codes of the review's questions that it leads to


@cache
def known_issues() -> dict[str, Issue]:
    """Every issue by its id, in the order of the file."""
    rows = read_packaged(files("truceline.talks") / "lexicon" / "issues.yaml")
    return {row["id"]: Issue(**{**row, "review": tuple(row["review"])}) for row in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """A form of a verb of saying."""

    base: str
    kind: str  #: say: its object is what was said; report: the verb itself tells it
    stance: str
    participle: bool  #: a form without a subject of its own
    bare: bool  #: the form of the infinitive


@dataclass(frozen=True, slots=True, kw_only=True)
class NotVerb:
    """Surroundings in which a form is not that verb."""

    before: re.Pattern[str] | None = None
    after: re.Pattern[str] | None = None
    unless_before: re.Pattern[str] | None = None
    unless_after: re.Pattern[str] | None = None

    def fits(self, before: str, after: str) -> bool:
        """Whether the text on both sides says that this is not the verb."""
        if self.unless_before is not None and self.unless_before.search(before):
            return False
        if self.unless_after is not None and self.unless_after.match(after.lstrip()):
            return False
        if self.before is not None and not self.before.search(before):
            return False
        return self.after is None or self.after.match(after.lstrip()) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class StanceRule:
    """A pattern that decides a stance."""

    number: int
    stance: str
    pattern: re.Pattern[str]
    needs_condition: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """Everything the reader knows of one language."""

    language: str
    phrases: Mapping[str, tuple[tuple[tuple[str, ...], str, object], ...]]  #: first stem → (stems, tag, what)
    not_verbs: Mapping[str, tuple[NotVerb, ...]]
    not_names: frozenset[str]
    not_speakers: frozenset[str]
    stop_prepositions: frozenset[str]
    abbreviations: frozenset[str]
    function_words: frozenset[str]
    infinitive_marks: frozenset[str]  #: after one, a bare verb is no speech act
    asked: frozenset[str]  #: first words of a clause that tells what was asked
    generic_bodies: frozenset[str]
    verb_issues: Mapping[str, str]  #: what some verbs are about, whatever follows
    takes_object: frozenset[str]  #: verbs after which a name is who was told, not who spoke
    speech_nouns: Mapping[str, str]  #: noun that tells what its owner said → stance
    speech_noun_links: frozenset[str]  #: what such a noun is followed by
    views: frozenset[str]  #: nouns such as "position", of which somebody has one
    things: frozenset[str]  #: what says something and is no person
    past_forms: frozenset[str]  #: forms of the past that no noun has
    no_units: frozenset[str]  #: small words: nothing is counted in them
    clause_words: frozenset[str]  #: prepositions that may open a clause
    plain_says: frozenset[str]  #: verbs of saying that only people are the subjects of
    plainest_says: frozenset[str]  #: those by which one whom no list names is taken for a speaker
    hours: frozenset[str]  #: nouns that say when
    strong: frozenset[str]  #: verbs that decide a stance whatever else is said
    tail: re.Pattern[str]  #: where what was said gives way to its circumstances
    lead: re.Pattern[str]  #: openings of a sentence that say where and when, not what
    both_words: tuple[str, ...]
    genders: Mapping[str, str]  #: role → he, she
    line_kinds: Mapping[str, tuple[re.Pattern[str], ...]]
    closed_page: tuple[re.Pattern[str], ...]
    scare: tuple[re.Pattern[str], ...]
    conditions: re.Pattern[str]
    bound_conditions: re.Pattern[str]  #: words of a condition only beside one of ``bound_by``
    bound_by: re.Pattern[str]
    not_conditions: re.Pattern[str]
    reverse: re.Pattern[str]  #: conditions that name what waits ("before it begins …")
    modality: re.Pattern[str]
    undisclosed: re.Pattern[str]
    unconfirmed: re.Pattern[str]
    issues: Mapping[str, tuple[Term, ...]]
    stances: tuple[StanceRule, ...]
    time: Mapping[str, Any]
    numbers: Mapping[str, Any]
    declines: bool  #: nouns decline, and posts name who speaks behind a dash or before a colon
    plural_verb: re.Pattern[str]  #: forms of verbs whose subject is many
    plural_noun: re.Pattern[str]  #: forms of nouns that mean many
    own_verb: re.Pattern[str]  #: forms of verbs by which one speaks of oneself
    oblique: re.Pattern[str]  #: endings that no name has as a subject
    back: re.Pattern[str]  #: words of a sentence that speaks for the one before: “this was told by”
    heading_words: int  #: a line without a full stop that has fewer words is a heading
    particles: frozenset[str]  #: small words inside a name
    speaker_places: frozenset[str]  #: after one, a body is who spoke: “at the ministry they said”
    clause_ends: re.Pattern[str]  #: what closes the clause of a condition
    dative: re.Pattern[str]  #: endings of those who are told something
    generic_people: frozenset[str]  #: words for whoever spoke last: “the official”
    relative: re.Pattern[str]  #: a clause that only says which one is meant
    in_words: tuple[str, ...]  #: “in his words” and its like
    passes_on: frozenset[str]  #: verbs of outlets: “writes X”
    onlookers: frozenset[str]  #: words for those who tell of others' will: outlets, sources, analysts


@cache
def lexicon(language: str) -> Lexicon:
    """The words of ``language``: one of ``READ_LANGUAGES``."""
    raw = read_packaged(files("truceline.talks") / "lexicon" / f"{language}.yaml")
    return Lexicon(
        language=language,
        phrases=_phrases(raw),
        not_verbs=_not_verbs(raw.get("not_verbs", [])),
        not_names=frozenset(raw["not_names"]),
        not_speakers=frozenset(stem(word) for word in raw["not_speakers"]),
        stop_prepositions=frozenset(raw["stop_prepositions"]),
        abbreviations=frozenset(raw["abbreviations"]),
        function_words=frozenset(raw["function_words"]),
        infinitive_marks=frozenset(raw["infinitive_marks"]),
        asked=frozenset(raw["asked"]),
        generic_bodies=frozenset(stem(word) for word in raw["generic_bodies"]),
        verb_issues=raw["verb_issues"],
        takes_object=frozenset(raw["takes_object"]),
        speech_nouns=raw["speech_nouns"],
        speech_noun_links=frozenset(raw["speech_noun_links"]),
        views=frozenset(raw["views"]),
        things=frozenset(stem(word) for word in raw.get("things", [])),
        past_forms=frozenset(
            form for row in raw.get("irregular", {}).values() for form in row if " " not in form
        )
        - frozenset(raw.get("nouns_too", [])),
        no_units=frozenset(
            word
            for name in ("prepositions", "determiners", "conjunctions", "auxiliaries", "no_units")
            for word in raw[name]
        ),
        clause_words=frozenset(raw.get("clause_words", [])),
        plain_says=frozenset(raw.get("plain_says", [])),
        plainest_says=frozenset(raw.get("plainest_says", [])),
        hours=frozenset(raw.get("hours", [])),
        strong=frozenset(raw["strong"]),
        tail=_any(raw["tail"]),
        lead=_any(raw["lead"]),
        both_words=tuple(raw["both_words"]),
        genders={stem(word): gender for gender in ("he", "she") for word in raw["roles"][gender]},
        line_kinds=_line_kinds(raw),
        closed_page=_patterns(raw["closed_page"], ignore_case=True),
        scare=_patterns(raw["scare"]),
        conditions=_any(raw["conditions"]),
        bound_conditions=_any(raw.get("bound_conditions", [])),
        bound_by=_any(raw.get("bound_by", [])),
        not_conditions=_any(raw["not_conditions"]),
        reverse=_any(raw["reverse_conditions"]),
        modality=_any(rf"\b(?:{word})\b" for word in raw["modality"]),
        undisclosed=_any(raw["undisclosed"]),
        unconfirmed=_any(raw["unconfirmed"]),
        issues={name: issue_terms(terms) for name, terms in raw["issues"].items()},
        stances=tuple(
            StanceRule(
                number=number,
                stance=row["stance"],
                pattern=re.compile(row["pattern"], re.IGNORECASE),
                needs_condition=row.get("needs") == "condition",
            )
            for number, row in enumerate(raw["stances"], 1)
        ),
        time=raw["time"],
        numbers=raw["numbers"],
        declines=raw.get("declines", False),
        plural_verb=_any(raw.get("plural_verb", [])),
        plural_noun=_any(raw.get("plural_noun", [])),
        own_verb=_any(raw.get("own_verb", [])),
        oblique=_any(raw.get("oblique", [])),
        back=_any(raw.get("back", [])),
        heading_words=raw.get("heading_words", 16),
        particles=frozenset(raw.get("particles", [])),
        speaker_places=frozenset(raw.get("speaker_places", [])),
        dative=_any(raw.get("dative", [])),
        generic_people=frozenset(stem(word) for word in raw.get("generic_people", [])),
        relative=_any(raw.get("relative", [])),
        in_words=tuple(raw.get("according_pronoun", {})),
        passes_on=frozenset(raw.get("passes_on", [])),
        onlookers=frozenset(stem(word) for word in raw.get("onlookers", [])),
        clause_ends=_any(
            [r"[.;!?”»]", r"(?<=\S)\"", *raw.get("clause_ends", [r", (?:but|and|he|she|they)\b"]), "$"]
        ),
    )


def _any(patterns: Iterable[str]) -> re.Pattern[str]:
    joined = "|".join(patterns)
    return re.compile(joined or r"(?!)", re.IGNORECASE)


def _patterns(rows: Iterable[str], *, ignore_case: bool = False) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(row, re.IGNORECASE if ignore_case else 0) for row in rows)


def _line_kinds(raw: Mapping[str, Any]) -> dict[str, tuple[re.Pattern[str], ...]]:
    return {
        "paywall": _patterns(raw["paywall"], ignore_case=True),
        "live_mark": _patterns(raw["live_marks"]),
        "caption": _patterns(raw["caption"]),
        "boilerplate": _patterns(raw["boilerplate"]),
        "text": _patterns(raw.get("speech_lines", [])),
    }


def _not_verbs(rows: Iterable[Mapping[str, str]]) -> dict[str, tuple[NotVerb, ...]]:
    found: dict[str, list[NotVerb]] = {}
    for row in rows:
        parts: dict[str, re.Pattern[str]] = {}
        for side in ("before", "after", "unless_before", "unless_after"):
            if row.get(side):
                # a word before begins where it begins: "as" is no end of "has"
                parts[side] = re.compile(rf"(?<![^\W_])(?:{row[side]})" if "before" in side else row[side])
        found.setdefault(row["form"], []).append(NotVerb(**parts))
    return {form: tuple(rules) for form, rules in found.items()}


def phrase_of(words: str) -> tuple[str, ...]:
    """The stems of a phrase's words, as text is compared with them."""
    return tuple(stem(word) for word in WORD.findall(words) if word != ".")


def add_phrase(
    table: dict[str, list[tuple[tuple[str, ...], str, object]]], words: str, tag: str, what: object
) -> None:
    """Put a phrase into a table of phrases by their first stem."""
    stems = phrase_of(words)
    if stems:
        table.setdefault(stems[0], []).append((stems, tag, what))


def sorted_phrases(
    table: Mapping[str, list[tuple[tuple[str, ...], str, object]]],
) -> dict[str, tuple[tuple[tuple[str, ...], str, object], ...]]:
    """Longest phrases first; of equal ones the first that was given."""
    return {first: tuple(sorted(rows, key=lambda row: -len(row[0]))) for first, rows in table.items()}


def _phrases(raw: Mapping[str, Any]) -> dict[str, tuple[tuple[tuple[str, ...], str, object], ...]]:
    table: dict[str, list[tuple[tuple[str, ...], str, object]]] = {}
    for words in raw["according"]:
        add_phrase(table, words, "A", words)
    for words, gender in raw.get("according_pronoun", {}).items():
        add_phrase(table, words, "A", gender)
    for form, verb in _verb_forms(raw).items():
        add_phrase(table, form, "v", verb)
    for word, what in raw["pronouns"].items():
        add_phrase(table, word, {"relative": "W"}.get(what["gender"], "O"), what["gender"])
    for word in raw["determiners"]:
        add_phrase(table, word, "D", word)
    for word in raw["titles"]:
        add_phrase(table, word, "T", word)
    for tag, words in (("S", raw["bodies"]), ("G", raw["plural_roles"])):
        for word in words:
            add_phrase(table, word, tag, word)
    for group in ("he", "she", "any"):
        for word in raw["roles"][group]:
            add_phrase(table, word, "R", word)
    for tag, words in (("x", raw["auxiliaries"]), ("k", raw["conjunctions"]), ("P", raw["prepositions"])):
        for word in words:
            add_phrase(table, word, tag, word)
    for word in raw.get("that", ()):
        add_phrase(table, word, "u", word)
    for word in [*raw["time"]["weekdays"], *(raw["time"]["months"] if raw.get("declines") else ())]:
        add_phrase(table, word, "t", word)
    return sorted_phrases(table)


def _verb_forms(raw: Mapping[str, Any]) -> dict[str, Verb]:
    """Every form of every verb; a form of two verbs is the first one's."""
    found: dict[str, Verb] = {}
    irregular = raw.get("irregular", {})
    participles = re.compile(raw.get("participle_endings", "ing$"))
    for kind in ("say", "report"):
        for stance, bases in raw[kind].items():
            for base in bases:
                if "inflect" in raw:
                    forms = [*irregular.get(base, ()), *inflect_by(base, raw["inflect"])]
                else:
                    forms = irregular.get(base) or inflect(base)
                for form in forms:
                    participle = participles.search(form.split()[0]) is not None
                    found.setdefault(
                        form,
                        Verb(base=base, kind=kind, stance=stance, participle=participle, bare=form == base),
                    )
    return found
