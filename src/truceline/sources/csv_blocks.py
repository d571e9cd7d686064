"""A delimited file as a stream of blocks of whole records, read without a Python object for each.

A block is a few megabytes of whole lines. Where its quotes stand only where a field begins or
ends (the usual case), records and fields can be counted by whole arrays of bytes: a line break
or a delimiter counts where the number of quotes before it is even. Any other block (a stray
quote, a lone carriage return, a very long record) goes through Python's own ``csv`` reader, row
by row, which decides what such a file means; both give the same rows with the same line numbers.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pa_csv

from truceline.sources.header_names import tell_apart
from truceline.sources.long_rows import MOST_LINES, LongRows
from truceline.sources.nul_bytes import MARK, NulBytes, is_torn, joined
from truceline.sources.source import InputFile

#: bytes read at a time: some ten thousand rows
BLOCK_BYTES = 4 << 20
#: a record longer than this is left to Python's reader, whose limit for a field is a little less
RECORD_BYTES = 100_000

_QUOTE, _NEWLINE, _RETURN = 34, 10, 13
_BOM = b"\xef\xbb\xbf"

Numbers = npt.NDArray[np.int64]


#: what ``stays_open`` finds
NEVER_CLOSED = "a quote is opened here and never closed, which would make one row of all that follows"


def stays_open(record: list[str], *, delimiter: str) -> bool:
    """Whether the lines end within a quoted field."""
    try:
        next(csv.reader(iter(record), delimiter=delimiter, strict=True), None)
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


class BrokenCsvError(ValueError):
    """The rest of the file cannot be told apart into rows; ``row`` is where that begins."""

    def __init__(self, message: str, *, row: int) -> None:
        super().__init__(message)
        self.row = row


@dataclass(slots=True, kw_only=True)
class Block:
    """Records of the header's length, and those of another, with the lines they begin at.

    ``columns`` holds the columns asked for; ``fields(position)`` gives a whole record.
    """

    numbers: Numbers
    columns: dict[str, pa.Array]
    other: list[
        tuple[int, list[str], bool]
    ]  #: those torn by NULs too: line, fields, whether the file ends in it
    _raw: bytes = b""
    _starts: Numbers = field(default_factory=lambda: np.zeros(0, np.int64))
    _stops: Numbers = field(default_factory=lambda: np.zeros(0, np.int64))
    _rows: list[list[str]] | None = None
    _delimiter: str = ","

    def fields(self, position: int) -> list[str]:
        """Every field of the record at a position."""
        if self._rows is not None:
            return self._rows[position]
        raw = self._raw[self._starts[position] : self._stops[position]]
        return _split(raw, self._delimiter)


def survey(file: InputFile) -> NulBytes:
    """Check that the file is UTF-8 from end to end, before any row is read; what NULs it has.

    Raises
    ------
    InputError
        If it is missing, empty, cut or not UTF-8.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    nuls = NulBytes()
    try:
        for chunk in file.chunks(BLOCK_BYTES):
            decoder.decode(chunk)
            nuls.look(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        file.text()  # names the line
        raise
    return nuls


class CsvStream:
    """A file's header, then its blocks."""

    def __init__(self, file: InputFile, *, delimiter: str, distinct: bool = False) -> None:
        """``distinct``: names that stand twice in the header are told apart by a number."""
        self.delimiter = delimiter
        self.long_rows = LongRows()  #: what is to be told of the blocks given so far
        self._pieces = self._whole_lines(file)
        self._pending = b""
        self._line = 1  # of the first pending byte
        self.own_header = [name.replace(MARK, "").strip() for name in self._first_record()]
        self.header = tell_apart(self.own_header) if distinct else self.own_header

    # -- bytes -----------------------------------------------------------------------------
    @staticmethod
    def _whole_lines(file: InputFile) -> Iterator[bytes]:
        """The file in pieces that end at a line break (the last need not), without its mark, runs of NULs as one."""
        carried: list[bytes] = []
        for number, chunk in enumerate(file.chunks(BLOCK_BYTES)):
            piece = chunk.removeprefix(_BOM) if number == 0 else chunk
            piece = joined(piece)
            cut = piece.rfind(b"\n") + 1
            if cut:
                yield b"".join([*carried, piece[:cut]])
                carried = []
            carried.append(piece[cut:])
        if rest := b"".join(carried):
            yield rest

    def _pull(self) -> bytes | None:
        return next(self._pieces, None)

    def _first_record(self) -> list[str]:
        rows = self._slow_rows(self._pull() or b"", first_only=True)
        return rows[0][1] if rows else []

    # -- blocks ----------------------------------------------------------------------------
    def blocks(self, columns: list[str]) -> Iterator[Block]:
        """Blocks with the columns asked for, to the end of the file.

        Raises
        ------
        BrokenCsvError
            Where the rest cannot be told apart into rows; what came before was given.
        """
        while True:
            if not self._pending:
                piece = self._pull()
                if piece is None:
                    return
                self._pending = piece
            yield from self._next_block(columns)

    def _next_block(self, columns: list[str]) -> Iterator[Block]:
        data = self._pending
        plain = self.delimiter.isascii() and b"\0" not in data
        shape = _Shape.of(data, ord(self.delimiter)) if plain else None
        if shape is None:
            yield self._slow_block(data, columns)
        elif len(shape.stops):
            self._pending = data[int(shape.stops[-1]) :]
            line = self._line
            self._line += shape.lines_to_end
            yield self._fast_block(data, shape, columns, first_line=line)
        elif len(data) > RECORD_BYTES or (piece := self._pull()) is None:
            yield self._slow_block(data, columns)  # a quote that stays open, or the last line
        else:
            self._pending = data + piece

    def _fast_block(self, data: bytes, shape: _Shape, columns: list[str], *, first_line: int) -> Block:
        filled = shape.n_bytes > 0  # blank lines are no rows
        good = filled & (shape.n_fields == len(self.header))
        numbers = first_line + shape.lines_before
        if shape.has_quoted_breaks:
            n_lines = np.diff(shape.lines_before, append=shape.lines_to_end)
            for at in np.flatnonzero(n_lines > MOST_LINES).tolist():
                self.long_rows.note(int(numbers[at]), int(n_lines[at]))
        other = [
            (int(numbers[at]), _split(data[shape.starts[at] : shape.stops[at]], self.delimiter), False)
            for at in np.flatnonzero(filled & ~good)
        ]
        if not good.all():
            keep = np.repeat(good, shape.stops - shape.starts)
            stop = int(shape.stops[-1])
            text = np.frombuffer(data, np.uint8)[:stop][keep].tobytes()
        else:
            text = data[: int(shape.stops[-1])]
        table = self._parse(text, columns, n_rows=int(good.sum()), quoted_breaks=shape.has_quoted_breaks)
        return Block(
            numbers=numbers[good],
            columns=table,
            other=other,
            _raw=data,
            _starts=shape.starts[good],
            _stops=shape.stops[good],
            _delimiter=self.delimiter,
        )

    def _parse(
        self, text: bytes, columns: list[str], *, n_rows: int, quoted_breaks: bool
    ) -> dict[str, pa.Array]:
        if n_rows == 0:
            return {name: pa.array([], pa.string()) for name in columns}
        if not columns:
            return {}
        table = pa_csv.read_csv(
            pa.BufferReader(text),
            read_options=pa_csv.ReadOptions(
                use_threads=False, block_size=len(text) + 1, column_names=self.header
            ),
            parse_options=pa_csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=quoted_breaks),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()),
                include_columns=columns,
                strings_can_be_null=False,
                check_utf8=False,  # the survey did
            ),
        )
        if table.num_rows != n_rows:
            raise RuntimeError(f"{n_rows} records were counted and {table.num_rows} were read")
        return {name: _one_chunk(table[name]) for name in columns}

    # -- row by row ------------------------------------------------------------------------
    def _slow_block(self, data: bytes, columns: list[str]) -> Block:
        rows = self._slow_rows(data)
        n = len(self.header)
        torn = {line for line, fields, _ in rows if is_torn(fields)} if b"\0" in data else set()
        good = [(line, fields) for line, fields, _ in rows if len(fields) == n and line not in torn]
        other = [row for row in rows if row[1] and (len(row[1]) != n or row[0] in torn)]
        position = {name: self.header.index(name) for name in columns}
        return Block(
            numbers=np.array([line for line, _ in good], dtype=np.int64),
            columns={
                name: pa.array([fields[at] for _, fields in good], pa.string())
                for name, at in position.items()
            },
            other=other,
            _rows=[fields for _, fields in good],
        )

    def _slow_rows(self, data: bytes, *, first_only: bool = False) -> list[tuple[int, list[str], bool]]:
        """Records of ``data`` by Python's reader; it takes more of the file where a quote is open."""
        lines = _Lines(data, self._pull)
        reader = csv.reader(lines, delimiter=self.delimiter, strict=False)
        rows: list[tuple[int, list[str], bool]] = []
        first_line, start = self._line, self._line
        while first_only or not lines.at_end:
            try:
                fields = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                if rows:  # give them first; the next call meets the error again
                    self._pending = lines.rest_from(start - first_line)
                    self._line = start
                    return rows
                raise BrokenCsvError(str(error), row=start) from error
            line, start = start, first_line + reader.line_num
            if start - line > 1 and stays_open(lines.last(start - line), delimiter=self.delimiter):
                if rows:  # give them first, as above
                    self._pending = lines.rest_from(line - first_line)
                    self._line = line
                    return rows
                raise BrokenCsvError(NEVER_CLOSED, row=line)
            if first_only and not fields:
                continue  # blank lines above the header
            if start - line > 1:
                self.long_rows.look(line, lines.last(start - line), delimiter=self.delimiter)
            rows.append((line, fields, lines.is_cut and len(fields) < self._n_header))
            if first_only:
                break
        self._line = start
        self._pending = lines.rest_from(reader.line_num)
        return rows

    @property
    def _n_header(self) -> int:
        return len(getattr(self, "header", ()))


