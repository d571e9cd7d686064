"""``truceline fuse``: strangers' observations, coverage and control → incidents, without a case.

(1) read every file, all rows accounted for; (2) the engine; (3) write the result, whole or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

from truceline import __version__
from truceline.base.canonical import canonical_json, digest_bytes
from truceline.base.errors import InputError, Problem
from truceline.base.progress import Progress, silent
from truceline.custody.manifest import NAME, make_run_id, read_manifest
from truceline.fusion.trained import ExistenceBy
from truceline.schema import AREAS, CONTROL, COVERAGE
from truceline.schema.table import Table
from truceline.store.folder import OutputFolder
from truceline.workflow.doors import DOORS, complete
from truceline.workflow.engine import Fused, Setting, complete_setting
from truceline.workflow.engine import fuse as run_engine
from truceline.workflow.foreign import Foreign, read_foreign
from truceline.workflow.strangers import tell_strangers

EMPTY = {"coverage": COVERAGE, "control": CONTROL, "areas": AREAS}


@dataclass(frozen=True, slots=True, kw_only=True)
class FuseOutcome:
    """Where the result lies, and what was made of every row."""

    out: Path
    run_id: str
    incidents: Path
    n_observations: int
    n_incidents: int
    n_totals: int
    rows_read: dict[str, int]
    rows_quarantined: dict[str, int]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def fuse(
    *,
    observations: Path,
    coverage: Path | None,
    control: Path | None,
    out: Path,
    areas: Path | None = None,
    parties: Sequence[str] = (),
    hard_sources: Sequence[str] = (),
    seed: int = 0,
    existence: ExistenceBy = "generative",
    progress: Progress = silent,
) -> FuseOutcome:
    """Fuse and attribute strangers' records, and write the result into ``out``.

    Raises
    ------
    InputError
        With every problem of every file, where one of them cannot be used at all.
    OutputError
        If ``out`` cannot be written, or holds something that Truceline did not write.
    """
    paths = {"observations": observations, "coverage": coverage, "control": control, "areas": areas}
    with OutputFolder(out) as folder:
        foreign, tables = _read({name: path for name, path in paths.items() if path}, progress)  # (1)
        setting = complete_setting(
            Setting(
                observations=tables["observations"], coverage=tables["coverage"], control=tables["control"],
                areas=tables["areas"], parties=tuple(parties), hard_sources=tuple(hard_sources), seed=seed, existence=existence,
            )
        )  # fmt: skip
        notes = _notes(foreign, setting)
        fused = run_engine(setting, progress=progress)  # (2)
        run_id, manifest = _manifest(foreign, setting, out)
        (folder / NAME).write_text(manifest, encoding="utf-8")
        _write(fused, setting, folder)  # (3)
        _write_quarantine(foreign, folder)
    return FuseOutcome(
        out=out,
        run_id=run_id,
        incidents=out / "incidents.parquet",
        n_observations=fused.observations.num_rows,
        n_incidents=fused.incidents.num_rows,
        n_totals=0 if fused.totals is None else fused.totals.num_rows,
        rows_read={name: one.rows_read for name, one in foreign.items()},
        rows_quarantined={name: one.n_quarantined for name, one in foreign.items()},
        problems=tuple(problem for one in foreign.values() for problem in one.problems),
        notes=(*notes, *fused.notes),
    )


def _read(paths: dict[str, Path], progress: Progress) -> tuple[dict[str, Foreign], dict[str, Table]]:
    """Every file; problems of all files are told together."""
    foreign: dict[str, Foreign] = {}
    tables: dict[str, Table] = {name: spec.empty() for name, spec in EMPTY.items()}
    problems: list[Problem] = []
    for name, path in paths.items():
        try:
            foreign[name] = read_foreign(path, DOORS[name], progress=progress)
            tables[name] = complete(name, foreign[name])
        except InputError as error:
            problems += error.problems
    if "observations" in foreign and not problems and not tables["observations"].num_rows:
        problems += foreign["observations"].problems
    if problems:
        raise InputError(problems)
    return foreign, tables


def _notes(foreign: dict[str, Foreign], setting: Setting) -> list[str]:
    """What a reader should know of the input, though nothing is wrong with it."""
    notes = [
        f"{one.file.label}: columns not used: {', '.join(one.unused)}"
        for one in foreign.values()
        if one.unused
    ]
    if not setting.observations.num_rows:
        notes.append(_nothing_recorded(setting))
    if not setting.coverage.num_rows:
        notes.append("no coverage was given: nothing says what could have been seen, so no incident has an existence_p")  # fmt: skip
    shaped = setting.areas.filter(pc.is_valid(setting.areas["geometry"]))["area_id"].combine_chunks()
    by_area = setting.coverage.filter(pc.and_(pc.is_valid(setting.coverage["area_id"]), pc.is_null(setting.coverage["radius_m"])))  # fmt: skip
    nowhere = by_area.num_rows - pc.sum(pc.is_in(by_area["area_id"], value_set=shaped)).as_py() if by_area.num_rows else 0  # fmt: skip
    if nowhere:
        notes.append(f"{nowhere:,} rows of the coverage name areas of which no shape was given (--areas): they say nothing")  # fmt: skip
    known = set(pc.unique(setting.observations["source_id"]).to_pylist())
    told = (setting.control["holder_party_id"], setting.observations["speaker_party_id"], setting.observations["accused_party_id"])  # fmt: skip
    unheard = [name for name in setting.parties if not any(pc.is_in(pa.scalar(name), value_set=column.combine_chunks()).as_py() for column in told)]  # fmt: skip
    if unheard:
        notes.append(f"parties of which the files know nothing: {', '.join(unheard)}")
    first = pc.min(setting.control["map_time"]).as_py()
    last = pc.max(setting.observations["occurred_until"]).as_py()
    if first is not None and last is not None and last <= first:
        notes.append("every map of control is dated after the last record: nobody is told apart by place")
    strange = [name for name in setting.hard_sources if name not in known]
    if strange:
        notes.append(f"hard sources without observations: {', '.join(strange)}")
    strange = sorted(set(pc.unique(setting.coverage["source_id"]).to_pylist()) - known)
    if strange:
        notes.append(f"sources of the coverage without observations: {', '.join(strange)}")
    return notes + tell_strangers(setting.observations, setting.coverage)


def _nothing_recorded(setting: Setting) -> str:
    """What observations without a row say: with coverage something, without it nothing."""
    watched = pc.any(pc.is_valid(setting.coverage["detection_p_basis"])).as_py()
    told = "totals say how many could have gone unseen" if watched and setting.acts else "whether nothing happened or nobody watched cannot be told"  # fmt: skip
    return f"the observations have no row: nothing was recorded; {told}"


def _manifest(foreign: dict[str, Foreign], setting: Setting, out: Path) -> tuple[str, str]:
    """The run's id, and the manifest's text with its lines; the earlier one where nothing is new."""
    asked = {
        "parties": list(setting.parties),
        "hard_sources": list(setting.hard_sources),
        **({} if setting.existence == "generative" else {"existence": setting.existence}),
        "files": sorted(foreign),
    }
    digest = digest_bytes(canonical_json(asked).encode())
    files = [(one.file.label, str(one.file.digest)) for one in foreign.values()]
    run_id = make_run_id(version=__version__, case_digest=digest, seed=setting.seed, files=files)
    earlier = read_manifest(out)
    if run_id in earlier.run_ids:
        return run_id, earlier.text()
    head = {
        "kind": "run", "run_id": run_id, "software": f"truceline {__version__}", "verb": "fuse",
        "case_sha256": digest, "seed": setting.seed, **{k: asked[k] for k in ("parties", "hard_sources")},
    }  # fmt: skip
    lines = [
        {
            "kind": "file", "run_id": run_id, "source": name, "file": one.file.label, "bytes": one.file.size,
            "sha256": str(one.file.digest), "rows_read": one.rows_read, "rows_used": one.table.num_rows,
            "rows_quarantined": one.n_quarantined,
        }
        for name, one in foreign.items()
    ]  # fmt: skip
    return run_id, earlier.append([head, *lines]).text()


def _write(fused: Fused, setting: Setting, folder: Path) -> None:
    """The result, and beside it under ``tables`` what it was made from, so that it can be scored."""
    _parquet(fused.incidents, folder / "incidents.parquet")
    csv.write_csv(flat(fused.incidents), folder / "incidents.csv")
    members = member_table(fused.incidents)
    _parquet(members, folder / "incident_members.parquet")
    csv.write_csv(members, folder / "incident_members.csv")
    if fused.totals is not None:
        _parquet(fused.totals, folder / "totals.parquet")
        csv.write_csv(flat(fused.totals), folder / "totals.csv")
    text = json.dumps(fused.parameters, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    (folder / "parameters.json").write_text(text, encoding="utf-8")
    tables = folder / "tables"
    tables.mkdir()
    _parquet(fused.observations, tables / "observations.parquet")
    for name in EMPTY:
        _parquet(getattr(setting, name), tables / f"{name}.parquet")


def _parquet(table: Table, path: Path) -> None:
    pq.write_table(table, path, compression="zstd")


def member_table(incidents: Table) -> Table:
    """Which observation is in which incident."""
    lists = incidents["observation_ids"]
    of = pc.list_parent_indices(lists)
    return pa.table(
        {"incident_id": incidents["incident_id"].take(of), "observation_id": pc.list_flatten(lists)}
    )


def flat(table: Table) -> Table:
    """The table for CSV: maps as JSON objects, lists as texts joined with a semicolon."""
    for k, field in enumerate(table.schema):
        if pa.types.is_map(field.type):
            rows = [canonical_json(dict(row)) if row else None for row in table[field.name].to_pylist()]
            table = table.set_column(k, field.name, pa.array(rows, pa.string()))
        elif pa.types.is_list(field.type):
            table = table.set_column(k, field.name, pc.binary_join(table[field.name], ";"))
    return table


def _write_quarantine(foreign: dict[str, Foreign], folder: Path) -> None:
    """Rows put aside, as they stand in their file, with what is wrong; absent where there are none."""
    lines = []
    for name, one in foreign.items():
        for problems, row in one.quarantined:
            told = [
                {
                    "code": p.code, "file": p.file, "row": p.row, "column": p.column, "message": p.message,
                    "got": p.got, "expected": p.expected, "next_step": p.next_step,
                }
                for p in problems
            ]  # fmt: skip
            lines.append(canonical_json({"table": name, "row": _finite(dict(row)), "problems": told}))
    if lines:
        (folder / "quarantine.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _finite(row: dict[str, object]) -> dict[str, object]:
    """A row as JSON can hold it: what is no number is told as text."""
    return {k: str(v) if isinstance(v, float) and v - v != 0 else v for k, v in row.items()}
