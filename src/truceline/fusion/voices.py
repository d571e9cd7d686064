"""Who speaks independently of whom, and what that makes of an incident."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from truceline.schema.table import Record

Voice = tuple[str, str]


def independent_voices(rows: Iterable[Record], mechanism_sources: Collection[str]) -> set[Voice]:
    """The voices among records, one record an origin.

    Each instrument's or mechanism's source is a voice; each party is one voice however many sources
    speak for it; sources that belong to neither party are together one voice, and none beside a
    party's, since they may have it from there.
    """
    voices: set[Voice] = set()
    neutral = False
    for row in rows:
        if row["sensor_id"] is not None or row["source_id"] in mechanism_sources:
            voices.add(("instrument", row["source_id"]))
        elif row["speaker_party_id"] is not None:
            voices.add(("party", row["speaker_party_id"]))
        else:
            neutral = True
    if neutral and not any(kind == "party" for kind, _ in voices):
        voices.add(("neither", ""))
    return voices


def judge_occurrence(
    rows: list[Record],
    *,
    voices: set[Voice],
    existence_p: float | None,
    mechanism_sources: Collection[str],
    fallible_sources: Collection[str],
    verified_at: float,
) -> str:
    """The incident's place on the first axis (``schema.incidents.OCCURRENCES``).

    A mechanism's own record verifies where the probability that it is no false detection is at
    least ``verified_at``, or where its source is not known to make any.
    """
    if existence_p is not None and existence_p < 0.5:
        return "inconclusive"
    mechanism = [row for row in rows if row["source_id"] in mechanism_sources]
    if mechanism:
        sure = existence_p is not None and existence_p >= verified_at
        infallible = any(row["source_id"] not in fallible_sources for row in mechanism)
        if sure or (existence_p is None and infallible):
            return "verified"
    if len(voices) >= 2:
        return "corroborated"
    accusing = all(
        row["speaker_party_id"] is not None
        and row["accused_party_id"] is not None
        and row["speaker_party_id"] != row["accused_party_id"]
        for row in rows
    )
    return "alleged" if accusing else "reported"
