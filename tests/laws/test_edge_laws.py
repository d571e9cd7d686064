"""Laws at the edges of what is given: nothing recorded, bands of bearings, ids that stand twice."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fixtures_small_case import CASE, TRUCE, WATCH
from hypothesis import given
from hypothesis import strategies as st

from truceline.base.errors import InputError
from truceline.base.geodesy import LocalFrame, is_reversed, turn_deg
from truceline.base.intervals import Interval
from truceline.fusion.shapes import shape_places
from truceline.schema import OBSERVATIONS
from truceline.sources import batches
from truceline.sources.source import SOURCES, InputFile, ReadContext, SourceTables
from truceline.workflow.doors import DOORS, complete
from truceline.workflow.foreign import read_foreign
from truceline.workflow.fuse import FuseOutcome, fuse
from truceline.workflow.verify import VerifyOutcome, verify

HEAD = "observation_id,occurred_from,longitude_deg,latitude_deg,position_sd_m,source_id,sensor_id,act"


# -- nothing recorded ------------------------------------------------------------------------------
def nothing(folder: Path, name: str) -> Path:
    path = folder / name
    if name.endswith(".parquet"):
        at, text = pa.array([], pa.timestamp("us", "UTC")), pa.array([], pa.string())
        pq.write_table(pa.table({"occurred_from": at, "act": text}), path)
    else:
        path.write_text({".csv": HEAD + "\n", ".geojson": '{"type":"FeatureCollection","features":[]}'}[path.suffix])  # fmt: skip
    return path


@pytest.mark.parametrize("name", ["o.csv", "o.parquet", "o.geojson"])
def test_nothing_recorded_is_a_result_of_fuse(name: str, tmp_path: Path) -> None:
    (tmp_path / "watch.csv").write_text(WATCH)
    seen = fuse(observations=nothing(tmp_path, name), coverage=tmp_path / "watch.csv", control=None, out=tmp_path / "seen")  # fmt: skip
    assert (seen.n_observations, seen.n_incidents) == (0, 0)
    assert any("nothing was recorded; totals say" in note for note in seen.notes)
    (total,) = pq.read_table(seen.out / "totals.parquet").to_pylist()
    assert total["act"] == "shelling"
    assert total["detected"] == 0
    assert total["lo95"] == 0 < total["hi95"]
    blind = fuse(observations=nothing(tmp_path, name), coverage=None, control=None, out=tmp_path / "blind")
    assert any("cannot be told" in note for note in blind.notes)
    assert not (blind.out / "totals.parquet").exists()


def test_a_file_that_tells_no_columns_is_no_observation_of_nothing(tmp_path: Path) -> None:
    for name, content, code in (("none.csv", "", "file_empty"), ("blank.csv", "\n\n", "file_without_rows"), ("other.csv", "when\n", "column_missing")):  # fmt: skip
        (tmp_path / name).write_text(content)
        with pytest.raises(InputError) as caught:
            fuse(observations=tmp_path / name, coverage=None, control=None, out=tmp_path / "out")
        assert [p.code for p in caught.value.problems] == [code]
    pq.write_table(pa.table({"when": pa.array([], pa.string())}), tmp_path / "other.parquet")
    with pytest.raises(InputError) as caught:
        fuse(observations=tmp_path / "other.parquet", coverage=None, control=None, out=tmp_path / "out")
    assert [p.code for p in caught.value.problems] == ["column_missing"]
    with pytest.raises(InputError) as caught:  # coverage of nothing says nothing: it may be left out
        fuse(observations=nothing(tmp_path, "o.csv"), coverage=nothing(tmp_path, "o.csv"), control=None, out=tmp_path / "out")  # fmt: skip
    assert not (tmp_path / "out").exists()


def verified(folder: Path, observed: str) -> VerifyOutcome:
    (folder / "truce.yaml").write_text(TRUCE)
    (folder / "case.yaml").write_text(CASE.replace("OBSERVED", observed))
    (folder / "watch.csv").write_text(WATCH)
    return verify(folder, data=None, out=folder / "out", pdf=False)


@pytest.mark.parametrize("name", ["o.csv", "o.geojson"])
def test_nothing_recorded_is_a_result_of_verify(name: str, tmp_path: Path) -> None:
    nothing(tmp_path, name)
    outcome = verified(tmp_path, name)
    found = json.loads(outcome.findings.read_text())
    assert {source["source_id"]: source["state"] for source in found["sources"]} == {"acoustic": "read", "watch": "read"}  # fmt: skip
    for finding in found["findings"]:
        assert finding["judgement"] == "undetermined"
        assert finding["bound_history_hi95"] is not None
        assert "nothing_recorded" in finding["reason_codes"]
        assert "no_evidence" not in finding["reason_codes"]
    assert "hold no incident" in found["summary"][0]


# -- bands of bearings -----------------------------------------------------------------------------
BEARINGS = st.floats(0, 360, allow_nan=False)


@given(low=BEARINGS, width=st.floats(0.5, 180), by=BEARINGS)
def test_a_band_turned_with_the_compass_is_as_wide(low: float, width: float, by: float) -> None:
    low, turned = round(low, 3) % 360, (round(low, 3) + by) % 360
    bands = [(low, (low + width) % 360), (turned, (turned + width) % 360), (low, low + width)]
    for first, second in bands:
        assert turn_deg(first, second) == pytest.approx(width)
        assert not is_reversed(first, second) or width > 180 - 1e-6


def middle_of(low: float, high: float) -> tuple[float, float, float]:
    """Place and least spread of a band of 4,900 to 5,100 m around 15 E 45 N."""
    row: dict[str, Any] = dict.fromkeys(OBSERVATIONS.arrow.names)
    row |= {"observer_longitude_deg": 15.0, "observer_latitude_deg": 45.0, "range_min_m": 4900.0, "range_max_m": 5100.0, "bearing_min_deg": low, "bearing_max_deg": high}  # fmt: skip
    table = pa.Table.from_pylist([row], schema=OBSERVATIONS.arrow)
    none = np.full(1, np.nan)
    found = shape_places(table, LocalFrame("t", 15.0, 45.0), x_m=none, y_m=none, sd_m=np.ones(1), area=np.full(1, -1), area_names=[], outlines={}, least_sd_m=1.0)  # fmt: skip
    return float(found.x_m[0]), float(found.y_m[0]), float(found.xx[0] + found.yy[0])


def test_a_band_over_north_lies_north() -> None:
    x, y, spread = middle_of(350, 10)
    assert (x, y, spread) == pytest.approx(middle_of(350, 370))
    assert x == pytest.approx(0, abs=1)
    assert y == pytest.approx(5000 * np.sin(np.radians(10)) / np.radians(10), abs=1)
    east = middle_of(80, 100)
    assert (east[0], east[1], east[2]) == pytest.approx((y, x, spread), abs=1e-6)


BANDS = {
    "20,80,1000,2000": None,
    "350,10,1000,2000": None,
    "350,370,1000,2000": None,
    "0,360,1000,2000": None,
    ",,1000,": None,  # at least so far
    ",,,": None,
    "80,20,1000,2000": "value_range",
    "20,,1000,2000": "value_missing",
    ",20,1000,2000": "value_missing",
    "20,80,2000,1000": "value_range",
}
BAND_HEAD = "occurred_from,bearing_min_deg,bearing_max_deg,range_min_m,range_max_m\n"
FAULTS = {(k, code) for k, code in enumerate(BANDS.values(), start=2) if code}


def test_half_a_band_and_a_reversed_one_are_put_aside_by_fuse(tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    path.write_text(BAND_HEAD + "".join(f"2031-05-01T10:00:00Z,{row}\n" for row in BANDS))
    found = read_foreign(path, DOORS["observations"])
    assert complete("observations", found).num_rows == len(BANDS) - len(FAULTS)
    assert {(p.row, p.code) for p in found.problems} == FAULTS
    assert all(p.column and p.expected and p.next_step for p in found.problems)


@pytest.mark.parametrize("by_row", [True, False])
def test_half_a_band_and_a_reversed_one_are_put_aside_by_a_case(
    by_row: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "ALL_BY_ROW", by_row)
    path = tmp_path / "o.csv"
    path.write_text(BAND_HEAD + "".join(f"2031-05-01T10:0{k % 10}:00Z,{row}\n" for k, row in enumerate(BANDS)))  # fmt: skip
    tables = read_of_case(path)
    assert tables.observations.num_rows == len(BANDS) - len(FAULTS)
    assert {(p.row, p.code) for row in tables.quarantined for p in row.problems} == FAULTS


def read_of_case(path: Path) -> SourceTables:
    plugin = SOURCES.get("table")
    assert plugin is not None
    span = Interval(datetime(2031, 1, 1, tzinfo=UTC), datetime(2032, 1, 1, tzinfo=UTC))
    context = ReadContext(
        source_id="src", files=(InputFile(path, label=path.name),), span=span, window=span, parties=("a",), acts=("shelling",), area_by_name={},
    )  # fmt: skip
    options = {"table": "observations", "columns": {"time": "occurred_from"}}
    return plugin(plugin.Options.model_validate(options)).read(context)


# -- ids that stand twice --------------------------------------------------------------------------
ROWS = [
    "a,2031-05-01T10:00:00Z,15.1,45.2,200,acoustic,a1,shelling",
    "a,2031-05-01T22:00:00Z,15.4,45.3,200,acoustic,a1,shelling",  # another record under the same id
    "b,2031-05-01T10:00:01Z,15.1,45.2,200,acoustic,a2,shelling",
    "c,2031-05-02T10:00:00Z,15.3,45.1,200,acoustic,a1,shelling",
    "c,2031-05-02T10:00:00Z,15.3,45.1,200,acoustic,a1,shelling",  # the same again
]


def fused(folder: Path, rows: list[str]) -> FuseOutcome:
    (folder / "o.csv").write_text("\n".join([HEAD, *rows]) + "\n")
    (folder / "watch.csv").write_text(WATCH)
    return fuse(observations=folder / "o.csv", coverage=folder / "watch.csv", control=None, out=folder / "out")  # fmt: skip


def test_the_order_of_rows_decides_nothing_where_ids_stand_twice(tmp_path: Path) -> None:
    results = []
    for order in itertools.islice(itertools.permutations(ROWS), 0, 120, 13):
        outcome = fused(tmp_path, list(order))
        results.append(pq.read_table(outcome.incidents))
        assert outcome.rows_quarantined["observations"] == 3  # both of a, one of c
        assert {p.code for p in outcome.problems} == {"id_repeated"}
        for problem in outcome.problems:
            rows = [k for k, row in enumerate(order, start=2) if row.startswith(f"{problem.got},")]
            assert all(str(row) in problem.message for row in rows)
    assert sorted(itertools.chain(*results[0]["observation_ids"].to_pylist())) == ["b", "c"]
    assert all(one.equals(results[0]) for one in results)
