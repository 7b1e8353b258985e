"""One loop, one Apache ZooKeeper and one ensemble for the folder; a place for each test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from proctor.loop import LoopThread
from proctor.zookeeper.registry import Registry, RegistryUnavailable, open_registry
from tests.faults.place import Place


@pytest.fixture(scope="session")
def loop() -> Iterator[LoopThread]:
    with LoopThread() as running:
        yield running


@pytest.fixture(scope="session")
def zookeeper(loop: LoopThread) -> Iterator[Registry]:
    yield from opened("zookeeper", loop)


@pytest.fixture(scope="session")
def ensemble(loop: LoopThread) -> Iterator[Registry]:
    yield from opened("ensemble", loop)


def opened(kind: str, loop: LoopThread) -> Iterator[Registry]:
    try:
        registry = open_registry(kind, loop)
    except RegistryUnavailable as missing:
        pytest.skip(str(missing))
    with registry:
        yield registry


@pytest.fixture
def place(
    loop: LoopThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Place]:
    with ExitStack() as ends:

        def registry(kind: str) -> Registry:
            if kind in ("zookeeper", "ensemble"):
                shared: Registry = request.getfixturevalue(kind)
                return shared
            return ends.enter_context(open_registry(kind, loop))

        yield Place(loop, registry, tmp_path, monkeypatch, ends)
