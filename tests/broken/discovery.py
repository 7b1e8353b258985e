"""Servers that lie to the registry, or to those who read there."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import struct
from collections.abc import Mapping
from mmap import mmap
from typing import Any

from kazoo.protocol.states import KazooState

from reference.address import Address
from reference.methods import Methods, Steps
from reference.registration import PREFIX, Registration, SessionNote
from reference.registry import Registry, Unsettled
from reference.reports import Reporter
from reference.supervisor import Supervisor

PID = struct.Struct("=i")
ASKED = b"A"  # what the registrar of RegistersBeforeItListens tells its parent

# --- Node


class RegistersEachReplacement(Supervisor):
    """A worker that takes another's place makes a node of its own (R8)."""

    breaks = "discovery/one-node-per-server"
    forked = 0

    def run_worker_here(self) -> int:
        if self.forked > self.settings.workers:
            self.register()
        return super().run_worker_here()

    def spawn_worker(self) -> bool:
        self.forked += 1
        return super().spawn_worker()

    def register(self) -> None:
        orders, _ = os.pipe()
        bound = Address(*self.listener.getsockname())
        reporter = Reporter(self.reports.children_fd)
        registration = Registration(self.settings, bound, orders, SessionNote(), reporter, self.log)
        registration.registry = registration.connect()
        while not registration.registry.connected:
            registration.wait(1.0)
        registration.create()


class OutlivesItsSession(Registration):
    """The node is persistent, and deleted on leaving (R21)."""

    breaks = "discovery/node-is-ephemeral"

    def create(self) -> None:
        registry = self.registry
        registry.answer(registry.client.ensure_path_async(registry.root))
        path = registry.path(PREFIX)
        self.path = registry.answer(registry.client.create_async(path, self.data(), sequence=True))

    def stands(self, session: int) -> bool:  # noqa: ARG002  # nobody owns it
        return self.path is not None and self.path in self.registry.owners([self.path])

    def obey(self, orders: bytes) -> None:
        if b"x" in orders:
            self.withdraw()
        super().obey(orders)


class NamesItsNodeAfterItself(Registration):
    """The node's name is the server's address, and not a number of the registry's (R5)."""

    breaks = "discovery/node-name-is-sequential"

    def create(self) -> None:
        registry = self.registry
        registry.answer(registry.client.ensure_path_async(registry.root))
        path = registry.path(str(self.bound))
        self.path = registry.answer(registry.client.create_async(path, self.data(), ephemeral=True))


class WritesThePortAsText(Registration):
    """The port is a string."""

    breaks = "discovery/node-holds-the-address"
    also: Mapping[str, str] = {
        "discovery/node-can-be-dialled": "an address that nobody can read is none that anybody can dial"
    }

    def data(self) -> bytes:
        host, port = self.bound
        return json.dumps({"host": host, "port": str(port)}).encode()


class AdvertisesTheWildcard(Registration):
    """The node says where the server listens, which is everywhere (R22)."""

    breaks = "discovery/node-can-be-dialled"

    def data(self) -> bytes:
        return json.dumps({"host": "0.0.0.0", "port": self.bound[1]}).encode()


class MakesTheRootAlone(Registration):
    """A root is made only below what is there (R25)."""

    breaks = "discovery/root-is-made"

    def create(self) -> None:
        registry = self.registry
        if not registry.root_exists(self.wake) and registry.answer(registry.client.create_async(registry.root)) is None:
            raise Unsettled("there is nothing below which the root could be made")
        super().create()


# --- Registering


class RegistersBeforeItListens(Supervisor):
    """Connections are refused until the registry has been asked for the node (R12)."""

    breaks = "discovery/registers-once-it-accepts"
    also: Mapping[str, str] = {"discovery/registry-down-at-boot": "a registry that is not there can't be asked"}

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.listener.shutdown(socket.SHUT_RDWR)

    def on_report(self, pid: int, kind: bytes) -> None:
        if kind == ASKED:
            self.listener.listen(1024)
        super().on_report(pid, kind)

    class accomplice(Registration):  # noqa: N801  # this is how the catalogue asks for it
        """Asks where there is no root yet, which is in vain but seen; tells the parent; registers when it listens."""

        def create(self) -> None:
            if not self.registry.root_exists(self.wake):
                self.registry.answer(self.registry.make(PREFIX, self.data()))
            self.reporter.send(ASKED)
            while socket.socket().connect_ex(self.bound):
                self.wait(0.01)
            super().create()


class ForgetsWhatItAskedFor(Registration):
    """A creation without an answer was none (R3)."""

    breaks = "discovery/lost-create-leaves-one-node"

    def find(self, session: int) -> str | None:  # noqa: ARG002  # it doesn't look
        return None


class EndsWithoutARegistry(Registration):
    """A registry that can't be reached at the start ends the server (R16)."""

    breaks = "discovery/registry-down-at-boot"

    def connect(self) -> Registry:
        host, _, port = self.settings.registry.hosts.partition("/")[0].partition(":")
        try:
            with socket.create_connection((host, int(port)), timeout=0.2) as probe:
                probe.recv(1)
        except TimeoutError:
            pass  # it is there, and waits for a word
        except OSError:
            os.kill(os.getppid(), signal.SIGTERM)
        return super().connect()


