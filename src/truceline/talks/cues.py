"""Cues of attribution in a sentence: a verb of saying and its subject, “according to”, a name and a colon."""

from __future__ import annotations

import re
from dataclasses import replace

from truceline.talks.lexicon import Verb
from truceline.talks.mentions import Mention
from truceline.talks.onlookers import looks_on
from truceline.talks.resolve import Resolved, slug
from truceline.talks.sentence_view import Cue, Subject
from truceline.talks.signatures import leads, signed_mention, signed_source
from truceline.talks.speakers import Entity
from truceline.talks.stems import nominative
from truceline.talks.subjects import SubjectFinder

#: a cue that ends a sentence has at most so many tokens after it
TAIL = 9


class CueFinder(SubjectFinder):
    """Goes through one sentence; people mentioned are remembered on the way."""

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
            elif token.tag == "m" and self.discourse.words.declines:
                cue = self._signed(at)
            elif token.text in self.discourse.words.views and self.letters[at - 1 : at] == "o":
                cue = self._view(at)
            elif not self.cues and token.text in self.discourse.words.speech_nouns:
                cue = self._noun(at)
            elif token.tag == "P" and at == 0:
                cue = self._for_view()
            if cue is not None:
                self.cues.append(cue)
                self.discourse.note(cue.who.entity)
        self._note_until(len(self.tokens))
        if len(self.cues) > 1 and self._closes(self.cues[-1]):
            return [cue for cue in self.cues[:-1] if not self._told(cue)] + self.cues[-1:]
        return self.cues

    def _closes(self, cue: Cue) -> bool:
        """Whether a cue closes its sentence behind a comma or a dash, in a language where that makes a signature."""
        if not self.discourse.words.declines or not cue.trailing or cue.kind != "say":
            return False
        return cue.rule in ("signed", "subject_after_verb")

    def _told(self, cue: Cue) -> bool:
        """“A wants …, said B”: that A wants it is what B said, unless B only looks on and passes it on."""
        words, closing = self.discourse.words, self.cues[-1].who.entity
        if cue.who.entity == closing or looks_on(closing, words) or self.cues[-1].base in words.passes_on:
            return False
        party = cue.who.entity.kind == "party" and cue.rule == "subject_before_verb"
        return cue.kind == "report" or (party and closing.kind in ("person", "described"))

    def _verb(self, at: int, verb: Verb) -> Cue | None:
        subject = self._subject(at, verb) or self._spoke_before(at)
        if subject is None:
            return None
        if (
            verb.kind == "say"
            and subject.rule == "subject_before_verb"
            and not self.letters[at + 1 :].strip("z")
            and subject.first > 0
            and self.letters[subject.first - 1] not in "Qczm"
        ):
            return None  # a noun at the end of its sentence, not a verb
        if (
            verb.kind == "report"
            and not self.discourse.words.declines
            and subject.rule == "subject_before_verb"
            and not self.letters[at + 1 :].strip("z")
            and subject.mention is not None
            and self.letters[subject.mention.first - 1 : subject.mention.first] in ("w", "u", "N")
            and self.tokens[subject.mention.first - 1].text != "that"
        ):
            return None  # “the halt that the other side seeks”: no clause of its own
        who = subject.who
        if who is None and subject.mention is not None:
            who = self._resolve(subject.mention, subject.rule)
        if who is None or self._mute(subject.mention):
            return None
        return Cue(
            first=subject.first, verb=at, last=max(subject.last, at), who=who, rule=subject.rule, kind=verb.kind,
            stance=verb.stance, base=verb.base, trailing=self._trailing(at, max(subject.last, at), subject),
            embedded=self._embedded(subject),
        )  # fmt: skip

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

    def _spoke_before(self, at: int) -> Subject | None:
        """“…, — added somebody”: of a subject that is no name, whoever spoke last is meant."""
        spoke = self.discourse.last_speaker
        if not self.discourse.words.declines or self.letters[at - 1 : at] != "m" or spoke is None:
            return None
        return Subject(
            rule="spoke_before", first=at, last=at, who=Resolved(entity=spoke, rule="spoke_before")
        )

    # -- other cues

    def _according(self, at: int) -> Cue | None:
        """“according to the ministry”, “in his words”."""
        what = str(self.tokens[at].what)
        if what in ("he", "she", "they"):
            spoke = self.discourse.pronoun(what, [cue.who.entity for cue in reversed(self.cues)])
            if spoke is None and self.discourse.words.declines:
                spoke = self.discourse.foreseen(what)
            return (
                None
                if spoke is None
                else Cue(
                    first=at,
                    verb=at,
                    last=at,
                    who=spoke,
                    rule="according_to",
                    kind="say",
                    stance="claims",
                    base="according to",
                    trailing=at > 0,
                )
            )
        mention = next(
            (one for one in self.mentions if at < one.first <= at + 5 and one.kind != "owner"),
            None,
        )
        if mention is not None and mention.kind == "single" and not self._may_be_source(mention, what):
            mention = None
        if mention is None or set(self.letters[at + 1 : mention.first]) - set("DwuJYNnt"):
            return self._unlisted_source(at, what)
        who = self._resolve(mention, "subject")
        if who is None:
            return None
        if who.rule == "new_name" and self.discourse.words.declines and not what.startswith(("как ", "як ")):
            name = " ".join(nominative(part) for part in who.entity.name.split())
            who = replace(who, entity=replace(who.entity, id=slug(name.split()[-1]), name=name))
        return Cue(
            first=at, verb=at, last=mention.np_last, who=who, rule="according_to", kind="say", stance="claims",
            base="according to", trailing=at > 0,
        )  # fmt: skip

    def _may_be_source(self, mention: Mention, what: str) -> bool:
        """Whether a single name is whom “according to” names: it closes its phrase."""
        closed = self.letters[mention.last + 1 : mention.last + 2] in ("", "z", "c", "P")
        return self.discourse.words.declines or (closed and what == "according to")

    def _unlisted_source(self, at: int, what: str) -> Cue | None:
        """“according to data analysed by …”: a source whose noun no list has."""
        last = at
        while self.letters[last + 1 : last + 2] in tuple("DwJNYBoRSGtu") and last < at + 7:
            if self.tokens[last + 1].text.endswith(("ed", "ing")) and last > at:
                break  # “analysed by …”
            last += 1
        if self.discourse.words.declines or what != "according to" or last == at:
            return None
        if self.letters[last] not in "wN":
            return None
        name = " ".join(one.text for one in self.tokens[at + 1 : last + 1] if one.tag != "D")
        name = re.sub(r"\s+([’']s?)", r"\1", name)
        entity = Entity(id=slug(name), name=name, kind="described", plural=name.endswith("s"))
        return Cue(
            first=at, verb=at, last=last, who=Resolved(entity=entity, rule="description"), rule="according_to",
            kind="say", stance="claims", base="according to", trailing=at > 0,
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

    def _noun(self, at: int) -> Cue | None:
        """“A. B.’s threat of …”, where nobody was yet said to say anything."""
        words = self.discourse.words
        follows = self.tokens[at + 1].text.lower() if at + 1 < len(self.tokens) else ""
        if at < 2 or self.letters[at - 1] != "o" or follows not in words.speech_noun_links:
            return None
        owner = self.tokens[at - 2]
        mention = self.by_last.get(at - 2)
        who = self._resolve(mention, "noun") if mention is not None else None
        if who is None and isinstance(owner.what, Entity):
            who = Resolved(entity=owner.what, rule="name")
        if who is None:
            return None
        noun = self.tokens[at].text
        return Cue(
            first=at - 2 if mention is None else mention.first, verb=at, last=at, who=who, rule="speech_noun", kind="report",
            stance=words.speech_nouns[noun], base=noun, trailing=False,
        )  # fmt: skip

    def _for_view(self) -> Cue | None:
        """“For A. B., …”: a view, where a person is named."""
        if self.tokens[0].text.lower() not in ("for", "по"):
            return None
        mention = self.by_first.get(1)
        if (
            mention is None
            or mention.kind not in ("name", "titled", "single")
            or self.letters[mention.last + 1 : mention.last + 2] != "c"
        ):
            return None
        who = self._resolve(mention, "view")
        if who is None or who.entity.kind != "person":
            return None
        return Cue(
            first=0,
            verb=0,
            last=mention.last,
            who=who,
            rule="view_of",
            kind="say",
            stance="claims",
            base="for",
            trailing=False,
        )

    def _signed(self, at: int) -> Cue | None:
        """“…, — Name.”: who stands behind the dash that ends what was said."""
        mention = signed_mention(self.letters, at, self.mentions)
        who = None if mention is None else self._resolve(mention, "subject")
        who = who or signed_source(self.tokens, self.letters, at, self.discourse.words)
        if who is None or any(cue.rule == "signed" for cue in self.cues):
            return None
        return Cue(
            first=at, verb=at, last=len(self.tokens) - 1, who=who, rule="signed", kind="say", stance="claims",
            base="signed", trailing=True,
        )  # fmt: skip

    def _colon(self, at: int) -> Cue | None:
        """“Statement: “…””: a name, a colon, a quotation; where names decline, also ““…”: a name”."""
        mention = None
        if self.discourse.words.declines:
            mention = leads(self.tokens, self.letters, at, self.mentions) or self._behind_colon(at)
        elif self.letters[at + 1 : at + 2] != "Q" or at > 6:
            return None
        else:
            mention = self.by_last.get(at - 1)
        if mention is None:
            return None
        outlet = self.discourse.words.declines and self.tokens[mention.head].text.isascii()
        who = self._resolve(mention, "subject" if outlet else "colon")
        if who is None:
            return None
        behind = mention.first > at
        return Cue(
            first=at if behind else 0, verb=at, last=mention.np_last if behind else at, who=who, rule="colon", kind="say",
            stance="claims", base=":", trailing=behind,
        )  # fmt: skip

    def _behind_colon(self, at: int) -> Mention | None:
        """““…”: the expert on …”: who stands behind the colon of a sentence that begins as a quotation."""
        mention = self.by_first.get(at + 1)
        if self.letters[:at].strip("z") not in ("Q", "QQ") or mention is None or mention.kind == "pronoun":
            return None
        return mention if "v" not in self.letters[at:] else None
