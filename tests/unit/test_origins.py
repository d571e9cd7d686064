"""Copies collapse to their origins; independent records do not."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from truceline.origins import Copies, collapse_copies, count_copies
from truceline.origins.wording import group_wordings
from truceline.schema import OBSERVATIONS
from truceline.schema.table import Table

DAY = datetime(2031, 4, 1, tzinfo=UTC)


def report(number: int, text: str | None, *, hours: float = 0.0, **rest: Any) -> dict[str, Any]:
    start = DAY + timedelta(hours=hours)
    return {
        "observation_id": f"obs-{number}",
        "source_id": "press",
        "occurred_from": start,
        "occurred_until": start + timedelta(hours=1),
        "logged_at": start + timedelta(hours=2),
        "longitude_deg": -38.0,
        "latitude_deg": 42.0,
        "acts": {"shelling": 0.0},
        "text": text,
        "raw_file": "case:press.csv",
        "raw_row": number,
        "raw_digest": "0",
        **rest,
    }


def origins(rows: list[dict[str, Any]]) -> list[str]:
    table: Table = collapse_copies(OBSERVATIONS.from_records(rows))
    OBSERVATIONS.check(table)
    return table["primary_source_id"].to_pylist()


def test_the_same_words_in_another_dress_are_one_origin() -> None:
    rows = [
        report(1, "Outskirts of Sorrelby shelled, 3 heard"),
        report(2, "OUTSKIRTS of Sorrelby shelled - 3 heard! https://example.org/a", hours=20),
        report(3, "“Outskirts of Sorrelby shelled; 3 heard”", hours=30, source_id="other press"),
    ]
    assert len(set(origins(rows))) == 1


def test_a_nearly_equal_text_is_a_copy_and_another_number_is_not() -> None:
    same = "The outskirts of Sorrelby were shelled this morning from the east, 3 heard by people there"
    rows = [
        report(1, same),
        report(2, same + " update", hours=1),
        report(3, same.replace("3 heard", "4 heard"), hours=1),
    ]
    first, second, third = origins(rows)
    assert first == second
    assert third != first


def test_the_same_words_elsewhere_or_a_week_later_are_another_origin() -> None:
    rows = [
        report(1, "Shelling reported"),
        report(2, "Shelling reported", longitude_deg=-36.0),
        report(3, "Shelling reported", hours=24 * 8),
    ]
    assert len(set(origins(rows))) == 3


def test_a_chain_of_copies_with_jittered_place_and_time_saturates_at_one_origin() -> None:
    chain = [
        report(i, "A long night of shelling in Sorrelby", hours=40.0 * i, longitude_deg=-38.0 + 0.05 * i)
        for i in range(30)
    ]
    assert len(set(origins(chain))) == 1


def test_copies_by_area_alone_are_kept_to_their_area() -> None:
    nowhere = {"longitude_deg": None, "latitude_deg": None}
    rows = [
        report(1, "Shelling reported", area_id="north", **nowhere),
        report(2, "Shelling reported", area_id="north", **nowhere, hours=3),
        report(3, "Shelling reported", area_id="south", **nowhere),
        report(4, "Shelling reported"),
    ]
    first, second, third, fourth = origins(rows)
    assert first == second
    assert len({first, third, fourth}) == 3


def test_an_instrument_repeats_itself_only_where_all_it_says_is_the_same() -> None:
    rows = [
        report(1, None, sensor_id="station-1"),
        report(2, None, sensor_id="station-1"),
        report(3, None, sensor_id="station-1", strength=2.0),
        report(4, None, sensor_id="station-2"),
    ]
    first, second, third, fourth = origins(rows)
    assert first == second
    assert len({first, third, fourth}) == 3


def test_a_primary_source_that_a_source_gives_is_kept() -> None:
    assert origins([report(1, "a", primary_source_id="sirens"), report(2, None)])[0] == "sirens"


def test_rows_may_come_in_any_order_and_copies_do_not_rename_an_origin() -> None:
    rng = random.Random(4)
    rows = [
        report(i, f"Sorrelby shelled by day {i % 7} with {i % 5} guns and more", hours=rng.uniform(0, 300))
        for i in range(120)
    ]
    straight = dict(zip((row["observation_id"] for row in rows), origins(rows), strict=True))
    shuffled = rng.sample(rows, len(rows))
    assert dict(zip((row["observation_id"] for row in shuffled), origins(shuffled), strict=True)) == straight
    late = [
        {
            **row,
            "observation_id": f"{row['observation_id']}-{k}",
            "logged_at": row["logged_at"] + timedelta(hours=k),
        }
        for row in rows
        for k in range(3)
    ]
    again = dict(zip((row["observation_id"] for row in late), origins(late), strict=True))
    assert all(again[f"{name}-{k}"] == origin for name, origin in straight.items() for k in range(3))


def test_no_records_have_no_origins() -> None:
    assert origins([]) == []


def test_short_texts_are_grouped_only_where_equal() -> None:
    texts = pa.chunked_array([["shelling in Sorrelby", "shelling in Fenneldown", "Shelling, in Sorrelby"]])
    _, group = group_wordings(texts)
    assert group[0] == group[2] != group[1]


def test_thirty_five_thousand_headlines_take_seconds() -> None:
    rng = random.Random(1)
    words = [f"word{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(500)]
    rows = [
        report(
            i,
            " ".join(rng.choices(words, k=11)),
            hours=rng.uniform(0, 5000),
            longitude_deg=rng.uniform(-40, -36),
        )
        for i in range(35_000)
    ]
    table = OBSERVATIONS.from_records(rows)
    started = time.perf_counter()
    collapse_copies(table)
    # measured 1.3 s on two shared cores; the limit leaves room for a busy machine
    assert time.perf_counter() - started < 8


def copies_of(rows: list[dict[str, Any]]) -> dict[str, Copies]:
    read = OBSERVATIONS.from_records(rows)
    return dict(count_copies(read, collapse_copies(read)))


def test_a_primary_source_that_records_name_makes_no_copies_of_them() -> None:
    rows = [report(n, None, hours=n, primary_source_id="service") for n in range(5)]
    rows += [report(n, "The same words at one place", hours=n / 9) for n in (7, 8)]
    assert copies_of(rows) == {"press": Copies(records=7, copies=1, first_tellings=1)}


def test_copies_and_what_they_repeat_add_up_for_every_source() -> None:
    rows = [
        report(n, f"Shelling of the town number {n // 3 * 1000}, seen from the hill", hours=n % 3)
        for n in range(9)
    ]
    rows += [report(20, "A bridge was hit on the southern road"), report(21, None, source_id="sensor")]
    random.Random(5).shuffle(rows)
    found = copies_of(rows)
    assert found == {
        "press": Copies(records=10, copies=6, first_tellings=3),
        "sensor": Copies(records=1),
    }


def test_a_copy_in_another_source_is_no_copy_within_either() -> None:
    text = "The outskirts of Sorrelby were shelled this morning from the east"
    rows = [report(1, text), report(2, text, hours=1, source_id="other press")]
    found = copies_of(rows)
    assert {account.copies for account in found.values()} == {0}
