"""Each trigger on a small real target: it comes, holds what it came upon, lets go; what never comes is named."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

import pytest

from proctor.faults.fault import NeverProven
from proctor.faults.links import CutLink, SeverLink
from proctor.faults.registry import ExpireSession
from proctor.faults.signals import Kill, Stop
from proctor.faults.syscalls import Inject
from proctor.faults.triggers import (
    After,
    BetweenCreateAndAnswer,
    OnNthSystemCall,
    OnReplyByte,
    OnWatchEvent,
    Trigger,
)
from proctor.outcome import Inconclusive, Unavailable
from proctor.process.strace import missing
from proctor.waiting import eventually
from proctor.wire.connection import Ended
from proctor.wire.messages import frame, ping, pong
from proctor.zookeeper.codes import CreateMode, Error, OpCode
from proctor.zookeeper.protocol import OPEN_ACL, CreateRequest
from tests.faults.limits import FORKS, OPENS
from tests.faults.links import answers_over, connected, idle, is_silent
from tests.faults.place import WITHIN_S, Place, Target
from tests.faults.registries import KINDS, some_path, stands
from tests.faults.signals import ECHOES, state
from tests.faults.strikes import Watched

SOON_S = 0.3
needs_strace = pytest.mark.skipif(missing() is not None, reason=str(missing()))
on_each_registry = pytest.mark.parametrize("kind", KINDS)
OPEN = "openat"  # what Python opens a file by


def triggered(place: Place) -> list[dict[str, object]]:
    return [event.facts for event in place.history.events("trigger")]


# --- time


def test_a_fault_comes_after_a_while_and_the_history_says_what_it_waited_for(place: Place) -> None:
    target = place.target(ECHOES)
    with After(SOON_S, place.history) as trigger:
        assert target.asked("before") == "before"
        with trigger.then(Kill([target.pid], place.history)) as kill:
            kill.took_effect()
    (told,) = triggered(place)
    assert told["fault"] == kill.number
    assert float(str(told["what"]).partition(" ")[0]) >= SOON_S
    assert [event.kind for event in place.history] == ["trigger", "fault", "fault", "fault"]


# --- links


def test_a_link_is_cut_in_the_middle_of_a_reply(place: Place) -> None:
    """Exactly so many bytes have passed, and no more do."""
    link = place.link(place.scripted())
    wire = connected(place, link)
    reply = frame(pong("cut").body())
    with OnReplyByte(link, len(reply) - 1, place.history) as trigger:
        wire.send(ping("cut"))
        with trigger.then(CutLink(link, place.history)) as cut:
            cut.took_effect()
            with pytest.raises(Ended) as ended:
                wire.reply()
    assert ended.value.begun
    assert triggered(place)[0]["what"] == f"byte {len(reply) - 1} of what {link.endpoint} replies has passed"


def test_what_is_behind_the_byte_is_held_until_the_block_ends(place: Place) -> None:
    link = place.link(place.scripted())
    wire = connected(place, link)
    with OnReplyByte(link, 1, place.history) as trigger:
        wire.send(ping("held"))
        trigger.wait()
        assert is_silent(wire)
        assert link.stats.to_client.held_bytes == len(frame(pong("held").body())) - 1
    assert wire.reply() == pong("held")


def test_bytes_that_passed_before_do_not_count(place: Place) -> None:
    link = place.link(place.scripted())
    wire = connected(place, link)
    with OnReplyByte(link, 1, place.history) as trigger, pytest.raises(Inconclusive, match="byte 1 of what"):
        trigger.wait(SOON_S)
    assert answers_over(wire)
    assert triggered(place) == []


# --- the registry


@on_each_registry
def test_whoever_creates_is_held_between_the_create_and_its_answer(place: Place, kind: str) -> None:
    """The node stands, and its creator dies without knowing."""
    registry = place.registry(kind)
    proxy = place.proxy(registry)
    client, path = place.client(proxy.endpoint), some_path()
    with BetweenCreateAndAnswer(proxy, path, place.history) as trigger:
        client.send(OpCode.CREATE, CreateRequest(path, b"", OPEN_ACL, CreateMode.EPHEMERAL))
        assert path in trigger.wait()
        assert stands(registry, path)
        eventually(lambda: proxy.stats.to_client.held_bytes, WITHIN_S, "the answer to be held")
        with ExpireSession(proxy, place.history) as expired:
            expired.took_effect()
        assert not stands(registry, path)
    with pytest.raises(ConnectionError):
        client.receive(OpCode.CREATE)


@on_each_registry
def test_a_create_is_answered_once_the_block_ends(place: Place, kind: str) -> None:
    proxy = place.proxy(place.registry(kind))
    client, path = place.client(proxy.endpoint), some_path()
    with BetweenCreateAndAnswer(proxy, path, place.history) as trigger:
        client.send(OpCode.CREATE, CreateRequest(path, b"", OPEN_ACL, CreateMode.PERSISTENT))
        trigger.wait()
    assert client.receive(OpCode.CREATE).err is Error.OK


def test_a_create_elsewhere_or_in_vain_is_none(place: Place) -> None:
    proxy = place.proxy(place.registry("embedded"))
    client, path = place.client(proxy.endpoint), some_path()
    with BetweenCreateAndAnswer(proxy, path, place.history) as trigger:
        assert client.ask(OpCode.CREATE, CreateRequest("/else", b"", OPEN_ACL, CreateMode.PERSISTENT)).err is Error.OK
        in_vain = CreateRequest(f"{path}/no/parent", b"", OPEN_ACL, CreateMode.PERSISTENT)
        assert client.ask(OpCode.CREATE, in_vain).err is Error.NO_NODE
        with pytest.raises(Inconclusive, match=rf"did not come: waited .* for a node {path}\.\.\. to be created"):
            trigger.wait(SOON_S)


@on_each_registry
def test_a_watch_event_is_held_until_the_fault_is_in(place: Place, kind: str) -> None:
    watched = Watched(place, kind)
    with OnWatchEvent(watched.proxy, place.history, watched.path) as trigger:
        watched.change()
        with trigger.then(SeverLink(watched.proxy, place.history)) as severed:
            severed.took_effect()
            with pytest.raises(ConnectionError):
                watched.events()
    assert watched.path in str(triggered(place)[0]["what"])


@on_each_registry
def test_a_watch_event_is_told_once_it_is_released(place: Place, kind: str) -> None:
    watched = Watched(place, kind)
    with OnWatchEvent(watched.proxy, place.history) as trigger:
        watched.change()
        trigger.wait()
        assert watched.client.events == []
        trigger.release()
        assert watched.events() == 1
        assert watched.tells(), "it holds nothing any more"


# --- system calls


def opener(place: Place) -> Target:
    """Past its start, in which it opens what it imports."""
    target = place.target(OPENS)
    assert target.asked() == "opened"
    return target


@needs_strace
def test_a_process_is_held_at_its_second_call_and_killed_there(place: Place) -> None:
    target = opener(place)
    with OnNthSystemCall([target.pid], OPEN, 2, place.history) as trigger:
        assert target.asked() == "opened"
        target.tell()
        with trigger.then(Kill([target.pid], place.history)) as kill:
            kill.took_effect()
    assert triggered(place)[0]["what"] == f"{OPEN} number 2 of process {target.pid} begins"
    assert target.popen.wait(WITHIN_S) == -signal.SIGKILL
    assert target.is_silent()


@needs_strace
def test_a_process_that_is_held_at_a_call_makes_it_once_the_block_ends(place: Place) -> None:
    target = opener(place)
    with OnNthSystemCall([target.pid], OPEN, 1, place.history) as trigger:
        target.tell()
        trigger.wait()
        assert target.is_silent()
        assert state(target.pid) == "t"
    assert target.says().startswith("opened")


@needs_strace
def test_it_is_let_go_as_soon_as_the_fault_is_in(place: Place) -> None:
    """A stop signal that comes while a process is held finds it when it goes on."""
    target = opener(place)
    with OnNthSystemCall([target.pid], OPEN, 1, place.history) as trigger:
        target.tell()
        with trigger.then(Stop([target.pid], place.history)) as stop:
            stop.took_effect()
            assert target.is_silent()
    assert target.says().startswith("opened")


@needs_strace
def test_strace_can_be_put_to_another_use_once_it_has_let_go(place: Place) -> None:
    target = opener(place)
    with OnNthSystemCall([target.pid], OPEN, 1, place.history) as trigger:
        target.tell()
        trigger.wait()
        trigger.release()
        assert target.says().startswith("opened")
        with Inject(target.pid, f"{OPEN}:error=EIO", place.history) as fails:
            assert target.asked() == "Input/output error"
            fails.took_effect()


@needs_strace
def test_the_calls_of_several_are_counted_for_each_of_them(place: Place) -> None:
    one, other = place.target(FORKS), place.target(FORKS)
    with OnNthSystemCall([one.pid, other.pid], "wait4", 2, place.history) as trigger:
        assert one.asked() == other.asked() == "forked"
        with pytest.raises(Inconclusive, match="wait4 number 2 of one of"):
            trigger.wait(SOON_S)
        other.tell()
        assert trigger.wait() == f"wait4 number 2 of process {other.pid} begins"
        assert other.is_silent()
    assert other.says() == "forked"


def test_without_strace_nobody_is_held(place: Place) -> None:
    place.machine.setenv("PATH", str(place.folder))
    target = place.target(ECHOES)
    with (
        pytest.raises(Unavailable, match=r"wait4 .* can't be waited for here: strace is not installed"),
        OnNthSystemCall([target.pid], "wait4", 1, place.history),
    ):
        pytest.fail("it was")


# --- all of them


def idle_target(place: Place) -> Target:
    target = place.target(ECHOES)
    assert target.asked("hello") == "hello"
    return target


TRIGGERS: dict[str, Callable[[Place], Trigger]] = {
    "After": lambda place: After(3600, place.history),
    "OnReplyByte": lambda place: OnReplyByte(idle(place), 1, place.history),
    "BetweenCreateAndAnswer": lambda place: BetweenCreateAndAnswer(
        place.proxy(place.registry("embedded")), "/demo/rpc", place.history
    ),
    "OnWatchEvent": lambda place: OnWatchEvent(place.proxy(place.registry("embedded")), place.history),
    "OnNthSystemCall": lambda place: OnNthSystemCall([idle_target(place).pid], "wait4", 1, place.history),
}
each_trigger = pytest.mark.parametrize("made", TRIGGERS.values(), ids=TRIGGERS)


@each_trigger
def test_what_never_comes_is_inconclusive_and_named(made: Callable[[Place], Trigger], place: Place) -> None:
    with made(place) as trigger, pytest.raises(Inconclusive) as caught, trigger.then(Stop([], place.history), SOON_S):
        pytest.fail("it came")
    assert f"did not come: waited {SOON_S:.2f} s for {trigger.awaited}" in str(caught.value)
    assert not place.history.events("fault")


@each_trigger
def test_whoever_waits_for_it_can_be_told_to_stop(made: Callable[[Place], Trigger], place: Place) -> None:
    with made(place) as trigger:
        cancelling = threading.Timer(SOON_S, trigger.cancel)
        cancelling.start()
        with pytest.raises(Inconclusive, match="was cancelled"):
            trigger.wait()
        cancelling.join()


def test_a_fault_that_a_trigger_has_brought_about_is_to_be_proven_as_any(place: Place) -> None:
    target = place.target(ECHOES)
    with (
        After(0, place.history) as trigger,
        pytest.raises(NeverProven),
        trigger.then(Stop([target.pid], place.history)),
    ):
        pass
    assert target.asked("hello") == "hello"
