"""Keys, logs and entries for tests of custody."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from truceline.custody.config import LogConfig
from truceline.custody.entry import Entry, held_entry, plain_entry
from truceline.custody.log import Log
from truceline.custody.policy import Policy
from truceline.custody.salts import keyed_salts
from truceline.custody.sign import COSIGNATURE, SecretKey

NOW = "2025-04-20T10:00:00Z"
NOW_S = 1_745_143_200
KEY = SecretKey.make("mission.example/log", seed=bytes([1]) * 32)
NEXT_KEY = SecretKey.make("mission.example/log", seed=bytes([2]) * 32)
SIDE_A = SecretKey.make("a.example/witness", seed=bytes([3]) * 32, kind=COSIGNATURE)
SIDE_B = SecretKey.make("b.example/witness", seed=bytes([4]) * 32, kind=COSIGNATURE)
OUTSIDE = SecretKey.make("outside.example/witness", seed=bytes([5]) * 32, kind=COSIGNATURE)
WITNESSES = (SIDE_A, SIDE_B, OUTSIDE)
SALTS = keyed_salts(bytes(32))


def config(**settings: Any) -> LogConfig:
    return LogConfig(origin=KEY.name, key=KEY.public, **settings)


def witnessed_config(**settings: Any) -> LogConfig:
    return config(witnesses=tuple(key.public for key in WITNESSES), **{"quorum": 2, **settings})


def new_log(folder: Path, *, witnessed: bool = False, **settings: Any) -> Path:
    """An empty log (but for its first entry) in ``folder``."""
    made = witnessed_config(**settings) if witnessed else config(**settings)
    Log.create(folder, made, key=KEY, logged=NOW, salts=SALTS)
    return folder


def plain(*bodies: Any, kind: str = "statement") -> list[Entry]:
    return [plain_entry(kind, body if isinstance(body, dict) else {"n": body}, logged=NOW) for body in bodies]


def held(number: int, **more: Any) -> Entry:
    fields = {"act": "shelling", "number": number, "place": f"place {number}", **more}
    return held_entry("observations", fields, salt=SALTS(number, b"test"), logged=NOW)


def grow(folder: Path, entries: Sequence[Entry], *, sign: bool = True) -> list[str]:
    """Append, and sign a checkpoint."""
    with Log(folder, key=KEY, salts=SALTS) as log:
        codes = log.append(entries)
        if sign:
            log.checkpoint(logged=NOW)
    return codes


def policy(**settings: Any) -> Policy:
    made = witnessed_config(**settings) if settings else config()
    return Policy.of(made, [KEY.public])
