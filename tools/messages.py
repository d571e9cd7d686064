"""Catalogs of messages: find every sentence of the program, bring the catalogs up to date, compile them.

``python tools/messages.py`` does all three and says what is left to translate; ``--check`` changes
nothing and fails where something would change or is not translated. Babel is needed here alone;
the program itself reads the compiled catalogs with the standard library.
"""

from __future__ import annotations

import argparse
import ast
import gettext
import io
import re
import string
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "truceline"
LANGUAGES = ("uk", "ru")
KEYWORDS: dict[str, Any] = {
    **DEFAULT_KEYWORDS,
    "N_": None,
    "N_n": (1, 2),
    "NC_": ((1, "c"), 2),
    "tr": None,
}
#: no clock: the same sentences give the same bytes
FIXED = datetime(2026, 1, 1, tzinfo=UTC)
#: what of a question of the review is told in every language
QUESTION_FIELDS = ("question", "why", "who", "harm", "clause", "precedent")
_CALL = re.compile(r'\b(?:_|tr)\(\s*("(?:[^"\\]|\\.)*")')


def extract_calls(
    fileobj: BinaryIO, *_asked: Any, **_options: Any
) -> Iterator[tuple[int, str, str, list[str]]]:
    """Sentences in ``_("…")`` of scripts and ``tr("…")`` of the typesetter's source."""
    text = fileobj.read().decode("utf-8")
    for found in _CALL.finditer(text):
        literal = found.group(1)[1:-1].replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")
        yield text.count("\n", 0, found.start()) + 1, "_", literal, []


def extract_code(fileobj: BinaryIO, *asked: Any, **options: Any) -> Iterator[Any]:
    """Sentences of a module; also those in ``{_('…')}`` of a text with values, which Babel passes over."""
    yield from extract_python(fileobj, *asked, **options)
    fileobj.seek(0)
    for text in (node for node in ast.walk(ast.parse(fileobj.read())) if isinstance(node, ast.JoinedStr)):
        for call in ast.walk(text):
            match call:
                case ast.Call(func=ast.Name(id="_"), args=[ast.Constant(value=str(sentence))]):
                    yield call.lineno, "_", sentence, []


def extract_names(
    fileobj: BinaryIO, *_asked: Any, **_options: Any
) -> Iterator[tuple[int, str, str, list[str]]]:
    """Names that the package's own lists give to means of monitoring, to issues and to who answers them."""
    content = YAML(typ="safe").load(fileobj.read().decode("utf-8"))
    for row in content["means"] if isinstance(content, dict) else content:
        for field in ("name", "answers"):
            if field in row:
                yield 1, "_", row[field], []


def extract_questions(
    fileobj: BinaryIO, *_asked: Any, **_options: Any
) -> Iterator[tuple[int, str, str, list[str]]]:
    """Questions of the review, and what is told beside each."""
    for row in YAML(typ="safe").load(fileobj.read().decode("utf-8")):
        for field in QUESTION_FIELDS:
            if field in row:
                yield 1, "_", row[field], []


def extract() -> Catalog:
    """Every message of the program, sorted."""
    catalog = _empty(None)
    methods: list[tuple[str, Any]] = [
        ("**.py", extract_code),
        ("**.j2", "jinja2"),
        ("**.js", extract_calls),
        ("**.typ", extract_calls),
        ("terms/acts.yaml", extract_names),
        ("terms/catalogue.yaml", extract_questions),
        ("talks/lexicon/issues.yaml", extract_names),
    ]
    options = {"**.j2": {"silent": "false", "trimmed": "false"}}
    found = extract_from_dir(PACKAGE, methods, options, keywords=KEYWORDS, comment_tags=())
    for file, _line, message, _comments, context in found:
        catalog.add(message, None, [(Path(file).as_posix(), 1)], context=context)
    return catalog


