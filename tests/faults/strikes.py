"""Scenes of the faults that befall single frames; the target is a client of the registry."""

from __future__ import annotations

import time
from collections.abc import Callable

from proctor.faults.fault import Fault
from proctor.faults.strikes import (
    LateEvents,
    LostEvents,
    RepeatedEvents,
    SessionMoved,
    SilentNewSession,
    StaleReads,
    Strike,
)
from proctor.zookeeper.client import Client
from proctor.zookeeper.codes import CreateMode, Error, OpCode
from proctor.zookeeper.protocol import OPEN_ACL, CreateRequest
from proctor.zookeeper.proxy import RegistryProxy, lost_create
from tests.faults.place import WITHIN_S, Place
from tests.faults.registries import create, is_cut_off, on_each, some_path, stands
from tests.faults.scene import Scene, Trial
from tests.zookeeper.proxy.subjects import children, owner, read, write

LATE_S = 0.2


def strike(place: Place, kind: str) -> Scene:
    registry = place.registry(kind)
    proxy = place.proxy(registry)
    client = place.client(proxy.endpoint)
    path = some_path()

    def create_in_vain() -> None:
        try:
            create(client, path)
        except ConnectionError:
            return
        raise AssertionError("the reply was not lost")

    return Scene(
        fault=Strike(proxy, lost_create(path), place.history),
        works=lambda: create(client, some_path()),
        stir=create_in_vain,
        affected=lambda: stands(registry, path) and is_cut_off(client),
        recovered=lambda: create(place.client(proxy.endpoint), some_path()),
    )


def frames_that_do_not_fit(place: Place) -> Fault:
    proxy = place.proxy(place.registry("embedded"))
    create(place.client(proxy.endpoint), "/before")
    return Strike(proxy, lost_create("/other"), place.history)


# --- watch events


class Watched:
    """A node, a client behind a proxy that watches it, and somebody who goes round the proxy and changes it."""

    def __init__(self, place: Place, kind: str) -> None:
        registry = place.registry(kind)
        self.proxy = place.proxy(registry)
        self.client = place.client(self.proxy.endpoint)
        self._other = place.client(registry.servers[0])
        self.path = create(self._other, some_path())

    def change(self) -> None:
        read(self.client, self.path, watch=True)
        write(self._other, self.path, b"changed")

    def events(self) -> int:
        """How many were told since the last look."""
        return len(self.client.take_events())

    def tells(self) -> bool:
        self.change()
        return self.events() == 1


def lost_events(place: Place, kind: str) -> Scene:
    watched = Watched(place, kind)
    return Scene(
        fault=LostEvents(watched.proxy, place.history, watched.path),
        works=watched.tells,
        stir=watched.change,
        affected=lambda: watched.events() == 0,
        recovered=watched.tells,
    )


def late_events(place: Place, kind: str) -> Scene:
    watched = Watched(place, kind)
    began: list[float] = []

    def change() -> None:
        began.append(time.monotonic())
        watched.change()

    return Scene(
        fault=LateEvents(watched.proxy, place.history, LATE_S, watched.path),
        works=watched.tells,
        stir=change,
        affected=lambda: watched.events() == 1 and time.monotonic() - began[0] >= LATE_S,
        recovered=watched.tells,
    )


def repeated_events(place: Place, kind: str) -> Scene:
    watched = Watched(place, kind)
    return Scene(
        fault=RepeatedEvents(watched.proxy, place.history, watched.path),
        works=watched.tells,
        stir=watched.change,
        affected=lambda: watched.events() == 2,
        recovered=watched.tells,
    )


def nobody_watches(fault: Callable[[RegistryProxy, Place], Fault]) -> Callable[[Place], Fault]:
    def made(place: Place) -> Fault:
        watched = Watched(place, "embedded")
        assert watched.tells()
        return fault(watched.proxy, place)

    return made


# --- reads, sessions


