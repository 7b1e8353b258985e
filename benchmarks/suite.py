"""What an examination costs: time and memory of the kit while it examines the reference, in one run.

Times depend on the machine, so they are set against the bound that a user was promised, and against one start of the
reference, which most chaos cases can't do without.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from proctor.examination.selection import TAKES_LONG

ROOT = Path(__file__).resolve().parent.parent
PROMISED_S, PROMISED_MB, PROMISED_CASE_S = 60.0, 100.0, 0.1
LONG_S = 3.0
LOOK_EVERY_S = 0.2


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        whole = examine(Path(folder))
        part = examine(Path(folder), "conformance")
    print(f"{'an examination of the reference, -n auto':48} {'here':>10} {'of what is promised':>22}")
    row(f"all {len(whole.cases)} cases, seconds", whole.took_s, PROMISED_S)
    row(f"conformance, {len(part.cases)} cases, seconds a case", part.took_s / len(part.cases), PROMISED_CASE_S)
    tell_long(whole)
    row("MB resident, the largest process of the kit", max(whole.peak_mb, part.peak_mb), PROMISED_MB)


def tell_long(run: Run) -> None:
    """Conformance cases that take long, and whether they are known to."""
    long = {case: took for case, took in run.cases.items() if took > LONG_S and case.startswith("conformance/")}
    for case, took in sorted(long.items(), key=lambda one: -one[1]):
        print(f"  {took:4.1f} s  {case}: {reason(case)}")


def reason(case: str) -> str:
    """What a case that takes long can't do without, as it says itself."""
    file, _, name = case.partition("::")
    function = getattr(import_module(file.removesuffix(".py").replace("/", ".")), name.partition("[")[0])
    said = [mark.args[0] for mark in getattr(function, "pytestmark", ()) if mark.name == TAKES_LONG]
    return said[0] if said else "NOT LISTED"


def row(name: str, value: float, promised: float) -> None:
    print(f"{name:48} {value:10.2f} {value / promised:21.0%}")


class Run(NamedTuple):
    took_s: float
    cases: dict[str, float]  # seconds each
    peak_mb: float  # the most that one process of the kit ever had resident


def examine(report: Path, *what: str) -> Run:
    command = [sys.executable, "-m", "pytest", "--impl=reference", "-n", "auto", "-q", f"--report={report}", *what]
    started = time.monotonic()
    peak = 0.0
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as run:
        while run.poll() is None:
            peak = max([peak, *map(resident_mb, kit_processes(run.pid))])
            time.sleep(LOOK_EVERY_S)
    if run.returncode != 0:
        raise SystemExit(f"the examination ended with status {run.returncode}: its figures mean nothing")
    took = time.monotonic() - started
    document = json.loads((report / "certificate.json").read_text())
    cases = {case["case"]: case["duration_s"] for clause in document["clauses"] for case in clause["cases"]}
    return Run(took, cases, peak)


def kit_processes(pid: int) -> list[Any]:
    """pytest, and the processes that xdist started: not the implementations, which have sessions of their own."""
    try:
        controller = psutil.Process(pid)
        return [controller, *controller.children()]
    except psutil.NoSuchProcess:
        return []


def resident_mb(process: Any) -> float:
    try:
        return float(process.memory_info().rss) / 1e6
    except psutil.NoSuchProcess:
        return 0.0


if __name__ == "__main__":
    main()
