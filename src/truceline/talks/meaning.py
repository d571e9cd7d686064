"""What a statement is about and how it stands to it: issue, stance, condition, question, status, numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from truceline.talks.lexicon import Lexicon
from truceline.talks.terms import Term, beginnings_in

Terms = Mapping[str, Sequence[Term]]

#: a score at or above which an issue is taken
LEAST_ISSUE = 0.8
#: what a further term adds, as a share of its place before
FURTHER = 0.5
#: a further issue is kept where it scores at least this share of the first
ALSO_SHARE = 0.6
#: what the sentence before weighs where a statement names no issue of its own
CONTEXT = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """The issue of a statement, what else it touches, and the words that say so."""

    issue: str
    also: tuple[str, ...]
    words: tuple[str, ...]
    rule: str  #: words, context, none


def find_topic(
    text: str,
    *,
    words: Lexicon,
    case_terms: Terms,
    whole: str = "",
    context: str = "",
    inherited: str | None = None,
    base: str = "",
) -> Topic:
    """The issue of ``text`` (``whole`` without its condition): terms with weights are summed, each term once.

    Where the text has none, the issue of the passage it stands in (``inherited``) holds; where the
    passage has none, the sentence before (``context``) decides.
    """
    scores, hits = score_issues(text, words=words, case_terms=case_terms)
    cut = words.tail.search(text)
    if cut is not None:
        early, early_hits = score_issues(text[: cut.start()], words=words, case_terms=case_terms)
        if early and max(early.values()) >= LEAST_ISSUE:
            scores, hits = early, early_hits
    best = _best(scores)
    if best is not None and scores[best] >= LEAST_ISSUE:
        also = tuple(
            name
            for name, score in scores.items()
            if name != best and score >= max(ALSO_SHARE * scores[best], LEAST_ISSUE)
        )
        return Topic(issue=best, also=also, words=tuple(hits[best]), rule="words")
    if whole and whole != text:
        return find_topic(
            whole, words=words, case_terms=case_terms, context=context, inherited=inherited, base=base
        )
    if base in words.verb_issues:
        return Topic(issue=words.verb_issues[base], also=(), words=(base,), rule="verb")
    if inherited is not None:
        return Topic(issue=inherited, also=(), words=(), rule="passage")
    if context:
        scores, hits = score_issues(context, words=words, case_terms=case_terms)
        # what a text goes on about is rather its subject than the side issue that weighs most
        best = "ceasefire" if "ceasefire" in scores else _best(scores)
        if best is not None and (best == "ceasefire" or scores[best] * CONTEXT >= LEAST_ISSUE):
            return Topic(issue=best, also=(), words=tuple(hits[best]), rule="context")
    return Topic(issue="other", also=(), words=(), rule="none")


def score_issues(
    text: str, *, words: Lexicon, case_terms: Terms
) -> tuple[dict[str, float], dict[str, list[str]]]:
    """Issue → score, and the words that gave it: the weightiest term in full, each further one at half the last."""
    weights: dict[str, list[float]] = {}
    low = text.lower()
    runs = beginnings_in(low)
    hits: dict[str, list[str]] = {}
    for table in (words.issues, case_terms):
        for issue, terms in table.items():
            for term in terms:
                if term.keys and (
                    term.keys.isdisjoint(runs) or not any(letters in low for letters in term.begins)
                ):
                    continue
                match = term.pattern.search(text)
                if match is not None:
                    weights.setdefault(issue, []).append(term.weight)
                    hits.setdefault(issue, []).append(match.group())
    scores = {
        issue: sum(weight * FURTHER**place for place, weight in enumerate(sorted(found, reverse=True)))
        for issue, found in weights.items()
    }
    return scores, hits


def _best(scores: Mapping[str, float]) -> str | None:
    return max(scores, key=lambda name: (scores[name], name)) if scores else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stance:
    """How the speaker stands to the issue, and which rule said so."""

    stance: str
    rule: str


#: stances that only a speaker's own side can take: told of others they are claims
OWN = frozenset({"accepts", "rejects", "open", "announces", "denies", "conditions"})
#: where a clause begins
_CLAUSE = re.compile(r"[,;:.“”\"()—]|\b(?:that|and|but|because|while|when|if|as)\b")
#: one who speaks of the own side
_OWN_WORD = re.compile(r"\b(?:I|we|it|he|she|they|our|its|his|her|their|my)\b", re.IGNORECASE)


def find_stance(
    text: str,
    plain: str,
    *,
    words: Lexicon,
    verb_stance: str,
    base: str,
    question: bool,
    conditional: bool,
    others: re.Pattern[str] | None = None,
) -> Stance:
    """The stance: a question asks; a strong verb decides; else the first pattern that fits, else the verb's own.

    ``plain`` is the text without its condition: what stands there is no stance of the speaker's. What
    stands before the circumstances is looked at first. ``others``: names of those who are not the
    speaker's side; what they accept or refuse is no stance of the speaker's.
    """
    if question:
        return Stance(stance="asks", rule="question")
    if base in words.strong and not conditional:
        return Stance(stance=verb_stance, rule=f"verb: {base}")
    cut = words.tail.search(plain)
    early = plain[: cut.start()] if cut is not None else plain
    for part in dict.fromkeys((early, plain)):
        for rule in words.stances:
            if rule.needs_condition and not conditional:
                continue
            match = rule.pattern.search(text if rule.needs_condition else part)
            if match is None or (rule.stance in OWN and _of_others(part, match.start(), others)):
                continue
            return Stance(stance=rule.stance, rule=f"pattern {rule.number}: {match.group().strip()[:40]}")
    return Stance(stance=verb_stance, rule=f"verb: {base}")


def _of_others(text: str, at: int, others: re.Pattern[str] | None) -> bool:
    """Whether the clause that leads to ``at`` has somebody else for its subject."""
    if others is None:
        return False
    start = max((match.end() for match in _CLAUSE.finditer(text, 0, at)), default=0)
    last = max((match.end() for match in others.finditer(text, start, at)), default=None)
    return last is not None and _OWN_WORD.search(text, last, at) is None


def find_condition(text: str, *, words: Lexicon) -> str | None:
    """The clause that names a condition, from its first word to the end of the clause."""
    cleaned = words.not_conditions.sub(lambda match: " " * len(match.group()), text)
    match = words.conditions.search(cleaned) or _bound_condition(cleaned, words)
    if match is None:
        return None
    rest = text[match.start() :]
    stop = words.clause_ends.search(rest)
    clause = rest[: stop.start() if stop else None].strip(" ,")
    return clause or match.group()


def _bound_condition(text: str, words: Lexicon) -> re.Match[str] | None:
    """“No peace without guarantees”, “not before …”: a condition by what is refused or required beside it."""
    for match in words.bound_conditions.finditer(text):
        before = text[: match.start()].rsplit(".", 1)[-1]
        opens = not before.strip(' ,“"')
        beside = text[match.end() :].split(".", 1)[0] if opens else before
        if words.bound_by.search(beside):
            return match
    return None


def find_question(text: str) -> str | None:
    """The question that a text ends with."""
    match = re.search(r"([^.?!“”\"«»]+\?)[”\"»’]*\s*(?:\S+(?:\s\S+){0,6}\.)?$", text)
    return match.group(1).strip(" ,–—-") if match else None


def find_modality(text: str, *, words: Lexicon) -> tuple[str, ...]:
    """Words that say how sure or how ready: quoted, never scored."""
    return tuple(dict.fromkeys(match.group().lower() for match in words.modality.finditer(text)))


def find_status(text: str, *, words: Lexicon, relayed: bool) -> str:
    """On record, relayed, unconfirmed or undisclosed: of the last two, what the text says last."""
    kept = max((match.start() for match in words.undisclosed.finditer(text)), default=-1)
    open_ = max((match.start() for match in words.unconfirmed.finditer(text)), default=-1)
    if max(kept, open_) >= 0:
        return "undisclosed" if kept > open_ else "unconfirmed"
    return "relayed" if relayed else "on_record"
