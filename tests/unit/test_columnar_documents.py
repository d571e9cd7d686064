"""Figures, posts and sightings: whole columns, small blocks and single cells give the same; so do texts at once."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from test_columnar_sources import N_DAMAGED, SAMPLES, TOKENS, outcome, read_files

from truceline.sources import batches, csv_blocks
from truceline.sources.columns import Seen
from truceline.sources.figure_cells import numbered
from truceline.sources.formats import read_table
from truceline.sources.post_words import are_found, compile_pattern, normal_text, normal_texts
from truceline.sources.source import InputFile

WORDS = [*TOKENS, "multiple", "N/K", "3-5km", "W to E", "exercise", "5 May 2031", "12:30", "May 2031", "≥", "at least 4"]  # fmt: skip
FIGURES: list[dict[str, Any]] = [{}, {"numbers": "differences"}, {"numbers": "running_total", "since": "2031-04-01"}, {"absent_is_zero": True, "basis": "it says so"}]  # fmt: skip


@pytest.mark.parametrize("name", ["channel_posts", "figures", "sightings"])
def test_whole_columns_blocks_and_single_cells_give_the_same(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = json.loads((SAMPLES / name / "sample.json").read_text())
    shutil.copytree(SAMPLES / name, tmp_path / name)
    main = tmp_path / name / facts["main"]
    header, *rows = main.read_text().splitlines(keepends=True)
    rng = random.Random(name)
    for turn in range(N_DAMAGED):
        mixed = rows * 3
        rng.shuffle(mixed)
        text = header + "".join(mixed)
        for _ in range(rng.randint(0, 6)):
            at = rng.randrange(len(header), len(text))
            text = text[:at] + rng.choice(WORDS) + text[at + rng.randint(0, 5) :]
        main.write_text(text)
        files = [tmp_path / name / file for file in facts["files"]]
        options = {**facts["options"], **(FIGURES[turn % len(FIGURES)] if name == "figures" else {})}
        found = []
        for block_bytes, by_row in ((4 << 20, False), (90, False), (4 << 20, True)):
            monkeypatch.setattr(csv_blocks, "BLOCK_BYTES", block_bytes)
            monkeypatch.setattr(batches, "ALL_BY_ROW", by_row)
            found.append(outcome(lambda files=files, options=options: read_files(name, files, options)))
        assert found[0] == found[1]
        assert found[0] == found[2]


MARKS = st.sampled_from(["a", "É", "ß", "ﬁ", " ", "  ", "\n", "\t", "\xa0", "\u200d", "\ufeff", "\u0301", "\u2980", "İ", "각", "\x85", "\u3000", "👩\u200d🚒"])  # fmt: skip


@given(st.lists(st.one_of(st.text(max_size=8), st.lists(MARKS, max_size=8).map("".join)), max_size=9))
def test_texts_at_once_are_normalised_as_one_by_one(texts: list[str]) -> None:
    assert normal_texts(texts) == [normal_text(text) for text in texts]


@pytest.mark.parametrize("pattern", ["удар", "Two Words", "a.b", r"\bab", "x|y", "("[:0]])
@given(st.lists(st.text("ab xyударtwowords.", max_size=12), max_size=6))
def test_plain_words_are_found_as_patterns_are(pattern: str, texts: list[str]) -> None:
    compiled = compile_pattern(pattern)
    assert are_found(pattern, texts) == [compiled.search(text) is not None for text in texts]


@given(st.lists(st.lists(st.integers(0, 30), max_size=20), max_size=12))
def test_a_record_is_met_first_once(parts: list[list[int]]) -> None:
    seen, known = Seen(), set[int]()
    for part in parts:
        expected = [value not in known and value not in part[:at] for at, value in enumerate(part)]
        assert seen.first(np.array(part, np.uint64)).tolist() == expected
        known.update(part)


@given(st.lists(st.tuples(st.integers(0, 2**40), st.integers(0, 2**40)), max_size=20))
def test_combinations_are_numbered_in_their_order(pairs: list[tuple[int, int]]) -> None:
    keys = np.array(pairs, np.int64).reshape(-1, 2)
    order = {pair: place for place, pair in enumerate(sorted(set(pairs)))}
    assert numbered(keys[:, 0], keys[:, 1]).tolist() == [order[pair] for pair in pairs]


KML = '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark>{}</Placemark></Document></kml>'
PLACES = ["12.5,45.5", " 12.5,45.5,0\n", "1, 2", "1,2 3,4", "1,2 3", "a,b", "\n a,b", "", "1", "1,2,3,4", "nan,1", ",", "1,", "1_0,2"]  # fmt: skip


@pytest.mark.parametrize("text", PLACES)
def test_a_point_alone_is_read_as_one_among_several_shapes(text: str, tmp_path: Path) -> None:
    found = []
    for form in ("{}", "<MultiGeometry>{}</MultiGeometry>"):
        path = tmp_path / "t.kml"
        path.write_text(KML.format(form.format(f"<Point><coordinates>{text}</coordinates></Point>")))
        (row,) = read_table(InputFile(path, label="t.kml"), row_numbers=True).to_pylist()
        drawn = None if row["geometry"] is None else shapely.get_coordinates(shapely.from_wkb(row["geometry"])).tolist()  # fmt: skip
        found.append((repr(drawn), (row["#fault"] or "").partition(": ")[2]))
    assert found[0] == found[1]
