"""A finding taken apart: rows are shown as their source reads them, and what is not at hand is said once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from truceline.base.canonical import digest_file
from truceline.custody.manifest import NAME, Manifest
from truceline.sources.source import InputFile
from truceline.workflow.explain import explain

N = 40
HEADER = ("день", "час", "место")
ROWS = [(f"{1 + at % 28:02d}.05.2022", f"{at % 24}:30", f"Дубрава; двор {at}") for at in range(N)]


def table(delimiter: str) -> str:
    """With a field in quotes that holds the delimiter, and one that spans two lines."""
    lines = [delimiter.join(HEADER)]
    for at, (day, clock, place) in enumerate(ROWS):
        lines.append(delimiter.join((day, clock, f'"{place}\n(со слов)"' if at == 3 else f'"{place}"')))
    return "\n".join(lines) + "\n"


#: the line at which each row begins
NUMBERS = [2 + at + (at > 3) for at in range(N)]


@pytest.fixture
def case(tmp_path: Path, project_root: Path) -> Path:
    folder = tmp_path / "case"
    shutil.copytree(project_root / "cases" / "yemen-2022", folder)
    text = (folder / "case.yaml").read_text(encoding="utf-8")
    more = []
    for name, delimiter, encoding, preamble in (
        ("semicolons", ";", "cp1251", ""),
        ("tabs", "\t", "utf-8", "журнал\n\n"),
    ):
        content = (preamble + table(delimiter)).encode(encoding)
        (folder / f"{name}.csv").write_bytes(content)
        options = {"table": "observations", "columns": {"date": "день", "clock": "час", "place_name": "место"}, "delimiter": delimiter, "encoding": encoding, "header_row": 1 + preamble.count("\n"), "time_format": "%d.%m.%Y %H:%M", "zone": "UTC"}  # fmt: skip
        more.append({"id": name, "title": name, "adapter": "table", "root": "case", "files": [f"{name}.csv"], "licence": "none", "grade": "reported", "role": "", "cost_of_absence": "", "citation": "", "publisher": "", "options": options})  # fmt: skip
    entries = "".join(f"  - {json.dumps(entry, ensure_ascii=False)}\n" for entry in more)
    assert text.count("sources:\n") == 1
    (folder / "case.yaml").write_text(text.replace("sources:\n", f"sources:\n{entries}"), encoding="utf-8")
    return folder


def result(folder: Path, files: dict[str, tuple[str, Path]], rows: dict[str, list[int]], *, reasons: int = 1) -> Path:  # fmt: skip
    """A result whose one finding rests on ``rows``; ``files``: label → source and path."""
    folder.mkdir()
    reason = {"code": "series_fell", "text": "It fell.", "rows": [{"file": file, "rows": numbers} for file, numbers in rows.items()]}  # fmt: skip
    finding: dict[str, Any] = {
        **dict.fromkeys(("clock_id", "terms_version", "obligation_id", "party_id", "area_id", "judgement", "occurrence", "responsibility"), "x"),
        **dict.fromkeys(("effect_ratio", "effect_ratio_lo95", "effect_ratio_hi95", "e_value")),
        "finding_id": "fnd-1",
        "period_start": "2022-05-01T00:00:00Z",
        "period_stop": "2022-06-01T00:00:00Z",
        "details": {"headline": "It fell.", "reasons": [reason] * reasons, "would_change": []},
    }  # fmt: skip
    (folder / "findings.json").write_text(json.dumps({"run_id": "run-1", "findings": [finding]}))
    lines = [{"kind": "run", "run_id": "run-1"}]
    lines += [{"kind": "file", "run_id": "run-1", "source": source, "file": label, "sha256": digest_file(path)} for label, (source, path) in files.items()]  # fmt: skip
    (folder / NAME).write_text(Manifest().append(lines).text(), encoding="utf-8")
    return folder


@pytest.mark.parametrize(("name", "above"), [("semicolons", 0), ("tabs", 2)])
def test_every_row_is_shown_as_its_source_reads_it(name: str, above: int, case: Path, tmp_path: Path) -> None:
    label = f"case:{name}.csv"
    numbers = [number + above for number in NUMBERS]
    out = result(tmp_path / "out", {label: (name, case / f"{name}.csv")}, {label: numbers})
    found = explain(out, "fnd-1", case=case).rows
    for at, number in enumerate(numbers):
        place = ROWS[at][2] + ("\n(со слов)" if at == 3 else "")
        row = found[f"{label}:{number}"]
        assert (row.content, row.note) == (dict(zip(HEADER, (*ROWS[at][:2], place), strict=True)), "")


def test_without_the_case_the_header_tells_the_delimiter(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for delimiter, name in ((",", "commas.csv"), (";", "semicolons.csv"), ("\t", "tabs.tsv")):
        (data / name).write_text(table(delimiter), encoding="utf-8")
    labels = {f"data:{path.name}": ("x", path) for path in sorted(data.iterdir())}
    out = result(tmp_path / "out", labels, {label: [NUMBERS[5]] for label in labels})
    contents = [row.content for row in explain(out, "fnd-1", data=data).rows.values()]
    assert contents == [dict(zip(HEADER, ROWS[5], strict=True))] * 3


def test_what_is_not_at_hand_is_said_once_for_a_file(case: Path, tmp_path: Path) -> None:
    label = "case:semicolons.csv"
    other = "data:other.csv"
    files = {label: ("semicolons", case / "semicolons.csv"), other: ("other", case / "tabs.csv")}
    out = result(tmp_path / "out", files, {label: NUMBERS, other: [2, 3, 9]}, reasons=3)
    explained = explain(out, "fnd-1")
    text = "\n".join(explained.lines())
    assert text.count("not at hand") == 2
    assert text.count(f"{label}:2–5, 7–42") == 3
    assert text.count(f"{other}:2–3, 9") == 3
    assert all(row["note"] for row in explained.as_dict()["rows"])


def test_rows_of_a_list_or_of_features_are_numbered_from_one(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.json").write_text(json.dumps([{"n": 1}, {"n": 2}]))
    features = [{"type": "Feature", "properties": {"n": n}, "geometry": None} for n in (1, 2)]
    (data / "b.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    (data / "c.xml").write_text("<a/>")
    labels = {f"data:{path.name}": ("x", path) for path in sorted(data.iterdir())}
    out = result(tmp_path / "out", labels, {label: [2, 9] for label in labels})
    rows = explain(out, "fnd-1", data=data).rows
    assert [rows[f"data:{name}:2"].content for name in ("a.json", "b.geojson")] == [{"n": 2}, {"n": 2, "geometry": None}]  # fmt: skip
    assert rows["data:a.json:9"].note == "no such row"
    assert "not shown" in rows["data:c.xml:2"].note


def test_a_file_that_changed_since_is_not_shown(case: Path, tmp_path: Path) -> None:
    label, path = "case:semicolons.csv", case / "semicolons.csv"
    out = result(tmp_path / "out", {label: ("semicolons", path)}, {label: [2]})
    path.write_bytes(path.read_bytes() + b"\n")
    (row,) = explain(out, "fnd-1", case=case).rows.values()
    assert row.content is None
    assert "SHA-256 differs" in row.note
    assert InputFile(path, label=label).digest != row.digest
