"""Parties, acts and areas that the options of document and figure sources name are checked."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from truceline.base.errors import CaseError, InputError
from truceline.base.intervals import Interval
from truceline.sources.source import SOURCES, InputFile, ReadContext
from truceline.workflow.case import open_case

LAYERS = {"layers": {"x": {"holder_party": "nobody"}}}
FIGURE = {"series": "s", "column": "n", "unit": "shot"}


def context(*files: Path) -> ReadContext:
    span = Interval(datetime(2031, 5, 1, tzinfo=UTC), datetime(2031, 5, 11, tzinfo=UTC))
    return ReadContext(source_id="src", files=tuple(InputFile(path, label=f"data:{path.name}") for path in files), span=span, window=span, parties=("a", "b"), acts=("shelling",), area_by_name={"north": "north"})  # fmt: skip


@pytest.mark.parametrize(
    ("adapter", "options", "wrong"),
    [
        ("figures", "{speaker: x, zone: UTC, figures: [{series: s, column: n, unit: u, accused_party: nobody}]}", "nobody"),
        ("figures", "{speaker: x, zone: UTC, figures: [{series: s, column: n, unit: u, act: nothing}]}", "nothing"),
        ("channel_posts", "{speaker: x, zone: UTC, claims: [{pattern: '(?P<value>1)', measure: m, accused_party: nobody}]}", "nobody"),
        ("control_layers", "{layers: {x: {holder_party: nobody}}}", "nobody"),
        ("sightings", "{zone: UTC, acts: {nothing: [boom]}}", "nothing"),
        ("quakeml", "{type_acts: {explosion: nothing}}", "nothing"),
        ("sensorthings", "{operator: x, levels: [{at_least: 1, act: nothing}]}", "nothing"),
        ("survey", "{fields: {time: t}, constants: {act: nothing}}", "nothing"),
    ],
)  # fmt: skip
def test_a_name_that_the_truce_does_not_have_is_a_fault_of_the_case(
    project_root: Path, tmp_path: Path, adapter: str, options: str, wrong: str
) -> None:
    folder = tmp_path / "case"
    shutil.copytree(project_root / "cases" / "easter-2025", folder)
    path = folder / "case.yaml"
    text = path.read_text(encoding="utf-8")
    added = f"sources:\n  - {{id: added, title: Added, adapter: {adapter}, files: [x], publisher: p, licence: l, citation: c, grade: reported, role: r, cost_of_absence: c, options: {options}}}\n"
    path.write_text(text.replace("sources:\n", added, 1), encoding="utf-8")
    with pytest.raises(CaseError) as caught:
        open_case(folder)
    (problem,) = caught.value.problems
    assert problem.got == wrong
    assert problem.row is not None


@pytest.mark.parametrize("name", ["figures", "channel_posts", "sensorthings"])
def test_an_area_that_the_case_does_not_have_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "x.csv").write_text("date,n,text\n2031-05-05,1,x\n", encoding="utf-8")
    options: dict[str, Any] = {
        "figures": {"speaker": "x", "zone": "UTC", "figures": [{**FIGURE, "area": "nowhere"}]},
        "channel_posts": {"speaker": "x", "zone": "UTC", "claims": [{"pattern": "(?P<value>1)", "measure": "m", "area": "nowhere", "accused_party": "a"}]},
        "sensorthings": {"operator": "x", "series": [{"series": "s", "datastream": "*", "area": "nowhere"}]},
    }[name]  # fmt: skip
    plugin = SOURCES.get(name)
    assert plugin is not None
    with pytest.raises(InputError, match=r"name_unknown.*nowhere"):
        plugin(plugin.Options.model_validate(options)).read(context(tmp_path / "x.csv"))


@pytest.mark.parametrize(
    ("name", "options", "word"),
    [
        ("figures", {"speaker": "x", "zone": "UTC", "figures": []}, "figures"),
        ("figures", {"speaker": "x", "zone": "UTC", "figures": [FIGURE], "day_starts_at": "25:00"}, "19:30"),
        ("figures", {"speaker": "x", "zone": "UTC", "figures": [FIGURE], "numbers": "running_total"}, "since"),
        ("figures", {"speaker": "x", "zone": "UTC", "figures": [FIGURE], "month_names": ["Jan"]}, "twelve"),
        ("channel_posts", {"speaker": "x", "zone": "UTC"}, "words"),
        ("channel_posts", {"speaker": "x", "zone": "UTC", "words": {"a": ["("]}}, "regular expression"),
        ("channel_posts", {"speaker": "x", "zone": "UTC", "words": {"a": []}, "bin_h": 5}, "divide"),
        ("channel_posts", {"speaker": "x", "zone": "UTC", "accused_party": "a", "claims": [{"pattern": "x", "measure": "m"}]}, "value"),
        ("sightings", {"zone": "UTC", "columns": {"smell": "x"}}, "smell"),
        ("sightings", {"zone": "UTC", "places": {"x": [91, 181]}}, "longitude"),
        ("control_layers", {**LAYERS, "date_pattern": "("}, "regular expression"),
        ("feed", {"acts": {"a": ["["]}}, "regular expression"),
        ("sensorthings", {"operator": "x", "levels": [{"act": "a"}]}, "at_least"),
        ("sensorthings", {"operator": "x"}, "levels"),
        ("survey", {"fields": {"place": "x"}}, "time"),
        ("survey", {"fields": {"time": "x", "phone": "y"}}, "phone"),
    ],
)  # fmt: skip
def test_options_that_cannot_work_say_why(name: str, options: dict[str, Any], word: str) -> None:
    plugin = SOURCES.get(name)
    assert plugin is not None
    with pytest.raises(ValidationError, match=word):
        plugin.Options.model_validate(options)
