"""Put a backup back where a log was lost: checked as it is copied, and whole or not there."""

from __future__ import annotations

import shutil
from pathlib import Path

from truceline.custody.audit import audit
from truceline.custody.disk import NEW, Batch, sync_folder
from truceline.custody.export import POLICY, README, VERIFIER, place_beside, restore
from truceline.custody.listing import list_files
from truceline.custody.outcome import Audit
from truceline.custody.read import LOCK

_LEFT = frozenset({LOCK, VERIFIER, POLICY, README})  # beside a log, not of it


def put_back(backup: Path, folder: Path) -> Audit:
    """Copy ``backup`` to ``folder``, which is absent or empty, so that the log goes on there; returns its audit.

    What was copied is read again and audited, every record of it. Where it is not sound, nothing is left at
    ``folder``, and the audit says why. A copy that was published goes on too, without what was held.

    Raises
    ------
    ValueError
        If something stands at ``folder``, it lies within ``backup``, or that holds a link or a device.
    OSError
        If something cannot be read or written; nothing is left at ``folder``.
    """
    beside = place_beside(folder, of=backup)
    files = list_files(backup)
    strange = sorted(name for name, plain in files.items() if not plain)
    if strange:
        raise ValueError(f"{strange[0]} is a link or a device, and no plain file: a backup has none")
    shutil.rmtree(beside, ignore_errors=True)  # of an attempt that was interrupted
    try:
        beside.mkdir(parents=True)
        batch = Batch(beside)
        for name in sorted(files):
            if name not in _LEFT and not name.startswith(f"{NEW}/"):
                batch.put(name, (backup / name).read_bytes(), mode=0o600)
        batch.finish()
        found = audit(beside)
        if found.sound:
            restore(beside)
            beside.replace(folder)  # also of an empty one, as POSIX has it
            sync_folder(folder.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return found
