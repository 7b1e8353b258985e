"""The registrar: one node, whatever is lost on the way. What a proxy can show is the conformance suite's."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from typing import Any, cast

import pytest

from proctor.loop import LoopThread
from proctor.process import observe
from proctor.waiting import eventually
from proctor.zookeeper.backend import Registry as KitRegistry
from proctor.zookeeper.registry import open_registry
from proctor.zookeeper.view import RegistryView
from reference.address import Address
from reference.log import Log
from reference.registration import Registration, SessionNote
from reference.registry import Registry, Unsettled
from reference.reports import Reporter
from reference.settings import RegistrySettings, ServerSettings
from reference.wire import Dialect
from tests.reference.servers import WITHIN_S, Server

SESSION = 7


class Keeper:
    """A registry's nodes and their owners. `lose` makes the next creation's answer get lost."""

    def __init__(self, **owners: int) -> None:
        self.owned = {f"/demo/{name}": owner for name, owner in owners.items()}
        self.current = SESSION
        self.made = 0
        self.lose = False
        self.asked: list[str] = []

    def session(self) -> tuple[int, bytes]:
        return self.current, b"p" * 16

    def sync(self) -> None:
        self.asked.append("sync")

    def children(self) -> list[str]:
        self.asked.append("list")
        return [path.rpartition("/")[2] for path in self.owned]

    def owners(self, paths: list[str], _watch: Any = None) -> dict[str, int]:
        return {path: self.owned[path] for path in paths if path in self.owned}

    def create(self, name: str, _data: bytes) -> str:
        path = f"/demo/{name}{self.made:010}"
        self.made += 1
        self.owned[path] = self.current
        if self.lose:
            self.lose = False
            raise Unsettled("ConnectionLoss")
        return path

    def delete(self, path: str) -> None:
        self.owned.pop(path, None)

    def path(self, name: str) -> str:
        return f"/demo/{name}"

    def expire(self, session: int) -> None:
        self.owned = {path: owner for path, owner in self.owned.items() if owner != session}


class Registrar(Registration):
    """One that looks when it is told to."""

    def look_at(self, keeper: Keeper) -> dict[str, int]:
        self.registry = cast("Registry", keeper)
        self.look()
        return keeper.owned


def server_settings(host: str = "127.0.0.1", advertise: str | None = None) -> ServerSettings:
    return ServerSettings(
        bind=Address(host, 1),
        advertise=advertise,
        workers=1,
        registry=RegistrySettings("127.0.0.1:2181,other:2181/chroot", "/demo", 1.0),
        dialect=Dialect(),
        reload="graceful",
        grace_s=1.0,
        hang_s=1.0,
    )


def make(settings: ServerSettings) -> Iterator[Registrar]:
    orders, ours = os.pipe()
    registrar = Registrar(settings, settings.bind, orders, SessionNote(), Reporter(-1), Log())
    registrar.wanted = True
    yield registrar
    for fd in (orders, ours, registrar.woken, registrar.wake_fd):
        os.close(fd)


@pytest.fixture
def registrar() -> Iterator[Registrar]:
    yield from make(server_settings())


def test_a_node_that_stands_is_left_alone(registrar: Registrar) -> None:
    keeper = Keeper()
    for _ in range(5):
        assert registrar.look_at(keeper) == {"/demo/rpc0000000000": SESSION}
    assert "list" not in keeper.asked  # one look at one node, however many servers there are


def test_a_creation_whose_answer_is_lost_is_looked_for(registrar: Registrar) -> None:
    keeper = Keeper(other0000000001=1, rpc0000000009=2)
    keeper.lose = True
    registrar.look_at(keeper)
    assert registrar.dirty  # it will look again
    assert registrar.look_at(keeper) == {
        "/demo/other0000000001": 1,
        "/demo/rpc0000000009": 2,
        "/demo/rpc0000000000": SESSION,
    }
    assert registrar.path == "/demo/rpc0000000000"


def test_a_node_that_somebody_deleted_is_made_again(registrar: Registrar) -> None:
    keeper = Keeper()
    registrar.look_at(keeper)
    keeper.owned.clear()
    assert registrar.look_at(keeper) == {"/demo/rpc0000000001": SESSION}


def test_a_node_that_is_deleted_while_it_is_looked_at_for_the_first_time_is_made_again(registrar: Registrar) -> None:
    """The watch fires before the answer that set it has been taken: a wake-up that nothing else would repeat."""

    class Quick(Keeper):
        def owners(self, paths: list[str], watch: Any = None) -> dict[str, int]:
            found = super().owners(paths)
            if found and self.made == 1:
                self.owned.clear()
                watch()
                registrar.obey_and_beat()  # as whoever waits for an answer does
            return found

    keeper = Quick()
    assert registrar.look_at(keeper) == {}
    assert registrar.dirty
    assert registrar.look_at(keeper) == {"/demo/rpc0000000001": SESSION}


@pytest.mark.parametrize("old_stands", [True, False])
def test_a_new_session_gets_one_node_and_the_old_ones_goes(registrar: Registrar, old_stands: bool) -> None:
    """A registry that begins another session unasked may keep the old one, and its node, for a while (R18)."""
    keeper = Keeper()
    registrar.look_at(keeper)
    if not old_stands:
        keeper.expire(SESSION)
    keeper.current = 8
    assert registrar.look_at(keeper) == {"/demo/rpc0000000001": 8}


def test_a_namesake_of_the_old_node_is_not_touched(registrar: Registrar) -> None:
    """A wiped registry numbers from 0 again: what has our node's name may be another server's node (R17)."""
    keeper = Keeper()
    registrar.look_at(keeper)
    wiped = Keeper(rpc0000000000=99)
    wiped.made, wiped.current = 5, 8
    assert registrar.look_at(wiped) == {"/demo/rpc0000000000": 99, "/demo/rpc0000000005": 8}


def test_a_registrar_that_follows_another_keeps_its_node_and_only_one(registrar: Registrar) -> None:
    registrar.sessions.add(6)  # as noted by the one before it, whose session has been lost meanwhile
    registrar.doubt = True
    keeper = Keeper(rpc0000000001=SESSION, rpc0000000002=SESSION, rpc0000000003=6, rpc0000000004=1)
    assert registrar.look_at(keeper) == {"/demo/rpc0000000001": SESSION, "/demo/rpc0000000004": 1}


def test_what_is_withdrawn_is_made_anew(registrar: Registrar) -> None:
    keeper = Keeper()
    registrar.look_at(keeper)
    registrar.obey(b"-")
    assert registrar.look_at(keeper) == {}
    registrar.obey(b"-+")
    assert registrar.look_at(keeper) == {"/demo/rpc0000000001": SESSION}


@pytest.mark.parametrize(
    ("bound", "advertise", "host"),
    [
        ("127.0.0.1", None, "127.0.0.1"),
        ("0.0.0.0", None, "127.0.0.1"),  # the way to the registry leads through here
        ("::", None, "127.0.0.1"),
        ("0.0.0.0", "example.org", "example.org"),
    ],
)
def test_the_address_is_one_that_can_be_dialled(bound: str, advertise: str | None, host: str) -> None:
    for registrar in make(server_settings(bound, advertise)):
        assert json.loads(registrar.data()) == {"host": host, "port": 1}


# As a program


@pytest.fixture(scope="module")
def loop() -> Iterator[LoopThread]:
    with LoopThread() as running:
        yield running


@pytest.fixture
def registry(loop: LoopThread) -> Iterator[KitRegistry]:
    with open_registry("embedded", loop) as started:
        yield started


@pytest.fixture
def view(registry: KitRegistry) -> Iterator[RegistryView]:
    made = RegistryView(registry)
    yield made
    made.close()


def nodes(view: RegistryView) -> list[tuple[str, int | None]]:
    return [(name, view.owner(f"/demo/{name}")) for name in view.children("/demo")]


def test_a_killed_registrar_costs_neither_session_nor_node(registry: KitRegistry, view: RegistryView) -> None:
    with Server(zookeeper=registry.address) as server:
        eventually(lambda: len(nodes(view)) == 1, WITHIN_S, "the node")
        before, first = nodes(view), server.registrar()
        server.send(signal.SIGKILL, first)
        server.wait_for(2, without=[first])
        second = server.registrar()
        eventually(lambda: sessions_process(server, registry) == second, WITHIN_S, "its connection to the registry")
        assert nodes(view) == before
        assert server.stop() == 0
        assert nodes(view) == []


def sessions_process(server: Server, registry: KitRegistry) -> int | None:
    (_, port), *_ = registry.servers
    found = observe.holders(observe.connected_to(port), server.children())
    return found[0] if found else None


def test_a_stopped_registrar_is_taken_for_hung_and_replaced(registry: KitRegistry, view: RegistryView) -> None:
    with Server("--hang", "1", zookeeper=registry.address) as server:
        eventually(lambda: len(nodes(view)) == 1, WITHIN_S, "the node")
        first = server.registrar()
        server.send(signal.SIGSTOP, first)
        server.wait_for_log(f"registrar {first} hangs")
        server.wait_for(2, without=[first])
        eventually(lambda: len(nodes(view)) == 1, WITHIN_S, "one node")
        assert server.stop() == 0
