"""Detection probabilities that the records lower: a bound believes no sensor more than it proved.

A declared probability stands behind every bound. Where what others made sure tells that a source sees less
than was declared of it, the bound takes what the records say; where they tell that it sees more, the bound
keeps what was declared, for sensors that err together look better than they are.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from truceline.base.columns import codes, floats, number_rows
from truceline.base.language import _
from truceline.fusion.posterior import Detects
from truceline.schema.table import Table


def lower_declared(coverage: Table, detects: Iterable[Detects]) -> Table:
    """The coverage, with Beta(a, b) after the records wherever its mean is below the declared."""
    less = {
        (one.source_id, one.act, one.basis, one.declared_a, one.declared_b): (one.a, one.b)
        for one in detects
        if one.a / (one.a + one.b) < one.declared_a / (one.declared_a + one.declared_b)
    }
    if not less or not coverage.num_rows:
        return coverage
    words = [codes(coverage[name]) for name in ("source_id", "act", "detection_p_basis")]
    a, b = floats(coverage["detection_p_a"]), floats(coverage["detection_p_b"])
    number, n = number_rows([*(code for code, _ in words), a, b])
    first = np.full(n, len(number), dtype=np.int64)
    np.minimum.at(first, number, np.arange(len(number)))
    own_a, own_b = a[first], b[first]
    basis = np.array([*words[2][1], None], dtype=object)[words[2][0][first]]
    for k, row in enumerate(first.tolist()):
        source, act, told_by = (None if code[row] < 0 else names[code[row]] for code, names in words)
        found = less.get((source or "", act, told_by or "", float(a[row]), float(b[row])))
        if found is not None:
            own_a[k], own_b[k] = found
            basis[k] = _("{basis}; lowered by the records of this case").format(basis=basis[k])
    told = pa.array(basis.tolist(), pa.string()).take(pa.array(number))
    columns = {"detection_p_basis": told}
    for name, own in (("detection_p_a", own_a[number]), ("detection_p_b", own_b[number])):
        columns[name] = pa.array(own, mask=np.isnan(own))
    for name, values in columns.items():
        place = coverage.schema.get_field_index(name)
        coverage = coverage.set_column(place, coverage.schema.field(name), values)
    return coverage
