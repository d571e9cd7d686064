"""What is known of a sentence while it is gone through: its mentions, its cues so far, who was named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from truceline.talks.mentions import Mention
from truceline.talks.resolve import Discourse, Resolved
from truceline.talks.speakers import Entity
from truceline.talks.stems import stem
from truceline.talks.tokens import Token


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """Who is said to speak, and where in the sentence."""

    first: int  #: first token of the clause that the cue opens
    verb: int  #: token of the verb
    last: int  #: last token of the cue itself
    who: Resolved
    rule: str
    kind: str  #: say or report
    stance: str
    base: str
    trailing: bool  #: what was said stands before it
    embedded: bool = False  #: stands in what an earlier cue's speaker said


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The subject of a verb of saying, and the rule that found it."""

    rule: str
    first: int
    last: int
    mention: Mention | None = None
    who: Resolved | None = None


@dataclass
class SentenceView:
    """One sentence, from left to right; people mentioned are remembered on the way."""

    tokens: Sequence[Token]
    mentions: Sequence[Mention]
    discourse: Discourse
    cues: list[Cue] = field(default_factory=list)
    noted: int = 0

    def __post_init__(self) -> None:
        self.letters = "".join(token.tag for token in self.tokens)
        self.by_first = {mention.first: mention for mention in self.mentions}
        self.by_last = {mention.np_last: mention for mention in self.mentions}
        self.by_last |= {mention.last: mention for mention in self.mentions}

    def _asked(self, at: int) -> bool:
        """“Asked when he wanted …, he said”: what was asked comes before the first comma."""
        return self.tokens[0].text in self.discourse.words.asked and "c" not in self.letters[:at]

    def _note_until(self, at: int) -> None:
        """Remember who was mentioned before token ``at``."""
        while self.noted < len(self.mentions) and self.mentions[self.noted].last < at:
            mention = self.mentions[self.noted]
            self.noted += 1
            if mention.kind in ("pronoun", "office", "body"):
                continue
            found = self.discourse.resolve(mention, self.tokens)
            if found is not None and found.entity.kind in ("person", "body"):
                self.discourse.note(found.entity)

    def _resolve(self, mention: Mention, rule: str) -> Resolved | None:
        inside = [cue.who.entity for cue in reversed(self.cues) if not cue.embedded]
        inside += self._named_before(mention.first)
        who = self.discourse.resolve(mention, self.tokens, inside=inside)
        if who is None and mention.kind == "single" and rule.startswith("subject"):
            who = self.discourse.introduce(mention, self.tokens)
        return who

    def _named_before(self, at: int) -> list[Entity]:
        """People named earlier in the sentence who are no mere possessors, nearest first."""
        found = []
        for mention in reversed(self.mentions):
            if (
                mention.last < at
                and mention.kind in ("titled", "name", "known")
                and self.letters[mention.last + 1 : mention.last + 2] != "o"
            ):
                who = self.discourse.resolve(mention, self.tokens)
                if who is not None:
                    found.append(who.entity)
        return found

    def _mute(self, mention: Mention | None) -> bool:
        """Whether the subject is of those who are written about, not quoted."""
        if mention is None or mention.kind not in ("office", "body"):
            return False
        return stem(self.tokens[mention.head].text) in self.discourse.words.not_speakers

    def _free(self, mention: Mention) -> bool:
        """Whether a mention can be a subject: no preposition before it, no possessive after it."""
        if mention.kind == "owner":
            return False
        before = self.letters[mention.first - 1 : mention.first] if mention.first else ""
        if before == "P":
            return self.tokens[mention.first - 1].text.lower() in self.discourse.words.stop_prepositions
        return before not in ("v", "A")

    def _clause_start(self, first: int) -> int:
        """Conjunctions and such before a subject belong to its clause."""
        at = first
        while at > 0 and (
            self.letters[at - 1] in "kx"
            or (
                self.letters[at - 1] in "PW"
                and self.tokens[at - 1].text.lower() in self.discourse.words.stop_prepositions
            )
        ):
            at -= 1
        return at
