"""Names in a source's options that must be names of the case: its acts, parties and areas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from truceline.base.errors import InputError, Problem
from truceline.sources.source import ReadContext

#: a place in the options, and the name that stands there (None: no name, nothing to check)
Placed = tuple[str, str | None]


def of_mapping(option: str, words: Mapping[str, str | None]) -> list[Placed]:
    """The values of an option that translates words of the file, each with its place."""
    return [(f"{option}.{word}", name) for word, name in words.items()]


def expect_names(
    context: ReadContext,
    *,
    acts: Iterable[Placed] = (),
    parties: Iterable[Placed] = (),
    areas: Iterable[Placed] = (),
) -> None:
    """Refuse options that name an act, a party or an area that the case does not have.

    A source without files is absent and not wrong, and terms without acts or parties leave nothing
    to compare with: then nothing is refused.

    Raises
    ------
    InputError
        With each such name.
    """
    source = f"source {context.source_id}"
    if not context.files:
        return
    problems = [
        Problem(code=code, message=message, file=source, column=place, got=name, expected=" | ".join(known), next_step=f"Correct the option `{_option(place)}`")
        for named, known, code, message in (
            (acts, context.acts, "name_unknown", "the terms have no such act"),
            (parties, context.parties, "party_unknown", "the truce has no such party"),
        )
        for place, name in named
        if name is not None and known and name not in known
    ] + [
        Problem(code="name_unknown", message="the case has no area of this name", file=source, column=place, got=name, expected="an area of the case", next_step=f"Correct the option `{_option(place)}`, or add the area to the case")
        for place, name in areas
        if name is not None and context.area(name) is None
    ]  # fmt: skip
    if problems:
        raise InputError(problems)


def _option(place: str) -> str:
    """``figures[2].area`` → ``figures``."""
    return place.partition(".")[0].partition("[")[0]
