"""``land``: what changed hands by a case's maps, and how fast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from truceline.base.canonical import digest_bytes
from truceline.base.errors import CallError, CaseError, Problem
from truceline.base.intervals import Interval
from truceline.base.language import _, digits
from truceline.base.progress import Progress, silent
from truceline.line.history import LineHistory
from truceline.line.momentum import PhaseRate, rate_phases, steps_of
from truceline.line.report import LineReport
from truceline.release.rule import ALLOWED, ReleaseRule, moment_of
from truceline.schema.table import Record, records
from truceline.sources.dated_maps import DatedOptions
from truceline.sources.source import SOURCES
from truceline.workflow.case import Case, open_case
from truceline.workflow.ingest import ingest
from truceline.workflow.lines import build_lines, read_land, tell_line


@dataclass(frozen=True, slots=True, kw_only=True)
class LandOutcome:
    """What the maps of a case show to have changed hands, and how fast."""

    edition: str
    ledger: tuple[Record, ...]
    rates: tuple[PhaseRate, ...]
    titles: Mapping[str, str]
    errors_m: Mapping[str, tuple[float, str]]  #: map → how well its line is known, and on what basis

    def as_dict(self) -> dict[str, Any]:
        """Ledger and rates as JSON."""
        return {
            "edition": self.edition,
            "maps": [
                {"map": name, "title": self.titles[name], "error_m": error, "error_basis": basis}
                for name, (error, basis) in self.errors_m.items()
            ],
            "ledger": list(self.ledger),
            "rates": list(self.rates),
        }

    def lines(self) -> list[str]:
        """Rates, then the ledger summed by day, as text."""
        lines = [_("edition: {edition}").format(edition=self.edition), "", _("Rate of movement, km² a day (map at its word; over delays of 0–3 days; 95 %)")]  # fmt: skip
        lines += [_rate_line(rate) for rate in self.rates]
        lines += ["", _("What changed hands, by map and step (all sectors)")]
        for row in _by_step(self.ledger):
            lines.append(
                f"  {row['source_id']:<12} "
                + _("{start} to {stop}").format(
                    start=f"{row['describes_from']:%Y-%m-%d %H:%M}",
                    stop=f"{row['describes_until']:%Y-%m-%d %H:%M}",
                )
                + "  "
                + (
                    _("not redrawn: nothing is known")
                    if row["status"] == "repeat"
                    else _("+{gained} −{lost} km²").format(
                        gained=digits(f"{row['gained_km2']:.2f}"), lost=digits(f"{row['lost_km2']:.2f}")
                    )
                )
            )
        return lines


def _rate_line(rate: PhaseRate) -> str:
    head = f"  {rate.source_id:<12} {rate.phase:<7} {rate.moved:<7}"
    if rate.rate is None:
        told = _("not known ({steps} steps, {days} days)")
        return f"{head} " + told.format(steps=rate.steps, days=digits(f"{rate.days_covered:.1f}"))
    interval = (
        _("no interval: too few steps")
        if rate.rate_lo95 is None or rate.rate_hi95 is None
        else between(rate.rate_lo95, rate.rate_hi95, ".2f")
    )
    told = _("{rate}; {delays}; {interval} ({steps} steps)")
    return f"{head} " + told.format(
        rate=digits(f"{rate.rate:.2f}"),
        delays=between(rate.delay_lo, rate.delay_hi, ".2f"),
        interval=interval,
        steps=rate.steps,
    )


def between(low: float | None, high: float | None, form: str) -> str:
    """Two bounds in words; form : of each number."""
    return _("{low} to {high}").format(low=digits(f"{low:{form}}"), high=digits(f"{high:{form}}"))


def _by_step(ledger: tuple[Record, ...]) -> list[Record]:
    found: dict[str, Record] = {}
    for row in ledger:
        key = row["control_id"]
        if key not in found:
            found[key] = dict(row)
        elif row["status"] != "repeat":
            found[key]["gained_km2"] += row["gained_km2"]
            found[key]["lost_km2"] += row["lost_km2"]
    return list(found.values())


def land(
    case_folder: Path, *, data: Path | None, edition: str | None = None, progress: Progress = silent
) -> LandOutcome:
    """What changed hands by day, sector and map, and how fast before, during and after the truce.

    Raises
    ------
    CaseError
        If the case is wrong, or none of its maps can be read.
    CallError
        If the case may not be released in the edition asked for.
    """
    case = open_case(case_folder)
    chosen = choose_edition(case, edition)
    lines, report = read_maps(case, data=data, edition=chosen, progress=progress)
    window, span = case.truce.span, case.span
    phases = {"before": _interval(span.start, window.start), "during": window, "after": _interval(window.stop, span.stop)}  # fmt: skip
    known = {name: interval for name, interval in phases.items() if interval is not None}
    rates: list[PhaseRate] = []
    for history in lines:
        seed = int(digest_bytes(f"{case.file.seed}:{history.source_id}".encode())[:15], 16)
        rates += rate_phases(
            steps_of(report.ledger, source_id=history.source_id),
            known,
            source_id=history.source_id,
            rng=np.random.default_rng(seed),
        )
    return LandOutcome(
        edition=chosen,
        ledger=tuple(records(report.ledger)),
        rates=tuple(rates),
        titles={history.source_id: history.title for history in lines},
        errors_m={one.source_id: (one.spread.drawn_sd_m, one.spread.basis) for one in report.maps},
    )


def _interval(start: datetime, stop: datetime) -> Interval | None:
    return Interval(start, stop) if start < stop else None


def choose_edition(case: Case, asked: str | None) -> str:
    """The edition asked for, else the case's own.

    Raises
    ------
    CallError
        If the case may not be released in it.
    """
    chosen = asked or case.file.release.edition
    allowed = ALLOWED[case.file.release.edition]
    if chosen not in allowed:
        raise CallError(Problem(code="edition_not_allowed", message=f"this case may not be released as {chosen!r}", got=chosen, expected=" | ".join(allowed), next_step="Choose one of these with --edition"))  # fmt: skip
    return chosen


def read_maps(
    case: Case, *, data: Path | None, edition: str, progress: Progress = silent
) -> tuple[tuple[LineHistory, ...], LineReport]:
    """The maps of a case alone, as the edition may use them.

    Raises
    ------
    CaseError
        If the case has no map that can be read.
    """
    maps = [entry for entry in case.file.sources if _is_map(entry.adapter)]
    only = replace(case, file=case.file.model_copy(update={"sources": maps, "series": []}))
    ingested = ingest(only, data=data, progress=progress)
    if edition == "public":
        rule = case.file.release
        zone = case.truce.clocks[0].zone
        until = ReleaseRule(delay_h=rule.delay_h, cell_m=rule.cell_km * 1000, zone=zone).released_until(
            moment_of(case.file.as_of, zone)
        )
        ingested = replace(
            ingested, control=ingested.control.filter(pc.less(ingested.control["map_time"], until))
        )
    lines = build_lines(only, ingested)
    report = tell_line(only, lines, land=read_land(only), drawn=ingested.drawn)
    if report is None:
        told = [problem for account in ingested.sources for problem in account.problems]
        raise CaseError([*told, Problem(code="source_absent", message="none of the case's maps of control can be read", file="case:case.yaml", expected="a source that gives dated polygons or lines", next_step="Give the folder that holds the data with --data")])  # fmt: skip
    return lines, report


def _is_map(adapter: str) -> bool:
    plugin = SOURCES.get(adapter)
    return plugin is not None and issubclass(plugin.Options, DatedOptions)
