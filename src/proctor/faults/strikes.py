"""What befalls single frames between an implementation and its registry."""

from __future__ import annotations

from collections.abc import Collection

from proctor.faults.fault import Fault
from proctor.history import History
from proctor.links.connection import How
from proctor.zookeeper.codes import Error, OpCode
from proctor.zookeeper.proxy import (
    CREATES,
    READS,
    ArmedRule,
    Delay,
    Drop,
    GrantNewSession,
    Kind,
    Refuse,
    RegistryProxy,
    Repeat,
    Rule,
    ServeStale,
)


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


class LostEvents(Strike):
    """Watch events are never told, although the watch is spent. What was lost stays so."""

    def __init__(self, proxy: RegistryProxy, history: History, path_prefix: str = "") -> None:
        super().__init__(proxy, Rule(Kind.EVENT, Drop(), path_prefix=path_prefix, times=None), history)


class LateEvents(Strike):
    """Watch events are told so many seconds late, and so is all that comes behind them. Healing hurries them."""

    def __init__(self, proxy: RegistryProxy, history: History, seconds: float, path_prefix: str = "") -> None:
        super().__init__(proxy, Rule(Kind.EVENT, Delay(seconds), path_prefix=path_prefix, times=None), history)


class RepeatedEvents(Strike):
    """Watch events are told twice, as to a client that has armed its watch twice without knowing."""

    def __init__(self, proxy: RegistryProxy, history: History, path_prefix: str = "") -> None:
        super().__init__(proxy, Rule(Kind.EVENT, Repeat(), path_prefix=path_prefix, times=None), history)


class StaleReads(Strike):
    """Reads are answered with what was true before, as by a server that lags behind; where that is known."""

    def __init__(
        self, proxy: RegistryProxy, history: History, op: Collection[OpCode] = READS, path_prefix: str = ""
    ) -> None:
        super().__init__(proxy, Rule(Kind.REPLY, ServeStale(), op, path_prefix, times=None), history)


class SilentNewSession(Strike):
    """Connections are cut, and whoever comes back for its session silently gets another one (R18).

    The old session is left to the registry, with its nodes, until it expires.
    """

    def __init__(self, proxy: RegistryProxy, history: History, how: How = "fin") -> None:
        super().__init__(proxy, Rule(Kind.REQUEST, GrantNewSession(), (OpCode.CREATE_SESSION,)), history)
        self._how = how

    def inject(self) -> None:
        super().inject()
        self._proxy.cut(self._how)


class SessionMoved(Strike):
    """A request is not executed, and told that its session has moved to another server of the ensemble.

    Apache ZooKeeper 3.8 ends the connection instead of saying so: that is `Cut` on a request.
    """

    def __init__(
        self, proxy: RegistryProxy, history: History, op: Collection[OpCode] = CREATES, path_prefix: str = ""
    ) -> None:
        super().__init__(proxy, Rule(Kind.REQUEST, Refuse(Error.SESSION_MOVED), op, path_prefix), history)
