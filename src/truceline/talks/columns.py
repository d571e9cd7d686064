"""In which column of a view a statement stands, and which stances come first in it."""

from __future__ import annotations

from truceline.talks.speakers import Speakers
from truceline.talks.statements import Statement

#: stances that say where a party stands, strongest evidence of a position first
POSITIONS = (
    "rejects",
    "conditions",
    "accepts",
    "open",
    "demands",
    "asks",
    "warns",
    "denies",
    "announces",
    "claims",
)
#: issues on which there is no position to hold
NO_POSITION = ("relations", "fighting", "other")


def party_key(one: Statement, speakers: Speakers) -> tuple[str, str]:
    """Id and name of the column a statement stands in: the speaker's party, else the speaker."""
    party = speakers.party_of(one.speaker.party)
    if party is not None:
        return party.id, party.name
    return one.speaker.id, one.speaker.name
