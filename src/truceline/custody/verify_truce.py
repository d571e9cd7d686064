"""Check what an evidence log proves, with this one file: Python's standard library and ``cryptography``.

    python verify_truce.py POLICY FILE               a proof, a disclosure, a proof of misconduct
    python verify_truce.py POLICY FOLDER [CODE ...]  a whole log; CODE (such as 17-0123456789ab) shows an entry
    options: --since TIME        a witness must have cosigned at TIME or later (2025-04-22T00:00:00Z)
             --checkpoint FILE   the log in FOLDER must go on from this checkpoint, kept from before

POLICY is a file with the keys you trust (C2SP tlog-policy): ``log KEY``, ``witness NAME KEY``,
``group NAME COUNT NAME ...``, ``quorum NAME`` or ``quorum none``. Get the keys from the parties and the
mechanism themselves; a policy that came with a log proves nothing about it. Ends with 0 if everything holds, 1
if something does not, 2 if it was called wrongly. What is checked, after RFC 9162 and C2SP signed-note, tlog-checkpoint, -cosignature, -proof and -tiles:
(1) every text has its one spelling; (2) the checkpoint is signed by a trusted log; (3) enough trusted
witnesses cosigned it; (4) the entry leads to the checkpoint's root; (5) a disclosed field is the one that was
committed to; (6) of a whole log: every file, byte by byte, every checkpoint, and nothing else is there.
"""

import argparse
import base64
import hashlib
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

BESIDE = r"policy\.txt|README\.txt|verify_truce\.py|journal|lock|held/[x0-9/]+|stamps/[-0-9a-f]+\.tsr"
FAULTS = (OSError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)


def need(holds: object, message: str) -> None:
    """Raise unless something holds."""
    if not holds:
        raise ValueError(message)


def sha(*parts: bytes) -> bytes:
    """SHA-256 of parts one behind the other."""
    return hashlib.sha256(b"".join(parts)).digest()


def unbase(text: str, size: int | None = None) -> bytes:
    """Bytes of base64, which must be their only spelling."""
    content = base64.b64decode(text.encode("ascii"), validate=True)
    need(base64.b64encode(content).decode() == text, f"base64 with stray bits: {text[:40]!r}")
    need(size in (None, len(content)), f"{len(content)} bytes instead of {size}")
    return content


def number(text: str) -> int:
    """A whole number without leading zeros."""
    need(re.fullmatch("0|[1-9][0-9]{0,18}", text, re.ASCII), f"not a number: {text[:40]!r}")
    return int(text)


def canonical(value: object) -> bytes:
    """Canonical JSON (RFC 8785) of a value without floats."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def record_of(content: bytes) -> Any:
    """The value of canonical JSON, which must be exactly that; floats are refused."""
    value = json.loads(content.decode(), parse_float=lambda _: {0}, parse_constant=lambda _: {0})
    need(canonical(value) == content, "a record is not in its canonical form")
    return value


class Key:
    """A public key ``name+id+base64`` of the kind asked for (1 signs, 4 cosigns)."""

    def __init__(self, text: str, kind: int) -> None:
        self.name, found, raw = [*text.split("+", 2), "", ""][:3]
        content = unbase(raw, 33)
        self.raw, self.key_id = content[1:], sha(self.name.encode(), b"\n", content)[:4]
        need(content[0] == kind and self.key_id.hex() == found, f"the key of {self.name} is not of its form")

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Whether ``signature`` is this key's over ``message``."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


class Note:
    """A signed note: ``text`` and its signature lines."""

    def __init__(self, content: bytes) -> None:
        whole = content.decode()
        body, blank, block = whole.rpartition("\n\n")
        need(blank and block.endswith("\n"), "a note has a text, a blank line and signatures")
        need(not re.search("[\x00-\x09\x0b-\x1f]", whole), "a note holds a control character")
        self.text, self.lines = body + "\n", []
        for line in block[:-1].split("\n"):
            _, name, raw = [*line.split(" "), "", ""][:3]
            need(line == f"— {name} {raw}", f"not a signature: {line[:60]!r}")
            self.lines.append((name, unbase(raw)))

    def of(self, key: Key) -> list[bytes]:
        """What each line that names ``key`` holds."""
        return [raw[4:] for name, raw in self.lines if name == key.name and raw[:4] == key.key_id]

    def cosigned(self, key: Key) -> int | None:
        """When the witness ``key`` cosigned (seconds since 1970), or None."""
        times = []
        for line in self.of(key):
            times.append(int.from_bytes(line[:8], "big"))
            message = f"cosignature/v1\ntime {times[-1]}\n{self.text}".encode()
            need(key.signed(message, line[8:]), f"the cosignature of {key.name} does not hold")
        return min(times, default=None)


class Head(Note):
    """A checkpoint: ``origin``, ``size``, ``root``."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        lines = self.text.split("\n")
        need(len(lines) == 4 and lines[0], "a checkpoint has three lines")
        self.origin, self.size, self.root = lines[0], number(lines[1]), unbase(lines[2], 32)


