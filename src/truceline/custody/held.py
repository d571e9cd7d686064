"""What is kept apart of entries with held fields: files like bundles, for the holder's eyes alone.

A file has up to 256 records, each behind its length in four bytes; of a plain entry, or of one that was
forgotten whole, there are none but the zero length. Unlike tiles these files are replaced: by a longer one
as the log grows, and by a poorer one when something is forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence

from truceline.custody.tile import WIDTH, index_path


def held_path(index: int) -> str:
    """Path of the file that has entry ``index * 256`` and those after it."""
    return f"held/{index_path(index)}"


def pack_held(records: Sequence[bytes]) -> bytes:
    """Records as their file holds them; nothing, and then no file, where nothing is held of any."""
    if not any(records):
        return b""
    return b"".join([part for held in records for part in (len(held).to_bytes(4, "big"), held)])


def unpack_held(content: bytes) -> list[bytes]:
    """Records of a file.

    Raises
    ------
    ValueError
        If it ends within a record, or holds none or too many.
    """
    records, at, end = [], 0, len(content)
    while at < end:
        stop = at + 4 + int.from_bytes(content[at : at + 4], "big")
        if stop > end:
            raise ValueError("held content ends within a record")
        records.append(content[at + 4 : stop])
        at = stop
    if not 0 < len(records) <= WIDTH:
        raise ValueError(f"held content of {len(records)} records")
    return records
