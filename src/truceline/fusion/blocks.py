"""Fusion of more than fits in memory, on any number of workers, with one result.

Place and time are cut by a ``Grid`` that the data do not choose:

- **chapters** of time. Parameters (p, φ, λ) are estimated for each, from sums over its nodes and those
  of a halo of time; where there are several chapters, a few of them first teach p and voices to all.
- **blocks** of place and time within a chapter, each of which finds the tracks of its own nodes among
  these and those of a halo around them. A node belongs to the track that its own block puts it in, which
  is named by its canonical first node; an incident belongs to the block where that one lies.

So every record is in exactly one incident, and what comes of it is a function of the input and the
grid: row order, the number of workers, their order and how many chapters one task takes do not enter.
With one chapter it is ``associate`` exactly, wherever nodes that pairs lead to from a block's own all
lie in its halo; ``Part.n_beyond`` counts the nodes of which this is not known. A task reads its own
chapters and what is needed around them, which bounds memory; done twice it gives the same rows, so that
one whose worker died is simply done again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
from shapely.geometry.base import BaseGeometry

from truceline.base.columns import Groups, group_rows, number_rows
from truceline.base.geodesy import LocalFrame
from truceline.fusion.associate import number_kin
from truceline.fusion.chapters import Lesson, estimate, find_roots, part_equals, pool, teach
from truceline.fusion.engine import existence_of, find_pairs, make_scene
from truceline.fusion.gating import Gate
from truceline.fusion.grid import Grid, block_number
from truceline.fusion.nodes import FloatArray, IntArray, Nodes, make_nodes
from truceline.fusion.parameters import Parameters, Scene, weigh
from truceline.fusion.rows import Rows, Survey, TableRows, make_survey
from truceline.fusion.shapes import read_outlines
from truceline.fusion.sightings import exclusive_codes
from truceline.fusion.tracks import Evidence
from truceline.fusion.trained import ExistenceBy
from truceline.fusion.watches import read_watches
from truceline.fusion.workers import Run, in_turn
from truceline.fusion.writing import write_incidents
from truceline.schema import INCIDENTS
from truceline.schema.table import Table

#: chapters that teach p and voices to all others
TEACHERS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What ``associate`` is told, besides the tables that are read by time."""

    frame: LocalFrame
    acts: tuple[str, ...] = ()
    areas: Table | None = None
    mechanism_sources: frozenset[str] = frozenset()
    hard_sources: frozenset[str] | None = None
    gate: Gate = field(default_factory=Gate)
    unknown_sd_m: float = 5_000.0
    least_sd_m: float = 10.0
    verified_at: float = 0.95
    existence: ExistenceBy = "generative"
    grid: Grid = field(default_factory=Grid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Incidents of some chapters, in no order that matters, and what they came of.

    n_beyond : nodes that pairs link, directly or through others, with one beyond their block's halo.
    """

    incidents: Table
    n_observations: int
    n_nodes: int
    n_pairs: int
    n_beyond: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Chapters [start, stop) for one worker."""

    rows: Rows
    survey: Survey
    setting: Setting
    lesson: Lesson | None
    start: int
    stop: int


def associate_in_blocks(
    observations: Table,
    *,
    frame: LocalFrame,
    acts: Sequence[str] = (),
    coverage: Table | None = None,
    areas: Table | None = None,
    mechanism_sources: Collection[str] = frozenset(),
    hard_sources: Collection[str] | None = None,
    existence: ExistenceBy = "generative",
    grid: Grid | None = None,
    run: Run = in_turn,
) -> Table:
    """``associate`` of tables in memory, cut by ``grid``, on the workers of ``run``; in the same order."""
    if not observations.num_rows:
        return INCIDENTS.empty()
    setting = Setting(
        frame=frame, acts=tuple(acts), areas=areas, mechanism_sources=frozenset(mechanism_sources),
        hard_sources=None if hard_sources is None else frozenset(hard_sources), grid=grid or Grid(),
        existence=existence,
    )  # fmt: skip
    parts = fuse_parts(TableRows(table=observations, watched=coverage), setting=setting, run=run)
    whole = pa.concat_tables([part.incidents for part in parts])
    keys = [(name, "ascending") for name in ("occurred_from", "occurred_until", "incident_id")]
    return whole.sort_by(keys).combine_chunks().cast(INCIDENTS.arrow)


def fuse_parts(rows: Rows, *, setting: Setting, run: Run = in_turn) -> Iterator[Part]:
    """Incidents by and by, in the order of the chapters.

    (1) survey all observations; (2) learn about the sources from a few chapters; (3) fuse the chapters,
    some at a time, each task by itself.
    """
    grid = setting.grid
    survey = make_survey(rows)  # (1)
    if not survey.n:
        return
    first, last = (int(grid.chapter(np.array(time_s))) for time_s in (survey.start_s, survey.stop_s))
    chapters = range(first, last + 1)
    lesson = None
    if len(chapters) > 1:  # (2)
        chosen = sorted({chapters[(2 * k + 1) * len(chapters) // (2 * TEACHERS)] for k in range(TEACHERS)})
        lesson = pool([each for each in run(study, _tasks(rows, survey, setting, None, chosen, 1)) if each])
    # tasks of like size, for what is around each is reckoned again
    size = -(-len(chapters) // -(-len(chapters) // grid.chapters_a_task))
    yield from run(fuse_task, _tasks(rows, survey, setting, lesson, chapters[::size], size))  # (3)


def _tasks(
    rows: Rows, survey: Survey, setting: Setting, lesson: Lesson | None, starts: Collection[int], size: int
) -> Iterator[Task]:
    grid = setting.grid
    end = int(grid.chapter(np.array(survey.stop_s))) + 1
    for start in starts:
        stop = min(start + size, end)
        low_s, high_s = grid.reach(start - 1, stop + 1)
        # a chapter's coverage is read for a halo beyond its records, whose times are intervals
        yield Task(
            rows=rows.part(low_s, high_s + grid.halo_s), survey=survey.near(low_s, high_s), setting=setting,
            lesson=lesson, start=start, stop=stop,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """Nodes of some time. unit, units : as in ``associate``: of each node, and one node of each.

    start_s, chapter : (n_units,), ascending.
    """

    nodes: Nodes
    unit: IntArray
    units: Nodes
    start_s: FloatArray
    chapter: IntArray
    exclusive: IntArray
    outlines: dict[str, BaseGeometry]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chapter:
    """One chapter with its halo: units [low, high) of a view, their evidence, and pairs numbered from low."""

    number: int
    low: int
    high: int
    scene: Scene
    parameters: Parameters
    evidence: Evidence
    first: IntArray
    second: IntArray


def study(task: Task) -> Lesson | None:
    """What the task's first chapter by itself teaches of the sources."""
    view = _read(task, *task.setting.grid.reach(task.start, task.start + 1))
    chapter = view and _open(replace(task, lesson=None), view, task.start)
    return teach(chapter.scene, chapter.parameters) if chapter else None


def fuse_task(task: Task) -> Part:
    """Incidents whose first member lies in the task's chapters.

    (1) read them and what is around; (2) parameters and evidence of a chapter; (3) the tracks of its
    nodes, block by block; (4) existence of those that begin in the chapter before, now that their
    members are known; (5) incidents.
    """
    grid = task.setting.grid
    numbers = range(task.start - 1, task.stop + 1) if np.isfinite(grid.chapter_s) else range(task.stop)
    view = _read(task, *grid.reach(numbers[0], numbers[-1] + 1))  # (1)
    if view is None:
        return Part(incidents=INCIDENTS.empty(), n_observations=0, n_nodes=0, n_pairs=0, n_beyond=0)
    n = len(view.units)
    root, existence_p = np.full(n, -1, dtype=np.int64), np.full(n, np.nan)
    n_beyond, n_pairs, before = 0, 0, None
    for number in (*numbers, None):
        chapter = None if number is None else _open(task, view, number)  # (2)
        if chapter is not None:
            found = _decide(grid, view, chapter, root)  # (3)
            if task.start <= chapter.number < task.stop:
                n_beyond += found
                n_pairs += int((view.chapter[chapter.first + chapter.low] == chapter.number).sum())
        if before is not None:  # (4)
            part_equals(root, view.exclusive, _begun(view, before, root))
            if task.start <= before.number < task.stop:
                _judge(view, before, root, existence_p, task.setting.existence)
        before = chapter
    own = (view.chapter >= task.start) & (view.chapter < task.stop)
    return Part(
        incidents=_write(task, view, np.flatnonzero((root >= 0) & own[root]), root, existence_p),  # (5)
        n_observations=int(view.nodes.members.size[own[view.unit]].sum()),
        n_nodes=int(own.sum()),
        n_pairs=n_pairs,
        n_beyond=n_beyond,
    )


def _read(task: Task, low_s: float, high_s: float) -> _View | None:
    setting, survey = task.setting, task.survey
    table = survey.read(task.rows, low_s, high_s)
    if not table.num_rows:
        return None
    outlines = read_outlines(setting.areas, setting.frame)
    nodes = make_nodes(
        table, frame=setting.frame, acts=setting.acts or survey.act_ids, unknown_sd_m=setting.unknown_sd_m,
        least_sd_m=setting.least_sd_m, outlines=outlines,
    )  # fmt: skip
    nodes = _name_acts(nodes, survey.act_names)
    lead, unit = number_kin(nodes.kin)
    units = nodes.take(lead)
    return _View(
        nodes=nodes, unit=unit, units=units, start_s=units.start_s, exclusive=exclusive_codes(units),
        chapter=setting.grid.chapter(units.start_s), outlines=outlines,
    )  # fmt: skip


def _name_acts(nodes: Nodes, act_names: tuple[str, ...]) -> Nodes:
    """The same with a column for every act that any record names."""
    if nodes.act_names == act_names:
        return nodes
    loglik = np.full((len(nodes), len(act_names)), np.nan)
    for k, name in enumerate(nodes.act_names):
        if name in act_names:
            loglik[:, act_names.index(name)] = nodes.loglik[:, k]
    return replace(nodes, loglik=loglik, act_names=act_names)


def _open(task: Task, view: _View, number: int) -> _Chapter | None:
    """A chapter with its scene, parameters and evidence; None where nothing was recorded."""
    grid, setting = task.setting.grid, task.setting
    if not (view.chapter == number).any():
        return None
    start_s, stop_s = grid.reach(number, number + 1)
    low, high = (int(k) for k in np.searchsorted(view.start_s, [start_s, stop_s]))
    coverage = task.rows.coverage(start_s, stop_s + grid.halo_s)
    watches = read_watches(coverage, setting.frame, view.outlines)
    units = view.units
    if np.isfinite(grid.chapter_s):
        units = _name_speakers(units.take(np.arange(low, high)))
    scene = make_scene(units, watches, hard_sources=setting.hard_sources, within_s=(start_s, stop_s))
    first, second = find_pairs(units, setting.gate)
    parameters = estimate(scene, first, second, task.lesson)
    # codes of looks are those of the view, for tracks cross chapters
    evidence = replace(weigh(scene, parameters), exclusive=view.exclusive[low:high])
    return _Chapter(
        number=number, low=low, high=high, scene=scene, parameters=parameters, evidence=evidence,
        first=first, second=second,
    )  # fmt: skip


def _name_speakers(units: Nodes) -> Nodes:
    """The same with speakers in the order in which these units have them, whatever else was read.

    Speakers are heard one after another, and sums of floats have the last bits of their order.
    """
    code, names = units.speaker.code, units.speaker.names
    first = np.full(len(names) + 1, len(code), dtype=np.int64)
    np.minimum.at(first, code, np.arange(len(code)))
    order = np.argsort(first[:-1], kind="stable")
    place = np.full(len(names) + 1, -1, dtype=np.int64)
    place[order] = np.arange(len(names))
    present = int((first[:-1] < len(code)).sum())
    named = [names[k] for k in order[:present].tolist()]
    return replace(units, speaker=replace(units.speaker, code=place[code], names=named))


def _decide(grid: Grid, view: _View, chapter: _Chapter, root: IntArray) -> int:
    """Set the roots of the chapter's nodes; how many of them pairs link with what is beyond a halo."""
    part = slice(chapter.low, chapter.high)
    shapes, start_s = view.units.shapes, view.start_s[part]
    x_m, y_m = shapes.x_m[part], shapes.y_m[part]
    sizes = ((grid.block_s, grid.halo_s), (grid.block_m, grid.halo_m), (grid.block_m, grid.halo_m))
    cells = [block_number(v, size) for v, (size, _) in zip((start_s, x_m, y_m), sizes, strict=True)]
    cell, n_cells = number_rows(cells)
    some = np.zeros(n_cells, dtype=np.int64)
    some[cell] = np.arange(len(cell))

    def near(number: int) -> IntArray:
        inside = np.ones(len(start_s), dtype=np.bool_)
        for of, value, (size, halo) in zip(cells, (start_s, x_m, y_m), sizes, strict=True):
            if np.isfinite(size):
                at = int(of[some[number]])
                inside &= (value >= at * size - halo) & (value < (at + 1) * size + halo)
        return np.flatnonzero(inside)

    own = view.chapter[part] == chapter.number
    found, beyond = find_roots(chapter.evidence, chapter.first, chapter.second, own=own, cell=cell, near=near)
    root[part][own] = found[own] + chapter.low
    return int(beyond[own].sum())


def _begun(view: _View, chapter: _Chapter, root: IntArray) -> IntArray:
    """Nodes of the tracks that begin in a chapter."""
    decided = np.flatnonzero(root >= 0)
    return np.asarray(decided[view.chapter[root[decided]] == chapter.number])


def _judge(view: _View, chapter: _Chapter, root: IntArray, existence_p: FloatArray, by: ExistenceBy) -> None:
    """Set the existence of tracks that begin in a chapter, at their roots; in place."""
    own = root[chapter.low : chapter.high].copy()
    # nodes that no chapter read here decides stand for themselves
    own = np.where(own >= 0, own, np.arange(chapter.low, chapter.high))
    names, label = np.unique(own, return_inverse=True)
    label = label.reshape(-1)
    p = existence_of(chapter.scene, chapter.parameters, chapter.evidence, label, len(names), by=by)
    mine = view.chapter[names] == chapter.number
    existence_p[names[mine]] = p[mine]


def _write(task: Task, view: _View, members: IntArray, root: IntArray, existence_p: FloatArray) -> Table:
    """Incidents of the tracks of ``members``."""
    if not len(members):
        return INCIDENTS.empty()
    names, label = np.unique(root[members], return_inverse=True)
    of_unit = np.full(len(view.units), -1, dtype=np.int64)
    of_unit[members] = label.reshape(-1)
    of_node = of_unit[view.unit]
    chosen = np.flatnonzero(of_node >= 0)
    groups = group_rows(of_node[chosen], len(names))
    setting, sources = task.setting, view.nodes.source.names
    return write_incidents(
        view.nodes,
        Groups(offsets=groups.offsets, members=chosen[groups.members]),
        unit=view.unit,
        existence_p=existence_p[names],
        mechanism=np.array([name in setting.mechanism_sources for name in sources], dtype=np.bool_),
        fallible=np.array([name in task.survey.watching for name in sources], dtype=np.bool_),
        verified_at=setting.verified_at,
        frame=setting.frame,
        trained=setting.existence == "trained",
    )
