"""Entries and commitments: what shows, what is held, what is disclosed and what is forgotten."""

from __future__ import annotations

import json
from hashlib import sha256, shake_256
from pathlib import Path
from typing import Any

import pytest
from fixtures_custody import KEY, NOW, SALTS, grow, held, new_log, plain, policy
from hypothesis import given
from hypothesis import strategies as st

from truceline.custody.audit import audit
from truceline.custody.canonical import encode
from truceline.custody.commitment import forget, hold, open_held, root_of_commitments
from truceline.custody.encoding import to_base64
from truceline.custody.entry import (
    KINDS,
    Entry,
    code_of,
    held_entries,
    held_entry,
    plain_entries,
    plain_entry,
    read_code,
    read_entry,
    sealed_entry,
)
from truceline.custody.held import held_path, pack_held, unpack_held
from truceline.custody.log import Log, LogError
from truceline.custody.proof import Disclosure, Proof, disclose, prove
from truceline.custody.read import Store
from truceline.custody.salts import keyed_salts, random_salts

SALT = bytes(range(32))
NAMES = ["act", "number", "place"]
VALUES: list[Any] = ["shelling", 3, 'Ёлкино "x"']
ABOUT = {"received": NOW, "by": "south", "rests_on": ["0-0123456789ab"]}


def test_a_plain_entry_is_the_canonical_record() -> None:
    entry = plain_entry("statement", {"b": 1, "a": [True, None]}, logged=NOW, **ABOUT)
    expected = {"body": {"b": 1, "a": [True, None]}, "kind": "statement", "logged": NOW, **ABOUT}
    assert entry == Entry(encode(expected), b"")
    assert read_entry(entry.content) == expected


def test_a_held_entry_shows_names_and_a_root_alone() -> None:
    fields = dict(zip(NAMES, VALUES, strict=True))
    entry = held_entry("statement", dict(reversed(fields.items())), salt=SALT, logged=NOW, **ABOUT)
    record = read_entry(entry.content)
    assert encode(record) == entry.content
    assert record["fields"] == NAMES
    assert record.keys() == {"kind", "logged", "fields", "root", *ABOUT}
    assert b"shelling" not in entry.content


def test_the_commitment_is_the_one_that_its_page_writes_down() -> None:
    root, kept = hold(NAMES, VALUES, SALT)
    salts = shake_256(SALT).digest(48)
    commitments = [
        sha256(b"\x02" + salts[16 * i : 16 * i + 16] + encode([name, value])).digest()
        for i, (name, value) in enumerate(zip(NAMES, VALUES, strict=True))
    ]
    assert root == sha256(b"\x03" + b"".join(commitments)).digest()
    assert [field.commitment for field in open_held(kept, NAMES)] == commitments
    assert [field.value for field in open_held(kept, NAMES)] == VALUES


JSON = st.recursive(st.none() | st.booleans() | st.integers(-9, 2**40) | st.text(st.characters(exclude_categories=["Cs"]), max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=4)  # fmt: skip


@given(
    st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True), JSON, min_size=1, max_size=5),
    st.data(),
)
def test_what_is_forgotten_keeps_its_commitment_and_loses_its_salt(fields: dict[str, Any], data: Any) -> None:
    names = sorted(fields)
    root, kept = hold(names, [fields[name] for name in names], SALT)
    gone = data.draw(st.lists(st.sampled_from(names), unique=True))
    rest = forget(kept, names, gone)
    assert SALT not in rest
    opened = open_held(rest, names)
    assert root_of_commitments([field.commitment for field in opened]) == root
    for name, field in zip(names, opened, strict=True):
        assert field.is_open == (name not in gone)
        assert field.value == (None if name in gone else fields[name])
    assert forget(rest, names, gone) == rest
    assert open_held(forget(rest, names, names), names) == [type(f)(f.commitment) for f in opened]


