"""The records: every opcode's request and reply travels and comes back, whatever is in it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor.zookeeper import protocol
from proctor.zookeeper.codes import Error, OpCode
from proctor.zookeeper.jute import Bool, Buffer, Int, Long, Malformed, OptionalBool, Record, UString
from proctor.zookeeper.protocol import (
    MULTI_REQUESTS,
    MULTI_RESPONSES,
    REPLIES,
    REQUESTS,
    MultiRequest,
    MultiResponse,
    Op,
)

OP_FIELDS = {MultiRequest: MULTI_REQUESTS, MultiResponse: MULTI_RESPONSES}
VALUES: dict[Any, st.SearchStrategy[Any]] = {
    Int: st.integers(-(2**31), 2**31 - 1),
    Long: st.integers(-(2**63), 2**63 - 1),
    Bool: st.booleans(),
    OptionalBool: st.none() | st.booleans(),
    Buffer: st.none() | st.binary(max_size=20),
    UString: st.text(max_size=10),
}
KINDS: st.SearchStrategy[type[Record]] = st.sampled_from(
    [*REQUESTS.values(), *REPLIES.values(), protocol.ConnectRequest, protocol.ConnectResponse]
)


def records(kind: type[Record]) -> st.SearchStrategy[Record]:
    """Any record of a kind, drawn after its own field table."""
    if kind in OP_FIELDS:
        one = st.sampled_from(sorted(OP_FIELDS[kind].items())).flatmap(
            lambda item: records(item[1]).map(lambda body: Op(item[0], body))
        )
        return st.builds(kind, st.lists(one, max_size=4).map(tuple))
    hints = get_type_hints(kind, include_extras=True)
    return st.builds(kind, *(values(hints[name]) for name in kind.__struct_fields__))


def values(hint: Any) -> st.SearchStrategy[Any]:
    if hint in VALUES:
        return VALUES[hint]
    if get_origin(hint) is tuple:
        return st.lists(values(get_args(hint)[0]), max_size=3).map(tuple)
    return records(hint)


ANY_RECORD = KINDS.flatmap(records)


@given(ANY_RECORD)
def test_what_is_written_is_read_back(record: Record) -> None:
    raw = record.encode()
    assert type(record).read(raw) == (record, len(raw))


@given(ANY_RECORD, st.data())
def test_cut_short_is_malformed(record: Record, data: st.DataObject) -> None:
    kind, raw = type(record), record.encode()
    least = len(raw) - (getattr(record, "read_only", None) is not None)
    if least == 0:
        return
    with pytest.raises(Malformed):
        kind.decode(raw[: data.draw(st.integers(0, least - 1))])


@given(KINDS, st.binary(max_size=120))
def test_any_bytes_are_a_record_or_malformed(kind: type[Record], raw: bytes) -> None:
    with suppress(Malformed):
        kind.decode(raw)


def test_every_request_with_a_body_in_the_tables_has_a_reply() -> None:
    """A proxy reads a reply by the opcode of its request: one missing would leave it blind."""
    assert set(REQUESTS) - set(REPLIES) == {OpCode.RECONFIG, OpCode.SASL}
    assert set(REPLIES) <= set(REQUESTS)
    assert set(MULTI_REQUESTS) | {OpCode.ERROR} == set(MULTI_RESPONSES)


def test_a_connect_request_of_an_old_client_ends_before_the_read_only_byte() -> None:
    with_byte = protocol.ConnectRequest(0, 7, 4000, 0, bytes(16), read_only=False)
    without = protocol.ConnectRequest(0, 7, 4000, 0, bytes(16))
    assert with_byte.encode() == without.encode() + b"\x00"
    assert protocol.ConnectRequest.decode(without.encode()).read_only is None


def test_an_unknown_operation_in_a_multi_is_malformed() -> None:
    raw = protocol.MultiHeader(OpCode.SET_ACL, done=False, err=-1).encode()
    with pytest.raises(Malformed, match="no operation 7"):
        MultiRequest.decode(raw)


def test_a_failed_result_says_its_error_twice() -> None:
    """Clients read it from the header or from the body; kazoo from the body."""
    raw = MultiResponse((Op(OpCode.ERROR, protocol.ErrorResponse(Error.NO_NODE)),)).encode()
    assert raw.count(Error.NO_NODE.to_bytes(4, "big", signed=True)) == 2
