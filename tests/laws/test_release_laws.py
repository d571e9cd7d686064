"""The public edition: what is held back cannot be had by looking closely, nor by comparing releases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.base.errors import InputError
from truceline.base.geodesy import distance_m
from truceline.release.cells import cell_of, centre_of
from truceline.release.coarsen import coarsen_incidents
from truceline.release.register import Register, read_register
from truceline.release.rule import ReleaseRule, moment_of
from truceline.release.withhold import round_up
from truceline.schema import INCIDENTS
from truceline.schema.table import Record

RULE = ReleaseRule(delay_h=72, cell_m=10_000, zone="Europe/Kyiv")
DAY = timedelta(days=1)
START = datetime(2031, 5, 1, tzinfo=UTC)


def incident(name: str, at: datetime, longitude: float, latitude: float, **more: object) -> Record:
    row: Record = {
        "incident_id": name,
        "act": "shelling",
        "occurred_from": at,
        "occurred_until": at + timedelta(minutes=5),
        "longitude_deg": longitude,
        "latitude_deg": latitude,
        "position_sd_m": 300.0,
        "existence_p": 0.83,
        "occurrence": "reported",
        "responsibility": "not_attributed",
        "party_p": {},
        "line_distance_m": 1234.5,
        "source_ids": ["acoustic_7"],
        "observation_ids": ["obs-1", "obs-2"],
        "n_primary_sources": 2,
        "reason_codes": ["no_existence_basis"],
    }
    return row | more


def told(rows: list[Record], rule: ReleaseRule = RULE) -> list[Record]:
    return coarsen_incidents(INCIDENTS.from_records(rows), rule, area_of=lambda _x, _y: None)


@given(st.floats(-179.9, 179.9), st.floats(-84, 84), st.sampled_from([10_000.0, 25_000.0]))
def test_no_cell_is_narrower_than_the_rule(longitude: float, latitude: float, cell_m: float) -> None:
    row, column = cell_of(np.array([longitude]), np.array([latitude]), cell_m=cell_m)
    x, y = (float(value[0]) for value in centre_of(row, column, cell_m=cell_m))
    step = cell_m / 110_574.0
    assert abs(latitude - y) <= step / 2 + 1e-9
    west, _ = centre_of(row, column - 1, cell_m=cell_m)
    poleward = abs(y) + step / 2
    assert (
        distance_m(float(west[0]), poleward, x, poleward) >= cell_m * 0.998 or abs(x - float(west[0])) > 180
    )
    assert distance_m(x, y - step / 2, x, y + step / 2) >= cell_m * 0.999


@given(st.floats(-84, 84), st.sampled_from([10_000.0, 25_000.0]))
def test_the_antimeridian_halves_no_cell(latitude: float, cell_m: float) -> None:
    # both sides of a whole number of steps: the last cell ends where the first begins
    row, column = cell_of(np.array([-180.0, 180.0, 179.999999]), np.full(3, latitude), cell_m=cell_m)
    x, _ = centre_of(row, column, cell_m=cell_m)
    assert column[0] == column[1] == 0
    assert x[0] + 180 == pytest.approx(180 - x[2], rel=1e-6)


def test_nothing_finer_than_cell_day_and_band_is_told() -> None:
    (row,) = told([incident("inc-1", START + timedelta(hours=9, minutes=17), 37.123, 48.321)])
    assert row["occurred_until"] - row["occurred_from"] == DAY
    assert (row["longitude_deg"], row["latitude_deg"]) != (37.123, 48.321)
    assert row["existence_p"] is None
    assert row["source_ids"] == row["observation_ids"] == row["reason_codes"] == []
    assert row["line_distance_m"] is None
    assert row["incident_id"] != "inc-1"


@given(st.floats(30, 40), st.floats(44, 52), st.integers(0, 23))
def test_two_incidents_that_differ_only_in_what_is_withheld_are_told_alike(
    longitude: float, latitude: float, hour: int
) -> None:
    at = datetime(2031, 5, 1, 0, tzinfo=UTC) - timedelta(hours=3) + timedelta(hours=hour)
    one = incident("inc-a", at, longitude, latitude)
    other = one | {"incident_id": "inc-b", "source_ids": ["camera"], "observation_ids": ["obs-9"], "n_primary_sources": 5, "existence_p": 0.9, "line_distance_m": -7.0}  # fmt: skip
    assert told([one]) == told([other])


def releases(*, sticky: bool, n_incidents: int = 60) -> dict[datetime, set[tuple[float, float]]]:
    """Daily releases while every estimate still wanders by 3 km; cells told of each day's one incident."""
    rng = np.random.default_rng(7)
    places = rng.uniform([30, 44], [40, 52], size=(n_incidents, 2))
    register = Register()
    cells: dict[datetime, set[tuple[float, float]]] = {}
    for day in range(n_incidents + 5):
        wander = rng.normal(0, 0.03, size=places.shape)
        rows = told([incident(f"inc-{k}", START + k * DAY + timedelta(hours=6), *(places[k] + wander[k])) for k in range(n_incidents)])  # fmt: skip
        settled = register.settle(rows, RULE, until=RULE.released_until(START + day * DAY))
        register = settled.register if sticky else Register()
        for row in settled.told:
            cells.setdefault(row["occurred_from"], set()).add((row["longitude_deg"], row["latitude_deg"]))
    return cells


