"""Quotation marks: pairs, nested ones, ones that were never closed, in the styles of three languages.

“…” and "…", ‘…’ and '…' (apostrophes told apart), «…», „…“ and „…”. A mark such as “ opens in one
style and closes in another: what is open decides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from truceline.talks.documents import Paragraph


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A quoted stretch: ``text[start:stop]`` is what stands between the marks."""

    start: int
    stop: int
    depth: int  #: 0: not inside another
    balanced: bool = True  #: whether its closing mark was found
    continued: bool = False  #: whether it goes on in the next paragraph

    @property
    def outer_stop(self) -> int:
        """Where the closing mark ends."""
        return self.stop + (1 if self.balanced else 0)


@dataclass(slots=True)
class _Open:
    at: int
    mark: str


_CLOSES = {"»": "«", "”": '“„"', "“": "„", "’": "‘", '"': '"“„”'}


def find_quotes(text: str, paragraphs: Sequence[Paragraph]) -> list[Quote]:
    """Every quotation of the paragraphs of text, in order of their starts; outer ones before inner."""
    found: list[Quote] = []
    running = [one for one in paragraphs if one.kind == "text"]
    for place, paragraph in enumerate(running):
        after = running[place + 1] if place + 1 < len(running) else None
        found += _paragraph_quotes(text, paragraph, after)
    return sorted(found, key=lambda one: (one.start, -one.stop))


def _paragraph_quotes(text: str, paragraph: Paragraph, after: Paragraph | None) -> list[Quote]:
    found: list[Quote] = []
    stack: list[_Open] = []
    for at in range(paragraph.start, paragraph.stop):
        sign = text[at]
        if sign in "«“„\"”»‘’'":
            _take(text, at, paragraph, stack, found)
    opener = text[after.start] if after is not None else ""
    while stack:
        left = stack.pop()
        if left.mark in "‘'":
            continue
        goes_on = not stack and opener != "" and (opener == left.mark)
        stop = paragraph.stop if goes_on else _before_tail(text, left.at + 1, paragraph)
        if goes_on or _worth_keeping(text, left.at + 1, stop):
            found.append(
                Quote(start=left.at + 1, stop=stop, depth=len(stack), balanced=False, continued=goes_on)
            )
    return found


#: “, the minister said.” is no longer than this many words
LONGEST_TAIL = 8


def _before_tail(text: str, start: int, paragraph: Paragraph) -> int:
    """Where a quotation ends that opens its paragraph, is never closed, and is followed by who said it.

    A tail is what stands behind the last comma, if it is short, has a name and ends its sentence.
    """
    comma = text.rfind(",", start, paragraph.stop)
    tail = text[comma + 1 : paragraph.stop].split()
    ended = text[paragraph.stop - 1] in ".!?…"  # a text that was cut off has no tail
    if start > paragraph.start + 1 or comma < 0 or len(tail) > LONGEST_TAIL or not ended:
        return paragraph.stop
    named = any(word[0].isupper() for word in tail) and re.search(r"[.!?…]\s", " ".join(tail)) is None
    return comma if named and _worth_keeping(text, start, comma) else paragraph.stop


def _worth_keeping(text: str, start: int, stop: int) -> bool:
    """An opening mark without a closing one quotes what follows it, where that is words."""
    return len(text[start:stop].split()) >= 2


def _take(text: str, at: int, paragraph: Paragraph, stack: list[_Open], found: list[Quote]) -> None:
    sign = text[at]
    before = text[at - 1] if at > paragraph.start else " "
    after = text[at + 1] if at + 1 < paragraph.stop else " "
    if sign in "‘’'":
        _take_single(text, at, paragraph, stack, found)
        return
    if sign in "«„":
        stack.append(_Open(at, sign))
        return
    could_close = [place for place, one in enumerate(stack) if one.mark in _CLOSES.get(sign, "")]
    if sign == "“":
        if could_close and not (before.isspace() and not after.isspace()):
            _close(stack, found, could_close[-1], at)
        else:
            if could_close == [] and any(one.mark == "“" for one in stack) and before.isspace():
                _give_up(text, stack, found, at)
            stack.append(_Open(at, sign))
        return
    if sign == '"':
        opens = (before.isspace() or before in "([—–-/“«„‘'") and not after.isspace()
        if could_close and not opens:
            _close(stack, found, could_close[-1], at)
        elif could_close and opens:
            _give_up(text, stack, found, at)
            stack.append(_Open(at, sign))
        elif opens or (not stack and after.isalnum() and not before.isalnum()):
            stack.append(_Open(at, sign))
        return
    if could_close:
        _close(stack, found, could_close[-1], at)
    elif sign == "”" and before.isspace() and not after.isspace():
        stack.append(_Open(at, "“"))  # a closing mark typed where an opening one was meant


def _take_single(text: str, at: int, paragraph: Paragraph, stack: list[_Open], found: list[Quote]) -> None:
    """An apostrophe stands inside a word or after an s; a single mark stands at its edge."""
    sign = text[at]
    before = text[at - 1] if at > paragraph.start else " "
    after = text[at + 1] if at + 1 < paragraph.stop else " "
    open_at = [place for place, one in enumerate(stack) if one.mark in "‘'"]
    if before.isalnum() and after.isalnum():
        return
    if sign == "‘" or (sign == "'" and not before.isalnum() and before not in ".,!?…" and after.isalnum()):
        if not open_at and _closed_later(text, at, paragraph.stop):
            stack.append(_Open(at, "‘"))
        return
    if open_at and not after.isalnum():
        _close(stack, found, open_at[-1], at)


#: a passage in single marks is no longer than this many signs
LONGEST_SINGLE = 600


def _closed_later(text: str, at: int, stop: int) -> bool:
    end = min(stop, at + LONGEST_SINGLE)
    for place in range(at + 2, end):
        if text[place] in "’'" and not text[place - 1].isspace():
            after = text[place + 1] if place + 1 < stop else " "
            possessive = (
                text[place - 1] == "s" and after == " " and place + 2 < stop and text[place + 2].islower()
            )
            if not after.isalnum() and not possessive:
                return True
        if text[place] in '“”«»"' and text[place - 1] != ",":
            return False
    return False


def _close(stack: list[_Open], found: list[Quote], place: int, at: int) -> None:
    """Close the quote at ``place``; what was opened inside it and never closed is no quote."""
    opened = stack[place]
    del stack[place:]
    if at > opened.at + 1:
        found.append(Quote(start=opened.at + 1, stop=at, depth=place))


def _give_up(text: str, stack: list[_Open], found: list[Quote], at: int) -> None:
    """A second opening mark where the first was never closed: the first ends with its sentence."""
    opened = stack[0]
    stack.clear()
    stop = opened.at + 1
    for place in range(opened.at + 1, at):
        if text[place] in ".!?…":
            stop = place + 1
            break
    else:
        stop = at
    while stop > opened.at + 1 and text[stop - 1].isspace():
        stop -= 1
    if _worth_keeping(text, opened.at + 1, stop):
        found.append(Quote(start=opened.at + 1, stop=stop, depth=0, balanced=False))
