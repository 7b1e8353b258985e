"""What a chaos case leaves to look at: its own part of the history, and the timeline of that.

`chaos/` alone: what a conformance case did is in its failure's text. Each page brings its own means of drawing, some
megabytes, so by default only cases that failed leave one.
"""

from __future__ import annotations

import datetime
import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from proctor.history import Event, History
from proctor.manifest import Manifest
from proctor.redaction import Redaction

Which = Literal["failed", "all", "none"]

CHAOS = "chaos/"
LONGEST_NAME = 120  # a file's, so that its ending and a digest fit on any file system


@dataclass(frozen=True)
class Timelines:
    """`folder`: where pytest was called; `report`: as it was named there. `facts`: what ran, for the pages."""

    which: Which
    folder: Path
    report: Path
    facts: Mapping[str, str]
    redaction: Redaction

    @classmethod
    def of(cls, config: pytest.Config, manifest: Manifest, began: datetime.datetime) -> Timelines:
        option, about = config.getoption, manifest.about
        facts = {
            "implementation": f"{about.name} {about.version}",
            "registry": option("--registry"),
            "seed": str(option("--seed")),
            "began": f"{began:%Y-%m-%d %H:%M:%S} UTC",
        }
        return cls(option("--timelines"), config.invocation_params.dir, option("--report"), facts, manifest.redaction)

    def of_failed(self, case: str) -> bool:
        """Whether a case that fails leaves one."""
        return self.which != "none" and case.startswith(CHAOS)

    def of_any(self, case: str) -> bool:
        """Whether a case leaves one however it ends."""
        return self.which == "all" and case.startswith(CHAOS)

    def leave(self, case: str, history: History, since: float, failure: Mapping[str, str] | None = None) -> str:
        """Save the case's part of the history and draw it; the line that says where, or why not.

        `failure`: clause and message of one that was just now; a finding, unless checks have found something already.
        """
        # Loaded here and not at the top: only a case that leaves a timeline pays for it.
        from proctor.report.timeline import write_timeline  # noqa: PLC0415

        if failure and not history.events("finding", since):
            history.record("finding", moment=time.monotonic(), **failure)
        saved, page = self.report / "histories" / f"{file_name(case)}.jsonl", self.report / page_of(case)
        try:
            for path in (saved, page):
                (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            run = one_run(history.later(since)).told(self.redaction.value)
            run.save(self.folder / saved)
            write_timeline(run, self.folder / page, title=case, facts=self.facts)
        except Exception as error:  # evidence must not hide the failure that it is evidence of
            return f"timeline: could not be left: {type(error).__name__}: {error}"
        return f"timeline: {page}, drawn from {saved}"


def one_run(history: History) -> History:
    """Of a case that performed schedule after schedule, the last run that broke something, or else the last."""
    runs: list[list[Event]] = [[]]
    for event in history:
        if event.kind == "schedule":
            runs.append([])
        runs[-1].append(event)
    broken = [run for run in runs if any(event.kind == "finding" for event in run)]
    return History.of((broken or runs)[-1])


def page_of(case: str) -> str:
    """Relative to the report's folder."""
    return f"timelines/{file_name(case)}.html"


def file_name(case: str) -> str:
    """A case's name as a file's, on any system; what is lost in that is told by a digest."""
    file, _, test = case.partition("::")
    plain = f"{file.removesuffix('.py').replace('/', '.')}.{test.replace('[', '-', 1).removesuffix(']')}"
    name = re.sub(r"[^\w.-]+", "-", plain, flags=re.ASCII)[:LONGEST_NAME]
    return name if name == plain else f"{name}-{hashlib.sha256(case.encode(errors='backslashreplace')).hexdigest()[:8]}"
