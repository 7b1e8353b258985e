"""What a proxy does to watch events, on both registries: sound first, then the fault, its proof, and its healing."""

from __future__ import annotations

import time

from proctor.waiting import eventually
from proctor.zookeeper.client import Client
from proctor.zookeeper.codes import EventType
from proctor.zookeeper.proxy import Delay, Drop, Kind, RegistryProxy, Repeat, Rule
from tests.zookeeper.proxy.subjects import PATIENCE_S, Subject, read, write

LATE_S = 0.2


def test_a_dropped_event_is_never_told(proxy: RegistryProxy, kazoo: Subject, witness: Client, root: str) -> None:
    """kazoo's DataWatch stays deaf; what it reads itself is true."""
    seen: list[bytes] = []
    kazoo.kazoo.DataWatch(root, lambda data, _stat: seen.append(data))
    write(witness, root, b"first")
    eventually(lambda: seen[-1:] == [b"first"], PATIENCE_S, "the watch to tell the first change")
    fault = proxy.arm(Rule(Kind.EVENT, Drop(), (EventType.NODE_DATA_CHANGED,), root))
    write(witness, root, b"second")
    fault.wait_fired(PATIENCE_S)
    assert kazoo.kazoo.get(root)[0] == b"second"  # on the same connection: an event would have come before it
    assert seen[-1] == b"first"
    proxy.heal()
    kazoo.kazoo.DataWatch(root, lambda data, _stat: seen.append(data))
    write(witness, root, b"third")
    eventually(lambda: seen[-1] == b"third", PATIENCE_S, "a new watch to tell the next change")


def test_an_event_can_be_late(proxy: RegistryProxy, subject: Client, witness: Client, root: str) -> None:
    read(subject, root, watch=True)
    fault = proxy.arm(Rule(Kind.EVENT, Delay(LATE_S), (), root))
    started = time.monotonic()
    write(witness, root, b"changed")
    fault.wait_fired(PATIENCE_S)
    assert [event.path for event in subject.take_events()] == [root]
    assert time.monotonic() - started >= LATE_S


def test_an_event_can_be_told_twice(proxy: RegistryProxy, subject: Client, witness: Client, root: str) -> None:
    """And before the reply to what was asked after it, as every event."""
    read(subject, root, watch=True)
    fault = proxy.arm(Rule(Kind.EVENT, Repeat(), (), root))
    write(witness, root, b"changed")
    fault.wait_fired(PATIENCE_S)
    assert [event.path for event in subject.take_events()] == [root, root]
    read(subject, root, watch=True)
    write(witness, root, b"changed again")
    assert [event.path for event in subject.take_events()] == [root]


def test_an_event_that_is_told_twice_wakes_a_watch_once(
    proxy: RegistryProxy, kazoo: Subject, witness: Client, root: str
) -> None:
    """kazoo's watch is spent by the first."""
    seen: list[str] = []
    kazoo.kazoo.get(root, watch=lambda event: seen.append(event.path))
    fault = proxy.arm(Rule(Kind.EVENT, Repeat(), (EventType.NODE_DATA_CHANGED,), root))
    write(witness, root, b"changed")
    fault.wait_fired(PATIENCE_S)
    eventually(lambda: seen, PATIENCE_S, "the watch to be woken")
    assert kazoo.kazoo.get(root)[0] == b"changed"
    assert seen == [root]
