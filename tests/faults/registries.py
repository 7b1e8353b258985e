"""Scenes of the faults that befall sessions and registries; the target is a client of the registry."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from typing import Protocol

from proctor.faults.fault import Fault
from proctor.faults.registry import ExpireSession, RegistryFrozen, RegistryGone, RegistryWiped
from proctor.zookeeper.client import Client
from proctor.zookeeper.codes import CreateMode, Error, OpCode
from proctor.zookeeper.embedded import EmbeddedRegistry
from proctor.zookeeper.protocol import OPEN_ACL, CreateRequest, ExistsRequest
from proctor.zookeeper.proxy import SeenSession
from proctor.zookeeper.registry import Registry
from proctor.zookeeper.standing import StandingRegistry
from tests.faults.place import A_WHILE_S, WITHIN_S, Place
from tests.faults.scene import Scene, Trial

KINDS = ("embedded", "zookeeper", "ensemble")


class Stubborn(EmbeddedRegistry):
    """Nothing that is done to it has any effect."""

    def kill(self) -> None: ...

    def restart(self) -> None: ...

    def wipe(self) -> None: ...

    def freeze(self) -> None: ...

    def thaw(self) -> None: ...


class OnAnyRegistry(Protocol):
    """Sets a scene on a registry of a kind."""

    def __call__(self, place: Place, kind: str) -> Scene: ...


def on_each(scene: OnAnyRegistry) -> Mapping[str, Callable[[Place], Scene]]:
    return {kind: partial(scene, kind=kind) for kind in KINDS}


def some_path() -> str:
    """One Apache ZooKeeper serves all tests, and so does one ensemble."""
    return f"/fault-{time.monotonic_ns()}"


def create(client: Client, path: str, mode: CreateMode = CreateMode.PERSISTENT) -> str:
    client.call(OpCode.CREATE, CreateRequest(path, b"", OPEN_ACL, mode))
    return path


def stands(registry: Registry, path: str) -> bool:
    """As a client says that goes round every proxy."""
    with closing(Client(*registry.servers[0], WITHIN_S)) as witness:
        witness.connect()
        found = witness.ask(OpCode.EXISTS, ExistsRequest(path, watch=False)).err
        witness.call(OpCode.CLOSE_SESSION)
    assert found in (Error.OK, Error.NO_NODE)
    return found is Error.OK


def serves(address: tuple[str, int]) -> bool:
    try:
        with closing(Client(*address, WITHIN_S)) as client:
            client.connect()
            client.call(OpCode.CLOSE_SESSION)
    except OSError:
        return False
    return True


def is_cut_off(client: Client) -> bool:
    try:
        client.ask(OpCode.PING)
    except ConnectionError:
        return True
    return False


def expire_session(place: Place, kind: str) -> Scene:
    registry = place.registry(kind)
    proxy = place.proxy(registry)
    client = place.client(proxy.endpoint)
    path = create(client, some_path(), CreateMode.EPHEMERAL)
    return Scene(
        fault=ExpireSession(proxy, place.history),
        works=lambda: stands(registry, path),
        affected=lambda: is_cut_off(client) and not stands(registry, path),
        recovered=lambda: serves(proxy.endpoint),
    )


def session_that_is_closed(place: Place) -> Fault:
    proxy = place.proxy(place.registry("embedded"))
    place.client(proxy.endpoint).call(OpCode.CLOSE_SESSION)
    return ExpireSession(proxy, place.history)


def registry_gone(place: Place, kind: str) -> Scene:
    registry = place.registry(kind)
    client = place.client(registry.servers[0])
    path = create(client, some_path())
    return Scene(
        fault=RegistryGone(registry, place.history),
        works=lambda: stands(registry, path),
        affected=lambda: is_cut_off(client) and not serves(registry.servers[0]),
        recovered=lambda: stands(registry, path),
    )


def registry_frozen(place: Place, kind: str) -> Scene:
    registry = place.registry(kind)
    client = place.client(registry.servers[0])

    def gives_no_answer() -> bool:
        client.within_s = A_WHILE_S
        try:
            client.ask(OpCode.PING)
        except TimeoutError:
            return True
        return False

    def answers_now() -> bool:
        client.within_s = WITHIN_S
        return bool(client.receive(OpCode.PING))

    return Scene(
        fault=RegistryFrozen(registry, place.history),
        works=lambda: serves(registry.servers[0]),
        affected=gives_no_answer,
        recovered=answers_now,
    )


def registry_wiped(place: Place, kind: str) -> Scene:
    registry = place.registry(kind)
    client, session = place.client(registry.servers[0]), session_of(place, registry)
    path = create(client, some_path())
    return Scene(
        fault=RegistryWiped(registry, session, place.history),
        works=lambda: stands(registry, path),
        affected=lambda: not stands(registry, path),
        recovered=lambda: create(place.client(registry.servers[0]), path),
    )


def session_of(place: Place, registry: Registry) -> SeenSession:
    """A session, as the proxy saw it, of a client that goes through one."""
    proxy = place.proxy(registry)
    place.client(proxy.endpoint)
    return proxy.sessions[-1]


def wiped_session_that_was_closed(place: Place) -> Fault:
    """That a registry which was not wiped doesn't know a closed session proves nothing."""
    registry = stubborn(place)
    proxy = place.proxy(registry)
    place.client(proxy.endpoint).call(OpCode.CLOSE_SESSION)
    return RegistryWiped(registry, proxy.sessions[-1], place.history)


def wiped_in_vain(place: Place) -> Fault:
    registry = stubborn(place)
    return RegistryWiped(registry, session_of(place, registry), place.history)


def stubborn(place: Place) -> Registry:
    return place.enter(Stubborn(place.loop))


def gone_before(place: Place) -> Registry:
    registry = place.registry("embedded")
    registry.kill()
    return registry


def wiped_when_gone(place: Place) -> Fault:
    registry = place.registry("embedded")
    session = session_of(place, registry)
    registry.kill()
    return RegistryWiped(registry, session, place.history)


def frozen_before(place: Place) -> Registry:
    registry = place.registry("embedded")
    registry.freeze()
    return registry


def standing(place: Place) -> Registry:
    """One that stands, and is not ours."""
    return place.enter(StandingRegistry(place.registry("embedded").address))


TRIALS = (
    Trial(
        ExpireSession,
        on_each(expire_session),
        {
            "nobody has one": lambda place: ExpireSession(place.proxy(place.registry("embedded")), place.history),
            "it is closed": session_that_is_closed,
        },
    ),
    Trial(
        RegistryGone,
        on_each(registry_gone),
        {
            "it is stubborn": lambda place: RegistryGone(stubborn(place), place.history),
            "it was gone before": lambda place: RegistryGone(gone_before(place), place.history),
        },
        {"not ours": lambda place: RegistryGone(standing(place), place.history)},
    ),
    Trial(
        RegistryFrozen,
        on_each(registry_frozen),
        {
            "it is stubborn": lambda place: RegistryFrozen(stubborn(place), place.history),
            "it was frozen before": lambda place: RegistryFrozen(frozen_before(place), place.history),
            "it is gone": lambda place: RegistryFrozen(gone_before(place), place.history),
        },
        {"not ours": lambda place: RegistryFrozen(standing(place), place.history)},
    ),
    Trial(
        RegistryWiped,
        on_each(registry_wiped),
        {
            "it is stubborn": wiped_in_vain,
            "the session was closed before": wiped_session_that_was_closed,
            "it is gone": wiped_when_gone,
        },
        {"not ours": lambda place: RegistryWiped(standing(place), session_of(place, standing(place)), place.history)},
    ),
)
