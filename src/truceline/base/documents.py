"""YAML files into checked records: every fault at once, each with file, line and column."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError

from truceline.base.errors import CaseError, Problem


class Model(BaseModel):
    """Base of every record that people write: frozen, and no key goes unread."""

    model_config = ConfigDict(extra="forbid", frozen=True)


M = TypeVar("M", bound=BaseModel)


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
                Problem(code="file_missing", message="no such file", file=label, next_step="Create it; `truceline demo` writes a case to copy from")
            ) from error  # fmt: skip
        except UnicodeDecodeError as error:
            raise CaseError(
                Problem(code="file_not_text", message=f"byte {error.start} is not UTF-8", file=label, next_step="Save the file as UTF-8")
            ) from error  # fmt: skip
        try:
            yaml = YAML(typ="rt", pure=True)
            yaml.Constructor = _Constructor
            self.tree: Any = yaml.load(text)
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

    def parse(self, model: type[M]) -> M:
        """Check the file against ``model``.

        Raises
        ------
        CaseError
            With every fault found.
        """
        try:
            return model.model_validate(_plain(self.tree))
        except ValidationError as error:
            raise CaseError(
                [
                    self.problem(
                        fault["loc"],
                        code="case_field",
                        message=f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}",
                        got=str(fault["input"])[:80] if not isinstance(fault["input"], dict | list) else "",
                    )
                    for fault in error.errors(include_url=False)
                ]
            ) from error


def _plain(node: Any) -> Any:
    """Strip the parser's own types (pydantic is strict about nothing else)."""
    if isinstance(node, dict):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    if isinstance(node, str):
        return str(node)
    if isinstance(node, bool) or node is None:
        return node
    if isinstance(node, int):
        return int(node)
    if isinstance(node, float):
        return float(node)
    return node
