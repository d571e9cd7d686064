"""The words of a report, each with its one meaning. The same for every party."""

from __future__ import annotations

from truceline.base.language import N_, _
from truceline.findings.reasons import REASONS, reason_text

INSTRUMENTS: dict[str, str] = {
    "agreement": N_("An agreement"),
    "parallel_declarations": N_("Parallel declarations, not an agreement"),
    "proposal": N_("A proposal; nothing was agreed"),
}

JUDGEMENTS: dict[str, tuple[str, str]] = {
    "complied": (N_("Complied"), N_("Nothing shows acts, and even the worst bound leaves room for few.")),
    "partial": (N_("Partial"), N_("A fall is shown; that the acts ceased is not.")),
    "non_compliant": (N_("Not complied"), N_("Verified and attributed acts, and no fall is shown.")),
    "undetermined": (N_("Cannot tell"), N_("The evidence does not decide the matter.")),
    "no_coverage": (
        N_("Not watched"),
        N_("The sources saw less than half of it. Quiet and fire cannot be told apart."),
    ),
    "not_applicable": (N_("Not applicable"), N_("The obligation does not bind here, or the act is exempt.")),
}

OCCURRENCES: dict[str, tuple[str, str]] = {
    "alleged": (N_("Alleged"), N_("Said by one side of the other, with no record behind it.")),
    "reported": (N_("Reported"), N_("On record with a source; not confirmed by an independent one.")),
    "corroborated": (N_("Corroborated"), N_("Two or more independent primary sources agree.")),
    "verified": (N_("Verified"), N_("Shown by evidence of a monitoring mechanism itself.")),
    "inconclusive": (N_("Inconclusive"), N_("Sources exist; they do not settle whether acts occurred.")),
    "refuted": (N_("Refuted"), N_("Evidence shows that the acts did not occur.")),
    "inaccessible": (N_("Inaccessible"), N_("The place or period could not be looked at.")),
}

RESPONSIBILITIES: dict[str, tuple[str, str]] = {
    "attributed": (N_("Attributed"), N_("At least one incident is attributed at or above the threshold.")),
    "not_attributed": (
        N_("Not attributed"),
        N_("No incident carries evidence that tells the parties apart."),
    ),
    "not_applicable": (N_("Nothing to attribute"), N_("No act is shown that could be attributed.")),
}

EVIDENCE_KINDS: dict[str, tuple[str, str]] = {
    "opponent_count": (N_("Opponent’s count"), N_("The other side counts the party’s acts.")),
    "opponent_concession": (
        N_("Opponent’s concession"),
        N_("The other side grants, against its interest, that acts fell."),
    ),
    "own_report": (N_("Own report"), N_("The party reports its own acts.")),
    "third_party_count": (N_("Third party’s count"), N_("Neither side counts.")),
    "sensor": (N_("Sensor"), N_("An instrument; it does not say whose act it saw.")),
    "news": (N_("News"), N_("Press reports, copies removed.")),
}

CHANGES: dict[str, str] = {
    "ceased": N_("ceased"),
    "fell": N_("fell"),
    "unchanged": N_("did not change"),
    "rose": N_("rose"),
    "not_shown": N_("no change shown"),
    "not_said": N_("says nothing of change"),
}

CHECKS: dict[str, str] = {
    "sums": N_("Parts equal the total"),
    "mismatch": N_("Parts do not equal the total"),
    "cannot_check": N_("Cannot be checked"),
    "no_parts": N_("No parts given"),
}

GRADES: dict[str, str] = {"hard": N_("Measured by an instrument"), "reported": N_("Reported by people")}

STATES: dict[str, str] = {"read": N_("Read"), "absent": N_("Absent"), "unusable": N_("Unusable")}

COVERAGE_REASONS: dict[str, str] = {
    "watched": N_("watched"),
    "merged_record": N_("merged record"),
    "no_data": N_("no data"),
    "cloud": N_("cloud"),
    "night": N_("night"),
    "outage": N_("outage"),
    "jamming": N_("jamming"),
    "movement_restriction": N_("freedom of movement restricted"),
    "stale_map": N_("map not updated"),
    "not_reported": N_("not reported"),
}

MEASURES: dict[str, tuple[str, str]] = {
    "ratio": (
        N_("Ratio"),
        N_("Rate in the window over the rate that the series’ own past leads to expect; 1 is no change."),
    ),
    "e_value": (
        N_("E"),
        N_(
            "The e-value: weight of evidence against no change. From 20 on it is reported as a change. "
            "It holds however often one looks."
        ),
    ),
    "band": (
        N_("95 % band"),
        N_("Where 95 of 100 counts would lie if nothing had changed, given past level, rhythm and spread."),
    ),
    "bound": (
        N_("Bound"),
        N_(
            "The most acts that could have gone unseen, at 95 %. It needs a detection probability that "
            "someone measured or declared. Without one no bound is possible."
        ),
    ),
    "what_if": (
        N_("What if"),
        N_(
            "The limit that a supposed detection probability would give. It is not a bound: nobody measured "
            "that probability."
        ),
    ),
}


def title(words: dict[str, tuple[str, str]], key: str) -> str:
    """The word shown for ``key``; the key itself, in plain letters, where it is not listed."""
    return _(words[key][0]) if key in words else key.replace("_", " ")


def word(words: dict[str, str], key: str) -> str:
    """The word shown for ``key``; the key itself, in plain letters, where it is not listed."""
    return _(words[key]) if key in words else key.replace("_", " ")


def reason_meaning(code: str) -> str:
    """What a reason code means; empty for a code that is not listed."""
    return reason_text(code) if code in REASONS else ""
