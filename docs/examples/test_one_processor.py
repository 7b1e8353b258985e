"""A case for the fault, in a suite of one's own: `pytest --impl=reference docs/examples/test_one_processor.py`."""

from __future__ import annotations

from docs.examples.one_processor import OneProcessor
from proctor.api import History, Kill, StartServer, clause, until_staffed


@clause("supervision/dead-worker-is-replaced")
def test_a_parent_on_one_processor_replaces_its_workers(start_server: StartServer, history: History) -> None:
    """A parent that spins until its child is there never lets it run."""
    server = start_server(workers=2)
    victims = until_staffed(server)
    with OneProcessor(server.pid, history) as squeezed:
        squeezed.took_effect()
        with Kill(victims, history) as kill:
            kill.took_effect()
        until_staffed(server, without=victims)
