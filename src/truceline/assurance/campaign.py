"""How many to check, and what lists can tell: inspections of what was declared, capture and recapture."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import gammaln, logsumexp

#: certainty that inspectors commonly ask for
SEEN_P = 0.9
#: fewer lists cannot tell dependence between them from a smaller whole
LEAST_LISTS = 3


def missed_p(n_declared: int, n_missing: int, n_checked: int, *, recognition_p: float = 1.0) -> float:
    """Chance that none of the missing items is found among those checked.

    Σ_k C(m, k) C(N − m, n − k) / C(N, n) · (1 − r)^k, with N declared, m missing, n checked and a
    recognition r of what is missing (hypergeometric; Avenhaus & Canty 1996, ch. 2).
    """
    k = np.arange(max(0, n_checked - (n_declared - n_missing)), min(n_missing, n_checked) + 1)
    if recognition_p >= 1:
        k = k[k == 0]
    if not len(k):
        return 0.0

    def choose(n: int, r: np.ndarray) -> np.ndarray:
        return np.asarray(gammaln(n + 1.0) - gammaln(r + 1.0) - gammaln(n - r + 1.0))

    ways = choose(n_missing, k) + choose(n_declared - n_missing, n_checked - k)
    lost = k * np.log1p(-recognition_p) if recognition_p < 1 else np.zeros(len(k))
    return float(np.exp(logsumexp(ways + lost) - choose(n_declared, np.array(n_checked))))


def checks_needed(
    n_declared: int, n_missing: int, *, seen_p: float = SEEN_P, recognition_p: float = 1.0
) -> int | None:
    """Smallest number of checks that finds at least one missing item with ``seen_p``; None: no number does.

    Of 200 declared and 10 missing, 41 checks with 90 %; 51 where an inspector recognises four in five.

    Raises
    ------
    ValueError
        If more are missing than declared, or a probability is none.
    """
    if not 0 <= n_missing <= n_declared or not 0 < seen_p < 1 or not 0 <= recognition_p <= 1:
        raise ValueError(
            f"got {n_missing} missing of {n_declared}, certainty {seen_p}, recognition {recognition_p}"
        )
    limit = 1 - seen_p + 1e-12
    if missed_p(n_declared, n_missing, n_declared, recognition_p=recognition_p) > limit:
        return None
    low, high = 0, n_declared
    while high - low > 1:
        middle = (low + high) // 2
        if missed_p(n_declared, n_missing, middle, recognition_p=recognition_p) > limit:
            low = middle
        else:
            high = middle
    return high


def chao_limit(on_lists: Mapping[frozenset[str], int]) -> float | None:
    """Lower limit of a whole from how many items stand on one list and on two (Chao 1987): n + f₁²/2f₂.

    on_lists : how many items stand on each set of lists. None with fewer than three lists that hold
    anything: two cannot tell that they copy each other, or avoid each other, from how many there are.
    """
    filled = {name for names, n in on_lists.items() if n > 0 for name in names}
    if len(filled) < LEAST_LISTS:
        return None
    once = sum(n for names, n in on_lists.items() if len(names) == 1)
    twice = sum(n for names, n in on_lists.items() if len(names) == 2)
    whole = sum(n for names, n in on_lists.items() if names)
    # Chao's form without a bias for small numbers, which needs no item on two lists
    return whole + once * (once - 1) / (2 * (twice + 1))
