"""What hypothesis draws for laws on the wire: values, requests, and bytes that may be neither."""

from __future__ import annotations

import operator

from hypothesis import strategies as st

from proctor.wire.messages import Body, Request, frame, header, pi, ping

MIXED_BYTES = 60
LARGEST_LENGTH = 2**32 - 1

any_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)
"""JSON values that come back exactly as they were sent, whatever numbers an implementation has."""

any_request: st.SearchStrategy[Request | Body] = st.one_of(
    any_json.map(ping),
    st.integers(-1, 50).map(pi),
    st.text().map(lambda name: Request(f"no such {name}", None)),
    st.sampled_from([b"{", b"[]"]).map(Body),
    st.integers(1, 9000).map(lambda length: ping("x" * length)),
)
"""Requests that are answered, well or with an error, and leave the connection open."""

any_cuts = st.lists(st.integers(1, 300), max_size=12)
"""The lengths of the pieces in which bytes leave."""

_frames = st.lists(
    st.binary(max_size=MIXED_BYTES).map(frame) | any_json.map(lambda value: frame(ping(value).body())), max_size=6
).map(b"".join)
_rest = st.one_of(
    st.just(b""),
    st.binary(max_size=MIXED_BYTES),
    (st.integers(0, 300) | st.integers(0, LARGEST_LENGTH)).map(header),
)
any_bytes = st.builds(operator.add, _frames, _rest)
"""Any bytes. Mostly frames, of requests or of what is none, and then what need be none: behind four bytes that are no
length nothing that follows is looked at, so of bytes at random next to none would reach anybody.
"""
