"""List the plug-ins: what they are called, what they read, which options they take."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from truceline.base.documents import Model
from truceline.exports.export import EXPORTS
from truceline.sources.source import SOURCES


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginInfo:
    """A registered plug-in; ``options_schema`` is the JSON Schema of its options."""

    kind: str
    name: str
    version: str
    title: str
    about: str  #: its module's documentation
    options_schema: dict[str, Any]

    def options(self) -> list[tuple[str, str, str, str]]:
        """Name, type, default and meaning of each option, in their order."""
        required = self.options_schema.get("required", [])
        definitions = self.options_schema.get("$defs", {})
        return [
            (
                name,
                _type_words(entry, definitions),
                "required" if name in required else _default_words(entry),
                entry.get("description", ""),
            )
            for name, entry in self.options_schema.get("properties", {}).items()
        ]

    def option_lines(self) -> list[str]:
        """The options, a line each."""
        return [
            f"{name} ({kind}, {default if default == 'required' else 'default ' + default}): {meaning}"
            for name, kind, default, meaning in self.options()
        ]


def list_plugins() -> list[PluginInfo]:
    """Every plug-in of this installation, by kind and name: what reads, then what writes."""
    found = []
    for plugin in SOURCES:
        options: type[Model] = plugin.Options
        found.append(
            PluginInfo(
                kind=SOURCES.kind,
                name=plugin.name,
                version=plugin.version,
                title=plugin.title,
                about=(sys.modules[plugin.__module__].__doc__ or "").strip(),
                options_schema=options.model_json_schema(),
            )
        )
    found += [
        PluginInfo(
            kind=EXPORTS.kind,
            name=export.name,
            version=export.version,
            title=export.title,
            about=(sys.modules[export.__module__].__doc__ or "").strip(),
            options_schema={"properties": {}},
        )
        for export in EXPORTS
    ]
    return found


def _default_words(entry: dict[str, Any]) -> str:
    default = entry.get("default")
    if default is None:
        return "none"
    return str(default) if default != [] and default != {} else "empty"


def _type_words(entry: dict[str, Any], definitions: dict[str, Any]) -> str:
    """A JSON Schema type in words: ``number or none``, ``list of text``."""
    if "$ref" in entry:
        name = entry["$ref"].rsplit("/", 1)[-1]
        return _type_words(definitions.get(name, {}), definitions)
    if "anyOf" in entry:
        return " or ".join(dict.fromkeys(_type_words(choice, definitions) for choice in entry["anyOf"]))
    if "enum" in entry:
        return " | ".join(map(str, entry["enum"]))
    if "const" in entry:
        return str(entry["const"])
    words = {"string": "text", "integer": "whole number", "boolean": "true or false", "null": "none"}
    kind: str = entry.get("type", "anything")
    if kind == "array":
        return f"list of {_type_words(entry.get('items', {}), definitions)}"
    if kind == "object":
        values = entry.get("additionalProperties")
        return f"mapping to {_type_words(values, definitions)}" if isinstance(values, dict) else "mapping"
    return words.get(kind, kind)
