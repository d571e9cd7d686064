"""Copies and primary sources: who said it first."""

from truceline.origins.collapse import collapse_copies
from truceline.origins.copies import Copies, count_copies

__all__ = ["Copies", "collapse_copies", "count_copies"]
