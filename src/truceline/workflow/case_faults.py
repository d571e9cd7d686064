"""What can be wrong with a case whose every field is well-formed: names of nothing, windows out of order."""

from __future__ import annotations

from typing import Any

from truceline.base.documents import Document
from truceline.base.errors import Problem
from truceline.base.intervals import as_utc
from truceline.terms.truce import Truce
from truceline.workflow.case_file import CaseFile

#: options of sources that name a party
PARTY_KEYS = (
    "accused_party",
    "speaker_party",
    "holder_party",
    "about_party",
    "accused_party_id",
    "speaker_party_id",
    "holder_party_id",
)


def faults_of_file(file: CaseFile, document: Document) -> list[Problem]:
    """What is wrong with ``case.yaml`` whatever the terms: ids given twice, a baseline that ends early."""
    repeated = document.repeated_ids(
        areas=[area.id for area in file.areas],
        sources=[source.id for source in file.sources],
        series=[series.id for series in file.series],
    )
    return [*repeated, *_baseline_order(file, document)]


def faults_beside_terms(file: CaseFile, document: Document, truce: Truce) -> list[Problem]:
    """What of ``case.yaml`` does not fit the terms: a baseline in the truce, names that nothing has."""
    return [*_baseline_before(file, document, truce), *_unknown_names(file, document, truce)]


def _baseline_order(file: CaseFile, document: Document) -> list[Problem]:
    if file.baseline.stop > file.baseline.start:
        return []
    return [
        document.problem(
            ["baseline", "stop"],
            code="window_order",
            message="the baseline does not end after it starts",
            got=file.baseline.stop.isoformat(),
            expected=f"a time after {file.baseline.start.isoformat()}",
            next_step="Exchange start and stop, or correct the year",
        )
    ]


def _baseline_before(file: CaseFile, document: Document, truce: Truce) -> list[Problem]:
    """A change is measured against what was before the truce, not against the truce itself."""
    if as_utc(file.baseline.stop) <= truce.span.start:
        return []
    return [
        document.problem(
            ["baseline", "stop"],
            code="window_order",
            message="the baseline reaches into the truce",
            got=file.baseline.stop.isoformat(),
            expected=f"no later than {truce.span.start.isoformat()}",
            next_step="End the baseline before the truce starts",
        )
    ]


def _unknown_names(file: CaseFile, document: Document, truce: Truce) -> list[Problem]:
    known = {
        "source": {source.id for source in file.sources},
        "party": set(truce.party_ids),
        "act": {act.id for act in truce.acts},
        "area": {area.id for area in file.areas},
    }
    problems: list[Problem] = []

    def expect(kind: str, name: str | None, *path: str | int) -> None:
        if name is not None and name not in known[kind]:
            problems.append(
                document.problem(
                    path,
                    code="party_unknown" if kind == "party" else "name_unknown",
                    message=f"no {kind} has this id",
                    got=name,
                    expected=" | ".join(sorted(known[kind])),
                    next_step=f"Correct the id, or define the {kind}",
                )
            )

    expect("area", file.theatre, "theatre")
    for i, area in enumerate(file.areas):
        expect("area", area.parent, "areas", i, "parent")
    for i, series in enumerate(file.series):
        expect("source", series.source, "series", i, "source")
        expect("act", series.act, "series", i, "act")
        expect("party", series.party, "series", i, "party")
        expect("area", series.area, "series", i, "area")
    for i, detection in enumerate(file.detection):
        expect("source", detection.source, "detection", i, "source")
        expect("act", detection.act, "detection", i, "act")
    if "acts_across" in file.fire.model_fields_set:
        for i, act in enumerate(file.fire.acts_across):
            expect("act", act, "fire", "acts_across", i)
    for act in file.fire.mean_depth_m:
        expect("act", act, "fire", "mean_depth_m", act)
    for i, source in enumerate(file.sources):
        for where, kind, name in _names_in_options(source.options):
            expect(kind, name, "sources", i, "options", *where)
    return problems


def _names_in_options(options: dict[str, Any]) -> list[tuple[list[str | int], str, str]]:
    """Parties and acts that a source's options name: where, which kind, the name."""
    found: list[tuple[list[str | int], str, str]] = []

    def look(where: list[str | int], key: str, value: Any) -> None:
        kind = "act" if key == "act" else "party" if key in PARTY_KEYS else None
        if kind and isinstance(value, str) and value:
            found.append((where, kind, value))

    for key, value in options.items():
        look([key], key, value)
        for place, item in enumerate(value if isinstance(value, list) else []):
            for inner, one in item.items() if isinstance(item, dict) else ():
                look([key, place, inner], inner, one)
        if not isinstance(value, dict):
            continue
        for inner, one in value.items():
            if key == "acts":
                look([key, inner], "act", inner)
            elif key == "type_acts":
                look([key, inner], "act", one)
            elif key == "layers" and isinstance(one, dict):
                look([key, inner, "holder_party"], "holder_party", one.get("holder_party"))
            if key == "speakers":
                look([key, inner], "speaker_party", one)
            elif key == "constants":
                look([key, inner], inner, one)
            elif key in ("holders", "line_sides"):
                look([key, inner], "holder_party", one)
            elif key == "values" and isinstance(one, dict):
                for word, target in one.items():
                    look([key, inner, word], inner, target)
    return found
