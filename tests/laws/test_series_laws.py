"""A copied report adds no weight to a series."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from truceline.assurance.build import build_series
from truceline.assurance.series import Series, SeriesSpec
from truceline.base.intervals import Interval
from truceline.origins.collapse import collapse_copies
from truceline.schema import COUNTS, COVERAGE, OBSERVATIONS

START = datetime(2031, 4, 1, tzinfo=UTC)
DAYS = 12


def report(name: str, day: int, text: str) -> dict[str, Any]:
    begin = START + timedelta(days=day)
    return {
        "observation_id": name, "source_id": "news", "occurred_from": begin,
        "occurred_until": begin + timedelta(days=1), "longitude_deg": 10.0, "latitude_deg": 50.0,
        "position_sd_m": 1000.0, "acts": {}, "text": text, "raw_file": "f", "raw_row": 2, "raw_digest": "d",
    }  # fmt: skip


def count(rows: list[dict[str, Any]]) -> Series:
    spec = SeriesSpec(
        id="news", title="News", source="news", measure="records", unit="report", area="all", kind="news"
    )
    return build_series(
        spec,
        observations=collapse_copies(OBSERVATIONS.from_records(rows)),
        counts=COUNTS.empty(),
        coverage=COVERAGE.empty(),
        lines={},
        area_ids=[],
        baseline=Interval(START, START + timedelta(days=DAYS - 1)),
        window=Interval(START + timedelta(days=DAYS - 1), START + timedelta(days=DAYS)),
    )


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 40)), min_size=1, max_size=25), st.integers(1, 5))
def test_a_report_carried_over_to_later_days_counts_once_on_its_first(
    told: list[tuple[int, int]], copies: int
) -> None:
    words = ["quarry", "harbour", "orchard", "viaduct", "foundry"]
    rows = [
        # numbers of kinds and of days never meet: wordings that differ in one word alone are taken for copies
        report(
            f"r{i}", day, f"{words[kind % 5]} number {kind + 100} was hit by fire in the night of day {day}"
        )
        for i, (day, kind) in enumerate(sorted(set(told)))
    ]
    more = [
        {**row, "observation_id": f"{row['observation_id']}c{n}", "occurred_from": row["occurred_from"] + timedelta(days=1 + n % 2), "occurred_until": row["occurred_until"] + timedelta(days=1 + n % 2)}
        for row in rows
        for n in range(copies)
    ]  # fmt: skip
    np.testing.assert_array_equal(count(rows).count, count([*rows, *more]).count)
