"""The section "Exec" of spec/restart.md."""

from __future__ import annotations

import signal

from proctor.api import (
    History,
    Kill,
    Server,
    StartServer,
    clause,
    eventually,
    observe,
    reload_s,
    throughout,
    until_gone,
    until_reaped,
    until_renewed,
    until_staffed,
)


@clause("restart/exec-renews-the-image")
def test_the_parent_s_process_has_a_new_image(start_server: StartServer) -> None:
    """Workers that are new below a parent that is old: its own code is never renewed."""
    server = start_server()
    old = until_staffed(server)
    image, identity = observe.image(server.pid), identity_of(server)
    server.parent.send(signal.SIGHUP)
    until_renewed(server, old)
    assert observe.image(server.pid) != image, "the parent's image is the old one"
    assert identity_of(server) == identity, "its time of birth, or its arguments, are not the same"


@clause("restart/exec-waits-for-calls")
def test_a_call_in_flight_is_answered_before_the_image_is_replaced(start_server: StartServer) -> None:
    """The signal returns at once; the calls don't."""
    server = start_server()
    old = until_staffed(server)
    request = server.lasting_within_grace(1.0)
    with server.connect() as wire:
        wire.send(request)
        eventually(wire.taken, within=10, what="the request to be read")
        server.parent.send(signal.SIGHUP)
        assert wire.reply().name == f"{request.method}_r"
    until_renewed(server, old, within=server.promise("grace_s") + reload_s(server))


@clause("restart/exec-undoes-no-signal")
def test_the_new_image_listens_to_all_signals(start_server: StartServer, history: History) -> None:
    """A mask that was set for the exec stays set: the second reload, and the stop, wait for ever."""
    server = start_server()
    workers = until_staffed(server)
    for _ in range(2):
        server.parent.send(signal.SIGHUP)
        workers = until_renewed(server, workers)
    victim = min(workers)
    with Kill([victim], history) as kill:
        kill.took_effect()
    until_reaped(server, [victim])
    until_staffed(server, without=[victim])
    server.parent.send(signal.SIGTERM)
    until_gone(server)


@clause("restart/exec-ends-with-one-node")
def test_there_is_one_node_after_the_image_was_replaced(start_server: StartServer) -> None:
    """The old image's node stays beside the new one's until its session ends."""
    server = start_server()
    old, node = until_staffed(server), server.node().path
    server.parent.send(signal.SIGHUP)
    until_renewed(server, old)
    stayed = node in [found.path for found in server.nodes()]
    eventually(lambda: len(server.nodes()) == 1, within=server.promise("register_s"), what="one node")
    # The one may be the old image's, and the new one's to come.
    throughout(server.node, server.manifest.promise("register_s"))
    assert not stayed or server.node().path == node, f"{node} stayed after its image, and was not taken over"


def identity_of(server: Server) -> tuple[int, str]:
    """When the parent's process was born, and the arguments that it has."""
    parent = observe.stat(server.pid)
    assert parent is not None, "the parent ended"
    return parent.started, observe.read(observe.PROC / str(server.pid) / "cmdline")
