"""Bytes → tables: one file per source or format, each a plug-in (see ``source.Source``)."""
