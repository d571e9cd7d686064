"""Attribution on published seeds: against an ideal observer, when it is sure, and when it names a party."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evaluation.attribution_ideal import ideal_chances
from evaluation.fronts import front
from evaluation.fusion import setting_of
from evaluation.rows import Budget, Picture, Row, over_seeds, row
from truceline.attribution.attribute import attribute
from truceline.attribution.grounds import LineView, view_line
from truceline.base.columns import BoolArray, FloatArray, IntArray, codes, recode
from truceline.origins.collapse import collapse_copies
from truceline.schema.table import Table
from truceline.scoring.blame import SURE_P, brier_of_parties, party_chances
from truceline.scoring.identity import match_events, own_events
from truceline.scoring.score import judge
from truceline.scoring.truth import make_truth
from truceline.simulate import play, read_regime
from truceline.workflow.engine import Setting, draw_line, group

TITLE = "Attribution: incidents → who did it"
#: a regime of very many salvos is judged on fewer days
SIZE: dict[str, dict[str, Any]] = {"war": {"days": 3}}
MOST_SEEDS = 8
SHIFTS_KM = (-5.0, -3.0, -1.0, 1.0, 3.0, 5.0)
#: claims that go otherwise with who fired than anywhere else: each side's its own way
BIASED = {
    "west": {"p_struck": 0.1, "p_fired": 0.08, "blames": 0.6, "wrong_blame": 0.3},
    "east": {"p_struck": 0.25, "p_fired": 0.005, "blames": 1.0},
    "neutral": {"p_neutral": 0.08, "wrong_blame": 0.45},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Incidents of a front, ready to be attributed, and their truth."""

    played: Any
    setting: Setting
    observations: Table
    incidents: Table
    cls: IntArray  #: (n,) true class: party, or n_parties: neither; −1: no true event
    matched: BoolArray
    group: IntArray  #: (n_records,) its incident


def make_case(played: Any, *, true_partition: bool) -> Case:
    """Fuse a front, or take its records in the groups that they truly form."""
    setting = setting_of(played)
    observations = collapse_copies(setting.observations)
    partition = true_groups(played.truth.links) if true_partition else None
    incidents = group(observations, setting, partition=partition)
    judged = judge(observations, incidents, make_truth(played.truth.incidents, played.truth.links, played.truth.facts), frame=played.frame)  # fmt: skip
    owner = own_events(judged.partition, judged.linked)
    party = recode(played.truth.incidents["party_id"], list(played.parties))
    party = np.append(np.where(party < 0, len(played.parties), party), -1)
    return Case(
        played=played, setting=setting, observations=observations, incidents=incidents,
        cls=party[owner], matched=match_events(judged.partition, judged.linked), group=judged.partition.group,
    )  # fmt: skip


def true_groups(links: Table) -> IntArray:
    """(n_records,) number of each record's true event, staged event or, of nothing, first telling."""
    key = links["origin_id"]
    for name in ("fake_id", "truth_id"):
        key = pc.if_else(pc.equal(links[name], ""), key, links[name])
    return codes(pa.chunked_array([key.combine_chunks()]) if isinstance(key, pa.ChunkedArray) else key)[0]


def _attributed(case: Case, *, shift_km: float = 0.0) -> Table:
    line, _ = draw_line(case.setting)
    seen = None if line is None else view_line(line, frame=case.setting.frame)  # type: ignore[arg-type]
    if seen is not None and shift_km:
        seen = _shifted(seen, shift_km, case)
    return attribute(
        case.incidents, case.observations, parties=case.played.parties, line=seen,
        attributable_sources=frozenset(case.setting.hard_sources),
    )  # fmt: skip


def _shifted(view: LineView, shift_km: float, case: Case) -> LineView:
    """The line drawn so far to the east of where the map has it."""
    frame = case.played.frame

    def distance(longitude: FloatArray, latitude: FloatArray, at_us: IntArray) -> FloatArray:
        x, y = frame.to_plane(longitude, latitude)
        moved = frame.to_globe(x - 1000 * shift_km, y)
        return view.distance_m(moved[0], moved[1], at_us)

    return replace(view, distance_m=distance)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Figures:
    """Counts and sums of one front; shares are taken over seeds."""

    brier: float
    ideal: float
    n: int  #: matched incidents with a probability
    matched: int
    sure: int
    sure_wrong: int
    named: int
    named_wrong: int
    turned: int  #: named, and it was another party's


