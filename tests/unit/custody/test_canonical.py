"""Canonical bytes: RFC 8785, against the library rfc8785."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from truceline.custody.canonical import MAX_DEPTH, MAX_NUMBER, decode, encode

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
KEYS = st.text(st.characters(max_codepoint=127), max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_NUMBER, MAX_NUMBER) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


class Colour(StrEnum):
    RED = "red"


@given(VALUES)
@example({"\r": "Carriage Return", "1": "One", "\x80"[:0]: "Control\x7f", "a": '\u20ac$\x0f\nA\'B"\\\\"/'})
def test_the_bytes_are_those_of_an_independent_library(value: Any) -> None:
    assert encode(value) == rfc8785.dumps(value)


@given(VALUES)
def test_what_was_encoded_decodes_to_the_same(value: Any) -> None:
    assert decode(encode(value)) == value


@given(st.dictionaries(KEYS, st.integers(0, 9), min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_the_order_in_which_a_record_was_built_does_not_show(record: dict[str, int], rng: Any) -> None:
    keys = list(record)
    rng.shuffle(keys)
    assert encode({key: record[key] for key in keys}) == encode(record)


def test_text_that_is_a_name_is_written_as_text() -> None:
    assert encode({"a": Colour.RED, "b": (1, 2)}) == b'{"a":"red","b":[1,2]}'


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (1.5, r"\$: float"),
        ({"a": [{"b": 0.0}]}, r"\$\.a\[0\]\.b: float"),
        ({"a": float("nan")}, r"\$\.a: float"),
        ({"a": {"ключ": 1}}, r"\$\.a: the key 'ключ'"),
        ({1: 1}, r"\$: the key 1"),
        ([2**53], r"\$\[0\]: a whole number beyond"),
        ([-(2**53)], r"\$\[0\]: a whole number beyond"),
        ({"a": b"bytes"}, r"\$\.a: bytes"),
        ({"a": {1, 2}}, r"\$\.a: set"),
        ({"a": "\ud800"}, r"\$\.a: half of a surrogate"),
    ],
)
def test_what_has_no_canonical_form_is_refused_by_its_path(value: object, path: str) -> None:
    with pytest.raises(ValueError, match=path):
        encode(value)


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_depth_has_a_limit() -> None:
    assert MAX_DEPTH == 32  # part of the format: what one program logs every other must read
    assert decode(encode(nested(MAX_DEPTH))) == nested(MAX_DEPTH)
    with pytest.raises(ValueError, match="levels"):
        encode(nested(MAX_DEPTH + 1))
    with pytest.raises(ValueError, match="levels"):
        encode({"a": nested(MAX_DEPTH)})
    with pytest.raises(ValueError, match="levels"):
        decode(b"[" * 100_000 + b"]" * 100_000)
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(ValueError, match="levels"):
        encode(loop)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'{"b":1,"a":2}', "canonical form"),
        (b'{"a": 1}', "canonical form"),
        (b'{"a":1}\n', "canonical form"),
        (b'"\\u0041"', "canonical form"),
        (b"-0", "canonical form"),
        (b'{"a":1,"a":1}', "stands twice"),
        (b"1.0", "not a whole number"),
        (b"1e2", "not a whole number"),
        (b"NaN", "not a whole number"),
        (b"-Infinity", "not a whole number"),
        (b"9007199254740992", "beyond"),
        (b"9" * 5000, "beyond"),
        (b"\xff", "utf-8"),
        (b'"\\ud800"', "surrogate"),
        (b"", "Expecting value"),
        (b"{", "Expecting"),
    ],
)
def test_bytes_that_are_not_canonical_are_refused(content: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        decode(content)


@given(VALUES, st.data())
def test_a_bit_turned_in_canonical_bytes_is_refused_or_says_something_else(value: Any, data: Any) -> None:
    content = bytearray(encode(value))
    bit = data.draw(st.integers(0, len(content) * 8 - 1))
    content[bit // 8] ^= 1 << bit % 8
    try:
        altered = decode(bytes(content))
    except ValueError:
        return
    assert json.dumps(altered, sort_keys=True) != json.dumps(value, sort_keys=True)
