"""Clients that lie to themselves, to their callers, or to the servers."""

from __future__ import annotations

import random
import socket
import unicodedata
from collections.abc import Mapping
from time import monotonic
from typing import Any

from reference.address import Address
from reference.client import CallFailed, Channel, Client, Deadline, NotSent, Pool, Reply
from reference.directory import Directory
from reference.wire import HEADER_BYTES, FrameReader, Refused

# --- Calls


class ComposesParams(Client):
    """Text is normalised on its way (F6)."""

    breaks = "client/values-are-unchanged"

    def request(self, method: str, params: Any) -> bytes:
        return super().request(method, unicodedata.normalize("NFC", params) if isinstance(params, str) else params)


class SharesItsConnections(Pool):
    """A connection that somebody uses is lent to others (C15)."""

    breaks = "client/answers-match-calls"

    def take(self, address: Address) -> Channel | None:
        channel = super().take(address)
        if channel is not None:
            super().put(address, channel)
        return channel


class TakesASecondMore(Channel):
    """A second is granted beyond the caller's patience (C9)."""

    breaks = "client/call-ends-by-its-timeout"

    def exchange(self, request: bytes, deadline: Deadline) -> bytes:
        deadline.at += 1.0
        return super().exchange(request, deadline)


class KeepsWhatWasSilent(Pool):
    """A connection whose reply is still to come is kept for the next call (C1)."""

    breaks = "client/late-reply-is-dropped"

    def put(self, address: Address, channel: Channel) -> None:
        channel.clean = not channel.reader.partial and not channel.reader.broken
        super().put(address, channel)


class AsksAnotherInstead(Client):
    """A server that answers with an error is taken for broken, and another one is called (C11)."""

    breaks = "client/remote-error-is-an-answer"

    def call_server(self, address: Address, request: bytes, deadline: Deadline, servers_left: int) -> Reply:
        try:
            return super().call_server(address, request, deadline, servers_left)
        except CallFailed as failure:
            if failure.kind == "remote" and servers_left > 1:
                raise NotSent(failure.message) from None
            raise


class HangsUpOnErrors(Channel):
    """The connection that brought an error is closed (C11)."""

    breaks = "client/remote-error-keeps-the-connection"

    def exchange(self, request: bytes, deadline: Deadline) -> bytes:
        body = super().exchange(request, deadline)
        self.clean = b'"error"' not in body
        return body


class PrefersTwo(Client):
    """Two servers are called, and the others when these are gone."""

    breaks = "client/uses-every-server"

    def choose(self) -> list[Address]:
        preferred = sorted(self.servers, key=hash)[:2]  # in each process others: hashes of text are salted
        return sorted(super().choose(), key=lambda address: address not in preferred)


class SharesItsSeed(Client):
    """All clients choose alike (C14)."""

    breaks = "client/clients-choose-independently"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.random = random.Random(17)  # type: ignore[assignment]  # that is the lie


# --- Failover


class TakesNobodyForAnAccident(Client):
    """With an empty list a call ends like one whose connection broke, and may have been executed (C5)."""

    breaks = "client/no-server-is-unavailable"

    def call(self, method: str, params: Any, timeout_s: float) -> Reply:
        try:
            return super().call(method, params, timeout_s)
        except CallFailed as failure:
            raise CallFailed(failure.kind if self.servers else "transport", failure.message, failure.code) from None


class TriesOne(Client):
    """A server that can't be connected to is the end of the call (C8)."""

    breaks = "client/fails-over-when-refused"

    def choose(self) -> list[Address]:
        servers = list(self.servers)
        self.random.shuffle(servers)
        return servers[:1]


class RepeatsWhatBroke(Client):
    """A call whose connection broke is made again elsewhere, whatever has become of the first (C4)."""

    breaks = "client/executes-at-most-once"

    def call_server(self, address: Address, request: bytes, deadline: Deadline, servers_left: int) -> Reply:
        try:
            return super().call_server(address, request, deadline, servers_left)
        except CallFailed as failure:
            if failure.kind == "transport":
                raise NotSent(failure.message) from None
            raise


class AsksAnotherMeanwhile(Client):
    """A server that has not answered within a second is taken for a dead one, and another is asked (C4)."""

    breaks = "client/executes-at-most-once"

    def call_server(self, address: Address, request: bytes, deadline: Deadline, servers_left: int) -> Reply:
        soon = min(deadline, Deadline(1.0), key=lambda one: one.at)
        try:
            return super().call_server(address, request, soon, servers_left)
        except CallFailed as failure:
            if failure.kind == "timeout" and soon is not deadline:
                raise NotSent(failure.message) from None
            raise


