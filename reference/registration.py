"""The registrar: the one process of a server that speaks with ZooKeeper, and keeps exactly one node there.

Callbacks of kazoo's threads only wake the main loop (R2). Each time, `reconcile` looks at what stands and mends it; so
it is the same whether a session was lost, a reply was lost, or somebody has deleted the node.
"""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from mmap import mmap
from time import monotonic
from typing import TYPE_CHECKING, Any

from reference.address import Address
from reference.log import Log
from reference.reports import BEAT_S, Reporter
from reference.settings import ServerSettings
from reference.signals import Signals

if TYPE_CHECKING:
    from kazoo.client import KazooClient

ASK_S = 3.0  # how long one operation may take before its outcome counts as unknown
PREFIX = "rpc"
WILDCARDS = ("0.0.0.0", "::")
IGNORED = (
    *(signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP),  # the parent says when to leave
    *(signal.SIGTTIN, signal.SIGTTOU, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE),
)


class Unsettled(Exception):
    """The registry did not answer as it should, or not in time: to be looked at again."""


class Leaving(Exception):
    """The parent wants the registrar to leave, or is gone."""


class SessionNote:
    """The session's id and password, in memory that outlives the registrar, so that the next one takes it over."""

    FORM = struct.Struct("=q16s")

    def __init__(self) -> None:
        self.memory = mmap(-1, self.FORM.size)

    def read(self) -> tuple[int, bytes] | None:
        session, password = self.FORM.unpack(self.memory[:])
        return (session, password) if session else None

    def write(self, session: tuple[int, bytes]) -> None:
        self.memory[:] = self.FORM.pack(*session)


