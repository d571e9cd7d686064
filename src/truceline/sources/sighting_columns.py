"""What a table of sightings says, as columns of a record: ids, words for a reader, observers, looks."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from truceline.base.canonical import short_id
from truceline.sources.columns import Hashes, Reals, coded, hashes_of, json_start, json_texts, mask_of
from truceline.sources.distinct import distinct, numbers_of, texts_of
from truceline.sources.gather import joined
from truceline.sources.sighting_words import read_bearing

#: what goes into the text of the record, in this order
TOLD = ("location", "distance", "bearing", "means", "number", "observation", "description", "weapon", "note")
_NONE = pa.scalar(None, pa.string())


def row_hashes(source_id: str, told: Mapping[str, pa.Array], *, n: int) -> Hashes:
    """Hashes of ``[source_id, content]``; the content is canonical JSON of the cells that are filled.

    A JSON text within JSON: what is escaped in a cell is escaped twice, the quotes around it once.
    """
    cells = {kind: json_texts(json_texts(words)) for kind, words in sorted(told.items())}
    filled = {kind: pc.if_else(pc.is_valid(told[kind]), words, _NONE) if told[kind].null_count else words for kind, words in cells.items()}  # fmt: skip
    text = _labelled(filled, before='\\"', after='\\":\\"', end='\\"', by=",", n=n)
    return hashes_of(
        joined(f'{json_start(source_id)}","{{', text, '}"]', by="").cast(pa.binary()).to_pylist()
    )


def told_texts(told: Mapping[str, pa.Array], *, n: int) -> pa.Array:
    """What a reader of the record should see; null where nothing is said."""
    text = _labelled({kind: told[kind] for kind in TOLD if kind in told}, after=": ", by="; ", n=n)
    return pc.if_else(pc.equal(text, ""), _NONE, text)


def _labelled(
    columns: Mapping[str, pa.Array], *, after: str, by: str, n: int, before: str = "", end: str = ""
) -> pa.Array:
    """Cells side by side, each with its name; those that are null are left out."""
    if not columns:
        return pa.array([""] * n, pa.string())
    if any(words.null_count for words in columns.values()):
        cells = [pc.binary_join_element_wise(f"{before}{kind}{after}", words, end, "") for kind, words in columns.items()]  # fmt: skip
        return joined(*cells, by=by)
    parts: list[pa.Array | str] = []
    for kind, words in columns.items():
        parts += [f"{end + by if parts else ''}{before}{kind}{after}", words]
    return joined(*parts, end, by="")


def named_observers(observer: pa.Array, x: Reals, y: Reals) -> pa.Array:
    """The observers; one without a name is called by its place."""
    none = mask_of(pc.is_null(observer))
    if not none.any():
        return observer
    names = [f"{one:g} {two:g}" for one, two in zip(x[none].tolist(), y[none].tolist(), strict=True)]
    return pc.replace_with_mask(observer, pa.array(none), pa.array(names, pa.string()))


def look_ids(source_id: str, observer: pa.Array, days: pa.Array) -> pa.Array:
    """A look is one observer's day."""
    known, which = distinct(observer, days)
    return texts_of([short_id("look", source_id, *parts) for parts in known], which)


def fire_directions(descriptions: pa.Array | None) -> Reals | None:
    """Directions towards which was fired, from words such as ``W to E``; NaN where there are none."""
    if descriptions is None:
        return None
    words, which = coded(descriptions)
    towards: Reals = numbers_of([_flight(word) for word in words], which)
    return towards


def _flight(description: str | None) -> float | None:
    """Direction towards which was fired, from words such as ``W to E``; None where there are none."""
    match = re.search(r"\b([NESW]{1,3}) to ([NESW]{1,3})\b", description or "")
    band = read_bearing(match[2]) if match is not None else None
    return None if band is None or band.high is None else ((band.low + band.high) / 2) % 360
