"""Addresses in znodes: read where they are in the dialect, and never a crash where they are not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proctor.links import Address
from proctor.zookeeper.dialect import JsonDialect

ADDRESSES = st.builds(Address, st.text(st.characters(codec="utf-8")), st.integers(-(2**40), 2**40))
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers(), max_size=3)


@settings(deadline=None)
@given(ADDRESSES)
def test_what_is_encoded_is_decoded(address: Address) -> None:
    assert JsonDialect().decode(JsonDialect().encode(address)) == address


@settings(deadline=None)
@given(ADDRESSES, st.dictionaries(st.text(), VALUES, max_size=5))
def test_other_members_are_kept(address: Address, members: dict[str, object]) -> None:
    encoded = JsonDialect().encode(address, json.dumps(members).encode())
    expected = {**members, "host": address.host, "port": address.port}
    assert json.dumps(json.loads(encoded), sort_keys=True) == json.dumps(expected, sort_keys=True)


@settings(deadline=None)
@given(st.binary())
def test_no_bytes_make_it_raise(data: bytes) -> None:
    JsonDialect().decode(data)
    JsonDialect().encode(Address("h", 1), data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"host": "h"}',
        b'{"port": 1}',
        b'{"host": 1, "port": 1}',
        b'{"host": "h", "port": "1"}',
        b'{"host": "h", "port": 1.0}',
        b'{"host": "h", "port": true}',
        b'\xff\xfe{"host": "h", "port": 1}',
        '{"host": "h", "port": 1}'.encode("utf-16"),
        b'{"host": "h", "port": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
    ],
    ids=lambda data: repr(data[:30]),
)
def test_what_is_no_address_in_the_dialect_is_none(data: bytes) -> None:
    assert JsonDialect().decode(data) is None
