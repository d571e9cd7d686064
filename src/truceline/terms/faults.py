"""What is wrong with terms as data: names that nothing has, times in the wrong order, zones of nothing, loops.

Every problem names its place in the file and, for a name, the nearest known one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Final

from pydantic import BaseModel

from truceline.base.documents import Document
from truceline.base.errors import Problem
from truceline.schema.claims import TOGETHER
from truceline.terms.catalogue import question_codes
from truceline.terms.conditions import Condition, Span
from truceline.terms.provisions import Provision
from truceline.terms.taxonomy import known_acts, known_means
from truceline.terms.truce import Truce

Path = list[str | int]

#: fields of provisions that name parties or third parties, or means
NAMES: Final = {"by": "actor", "to": "actor", "operator": "actor", "agreed_by": "actor", "party": "party", "means": "means"}  # fmt: skip

#: names that come with the package
PACKAGED: Final[dict[str, Callable[[], Iterable[str]]]] = {
    "means": known_means,
    "question": question_codes,
    "taxonomy act": known_acts,
}

SECTIONS: Final = (
    "texts",
    "timing",
    "ground",
    "command",
    "monitoring",
    "disputes",
    "enforcement",
    "settlement",
)


def faults_of_terms(truce: Truce, document: Document, *, area_ids: set[str] | None = None) -> list[Problem]:
    """Every fault of terms, whether a draft or those of a case."""
    return [
        *_reserved_ids(truce, document),
        *_repeated_ids(truce, document),
        *_wrong_windows(truce, document),
        *_Names(truce, document, area_ids).problems(),
        *_empty_zones(truce, document),
        *_twice_cited(truce, document),
        *_loops(truce, document),
    ]


def faults_of_a_case(truce: Truce, document: Document) -> list[Problem]:
    """What a draft may lack and a case may not: a window, an act, something to judge."""
    problems: list[Problem] = []

    def lacks(path: Path, what: str, next_step: str) -> None:
        problems.append(
            document.problem(
                path, code="case_field", message=f"{'.'.join(map(str, path))}: {what}", next_step=next_step
            )
        )

    if not truce.clocks:
        lacks(
            ["clocks"],
            "a case needs a window, and none of its clocks ever starts",
            "Give a clock with start and stop",
        )
    if not truce.acts:
        lacks(["acts"], "a case needs an act", "Name an act; an id of the taxonomy is enough")
    if not any(item.rule == "prohibit" and item.judged for item in truce.obligations):
        lacks(
            ["obligations"], "a case needs a prohibition to judge", "Add an obligation with rule `prohibit`"
        )
    for i, obligation in enumerate(truce.obligations):
        if obligation.rule == "prohibit" and obligation.judged:
            if not obligation.clocks:
                lacks(["obligations", i, "clocks"], "it runs by no clock", "Name a clock")
            if not obligation.scopes:
                lacks(["obligations", i, "scopes"], "it is judged nowhere", "Give a scope with areas")
    return problems


# -- ids and windows ----------------------------------------------------------------------------
def _reserved_ids(truce: Truce, document: Document) -> Iterator[Problem]:
    for kind in ("parties", "third_parties"):
        for position, item in enumerate(getattr(truce, kind)):
            if item.id == TOGETHER:
                yield document.problem(
                    [kind, position, "id"],
                    code="name_reserved",
                    message="this id stands for all parties together",
                    got=item.id,
                    expected="another id",
                    next_step="Give the party another id",
                )


def _repeated_ids(truce: Truce, document: Document) -> list[Problem]:
    both = [item.id for item in truce.parties]
    problems = document.repeated_ids(
        parties=both,
        **{
            kind: [item.id for item in getattr(truce, kind)]
            for kind in ("third_parties", "clauses", "declarations", "clocks", "acts", "zones", "obligations", "exemptions")
        },
    )  # fmt: skip
    problems += [
        document.problem(
            ["third_parties", i, "id"], code="id_repeated", message=f"a party has the id {item.id!r} too"
        )
        for i, item in enumerate(truce.third_parties)
        if item.id in both
    ]
    terms = [item.term.casefold() for item in truce.definitions]
    return problems + [
        document.problem(
            ["definitions", i, "term"],
            code="id_repeated",
            message=f"{truce.definitions[i].term!r} is defined twice",
        )
        for i, term in enumerate(terms)
        if term in terms[:i]
    ]


def _wrong_windows(truce: Truce, document: Document) -> Iterator[Problem]:
    for path, start, stop, name in _windows(truce):
        if stop <= start:
            ends = "ends before it starts" if stop < start else "ends when it starts"
            yield document.problem(
                path,
                code="window_order",
                message=f"{name} {ends}",
                got=stop.isoformat(),
                expected=f"a time after {start.isoformat()}",
                next_step="Exchange start and stop, or correct the year",
            )


def _windows(truce: Truce) -> Iterator[tuple[Path, datetime, datetime, str]]:
    for i, clock in enumerate(truce.clocks):
        yield ["clocks", i, "stop"], clock.start, clock.stop, f"clock {clock.id!r}"
    for i, zone in enumerate(truce.zones):
        for j, span in enumerate(zone.windows or ()):
            yield ["zones", i, "windows", j, "stop"], span.start, span.stop, f"a window of zone {zone.id!r}"
    for path, condition in conditions(truce):
        if isinstance(condition.during, Span):
            yield path, condition.during.start, condition.during.stop, "the time of a condition"


def _empty_zones(truce: Truce, document: Document) -> Iterator[Problem]:
    for i, zone in enumerate(truce.zones):
        why = zone.emptiness()
        if why is not None:
            yield document.problem(
                ["zones", i],
                code="geometry_invalid",
                message=f"zone {zone.id!r} cannot be: {why}",
                expected="a zone with ground in it",
                next_step="Correct its places or distances",
            )


def _twice_cited(truce: Truce, document: Document) -> Iterator[Problem]:
    """Who cites a clause twice, or binds somebody twice, has written one for another."""
    lists: list[tuple[Path, Sequence[str]]] = []
    for i, item in enumerate(truce.obligations):
        lists += [(["obligations", i, "cites"], item.cites), (["obligations", i, "binds"], item.binds)]
    for kind in ("zones", "exemptions", "definitions"):
        lists += [([kind, i, "clauses"], one.clauses) for i, one in enumerate(getattr(truce, kind))]
    lists += [([*path, "clauses"], item.clauses) for path, item in provisions(truce)]
    for path, named in lists:
        said = "party {!r} is bound twice" if path[-1] == "binds" else "clause {!r} is cited twice"
        for j, name in enumerate(named):
            if name in named[:j]:
                yield document.problem(
                    [*path, j],
                    code="id_repeated",
                    message=said.format(name),
                    got=name,
                    next_step="Take one out, or correct it",
                )


# -- names --------------------------------------------------------------------------------------
class _Names:
    """Looks up every name that terms use, and says which exist nowhere."""

    def __init__(self, truce: Truce, document: Document, area_ids: set[str] | None) -> None:
        self.truce, self.document = truce, document
        parties = [party.id for party in truce.parties]
        third = [item.id for item in truce.third_parties]
        self.known: dict[str, list[str] | None] = {
            "party": parties,
            "actor": [*parties, *third],
            "act": [act.id for act in truce.acts],
            "clock": [clock.id for clock in truce.clocks],
            "declaration": [item.id for item in truce.declarations],
            "clause": [item.id for item in truce.clauses],
            "zone": [item.id for item in truce.zones],
            "obligation": [item.id for item in truce.obligations],
            "line": [truce.ground.line.id] if truce.ground.line else [],
            "language": list(dict.fromkeys(code for item in truce.clauses for code in item.wording)),
            "area": None if area_ids is None else sorted(area_ids),
        }

    def problems(self) -> list[Problem]:
        """Every unknown name, in the order of the file's parts."""
        found = [
            self._unknown(kind, name, path) for kind, name, path in self._uses() if not self._has(kind, name)
        ]
        return found

    def _known(self, kind: str) -> list[str] | None:
        """Names of a kind; packaged lists are read when something names one."""
        if kind in PACKAGED:
            return list(PACKAGED[kind]())
        return self.known[kind]

    def _has(self, kind: str, name: str) -> bool:
        known = self._known(kind)
        return known is None or name in known

    def _unknown(self, kind: str, name: str, path: Path) -> Problem:
        known = self._known(kind) or []
        near = get_close_matches(name, known, n=1)
        taxonomy = get_close_matches(name, known_acts(), n=1) if kind == "act" else []
        said = {"actor": "party or third party"}.get(kind, kind)
        if near:
            next_step = f"Did you mean {near[0]!r}?"
        elif taxonomy:
            next_step = f"Write `- id: {taxonomy[0]}` under acts, which takes the taxonomy's definition"
        else:
            next_step = f"Correct the id, or define the {said}"
        return self.document.problem(
            path,
            code="party_unknown" if kind in ("party", "actor") else "name_unknown",
            message=f"no {said} has this id",
            got=name,
            expected=" | ".join(sorted(known)[:40]) or f"a {said} defined in this case",
            next_step=next_step,
        )

    def _uses(self) -> Iterator[tuple[str, str, Path]]:
        truce = self.truce
        for i, clause in enumerate(truce.clauses):
            yield from _each("question", clause.about, ["clauses", i, "about"])
        for i, declaration in enumerate(truce.declarations):
            yield "party", declaration.party, ["declarations", i, "party"]
        for i, clock in enumerate(truce.clocks):
            yield from _each("declaration", clock.declared_by, ["clocks", i, "declared_by"])
        for i, act in enumerate(truce.acts):
            if act.like is not None:
                yield "taxonomy act", act.like, ["acts", i, "like"]
        for i, definition in enumerate(truce.definitions):
            yield from _each("clause", definition.clauses, ["definitions", i, "clauses"])
        yield from self._of_zones()
        yield from self._of_obligations()
        for i, exemption in enumerate(truce.exemptions):
            yield from _each("act", exemption.acts, ["exemptions", i, "acts"])
            yield from _each("party", exemption.parties or (), ["exemptions", i, "parties"])
            yield from _each("clause", exemption.clauses, ["exemptions", i, "clauses"])
        for path, condition in conditions(truce):
            yield from _of_condition(condition, path)
        for path, provision in provisions(truce):
            yield from _of_provision(provision, path)

    def _of_zones(self) -> Iterator[tuple[str, str, Path]]:
        for i, zone in enumerate(self.truce.zones):
            yield from _each("clause", zone.clauses, ["zones", i, "clauses"])
            yield from _each("party", zone.sides or (), ["zones", i, "sides"])
            if zone.line is not None:
                yield "line", zone.line, ["zones", i, "line"]
            if zone.area is not None:
                yield "area", zone.area, ["zones", i, "area"]

    def _of_obligations(self) -> Iterator[tuple[str, str, Path]]:
        for i, item in enumerate(self.truce.obligations):
            at: Path = ["obligations", i]
            yield "act", item.act, [*at, "act"]
            yield from _each("actor", item.binds, [*at, "binds"])
            yield from _each("clock", item.clocks, [*at, "clocks"])
            yield from _each("clause", item.cites, [*at, "cites"])
            yield from _each("zone", item.zones, [*at, "zones"])
            if item.notice is not None:
                yield from _each("actor", item.notice.to, [*at, "notice", "to"])
            for party, name in item.clauses.items():
                yield "party", party, [*at, "clauses"]
                yield "declaration", name, [*at, "clauses", party]
            for j, scope in enumerate(item.scopes):
                yield from _each("area", scope.areas, [*at, "scopes", j, "areas"])
                yield from _each("party", scope.parties or (), [*at, "scopes", j, "parties"])


