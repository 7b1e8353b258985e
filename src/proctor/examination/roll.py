"""The roll: which cases a run should come to, and which of them came to their end. Only a run of all is a whole one.

What leaves out cases can't be listed: options, settings of whatever project lies about, plugins. So what is asked is
not what narrowed a run, but what it did: a case passed if it was called, and cleared away after, and not otherwise.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import pytest

from proctor.examination.selection import case_id
from proctor.model import Verdict
from proctor.places import suite_folders
from proctor.record import Record

ROLL = "proctor-roll"  # in what xdist's workers hand to their controller
WHOLE = frozenset({"call", "teardown"})
DIED = "the process that ran it ended before the case did"


class Roll:
    """A pytest plugin. `cases`: of each case that is to be run its clauses, by the name that pytest has for it."""

    def __init__(self, config: pytest.Config) -> None:
        self.collected: list[pytest.Item] = []  # whatever is left out of them later
        self.cases: dict[str, tuple[str, tuple[str, ...]]] = {}
        self._files: set[str] = set()
        self._config = config
        self._phases: dict[str, set[str]] = {}

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        self.collected.append(item)

    def call(self, items: Mapping[pytest.Item, Sequence[str]]) -> None:
        """These are to be run, and these are the clauses of each."""
        self.cases = {item.nodeid: (case_id(item), tuple(clauses)) for item, clauses in items.items() if clauses}
        self._files = {case_id(item).partition("::")[0] for item in self.collected}
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput[ROLL] = (sorted(self._files), self.cases)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Under xdist only workers collect."""
        files, cases = getattr(node, "workeroutput", {}).get(ROLL, ((), {}))
        self._files.update(files)
        self.cases.update({name: (case, tuple(clauses)) for name, (case, clauses) in cases.items()})

    def ended(self, case: str, phase: str) -> None:
        self._phases.setdefault(case, set()).add(phase)

    def came_to_its_end(self, record: Record) -> bool:
        """What has failed has failed, however it ended."""
        return record.verdict is not Verdict.PASS or self._phases.get(record.case, set()) >= WHOLE

    def died(self, name: str) -> Record | None:
        """Of a case that pytest calls so, and that ended without a record; None of one that nobody has told of."""
        if name not in self.cases:
            return None
        case, clauses = self.cases[name]
        return Record(case, clauses, Verdict.ERROR, 0.0, DIED)

    def missing(self, judged: Collection[str]) -> Iterator[str]:
        """Files of the suite of which nothing was collected, and cases that are not among those `judged`."""
        for folder in suite_folders():
            files = (path.relative_to(folder.parent).as_posix() for path in folder.rglob("test_*.py"))
            yield from sorted(file for file in files if file not in self._files)
        yield from sorted(case for case, _ in self.cases.values() if case not in judged)