class Policy:
    """Whom to trust."""

    def __init__(self, text: str, since_s: float | None) -> None:
        self.logs: list[Key] = []
        self.witnesses: dict[str, Key] = {}
        self.groups: dict[str, tuple[int, list[str]]] = {}
        self.quorum, self.since_s = "", since_s
        for line in [each for each in text.splitlines() if re.match("[ \t]*[^# \t]", each)]:
            match line.split():
                case ["log", key, *_]:
                    self.logs.append(Key(key, 1))
                case ["witness", name, key, *_] if name != "none":
                    self.witnesses[name] = Key(key, 4)
                case ["group", name, count, *members] if name not in {"none", *self.witnesses}:
                    least = {"any": 1, "all": len(members)}.get(count) or number(count)
                    need(1 <= least <= len(set(members)), f"the group {name} asks for {count}")
                    self.groups[name] = (least, sorted(set(members)))
                case ["quorum", name] if not self.quorum:
                    self.quorum = name
                case _:
                    raise ValueError(f"not understood in the policy: {line!r}")
        need(self.quorum in {"none", *self.witnesses, *self.groups}, "the policy has no quorum line")
        raws = {key.raw for key in self.witnesses.values()}
        need(len(raws) == len(self.witnesses), "one key stands for two witnesses")

    def reached(self, name: str, times: dict[str, int]) -> bool:
        """Whether a witness cosigned, or enough of a group did."""
        least, members = self.groups.get(name, (1, []))
        return name in {"none", *times} or sum(self.reached(each, times) for each in members) >= least

    def trust(self, note: Note, origin: str) -> None:
        """(2) A trusted key of ``origin`` signed the note."""
        mine = [(key, line) for key in self.logs if key.name == origin for line in note.of(key)]
        holds = all(key.signed(note.text.encode(), line) for key, line in mine)
        need(mine and holds, f"not signed by a trusted key of {origin}")
        for key in self.witnesses.values():
            note.cosigned(key)

    def check(self, head: Head) -> list[str]:
        """(2), (3) Signed and witnessed; returns what can be said of it."""
        self.trust(head, head.origin)
        times = {n: at for n, key in self.witnesses.items() if (at := head.cosigned(key)) is not None}
        need(self.reached(self.quorum, times), f"too few witnesses cosigned: {', '.join(times) or 'none'}")
        late = self.since_s is None or any(at >= self.since_s for at in times.values())
        need(late, "no witness cosigned since then")
        seen = [f"{name} at {datetime.fromtimestamp(at, UTC):%FT%TZ}" for name, at in sorted(times.items())]
        return [f"checkpoint {head.size} of {head.origin}, cosigned: {', '.join(seen) or 'by no one'}"]


