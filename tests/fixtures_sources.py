"""A source read from real files, as tests of several modules do it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from truceline.schema import TABLES
from truceline.sources.source import SOURCES, InputFile, ReadContext, SourceTables


def read_real(
    root: Path, name: str, patterns: list[str], *, options: dict[str, Any], **case: Any
) -> SourceTables:
    """The tables of a plug-in over files under ``root``: to their schema, every row accounted for, none bad.

    ``case``: what the source may know of it (fields of ``ReadContext``).
    """
    plugin = SOURCES.get(name)
    assert plugin is not None
    files = [path for pattern in patterns for path in sorted(root.glob(pattern))]
    assert files
    labelled = tuple(InputFile(path, label=f"data:{path.relative_to(root)}") for path in files)
    context = ReadContext(source_id=name, files=labelled, **case)
    tables = plugin(plugin.Options.model_validate(options)).read(context)
    for kind in ("observations", "counts", "coverage", "control", "claims"):
        TABLES[kind].check(getattr(tables, kind))
    for account in tables.files:
        parts = (account.rows_used, account.rows_outside, account.rows_repeated, account.rows_quarantined)
        assert account.left_out or account.rows_read == sum(parts)
    assert not tables.quarantined
    return tables
