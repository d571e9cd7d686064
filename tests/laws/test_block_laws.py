"""Laws of fusion in blocks: how the data are cut, ordered and shared out decides nothing."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from truceline.base.threads import begin
from truceline.fusion import associate, partition
from truceline.fusion.blocks import Part, Setting, associate_in_blocks, fuse_parts, fuse_task
from truceline.fusion.gating import Gate, Points, gated_pairs
from truceline.fusion.grid import WHOLE, Grid
from truceline.fusion.rows import FolderRows, TableRows
from truceline.fusion.workers import OnDask, in_processes, in_threads, in_turn
from truceline.simulate import Front, play, read_regime

DAY_S = 86_400.0
HOUR_S = 3_600.0
CHAPTERS = Grid(chapter_s=2 * DAY_S, block_s=DAY_S, block_m=150e3, halo_s=1.5 * DAY_S, chapters_a_task=2)


@pytest.fixture(scope="module")
def sparse() -> Front:
    return play(read_regime("plain", days=8, length_km=600, salvos_per_day=40), seed=11)


@pytest.fixture(scope="module")
def dense() -> Front:
    return play(read_regime("war", days=6, length_km=100, salvos_per_day=150), seed=12)


def fuse(front: Front, grid: Grid, *, observations: pa.Table | None = None, **how: Any) -> pa.Table:
    return associate_in_blocks(
        front.observations if observations is None else observations,
        frame=front.frame, coverage=front.coverage, areas=front.areas, grid=grid, **how,
    )  # fmt: skip


def parts_of(front: Front, grid: Grid, **how: Any) -> list[Part]:
    rows = TableRows(table=front.observations, watched=front.coverage)
    return list(fuse_parts(rows, setting=Setting(frame=front.frame, areas=front.areas, grid=grid), **how))


def shuffled(table: pa.Table, seed: int) -> pa.Table:
    return table.take(pa.array(np.random.default_rng(seed).permutation(table.num_rows)))


def with_copies(front: Front, *, later_s: float) -> pa.Table:
    """Every fifth report told once more, of the same origin, ``later_s`` after."""
    table = front.observations
    reports = pc.starts_with(table["source_id"], "reports")
    chosen = np.flatnonzero(reports.to_numpy())[::5]
    origin = np.array([None] * table.num_rows, dtype=object)
    origin[chosen] = [f"origin-{k}" for k in range(len(chosen))]
    place = table.schema.get_field_index("primary_source_id")
    table = table.set_column(place, "primary_source_id", pa.array(origin.tolist(), pa.string()))
    copy = table.take(pa.array(chosen))
    shift = pa.scalar(int(later_s * 1e6), pa.duration("us"))
    for name, column in (
        ("observation_id", pa.array([f"copy-{k}" for k in range(len(chosen))])),
        ("occurred_from", pc.add(copy["occurred_from"], shift)),
        ("occurred_until", pc.add(copy["occurred_until"], shift)),
    ):
        copy = copy.set_column(copy.schema.get_field_index(name), name, column)
    return pa.concat_tables([table, copy.cast(table.schema)]).combine_chunks()


# -- one chapter: the same as without blocks -----------------------------------------------------------
def test_one_block_is_the_whole(sparse: Front) -> None:
    whole = associate(sparse.observations, frame=sparse.frame, coverage=sparse.coverage, areas=sparse.areas)
    assert fuse(sparse, WHOLE).equals(whole)


@pytest.mark.parametrize("block_s", [DAY_S, 3 * DAY_S, np.inf])
@pytest.mark.parametrize("block_m", [60e3, 200e3, np.inf])
def test_blocks_of_any_size_change_nothing_where_the_halo_holds_all_that_is_linked(
    sparse: Front, block_s: float, block_m: float
) -> None:
    grid = replace(WHOLE, block_s=block_s, block_m=block_m, halo_s=4 * DAY_S, halo_m=250e3)
    assert sum(part.n_beyond for part in parts_of(sparse, grid)) == 0
    order = int(min(block_s, 9 * DAY_S) + min(block_m, 9e5))
    assert fuse(sparse, grid, observations=shuffled(sparse.observations, order)).equals(fuse(sparse, WHOLE))


def test_nodes_whose_links_all_lie_in_the_halo_fare_as_in_the_whole(dense: Front) -> None:
    grid = replace(WHOLE, block_s=6 * HOUR_S, block_m=25e3, halo_s=DAY_S, halo_m=25e3)
    assert sum(part.n_beyond for part in parts_of(dense, grid)) > 0
    whole = {tuple(ids) for ids in fuse(dense, WHOLE)["observation_ids"].to_pylist()}
    cut = {tuple(ids) for ids in fuse(dense, grid)["observation_ids"].to_pylist()}
    # those that are not the same are few, though nearly all are linked with something beyond
    assert len(whole & cut) > 0.97 * len(whole)


# -- many chapters -------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def in_chapters(dense: Front) -> pa.Table:
    return fuse(dense, CHAPTERS)


def test_row_order_decides_nothing(dense: Front, in_chapters: pa.Table) -> None:
    changed = replace(dense, coverage=shuffled(dense.coverage, 2))
    assert fuse(changed, CHAPTERS, observations=shuffled(dense.observations, 1)).equals(in_chapters)


@pytest.mark.parametrize("n_workers", [1, 2, 4])
def test_the_number_of_workers_decides_nothing(dense: Front, in_chapters: pa.Table, n_workers: int) -> None:
    assert fuse(dense, CHAPTERS, run=in_threads(n_workers)).equals(in_chapters)


@pytest.mark.parametrize("workers", [2, 5])
def test_threads_within_one_chapter_decide_nothing(
    dense: Front, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    given = {"frame": dense.frame, "coverage": dense.coverage, "areas": dense.areas}
    alone = associate(dense.observations, **given)
    begun = []
    monkeypatch.setattr(partition, "begin", lambda call, workers: begun.append(call) or begin(call, workers=workers))  # fmt: skip
    assert associate(dense.observations, **given, workers=workers).equals(alone)
    assert len(begun) > 3  # there were parts to share out, in three partitions


@pytest.mark.slow
def test_processes_give_what_one_gives(dense: Front, in_chapters: pa.Table) -> None:
    assert fuse(dense, CHAPTERS, run=in_processes(2)).equals(in_chapters)


def test_the_order_in_which_blocks_are_done_decides_nothing(dense: Front, in_chapters: pa.Table) -> None:
    def backwards(function: Any, tasks: Any) -> Iterator[Any]:
        done = [function(task) for task in reversed(list(tasks))]
        return iter(reversed(done))

    assert fuse(dense, CHAPTERS, run=backwards).equals(in_chapters)


@pytest.mark.parametrize("chapters_a_task", [1, 3, 100])
def test_how_many_chapters_a_task_takes_decides_nothing(
    dense: Front, in_chapters: pa.Table, chapters_a_task: int
) -> None:
    assert fuse(dense, replace(CHAPTERS, chapters_a_task=chapters_a_task)).equals(in_chapters)


def test_files_give_what_tables_give(dense: Front, in_chapters: pa.Table, tmp_path: Path) -> None:
    for k in range(3):
        pq.write_table(dense.observations.slice(k * 2000, 2000 if k < 2 else None), tmp_path / f"observations-{k}.parquet")  # fmt: skip
    pq.write_table(dense.coverage, tmp_path / "coverage.parquet")
    setting = Setting(frame=dense.frame, areas=dense.areas, grid=CHAPTERS)
    parts = fuse_parts(FolderRows(folder=tmp_path), setting=setting)
    whole = pa.concat_tables([part.incidents for part in parts])
    keys = [(name, "ascending") for name in ("occurred_from", "occurred_until", "incident_id")]
    assert whole.sort_by(keys).combine_chunks().equals(in_chapters)


@pytest.mark.parametrize("halo_s", [0.0, 2 * HOUR_S])
def test_every_record_is_in_one_incident_however_little_the_halo_holds(dense: Front, halo_s: float) -> None:
    grid = Grid(
        chapter_s=DAY_S, block_s=6 * HOUR_S, block_m=20e3, halo_s=halo_s, halo_m=1e3, chapters_a_task=1
    )
    found = fuse(dense, grid)
    ids = pc.list_flatten(found["observation_ids"])
    assert sorted(ids.to_pylist()) == sorted(dense.observations["observation_id"].to_pylist())
    look = {
        row["observation_id"]: (row["source_id"], row["look_id"] or row["sensor_id"])
        for row in dense.observations.select(["observation_id", "source_id", "look_id", "sensor_id"]).to_pylist()
        if row["look_id"] or row["sensor_id"]
    }  # fmt: skip
    for members in found["observation_ids"].to_pylist():
        seen = [look[one] for one in members if one in look]
        assert len(seen) == len(set(seen))


@pytest.mark.parametrize("later_s", [600.0, 3.5 * DAY_S])
def test_copies_stand_with_their_origin_in_whatever_chapter_they_were_told(
    sparse: Front, later_s: float
) -> None:
    table = with_copies(sparse, later_s=later_s)
    found = fuse(sparse, CHAPTERS, observations=shuffled(table, 5))
    home = {one: k for k, members in enumerate(found["observation_ids"].to_pylist()) for one in members}
    assert len(home) == table.num_rows
    origins = table.filter(pc.is_valid(table["primary_source_id"]))
    for one, origin in zip(origins["observation_id"].to_pylist(), origins["primary_source_id"].to_pylist(), strict=True):  # fmt: skip
        assert home[one] == home[f"copy-{origin.removeprefix('origin-')}"]
    whole = associate(table, frame=sparse.frame, coverage=sparse.coverage, areas=sparse.areas)
    assert fuse(sparse, WHOLE, observations=table).equals(whole)


def test_nothing_is_fused_into_nothing(sparse: Front) -> None:
    assert fuse(sparse, CHAPTERS, observations=sparse.observations.slice(0, 0)).num_rows == 0


def test_a_halo_longer_than_a_chapter_is_refused() -> None:
    with pytest.raises(ValueError, match="expected blocks that divide a chapter"):
        Grid(chapter_s=DAY_S, halo_s=2 * DAY_S)


# -- a cluster ------------------------------------------------------------------------------------------
def slow_task(task: Any) -> Any:
    """Long enough that a worker can be killed amid its tasks."""
    time.sleep(0.3)
    return fuse_task(task)


@pytest.mark.slow
@pytest.mark.parametrize("n_workers", [2, 4])
def test_a_cluster_gives_the_same_though_a_worker_is_killed(
    dense: Front, in_chapters: pa.Table, n_workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask is not installed (the extra `cluster`)")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(p for p in os.sys.path if p))
    with (
        distributed.LocalCluster(
            n_workers=n_workers, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        victims = [client.submit(os.getpid, workers=[name], pure=False).result() for name in client.scheduler_info()["workers"]]  # fmt: skip
        killer = threading.Timer(1.0, os.kill, (victims[0], signal.SIGKILL))
        killer.start()
        found = fuse(dense, replace(CHAPTERS, chapters_a_task=1), run=OnDask(client))
        killer.join()
    assert found.equals(in_chapters)


# -- pairs ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(6))
def test_pairs_are_those_that_trying_all_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 400
    turn, spread_m = rng.uniform(0, np.pi), rng.choice([5e3, 60e3])
    along, across = rng.uniform(-150e3, 150e3, n), rng.normal(0, spread_m, n)
    start_s = rng.uniform(0, 3 * DAY_S, n)
    length_s = rng.choice([1.0, 21.0, 300.0, 3600.0, 4 * HOUR_S, DAY_S, 3 * DAY_S], n)
    points = Points(
        x_m=np.where(rng.random(n) < 0.05, np.nan, along * np.cos(turn) - across * np.sin(turn)),
        y_m=along * np.sin(turn) + across * np.cos(turn),
        sd_m=rng.choice([10.0, 400.0, 2_000.0, 6_000.0], n),
        start_s=start_s, stop_s=start_s + length_s,
        acts=rng.integers(0, 4, n), exclusive=rng.integers(-1, 30, n),
    )  # fmt: skip
    gate = Gate()
    i, j = (part.ravel() for part in np.meshgrid(np.arange(n), np.arange(n), indexing="ij"))
    i, j = i[i < j], j[i < j]
    square = (points.x_m[i] - points.x_m[j]) ** 2 + (points.y_m[i] - points.y_m[j]) ** 2
    overlap_s = np.minimum(points.stop_s[i], points.stop_s[j]) - np.maximum(points.start_s[i], points.start_s[j])  # fmt: skip
    timed = np.maximum(length_s[i], length_s[j]) <= gate.well_timed_s
    acts = (points.acts[i] & points.acts[j] != 0) | (points.acts[i] == 0) | (points.acts[j] == 0)
    good = (
        (square <= gate.distance_m**2)
        & (square <= gate.distance_sd**2 * (points.sd_m[i] ** 2 + points.sd_m[j] ** 2))
        & (overlap_s >= np.where(timed, -gate.gap_s, 1e-9))
        & acts
        & ~((points.exclusive[i] >= 0) & (points.exclusive[i] == points.exclusive[j]))
    )
    first, second = gated_pairs(points, gate)
    assert len(first) > 100
    np.testing.assert_array_equal(first, i[good])
    np.testing.assert_array_equal(second, j[good])


def test_in_turn_keeps_the_order() -> None:
    assert list(in_turn(abs, [-3, 1, -2])) == [3, 1, 2]
