"""XML elements with text that XML can hold, written the same everywhere."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from truceline.base.xml_text import clean


def add(parent: ET.Element, tag: str, text: str | None = None, /, **attributes: str) -> ET.Element:
    """A new element under ``parent``; characters that XML cannot hold become U+FFFD."""
    element = ET.SubElement(parent, tag, {key: clean(value) for key, value in attributes.items()})
    if text is not None:
        element.text = clean(text)
    return element


def write_tree(root: ET.Element, path: Path) -> None:
    """Write a document: UTF-8, indented by one, a line break at the end."""
    ET.indent(root, space=" ")
    content = ET.tostring(root, encoding="unicode")
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n{content}\n'
    path.write_text(text, encoding="utf-8", newline="\n")