class KnocksAndKnocks(Client):
    """Whoever refuses is tried again at once, as long as there is time (C6)."""

    breaks = "client/dials-at-a-pace"

    def call(self, method: str, params: Any, timeout_s: float) -> Reply:
        until = monotonic() + timeout_s
        while True:
            try:
                return super().call(method, params, until - monotonic())
            except CallFailed as failure:
                if failure.kind != "unavailable" or not self.servers or monotonic() > until - 0.1:
                    raise


class NeverForgives(Client):
    """A server that refused once is not tried again (C7)."""

    breaks = "client/returns-to-a-recovered-server"

    def choose(self) -> list[Address]:
        return [address for address in super().choose() if address not in self.suspects]


class KeepsWhatLeadsNowhere(Client):
    """Connections to servers that have left are kept (C12)."""

    breaks = "client/leaves-a-removed-server"
    known: frozenset[Address] = frozenset()

    def on_servers(self, servers: tuple[Address, ...]) -> None:
        self.known |= set(servers)
        super().on_servers(tuple(self.known))


# --- Connections


class UsesWhatHasEnded(Channel):
    """A connection is believed to be as it was left (C2)."""

    breaks = "client/dead-connection-is-not-used"

    @property
    def usable(self) -> bool:
        return self.clean


class NeverComesBack(Client):
    """A server that was silent once is not called again (C3)."""

    breaks = "client/wedged-connection-is-left"
    silent: frozenset[Address] = frozenset()

    def choose(self) -> list[Address]:
        return [address for address in super().choose() if address not in self.silent]

    def call_server(self, address: Address, request: bytes, deadline: Deadline, servers_left: int) -> Reply:
        try:
            return super().call_server(address, request, deadline, servers_left)
        except CallFailed as failure:
            if failure.kind == "timeout":
                self.silent |= {address}
            raise


class LeaksWhatWasRefused(Client):
    """The socket of a connection that was refused is never closed (C13)."""

    breaks = "client/failed-connects-leak-nothing"

    def connect(self, address: Address, deadline: Deadline, servers_left: int) -> Channel:
        try:
            return super().connect(address, deadline, servers_left)
        except NotSent:
            socket.socket().detach()
            raise


# --- Replies


class TakesOneRecvForALength(FrameReader):
    """What comes of a length without the rest of it is thrown away (F1)."""

    breaks = "client/reply-may-arrive-in-pieces"

    def feed(self, data: bytes) -> list[bytes | Refused]:
        return [] if not self._rest and len(data) < HEADER_BYTES else super().feed(data)


class BlamesTheConnection(Client):
    """What is no reply is told as a connection that broke (C10)."""

    breaks = "client/no-reply-is-protocol"
    also: Mapping[str, str] = {
        "client/bad-connection-is-not-reused": "the call that meets what is no reply ends as protocol, too",
    }

    def call_server(self, address: Address, request: bytes, deadline: Deadline, servers_left: int) -> Reply:
        try:
            return super().call_server(address, request, deadline, servers_left)
        except CallFailed as failure:
            kind = "transport" if failure.kind == "protocol" else failure.kind
            raise CallFailed(kind, failure.message, failure.code) from None


class BlamesTheServer(Channel):
    """A reply that broke off is told as what is no reply (C10)."""

    breaks = "client/broken-reply-is-transport"

    def receive(self, deadline: Deadline) -> bytes:
        try:
            return super().receive(deadline)
        except CallFailed as failure:
            kind = "protocol" if failure.kind == "transport" and self.reader.partial else failure.kind
            raise CallFailed(kind, failure.message) from None


class KeepsWhatIsOutOfStep(Pool):
    """A connection on which rubbish came is kept for the next call (C10)."""

    breaks = "client/bad-connection-is-not-reused"

    def put(self, address: Address, channel: Channel) -> None:
        channel.clean = True
        super().put(address, channel)


# --- Closing


class LeavesWithoutAWord(Directory):
    """The session is left to its timeout (R14)."""

    breaks = "client/close-ends-it"

    def close(self, within_s: float) -> None:  # noqa: ARG002  # it takes no time
        return
