"""Attempts to connect are counted whatever becomes of them."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from proctor.links.dials import Dials
from proctor.outcome import Unavailable
from proctor.wire.dead_ends import deaf, refusing


def dials(port: int) -> Dials:
    try:
        return Dials(port)
    except Unavailable as error:
        pytest.skip(str(error))


@pytest.fixture
def dead() -> Iterator[tuple[str, int]]:
    with refusing() as address:
        yield address


def test_refused_attempts_are_counted(dead: tuple[str, int]) -> None:
    with dials(dead[1]) as seen:
        assert seen.count() == 0
        for _ in range(7):
            with socket.socket() as caller:
                caller.connect_ex(dead)
        assert seen.count() == 7


def test_what_follows_a_connect_is_none() -> None:
    with deaf() as address, dials(address[1]) as seen, socket.create_connection(address) as caller:
        caller.sendall(b"not a SYN")
        assert seen.count() == 1


def test_other_ports_are_none_of_its_affair(dead: tuple[str, int]) -> None:
    with refusing() as other, dials(dead[1]) as seen, socket.socket() as caller:
        caller.connect_ex(other)
        assert seen.count() == 0


def test_a_machine_that_forbids_watching_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("proctor.links.dials.socket.socket", forbid)
    with pytest.raises(Unavailable, match="CAP_NET_RAW"):
        Dials(1)
