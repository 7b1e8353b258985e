"""The section "Graceful" of spec/restart.md."""

from __future__ import annotations

import signal
import time
from contextlib import ExitStack

from proctor.api import (
    AtBirth,
    Census,
    GroupBurst,
    History,
    Load,
    Node,
    Server,
    StartServer,
    Stop,
    answer,
    calls_were_made,
    check_cut_short,
    clause,
    eventually,
    every_call_succeeds,
    knocks,
    needs,
    never_fewer_than,
    new_connections,
    none_found,
    observe,
    occupy,
    ping,
    pong,
    reload_s,
    replies_answer_their_own_request,
    takes_long,
    throughout,
    until_renewed,
    until_staffed,
)

RELOADS = 3
CALLS = 20
CALL_EVERY_S = 0.01
NODE_WATCHED_S = 0.5
HELD_S = 0.2
FAILING_S = 3.0
NEWBORNS_A_SECOND = 5  # for each of the workers


@clause("restart/new-before-old")
def test_old_workers_stay_until_the_new_ones_are_there(start_server: StartServer) -> None:
    """At every deployment a server with less capacity than it needs, and for a moment none."""
    server = start_server(workers=3)
    old = until_staffed(server)
    with Census(server) as census:
        server.parent.send(signal.SIGHUP)
        until_renewed(server, old)
    none_found(never_fewer_than(server.asked_workers, census.counts))


@clause("restart/reload-refuses-nobody")
def test_no_connection_is_refused_during_reloads(start_server: StartServer, history: History) -> None:
    """A listener that is closed and opened again is closed for whoever comes in between."""
    server = start_server()
    workers = until_staffed(server)
    since = history.record("load").at
    with knocks(server) as load:
        for _ in range(RELOADS):
            server.parent.send(signal.SIGHUP)
            workers = until_renewed(server, workers)
        more(load)
    none_found(calls_were_made(history, CALLS, since), every_call_succeeds(history, since))


@clause("restart/reload-loses-no-call")
def test_calls_that_begin_while_it_reloads_are_answered(start_server: StartServer, history: History) -> None:
    """A deployment that is noticed by whoever calls just then."""
    server = start_server()
    workers = until_staffed(server)
    since = history.record("load").at
    with new_connections(server, threads=4) as load:
        for _ in range(RELOADS):
            server.parent.send(signal.SIGHUP)
            workers = until_renewed(server, workers)
            more(load)
    none_found(every_call_succeeds(history, since), replies_answer_their_own_request(history, since))


@clause("restart/reload-loses-no-call")
def test_calls_in_flight_are_answered_by_the_old_workers(start_server: StartServer) -> None:
    """A worker that is told to go leaves in the middle of what it does, or before what it has yet to do."""
    server = start_server()
    old = until_staffed(server)
    with server.connect() as one, server.connect() as other:
        calls = [(one, server.lasting_within_grace(0.4)), (other, server.lasting_within_grace(10.0))]
        for wire, request in calls:
            wire.send(request)
            eventually(wire.taken, within=10, what="the request to be read")
            wire.send(ping("behind it"))
        server.parent.send(signal.SIGHUP)
        for wire, request in calls:
            assert wire.reply().name == f"{request.method}_r"
            assert wire.reply() == pong("behind it")
    until_renewed(server, old)


@clause("restart/reload-loses-no-call")
def test_calls_over_a_connection_that_was_there_before_are_answered(start_server: StartServer) -> None:
    """A connection that was idle when the signal came is closed over what is asked on it next."""
    server = start_server()
    old = until_staffed(server)
    with server.connect() as wire:
        assert wire.call(ping("before")) == pong("before")
        server.parent.send(signal.SIGHUP)
        ends = time.monotonic() + reload_s(server)
        number = 0
        while any(map(observe.stat, old)) and time.monotonic() < ends:
            number += 1
            assert answer(server, wire, ping(number)) == pong(number)
            server.program.wait(CALL_EVERY_S)
    until_renewed(server, old)


