"""XML that cannot harm its reader: no entities of its own, no files from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from truceline.base.errors import InputError, Problem
from truceline.sources.source import InputFile

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")


def xml_text(file: InputFile) -> str:
    """The file as text, by the encoding that its first line declares.

    Raises
    ------
    InputError
        If it cannot be decoded so.
    """
    content = file.bytes()
    declared = _DECLARED.match(content[:400])
    name = declared[1].decode("ascii").casefold() if declared is not None else "utf-8"
    if name in ("utf-8", "utf8", "us-ascii", "ascii"):
        return file.text()
    try:
        return content.decode(name)
    except (LookupError, UnicodeError) as error:
        raise InputError(
            Problem(code="file_not_text", message=f"the file is not in the encoding that it declares ({error})", file=file.label, row=1, got=name, expected="UTF-8, or the encoding declared", next_step="Convert the file to UTF-8")
        ) from error  # fmt: skip


def parse_xml(text: str, *, label: str) -> Element:
    """The root of a document.

    Raises
    ------
    InputError
        If it is not whole XML, or declares entities (which can unfold to any size).
    """
    try:
        root: Element = fromstring(text)
    except DefusedXmlException as error:
        raise InputError(
            Problem(code="file_format", message="the XML declares entities, which are not unfolded", file=label, got=type(error).__name__, expected="XML without entities of its own", next_step="Take the declaration out, or fetch the file from its publisher")
        ) from error  # fmt: skip
    except ParseError as error:
        line, column = error.position
        cut = line >= text.rstrip().count("\n") + 1 and ("no element found" in str(error) or "unclosed" in str(error))  # fmt: skip
        raise InputError(
            Problem(code="file_truncated" if cut else "file_format", message=f"the file is not whole XML ({error})", file=label, row=line, column=str(column + 1), expected="an XML document", next_step="Fetch the file again")
        ) from error  # fmt: skip
    except (ValueError, RecursionError, UnicodeError) as error:
        raise InputError(
            Problem(code="file_format", message=f"the file is no XML that can be read ({str(error)[:120]})", file=label, expected="an XML document", next_step="Fetch the file again")
        ) from error  # fmt: skip
    return root


def local_name(element: Element) -> str:
    """The tag without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def children(element: Element, name: str) -> Iterator[Element]:
    """Children of a local name, whatever their namespace."""
    return (child for child in element if local_name(child) == name)


def text_at(element: Element, path: str) -> str | None:
    """Text under ``a/b/c`` (the first of each), stripped; None where there is none."""
    here: Element | None = element
    for name in path.split("/"):
        here = next(children(here, name), None) if here is not None else None
    text = (here.text or "").strip() if here is not None else ""
    return text or None
