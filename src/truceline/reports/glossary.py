"""The words of a report, each with its one meaning. The same for every party."""

from __future__ import annotations

from truceline.findings.reasons import REASONS

INSTRUMENTS: dict[str, str] = {
    "agreement": "An agreement",
    "parallel_declarations": "Parallel declarations, not an agreement",
    "proposal": "A proposal; nothing was agreed",
}

JUDGEMENTS: dict[str, tuple[str, str]] = {
    "complied": ("Complied", "Nothing shows acts, and even the worst bound leaves room for few."),
    "partial": ("Partial", "A fall is shown; that the acts ceased is not."),
    "non_compliant": ("Not complied", "Verified and attributed acts, and no fall is shown."),
    "undetermined": ("Cannot tell", "The evidence does not decide the matter."),
    "no_coverage": (
        "Not watched",
        "The sources saw less than half of it. Quiet and fire cannot be told apart.",
    ),
    "not_applicable": ("Not applicable", "The obligation does not bind here, or the act is exempt."),
}

OCCURRENCES: dict[str, tuple[str, str]] = {
    "alleged": ("Alleged", "Said by one side of the other, with no record behind it."),
    "reported": ("Reported", "On record with a source; not confirmed by an independent one."),
    "corroborated": ("Corroborated", "Two or more independent primary sources agree."),
    "verified": ("Verified", "Shown by evidence of a monitoring mechanism itself."),
    "inconclusive": ("Inconclusive", "Sources exist; they do not settle whether acts occurred."),
    "refuted": ("Refuted", "Evidence shows that the acts did not occur."),
    "inaccessible": ("Inaccessible", "The place or period could not be looked at."),
}

RESPONSIBILITIES: dict[str, tuple[str, str]] = {
    "attributed": ("Attributed", "At least one incident is attributed at or above the threshold."),
    "not_attributed": ("Not attributed", "No incident carries evidence that tells the parties apart."),
    "not_applicable": ("Nothing to attribute", "No act is shown that could be attributed."),
}

EVIDENCE_KINDS: dict[str, tuple[str, str]] = {
    "opponent_count": ("Opponent’s count", "The other side counts the party’s acts."),
    "opponent_concession": (
        "Opponent’s concession",
        "The other side grants, against its interest, that acts fell.",
    ),
    "own_report": ("Own report", "The party reports its own acts."),
    "third_party_count": ("Third party’s count", "Neither side counts."),
    "sensor": ("Sensor", "An instrument; it does not say whose act it saw."),
    "news": ("News", "Press reports, copies removed."),
}

CHANGES: dict[str, str] = {
    "ceased": "ceased",
    "fell": "fell",
    "unchanged": "did not change",
    "rose": "rose",
    "not_shown": "no change shown",
    "not_said": "says nothing of change",
}

CHECKS: dict[str, str] = {
    "sums": "Parts equal the total",
    "mismatch": "Parts do not equal the total",
    "cannot_check": "Cannot be checked",
    "no_parts": "No parts given",
}

GRADES: dict[str, str] = {"hard": "Measured by an instrument", "reported": "Reported by people"}

STATES: dict[str, str] = {"read": "Read", "absent": "Absent", "unusable": "Unusable"}

COVERAGE_REASONS: dict[str, str] = {
    "watched": "watched",
    "merged_record": "merged record",
    "no_data": "no data",
    "cloud": "cloud",
    "night": "night",
    "outage": "outage",
    "jamming": "jamming",
    "movement_restriction": "freedom of movement restricted",
    "stale_map": "map not updated",
    "not_reported": "not reported",
}

MEASURES: dict[str, tuple[str, str]] = {
    "ratio": (
        "Ratio",
        "Rate in the window over the rate that the series’ own past leads to expect; 1 is no change.",
    ),
    "e_value": (
        "E",
        "The e-value: weight of evidence against no change. From 20 on it is reported as a change. "
        "It holds however often one looks.",
    ),
    "band": (
        "95 % band",
        "Where 95 of 100 counts would lie if nothing had changed, given past level, rhythm and spread.",
    ),
    "bound": (
        "Bound",
        "The most acts that could have gone unseen, at 95 %. It needs a detection probability that "
        "someone measured or declared. Without one no bound is possible.",
    ),
    "what_if": (
        "What if",
        "The limit that a supposed detection probability would give. It is not a bound: nobody measured "
        "that probability.",
    ),
}


def title(words: dict[str, tuple[str, str]], key: str) -> str:
    """The word shown for ``key``; the key itself, in plain letters, where it is not listed."""
    return words[key][0] if key in words else key.replace("_", " ")


def reason_meaning(code: str) -> str:
    """What a reason code means; empty for a code that is not listed."""
    return REASONS.get(code, "")
