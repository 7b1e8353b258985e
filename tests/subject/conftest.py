"""One loop and one registry for the folder; miniatures for each test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from proctor.loop import LoopThread
from proctor.process.program import adopt_orphans
from proctor.zookeeper.registry import Registry, open_registry
from tests.subject.miniatures import Miniatures


@pytest.fixture(scope="session")
def loop() -> Iterator[LoopThread]:
    with LoopThread() as running:
        yield running


@pytest.fixture(scope="session")
def registry(loop: LoopThread) -> Iterator[Registry]:
    with open_registry("embedded", loop) as serving:
        yield serving


@pytest.fixture
def miniatures(loop: LoopThread, registry: Registry, tmp_path: Path) -> Iterator[Miniatures]:
    adopt_orphans()
    with ExitStack() as ends:
        yield Miniatures(loop, registry, tmp_path, ends)
