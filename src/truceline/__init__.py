"""Truceline: verify a ceasefire from open evidence, and say what cannot be known.

The package is laid out as the data flow: bytes become tables (``sources``), tables become
incidents (``fusion``), incidents and counts become findings (``findings``), findings become
documents (``reports``). ``docs/life-of-an-observation.md`` follows one record through it.
"""

__version__ = "0.1.0"
