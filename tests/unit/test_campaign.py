"""Checks of declared holdings, and what lists can tell."""

from __future__ import annotations

from itertools import pairwise
from math import comb

import pytest

from truceline.assurance.campaign import chao_limit, checks_needed, missed_p


def test_the_published_numbers_of_checks():
    """200 declared, 10 missing, 90 %: 41 checks; 51 at 80 % recognition (Avenhaus & Canty)."""
    assert checks_needed(200, 10) == 41
    assert checks_needed(200, 10, recognition_p=0.8) == 51


@pytest.mark.parametrize(("declared", "missing", "checked"), [(20, 3, 5), (50, 1, 30), (12, 6, 7), (9, 0, 4)])
def test_the_chance_to_miss_is_the_hypergeometric(declared, missing, checked):
    exact = comb(declared - missing, checked) / comb(declared, checked)
    assert missed_p(declared, missing, checked) == pytest.approx(exact, rel=1e-10)


def test_more_checks_never_find_less():
    for recognition in (1.0, 0.6):
        chances = [missed_p(60, 4, n, recognition_p=recognition) for n in range(61)]
        assert all(later <= sooner + 1e-12 for sooner, later in pairwise(chances))


def test_where_nothing_is_missing_or_nothing_is_recognised_no_number_of_checks_does():
    assert checks_needed(50, 0) is None
    assert checks_needed(50, 5, recognition_p=0.0) is None
    assert checks_needed(10, 1, recognition_p=0.8) is None


def test_impossible_questions_are_refused():
    with pytest.raises(ValueError, match="11 missing of 10"):
        checks_needed(10, 11)


def test_two_lists_tell_nothing_of_the_whole():
    assert chao_limit({frozenset("a"): 30, frozenset("b"): 20, frozenset("ab"): 10}) is None
    three = {
        frozenset("a"): 30,
        frozenset("b"): 20,
        frozenset("c"): 9,
        frozenset("ab"): 10,
        frozenset("abc"): 3,
    }
    limit = chao_limit(three)
    assert limit is not None
    assert limit > 72
