"""Small files as text: rows as CSV, one shape as GeoJSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A header and rows; None is an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([["" if value is None else value for value in row] for row in rows])
    return out.getvalue()


def feature_text(geometry: BaseGeometry) -> str:
    """One feature without properties, of a geometry in WGS 84."""
    feature = {"type": "Feature", "properties": {}, "geometry": mapping(geometry)}
    return json.dumps({"type": "FeatureCollection", "features": [feature]}, separators=(",", ":")) + "\n"
