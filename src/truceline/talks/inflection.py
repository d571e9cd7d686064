"""Forms of a verb: of a regular English one by rule, of others by a table of endings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def inflect_by(base: str, endings: Mapping[str, Iterable[str]]) -> list[str]:
    """The forms of an infinitive by the first ending of the table that one of its words has."""
    words = base.split()
    for place, word in enumerate(words):
        ending = next((one for one in endings if word.endswith(one) and len(word) > len(one) + 1), None)
        if ending is not None:
            stems = word[: -len(ending)]
            return [" ".join([*words[:place], stems + new, *words[place + 1 :]]) for new in endings[ending]]
    return [base]


def inflect(base: str) -> list[str]:
    """The forms of a regular English verb: claim, claims, claimed, claiming."""
    first, *rest = base.split()
    tail = " ".join(["", *rest])
    if first.endswith("e"):
        forms = [first, first + "s", first + "d", first[:-1] + "ing"]
    elif first.endswith("y") and first[-2] not in "aeiou":
        forms = [first, first[:-1] + "ies", first[:-1] + "ied", first + "ing"]
    elif first.endswith(("sh", "ss", "ch", "x")):
        forms = [first, first + "es", first + "ed", first + "ing"]
    else:
        forms = [first, first + "s", first + "ed", first + "ing"]
    return [form + tail for form in forms]
