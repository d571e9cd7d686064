"""Feed every parser of custody what it does not expect: it gives a value or raises ValueError, nothing else.

    python tools/fuzz_custody.py --seconds 60

Inputs are true files with bytes and lines changed, cut, doubled and exchanged, drawn by the seed. What a
parser takes must be written again as the same bytes: one meaning, one spelling.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from truceline.custody import (
    canonical,
    commitment,
    entry,
    held,
    journal,
    misconduct,
    note,
    policy,
    proof,
    tile,
    trusted_time,
)
from truceline.custody.checkpoint import SignedCheckpoint, cosign
from truceline.custody.config import KeyHistory, LogConfig
from truceline.custody.log import Log
from truceline.custody.read import Store
from truceline.custody.sign import COSIGNATURE, PublicKey, SecretKey
from truceline.custody.witness import Request, make_request

NOW = "2025-04-20T10:00:00Z"
KEY = SecretKey.make("fuzz.example/log", seed=bytes(32))
WITNESS = SecretKey.make("fuzz.example/witness", seed=bytes([1]) * 32, kind=COSIGNATURE)
CONFIG = LogConfig(origin=KEY.name, key=KEY.public, witnesses=(WITNESS.public,), batch=2)
Parser = Callable[
    [bytes], bytes | None
]  #: the same bytes again, or None where the form has several spellings


def only(_: object) -> None:
    """What has several spellings is read, and not written again."""


def among_others(content: bytes) -> None:
    """Records are read together as each is alone: all, or one is wrong."""
    contents = content.split(b"\n")

    def read(call: Callable[[], object]) -> object:
        try:
            return call()
        except ValueError:
            return None

    alone = read(lambda: [canonical.decode(each) for each in contents])
    assert read(lambda: canonical.decode_all(contents)) == alone
    entries = read(lambda: [entry.read_entry(each) for each in contents])
    assert read(lambda: entry.read_entries(contents)) == entries
    if entries is None:
        raise ValueError("none")


def parsers() -> dict[str, Parser]:
    """Every parser, with its writer where it has one."""
    return {
        "canonical": lambda content: canonical.encode(canonical.decode(content)),
        "entry": lambda content: canonical.encode(entry.read_entry(content)),
        "entries": among_others,
        "bundle": lambda content: tile.pack(tile.unpack(content)),
        "held": lambda content: only(held.unpack_held(content)),
        "fields": lambda content: only(commitment.open_held(content, ["a", "b"])),
        "journal": lambda content: only(journal.read_journal(content)),
        "note": lambda content: note.read_note(content).encode().encode(),
        "checkpoint": lambda content: SignedCheckpoint.read(content).encode(),
        "config": lambda content: LogConfig.read(content).encode(),
        "keys": lambda content: KeyHistory.read(content, config=CONFIG).encode(),
        "key": lambda content: PublicKey.read(content.decode()).text().encode(),
        "secret": lambda content: SecretKey.read(content.decode()).text().encode(),
        "policy": lambda content: only(policy.Policy.read(content.decode())),
        "proof": lambda content: proof.Proof.read(content).encode(),
        "disclosure": lambda content: proof.Disclosure.read(content).encode(),
        "request": lambda content: Request.read(content).encode(),
        "fork": lambda content: misconduct.Fork.read(content).encode(),
        "withheld": lambda content: misconduct.Withholding.read(content).encode(),
        "receipt": lambda content: misconduct.Receipt.read(content.decode()).text().encode(),
        "time request": lambda content: trusted_time.make_request(
            bytes(32), trusted_time.nonce_of(content, bytes(32))
        ),
        "path": lambda content: tile.index_path(tile.read_index(content.decode())).encode(),
    }


def seeds() -> list[bytes]:
    """True inputs of every kind."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "log"
        Log.create(folder, CONFIG, key=KEY, logged=NOW)
        with Log(folder, key=KEY) as log:
            log.append([entry.held_entry("order", {"a": 1, "b": "x"}, salt=bytes(32), logged=NOW)])
            signed = log.checkpoint(logged=NOW)
            log.add_signatures(signed.head.size, [cosign(signed.note.text, witness=WITNESS, time_s=9)])
            log.append([entry.plain_entry("statement", {"n": [1, None, "é"]}, logged=NOW, by="x")])
        store = Store(folder)
        newest = store.newest_checkpoint()
        assert newest is not None
        found = proof.prove(store, 2, newest)
        receipt = misconduct.sign_receipt(misconduct.Receipt(KEY.name, 2, bytes(32), NOW), KEY)
        kept = store.held_bundle(0)[2]
        several = entry.plain_entries("order", [{"a": 1, "b": "x"}, {"a": [{}]}], logged=NOW)
        files = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]
        return [
            *files, found.entry, found.encode(), proof.disclose(found, kept, ["a"]).encode(), kept,
            commitment.forget(kept, ["a", "b"], ["a"]), make_request(store, 1, newest).encode(),
            misconduct.Fork(newest, newest, bytes(32), (bytes(32),)).encode(), receipt.text.encode(),
            misconduct.Withholding(receipt, found).encode(), policy.Policy.of(CONFIG, [KEY.public]).text().encode(),
            b"\n".join([found.entry, *(each.content for each in several)]),
            KEY.public.text().encode(), KEY.text().encode(), b"x001/x234/067",
            trusted_time.make_request(bytes(32), bytes([1]) * trusted_time.NONCE_BYTES), b"",
        ]  # fmt: skip


def change(content: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """Some changes to an input."""
    data = bytearray(content)
    for _ in range(chance.choice((0, 1, 1, 2, 4))):
        at, to = (chance.randint(0, len(data)) for _ in range(2))
        match chance.randrange(7):
            case 0 if data:
                data[at % len(data)] ^= 1 << chance.randrange(8)
            case 1:
                del data[min(at, to) : max(at, to)]
            case 2:
                data[at:at] = data[min(at, to) : max(at, to)]
            case 3:
                data[at:at] = chance.choice(
                    (b"\n", b" ", b"+", b"\x00", b'"', b"[", b"9" * 30, "—".encode(), b"\xff")
                )
            case 4:
                other = chance.choice(others)
                cut = chance.randint(0, len(other))
                data[at:to] = other[cut : cut + 40]
            case 5:
                lines = bytes(data).split(b"\n")
                chance.shuffle(lines)
                data = bytearray(b"\n".join(lines))
            case _:
                data[at : at + 8] = chance.randbytes(8)
    return bytes(data)


def main() -> None:
    """Feed until the time is over."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    chance, inputs, taken, fed = random.Random(asked.seed), seeds(), dict.fromkeys(parsers(), 0), 0
    until = time.monotonic() + asked.seconds
    while time.monotonic() < until:
        content = change(chance.choice(inputs), inputs, chance)
        for name, parse in parsers().items():
            fed += 1
            try:
                again = parse(content)
            except ValueError:
                continue
            except Exception as error:
                print(f"{name} raised {error!r} on {content!r}")
                sys.exit(1)
            taken[name] += 1
            if again is not None and again != content:
                print(f"{name} took {content!r} and wrote {again!r}")
                sys.exit(1)
    print(f"{fed} inputs; taken: {taken}")
    untouched = [name for name, count in taken.items() if not count]
    sys.exit(f"no input reached {untouched}" if untouched else 0)


if __name__ == "__main__":
    main()
