"""``truceline score``: a result against a truth that is known, beside what simpler ways score."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from truceline.base.columns import FloatArray, IntArray
from truceline.base.errors import InputError, OutputError, Problem
from truceline.base.language import _
from truceline.schema import AREAS, CONTROL, COVERAGE, INCIDENTS, OBSERVATIONS
from truceline.schema.table import Table, TableSpec
from truceline.scoring.boosting import from_dict
from truceline.scoring.identity import Partition
from truceline.scoring.score import FLAT, Judged, Score, Weigh, judge, score
from truceline.scoring.trained import show_groups
from truceline.scoring.truth import Truth, read_truth
from truceline.workflow.engine import Setting, complete_setting, ideal_blame, weigh_groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The tables of a finished result."""

    incidents: Table
    setting: Setting
    totals: Table | None


def score_result(out: Path, *, truth: Path, trained: Path | None = None) -> Score:
    """Score the result of ``fuse`` or of ``verify`` in ``out``.

    trained : a classifier of existence from other seeds, as ``make evaluate`` keeps them.

    Raises
    ------
    OutputError
        If ``out`` holds no result.
    InputError
        If ``truth`` is not a folder of a truth.
    """
    result, true = read_result(out), read_truth(truth)
    return score_tables(result, true, trained=None if trained is None else read_classifier(trained))


def read_classifier(path: Path) -> dict[str, Any]:
    """A classifier of existence with what it was trained on.

    Raises
    ------
    InputError
        If it is not there, or is none.
    """
    try:
        entry: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return entry | {"about": dict(entry["about"]), "trees": list(entry["trees"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            Problem(
                code="file_format" if path.is_file() else "file_missing", message="no classifier of existence", file=str(path),
                got=type(error).__name__, expected="a file trained.REGIME.….json that `make evaluate` wrote",
                next_step="Run make evaluate, and look in out/evaluation",
            )
        ) from error  # fmt: skip


def score_tables(
    result: Result, truth: Truth, *, parties: Sequence[str] = (), trained: dict[str, Any] | None = None
) -> Score:
    """Score tables in memory."""
    setting = result.setting
    observations = setting.observations
    # one order of parties for all: the ideal observer's columns are in it
    whole = complete_setting(replace(setting, parties=tuple(parties) or setting.parties or truth.parties))
    assert whole.frame is not None
    judged = judge(observations, result.incidents, truth, frame=whole.frame)
    if not judged.linked.known.any():
        raise InputError(
            Problem(
                code="name_unknown", message="the truth names no record of this result", file="links.csv", column="observation_id",
                got=str(observations["observation_id"][0]) if observations.num_rows else "no observations",
                expected="the truth of the simulation whose observations were fused",
                next_step="Name the truth that was written with these observations",
            )
        )  # fmt: skip
    return score(
        judged,
        parties=whole.parties,
        totals=result.totals,
        areas=setting.areas,
        weigh=lambda number: weigh_groups(observations, whole, number),
        ideal=ideal_blame(judged, whole),
        trained=None if trained is None else _by_classifier(trained, judged, whole),
    )


def _by_classifier(entry: dict[str, Any], judged: Judged, setting: Setting) -> Weigh:
    """Existence as the classifier sees it."""
    model, about = from_dict(entry), entry["about"]
    assert setting.frame is not None
    frame = setting.frame

    def weigh(number: IntArray) -> FloatArray:
        partition = Partition(group=number, existence_p=np.full(int(number.max(initial=-1)) + 1, np.nan))
        shown = show_groups(
            judged.observations, partition, judged.linked, coverage=setting.coverage, frame=frame,
            sources=about["sources"], hard_sources=about["hard_sources"], acts=about["acts"],
        )  # fmt: skip
        return model.probabilities(shown.values)

    return weigh


def read_result(out: Path) -> Result:
    """The tables of a result folder, whichever command wrote it.

    Raises
    ------
    OutputError
        With every table that is missing or cannot be read.
    """
    tables = out / "tables"
    own = out / "incidents.parquet"
    problems: list[Problem] = []

    def read(path: Path, spec: TableSpec, *, needed: bool = True) -> Table:
        if not path.is_file() and not needed:
            return spec.empty()
        try:
            return pq.read_table(path).cast(spec.arrow)
        except (OSError, pa.ArrowException, ValueError) as error:
            problems.append(
                Problem(
                    code="result_unreadable", message=f"a table of the result cannot be read ({str(error)[:120]})", file=str(path),
                    expected="a folder that `truceline fuse` or `truceline verify` wrote", next_step="Run it again, or name its folder",
                )
            )  # fmt: skip
            return spec.empty()

    incidents = read(own if own.is_file() else tables / "incidents.parquet", INCIDENTS)
    setting = Setting(
        observations=read(tables / "observations.parquet", OBSERVATIONS),
        coverage=read(tables / "coverage.parquet", COVERAGE, needed=False),
        control=read(tables / "control.parquet", CONTROL, needed=False),
        areas=read(tables / "areas.parquet", AREAS, needed=False),
    )
    if problems:
        raise OutputError(problems)
    totals = next(
        (path for path in (out / "totals.parquet", tables / "totals.parquet") if path.is_file()), None
    )
    return Result(
        incidents=incidents, setting=setting, totals=None if totals is None else pq.read_table(totals)
    )


def table_lines(found: Score) -> list[str]:
    """The same for people: figures, then a row for each other way."""
    lines = [f"{name:<28} {_shown(found.figures[name])}" for name in FLAT]
    lines += ["", f"{'':<22} {'id_f1':>8} {'pair_f1':>8} {'precision':>9} {'recall':>8} {'reported':>9}"]
    own: Mapping[str, object] = {
        "id_f1": found.figures["id_f1"], "pair_f1": found.figures["pair_f1"],
        "id_precision": found.figures["id_precision"], "id_recall": found.figures["id_recall"],
        "n_reported": found.figures["n_reported"],
    }  # fmt: skip
    for name, row in {_("this result"): own, **found.baselines}.items():
        cells = [_shown(row.get(key)) for key in ("id_f1", "pair_f1", "id_precision", "id_recall")]
        reported = row.get("n_reported")
        lines.append(
            f"{name:<22} {cells[0]:>8} {cells[1]:>8} {cells[2]:>9} {cells[3]:>8} {'–' if reported is None else reported:>9}"
        )
    lines += ["", *(f"{name}: {reason}" for name, reason in found.reasons.items() if name in FLAT)]
    return lines


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return "–" if value is None else str(value)
