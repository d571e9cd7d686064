"""Long runs of the evidence log: thousands of kills, and every bit of every file of a log turned.

    python tools/soak_log.py --kills 2000
    python tools/soak_log.py --bits

A writer appends, signs and forgets in a process of its own and says what was acknowledged; it is killed at a
moment drawn by the seed, and the next one takes over. At the end, and after every fifty kills, all that was
acknowledged must stand in a sound log. Ends with 1 where it does not.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from truceline.custody.audit import audit
from truceline.custody.checkpoint import cosign
from truceline.custody.config import LogConfig
from truceline.custody.entry import code_of, held_entry, plain_entry
from truceline.custody.log import Log
from truceline.custody.read import Store
from truceline.custody.sign import COSIGNATURE, SecretKey

NOW = "2025-04-20T10:00:00Z"
KEY = SecretKey.make("soak.example/log", seed=bytes(32))
WITNESS = SecretKey.make("soak.example/witness", seed=bytes([1]) * 32, kind=COSIGNATURE)


def write_for_ever(folder: Path, number: int, out: int) -> None:
    """Append, sign, forget, and say what was acknowledged."""
    while True:
        with Log(folder, key=KEY) as log:
            for _ in range(5):
                number += 1
                entries = [
                    plain_entry("statement", {"n": number}, logged=NOW) for _ in range(1 + number % 60)
                ]
                salt = log.salt(b"%d" % number)
                entries.append(held_entry("order", {"n": number, "text": "…"}, salt=salt, logged=NOW))
                codes = log.append(entries)
                os.write(out, f"{codes[0]} {codes[-1]}\n".encode())
                if number % 3 == 0:
                    head = log.checkpoint(logged=NOW).head
                    os.write(out, f"signed {head.size} {head.root.hex()}\n".encode())
                if number % 11 == 0:
                    log.forget(int(codes[-1].split("-")[0]), ["text"], reason="soak", logged=NOW)


def kill_one(folder: Path, number: int, *, after_s: float) -> list[str]:
    """What a writer acknowledged before it was killed."""
    told, out = os.pipe()
    writer = os.fork()
    if writer == 0:
        try:
            write_for_ever(folder, number, out)
        finally:
            os._exit(1)
    os.close(out)
    with os.fdopen(told, "rb") as lines:
        first = lines.readline()
        time.sleep(after_s)
        os.kill(writer, signal.SIGKILL)
        ended = os.waitstatus_to_exitcode(os.waitpid(writer, 0)[1])
        if ended != -signal.SIGKILL:
            raise SystemExit(f"a writer ended by itself, with {ended}")
        return (first + lines.read()).decode().splitlines()


def faults(folder: Path, lines: list[str]) -> list[str]:
    """What of the acknowledged is not there, and what the audit finds."""
    with Log(folder, key=KEY) as log:
        log.checkpoint(logged=NOW)
        size, store = log.size, log.store
    found = [f"{fault.file}: {fault.message}" for fault in audit(folder, records=False).faults]
    for line in lines:
        if line.startswith("signed "):
            _, at, root = line.split()
            signed = store.checkpoint(int(at))
            if signed is None or signed.head.root.hex() != root:
                found.append(f"the checkpoint of {at} is gone")
            continue
        for code in line.split():
            index = int(code.split("-")[0])
            if index >= size or code_of(index, store.entry(index, size=size)) != code:
                found.append(f"{code} is gone")
    return found


def soak_kills(kills: int, seed: int) -> list[str]:
    """Kill writers, one after the other; every five hundred begin a new log."""
    chance = random.Random(seed)
    config = LogConfig(origin=KEY.name, key=KEY.public, witnesses=(WITNESS.public,), batch=4)
    with tempfile.TemporaryDirectory() as made:
        lines: list[str] = []
        for kill in range(kills):
            folder = Path(made) / f"log {kill // 500}"
            if kill % 500 == 0:
                Log.create(folder, config, key=KEY, logged=NOW)
            lines += kill_one(folder, 1000 * kill, after_s=chance.expovariate(1 / 0.05))
            if kill % 50 == 49 or kill == kills - 1:
                wrong = faults(folder, lines)
                print(f"{kill + 1} kills, {len(lines)} acknowledgements, {len(wrong)} faults", flush=True)
                if wrong:
                    return wrong
                lines = []
    return []


def soak_bits() -> list[str]:
    """Turn every bit of every file of a log with everything in it."""
    missed = []
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "log"
        config = LogConfig(origin=KEY.name, key=KEY.public, witnesses=(WITNESS.public,))
        Log.create(folder, config, key=KEY, logged=NOW)
        with Log(folder, key=KEY) as log:
            log.append([held_entry("order", {"a": 1, "b": "x"}, salt=log.salt(b"x"), logged=NOW)])
            signed = log.checkpoint(logged=NOW)
            log.add_signatures(signed.head.size, [cosign(signed.note.text, witness=WITNESS, time_s=9)])
            log.append([plain_entry("statement", {"n": 1}, logged=NOW)])
        assert Store(folder).sizes() == [1, 3]
        for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "lock"):
            content = path.read_bytes()
            for bit in range(len(content) * 8):
                altered = bytearray(content)
                altered[bit // 8] ^= 1 << bit % 8
                path.write_bytes(altered)
                if audit(folder, records=False).sound:
                    missed.append(f"{path.relative_to(folder)} bit {bit}")
            path.write_bytes(content)
            print(f"{path.relative_to(folder)}: {len(content) * 8} bits", flush=True)
    return missed


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--bits", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    wrong = [
        *(soak_kills(asked.kills, asked.seed) if asked.kills else []),
        *(soak_bits() if asked.bits else []),
    ]
    print("\n".join(wrong) or "nothing was lost, nothing was missed")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
