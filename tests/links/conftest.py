"""One loop for the file, and a link in front of a target that the test plays itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from proctor.links import LinkProxy
from proctor.loop import LoopThread
from tests.links.ends import Pair, Target, pair


@pytest.fixture(scope="module")
def loop() -> Iterator[LoopThread]:
    with LoopThread() as running:
        yield running


@pytest.fixture
def target() -> Iterator[Target]:
    standing = Target()
    yield standing
    standing.leave()


@pytest.fixture
def link(loop: LoopThread, target: Target) -> Iterator[LinkProxy]:
    with LinkProxy(loop, target.address) as proxy:
        yield proxy


@pytest.fixture
def ends(link: LinkProxy, target: Target) -> Iterator[Pair]:
    with pair(link, target) as connected:
        yield connected
