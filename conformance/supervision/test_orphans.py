"""The section "Orphans" of spec/supervision.md."""

from __future__ import annotations

from proctor.api import (
    AtBirth,
    History,
    Kill,
    StartServer,
    check_cut_short,
    clause,
    eventually,
    needs,
    occupy,
    takes_long,
    throughout,
    until_gone,
    until_staffed,
)

TROUBLED_S = 3.0


@clause("supervision/orphans-end")
def test_idle_workers_end_when_their_parent_is_killed(start_server: StartServer, history: History) -> None:
    """Orphans hold the port, and the next start fails. Their stepfather here is a subreaper, and not process 1."""
    server = start_server(workers=3)
    until_staffed(server)
    with Kill([server.pid], history) as kill:
        kill.took_effect()
    until_gone(server, within=server.promise("orphan_s"))


@clause("supervision/orphans-end")
@needs("profile wire")
@takes_long("grace_s")
def test_busy_workers_end_when_their_parent_is_killed(start_server: StartServer, history: History) -> None:
    """A worker that looks for its parent between two calls may have no time to look."""
    server = start_server()
    bound = server.promise("grace_s") + server.promise("orphan_s")
    calls = server.computing(2 * bound)
    with server.connect() as wire:
        occupy(wire, calls)
        with Kill([server.pid], history) as kill:
            kill.took_effect()
        until_gone(server, within=bound)
        check_cut_short(wire, calls)


@clause("supervision/starts-again-after-a-kill")
def test_a_server_that_was_killed_can_be_started_again(start_server: StartServer, history: History) -> None:
    """A file that says that it runs, or a connection that lingers on its port, keeps it down."""
    first = start_server()
    workers = until_staffed(first)
    with first.connect():  # its end of this lingers on the port when it is killed
        with Kill({first.pid, *workers, *(process.pid for process in first.program.tree())}, history) as kill:
            kill.took_effect()
        until_gone(first, within=first.promise("orphan_s"))
        second = start_server(port=first.port, root=first.root)
        until_staffed(second, within=second.promise("boot_s"))
        eventually(second.accepts, within=second.promise("boot_s"), what="connections to be accepted")


@clause("supervision/parent-takes-its-workers-along")
@takes_long("3 s in which newborns die, and their pace afterwards")
def test_a_parent_that_gives_up_takes_the_living_along(start_server: StartServer, history: History) -> None:
    """A parent that has counted too many deaths leaves, and forgets the one who is well."""
    server = start_server()
    victim = min(until_staffed(server))
    with AtBirth(server.worker_pids, history) as births:
        with Kill([victim], history) as kill:
            kill.took_effect()
        births.took_effect()
        throughout(lambda: None, TROUBLED_S)
        if server.program.exit_status() is not None:
            until_gone(server)
