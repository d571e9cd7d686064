"""The opening of a report: masthead, first table, what would change it, what was declared."""

from __future__ import annotations

from typing import Any

from truceline.base.language import _, language, ngettext, told
from truceline.findings.results import Finding, Results
from truceline.findings.unjudged import exempt_under_conditions, unjudged
from truceline.reports import figures, glossary
from truceline.reports.judgement_parts import (
    best_evidence,
    bound_reason,
    bound_short,
    evidence_part,
    judgement_part,
    largest_count,
)
from truceline.reports.logged import log_lines
from truceline.reports.names import local_zone, party_part, safe_url
from truceline.schema.claims import TOGETHER
from truceline.terms.truce import Declaration, Obligation, Truce

Part = dict[str, Any]


def masthead(results: Results) -> Part:
    """Who, what, when: title, windows, instrument, edition, run."""
    truce = results.truce
    clocks = []
    for clock in truce.clocks:
        window = truce.window(clock.id)
        clocks.append(
            {
                "title": clock.title,
                "local": figures.window_local(window, clock.zone),
                "utc": "" if clock.zone == "UTC" else figures.window_utc(window),
                "length": figures.hours(window.duration_h),
                "note": clock.note or "",
            }
        )
    return {
        "title": results.title,
        "subtitle": results.subtitle,
        "case_id": results.case_id,
        "instrument": glossary.word(glossary.INSTRUMENTS, truce.instrument),
        "clocks": clocks,
        "zone": local_zone(results),
        "baseline": figures.window_local(results.baseline, local_zone(results)),
        "as_of": figures.date_text(results.as_of),
        "edition": results.edition,
        "run_id": results.run_id,
        "version": results.version,
        "log": log_lines(results.logged),
        "seed": str(results.seed),
        "terms_version": truce.terms_version,
        "invented": results.invented,
        "banner": _("Invented case. Every place, party and event in this report is simulated.")
        if results.invented
        else "",
    }


def leading_findings(results: Results) -> list[Finding]:
    """One finding for each obligation, clock and party: the whole window of the widest area judged.

    The widest area is the first area of the first scope that holds for the party and is judged
    over the window whole. Where there is none, the longest period found stands in.
    """
    chosen = []
    for obligation in results.truce.obligations:
        for clock_id in obligation.clocks:
            for party_id in _in_file_order(results, [*obligation.binds, TOGETHER]):
                candidates = [
                    finding
                    for finding in results.findings
                    if (finding.obligation_id, finding.party_id, finding.clock_id)
                    == (obligation.id, party_id, clock_id)
                ]
                if candidates:
                    chosen.append(_leading(results, obligation, candidates, clock_id, party_id))
    return chosen


def _in_file_order(results: Results, party_ids: list[str]) -> list[str]:
    """Parties in the order of the truce file; all together, where they are judged so, come last."""
    return [party_id for party_id in (*results.truce.party_ids, TOGETHER) if party_id in party_ids]


def _leading(
    results: Results, obligation: Obligation, candidates: list[Finding], clock_id: str, party_id: str
) -> Finding:
    window = results.truce.window(clock_id)
    areas = [
        area
        for scope in obligation.scopes
        if scope.periods.startswith("window")
        and (scope.parties is None or party_id in scope.parties or (scope.together and party_id == TOGETHER))
        for area in scope.areas
    ]
    for area in areas:
        for finding in candidates:
            if finding.area_id == area and finding.period == window:
                return finding
    return max(candidates, key=lambda finding: finding.period.duration_h)


def glance(results: Results) -> Part:
    """The first table, act × party: ``rows`` and ``notes``.

    What would stand in every row is said once: the words of a declaration at the party's first
    row, the reason for a bound in a note that a letter points to.
    """
    truce = results.truce
    rows: list[Part] = []
    several_clocks = len(truce.clocks) > 1
    quoted: set[str] = set()
    reasons: list[str] = []
    for finding in leading_findings(results):
        obligation = next(item for item in truce.obligations if item.id == finding.obligation_id)
        act = truce.act(obligation.act)
        best = best_evidence(finding)
        figure = best if best is not None and best.value is not None else largest_count(finding)
        declaration = _declaration(results, obligation.clauses.get(finding.party_id))
        wording, declared_by = _("No clause named"), ""
        if finding.party_id == TOGETHER:
            wording = _("What each party declared")
        if declaration is not None and declaration.id in quoted:
            wording = _("The same words ({speaker})").format(speaker=declaration.speaker.split(",")[0])
        elif declaration is not None:
            quoted.add(declaration.id)
            wording = _short(declaration.wording)
            declared_by = f"{declaration.speaker}, {figures.date_text(declaration.date)}"
        elif clauses := [clause for clause in truce.clauses if clause.id in obligation.cites]:
            wording = _short(clauses[0].wording.get(language()) or told(clauses[0].text))
            declared_by = _("clause {clauses}").format(clauses=", ".join(clause.id for clause in clauses))
        bound, bound_more = bound_short(finding.bound)
        reason = bound_reason(finding.bound)
        if reason and reason not in reasons:
            reasons.append(reason)
        rows.append(
            {
                "finding_id": finding.finding_id,
                "act": act.name,
                "definition": act.definition,
                "party": party_part(results, finding.party_id),
                "clock": next(c.title for c in truce.clocks if c.id == finding.clock_id)
                if several_clocks
                else "",
                "declared": wording,
                "declared_by": declared_by,
                "obligation": obligation.title,
                "judgement": judgement_part(finding),
                "pieces": _pieces(results, finding),
                "evidence": evidence_part(results, best) if best else None,
                "figure": evidence_part(results, figure) if figure else None,
                "others": max(0, len(finding.evidence) - 1),
                "headline": finding.headline,
                "phrase": finding.phrase,
                "bound": bound,
                "bound_more": bound_more,
                "bound_note": note_letter(reasons.index(reason)) if reason else "",
            }
        )
    for position, row in enumerate(rows):
        row["first"] = position == 0 or rows[position - 1]["act"] != row["act"]
        row["span"] = 0
    for position, row in enumerate(rows):
        if row["first"]:
            span = 1
            while position + span < len(rows) and not rows[position + span]["first"]:
                span += 1
            row["span"] = span
    notes = [{"letter": note_letter(place), "text": reason} for place, reason in enumerate(reasons)]
    return {"rows": rows, "notes": notes}


