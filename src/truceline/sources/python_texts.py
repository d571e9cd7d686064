"""Arrow values as texts, the way Python's ``str`` writes them: what ids are made of."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.sources.columns import float_texts, moment_texts


def python_texts(values: pa.Array, *, keep_null: bool = False) -> pa.Array:
    """``str`` of every value; null is ``None``, or stays null."""
    texts = _texts(values)
    missing = None if keep_null else "None"
    if not values.null_count:
        return texts
    return pc.if_else(pc.is_valid(values), texts, pa.scalar(missing, pa.string()))


def _texts(values: pa.Array) -> pa.Array:
    kind = values.type
    if pa.types.is_string(kind):
        return values
    if pa.types.is_null(kind):
        return values.cast(pa.string())
    if pa.types.is_boolean(kind):
        return pc.if_else(values, "True", "False")
    if pa.types.is_integer(kind) or pa.types.is_date32(kind):
        return pc.cast(values, pa.string())
    if pa.types.is_float64(kind):
        numbers = pc.fill_null(values, 0.0).to_numpy(zero_copy_only=False)
        texts = float_texts(numbers)
        odd = np.isnan(numbers)
        return pc.replace_with_mask(texts, pa.array(odd), pa.array(["nan"] * int(odd.sum()), pa.string())) if odd.any() else texts  # fmt: skip
    if pa.types.is_timestamp(kind) and kind.tz in (None, "UTC"):
        us = pc.fill_null(values.cast(pa.timestamp("us", tz=kind.tz), safe=False).cast(pa.int64()), 0)
        texts = moment_texts(us.to_numpy(zero_copy_only=False))
        return texts if kind.tz == "UTC" else pc.utf8_slice_codeunits(texts, 0, -6)
    return pa.array([None if value is None else str(value) for value in values.to_pylist()], pa.string())
