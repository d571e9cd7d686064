"""The same evidence under rival drafts."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import shapely

from truceline.base.geodesy import LocalFrame
from truceline.faces.cli.main import run
from truceline.terms.truce import Truce
from truceline.workflow.replay import ReplayOutcome
from truceline.workflow.rivals import Expected, expect_breaches

ROOT = Path(__file__).resolve().parents[2]
CASE = ROOT / "cases" / "colombia-2015"
NOON = datetime(2031, 5, 2, 12, tzinfo=UTC)
FRAME = LocalFrame("test", 10.0, 5.0)


def test_a_case_under_its_own_terms_is_judged_alike(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["replay", str(CASE), "--terms", str(CASE), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["judged"]
    assert not any(one["differs"] for one in found["judged"])
    assert found["changes"] == []
    assert found["breaches"]["before"] == found["breaches"]["after"]


def test_a_rival_that_drops_a_duty_leaves_it_unjudged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (CASE / "truce.yaml").read_text(encoding="utf-8")
    rival = tmp_path / "rival.yaml"
    rival.write_text(text[: text.index("  - id: bombing.stop")], encoding="utf-8")
    assert run(["replay", str(CASE), "--terms", str(rival)]) == 0
    told = capsys.readouterr().out
    assert "→ not judged" in told
    assert "no longer may not do: No bombing of camps" in told


def test_a_rival_by_which_no_case_can_be_judged_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["replay", str(CASE), "--terms", str(ROOT / "cases" / "jeddah-2025")]) == 3
    assert "none of its clocks ever starts" in capsys.readouterr().err


# ---------------------------------------------------------------- incidents in zones


def incident(**changes: Any) -> dict[str, Any]:
    return {
        "incident_id": "inc-1", "act": "fire", "occurred_from": NOON, "occurred_until": NOON + timedelta(hours=1),
        "longitude_deg": 10.0, "latitude_deg": 5.0, "area_id": "town", "existence_p": 0.5,
        "party_p": {"A": 1.0}, "line_distance_m": -3000.0, **changes,
    }  # fmt: skip


def under(zone: dict[str, Any] | None, *incidents: dict[str, Any]) -> tuple[float, float]:
    truce = Truce.model_validate(
        {
            "truce": 1, "id": "t", "title": "t", "instrument": "agreement", "terms_version": "1",
            "parties": [{"id": "A", "name": "A"}, {"id": "B", "name": "B"}],
            "clocks": [{"id": "c", "title": "c", "start": "2031-05-01T00:00:00Z", "stop": "2031-06-01T00:00:00Z"}],
            "acts": [{"id": "fire"}],
            "zones": [{"id": "z", "name": "z", "purpose": "covered", **zone}] if zone else [],
            "obligations": [{"id": "o", "act": "fire", "title": "o", "binds": ["A"], "zones": ["z"] if zone else []}],
        }
    )  # fmt: skip
    areas = {"town": shapely.box(9.9, 4.9, 10.1, 5.1)}
    (found,) = expect_breaches(truce, list(incidents), frame=FRAME, areas=areas)
    return found.lo, found.hi


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (None, (0.5, 0.5)),
        ({"kind": "circle", "centre": [10.0, 5.05], "radius_km": 6}, (0.5, 0.5)),
        ({"kind": "circle", "centre": [10.0, 5.05], "radius_km": 5}, (0.0, 0.0)),
        ({"kind": "polygon", "polygon": [[9, 4], [11, 4], [11, 6], [9, 6]]}, (0.5, 0.5)),
        ({"kind": "area", "area": "town"}, (0.5, 0.5)),
        ({"kind": "band", "line": "l", "line_as_of": "moment", "from_km": 0, "to_km": 3}, (0.0, 0.0)),
        ({"kind": "band", "line": "l", "line_as_of": "moment", "from_km": 3, "to_km": 5}, (0.5, 0.5)),
        ({"kind": "band", "line": "l", "line_as_of": "start", "from_km": 3, "to_km": 5}, (0.0, 0.5)),
        ({"kind": "corridor", "path": [[9, 5], [11, 5]], "width_m": 500, "windows": [{"start": "2031-05-02T12:00:00Z", "stop": "2031-05-02T13:00:00Z"}]}, (0.5, 0.5)),
        ({"kind": "corridor", "path": [[9, 5], [11, 5]], "width_m": 500, "windows": [{"start": "2031-05-02T11:00:00Z", "stop": "2031-05-02T12:00:00Z"}]}, (0.0, 0.0)),
    ],
)  # fmt: skip
def test_an_incident_counts_in_the_zones_that_hold_it(
    zone: dict[str, Any] | None, expected: tuple[float, float]
) -> None:
    assert under(zone, incident()) == pytest.approx(expected)


def test_an_incident_without_a_place_may_be_in_any_zone() -> None:
    circle = {"kind": "circle", "centre": [10.0, 5.0], "radius_km": 1}
    assert under(circle, incident(longitude_deg=None, latitude_deg=None)) == pytest.approx((0.0, 0.5))


def test_an_incident_without_a_probability_may_or_may_not_have_been() -> None:
    assert under(None, incident(existence_p=None)) == (0.0, 1.0)


def test_an_incident_that_nobody_can_be_named_for_counts_against_nobody() -> None:
    assert under(None, incident(party_p={})) == (0.0, 0.0)


def test_what_breaches_each_draft_makes_of_the_incidents_is_told() -> None:
    def expected(duty: str, hi: float) -> Expected:
        return Expected(obligation_id=duty, party_id="A", lo=1.0, hi=hi)

    outcome = ReplayOutcome(
        before="one",
        after="two",
        judged=(),
        breaches_before=(expected("no-fire", 2.0), expected("no-guns", 0.0)),
        breaches_after=(expected("few-shots", 3.0), expected("no-fire", 4.0)),
        changes=(),
    )
    text = "\n".join(outcome.lines())
    assert "no-fire, A: 1.0 to 2.0 → 1.0 to 4.0" in text
    assert "few-shots, A: none → 1.0 to 3.0" in text
    assert "no-guns" not in text