def climb(index: int, last: int, starts: list[bytes], steps: list[bytes]) -> list[bytes]:
    """Roots that ``steps`` lead to from ``starts`` (RFC 9162, 2.1.3.2 and 2.1.4.2): [of all, of the first]."""
    whole, part = starts
    for step in steps:
        need(last, "the path is too long")
        if index & 1 or index == last:
            whole, part = sha(b"\x01", step, whole), sha(b"\x01", step, part)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            whole = sha(b"\x01", whole, step)
        index, last = index >> 1, last >> 1
    need(last == 0, "the path is too short")
    return [whole, part]


def goes_on(old_size: int, size: int, old_root: bytes, proof: list[bytes]) -> bytes:
    """Root of ``size`` that a proof leads to from ``old_root``."""
    need(0 < old_size < size, "the proof is not from a smaller tree")
    steps = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    need(steps, "the proof is empty")
    at, last = old_size - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    found, old_found = climb(at, last, [steps[0], steps[0]], steps[1:])
    need(old_found == old_root, "the proof does not start from that root")
    return found


def fold(row: list[bytes]) -> bytes:
    """Root over hashes, the last of which may stand for fewer leaves than the others."""
    while len(row) > 1:
        pairs = [sha(b"\x01", row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)]
        row = pairs + (row[-1:] if len(row) % 2 else [])
    return row[0] if row else sha()


class Proof:
    """(4) A C2SP tlog-proof whose extra data is the entry, which leads to the root."""

    def __init__(self, content: bytes) -> None:
        top, blank, rest = content.partition(b"\n\n")
        first, extra, index, *path = [*top.decode().split("\n"), "", ""][: max(3, top.count(b"\n") + 1)]
        need(blank and first == "c2sp.org/tlog-proof@v1", "not a proof")
        need(extra.startswith("extra ") and index.startswith("index "), "a proof without entry or index")
        self.entry, self.index, self.head = unbase(extra[6:]), number(index[6:]), Head(rest)
        steps = [unbase(line, 32) for line in path]
        need(self.index < self.head.size, "the entry is beyond the checkpoint")
        leaf = sha(b"\x00", self.entry)
        root = climb(self.index, self.head.size - 1, [leaf, leaf], steps)[0]
        need(root == self.head.root, "the path does not lead from the entry to the root")


def show(index: int, entry: bytes) -> list[str]:
    """An entry as people read it."""
    lines = [f"  {name}: {json.dumps(value, ensure_ascii=False)}" for name, value in record_of(entry).items()]
    return [f"entry {index}-{sha(bytes(1), entry).hex()[:12]}:", *lines]


def check_proof(content: bytes, policy: Policy) -> list[str]:
    """A proof."""
    proof = Proof(content)
    return [*policy.check(proof.head), *show(proof.index, proof.entry)]


def check_disclosure(record: Any, policy: Policy) -> list[str]:
    """(5) A proof, and fields of its entry."""
    said = check_proof(record["proof"].encode(), policy)
    entry = record_of(Proof(record["proof"].encode()).entry)
    names, commitments = entry["fields"], [unbase(text, 32) for text in record["commitments"]]
    need(sorted(set(names)) == names and len(names) == len(commitments), "other fields than the entry's")
    need(sha(b"\x03", *commitments) == unbase(entry["root"], 32), "other commitments than the entry's")
    need(record["fields"], "nothing is disclosed")
    for name, field in record["fields"].items():
        need(name in names, f"the entry has no field {name!r}")
        mine = sha(b"\x02", unbase(field["salt"], 16), canonical([name, field["value"]]))
        need(mine == commitments[names.index(name)], f"{name!r} is not what was committed to")
        said.append(f"disclosed: {name} = {json.dumps(field['value'], ensure_ascii=False)}")
    return said