def test_comparing_all_releases_leaves_every_incident_in_one_whole_cell() -> None:
    assert all(len(seen) == 1 for seen in releases(sticky=True).values())


def test_without_the_register_the_same_comparison_finds_incidents_at_the_edges_of_cells() -> None:
    # the attack is a real one: it is the register that stops it
    assert sum(len(seen) > 1 for seen in releases(sticky=False).values()) > 20


def test_a_day_is_told_after_the_delay_and_not_before() -> None:
    rows = told([incident("inc-1", START + timedelta(hours=12), 37.1, 48.3)])
    day_end = rows[0]["occurred_until"]
    early = RULE.released_until(day_end + timedelta(hours=71))
    late = RULE.released_until(day_end + timedelta(hours=72))
    assert Register().settle(rows, RULE, until=early).told == ()
    assert len(Register().settle(rows, RULE, until=late).told) == 1


def test_what_lasts_into_the_delay_is_not_told_by_its_beginning() -> None:
    lasting = incident("inc-1", START + timedelta(hours=12), 37.1, 48.3, occurred_until=START + 5 * DAY)
    rows = told([lasting])
    assert Register().settle(rows, RULE, until=START + 2 * DAY).told == ()


def test_a_correction_changes_a_number_and_no_row() -> None:
    first = told([incident("inc-1", START + timedelta(hours=12), 37.1, 48.3)])
    until = START + 3 * DAY
    before = Register().settle(first, RULE, until=until)
    more = told([incident("inc-1", START + timedelta(hours=12), 37.9, 48.9), incident("inc-2", START + timedelta(hours=13), 31.0, 45.0)])  # fmt: skip
    after = before.register.settle(more, RULE, until=until)
    assert after.told == before.told
    assert after.n_changed == 1


def test_whether_a_sensor_looked_is_not_told_by_whether_there_is_a_probability() -> None:
    for occurrence in ("alleged", "inconclusive", "reported", "corroborated"):
        seen, unseen = (
            told(
                [incident("inc-1", START, 37.1, 48.3, occurrence=occurrence, existence_p=p, reason_codes=why)]
            )
            for p, why in ((0.83, []), (None, ["no_existence_basis"]))
        )
        assert seen == unseen
    (verified,) = told([incident("inc-1", START, 37.1, 48.3, occurrence="verified", existence_p=0.99)])
    assert verified["existence_p"] == pytest.approx(0.975)


def test_a_register_serves_one_case(tmp_path: Path) -> None:
    rows = told([incident("inc-1", START + timedelta(hours=12), 37.1, 48.3)])
    until = START + 3 * DAY
    path = tmp_path / "register.jsonl"
    path.write_text(Register().settle(rows, RULE, until=until, case_id="ford").register.text(), "utf-8")
    assert read_register(path).settle(rows, RULE, until=until, case_id="ford").told == tuple(rows)
    with pytest.raises(InputError, match="another case"):
        read_register(path).settle([], RULE, until=until, case_id="mill")


def test_a_register_that_lost_a_row_stops_the_release(tmp_path: Path) -> None:
    rows = told([incident(f"inc-{k}", START + k * DAY, 37.1 + k, 48.3) for k in range(3)])
    path = tmp_path / "register.jsonl"
    path.write_text(Register().settle(rows, RULE, until=START + 9 * DAY).register.text(), "utf-8")
    whole = path.read_text("utf-8").splitlines(keepends=True)
    assert len(whole) == 4
    for broken in (whole[:-1], whole[:1], [*whole[:-1], whole[-1].replace("shelling", "assault")]):
        path.write_text("".join(broken), "utf-8")
        with pytest.raises(InputError) as caught:
            read_register(path)
        assert caught.value.problems[0].code == "register_broken"


def test_another_size_of_cell_is_refused_once_something_was_told(tmp_path: Path) -> None:
    rows = told([incident("inc-1", START + timedelta(hours=12), 37.1, 48.3)])
    register = Register().settle(rows, RULE, until=START + 3 * DAY).register
    path = tmp_path / "register.jsonl"
    path.write_text(register.text(), encoding="utf-8")
    assert read_register(path) == register
    coarser = ReleaseRule(delay_h=72, cell_m=15_000, zone=RULE.zone)
    with pytest.raises(InputError, match="told places or days otherwise"):
        read_register(path).settle(rows, coarser, until=START + 3 * DAY)


def test_a_broken_register_stops_the_release(tmp_path: Path) -> None:
    path = tmp_path / "register.jsonl"
    path.write_text('{"delay_h": 72}\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_register(path)
    assert caught.value.problems[0].code == "register_broken"


def test_a_date_stands_for_its_first_moment() -> None:
    assert moment_of("2031-05-01", "Europe/Kyiv") == datetime(2031, 4, 30, 21, tzinfo=UTC)
    assert moment_of("2031-05-01T12:00+02:00", "Europe/Kyiv") == datetime(2031, 5, 1, 10, tzinfo=UTC)


@given(st.floats(0, 1e7))
def test_a_released_bound_has_two_figures_and_is_never_below_the_missions(bound: float) -> None:
    told = round_up(bound)
    assert bound <= told <= max(bound * 1.1 + 1e-9, bound + 1)
    assert len(f"{told:.0f}".rstrip("0")) <= 2