@pytest.mark.parametrize(
    ("kept", "why"),
    [
        (b"", "neither of its two marks"),
        (b"\x03{}", "neither of its two marks"),
        (b"\x01" + SALT + b"[1]", "not as many"),
        (b"\x01" + SALT + b"{}", "not as many"),
        (b'\x02["AAAA","AAAA","AAAA"]', "3 bytes instead of 32"),
        (b"\x02[1,2]", "not as many"),
        (b"\x02{}", "not as many"),
        (b"\x02[1,2,3]", "neither as a commitment"),
        (b"\x02[[1,2],2,3]", "neither as a commitment"),
        (b'\x02[["AAAA"],2,3]', "neither as a commitment"),
        (b'\x02[["AAAA",2],2,3]', "3 bytes instead of 16"),
    ],
)
def test_held_content_of_another_form_is_refused(kept: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        open_held(kept, NAMES)


def test_a_salt_is_of_32_bytes_and_values_are_canonical() -> None:
    with pytest.raises(ValueError, match="salt of 31 bytes"):
        hold(NAMES, VALUES, SALT[1:])
    with pytest.raises(ValueError, match="float"):
        hold(["a"], [0.5], SALT)


def test_equal_values_under_other_salts_or_places_have_other_roots() -> None:
    assert hold(NAMES, VALUES, SALT)[0] != hold(NAMES, VALUES, bytes(32))[0]
    assert SALTS(1, b"a") != SALTS(2, b"a")
    assert SALTS(1, b"a") != SALTS(1, b"b")
    assert SALTS(1, b"a") == keyed_salts(bytes(32))(1, b"a") != keyed_salts(SALT)(1, b"a")
    assert random_salts(1, b"a") != random_salts(1, b"a")
    assert len(random_salts(1, b"a")) == len(SALTS(1, b"a")) == 32


def test_padding_and_a_sealed_record_look_alike() -> None:
    full = sealed_entry({"kind": "order", "body": {"text": "x" * 500}}, salt=SALT, logged=NOW)
    empty = sealed_entry(None, salt=bytes(32), logged=NOW)
    shown = [{**read_entry(entry.content), "root": ""} for entry in (full, empty)]
    assert shown[0] == shown[1]
    assert len(full.content) == len(empty.content)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"kind": "Order"}, "expected a kind"),
        ({"kind": "x" * 33}, "expected a kind"),
        ({"logged": "2025-04-20 10:00:00Z"}, "expected a time"),
        ({"logged": "2025-02-30T10:00:00Z"}, "day"),
        ({"received": "yesterday"}, "expected a time"),
        ({"rests_on": ["17"]}, "expected the code"),
        ({"rests_on": ["017-0123456789ab"]}, "without leading zeros"),
        ({"body": {"n": 0.5}}, "float"),
        ({"body": {"n": "x" * 70_000}}, "log a digest"),
    ],
)
def test_an_entry_of_another_form_is_not_made(change: dict[str, Any], why: str) -> None:
    given = {"kind": "statement", "body": {"n": 1}, "logged": NOW, **change}
    with pytest.raises(ValueError, match=why):
        plain_entry(given.pop("kind"), given.pop("body"), **given)


@pytest.mark.parametrize("names", [[], ["b", "a"], ["a", "a"], ["A"], ["1a"], ["a b"], ["x" * 65]])
def test_names_of_fields_are_sorted_and_stand_once(names: list[str]) -> None:
    with pytest.raises(ValueError, match="sorted, each once"):
        held_entries("statement", [([1] * len(names), SALT)], names=names, logged=NOW)
    record = {"fields": names, "kind": "statement", "logged": NOW, "root": to_base64(bytes(32))}
    with pytest.raises(ValueError, match="sorted, each once"):
        read_entry(encode(record))


GOOD = {"body": {}, "kind": "statement", "logged": NOW}
HELD = {"fields": ["a"], "kind": "statement", "logged": NOW, "root": to_base64(bytes(32))}


