"""Sessions: passwords as Apache ZooKeeper's, expiry by the clock that is handed in."""

from __future__ import annotations

from proctor.zookeeper.client import Client
from proctor.zookeeper.registry import Registry
from proctor.zookeeper.sessions import Session, Sessions, password


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def opened(clock: Clock, *timeouts_ms: int) -> tuple[Sessions[str], list[Session[str]]]:
    sessions: Sessions[str] = Sessions(clock, first_id=1)
    return sessions, [sessions.open(timeout_ms) for timeout_ms in timeouts_ms]


def test_a_password_is_derived_as_apache_zookeeper_does() -> None:
    """Seen on Apache ZooKeeper 3.8.0."""
    assert password(72057713676845056) == bytes.fromhex("1d26d382e679767dc356ff589f6b11f8")


def test_every_registry_gives_the_derived_password(registry: Registry) -> None:
    """By it a session whose handshake wasn't seen can still be taken over."""
    with Client(*registry.servers[0]) as client:
        session = client.connect()
        assert session.password == password(session.session_id)


def test_a_session_expires_a_timeout_after_it_was_last_heard_of() -> None:
    clock = Clock()
    sessions, (session,) = opened(clock, 500)
    clock.now += 0.375
    sessions.touch(session)
    clock.now += 0.375
    assert sessions.expired() == []
    clock.now += 0.125
    assert sessions.expired() == [session]


def test_the_next_look_is_never_later_than_the_next_expiry() -> None:
    """Or a session would live longer than it is owed."""
    clock = Clock()
    sessions, (long, short) = opened(clock, 2000, 250)
    assert sessions.next_look() == clock.now + 0.25
    sessions.renew(long, 125)
    assert sessions.next_look() == clock.now + 0.125
    clock.now += 0.125
    assert sessions.expired() == [long]
    sessions.remove(long)
    assert sessions.next_look() == clock.now + 0.125
    clock.now += 0.125
    assert sessions.expired() == [short]


def test_those_that_expire_together_do_so_in_the_order_in_which_they_were_due() -> None:
    clock = Clock()
    sessions, (first, second, third) = opened(clock, 375, 250, 500)
    clock.now += 1
    assert sessions.expired() == [second, first, third]


def test_a_session_that_is_renewed_often_is_looked_at_once() -> None:
    """The queue must not grow with every reconnect."""
    clock = Clock()
    sessions, (session,) = opened(clock, 500)
    for _ in range(100):
        sessions.renew(session, 500)
    clock.now += 0.5
    assert sessions.expired() == [session]
    sessions.remove(session)
    clock.now += 10
    assert sessions.expired() == []
    assert sessions.next_look() is None


def test_a_restart_gives_each_the_timeout_that_it_was_granted_first() -> None:
    clock = Clock()
    sessions, (session,) = opened(clock, 500)
    session.peer = "somebody"
    sessions.renew(session, 2000)
    clock.now += 5
    sessions.restart()
    assert session.peer is None
    assert sessions.expired() == []
    clock.now += 0.5
    assert sessions.expired() == [session]
