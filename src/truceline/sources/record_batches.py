"""Records of a JSON list in batches, nested ones laid flat, with the words of single rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from truceline.schema.table import Record
from truceline.sources.batches import Batch
from truceline.sources.json_paths import flat_record
from truceline.sources.rows import Row, Sheet

_BATCH_ROWS = 65_536


def record_batches(sheet: Sheet, items: Sequence[Any], *, columns: Iterable[str]) -> Iterator[Batch]:
    """The items, first = 1; each batch is to be settled before the next is asked for."""
    names = list(columns)
    for start in range(0, len(items), _BATCH_ROWS):
        part = items[start : start + _BATCH_ROWS]
        flat = [flat_record(item) if isinstance(item, dict) else {"": item} for item in part]
        sheet.account.rows_read += len(flat)
        batch = Batch(
            sheet,
            numbers=np.arange(start + 1, start + 1 + len(flat)),
            columns={
                name: pa.array([_text(record.get(name)) for record in flat], pa.string()) for name in names
            },
            values_at=flat.__getitem__,
        )
        yield batch
        batch.close()
    sheet.check_filled()


def message_batches(sheet: Sheet, messages: Sequence[Record]) -> Iterator[Batch]:
    """Messages of an export, first = 1; notices of the service are left out, what is none is put aside."""
    for start in range(0, len(messages), _BATCH_ROWS):
        part = list(enumerate(messages[start : start + _BATCH_ROWS], start=start + 1))
        sheet.account.rows_read += len(part)
        sheet.account.rows_outside += sum(record["kind"] == "service" for _, record in part)
        for number, record in part:
            if record["kind"] == "broken":
                row = Row(sheet, number, record)
                row.wrong("value_type", "not a message", got=str(record["text"])[:80], expected="a JSON object with id, date and text")  # fmt: skip
                row.close()
        whole = [(number, record) for number, record in part if record["kind"] == "message"]
        names = dict.fromkeys(name for _, record in whole for name in record)
        batch = Batch(
            sheet,
            numbers=np.array([number for number, _ in whole], np.int64),
            columns={name: pa.array([_text(record.get(name)) for _, record in whole], pa.string()) for name in names},
            values_at=[record for _, record in whole].__getitem__,
        )  # fmt: skip
        if whole:
            yield batch
            batch.close()
    sheet.check_filled()


def _text(value: Any) -> str | None:
    """A value as text; half of a pair of surrogates, which JSON can hold and no file, becomes a mark."""
    return None if value is None else str(value).encode("utf-8", "replace").decode("utf-8")
