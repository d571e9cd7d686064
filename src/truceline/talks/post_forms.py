"""What a post's form gives to a speaker: sentences before a signature, and those after “Name:”."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from truceline.talks.documents import Document
from truceline.talks.lexicon import Lexicon
from truceline.talks.quotation import Quote
from truceline.talks.resolve import Resolved
from truceline.talks.signatures import is_bare
from truceline.talks.units import Unit


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a paragraph of text."""

    start: int
    stop: int
    paragraph: int


class PostForms:
    """The part of a reader that knows the forms of posts."""

    document: Document
    words: Lexicon
    units: list[Unit]
    sentences: list[Sentence]
    sentence_starts: list[int]
    bare: set[int]  #: paragraphs that say no more than who spoke
    lead: Resolved | None = None  #: whose words follow, after “Name:”

    def _hold(self, sentence: Sentence, unit: Unit) -> None:
        """Give what stands before or after a sentence to its speaker, where its form says so."""
        if unit.cue is None:
            return
        text = self.document.text
        rest = text[sentence.start : unit.cue[0]] + " " + text[unit.cue[1] : sentence.stop]
        bare = is_bare(rest, self.words) and not unit.quotes
        if bare and unit in self.units:
            self.units.remove(unit)
            self.bare.add(sentence.paragraph)
        if text[sentence.start : sentence.stop].rstrip("*_ ").endswith(":") or _led(unit, sentence):
            self.lead = unit.who
        elif bare or (not unit.quotes and _behind_dash(text, unit)):
            given = self._before(sentence, everywhere=bare)
            spans = {(one.start, one.stop) for one in given}
            self.units = [one for one in self.units if one.sentence not in spans]
            at = len(self.units) if bare else len(self.units) - 1
            self.units[at:at] = [self._own(one, (), unit.who, "signed") for one in given]

    def _before(self, sentence: Sentence, *, everywhere: bool) -> list[Sentence]:
        """The sentences before one that nobody says yet: in its paragraph, or above it where it stands alone.

        That somebody wants or refuses is what the signature says of them.
        """
        taken = {unit.sentence for unit in self.units if unit.kind != "report" or unit.quotes}
        at = bisect_left(self.sentence_starts, sentence.start)
        first = at == 0 or self.sentences[at - 1].paragraph != sentence.paragraph
        found: list[Sentence] = []
        for one in reversed(self.sentences[:at]):
            inside = one.paragraph == sentence.paragraph or (everywhere and first)
            if not inside or (one.start, one.stop) in taken:
                break
            found.append(one)
        return found[::-1]

    def _own(self, sentence: Sentence, quotes: Sequence[Quote], who: Resolved, rule: str) -> Unit:
        """What nobody else is said to say is theirs."""
        return Unit(
            start=sentence.start, stop=sentence.stop, sentence=(sentence.start, sentence.stop), paragraph=sentence.paragraph,
            who=who, rule=rule, kind="quote", stance="claims", base="post", cue=None,
            quotes=tuple((quote.start, quote.stop) for quote in quotes),
        )  # fmt: skip


def _behind_dash(text: str, unit: Unit) -> bool:
    """Whether the cue closes its stretch behind a dash."""
    assert unit.cue is not None
    lead = text[unit.start : unit.cue[0]].rstrip()
    return unit.rule == "signed" or (bool(lead) and lead[-1] in "—–-")


def _led(unit: Unit, sentence: Sentence) -> bool:
    """Whether a name and a colon open the sentence, and what follows is in no quotation marks."""
    return unit.rule == "colon" and not unit.quotes and unit.start == sentence.start
