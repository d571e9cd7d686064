"""Laws of the line of contact, its posts, sectors and ledger: what must hold of any map."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pyarrow.compute as pc
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.base.geodesy import WGS84, LocalFrame
from truceline.base.intervals import Interval
from truceline.line.build import build_history
from truceline.line.compare_contact import compare_contact
from truceline.line.contact import ContactLine, changed_ground, measure_contact, trace_contact
from truceline.line.history import LineHistory
from truceline.line.ledger import ELSEWHERE, balance_sectors, keep_ledger
from truceline.line.posts import fix_axis, place_posts
from truceline.line.report import describe_line
from truceline.line.sectors import (
    Sectors,
    assign_sectors,
    cut_sectors,
    draw_cells,
    sectors_from_geojson,
    sectors_to_geojson,
    tabulate_sectors,
)
from truceline.line.shapes import ground_km2, tell_repeats
from truceline.line.side import MANY, distance_to_line_m, sides_at, sides_of
from truceline.line.uncertainty import age_of_line_days, measure_spread
from truceline.schema import CONTROL

FRAME = LocalFrame("test", 20.0, 48.0)
DAY = datetime(2030, 4, 1, tzinfo=UTC)
LAND = shapely.box(17, 47, 23, 50)  # sea south of 47° N
WEST, EAST = shapely.box(17, 47, 20, 50), shapely.box(20, 47, 23, 50)
HELD = shapely.Polygon([(20, 46.9), (20.2, 47.5), (19.9, 48.3), (20.1, 49.2), (20, 50), (23, 50), (23, 46.9)])
FRONTIER = shapely.LineString([(20, 50), (23, 50), (23, 47)])

laws = settings(max_examples=8, deadline=None, derandomize=True)


def traced(held: shapely.Geometry = HELD, **more: object) -> ContactLine:
    given: dict[str, object] = {"land": LAND, "borders": FRONTIER, **more}
    return trace_contact(held, frame=FRAME, **given)  # type: ignore[arg-type]  # a mapping of the arguments


def build(*shapes: shapely.Geometry, days: list[int] | None = None, source_id: str = "map") -> LineHistory:
    days = days or list(range(len(shapes)))
    told = tell_repeats(shapes, frame=FRAME)
    rows = [
        {
            "control_id": f"c{day}", "source_id": source_id, "holder_party_id": "A",
            "map_time": DAY + timedelta(days=day), "describes_until": DAY + timedelta(days=day),
            "status": status, "geometry": shapely.to_wkb(shape), "shape_digest": str(day),
            "raw_file": "f", "raw_row": day + 1, "raw_digest": "d",
        }
        for day, status, shape in zip(days, told, shapes, strict=True)
    ]  # fmt: skip
    return build_history(
        CONTROL.from_records(rows), source_id=source_id, title="Map",
        window=Interval(DAY, DAY + timedelta(days=9)), frame=FRAME, tolerances_m=[500],
    )  # fmt: skip


def sectors_of(held: shapely.Geometry = HELD, **more: object) -> Sectors:
    axis = fix_axis(traced(held), frame=FRAME, reference=DAY)
    return cut_sectors(axis, **{"length_km": 50.0, **more})  # type: ignore[arg-type]  # a mapping of the arguments


@st.composite
def bulges(draw: st.DrawFn) -> shapely.Geometry:
    """The held ground with some ground gained and some lost along the line."""
    held = HELD
    for _ in range(draw(st.integers(1, 4))):
        x, y = draw(st.floats(19.5, 20.5)), draw(st.floats(47.2, 49.8))
        spot = shapely.box(x, y, x + draw(st.floats(0.05, 0.6)), y + draw(st.floats(0.05, 0.4)))
        held = held.union(spot) if draw(st.booleans()) else held.difference(spot)
    return held


@laws
@given(bulges())
def test_stretches_add_up_to_the_whole_boundary(held: shapely.Geometry) -> None:
    contact = traced(held, changed=held.symmetric_difference(HELD))
    boundary = shapely.segmentize(held.boundary, 0.05)
    whole_km = WGS84.geometry_length(boundary) / 1000
    assert sum(s.length_km for s in contact.stretches) == pytest.approx(whole_km, rel=1e-3)
    (fine, coarse) = measure_contact(contact, frame=FRAME, tolerances_m=[0, 10_000])
    assert fine.whole_km == pytest.approx(whole_km, rel=1e-3)
    assert coarse.whole_km <= fine.whole_km


def test_coast_and_frontier_are_no_contact() -> None:
    (length,) = measure_contact(traced(), frame=FRAME, tolerances_m=[0])
    line_km = WGS84.geometry_length(shapely.LineString(list(HELD.exterior.coords)[:5])) / 1000
    assert length.contact_km == pytest.approx(line_km, abs=15)  # its ends near coast and frontier go to them
    assert length.coast_km == pytest.approx(228 + 22, abs=12)
    assert length.border_km == pytest.approx(214 + 345, abs=12)
    assert length.unknown_km == 0


def test_a_line_of_which_nothing_tells_is_unknown_and_one_that_moved_is_contact() -> None:
    alone = trace_contact(HELD, frame=FRAME)
    assert {s.reason for s in alone.stretches} == {"unknown"}
    assert alone.lines("contact").is_empty
    assert trace_contact(shapely.MultiPolygon(), frame=FRAME).stretches == ()
    moved = shapely.box(19.85, 48.2, 20, 48.5)
    told = trace_contact(HELD, frame=FRAME, changed=moved)
    assert {s.reason for s in told.stretches} == {"unknown", "contact"}
    known = shapely.multilinestrings([s.line for s in told.stretches if s.reason == "contact"])
    assert known.intersects(moved)
    assert known.bounds[3] < 48.7


def test_ground_that_another_map_gives_the_holder_is_no_contact() -> None:
    inner = shapely.box(21.5, 47, 23, 50)
    told = {s.reason for s in traced(inner, also_held=HELD).stretches}
    assert "unknown" in told
    assert "contact" not in told


def test_a_theatre_tells_frontiers_as_well_as_a_border() -> None:
    (length,) = measure_contact(
        traced(borders=None, theatre=shapely.union(WEST, EAST)), frame=FRAME, tolerances_m=[0]
    )
    (by_border,) = measure_contact(traced(), frame=FRAME, tolerances_m=[0])
    assert length.contact_km == pytest.approx(by_border.contact_km, abs=15)


@laws
@given(bulges(), st.integers(0, 30))
def test_start_and_direction_of_rings_change_nothing(held: shapely.Geometry, turn: int) -> None:
    parts = [
        shapely.Polygon(
            np.roll(shapely.get_coordinates(p.exterior)[:-1][::-1], turn, axis=0),
            [shapely.get_coordinates(r)[::-1] for r in p.interiors],
        )
        for p in shapely.get_parts(held)
    ]
    one, other = traced(held), traced(shapely.union_all(parts) if len(parts) > 1 else parts[0])
    for tolerance_m in (0, 2_000):
        (a,) = measure_contact(one, frame=FRAME, tolerances_m=[tolerance_m])
        (b,) = measure_contact(other, frame=FRAME, tolerances_m=[tolerance_m])
        assert a.contact_km == pytest.approx(b.contact_km, abs=0.01)
    first, second = (fix_axis(c, frame=FRAME, reference=DAY) for c in (one, other))
    assert sectors_to_geojson(cut_sectors(first)) == sectors_to_geojson(cut_sectors(second))


def test_posts_stand_equally_far_apart_along_the_geodesics() -> None:
    axis = fix_axis(traced(), frame=FRAME, reference=DAY)
    assert len(axis.pieces) == 1
    posts = place_posts(axis)
    points = shapely.get_coordinates(axis.pieces[0])
    line = np.vstack([points, np.column_stack([posts.longitude_deg, posts.latitude_deg])])
    assert len(posts.km) == int(axis.length_km) + 1
    gaps = WGS84.inv(posts.longitude_deg[:-1], posts.latitude_deg[:-1], posts.longitude_deg[1:], posts.latitude_deg[1:])[2]  # fmt: skip
    assert gaps.max() <= 1000.001
    straight = np.abs(gaps - 1000) < 0.001
    assert np.count_nonzero(~straight) <= len(points) - 2  # where the axis bends
    assert np.isfinite(line).all()
    assert posts.longitude_deg[0] <= posts.longitude_deg[-1]  # kilometre 0 is the western end


@laws
@given(st.integers(0, 1000))
def test_every_place_has_one_sector_and_lies_in_its_cell(seed: int) -> None:
    sectors = sectors_of()
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(15, 25, 200), rng.uniform(45, 52, 200)
    number = assign_sectors(sectors, x, y)
    cells = draw_cells(sectors)
    inside = np.array([shapely.contains_xy(cell, x, y) for cell in cells])
    assert (inside.sum(axis=0) == 1).all()
    assert np.array_equal(inside.argmax(axis=0), number)
    assert assign_sectors(sectors, float("nan"), 48.0).tolist() == [-1]


def test_sectors_stay_put_while_the_line_moves_and_through_a_file() -> None:
    sectors = sectors_of()
    again = sectors_from_geojson(json.loads(json.dumps(sectors_to_geojson(sectors))))
    rng = np.random.default_rng(3)
    x, y = rng.uniform(15, 25, 5000), rng.uniform(45, 52, 5000)
    assert np.array_equal(assign_sectors(sectors, x, y), assign_sectors(again, x, y))
    assert tabulate_sectors(sectors) == tabulate_sectors(again)
    later = shapely.union(HELD, shapely.box(19.5, 47.8, 20.5, 48.6))
    histories = [build(HELD, later)]
    kept = describe_line(
        histories, at=DAY + timedelta(days=1), frame=FRAME, tolerances_m=[500], land=LAND, borders=FRONTIER
    )
    assert kept.sectors is not None
    assert np.array_equal(assign_sectors(kept.sectors, x, y), assign_sectors(sectors, x, y))
    with pytest.raises(ValueError, match="not a collection of sectors"):
        sectors_from_geojson({"type": "FeatureCollection", "features": []})


def test_named_cut_points_and_their_faults() -> None:
    named = sectors_of(cuts=[("Mill", 20.0, 48.9), ("Ford", 20.1, 47.6)])
    assert len(named.sectors) == 3
    assert all(a.to_km == b.from_km for a, b in pairwise(named.sectors))
    assert {"Mill", "Ford"} < {word for s in named.sectors for word in s.name.split(" – ")}
    with pytest.raises(ValueError, match="between cuts"):
        sectors_of(cuts=[("Mill", 20.0, 48.9), ("Weir", 20.0, 48.9)])
    with pytest.raises(ValueError, match="length_km is 1"):
        sectors_of(length_km=1.0)
    with pytest.raises(ValueError, match="no axis can be fixed"):
        fix_axis(trace_contact(HELD, frame=FRAME), frame=FRAME, reference=DAY)
    east = fix_axis(traced(), frame=FRAME, reference=DAY, zero_near=(20.0, 50.0))
    west = fix_axis(traced(), frame=FRAME, reference=DAY, zero_near=(20.0, 46.9))
    assert shapely.get_coordinates(east.pieces[0]).tolist() == shapely.get_coordinates(west.pieces[0])[::-1].tolist()  # fmt: skip


@laws
@given(bulges(), bulges())
def test_sectors_of_the_ledger_add_up_to_the_ground_that_changed(
    first: shapely.Geometry, second: shapely.Geometry
) -> None:
    history = build(HELD, first, second, second)
    ledger = keep_ledger([history], sectors_of())
    for snapshot in history.snapshots[1:]:
        rows = ledger.filter(pc.equal(ledger["control_id"], snapshot.control_id))
        if snapshot.status == "repeat":
            assert rows["gained_km2"].null_count == rows.num_rows == 1
            continue
        assert pc.sum(rows["gained_km2"]).as_py() == pytest.approx(snapshot.gained_km2, abs=0.1)
        assert pc.sum(rows["lost_km2"]).as_py() == pytest.approx(snapshot.lost_km2, abs=0.1)
    total = sum(b.gained_km2 - b.lost_km2 for b in balance_sectors(ledger, source_id="map"))
    net = ground_km2(second) - ground_km2(HELD)
    assert total == pytest.approx(net, abs=0.3)


@laws
@given(bulges())
def test_exchanging_the_sides_exchanges_gains_and_losses(after: shapely.Geometry) -> None:
    whole = shapely.box(16, 46, 24, 51)
    sectors = sectors_of()
    one = keep_ledger([build(HELD, after)], sectors)
    other = keep_ledger([build(whole.difference(HELD), whole.difference(after))], sectors)
    assert one["sector_id"] == other["sector_id"]
    np.testing.assert_allclose(one["gained_km2"].to_numpy(), other["lost_km2"].to_numpy(), atol=1e-6)
    np.testing.assert_allclose(one["lost_km2"].to_numpy(), other["gained_km2"].to_numpy(), atol=1e-6)


def test_a_thin_spur_does_not_swallow_the_ground_it_hangs_on() -> None:
    ring = [(19.9, 48.3), (19.980409013221582, 48.085575964742446), (20.0947448549468, 48.085575964742446), (20.0947448549468, 47.79649555517582), (20.08881416680907, 47.79649555517582), (20.2, 47.5)]  # fmt: skip
    assert ground_km2(shapely.Polygon(ring)) == pytest.approx(
        139.4, abs=6
    )  # the overlay left a spur to 20.2 E


def test_a_step_after_repeats_or_missing_files_says_how_long_it_is() -> None:
    grown = [HELD, *(HELD.union(shapely.box(19.85, 48.4, 20, 48.4 + high)) for high in (0.01, 0.02))]
    history = build(grown[0], grown[0], grown[1], grown[2], days=[0, 1, 2, 6])
    rows = keep_ledger([history], sectors_of(length_km=1000.0)).to_pylist()
    assert [(r["status"], r["days"]) for r in rows] == [("repeat", 1), ("update", 2), ("update", 4)]
    assert rows[0]["sector_id"] == ELSEWHERE
    assert rows[0]["gained_km2"] is None  # nothing is known of a step without an update
    assert rows[1]["describes_from"] == DAY  # it may have happened while the map stood still


@laws
@given(bulges(), bulges())
def test_comparing_the_other_way_round_exchanges_the_parts(a: shapely.Geometry, b: shapely.Geometry) -> None:
    lines = [traced(shape) for shape in (a, b)]
    sectors = sectors_of()
    one = compare_contact(lines[0], lines[1], source_ids=("a", "b"), at=DAY, frame=FRAME, sectors=sectors)
    other = compare_contact(lines[1], lines[0], source_ids=("b", "a"), at=DAY, frame=FRAME, sectors=sectors)
    assert one.first_to_second == other.second_to_first
    assert one.hausdorff95_m == other.hausdorff95_m
    same = compare_contact(lines[0], lines[0], source_ids=("a", "a"), at=DAY, frame=FRAME)
    assert same.first_to_second.longest_m < 0.01
    km = sum(s.first_to_second.compared_km + s.first_to_second.excluded_km for s in one.sectors)
    assert km == pytest.approx(one.first_to_second.compared_km + one.first_to_second.excluded_km, abs=1e-6)


def test_a_line_that_is_not_redrawn_is_known_less_each_day() -> None:
    history = build(HELD, shapely.union(HELD, shapely.box(19.5, 48, 20, 48.2)))
    spread = measure_spread(history, disagreement_sd_m=1000.0)
    assert spread.drawn_sd_m == pytest.approx(1000 / np.sqrt(2))
    at = [DAY - timedelta(days=1), DAY, DAY + timedelta(days=1), DAY + timedelta(days=5)]
    sd_m = spread.at_age(age_of_line_days(history, np.array([round(t.timestamp() * 1e6) for t in at])))
    assert np.isnan(sd_m[0])
    assert sd_m[1] == sd_m[2] < sd_m[3]
    assert measure_spread(history).basis == "assumed"


def test_many_places_get_the_sides_that_few_get() -> None:
    history = build(HELD, shapely.union(HELD, shapely.box(19.5, 48, 20, 48.2)))
    rng = np.random.default_rng(4)
    line = shapely.get_coordinates(shapely.segmentize(HELD.boundary, 0.01))
    at_line = line[rng.integers(0, len(line), MANY // 2)]
    beside = at_line + rng.normal(0, 1e-5, at_line.shape)
    places = np.vstack([at_line, beside, rng.uniform((17, 46), (24, 51), (MANY // 2, 2))])
    snapshot = history.snapshots[0]
    many = sides_of(snapshot, places[:, 0], places[:, 1], frame=FRAME)
    distance = distance_to_line_m(snapshot, places[:, 0], places[:, 1], frame=FRAME)
    few = np.select([np.abs(distance) <= 1, distance > 0], ["on_line", "inside"], default="outside")
    assert np.array_equal(many, few)
    moments = [DAY + timedelta(days=int(k) - 1) for k in rng.integers(0, 4, 300)]
    times = (moments * (len(places) // 300 + 1))[: len(places)]
    bulk = sides_at(history, places[:, 0], places[:, 1], at=times, frame=FRAME)
    part = sides_at(history, places[:900, 0], places[:900, 1], at=times[:900], frame=FRAME)
    assert np.array_equal(bulk[:900], part)
    assert set(bulk[[k for k, t in enumerate(times) if t < DAY]]) == {"unknown"}


def test_without_maps_the_report_is_empty_and_says_what_was_not_given() -> None:
    nothing = describe_line([], at=DAY, frame=FRAME, tolerances_m=[500])
    assert (nothing.maps, nothing.sectors, nothing.ledger.num_rows) == ((), None, 0)
    alone = describe_line([build(HELD)], at=DAY, frame=FRAME, tolerances_m=[500])
    assert alone.sectors is None
    assert any("unknown and not as contact" in note for note in alone.notes)
    assert changed_ground([build(HELD)]).is_empty


def test_of_a_drawn_line_only_what_was_drawn_is_contact() -> None:
    # the line ends inside the region: what cuts the rest of it in two, and the region's edge, nobody drew
    drawn = shapely.LineString([(10.2, 50.5), (10.5, 50.6), (10.8, 50.5)])
    held = shapely.Polygon([(10, 50), (11, 50), (11, 50.43), *reversed(drawn.coords), (10, 50.43)])
    told = trace_contact(held, frame=FRAME, drawn=drawn)
    longitude, latitude = shapely.get_coordinates(drawn).T
    (contact,) = [s.length_km for s in told.stretches if s.reason == "contact"]
    assert contact == pytest.approx(float(WGS84.line_length(longitude, latitude)) / 1000, abs=1.0)
    assert {s.reason for s in told.stretches} == {"contact", "unknown"}
