"""`make chances`: each liar that only chance finds against the case of random chaos that is to find it, from one seed.

The exit status is 0 if each is found in time, by its clause and no other, with a schedule of few acts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import inf
from pathlib import Path

from proctor.places import CHECKOUT
from tests.broken.catalogue import Liar, by_chance
from tests.broken.door import QUICK_START
from tests.broken.manifest import quick

SUITE = CHECKOUT / "chaos" / "test_schedules.py"
SEED = 1
BUDGET_S, WITHIN_S = 110, 120.0  # for drawing; from the start of the command until the first finding
ACTS_MAX = 3
AT_ONCE = 2
FOUND = " findings: "  # in the line on a schedule that broke something


@dataclass(frozen=True)
class Found:
    """What became of one liar. `after_s`: until the first finding; `acts`: of the smallest schedule, which broke
    something in `broke` of `tried` attempts.
    """

    liar: Liar
    after_s: float = inf
    clauses: tuple[str, ...] = ()
    acts: int = 0
    broke: int = 0
    tried: int = 0

    @property
    def clean(self) -> bool:
        blamed = set(self.clauses)
        told = self.liar.breaks in blamed and blamed <= {self.liar.breaks, *self.liar.also}
        return told and self.after_s <= WITHIN_S and self.acts <= ACTS_MAX

    def __str__(self) -> str:
        row = f"{self.liar.name:46} {'found ' if self.clean else 'MISSED'} {self.after_s:5.0f} s  {self.acts} acts"
        return f"{row}  {self.broke} of {self.tried}  {', '.join(self.clauses)}"


def examined_by_chance(liar: Liar, folder: Path) -> Found:
    """Runs the liar's case in `folder`, where the report is left."""
    options = (f"--chaos-budget={BUDGET_S}", f"--seed={SEED}", f"{SUITE}::{liar.found_by}")
    after_s = first_finding_s(quick(liar, folder), options)
    replays = list((folder / "report" / "replays").glob("*.json"))
    if not replays:
        return Found(liar)
    replay = json.loads(replays[0].read_text())
    return Found(liar, after_s, failed(folder), len(replay["schedule"]["acts"]), replay["broke"], replay["tried"])


def first_finding_s(folder: Path, options: Sequence[str]) -> float:
    """Runs the suite to its end: the seconds until it told of a finding, infinity if it never did."""
    began, after_s = time.monotonic(), inf
    command = [sys.executable, "-m", "pytest", f"--impl={folder}", "-q", "-p", "no:cacheprovider", *QUICK_START]
    with subprocess.Popen(
        [*command, *options], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stderr is not None
        for line in run.stderr:
            if FOUND in line:
                after_s = min(after_s, time.monotonic() - began)
    return after_s


def failed(folder: Path) -> tuple[str, ...]:
    """The clauses that were found broken."""
    document = json.loads((folder / "report" / "certificate.json").read_text())
    return tuple(entry["id"] for entry in document["clauses"] if entry["verdict"] == "fail")


def look_for(liar: Liar) -> Found:
    with tempfile.TemporaryDirectory(prefix="chances-") as folder:
        return examined_by_chance(liar, Path(folder))


def main() -> int:
    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as runs:
        found = []
        for one in runs.map(look_for, by_chance()):
            print(one, flush=True)
            found.append(one)
    clean = sum(one.clean for one in found)
    print(f"{clean} of {len(found)} liars found from seed {SEED} in {time.monotonic() - began:.0f} s")
    return 0 if clean == len(found) else 1


if __name__ == "__main__":
    sys.exit(main())
