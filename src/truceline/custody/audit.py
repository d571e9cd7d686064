"""Is a log what it says? Every byte of it is read once, in order, and held against everything else.

1. ``log.json``, ``keys`` and the first entry agree; 2. every bundle hashes to its tile, every tile to the
one above; 3. every checkpoint is signed by the key in force and has the root that the tree had then;
4. every held record opens the commitment of its entry; 5. every entry is canonical and of its form, and
every change of key is signed by both; 6. what entries tell of is there, and no file that does not belong.

Nothing stops the audit: what is wrong is gathered, with the file it is in.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from truceline.custody.checkpoint import SignedCheckpoint
from truceline.custody.commitment import open_held, root_of_commitments
from truceline.custody.config import CONFIG, KEYS, KeyHistory, LogConfig
from truceline.custody.disk import NEW
from truceline.custody.encoding import from_base64
from truceline.custody.entry import Entry, read_entry
from truceline.custody.export import companions
from truceline.custody.forms import Forms
from truceline.custody.held import held_path
from truceline.custody.journal import read_journal
from truceline.custody.listing import interrupted_files, kept_sizes, list_files, list_partials
from truceline.custody.merkle import hash_leaves
from truceline.custody.outcome import Audit
from truceline.custody.read import CHECKPOINT, JOURNAL, LOCK, Store, checkpoint_path
from truceline.custody.rotation import KEY_KIND, read_key_entry
from truceline.custody.tile import WIDTH, Edge, pack, read_bundle, read_tile, split, tile_path
from truceline.custody.told import MARKS, Told

#: files that belong to a log beside those that follow from its size; exports add the last three
OWN_FILES = frozenset(
    {CONFIG, KEYS, JOURNAL, LOCK, CHECKPOINT, "verify_truce.py", "policy.txt", "README.txt"}
)


class _Auditor:
    """One walk over a log."""

    def __init__(self, folder: Path, *, records: bool, forms: Forms) -> None:
        self.folder = folder
        self.records = records
        self.forms = forms
        self.audit = Audit()
        self.known: set[str] = set(OWN_FILES)
        self.unheld: set[str] = set()  # files of held content that are wrong or gone, and told of
        self.edge = Edge()
        self.files = list_files(folder)
        self.partials = list_partials(self.files)
        self.pending = 0  # entries that stand in the journal alone
        self.broken = False  # the walk could not go on to the end
        self.keys: list[tuple[int, Any]] = []
        self.told = Told()
        self.logged = ""
        # a copy to publish has nothing held; where something is, all of it must be
        self.holds = any(name.startswith("held/") for name in self.files)
        self.marks = (*MARKS, b'"root":"', b'"kind":"redaction"') if self.holds else MARKS

    # -- (1) -------------------------------------------------------------------------------
    def begin(self) -> bool:
        """Read what the log says of itself."""
        strange = [name for name, plain in self.files.items() if not plain]
        for name in sorted(strange):
            self.audit.wrong("log_unknown", name, "a link or a device, and no plain file")
        if strange:
            return False
        if CONFIG not in self.files:
            self.audit.wrong("log_absent", CONFIG, "there is no log: the file is not there")
            return False
        try:
            self.config = LogConfig.read((self.folder / CONFIG).read_bytes())
        except ValueError as error:
            self.audit.wrong("log_altered", CONFIG, error)
            return False
        self.keys = [(0, self.config.key)]
        try:
            self.store = Store(self.folder)
        except (ValueError, OSError) as error:
            self.audit.wrong("log_altered", KEYS, error)
            return False
        self.sizes = kept_sizes(self.files)
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
            self.expect("entries", index, width)
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
        self.expect(0, index, width)
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

    def expect(self, level: int | str, index: int, width: int) -> None:
        """A file that belongs to the log; a full one in the place of a partial one has more than was signed."""
        name, full = tile_path(level, index, width), tile_path(level, index)
        self.known.add(name)
        if name not in self.files and full in self.files and full not in self.known:
            self.known.add(full)
            self.audit.wrong("log_unknown", full, "it has more than stands under the last checkpoint")

    def compare_tile(self, level: int, index: int, content: bytes) -> None:
        """Hold a tile against what it must be."""
        width = len(content) // 32
        name = tile_path(level, index, width)
        self.expect(level, index, width)
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
        key = KeyHistory(tuple(self.keys)).at(signed.head.size)
        if not signed.signed_by(key):
            self.audit.wrong("log_signature", name, "the checkpoint is not signed by the key in force")
        for line in signed.note.signatures:
            named = [key for key in self.config.witnesses if line.is_by(key)]
            if named and signed.cosigned_at_s(named[0]) is None:
                self.audit.wrong("log_signature", name, f"the cosignature of {line.name} does not hold")
            if not named and not line.is_by(key):
                message = f"a signature of {line.name}, who is no witness here and has not the key in force"
                self.audit.wrong("log_signature", name, message)
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
            self.unheld.add(name)
        return [b""] * width

    def read_entries(self, first: int, entries: list[bytes], held: list[bytes]) -> None:
        """Entries and what is held of them."""
        if self.records:
            self.forms.put(first, entries)
        if first and not any(held) and not self.marked(b"".join(entries)):
            return
        for place, (content, kept) in enumerate(zip(entries, held, strict=True)):
            if kept or first + place == 0 or self.marked(content):
                self.read_one(first + place, Entry(content, kept))

    def read_pending(self, entries: Sequence[Entry]) -> None:
        """Entries of the journal."""
        if self.records:
            self.forms.put(self.edge.size, [entry.content for entry in entries])
        for index, entry in enumerate(entries, start=self.edge.size):
            self.read_one(index, entry)
        self.audit.pending = len(entries)

    def marked(self, content: bytes) -> bool:
        """Whether entries may be among those that the log itself rests on."""
        return any(mark in content for mark in self.marks)

    def read_one(self, index: int, entry: Entry) -> None:
        """One entry: its form, its held fields, and what it changes."""
        try:
            record = read_entry(entry.content)
        except ValueError as error:
            if not self.records:  # else it is told of with the others' forms
                self.wrong_form(index, str(error))
            return
        if index == 0 and (record["kind"] != "log" or record.get("body") != self.config.record()):
            self.audit.wrong("log_altered", CONFIG, "the first entry describes another log")
        if record["kind"] == KEY_KIND:
            self.take_key(index, record)
        self.told.take(index, record)
        if entry.held:
            self.open(index, record, entry.held)
        elif "root" in record and self.holds and held_path(index // WIDTH) not in self.unheld:
            self.unheld.add(held_path(index // WIDTH))
            message = f"entry {index}: what was held of it is not there"
            self.audit.wrong("log_missing", held_path(index // WIDTH), message)
        if not self.records:
            self.take_time(index, record["logged"])

    def take_forms(self) -> None:
        """What was found of the forms of entries."""
        for found in self.forms.end():
            for index, message in found.wrong:
                self.wrong_form(index, message)
            for index, time in found.times:
                self.take_time(index, time)

    def wrong_form(self, index: int, message: str) -> None:
        """An entry is not one."""
        self.audit.wrong("log_entry", tile_path("entries", index // WIDTH), f"entry {index}: {message}")

    def take_time(self, index: int, time: str) -> None:
        """When an entry was logged."""
        if time < self.logged:
            self.audit.notes.append(f"entry {index} was logged at {time}, after {self.logged}")
        self.logged = time

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
            journal = read_journal(self.store.read(JOURNAL))
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
        self.pending = self.audit.pending
        self.audit.size = self.edge.size + self.pending
        self.audit.pending = self.audit.size - max(self.sizes, default=0)
        if list(self.store.keys.keys) != self.keys:
            self.audit.wrong("log_altered", KEYS, "the keys are not those of the entries")
        for size in sorted(set(heads) - set(range(self.edge.size + 1))):
            self.audit.wrong(
                "log_missing",
                checkpoint_path(size),
                f"entries up to {size} were signed for; there are {self.edge.size}",
            )
        self.told.compare(self.audit, self.store, heads, self.sizes, size=self.edge.size)
        self.known.update(self.told.compare_stamps(self.audit, self.store, self.files, self.sizes))
        newest = heads.get(max(self.sizes, default=0))
        self.audit.newest = newest
        try:
            shown = self.store.read(CHECKPOINT)
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
        for name, expected in {**companions(self.store), LOCK: b""}.items():
            if name in self.files and self.store.read(name) != expected:
                self.audit.wrong(
                    "log_unknown", name, "not the file that this version puts there: do not rely on it"
                )
        for index in range(-(-self.edge.size // WIDTH)):
            for width in self.partials.get(tile_path("entries", index), ()):
                older = tile_path("entries", index, width)
                if older not in self.known and width <= self.edge.size - index * WIDTH:
                    self.compare_bundle(index, width)
        left = interrupted_files(self.edge.size + self.pending) if self.pending else set()
        for name in sorted(self.files.keys() - self.known):
            torn = name in left or name.startswith(f"{NEW}/")
            message = "an interrupted write left it; the next checkpoint clears it away"
            self.audit.wrong(
                "log_unknown",
                name,
                message if torn else "no part of the log: neither the log nor a copy of it has such a file",
            )

    def compare_bundle(self, index: int, width: int) -> None:
        """An earlier partial bundle is the beginning of the later one."""
        whole = self.read_bundle(index, min(WIDTH, self.edge.size - index * WIDTH))
        name = tile_path("entries", index, width)
        if self.store.read(name) == pack(whole[:width]):
            self.known.add(name)


def audit(folder: Path, *, records: bool = True, workers: int = 1) -> Audit:
    """Audit a log.

    ``records`` asks for every entry to be parsed, by ``workers`` other processes if they are more than one;
    without it only those are that the log itself rests on (the first, changes of key, and those with held
    content), which is several times faster and finds every altered byte just the same.
    """
    with Forms(workers if records else 1) as forms:
        auditor = _Auditor(folder, records=records, forms=forms)
        if not auditor.begin():
            return auditor.audit
        heads = auditor.heads()
        start, pending = auditor.journal()
        auditor.walk(start, heads)
        auditor.read_pending(pending)
        auditor.take_forms()
        auditor.end(heads)
        return auditor.audit