def _each(kind: str, names: Iterable[str], path: Path) -> Iterator[tuple[str, str, Path]]:
    for j, name in enumerate(names):
        yield kind, name, [*path, j]


def _of_condition(condition: Condition, path: Path) -> Iterator[tuple[str, str, Path]]:
    if isinstance(condition.during, str):
        yield "clock", condition.during, path
    if condition.within is not None:
        yield "zone", condition.within, path
    if condition.answering is not None:
        yield "act", condition.answering.act, path


def _of_provision(provision: BaseModel, path: Path) -> Iterator[tuple[str, str, Path]]:
    for name in type(provision).model_fields:
        value = getattr(provision, name)
        if name == "clauses":
            yield from _each("clause", value, [*path, name])
        elif name in ("zones",):
            yield from _each("zone", value or (), [*path, name])
        elif name in ("obligations",):
            yield from _each("obligation", value, [*path, name])
        elif name in ("versions", "authentic"):
            yield from _each("language", value, [*path, name])
        elif name in NAMES and isinstance(value, str):
            yield NAMES[name], value, [*path, name]
        elif name in NAMES and isinstance(value, list):
            yield from _each(NAMES[name], value, [*path, name])
        elif isinstance(value, list):
            for j, inner in enumerate(value):
                if isinstance(inner, BaseModel):
                    yield from _of_provision(inner, [*path, name, j])


