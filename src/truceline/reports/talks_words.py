"""Codes of statements in words, for every page that shows them."""

from __future__ import annotations

from collections.abc import Mapping

from truceline.base.language import N_

STANCE_WORDS: Mapping[str, str] = {
    "accepts": N_("accepts"),
    "conditions": N_("accepts on a condition"),
    "open": N_("open, undecided"),
    "asks": N_("asks"),
    "rejects": N_("rejects"),
    "demands": N_("demands, proposes"),
    "warns": N_("warns"),
    "announces": N_("announces"),
    "denies": N_("denies"),
    "claims": N_("claims"),
}
STATUS_WORDS: Mapping[str, str] = {
    "on_record": N_("on record"),
    "relayed": N_("relayed"),
    "unconfirmed": N_("unconfirmed"),
    "undisclosed": N_("undisclosed"),
}
MANNER_WORDS: Mapping[str, str] = {
    "direct": N_("quoted"),
    "mixed": N_("partly quoted"),
    "reported": N_("reported speech"),
    "paraphrase": N_("the account’s paraphrase"),
}
DIFFERENCE_WORDS: Mapping[str, str] = {
    "cut": N_("quoted at greater length in one"),
    "condition_cut": N_("the shorter quotation drops a condition"),
    "numbers": N_("numbers differ"),
    "wording": N_("quoted words differ"),
    "retold": N_("words that each account has alone"),
    "stance": N_("read as another stance"),
}
HOW_WORDS: Mapping[str, str] = {
    "excludes": N_("exclude each other"),
    "meets": N_("meet"),
    "touches": N_("touch"),
}
KIND_WORDS: Mapping[str, str] = {"position": N_("position"), "claim": N_("claim"), "clock": N_("clock")}
#: code of what a reader must know of a proposal → words
NOTE_WORDS: Mapping[str, str] = {
    "not_consent": N_("A position, not consent: consent is given in the terms."),
    "no_window": N_("The statement names no window."),
    "half_open": N_("The statement leaves the start or the end open."),
}
#: what the author of a report tells of
EVENT_WORDS: Mapping[str, str] = {
    "prisoners": N_("prisoners"),
    "aid": N_("aid, arms, intelligence"),
    "proposal": N_("proposal"),
    "fighting": N_("fighting"),
    "movement": N_("movement of forces"),
    "agreement": N_("agreement, decision"),
    "meeting": N_("meeting, talks, visit"),
    "appearance": N_("words before the public"),
    "other": N_("what else is told"),
}
EVENT_STATUS_WORDS: Mapping[str, str] = {
    "told": N_("told as a fact"),
    "expected": N_("told as expected"),
    "unconfirmed": N_("told as unconfirmed"),
}
#: how a stretch that was set aside is called
ASIDE_WORDS: Mapping[str, str] = {
    "heading": N_("heading or link"),
    "caption": N_("caption"),
    "boilerplate": N_("byline or notice"),
    "live_mark": N_("time of a live page"),
    "paywall": N_("notice of a subscription"),
    "dateline": N_("place and agency"),
    "sentence": N_("caption or notice within the text"),
    "outside": N_("outside the page’s article"),
}
#: how it was found of whom something is asked
ASKED_WORDS: Mapping[str, str] = {"addressed": N_("addressed"), "named": N_("named in it")}