def _empty(language: str | None) -> Catalog:
    return Catalog(
        locale=language,
        project="truceline",
        version="1",
        copyright_holder="the contributors of Truceline",
        msgid_bugs_address="",
        creation_date=FIXED,
        revision_date=FIXED,
        last_translator="the contributors of Truceline",
        language_team=language or "",
        fuzzy=False,
        header_comment="# Sentences of Truceline. Words: docs/glossary.md. Written by tools/messages.py.",
    )


def po_path(language: str) -> Path:
    """The catalog of a language as text."""
    return PACKAGE / "locale" / language / "LC_MESSAGES" / "truceline.po"


def read_catalog(language: str) -> Catalog:
    """The catalog as it stands; empty where there is none."""
    path = po_path(language)
    if not path.is_file():
        return _empty(language)
    with path.open("rb") as handle:
        return read_po(handle, locale=language)


def updated(language: str, template: Catalog) -> Catalog:
    """The catalog with every message of ``template`` and no other; translations are kept."""
    old, new = read_catalog(language), _empty(language)
    for message in _messages(template):
        known = old.get(_key(message), message.context)
        translation = known.string if known is not None else ""
        if isinstance(message.id, tuple) and not isinstance(translation, tuple | list):
            translation = ("", "", "")
        new.add(
            message.id,
            translation,
            sorted({(file, 1) for file, _ in message.locations}),
            context=message.context,
        )
    return new


def _messages(catalog: Catalog) -> list[Message]:
    return sorted((m for m in catalog if m.id), key=lambda m: (_key(m), m.context or ""))


def _key(message: Message) -> str:
    return str(message.id[0] if isinstance(message.id, tuple | list) else message.id)


def po_bytes(catalog: Catalog) -> bytes:
    """The catalog as text, sorted, with files and without lines."""
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=0, sort_output=True, include_lineno=False)
    return re.sub(rb'"Generated-By: .*\n', b"", buffer.getvalue())


def mo_bytes(catalog: Catalog) -> bytes:
    """The catalog compiled."""
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def translations(mo: bytes) -> dict[Any, str]:
    """What a compiled catalog says, without its header."""
    content: dict[Any, str] = dict(gettext.GNUTranslations(io.BytesIO(mo))._catalog)  # type: ignore[attr-defined]  # the one way to list it
    content.pop("", None)
    return content


def placeholders(text: str) -> list[str]:
    """Names in braces, sorted; those of ``{n}`` left out, which a form for one may do without."""
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name and name != "n")


def faults(language: str, template: Catalog) -> Iterable[str]:
    """What is wrong with a catalog: missing, left over, not translated, other placeholders."""
    catalog = read_catalog(language)
    wanted = {(_key(m), m.context) for m in _messages(template)}
    there = {(_key(m), m.context) for m in _messages(catalog)}
    yield from (f"{language}: not in the catalog: {key}" for key, _ in sorted(wanted - there, key=str))
    yield from (f"{language}: no longer in the program: {key}" for key, _ in sorted(there - wanted, key=str))
    for message in _messages(catalog):
        forms = [message.string] if isinstance(message.string, str) else list(message.string or ("",))
        if message.fuzzy:
            yield f"{language}: fuzzy: {_key(message)}"
        if not all(forms):
            yield f"{language}: not translated: {_key(message)}"
            continue
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        for form in forms:
            if placeholders(form) != placeholders(ids[-1]):
                yield f"{language}: other placeholders: {_key(message)}"


def main() -> int:
    """Update and compile, or check; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--check", action="store_true", help="change nothing; fail where something is to be done"
    )
    only_check = parser.parse_args().check
    template = extract()
    found: list[str] = []
    for language in LANGUAGES:
        if not only_check:
            catalog = updated(language, template)
            path = po_path(language)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(po_bytes(catalog))
            path.with_suffix(".mo").write_bytes(mo_bytes(read_catalog(language)))
        elif translations(po_path(language).with_suffix(".mo").read_bytes()) != translations(
            mo_bytes(read_catalog(language))
        ):
            found.append(f"{language}: the compiled catalog is not that of the text")
        found += faults(language, template)
    sys.stdout.write("".join(line + "\n" for line in found))
    sys.stdout.write(f"{len(_messages(template))} messages, {len(found)} faults\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
