"""Is a log what it says? Every byte of it is read once, in order, and held against everything else.

1. ``log.json``, ``keys`` and the first entry agree; 2. every bundle hashes to its tile, every tile to the
one above; 3. every checkpoint is signed by the key in force and has the root that the tree had then;
4. every held record opens the commitment of its entry; 5. every entry is canonical and of its form, and
every change of key is signed by both; 6. no file is there that does not belong.

Nothing stops the audit: what is wrong is gathered, with the file it is in.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from truceline.custody.checkpoint import SignedCheckpoint
from truceline.custody.commitment import open_held, root_of_commitments
from truceline.custody.config import CONFIG, KEYS, KeyHistory, LogConfig
from truceline.custody.disk import NEW
from truceline.custody.encoding import from_base64
from truceline.custody.entry import Entry, read_entry
from truceline.custody.export import companions
from truceline.custody.held import held_path
from truceline.custody.journal import read_journal
from truceline.custody.merkle import hash_leaves
from truceline.custody.read import CHECKPOINT, JOURNAL, LOCK, Store, checkpoint_path
from truceline.custody.rotation import KEY_KIND, read_key_entry
from truceline.custody.tile import WIDTH, Edge, pack, read_bundle, read_tile, split, tile_path

#: files that belong to a log beside those that follow from its size; exports add the last three
OWN_FILES = frozenset(
    {CONFIG, KEYS, JOURNAL, LOCK, CHECKPOINT, "verify_truce.py", "policy.txt", "README.txt"}
)


_MARKS = (b'"kind":"key"', b'"kind":"witnessing"')  # of entries that say how the log itself goes on


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong: ``code`` as in ``base/errors``, which file of the log, and what."""

    code: str
    file: str
    message: str


@dataclass(slots=True)
class Audit:
    """What an audit found; ``size`` entries were read, ``pending`` of them stand under no checkpoint yet."""

    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    size: int = 0
    pending: int = 0
    checkpoints: int = 0
    newest: SignedCheckpoint | None = None
    cosigned: dict[str, int] = field(default_factory=dict)  #: witness → time of the newest checkpoint, s
    held: int = 0  #: entries of which something is held here

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    def wrong(self, code: str, file: str, message: object) -> None:
        """Note something wrong."""
        self.faults.append(Fault(code, file, str(message)))


