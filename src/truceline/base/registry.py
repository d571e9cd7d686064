"""Built-in parts are plug-ins: one file each, registered by a decorator, no edit elsewhere."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

P = TypeVar("P", bound=type[Any])


class Registry(Generic[P]):
    """Plug-ins of one kind by name; each carries a name, a version that findings record, a title for people.

    ``package`` is imported whole on the first look-up, so that adding a file is enough.
    """

    def __init__(self, kind: str, package: str) -> None:
        self.kind = kind
        self._package = package
        self._plugins: dict[str, P] = {}
        self._loaded = False

    def add(self, plugin: P) -> P:
        """Register a class (use as a decorator).

        Raises
        ------
        ValueError
            If the name is taken.
        """
        name: str = plugin.name
        if name in self._plugins and self._plugins[name] is not plugin:
            raise ValueError(f"{self.kind} {name!r} is registered twice")
        self._plugins[name] = plugin
        return plugin

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        package = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{self._package}.{module.name}")

    def get(self, name: str) -> P | None:
        """The plug-in of that name, or None."""
        self._load()
        return self._plugins.get(name)

    def names(self) -> list[str]:
        """Every name, sorted."""
        self._load()
        return sorted(self._plugins)

    def __iter__(self) -> Iterator[P]:
        self._load()
        return iter(self._plugins[name] for name in self.names())