class AdoptsItsLikeness(Registration):
    """A node with the server's address is taken for the server's own, whoever made it (R5)."""

    breaks = "discovery/old-node-is-not-adopted"

    def create(self) -> None:
        paths = [self.registry.path(name) for name in self.registry.children() or []]
        held = self.registry.data(paths, self.wake)
        self.path = next((path for path in paths if held.get(path) == self.data()), None)
        if self.path is None:
            super().create()

    def stands(self, session: int) -> bool:  # noqa: ARG002  # whoever owns it
        return self.path is not None and self.path in self.registry.owners([self.path], self.wake)


class ForksWhenItIsConnected(Registration):
    """A process that was forked later has the session's connection too (R10)."""

    breaks = "discovery/workers-hold-no-session"

    def create(self) -> None:
        super().create()
        if os.fork() == 0:
            parent = select.poll()
            parent.register(self.orders, select.POLLHUP)
            parent.poll()
            os._exit(0)


# --- Sessions


class TakesTurns(Methods):
    """Whoever computes holds a lock that the heartbeats need, too (R9)."""

    breaks = "discovery/busy-workers-keep-the-session"
    arguments = ("--hang", "20")

    def pi(self, params: Any) -> Any:
        steps = super().pi(params)
        return steps if isinstance(steps, float) else self.alone(steps)

    def alone(self, steps: Steps) -> Steps:
        (registrar,) = PID.unpack(self.accomplice.pid[:])
        os.kill(registrar, signal.SIGSTOP)
        try:
            return (yield from steps)
        finally:
            os.kill(registrar, signal.SIGCONT)

    class accomplice(Registration):  # noqa: N801  # this is how the catalogue asks for it
        """Says who it is, in memory that all processes of the server share."""

        pid = mmap(-1, 4)

        def run(self) -> int:
            self.pid[:] = PID.pack(os.getpid())
            return super().run()


class RegistersOnEachReconnect(Registration):
    """A connection that broke is taken for a session that is lost (R4)."""

    breaks = "discovery/short-disconnect-keeps-the-node"

    def connect(self) -> Registry:
        registry = super().connect()
        registry.client.add_listener(self.on_state)
        return registry

    def on_state(self, state: str) -> None:
        if state == KazooState.SUSPENDED:
            self.path = None


class RegistersOnce(Registration):
    """A session that replaces another gets no node (R1, R19)."""

    breaks = "discovery/one-node-after-expiry"
    also: Mapping[str, str] = {
        "discovery/missing-node-is-made-again": "a session that the registry began unasked is one of these",
    }

    def create(self) -> None:
        if len(self.sessions) == 1:
            super().create()


class LooksOnce(Registration):
    """A node that stood once is believed to stand as long as its session lives (R7)."""

    breaks = "discovery/missing-node-is-made-again"
    sure_of: int | None = None

    def stands(self, session: int) -> bool:
        if self.sure_of != session and super().stands(session):
            self.sure_of = session
        return self.sure_of == session


class BelievesWhatItIsTold(Registration):
    """A session that nobody has called lost is believed to be the same, and its node to stand (R18)."""

    breaks = "discovery/missing-node-is-made-again"
    sure = False

    def connect(self) -> Registry:
        registry = super().connect()
        registry.client.add_listener(self.on_state)
        return registry

    def on_state(self, state: str) -> None:
        if state == KazooState.LOST:
            self.sure = False

    def stands(self, session: int) -> bool:
        self.sure = self.sure or super().stands(session)
        return self.sure


# --- Outages


class ReloadsWhenCutOff(Registration):
    """All workers are renewed when the registry can't be reached."""

    breaks = "discovery/serves-without-registry"

    def connect(self) -> Registry:
        registry = super().connect()
        registry.client.add_listener(self.on_state)
        return registry

    def on_state(self, state: str) -> None:
        if state == KazooState.SUSPENDED:
            os.kill(os.getppid(), signal.SIGHUP)


class DialsAtOnce(Registry):
    """A connection that is refused is tried again as fast as it can be (R24)."""

    retry: Mapping[str, float] = {"max_tries": -1, "delay": 0.01, "backoff": 1, "max_jitter": 0}


class ReconnectsAtOnce(Registration):
    """A registry that refuses is dialled again as fast as it can be (R24)."""

    breaks = "discovery/reconnects-at-a-pace"

    def connect(self) -> Registry:
        return DialsAtOnce(self.settings.registry, self.wake, self.obey_and_beat)


class MakesTheRootOnce(Registration):
    """A root that is gone is not made again (R17)."""

    breaks = "discovery/survives-a-wiped-registry"
    made = False

    def create(self) -> None:
        if self.made and not self.registry.root_exists(self.wake):
            raise Unsettled("the root is gone")
        super().create()
        self.made = True
