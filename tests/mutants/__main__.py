"""`make mutants`: the reference with small changes, drawn from a seed, each judged by the suite like anybody's.

A mutant is caught if a clause fails, or if nothing starts. One that survives shows what the suite doesn't look at, or
stands in lawful.toml, with the reason why it keeps the contract all the same.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from proctor.places import CHECKOUT, suite_folders
from tests.mutants.mutations import Mutant, mutants_of

REFERENCE = CHECKOUT / "reference"
LAWFUL = Path(__file__).with_name("lawful.toml")
AT_ONCE, PROCESSES_EACH = 2, 3
ENDS_WITHIN_S = 900
USAGE_ERROR = 4
FIRST = {  # the profiles that a module is most about; the others are tried if these are all kept
    "wire": ("wire.py", "codec.py", "methods.py", "connection.py", "worker.py", "timers.py"),
    "discovery": ("registration.py", "registry.py"),
    "client": ("client.py", "directory.py", "drive.py"),
    "supervision or restart": ("supervisor.py", "children.py", "signals.py", "reports.py", "listener.py"),
}


@dataclass(frozen=True)
class Judged:
    """`caught_by`: the first case that failed, or what else stopped the run; empty if it survived."""

    mutant: Mutant
    caught_by: str


def judge(mutant: Mutant) -> Judged:
    for marks in rounds(mutant.module):
        caught_by = examine(mutant, marks)
        if caught_by:
            return Judged(mutant, caught_by)
    return Judged(mutant, "")


def rounds(module: str) -> list[str]:
    for marks, modules in FIRST.items():
        if module in modules:
            return [marks, f"not ({marks})"]
    return [""]


def examine(mutant: Mutant, marks: str) -> str:
    """The first case that fails, or "the smoke check"; empty if all pass."""
    with tempfile.TemporaryDirectory() as made:
        copy, report = Path(made) / "reference", Path(made) / "report"
        shutil.copytree(REFERENCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
        (copy / mutant.module).write_text(mutant.source)
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-n", str(PROCESSES_EACH)]
        command += [f"--impl={copy}", f"--report={report}", *(["-m", marks] if marks else [])]
        run = subprocess.run(
            [*command, *map(str, suite_folders())],
            cwd=made,
            capture_output=True,
            text=True,
            timeout=ENDS_WITHIN_S,
            check=False,
        )
        return "the smoke check" if run.returncode == USAGE_ERROR else first_failure(report, run)


def first_failure(report: Path, run: subprocess.CompletedProcess[str]) -> str:
    document = json.loads((report / "certificate.json").read_text())
    cases = [case for entry in document["clauses"] for case in entry["cases"]]
    failed = [case["case"] for case in cases if case["verdict"] == "fail"]
    if failed:
        return str(failed[0])
    assert not any(case["verdict"] == "error" for case in cases), run.stdout
    return ""


def drawn(count: int, seed: int) -> list[Mutant]:
    """So many mutants, or all there are, but for those that keep the contract."""
    known = {entry["mutant"] for entry in tomllib.loads(LAWFUL.read_text())["lawful"]}
    every = [mutant for path in sorted(REFERENCE.glob("*.py")) for mutant in mutants_of(path)]
    return [mutant for mutant in sample(every, count, seed) if mutant.named not in known]


def sample(mutants: list[Mutant], count: int, seed: int) -> list[Mutant]:
    """Each one's place is its own: a change to the reference draws no others than those that it makes or unmakes."""
    return sorted(mutants, key=lambda mutant: sha256(f"{seed} {mutant.named}".encode()).digest())[:count]


def row(judged: Judged) -> str:
    mark = f"caught    by {judged.caught_by}" if judged.caught_by else "SURVIVED"
    return f"{judged.mutant.named}   line {judged.mutant.line}\n    {mark}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="how many mutants are drawn (100)")
    parser.add_argument("--seed", type=int, default=1, help="what they are drawn from (1)")
    options = parser.parse_args()
    mutants = drawn(options.count, options.seed)
    caught = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for judged in pool.map(judge, mutants):
            caught += bool(judged.caught_by)
            print(row(judged), flush=True)
    print(f"{caught} of {len(mutants)} caught: {caught / len(mutants):.0%}")
    return 0 if caught >= 0.9 * len(mutants) else 1


if __name__ == "__main__":
    sys.exit(main())