def _figures(case: Case, table: Table, ideal: FloatArray | None = None) -> _Figures:
    p = party_chances(table, case.played.parties)
    named = recode(table["attributed_party_id"], list(case.played.parties))
    judged = case.matched & (case.cls >= 0) & np.isfinite(p[:, 0])
    if ideal is not None:
        judged &= np.isfinite(ideal[:, 0])
    top = np.where(judged, p[:, :-1].max(axis=1), 0.0)
    best = np.nan_to_num(p[:, :-1]).argmax(axis=1)
    sure, says = top >= SURE_P, named >= 0
    n = int(judged.sum())
    return _Figures(
        brier=brier_of_parties(p[judged], case.cls[judged]) * n if n else 0.0,
        ideal=brier_of_parties(ideal[judged], case.cls[judged]) * n if n and ideal is not None else 0.0,
        n=n,
        matched=int((case.matched & (case.cls >= 0)).sum()),
        sure=int(sure.sum()),
        sure_wrong=int((sure & (best != case.cls)).sum()),
        named=int(says.sum()),
        named_wrong=int((says & (named != case.cls)).sum()),
        turned=int((says & (case.cls >= 0) & (case.cls < p.shape[1] - 1) & (named != case.cls)).sum()),
    )


def evaluate(regimes: Sequence[str], seeds: Sequence[int], budget: Budget) -> list[Row | Picture]:
    """All rows of attribution for each regime."""
    made: list[Row | Picture] = []
    for regime in regimes:
        made += _evaluate(regime, seeds, budget)
    return made


def _evaluate(regime: str, seeds: Sequence[int], budget: Budget) -> list[Row]:
    size = {**SIZE.get(regime, {}), **budget.size}
    own: list[_Figures] = []
    fused: list[_Figures] = []
    biased: list[_Figures] = []
    shifted: dict[float, list[_Figures]] = {shift: [] for shift in SHIFTS_KM}
    copies: list[tuple[float, float]] = []
    for k, seed in enumerate(seeds[:MOST_SEEDS]):
        if k and budget.left_s() <= 0:
            break
        played = front(regime, seed=seed, **size)
        copies.append(copies_found(played))
        true = make_case(played, true_partition=True)
        ideal = ideal_chances(played, true.group, true.incidents.num_rows)
        own.append(_figures(true, _attributed(true), ideal))
        engine = make_case(played, true_partition=False)
        fused.append(_figures(engine, _attributed(engine)))
        if k < 2:
            for shift in SHIFTS_KM:
                shifted[shift].append(_figures(engine, _attributed(engine, shift_km=shift)))
            biased.append(_with_biases(regime, seed, size))
    return [
        *_main_rows(regime, own, fused, biased),
        *_shift_rows(regime, fused, shifted),
        *_copy_rows(regime, copies),
    ]


def _with_biases(regime: str, seed: int, size: Mapping[str, Any]) -> _Figures:
    """A front whose outlets report and accuse otherwise; the ideal observer knows how."""
    law = read_regime(regime, **size)
    reports = {name: one.model_copy(update=BIASED[name]) for name, one in law.reports.items()}
    played = play(law.model_copy(update={"reports": reports}), seed=seed)
    case = make_case(played, true_partition=True)
    return _figures(case, _attributed(case), ideal_chances(played, case.group, case.incidents.num_rows))


def _share(found: Sequence[_Figures], part: str, whole: str) -> tuple[float, float, float, int]:
    """Pooled share, its interval over seeds, and of how many."""
    parts = [float(getattr(one, part)) for one in found]
    wholes = [float(getattr(one, whole)) for one in found]
    n = sum(wholes)
    each = [a / b if b else float("nan") for a, b in zip(parts, wholes, strict=True)]
    return (sum(parts) / n if n else float("nan"), *over_seeds(each)[1:], int(n))


