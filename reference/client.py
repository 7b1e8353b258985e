"""The client: finds servers in the registry and calls them.

A call may try several servers as long as its request can't have been executed; once it may have been, it is not sent
again (C4). Whatever a call does, it does by its deadline (C9).
"""

from __future__ import annotations

import json
import random
import socket
import threading
from contextlib import suppress
from time import monotonic
from typing import Any, NamedTuple

from reference.address import Address
from reference.directory import Directory
from reference.registry import Registry
from reference.settings import ClientSettings
from reference.wire import FrameReader, strict

READ_BYTES = 64 * 1024
IDLE_MAX = 32  # connections that are kept for one server
SUSPECT_S = 1.0  # how long a server that could not be connected to is tried after the others


class CallFailed(Exception):
    """`kind` says what may be done about it: unavailable, transport, timeout, protocol or remote."""

    def __init__(self, kind: str, message: str, code: str | None = None) -> None:
        super().__init__(f"{kind}: {message}" if code is None else f"{kind}: {code}: {message}")
        self.kind = kind
        self.message = message
        self.code = code


class NotSent(Exception):
    """The request has not left whole, so it can't have been executed."""


class Deadline:
    def __init__(self, seconds: float) -> None:
        self.at = monotonic() + seconds

    def left(self) -> float:
        """Seconds; CallFailed if there are none."""
        left = self.at - monotonic()
        if left <= 0:
            raise CallFailed("timeout", "no reply in time")
        return left


class Reply(NamedTuple):
    out: str
    result: Any


class Channel:
    """A connection to a server, used by one call at a time."""

    def __init__(self, sock: socket.socket, reader: FrameReader) -> None:
        self.sock = sock
        self.reader = reader
        self.clean = True  # in step: every request has got its reply, and nothing else has come

    @property
    def usable(self) -> bool:
        """A connection that has ended, or on which something has come unasked, is of no use (C1, C2)."""
        try:
            self.sock.settimeout(0)
            self.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return self.clean
        except OSError:
            return False
        return False

    def exchange(self, request: bytes, deadline: Deadline) -> bytes:
        """The body of the reply."""
        self.clean = False
        self.send(request, deadline)
        body = self.receive(deadline)
        self.clean = not self.reader.partial and not self.reader.broken
        return body

    def send(self, request: bytes, deadline: Deadline) -> None:
        rest = memoryview(request)
        while rest:
            try:
                self.sock.settimeout(deadline.left())
                rest = rest[self.sock.send(rest) :]
            except TimeoutError:
                continue
            except OSError as error:
                raise NotSent(error.strerror) from None

    def receive(self, deadline: Deadline) -> bytes:
        while True:
            try:
                self.sock.settimeout(deadline.left())
                data = self.sock.recv(READ_BYTES)
            except TimeoutError:
                continue
            except OSError as error:
                raise CallFailed("transport", f"the connection broke: {error.strerror}") from None
            if not data:
                raise CallFailed("transport", "the server closed the connection without a reply")
            frames = self.reader.feed(data)
            if frames:
                return self.first(frames)

    def first(self, frames: list[Any]) -> bytes:
        body, *others = frames
        if not isinstance(body, bytes):
            raise CallFailed("protocol", body.message)
        if others:
            raise CallFailed("protocol", "more came than was asked for")
        return body

    def close(self) -> None:
        self.sock.close()