class _Auditor:
    """One walk over a log."""

    def __init__(self, folder: Path, *, records: bool) -> None:
        self.folder = folder
        self.records = records
        self.audit = Audit()
        self.known: set[str] = set(OWN_FILES)
        self.edge = Edge()
        self.files = _files(folder)
        self.partials = _partials(self.files)
        self.broken = False  # the walk could not go on to the end
        self.keys: list[tuple[int, Any]] = []
        self.told: set[Any] = set()  # sizes of earlier checkpoints, as entries tell them
        self.logged = ""

    # -- (1) -------------------------------------------------------------------------------
    def begin(self) -> bool:
        """Read what the log says of itself."""
        try:
            self.config = LogConfig.read((self.folder / CONFIG).read_bytes())
        except FileNotFoundError:
            self.audit.wrong("log_absent", CONFIG, "there is no log: the file is not there")
            return False
        except ValueError as error:
            self.audit.wrong("log_altered", CONFIG, error)
            return False
        self.keys = [(0, self.config.key)]
        try:
            self.store = Store(self.folder)
            self.sizes = self.store.sizes()
        except (ValueError, OSError) as error:
            self.audit.wrong("log_altered", KEYS, error)
            return False
        return True

    def heads(self) -> dict[int, SignedCheckpoint]:
        """Every kept checkpoint, by its size."""
        found: dict[int, SignedCheckpoint] = {}
        for size in self.sizes:
            self.known.add(checkpoint_path(size))
            try:
                found.update({signed.head.size: signed for signed in [self.store.checkpoint(size)] if signed})
            except ValueError as error:
                self.audit.wrong("log_altered", checkpoint_path(size), error)
        return found

    # -- (2) and (3) -----------------------------------------------------------------------
    def walk(self, start: int, heads: dict[int, SignedCheckpoint]) -> None:
        """Read bundles and tiles of the first ``start`` entries, in order."""
        stops = sorted(size for size in heads if size <= start)
        for index in range(-(-start // WIDTH)):
            width = min(WIDTH, start - index * WIDTH)
            self.expect(tile_path("entries", index, width), tile_path("entries", index))
            entries = self.read_bundle(index, width)
            leaves = hash_leaves(entries) if entries else self.read_leaves(index, width)
            if not leaves:
                self.broken = True
                return
            if entries:
                self.compare_tile(0, index, b"".join(leaves))
            held = self.read_held(index, width)
            self.read_entries(index * WIDTH, entries, held[: len(entries)])
            while stops and stops[0] <= index * WIDTH + width:
                taken = stops[0] - self.edge.size
                self.grow(leaves[:taken])
                leaves = leaves[taken:]
                self.check_head(heads[stops.pop(0)])
            self.grow(leaves)
        for level, index, content in self.edge.partials()[1:] if start % WIDTH else self.edge.partials():
            self.compare_tile(level, index, content)

    def read_bundle(self, index: int, width: int) -> list[bytes]:
        """Entries of a bundle; none where it is missing or is no bundle."""
        name = tile_path("entries", index, width)
        try:
            return read_bundle(self.store.read, index, width)
        except FileNotFoundError:
            self.audit.wrong("log_missing", name, "the bundle is not there")
        except ValueError as error:
            self.audit.wrong("log_altered", name, error)
        return []

    def read_leaves(self, index: int, width: int) -> list[bytes]:
        """Leaf hashes from the tile, so that the walk can go on past a bundle that is gone."""
        self.expect(tile_path(0, index, width), tile_path(0, index))
        try:
            return split(read_tile(self.store.read, 0, index, width))
        except (FileNotFoundError, ValueError) as error:
            self.audit.wrong("log_missing", tile_path(0, index, width), f"nor is there a tile: {error}")
        return []

    def grow(self, leaves: list[bytes]) -> None:
        """Go on with the tree; tiles above that became full must stand there too."""
        for level, index, content in self.edge.grow(leaves):
            if level:
                self.compare_tile(level, index, content)

    def expect(self, name: str, full: str) -> None:
        """A file that belongs to the log: under its own name, or full under another."""
        self.known.update({name, full})

    def compare_tile(self, level: int, index: int, content: bytes) -> None:
        """Hold a tile against what it must be."""
        width = len(content) // 32
        name = tile_path(level, index, width)
        self.expect(name, tile_path(level, index))
        try:
            found = read_tile(self.store.read, level, index, width)
        except FileNotFoundError:
            self.audit.wrong("log_missing", name, "the tile is not there")
        except ValueError as error:
            self.audit.wrong("log_altered", name, error)
        else:
            if found != content:
                self.audit.wrong("log_altered", name, "the tile is not the hash of what is below it")
        for width in self.partials.get(tile_path(level, index), ()):
            older = tile_path(level, index, width)
            if self.store.read(older) == content[: width * 32]:
                self.known.add(older)

    def check_head(self, signed: SignedCheckpoint) -> None:
        """A checkpoint has the root that the tree had, and the signature of the key in force."""
        name = checkpoint_path(signed.head.size)
        if signed.head.root != self.edge.root():
            self.audit.wrong("log_altered", name, "the checkpoint has another root than the entries")
        if not signed.signed_by(KeyHistory(tuple(self.keys)).at(signed.head.size)):
            self.audit.wrong("log_signature", name, "the checkpoint is not signed by the key in force")
        for line in signed.note.signatures:
            named = [key for key in self.config.witnesses if line.is_by(key)]
            if named and signed.cosigned_at_s(named[0]) is None:
                self.audit.wrong("log_signature", name, f"the cosignature of {line.name} does not hold")
            if not named and not any(line.is_by(key) for _, key in self.keys):
                self.audit.wrong("log_signature", name, f"a signature of {line.name}, who is no witness here")
        self.audit.checkpoints += 1

    # -- (4) and (5) -----------------------------------------------------------------------
    def read_held(self, index: int, width: int) -> list[bytes]:
        """What is held of a bundle's entries; nothing where the log came without."""
        name = held_path(index)
        self.known.add(name)
        try:
            return self.store.held_bundle(index, width)
        except ValueError as error:
            self.audit.wrong("log_altered", name, error)
        return [b""] * width

    def read_entries(self, first: int, entries: list[bytes], held: list[bytes]) -> None:
        """Entries and what is held of them."""
        if not self.records and first and not any(held) and not _marked(b"".join(entries)):
            return
        for place, (content, kept) in enumerate(zip(entries, held, strict=True)):
            index = first + place
            if self.records or kept or index == 0 or _marked(content):
                self.read_one(index, Entry(content, kept))

    def read_one(self, index: int, entry: Entry) -> None:
        """One entry: its form, its held fields, and what it changes."""
        name = tile_path("entries", index // WIDTH)
        try:
            record = read_entry(entry.content)
        except ValueError as error:
            self.audit.wrong("log_entry", name, f"entry {index}: {error}")
            return
        if index == 0 and (record["kind"] != "log" or record.get("body") != self.config.record()):
            self.audit.wrong("log_altered", CONFIG, "the first entry describes another log")
        if record["kind"] == KEY_KIND:
            self.take_key(index, record)
        if record["kind"] == "witnessing":
            self.told.add(record.get("body", {}).get("size"))
        if entry.held:
            self.open(index, record, entry.held)
        if record["logged"] < self.logged:
            self.audit.notes.append(f"entry {index} was logged at {record['logged']}, after {self.logged}")
        self.logged = record["logged"]

    def take_key(self, index: int, record: dict[str, Any]) -> None:
        """Another key takes over."""
        try:
            new = read_key_entry(record.get("body", {}), index=index, old=self.keys[-1][1])
            keys = KeyHistory.of([*self.keys, (index + 1, new)], config=self.config)
        except ValueError as error:
            self.audit.wrong("log_signature", tile_path("entries", index // WIDTH), f"entry {index}: {error}")
        else:
            self.keys = list(keys.keys)

    def open(self, index: int, record: dict[str, Any], held: bytes) -> None:
        """Held content opens the commitment of its entry."""
        self.audit.held += 1
        name = held_path(index // WIDTH)
        try:
            fields = open_held(held, record.get("fields", []))
        except ValueError as error:
            self.audit.wrong("log_altered", name, f"entry {index}: {error}")
            return
        root = root_of_commitments([each.commitment for each in fields])
        if "root" not in record or root != from_base64(record["root"]):
            self.audit.wrong("log_altered", name, f"entry {index}: what is held is not what was committed to")

    # -- the end ---------------------------------------------------------------------------
    def journal(self) -> tuple[int, tuple[Entry, ...]]:
        """Entries in tiles, and those that stand in the journal; exported logs have none."""
        newest = max(self.sizes, default=0)
        try:
            journal = read_journal((self.folder / JOURNAL).read_bytes())
        except FileNotFoundError:
            return newest, ()
        except ValueError as error:
            self.audit.wrong("log_altered", JOURNAL, error)
            return newest, ()
        if journal.length != (self.folder / JOURNAL).stat().st_size:
            self.audit.notes.append(
                "the journal ends in a batch that was never acknowledged; the next append drops it"
            )
        return journal.start, journal.entries

    def end(self, heads: dict[int, SignedCheckpoint]) -> None:
        """The last checkpoint, the keys, and files that do not belong."""
        self.audit.size = self.edge.size + self.audit.pending
        self.audit.pending = self.audit.size - max(self.sizes, default=0)
        if list(self.store.keys.keys) != self.keys:
            self.audit.wrong("log_altered", KEYS, "the keys are not those of the entries")
        for size in sorted(set(heads) - set(range(self.edge.size + 1))):
            self.audit.wrong(
                "log_missing",
                checkpoint_path(size),
                f"entries up to {size} were signed for; there are {self.edge.size}",
            )
        for size in sorted(each for each in self.told if isinstance(each, int) and each not in self.sizes):
            self.audit.wrong(
                "log_missing", checkpoint_path(size), "a checkpoint that entries tell of is not there"
            )
        newest = heads.get(max(self.sizes, default=0))
        self.audit.newest = newest
        try:
            shown = (self.folder / CHECKPOINT).read_bytes()
        except FileNotFoundError:
            self.audit.wrong("log_missing", CHECKPOINT, "the log shows no checkpoint")
        else:
            if newest is None or shown != newest.encode():
                self.audit.wrong("log_altered", CHECKPOINT, "the checkpoint shown is not the last one kept")
        if newest is not None:
            times = {key.name: newest.cosigned_at_s(key) for key in self.config.witnesses}
            self.audit.cosigned = {name: time_s for name, time_s in times.items() if time_s is not None}
        if not self.broken:
            self.find_unknown()

    def find_unknown(self) -> None:
        """Every file must be known by now, and what exports put beside a log is what they put there."""
        for name, expected in companions(self.store).items():
            if name in self.files and self.store.read(name) != expected:
                self.audit.wrong(
                    "log_unknown", name, "not the file that this version puts there: do not rely on it"
                )
        for index in range(-(-self.edge.size // WIDTH)):
            for width in self.partials.get(tile_path("entries", index), ()):
                older = tile_path("entries", index, width)
                if older not in self.known and width <= self.edge.size - index * WIDTH:
                    self.compare_bundle(index, width)
        for name in sorted(self.files - self.known):
            left = name.startswith(f"{NEW}/")
            message = (
                "an interrupted write left it; the next append removes it"
                if left
                else "the file is none of the log's"
            )
            self.audit.wrong("log_unknown", name, message)

    def compare_bundle(self, index: int, width: int) -> None:
        """An earlier partial bundle is the beginning of the later one."""
        whole = self.read_bundle(index, min(WIDTH, self.edge.size - index * WIDTH))
        name = tile_path("entries", index, width)
        if self.store.read(name) == pack(whole[:width]):
            self.known.add(name)


def _marked(content: bytes) -> bool:
    return any(mark in content for mark in _MARKS)


def _files(folder: Path) -> set[str]:
    """Names of all files under ``folder``; a link is one, wherever it leads."""
    found: set[str] = set()
    for parent, folders, files in os.walk(folder):
        linked = [name for name in folders if Path(parent, name).is_symlink()]
        prefix = os.path.relpath(parent, folder).replace(os.sep, "/") + "/"
        found.update((prefix + name).removeprefix("./") for name in (*files, *linked))
    return found


def _partials(files: Iterable[str]) -> dict[str, list[int]]:
    """Widths of the partial tiles and bundles among ``files``, by the path of the full one."""
    found: dict[str, list[int]] = {}
    for name in sorted(files):
        full, dot, width = name.partition(".p/")
        if dot and width.isascii() and width.isdecimal():
            found.setdefault(full, []).append(int(width))
    return found


def audit(folder: Path, *, records: bool = True) -> Audit:
    """Audit a log.

    ``records`` asks for every entry to be parsed; without it only those are that the log itself rests on
    (the first, changes of key, and those with held content), which is several times faster and finds every
    altered byte just the same.
    """
    auditor = _Auditor(folder, records=records)
    if not auditor.begin():
        return auditor.audit
    heads = auditor.heads()
    start, pending = auditor.journal()
    auditor.walk(start, heads)
    for place, entry in enumerate(pending):
        auditor.read_one(auditor.edge.size + place, entry)
    auditor.audit.pending = len(pending)
    auditor.end(heads)
    return auditor.audit
