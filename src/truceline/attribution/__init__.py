"""Incident → probability per party, or "cannot be attributed"."""

from truceline.attribution.attribute import attribute
from truceline.attribution.grounds import Grounds, LineView, see_grounds, view_line
from truceline.attribution.model import FireModel

__all__ = ["FireModel", "Grounds", "LineView", "attribute", "see_grounds", "view_line"]
