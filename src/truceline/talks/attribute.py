"""Who said what: stretches of text with a speaker, the rule that found it, and how it was said."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from truceline.talks.cues import CueFinder
from truceline.talks.documents import Document
from truceline.talks.lexicon import Lexicon
from truceline.talks.masks import mask, without_marks
from truceline.talks.mentions import find_mentions
from truceline.talks.post_forms import PostForms, Sentence
from truceline.talks.quotation import Quote, find_quotes
from truceline.talks.resolve import Discourse, Resolved
from truceline.talks.sentence_view import Cue
from truceline.talks.sentences import running_sentences
from truceline.talks.signatures import is_bare, marked_names, with_whole_names
from truceline.talks.speakers import Entity, Speakers
from truceline.talks.tokens import Token, people_ahead, tag_tokens
from truceline.talks.units import Attributed, Unit

#: a sentence that is a cue alone is shorter than this
LONGEST_CUE = 80
#: in somebody's own words, a quotation of so many signs is rather speech than a term
LEAST_SPEECH = 40
#: stretches looked back at for those of a quotation whose cue follows it
WAITING = 60


class Reader(PostForms):
    """Goes through a document once, sentence by sentence."""

    def __init__(
        self, document: Document, *, words: Lexicon, speakers: Speakers, owner: Entity | None = None
    ) -> None:
        self.owner = None if owner is None else Resolved(entity=owner, rule="own_channel")
        self.document = document
        self.words = words
        self.speakers = speakers
        self.discourse = Discourse(speakers=speakers, words=words, day=document.published)
        self.quotes = find_quotes(document.text, document.paragraphs)
        outer = [quote for quote in self.quotes if quote.depth == 0]
        self.names = marked_names(document.text, outer) if words.declines else []
        self.outer = [quote for quote in outer if quote not in self.names]
        self.masked = without_marks(mask(document.text, self.outer), self.names)
        if words.declines:
            self.discourse.coming = people_ahead(self.masked, words, speakers)
        self.units: list[Unit] = []
        self.bare: set[int] = set()
        self.speech: dict[Quote, Unit] = {}
        self.terms: dict[Quote, None] = dict.fromkeys(self.names)
        self.sentences = self._sentences()
        self.sentence_starts = [one.start for one in self.sentences]
        self.outer_stops = [quote.stop for quote in self.outer]
        self.paragraph_starts = [one.start for one in document.paragraphs]

    def read(self) -> Attributed:
        """Every attributed stretch of the document."""
        for sentence in self.sentences:
            self._read_sentence(sentence)
        return Attributed(
            units=tuple(sorted(self.units, key=lambda unit: unit.start)),
            speech=tuple(self.speech.items()),
            terms=tuple(self.terms),
            open=tuple(quote for quote in self.outer if quote not in self.speech and quote not in self.terms),
        )

    def _sentences(self) -> list[Sentence]:
        return [
            Sentence(start, stop, number)
            for start, stop, number, aside in running_sentences(self.document, self.words)
            if not aside
        ]

    def _tokens(self, sentence: Sentence) -> list[Token]:
        tokens = tag_tokens(
            self.masked, sentence.start, sentence.stop, words=self.words, speakers=self.speakers
        )
        return with_whole_names(tokens, self.names) if self.names else tokens

    def _touching(self, sentence: Sentence) -> list[Quote]:
        first = bisect_right(self.outer_stops, sentence.start)
        found = []
        for quote in self.outer[first:]:
            if quote.start >= sentence.stop:
                break
            found.append(quote)
        return found

    def _read_sentence(self, sentence: Sentence) -> None:
        quotes = self._touching(sentence)
        tokens = self._tokens(sentence)
        cues = CueFinder(
            tokens=tokens,
            mentions=find_mentions(tokens, declines=self.words.declines),
            discourse=self.discourse,
        ).find()
        fresh = [quote for quote in quotes if quote not in self.speech and not self._is_term(quote, sentence)]
        self.terms |= dict.fromkeys(
            quote for quote in quotes if quote not in self.speech and quote not in fresh
        )
        running = next(
            (quote for quote in quotes if quote in self.speech and quote.start < sentence.start), None
        )
        if self.words.declines and (self.lead or self.owner) and all(cue.kind == "report" for cue in cues):
            cues = []  # that others want or refuse is what the owner of the words says of them
        if cues:
            self._cued(sentence, tokens, cues, quotes, running)
        elif running is not None:
            self._add(self._carried(sentence, self.speech[running], "same_quotation", quotes))
        elif self.lead is not None:
            unit = self._own(sentence, quotes, self.lead, "led")
            self._add(unit)
            self.speech |= {quote: unit for quote in fresh if quote.stop - quote.start >= LEAST_SPEECH}
        elif fresh:
            self._uncued(sentence, fresh)
        elif self.owner is not None:
            self._add(self._own(sentence, quotes, self.owner, "own_channel"))
        else:
            self._told_of(tokens)

    def _told_of(self, tokens: Sequence[Token]) -> None:
        """A sentence in which nobody speaks may set whom “she” means in the next."""
        mentions = [
            one
            for one in find_mentions(tokens, declines=self.words.declines)
            if one.kind in ("titled", "name", "owner", "single")
        ]
        free = [
            one
            for one in mentions
            if one.kind in ("titled", "name") and (one.first == 0 or tokens[one.first - 1].tag != "P")
        ]
        for mention in [*free, *reversed(mentions)]:
            found = self.discourse.resolve(mention, tokens)
            if found is not None and found.entity.kind == "person":
                self.discourse.topic = found.entity
                return

    def _is_term(self, quote: Quote, sentence: Sentence) -> bool:
        """Whether the marks hold a term at a distance: after “what they call its …”, or a title."""
        lead = self.document.text[sentence.start : max(sentence.start, quote.start - 1)]
        if any(pattern.search(lead) for pattern in self.words.scare):
            return True
        inside = self.document.text[quote.start : quote.stop].strip(" ,.")
        parts = inside.split()
        return 1 < len(parts) <= 5 and all(part[:1].isupper() for part in parts)

    # -- sentences with a cue

    def _cued(
        self,
        sentence: Sentence,
        tokens: Sequence[Token],
        cues: list[Cue],
        quotes: Sequence[Quote],
        running: Quote | None,
    ) -> None:
        outer, closing = self._split_outer(cues)
        parts = self._regions(sentence, tokens, outer)
        text = self.document.text
        for number, (cue, start, stop) in enumerate(parts):
            inside = [
                quote
                for quote in quotes
                if quote not in self.terms and start <= max(quote.start, sentence.start) < stop
            ]
            via = None if closing is None else closing.who.entity
            inner = next(
                (
                    one
                    for one in cues
                    if one.embedded and one.kind == "say" and outer.index(cue) == self._owner(one, outer)
                ),
                None,
            )
            speaker, rule = cue.who, cue.rule
            if inner is not None and inner.who.entity != cue.who.entity and self._passes_on(cue, inner):
                via, speaker, rule = cue.who.entity, inner.who, "embedded"
            if (
                running is not None
                and number == 0
                and cue.trailing
                and speaker.entity != self.speech[running].who.entity
            ):
                pass  # the quotation's first cue stands
            unit = Unit(
                start=start, stop=stop, sentence=(sentence.start, sentence.stop), paragraph=sentence.paragraph,
                who=speaker, rule=rule, kind=cue.kind, stance=cue.stance, base=cue.base,
                cue=(tokens[cue.first].start, tokens[min(cue.last, len(tokens) - 1)].stop), via=via,
                quotes=tuple((quote.start, quote.stop) for quote in inside), opens=True,
            )  # fmt: skip
            if not text[start:stop].strip() or (number + 1 < len(parts) and self._says_nothing(unit)):
                continue
            self._add(unit)
            for quote in inside:
                self.speech.setdefault(quote, unit)
            self._attach_back(unit, sentence)
            if self.words.declines:
                self._hold(sentence, unit)

    def _says_nothing(self, unit: Unit) -> bool:
        """“In the words of sources, A demands …”: the first part says no more than who passes it on."""
        assert unit.cue is not None
        text = self.document.text
        rest = text[unit.start : unit.cue[0]] + text[unit.cue[1] : unit.stop]
        return self.words.declines and unit.kind == "say" and not unit.quotes and is_bare(rest, self.words)

    def _owner(self, inner: Cue, outer: Sequence[Cue]) -> int:
        """Which of the outer cues an embedded one stands in."""
        return max((place for place, cue in enumerate(outer) if cue.verb < inner.verb), default=0)

    def _passes_on(self, outer: Cue, inner: Cue) -> bool:
        """Whether the outer speaker only passes on what the inner one said: an agency, the media."""
        return outer.who.entity.media or (
            inner.kind == "say" and inner.base in ("say", "tell") and inner.who.entity.kind != "described"
        )

    def _split_outer(self, cues: Sequence[Cue]) -> tuple[list[Cue], Cue | None]:
        """Cues that open a stretch each, and one that stands behind them all (“…, said B”; “according to B”)."""
        outer = [cue for cue in cues if not cue.embedded]
        if not outer:
            outer = [cues[0]]
        last = outer[-1]
        if (
            len(outer) > 1
            and last.trailing
            and outer[-2].who.entity != last.who.entity
            and not outer[-2].trailing
        ):
            return outer[:-1], last
        return outer, None

    def _regions(
        self, sentence: Sentence, tokens: Sequence[Token], cues: Sequence[Cue]
    ) -> list[tuple[Cue, int, int]]:
        """The stretch of each cue: from where its clause begins to where the next one's begins."""
        starts = []
        for number, cue in enumerate(cues):
            if number == 0:
                starts.append(sentence.start)
            elif cue.trailing:
                before = cues[number - 1]
                at = min(before.last + 1, len(tokens) - 1)
                starts.append(tokens[at].start if before.trailing else tokens[cue.first].start)
            else:
                starts.append(tokens[cue.first].start)
        stops = [*starts[1:], sentence.stop]
        return [
            (cue, start, stop) for cue, start, stop in zip(cues, starts, stops, strict=True) if stop > start
        ]

    def _attach_back(self, unit: Unit, sentence: Sentence) -> None:
        """“… units?” the minister asked.: a sentence that is a cue alone speaks for the quotation before it."""
        text = self.document.text
        rest = re.sub(
            r"[\W_]+",
            "",
            text[sentence.start : unit.cue[0]] + text[unit.cue[1] : sentence.stop] if unit.cue else "x",
        )
        if len(rest) > 40 or unit.quotes:
            return
        for quote in self._ended_before(sentence.start):
            if (
                quote in self.speech
                and 0 <= sentence.start - quote.outer_stop <= 2
                and len(rest) <= 12
                and unit.kind != "report"
                and unit.who.entity == self.speech[quote].who.entity
                and unit in self.units
            ):
                self.units.remove(unit)  # the quotation has its speaker
            if (
                quote not in self.speech
                and quote not in self.terms
                and quote.outer_stop <= sentence.start
                and sentence.start - quote.outer_stop <= 2
            ):
                waiting = [
                    one for one in self.units[-WAITING:] if one.start < quote.stop and one.stop > quote.start
                ]
                for one in [*waiting, unit]:
                    self.units.remove(one)
                self._spread(quote, replace(unit, rule="cue_after_quotation"))

    def _ended_before(self, at: int) -> list[Quote]:
        """The last quotation that ended before a place."""
        last = bisect_right(self.outer_stops, at) - 1
        return [self.outer[last]] if last >= 0 else []

    def _paragraph_at(self, at: int) -> int:
        return bisect_right(self.paragraph_starts, at) - 1

    def _inside(self, start: int, stop: int) -> list[Sentence]:
        """The sentences that touch a stretch."""
        first = max(bisect_right(self.sentence_starts, start) - 1, 0)
        found = []
        for sentence in self.sentences[first:]:
            if sentence.start >= stop:
                break
            if sentence.stop > start:
                found.append(sentence)
        return found

    def _spread(self, quote: Quote, unit: Unit) -> None:
        """Give every sentence of a quotation to the speaker found after it."""
        self.speech[quote] = unit
        for sentence in self._inside(quote.start, quote.stop):
            if unit.sentence != (sentence.start, sentence.stop):
                self._add(self._carried(sentence, unit, unit.rule, [quote]))

    # -- sentences without one

    def _uncued(self, sentence: Sentence, fresh: Sequence[Quote]) -> None:
        """A quotation whose sentence names nobody: look ahead inside the quotation's end, else back."""
        long = next((quote for quote in fresh if quote.stop > sentence.stop), None)
        if long is not None:
            ahead = self._cue_at_end(long)
            if ahead is not None:
                self._add(self._carried(sentence, ahead, "cue_at_end_of_quotation", fresh))
                for quote in fresh:
                    self.speech[quote] = ahead
                return
        last = self.units[-1] if self.units else None
        if last is None or not self._may_carry(sentence, fresh, last):
            return
        rule = "carried_in_paragraph" if last.paragraph == sentence.paragraph else "carried_to_next_paragraph"
        unit = self._carried(sentence, last, rule, fresh)
        self._add(unit)
        for quote in fresh:
            self.speech[quote] = unit

    def _cue_at_end(self, quote: Quote) -> Unit | None:
        """The cue in the sentence where the quotation ends, or in the bare cue after it."""
        at = quote.outer_stop
        inside = self._inside(quote.stop - 1, at)
        end = inside[-1].stop if inside else at
        if end <= at + 2:  # the quotation ends its sentence: a bare cue may follow
            following = bisect_right(self.sentence_starts, at - 1)
            after = self.sentences[following] if following < len(self.sentences) else None
            if after is not None and after.stop - after.start < LONGEST_CUE and after.start - at <= 2:
                end = after.stop
        if end <= at:
            return None
        sentence = Sentence(quote.start - 1, end, self._paragraph_at(quote.start))
        tokens = tag_tokens(self.masked, sentence.start, end, words=self.words, speakers=self.speakers)
        cues = CueFinder(
            tokens=tokens,
            mentions=find_mentions(tokens, declines=self.words.declines),
            discourse=self.discourse,
        ).find()
        if not cues:
            return None
        cue = cues[0]
        return Unit(
            start=sentence.start, stop=end, sentence=(sentence.start, end), paragraph=sentence.paragraph, who=cue.who,
            rule=cue.rule, kind=cue.kind, stance=cue.stance, base=cue.base, cue=None,
        )  # fmt: skip

    def _may_carry(self, sentence: Sentence, fresh: Sequence[Quote], last: Unit) -> bool:
        """A quotation is carried on where it is nearly all of its sentence, or stands behind its speaker."""
        quoted = sum(min(one.stop, sentence.stop) - max(one.start, sentence.start) for one in fresh)
        whole = sentence.stop - sentence.start
        if quoted < 0.6 * whole:
            return False
        between = range(last.paragraph + 1, sentence.paragraph)
        kinds = [self.document.paragraphs[one].kind for one in between if one not in self.bare]
        return all(kind != "text" for kind in kinds)

    def _carried(self, sentence: Sentence, source: Unit, rule: str, quotes: Sequence[Quote]) -> Unit:
        return Unit(
            start=sentence.start, stop=sentence.stop, sentence=(sentence.start, sentence.stop), paragraph=sentence.paragraph,
            who=source.who, rule=rule, kind="quote", stance=source.stance if source.base == "ask" else "claims", base=source.base,
            cue=None, via=source.via, quotes=tuple((quote.start, quote.stop) for quote in quotes),
        )  # fmt: skip

    def _add(self, unit: Unit) -> None:
        self.units.append(unit)
        if unit.who.entity.kind != "described" or not unit.who.entity.plural:
            self.discourse.last_speaker = unit.who.entity
            self.discourse.topic = None


def attribute(
    document: Document, *, words: Lexicon, speakers: Speakers, owner: Entity | None = None
) -> Attributed:
    """Every stretch of the document that somebody is said to have said; ``owner``: whose own words it is."""
    return Reader(document, words=words, speakers=speakers, owner=owner).read()
