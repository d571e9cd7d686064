"""Terms in space: what zones hold, and laws of the judgement of incidents that lie in them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity
from tests.laws.test_terms_laws import HOUR, START, conditions, duty, terms

from truceline.base.geodesy import LocalFrame
from truceline.terms.truce import Truce
from truceline.workflow.rivals import Expected, expect_breaches

PLACES = ("circle", "square", "way", "town", "band")
WINDOW = {"start": START.isoformat(), "stop": (START + 12 * HOUR).isoformat()}


def drawn(by_deg: float = 0.0) -> list[dict[str, Any]]:
    """One zone of each kind, moved east by so much."""
    return [
        {"id": "circle", "name": "c", "kind": "circle", "purpose": "covered", "centre": [10.1 + by_deg, 5.1], "radius_km": 9},
        {"id": "square", "name": "s", "kind": "polygon", "purpose": "covered", "polygon": [[9.9 + by_deg, 4.9], [10.05 + by_deg, 4.9], [10.05 + by_deg, 5.1], [9.9 + by_deg, 5.1]]},
        {"id": "way", "name": "w", "kind": "corridor", "purpose": "corridor", "path": [[9.8 + by_deg, 5.2], [10.2 + by_deg, 4.8]], "width_m": 6000, "windows": [WINDOW]},
        {"id": "town", "name": "t", "kind": "area", "purpose": "covered", "area": "town"},
        {"id": "band", "name": "b", "kind": "band", "purpose": "covered", "line": "l", "line_as_of": "moment", "from_km": 1, "to_km": 5},
    ]  # fmt: skip


@st.composite
def incidents(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for n in range(draw(st.integers(1, 6))):
        start = START + draw(st.integers(-6, 30)) * HOUR
        share = draw(st.sampled_from([0.0, 0.3, 1.0]))
        placed = draw(st.booleans())
        found.append(
            {
                "incident_id": f"inc-{n}", "act": draw(st.sampled_from(["fire", "shelling", "advance"])),
                "occurred_from": start, "occurred_until": start + draw(st.integers(1, 5)) * HOUR,
                "longitude_deg": draw(st.floats(9.7, 10.3)) if placed else None,
                "latitude_deg": draw(st.floats(4.7, 5.3)) if placed else None,
                "area_id": draw(st.sampled_from([None, "town"])), "existence_p": draw(st.sampled_from([None, 0.4, 1.0])),
                "party_p": draw(st.sampled_from([{}, {"A": share, "B": 1 - share}])),
                "line_distance_m": draw(st.sampled_from([None, -900.0, 1000.0, 4999.0, -5000.0])),
            }
        )  # fmt: skip
    return found


def judged(truce: Truce, rows: list[dict[str, Any]], *, by_deg: float = 0.0) -> list[Expected]:
    town = affinity.translate(shapely.box(9.95, 4.95, 10.0, 5.0), by_deg)
    return expect_breaches(truce, rows, frame=LocalFrame("t", 10.0 + by_deg, 5.0), areas={"town": town})


def of(zones: list[str], *, by_deg: float = 0.0, **changes: Any) -> Truce:
    return terms(zones=drawn(by_deg), obligations=[duty(zones=zones)], **changes)


names = st.sets(st.sampled_from(PLACES)).map(sorted)


def sums(found: list[Expected]) -> dict[tuple[str, str], tuple[float, float]]:
    return {(one.obligation_id, one.party_id): (one.lo, one.hi) for one in found}


@settings(max_examples=25, deadline=None)
@given(incidents(), names, st.floats(-120, 120))
def test_shifting_everything_in_space_changes_no_verdict(
    rows: list[dict[str, Any]], zones: list[str], by_deg: float
) -> None:
    moved = [
        {**row, "longitude_deg": None if row["longitude_deg"] is None else row["longitude_deg"] + by_deg}
        for row in rows
    ]
    here, there = sums(judged(of(zones), rows)), sums(judged(of(zones, by_deg=by_deg), moved, by_deg=by_deg))
    assert here.keys() == there.keys()
    for key, bounds in here.items():
        assert there[key] == pytest.approx(bounds)


@settings(max_examples=25, deadline=None)
@given(incidents(), names, st.sampled_from(PLACES), st.one_of(st.none(), conditions.filter(lambda c: "within" not in str(c))))  # fmt: skip
def test_a_wider_zone_never_removes_and_an_exemption_never_adds(
    rows: list[dict[str, Any]], zones: list[str], another: str, condition: dict[str, Any] | None
) -> None:
    exemption = {"id": "x", "title": "x", "purpose": "other", "acts": ["fire"], "condition": condition}
    plain = sums(judged(of(zones), rows))
    exempt = sums(judged(of(zones, exemptions=[exemption]), rows))
    wider = sums(judged(of(sorted({*zones, another}) if zones else []), rows))
    for key, (lo, hi) in plain.items():
        assert exempt[key][0] <= lo + 1e-9
        assert exempt[key][1] <= hi + 1e-9
        assert wider[key][0] >= lo - 1e-9
        assert wider[key][1] >= hi - 1e-9


@settings(max_examples=20, deadline=None)
@given(incidents(), names, st.integers(-300, 300))
def test_exchanging_the_parties_and_shifting_time_exchange_and_keep(
    rows: list[dict[str, Any]], zones: list[str], days: int
) -> None:
    here = sums(judged(of(zones), rows))
    names_of = {"A": "B", "B": "A"}
    swapped = [{**row, "party_p": {names_of[k]: p for k, p in row["party_p"].items()}} for row in rows]
    assert {(d, names_of[p]): v for (d, p), v in sums(judged(of(zones), swapped)).items()} == here
    by = timedelta(days=days)
    later = [{**r, "occurred_from": r["occurred_from"] + by, "occurred_until": r["occurred_until"] + by} for r in rows]  # fmt: skip
    truce = of(zones)
    clocks = [
        {"id": c.id, "title": c.title, "start": c.start + by, "stop": c.stop + by} for c in truce.clocks
    ]
    shifted = drawn()
    shifted[2]["windows"] = [
        {"start": (START + by).isoformat(), "stop": (START + by + 12 * HOUR).isoformat()}
    ]
    other = terms(zones=shifted, obligations=[duty(zones=zones)], clocks=clocks)
    assert sums(judged(other, later)) == here


@settings(max_examples=20, deadline=None)
@given(incidents(), names)
def test_what_becomes_known_of_a_place_only_narrows(rows: list[dict[str, Any]], zones: list[str]) -> None:
    blind = [{**row, "longitude_deg": None, "latitude_deg": None, "line_distance_m": None} for row in rows]
    wide, known = sums(judged(of(zones), blind)), sums(judged(of(zones), rows))
    for key, (lo, hi) in known.items():
        assert wide[key][0] <= lo + 1e-9
        assert hi <= wide[key][1] + 1e-9
