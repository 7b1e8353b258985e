"""The section "Reaping" of spec/supervision.md."""

from __future__ import annotations

import signal

from proctor.api import (
    FOSTERED,
    WATCHED_S,
    ForeignChildrenEnd,
    Inject,
    Kill,
    Server,
    StartServer,
    Stop,
    clause,
    observe,
    throughout,
    unchanged,
    until_reaped,
    until_staffed,
)

STANDSTILL = 0.5  # of a processor: a parent that spins takes all of one


@clause("supervision/every-death-is-reaped")
def test_workers_that_die_together_are_all_reaped(start_server: StartServer) -> None:
    """A parent that waits once for each SIGCHLD keeps all but one of them as zombies."""
    server = start_server(workers=3)
    dead = server.worker_pids()
    with Stop([server.pid], server.history) as stop:
        stop.took_effect()
        with Kill(dead, server.history) as kill:
            kill.took_effect()
    until_reaped(server, dead)
    until_staffed(server, without=dead)


@clause("supervision/interrupted-wait-goes-on")
def test_a_wait_that_is_interrupted_is_done_again(start_server: StartServer) -> None:
    """EINTR that is taken for the end of all children, or for a reason to leave."""
    server = start_server()
    dead = min(server.worker_pids())
    others = server.worker_pids() - {dead}
    with Inject(server.pid, "wait4,waitid:error=EINTR:when=1..3", server.history) as fault:
        with Kill([dead], server.history) as kill:
            kill.took_effect()
        fault.took_effect()
        until_reaped(server, [dead])
    assert others < until_staffed(server, without=[dead]), "the other workers are not the same"


@clause("supervision/no-child-is-no-error")
def test_a_server_that_was_started_with_sigchld_ignored_replaces_its_dead(start_server: StartServer) -> None:
    """The kernel then reaps children itself, nobody is told, and a wait finds none."""
    server = start_server(ignore=[signal.SIGCHLD])
    dead = server.worker_pids()
    with Kill([min(dead)], server.history) as fault:
        fault.took_effect()
    until_staffed(server, without=[min(dead)])


@clause("supervision/no-child-is-no-error")
def test_a_wait_that_finds_no_child_costs_nothing(start_server: StartServer) -> None:
    """ECHILD that ends the parent, or makes it ask again and again."""
    server = start_server(workers=3)
    first, second, *others = sorted(server.worker_pids())
    with Inject(server.pid, "wait4,waitid:error=ECHILD:when=1..2", server.history) as fault:
        with Kill([first], server.history) as kill:
            kill.took_effect()
        fault.took_effect()
    used = observe.processor_s([server.pid])
    throughout(lambda: same_parent(server, set(others)), seconds=WATCHED_S)
    assert observe.processor_s([server.pid]) - used < STANDSTILL * WATCHED_S, "the parent burns the processor"
    with Kill([second], server.history) as kill:
        kill.took_effect()
    until_reaped(server, [first, second])
    until_staffed(server, without=[first, second])


@clause("supervision/stopped-is-not-dead")
def test_a_stopped_worker_is_not_replaced_and_the_others_are_looked_after(start_server: StartServer) -> None:
    """SIGCHLD tells of a stop too; a wait that blocks for it leaves the dead lying."""
    server = start_server(workers=3)
    stopped, killed, _ = before = sorted(server.worker_pids())
    with Stop([stopped], server.history) as stop:
        stop.took_effect()
        unchanged(server, before)
        with Kill([killed], server.history) as kill:
            kill.took_effect()
        until_reaped(server, [killed])
        assert stopped in until_staffed(server, without=[killed])
    unchanged(server, server.worker_pids())
    until_staffed(server)


@clause("supervision/foreign-child-is-no-worker")
def test_children_of_others_are_no_workers(start_server: StartServer) -> None:
    """Their exit statuses are taken for those of workers: 3 and 4 halt some parents."""
    server = start_server(through=FOSTERED)
    workers = server.worker_pids()
    with ForeignChildrenEnd(server.pid, server.history) as fault:
        fault.took_effect()
        unchanged(server, workers)


@clause("supervision/foreign-child-is-reaped")
def test_children_of_others_are_reaped(start_server: StartServer) -> None:
    """The first process of a container gets every orphan, and zombies fill its table."""
    server = start_server(through=FOSTERED)
    with ForeignChildrenEnd(server.pid, server.history) as fault:
        fault.took_effect()
        until_reaped(server, fault.pids)


def same_parent(server: Server, others: set[int]) -> None:
    assert server.program.exit_status() is None, "the parent ended"
    assert others <= server.worker_pids(), "the other workers are not the same"
