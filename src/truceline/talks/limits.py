"""A yes that its own sentence limits: “supported the truce, but warned of …”."""

from __future__ import annotations

import re
from collections.abc import Sequence

from truceline.talks.statements import Statement

#: stances that leave a way open, and those that take of it
_OPEN = ("accepts", "conditions", "open")
_LIMITING = ("asks", "warns", "rejects", "demands", "denies")
#: characters that may stand between two parts of a sentence
_BETWEEN = 2
_ENDS = re.compile(r"[.!?…][\"”’»“')\]]*\s*$")


def find_limits(statements: Sequence[Statement]) -> dict[str, list[str]]:
    """Position → what the same speaker goes on to ask, warn or refuse in the same sentence, by ids."""
    found: dict[str, list[str]] = {}
    yes: Statement | None = None
    last: Statement | None = None
    for one in sorted(statements, key=lambda each: (each.document_id, each.start)):
        goes_on = (
            last is not None
            and (last.document_id, last.speaker.id) == (one.document_id, one.speaker.id)
            and 0 <= one.start - last.stop <= _BETWEEN
            and _ENDS.search(last.text) is None
        )
        if goes_on and yes is not None and one.stance in _LIMITING:
            found.setdefault(yes.statement_id, []).append(one.statement_id)
        elif not goes_on or one.stance in _OPEN:
            yes = one if one.stance in _OPEN else None
        last = one
    return found
