"""The parent: what it thinks, which from outside is only seen when it is too late."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from proctor.process import observe
from proctor.process.process import Process
from proctor.process.strace import Strace, missing
from reference import children, supervisor
from reference.address import Address
from reference.children import REPLACEMENTS_A_SECOND, Allowance, Child
from reference.log import Log
from reference.reports import BEAT, READY
from reference.settings import RegistrySettings, ServerSettings
from reference.supervisor import Supervisor, describe
from reference.wire import Dialect
from tests.reference.servers import Server

HANG_S = 3.0


class Clock:
    """Time goes by when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Unforking(Supervisor):
    """A parent whose children are only on paper."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.born = 0
        self.sent: list[tuple[int, int]] = []
        self.told = b""

    def fork(self, role: str, run: Callable[[], int]) -> Child | None:  # noqa: ARG002  # it is not run
        self.born += 1
        child = self.children[self.born] = Paper(self.born, role, self.generation, self.sent)
        return child

    def tell_registrar(self, order: bytes) -> None:
        self.told += order

    def ready(self, *pids: int) -> None:
        for pid in pids:
            self.on_report(pid, READY)
        self.manage()

    def dies(self, *pids: int) -> None:
        for pid in pids:
            self.on_exit(pid, 0)
        self.manage()

    def signalled(self, signum: int) -> list[int]:
        return [pid for pid, number in self.sent if number == signum]


class Paper(Child):
    def __init__(self, pid: int, role: str, generation: int, sent: list[tuple[int, int]]) -> None:
        super().__init__(pid, role, generation)
        self.sent = sent

    def send(self, signum: int) -> None:
        self.sent.append((self.pid, signum))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(supervisor, "Signals", lambda *_: None)  # those of the tests' own process stay as they are
    monkeypatch.setattr(children, "monotonic", made)
    monkeypatch.setattr(supervisor, "monotonic", made)
    return made


@pytest.fixture
def parent(clock: Clock) -> Iterator[Unforking]:  # noqa: ARG001  # its clock
    """Its registrar is child 1, its workers 2 and 3."""
    settings = ServerSettings(
        bind=Address("127.0.0.1", 0),
        advertise=None,
        workers=2,
        registry=RegistrySettings("nowhere:1", "/demo", 1.0),
        dialect=Dialect(),
        reload="graceful",
        grace_s=10.0,
        hang_s=HANG_S,
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Unforking(settings, listener, lambda *_: 0, lambda *_: 0, Log())
        made.manage()
        yield made
        made.close_orders()
        os.close(made.reports.fd)
        os.close(made.reports.children_fd)


def alive(parent: Unforking) -> list[int]:
    return sorted(set(parent.children) - {1})


def test_the_dead_are_replaced_at_once_but_not_without_end(parent: Unforking, clock: Clock) -> None:
    """Workers that die at birth would otherwise be forked as fast as the machine can (S20)."""
    assert alive(parent) == [2, 3]
    for _ in range(1000):
        parent.dies(*alive(parent))
    assert parent.born <= 3 + parent.size
    clock.now += 2.0
    for _ in range(1000):
        parent.dies(*alive(parent))
    assert parent.born <= 3 + parent.size + 2 * REPLACEMENTS_A_SECOND * parent.size
    clock.now += 5.0
    parent.manage()
    assert len(alive(parent)) == 2


def test_an_allowance_is_a_burst_and_then_a_pace(clock: Clock) -> None:
    allowance = Allowance(4)
    assert [allowance.take() for _ in range(5)] == [True] * 4 + [False]
    clock.now += 1.01 / (4 * REPLACEMENTS_A_SECOND)
    assert [allowance.take() for _ in range(2)] == [True, False]
    clock.now += 1000
    assert [allowance.take() for _ in range(5)] == [True] * 4 + [False]


def test_old_workers_stay_until_the_new_have_proven_themselves(parent: Unforking, clock: Clock) -> None:
    """Newborns that say they are ready and die at once would otherwise cost the old ones (U6)."""
    parent.ready(2, 3)
    parent.on_sighup()
    parent.manage()
    assert alive(parent) == [2, 3, 4, 5]
    parent.ready(4, 5)
    assert parent.sent == []
    clock.now += 1
    parent.manage()
    assert sorted(parent.signalled(signal.SIGTERM)) == [2, 3]


def test_reloads_that_are_asked_for_during_one_are_one_more(parent: Unforking, clock: Clock) -> None:
    parent.on_sighup()
    parent.manage()
    assert parent.generation == 0  # not before the first workers are ready (U4)
    parent.ready(2, 3)
    for _ in range(20):
        parent.on_sighup()
        parent.manage()
    assert parent.generation == 1
    parent.ready(4, 5)
    clock.now += 1
    parent.manage()
    parent.dies(2, 3)
    assert parent.generation == 2
    parent.ready(6, 7)
    clock.now += 1
    parent.manage()
    parent.dies(4, 5)
    assert (parent.generation, alive(parent)) == (2, [6, 7])


def test_silence_is_counted_in_ticks_and_not_in_time(parent: Unforking, clock: Clock) -> None:
    """While the whole server is stopped time goes by and nothing ticks (S26)."""
    parent.ready(2, 3)
    clock.now += 10 * HANG_S
    parent.on_tick()
    assert parent.sent == []
    for _ in range(int(HANG_S / supervisor.TICK_S)):
        parent.on_report(2, b"B")
        parent.on_report(1, b"B")
        parent.on_tick()
    assert parent.sent == [(3, signal.SIGKILL)]


def test_a_registrar_that_loads_what_it_needs_is_not_taken_for_hung(parent: Unforking, clock: Clock) -> None:
    """Killed each time before it is done it would never be, and a server on a busy machine never in the list."""

    def goes_by(seconds: float) -> list[int]:
        for _ in range(int(seconds / supervisor.TICK_S)):
            clock.now += supervisor.TICK_S
            for worker in (2, 3):
                parent.on_report(worker, BEAT)
            parent.on_tick()
        return parent.signalled(signal.SIGKILL)

    assert goes_by(2 * HANG_S) == []
    parent.ready(1)
    assert goes_by(HANG_S) == [1], "which is an ordinary child from then on"
    parent.dies(1)
    assert parent.registrar is parent.children[4]
    parent.sent.clear()
    assert goes_by(supervisor.LOADING_S) == [4], "nor is it waited for for ever"


def test_the_node_stands_while_there_is_a_worker_to_count_upon(parent: Unforking, clock: Clock) -> None:
    assert parent.told == b""
    parent.ready(2)
    assert parent.told == b"+"  # with the first that is ready: nobody waits for proof at boot
    parent.dies(2, 3)
    clock.now += supervisor.UNABLE_S + 0.1
    parent.ready(4, 5)
    assert parent.told == b"+-"  # ready, but not proven: they may die as those before them (R23)
    clock.now += 1
    parent.manage()
    assert parent.told == b"+-+"


def test_leaving_takes_the_node_back_before_it_tells_the_workers(parent: Unforking) -> None:
    parent.ready(2, 3)
    parent.on_stop()
    parent.manage()
    assert (parent.told, parent.sent, parent.listener.fileno() == -1) == (b"+x", [], False)
    parent.dies(1)
    assert sorted(parent.signalled(signal.SIGTERM)) == [2, 3]
    assert parent.listener.fileno() == -1


def test_whoever_does_not_leave_is_killed_and_no_sooner(parent: Unforking, clock: Clock) -> None:
    parent.ready(2, 3)
    parent.on_stop()
    clock.now += supervisor.DEREGISTER_S
    parent.manage()
    assert parent.signalled(signal.SIGKILL) == [1]  # a registry that doesn't answer may take only so long (R15)
    parent.dies(1)
    clock.now += parent.settings.grace_s - supervisor.DEREGISTER_S - 0.1
    parent.on_stop()
    parent.manage()
    assert parent.signalled(signal.SIGKILL) == [1]
    clock.now += 0.2
    parent.manage()
    assert sorted(parent.signalled(signal.SIGKILL)) == [1, 2, 3]


def test_a_stop_signal_overtakes_an_exec(parent: Unforking) -> None:
    parent.settings = parent.settings._replace(reload="exec")
    parent.on_sighup()
    assert parent.exec_wanted
    parent.on_stop()
    assert not parent.exec_wanted


def test_an_exec_that_fails_costs_nothing(
    parent: Unforking, clock: Clock, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A new program that is broken must not take the old one down (U5)."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    parent.settings = parent.settings._replace(reload="exec")
    parent.on_sighup()
    parent.manage()
    parent.dies(1)
    parent.dies(2, 3)
    parent.exec_image()
    clock.now += 1
    parent.manage()
    assert len(parent.children) == 3
    assert not os.get_inheritable(parent.listener.fileno())
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before
    assert "going on as before" in capfd.readouterr().err


def test_a_stranger_that_was_reaped_is_no_worker(parent: Unforking) -> None:
    parent.dies(4711)
    assert alive(parent) == [2, 3]


@pytest.mark.parametrize(
    ("status", "words"), [(None, "is gone"), (0, "exited with 0"), (3 << 8, "exited with 3"), (9, "signal 9")]
)
def test_an_exit_is_told_as_it_was(status: int | None, words: str) -> None:
    assert words in describe(status)


# As a program


def test_workers_end_with_status_0_however_often_they_are_told() -> None:
    """A second SIGTERM that meets an interpreter on its way out would end it by the signal (S19)."""
    with Server(workers=3) as server:
        old = server.workers()
        processes = [Process(pid) for pid in old]
        for _ in range(5):
            for process in processes:
                process.send(signal.SIGTERM)
        server.wait_for(3, without=old)
        assert [f"worker {pid} exited with 0" in server.log() for pid in old] == [True] * 3
        assert server.stop() == 0


def test_a_reload_loses_no_worker_to_a_signal() -> None:
    with Server() as server:
        for _ in range(2):
            old = server.workers()
            server.send(signal.SIGHUP)
            server.wait_for(2, without=old)
        assert "killed" not in server.log()
        assert server.stop() == 0


def test_only_the_registrar_has_threads_and_it_does_not_listen() -> None:
    with Server() as server:
        registrar = server.registrar()
        assert observe.holders(observe.listening_inodes(server.port), [registrar]) == []
        assert all(len(observe.threads(pid)) == 1 for pid in [server.pid, *server.workers()])
        assert len(observe.threads(registrar)) > 1


def test_a_registrar_that_dies_is_replaced() -> None:
    with Server() as server:
        first = server.registrar()
        server.send(signal.SIGKILL, first)
        server.wait_for_log(f"registrar {first} was killed by signal 9")
        server.wait_for(2, without=[first])
        assert server.registrar() != first


@pytest.mark.skipif(missing() is not None, reason=str(missing()))
def test_a_wrong_no_child_is_doubted() -> None:
    """ECHILD that isn't true must not leave a zombie until the next death (S4)."""
    with Server() as server:
        victim = server.workers()[0]
        strace = Strace([server.pid], ["wait4,waitid:error=ECHILD:when=1..2"])
        try:
            server.send(signal.SIGKILL, victim)
            server.wait_for(2, without=[victim])
            assert strace.injected()
        finally:
            strace.detach()
        assert server.stop() == 0
