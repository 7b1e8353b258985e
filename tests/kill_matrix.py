"""`make kill-matrix`: each liar against the clause that it breaks, and against a control, a clause that it keeps.

The exit status is 0 if every MUST of the spec has a liar, every liar's clause is broken by it, and its control is kept.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from proctor.model import Level
from proctor.places import spec_folder
from proctor.spec import Spec, read_spec
from tests.broken.catalogue import Liar, everybody
from tests.broken.door import examined

RUNS_A_CORE = 4  # each waits for deadlines most of its time
STOPS, IGNORES = "supervision/stop-exits-with-0", "wire/unknown-members-are-ignored"
CONTROLS = {  # of another profile, where the implementation has several
    "wire": (STOPS,),
    "discovery": (STOPS,),
    "client": ("client/close-ends-it", "client/remote-error-is-an-answer"),
    "supervision": (IGNORES,),
    "restart": (IGNORES,),
}


@dataclass(frozen=True)
class Kill:
    """What became of one liar: the verdicts of the clause that it breaks, and of its control."""

    liar: Liar
    verdict: str
    control: str
    kept: str
    took_s: float

    @property
    def clean(self) -> bool:
        return self.verdict == "fail" and self.kept == "pass"

    def __str__(self) -> str:
        mark = "killed" if self.clean else "MISSED"
        row = f"{self.liar.breaks:46} {self.liar.name:48} {mark}  {self.took_s:5.1f} s"
        return row if self.clean else f"{row}  {self.verdict}; {self.control}: {self.kept}"


def control_for(liar: Liar) -> str:
    """A clause that stands on nothing that the lie touches."""
    touched = {liar.breaks, *liar.also}
    return next(control for control in CONTROLS[profile_of(liar.breaks)] if control not in touched)


def profile_of(clause: str) -> str:
    return clause.partition("/")[0]


def kill(liar: Liar, spec: Spec) -> Kill:
    began = time.monotonic()
    control = control_for(liar)
    files = sorted({spec.clause(clause).examined_in for clause in (liar.breaks, control)})
    with tempfile.TemporaryDirectory(prefix="kill-matrix-") as folder:
        found = examined(liar, files, Path(folder), clauses=(liar.breaks, control))
    return Kill(liar, found.verdicts[liar.breaks], control, found.verdicts[control], time.monotonic() - began)


def without_a_liar(spec: Spec, kills: Iterable[Kill]) -> Iterator[str]:
    killed = {one.liar.breaks for one in kills if one.clean}
    return (clause.id for clause in spec.clauses if clause.level is Level.MUST and clause.id not in killed)


def main() -> int:
    spec, began = read_spec(spec_folder()), time.monotonic()
    with ThreadPoolExecutor(RUNS_A_CORE * len(os.sched_getaffinity(0))) as runs:
        pending = [runs.submit(kill, liar, spec) for liar in everybody()]
        kills = [one.result() for one in pending]
    for one in sorted(kills, key=lambda one: one.liar.breaks):
        print(one)
    missed = [one for one in kills if not one.clean]
    alone = list(without_a_liar(spec, kills))
    for clause in alone:
        print(f"{clause:46} has no liar that is caught by it")
    print(f"{len(kills) - len(missed)} of {len(kills)} liars killed in {time.monotonic() - began:.0f} s")
    return 1 if missed or alone else 0


if __name__ == "__main__":
    sys.exit(main())
