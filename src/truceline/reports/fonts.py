"""The typeface of the reports: one family, brought as a package, the same on every machine."""

from __future__ import annotations

import base64
from functools import cache
from importlib.resources import files
from pathlib import Path

FAMILY = "IBM Plex Sans"


def font_folder() -> Path:
    """Where the font files lie, for the typesetter."""
    return Path(str(files("fontpkg_ibm_plex_sans") / "files"))


@cache
def upright_data_uri() -> str:
    """The upright variable font as a ``data:`` address, so that a page needs nothing else."""
    content = (font_folder() / "IBMPlexSans[wdth,wght].ttf").read_bytes()
    return "data:font/ttf;base64," + base64.b64encode(content).decode("ascii")
