"""The proxy between one implementation process and the registry, as tests hold it."""

from __future__ import annotations

from collections.abc import Mapping

from proctor.links import Address, Proxy
from proctor.loop import LoopThread
from proctor.outcome import Inconclusive
from proctor.zookeeper import sessions
from proctor.zookeeper.dialect import Dialect, JsonDialect
from proctor.zookeeper.proxy import reading, takeover
from proctor.zookeeper.proxy.operations import Operation
from proctor.zookeeper.proxy.relay import RegistryRelay
from proctor.zookeeper.proxy.rules import ArmedRule, Rule
from proctor.zookeeper.proxy.sessions import SeenSession
from proctor.zookeeper.proxy.takeover import Expiry
from proctor.zookeeper.proxy.upstream import parse_upstream

EXPIRE_WITHIN_S = 10.0  # each step of it; a few milliseconds on a quiet machine


class RegistryProxy(Proxy[RegistryRelay]):
    """All faults of a link, and those that need to understand what passes. One per implementation process tree.

    `upstream` is a connect string; of several servers the first that accepts is used, and one that answers no handshake
    is tried last from then on. `heal` removes rules, too; `clamp_session_timeout` and `rewrite_addresses` are settings
    and stay.
    """

    def __init__(self, loop: LoopThread, upstream: str) -> None:
        super().__init__(loop)
        self._targets = parse_upstream(upstream)

    @property
    def address(self) -> str:
        """`host:port` for the implementation. A chroot of the upstream is to be added: paths pass as they are."""
        return str(self.endpoint)

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The last 10,000 frames; a first number over 1 says that there were more."""
        return self.on_loop(lambda: tuple(self.relay.operations))

    @property
    def sessions(self) -> tuple[SeenSession, ...]:
        """Every session that a handshake showed, in the order of first sight."""
        return self.on_loop(self.relay.sessions.all)

    @property
    def attached(self) -> frozenset[int]:
        """The sessions that have a connection now."""
        return self.on_loop(lambda: frozenset(self.relay.attached().values()))

    def arm(self, rule: Rule) -> ArmedRule:
        """Put a rule to work until `heal`."""
        armed = ArmedRule(rule, self._release)
        self.on_loop(lambda: self.relay.rules.append(armed))
        return armed

    def clamp_session_timeout(self, most_ms: int | None = None, least_ms: int | None = None) -> None:
        """From the next handshake on ask the registry for no more or no less; its answer passes, so the client knows.

        None sets no limit.
        """
        limits = [limit for limit in (least_ms, most_ms) if limit is not None]
        if any(limit < 1 for limit in limits):
            raise ValueError(f"a session needs a timeout of at least 1 ms, not {min(limits)}")
        if limits != sorted(limits):
            raise ValueError(f"a session can't last at least {least_ms} and at most {most_ms} ms")

        def clamp() -> None:
            self.relay.timeout_ms_min, self.relay.timeout_ms_max = least_ms, most_ms

        self.on_loop(clamp)

    def rewrite_addresses(
        self, mapping: Mapping[Address, Address] | reading.Mapping | None, dialect: Dialect | None = None
    ) -> None:
        """In what getData answers put other addresses in place of the servers': those of link proxies of ours.

        `mapping` gives None for an address that stays; a callable runs on the loop and must not block. A mapping
        is looked up at each answer, so it may grow. None ends it. `dialect`: JSON unless told.
        """
        look_up = mapping.get if isinstance(mapping, Mapping) else mapping

        def rewrite() -> None:
            self.relay.rewriting = look_up and reading.Rewriting(look_up, dialect or JsonDialect())

        self.on_loop(rewrite)

    def expire(self, which: int = -1, within_s: float = EXPIRE_WITHIN_S) -> Expiry:
        """Expire one of `sessions`, the last one unless told, at once and for real.

        Its connections end then as when a session times out: by FIN. Raises Inconclusive if it can't be proven.
        """
        seen = self.sessions
        if not -len(seen) <= which < len(seen):
            raise Inconclusive(f"there is no session {which} to expire: {len(seen)} were seen")
        return self.expire_session(seen[which].id, seen[which].password, within_s)

    def expire_session(
        self, session_id: int, password: bytes | None = None, within_s: float = EXPIRE_WITHIN_S
    ) -> Expiry:
        """The same for any session of the registry; a password that was not seen is derived from the id."""
        secret = sessions.password(session_id) if password is None else password
        # A registry ends the old connection as soon as a session is asked for. A client that then came back before
        # the session is closed would take it over from us: it has to wait these few milliseconds.
        self.on_loop(lambda: self.relay.hold_dialling(hold=True))
        try:
            expiry = takeover.expire(self._targets, session_id, secret, within_s)
            self.on_loop(lambda: self.relay.end_session(session_id, "takeover"))
        finally:
            self.on_loop(lambda: self.relay.hold_dialling(hold=False))
        return expiry

    def make_relay(self) -> RegistryRelay:
        return RegistryRelay(self.thread.loop, self._targets)

    def _release(self, armed: ArmedRule) -> None:
        self.on_loop(lambda: self.relay.release(armed))
