"""What goes wrong between a server and its registry, and with the registry itself."""

from __future__ import annotations

from contextlib import closing, suppress

from proctor.faults.fault import Fault
from proctor.history import History
from proctor.zookeeper.client import Client
from proctor.zookeeper.proxy import ArmedRule, Expiry, RegistryProxy, Rule, SeenSession
from proctor.zookeeper.registry import Registry

SILENCE_S = 0.3  # a handshake is answered within milliseconds


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


class Strike(Fault):
    """A rule of the proxy at work: frames that fit it are struck. Proof: it fired. Healed by healing the proxy."""

    needs = "proxy"

    def __init__(self, proxy: RegistryProxy, rule: Rule, history: History) -> None:
        super().__init__(history)
        self._proxy = proxy
        self._rule = rule
        self.armed: ArmedRule | None = None

    @property
    def name(self) -> str:
        return f"{type(self._rule.action).__name__} on {self._rule.on}"

    def inject(self) -> None:
        self.armed = self._proxy.arm(self._rule)

    def proof(self) -> str | None:
        fired = self.armed.fired if self.armed else 0
        return f"{fired} frames were struck" if fired else None

    def heal(self) -> None:
        self._proxy.heal()


class RegistryFault(Fault):
    """A fault of a registry of ours."""

    needs = "a registry of ours"

    def __init__(self, registry: Registry, history: History) -> None:
        super().__init__(history)
        self.registry = registry

    def unavailable(self) -> str | None:
        return None if self.registry.ours else f"the registry at {self.registry.address} is not ours to break"


class RegistryGone(RegistryFault):
    """The registry is killed; its state stays. Proof: nobody accepts at its address. Healed by a restart."""

    def inject(self) -> None:
        self.registry.kill()

    def proof(self) -> str | None:
        try:
            with probe(self.registry):
                return None
        except ConnectionRefusedError:
            return f"nobody accepts at {self.registry.address}"

    def heal(self) -> None:
        self.registry.restart()


class RegistryWiped(RegistryFault):
    """The registry comes back empty, knowing neither sessions nor nodes. Proof: a session that it had is not known."""

    def __init__(self, registry: Registry, session: SeenSession, history: History) -> None:
        super().__init__(registry, history)
        self._session = session

    def inject(self) -> None:
        self.registry.wipe()

    def proof(self) -> str | None:
        with suppress(OSError), probe(self.registry) as client:
            known = client.connect(session_id=self._session.id, password=self._session.password).session_id
            return None if known else f"the registry does not know session {self._session.id:#x} any more"
        return None

    def heal(self) -> None:
        """An empty registry is as good as any."""


class RegistryFrozen(RegistryFault):
    """The registry answers nothing, while the kernel accepts. Proof: a handshake gets no answer. Healed by thawing."""

    def inject(self) -> None:
        self.registry.freeze()

    def proof(self) -> str | None:
        try:
            with probe(self.registry, SILENCE_S) as client:
                client.connect()
        except TimeoutError:
            return f"{self.registry.address} accepts, and gives no answer in {SILENCE_S} s"
        return None

    def heal(self) -> None:
        self.registry.thaw()


def probe(registry: Registry, within_s: float = 5.0) -> closing[Client]:
    """A connection to a registry of ours, which is one server."""
    host, _, port = registry.address.rpartition(":")
    return closing(Client(host, int(port), within_s))
