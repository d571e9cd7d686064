"""Who the subject of a verb of saying is: beside it, behind it, before a comma, or the verb before’s."""

from __future__ import annotations

from truceline.talks.behind import BehindVerb
from truceline.talks.lexicon import Verb
from truceline.talks.mentions import Mention
from truceline.talks.resolve import Resolved, slug
from truceline.talks.sentence_view import Cue, Subject
from truceline.talks.speakers import Entity
from truceline.talks.stems import stem

#: how far a subject may stand from its verb, in tokens, where something stands between them
REACH = 24


class SubjectFinder(BehindVerb):
    """Goes through one sentence and finds who the subject of each verb of saying is."""

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

    def _subject(self, at: int, verb: Verb) -> Subject | None:
        """The verb's subject: by the first rule that finds one."""
        if self.letters[at + 1 : at + 2] == "P" and self.tokens[at + 1].text.lower() in ("by",):
            mention = self.by_first.get(at + 2)
            if mention is not None and not verb.participle:
                return Subject(rule="passive_by", first=at, last=mention.last, mention=mention)
            if verb.kind == "report" and not verb.participle and not verb.bare:
                return None  # “backed by air strikes”
        k = self._before(at)
        left = self.letters[k] if k >= 0 else ""
        if left == "c" and not verb.participle and k not in self.by_last:
            opened = self._set_apart(k)
            if opened is not None:
                return opened
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
        if left == "W" or self._is_that(k):
            return self._relative(k)
        if verb.participle:
            return self._participle(at, k)
        if left in ("k", "c") and self.cues:
            return self._again(k)
        if left == "k" or left == "c":
            return self._sentence_subject(k)
        return None if left == "" else self._across(k, at, verb)

    def _before(self, at: int) -> int:
        """The last token before a verb that is no auxiliary, adverb or day."""
        k = at - 1
        while k >= 0 and (
            self.letters[k] in "xt"
            or (self.tokens[k].text == "both" and self.letters[k - 1 : k] == "x")  # “have both said”
        ):
            k -= 1
        return k

    def _is_that(self, k: int) -> bool:
        """“the resolution that demands it”."""
        return k > 0 and self.tokens[k].text == "that" and self.letters[k - 1] not in "vcx"

    def _across(self, k: int, at: int, verb: Verb) -> Subject | None:
        """A subject with other words between it and its verb, or behind it."""
        words = self.discourse.words
        if not words.declines:
            noun = self._noun_phrase(k)
            if noun is not None:
                return self._unlisted(noun, verb)
        beside = self._right(at) if words.declines and verb.kind == "say" else None
        return beside or self._far(k) or (None if verb.base in words.takes_object else self._inverted(at))

    def _set_apart(self, k: int) -> Subject | None:
        """“A, who met B in C, said”: who stands before the comma that the one at ``k`` answers."""
        if self.discourse.words.declines:
            return None
        for mention in self.mentions:
            comma = mention.np_last + (self.letters[mention.np_last : mention.np_last + 1] != "c")
            if comma >= k or mention.kind in ("owner", "pronoun"):
                continue
            if self.letters[comma : comma + 1] != "c" or not self._free(mention):
                continue
            ahead = self.letters[: mention.first]
            if "v" in ahead or "Q" in ahead or self.letters[comma + 1] in "kcv":
                return None
            if self.letters[comma + 1] not in "WPDJRSGNYBKuw" or "k" in self.letters[k - 1 : k]:
                return None
            return Subject(
                rule="subject_before_verb", first=self._clause_start(mention.first), last=k, mention=mention
            )
        return None

    def _noun_phrase(self, k: int) -> tuple[int, int] | None:
        """The subject that ends at ``k`` where no word of it is listed: its first token and its noun.

        “Proponents of the bill say”: the noun stands before the first preposition.
        """
        while k > 0 and self.letters[k] == "w" and self.tokens[k].text.endswith("ly"):
            k -= 1
        if k in self.by_last:
            return None
        start = k
        while start >= 0 and self.letters[start] in "wuJNYBDoSRGKTP":
            if (
                self.letters[start] == "P"
                and self.tokens[start].text.lower() in self.discourse.words.stop_prepositions
            ):
                break
            start -= 1
        if (start >= 0 and self.letters[start] not in "ckQpmz") or k <= start:
            return None
        start += 1
        head = start
        while head < k and self.letters[head + 1] != "P":
            head += 1
        within = (one.kind for one in self.mentions if start <= one.first <= head)
        if (
            any(kind not in ("owner", "known", "body", "single") for kind in within)
            or self.letters[start] == "P"
        ):
            return None
        opens = start == head == 0  # a noun that opens its sentence looks like a name
        return (start, head) if self.letters[head] in "wu" or (opens and k > head) else None

    def _unlisted(self, noun: tuple[int, int], verb: Verb) -> Subject | None:
        """People whom no list names, as the subject of a plain verb of saying: “several friends said”."""
        words = self.discourse.words
        start, head = noun
        many = words.plural_noun.search(self.tokens[head].text) is not None
        led = "o" in self.letters[start:head] or self.letters[start] in "DJ"
        if verb.base not in (words.plain_says if many else words.plainest_says) or not (many or led):
            return None
        if self.tokens[head].text.lower() in words.hours:
            return self._far(head)
        name = " ".join(one.text for one in self.tokens[start : head + 1] if one.tag != "D")
        entity = Entity(id=slug(name), name=name, kind="described", plural=many)
        return Subject(
            rule="subject_before_verb", first=self._clause_start(start), last=head,
            who=Resolved(entity=entity, rule="description"),
        )  # fmt: skip

    def _adjacent(self, mention: Mention, at: int) -> Subject | None:
        """The subject stands before the verb; of “the head of the committee said” the head spoke."""
        if self.discourse.words.declines and self._addressed(mention):
            return self._right(at) or self._far(mention.first - 1)
        opens = self._circumstance_before(mention)
        if opens is not None:
            aside = self._right(at) or self._far(opens - 1)
            if aside is not None:
                return aside
        joint = self._joint(mention, at)
        if joint is not None:
            return joint
        outer = mention
        while (above := self._noun_above(outer)) is not None:
            outer = above
        if outer is mention and mention.first >= 1 and self.letters[mention.first - 1] == "P":
            word = self.tokens[mention.first - 1].text.lower()
            if self.discourse.words.declines and word not in self.discourse.words.stop_prepositions:
                further = self._far(mention.first - 1)
                if further is not None or not self._at_place(mention.first - 1, at):
                    return further
            elif word not in self.discourse.words.stop_prepositions and not self._accompanies(word, at):
                further = self._far(mention.first - 1)
                if further is not None and mention.kind not in ("name", "titled"):
                    return further
        return Subject(
            rule="subject_before_verb", first=self._clause_start(outer.first), last=at, mention=outer
        )

    def _noun_above(self, mention: Mention) -> Mention | None:
        """Of “the head of the committee” the head."""
        first = mention.first
        while first > 1 and self.letters[first - 1] in "Dwu" and not self.discourse.words.declines:
            first -= 1
        if (
            first < 2
            or self.letters[first - 1] != "P"
            or self.tokens[first - 1].text.lower() in self.discourse.words.stop_prepositions
        ):
            return None
        above = self.by_last.get(first - 2)
        return above if above is not None and above.kind in ("office", "body", "titled") else None

    def _accompanies(self, word: str, at: int) -> bool:
        """“…, with the ministry saying that …”."""
        verb = self.tokens[at].what
        return word == "with" and isinstance(verb, Verb) and verb.participle

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

    def _relative(self, k: int) -> Subject | None:
        """“the spokeswoman, who called it …”: who stands before the relative."""
        j = k - 1
        if j >= 0 and self.letters[j] == "c":
            j -= 1
        mention = self.by_last.get(j) or self.by_last.get(j + 1)
        if (
            mention is not None
            and self.tokens[k].text == "who"
            and mention.kind in ("body", "named_body", "known")
            and not self._free(mention)
        ):
            mention = self.by_last.get(mention.first - 2) or mention  # “A. B. of the ministry, who …”
        if mention is None and (self.discourse.words.declines or (self.letters[j] in "wu" and j == k - 1)):
            return None  # “groups which agreed to it”: nobody whom the text names
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

    def _far(self, k: int) -> Subject | None:
        """A subject with something between it and its verb."""
        for mention in reversed(self.mentions):
            if mention.last > k or mention.kind in ("single", "owner") or self._is_object(mention):
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
