"""Train the existence model of ``fuse --existence trained`` on simulated fronts, and say how far it carries.

    python tools/train_existence.py                 train on all regimes, write src/truceline/fusion/existence.json
    python tools/train_existence.py --carry FILE    in place of that: leave each regime out in turn, and write a table

Fusion is run on training seeds of all regimes; each track it finds is described (``fusion.features``)
and said to be an event or not by the truth. One model for all regimes, since who uses it does not know
theirs. (1) describe the tracks of every seed; (2) fit the curves on most seeds (penalised Newton steps of
the logistic likelihood); (3) fit scale and shift of the log-odds on the others (Platt 1999); (4) write.
The table of what is left out is measured on development seeds; published ones enter nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from evaluation.fronts import REGIMES, front
from evaluation.fusion import setting_of
from evaluation.rows import TRAINING_SEEDS
from scipy.special import expit, logit

from truceline import __version__
from truceline.base.columns import BoolArray, FloatArray, IntArray
from truceline.fusion.associate import describe
from truceline.fusion.features import FEATURES, Described
from truceline.fusion.trained import FILE, Additive, Curve, ExistenceModel, write_model
from truceline.origins.collapse import collapse_copies
from truceline.scoring.existence import judge_existence
from truceline.scoring.identity import Partition, fakes_reported, id_f1, own_events
from truceline.scoring.truth import Linked, link, make_truth

ROOT = Path(__file__).resolve().parent.parent
#: a regime of very many salvos is trained on fewer days of each seed, and on fewer seeds
SIZE: dict[str, dict[str, Any]] = {"war": {"days": 8}}
#: tracks of a regime that train at most, so that none outweighs the others
MOST_TRACKS = 24_000
#: every so many training seeds one is held out for scale and shift
HELD_OUT = 5
N_KNOTS, RIDGE, NEWTON_STEPS = 9, 2.0, 10
DEVELOPMENT_SEEDS = (0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracks:
    """Tracks of one seed or several: what is seen of them, and whether they are events."""

    values: npt.NDArray[np.float32]
    hard: BoolArray
    happened: BoolArray

    def take(self, rows: IntArray) -> Tracks:
        """Some of them."""
        return Tracks(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})


def join(parts: Sequence[Tracks]) -> Tracks:
    """All of several."""
    return Tracks(**{one.name: np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Tracks)})  # fmt: skip


def fuse_seed(regime: str, seed: int) -> tuple[Linked, IntArray, Described, FloatArray]:
    """(1) the truth of a front, and what fusion finds in it: the track of each record, described."""
    played = front(regime, seed=seed, **SIZE.get(regime, {}))
    setting = setting_of(played)
    assert setting.frame is not None
    number, described, existence_p = describe(
        collapse_copies(setting.observations), frame=setting.frame, acts=setting.acts, coverage=setting.coverage,
        areas=setting.areas, hard_sources=setting.hard_sources,
    )  # fmt: skip
    linked = link(played.observations, make_truth(played.truth.incidents, played.truth.links))
    return linked, number, described, existence_p


def tracks_of(regime: str, seed: int) -> Tracks:
    """The tracks of a seed that have a basis for existence."""
    linked, number, described, existence_p = fuse_seed(regime, seed)
    happened = own_events(Partition(group=number, existence_p=existence_p), linked) >= 0
    rows = np.flatnonzero(np.isfinite(existence_p))
    return Tracks(
        values=described.values[rows].astype(np.float32), hard=described.hard[rows], happened=happened[rows]
    )


def gather(regime: str, seeds: Sequence[int], most_tracks: int) -> tuple[Tracks, Tracks]:
    """Tracks that fit the curves, and tracks held out; of very many some are drawn."""
    each = [tracks_of(regime, seed) for seed in (seeds[:HELD_OUT] if regime in SIZE else seeds)]
    rng = np.random.default_rng([0, REGIMES.index(regime)])
    parts = []
    for held in (False, True):
        whole = join([one for k, one in enumerate(each) if (k % HELD_OUT == HELD_OUT - 1) is held])
        most = most_tracks // (4 if held else 1)
        parts.append(whole.take(np.sort(rng.permutation(len(whole.hard))[:most])))
    print(
        f"{regime}: {len(parts[0].hard):,} tracks, {len(parts[1].hard):,} held out",
        file=sys.stderr,
        flush=True,
    )
    return parts[0], parts[1]


def train(shown: Tracks, held: Tracks, about: dict[str, Any]) -> ExistenceModel:
    """(2), (3): the curves of hard and of report-only tracks, and their scale and shift."""
    parts = {}
    for name, hard in (("hard", True), ("reports", False)):
        rows, others = np.flatnonzero(shown.hard == hard), np.flatnonzero(held.hard == hard)
        curves = _fit(shown.values[rows].astype(np.float64), shown.happened[rows])
        odds = curves.log_odds(held.values[others].astype(np.float64))
        slope, shift = _scale(odds, held.happened[others])
        parts[name] = replace(curves, slope=slope, shift=shift)
    return ExistenceModel(hard=parts["hard"], reports=parts["reports"], about=about)


def _fit(values: FloatArray, happened: BoolArray) -> Additive:
    knots = [_knots(values[:, k]) for k in range(values.shape[1])]
    design = np.column_stack(
        [np.ones(len(values)), *(_hats(values[:, k], each) for k, each in enumerate(knots))]
    )
    y = happened.astype(np.float64)
    weight = np.zeros(design.shape[1])
    weight[0] = logit(np.clip(y.mean(), 0.01, 0.99))
    ridge = np.full(len(weight), RIDGE)
    ridge[0] = 1e-6
    for _ in range(NEWTON_STEPS):
        p = expit(design @ weight)
        hessian = (design * (p * (1 - p) + 1e-6)[:, None]).T @ design + np.diag(ridge)
        weight += np.linalg.solve(hessian, design.T @ (y - p) - ridge * weight)
    curves, at = [], 1
    for each in knots:
        part = weight[at : at + len(each) + 1]
        curves.append(Curve(knots=each, values=part[:-1], missing=float(part[-1])))
        at += len(each) + 1
    return Additive(start=float(weight[0]), curves=tuple(curves))


def _knots(values: FloatArray) -> FloatArray:
    known = values[np.isfinite(values)]
    if not len(known):
        return np.zeros(1)
    # as the file keeps them
    return np.unique(np.round(np.quantile(known, np.linspace(0.01, 0.99, N_KNOTS)), 4))


def _hats(values: FloatArray, knots: FloatArray) -> FloatArray:
    """(n, n_knots + 1): weights of the two knots around each value; last, whether there is none."""
    known = np.isfinite(values)
    found = np.zeros((len(values), len(knots) + 1))
    found[~known, -1] = 1.0
    rows, v = np.flatnonzero(known), np.clip(values[known], knots[0], knots[-1])
    if len(knots) == 1:
        found[rows, 0] = 1.0
        return found
    left = np.clip(np.searchsorted(knots, v, side="right") - 1, 0, len(knots) - 2)
    share = (v - knots[left]) / (knots[left + 1] - knots[left])
    found[rows, left], found[rows, left + 1] = 1 - share, share
    return found


def _scale(odds: FloatArray, happened: BoolArray) -> tuple[float, float]:
    """Slope and shift of log-odds under which what was held out is likeliest; held to 1 and 0 by little."""
    weight, design = np.array([1.0, 0.0]), np.column_stack([odds, np.ones(len(odds))])
    for _ in range(NEWTON_STEPS):
        p = expit(design @ weight)
        hessian = (design * (p * (1 - p))[:, None]).T @ design + np.eye(2)
        weight += np.linalg.solve(hessian, design.T @ (happened - p) - (weight - np.array([1.0, 0.0])))
    return float(weight[0]), float(weight[1])


def carry(parts: dict[str, tuple[Tracks, Tracks]]) -> str:
    """How far a model carries to a regime that it never saw, on development seeds."""
    lines = [
        "| regime | existence | id_f1 | calibration error beyond chance | Brier | fakes that became incidents |",
        "|---|---|---|---|---|---|",
    ]
    whole = _train_all(parts, {})
    for regime in parts:
        without = _train_all({name: part for name, part in parts.items() if name != regime}, {})
        seeds = [fuse_seed(regime, seed) for seed in DEVELOPMENT_SEEDS]
        for name, model in (
            ("generative", None),
            ("trained, regime seen", whole),
            ("trained, regime left out", without),
        ):
            figures = _measure(seeds, model)
            lines.append(f"| {regime} | {name} | {' | '.join(figures)} |")
            print(lines[-1], file=sys.stderr, flush=True)
    return "\n".join(lines) + "\n"


def _measure(
    seeds: Sequence[tuple[Linked, IntArray, Described, FloatArray]], model: ExistenceModel | None
) -> list[str]:
    f1, ps, happened, fakes, staged = [], [], [], 0, 0
    for linked, number, described, generative in seeds:
        p = generative if model is None else np.where(np.isfinite(generative), model.judge(described), np.nan)
        partition = Partition(group=number, existence_p=p)
        f1.append(id_f1(partition, linked).f1)
        based = np.isfinite(p)
        ps.append(p[based])
        happened.append((own_events(partition, linked) >= 0)[based])
        told, n = fakes_reported(partition, linked)
        fakes, staged = fakes + told, staged + n
    found = judge_existence(np.concatenate(ps), np.concatenate(happened))
    return [f"{np.mean(f1):.4f}", f"{found.excess:.4f}", f"{found.brier:.4f}", f"{fakes / staged:.4f}" if staged else "–"]  # fmt: skip


def _train_all(parts: dict[str, tuple[Tracks, Tracks]], about: dict[str, Any]) -> ExistenceModel:
    return train(
        join([shown for shown, _ in parts.values()]), join([held for _, held in parts.values()]), about
    )


def main() -> None:
    """Train, and write what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--seeds", type=int, default=len(TRAINING_SEEDS), help="training seeds of each regime"
    )
    parser.add_argument("--tracks", type=int, default=MOST_TRACKS, help="tracks of a regime at most")
    parser.add_argument("--carry", type=Path, metavar="FILE", help="write the table of regimes left out")
    given = parser.parse_args()
    seeds = TRAINING_SEEDS[: given.seeds]
    parts = {regime: gather(regime, seeds, given.tracks) for regime in REGIMES}
    if given.carry:
        given.carry.write_text(carry(parts), encoding="utf-8")
        return
    about = {
        "made_by": "tools/train_existence.py", "software": f"truceline {__version__}", "regimes": list(REGIMES),
        "seeds": [seeds[0], seeds[-1]], "held_out_for_scale": f"every {HELD_OUT}th seed",
        "tracks": sum(len(shown.hard) for shown, _ in parts.values()), "knots": N_KNOTS, "ridge": RIDGE,
        "features": len(FEATURES),
    }  # fmt: skip
    path = ROOT / "src" / "truceline" / "fusion" / FILE
    path.write_text(write_model(_train_all(parts, about)), encoding="utf-8")
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
