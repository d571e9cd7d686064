"""Findings as pictures: map layers that a report carries, on paper and on screen."""
