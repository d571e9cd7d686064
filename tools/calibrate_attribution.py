"""Choose from what probability on a party may be named: ``truceline.attribution.threshold.THRESHOLD_P``.

    python tools/calibrate_attribution.py --seeds 8

plays the fronts that the threshold is chosen on (floods of complaints, staged events; development seeds),
fuses them, and prints for each regime, and for all together, the threshold that ``choose_threshold`` gives,
how many incidents it names and how many of these wrongly. A false detection that is named counts as wrong.
"""

from __future__ import annotations

import argparse

import numpy as np
from evaluation.attribution import make_case

from truceline.attribution.attribute import weigh_incidents
from truceline.attribution.grounds import see_grounds
from truceline.attribution.threshold import ALPHA, choose_threshold
from truceline.base.columns import BoolArray, FloatArray
from truceline.simulate import play, read_regime
from truceline.workflow.engine import draw_line

REGIMES = ("flood", "falseflag", "mimicry", "plain")


def scores_of(regime: str, seed: int) -> tuple[FloatArray, BoolArray]:
    """Scores of the incidents of a front that might be named, and whether the name would be wrong."""
    case = make_case(play(read_regime(regime), seed=seed), true_partition=False)
    line, _ = draw_line(case.setting)
    grounds = see_grounds(line, parties=case.played.parties, frame=case.setting.frame)
    _, judged = weigh_incidents(case.incidents, case.observations, grounds=grounds, attributable_sources=case.setting.hard_sources)  # fmt: skip
    may = np.nan_to_num(judged.score) > 0
    return judged.score[may], (judged.best != case.cls)[may]


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20, help="development seeds 0 and on")
    asked = parser.parse_args()
    every: list[tuple[FloatArray, BoolArray]] = []
    for regime in REGIMES:
        found = [scores_of(regime, seed) for seed in range(asked.seeds)]
        every += found
        show(regime, found)
    show("all", every)


def show(name: str, found: list[tuple[FloatArray, BoolArray]]) -> None:
    """One line."""
    score, wrong = (np.concatenate(each) for each in zip(*found, strict=True))
    threshold = choose_threshold(score, wrong, alpha=ALPHA)
    named = score >= threshold
    print(f"{name:10} threshold {threshold:.4f}  named {named.sum()} of {len(score)}  wrong {wrong[named].sum()}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
