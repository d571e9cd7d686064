"""YAML files that come with the package: read fast, trusted (tests check them)."""

from __future__ import annotations

from importlib.resources.abc import Traversable
from typing import Any

from ruamel.yaml import YAML


def read_packaged(path: Traversable) -> Any:
    """What stands in a YAML file of the package."""
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))
