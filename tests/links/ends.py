"""The two ends of a link, both held by the test: what one sends, the other is asked for by name."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from proctor.links import Proxy

PATIENCE_S = 20.0  # a deadline against hanging, not a measure
FULL_AFTER_S = 0.2
MOST_BYTES = 1 << 28
DATA_SEGMENTS_IN = 152  # offset of tcpi_data_segs_in in struct tcp_info of linux/tcp.h


class End:
    """One end. `receive` wants exactly so many bytes; `fin` and `rst` say that the other side ended so."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        sock.settimeout(PATIENCE_S)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def fill(self) -> bytes:
        """Send until nothing more is taken, and give what was sent."""
        sent = bytearray()
        self.socket.settimeout(FULL_AFTER_S)
        try:
            while len(sent) < MOST_BYTES:
                piece = len(sent).to_bytes(8, "big") * 4096
                sent += piece[: self.socket.send(piece)]
        except TimeoutError:
            return bytes(sent)
        finally:
            self.socket.settimeout(PATIENCE_S)
        raise AssertionError(f"nothing stops a writer after {len(sent)} bytes")

    def receive(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            assert more, f"FIN after {len(data)} of {count} bytes"
            data += more
        return bytes(data)

    def fin(self) -> bool:
        return self.socket.recv(1) == b""

    def rst(self) -> bool:
        try:
            self.socket.recv(1)
        except ConnectionResetError:
            return True
        return False

    def silent(self, for_s: float) -> bool:
        """Nothing, no end either, comes for so long: silence can't be waited for by an event."""
        self.socket.settimeout(for_s)
        try:
            self.socket.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(PATIENCE_S)
        return False

    def half_close(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def segments_received(self) -> int:
        info = self.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, DATA_SEGMENTS_IN + 4)
        return int(struct.unpack_from("=I", info, DATA_SEGMENTS_IN)[0])

    def close(self) -> None:
        self.socket.close()


class Target:
    """A server that does nothing by itself. `leave` closes its port, `come_back` opens the same one."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(PATIENCE_S)
        self.address: tuple[str, int] = self._socket.getsockname()

    def accept(self) -> End:
        return End(self._socket.accept()[0])

    def waits_in_vain(self, for_s: float) -> bool:
        self._socket.settimeout(for_s)
        try:
            self._socket.accept()[0].close()
        except TimeoutError:
            return True
        finally:
            self._socket.settimeout(PATIENCE_S)
        return False

    def leave(self) -> None:
        self._socket.close()

    def come_back(self) -> None:
        self._socket = socket.create_server(self.address)
        self._socket.settimeout(PATIENCE_S)


@dataclass
class Pair:
    client: End
    server: End

    def carries(self, request: bytes = b"there", reply: bytes = b"and back") -> bool:
        self.client.send(request)
        self.server.send(reply)
        return self.server.receive(len(request)) == request and self.client.receive(len(reply)) == reply


def connect(link: Proxy[Any]) -> End:
    return End(socket.create_connection(link.endpoint, PATIENCE_S))


@contextmanager
def pair(link: Proxy[Any], target: Target) -> Iterator[Pair]:
    """A connection through the link, both ends."""
    client = connect(link)
    server = target.accept()
    try:
        yield Pair(client, server)
    finally:
        client.close()
        server.close()


def refused(link: Proxy[Any]) -> bool:
    try:
        connect(link).close()
    except ConnectionRefusedError:
        return True
    return False


def rejected(link: Proxy[Any]) -> bool:
    """Accepted and reset at once; the reset may come so early that connect itself reports it."""
    try:
        return connect(link).rst()
    except ConnectionResetError:
        return True
