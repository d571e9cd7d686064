"""Cues of attribution in a sentence: a verb of saying and its subject, “according to”, a name and a colon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

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
class _Subject:
    rule: str
    first: int
    last: int
    mention: Mention | None = None
    who: Resolved | None = None


@dataclass
class CueFinder:
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

    def find(self) -> list[Cue]:
        """The cues from left to right."""
        for at, token in enumerate(self.tokens):
            self._note_until(at)
            cue = None
            if token.tag == "v" and isinstance(token.what, Verb) and not self._asked(at):
                cue = self._verb(at, token.what)
            elif token.tag == "A":
                cue = self._according(at)
            elif token.tag == "p" and token.text == ":":
                cue = self._colon(at)
            elif token.text in self.discourse.words.views and self.letters[at - 1 : at] == "o":
                cue = self._view(at)
            elif token.tag == "P" and at == 0:
                cue = self._for_view()
            if cue is not None:
                self.cues.append(cue)
                self.discourse.note(cue.who.entity)
        self._note_until(len(self.tokens))
        return self.cues

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

    # -- verbs

    def _verb(self, at: int, verb: Verb) -> Cue | None:
        subject = self._subject(at, verb)
        if subject is None:
            return None
        if verb.kind == "say" and subject.rule == "subject_before_verb" and not self.letters[at + 1 :].strip("z") and 0 < subject.first and self.letters[subject.first - 1] not in "Qczm":
            return None  # a noun at the end of its sentence, not a verb
        who = subject.who
        if who is None and subject.mention is not None:
            who = self._resolve(subject.mention, subject.rule)
        if who is None or self._mute(subject.mention):
            return None
        return Cue(
            first=subject.first, verb=at, last=max(subject.last, at), who=who, rule=subject.rule, kind=verb.kind,
            stance=verb.stance, base=verb.base, trailing=self._trailing(at, max(subject.last, at), subject),
            embedded=self._embedded(subject, verb),
        )  # fmt: skip

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
            if mention.last < at and mention.kind in ("titled", "name", "known") and self.letters[mention.last + 1 : mention.last + 2] != "o":
                who = self.discourse.resolve(mention, self.tokens)
                if who is not None:
                    found.append(who.entity)
        return found

    def _mute(self, mention: Mention | None) -> bool:
        """Whether the subject is of those who are written about, not quoted."""
        if mention is None or mention.kind not in ("office", "body"):
            return False
        return stem(self.tokens[mention.head].text) in self.discourse.words.not_speakers

    def _subject(self, at: int, verb: Verb) -> _Subject | None:
        """The verb's subject: by the first rule that finds one."""
        if self.letters[at + 1 : at + 2] == "P" and self.tokens[at + 1].text.lower() in ("by",):
            mention = self.by_first.get(at + 2)
            if mention is not None and not verb.participle:
                return _Subject(rule="passive_by", first=at, last=mention.last, mention=mention)
        k = at - 1
        while k >= 0 and self.letters[k] in "xt":
            k -= 1
        left = self.letters[k] if k >= 0 else ""
        if (left in ("Q", "c", "m", "") or (left == "z" and k == at - 1)) and not (verb.participle and left == "c"):
            inverted = self._right(at) if left == "Q" or verb.base not in self.discourse.words.takes_object else None
            if inverted is not None and (left != "c" or not self._clause_subject(k)):
                return inverted
        if k >= 0 and k in self.by_last and self.by_last[k].kind != "owner":
            return self._adjacent(self.by_last[k], k, at)
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
        return self._far(k) or (None if verb.base in self.discourse.words.takes_object else self._right(at))

    def _clause_subject(self, k: int) -> bool:
        """Whether what ends with the comma at ``k`` is a name with its description."""
        return k in self.by_last

    def _right(self, at: int) -> _Subject | None:
        """“…, said the minister”."""
        k = at + 1
        while k < len(self.letters) and self.letters[k] in "xt":
            k += 1
        mention = self.by_first.get(k) or self._right_name(k)
        if mention is None or mention.kind == "owner":
            return None
        if self.letters[mention.np_last + 1 : mention.np_last + 2] in ("x", "v") or (
            mention.kind == "pronoun" and self.letters[mention.last + 1 : mention.last + 2] in ("w", "Q", "u")
        ):
            return None  # the subject of a clause of its own: “…, arguing it would …”
        return _Subject(rule="subject_after_verb", first=at, last=mention.np_last, mention=mention)

    def _right_name(self, k: int) -> Mention | None:
        """A name at the end of a long office: “said former … of the … Name”."""
        for mention in self.mentions:
            if k < mention.first <= k + 8 and mention.kind in ("titled", "name"):
                closed = self.letters[mention.np_last + 1 : mention.np_last + 2] in ("", "z", "c", "P", "t")
                return mention if closed and not set(self.letters[k : mention.first]) - set("wYJNBDPoRSut") else None
        return None

    def _adjacent(self, mention: Mention, k: int, at: int) -> _Subject | None:
        """The subject stands before the verb; of “the head of the committee said” the head spoke."""
        outer = mention
        joint = self._joint(mention, at)
        if joint is not None:
            return joint
        while outer.first >= 2 and self.letters[outer.first - 1] == "P" and self.tokens[outer.first - 1].text.lower() not in self.discourse.words.stop_prepositions:
            above = self.by_last.get(outer.first - 2)
            if above is None or above.kind not in ("office", "body", "titled"):
                break
            outer = above
        if outer is mention and mention.first >= 1 and self.letters[mention.first - 1] == "P":
            word = self.tokens[mention.first - 1].text.lower()
            if word not in self.discourse.words.stop_prepositions:
                further = self._far(mention.first - 1)
                if further is not None and mention.kind not in ("name", "titled"):
                    return further
        return _Subject(rule="subject_before_verb", first=self._clause_start(outer.first), last=at, mention=outer)

    def _joint(self, mention: Mention, at: int) -> _Subject | None:
        """“A and B agreed”: two parties speak with one voice."""
        if self.letters[mention.first - 1 : mention.first] != "k" or self.tokens[mention.first - 1].text.lower() in ("but", "while"):
            return None
        other = self.by_last.get(mention.first - 2)
        if other is None or not self._free(other) or "known" not in (other.kind, mention.kind):
            return None
        one, two = self.discourse.resolve(other, self.tokens), self.discourse.resolve(mention, self.tokens)
        if one is None or two is None or one.entity.id == two.entity.id:
            return None
        both = Entity(
            id=f"{one.entity.id}+{two.entity.id}", name=f"{one.entity.name} and {two.entity.name}", kind="described", plural=True
        )
        return _Subject(rule="subject_before_verb", first=self._clause_start(other.first), last=at, mention=other, who=Resolved(entity=both, rule="joint"))

    def _clause_start(self, first: int) -> int:
        """Conjunctions and such before a subject belong to its clause."""
        at = first
        while at > 0 and (self.letters[at - 1] in "kx" or (self.letters[at - 1] in "PW" and self.tokens[at - 1].text.lower() in self.discourse.words.stop_prepositions)):
            at -= 1
        return at

    def _relative(self, k: int) -> _Subject | None:
        """“the spokeswoman, who called it …”: who stands before the relative."""
        j = k - 1
        if j >= 0 and self.letters[j] == "c":
            j -= 1
        mention = self.by_last.get(j) or self.by_last.get(j + 1)
        if mention is None:
            mention = next((one for one in reversed(self.mentions) if one.last < k and one.kind in ("titled", "name", "known")), None)
        return None if mention is None else _Subject(rule="relative", first=k, last=k, mention=mention)

    def _participle(self, at: int, k: int) -> _Subject | None:
        """“…, saying that …”: whoever spoke or acted before; “a letter demanding …” is the letter’s."""
        if k < 0 or (self.letters[k] not in "ckQm" and self.tokens[k].text.lower() != "by"):
            return None
        if self.cues:
            before = self._main_before()
            return _Subject(rule="participle", first=at, last=at, who=before.who)
        found = self._sentence_subject(k)
        return None if found is None else _Subject(rule="participle", first=at, last=at, mention=found.mention, who=found.who)

    def _main_before(self) -> Cue:
        """The last cue of the sentence whose subject can go on: no agent, no source."""
        usable = [cue for cue in self.cues if not cue.embedded and cue.rule not in ("passive_by", "according_to")]
        return usable[-1] if usable else self.cues[-1]

    def _again(self, k: int) -> _Subject:
        """“… and warned that …”: the subject of the verb before."""
        before = self._main_before()
        first = k - 1 if k >= 1 and self.letters[k] == "k" and self.letters[k - 1] == "c" else k
        return _Subject(rule="same_subject", first=first, last=k, who=before.who)

    def _sentence_subject(self, k: int) -> _Subject | None:
        """Whom the sentence begins with: the first one mentioned that is no object of a preposition."""
        usable = [one for one in self.mentions if one.last <= k]
        acting = [one for one in usable if self.letters[one.np_last + 1 : one.np_last + 2] not in ("c", "")]
        for mention in [*acting, *usable]:
            if mention.kind == "single" and stem(self.tokens[mention.head].text) not in self.discourse.by_name:
                continue
            if self._free(mention):
                return _Subject(rule="sentence_subject", first=k if self.letters[k : k + 1] == "k" else 0, last=k, mention=mention)
        return None

    def _free(self, mention: Mention) -> bool:
        """Whether a mention can be a subject: no preposition before it, no possessive after it."""
        if mention.kind == "owner":
            return False
        before = self.letters[mention.first - 1 : mention.first] if mention.first else ""
        if before == "P":
            return self.tokens[mention.first - 1].text.lower() in self.discourse.words.stop_prepositions
        return before not in ("v", "A")

    def _far(self, k: int) -> _Subject | None:
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
                return _Subject(rule="subject_before_verb", first=self._clause_start(mention.first), last=k, mention=mention)
        return None

    def _trailing(self, at: int, last: int, subject: _Subject) -> bool:
        """Whether the cue closes what was said before it."""
        first = min(subject.first, at)
        if first == 0 or subject.rule in ("participle", "same_subject", "relative", "sentence_subject", "passive_by"):
            return False
        if subject.mention is not None and subject.rule == "subject_before_verb" and subject.first < subject.mention.first:
            return False  # a conjunction opens a clause of its own
        before = self.letters[first - 1]
        rest = self.letters[last + 1 :].rstrip("z")
        if before not in ("Q", "c", "z", "m"):
            return False
        if subject.rule == "subject_after_verb":
            return True
        if rest[:1] in ("", "c", "p", "m"):
            return True
        return len(rest) <= TAIL and "Q" not in rest and "v" not in rest and (rest[0] in "PtxbS" or before in "Qz")

    def _embedded(self, subject: _Subject, verb: Verb) -> bool:
        """Whether the clause stands inside what an earlier cue's speaker said (“A said that B wanted …”)."""
        if not self.cues or subject.rule != "subject_before_verb" or subject.mention is None:
            return False
        before = self.cues[-1]
        if subject.mention.kind == "pronoun" and self.letters[subject.mention.first - 1 : subject.mention.first] in ("w", "u"):
            return True  # “questions he said were open”
        if before.kind != "say" or before.trailing:
            return False
        start = subject.mention.first
        opened = self.letters[start - 1 : start] in ("k", "c", "Q", "m") or subject.first < start
        return not opened

    # -- other cues

    def _according(self, at: int) -> Cue | None:
        """“according to the ministry”, “in his words”."""
        what = str(self.tokens[at].what)
        if what in ("he", "she", "they"):
            spoke = self.discourse.pronoun(what, [cue.who.entity for cue in reversed(self.cues)])
            return None if spoke is None else Cue(
                first=at, verb=at, last=at, who=spoke, rule="according_to", kind="say", stance="claims", base="according to", trailing=at > 0
            )
        mention = next((one for one in self.mentions if at < one.first <= at + 5 and one.kind not in ("owner", "single")), None)
        if mention is None or set(self.letters[at + 1 : mention.first]) - set("DwuJYNt"):
            return None
        who = self._resolve(mention, "subject")
        if who is None:
            return None
        return Cue(
            first=at, verb=at, last=mention.np_last, who=who, rule="according_to", kind="say", stance="claims",
            base="according to", trailing=at > 0,
        )  # fmt: skip

    def _view(self, at: int) -> Cue | None:
        """“Their position is that …”, of somebody named."""
        mention = self.by_last.get(at - 2)
        if mention is None or self.letters[at + 1 : at + 2] != "x":
            return None
        who = self._resolve(mention, "view")
        if who is None:
            return None
        return Cue(
            first=mention.first, verb=at, last=at + 1, who=who, rule="position_of", kind="say", stance="claims",
            base=self.tokens[at].text, trailing=False,
        )  # fmt: skip

    def _for_view(self) -> Cue | None:
        """“For Putin, …”: a view, where a person is named."""
        if self.tokens[0].text.lower() not in ("for", "по"):
            return None
        mention = self.by_first.get(1)
        if mention is None or mention.kind not in ("name", "titled") or self.letters[mention.last + 1 : mention.last + 2] != "c":
            return None
        who = self._resolve(mention, "view")
        if who is None or who.entity.kind != "person":
            return None
        return Cue(first=0, verb=0, last=mention.last, who=who, rule="view_of", kind="say", stance="claims", base="for", trailing=False)

    def _colon(self, at: int) -> Cue | None:
        """“Statement: “…””: a name, a colon, a quotation."""
        if self.letters[at + 1 : at + 2] != "Q" or at > 6:
            return None
        mention = self.by_last.get(at - 1)
        if mention is None:
            return None
        who = self._resolve(mention, "colon")
        if who is None:
            return None
        return Cue(first=0, verb=at, last=at, who=who, rule="colon", kind="say", stance="claims", base=":", trailing=False)
