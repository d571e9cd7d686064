"""The log as its keeper writes it: append, checkpoint, take cosignatures, change the key, forget.

1. ``append`` puts a batch into the journal and brings it to the disk; then it is acknowledged.
2. ``fold`` writes what the journal has as tiles and bundles, brings them to the disk, and only then begins
   a new journal. A kill anywhere leaves the journal, and the next to open the log folds it again.
3. ``checkpoint`` says who cosigned the last one, pads, folds, and signs the head, unless the tree would
   contradict a head that was signed before.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Final

from truceline.custody import disk
from truceline.custody.checkpoint import Checkpoint, SignedCheckpoint, sign_checkpoint
from truceline.custody.commitment import forget
from truceline.custody.config import CONFIG, KEYS, KeyHistory, LogConfig
from truceline.custody.entry import Entry, code_of, code_of_leaf, plain_entry, read_entry, sealed_entry
from truceline.custody.held import held_path, pack_held
from truceline.custody.journal import Journal, read_journal, write_frame, write_head
from truceline.custody.listing import forgotten_still, is_taken
from truceline.custody.merkle import HASH_BYTES, hash_leaf, hash_leaves, prove_consistency, verify_consistency
from truceline.custody.note import Signature
from truceline.custody.partials import clear_torn, drop_partials
from truceline.custody.read import CHECKPOINT, JOURNAL, LOCK, Store, checkpoint_path
from truceline.custody.rotation import KEY_KIND, key_entry, read_key_entry, witnessing_entry
from truceline.custody.salts import Salts, random_salts
from truceline.custody.sign import SecretKey
from truceline.custody.tile import WIDTH, Edge, Tree, pack, partials_of, tile_path

_FOLD_BYTES: Final = 16 * 2**20  #: a journal of so many bytes is folded without waiting for a checkpoint
_PRIVATE: Final = 0o600


class LogError(ValueError):
    """The log cannot be used, or must not be written, as it is."""


class Log:
    """A log open for writing; as a context manager it holds the log's lock.

    Raises
    ------
    LogError
        If files of the log are missing, altered or behind its last checkpoint.
    BusyError
        If another process wrote for longer than ``wait_s``.
    """

    def __init__(
        self, folder: Path, *, key: SecretKey | None = None, salts: Salts = random_salts, wait_s: float = 60.0
    ) -> None:
        self.folder = folder
        self._key = key
        self._salts = salts
        self._lock = disk.Lock(folder / LOCK, wait_s=wait_s)
        self._stack = ExitStack()
        self._pending: list[Entry] = []
        self._leaves: list[bytes] = []  # hashes of the pending ones
        self._pending_bytes = 0
        self._torn = False

    # -- beginning and end -----------------------------------------------------------------
    @classmethod
    def create(
        cls, folder: Path, config: LogConfig, *, key: SecretKey, logged: str, salts: Salts = random_salts
    ) -> SignedCheckpoint:
        """Begin a log in ``folder``, which must be absent or empty; returns its first checkpoint.

        Raises
        ------
        LogError
            If something stands there, or ``key`` is not the one that ``config`` names.
        """
        if key.public != config.key:
            raise LogError(f"the secret key is {key.public.text()}, and the log's is {config.key.text()}")
        if is_taken(folder):
            raise LogError(f"{folder} is not empty")
        first = plain_entry("log", config.record(), logged=logged)
        folder.mkdir(parents=True, exist_ok=True)
        with disk.Lock(folder / LOCK, wait_s=60):
            if is_taken(folder):  # by now
                raise LogError(f"{folder} is not empty")
            disk.replace_file(folder, CONFIG, config.encode())
            disk.replace_file(folder, KEYS, KeyHistory(((0, config.key),)).encode())
            # with its journal the log begins to exist
            disk.replace_file(folder, JOURNAL, write_head(0) + write_frame([first], first=0), mode=_PRIVATE)
        disk.sync_folder(folder.parent)
        with cls(folder, key=key, salts=salts) as log:
            return log.checkpoint(logged=logged)

    def __enter__(self) -> Log:
        if not (self.folder / JOURNAL).is_file():
            raise LogError(f"{self.folder} holds no log that can be written; log restore makes one of a copy")
        with ExitStack() as stack:
            stack.enter_context(self._lock)
            disk.clear_new(self.folder)
            self._recover()
            self._handle = os.open(self.folder / JOURNAL, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
            stack.callback(self._close)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _close(self) -> None:
        os.close(self._handle)

    def _recover(self) -> None:
        """Read what stands on the disk, and let go what was never acknowledged."""
        try:
            self.store = Store(self.folder)
            journal = read_journal((self.folder / JOURNAL).read_bytes())
            self._edge = Edge.read(self.store.read, journal.start)
            tail = journal.start % WIDTH
            self._bundle = self.store.bundle(journal.start // WIDTH, tail) if tail else []
            self._held = self.store.held_bundle(journal.start // WIDTH, tail) if tail else []
            self._cut(journal)
            clear_torn(self.folder, start=journal.start, stop=journal.start + len(journal.entries))
            self._take_up(journal)
        except (ValueError, FileNotFoundError) as error:
            raise LogError(f"the log cannot be written: {error}") from error

    def _cut(self, journal: Journal) -> None:
        """Shorten the journal to what was acknowledged."""
        self._length = journal.length
        if (self.folder / JOURNAL).stat().st_size != journal.length:
            os.truncate(self.folder / JOURNAL, journal.length)

    def _take_up(self, journal: Journal) -> None:
        """Hold the tiles and the journal against the last checkpoint."""
        self._pending = list(journal.entries)
        self._leaves = hash_leaves([entry.content for entry in journal.entries])
        self._pending_bytes = journal.length
        self._take_up_keys()
        self._finish_forgetting()
        newest = self.store.newest_checkpoint()
        if newest is not None:
            shown = self.folder / CHECKPOINT
            if not shown.is_file() or shown.read_bytes() != newest.encode():
                disk.replace_file(self.folder, CHECKPOINT, newest.encode())
            self._refuse_contradiction(newest.head)

    def _refuse_contradiction(self, head: Checkpoint) -> None:
        """Raise unless the tree on the disk goes on from a head that was signed."""
        size = self._edge.size
        if head.size > size:
            raise LogError(f"tiles and journal end at {size}, and a checkpoint of {head.size} was signed")
        tree = Tree(self.store.read, size)
        proof = prove_consistency(tree.node, head.size, size)
        if not verify_consistency(
            old_size=head.size, size=size, old_root=head.root, root=self._edge.root(), proof=proof
        ):
            raise LogError(f"the tiles contradict the checkpoint of {head.size} that was signed")

    # -- writing ---------------------------------------------------------------------------
    @property
    def size(self) -> int:
        """How many entries were acknowledged."""
        return self._edge.size + len(self._pending)

    def leaf(self, index: int) -> bytes:
        """Hash of an acknowledged entry; no bytes where there is none."""
        start = self._edge.size
        if index < start:
            return hash_leaf(self.store.entry(index, size=start))
        return self._leaves[index - start] if index < self.size else b""

    def append(self, entries: Sequence[Entry]) -> list[str]:
        """Log a batch, whole or not at all; once this returns their codes it is on the disk.

        Raises
        ------
        OSError
            If the disk is full or cannot be written; the log is then as it was.
        LogError
            If that happened before, and could not be undone.
        """
        first = self.size
        if not entries:
            return []
        if self._torn:
            raise LogError("a write failed and could not be undone; open the log anew, which does it")
        frame = write_frame(entries, first=first)
        try:
            disk.write(self._handle, frame)
            disk.sync(self._handle)
        except BaseException:
            self._torn = True  # until the journal is as it was, nothing may come behind what was torn
            with suppress(OSError):
                os.truncate(self._handle, self._length)
                self._torn = False
            raise
        self._length += len(frame)
        leaves = hash_leaves([entry.content for entry in entries])
        self._pending += entries
        self._leaves += leaves
        self._pending_bytes += len(frame)
        if self._pending_bytes > _FOLD_BYTES:
            self.fold()
        return [code_of_leaf(first + place, leaf) for place, leaf in enumerate(leaves)]

    def salt(self, content: bytes, *, ahead: int = 0) -> bytes:
        """The salt of the next entry but ``ahead``, whose canonical content is ``content``."""
        return self._salts(self.size + ahead, content)

    def fold(self) -> None:
        """Write the journal's entries as tiles and bundles, and begin a new journal."""
        if not self._pending:
            return
        start, edge = self._edge.size, Edge.read(self.store.read, self._edge.size)
        contents = [entry.content for entry in self._pending]
        full = edge.grow(self._leaves)
        batch = disk.Batch(self.folder)
        try:
            for level, index, content in full:
                batch.put(tile_path(level, index), content)
            own = set(partials_of(start))  # the log rests on these: never written over in place
            for level, index, content in edge.partials():
                if (level, index, len(content) // HASH_BYTES) not in own:
                    batch.put(tile_path(level, index, len(content) // HASH_BYTES), content)
            bundles = [*self._bundle, *contents]
            held = [*self._held, *(entry.held for entry in self._pending)]
            for at in range(0, len(bundles), WIDTH):
                index, part = start // WIDTH + at // WIDTH, bundles[at : at + WIDTH]
                batch.put(tile_path("entries", index, len(part)), pack(part))
                content = pack_held(held[at : at + WIDTH])
                if at == 0 and any(self._held):  # nowhere else: never written over in place
                    disk.replace_file(self.folder, held_path(index), content, mode=_PRIVATE)
                elif content:
                    batch.put(held_path(index), content, mode=_PRIVATE)
            batch.finish()
            self._begin_journal(edge.size)
        except BaseException:
            self._undo(batch, edge.size)
            raise
        self._edge, self._pending, self._leaves, self._pending_bytes = edge, [], [], 0
        kept = edge.size % WIDTH
        self._bundle, self._held = (bundles[-kept:], held[-kept:]) if kept else ([], [])
        drop_partials(self.folder, start, edge.size, full=full)

    def _undo(self, batch: disk.Batch, size: int) -> None:
        """Take tiles away that could not be finished, unless the new journal rests on them already."""
        self._torn = True
        if not (self.folder / JOURNAL).read_bytes().startswith(write_head(size)):
            batch.undo()
            self._torn = False

    def _begin_journal(self, start: int) -> None:
        head = write_head(start)
        disk.replace_file(self.folder, JOURNAL, head, mode=_PRIVATE)
        handle = os.open(self.folder / JOURNAL, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        os.close(self._handle)
        self._handle, self._length = handle, len(head)

    # -- heads -----------------------------------------------------------------------------
    def _signing_key(self) -> SecretKey:
        """The key in force; LogError if it was not given."""
        latest = self.store.keys.latest
        if self._key is None or self._key.public != latest:
            raise LogError(f"this takes the log's secret key, the one of {latest.text()}")
        return self._key

    def checkpoint(self, *, logged: str) -> SignedCheckpoint:
        """Sign what the log has now.

        Raises
        ------
        LogError
            If the key is not the one in force, or the tree contradicts the last checkpoint.
        """
        key = self._signing_key()
        config = self.store.config
        newest = self.store.newest_checkpoint()
        quiet = not config.witnesses and not config.period_s
        if newest is not None and newest.head.size == self.size and quiet:
            return newest
        told = [] if newest is None else [witnessing_entry(newest, config.witnesses, logged=logged)]
        padding = self._padding(-(self.size + len(told)) % config.batch, logged) if config.batch else []
        self.append([*padding, *told])
        self.fold()
        head = Checkpoint(config.origin, self._edge.size, self._edge.root())
        if newest is not None:
            self._refuse_contradiction(newest.head)
        signed = sign_checkpoint(head, key)
        self._publish(signed)
        return signed

    def _publish(self, signed: SignedCheckpoint) -> None:
        """Keep a checkpoint for good, then show it as the last one."""
        disk.replace_file(self.folder, checkpoint_path(signed.head.size), signed.encode())
        disk.replace_file(self.folder, CHECKPOINT, signed.encode())

    def _padding(self, count: int, logged: str) -> list[Entry]:
        """Entries that hold nothing, and look as if they had been sealed when the last entry was logged."""
        last = self._pending[-1].content if self._pending else self._bundle[-1] if self._bundle else b""
        at = read_entry(last)["logged"] if last else logged
        salts = [self.salt(b"padding", ahead=ahead) for ahead in range(count)]
        return [sealed_entry(None, salt=salt, logged=at) for salt in salts]

    def add_signatures(self, size: int, signatures: Sequence[Signature]) -> SignedCheckpoint:
        """Put witnesses' cosignatures under the checkpoint of ``size``.

        Raises
        ------
        LogError
            If there is no such checkpoint, or a signature is of none of the log's witnesses.
        """
        signed = self.store.checkpoint(size)
        if signed is None:
            raise LogError(f"no checkpoint of {size} was signed")
        more = signed.with_signatures(signatures)
        for signature in signatures:
            named = [key for key in self.store.config.witnesses if signature.is_by(key)]
            if not named or more.cosigned_at_s(named[0]) is None:
                raise LogError(f"the signature of {signature.name} is not that of a witness of this log")
        newest = self.store.newest_checkpoint()
        disk.replace_file(self.folder, checkpoint_path(size), more.encode())
        if newest is not None and newest.head.size == size:
            disk.replace_file(self.folder, CHECKPOINT, more.encode())
        return more

    # -- what changes ----------------------------------------------------------------------
    def change_key(self, new: SecretKey, *, logged: str) -> str:
        """Let ``new`` sign from here on; both keys sign the entry that says so. Returns its code.

        The checkpoint before it is the last one of the old key, so one is made first.
        """
        old = self._signing_key()
        self.checkpoint(logged=logged)
        entry = key_entry(old, new, size=self.size, logged=logged)
        code = self.append([entry])[0]
        self._take_up_keys()
        self._key = new
        self.fold()
        return code

    def _take_up_keys(self) -> None:
        """Write the keys of the journal's entries into ``keys``: a kill may have come in between."""
        keys = list(self.store.keys.keys)
        for place, entry in enumerate(self._pending):
            index = self._edge.size + place
            record = read_entry(entry.content)
            if record["kind"] == KEY_KIND and index >= keys[-1][0]:
                with suppress(
                    ValueError
                ):  # an entry that only looks like one changes nothing; audits tell of it
                    new = read_key_entry(record.get("body", {}), index=index, old=keys[-1][1])
                    keys.append((index + 1, new))
        if len(keys) > len(self.store.keys.keys):
            history = KeyHistory.of(keys, config=self.store.config)
            disk.replace_file(self.folder, KEYS, history.encode())
            self.store = Store(self.folder)

    def forget(self, index: int, fields: Sequence[str], *, reason: str, logged: str, by: str = "") -> str:
        """Forget fields of an entry for good; the commitments stay. Returns the code of what says so.

        Raises
        ------
        LogError
            If the entry has not all of these fields.
        """
        self.fold()
        content = self.store.entry(index, size=self.size)
        record = read_entry(content)
        names = record.get("fields", [])
        if not fields or not set(fields) <= set(names):
            raise LogError(f"entry {index} has the held fields {names}, not all of {list(fields)}")
        body = {"fields": sorted(set(fields)), "reason": reason}
        entry = plain_entry("redaction", body, logged=logged, by=by, rests_on=[code_of(index, content)])
        code = self.append([entry])[0]
        self._let_go(index, fields)
        return code

    def _let_go(self, index: int, fields: Sequence[str]) -> None:
        """Put commitments in the place of what is held of an entry's fields."""
        names = read_entry(self.store.entry(index, size=self._edge.size)).get("fields", [])
        width = min(WIDTH, self._edge.size - index // WIDTH * WIDTH)
        bundle = self.store.held_bundle(index // WIDTH, width)
        bundle[index % WIDTH] = forget(bundle[index % WIDTH], names, fields)
        disk.replace_file(self.folder, held_path(index // WIDTH), pack_held(bundle), mode=_PRIVATE)
        if index // WIDTH == self._edge.size // WIDTH:
            self._held = bundle

    def _finish_forgetting(self) -> None:
        """Forget what entries of the journal say is forgotten: a kill may have come in between."""
        for entry in self._pending:
            if b'"kind":"redaction"' in entry.content:
                record = read_entry(entry.content)
                for index in forgotten_still(self.store, record, size=self._edge.size):
                    self._let_go(index, record["body"]["fields"])