# -- loops --------------------------------------------------------------------------------------
def _loops(truce: Truce, document: Document) -> Iterator[Problem]:
    """Conditions of entry that wait for each other never come true: the clock never starts."""
    entry = truce.timing.entry
    if entry is None:
        return
    n = len(entry.conditions)
    for i, condition in enumerate(entry.conditions):
        for j, need in enumerate(condition.needs):
            if not 0 <= need < n:
                yield document.problem(
                    ["timing", "entry", "conditions", i, "needs", j],
                    code="name_unknown",
                    message="no condition of entry stands at this place",
                    got=str(need),
                    expected=f"0 to {n - 1}",
                    next_step="Count the conditions from 0",
                )
                return
    met: set[int] = set()
    while ready := {i for i in range(n) if i not in met and set(entry.conditions[i].needs) <= met}:
        met |= ready
    for i in range(n):
        if i not in met:
            yield document.problem(
                ["timing", "entry", "conditions", i],
                code="case_field",
                message="this condition of entry waits, by way of others, for itself: the clock never starts",
                expected="conditions that can be met one after the other",
                next_step="Take a place out of `needs`",
            )


# -- walking ------------------------------------------------------------------------------------
def provisions(truce: Truce) -> Iterator[tuple[Path, Provision]]:
    """Every provision beside obligations, exemptions and zones, with its place in the file."""
    for i, consent in enumerate(truce.consents):
        yield ["consents", i], consent
    for section in SECTIONS:
        part: Any = getattr(truce, section)
        for name in type(part).model_fields:
            value = getattr(part, name)
            if isinstance(value, Provision):
                yield [section, name], value
            elif isinstance(value, list):
                for i, item in enumerate(value):
                    yield [section, name, i], item


def conditions(truce: Truce) -> Iterator[tuple[Path, Condition]]:
    """Every condition that holds no others, with the place of the whole that it is part of."""
    wholes: list[tuple[Path, Condition | None]] = [
        (["obligations", i, "condition"], item.condition) for i, item in enumerate(truce.obligations)
    ]
    wholes += [(["exemptions", i, "condition"], item.condition) for i, item in enumerate(truce.exemptions)]
    for path, whole in wholes:
        for leaf in whole.leaves() if whole is not None else ():
            yield path, leaf
