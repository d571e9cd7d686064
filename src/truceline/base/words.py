"""Words for probabilities, likelihood ratios and numbers, from fixed tables and rules, never chosen by hand.

Probabilities: the bands of ICD 203, *Analytic Standards* (Office of the Director of National
Intelligence, 2015). Likelihood ratios: the verbal scale of the ENFSI *Guideline for Evaluative
Reporting in Forensic Science* (2015).
"""

from __future__ import annotations

from truceline.base.language import N_

PROBABILITY_BANDS: tuple[tuple[float, str], ...] = (
    (0.05, N_("almost no chance")),
    (0.20, N_("very unlikely")),
    (0.45, N_("unlikely")),
    (0.55, N_("roughly even chance")),
    (0.80, N_("likely")),
    (0.95, N_("very likely")),
    (1.00, N_("almost certain")),
)

RATIO_BANDS: tuple[tuple[float, str], ...] = (
    (2, N_("no support")),
    (10, N_("weak support")),
    (100, N_("moderate support")),
    (1_000, N_("moderately strong support")),
    (10_000, N_("strong support")),
    (1_000_000, N_("very strong support")),
    (float("inf"), N_("extremely strong support")),
)


def probability_word(probability: float) -> str:
    """The word for a probability in [0, 1], to be translated where it is told; a band holds its upper end.

    Raises
    ------
    ValueError
        If it is no probability.
    """
    if not 0 <= probability <= 1:
        raise ValueError(f"{probability} is not a probability")
    return next(word for upper, word in PROBABILITY_BANDS if probability <= upper)


def ratio_word(ratio: float) -> str:
    """The words for a likelihood ratio of 1 or more, to be translated where they are told.

    A band holds its lower end, as in the guideline.

    Raises
    ------
    ValueError
        If it is below 1: the other hypothesis is the one that is supported.
    """
    if not ratio >= 1:
        raise ValueError(f"{ratio} supports the other hypothesis: give its inverse")
    return next((word for upper, word in RATIO_BANDS if ratio < upper), RATIO_BANDS[-1][1])


def some(n: int, noun: str, plural: str = "") -> str:
    """A number with its noun, in English: ``1 row``, ``1,204 rows``.

    For details and notes, which are English in every language; sentences that are translated have forms of
    their own (``language.ngettext``).
    """
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"
