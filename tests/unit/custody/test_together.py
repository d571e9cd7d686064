"""Many records together are what each is alone: written, read, and found wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fixtures_custody import KEY, NOW, SALTS, grow, new_log, plain
from hypothesis import example, given
from hypothesis import strategies as st

from truceline.custody import forms
from truceline.custody.audit import audit
from truceline.custody.canonical import MAX_DEPTH, MAX_NUMBER, decode, decode_all, encode, encode_all
from truceline.custody.entry import Entry, held_entry, plain_entry, read_entries, read_entry, sealed_entry
from truceline.custody.log import Log

KEYS = st.sampled_from(["a", "b", "},{", "ключ", "z"])
TEXTS = st.sampled_from(["", "x", "},{", "a\nb", "ключ", "9" * 15, "9" * 16, "9" * 30, '"', "{", "\ud800"])
NUMBERS = st.sampled_from([0, -1, MAX_NUMBER, -MAX_NUMBER, MAX_NUMBER + 1, -MAX_NUMBER - 1, 2**70])
FLAT = st.none() | st.booleans() | NUMBERS | TEXTS | st.just(1.5)
RECORDS = st.dictionaries(
    KEYS | st.sampled_from([1, None, True]), FLAT | st.lists(FLAT, max_size=2), max_size=3
)


def or_error(call: Any, *arguments: Any, **named: Any) -> Any:
    try:
        return call(*arguments, **named)
    except ValueError as error:
        return str(error)


@given(st.lists(RECORDS | FLAT, max_size=4))
@example([{"a": n} for n in range(130)])
@example([{"a": "x"}] * 64 + [{"a": 1.5}])
@example([{}, {}])
@example([{"a": "},{"}])
@example([{"a": "x"}, {"a": "},{"}])
@example([{"a": "ключ"}, {"a": "\ud800"}])
@example([{"a": MAX_NUMBER + 1}])
@example([{"a": -MAX_NUMBER - 1}, {"a": "9" * 30}])
@example([{1: "a"}])
@example([{"ключ": "a"}])
def test_records_written_together_are_the_records_written_alone(records: list[Any]) -> None:
    alone = or_error(lambda: [b'{"b":' + encode(record) + b"}" for record in records])
    assert or_error(encode_all, records, head='{"b":', tail="}") == alone


@given(st.lists(st.dictionaries(KEYS.filter(str.isascii), FLAT.filter(lambda each: each != 1.5), max_size=3)))
@example([{"a": [{}, {"b": None}]}, {"a": {"b": {"c": [[]]}}}])
def test_records_read_together_are_the_records_read_alone(records: list[Any]) -> None:
    try:
        contents = [encode(record) for record in records]
    except ValueError:
        return
    assert decode_all(contents) == records


@pytest.mark.parametrize(
    "contents",
    [
        [b'{"a":[{}', b'{}]},{"x":1}'],  # one list of two objects, cut elsewhere
        [b'{"a":1},{"a":2}', b'{"a":3}'], [b'{"a":1}', b""], [b""], [b'{"a":1}', b'{"b":1,"a":2}'], [b'{"a":1.0}'],
        [b'{"a":1,"a":1}'], [b'{"a": 1}'], [b"{} "], [b'{"a":9007199254740992}'], [b'{"a":-9007199254740992}'],
        [b'{"a":"\\ud800"}'], [b'{"a":NaN}'], [b"\xff"], [b"{}\n", b"{}"],
        [b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1)], [b"[" * 2000 + b"]" * 2000],
    ],
)  # fmt: skip
def test_what_is_refused_alone_is_refused_together(contents: list[bytes]) -> None:
    with pytest.raises(ValueError, match=r"."):
        [decode(content) for content in contents]
    with pytest.raises(ValueError, match=r"."):
        decode_all(contents)


def test_as_many_levels_as_one_record_may_have_many_may_have() -> None:
    deep = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert decode_all([deep, b"[]"]) == [decode(deep), []]
    assert encode(decode(deep)) == deep


def test_no_records_are_no_bytes() -> None:
    assert encode_all([]) == decode_all([]) == read_entries([]) == []


def test_numbers_as_large_as_any_program_reads_are_taken_and_no_larger() -> None:
    assert MAX_NUMBER == 9_007_199_254_740_991
    largest = [{"n": MAX_NUMBER}, {"n": -MAX_NUMBER}]
    assert decode_all(encode_all(largest)) == largest
    assert [decode(encode(record)) for record in largest] == largest


ENTRIES = [
    *plain("a", "b", {"n": {"m": [1]}}),
    plain_entry("order", {"n": 1}, logged=NOW, by="north", received=NOW, rests_on=["0-000000000000"]),
    held_entry("order", {"a": 1, "b": 2}, salt=bytes(32), logged=NOW),
    sealed_entry(None, salt=bytes(32), logged=NOW),
]


def test_entries_read_together_are_the_entries_read_alone() -> None:
    contents = [entry.content for entry in ENTRIES]
    assert read_entries(contents) == [read_entry(content) for content in contents]


@pytest.mark.parametrize(
    "wrong",
    [
        b"[]", b'{"body":{},"kind":"a"}', b'{"body":{},"kind":"A","logged":"2025-04-20T10:00:00Z"}',
        b'{"body":{},"kind":"a","logged":"2025-04-20"}', b'{"body":[],"kind":"a","logged":"2025-04-20T10:00:00Z"}',
        b'{"body":{},"by":"","kind":"a","logged":"2025-04-20T10:00:00Z"}',
        b'{"body":{},"fields":["a"],"kind":"a","logged":"2025-04-20T10:00:00Z"}',
        b'{"body":{},"kind":"a","logged":"2025-04-20T10:00:00Z","rests_on":[]}',
        b'{"body":{},"kind":"a","logged":"2025-04-20T10:00:00Z","other":1}',
        b'{"body":{},"kind":1,"logged":"2025-04-20T10:00:00Z"}', b'{"kind":"a","logged":"2025-04-20T10:00:00Z"}',
    ],
)  # fmt: skip
def test_an_entry_that_is_wrong_alone_is_wrong_among_others(wrong: bytes) -> None:
    others = [entry.content for entry in ENTRIES]
    for content in ([wrong], [*others, wrong], [wrong, *others]):
        with pytest.raises(ValueError, match=r"."):
            read_entries(content)


def test_other_processes_find_what_this_one_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong entries and clocks that jump, among so many bundles that some are read elsewhere."""
    folder = new_log(tmp_path / "log")
    strange = plain_entry("statement", {"n": 1}, logged="2031-01-01T00:00:00Z")
    with Log(folder, key=KEY, salts=SALTS) as log:
        for number in range(9):
            log.append([*plain(*range(300)), Entry(b'{"n": %d}' % number), strange])
        log.checkpoint(logged=NOW)
        log.append([*plain("pending"), Entry(b"not yet in tiles")])
    monkeypatch.setattr(forms, "_TOGETHER", 2)
    monkeypatch.setattr(forms, "_AHEAD", 1)
    alone, together = audit(folder), audit(folder, workers=2)
    assert [fault.message.partition(":")[0] for fault in alone.faults] == [
        *(f"entry {301 + 302 * number}" for number in range(9)),
        f"entry {alone.size - 1}",
    ]
    assert together.faults == alone.faults
    assert together.notes == alone.notes
    assert len(alone.notes) == 9
    assert {fault.file for fault in alone.faults[:2]} == {"tile/entries/001", "tile/entries/002"}
    quick = audit(folder, records=False)
    assert quick.size == alone.size == 1 + 9 * 302 + 1 + 2
    assert quick.pending == alone.pending == 2


def test_a_log_of_few_entries_starts_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms.ProcessPoolExecutor, "submit", lambda *_: pytest.fail("a process was started"))
    folder = new_log(tmp_path / "log")
    grow(folder, plain(*range(600)))
    assert audit(folder, workers=2).sound
