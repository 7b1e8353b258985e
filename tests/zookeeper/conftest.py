"""The registries that the tests of this folder run on; Apache ZooKeeper, alone and as an ensemble, is started
once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from proctor.loop import LoopThread
from proctor.zookeeper.registry import Registry, RegistryUnavailable, open_registry


@pytest.fixture(scope="session")
def loop() -> Iterator[LoopThread]:
    with LoopThread() as running:
        yield running


@pytest.fixture(scope="session")
def apache(loop: LoopThread) -> Iterator[Registry]:
    yield from opened("zookeeper", loop)


@pytest.fixture(scope="session")
def ensemble(loop: LoopThread) -> Iterator[Registry]:
    yield from opened("ensemble", loop)


def opened(kind: str, loop: LoopThread) -> Iterator[Registry]:
    yield from started(lambda: open_registry(kind, loop))


def started(make: Callable[[], Registry]) -> Iterator[Registry]:
    try:
        registry = make()
    except RegistryUnavailable as missing:
        pytest.skip(str(missing))
    with registry:
        yield registry


@pytest.fixture
def embedded(loop: LoopThread) -> Iterator[Registry]:
    with open_registry("embedded", loop) as registry:
        yield registry


@pytest.fixture(params=["embedded", "apache"])
def registry(request: pytest.FixtureRequest) -> Registry:
    """One test, both registries: what holds on one holds on the other."""
    found: Registry = request.getfixturevalue(request.param)
    return found
