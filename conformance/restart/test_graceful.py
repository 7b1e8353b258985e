"""The section "Graceful" of spec/restart.md."""

from __future__ import annotations

import signal

from proctor.api import (
    AtBirth,
    Census,
    GroupBurst,
    Load,
    Server,
    StartServer,
    Stop,
    calls_were_made,
    clause,
    eventually,
    every_call_succeeds,
    knocks,
    never_fewer_than,
    new_connections,
    none_found,
    replies_answer_their_own_request,
    throughout,
    until_renewed,
    until_staffed,
)

RELOADS = 5
FAILING_S = 3.0
NEWBORNS_A_SECOND = 5


def reload(server: Server) -> None:
    """One reload, awaited."""
    old = server.worker_pids()
    server.parent.send(signal.SIGHUP)
    until_renewed(server, old)


@clause("restart/new-before-old", "restart/reload-refuses-nobody")
def test_old_workers_stay_until_the_new_ones_are_there(start_server: StartServer) -> None:
    """A dip in capacity at every deployment, and refusals when it reaches none."""
    server = start_server(workers=3)
    since = server.history.record("load").at
    with Census(server) as census, knocks(server) as load:
        for _ in range(3):
            reload(server)
        made = load.made
        eventually(lambda: load.made > made, within=10)
    none_found(
        never_fewer_than(server.asked_workers, census.counts),
        calls_were_made(server.history, 10, since),
        every_call_succeeds(server.history, since),
    )


@clause("restart/reload-loses-no-call")
def test_calls_go_on_through_reloads(start_server: StartServer) -> None:
    """A deployment that is noticed by those who call."""
    server = start_server()
    since = server.history.record("load").at
    with new_connections(server, threads=4) as load:
        for _ in range(RELOADS):
            reload(server)
            go_on(load)
    none_found(
        calls_were_made(server.history, 10 * RELOADS, since),
        every_call_succeeds(server.history, since),
        replies_answer_their_own_request(server.history, since),
    )


@clause("restart/reload-loses-no-call")
def test_a_call_in_flight_outlives_its_worker_s_generation(start_server: StartServer) -> None:
    """The old worker is told to go, and goes in the middle of a call."""
    server = start_server()
    old = server.worker_pids()
    request = server.lasting(min(1.5, server.promise("grace_s") / 2))
    with server.connect() as wire:
        wire.send(request)
        eventually(wire.taken, within=10, what="the request to be taken")
        server.parent.send(signal.SIGHUP)
        assert wire.reply(within=20).name in ("pi_r", "sleep_r")
    until_renewed(server, old)


@clause("restart/old-workers-end")
def test_an_old_worker_that_does_not_end_is_killed(start_server: StartServer) -> None:
    """Old code that serves on, unseen, beside the new."""
    server = start_server()
    old = server.worker_pids()
    with Stop([min(old)], server.history) as fault:
        fault.took_effect()
        server.parent.send(signal.SIGHUP)
        within = server.promise("grace_s") + server.promise("reload_s")
        eventually(lambda: old.isdisjoint(server.worker_pids()), within=within, what="the old workers to be gone")
    until_staffed(server, without=old)


@clause("restart/reload-signal-to-all")
def test_a_reload_signal_to_every_process_is_one_reload(start_server: StartServer) -> None:
    """`pkill -HUP` reaches the workers too, and SIGHUP kills who does not expect it."""
    server = start_server()
    old = server.worker_pids()
    since = server.history.record("load").at
    signals = GroupBurst(server.parent, [signal.SIGHUP], server.history)
    with Census(server) as census, knocks(server), signals as fault:
        fault.took_effect()
        until_renewed(server, old)
    none_found(never_fewer_than(1, census.counts), every_call_succeeds(server.history, since))


@clause("restart/failed-reload-keeps-serving")
def test_the_old_generation_stays_while_the_new_one_fails(start_server: StartServer) -> None:
    """A broken deployment takes down what worked."""
    server = start_server()
    old = server.worker_pids()
    with AtBirth(server.worker_pids, server.history) as births:
        server.parent.send(signal.SIGHUP)
        births.took_effect()
        throughout(lambda: all_alive(server, old), seconds=FAILING_S)
        newborns = len(births.pids)
    pace = NEWBORNS_A_SECOND * server.asked_workers
    assert newborns <= pace * (FAILING_S + 1), f"{newborns} newborns in {FAILING_S} s"
    eventually(
        lambda: one_generation(server, old), within=server.promise("reload_s"), what="N workers of one generation"
    )


@clause("restart/reload-keeps-the-node")
def test_the_node_is_the_same_through_reloads(start_server: StartServer) -> None:
    """Clients lose a server that never went away."""
    server = start_server()
    node = server.node()
    for _ in range(3):
        old = server.worker_pids()
        server.parent.send(signal.SIGHUP)
        until_renewed(server, old)
        assert server.nodes() == [node]


def go_on(load: Load) -> None:
    """Ten calls more than there were."""
    wanted = load.made + 10
    eventually(lambda: load.made >= wanted, within=10, what="calls to go on")


def all_alive(server: Server, old: set[int]) -> None:
    assert old <= server.worker_pids(), f"of the old workers only {old & server.worker_pids()} are alive"


def one_generation(server: Server, old: set[int]) -> bool:
    workers = server.worker_pids()
    return len(workers) == server.asked_workers and (workers == old or workers.isdisjoint(old))
