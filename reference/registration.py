"""The registrar: the one process of a server that speaks with ZooKeeper, and keeps exactly one node there.

Whatever happens only wakes its loop. Each time, `reconcile` looks at what stands and mends it; so it is the same
whether the session was lost, an answer was lost, or somebody has deleted the node.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import struct
from contextlib import suppress
from mmap import mmap
from typing import TYPE_CHECKING

from reference.address import Address
from reference.log import Log
from reference.reports import BEAT_S, Reporter
from reference.settings import ServerSettings
from reference.signals import ignore

if TYPE_CHECKING:
    from reference.registry import Registry, Session

PREFIX = "rpc"
WILDCARDS = ("0.0.0.0", "::")
IGNORED = (
    *(signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP),  # the parent says when to leave
    *(signal.SIGTTIN, signal.SIGTTOU, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE),
)


class Leaving(Exception):
    """The parent wants the registrar to leave, or is gone."""


class SessionNote:
    """The session's id and password, in memory that outlives the registrar, so that the next one takes it over."""

    FORM = struct.Struct("=q16s")

    def __init__(self) -> None:
        self.memory = mmap(-1, self.FORM.size)

    def read(self) -> Session | None:
        session, password = self.FORM.unpack(self.memory[:])
        return (session, password) if session else None

    def write(self, session: Session) -> None:
        self.memory[:] = self.FORM.pack(*session)


class Registration:
    def __init__(
        self, settings: ServerSettings, bound: Address, orders: int, note: SessionNote, reporter: Reporter, log: Log
    ) -> None:
        """`orders` is the reading end of a pipe: "+" to register, "-" to withdraw, "x" or its end to leave."""
        self.settings = settings
        self.bound = bound
        self.orders = orders
        self.note = note
        self.reporter = reporter
        self.log = log
        self.registry: Registry
        self.connected = False  # as was told
        self.wanted: bool | None = None  # until the first order; what stands is left as it is then
        self.dirty = False  # something may have changed since the last look
        self.path: str | None = None
        self.doubt = False  # a node of ours may stand whose name we don't know
        self.sessions: set[int] = set()  # that are or were ours
        self.woken, self.wake_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.poll = select.poll()
        self.poll.register(self.orders, select.POLLIN)
        self.poll.register(self.woken, select.POLLIN)

    def run(self) -> int:
        ignore(IGNORED)
        self.log(f"registry: connecting to {self.settings.registry.hosts}")
        self.registry = self.connect()
        self.reporter.ready()
        try:
            while self.registry.works:
                self.wait(BEAT_S)
                self.tell()
                if self.dirty and self.wanted is not None and self.registry.connected:
                    self.look()
        except Leaving:
            self.registry.close()
            return 0
        self.log("registry: kazoo has given up; beginning anew")
        return 1

    def tell(self) -> None:
        """Of the connection, when it has come or gone."""
        if self.registry.connected != self.connected:
            self.connected = self.registry.connected
            self.log("registry: connected" if self.connected else "registry: connection lost; serving without")

    def connect(self) -> Registry:
        """Takes over the session of the registrar before this one, if there was any."""
        from reference.registry import Registry  # noqa: PLC0415  # kazoo: only this process needs to wait for it

        before = self.note.read()
        if before:
            self.sessions.add(before[0])
            self.doubt = True
        return Registry(self.settings.registry, self.wake, self.obey_and_beat, before)

    def wake(self, _event: object = None) -> None:
        """From kazoo's threads, which may do nothing else (R2)."""
        with suppress(BlockingIOError):
            os.write(self.wake_fd, b".")

    # The main loop

    def wait(self, seconds: float) -> None:
        """Until something has happened, or for so long. Raises Leaving."""
        for fd, _ in self.poll.poll(seconds * 1000):
            if fd == self.orders:
                self.obey(os.read(self.orders, 64))
            else:
                os.read(self.woken, 4096)
            self.dirty = True
        self.reporter.beat()

    def obey_and_beat(self) -> None:
        self.wait(0)

    def obey(self, orders: bytes) -> None:
        if not orders or b"x" in orders:
            raise Leaving
        self.wanted = orders.endswith(b"+")

    def look(self) -> None:
        from reference.registry import Unsettled  # noqa: PLC0415  # as above

        self.dirty = False
        try:
            self.reconcile()
        except Unsettled as error:
            self.log(f"registry: {error}; looking again")
            self.dirty = True

    def reconcile(self) -> None:
        """One node of this session stands, with our address; or none, if none is wanted."""
        session = self.begin_session()
        self.registry.sync()
        if self.doubt:
            self.path = self.find(session)
            self.doubt = False
        if not self.wanted:
            self.withdraw()
        elif not self.stands(session):
            self.create()
            if not self.stands(session):  # while it is asked, a change may make us dirty, too: that stays
                self.dirty = True

    def begin_session(self) -> int:
        session = self.registry.session()
        self.note.write(session)
        self.sessions.add(session[0])
        return session[0]

    def stands(self, session: int) -> bool:
        """Whether our node is there. It is watched from now on (R7)."""
        if self.path is None:
            return False
        owner = self.registry.owners([self.path], self.wake).get(self.path)
        if owner != session and owner in self.sessions:
            self.registry.delete(self.path)  # of a session that is no longer ours, but not yet over (R18)
        return owner == session

    def find(self, session: int) -> str | None:
        """The one node of this session, after any other of ours has been deleted."""
        names = self.registry.children() or []
        paths = sorted(self.registry.path(name) for name in names if name.startswith(PREFIX))
        ours = {path: owner for path, owner in self.registry.owners(paths).items() if owner in self.sessions}
        kept = next((path for path, owner in ours.items() if owner == session), None)
        for path in ours:
            if path != kept:
                self.registry.delete(path)
        return kept

    def create(self) -> None:
        self.doubt = True  # until we are told the node's name we can't know whether there is one (R3)
        data = self.data()
        self.path = self.registry.create(PREFIX, data)
        self.doubt = False
        self.log(f"registered as {self.path}: {data.decode()}")

    def withdraw(self) -> None:
        if self.path is not None:
            self.registry.delete(self.path)
            self.path = None

    # The address

    def data(self) -> bytes:
        host = self.settings.advertise or self.reachable(self.bound.host)
        return json.dumps({"host": host, "port": self.bound.port}).encode()

    def reachable(self, host: str) -> str:
        """For a wildcard, the address of ours that the registry sees: others find us there too (R22)."""
        if host not in WILDCARDS:
            return host
        registry = self.settings.registry.hosts.split(",")[0].partition("/")[0].rpartition(":")[0].strip("[]")
        with socket.socket(socket.AF_INET6 if ":" in registry else socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((registry, 9))  # sends nothing: only asks which way it would go
                return str(probe.getsockname()[0])
            except OSError:
                return socket.gethostname()
