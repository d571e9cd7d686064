"""Conditions under which a duty holds or an exemption applies: a small language of seven words.

What each word means for incidents that are uncertain stands in ``meaning.py`` and in
``docs/decisions/0012-what-terms-mean.md``.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field, model_validator

from truceline.base.documents import Model, Moment


class Answering(Model):
    """In answer to an act of the other side."""

    act: str = Field(description="act that is answered")
    within_minutes: float = Field(gt=0, description="at most this long after it; minutes")


class Span(Model):
    """A time of its own, half-open."""

    start: Moment = Field(description="from this moment on")
    stop: Moment = Field(description="up to this moment, which is no longer in it")


class AtMost(Model):
    """No more than so many in any window."""

    count: int = Field(ge=0, description="how many are allowed")
    window_hours: float = Field(
        gt=0, description="length of the window, which may begin at any moment; hours"
    )
    unit: str = Field("act", description="what is counted: act, shot, aircraft, person, vehicle …")


class Condition(Model):
    """Exactly one of its words; they nest."""

    all_of: list[Condition] | None = Field(None, min_length=1, description="every one of these holds")
    any_of: list[Condition] | None = Field(None, min_length=1, description="at least one of these holds")
    unless: Condition | None = Field(None, description="this does not hold")
    during: str | Span | None = Field(
        None, description="the act falls into this time: id of a clock, or start and stop"
    )
    within: str | None = Field(None, description="the act falls into this zone (id)")
    answering: Answering | None = Field(None, description="the act answers one of the other side")
    fact: str | None = Field(
        None,
        description="something about the act that evidence must show, such as ordered_by_leader; unknown where none does",
    )

    @model_validator(mode="after")
    def _one_word(self) -> Condition:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            said = " and ".join(given) if given else "nothing"
            raise ValueError(f"a condition has exactly one of its words, this one has {said}")
        return self

    def leaves(self) -> Iterator[Condition]:
        """Conditions that hold no others, from left to right."""
        inner = [*(self.all_of or ()), *(self.any_of or ()), *([self.unless] if self.unless else [])]
        if not inner:
            yield self
        for part in inner:
            yield from part.leaves()

    def implies(self, other: Condition) -> bool:
        """Whether the other surely holds wherever this does; False also where that cannot be told from the words."""
        if self == other:
            return True
        if other.all_of is not None:
            return all(self.implies(part) for part in other.all_of)
        if self.any_of is not None:
            return all(part.implies(other) for part in self.any_of)
        if any(part.implies(other) for part in self.all_of or ()):
            return True
        if any(self.implies(part) for part in other.any_of or ()):
            return True
        if self.unless is not None and other.unless is not None:
            return other.unless.implies(self.unless)
        mine, theirs = self.answering, other.answering
        return (
            mine is not None
            and theirs is not None
            and mine.act == theirs.act
            and mine.within_minutes <= theirs.within_minutes
        )

    def words(self) -> str:
        """The condition as a phrase for people."""
        if self.all_of is not None:
            return _joined(self.all_of, " and ")
        if self.any_of is not None:
            return _joined(self.any_of, " or ")
        if self.unless is not None:
            return f"not ({self.unless.words()})"
        if isinstance(self.during, Span):
            return f"from {self.during.start.isoformat()} to {self.during.stop.isoformat()}"
        if self.during is not None:
            return f"during {self.during}"
        if self.within is not None:
            return f"within {self.within}"
        if self.answering is not None:
            return f"in answer to {self.answering.act} within {self.answering.within_minutes:g} min"
        return (self.fact or "").replace("_", " ")


def _joined(parts: list[Condition], word: str) -> str:
    return word.join(
        f"({part.words()})" if part.all_of is not None or part.any_of is not None else part.words()
        for part in parts
    )