def _pieces(results: Results, whole: Finding) -> str:
    """How the days or months of a window are judged, in numbers: a whole may hide a change within."""
    keys = [
        finding.judgement
        for finding in results.findings
        if (finding.obligation_id, finding.party_id, finding.area_id, finding.clock_id)
        == (whole.obligation_id, whole.party_id, whole.area_id, whole.clock_id)
        and finding.period != whole.period
    ]
    if len(keys) < 2:
        return ""
    said = [
        f"{keys.count(key)} {glossary.title(glossary.JUDGEMENTS, key).lower()}" for key in dict.fromkeys(keys)
    ]
    return _("Its parts: {judgements}").format(judgements=", ".join(said))


def note_letter(position: int) -> str:
    """The letter of a table's note: a, b, …; after z numbers."""
    return "abcdefghijklmnopqrstuvwxyz"[position] if position < 26 else str(position + 1)


def _short(text: str, *, most: int = 84) -> str:
    if len(text) <= most:
        return text
    return text[: text.rfind(" ", 0, most)].rstrip(" ,;:") + " …"


def _declaration(results: Results, declaration_id: str | None) -> Declaration | None:
    return next((item for item in results.truce.declarations if item.id == declaration_id), None)


def would_change(results: Results) -> list[Part]:
    """What would change the findings of the first table, each once, with the rows it bears on."""
    leading = leading_findings(results)
    acts = {item.id: results.truce.act(item.act).name for item in results.truce.obligations}
    bound: dict[str, list[str]] = {}
    collected: dict[str, dict[str, list[str]]] = {}
    for finding in leading:
        act = acts[finding.obligation_id]
        _append(bound.setdefault(act, []), finding.party_id)
        for text in finding.would_change:
            _append(collected.setdefault(text, {}).setdefault(act, []), finding.party_id)
    return [{"text": text, "bears_on": _bears_on(results, found, bound)} for text, found in collected.items()]


def _append(values: list[str], value: str) -> None:
    if value not in values:
        values.append(value)


def _bears_on(results: Results, found: dict[str, list[str]], bound: dict[str, list[str]]) -> str:
    """Acts, with the parties only where it bears on some of them alone."""
    if found == bound:
        return _("every act and party")
    return "; ".join(
        act
        if set(parties) == set(bound[act])
        else f"{act} ({', '.join(results.truce.party_name(party_id) for party_id in parties)})"
        for act, parties in found.items()
    )


def declared(results: Results) -> Part:
    """Declarations, obligations made of them, and what each act means."""
    truce = results.truce
    silent = unjudged(truce)
    return {
        "summary": truce.summary.strip(),
        "terms_version": truce.terms_version,
        "declarations": [
            {
                "party": party_part(results, item.party),
                "speaker": item.speaker,
                "date": figures.date_text(item.date),
                "wording": item.wording,
                "outlet": item.outlet or "",
                "url": safe_url(item.url),
                "note": item.note or "",
            }
            for item in truce.declarations
        ],
        "obligations": [
            {
                "act": truce.act(item.act).name,
                "title": item.title,
                "definition": truce.act(item.act).definition,
                "binds": ", ".join(truce.party_name(p) for p in _in_file_order(results, item.binds)),
                "areas": _area_words(results, item),
                "return_fire": _return_fire(truce, item),
            }
            for item in truce.obligations
        ],
        "unjudged": [
            {
                "title": item.title,
                "binds": ", ".join(truce.party_name(p) for p in item.binds),
                "why": item.why,
            }
            for item in silent
        ],
        "unjudged_note": ngettext(
            "{n} thing that the terms lay down is not judged here; section 2 names it. Silence about it is no quiet.",
            "{n} things that the terms lay down are not judged here; section 2 lists them. Silence about them is no quiet.",
            len(silent),
        ).format(n=len(silent))
        if silent
        else "",
    }


def _return_fire(truce: Truce, obligation: Obligation) -> str:
    if obligation.return_fire_exempt:
        return _("Answering fire is no breach")
    if exempt_under_conditions(truce, obligation):
        return _("Exempt under conditions, which are not judged")
    return _("No exemption named")


def _area_words(results: Results, obligation: Obligation) -> str:
    areas = list(dict.fromkeys(area for scope in obligation.scopes for area in scope.areas))
    names = [results.area_names.get(area, area) for area in areas]
    if len(names) > 4:
        return _("{area}; {n} areas within it").format(area=names[0], n=len(names) - 1)
    return "; ".join(names)
