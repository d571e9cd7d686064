"""What findings rest on: series, claims, coverage, sources, rows put aside."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from truceline.assurance.series import Effect
from truceline.base.errors import Problem, told_problem
from truceline.base.language import N_, _, digits
from truceline.findings.results import ClaimAccount, Results, SeriesResult, SourceAccount
from truceline.findings.words import copies_words, from_to
from truceline.reports import chart_bins, charts, figures, glossary
from truceline.reports.names import local_zone, party_part, party_parts, safe_url, source_title
from truceline.schema.claims import TOGETHER

Part = dict[str, Any]

#: kinds of claim in the order of the one rule; third parties last
CLAIM_KINDS = ("opponent_count", "opponent_concession", "own_report", "third_party_count")
REPORTED_E = 20


def series_parts(results: Results) -> list[Part]:
    """One part for each series: chart in two widths, what it says, what to keep in mind."""
    return [_series(results, item) for item in results.series]


def _series(results: Results, result: SeriesResult) -> Part:
    spec = result.series.spec
    act = next((act.name for act in results.truce.acts if act.id == spec.act), "")
    if act and spec.party:
        speaks_to = f"{act}, {results.truce.party_name(spec.party)}"
    elif act:
        speaks_to = _("{act}; cannot say whose").format(act=act)
    else:
        speaks_to = _("Context only; cannot say whose acts it counts")
    return {
        "id": spec.id,
        "title": spec.title,
        "wide": charts.draw_series(result, window=results.window, baseline=results.baseline),
        "narrow": charts.draw_series(
            result, window=results.window, baseline=results.baseline, variant="narrow"
        ),
        "alt": charts.describe(result),
        "verdict": _verdict(result.effect),
        "speaks_to": speaks_to,
        "kind": glossary.title(glossary.EVIDENCE_KINDS, spec.kind),
        "warning_only": spec.warning_only,
        "source": source_title(results, spec.source),
        "zone": spec.zone,
        "facts": _facts(result),
        "caveat": spec.caveat,
        "notes": [*result.series.notes, *_cut_note(results, result)],
        "reasons": [
            glossary.reason_meaning(code) for code in (result.effect.reason_codes if result.effect else ())
        ],
    }


def _cut_note(results: Results, result: SeriesResult) -> list[str]:
    bins = result.series.bins
    gathered = chart_bins.gathered_bins(result.series)
    if gathered > 1:
        if result.effect is None or result.effect.e_value is None:
            return [
                _("Each bar is the mean of {n} bins in a row, of those that have a record.").format(
                    n=gathered
                )
            ]
        return [
            _("Each bar is the mean of {n} bins in a row; the test uses each of them.").format(n=gathered)
        ]
    drawn = chart_bins.drawn_bins(result.series, window=results.window)
    if len(drawn) == len(bins):
        return []
    zone = result.series.spec.zone
    first = figures.date_text(bins[drawn.start].start.astimezone(ZoneInfo(zone)).date().isoformat())
    return [_("Drawn from {first}; the test uses the whole baseline.").format(first=first)]


def _verdict(effect: Effect | None) -> str:
    if effect is None:
        return _("Context")
    if effect.observed is None:
        return _("Missing in the window")
    if effect.e_value is None:
        return _("Not tested")
    if effect.e_value >= REPORTED_E and effect.ratio is not None:
        return _("Fell") if effect.ratio < 1 else _("Rose")
    return _("No change shown") if effect.informative else _("Uninformative")


def _facts(result: SeriesResult) -> list[Part]:
    effect = result.effect
    if effect is None:
        return []
    observed = _("missing") if effect.observed is None else figures.number(effect.observed)
    facts = [(_("In the window"), observed)]
    if effect.expected is not None:
        band = ""
        if effect.expected_lo95 is not None and effect.expected_hi95 is not None:
            low, high = figures.number(effect.expected_lo95), figures.number(effect.expected_hi95)
            band = f" ({from_to(low, high)})"
        facts.append((_("Expected"), figures.number(effect.expected) + band))
    if effect.ratio is not None:
        interval = figures.interval95(effect.ratio_lo95, effect.ratio_hi95)
        facts.append((_("Ratio"), figures.ratio(effect.ratio) + (f" ({interval})" if interval else "")))
    if effect.e_value is not None:
        facts.append(("E", figures.e_value(effect.e_value)))
    if 0.5 in effect.power:
        facts.append((_("Chance to report a halving"), figures.percent(effect.power[0.5])))
    bins = _("{before} before, {inside} in the window").format(
        before=effect.n_baseline, inside=effect.n_window
    )
    missing = "; " + _("{n} missing").format(n=effect.n_window_missing) if effect.n_window_missing else ""
    facts.append((_("Bins"), bins + missing))
    return [{"label": label, "value": value} for label, value in facts]


def claim_parts(results: Results) -> Part:
    """Claims by kind and by the party they are about: the same columns for each party."""
    rules = []
    together = [party_part(results, TOGETHER)]
    for kind in CLAIM_KINDS:
        cells = [
            {
                "party": party,
                "accounts": [
                    _claim(results, account)
                    # totals taken apart first, single figures after them
                    for account in sorted(results.claim_accounts, key=lambda account: not account.parts)
                    if account.kind == kind and account.accused_party_id == party["id"]
                ],
            }
            for party in (*party_parts(results), *together)
        ]
        # a side says nothing of both together: that column stands where there is something in it
        cells = [cell for cell in cells if cell["accounts"] or cell["party"] not in together]
        if kind == "third_party_count" and not any(cell["accounts"] for cell in cells):
            continue
        title, meaning = glossary.EVIDENCE_KINDS[kind]
        rules.append({"kind": kind, "title": _(title), "meaning": _(meaning), "cells": cells})
    return {"rules": rules, "parties": party_parts(results), "count": len(results.claim_accounts)}


PRECISIONS: dict[str, str] = {
    "approximate": N_("window approximate"),
    "date_only": N_("dates only"),
    "open": N_("end open"),
}


def _claim(results: Results, account: ClaimAccount) -> Part:
    return {
        "id": account.claim_id,
        "speaker": account.speaker,
        "side": party_part(results, account.speaker_party_id)["name"] if account.speaker_party_id else "",
        "measure": account.measure,
        "value": figures.claim_value(account.value, account.relation),
        "has_value": account.value is not None,
        "window": figures.window_of_claim(account.window, [clock.zone for clock in results.truce.clocks]),
        "length": figures.hours(account.window.duration_h),
        "precision": ""
        if account.window_precision == "exact"
        else glossary.word(PRECISIONS, account.window_precision),
        "parts": [
            {"measure": measure, "value": figures.claim_value(value, relation)}
            for measure, value, relation in account.parts
        ],
        "parts_sum": figures.number(account.parts_sum),
        "check": account.check,
        "check_word": glossary.word(glossary.CHECKS, account.check),
        "check_text": account.check_text,
        "outlet": account.outlet or "",
        "url": safe_url(account.url),
        "note": account.note or "",
        "row": f"{account.row.file}:{account.row.row}",
    }


def coverage_parts(results: Results) -> list[Part]:
    """What was not watched: where, when, why, how much."""
    zone = local_zone(results)
    return [
        {
            "source": source_title(results, note.source_id),
            "area": results.area_names.get(note.area_id, note.area_id) if note.area_id else _("everywhere"),
            "period": figures.window_short(note.period, zone),
            "reason": glossary.word(glossary.COVERAGE_REASONS, note.reason),
            "share": figures.percent(note.share_unseen),
            "text": note.text,
        }
        for note in results.coverage_notes
    ]


def source_parts(results: Results) -> list[Part]:
    """Every source, read or absent, with what became of its files."""
    return [_source(source) for source in results.sources]


def _in_prose(problem: Problem) -> str:
    """A problem of a source in a sentence; its code and advice are for who runs the tool."""
    row = "" if problem.row is None else ", " + _("row {n}").format(n=problem.row)
    where = f" ({problem.file}{row})" if problem.file else ""
    message = told_problem(problem)
    return f"{message[:1].upper()}{message[1:]}{where}."


def _source(source: SourceAccount) -> Part:
    def total(name: str) -> str:
        if not source.files:
            return figures.NONE
        return digits(f"{sum(getattr(file, name) for file in source.files):,}")

    return {
        "id": source.source_id,
        "title": source.title,
        "publisher": source.publisher,
        "url": safe_url(source.url),
        "licence": source.licence,
        "citation": source.citation,
        "grade": glossary.word(glossary.GRADES, source.grade),
        "adapter": f"{source.adapter} {source.adapter_version}".strip(),
        "role": source.role,
        "state": source.state,
        "state_word": glossary.word(glossary.STATES, source.state),
        "cost": source.cost_of_absence,
        "n_files": str(len(source.files)),
        "rows_read": total("rows_read"),
        "rows_used": total("rows_used"),
        "rows_outside": total("rows_outside"),
        "rows_repeated": total("rows_repeated"),
        "rows_quarantined": total("rows_quarantined"),
        "files": [
            {
                "label": file.label,
                "size": digits(f"{file.size_bytes:,}"),
                "digest": file.digest,
                "digest_short": file.digest[:16],
                "read": digits(f"{file.rows_read:,}"),
                "used": digits(f"{file.rows_used:,}"),
                "outside": digits(f"{file.rows_outside:,}"),
                "repeated": digits(f"{file.rows_repeated:,}"),
                "quarantined": digits(f"{file.rows_quarantined:,}"),
                "left_out": file.left_out,
            }
            for file in source.files
        ],
        "problems": [_in_prose(problem) for problem in source.problems],
        "notes": list(source.notes),
        "copies": copies_words(source.copies) if source.copies and source.copies.copies else "",
    }


def quarantine_parts(results: Results, *, most: int = 200) -> Part:
    """Rows that were put aside, each with its reason; the rest stands in a file of its own."""
    return {
        "count": digits(f"{len(results.quarantined):,}"),
        "shown": len(results.quarantined[:most]),
        "cut": len(results.quarantined) > most,
        "rows": [
            {
                "where": problem.file + (f":{problem.row}" if problem.row is not None else ""),
                "column": problem.column,
                "code": problem.code,
                "message": told_problem(problem),
                "got": problem.got,
                "expected": problem.expected,
                "next_step": problem.next_step,
            }
            for problem in results.quarantined[:most]
        ],
    }
