"""Names on a map: each where there is room, the important ones first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Box = tuple[float, float, float, float]

#: mean width of a character of a sans-serif face, in ems
_CHARACTER_EM = 0.54


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name to be written beside a point; ``clearance`` is the radius of its symbol."""

    text: str
    x: float
    y: float
    rank: int
    clearance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A name that found room."""

    name: Name
    x: float
    y: float
    anchor: Literal["start", "middle", "end"]


def text_width(text: str, size: float) -> float:
    """Width of a text, estimated: no font is at hand where the picture is made."""
    return len(text) * size * _CHARACTER_EM


def overlap(first: Box, second: Box) -> bool:
    """Whether two boxes (left, top, right, bottom) share more than an edge."""
    return first[0] < second[2] and second[0] < first[2] and first[1] < second[3] and second[1] < first[3]


def wrap(text: str, *, width: float, size: float) -> list[str]:
    """Lines of at most ``width``, broken at blanks; a longer word stays whole."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, size) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def place_labels(
    names: Sequence[Name], *, taken: Sequence[Box], bounds: Box, size: float
) -> tuple[Label, ...]:
    """Put each name right, left, above or below its point; one without room is left out.

    ``taken`` are boxes that no name may cover, ``size`` the font size. Greedy by rank, then by name.
    """
    boxes = list(taken)
    labels = []
    for name in sorted(names, key=lambda name: (name.rank, name.text, name.x, name.y)):
        width = text_width(name.text, size)
        away = name.clearance + 2
        choices: tuple[tuple[float, float, Literal["start", "middle", "end"]], ...] = (
            (name.x + away, name.y + size * 0.35, "start"),
            (name.x - away, name.y + size * 0.35, "end"),
            (name.x, name.y - away - size * 0.1, "middle"),
            (name.x, name.y + away + size * 0.75, "middle"),
        )
        for x, y, anchor in choices:
            left = x - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
            box = (left, y - size * 0.8, left + width, y + size * 0.25)
            inside = (
                bounds[0] <= box[0] and box[2] <= bounds[2] and bounds[1] <= box[1] and box[3] <= bounds[3]
            )
            if inside and not any(overlap(box, other) for other in boxes):
                boxes.append(box)
                labels.append(Label(name=name, x=x, y=y, anchor=anchor))
                break
    return tuple(labels)
