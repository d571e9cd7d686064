"""Geodata and tables in the formats that people keep them in, read as Arrow batches.

`open_batches` is the way in; which module reads what is said in `open.py`.
"""

from truceline.sources.formats.layer import FAULT, GEOMETRY, ROW, ReadOptions
from truceline.sources.formats.open import SUFFIXES, open_batches, read_table, tell_format

__all__ = [
    "FAULT",
    "GEOMETRY",
    "ROW",
    "SUFFIXES",
    "ReadOptions",
    "open_batches",
    "read_table",
    "tell_format",
]
