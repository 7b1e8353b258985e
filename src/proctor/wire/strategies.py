"""What is drawn for laws on the wire: values, requests in pieces, and bytes that may be neither."""

# ruff: noqa: PLC0415  # Hypothesis takes longer to import than all the rest: only who draws waits for it

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from proctor.wire.messages import Body, Request, frame, header, pi, ping

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

MIXED_BYTES = 60
LARGEST_LENGTH = 2**32 - 1


def any_text() -> SearchStrategy[str]:
    """Text that UTF-8 has bytes for. As Hypothesis' own, which asks a codec of each character there is: it takes
    seconds and 200 MB wherever it is done first.
    """
    from hypothesis import strategies as st

    return st.text(st.characters(exclude_categories=["Cs"]))


def any_json() -> SearchStrategy[Any]:
    """JSON values that come back exactly as they were sent, whatever numbers an implementation has."""
    from hypothesis import strategies as st

    return st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53) + 1, 2**53 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | any_text(),
        lambda inner: st.lists(inner, max_size=5) | st.dictionaries(any_text(), inner, max_size=5),
        max_leaves=20,
    )


def any_request() -> SearchStrategy[Request | Body]:
    """Requests that are answered, well or with an error, and leave the connection open."""
    from hypothesis import strategies as st

    return st.one_of(
        any_json().map(ping),
        st.integers(-1, 50).map(pi),
        any_text().map(lambda name: Request(f"no such {name}", None)),
        st.sampled_from([b"{", b"[]"]).map(Body),
        st.integers(1, 9000).map(lambda length: ping("x" * length)),
    )


def any_requests_in_pieces() -> SearchStrategy[tuple[list[Request | Body], list[int]]]:
    """Requests, and the lengths of the pieces in which their bytes leave."""
    from hypothesis import strategies as st

    return st.tuples(st.lists(any_request(), min_size=1, max_size=8), st.lists(st.integers(1, 300), max_size=12))


def any_bytes() -> SearchStrategy[bytes]:
    """Any bytes. Mostly frames, of requests or of what is none, and then what need be none: behind four bytes that are
    no length nothing that follows is looked at, so of bytes at random next to none would reach anybody.
    """
    from hypothesis import strategies as st

    requests = any_json().map(lambda value: frame(ping(value).body()))
    frames = st.lists(st.binary(max_size=MIXED_BYTES).map(frame) | requests, max_size=6).map(b"".join)
    lengths = (st.integers(0, 300) | st.integers(0, LARGEST_LENGTH)).map(header)
    return st.builds(operator.add, frames, st.one_of(st.just(b""), st.binary(max_size=MIXED_BYTES), lengths))
