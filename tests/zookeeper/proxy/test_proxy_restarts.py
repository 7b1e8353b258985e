"""A registry that restarts behind the proxy."""

from __future__ import annotations

from collections.abc import Callable

from proctor.waiting import eventually
from proctor.zookeeper.proxy import RegistryProxy
from proctor.zookeeper.registry import Registry
from tests.zookeeper.proxy.subjects import PATIENCE_S, Subject


def test_a_registry_that_restarts_is_found_again(
    proxy: RegistryProxy, registry: Registry, start_kazoo: Callable[..., Subject], root: str
) -> None:
    """While it is down the proxy refuses, as the registry does."""
    kazoo = start_kazoo(timeout_s=20.0)
    path = kazoo.register(root)
    mine = kazoo.session_id
    registry.kill()
    eventually(lambda: proxy.stats.refusing, PATIENCE_S, "the proxy to refuse")
    kazoo.wait_state("SUSPENDED")
    registry.restart()
    kazoo.wait_connected()
    assert kazoo.session_id == mine
    assert kazoo.kazoo.exists(path)
