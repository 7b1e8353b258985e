"""Addresses at which nobody answers are what they say."""

from __future__ import annotations

import socket

import pytest

from proctor.wire.dead_ends import deaf, full, refusing


def test_a_refusing_address_refuses() -> None:
    with refusing() as address, socket.socket() as caller, pytest.raises(ConnectionRefusedError):
        caller.connect(address)


def test_a_deaf_address_accepts_and_says_nothing() -> None:
    with deaf() as address, socket.create_connection(address) as caller:
        caller.sendall(b"hello")
        caller.settimeout(0.1)
        with pytest.raises(TimeoutError):
            caller.recv(1)


def test_a_full_address_neither_accepts_nor_refuses() -> None:
    with full() as address, socket.socket() as caller:
        caller.settimeout(0.2)
        with pytest.raises(TimeoutError):
            caller.connect(address)
