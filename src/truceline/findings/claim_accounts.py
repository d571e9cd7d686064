"""Every number claimed, told for itself: of whom, of what, with its parts, and whether they sum to it."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from truceline.base.intervals import Interval
from truceline.base.language import _, told
from truceline.findings.claims import row_of, what_and_how, window_of
from truceline.findings.results import ClaimAccount
from truceline.findings.words import figure
from truceline.schema.table import Record


def account_totals(claims: list[Record], *, window: Interval) -> list[ClaimAccount]:
    """Every number claimed of the window and the two days beside it, with its parts and whether they sum to it.

    A mismatch is said only where it is one: every part has an exact number in the same window as
    an exact total. In all other cases the sum is given and no accusation made.
    """
    # the days beside the window too: judgements compare with them
    near = Interval(window.start - timedelta(days=2), window.stop + timedelta(days=2))
    accounts = []
    for claim in claims:
        if not near.overlaps(window_of(claim)):
            continue
        parts = [part for part in claims if part["part_of"] == claim["claim_id"]]
        check, text, total = _check_sum(claim, parts)
        accounts.append(
            ClaimAccount(
                claim_id=claim["claim_id"],
                speaker=told(claim["speaker"]),
                speaker_party_id=claim["speaker_party_id"],
                accused_party_id=claim["accused_party_id"],
                kind=claim["kind"],
                measure=_measure(claim),
                window=window_of(claim),
                window_precision=claim["window_precision"],
                value=claim["value"],
                relation=claim["relation"] or "=",
                parts=tuple(
                    (told(part["measure"]), part["value"], part["relation"] or "=") for part in parts
                ),
                parts_sum=total,
                check=check,
                check_text=text,
                outlet=told(claim["outlet"] or "", name=True) or None,
                url=claim["url"],
                note=told(claim["note"] or "") or None,
                row=row_of(claim),
            )
        )
    return accounts


def _measure(claim: Record) -> str:
    """What a claim is about; without a number, with how that went."""
    if claim["value"] is not None:
        return told(claim["measure"])
    what, how = what_and_how(claim)
    if claim["kind"] == "own_report" or not claim["direction"]:
        return what
    return _("{what}: {how}, no number given").format(what=what, how=how)


def _check_sum(
    claim: Record, parts: list[Record]
) -> tuple[Literal["sums", "mismatch", "cannot_check", "no_parts"], str, float | None]:
    if not parts:
        return "no_parts", "", None
    if any(part["value"] is None for part in parts) or claim["value"] is None:
        return "cannot_check", _("Not every part has a number."), None
    total = sum(part["value"] for part in parts)
    sum_text = " + ".join(figure(part["value"]) for part in parts) + f" = {figure(total)}"
    if any(part["relation"] != "=" for part in parts) or claim["relation"] != "=":
        return (
            "cannot_check",
            _("{sum}; not every number is meant exactly, so no mismatch can be said.").format(sum=sum_text),
            total,
        )
    if any(window_of(part) != window_of(claim) for part in parts):
        return (
            "cannot_check",
            _("{sum}; the parts cover other windows than the total.").format(sum=sum_text),
            total,
        )
    if total == claim["value"]:
        return "sums", _("{sum}: the parts sum to the total.").format(sum=sum_text), total
    text = _("{sum}, not {total}: the parts do not sum to the total.")
    return "mismatch", text.format(sum=sum_text, total=figure(claim["value"])), total
