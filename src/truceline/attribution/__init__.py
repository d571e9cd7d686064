"""Incident → probability per party, or "cannot be attributed"."""

from truceline.attribution.attribute import attribute
from truceline.attribution.line_view import LineView, view_line

__all__ = ["LineView", "attribute", "view_line"]
