"""A client under test, and the servers of ours that it finds: what most of the profile `client` is examined on."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from typing import TypeVar

from proctor.outcome import Failure
from proctor.subject.client import Client
from proctor.subject.listing import Listing
from proctor.subject.stage import Stage
from proctor.waiting import eventually
from proctor.wire.connection import show_address
from proctor.wire.dead_ends import refusing
from proctor.wire.scripted import Behaviour, ScriptedServer, answers

Address = tuple[str, int]
T = TypeVar("T")

SETTLES_WITHIN_S = 0.5


class Service:
    """`listing` is the registry's side of it, below the client's root. `clear` leaves it without servers."""

    def __init__(self, stage: Stage, client: Client, listing: Listing) -> None:
        self.client = client
        self.listing = listing
        self._stage = stage
        self._nodes: dict[str, Address] = {}
        self._opened = ExitStack()

    def start(self) -> Service:
        """Start the client and wait until its driver answers: what takes time from then on is no start of a program."""
        self.client.start()
        self.client.servers()
        return self

    # --- servers

    def server(self, behaviour: Behaviour = answers) -> ScriptedServer:
        """Start one more server, register it, and wait until the client has it in its list."""
        (server,) = self.servers(1, behaviour)
        return server

    def servers(self, count: int, behaviour: Behaviour = answers, *, listed: bool = True) -> list[ScriptedServer]:
        """The same for several; without `listed` nobody waits for the client."""
        order = self._stage.manifest.byte_order
        started = [self.open(ScriptedServer(self._stage.loop, behaviour, order)) for _ in range(count)]
        self.add(*(server.address for server in started))
        if listed:
            self.agree()
        return started

    def open(self, resource: AbstractContextManager[T]) -> T:
        """Enter a context that is left when the service is cleared."""
        return self._opened.enter_context(resource)

    # --- the registry's list

    def add(self, *entries: Address | bytes) -> list[str]:
        """Make a node for each address, or with any data at all, as one change; the nodes' paths.

        The client may not have seen them yet: see `agree`.
        """
        paths = self.listing.add_together(*entries)
        addresses = ((path, entry) for path, entry in zip(paths, entries, strict=True) if not isinstance(entry, bytes))
        self._nodes.update(addresses)
        return paths

    def remove(self, *paths: str) -> None:
        for path in paths:
            self.listing.remove(path)
            self._nodes.pop(path, None)

    def withdraw(self, *addresses: Address) -> None:
        """Delete every node of these addresses."""
        self.remove(*(path for path, address in list(self._nodes.items()) if address in addresses))

    def registered(self) -> list[str]:
        """What a client's list should be: each address once, sorted."""
        return sorted({show_address(address) for address in self._nodes.values()})

    def unmake(self) -> None:
        """Delete the root, and all that is below it; `listing.make` makes it again."""
        self.listing.unmake()
        self._nodes.clear()

    # --- the client's

    def agree(self, within: float | None = None) -> None:
        """Wait until the client's list is the registry's: for `update_s` unless told. TimedOut shows both."""
        eventually(self.agrees, within=self.client.promise("update_s") if within is None else within)

    def agrees(self) -> bool:
        """Whether it is so now; AssertionError, which shows both, if it is not."""
        listed, registered = self.client.servers(), self.registered()
        assert listed == registered, f"the client's list is {listed}, and the registry's {registered}"
        return True

    # --- afterwards

    def clear(self) -> None:
        """Close the servers, and delete the nodes, of this case."""
        self.listing.clear()
        self._nodes.clear()
        self._opened.close()

    def settled(self) -> bool:
        """Whether the client, cleared, is as good as new: it follows two more changes, and then calls nobody.

        This decides nothing but whether another case may have it, so it need not be patient.
        """
        try:
            self.agree(SETTLES_WITHIN_S)
            with refusing() as probe:
                self.add(probe)
                self.agree(SETTLES_WITHIN_S)
                self.withdraw(probe)
                self.agree(SETTLES_WITHIN_S)
            return self.client.call("ping", "settled", timeout_s=1.0).kind == "unavailable"
        except Failure:
            return False
