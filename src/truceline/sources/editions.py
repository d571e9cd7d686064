"""Records that files tell more than once, in several editions: the latest is used, the others counted."""

from __future__ import annotations

from collections.abc import Iterator

from truceline.schema.table import Record
from truceline.sources.rows import Row
from truceline.sources.source import ReadContext


class Editions:
    """Observations by id, each with the rows that tell it; give rows of a deferred ``Sheet``."""

    def __init__(self) -> None:
        self._told: dict[str, list[tuple[Row, Record]]] = {}

    def add(self, row: Row, record: Record | None) -> None:
        """Keep what a row tells; a row of which nothing could be made is quarantined."""
        if record is None:
            row.close()
        else:
            self._told.setdefault(record["observation_id"], []).append((row, record))

    def latest(self) -> Iterator[tuple[Row, Record, list[Record]]]:
        """The latest edition of each record, in the order of ids, with the earlier ones.

        The earlier rows are settled as repeated; the latest is left to the source.
        """
        for observation_id in sorted(self._told):
            *earlier, (row, record) = sorted(self._told[observation_id], key=_order)
            for old_row, _ in earlier:
                old_row.repeated()
            yield row, record, [old for _, old in earlier]


def _order(item: tuple[Row, Record]) -> tuple[str, str, str, int]:
    """By the time of its making; then by what it says, not by where it stands."""
    row, record = item
    return (str(record["logged_at"] or ""), repr(content_of(record)), str(record["raw_file"]), -row.number)


def content_of(record: Record) -> Record:
    """What a record says, without where it stands."""
    return {key: value for key, value in record.items() if not key.startswith("raw_")}


def is_needed(record: Record, context: ReadContext) -> bool:
    """Whether an observation touches the case's span and, where it has a point, lies in its region."""
    if record["occurred_from"] >= context.span.stop or record["occurred_until"] <= context.span.start:
        return False
    longitude_deg, latitude_deg = record.get("longitude_deg"), record.get("latitude_deg")
    if longitude_deg is None or latitude_deg is None or context.region is None:
        return True
    return context.region.holds(longitude_deg, latitude_deg)
