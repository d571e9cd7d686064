"""Copies and primary sources: who said it first."""

from truceline.origins.collapse import collapse_copies

__all__ = ["collapse_copies"]
