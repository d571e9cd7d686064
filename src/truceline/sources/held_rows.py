"""Rows of a user's table whose ids a column gives.

Such an id can be contradicted by a row much later, or in another file: these rows are settled when
every file has been read, so that the order of rows and files decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from truceline.schema.table import Table
from truceline.sources import columns as fast
from truceline.sources.batches import Batch
from truceline.sources.columns import Hashes, Mask, Whole
from truceline.sources.python_texts import python_texts
from truceline.sources.rows import Row, Sheet
from truceline.sources.source import InputFile


@dataclass(slots=True, kw_only=True)
class Held:
    """Rows whose ids a column gives, until every file has been read."""

    sheet: Sheet
    numbers: Whole
    keys: list[str | None]
    contents: Hashes
    sound: Mask
    inside: Mask
    table: Table  #: of the rows that are sound and inside


def content_hashes_of(source_id: str, batch: Batch, positions: Whole) -> Hashes:
    """Hashes of whole records: every column of the file, in the order of their names."""
    at = pa.array(positions)
    parts = [python_texts(batch.columns[name].take(at)) for name in sorted(batch.columns)]
    return fast.content_hashes(source_id, parts, n=len(positions))


def settle_held(
    rows: Sequence[Held], *, key: str, reopen: Callable[[InputFile], Iterator[Batch]]
) -> list[Table]:
    """Tables of what stays: an id given twice with differing content is nobody's; with the same, it is repeated.

    key : the column of ids. reopen : gives a file's batches again.
    """
    contents: dict[str, int] = {}
    disputed: set[str] = set()
    for held in rows:
        for own, content in zip(held.keys, held.contents.tolist(), strict=True):
            if own is not None and contents.setdefault(own, content) != content:
                disputed.add(own)
    parts: list[Table] = []
    seen: set[str] = set()
    refused: dict[int, tuple[Sheet, dict[int, str]]] = {}
    for held in rows:
        keep = []
        for position in np.flatnonzero(held.sound).tolist():
            own, inside = held.keys[position] or "", bool(held.inside[position])
            if own in disputed:
                refused.setdefault(id(held.sheet), (held.sheet, {}))[1][int(held.numbers[position])] = own
            elif own in seen:
                held.sheet.account.rows_repeated += 1
            else:
                held.sheet.account.rows_used += inside
                held.sheet.account.rows_outside += not inside
            if inside:
                keep.append(own not in disputed and own not in seen)
            seen.add(own)
        parts.append(held.table.filter(pa.array(keep, pa.bool_())))
    for sheet, numbers in refused.values():
        _refuse(sheet, numbers, key=key, reopen=reopen)
    return parts


def _refuse(
    sheet: Sheet, rows: dict[int, str], *, key: str, reopen: Callable[[InputFile], Iterator[Batch]]
) -> None:
    """Quarantine rows of a file with their content, which is read again for it."""
    for batch in reopen(sheet.file):
        for position, number in enumerate(batch.numbers.tolist()):
            if number in rows:
                row = Row(sheet, number, batch.row(position).values)
                row.wrong("id_repeated", "two records have this id and differ", column=key, got=rows[number], expected="an id for each record", next_step="Correct the value")  # fmt: skip
                row.close()
