"""Where a measurement of the kit takes place: a stage of its own, in a process of its own, and that process's meter."""

from __future__ import annotations

import logging
import os
import resource
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from proctor.history import History
from proctor.loop import LoopThread
from proctor.manifest import read_manifest
from proctor.process import observe
from proctor.process.ports import Ports
from proctor.process.program import adopt_orphans
from proctor.process.sweeper import Sweeper
from proctor.subject.stage import Stage
from proctor.zookeeper.registry import open_registry

REFERENCE = Path(__file__).resolve().parent.parent / "reference"
PATIENCE = 4.0  # as --time-scale: a busy machine is to give poorer figures, not none
MISSING = 3  # exit status of a measurement whose registry can't be had here


class Spent(NamedTuple):
    """What something took: seconds by the clock, and of the kit's processor time, that of its children left out."""

    wall_s: float
    cpu_s: float


class Meter:
    """Measures from its making, or from the last `lap` on."""

    def __init__(self) -> None:
        self._last = now()

    def lap(self) -> Spent:
        before, self._last = self._last, now()
        return Spent(self._last.wall_s - before.wall_s, self._last.cpu_s - before.cpu_s)


def now() -> Spent:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return Spent(time.perf_counter(), used.ru_utime + used.ru_stime)


def peak_mb() -> float:
    """The most that this process ever had resident. (ru_maxrss won't do: it begins with the parent's at the fork.)"""
    return int(observe.status(os.getpid())["VmHWM"].split()[0]) / 1024


@contextmanager
def reference_stage(spec: str) -> Iterator[Stage]:
    """A stage with a registry that runs, "embedded" or "zookeeper", for the reference. Raises RegistryUnavailable."""
    logging.getLogger("kazoo").setLevel(logging.CRITICAL)
    adopt_orphans()
    sweeper = Sweeper()
    try:
        with LoopThread() as loop, closing(Ports()) as ports:
            registry = open_registry(spec, loop)
            registry.start()
            with closing(Stage(read_manifest(REFERENCE), registry, loop, History(), ports, PATIENCE)) as stage:
                yield stage
    finally:
        sweeper.stop()
