"""The schedule of a log, what entries tell of it, and putting a backup back."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from fixtures_custody import KEY, NOW, NOW_S, SALTS, SIDE_A, config, grow, held, new_log, plain

from truceline.custody.audit import audit
from truceline.custody.checkpoint import cosign
from truceline.custody.entry import plain_entry
from truceline.custody.export import export
from truceline.custody.log import Log
from truceline.custody.put_back import put_back
from truceline.custody.read import Store, checkpoint_path
from truceline.custody.schedule import tell_due, tell_late
from truceline.custody.stamp import check_stamp, list_stamps
from truceline.custody.trusted_time import StampedTime
from truceline.custody.when import Seen, bound_time, list_seen
from truceline.faces.cli.main import run
from truceline.workflow.evidence_check import audit_log

HOUR = "2025-04-20T{:02d}:00:00Z"


# -- the schedule ----------------------------------------------------------------------------
def at(*hours: int) -> list[tuple[int, str]]:
    return [(4 * place, HOUR.format(hour)) for place, hour in enumerate(hours)]


def test_a_schedule_that_is_kept_is_not_spoken_of() -> None:
    assert tell_late(at(1, 2, 3), config(period_s=3600, batch=4)) == []
    assert tell_late(at(1, 9), config()) == []
    assert tell_due(HOUR.format(1), HOUR.format(2), config(period_s=3600)) == []
    assert tell_due(HOUR.format(1), HOUR.format(20), config()) == []


@pytest.mark.parametrize(
    ("hours", "late"),
    [((1, 3), ["3600 s late, at 2025-04-20T03:00:00Z"]), ((1, 5), ["10800 s late", "and 2 before it never"])],
)
def test_what_came_late_or_never_is_told(hours: tuple[int, ...], late: list[str]) -> None:
    [said] = tell_late(at(*hours), config(period_s=3600))
    assert all(text in said for text in ["checkpoint of 4 ", *late])


def test_so_many_hours_so_many_checkpoints_are_late_or_missed() -> None:
    """Whatever the hours are: those that came and those that never did make up the time that passed."""
    for last in range(2, 24):
        [said] = tell_late(at(0, last), config(period_s=3600)) if last > 1 else [""]
        missed = int(said.split("and ")[1].split()[0]) if "never" in said else 0
        assert missed + 1 == last - 1
        assert f"{3600 * (last - 1)} s late" in said


def test_a_checkpoint_of_no_whole_batch_is_told_and_many_are_counted() -> None:
    assert "no whole batch of 8" in tell_late(at(1, 2), config(batch=8))[0]
    many = tell_late(at(*range(0, 24, 2)), config(period_s=3600))
    assert len(many) == 6
    assert many[-1].endswith("6 more such checkpoints")


def test_a_checkpoint_that_is_overdue_is_told() -> None:
    [said] = tell_due(HOUR.format(1), HOUR.format(3), config(period_s=3600))
    assert "due 3600 s before 2025-04-20T03:00:00Z" in said


def test_the_audit_of_a_log_tells_of_its_schedule(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log", period_s=3600, batch=4)
    for hour in (11, 14):
        with Log(folder, key=KEY, salts=SALTS) as log:
            log.append(plain(hour))
            log.checkpoint(logged=HOUR.format(hour))
    found = audit_log(folder, records=False, now=datetime(2025, 4, 20, 16, tzinfo=UTC))
    assert not found.problems
    said = "\n".join(found.lines())
    assert "checkpoint of 12 came 7200 s late" in said
    assert "and 1 before it never" in said
    assert "due 3600 s before" in said
    assert "checkpoint of 8 " not in said
    assert audit(folder).newest_time == HOUR.format(14)


# -- what entries tell -----------------------------------------------------------------------
def test_an_entry_that_tells_of_no_file_or_of_nonsense_is_found(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    with Log(folder, key=KEY) as log:
        log.append([plain_entry("timestamp", body, logged=NOW) for body in ({}, {"file": ["x"]})])
    assert {fault.code for fault in audit(folder).faults} == {"log_missing"}


def test_what_entries_tell_of_is_missed_where_it_is_gone(tmp_path: Path) -> None:
    """A cosignature, an earlier checkpoint; and what was forgotten must not come back."""
    folder = new_log(tmp_path / "log", witnessed=True)
    first = Store(folder).newest_checkpoint()
    assert first is not None
    with Log(folder, key=KEY, salts=SALTS) as log:
        log.add_signatures(first.head.size, [cosign(first.note.text, witness=SIDE_A, time_s=NOW_S)])
    grow(folder, [held(1)])
    kept = (folder / "held" / "000").read_bytes()
    with Log(folder, key=KEY, salts=SALTS) as log:
        log.forget(first.head.size, ["act"], reason="a name", logged=NOW)
    assert audit(folder).sound
    (folder / "held" / "000").write_bytes(kept)
    assert [fault.message for fault in audit(folder).faults if "is held still" in fault.message]
    path = folder / checkpoint_path(first.head.size)
    path.write_bytes(first.encode())
    assert any(
        "cosignatures that are not there, of a.example" in fault.message for fault in audit(folder).faults
    )
    path.unlink()
    assert any(
        "checkpoint that entries tell of is not there" in fault.message for fault in audit(folder).faults
    )


def test_a_file_whose_name_is_none_of_a_tokens_does_not_belong(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    (folder / "stamps").mkdir()
    digest = sha256(b"x").hexdigest()
    for name in (f"01-{digest}.tsr", f"1-{digest[1:]}.tsr", f"1-{digest}.txt"):
        (folder / "stamps" / name).write_bytes(b"x")
        assert [fault.code for fault in audit(folder).faults] == ["log_unknown"]
        (folder / "stamps" / name).unlink()


def test_tokens_are_listed_by_the_size_of_their_checkpoints() -> None:
    names = [f"stamps/{size}-{sha256(b'').hexdigest()}.tsr" for size in (10, 9, 100)]
    assert list(list_stamps([*names, "log.json"]).values()) == [9, 10, 100]


def test_a_token_of_no_checkpoint_is_not_asked_about(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    with pytest.raises(ValueError, match="no checkpoint that the token could be of"):
        check_stamp(Store(folder), f"stamps/9-{sha256(b'').hexdigest()}.tsr", trusted=[])


def test_of_many_who_saw_a_log_the_nearest_count(tmp_path: Path) -> None:
    seen = [Seen(1, 4, "a"), Seen(2, 4, "b"), Seen(3, 8, "a"), Seen(9, 8, "b"), Seen(5, 12, "c")]
    bounds = bound_time(4, seen)
    assert bounds.without == Seen(2, 4, "b")
    assert bounds.having == Seen(3, 8, "a")
    assert bound_time(12, seen).having is None
    name = f"stamps/4-{sha256(b'').hexdigest()}.tsr"
    folder = new_log(tmp_path / "log", witnessed=True)
    assert list_seen(Store(folder), {name: StampedTime(time_s=7, authority="x")}) == [Seen(7, 4, "x")]


# -- putting a backup back -------------------------------------------------------------------
@pytest.fixture
def backup(tmp_path: Path) -> Path:
    folder = new_log(tmp_path / "log", batch=4)
    grow(folder, [*plain(*range(300)), held(1), held(2)])
    grow(folder, plain("pending"), sign=False)
    export(folder, tmp_path / "backup", held=True)
    return tmp_path / "backup"


def test_a_backup_put_back_is_the_log_and_goes_on(tmp_path: Path, backup: Path) -> None:
    found = put_back(backup, tmp_path / "again")
    assert found.held > 2  # padding is held too
    assert found.pending == 1
    old = {path.relative_to(backup): path.read_bytes() for path in backup.rglob("*") if path.is_file()}
    new = {path.relative_to(tmp_path / "again"): path.read_bytes() for path in (tmp_path / "again").rglob("*") if path.is_file()}  # fmt: skip
    assert new == old
    assert (tmp_path / "again" / "journal").stat().st_mode & 0o777 == 0o600
    grow(tmp_path / "again", plain("goes on"))
    assert audit(tmp_path / "again").sound


def test_a_published_copy_put_back_goes_on_without_what_was_held(tmp_path: Path, backup: Path) -> None:
    export(tmp_path / "log", tmp_path / "copy")
    (tmp_path / "empty").mkdir()
    assert put_back(tmp_path / "copy", tmp_path / "empty").held == 0
    assert not (tmp_path / "empty" / "policy.txt").exists()
    grow(tmp_path / "empty", plain("goes on"))


def test_an_unsound_backup_is_not_put_back_and_leaves_nothing(tmp_path: Path, backup: Path, capsys: Any) -> None:  # fmt: skip
    for path in sorted(path for path in backup.rglob("*") if path.is_file()):
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        assert not put_back(backup, tmp_path / "again").sound, path
        path.write_bytes(content)
        assert not (tmp_path / "again").exists()
    (backup / "more").write_bytes(b"x")
    assert run(["log", "restore", str(backup), str(tmp_path / "again")]) == 9
    assert "log_unknown" in capsys.readouterr().err
    (backup / "more").unlink()
    assert run(["log", "restore", str(backup), str(tmp_path / "again")]) == 0
    assert "entries put back" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "backup", "log"]


def test_what_stands_there_is_not_written_over(tmp_path: Path, backup: Path, capsys: Any) -> None:
    for place in (tmp_path / "log", backup / "log.json"):
        assert run(["log", "restore", str(backup), str(place)]) == 9
        assert "is not empty" in capsys.readouterr().err
    (backup / "link").symlink_to(backup / "log.json")
    with pytest.raises(ValueError, match="link is a link"):
        put_back(backup, tmp_path / "again")


def test_a_disk_that_fails_while_a_backup_is_put_back_leaves_nothing(
    tmp_path: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("truceline.custody.disk.write", full)
    with pytest.raises(OSError, match="No space"):
        put_back(backup, tmp_path / "again")
    assert not list(tmp_path.glob("*again*"))
