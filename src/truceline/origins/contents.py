"""The whole content of records as one canonical text each, made by columns."""

from __future__ import annotations

from json.encoder import encode_basestring_ascii

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.base.columns import codes, known, map_parts, micros, number_rows
from truceline.schema.table import Table


def content_texts(table: Table) -> pa.Array:
    """(n,) canonical JSON of the list of every row's values, each as Python writes it with ``str``."""
    columns = [_quoted(table[name]) for name in table.schema.names]
    joined = pc.binary_join_element_wise(*columns, ",")
    whole = pc.binary_join_element_wise("[", joined, "]", "")
    return pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole


def _quoted(column: pa.ChunkedArray) -> pa.Array:
    """(n,) each value's ``str`` as a JSON string."""
    n, kind = len(column), column.type
    if column.null_count == n:
        return pa.array(['"None"']).take(pa.array(np.zeros(n, dtype=np.int64)))
    if pa.types.is_map(kind):
        return _quoted_maps(column)
    if pa.types.is_timestamp(kind):
        return _quoted_times(column)
    if pa.types.is_integer(kind):
        return pc.fill_null(pc.binary_join_element_wise('"', column.cast(pa.string()), '"', ""), '"None"')
    # most columns say few things many times
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
    words = [encode_basestring_ascii(str(value)) for value in encoded.dictionary.to_pylist()]
    index = pc.fill_null(encoded.indices.cast(pa.int64()), len(words))
    return pa.array([*words, '"None"'], type=pa.string()).take(index)


def _quoted_times(column: pa.ChunkedArray) -> pa.Array:
    """``2031-03-04 00:15:54+00:00``, with microseconds only where there are any."""
    there, micro = known(column), micros(column)
    text = pa.array(micro // 1_000_000, type=pa.int64()).cast(pa.timestamp("s")).cast(pa.string())
    quoted = pc.binary_join_element_wise('"', text, '+00:00"', "")
    quoted = pc.if_else(pa.array(there), quoted, '"None"')
    finer = there & (micro % 1_000_000 != 0)
    if finer.any():
        values = column.filter(pa.array(finer)).to_pylist()
        quoted = pc.replace_with_mask(quoted, pa.array(finer), pa.array([f'"{value}"' for value in values]))
    return quoted


def _quoted_maps(column: pa.ChunkedArray) -> pa.Array:
    """A map as a list of pairs; each distinct map is written once."""
    rows, keys, values = map_parts(column)
    size = np.bincount(rows, minlength=len(column))
    code, names = codes(pa.chunked_array([keys]))
    # nearly all have one entry: those are told apart by its key and value alone
    single = size[rows] == 1
    pair, n_pairs = number_rows([code[single], values[single].view(np.int64)])
    first = np.empty(n_pairs, dtype=np.int64)
    first[pair] = np.flatnonzero(single)
    words = [
        encode_basestring_ascii(str([(names[k], value)]))
        for k, value in zip(code[first].tolist(), values[first].tolist(), strict=True)
    ]
    index = np.full(len(column), len(words), dtype=np.int64)
    index[rows[single]] = pair
    words.append('"[]"')
    several: dict[int, list[tuple[str, float]]] = {}
    for row, k, value in zip(
        rows[~single].tolist(), code[~single].tolist(), values[~single].tolist(), strict=True
    ):
        several.setdefault(row, []).append((names[k], value))
    for row, entries in several.items():
        index[row] = len(words)
        words.append(encode_basestring_ascii(str(entries)))
    return pa.array(words, type=pa.string()).take(pa.array(index))
