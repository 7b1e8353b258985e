"""The section "Orphans" of spec/supervision.md."""

from __future__ import annotations

from proctor.api import AtBirth, Kill, StartServer, clause, eventually, needs, throughout, until_gone

TROUBLED_S = 5.0


@clause("supervision/orphans-end")
def test_idle_workers_end_when_their_parent_is_killed(start_server: StartServer) -> None:
    """They hold the port, and the next start fails. Their new parent is a subreaper, not PID 1."""
    server = start_server()
    with Kill([server.pid], server.history) as fault:
        fault.took_effect()
        until_gone(server, within=server.promise("orphan_s"))


@clause("supervision/orphans-end")
@needs("profile wire")
def test_busy_workers_end_when_their_parent_is_killed(start_server: StartServer) -> None:
    """A worker that looks for its parent only between calls may never look."""
    server = start_server()
    bound = server.promise("grace_s") + server.promise("orphan_s")
    request = server.computing(2 * bound)
    with server.connect() as wire:
        wire.send(request)
        eventually(wire.taken, within=10, what="the request to be taken")
        with Kill([server.pid], server.history) as fault:
            fault.took_effect()
            until_gone(server, within=bound)


@clause("supervision/starts-again-after-a-kill")
def test_what_a_killed_server_leaves_does_not_keep_it_from_starting(start_server: StartServer) -> None:
    """A stale pid file, a socket in the way."""
    first = start_server()
    everybody = {first.pid, *(process.pid for process in first.program.tree())}
    with Kill(everybody, first.history) as fault:
        fault.took_effect()
    until_gone(first, within=first.promise("orphan_s"))
    second = start_server(port=first.port)
    assert second.workers()


@clause("supervision/parent-takes-its-workers-along")
def test_a_parent_that_gives_up_leaves_no_worker_behind(start_server: StartServer) -> None:
    """It counts the deaths, loses patience, and forgets the one that was well."""
    server = start_server()
    with AtBirth(server.worker_pids, server.history) as births:
        with Kill([min(server.worker_pids())], server.history) as kill:
            kill.took_effect()
        births.took_effect()
        throughout(lambda: None, seconds=TROUBLED_S)
    if server.program.exit_status() is not None:
        until_gone(server)
