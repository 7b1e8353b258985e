"""Whatever an implementation does, its examination ends in time, says who is to blame, and leaves nothing behind.

What no kit without a container of its own can hold is not tried here:

- one that kills the kit, which runs as the same user: the sweeper ends what is left then (tests/examination/
  test_leftovers.py);
- a process that leaves its tree and lowers RLIMIT_LOCKS, by which the kit knows its own (entry.py);
- one that fills the disk, the process table, or all of the machine's memory;
- a registry that isn't ours, filled with data that the kit then reads: only the embedded one refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from proctor.process.program import adopt_orphans
from tests.hostile.attempt import Arena
from tests.hostile.implementation import Hostile, everybody

FAILED, USAGE_ERROR = 1, 4
MEMORY_KIB = 200 << 10
TEXT_BYTES = 64 << 10


@pytest.fixture
def enter(tmp_path: Path) -> Iterator[Callable[[Hostile], Arena]]:
    """An arena of whoever enters. What the kit should have ended there, and did not, ends with the test."""
    adopt_orphans()
    arenas: list[Arena] = []

    def enter(hostile: Hostile) -> Arena:
        arenas.append(Arena(tmp_path, hostile))
        return arenas[0]

    yield enter
    arenas[0].clear()


@pytest.mark.parametrize("hostile", everybody(), ids=lambda hostile: hostile.name)
def test_the_kit_outlasts(enter: Callable[[Hostile], Arena], hostile: Hostile) -> None:
    arena = enter(hostile)
    attempt = arena.attempt()
    assert attempt.status in (FAILED, USAGE_ERROR), attempt.text
    for said in hostile.says:
        assert said in attempt.text
    assert "Traceback" not in attempt.text, "the kit's own, or what it took for a reason to show one"
    assert not [char for char in attempt.text if not (char.isprintable() or char == "\n")]
    assert len(attempt.text) < TEXT_BYTES
    assert attempt.peak_kib < MEMORY_KIB
    assert arena.left() == []
    assert arena.files() == ["impl/report"] * (attempt.status == FAILED)
