"""Who the subject of a verb of saying is: beside it, behind it, before a comma, or the verb before’s."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from truceline.talks.behind import BehindVerb
from truceline.talks.lexicon import Verb
from truceline.talks.mentions import Mention
from truceline.talks.resolve import Discourse, Resolved
from truceline.talks.speakers import Entity
from truceline.talks.stems import stem
from truceline.talks.tokens import Token

#: how far a subject may stand from its verb, in tokens, where something stands between them
REACH = 24
#: a cue that ends a sentence has at most so many tokens after it
TAIL = 9


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
class SubjectFinder(BehindVerb):
    """Goes through one sentence; people mentioned are remembered on the way."""

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

    def _subject(self, at: int, verb: Verb) -> Subject | None:
        """The verb's subject: by the first rule that finds one."""
        if self.letters[at + 1 : at + 2] == "P" and self.tokens[at + 1].text.lower() in ("by",):
            mention = self.by_first.get(at + 2)
            if mention is not None and not verb.participle:
                return Subject(rule="passive_by", first=at, last=mention.last, mention=mention)
        k = at - 1
        while k >= 0 and self.letters[k] in "xt":
            k -= 1
        left = self.letters[k] if k >= 0 else ""
        if (left in ("Q", "c", "m", "") or (left == "z" and k == at - 1)) and not (
            verb.participle and left == "c"
        ):
            inverted = (
                self._right(at) if left == "Q" or verb.base not in self.discourse.words.takes_object else None
            )
            if inverted is not None and (left != "c" or k not in self.by_last):
                return inverted
        if k >= 0 and k in self.by_last and self.by_last[k].kind != "owner":
            return self._adjacent(self.by_last[k], at)
        if left == "W":
            return self._relative(k)
        if verb.participle:
            return self._participle(at, k)
        if left in ("k", "c") and self.cues:
            return self._again(k)
        if left == "k" or left == "c":
            return self._sentence_subject(k)
        if left == "":
            return None
        beside = self._right(at) if self.discourse.words.declines and verb.kind == "say" else None
        return (
            beside
            or self._far(k)
            or (None if verb.base in self.discourse.words.takes_object else self._inverted(at))
        )

    def _inverted(self, at: int) -> Subject | None:
        """A subject behind its verb, unless words follow that make it the subject of what is said."""
        found = self._right(at)
        if found is None or self.letters[found.last + 1 : found.last + 2] == "w":
            return None  # “the rescuers said X broke …”: X did not say it
        return found

    def _right(self, at: int) -> Subject | None:
        """“…, said the minister”."""
        mention = self._behind(at)
        if mention is None:
            return None
        return Subject(rule="subject_after_verb", first=at, last=mention.np_last, mention=mention)

    def _adjacent(self, mention: Mention, at: int) -> Subject | None:
        """The subject stands before the verb; of “the head of the committee said” the head spoke."""
        if self.discourse.words.declines and self._addressed(mention):
            return self._right(at) or self._far(mention.first - 1)
        outer = mention
        joint = self._joint(mention, at)
        if joint is not None:
            return joint
        while (
            outer.first >= 2
            and self.letters[outer.first - 1] == "P"
            and self.tokens[outer.first - 1].text.lower() not in self.discourse.words.stop_prepositions
        ):
            above = self.by_last.get(outer.first - 2)
            if above is None or above.kind not in ("office", "body", "titled"):
                break
            outer = above
        if outer is mention and mention.first >= 1 and self.letters[mention.first - 1] == "P":
            word = self.tokens[mention.first - 1].text.lower()
            if self.discourse.words.declines and word not in self.discourse.words.stop_prepositions:
                further = self._far(mention.first - 1)
                if further is not None or not self._at_place(mention.first - 1, at):
                    return further
            elif word not in self.discourse.words.stop_prepositions:
                further = self._far(mention.first - 1)
                if further is not None and mention.kind not in ("name", "titled"):
                    return further
        return Subject(
            rule="subject_before_verb", first=self._clause_start(outer.first), last=at, mention=outer
        )

    def _joint(self, mention: Mention, at: int) -> Subject | None:
        """“A and B agreed”: two parties speak with one voice."""
        if self.letters[mention.first - 1 : mention.first] != "k" or self.tokens[
            mention.first - 1
        ].text.lower() in ("but", "while"):
            return None
        other = self.by_last.get(mention.first - 2)
        if other is None or not self._free(other) or "known" not in (other.kind, mention.kind):
            return None
        one, two = self.discourse.resolve(other, self.tokens), self.discourse.resolve(mention, self.tokens)
        if one is None or two is None or one.entity.id == two.entity.id:
            return None
        both = Entity(
            id=f"{one.entity.id}+{two.entity.id}",
            name=f"{one.entity.name} and {two.entity.name}",
            kind="described",
            plural=True,
        )
        return Subject(
            rule="subject_before_verb",
            first=self._clause_start(other.first),
            last=at,
            mention=other,
            who=Resolved(entity=both, rule="joint"),
        )

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

    def _relative(self, k: int) -> Subject | None:
        """“the spokeswoman, who called it …”: who stands before the relative."""
        j = k - 1
        if j >= 0 and self.letters[j] == "c":
            j -= 1
        mention = self.by_last.get(j) or self.by_last.get(j + 1)
        if mention is None:
            mention = next(
                (
                    one
                    for one in reversed(self.mentions)
                    if one.last < k and one.kind in ("titled", "name", "known")
                ),
                None,
            )
        return None if mention is None else Subject(rule="relative", first=k, last=k, mention=mention)

    def _participle(self, at: int, k: int) -> Subject | None:
        """“…, saying that …”: whoever spoke or acted before; “a letter demanding …” is the letter’s."""
        if k < 0 or (self.letters[k] not in "ckQm" and self.tokens[k].text.lower() != "by"):
            return None
        if self.cues:
            before = self._main_before()
            return Subject(rule="participle", first=at, last=at, who=before.who)
        found = self._sentence_subject(k)
        return (
            None
            if found is None
            else Subject(rule="participle", first=at, last=at, mention=found.mention, who=found.who)
        )

    def _main_before(self) -> Cue:
        """The last cue of the sentence whose subject can go on: no agent, no source."""
        usable = [
            cue for cue in self.cues if not cue.embedded and cue.rule not in ("passive_by", "according_to")
        ]
        return usable[-1] if usable else self.cues[-1]

    def _again(self, k: int) -> Subject:
        """“… and warned that …”: the subject of the verb before."""
        before = self._main_before()
        first = k - 1 if k >= 1 and self.letters[k] == "k" and self.letters[k - 1] == "c" else k
        return Subject(rule="same_subject", first=first, last=k, who=before.who)

    def _sentence_subject(self, k: int) -> Subject | None:
        """Whom the sentence begins with: the first one mentioned that is no object of a preposition."""
        usable = [one for one in self.mentions if one.last <= k]
        acting = [one for one in usable if self.letters[one.np_last + 1 : one.np_last + 2] not in ("c", "")]
        for mention in [*acting, *usable]:
            if (
                mention.kind == "single"
                and stem(self.tokens[mention.head].text) not in self.discourse.by_name
            ):
                continue
            if self._free(mention):
                return Subject(
                    rule="sentence_subject",
                    first=k if self.letters[k : k + 1] == "k" else 0,
                    last=k,
                    mention=mention,
                )
        return None

    def _free(self, mention: Mention) -> bool:
        """Whether a mention can be a subject: no preposition before it, no possessive after it."""
        if mention.kind == "owner":
            return False
        before = self.letters[mention.first - 1 : mention.first] if mention.first else ""
        if before == "P":
            return self.tokens[mention.first - 1].text.lower() in self.discourse.words.stop_prepositions
        return before not in ("v", "A")

    def _far(self, k: int) -> Subject | None:
        """A subject with something between it and its verb."""
        for mention in reversed(self.mentions):
            if mention.last > k or mention.kind in ("single", "owner"):
                continue
            if k - mention.last > REACH:
                break
            between = self.letters[mention.last + 1 : k + 1]
            if "p" in between or "v" in between.replace("vQ", ""):
                break
            if "W" in between and mention.kind != "pronoun" and not self._free(mention):
                continue
            if self._free(mention):
                return Subject(
                    rule="subject_before_verb",
                    first=self._clause_start(mention.first),
                    last=k,
                    mention=mention,
                )
        return None

    def _trailing(self, at: int, last: int, subject: Subject) -> bool:
        """Whether the cue closes what was said before it."""
        first = min(subject.first, at)
        if first == 0 or subject.rule in (
            "participle",
            "same_subject",
            "relative",
            "sentence_subject",
            "passive_by",
        ):
            return False
        if (
            subject.mention is not None
            and subject.rule == "subject_before_verb"
            and subject.first < subject.mention.first
        ):
            return False  # a conjunction opens a clause of its own
        before = self.letters[first - 1]
        rest = self.letters[last + 1 :].rstrip("z")
        if before not in ("Q", "c", "z", "m"):
            return False
        if subject.rule in ("subject_after_verb", "spoke_before"):
            return True
        if rest[:1] in ("", "c", "p", "m"):
            return True
        return (
            len(rest) <= TAIL
            and "Q" not in rest
            and "v" not in rest
            and (rest[0] in "PtxbS" or before in "Qz")
        )

    def _embedded(self, subject: Subject) -> bool:
        """Whether the clause stands inside what an earlier cue's speaker said (“A said that B wanted …”)."""
        if not self.cues or subject.rule != "subject_before_verb" or subject.mention is None:
            return False
        before = self.cues[-1]
        if subject.mention.kind == "pronoun" and self.letters[
            subject.mention.first - 1 : subject.mention.first
        ] in ("w", "u"):
            return True  # “questions he said were open”
        if before.kind != "say" or before.trailing:
            return False
        start = subject.mention.first
        opened = self.letters[start - 1 : start] in ("k", "c", "Q", "m") or subject.first < start
        return not opened
