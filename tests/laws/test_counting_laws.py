"""Laws of what is counted, summed and looked up faster than by its definition: it gives what the definition gives."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from truceline.assurance.detection import Histories, find_alike
from truceline.assurance.doubt import Doubt
from truceline.base.columns import group_rows, number_pairs, number_rows, sort_stable
from truceline.fusion.intensity import Cells, fit_layers
from truceline.fusion.tracks import first_least, log_sum
from truceline.fusion.watches import LEAST_SHARE, Watches, Words


@pytest.mark.parametrize(
    ("n", "width"), [(0, 1), (1, 1), (50, 7), (5_000, 3), (5_000, 4_000), (5_000, 10**9)]
)
def test_a_counting_sort_is_the_stable_sort(n: int, width: int):
    values = np.random.default_rng(n).integers(0, width, n)
    assert sort_stable(values).tolist() == np.argsort(values, kind="stable").tolist()


def test_pairs_are_numbered_as_rows_of_two_columns_are():
    rng = np.random.default_rng(1)
    first, second = rng.integers(0, 40, 3_000), rng.integers(0, 30, 3_000)
    number, n = number_pairs(first, second)
    by_rows, n_rows = number_rows([first, second])
    assert n == n_rows
    assert number.tolist() == by_rows.tolist()


def test_a_groups_least_is_its_first_of_equals():
    rng = np.random.default_rng(2)
    group, value = rng.integers(0, 200, 4_000), rng.integers(0, 5, 4_000).astype(np.float64)
    group[:200] = np.arange(200)
    groups = group_rows(group, 200)
    found = groups.members[first_least(value[groups.members], groups)]
    for k in range(200):
        own = np.flatnonzero(group == k)
        assert found[k] == own[np.argmin(value[own])]


def test_sums_over_acts_are_those_of_logs():
    values = np.random.default_rng(3).normal(-400, 300, (2_000, 5))
    assert log_sum(values) == pytest.approx(np.logaddexp.reduce(values, axis=1), rel=1e-12)
    assert log_sum(values[:, :1]).tolist() == values[:, 0].tolist()


def _watches(rng: np.random.Generator, n: int) -> Watches:
    """Circles that are watched in windows, some of them to the very end of all time."""
    site = np.sort(rng.integers(0, 12, n))
    start = rng.uniform(0, 1e6, n)
    start[rng.integers(0, n, 20)] = 1e6 - 1.0
    order = np.lexsort((start, site))
    words = Words(code=np.zeros(n, dtype=np.int64), names=["source"])
    ones = np.ones(n)
    return Watches(
        source=words, sensor=words, look=words, act=words, basis=words, site=site, start_s=start[order],
        stop_s=start[order] + rng.choice([60.0, 3_600.0, 90_000.0], n), a=ones, b=ones, share=ones, clutter=ones,
        site_x_m=rng.uniform(0, 1e5, 12), site_y_m=np.zeros(12), site_radius_m=rng.uniform(1e4, 4e4, 12),
        site_area=np.full(12, -1), outlines=(),
    )  # fmt: skip


def test_every_row_that_watched_is_found_to_the_end_of_all_time():
    rng = np.random.default_rng(4)
    watches = _watches(rng, 600)
    n = 500
    x_m, start = rng.uniform(0, 1e5, n), rng.uniform(-1e5, 1.1e6, n)
    start[:50] = 1e6 - 0.5
    stop = start + np.where(rng.random(n) < 0.5, 0.0, 40_000.0)
    point, row, share = watches.over(x_m, np.zeros(n), start, stop, np.zeros(n))
    expected = {}
    for k in range(n):
        for j in range(len(watches)):
            site = watches.site[j]
            if abs(x_m[k] - watches.site_x_m[site]) > watches.site_radius_m[site]:
                continue
            if stop[k] > start[k]:
                common = min(stop[k], watches.stop_s[j]) - max(start[k], watches.start_s[j])
                part = np.clip(common / (stop[k] - start[k]), 0, 1)
            else:
                part = float(watches.start_s[j] <= start[k] < watches.stop_s[j])
            if part > LEAST_SHARE:
                expected[k, j] = part
    found = dict(zip(zip(point.tolist(), row.tolist(), strict=True), share.tolist(), strict=True))
    assert list(found) == sorted(expected)
    assert any(k < 50 for k, _ in found)
    assert [found[key] for key in sorted(expected)] == pytest.approx(
        [expected[key] for key in sorted(expected)]
    )


def test_layers_follow_what_is_counted():
    """One layer of two halves: where three times as much is counted, the factor is three times as large."""
    half = np.repeat([0, 1], 4_000)
    cells = Cells(point=half[::4], quadrature=half, n=2, volume=np.inf)
    rows = np.arange(2_000)
    count = np.where(cells.point == 0, 1.5, 0.5)
    found = fit_layers(
        (cells,), rows, count, rows, density=np.ones(2_000), mass=np.full(8_000, 0.25),
        density_q=np.ones(8_000), own=count, basis=np.ones(2_000, dtype=np.bool_), trust=0.0,
    )  # fmt: skip
    assert np.exp(found[0] - found[-1]) == pytest.approx(3.0, rel=0.01)
    assert np.exp(found[0]) == pytest.approx(1.5, rel=0.01)


def test_draws_made_where_they_are_asked_for_move_the_log_odds():
    rng = np.random.default_rng(5)
    p = rng.uniform(0.01, 0.99, 300)
    doubt = Doubt.none(p, 2, 40)
    assert doubt.draws(np.arange(300)) == pytest.approx(np.repeat(p[:, None], 40, axis=1))
    doubt.whose[::3], doubt.alone[::3] = 1, 0.4
    doubt.moves[1], doubt.noise[1] = rng.normal(size=40), rng.normal(size=40)
    rows = np.arange(0, 300, 3)
    move = doubt.moves[1] + 0.4 * doubt.noise[1] - 0.4**2 / 2
    assert doubt.draws(rows) == pytest.approx(expit(logit(p[rows])[:, None] + move))
    assert doubt.draws(rows + 1) == pytest.approx(np.repeat(p[rows + 1][:, None], 40, axis=1))


def test_records_that_the_same_could_see_are_alike_and_no_others():
    rng = np.random.default_rng(6)
    n = 400
    size = rng.integers(0, 4, n)
    record = np.repeat(np.arange(n), size)
    group = rng.integers(0, 3, len(record))
    share = rng.choice([0.5, 1.0], len(record))
    histories = Histories(
        record=record, group=group, hit=np.zeros(len(record), dtype=np.bool_), share=share, weight=np.ones(n)
    )
    like, first = find_alike(histories)
    names = [tuple(sorted(zip(group[record == k], share[record == k], strict=True))) for k in range(n)]
    assert (
        len({(name, int(number)) for name, number in zip(names, like, strict=True)})
        == len(set(names))
        == len(first)
    )
    some = histories.of_some(np.sort(first))
    p = rng.uniform(0.1, 0.9, (3, 7))
    assert some.log_missed(p) == pytest.approx(histories.log_missed(p)[np.sort(first)])
