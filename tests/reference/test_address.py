"""HOST:PORT as people write it."""

from __future__ import annotations

import socket

import pytest

from reference.address import Address, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [("127.0.0.1:0", ("127.0.0.1", 0)), ("[::1]:65535", ("::1", 65535)), ("localhost:80", ("localhost", 80))],
)
def test_an_address_is_read_and_written_alike(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text) == Address(*address)
    assert str(Address(*address)) == text


def test_the_family_is_the_hosts() -> None:
    assert Address("::1", 1).family == socket.AF_INET6
    assert Address("127.0.0.1", 1).family == socket.AF_INET


@pytest.mark.parametrize("text", ["", "80", ":80", "host", "host:", "host:-1", "host:65536", "host:²", "host:1.0"])
def test_what_is_no_address_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"HOST:PORT|port"):
        parse_address(text)