class Registration:
    retry: Mapping[str, float] = {
        "max_tries": -1,
        "delay": 0.2,
        "backoff": 1.5,
        "max_delay": 1.0,
        "max_jitter": 0.3,
    }  # R24

    def __init__(
        self,
        settings: ServerSettings,
        bound: Address,
        orders: int,
        note: SessionNote,
        reporter: Reporter,
        log: Log,
    ) -> None:
        self.settings = settings.registry
        self.hosts, _, chroot = self.settings.hosts.partition("/")
        self.root = "/" + "/".join(filter(None, f"{chroot}/{self.settings.root}".split("/")))
        self.bound = bound
        self.advertise = settings.advertise
        self.orders = orders
        self.note = note
        self.reporter = reporter
        self.log = log
        self.wanted = False
        self.dirty = False
        self.connected = False
        self.path: str | None = None
        self.doubt = False  # a node of ours may stand that we don't know the name of
        self.owners: set[int] = set()  # sessions that were ours
        Signals((), IGNORED).close()
        signal.set_wakeup_fd(-1)
        self.wake_read, self.wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.poll = select.poll()
        self.poll.register(self.orders, select.POLLIN)
        self.poll.register(self.wake_read, select.POLLIN)

    def run(self) -> int:
        self.client = self.connect()
        self.reporter.ready()
        try:
            while True:
                self.wait(BEAT_S)
                if self.client.connected and self.dirty:
                    self.settle()
        except Leaving:
            self.client.stop()
        return 0

    def connect(self) -> KazooClient:
        """A client that goes on connecting by itself. Continues the session of a registrar before this one."""
        from kazoo.client import KazooClient  # noqa: PLC0415  # 60 ms that only this process needs to spend

        quiet = logging.getLogger("kazoo")
        quiet.propagate = False
        quiet.addHandler(logging.NullHandler())
        before = self.note.read()
        if before:
            self.doubt = True
            self.owners.add(before[0])
        client = KazooClient(
            hosts=self.hosts,
            timeout=self.settings.session_timeout_s,
            client_id=before,
            connection_retry=self.retry,
            logger=quiet,
        )
        client.add_listener(self.on_state)
        client.start_async()
        return client

    # kazoo's threads

    def on_state(self, state: str) -> None:
        """Never asks the registry anything: kazoo would wait for itself (R2)."""
        if state == "SUSPENDED":
            # A registry that lost its data refuses whoever has seen more than it has (R17); we read what we need anew.
            self.client.last_zxid = 0
        self.wake()

    def wake(self, _event: object = None) -> None:
        with suppress(BlockingIOError):
            os.write(self.wake_write, b".")

    # the main loop

    def wait(self, seconds: float) -> None:
        """Until something has happened, or for so long. Raises Leaving."""
        for fd, _ in self.poll.poll(seconds * 1000):
            if fd == self.orders:
                self.obey(os.read(self.orders, 64))
            else:
                os.read(self.wake_read, 4096)
            self.dirty = True
        self.reporter.beat()

    def obey(self, orders: bytes) -> None:
        if not orders or b"x" in orders:
            raise Leaving
        self.wanted = orders.endswith(b"+")

    def settle(self) -> None:
        from kazoo.exceptions import KazooException  # noqa: PLC0415

        self.dirty = False
        try:
            self.reconcile()
        except (KazooException, Unsettled) as error:
            self.log(f"registry: {type(error).__name__} {error}; again")
            self.dirty = True

    def ask(self, pending: Any) -> Any:
        """The result of an operation. Listens to the parent meanwhile."""
        until = monotonic() + ASK_S
        while not pending.ready():
            if monotonic() > until:
                raise Unsettled(f"no answer within {ASK_S} s")
            pending.wait(0.05)
            self.wait(0)
        return pending.get_nowait()

    def session(self) -> tuple[int, bytes]:
        session = self.client.client_id
        if session is None or not session[0]:
            raise Unsettled("disconnected")
        self.note.write(session)
        self.owners.add(session[0])
        return session  # type: ignore[no-any-return]

    def reconcile(self) -> None:
        """One node of this session stands, with our address; or none, if none is wanted."""
        owner, _ = self.session()
        self.ask(self.client.sync_async("/"))  # what is read next may not be older than what we wrote
        if self.doubt:
            self.path = self.find(owner)
            self.doubt = False
        if not self.wanted:
            self.withdraw()
        elif not self.stands(owner):
            self.create()
            if not self.stands(self.session()[0]):
                raise Unsettled("the node was made and is gone")

    def stands(self, owner: int) -> bool:
        """Whether our node is there; watches it from now on (R7)."""
        if self.path is None:
            return False
        stat = self.ask(self.client.exists_async(self.path, watch=self.wake))
        if stat is None:
            return False
        if stat.ephemeralOwner == owner:
            return True
        if stat.ephemeralOwner in self.owners:
            self.delete(self.path)  # of a session that we have no more, but that the registry still holds (R18)
        return False

    def find(self, owner: int) -> str | None:
        """The one node of this session, after others of ours have been deleted."""
        from kazoo.exceptions import NoNodeError  # noqa: PLC0415

        try:
            names = self.ask(self.client.get_children_async(self.root))
        except NoNodeError:
            return None
        paths = sorted(self.child(name) for name in names if name.startswith(PREFIX))
        stats = [(path, self.client.exists_async(path)) for path in paths]
        owners = {path: stat.ephemeralOwner for path, pending in stats if (stat := self.ask(pending))}
        ours = [path for path in paths if owners.get(path) == owner]
        for path in paths:
            if path not in ours[:1] and owners.get(path) in self.owners:
                self.delete(path)
        return ours[0] if ours else None

    def create(self) -> None:
        from kazoo.exceptions import NoNodeError  # noqa: PLC0415

        self.doubt = True  # until we have been told its name, we can't know whether it was made (R3)
        data = self.data()
        try:
            self.path = self.ask(self.make(data))
        except NoNodeError:
            self.ask(self.client.ensure_path_async(self.root))
            self.path = self.ask(self.make(data))
        self.doubt = False
        self.log(f"registered as {self.path}: {data.decode()}")

    def make(self, data: bytes) -> Any:
        return self.client.create_async(self.child(PREFIX), data, ephemeral=True, sequence=True)

    def withdraw(self) -> None:
        if self.path is not None:
            self.delete(self.path)
            self.path = None

    def delete(self, path: str) -> None:
        from kazoo.exceptions import NoNodeError  # noqa: PLC0415

        with suppress(NoNodeError):
            self.ask(self.client.delete_async(path))

    def child(self, name: str) -> str:
        return f"{self.root.rstrip('/')}/{name}"

    def data(self) -> bytes:
        host = self.advertise or self.reachable(self.bound.host)
        return json.dumps({"host": host, "port": self.bound.port}).encode()

    def reachable(self, host: str) -> str:
        """For a wildcard, the address of ours that the registry would see: others reach us there too (R22)."""
        if host not in WILDCARDS:
            return host
        registry = self.hosts.split(",")[0].rpartition(":")[0] or self.hosts
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((registry.strip("[]"), 9))  # sends nothing: only asks which way it would go
                return str(probe.getsockname()[0])
            except OSError:
                return socket.gethostname()