class _Lines:
    """Lines as Python's reader wants them, with a memory of those given."""

    def __init__(self, data: bytes, pull: Callable[[], bytes | None]) -> None:
        self._pull = pull
        self._texts = [data.decode()]
        self._given: list[str] = []
        self._io = io.StringIO(self._texts[0], newline="")

    @property
    def at_end(self) -> bool:
        return self._io.tell() == len(self._texts[-1])

    @property
    def is_cut(self) -> bool:
        """Whether the line given last has no line break: the file ends in it."""
        return not self._given[-1].endswith(("\n", "\r"))

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._io.readline()
        if not line:
            piece = self._pull()
            if piece is None:
                raise StopIteration
            self._texts.append(piece.decode())
            self._io = io.StringIO(self._texts[-1], newline="")
            line = self._io.readline()
        self._given.append(line)
        return line

    def last(self, n_lines: int) -> list[str]:
        """The lines given last."""
        return self._given[-n_lines:]

    def rest_from(self, n_lines: int) -> bytes:
        """What comes after the first ``n_lines`` lines given, of what was taken from the file."""
        return ("".join(self._given[n_lines:]) + self._io.read()).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """Where the records of some bytes begin and stop, and how many fields each has."""

    starts: Numbers
    stops: Numbers  #: after the line break
    n_bytes: Numbers  #: without the line break
    n_fields: Numbers
    lines_before: Numbers  #: line breaks before each record
    lines_to_end: int  #: line breaks in all records
    has_quoted_breaks: bool

    @classmethod
    def of(cls, data: bytes, delimiter: int) -> _Shape | None:
        """None where the bytes need Python's reader."""
        codes = np.frombuffer(data, np.uint8)
        if b"\r" in data and not _returns_are_breaks(codes):
            return None
        breaks = np.flatnonzero(codes == _NEWLINE)
        marks = np.flatnonzero(codes == delimiter)
        ends, has_quoted_breaks = breaks, False
        if b'"' in data:
            quotes = np.flatnonzero(codes == _QUOTE)
            if not _quotes_are_plain(codes, quotes, delimiter):
                return None
            ends = breaks[np.searchsorted(quotes, breaks) % 2 == 0]
            marks = marks[np.searchsorted(quotes, marks) % 2 == 0]
            has_quoted_breaks = len(ends) != len(breaks)
        stops = ends + 1
        starts = np.concatenate([np.zeros(1, np.int64), stops[:-1]]) if len(stops) else stops
        if len(stops) and int((stops - starts).max()) > RECORD_BYTES:
            return None
        with_return = (ends > starts) & (codes[np.maximum(ends - 1, 0)] == _RETURN)
        n_marks = np.diff(np.searchsorted(marks, stops), prepend=0)
        return cls(
            starts=starts,
            stops=stops,
            n_bytes=ends - starts - with_return,
            n_fields=n_marks + 1,
            lines_before=np.searchsorted(breaks, starts),
            lines_to_end=int(np.searchsorted(breaks, stops[-1])) if len(stops) else 0,
            has_quoted_breaks=has_quoted_breaks,
        )


def _returns_are_breaks(codes: npt.NDArray[np.uint8]) -> bool:
    """Whether a line break follows every carriage return."""
    at = np.flatnonzero(codes == _RETURN)
    return bool(at[-1] + 1 < len(codes) and (codes[at + 1] == _NEWLINE).all())


def _quotes_are_plain(codes: npt.NDArray[np.uint8], quotes: Numbers, delimiter: int) -> bool:
    """Whether every first quote of a pair opens a field and every second one closes it.

    A doubled quote within a field closes and opens again, and so passes.
    """
    padded = np.concatenate([[np.uint8(_NEWLINE)], codes, [np.uint8(_NEWLINE)]])
    before, after = padded[quotes[::2]], padded[quotes[1::2] + 2]
    opens = (before == delimiter) | (before == _NEWLINE) | (before == _QUOTE)
    closes = (after == delimiter) | (after == _NEWLINE) | (after == _RETURN) | (after == _QUOTE)
    return bool(opens.all() and closes.all())


def _split(raw: bytes, delimiter: str) -> list[str]:
    return next(csv.reader(io.StringIO(raw.decode(), newline=""), delimiter=delimiter), [])


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