def _main_rows(
    regime: str, own: Sequence[_Figures], fused: Sequence[_Figures], biased: Sequence[_Figures]
) -> list[Row]:
    rows: list[Row] = []

    def add(metric: str, target: str, found: Sequence[_Figures], part: str, whole: str, note: str) -> None:
        value, low, high, n = _share(found, part, whole)
        rows.append(row(metric, regime, target, value, lo=low, hi=high, n=n, note=note))

    seeds = f"{len(own)} seeds"
    ideal = _share(own, "ideal", "n")[0]
    for name, figures in (("", own), (", wrong claim biases", biased)):
        value, low, high, _ = _share(figures, "brier", "ideal")
        n = sum(one.n for one in figures)
        rows.append(row(f"attribution Brier / ideal observer{name}", regime, "≤ 1.01", value, lo=low, hi=high, n=n, note=f"true partition, {len(figures)} seeds; incidents with hard traces"))  # fmt: skip
    value, low, high, n = _share(own, "brier", "n")
    rows.append(row("attribution Brier", regime, "", value, lo=low, hi=high, ideal=ideal, n=n, note=f"true partition, {seeds}"))  # fmt: skip
    value, low, high, n = _share(fused, "brier", "n")
    rows.append(row("attribution Brier, as fused", regime, "", value, lo=low, hi=high, n=n, note=seeds))
    of_traces = f"as fused, {seeds}; incidents with hard traces"
    add("error at ≥ .9 confidence", "≤ 0.03", fused, "sure_wrong", "sure", of_traces)
    add("share decided at ≥ .9", "≥ 0.7", fused, "sure", "n", of_traces)
    add("share decided, of all incidents", "", fused, "sure", "matched", "what reports alone tell of is never decided")  # fmt: skip
    add("wrong “A did it”", "≤ 0.01", fused, "named_wrong", "named", f"as fused, {seeds}; false detections named count as wrong")  # fmt: skip
    add("share named, of those with traces", "", fused, "named", "n", of_traces)
    return rows


def _shift_rows(
    regime: str, fused: Sequence[_Figures], shifted: Mapping[float, Sequence[_Figures]]
) -> list[Row]:
    rows = []
    plain = _share(fused, "named", "n")[0]
    for far in (1.0, 3.0, 5.0):
        both = [*shifted[-far], *shifted[far]]
        value, low, high, n = _share(both, "turned", "named")
        rows.append(row(f"blame turned round, line shifted by {far:.0f} km", regime, "≤ 0.01", value, lo=low, hi=high, n=n, note="either way; of those named"))  # fmt: skip
        value, low, high, n = _share(both, "named", "n")
        rows.append(row(f"share named, line shifted by {far:.0f} km", regime, "", value, lo=low, hi=high, n=n, note=f"{plain:.3f} where it is not shifted"))  # fmt: skip
        value, low, high, n = _share(both, "sure", "n")
        rows.append(row(f"share decided at ≥ .9, line shifted by {far:.0f} km", regime, "", value, lo=low, hi=high, n=n))  # fmt: skip
    return rows


def copies_found(played: Any) -> tuple[float, float]:
    """Precision and recall of pairs of reports that have one first telling."""
    found = collapse_copies(played.observations)
    soft = recode(played.observations["source_id"], list(played.hard_sources)) < 0
    true, own = codes(played.truth.links["origin_id"])[0][soft], codes(found["primary_source_id"])[0][soft]
    both = np.unique(true * (own.max(initial=0) + 1) + own, return_inverse=True)[1]
    pairs = [float((np.bincount(one) * (np.bincount(one) - 1) // 2).sum()) for one in (both, own, true)]
    return tuple(pairs[0] / one if one else float("nan") for one in pairs[1:])  # type: ignore[return-value]


def _copy_rows(regime: str, copies: Sequence[tuple[float, float]]) -> list[Row]:
    rows = []
    for k, name in enumerate(("precision", "recall")):
        mean, low, high = over_seeds([one[k] for one in copies])
        rows.append(row(f"copies: {name} of pairs of reports with one origin", regime, "", mean, lo=low, hi=high, n=len(copies)))  # fmt: skip
    return rows
