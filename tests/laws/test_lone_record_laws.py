"""What one detection is worth where little was recorded: what was declared decides, and what was watched in vain."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from truceline.workflow.fuse import fuse

COVERAGE = "source_id,sensor_id,longitude_deg,latitude_deg,radius_m,window_start,window_stop,act,available_share,detection_p_a,detection_p_b,detection_p_basis,clutter_per_day\n"
RECORDS = "observation_id,source_id,sensor_id,occurred_from,occurred_until,longitude_deg,latitude_deg,position_sd_m,act\n"
LONE = "o1,acoustic,m1,2031-05-01T10:00:00Z,2031-05-01T10:00:20Z,15.1,45.3,250,shelling\n"
SENSORS = {"m1": (15.15, 45.33), "m2": (15.12, 45.22), "m3": (15.18, 45.28)}


def fused(folder: Path, *, false_a_day: float, days: int, records: str = LONE, share: float = 1.0) -> Path:
    folder.mkdir()
    rows = [
        f"acoustic,{name},{x},{y},20000,2031-05-01T00:00:00Z,2031-05-{1 + days:02d}T00:00:00Z,shelling,{share},24,16,trials,{false_a_day}"
        for name, (x, y) in SENSORS.items()
    ]
    (folder / "coverage.csv").write_text(COVERAGE + "\n".join(rows) + "\n", encoding="utf-8")
    (folder / "records.csv").write_text(RECORDS + records, encoding="utf-8")
    fuse(
        observations=folder / "records.csv",
        coverage=folder / "coverage.csv",
        control=None,
        out=folder / "out",
    )
    return folder / "out"


def existence(out: Path) -> float:
    return float(pq.read_table(out / "incidents.parquet")["existence_p"][0].as_py())


def test_one_detection_among_many_false_ones_declared_is_no_event(tmp_path: Path) -> None:
    # 7.5 false detections were to be expected, and one record came
    assert existence(fused(tmp_path / "case", false_a_day=0.5, days=5)) < 0.2


def test_the_more_false_ones_are_declared_the_less_it_is_believed(tmp_path: Path) -> None:
    found = [
        existence(fused(tmp_path / str(rate), false_a_day=rate, days=5)) for rate in (0.001, 0.02, 0.5, 20.0)
    ]
    assert found == sorted(found, reverse=True)
    assert found[0] > 0.9  # hardly any false one is made, and one was recorded
    assert 0 < found[-1] < 0.01


def test_the_longer_was_watched_in_vain_the_less_it_is_believed(tmp_path: Path) -> None:
    found = [existence(fused(tmp_path / str(days), false_a_day=0.05, days=days)) for days in (1, 5, 25)]
    assert found == sorted(found, reverse=True)
    assert found[0] > 5 * found[-1]


def test_a_total_is_not_told_of_what_nobody_could_see(tmp_path: Path) -> None:
    (total,) = pq.read_table(fused(tmp_path / "blind", false_a_day=0.05, days=5, share=0.0) / "totals.parquet").to_pylist()  # fmt: skip
    assert (total["estimate"], total["lo95"], total["hi95"], total["reason_codes"]) == (None, None, None, ["blind_spot"])  # fmt: skip
    (total,) = pq.read_table(fused(tmp_path / "seen", false_a_day=0.05, days=5) / "totals.parquet").to_pylist()  # fmt: skip
    assert total["lo95"] <= total["estimate"] <= total["hi95"]


@pytest.mark.parametrize("sensors", [2, 3])
def test_what_several_sensors_detected_at_once_is_an_event_however_little_was_recorded(
    sensors: int, tmp_path: Path
) -> None:
    records = "".join(LONE.replace("o1", f"o{k}").replace("m1", f"m{k}") for k in range(1, sensors + 1))
    assert existence(fused(tmp_path / "case", false_a_day=0.5, days=5, records=records)) > 0.95
