"""YAML files into checked records: every fault at once, each with file, line and column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from truceline.base.errors import CaseError, Problem


class Model(BaseModel):
    """Base of every record that people write: frozen, and no key goes unread."""

    model_config = ConfigDict(extra="forbid", frozen=True)


M = TypeVar("M", bound=BaseModel)

#: years that are reckoned with; beyond, a year is a slip, and days before or after it may not exist
YEARS = range(1800, 2200)


def in_reckoning(moment: datetime) -> datetime:
    """Return ``moment`` if its year is one that is reckoned with.

    Raises
    ------
    ValueError
        If it is not.
    """
    if moment.year not in YEARS:
        raise ValueError(f"the year is not one of {YEARS[0]} to {YEARS[-1]}")
    return moment


#: a time with a zone, as people write it
Moment = Annotated[AwareDatetime, AfterValidator(in_reckoning)]


class _Constructor(RoundTripConstructor):
    """Leaves times as the text that was written: their zone is checked by the model, not guessed."""


_Constructor.add_constructor(
    "tag:yaml.org,2002:timestamp", lambda constructor, node: constructor.construct_scalar(node)
)


class Document:
    """A parsed YAML file that knows where each of its values stands."""

    def __init__(self, path: Path, *, label: str) -> None:
        """Parse ``path``.

        Raises
        ------
        CaseError
            If the file is absent, not UTF-8 or not YAML.
        """
        self.label = label
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except FileNotFoundError as error:
            raise CaseError(
                Problem(code="file_missing", message="no such file", file=label, next_step="Give the folder of a case; `truceline new` begins one")
            ) from error  # fmt: skip
        except UnicodeDecodeError as error:
            raise CaseError(
                Problem(code="file_not_text", message=f"byte {error.start} is not UTF-8", file=label, next_step="Save the file as UTF-8")
            ) from error  # fmt: skip
        try:
            yaml = YAML(typ="rt", pure=True)
            yaml.Constructor = _Constructor
            _refuse_depth(text)
            self.tree: Any = yaml.load(text)
            self.plain = _unfold(self.tree)
        except (RecursionError, _TooMuch) as error:
            raise CaseError(
                Problem(code="yaml_syntax", message="the file unfolds to too many values, or nests too deep", file=label, expected=f"at most {MOST_VALUES:,} values, few levels, aliases sparingly", next_step="Keep large tables in CSV files beside it")
            ) from error  # fmt: skip
        except MarkedYAMLError as error:
            mark = error.problem_mark
            raise CaseError(
                Problem(
                    code="yaml_syntax",
                    message=f"{error.context or ''} {error.problem or ''}".strip(),
                    file=label,
                    row=mark.line + 1 if mark else None,
                    column=str(mark.column + 1) if mark else "",
                    next_step="Mend the YAML at that place",
                )
            ) from error
        except (YAMLError, ValueError) as error:  # a number of thousands of digits is no number
            raise CaseError(
                Problem(code="yaml_syntax", message=" ".join(str(error).split())[:200], file=label, next_step="Take out what is no text")
            ) from error  # fmt: skip
        unseen = [
            self.problem(path, code="case_field", message="a sign that no page can show", got=ascii(sign), expected="plain text", next_step="Take it out")
            for path, sign in _unseen(self.plain)
        ]  # fmt: skip
        if unseen:
            raise CaseError(unseen)

    def locate(self, path: Sequence[str | int]) -> tuple[int | None, str]:
        """Line and column (from 1) of the value at ``path``, or of its nearest parent."""
        node = self.tree
        row: int | None = 1
        column = "1"
        for key in path:
            try:
                marks = node.lc
                line, offset = marks.value(key) if isinstance(key, str) else marks.item(key)
                node = node[key]
            except (AttributeError, KeyError, IndexError, TypeError):
                break
            row, column = line + 1, str(offset + 1)
        return row, column

    def problem(self, path: Sequence[str | int], *, code: str, message: str, **rest: str) -> Problem:
        """A problem at the value that ``path`` leads to."""
        row, column = self.locate(path)
        return Problem(code=code, message=message, file=self.label, row=row, column=column, **rest)

    def repeated_ids(self, **lists: Sequence[str]) -> list[Problem]:
        """A problem for each id that stands twice in a list of the file: ``areas=[...]``."""
        return [
            self.problem(
                [kind, position, "id"], code="id_repeated", message=f"{kind} has the id {name!r} twice"
            )
            for kind, names in lists.items()
            for position, name in enumerate(names)
            if name in names[:position]
        ]

    def parse(self, model: type[M]) -> M:
        """Check the file against ``model``.

        Raises
        ------
        CaseError
            With every fault found.
        """
        try:
            return model.model_validate(self.plain)
        except ValidationError as error:
            raise CaseError(self.faults(model, error)) from error

    def faults(
        self, model: type[BaseModel], error: ValidationError, *, under: Sequence[str | int] = ()
    ) -> list[Problem]:
        """Every fault of a part of the file (at ``under``) that ``model`` was to describe."""
        return [self._told(model, fault, under) for fault in error.errors(include_url=False)]

    def _told(self, model: type[BaseModel], fault: ErrorDetails, under: Sequence[str | int]) -> Problem:
        """A fault of pydantic in our words, with what to do."""
        where = [part for part in fault["loc"] if isinstance(part, str | int)]
        name = ".".join(map(str, [*under, *where])) or "the file"
        got = str(fault["input"])[:80] if not isinstance(fault["input"], dict | list) else ""
        context = fault.get("ctx", {})
        kind = fault["type"]
        code, message, next_step = (
            "case_field",
            fault["msg"].removeprefix("Value error, "),
            "Correct the value",
        )
        expected = _meaning_at(model, where)
        if kind == "missing":
            message, got, next_step = "the field is missing", "", "Add it"
        elif kind == "extra_forbidden":
            known = _fields_at(model, where[:-1])
            near = get_close_matches(str(where[-1]), known, n=1)
            message, expected = "no such field", " | ".join(known)
            next_step = f"Did you mean {near[0]!r}?" if near else "Take it out, or correct its name"
        elif kind == "timezone_aware" or (kind == "datetime_from_date_parsing" or kind == "datetime_parsing"):
            code = "time_naive" if kind == "timezone_aware" else "time_format"
            message = "the time has no zone" if kind == "timezone_aware" else "not a time"
            expected, next_step = "2025-04-19T18:00+03:00", "Write date, time and offset"
        elif kind in ("model_type", "model_attributes_type", "dict_type"):
            message, expected, next_step = (
                "not a mapping",
                expected or "fields with values",
                "Write `name: value` lines",
            )
        elif kind == "list_type":
            message, next_step = "not a list", "Write [a, b, …]"
        elif kind == "string_type" and isinstance(fault["input"], int | float):
            # a clause numbered 4.1, and 4.10, which YAML reads as the same number
            message, next_step = "a number where a text stands", "Put it in quotes"
        elif kind == "value_error" and isinstance(fault["input"], dict):
            expected = ""  # the message says what the whole lacks; what its field is for would not help
        elif "expected" in context:
            message, expected = "not one of the words allowed", str(context["expected"])
        return self.problem(
            [*under, *where],
            code=code,
            message=f"{name}: {message}",
            got=got,
            expected=expected,
            next_step=next_step,
        )


def _model_at(model: type[BaseModel], path: Sequence[str | int]) -> type[BaseModel] | None:
    """The model of the fields that ``path`` leads to; None where it leads elsewhere."""
    here: type[BaseModel] | None = model
    for part in path:
        if isinstance(part, int):
            continue
        field = _fields(here).get(part) if here is not None else None
        if field is None:
            return None
        inner = [field.annotation, *get_args(field.annotation)]
        here = next((one for one in inner if isinstance(one, type) and issubclass(one, BaseModel)), None)
    return here


def _fields_at(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    """Names of the fields there may be at ``path``."""
    found = _model_at(model, path)
    return list(_fields(found)) if found is not None else []


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Fields by the names that people write: a word such as `from` cannot be a name in Python."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _meaning_at(model: type[BaseModel], path: Sequence[str | int]) -> str:
    """What the field at ``path`` means, in the words of its declaration."""
    names = [part for part in path if isinstance(part, str)]
    found = _model_at(model, names[:-1]) if names else None
    field = _fields(found).get(names[-1]) if found is not None else None
    return (field.description or "") if field is not None else ""


#: a case is written by hand; what unfolds to more is a mistake or an attack
MOST_VALUES = 200_000


#: levels of brackets; the parser's work grows with the square of them
MOST_LEVELS = 200


class _TooMuch(Exception):  # noqa: N818 - never leaves this module
    """A document unfolds to more values than anybody writes."""


def _refuse_depth(text: str) -> None:
    depth = 0
    for sign in text:
        if sign in "[{":
            depth += 1
            if depth > MOST_LEVELS:
                raise _TooMuch
        elif sign in "]}":
            depth = max(depth - 1, 0)


def _unseen(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Where a text holds a control character or half of a sign, which no report could be written with."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _unseen(key, path)
            yield from _unseen(value, (*path, key))
    elif isinstance(node, list):
        for position, value in enumerate(node):
            yield from _unseen(value, (*path, position))
    elif isinstance(node, str):
        for sign in node:
            if (sign < " " and sign not in "\t\n\r") or "\x7f" <= sign <= "\x9f" or "\ud800" <= sign <= "\udfff" or sign in "\ufffe\uffff":  # fmt: skip
                yield path, sign
                break


def _unfold(tree: Any) -> Any:
    """The tree without the parser's own types, counted on the way."""
    left = MOST_VALUES

    def plain(node: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise _TooMuch
        if isinstance(node, dict):
            return {str(key): plain(value) for key, value in node.items()}
        if isinstance(node, list):
            return [plain(value) for value in node]
        for kind in (str, bool, int, float):
            if isinstance(node, kind):
                return kind(node)
        return node

    return plain(tree)