@pytest.mark.parametrize(
    "record",
    [
        [], "text", {}, {**GOOD, "more": 1}, {"body": {}, "kind": "statement"}, {"body": {}, "logged": NOW},
        {**GOOD, "logged": "yesterday"}, {**GOOD, "kind": "Order"}, {**GOOD, "rests_on": ["17"]}, {**GOOD, "received": "x"},
        {**GOOD, "kind": 1}, {**GOOD, "kind": ""}, {**GOOD, "logged": 1}, {**GOOD, "by": ""}, {**GOOD, "by": 1},
        {**GOOD, "received": ""}, {**GOOD, "rests_on": []}, {**GOOD, "rests_on": "0-0123456789ab"},
        {**GOOD, "rests_on": [1]}, {**GOOD, "body": []}, {**GOOD, "fields": ["a"]}, {**GOOD, "root": "x"},
        {"kind": "statement", "logged": NOW}, {**HELD, "fields": "a"}, {**HELD, "fields": [1]},
        {**HELD, "root": 1}, {**HELD, "root": "AAAA"}, {key: HELD[key] for key in HELD if key != "root"},
    ],
)  # fmt: skip
def test_a_record_of_another_form_is_no_entry(record: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_entry(encode(record))


def test_records_of_every_kind_are_read() -> None:
    for kind in KINDS:
        assert read_entry(encode({**GOOD, "kind": kind}))["kind"] == kind
    assert read_entry(encode(HELD)) == HELD


def test_a_batch_is_its_entries_one_by_one() -> None:
    bodies = [{"n": number, "text": "{}"} for number in range(3)]
    assert plain_entries("order", bodies, logged=NOW) == [
        plain_entry("order", body, logged=NOW) for body in bodies
    ]
    rows = [([number, "{}"], SALT) for number in range(3)]
    assert held_entries("order", rows, names=["n", "text"], logged=NOW) == [
        held_entry("order", body, salt=SALT, logged=NOW) for body in bodies
    ]


def test_a_code_names_a_place_and_a_content() -> None:
    content = plain("x")[0].content
    code = code_of(17, content)
    assert read_code(code) == (17, sha256(b"\0" + content).hexdigest()[:12])
    for wrong in ("17", "17-0123456789AB", "-1-0123456789ab", "17-0123456789abc", "17-0123456789ab\n"):
        with pytest.raises(ValueError, match="code"):
            read_code(wrong)


@given(st.lists(st.binary(max_size=9), min_size=1, max_size=256))
def test_held_records_survive_their_file(records: list[bytes]) -> None:
    packed = pack_held(records)
    assert (unpack_held(packed) == records) if any(records) else packed == b""


@pytest.mark.parametrize("content", [b"", b"\0", b"\0\0\0\x02a", b"\0\0\0\0" * 257])
def test_a_file_of_held_records_of_another_form_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="held content"):
        unpack_held(content)


# -- in a log -------------------------------------------------------------------------------------
@pytest.fixture
def log(tmp_path: Path) -> Path:
    folder = new_log(tmp_path / "log")
    grow(folder, [*plain("a"), held(7), held(8)])
    return folder


def opened(folder: Path, index: int, *fields: str) -> Disclosure:
    store = Store(folder)
    newest = store.newest_checkpoint()
    assert newest is not None
    return disclose(prove(store, index, newest), store.held_bundle(0)[index], fields)


def test_one_field_is_disclosed_without_the_rest(log: Path) -> None:
    found = opened(log, 2, "number")
    assert Disclosure.read(found.encode()) == found
    found.check(policy())
    assert found.fields.keys() == {"number"}
    assert b"shelling" not in found.encode()
    assert b"place 7" not in found.encode()


def test_a_disclosed_field_of_another_value_salt_or_name_does_not_hold(log: Path) -> None:
    found = opened(log, 2, "number")
    salt, value = found.fields["number"]
    other = opened(log, 3, "number")

    def refused(why: str, **change: Any) -> None:
        parts = {"proof": found.proof, "commitments": found.commitments, "fields": found.fields, **change}
        with pytest.raises(ValueError, match=why):
            Disclosure(**parts).check(policy())

    refused("not what was committed", fields={"number": (salt, value + 1)})
    refused("not what was committed", fields={"number": (bytes(16), value)})
    refused("not what was committed", fields={"act": (salt, value)})
    refused("not what was committed", fields={"nothing": (salt, value)})
    refused("not what was committed", fields=other.fields)
    refused("not those of the entry", commitments=other.commitments)
    refused("none is disclosed", fields={})
    refused("not those of the entry|not base64|0 bytes", proof=prove(Store(log), 1, found.proof.checkpoint))


def test_nothing_is_disclosed_that_is_not_held(log: Path) -> None:
    for index, fields in ((2, ["nothing"]), (2, []), (1, ["n"])):
        with pytest.raises(ValueError, match="no value is held"):
            opened(log, index, *fields)


