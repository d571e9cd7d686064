"""What speaks for an issue, a stance or a condition of a statement: features for the learned weights.

Features are words in small letters, what the rules found, the verb of saying, who the clause is about
and what stands beside the statement. No name is a feature: exchange the parties and nothing changes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from truceline.talks.lexicon import Lexicon
from truceline.talks.meaning import score_issues
from truceline.talks.roots import SMALL, root_of
from truceline.talks.speakers import Entity, Speakers
from truceline.talks.statements import Statement
from truceline.talks.terms import issue_terms
from truceline.talks.tokens import tag_tokens

#: values of features are whole numbers: hundredths of what was learned with, so that sums are exact
UNIT = 100
#: how much each kind of feature counts while weights are learned; the less, the more proof it needs
SCALE = {
    "score": 1.0, "pick": 1.0, "beside": 1.0, "article": 1.0, "word": 1.0, "verb": 0.3,
    "fits": 0.7, "early": 0.5, "clause": 0.7, "form": 0.4,
}  # fmt: skip
#: the first clause is looked for among so many words
FIRST_WORDS = 14
#: a pattern is early where it begins within so many signs
EARLY = 45

_QUOTES = str.maketrans("", "", '“”"«»„‟')
_SHORT = re.compile(r"(\w+?)(n't|'ll|'d|'ve|'re|'m|'s)$")
_LONG = {"n't": "not", "'ll": "will", "'d": "would", "'ve": "have", "'re": "are", "'m": "am", "'s": "is"}
_OWN = frozenset({"<own>", "i", "we", "he", "she"})
_OTHER = frozenset({"<other>", "<name>", "they", "you"})
_THING = frozenset({"it", "this", "that", "there"})
_MODAL = {
    **dict.fromkeys(("will", "would", "going", "plan", "plans"), "future"),
    **dict.fromkeys(("must", "should", "need", "needs"), "duty"),
    **dict.fromkeys(("can", "could", "may", "might"), "possible"),
    **dict.fromkeys(("want", "wants", "ready", "willing", "prepared"), "will"),
    **dict.fromkeys(("has", "have", "had"), "done"),
}

Features = dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one statement brings."""

    words: tuple[str, ...]  #: of what was said; names as <own>, <other>, <name>
    scores: Mapping[str, float]  #: issue → score of the rules
    fits: tuple[tuple[str, bool], ...]  #: stance of every pattern that fits, and whether it stands early


def gather(one: Statement, *, words: Lexicon, speakers: Speakers) -> Evidence:
    """Evidence from what was said, without its condition."""
    said = one.text.replace(one.condition, " ") if one.condition else one.text
    terms = {issue: issue_terms(rows) for issue, rows in speakers.file.words.items()}
    fits = []
    for rule in words.stances:
        match = None if rule.needs_condition else rule.pattern.search(said)
        if match is not None:
            fits.append((rule.stance, match.start() < EARLY))
    return Evidence(
        words=tuple(plain_words(said.translate(_QUOTES), one.speaker, words=words, speakers=speakers)),
        scores=score_issues(said, words=words, case_terms=terms)[0],
        fits=tuple(fits),
    )


def plain_words(text: str, speaker: Entity, *, words: Lexicon, speakers: Speakers) -> list[str]:
    """The words in small letters, short forms opened; whoever is named is <own>, <other> or <name>."""
    found = []
    for token in tag_tokens(text, 0, len(text), words=words, speakers=speakers):
        if token.tag in "KYJB" and isinstance(token.what, Entity):
            own = token.what.id in (speaker.id, speaker.party) or (
                token.tag != "K" and speaker.party is not None and token.what.party == speaker.party
            )
            found.append("<own>" if own else "<other>")
        elif token.tag == "N":
            found.append("<name>")
        elif token.tag == "t" and any(sign.isdigit() for sign in token.text):
            found.append("#")
        elif token.tag not in "cmpbzo":
            for word in token.text.lower().replace("’", "'").split():
                short = _SHORT.match(word)
                if short is None:
                    found.append(word)
                else:
                    start = {"wo": "will", "ca": "can"}.get(short.group(1), short.group(1))
                    found += [start, _LONG[short.group(2)]]
    return found


def _rooted(words: Sequence[str]) -> set[str]:
    return {root_of(word) for word in words if word[0].isalpha() and len(word) > 2 and word not in SMALL}


