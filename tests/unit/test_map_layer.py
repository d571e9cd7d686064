"""The map as picture: what it shows, what it withholds, and that it is the same each time."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import shapely

from truceline.base.geodesy import LocalFrame
from truceline.base.intervals import Interval
from truceline.layers import palette
from truceline.layers.arcs import SharedArcs, share_arcs
from truceline.layers.labels import Name, place_labels, text_width
from truceline.layers.map import MapInput, MapLine, MapPlace, MapSymbol, render_map_html, render_map_svg
from truceline.layers.page import lay_page
from truceline.line.build import build_history
from truceline.line.history import LineHistory
from truceline.schema import CONTROL, INCIDENTS

FRAME = LocalFrame("test", 20.0, 48.0)
DAY = datetime(2030, 4, 1, tzinfo=UTC)
WINDOW = Interval(DAY + timedelta(days=3), DAY + timedelta(days=5))
REGION = (17.0, 46.0, 23.0, 50.0)
SVG = "{http://www.w3.org/2000/svg}"


def history(title: str, *, holder: str = "A", north: float = 48.5) -> LineHistory:
    rows = [
        {
            "control_id": f"{title}-{day}", "source_id": title, "holder_party_id": holder,
            "map_time": DAY + timedelta(days=day), "describes_until": DAY + timedelta(days=day),
            "status": ("first", "repeat", "update", "repeat", "update")[day],
            "geometry": shapely.to_wkb(shapely.box(18, 47, 21, north + 0.05 * (day // 2))),
            "shape_digest": "d", "raw_file": "f", "raw_row": day + 1, "raw_digest": "d",
        }
        for day in range(5)
    ]  # fmt: skip
    return build_history(
        CONTROL.from_records(rows), source_id=title, title=title, window=WINDOW, frame=FRAME, tolerances_m=[]
    )


def incident(number: int, **more: object) -> dict[str, object]:
    return {
        "incident_id": f"inc-{number}", "act": "shelling", "occurred_from": DAY + timedelta(days=3, hours=2),
        "occurred_until": DAY + timedelta(days=3, hours=4), "longitude_deg": 20.0 + number / 10,
        "latitude_deg": 48.5, "position_sd_m": 5000.0, "place_name": f"Place <{number}>", "existence_p": None,
        "occurrence": "reported", "responsibility": "not_attributed", "party_p": {}, "source_ids": ["news"],
        "observation_ids": ["o"], "n_primary_sources": 0, "reason_codes": [], **more,
    }  # fmt: skip


@pytest.fixture
def data() -> MapInput:
    land = shapely.box(16.5, 45.5, 23.5, 50.5).difference(shapely.Point(22, 46).buffer(0.8))
    rows = [
        incident(1),
        incident(2, existence_p=0.625),
        incident(3, longitude_deg=None, latitude_deg=None, position_sd_m=None),
        incident(4, occurred_from=DAY, occurred_until=DAY + timedelta(hours=1)),
    ]
    return MapInput(
        title="A truce & its line", region=REGION, frame=FRAME, window=WINDOW,
        baseline=Interval(DAY, DAY + timedelta(days=3)), zone="UTC", party_names={"A": "Alpha", "B": "Beta"},
        act_names={"shelling": "Shelling"}, incidents=INCIDENTS.from_records(rows),
        lines=(
            MapLine(history=history("First map"), credit="Credit one."),
            MapLine(history=history("Second map", north=48.4), credit="Credit two."),
        ),
        symbols=(
            MapSymbol(name="North", longitude_deg=19, latitude_deg=49.2, value=3),
            MapSymbol(name="South", longitude_deg=19, latitude_deg=46.5, value=None, coverage_lost=True),
        ),
        symbols_title="Alerts", places=(MapPlace(name="Town", longitude_deg=20, latitude_deg=49, rank=1),), land=land,
    )  # fmt: skip


def payload(html: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', html, re.S)
    assert found
    value: dict[str, object] = json.loads(found[1])
    return value


def test_the_same_input_gives_the_same_bytes_whatever_the_order_of_rows(data: MapInput) -> None:
    turned = replace(data, incidents=data.incidents.take([3, 1, 0, 2]))
    assert render_map_svg(data) == render_map_svg(turned)
    assert render_map_html(data) == render_map_html(turned)


def test_the_static_picture_is_plain_svg_with_nothing_from_outside(data: MapInput) -> None:
    text = render_map_svg(data)
    root = ElementTree.fromstring(text)
    allowed = {"svg", "title", "defs", "clipPath", "pattern", "rect", "path", "g", "circle", "text"}
    assert {node.tag.removeprefix(SVG) for node in root.iter()} <= allowed
    assert "var(" not in text
    assert not re.search(r"(href|src)=|https?://(?!www\.w3\.org/2000/svg)", text)


def test_every_id_of_a_static_picture_bears_its_prefix(data: MapInput) -> None:
    text = render_map_svg(data, id_prefix="one")
    assert set(re.findall(r'id="([^"]+)"', text)) == {"one-clip", "one-hatch"}
    assert set(re.findall(r"url\(#([^)]+)\)", text)) == {"one-clip", "one-hatch"}


def test_the_legend_says_what_is_drawn_and_what_is_not(data: MapInput) -> None:
    text = " ".join(
        node.text or "" for node in ElementTree.fromstring(render_map_svg(data)).iter(f"{SVG}text")
    )
    for words in (
        "Held by Alpha, by First map", "Line by Second map", "No frontiers are drawn", "Credit one.",
        "without a place", "be seen", "km (true at", "48° N", "20° E", "Town",
    ):  # fmt: skip
        assert words in text, words


def test_a_shape_that_may_not_be_published_is_named_and_not_drawn(data: MapInput) -> None:
    first, second = data.lines
    withheld = replace(data, lines=(first, replace(second, publish_shapes=False)))
    alone = replace(data, lines=(first,))
    text = render_map_svg(withheld)
    assert "compared, not drawn" in text
    assert "stroke-dasharray" not in text
    assert payload(render_map_html(withheld))["second"] == []
    assert payload(render_map_html(withheld))["shapes"] == payload(render_map_html(alone))["shapes"]


def test_a_map_that_alone_may_not_be_published_leaves_no_shape(data: MapInput) -> None:
    alone = replace(data, lines=(replace(data.lines[0], publish_shapes=False),))
    assert "No map of control is drawn." in render_map_svg(alone)
    found = payload(render_map_html(alone))
    assert (found["arcs"], found["shapes"], found["line"]) == ([], [], "")
    assert len(found["steps"]) == 5  # type: ignore[arg-type]


def test_exchanging_the_names_of_parties_exchanges_names_alone(data: MapInput) -> None:
    swapped = replace(data, party_names={"A": "Beta", "B": "Alpha"})
    for render in (render_map_svg, render_map_html):
        text = render(swapped).replace("Beta", "\0").replace("Alpha", "Beta").replace("\0", "Alpha")
        assert text == render(data)


def test_a_holders_colour_is_its_place_in_the_truce(data: MapInput) -> None:
    assert palette.HELD[0] in render_map_svg(data)
    assert palette.HELD[1] not in render_map_svg(data)
    turned = replace(data, party_names={"B": "Beta", "A": "Alpha"})
    assert palette.HELD[1] in render_map_svg(turned)


def test_fills_of_holders_weigh_the_same() -> None:
    def luminance(colour: str) -> float:
        parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    assert luminance(palette.HELD[0]) == pytest.approx(luminance(palette.HELD[1]), abs=0.02)


def test_the_slider_stops_at_every_map_from_baseline_to_window(data: MapInput) -> None:
    steps = payload(render_map_html(data))["steps"]
    assert [step["text"] for step in steps] == [f"Map of {day} Apr 2030" for day in range(1, 6)]  # type: ignore[union-attr]
    assert [step["window"] for step in steps] == [False, False, False, True, True]  # type: ignore[union-attr]
    assert "missing data" in steps[1]["change"]  # type: ignore[index]
    assert [step["shape"] for step in steps] == [0, 0, 1, 1, 2]  # type: ignore[union-attr]


def test_incidents_are_told_with_time_act_probability_and_sources(data: MapInput) -> None:
    found = {row[-1]: row for row in payload(render_map_html(data))["incidents"]}  # type: ignore[attr-defined]
    assert set(found) == {"inc-1", "inc-2", "inc-4"}  # the third has no place
    assert found["inc-1"][3:11] == [3, 3, "Place <1>", "4 Apr 02:00–04:00", "Shelling", None, 1, 0]
    assert found["inc-2"][8] == 0.625
    assert found["inc-1"][2] == pytest.approx(122, abs=1)  # 12.2 km in units of 100 m
    assert found["inc-4"][3:5] == [0, 0]


def test_names_cannot_break_out_of_the_page(data: MapInput) -> None:
    evil = '</script><script>alert("x")</script>'
    hostile = replace(
        data,
        title=evil,
        symbols_title=evil,
        places=(MapPlace(name=evil, longitude_deg=20, latitude_deg=49),),
        incidents=INCIDENTS.from_records([incident(1, place_name=evil)]),
    )
    assert '<script>alert("x")' not in render_map_html(hostile)
    assert "<script" not in render_map_svg(hostile)


def test_the_fragment_asks_for_nothing_and_falls_back_to_the_static_picture(data: MapInput) -> None:
    html = render_map_html(data, element_id="here")
    assert not re.search(r"\bfetch\(|XMLHttpRequest|import\(|\bsrc=|\bhref=|url\(h", html)
    assert re.search(r'<figure class="tl-map" id="here".*<noscript><svg ', html, re.S)
    assert html.count("<figure") == 1


def test_an_invented_case_says_so(data: MapInput) -> None:
    assert "INVENTED CASE" in render_map_svg(replace(data, invented=True))
    assert payload(render_map_html(replace(data, invented=True)))["invented"] is True


def test_nothing_given_is_still_a_map() -> None:
    bare = MapInput(title="Bare", region=REGION, frame=FRAME, window=WINDOW)
    assert "No map of control is drawn." in render_map_svg(bare)
    assert len(payload(render_map_html(bare))["steps"]) == 2  # type: ignore[arg-type]


def test_the_page_lies_inside_its_region() -> None:
    page = lay_page(FRAME, REGION, width=700)
    edge = np.linspace(0, 1, 50)
    for x, y in ((edge, 0 * edge), (edge, 0 * edge + 1), (0 * edge, edge), (0 * edge + 1, edge)):
        longitude, latitude = FRAME.to_globe(
            page.x_min_m + x * page.width / page.units_per_m,
            page.y_max_m - y * page.height / page.units_per_m,
        )
        assert longitude.min() >= REGION[0] - 1e-6
        assert longitude.max() <= REGION[2] + 1e-6
        assert latitude.min() >= REGION[1] - 1e-2
        assert latitude.max() <= REGION[3] + 1e-2


def rebuild(shared: SharedArcs, number: int) -> shapely.Geometry:
    rings = []
    for ring in shared.rings[number]:
        points: list[tuple[int, int]] = []
        for arc in ring:
            code = shared.arcs[~arc if arc < 0 else arc]
            walk = np.cumsum(np.array(code).reshape(-1, 2), axis=0).tolist()
            points += walk[::-1] if arc < 0 else walk
        rings.append(shapely.Polygon(points))
    area = shapely.Polygon()
    for ring_area in rings:  # even–odd, as drawn
        area = shapely.symmetric_difference(area, ring_area)
    return area


def test_shared_arcs_give_back_every_shape() -> None:
    rng = np.random.default_rng(3)
    angles = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    circle = np.column_stack([1000 * np.cos(angles), 1000 * np.sin(angles)]) + rng.normal(0, 4, (200, 2))
    shapes = [shapely.Polygon(np.round(circle), [[(-50, -50), (50, -50), (0, 60)]])]
    for day in range(1, 30):
        circle = circle.copy()
        circle[3 * day : 3 * day + 5] *= 1.02
        shapes.append(shapely.Polygon(np.round(circle), [[(-50, -50), (50, -50), (0, 60)]]))
    shapes.append(shapes[0].reverse())
    shared = share_arcs(shapes, tolerance=0.0)
    for number, shape in enumerate(shapes):
        assert shapely.symmetric_difference(rebuild(shared, number), shape).area < 1e-6
    assert sum(len(arc) for arc in shared.arcs) < 0.2 * sum(
        2 * shapely.get_num_coordinates(s) for s in shapes
    )


def test_labels_never_cover_one_another_and_the_first_rank_wins() -> None:
    names = [
        Name(text=f"Name {i}", x=50 + 7 * (i % 9), y=50 + 5 * i, rank=2 - (i == 7), clearance=2)
        for i in range(20)
    ]
    labels = place_labels(names, taken=[(40, 40, 60, 60)], bounds=(0, 0, 200, 200), size=10)
    assert labels[0].name.text == "Name 7"
    boxes = []
    for label in labels:
        width = text_width(label.name.text, 10)
        left = label.x - {"start": 0, "middle": width / 2, "end": width}[label.anchor]
        boxes.append(shapely.box(left, label.y - 8, left + width, label.y + 2.5))
    assert all(a.intersection(b).area < 1e-9 for i, a in enumerate(boxes) for b in boxes[:i])


def test_the_script_stays_small_and_reads_no_clock(project_root: Path) -> None:
    script = (project_root / "src/truceline/layers/map.js").read_text(encoding="utf-8")
    assert script.count("\n") < 300
    assert not re.search(r"innerHTML|Date\(|Math\.random|localStorage|document\.cookie|eval\(", script)
