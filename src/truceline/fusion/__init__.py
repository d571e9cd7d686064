"""Observations → incidents."""

from truceline.fusion.associate import associate

__all__ = ["associate"]