@clause("restart/old-workers-end")
@takes_long("grace_s")
def test_an_old_worker_that_stands_still_is_killed(start_server: StartServer, history: History) -> None:
    """Nobody sees it, and with the next deployment there are two of them."""
    server = start_server()
    old = until_staffed(server)
    with Stop([min(old)], history) as stop:
        stop.took_effect()
        server.parent.send(signal.SIGHUP)
        until_renewed(server, old, within=server.promise("grace_s") + server.promise("reload_s"))


@clause("restart/old-workers-end")
@needs("profile wire")
@takes_long("grace_s")
def test_an_old_worker_whose_call_lasts_too_long_is_killed(start_server: StartServer) -> None:
    """Old code answers for as long as somebody asks it for much."""
    server = start_server()
    old = until_staffed(server)
    bound = server.promise("grace_s") + server.promise("reload_s")
    calls = server.computing(2 * bound)
    with server.connect() as wire:
        occupy(wire, calls)
        server.parent.send(signal.SIGHUP)
        until_renewed(server, old, within=bound)
        check_cut_short(wire, calls)


@clause("restart/reload-signal-to-all")
def test_a_reload_signal_to_every_process_is_one_reload(start_server: StartServer, history: History) -> None:
    """Whoever does not expect SIGHUP ends by it: all workers at once."""
    server = start_server(workers=3)
    old = until_staffed(server)
    since = history.record("load").at
    with Census(server) as census, ExitStack() as load:
        if server.manifest.claims()["port"]:
            load.enter_context(knocks(server))
        with Stop([server.pid], history) as stop:  # one that replaces them at once hides that nobody was left
            stop.took_effect()
            to_all = load.enter_context(GroupBurst(server.parent, [signal.SIGHUP], history))
            throughout(lambda: None, HELD_S)
        to_all.took_effect()
        until_renewed(server, old)
    none_found(never_fewer_than(1, census.counts), every_call_succeeds(history, since))


@clause("restart/failed-reload-keeps-serving")
@takes_long("3 s in which newborns are counted")
def test_the_old_generation_stays_while_the_new_one_dies(start_server: StartServer, history: History) -> None:
    """A deployment that is broken takes down what worked."""
    server = start_server()
    old = until_staffed(server)
    began = time.monotonic()
    with AtBirth(server.worker_pids, history) as births:
        server.parent.send(signal.SIGHUP)
        births.took_effect()
        throughout(lambda: all_there(server, old), FAILING_S)
        newborns, took_s = len(births.pids), time.monotonic() - began
    most = NEWBORNS_A_SECOND * server.asked_workers * took_s
    assert newborns <= most, f"{newborns} newborns in {took_s:.1f} s: more than {most:.0f}"
    eventually(lambda: one_generation(server, old), within=reload_s(server), what="workers of one generation")


@clause("restart/reload-keeps-the-node")
def test_the_node_is_the_same_through_reloads(start_server: StartServer) -> None:
    """Clients lose a server that never went away."""
    server = start_server()
    workers = until_staffed(server)
    node = server.node()
    for _ in range(2):
        server.parent.send(signal.SIGHUP)
        throughout(lambda: stands(server, node), NODE_WATCHED_S)
        workers = until_renewed(server, workers)
        stands(server, node)


def more(load: Load) -> None:
    """Wait until a good number of calls more were made."""
    wanted = load.made + CALLS
    eventually(lambda: load.made >= wanted, within=20, what="calls to go on")


def all_there(server: Server, old: set[int]) -> None:
    workers = server.worker_pids()
    assert old <= workers, f"of the old workers {sorted(old)} only {sorted(old & workers)} are there"


def one_generation(server: Server, old: set[int]) -> bool:
    workers = server.worker_pids()
    return len(workers) == server.asked_workers and (workers == old or workers.isdisjoint(old))


def stands(server: Server, node: Node) -> None:
    assert server.nodes() == [node], f"the node was {node}, and now there stand {server.nodes()}"
