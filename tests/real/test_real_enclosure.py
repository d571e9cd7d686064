"""The pocket of March 2025 on a real map: what the case's README says is what is measured."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from truceline.workflow.enclosure import EnclosureOutcome, enclosure


@pytest.fixture(scope="module")
def outcome(
    project_root: Path, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> EnclosureOutcome:
    """The first map alone, from 9 March on: later dates make the pocket, earlier ones change nothing."""
    folder = tmp_path_factory.mktemp("pocket") / "kursk-2025"
    shutil.copytree(project_root / "cases" / "kursk-2025", folder)
    file = folder / "enclosure.yaml"
    text = file.read_text(encoding="utf-8")
    first, second = text.index("  - id: liveuamap"), text.index("claims: claims.csv")
    text = (text[:first] + text[second:]).replace("2024-09-01T00:00:00Z", "2025-03-09T00:00:00Z")
    file.write_text(text.replace("isw_kursk/*.geojson", "isw_kursk/2025-0*.geojson"), encoding="utf-8")
    return enclosure(folder, data=shared_data)


def test_the_readme_says_what_is_measured(outcome: EnclosureOutcome, project_root: Path) -> None:
    readme = (project_root / "cases" / "kursk-2025" / "README.md").read_text(encoding="utf-8")
    days = {day.map_time.date().isoformat(): day for day in outcome.maps[0].curve.days}
    found = re.findall(r"\| (\d+) March, advances \(ISW\) \| (\d+) .*?\| (\d+) % .*?\| ([\d.]+) ", readme)
    assert len(found) == 2
    for number, area, share, way in found:
        day = days[f"2025-03-{number}"]
        assert day.area_km2.drawn == pytest.approx(float(area), abs=2)
        assert day.enclosed_share.drawn == pytest.approx(float(share) / 100, abs=0.02)
        assert day.neck_m.drawn == pytest.approx(float(way) * 1000, abs=200)


def test_ground_taken_back_is_that_of_the_files_own_figure(outcome: EnclosureOutcome) -> None:
    (day,) = [day for day in outcome.maps[0].curve.days if day.map_time.date().isoformat() == "2025-03-12"]
    # the file's own area_km2: 929.35 and 14.55, another way of reckoning
    assert day.taken_back_km2 == pytest.approx(929.35 + 14.55, rel=0.01)


def test_no_map_of_the_middle_of_march_shows_it_shut_and_every_claim_has_its_speaker(
    outcome: EnclosureOutcome,
) -> None:
    for day in outcome.maps[0].curve.days:
        if "2025-03-09" <= day.map_time.date().isoformat() <= "2025-03-20":
            assert day.neck_m.least is not None
            assert day.neck_m.least > 0
            assert day.cut_off_km2.most == pytest.approx(0, abs=1)
    assert {claim.side for claim in outcome.claims} == {"UA", "RU", ""}
    assert {claim.says for claim in outcome.claims} == {"enclosed", "not_enclosed", "ground", "other"}
    assert all(claim.speaker and claim.url.startswith("https://") for claim in outcome.claims)
