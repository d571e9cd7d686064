"""Columns as text, whole columns at a time: ISO times, JSON values, list cells, safe cells.

Everything here takes Arrow arrays and gives Arrow arrays of text, so that a million rows are
written in seconds; no value passes through Python unless it needs escaping.
"""

from __future__ import annotations

import json
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Array: TypeAlias = pa.Array
#: what JSON must escape in a string
_ESCAPED = r'["\\\x00-\x1f\x7f]'
#: a cell that begins so is a formula to a spreadsheet; the sign alone is none
_FORMULA = r"(?s)^[=+\-@\t\r]."
#: between the values of a list in one cell (HXL attribute +list)
LIST_MARK = "|"


def whole(column: pa.ChunkedArray | Array) -> Array:
    """One array from a column, whatever its chunks."""
    if isinstance(column, pa.ChunkedArray):
        return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    return column


def iso_times(times: Array) -> Array:
    """Times as ISO 8601 in UTC with a Z; microseconds only where there are any; null stays null."""
    naive = times.cast(pa.timestamp("us"))
    text = pc.strftime(naive, format="%Y-%m-%dT%H:%M:%S")
    text = pc.replace_substring_regex(text, pattern=r"\.0+$", replacement="")
    return pc.binary_join_element_wise(text, "Z", "", null_handling="emit_null")


def plain(array: Array) -> Array:
    """Any column as the text of a cell: lists joined by ``|``, mappings as ``name=number``."""
    kind = array.type
    if pa.types.is_string(kind):
        return array
    if pa.types.is_timestamp(kind):
        return iso_times(array)
    if pa.types.is_list(kind):
        return pc.binary_join(array, LIST_MARK)
    if pa.types.is_map(kind):
        maps = _fresh(array)
        pairs = pc.binary_join_element_wise(maps.keys, maps.items.cast(pa.string()), "=")
        return pc.binary_join(_lists_like(maps, pairs), LIST_MARK)
    if pa.types.is_floating(kind):
        array = pc.if_else(pc.is_finite(array), array, None)
    return array.cast(pa.string())


def safe(text: Array) -> Array:
    """Text that no spreadsheet takes for a formula: an apostrophe stands before = + - @."""
    risky = pc.match_substring_regex(text, _FORMULA)
    if not pc.any(risky).as_py():
        return text
    return pc.if_else(risky, pc.binary_join_element_wise("'", text, ""), text)


def json_values(array: Array) -> Array:
    """Each value as JSON; null is the word ``null``, as is a number that is not finite."""
    kind = array.type
    if pa.types.is_null(kind):
        return pa.array(["null"] * len(array))
    if pa.types.is_string(kind):
        text = json_strings(array)
    elif pa.types.is_timestamp(kind):
        text = pc.binary_join_element_wise('"', iso_times(array), '"', "")
    elif pa.types.is_list(kind):
        lists = _fresh(array)
        quoted = _lists_like(lists, json_strings(lists.values))
        text = pc.binary_join_element_wise("[", pc.binary_join(quoted, ","), "]", "")
    elif pa.types.is_map(kind):
        maps = _fresh(array)
        pairs = pc.binary_join_element_wise(json_strings(maps.keys), json_values(maps.items), ":")
        text = pc.binary_join_element_wise("{", pc.binary_join(_lists_like(maps, pairs), ","), "}", "")
    elif pa.types.is_floating(kind):
        text = pc.if_else(pc.is_finite(array), array.cast(pa.string()), None)
    else:
        text = array.cast(pa.string())
    return pc.fill_null(text, "null")


def json_strings(array: Array) -> Array:
    """Text in quotes, escaped where it must be; null stays null."""
    quoted = pc.binary_join_element_wise('"', array, '"', "")
    risky = pc.fill_null(pc.match_substring_regex(array, _ESCAPED), False)
    if not pc.any(risky).as_py():
        return quoted
    escaped = pa.array([json.dumps(text, ensure_ascii=False) for text in array.filter(risky).to_pylist()])
    return pc.replace_with_mask(quoted, risky, escaped)


def json_objects(columns: dict[str, Array]) -> Array:
    """Rows as JSON objects, their keys in the order given."""
    parts: list[object] = []
    for position, (name, values) in enumerate(columns.items()):
        parts += [f"{'{' if position == 0 else ','}{json.dumps(name)}:", json_values(values)]
    return pc.binary_join_element_wise(*parts, "}", "")


def point_wkb(longitude_deg: Array, latitude_deg: Array) -> Array:
    """Points as WKB; null where either coordinate is."""
    known = pc.and_(pc.is_valid(longitude_deg), pc.is_valid(latitude_deg)).to_numpy(zero_copy_only=False)
    record = np.dtype([("order", "u1"), ("kind", "<u4"), ("x", "<f8"), ("y", "<f8")])
    points: npt.NDArray[np.void] = np.zeros(int(known.sum()), dtype=record)
    points["order"], points["kind"] = 1, 1
    points["x"] = longitude_deg.to_numpy(zero_copy_only=False)[known]
    points["y"] = latitude_deg.to_numpy(zero_copy_only=False)[known]
    offsets = np.zeros(len(known) + 1, dtype=np.int32)
    np.cumsum(known * record.itemsize, out=offsets[1:])
    bits = pa.array(known).buffers()[1]
    return pa.Array.from_buffers(
        pa.binary(), len(known), [bits, pa.py_buffer(offsets.tobytes()), pa.py_buffer(points.tobytes())]
    )


def _fresh(array: Array) -> Array:
    """The same lists or mappings without a rest before or after them, as a slice has."""
    return array.take(pa.array(np.arange(len(array)))) if array.offset else array


def _lists_like(array: Array, values: Array) -> Array:
    """``values``, one for each entry of a column of lists or mappings, gathered row by row."""
    lengths = np.diff(array.offsets.to_numpy(zero_copy_only=False))
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    gathered = pa.ListArray.from_arrays(pa.array(offsets), values)
    return pc.if_else(pc.is_valid(array), gathered, None)
