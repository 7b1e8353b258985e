"""What chaos costs, and what it leaves behind in the kit: the chaos suite, schedules of one fault, and random ones.

`python -m benchmarks.chaos SECONDS` draws random ones for so long in each of the five cases at once. Whatever they find
ends it: the reference keeps its contract. Its own memory, descriptors and threads are judged within each schedule.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks.suite import ROOT, examine, kit_processes

PROMISED_SUITE_S, PROMISED_ONE_S, PROMISED_A_MINUTE = 90.0, 3.0, 60.0
DRAW_S = 60.0
LOOK_EVERY_S = 1.0
EARLY, LATE = (0.3, 0.45), (0.8, 0.95)  # of the time in which is drawn; before, caches are filled
PERFORMED = re.compile(r"^proctor: test_\w+(?:\[.*\])?: .*; ([0-9.]+) s$", re.MULTILINE)
OF_ONE_FAULT = """
from proctor.api import clause
from proctor.schedules.acts import possible
from proctor.schedules.schedule import After, Planned, Schedule

CLAIMED = ("reload", "reload-by-exec", "grow", "shrink")


@clause("wire/ping-echoes")
def test_each_act_alone(exploration):
    acts = possible(exploration.stage.manifest, of_servers=True, of_clients=True, besides=CLAIMED)
    for what in sorted(set(acts)):
        attempt = exploration.attempt(Schedule((2,), 0, 1, (Planned(what, After(0.1), 0, 0.3),)))
        assert not attempt.found, attempt.found
"""


class Held(NamedTuple):
    """What the kit's processes hold together."""

    mb: float
    descriptors: float
    threads: float


def main(draw_s: float = DRAW_S) -> None:
    with tempfile.TemporaryDirectory() as folder:
        suite = examine(Path(folder), "chaos")
        alone = schedules_of_one_fault(Path(folder))
        drawn = Drawn(Path(folder), draw_s)
    print(f"{'chaos on the reference':48} {'here':>10} {'of what is promised':>22}")
    row(f"all {len(suite.cases)} cases, -n auto, seconds", suite.took_s, PROMISED_SUITE_S)
    row(f"a schedule of one fault, mean of {len(alone)}, seconds", statistics.mean(alone), PROMISED_ONE_S)
    row(f"faults that took effect a minute, {drawn.schedules} schedules", drawn.faults_a_minute, PROMISED_A_MINUTE)
    print(f"{f'the kit in {draw_s:.0f} s of random schedules':48} {'early':>10} {'late':>10}")
    for name, early, late in zip(Held._fields, drawn.held(EARLY), drawn.held(LATE), strict=True):
        print(f"{name:48} {early:10.1f} {late:10.1f}")


def row(name: str, value: float, promised: float) -> None:
    print(f"{name:48} {value:10.2f} {value / promised:21.0%}")


def schedules_of_one_fault(folder: Path) -> list[float]:
    """Seconds that each took."""
    (folder / "test_alone.py").write_text(OF_ONE_FAULT)
    command = pytest_on(folder, "test_alone.py", "--chaos-budget=1")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"schedules of one fault ended with status {done.returncode}:\n{done.stdout}")
    return [float(seconds) for seconds in PERFORMED.findall(done.stderr)]


def pytest_on(folder: Path, *what: str) -> list[str]:
    options = ["-q", "-p", "no:cacheprovider", f"--report={folder / 'report'}"]
    return [sys.executable, "-m", "pytest", f"--impl={ROOT / 'reference'}", *options, *what]


class Drawn:
    """A run of random schedules."""

    def __init__(self, folder: Path, draw_s: float) -> None:
        self._looks: list[tuple[float, Held]] = []
        command = pytest_on(folder, "chaos/test_schedules.py", "-n", "auto", f"--chaos-budget={draw_s}")
        began = time.monotonic()
        with (folder / "said").open("w+") as said:
            with subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=said) as run:
                while run.poll() is None:
                    self._looks.append(((time.monotonic() - began) / draw_s, held(kit_processes(run.pid))))
                    time.sleep(LOOK_EVERY_S)
            minutes = (time.monotonic() - began) / 60
            said.seek(0)
            text = said.read()
        if run.returncode != 0:
            raise SystemExit(f"random schedules ended with status {run.returncode}:\n{text}")
        self.schedules = len(PERFORMED.findall(text))
        document = json.loads((folder / "report" / "certificate.json").read_text())
        cases = {case["case"]: case for clause in document["clauses"] for case in clause["cases"]}
        self.faults_a_minute = sum(len(case["faults"]) for case in cases.values()) / minutes

    def held(self, between: tuple[float, float]) -> Held:
        """The median of this part of the time."""
        looks = [held for moment, held in self._looks if between[0] <= moment <= between[1]]
        return Held(*(statistics.median(column) for column in zip(*looks, strict=True)))


def held(processes: list[psutil.Process]) -> Held:
    each = []
    for process in processes:
        try:
            with process.oneshot():
                each.append((process.memory_info().rss / 1e6, process.num_fds(), process.num_threads()))
        except psutil.NoSuchProcess:
            continue
    return Held(*(sum(column) for column in zip(*each, strict=True))) if each else Held(0, 0, 0)


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
