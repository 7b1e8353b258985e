"""The section "Reaping" of spec/supervision.md."""

from __future__ import annotations

import signal

from proctor.api import (
    FOSTERED,
    WAITS,
    WATCHED_S,
    ForeignChildrenEnd,
    History,
    Inject,
    Kill,
    Server,
    StartServer,
    Stop,
    clause,
    eventually,
    finds_no_child,
    observe,
    throughout,
    unchanged,
    until_reaped,
    until_staffed,
)

IDLE_SHARE = 0.1  # of a processor: a parent that looks around every second takes a hundredth of that


@clause("supervision/every-death-is-reaped")
def test_workers_that_die_together_are_all_reaped(start_server: StartServer, history: History) -> None:
    """A parent that waits once for each SIGCHLD leaves two of three as zombies: signals of one kind coalesce."""
    server = start_server(workers=3)
    workers = until_staffed(server)
    with Stop([server.pid], history) as stop:
        stop.took_effect()
        with Kill(workers, history) as kill:
            kill.took_effect()
    until_reaped(server, workers)


@clause("supervision/interrupted-wait-goes-on")
def test_a_worker_whose_wait_is_interrupted_is_reaped_and_replaced(start_server: StartServer, history: History) -> None:
    """A parent that takes EINTR for an end leaves its workers, and one that takes it for an answer leaves a zombie."""
    server = start_server(workers=3)
    workers = until_staffed(server)
    victim = min(workers)
    with Inject(server.pid, f"{WAITS}:error=EINTR:when=1..3", history) as interrupted:
        with Kill([victim], history) as kill:
            kill.took_effect()
        interrupted.took_effect()
        until_reaped(server, [victim])
        assert workers - {victim} < until_staffed(server, without=[victim]), "the other workers are not the same"


@clause("supervision/no-child-is-no-error")
def test_a_worker_is_replaced_though_sigchld_was_ignored_at_the_start(
    start_server: StartServer, history: History
) -> None:
    """Who is started so never hears of a death, and every wait says that there is no child, if nothing is done."""
    server = start_server(ignore=[signal.SIGCHLD])
    workers = until_staffed(server)
    victim = min(workers)
    with Kill([victim], history) as kill:
        kill.took_effect()
    assert workers - {victim} < until_staffed(server, without=[victim]), "the other workers are not the same"


@clause("supervision/no-child-is-no-error")
def test_a_wait_that_finds_no_child_costs_nobody(start_server: StartServer, history: History) -> None:
    """A parent that did not expect ECHILD ends, or asks again and again.

    Who only asks when he is told to hears of the dead at the next SIGCHLD.
    """
    server = start_server()
    workers = until_staffed(server)
    with finds_no_child(server.pid, workers, history) as none:
        server.parent.send(signal.SIGCONT)
        none.took_effect()
    server.parent.send(signal.SIGCHLD)
    replaced = until_staffed(server, without=workers)
    assert parent_is_idle(server), "the parent is busy"
    unchanged(server, replaced)
    victim = min(replaced)
    with Kill([victim], history) as kill:
        kill.took_effect()
    until_reaped(server, [victim])
    assert replaced - {victim} < until_staffed(server, without=[victim]), "the other worker is not the same"


@clause("supervision/stopped-is-not-dead")
def test_a_stopped_worker_is_not_replaced_and_the_others_are_looked_after(
    start_server: StartServer, history: History
) -> None:
    """SIGCHLD tells of a stop too: who forks for it has one worker too many, who waits for it waits for ever."""
    server = start_server(workers=3)
    stopped, killed, _ = sorted(until_staffed(server))
    with Stop([stopped], history) as stop:
        stop.took_effect()
        with Kill([killed], history) as kill:
            kill.took_effect()
        until_reaped(server, [killed])
        workers = until_staffed(server, without=[killed])
        assert stopped in workers or was_killed_as_hung(server, stopped), "the stopped worker was replaced"
    if server.manifest.capabilities.watchdog:  # which may have killed it at the last moment
        workers = until_staffed(server, without=[killed])
    unchanged(server, workers)


@clause("supervision/foreign-child-is-no-worker")
def test_children_that_it_did_not_fork_may_end_as_they_like(start_server: StartServer, history: History) -> None:
    """A stranger's exit status is not the report of a worker, and his death leaves no place to be filled."""
    server = start_server(through=FOSTERED)
    strangers = ForeignChildrenEnd(server.pid, history)
    workers = until_own_workers(server, strangers)
    with strangers:
        strangers.took_effect()
    unchanged(server, workers)


@clause("supervision/foreign-child-is-reaped")
def test_children_that_it_did_not_fork_are_reaped(start_server: StartServer, history: History) -> None:
    """The first process of a container is left everybody's orphans, and their zombies fill the table of processes."""
    server = start_server(through=FOSTERED)
    with ForeignChildrenEnd(server.pid, history) as strangers:
        strangers.took_effect()
        until_reaped(server, strangers.pids)


def was_killed_as_hung(server: Server, stopped: int) -> bool:
    """`hang_s` is the most that a watchdog may take: it may have been done with this one before any time of ours."""
    return server.manifest.capabilities.watchdog and observe.stat(stopped) is None


def parent_is_idle(server: Server) -> bool:
    """Whether its processor time all but stands still, over as long as what must not happen is watched."""
    before = observe.processor_s([server.pid])
    throughout(lambda: None, WATCHED_S)
    return observe.processor_s([server.pid]) - before < IDLE_SHARE * WATCHED_S


def until_own_workers(server: Server, strangers: ForeignChildrenEnd) -> set[int]:
    """As many workers as were asked for, within `respawn_s`; where every child counts as one, strangers don't."""

    def look() -> set[int]:
        workers = server.worker_pids() - strangers.pids
        assert len(workers) == server.asked_workers, f"workers {sorted(workers)}"
        return workers

    return eventually(look, within=server.promise("respawn_s"), what=f"{server.asked_workers} workers of its own")
