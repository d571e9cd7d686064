"""A judgement, its evidence and its bound, as parts of a report ready to print."""

from __future__ import annotations

from typing import Any

from truceline.assurance.series import Bound
from truceline.base.language import N_, _
from truceline.findings.reckoning import bound_more
from truceline.findings.results import Evidence, Finding, Results
from truceline.findings.words import unit_for
from truceline.reports import figures, glossary
from truceline.reports.names import party_part

Part = dict[str, Any]


def best_evidence(finding: Finding) -> Evidence | None:
    """The line of evidence that the first table shows: the one that the finding leads with."""
    return finding.lead or next(iter(finding.evidence), None)


def largest_count(finding: Finding) -> Evidence | None:
    """The other party's largest count, to stand where the leading evidence gives no number."""
    counts = [item for item in finding.evidence if item.kind == "opponent_count" and item.value is not None]
    return max(counts, key=lambda item: item.value or 0.0, default=None)


#: whether a line of evidence says that acts occurred
RESIDUALS: dict[bool | None, str] = {
    True: N_("acts in the period"),
    False: N_("counts none in the period"),
    None: N_("does not say"),
}


def evidence_part(results: Results, evidence: Evidence) -> Part:
    """One line of evidence, ready to print; the same fields for every party and kind."""
    side = party_part(results, evidence.speaker_party_id)
    unit = unit_for(2 if evidence.value is None else evidence.value, evidence.unit)
    value = f"{figures.claim_value(evidence.value, evidence.relation)} {unit}".strip()
    return {
        "kind": glossary.title(glossary.EVIDENCE_KINDS, evidence.kind),
        "speaker": evidence.speaker,
        "side": side["name"] if evidence.speaker_party_id else "",
        "side_index": side["index"],
        "change": glossary.word(glossary.CHANGES, evidence.change),
        "residual": _(RESIDUALS[evidence.residual]),
        "value": value if evidence.value is not None else figures.NONE,
        "baseline": figures.NONE
        if evidence.baseline_value is None
        else figures.claim_value(evidence.baseline_value, evidence.baseline_relation),
        "baseline_note": evidence.baseline_note,
        "extent": evidence.extent,
        "ratio": figures.ratio(evidence.ratio),
        "interval": figures.interval95(evidence.ratio_lo95, evidence.ratio_hi95),
        "e_value": figures.e_value(evidence.e_value) if evidence.e_value is not None else "",
        "text": evidence.reason.text,
        "code": evidence.reason.code,
        "rows": figures.row_lines(evidence.reason.rows),
        "brief": evidence.brief,
        # a caveat may be a reason code, which stands for its sentence
        "caveat": glossary.reason_meaning(evidence.caveat) or evidence.caveat,
    }


def bound_text(bound: Bound) -> str:
    """What could have gone unseen, in a few words; never silent."""
    if bound.history_hi95 is None and bound.worst_hi95 is None and bound.evader_hi95 is None:
        return _("No bound possible")
    parts = [
        _("at most {number} ({bound})").format(number=figures.number(limit), bound=name)
        for name, limit in (
            (_("by history"), bound.history_hi95),
            (_("worst watched part"), bound.worst_hi95),
            (_("violator who knows the coverage"), bound.evader_hi95),
        )
        if limit is not None
    ]
    if bound.evader_hi95 is None:
        parts.append(_("no bound for a violator who knows the coverage"))
    return "; ".join(parts)


def bound_short(bound: Bound) -> tuple[str, str]:
    """The widest bound there is, for a narrow column, and the others beneath it.

    The widest goes first, so that a reader who stops there is not told too little.
    """
    limits = [
        (bound.evader_hi95, _("violator who knows the coverage")),
        (bound.worst_hi95, _("worst watched part")),
        (bound.history_hi95, _("by history")),
    ]
    known = [(limit, name) for limit, name in limits if limit is not None]
    if not known:
        return _("No bound possible"), ""
    (widest, name), rest = known[0], known[1:]
    more = [name, *(f"{figures.number(limit)} {other}" for limit, other in rest)]
    if bound.evader_hi95 is None:
        more.append(_("no bound for a violator who knows the coverage"))
    if bound.blind_share:
        # a bound holds where there was sight: said at the number, not in a note alone
        more.append(
            _("no sight of {share} of area and time").format(share=figures.percent(bound.blind_share))
        )
    # a bound that leaves ground or hours out must say so in its first words
    most = _("At most {number} where watched") if bound.evader_hi95 is None else _("At most {number}")
    return most.format(number=figures.number(widest)), "; ".join(more)


def bound_reason(bound: Bound) -> str:
    """Why the bound is what it is, in words; the basis where there is one."""
    sentences = [glossary.reason_meaning(code) for code in bound.reason_codes]
    if bound.basis:
        sentences.append(_("Basis: {basis}.").format(basis=figures.bases(bound.basis)))
    if bound.blind_share:
        sentences.append(
            _("No sight at all of {share} of area and time.").format(share=figures.percent(bound.blind_share))
        )
    sentences += bound_more(bound)
    return " ".join(sentence for sentence in sentences if sentence)


def judgement_part(finding: Finding) -> Part:
    """Judgement and the two axes, as key and as word."""
    return {
        "key": finding.judgement,
        "word": glossary.title(glossary.JUDGEMENTS, finding.judgement),
        "occurrence": glossary.title(glossary.OCCURRENCES, finding.occurrence),
        "responsibility": glossary.title(glossary.RESPONSIBILITIES, finding.responsibility),
    }
