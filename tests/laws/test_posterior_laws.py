"""Laws of what fusion learns of the sources, and of the bounds that rest on it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from truceline.assurance.lowered import lower_declared
from truceline.base.columns import floats
from truceline.fusion import associate
from truceline.fusion.engine import Fusion
from truceline.fusion.posterior import Detects, Learned, nothing_learned, read_posterior
from truceline.origins.collapse import collapse_copies
from truceline.simulate import Front, play, read_regime
from truceline.workflow.fuse import fuse


def learn(front: Front) -> Learned:
    found: list[Fusion] = []
    associate(
        collapse_copies(front.observations), frame=front.frame, acts=front.acts, coverage=front.coverage,
        areas=front.areas, hard_sources=front.hard_sources, tell=found.append,
    )  # fmt: skip
    return read_posterior(found[0])


@pytest.fixture(scope="module")
def front() -> Front:
    return play(read_regime("plain", days=12, length_km=600), seed=21)


@pytest.fixture(scope="module")
def learned(front: Front) -> Learned:
    return learn(front)


def test_trials_only_add_to_what_was_declared(learned: Learned) -> None:
    assert learned.detects
    for one in learned.detects:
        assert one.a >= one.declared_a
        assert one.b >= one.declared_b
        low, high = one.interval
        assert low < one.a / (one.a + one.b) < high
    for err in learned.errs:
        assert err.interval[0] < err.shape / err.rate < err.interval[1]


def test_sensors_that_see_less_than_declared_are_found_out(learned: Learned) -> None:
    wrong = learn(play(read_regime("wrongp", days=12, length_km=600), seed=21))
    tried = {
        (one.source_id, one.act): one.a / (one.a + one.b) for one in learned.detects if one.a + one.b > 200
    }
    less = {(one.source_id, one.act): one.a / (one.a + one.b) for one in wrong.detects if one.a + one.b > 200}
    shared = sorted(tried.keys() & less.keys(), key=str)
    assert shared
    assert np.mean([less[key] / tried[key] for key in shared]) < 0.9


def test_no_bound_believes_a_sensor_more_than_was_declared(front: Front, learned: Learned) -> None:
    before, after = front.coverage, lower_declared(front.coverage, learned.detects)

    def p(table: object) -> np.ndarray:
        a, b = (floats(table[name]) for name in ("detection_p_a", "detection_p_b"))  # type: ignore[index]
        return a / (a + b)

    told = np.isfinite(p(before))
    assert (np.isfinite(p(after)) == told).all()
    assert (p(after)[told] <= p(before)[told] + 1e-12).all()
    lower = told & (p(after) < p(before) - 1e-12)
    assert 0 < lower.sum() < told.sum()
    says = (
        pc.match_substring(after["detection_p_basis"], "lowered by the records").fill_null(False).to_numpy()
    )
    assert (says == lower).all()
    rest = [name for name in before.column_names if not name.startswith("detection_p")]
    assert after.select(rest).equals(before.select(rest))


def test_nothing_learned_changes_nothing(front: Front) -> None:
    assert lower_declared(front.coverage, nothing_learned().detects) is front.coverage
    more = Detects(source_id="seismic", act="shelling", basis="x", declared_a=1, declared_b=9, a=9, b=9)
    assert lower_declared(front.coverage, [more]) is front.coverage


def test_fuse_writes_what_was_learned_with_its_intervals(front: Front, tmp_path: Path) -> None:
    short = replace(front, observations=front.observations.slice(0, 600))
    for name in ("observations", "coverage"):
        pq.write_table(getattr(short, name), tmp_path / f"{name}.parquet")
    fuse(observations=tmp_path / "observations.parquet", coverage=tmp_path / "coverage.parquet", control=None, out=tmp_path / "out")  # fmt: skip
    told = json.loads((tmp_path / "out/parameters.json").read_text())["fusion"]
    assert {one["source_id"] for one in told["detection"]} >= {"acoustic", "seismic"}
    for one in told["detection"]:
        assert one["detection_p_lo95"] < one["detection_p"] < one["detection_p_hi95"]
    for one in told["false_detections"]:
        assert one["factor_lo95"] < one["factor"] < one["factor_hi95"]
