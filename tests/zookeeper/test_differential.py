"""The embedded registry against Apache ZooKeeper: the same random operations, the same answers.

Apache ZooKeeper is right by definition. Each example is a list of steps drawn up front, taken on both; the first step
after which any client saw anything else fails it. `PROCTOR_DIFFERENTIAL=5000` runs that many examples.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from proctor.loop import LoopThread
from proctor.zookeeper.apache import ApacheRegistry
from proctor.zookeeper.embedded import EmbeddedRegistry
from proctor.zookeeper.keeper import Settings
from proctor.zookeeper.registry import Registry, RegistryUnavailable
from tests.zookeeper.scripts import scripts
from tests.zookeeper.twins import Step, Twin

EXAMPLES = int(os.environ.get("PROCTOR_DIFFERENTIAL", "120"))
TICK_MS = 10_000_000  # nothing expires and nothing is collected by itself while the two are compared


@pytest.fixture(scope="module")
def pair(loop: LoopThread) -> Iterator[tuple[Registry, Registry]]:
    try:
        apache = ApacheRegistry(TICK_MS)
    except RegistryUnavailable as missing:
        pytest.skip(str(missing))
    with apache, EmbeddedRegistry(loop, Settings(TICK_MS)) as embedded:
        yield embedded, apache


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    """A root of its own for each example."""
    return itertools.count()


@given(scripts)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[phase for phase in Phase if phase is not Phase.explain],
)
def test_both_registries_answer_alike(
    pair: tuple[Registry, Registry], numbers: Iterator[int], script: list[Step]
) -> None:
    number = next(numbers)
    ours, theirs = (Twin(registry, number) for registry in pair)
    try:
        for place, step in enumerate(script):
            told, expected = ours.take(step), theirs.take(step)
            assert told == expected, f"after step {place}, {step}"
    finally:
        ours.close()
        theirs.close()
