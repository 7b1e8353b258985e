"""A host that stood still is seen, also by whoever is woken first; one that is merely busy is no excuse."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from proctor.process import observe
from proctor.process.stalls import FORGIVEN_SHARE, NOTED_S, StallMeter
from proctor.waiting import eventually, throughout

WITHIN_S = 20.0
STALL_S = 0.6
BUSY_S = 1.0
ASKS_AT_ONCE = """
import time
from proctor.process.stalls import StallMeter

meter = StallMeter()
meter.start()
began = before = time.monotonic()
print("measuring", flush=True)
while before - began < 20:
    now = time.monotonic()
    if now - before > 0.4:
        print(now - before, meter.between(began, now), meter.spoiled(began, now), flush=True)
        break
    before = now
    time.sleep(0.001)
meter.stop()
print(meter.between(began, now), flush=True)
"""


@pytest.fixture
def meter() -> Iterator[StallMeter]:
    started = StallMeter()
    started.start()
    yield started
    started.stop()


def test_a_stall_is_measured_also_by_whoever_is_woken_before_the_meter() -> None:
    """The whole process is stopped, as when a virtual machine is; its main thread asks as soon as it goes on."""
    with subprocess.Popen([sys.executable, "-c", ASKS_AT_ONCE], stdout=subprocess.PIPE, text=True) as kit:
        assert kit.stdout is not None
        try:
            assert kit.stdout.readline() == "measuring\n"
            kit.send_signal(signal.SIGSTOP)
            eventually(lambda: state(kit.pid) == "T", within=WITHIN_S)
            throughout(lambda: None, STALL_S)
            kit.send_signal(signal.SIGCONT)
            stood, seen, spoiled = kit.stdout.readline().split()
            later = float(kit.stdout.readline())
        finally:
            kit.kill()
    assert float(stood) >= STALL_S
    assert float(seen) == pytest.approx(float(stood), abs=NOTED_S)
    assert spoiled == "True"
    assert later == pytest.approx(float(seen), abs=NOTED_S), "it is told once, not twice"


def test_a_kit_that_holds_its_own_interpreter_is_a_stall(meter: StallMeter) -> None:
    """What no other thread of ours could do meanwhile, no deadline of ours can be held against anybody."""
    began = time.monotonic()
    hold_the_interpreter(STALL_S)
    ended = time.monotonic()
    assert meter.between(began, ended) >= STALL_S / 2
    assert meter.spoiled(began, ended)
    assert not meter.spoiled(ended, ended + STALL_S)


def test_a_busy_machine_is_not_a_stalled_one(meter: StallMeter) -> None:
    began = time.monotonic()
    with ExitStack() as burners:
        for _ in range(os.cpu_count() or 1):
            burner = burners.enter_context(subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]))
            burners.callback(burner.kill)
        throughout(lambda: None, BUSY_S)
        assert not meter.spoiled(began, time.monotonic())


def test_what_falls_outside_of_a_wait_does_not_count_and_an_allowance_is_less_than_the_wait() -> None:
    meter = StalledFor(0.3)
    assert meter.spoiled(0, 1)
    assert not meter.spoiled(0, 10)
    assert meter.spoiled(0, 10, allowance_s=0.5)
    assert not meter.spoiled(0, 10, allowance_s=0.3 / FORGIVEN_SHARE + 0.1)


def test_a_meter_may_be_started_again_and_knows_nothing_of_the_time_between(meter: StallMeter) -> None:
    meter.stop()
    began = time.monotonic()
    hold_the_interpreter(2 * NOTED_S)
    meter.start()
    assert meter.between(began, time.monotonic()) == 0


class StalledFor(StallMeter):
    """Says that the host stalled for so long, whenever."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def between(self, started: float, ended: float) -> float:
        return min(self._seconds, ended - started)


def hold_the_interpreter(seconds: float) -> None:
    """A call into C that doesn't give the interpreter away: no other thread of this process runs meanwhile."""
    ctypes.PyDLL(None).usleep(int(seconds * 1_000_000))


def state(pid: int) -> str:
    found = observe.stat(pid)
    return found.state if found else ""
