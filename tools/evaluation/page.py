"""docs/evaluation.md and its plots, from what the parts returned."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from evaluation.pictures import draw_metric, draw_ranks, draw_reliability
from evaluation.rows import PUBLISHED_SEEDS, Picture, Ranks, Reliability, Row

HEAD = """# Evaluation

Made by `make evaluate` on simulated fronts, whose truth is known. Each figure stands with its target, met
or not. Published seeds ({first} to {last}) chose nothing; existence classifiers were trained on
1000 to 1019. *ideal* is the ideal observer's figure on the same data: no method can be expected to do better.
Of totals it is our own reckoning told every probability and act: what is left are places, times and chance.
Intervals are 95 %, over seeds unless a note says otherwise. In the plots a filled dot meets its target, an
open one does not; the ring is the ideal observer, the dashed line the target. How well statements are read
from articles stands on [a page of its own](evaluation-talks.md).

{machine}
"""

READING = """## What the words mean

- **id_f1** = 2·TP / (reported incidents + true events). An incident is reported from an existence of ½ on; it belongs to
  the true event that most of its first tellings come from, wherever it was put; each event counts once. Events that
  nobody recorded count as missed, so true labels score below 1.
- **true labels**: the true partition, and only true events reported. **true partition and our existence**: the method's
  own existence on the true partition. **true partition and trained existence**: existence by boosted trees
  (`scoring/boosting.py`) that were shown the truth of 20 other seeds of the regime: who told of a group and how exactly,
  who watched, what else was near (`scoring/trained.py`).
- **time-shifted null**: the same incidents, each telling linked to what its source told a good part of the span later.
  What is scored so is scored by chance.
- **DBSCAN**, **counting**, **every telling** see the copies removed by the truth, and report every group.
- **calibration error beyond chance**: expected error of hypotheses with p ≥ 0.1 in 15 bins of equal mass, less that of a
  forecaster who is right (outcomes drawn from the forecasts).
- **GOSPA** with cutoff 10 km, half an hour as far as 5 km; order 1, α = 2.
- Ranks of the truth among a posterior's draws are even where the posterior is right (Talts et al. 2018); the band holds
  99 % of the counts.
"""


def write_page(
    page: Path,
    kept: Mapping[str, Sequence[Row | Picture]],
    *,
    titles: Mapping[str, str],
    stale: set[str],
    failed: Sequence[str],
    quick: bool,
) -> None:
    """Write the page, and its plots into a folder of its name beside it."""
    folder = page.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    lines = [HEAD.format(first=PUBLISHED_SEEDS[0], last=PUBLISHED_SEEDS[-1], machine=_machine())]
    if quick:
        lines += [
            "**A quick run: small fronts, few seeds. Its figures show that the harness works, no more.**",
            "",
        ]
    lines += [*_summary(kept), "", *_overview(kept, titles)]
    for part, title in titles.items():
        made = kept.get(part, ())
        lines += [f"## {title}", "", *(_part(part, made, folder) if made else ["Not measured."]), ""]
    lines += [READING]
    if failed:
        lines += ["## What failed", "", *(f"- {said}" for said in failed), ""]
    if stale:
        lines += ["## What was measured by other code, or not at all", "", ", ".join(sorted(stale)) + ".", ""]
    page.write_text("\n".join(lines).rstrip("\n") + "\n", encoding="utf-8")


def _machine() -> str:
    return (
        f"{platform.machine()}, {os.cpu_count()} cores; Python {platform.python_version()}, "
        f"numpy {version('numpy')}, scipy {version('scipy')}, Truceline {version('truceline')}."
    )


def _summary(kept: Mapping[str, Sequence[Row | Picture]]) -> list[str]:
    """How many targets are met, and a list of those that are not."""
    rows = [one for made in kept.values() for one in made if isinstance(one, Row) and one.target]
    met = sum(row.met is True for row in rows)
    missed = sum(row.met is False for row in rows)
    open_ = len(rows) - met - missed
    return [
        f"Of {len(rows)} targets (metric × regime) {met} are met, {missed} are not, {open_} were not measured."
    ]


def _overview(kept: Mapping[str, Sequence[Row | Picture]], titles: Mapping[str, str]) -> list[str]:
    """Every target by regime: the figure, in bold where the target is missed."""
    rows = [one for part in titles for one in kept.get(part, ()) if isinstance(one, Row) and one.target]
    if not rows:
        return []
    regimes = list(dict.fromkeys(row.regime for row in rows))
    head = ["", "target", *regimes]
    lines = ["## Every target", "", "Bold: not met. A dash: not measured.", ""]
    lines += ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for metric, target in dict.fromkeys((row.metric, row.target) for row in rows):
        own = {row.regime: row for row in rows if (row.metric, row.target) == (metric, target)}
        cells = [_cell(own[regime]) if regime in own else "" for regime in regimes]
        lines.append("| " + " | ".join([metric, target, *cells]) + " |")
    return [*lines, ""]


def _cell(row: Row) -> str:
    if row.measured is None:
        return "–"
    return f"**{_number(row.measured)}**" if row.met is False else _number(row.measured)


def _part(part: str, made: Sequence[Row | Picture], folder: Path) -> list[str]:
    rows = [one for one in made if isinstance(one, Row)]
    lines: list[str] = []
    for metric in dict.fromkeys(row.metric for row in rows):
        own = [row for row in rows if row.metric == metric]
        lines += [f"### {metric}", ""]
        if sum(row.measured is not None for row in own) > 1:
            name = f"{part}-{_slug(metric)}.svg"
            (folder / name).write_text(draw_metric(metric, own), encoding="utf-8")
            lines += [f"![{metric} by regime]({folder.name}/{name})", ""]
        lines += _table(own)
    pictures = [one for one in made if not isinstance(one, Row)]
    for kind, heading in (
        (Reliability, "Reliability"),
        (Ranks, "Ranks of the truth (simulation-based calibration)"),
    ):
        own_pictures = [one for one in pictures if isinstance(one, kind)]
        if own_pictures:
            lines += [f"### {heading}", ""]
            lines += [f"![{one.title}]({folder.name}/{_draw(part, one, folder)})" for one in own_pictures]
            lines.append("")
    return lines


def _draw(part: str, one: Picture, folder: Path) -> str:
    name = f"{part}-{_slug(one.name)}.svg"
    text = draw_reliability(one) if isinstance(one, Reliability) else draw_ranks(one)
    (folder / name).write_text(text, encoding="utf-8")
    return name


def _table(rows: Sequence[Row]) -> list[str]:
    ideal = any(row.ideal is not None for row in rows)
    head = ["regime", "target", "measured", "95 %", *(["ideal"] if ideal else []), "met", "n", "note"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        cells = [
            row.regime,
            row.target,
            _number(row.measured),
            f"{_number(row.lo)} to {_number(row.hi)}"
            if row.lo is not None and row.hi is not None and row.lo < row.hi
            else "",
            *([_number(row.ideal)] if ideal else []),
            {True: "yes", False: "**no**", None: ""}[row.met],
            "" if row.n is None else f"{row.n:,}",
            row.note.replace("|", "\\|"),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]


def _number(value: float | None) -> str:
    if value is None:
        return ""
    size = abs(value)
    return (
        f"{value:,.0f}"
        if size >= 1000
        else f"{value:.1f}"
        if size >= 100
        else f"{value:.4f}"
        if size < 10
        else f"{value:.2f}"
    )


def _slug(words: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in words.lower()).split())