def check_fork(record: Any, policy: Policy) -> list[str]:
    """Two heads that no one history has both."""
    first, second = Head(record["first"].encode()), Head(record["second"].encode())
    need(first.origin == second.origin and first.size <= second.size, "two logs, or the larger head first")
    for head in (first, second):
        policy.trust(head, first.origin)
    root, proof = unbase(record["root"], 32), [unbase(step, 32) for step in record["proof"]]
    found = root if first.size == second.size and not proof else goes_on(first.size, second.size, root, proof)
    need(root != first.root and found == second.root, "the heads are not shown to contradict each other")
    return [f"FORK: {first.origin} signed two histories; they differ within the first {first.size} entries"]


def check_withheld(record: Any, policy: Policy) -> list[str]:
    """A receipt, and another entry where it said that one would stand."""
    receipt, proof = Note(record["receipt"].encode()), Proof(record["proof"].encode())
    form, origin, index, leaf, _, rest = receipt.text.split("\n")
    need(form == "truceline receipt v1" and not rest, "not a receipt")
    for note in (receipt, proof.head):
        policy.trust(note, origin)
    need(proof.head.origin == origin and proof.index == number(index), "a proof of another log or place")
    need(sha(b"\x00", proof.entry) != unbase(leaf, 32), "the entry stands where the receipt says")
    return [f"WITHHELD: {origin} signed for another entry at {index} than the one that stands there"]


def check_file(content: bytes, policy: Policy) -> list[str]:
    """Any of the files."""
    if content.startswith(b"c2sp.org/"):
        return check_proof(content, policy)
    record = record_of(content)
    kinds = {"disclosure": check_disclosure, "fork": check_fork, "withheld": check_withheld}
    found = [check for kind, check in kinds.items() if record.get("format") == f"truceline {kind} v1"]
    need(found, "a file of no known form")
    return found[0](record, policy)


def path_of(index: int) -> str:
    """``1234067`` → ``x001/x234/067`` (tlog-tiles)."""
    parts = f"{index:,}".split(",")
    return "/".join([*(f"x{part:0>3}" for part in parts[:-1]), f"{parts[-1]:0>3}"])


def read_tile(folder: Path, seen: set[str], name: str, width: int) -> bytes:
    """A tile or bundle of ``width``."""
    name += "" if width == 256 else f".p/{width}"
    seen.add(name)
    return (folder / name).read_bytes()


