"""What a reader of a format gives: one layer, its reference system, its rows in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from truceline.base.errors import InputError, Problem
from truceline.sources.source import InputFile, Region

#: the column of geometries: WKB, WGS 84, longitude first, two-dimensional
GEOMETRY = "geometry"
#: where a row stands in its file (asked for with ``row_numbers``); no file's own column is called so
ROW = "#row"
#: why a row's geometry could not be read, else null (asked for with ``row_numbers``)
FAULT = "#fault"

#: reference system of a format that has WGS 84, longitude first, by its definition
WGS84 = "OGC:CRS84"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """What a caller says of a file that the file itself may not say."""

    layer: str | None = None
    sheet: str | None = None
    header_row: int | None = None
    delimiter: str | None = None
    encoding: str | None = None
    crs: str | None = None
    batch_rows: int = 65_536
    region: Region | None = None
    notes: list[str] = field(default_factory=list)

    def note(self, file: InputFile, text: str) -> None:
        """Say something that a reader of the result should know, once."""
        sentence = f"{file.label}: {text}"
        if sentence not in self.notes:
            self.notes.append(sentence)


@dataclass(slots=True, kw_only=True)
class Layer:
    """One layer as a format's reader gives it.

    Batches have the columns of the file, ``GEOMETRY`` (WKB in ``crs``) where it has geometries,
    ``ROW`` and, where a geometry may be unreadable, ``FAULT``. ``crs`` is None where the file
    names no reference system.
    """

    crs: str | None
    batches: Iterator[pa.RecordBatch]


def choose_layer(names: Sequence[str], wanted: str | None, *, file: InputFile, option: str = "layer") -> str:
    """The layer (or sheet) that is wanted, or the only one.

    Raises
    ------
    InputError
        If there is none, the one wanted is absent, or several and none is named.
    """
    shown = ", ".join(names[:40]) + (f" and {len(names) - 40} more" if len(names) > 40 else "")
    if wanted is not None and wanted in names:
        return wanted
    if wanted is not None:
        raise InputError(
            Problem(code="layer_unknown", message=f"the file has no {option} of this name", file=file.label, got=wanted, expected=shown or f"a {option}", next_step=f"Correct the option `{option}`")
        )  # fmt: skip
    if not names:
        raise InputError(
            Problem(code="file_without_rows", message=f"the file has no {option} with anything in it", file=file.label, expected=f"one {option} with rows", next_step="Check that the file was written whole")
        )  # fmt: skip
    if len(names) > 1:
        raise InputError(
            Problem(code="layer_unnamed", message=f"the file has several {option}s and the source names none", file=file.label, got=f"{len(names)} {option}s", expected=f"one of: {shown}", next_step=f"Set the option `{option}`")
        )  # fmt: skip
    return names[0]


def broken(file: InputFile, kind: str, why: object, *, code: str = "file_format") -> InputError:
    """The one error of a file that is not, or not wholly, of its format."""
    return InputError(
        Problem(code=code, message=f"the file is no whole {kind} ({str(why).strip()[:160]})", file=file.label, expected=kind, next_step="Fetch the file again, or export the layer anew")
    )  # fmt: skip


def expect_sound(file: InputFile, batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch, if its bytes are what its types say.

    Raises
    ------
    InputError
        With each column of text that is not UTF-8, or that is broken otherwise.
    """
    problems = []
    for i, name in enumerate(batch.schema.names):
        try:
            batch.column(i).validate(full=True)
        except pa.ArrowInvalid as error:
            problems.append(
                Problem(code="file_not_text" if "UTF8" in str(error) else "file_format", message=f"the column cannot be read ({str(error)[:120]})", file=file.label, column=name.encode("utf-8", "replace").decode(), expected="UTF-8 text" if "UTF8" in str(error) else "sound values", next_step="Set the option `encoding`, or export the layer anew")
            )  # fmt: skip
    if problems:
        raise InputError(problems)
    return batch
