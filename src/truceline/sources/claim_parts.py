"""Totals and their parts, as declared in a case: sets ``part_of``, sums nothing."""

from __future__ import annotations

from pydantic import Field

from truceline.base.documents import Model
from truceline.base.errors import Problem
from truceline.schema.table import Record
from truceline.sources.days import DateOnly, TimeReadError, read_moment
from truceline.sources.source import SourceTables


class ClaimName(Model):
    """Names a claim: whose, of what, and, where that is not enough, over which window."""

    claimant: str
    measure: str
    window: list[str] | None = Field(
        None, min_length=2, max_length=2, description="start and end, ISO with offset"
    )


class Total(Model):
    """A total and the measures that it is the sum of."""

    total: ClaimName
    parts: list[str | ClaimName] = Field(
        min_length=1,
        description="measures of the same claimant over the same window; or a claimant and measure of their own",
    )


def link_parts(claims: list[Record], totals: list[Total], tables: SourceTables, *, label: str) -> None:
    """Set ``part_of`` on the parts of each declared total; say which could not be found.

    A part that a column of the ledger already gives keeps what the column says.
    """
    for position, declared in enumerate(totals):
        found = [claim for claim in claims if _is_named(claim, declared.total)]
        if len(found) != 1:
            tables.problems.append(
                _unfound(declared.total, label, place=f"options.totals[{position}].total", n_found=len(found))
            )
            continue
        total = found[0]
        for part in declared.parts:
            name = part if isinstance(part, ClaimName) else ClaimName(claimant=total["speaker"], measure=part)
            parts = [
                claim
                for claim in claims
                if claim is not total
                and _is_named(claim, name)
                and (name.window is not None or _window(claim) == _window(total))
            ]
            if not parts:
                tables.problems.append(
                    _unfound(name, label, place=f"options.totals[{position}].parts", n_found=0)
                )
            for claim in parts:
                if claim["part_of"] is None:
                    claim["part_of"] = total["claim_id"]


def _is_named(claim: Record, name: ClaimName) -> bool:
    if claim["speaker"] != name.claimant or claim["measure"] != name.measure:
        return False
    if name.window is None:
        return True
    try:
        start, stop = (read_moment(text) for text in name.window)
    except (DateOnly, TimeReadError):
        return False
    return _window(claim) == (start, stop)


def _window(claim: Record) -> tuple[object, object]:
    return claim["window_start"], claim["window_stop"]


def _unfound(name: ClaimName, label: str, *, place: str, n_found: int) -> Problem:
    return Problem(code="name_unknown", message="no claim of the ledger is named by this" if n_found == 0 else "several claims are named by this", file=label, column=place, got=f"{name.claimant}: {name.measure}", expected="exactly one claim" if n_found else "a claim of the ledger over the total's window", next_step="Correct claimant and measure" if n_found == 0 else "Add the window")  # fmt: skip