class Pool:
    """Idle channels to the servers of the list."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.idle: dict[Address, list[Channel]] = {}

    def take(self, address: Address) -> Channel | None:
        while True:
            with self.lock:
                idle = self.idle.get(address)
                channel = idle.pop() if idle else None
            if channel is None or channel.usable:
                return channel
            channel.close()

    def put(self, address: Address, channel: Channel) -> None:
        with self.lock:
            idle = self.idle.get(address)
            if channel.clean and idle is not None and len(idle) < IDLE_MAX:
                idle.append(channel)
                return
        channel.close()

    def keep_only(self, servers: tuple[Address, ...]) -> None:
        """Closes what leads to servers that have left (C12). Calls in flight finish; `put` closes their channels."""
        with self.lock:
            before = self.idle
            self.idle = {address: before.get(address, []) for address in servers}
            gone = [channel for address, idle in before.items() if address not in self.idle for channel in idle]
        for channel in gone:
            channel.close()


class Client:
    def __init__(self, settings: ClientSettings, parts: ClientParts) -> None:
        self.parts = parts
        self.dialect = settings.dialect
        self.pool = parts.pool()
        self.suspects: dict[Address, float] = {}  # and when they were found so
        self.random = random.SystemRandom()  # has no state that clients could share (C14)
        self.directory = parts.directory(settings.registry, self.on_servers, parts.registry)
        self.directory.start()

    @property
    def servers(self) -> tuple[Address, ...]:
        return self.directory.servers

    def on_servers(self, servers: tuple[Address, ...]) -> None:
        self.pool.keep_only(servers)
        self.suspects = {address: at for address, at in self.suspects.items() if address in servers}

    def close(self, within_s: float = 2.0) -> None:
        self.pool.keep_only(())
        self.directory.close(within_s)

    def call(self, method: str, params: Any, timeout_s: float) -> Reply:
        """Calls one server of the list. CallFailed says what happened otherwise; ValueError, that there is no JSON for
        the params."""
        deadline = Deadline(timeout_s)
        request = self.request(method, params)
        self.directory.loaded.wait(timeout_s)
        servers = self.choose()
        for tried, address in enumerate(servers):
            try:
                return self.call_server(address, request, deadline, len(servers) - tried)
            except NotSent:
                self.suspects[address] = monotonic()
        raise CallFailed("unavailable", self.why_unavailable(len(servers)))

    def why_unavailable(self, servers: int) -> str:
        if servers:
            return f"none of {servers} servers can be connected to"
        return "no server is registered" if self.directory.loaded.is_set() else "the registry can't be reached"

    def choose(self) -> list[Address]:
        """Every server once, in the order in which they are to be tried."""
        servers = list(self.directory.servers)
        self.random.shuffle(servers)
        now = monotonic()
        return sorted(servers, key=lambda address: now - self.suspects.get(address, -SUSPECT_S) < SUSPECT_S)

    def call_server(self, address: Address, request: bytes, deadline: Deadline, servers_left: int) -> Reply:
        """One try. NotSent if this server can't have executed it."""
        channel = self.pool.take(address) or self.connect(address, deadline, servers_left)
        try:
            return parse_reply(channel.exchange(request, deadline))
        except CallFailed as failure:
            channel.clean = channel.clean and failure.kind == "remote"  # an error is an answer like any other (C11)
            raise
        finally:
            self.pool.put(address, channel)

    def connect(self, address: Address, deadline: Deadline, servers_left: int) -> Channel:
        """A new connection. Takes no more than its share of the time, so that others can be tried."""
        try:
            left = deadline.left()
        except CallFailed:
            raise NotSent("no time left to connect") from None
        sock = socket.socket(address.family, socket.SOCK_STREAM)
        try:
            sock.settimeout(left / servers_left)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.connect(address)
        except (OSError, UnicodeError) as error:
            sock.close()
            raise NotSent(f"{address}: {error}") from None
        return self.parts.channel(sock, self.parts.frame_reader(self.dialect))

    def request(self, method: str, params: Any) -> bytes:
        """A frame. In ASCII, where half a surrogate pair can be written too. ValueError if there is no JSON for it."""
        try:
            body = json.dumps({"in": method, "params": params}, allow_nan=False, separators=(",", ":")).encode()
        except RecursionError:
            raise ValueError("params are nested too deep") from None
        return self.dialect.header.pack(len(body)) + body


class ClientParts(NamedTuple):
    """The one place where its classes are chosen."""

    client: type[Client] = Client
    registry: type[Registry] = Registry
    directory: type[Directory] = Directory
    pool: type[Pool] = Pool
    channel: type[Channel] = Channel
    frame_reader: type[FrameReader] = FrameReader


def parse_reply(body: bytes) -> Reply:
    """CallFailed as protocol if it is none, as remote if it is an error."""
    try:
        reply = strict.decode(body.decode())
        out, result = reply["out"], reply["result"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CallFailed("protocol", f"what came is no reply: {error}") from None
    if not isinstance(out, str):
        raise CallFailed("protocol", 'what came is no reply: "out" is no string')
    if out == "error":
        raise remote(result)
    return Reply(out, result)


def remote(result: Any) -> CallFailed:
    with suppress(TypeError, KeyError):
        code, message = result["code"], result["message"]
        if isinstance(code, str) and isinstance(message, str):
            return CallFailed("remote", message, code)
    return CallFailed("protocol", "what came is an error without code and message")
