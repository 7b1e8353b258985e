"""The section "Exec" of spec/restart.md."""

from __future__ import annotations

import signal

from proctor.api import (
    Kill,
    Server,
    StartServer,
    clause,
    eventually,
    observe,
    throughout,
    until_gone,
    until_reaped,
    until_renewed,
    until_staffed,
)

WATCHED_S = 1.0


@clause("restart/exec-renews-the-image")
def test_the_parent_s_process_has_a_new_image(start_server: StartServer) -> None:
    """Workers that are new below a parent that is old: its own code is never renewed."""
    server = start_server()
    before, image, arguments = observe.stat(server.pid), observe.image(server.pid), command_line(server)
    old = server.worker_pids()
    server.parent.send(signal.SIGHUP)
    until_renewed(server, old)
    after = observe.stat(server.pid)
    assert before is not None
    assert after is not None
    assert observe.image(server.pid) != image, "the parent's image is the old one"
    assert after.started == before.started
    assert command_line(server) == arguments


@clause("restart/exec-waits-for-calls")
def test_a_call_in_flight_is_answered_before_the_image_is_replaced(start_server: StartServer) -> None:
    """The signal returns at once; the calls don't."""
    server = start_server()
    old = server.worker_pids()
    request = server.lasting(min(1.5, server.promise("grace_s") / 2))
    with server.connect() as wire:
        wire.send(request)
        eventually(wire.taken, within=10, what="the request to be taken")
        server.parent.send(signal.SIGHUP)
        assert wire.reply(within=20).name in ("pi_r", "sleep_r")
    until_renewed(server, old)


@clause("restart/exec-undoes-no-signal")
def test_the_new_image_listens_to_all_signals(start_server: StartServer) -> None:
    """A mask that was set for the exec stays set: the second reload, and the stop, wait for ever."""
    server = start_server()
    for _ in range(2):
        old = server.worker_pids()
        server.parent.send(signal.SIGHUP)
        until_renewed(server, old)
    dead = min(server.worker_pids())
    with Kill([dead], server.history) as fault:
        fault.took_effect()
    until_reaped(server, [dead])
    until_staffed(server, without=[dead])
    server.parent.send(signal.SIGTERM)
    until_gone(server)


@clause("restart/exec-ends-with-one-node")
def test_there_is_one_node_after_the_image_was_replaced(start_server: StartServer) -> None:
    """The old image's node stays beside the new one's until its session ends."""
    server = start_server()
    old = server.worker_pids()
    server.parent.send(signal.SIGHUP)
    until_renewed(server, old)
    eventually(lambda: len(server.nodes()) == 1, within=server.promise("register_s"), what="one node")
    throughout(server.node, seconds=WATCHED_S)


def command_line(server: Server) -> str:
    return observe.read(observe.PROC / str(server.pid) / "cmdline")
