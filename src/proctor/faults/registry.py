"""A session that ends, and what goes wrong with a registry itself. What befalls single frames: `strikes`."""

from __future__ import annotations

import uuid
from abc import abstractmethod
from contextlib import closing, suppress

from proctor.faults.fault import Fault
from proctor.history import History
from proctor.outcome import Inconclusive
from proctor.zookeeper.client import Client
from proctor.zookeeper.codes import CreateMode, Error, OpCode
from proctor.zookeeper.protocol import OPEN_ACL, CreateRequest, ExistsRequest
from proctor.zookeeper.proxy import Expiry, RegistryProxy, SeenSession
from proctor.zookeeper.registry import Registry

SILENCE_S = 0.3  # a handshake is answered within milliseconds
PROBED_WITHIN_S = 5.0


class ExpireSession(Fault):
    """Expires a session at once and for real, by taking it over and closing it.

    Proof: the registry closed it, and the nodes that it owned are gone. What expired does not come back.
    """

    needs = "proxy"

    def __init__(self, proxy: RegistryProxy, history: History) -> None:
        super().__init__(history)
        self._proxy = proxy
        self._expiry: Expiry | None = None

    def inject(self) -> None:
        self._expiry = self._proxy.expire()

    def proof(self) -> str | None:
        if self._expiry is None:
            return None
        return f"session {self._expiry.session_id:#x} closed by takeover, its nodes gone: {self._expiry.nodes}"

    def heal(self) -> None:
        """A session that has expired stays so."""


class RegistryFault(Fault):
    """A fault of a registry of ours. It is used first: one that doesn't answer is broken already."""

    needs = "a registry of ours"

    def __init__(self, registry: Registry, history: History) -> None:
        super().__init__(history)
        self.registry = registry

    def unavailable(self) -> str | None:
        return None if self.registry.ours else f"the registry at {self.registry.address} is not ours to break"

    def inject(self) -> None:
        try:
            with probe(self.registry) as client:
                client.connect()
                self.prepare(client)
                client.call(OpCode.CLOSE_SESSION)
        except OSError as error:
            raise Inconclusive(f"the registry at {self.registry.address} was broken before: {error}") from None
        self.break_it()

    def prepare(self, client: Client) -> None:
        """Do to the whole registry what shows, later, that it was broken."""

    @abstractmethod
    def break_it(self) -> None: ...


class RegistryGone(RegistryFault):
    """The registry is killed; its state stays. Proof: nobody accepts where it served. Healed by a restart."""

    def break_it(self) -> None:
        self.registry.kill()

    def proof(self) -> str | None:
        for server in self.registry.servers:
            with suppress(ConnectionRefusedError), closing(Client(*server)):
                return None
        return f"nobody accepts at {self.registry.address}"

    def heal(self) -> None:
        self.registry.restart()


class RegistryWiped(RegistryFault):
    """The registry comes back empty, knowing neither sessions nor nodes.

    Proof: it doesn't know a session that it had, nor a persistent node of ours.
    """

    def __init__(self, registry: Registry, session: SeenSession, history: History) -> None:
        super().__init__(registry, history)
        self._session = session
        self._node = f"/proctor-{uuid.uuid4().hex}"

    def prepare(self, client: Client) -> None:
        client.call(OpCode.CREATE, CreateRequest(self._node, b"", OPEN_ACL, CreateMode.PERSISTENT))

    def break_it(self) -> None:
        self.registry.wipe()

    def proof(self) -> str | None:
        try:
            known = self._knows_node() or self._knows_session()
        except OSError:  # it is on its way back
            return None
        return None if known else f"the registry knows neither session {self._session.id:#x} nor {self._node} any more"

    def _knows_node(self) -> bool:
        with probe(self.registry) as client:
            client.connect()
            found = client.ask(OpCode.EXISTS, ExistsRequest(self._node, watch=False)).err
            client.call(OpCode.CLOSE_SESSION)
        return found is not Error.NO_NODE

    def _knows_session(self) -> bool:
        with probe(self.registry) as client:
            return bool(client.connect(session_id=self._session.id, password=self._session.password).session_id)

    def heal(self) -> None:
        """An empty registry is as good as any."""


class RegistryFrozen(RegistryFault):
    """The registry answers nothing, while the kernel accepts. Proof: a handshake gets no answer. Healed by thawing."""

    def break_it(self) -> None:
        self.registry.freeze()

    def proof(self) -> str | None:
        silent = all(self._silent(server) for server in self.registry.servers)
        return f"{self.registry.address} accepts, and gives no answer in {SILENCE_S} s" if silent else None

    def _silent(self, server: tuple[str, int]) -> bool:
        with suppress(ConnectionError), closing(Client(*server, SILENCE_S)) as client:
            try:
                client.connect()
            except TimeoutError:
                return True
        return False

    def heal(self) -> None:
        self.registry.thaw()


def probe(registry: Registry) -> closing[Client]:
    """A connection to a registry of ours: to the first of its servers, since whatever is done is done to all."""
    return closing(Client(*registry.servers[0], PROBED_WITHIN_S))
