"""The cases that some clauses have, tried on an implementation: pytest, in this process and silent."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Generator, Iterable
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from proctor.examination.extent import RAN_TO_THE_END
from proctor.examination.fixtures import STAGEHAND
from proctor.examination.judge import Judgement, judge, together
from proctor.examination.selection import MARK, case_id, undrawn
from proctor.examination.session import BEGAN
from proctor.history import Event
from proctor.model import Verdict
from proctor.places import home
from proctor.reproduction.alone import run_alone

SEED = 1  # what was seen once shows again
OPTIONS = ("-p", "no:terminal", "--capture=no", f"--seed={SEED}")


class NotStaged(Exception):
    """The run did not come to its end; the message says why."""


@dataclass(frozen=True)
class Tried:
    """What became of one case. `clauses`: of those asked for, which it cites; `claim`: what would be wrong, in its own
    words; `began`: in seconds of time.monotonic().
    """

    case: str
    clauses: tuple[str, ...]
    claim: str
    judgement: Judgement
    events: tuple[Event, ...]
    began: float

    @property
    def failed(self) -> bool:
        return self.judgement.verdict is Verdict.FAIL

    @property
    def message(self) -> list[str]:
        """What the failure says, line by line; empty where nothing failed."""
        return [line for line in self.judgement.message.splitlines() if line]


class Staging:
    """A pytest plugin: keeps the cases that cite one of `clauses`, and hands on what became of each as it ends."""

    def __init__(self, clauses: Collection[str], hear: Callable[[Tried], None], until_one_fails: bool) -> None:
        self.clauses = clauses
        self.hear = hear
        self.until_one_fails = until_one_fails
        self.unclaimed: list[str] = []
        self.trouble: list[str] = []  # files that can't be collected
        self.unheard: BrokenPipeError | None = None
        self._phases: list[Judgement] = []

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        if isinstance(excinfo.value, BrokenPipeError):
            self.unheard = excinfo.value

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.trouble.append(report.longreprtext)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if self._asked_for(item)]

    def pytest_deselected(self, items: Iterable[pytest.Item]) -> None:
        of_every_run, _drawn = undrawn(list(items))
        self.unclaimed += [case_id(item) for item in of_every_run if self._asked_for(item)]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        self._phases = []
        result = yield
        tried = self._tried(item)
        self.hear(tried)
        if tried.failed and self.until_one_fails:
            item.session.shouldfail = "one is enough"
        return result

    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        hand = item.config.stash[STAGEHAND]
        judged = judge(call.excinfo.value if call.excinfo else None, hand.stalls)
        self._phases.append(judged.told(hand.manifest.redaction))

    def _asked_for(self, item: pytest.Item) -> tuple[str, ...]:
        cited = (clause for mark in item.iter_markers(MARK) for clause in mark.args)
        return tuple(clause for clause in cited if clause in self.clauses)

    def _tried(self, item: pytest.Item) -> Tried:
        began = item.stash[BEGAN]
        hand = item.config.stash[STAGEHAND]
        events = hand.history.later(began).told(hand.manifest.redaction.value)
        claim = getattr(getattr(item, "function", None), "__doc__", None) or ""
        return Tried(
            case_id(item), self._asked_for(item), " ".join(claim.split()), together(self._phases), tuple(events), began
        )


def stage(
    impl: Path,
    registry: str,
    files: Iterable[str],
    clauses: Collection[str],
    hear: Callable[[Tried], None],
    until_one_fails: bool = False,
) -> list[str]:
    """Tries what cites one of `clauses` in these files of the suite; the cases that need more than the manifest claims.

    NotStaged if something is wrong with the manifest, the start of what it names or the registry, or on an interrupt;
    BrokenPipeError if nobody hears what `hear` tells.
    """
    staging, said = Staging(clauses, hear, until_one_fails), io.StringIO()
    places = [str(home() / file) for file in files]
    with TemporaryDirectory(prefix="proctor-") as report, redirect_stderr(said):
        told = (f"--impl={impl}", f"--registry={registry}", f"--report={report}")
        status = run_alone([*OPTIONS, *told, *places], plugins=[staging])
    if staging.unheard is not None:
        raise staging.unheard
    if status not in RAN_TO_THE_END:
        reason = "\n".join(staging.trouble) or said.getvalue().strip().removeprefix("ERROR: ")
        raise NotStaged(reason or "it was interrupted")
    return staging.unclaimed
