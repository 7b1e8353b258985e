"""How long sessions last while a case runs: short where one is to be lost, as long as the registry allows elsewhere."""

from __future__ import annotations

from proctor.zookeeper.proxy import RegistryProxy

SHORT_SESSION_MS = 1000
"""Short enough to wait for its expiry, and long enough for a client that gets its heartbeats out on a busy machine."""


LONG_SESSION_MS = 20_000
"""Longer than a registry takes to restart, whose JVM may have little of the processor."""


def short_session(proxy: RegistryProxy) -> None:
    """For a session that is to be lost by silence, instead of ten seconds or whatever was asked for."""
    proxy.clamp_session_timeout(SHORT_SESSION_MS)


def long_session(proxy: RegistryProxy) -> None:
    """For a session that must outlive what is done to the registry, whoever else is busy then."""
    proxy.clamp_session_timeout(least_ms=LONG_SESSION_MS)


def ordinary_session(proxy: RegistryProxy) -> None:
    """For the sessions that follow: what stands then must not fall again because this machine is busy."""
    proxy.clamp_session_timeout(None)
