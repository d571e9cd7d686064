"""Laws of sensors that miss nothing: full overlap never speaks for a low probability."""

from __future__ import annotations

import numpy as np
import pytest

from truceline.assurance.detection import Histories, Learnt, learn_probabilities


def learnt(n_records: int, n_sensors: int, *, a: float, b: float) -> Learnt:
    """So many records, each detected by every one of so many sensors of one kind."""
    n = n_records * n_sensors
    histories = Histories(
        record=np.repeat(np.arange(n_records), n_sensors),
        group=np.zeros(n, dtype=np.int64),
        hit=np.ones(n, dtype=np.bool_),
        share=np.ones(n),
        weight=np.ones(n_records),
    )
    return learn_probabilities(
        histories, np.array([[a, b]]), np.zeros(1, dtype=np.int64), n_draws=400, rng=np.random.default_rng(0)
    )


@pytest.mark.parametrize("n_records", [2, 3, 6, 12, 100])
@pytest.mark.parametrize("n_sensors", [2, 4])
@pytest.mark.parametrize(("a", "b"), [(7.0, 3.0), (24.0, 16.0), (70.0, 30.0)])
def test_what_all_sensors_saw_lowers_no_probability(
    n_records: int, n_sensors: int, a: float, b: float
) -> None:
    found = learnt(n_records, n_sensors, a=a, b=b)
    declared = np.random.default_rng(1).beta(a, b, 4000)
    assert found.mean[0] >= a / (a + b) - 0.02
    # a declaration that may be wrong spreads wider than one that may not, and not to nought
    assert np.quantile(found.draws[0], 0.05) >= 0.7 * np.quantile(declared, 0.05)
