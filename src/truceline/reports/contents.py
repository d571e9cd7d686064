"""The contents of a report, once: what the page and the paper print, section by section.

Everything is text, numbers as text, lists and mappings of these, so that both templates only
place it. Nothing is computed in a template.
"""

from __future__ import annotations

from typing import Any

from truceline.base.language import N_, _
from truceline.findings.order_worth import describe_order_worth
from truceline.findings.patterns import describe_patterns
from truceline.findings.reckoning import describe_totals, describe_worth
from truceline.findings.results import Results
from truceline.reports import accepted, accounts, glossary, judged, line, names, opening, picture

METHOD: tuple[str, ...] = (
    N_(
        "Each obligation is judged for each party, area, period and clock on its own. One rule serves every party."
    ),
    N_(
        "Evidence is taken in the same three steps on both sides: the opponent’s count, the opponent’s concession, "
        "the party’s own report. Sensors and third parties stand beside it."
    ),
    N_(
        "A claim has a speaker, a window and a unit. It is never treated as a fact. Claims of different speakers, windows "
        "or units are not ranked."
    ),
    N_(
        "A fall is shown by the opponent’s own figures or concession, by a third party’s, or by a regular series with E of 20 or more. "
        "A party’s report on itself shows no fall alone."
    ),
    N_(
        "A series is compared with its own past: level, rhythm of day and week, a trend where one is assumed, and spread wider than chance. "
        "A bin without a record is missing. It is not a zero."
    ),
    N_(
        "A series that shows no change, and had less than an even chance of showing a halving, is called uninformative. Where many areas are asked at once, each needs as many times the evidence."
    ),
    N_(
        "Copies of one report count once. Observations are grouped into incidents; an incident is attributed only "
        "with evidence that tells the parties apart."
    ),
    N_(
        "Quiet is never stated without a bound. A bound needs a detection probability with its source. Where there is "
        "none, the answer is: no bound possible."
    ),
    N_("A map that was not redrawn is missing data. It does not show a line that held."),
)


def build_contents(results: Results) -> dict[str, Any]:
    """All sections of the report of ``results``."""
    codes = sorted(
        {code for finding in results.findings for code in finding.reason_codes}
        | {code for finding in results.findings for code in finding.bound.reason_codes}
        | {item.reason.code for finding in results.findings for item in finding.evidence}
    )
    return {
        "masthead": opening.masthead(results),
        "parties": names.party_parts(results),
        # the sentences that follow it stand in the first table
        "key": results.summary[0] if results.summary else "",
        "context": list(results.context),
        "patterns": describe_patterns(
            results.patterns,
            area_names=results.area_names,
            party_names={party.id: party.name for party in results.truce.parties},
        ),
        "totals": describe_totals(
            results.reckoning,
            act_names={act.id: act.name for act in results.truce.acts},
            area_names=results.area_names,
            zone=results.truce.clocks[0].zone,
        ),
        "worth": describe_worth(
            results.reckoning,
            act_names={act.id: act.name for act in results.truce.acts},
            source_titles={source.source_id: source.title for source in results.sources},
        ),
        "order_worth": describe_order_worth(results.order_worth, area_names=results.area_names),
        "glance": opening.glance(results),
        "would_change": opening.would_change(results),
        "declared": opening.declared(results),
        "accepted": accepted.accepted_parts(results),
        "map": {"alt": picture.map_alt(results)},
        "line": line.line_parts(results),
        "series": accounts.series_parts(results),
        "claims": accounts.claim_parts(results),
        "findings": judged.finding_parts(results),
        "bounds": judged.bound_parts(results),
        "coverage": accounts.coverage_parts(results),
        "method": [_(sentence) for sentence in METHOD],
        "limits": list(results.limits),
        "sources": accounts.source_parts(results),
        "quarantine": accounts.quarantine_parts(results),
        "glossary": {
            "judgements": _entries(glossary.JUDGEMENTS),
            "occurrences": _entries(glossary.OCCURRENCES),
            "responsibilities": _entries(glossary.RESPONSIBILITIES),
            "evidence": _entries(glossary.EVIDENCE_KINDS),
            "measures": _entries(glossary.MEASURES),
            "reasons": [
                {"key": code, "word": code, "meaning": glossary.reason_meaning(code)} for code in codes
            ],
        },
    }


def _entries(words: dict[str, tuple[str, str]]) -> list[dict[str, str]]:
    return [{"key": key, "word": _(word), "meaning": _(meaning)} for key, (word, meaning) in words.items()]