def issue_features(found: Sequence[Statement], evidence: Sequence[Evidence], place: int) -> Features:
    """What speaks for an issue of ``found[place]``: the rules, its words, its neighbours, the article."""
    one, own = found[place], evidence[place]
    made: dict[str, float] = {"bias": 1.0, f"verb: {one.verb}": SCALE["verb"]}
    for issue, score in own.scores.items():
        made[f"score: {issue}"] = SCALE["score"] * min(score, 3) / 2
    made[f"pick: {one.issue}, {one.issue_rule}"] = SCALE["pick"]
    made[f"stance: {one.stance}"] = SCALE["verb"]
    for side, at in (("before", place - 1), ("after", place + 1)):
        if 0 <= at < len(found) and found[at].issue_rule in ("words", "verb", "passage"):
            made[f"{side}, {_tie(one, found[at])}: {found[at].issue}"] = SCALE["beside"]
    share = 3 * SCALE["article"] / len(found)
    for other in found:
        if other.issue_rule == "words":
            key = f"article: {other.issue}"
            made[key] = made.get(key, 0.0) + share
    _add_words(made, "word", _rooted(own.words))
    return _whole(made)


def stance_features(found: Sequence[Statement], evidence: Sequence[Evidence], place: int) -> Features:
    """What speaks for a stance of ``found[place]``: patterns, verb, whom its first clause is about, words."""
    one, own = found[place], evidence[place]
    form = SCALE["form"]
    made: dict[str, float] = {
        "bias": 1.0, f"pick: {one.stance}": 0.7, f"pick: {one.stance}, {one.stance_rule.split(':')[0].split()[0]}": 0.3,
        f"verb: {one.verb}": form, f"manner: {one.manner}": form, f"speaker: {one.speaker.kind}": form, f"issue: {one.issue}": form,
        f"clause: {first_clause(own.words)}": SCALE["clause"],
    }  # fmt: skip
    for name, there in (("condition", one.condition), ("question", one.question), ("number", one.numbers)):
        if there:
            made[name] = form
    for stance, early in own.fits:
        made[f"fits: {stance}"] = SCALE["fits"]
        made[f"fits {'early' if early else 'late'}: {stance}"] = SCALE["early"]
    for side, at in (("before", place - 1), ("after", place + 1)):
        if 0 <= at < len(found) and found[at].passage == one.passage:
            made[f"{side}: {found[at].stance}"] = 0.3
    _add_words(made, "word", {root_of(word) if word[0].isalpha() else word for word in own.words})
    return _whole(made)


def condition_features(found: Sequence[Statement], evidence: Sequence[Evidence], place: int) -> Features:
    """What speaks for a condition where the grammar found the form of one."""
    one, own = found[place], evidence[place]
    clause = (one.condition or "").lower().split()
    rest = [word for word in own.words if word not in clause]
    form = SCALE["form"]
    made: dict[str, float] = {
        "bias": 1.0, f"opens: {' '.join(clause[:1])}": 0.7, f"stance: {one.stance}": 0.7,
        f"manner: {one.manner}": form, f"speaker: {one.speaker.kind}": form, f"clause: {first_clause(own.words)}": form,
    }  # fmt: skip
    for kind in {_MODAL[word] for word in rest if word in _MODAL}:
        made[f"rest: {kind}"] = 0.7
    for name, group in (("own", _OWN), ("other", _OTHER)):
        if group & set(rest):
            made[f"rest: {name}"] = form
        if any(word in group for word in clause):
            made[f"clause: {name}"] = form
    if any(word.endswith("ed") or word in ("was", "were", "had") for word in clause):
        made["clause: past"] = form
    return _whole(made)


def first_clause(words: Sequence[str]) -> str:
    """Whom the first clause is about (own side, others, a thing) and its modal: “own future not”."""
    subject = ""
    for place, word in enumerate(words[:FIRST_WORDS]):
        kind = next(
            (n for n, group in (("own", _OWN), ("other", _OTHER), ("thing", _THING)) if word in group), ""
        )
        subject = subject or kind
        if subject and word in _MODAL:
            negated = {"not", "never"} & set(words[place + 1 : place + 3])
            return f"{subject} {_MODAL[word]}{' not' if negated else ''}"
    return subject or "nobody"


def _tie(one: Statement, other: Statement) -> str:
    if one.passage == other.passage:
        return "one passage"
    return "one speaker" if one.speaker.id == other.speaker.id else "another speaker"


def _add_words(made: dict[str, float], kind: str, words: set[str]) -> None:
    """Each word once; many words share what a few have."""
    each = 2 * SCALE[kind] / math.sqrt(max(len(words), 4))
    made |= {f"{kind}: {word}": each for word in words}


def _whole(made: Mapping[str, float]) -> Features:
    return {name: round(UNIT * value) for name, value in made.items() if round(UNIT * value)}
