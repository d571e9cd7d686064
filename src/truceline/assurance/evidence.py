"""E-values of several series of one question as one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def combine_evidence(e_values: Sequence[float]) -> float:
    """The mean of e-values: an e-value under any dependence between the series (Vovk & Wang 2021).

    Their product would be one only if the series were independent, which sensors that watch the
    same ground, and reports that copy each other, are not.

    Raises
    ------
    ValueError
        If there are none, or one is negative or not a number.
    """
    values = np.asarray(e_values, dtype=np.float64)
    if not len(values) or not np.all(values >= 0):
        raise ValueError(f"got e-values {list(e_values)}, expected at least one, none of them negative")
    return float(values.mean())
