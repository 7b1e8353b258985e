"""The test dies while a fault is in force: by SIGKILL, so that nobody can heal anything.

What the kernel heals: links, since the proxies' sockets close; injection, since strace loses whom it traces; whoever is
held there is killed with the rest. What the kit's sweeper sees to: nothing of the implementation is left, stopped or
not. What an Apache ZooKeeper's guard sees to: tests/zookeeper/test_registry.py.

What nobody promises: a registry that is not ours keeps what was written to it, and a session that has expired stays so.
Who has given up its mark (RLIMIT_LOCKS), or was never ours, keeps its signals and limits. Nothing does the sweeper's
work should that be killed as well. And a test's own files are its runner's.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from proctor.process import observe
from proctor.process.observe import Stat
from proctor.process.process import Process
from proctor.process.program import MARK_BITS
from proctor.process.sweep import mark
from proctor.waiting import eventually
from tests.faults.dying import SCENES
from tests.faults.place import WITHIN_S

CHECKOUT = Path(__file__).parents[2]


class Kits:
    """Starts one kit after another, each with a fault in force."""

    def __init__(self) -> None:
        self._popen = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.dying"],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, scene: str, folder: Path) -> dict[str, Any]:
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        self._popen.stdin.write(f"{scene} {folder}\n")
        self._popen.stdin.flush()
        said: dict[str, Any] = json.loads(self._popen.stdout.readline())
        return said

    def close(self) -> None:
        self._popen.communicate(timeout=WITHIN_S)


@pytest.fixture(scope="module")
def kits() -> Iterator[Kits]:
    with closing(Kits()) as kits:
        yield kits


@pytest.mark.parametrize("scene", SCENES)
def test_nothing_stays_behind_when_the_test_is_killed(scene: str, kits: Kits, tmp_path: Path) -> None:
    said = kits.start(scene, tmp_path)
    with closing(Process(said["kit"])) as kit:
        there = observe.descendants(kit.pid)
        kit.send(signal.SIGKILL)
        assert kit.wait_ended(WITHIN_S)
    assert there, "not even a sweeper"
    eventually(lambda: not left(there, kit.pid), WITHIN_S, f"{', '.join(map(str, there))} to be gone")
    if said["word"] == "unavailable":
        pytest.skip(said["what"])
    assert said["word"] == "in force", said["what"]


def left(there: list[Stat], kit: int) -> list[Stat]:
    """Who still runs of those that were there, or bears a mark of the kit."""
    known = {(process.pid, process.started) for process in there}
    running = [process for process in observe.everything() if process.state not in "ZX"]
    return [it for it in running if (it.pid, it.started) in known or mark(it.pid) >> MARK_BITS == kit]