def read_bundles(folder: Path, seen: set[str], size: int) -> list[bytes]:
    """Entries of a log, each behind its length in two bytes, as bundles hold them."""
    entries: list[bytes] = []
    for index in range(-(-size // 256)):
        width, at = min(256, size - 256 * index), 0
        bundle = read_tile(folder, seen, f"tile/entries/{path_of(index)}", width)
        while at < len(bundle):
            stop = at + 2 + int.from_bytes(bundle[at : at + 2], "big")
            entries.append(bundle[at:stop])
            at = stop
        need(at == len(bundle) and len(entries) == 256 * index + width, f"bundle {index} is cut off")
    return entries


def check_keys(folder: Path, entries: list[bytes], heads: list[Head]) -> None:
    """(2) What the log says of itself is what entries say; each head is signed by the key in force at its size."""
    first = record_of(entries[0][2:])["body"]
    need((folder / "log.json").read_bytes() == canonical(first), "log.json is not what the first entry says")
    some = [(at, record_of(entry[2:])) for at, entry in enumerate(entries) if b'"kind":"key"' in entry]
    keys = [(0, first["key"]), *((at + 1, each["body"]["new"]) for at, each in some if each["kind"] == "key")]
    listed = "".join(f"{since} {key}\n" for since, key in keys).encode()
    need((folder / "keys").read_bytes() == listed, "the list of keys is not what entries say")
    for head in heads:
        mine = Key([key for since, key in keys if since <= head.size][-1], 1)
        need(head.of(mine), f"the checkpoint of {head.size} is not signed by the key in force")


def check_log(folder: Path, policy: Policy, codes: list[str], old: Head | None) -> list[str]:
    """A folder with a whole log."""
    every = [each for each in folder.rglob("*") if each.is_symlink() or not each.is_dir()]
    for path in every:
        need(path.is_file() and not path.is_symlink(), f"no plain file: {path.relative_to(folder)}")
    heads = {path: Head(path.read_bytes()) for path in folder.glob("checkpoints/**/*") if path.is_file()}
    path, head = max(heads.items(), key=lambda pair: pair[1].size)
    said, seen = policy.check(head), {"checkpoint", "log.json", "keys"}
    need((folder / "checkpoint").read_bytes() == path.read_bytes(), "another checkpoint is shown than kept")
    entries = read_bundles(folder, seen, head.size)
    leaves = [sha(b"\x00", entry[2:]) for entry in entries]
    row, level, rows = leaves, 0, {"entries": entries}
    while row:
        rows[str(level)] = row
        for index in range(-(-len(row) // 256)):
            part = b"".join(row[256 * index : 256 * index + 256])
            found = read_tile(folder, seen, f"tile/{level}/{path_of(index)}", len(part) // 32)
            need(found == part, f"tile {level}/{index} is not what is below it")
        row, level = [fold(row[at : at + 256]) for at in range(0, len(row) - 255, 256)], level + 1
    for each in [*heads.values(), *([old] if old else [])]:
        policy.trust(each, head.origin)
        need(each.origin == head.origin and each.size <= len(leaves), "a checkpoint of another log or size")
        need(fold(leaves[: each.size]) == each.root, f"the log had another root at {each.size}")
        seen.add(f"checkpoints/{path_of(each.size)}")
    check_keys(folder, entries, [*heads.values(), *([old] if old else [])])
    names, beside = {each.relative_to(folder).as_posix() for each in every}, []
    for name in sorted(names - seen):  # partial tiles of earlier checkpoints, and what is no part of the tree
        older = re.fullmatch(r"tile/(\w+)/([x0-9/]+)\.p/([1-9][0-9]{0,2})", name)
        kind, place, width = older.groups() if older else ("", "0", "0")
        index = int(re.sub("[x/]", "", place))
        held = rows.get(kind, [])[256 * index :][: int(width)] if path_of(index) == place else []
        good = held and len(held) == int(width) < 256 and (folder / name).read_bytes() == b"".join(held)
        need(good or re.fullmatch(BESIDE, name), f"not of the log, or altered: {name}")
        beside += [] if good else [name]
    for code in codes:
        place, _, digits = code.partition("-")
        need(number(place) < len(leaves) and len(digits) == 12, f"no entry {code}")
        need(leaves[int(place)].hex().startswith(digits), f"another entry stands at {place}")
        said += show(int(place), entries[int(place)][2:])
    said += [f"beside the log, and not checked: {', '.join(beside)}"] if beside else []
    return [*said, f"{len(entries)} entries, {len(heads)} checkpoints: every byte as signed"]


def main(arguments: list[str] | None = None) -> int:
    """Read the call, check, say what holds."""
    call = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    call.add_argument("policy", type=Path)
    call.add_argument("target", type=Path)
    call.add_argument("codes", nargs="*")
    call.add_argument("--since", type=lambda text: datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z"))
    call.add_argument("--checkpoint", type=Path)
    asked = call.parse_args(arguments)
    try:
        policy = Policy(asked.policy.read_text(encoding="utf-8"), asked.since and asked.since.timestamp())
        old = asked.checkpoint and Head(asked.checkpoint.read_bytes())
        at = asked.target
        said = check_log(at, policy, asked.codes, old) if at.is_dir() else check_file(at.read_bytes(), policy)
    except FAULTS as error:
        plain = type(error) in {ValueError, FileNotFoundError}
        print(f"DOES NOT HOLD: {error if plain else repr(error)}")
        return 1
    print("\n".join([*said, "HOLDS"]))
    return 0


if __name__ == "__main__":  # pragma: no cover - run so by the tests of published results
    sys.exit(main())