@pytest.mark.parametrize("gone", [["number"], ["act", "number", "place"]])
def test_forgetting_leaves_the_commitment_and_the_other_fields(log: Path, gone: list[str]) -> None:
    with Log(log, key=KEY, salts=SALTS) as open_log:
        code = open_log.forget(2, gone, reason="a name of a person", by="mission", logged=NOW)
        open_log.checkpoint(logged=NOW)
    store = Store(log)
    newest = store.newest_checkpoint()
    assert newest is not None
    told = read_entry(store.entry(int(code.split("-")[0]), size=newest.head.size))
    assert (told["kind"], told["body"]) == ("redaction", {"fields": gone, "reason": "a name of a person"})
    assert told["rests_on"] == [code_of(2, store.entry(2, size=newest.head.size))]
    assert audit(log).sound
    with pytest.raises(ValueError, match="no value is held"):
        opened(log, 2, gone[0])
    for name in {"act", "number", "place"} - set(gone):
        opened(log, 2, name).check(policy())
    opened(log, 3, "number").check(policy())
    whole = b"".join(path.read_bytes() for path in log.rglob("*") if path.is_file())
    assert (b'"place 7"' in whole) == ("place" not in gone)


def test_what_was_forgotten_stays_so_as_the_log_grows(log: Path) -> None:
    with Log(log, key=KEY, salts=SALTS) as open_log:
        open_log.forget(2, ["place"], reason="…", logged=NOW)
        open_log.append([held(number) for number in range(300)])
        open_log.checkpoint(logged=NOW)
        open_log.forget(270, ["place"], reason="…", logged=NOW)
        open_log.checkpoint(logged=NOW)
    assert audit(log).sound
    assert b'place 7"' not in (log / held_path(0)).read_bytes().split(b"place 8")[0]


def test_an_entry_of_an_older_bundle_is_forgotten_too(log: Path) -> None:
    with Log(log, key=KEY, salts=SALTS) as open_log:
        open_log.append([held(number) for number in range(600)])
        open_log.forget(2, ["place"], reason="…", logged=NOW)
        open_log.append([held(1)])
        open_log.checkpoint(logged=NOW)
    assert audit(log).sound
    with pytest.raises(ValueError, match="no value is held"):
        opened(log, 2, "place")
    opened(log, 3, "place").check(policy())


def test_a_field_that_is_not_there_is_not_forgotten(log: Path) -> None:
    with Log(log, key=KEY) as open_log:
        for index, fields in ((2, ["nothing"]), (2, []), (1, ["n"])):
            with pytest.raises(LogError, match="held fields"):
                open_log.forget(index, fields, reason="…", logged=NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "x"}, {"more": 1}, {"commitments": "x"}, {"commitments": [1]}, {"fields": []}, {"proof": 1},
        {"fields": {"a": 1}}, {"fields": {"a": {"salt": 1, "value": 1}}}, {"fields": {"a": {"salt": "AAAA", "value": 1}}},
        {"commitments": ["AAAA"]}, {"proof": "x"},
    ],
)  # fmt: skip
def test_a_disclosure_of_another_form_is_refused(log: Path, change: dict[str, Any]) -> None:
    record = {**json.loads(opened(log, 2, "number").encode()), **change}
    with pytest.raises(ValueError, match=r"."):
        Disclosure.read(encode(record))
    with pytest.raises(ValueError, match="not a disclosure"):
        Disclosure.read(b"[]")


@pytest.mark.parametrize("line", [0, 1, 2])
def test_a_proof_of_another_form_is_refused(log: Path, line: int) -> None:
    content = opened(log, 2, "number").proof.encode()
    lines = content.split(b"\n")
    for wrong in (
        b"\n".join([*lines[:line], *lines[line + 1 :]]),
        b"\n".join([*lines[:line], b"x", *lines[line + 1 :]]),
    ):
        with pytest.raises(ValueError, match=r"."):
            Proof.read(wrong)
    with pytest.raises(ValueError, match="more than 63"):
        Proof.read(content.replace(b"\n\n", b"\n" + b"\n".join([b"x"] * 64) + b"\n\n", 1))
    with pytest.raises(ValueError, match="has no leaf"):
        prove(Store(log), 99, opened(log, 2, "act").proof.checkpoint)
