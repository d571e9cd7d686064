"""Laws of what a detection's strength and count weigh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest

from truceline.fusion.marks import MOST_RATIO, weigh_marks
from truceline.fusion.nodes import Nodes

N = 8_000
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Source:
    code: npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Marked:
    """As much of nodes as marks ask for."""

    source: _Source
    marks: tuple[FloatArray, ...]

    def __len__(self) -> int:
        return len(self.source.code)


class _Drawn:
    """Detections, half of them clutter, whose strengths differ by ``shift`` standard deviations."""

    def __init__(self, shift: float, *, seed: int = 1) -> None:
        rng = np.random.default_rng(seed)
        self.true = rng.random(N) < 0.5
        self.strength = np.exp(rng.normal(np.where(self.true, shift, 0.0)))
        self.borne = self.true & (rng.random(N) < 0.4)
        # what else is known tells true from false a little, and is right
        self.log_odds = np.where(self.borne, 6.0, np.log(0.3 / 0.5) + 0 * self.strength)
        self.loglik = np.zeros((N, 1))

    def weigh(self, **changed: Any) -> FloatArray:
        told = {"strength": self.strength, "log_odds": self.log_odds, "borne": self.borne} | changed
        marked = _Marked(
            source=_Source(code=np.zeros(N, dtype=np.int64)), marks=(told["strength"], np.full(N, np.nan))
        )
        return weigh_marks(
            cast(Nodes, marked), self.loglik, rows=np.arange(N), log_odds=told["log_odds"], borne=told["borne"]
        )  # fmt: skip


def test_marks_that_differ_find_the_likelihood_ratio_of_what_was_drawn() -> None:
    drawn = _Drawn(1.0)
    found = drawn.weigh()
    # of two normals one standard deviation apart, with the mean of each class for a value
    exact = np.log(drawn.strength) - 0.5
    middle = np.abs(exact) < 1.0
    assert np.abs(found - exact)[middle].mean() < 0.25


def test_marks_that_do_not_differ_weigh_next_to_nothing() -> None:
    found = _Drawn(0.0).weigh()
    assert np.abs(found).mean() < 0.15


def test_a_unit_of_strength_changes_nothing() -> None:
    drawn = _Drawn(1.0)
    np.testing.assert_array_equal(drawn.weigh(), drawn.weigh(strength=drawn.strength * 8.0))


def test_the_order_of_records_changes_no_more_than_the_last_bit() -> None:
    drawn = _Drawn(1.0)
    turn = np.random.default_rng(3).permutation(N)
    turned = drawn.weigh(strength=drawn.strength[turn], log_odds=drawn.log_odds[turn], borne=drawn.borne[turn])  # fmt: skip
    np.testing.assert_allclose(turned, drawn.weigh()[turn], atol=1e-9)


def test_without_marks_nothing_is_weighed() -> None:
    assert not _Drawn(1.0).weigh(strength=np.full(N, np.nan)).any()


@pytest.mark.parametrize("shift", [0.0, 2.0, 9.0])
def test_no_mark_weighs_more_than_its_bound(shift: float) -> None:
    assert np.abs(_Drawn(shift).weigh()).max() <= MOST_RATIO + 1e-12


def test_what_nobody_bears_out_teaches_little() -> None:
    drawn = _Drawn(2.0)
    few = drawn.borne & (np.cumsum(drawn.borne) <= 2)
    assert np.abs(drawn.weigh(borne=few)).mean() < 0.5 * np.abs(drawn.weigh()).mean()
