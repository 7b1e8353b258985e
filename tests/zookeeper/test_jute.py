"""Jute: what is written is read back, and whatever else comes in is refused by one named error."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor.zookeeper.jute import Bool, Buffer, Int, Long, Malformed, OptionalBool, Record, UString

INTS = st.integers(-(2**31), 2**31 - 1)
LONGS = st.integers(-(2**63), 2**63 - 1)


class Inner(Record, frozen=True):
    name: UString
    count: Int


class Everything(Record, frozen=True):
    """Each kind of field, fixed ones both alone and as neighbours."""

    count: Int
    zxid: Long
    name: UString
    flag: Bool
    data: Buffer
    inner: Inner
    names: tuple[UString, ...]
    inners: tuple[Inner, ...]
    numbers: tuple[Int, ...]
    read_only: OptionalBool = None


class Numbers(Record, frozen=True):
    numbers: tuple[Int, ...]


INNERS = st.builds(Inner, st.text(), INTS)
EVERYTHING = st.builds(
    Everything,
    INTS,
    LONGS,
    st.text(),
    st.booleans(),
    st.none() | st.binary(),
    INNERS,
    st.lists(st.text()).map(tuple),
    st.lists(INNERS).map(tuple),
    st.lists(INTS).map(tuple),
    st.none() | st.booleans(),
)


def test_the_bytes_are_those_of_zookeeper() -> None:
    """Big-endian, lengths before bytes, -1 for null: the layout that every other implementation reads."""
    record = Everything(1, -2, "é", flag=True, data=None, inner=Inner("x", 3), names=("a",), inners=(), numbers=(7,))
    assert record.encode() == bytes.fromhex(
        "00000001 fffffffffffffffe 00000002c3a9 01 ffffffff 0000000178 00000003"
        "00000001 0000000161 00000000 00000001 00000007"
    )


@given(EVERYTHING)
def test_what_is_written_is_read_back(record: Everything) -> None:
    raw = record.encode()
    assert Everything.read(raw) == (record, len(raw))


@given(EVERYTHING, st.binary(min_size=1, max_size=9))
def test_a_record_ends_where_its_fields_end(record: Everything, more: bytes) -> None:
    """A reader that swallowed what follows would break the next record of the same frame."""
    record = Everything.decode(record.encode() + b"\x01")  # with its optional last byte, or that would be `more`'s
    raw = record.encode()
    assert Everything.read(raw + more) == (record, len(raw))


@given(EVERYTHING, st.data())
def test_cut_short_anywhere_is_malformed(record: Everything, data: st.DataObject) -> None:
    raw = record.encode()
    whole = len(raw) - (record.read_only is not None)
    cut = data.draw(st.integers(0, whole - 1))
    with pytest.raises(Malformed):
        Everything.decode(raw[:cut])


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_malformed(raw: bytes) -> None:
    with suppress(Malformed):
        Everything.decode(raw)


def test_a_huge_count_costs_nothing() -> None:
    """A vector's count is the sender's word: believing it would allocate gigabytes."""
    with pytest.raises(Malformed):
        Numbers.decode(b"\x7f\xff\xff\xff")


def test_null_vectors_are_empty_and_null_strings_refused() -> None:
    assert Numbers.decode(b"\xff\xff\xff\xff") == Numbers(())
    with pytest.raises(Malformed, match="length -1"):
        Inner.decode(b"\xff\xff\xff\xff\x00\x00\x00\x00")


def test_text_that_is_not_utf8_is_replaced() -> None:
    """Java's reader replaces, so a server that refused would differ."""
    assert Inner.decode(b"\x00\x00\x00\x02\xffa\x00\x00\x00\x00").name == "\N{REPLACEMENT CHARACTER}a"
