"""Laws of what a case sets of fire across the line: nothing set is the standard, names of acts decide nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import shapely
from fixtures_small_case import CASE, MAP, TRUCE, WATCH
from pydantic import ValidationError

from truceline.attribution.attribute import ACTS_ACROSS
from truceline.attribution.model import FireModel
from truceline.base.errors import CaseError
from truceline.workflow.case import open_case
from truceline.workflow.case_fire import FireSettings
from truceline.workflow.verify import verify

ROWS = [
    f"o{k}{mast},2031-05-01T{k + 3:02d}:00:0{second}Z,{15.0 + k / 20},{y},200,acoustic,a{mast},shelling,{bearing}"
    for k, (y, bearing) in enumerate([(45.22, 180), (45.21, 180), (45.35, 0)])
    for second, mast in enumerate("12")
]
HEAD = "observation_id,occurred_from,longitude_deg,latitude_deg,position_sd_m,source_id,sensor_id,act,fire_direction_deg"  # fmt: skip


def write(folder: Path, *, act: str = "shelling", more: str = "", region: str = "[14, 44, 17, 47]") -> Path:
    folder.mkdir()
    (folder / "truce.yaml").write_text(TRUCE.replace("shelling", act))
    (folder / "case.yaml").write_text(CASE.replace("OBSERVED", "o.csv").replace("[14, 44, 17, 47]", region) + MAP + more)  # fmt: skip
    (folder / "watch.csv").write_text(WATCH.replace("shelling", act))
    (folder / "o.csv").write_text("\n".join([HEAD, *ROWS]).replace("shelling", act) + "\n")
    held = {"type": "Feature", "properties": {"holder_party_id": "north", "map_time": "2031-04-30T00:00:00Z"}, "geometry": shapely.geometry.mapping(shapely.box(14, 45.28, 17, 46.5))}  # fmt: skip
    (folder / "held.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [held]}))
    return folder


def verified(case: Path) -> tuple[list[dict[str, Any]], list[str]]:
    outcome = verify(case, data=None, out=case / "out", pdf=False)
    incidents = pq.read_table(case / "out" / "tables" / "incidents.parquet").to_pylist()
    return incidents, json.loads(outcome.findings.read_text())["limits"]


def test_what_is_not_set_is_the_standard() -> None:
    assert FireSettings().model == FireModel()
    assert set(FireSettings().acts_across) == ACTS_ACROSS
    settings = FireSettings.model_validate({"mean_depth_m": {"mortar": 3000}, "short_p": 0.1, "basis": "trials"})  # fmt: skip
    assert settings.model.scale_m("mortar") == 1500
    assert settings.model.scale_m("shelling") == FireModel().scale_m("shelling")
    assert settings.model.short_p == 0.1
    with pytest.raises(ValidationError, match="needs a basis"):
        FireSettings.model_validate({"short_p": 0.1})


def test_an_act_of_any_name_is_attributed_where_the_case_says_that_it_lands_across(tmp_path: Path) -> None:
    by_name, limits = verified(write(tmp_path / "a"))
    assert [row["attributed_party_id"] for row in by_name] == ["north", "north", "south"]
    assert not any("weighed by what the case sets" in text for text in limits)
    unsaid, _ = verified(write(tmp_path / "b", act="mortar"))
    assert all(not row["party_p"] for row in unsaid)
    fire = "fire: {acts_across: [mortar], mean_depth_m: {mortar: 4000}, basis: trials of 2030}\n"
    said, limits = verified(write(tmp_path / "c", act="mortar", more=fire))
    assert [row["party_p"] for row in said] == [row["party_p"] for row in by_name]
    assert any("acts_across, mean_depth_m" in text and "trials of 2030" in text for text in limits)


def test_what_is_set_of_acts_that_the_terms_lack_is_refused(tmp_path: Path) -> None:
    fire = "fire: {acts_across: [mortar], mean_depth_m: {rocket: 4000}, basis: x}\n"
    with pytest.raises(CaseError) as caught:
        open_case(write(tmp_path / "a", more=fire))
    assert {(p.code, p.got) for p in caught.value.problems} == {("name_unknown", "mortar"), ("name_unknown", "rocket")}  # fmt: skip


@pytest.mark.parametrize("region", ["[170, 44, -170, 47]", "[170, 44, 190, 47]"])
def test_a_region_across_the_antimeridian_is_refused_plainly(region: str, tmp_path: Path) -> None:
    with pytest.raises(CaseError) as caught:
        open_case(write(tmp_path / "a", region=region))
    assert "antimeridian" in caught.value.problems[0].message
    assert "truceline fuse" in caught.value.problems[0].message
