"""Who stands behind a verb of saying: “…, said on air the head of the office, A. B.”."""

from __future__ import annotations

from dataclasses import replace

from truceline.talks.mentions import Mention
from truceline.talks.sentence_view import SentenceView
from truceline.talks.speakers import Entity
from truceline.talks.stems import nominative

#: words that say where something was said are at most so many
LONGEST_CIRCUMSTANCE = 14
#: between an office and the name of its holder stand at most so many
LONGEST_OFFICE = 14


class BehindVerb(SentenceView):
    """The part of a finder of subjects that looks behind a verb."""

    def _behind(self, at: int) -> Mention | None:
        """Whoever stands behind the verb at ``at`` as its subject."""
        declines = self.discourse.words.declines
        k = at + 1
        while self.letters[k : k + 1] in ("x", "t") or (declines and self.letters[k : k + 2] == "kP"):
            k += 1
        told = self.by_first.get(k)
        if declines and told is not None and self._addressed(told):
            k = told.np_last + 1  # “said to reporters at the end of the talks …”
        k += self._at_place(k, at) or self._past_circumstance(k)
        mention = self.by_first.get(k) or (None if declines else self._right_name(k))
        if mention is None or mention.kind == "owner" or self._is_object(mention):
            return None
        if declines and mention.kind in ("single", "known"):
            after = self.by_first.get(mention.last + 1)
            if after is not None and after.kind in ("titled", "office"):
                mention = after  # “told an outlet the head of …”
        if declines and mention.kind == "office":
            mention = self._holder_named(mention)
        follows = self.letters[mention.np_last + 1 : mention.np_last + 2]
        if not declines and follows in tuple("wuJ") and self.letters[at - 1 : at] in ("c", ""):
            return None  # “the envoy, an adviser to A, said B was …”
        if follows in ("x", "v") or (
            mention.kind == "pronoun" and self.letters[mention.last + 1 : mention.last + 2] in ("w", "Q", "u")
        ):
            return None  # the subject of a clause of its own: “…, arguing it would …”
        return mention

    def _addressed(self, mention: Mention) -> bool:
        """Whether an office or a group stands in the dative: it was told, it did not speak."""
        words, token = self.discourse.words, self.tokens[mention.head]
        return (
            mention.kind in ("office", "body", "titled")
            and words.dative.search(token.text) is not None
            and words.dative.search(str(token.what)) is None
        )

    def _circumstance_before(self, mention: Mention) -> int | None:
        """“A. in a comment for Outlet said”: where the words open that the name before a verb belongs to."""
        words, token = self.discourse.words, self.tokens[mention.head]
        if not words.declines or mention.kind not in ("single", "name", "known") or token.tag in "YK":
            return None
        if token.tag == "B" and not self._passes_on(mention):
            return None
        if mention.kind == "name" and nominative(token.text) == token.text:
            return None
        at = mention.first - 1
        while at > 0 and self.letters[at] in "wSJnt":
            at -= 1
        return at if at >= 0 and self.letters[at] == "P" and at < mention.first - 1 else None

    def _is_object(self, mention: Mention) -> bool:
        """Whether a name of the case stands in a case that no subject has: “they warned A.”."""
        words, token = self.discourse.words, self.tokens[mention.head]
        return words.declines and token.tag in "KYB" and words.oblique.search(token.text) is not None

    def _holder_named(self, office: Mention) -> Mention:
        """“the head of the centre for the … of the … A. B.”: the office with the name at its end."""
        for mention in self.mentions:
            if not office.last < mention.first <= office.last + LONGEST_OFFICE or mention.kind != "name":
                continue
            if set(self.letters[office.last + 1 : mention.first]) & set("vcmpQ"):
                break
            return replace(
                mention, first=office.first, kind="titled", title=(office.first, mention.first - 1)
            )
        return office

    def _at_place(self, k: int, at: int) -> bool:
        """“they said at the ministry”: a verb whose subject is many, and the body where they said it."""
        words = self.discourse.words
        return (
            self.letters[k : k + 1] == "P"
            and self.tokens[k].text.lower() in words.speaker_places
            and words.plural_verb.search(self.tokens[at].text) is not None
            and any(
                one.first == k + 1 and (one.kind in ("body", "named_body", "known") or self._stands_for(one))
                for one in self.mentions
            )
        )

    def _stands_for(self, mention: Mention) -> bool:
        """Whether a single name stands for a body: in capitals throughout."""
        written = self.tokens[mention.head].text
        return mention.kind == "single" and len(written) > 1 and written.isupper()

    def _past_circumstance(self, k: int) -> int:
        """“…, said on air the head of the office”: how many tokens say where, where a subject follows them."""
        if not self.discourse.words.declines or self.letters[k : k + 1] != "P":
            return 0
        place = 0
        for size in range(2, LONGEST_CIRCUMSTANCE):
            if self.letters[k + size - 1 : k + size] in ("", *"vcmpQ"):
                break
            mention = self.by_first.get(k + size)
            if mention is None or self.letters[k + size - 1] == "P":
                continue
            if mention.kind in ("titled", "name"):
                return size
            if (
                not place
                and size <= 4
                and mention.kind in ("office", "known")
                and not self._passes_on(mention)
            ):
                place = size
        return place

    def _passes_on(self, mention: Mention) -> bool:
        """Whether a mention is an outlet of the case: where, not who."""
        what = self.tokens[mention.head].what
        return isinstance(what, Entity) and what.media

    def _right_name(self, k: int) -> Mention | None:
        """A name at the end of a long office: “said former … of the … Name”."""
        for mention in self.mentions:
            if k < mention.first <= k + 8 and mention.kind in ("titled", "name"):
                closed = self.letters[mention.np_last + 1 : mention.np_last + 2] in ("", "z", "c", "P", "t")
                return (
                    mention
                    if closed and not set(self.letters[k : mention.first]) - set("wYJNnBDPoRSGut")
                    else None
                )
        return None