def stale_reads(place: Place, kind: str) -> Scene:
    registry = place.registry(kind)
    proxy = place.proxy(registry)
    client = place.client(proxy.endpoint)
    path = create(client, some_path())
    assert children(client, path) == []
    create(client, f"{path}/new")
    seen: list[list[str]] = []
    return Scene(
        fault=StaleReads(proxy, place.history, path_prefix=path),
        works=lambda: children(client, path) == ["new"],
        stir=lambda: seen.append(children(client, path)),
        affected=lambda: seen == [[]],
        recovered=lambda: children(client, path) == ["new"],
    )


def reads_that_never_said_anything_else(place: Place) -> Fault:
    proxy = place.proxy(place.registry("embedded"))
    client = place.client(proxy.endpoint)
    assert children(client, "/") == children(client, "/")
    return StaleReads(proxy, place.history)


def silent_new_session(place: Place, kind: str) -> Scene:
    """The client comes back for its session, as each does, and goes by what it is granted."""
    registry = place.registry(kind)
    proxy = place.proxy(registry)
    client = place.client(proxy.endpoint)
    path = create(client, some_path(), CreateMode.EPHEMERAL)
    assert client.session is not None
    old = client.session
    granted: list[int] = []

    def come_back() -> Client:
        again = place.enter(Client(*proxy.endpoint, WITHIN_S))
        granted.append(again.connect(10_000, old.session_id, old.password).session_id)
        return again

    return Scene(
        fault=SilentNewSession(proxy, place.history),
        works=lambda: owner(client, path) == old.session_id,
        stir=come_back,
        affected=lambda: is_cut_off(client) and granted[0] not in (0, old.session_id) and stands(registry, path),
        recovered=lambda: owner(come_back(), path) == granted[-1] == old.session_id,
    )


def nobody_comes_back(place: Place) -> Fault:
    proxy = place.proxy(place.registry("embedded"))
    place.client(proxy.endpoint)
    return SilentNewSession(proxy, place.history)


def session_moved(place: Place, kind: str) -> Scene:
    registry = place.registry(kind)
    proxy = place.proxy(registry)
    client = place.client(proxy.endpoint)
    path = some_path()
    told: list[Error] = []

    def create_in_vain() -> None:
        told.append(client.ask(OpCode.CREATE, CreateRequest(path, b"", OPEN_ACL, CreateMode.PERSISTENT)).err)

    return Scene(
        fault=SessionMoved(proxy, place.history, path_prefix=path),
        works=lambda: create(client, some_path()),
        stir=create_in_vain,
        affected=lambda: told == [Error.SESSION_MOVED] and not stands(registry, path),
        recovered=lambda: create(client, path) == path,
    )


def nobody_creates(place: Place) -> Fault:
    proxy = place.proxy(place.registry("embedded"))
    place.client(proxy.endpoint)
    return SessionMoved(proxy, place.history)


TRIALS = (
    Trial(Strike, on_each(strike), {"no frame fits": frames_that_do_not_fit}),
    Trial(
        LostEvents,
        on_each(lost_events),
        {"nobody watches": nobody_watches(lambda proxy, place: LostEvents(proxy, place.history))},
    ),
    Trial(
        LateEvents,
        on_each(late_events),
        {"nobody watches": nobody_watches(lambda proxy, place: LateEvents(proxy, place.history, LATE_S))},
    ),
    Trial(
        RepeatedEvents,
        on_each(repeated_events),
        {"nobody watches": nobody_watches(lambda proxy, place: RepeatedEvents(proxy, place.history))},
    ),
    Trial(StaleReads, on_each(stale_reads), {"nothing was different": reads_that_never_said_anything_else}),
    Trial(SilentNewSession, on_each(silent_new_session), {"nobody comes back": nobody_comes_back}),
    Trial(SessionMoved, on_each(session_moved), {"nobody creates": nobody_creates}),
)
