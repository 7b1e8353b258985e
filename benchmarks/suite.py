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
from pathlib import Path
from typing import Any, NamedTuple

import psutil

ROOT = Path(__file__).resolve().parent.parent
PROMISED_S, PROMISED_MB, PROMISED_CASE_S = 60.0, 100.0, 0.1
LONG_S = 3.0
LONG = {  # cases that may take longer, and what they can't do without
    "test_a_session_is_kept_while_every_worker_computes": "calls that compute for two sessions each",
    "test_workers_are_not_taken_for_hung_because_time_went_by": "twice hang_s without a tick, and a look afterwards",
    "test_attempts_to_reconnect_are_spread_out": "5 s in which attempts to connect are counted",
    "test_reloads_leave_nothing_behind": "6 reloads",
    "test_a_worker_that_was_forked_into_a_busy_server_serves": "8 workers, killed one after the other",
    "test_workers_that_are_killed_or_crash_are_replaced_one_and_all": "4 rounds of deaths, and a look afterwards",
    "test_workers_that_keep_dying_are_forked_at_a_pace": "3 s in which newborns are counted",
    "test_the_old_generation_stays_while_the_new_one_dies": "3 s in which newborns are counted",
    "test_a_parent_that_gives_up_takes_the_living_along": "3 s in which newborns die, and their pace afterwards",
    "test_an_old_worker_whose_call_lasts_too_long_is_killed": "grace_s",
    "test_an_old_worker_that_stands_still_is_killed": "grace_s",
    "test_a_call_that_lasts_too_long_does_not_keep_the_server_from_stopping": "grace_s",
    "test_busy_workers_end_when_their_parent_is_killed": "grace_s",
    "test_a_request_that_is_not_answered_is_not_sent_again": "a call that nobody answers, for 3 s",
    "test_a_client_rests_while_nobody_calls": "three looks of a second each",
    "test_slow_readers_keep_nobody_from_being_served": "8 clients, whose buffers are filled one after the other",
    "test_a_server_without_workers_is_not_in_the_list": "a server that waits before it takes its node away, and back",
    "test_a_worker_that_shows_no_sign_of_life_is_replaced": "hang_s",
}
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
        print(f"  {took:4.1f} s  {case}: {LONG.get(case.rpartition('::')[2], 'NOT LISTED')}")


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
