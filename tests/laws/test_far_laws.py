"""Laws of what is far off: in a case of a few records it moves no place, and of what happened here only what is shared.

Shared is what all records teach of a sensor and of how much happens where it is watched. Not shared are the
cells in which fusion learns, and what was recorded where nobody is said to have watched.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from truceline.workflow.fuse import fuse

HEAD = "observation_id,source_id,sensor_id,occurred_from,longitude_deg,latitude_deg,position_sd_m,act,text"
WATCH = "source_id,sensor_id,longitude_deg,latitude_deg,radius_m,window_start,window_stop,act,detection_p_a,detection_p_b,clutter_per_day"  # fmt: skip
PLACES = [(15.00, 45.00), (15.05, 45.03), (15.12, 44.97), (15.2, 45.06), (15.31, 45.01), (15.4, 44.95)]
WATCHED = [
    f"ears,m{k},{15.1 + 0.1 * k:.1f},45,60000,2031-05-01T00:00:00Z,2031-05-03T00:00:00Z,shelling,24,16,0.3"
    for k in (1, 2)
]


def near() -> list[str]:
    """Six events: three heard by two sensors, two reported."""
    rows = []
    for k, (x, y) in enumerate(PLACES):
        at = f"2031-05-0{1 + k // 3}T{4 * (k % 3) + 2:02d}:{7 * k:02d}"
        rows.append(f"n{k}a,ears,m1,{at}:00Z,{x},{y},300,shelling,")
        if k % 2 == 0:
            rows.append(f"n{k}b,ears,m2,{at}:01Z,{x + 0.002},{y},300,shelling,")
        if k % 3 == 0:
            rows.append(f"n{k}r,press,,{at}:05Z,{x},{y + 0.01},2000,shelling,Shells fell at place {k}")
    return rows


def far(who: str, *, n: int = 3, year: int = 2031, longitude: float = 25.0, text: str = "") -> list[str]:
    sd_m = 2000 if text else 300
    return [
        f"f{k},{who},{year}-05-02T0{k % 8}:{k // 8:02d}:00Z,{longitude + 0.1 * (k % 20):.1f},45.1,{sd_m},shelling,{text and f'{text} {k}'}"
        for k in range(n)
    ]


def fused(folder: Path, rows: list[str], watched: list[str]) -> dict[tuple[str, ...], dict[str, Any]]:
    """The incidents of the near records, by their members."""
    folder.mkdir(exist_ok=True)
    (folder / "o.csv").write_text("\n".join([HEAD, *near(), *rows]) + "\n")
    (folder / "c.csv").write_text("\n".join([WATCH, *WATCHED, *watched]) + "\n")
    outcome = fuse(observations=folder / "o.csv", coverage=folder / "c.csv", control=None, out=folder / "out")
    found = pq.read_table(outcome.incidents).to_pylist()
    return {tuple(sorted(row["observation_ids"])): row for row in found if row["observation_ids"][0][0] == "n"}  # fmt: skip


def watch(sensor: str, longitude: float, year: int) -> str:
    return f"ears,{sensor},{longitude},45,60000,{year}-05-01T00:00:00Z,{year}-05-03T00:00:00Z,shelling,24,16,0.3"  # fmt: skip


#: rows, coverage, and by how much a probability may move
FAR = {
    "reports 800 km away": (far("press,", text="Elsewhere"), [], 0.0),
    "reports a year later": (far("press,", year=2032, longitude=15.1, text="Later"), [], 0.0),
    "reports a year earlier": (far("press,", year=2030, longitude=15.1, text="Earlier"), [], 0.0),
    "many reports far away": (far("press,", n=100, text="Elsewhere"), [], 0.0),
    "a report on the other side of the globe": (far("press,", n=1, longitude=-170.0, text="There"), [], 0.0),
    "a sensor where nobody watched": (far("ears,m9"), [], 0.01),
    "a sensor while nobody watched": (far("ears,m1", year=2032, longitude=15.1), [], 0.01),
    # here the sensors' probability is learned from all that they watched
    "a sensor 800 km away": (far("ears,m9"), [watch("m9", 25.1, 2031)], 0.1),
    "a sensor a year later": (far("ears,m1", year=2032, longitude=15.1), [watch("m1", 15.2, 2032)], 0.1),
}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], dict[str, Any]]:
    return fused(tmp_path_factory.mktemp("alone"), [], [])


@pytest.mark.parametrize("what", FAR)
def test_what_is_far_off_moves_nothing_here_but_what_is_shared(
    what: str, alone: dict[tuple[str, ...], dict[str, Any]], tmp_path: Path
) -> None:
    rows, watched, within = FAR[what]
    found = fused(tmp_path / "far", rows, watched)
    assert found.keys() == alone.keys()
    for key, row in found.items():
        for name in ("longitude_deg", "latitude_deg", "position_sd_m"):
            assert row[name] == pytest.approx(alone[key][name], abs=1e-6), name
        assert row["existence_p"] == pytest.approx(alone[key]["existence_p"], abs=within + 1e-9)
