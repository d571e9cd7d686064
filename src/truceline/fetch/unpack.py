"""What is packed comes out whole, within its limit, or not at all."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from pathlib import Path
from typing import IO, cast

from truceline.fetch.download import FetchError
from truceline.fetch.part import Part

CHUNK = 1 << 20


def unpack_into(part: Part, packed: Path, *, how: str, most_bytes: int) -> None:
    """Unpack ``packed`` (``gzip`` or ``zip:<member>``) into ``part``.

    Raises
    ------
    FetchError
        If it is not packed so, is cut, lacks the member, or unpacks to more than ``most_bytes``.
    """
    try:
        if how == "gzip":
            with gzip.open(packed) as stream:
                _copy(cast(IO[bytes], stream), part, most_bytes=most_bytes)
            return
        member = how.removeprefix("zip:")
        with zipfile.ZipFile(packed) as archive:
            if member not in archive.namelist():
                names = [name for name in archive.namelist() if not name.endswith("/")]
                raise FetchError("fetch_failed", "the archive has no such member", got=", ".join(names[:8]), expected=member, next_step="Correct `unpack` in the case")  # fmt: skip
            with archive.open(member) as stream:
                _copy(stream, part, most_bytes=most_bytes)
    except (EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError) as error:  # fmt: skip
        part.discard()
        kind = "gzip file" if how == "gzip" else "ZIP archive"
        raise FetchError("fetch_failed", f"what came is no whole {kind} ({error})", expected=f"a {kind} that can be read", next_step="Correct `unpack` in the case, or run the command again") from error  # fmt: skip
    except FetchError:
        part.discard()
        raise


def _copy(stream: IO[bytes], part: Part, *, most_bytes: int) -> None:
    size = 0
    with part.begin(version=None) as handle:
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            if size > most_bytes:
                raise FetchError("fetch_too_large", "the file unpacks to more than its limit", got=f"more than {most_bytes / 1e6:g} MB", expected=f"at most {most_bytes / 1e6:g} MB", next_step="Raise `max_size_mb` of the item in the case, if the file is what you want")  # fmt: skip
            handle.write(chunk)
