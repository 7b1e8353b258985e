"""What befalls workers between their birth and their first word, and their parent while it waits for a fork."""

from __future__ import annotations

import signal

from proctor.api import (
    FORKS,
    AtBirth,
    History,
    Inject,
    Kill,
    Server,
    StartServer,
    clause,
    eventually,
    observe,
    unchanged,
    until_gone,
    until_reaped,
    until_renewed,
    until_staffed,
)

NEWBORNS = 3


@clause("supervision/newborn-death-is-noticed", "supervision/dead-worker-is-replaced")
def test_a_worker_whose_successors_are_killed_at_birth_is_replaced_in_the_end(
    start_server: StartServer, history: History
) -> None:
    """The death of one who has not yet said that he is ready is a death like any other."""
    server = start_server()
    workers = until_staffed(server)
    victim = min(workers)
    with AtBirth(server.worker_pids, history, most=NEWBORNS) as births:
        with Kill([victim], history) as kill:
            kill.took_effect()
        eventually(
            lambda: len(births.pids) == NEWBORNS,
            within=NEWBORNS * server.promise("respawn_s"),
            what=f"{NEWBORNS} newborns, one after another",
        )
        births.took_effect()
        until_reaped(server, births.pids)
        assert workers - {victim} < until_staffed(server, without=[victim, *births.pids]), "the other worker is gone"


@clause("supervision/orphans-end")
def test_a_newborn_whose_parent_is_killed_before_it_could_look_ends(
    start_server: StartServer, history: History
) -> None:
    """A signal at the parent's death is never sent if the parent is dead when it is asked for."""
    server = start_server()
    victim = min(until_staffed(server))
    with AtBirth(server.worker_pids, history, signal.SIGSTOP, most=1) as births:
        with Kill([victim], history) as kill:
            kill.took_effect()
        births.took_effect()
        with Kill([server.pid], history) as end:
            end.took_effect()
    until_gone(server, within=server.promise("orphan_s"))


@clause("supervision/stop-works-at-any-moment")
def test_a_stop_signal_while_the_parent_is_held_up_in_a_fork_ends_everything(
    start_server: StartServer, history: History
) -> None:
    """The newborn is there, and its parent will hear of it after the stop signal: whoever is on no list is not told."""
    server = start_server()
    workers = until_staffed(server)
    with Inject(server.pid, f"{FORKS}:delay_exit=500000", history) as held:
        with Kill([min(workers)], history) as kill:
            kill.took_effect()
        eventually(lambda: server.worker_pids() - workers, within=server.promise("respawn_s"), what="a newborn")
        server.parent.send(signal.SIGTERM)
        held.took_effect()
    until_gone(server)


@clause("restart/reload-is-never-lost")
def test_a_reload_whose_first_newborn_is_killed_ends_in_one_generation(
    start_server: StartServer, history: History
) -> None:
    """One who fails is replaced by one of his own generation: a reload that is given up for him was lost."""
    server = start_server()
    old = until_staffed(server)
    with AtBirth(server.worker_pids, history, most=1) as births:
        server.parent.send(signal.SIGHUP)
        births.took_effect(within=server.promise("reload_s"))
        new = until_renewed(server, [*old, *births.pids])
    unchanged(server, new)


@clause("restart/stop-during-reload")
def test_a_stop_signal_while_the_new_generation_is_held_up_ends_both(
    start_server: StartServer, history: History
) -> None:
    """A newborn that has its parent's handlers still takes the signal for his, and it is not sent again."""
    server = start_server()
    until_staffed(server)
    with AtBirth(server.worker_pids, history, signal.SIGSTOP) as births:
        server.parent.send(signal.SIGHUP)
        births.took_effect(within=server.promise("reload_s"))
        server.parent.send(signal.SIGTERM)
        eventually(lambda: told_to_stop(server), within=server.promise("stop_s"), what="the parent to have heard of it")
    until_gone(server)


def told_to_stop(server: Server) -> bool:
    """Whether no stop signal waits for the parent any more (ShdPnd of proc(5)), or it has ended.

    Of a signal that kills, the mask says for ever that it waits.
    """
    mask = int(observe.status(server.pid).get("ShdPnd", "0"), 16)
    return server.parent.ended() or not mask >> (signal.SIGTERM - 1) & 1
