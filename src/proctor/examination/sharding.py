"""`--shard`: which of the cases are this run's, the same on every machine.

Cases are dealt one by one in the order of their names. Those of one file take about as long as each other, and are
shared out evenly so: measured on the reference, the longest of eight took a fifth more than the mean.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from proctor.examination.selection import MARK, case_id
from proctor.report.shard import Shard, cases_digest

WRITTEN = re.compile(r"(?P<number>[1-9]\d{0,3})/(?P<of>[1-9]\d{0,3})")
CASES = "proctor-cases"  # in what xdist's workers hand to their controller


class Sharding:
    """A pytest plugin: knows this shard's cases, and what all shards have in common."""

    def __init__(self, config: pytest.Config) -> None:
        """Raises UsageError on a shard that is none, or that could never be merged with the others."""
        self.config = config
        written = config.getoption("--shard")
        found = WRITTEN.fullmatch(written)
        if found is None or int(found["number"]) > int(found["of"]):
            raise pytest.UsageError(f"--shard={written}: expected I/N, the I-th of N shards, such as 1/3")
        if config.getoption("--seed") is None:
            raise pytest.UsageError(f"--shard={written} needs --seed=N, the same for all shards")
        self.number, self.of = int(found["number"]), int(found["of"])
        self.cases = cases_digest(())

    def __str__(self) -> str:
        return f"--shard={self.number}/{self.of}"

    def shard(self, passed: bool) -> Shard:
        return Shard(self.number, self.of, self.cases, passed)

    def split(self, items: list[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item]]:
        """This shard's, and the others', of all that are to be run, whatever narrows that further."""
        self.cases = cases_digest(case_id(item) for item in items if item.get_closest_marker(MARK))
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput[CASES] = self.cases
        mine = set(sorted(items, key=case_id)[self.number - 1 :: self.of])
        return [item for item in items if item in mine], [item for item in items if item not in mine]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Under xdist only workers collect."""
        self.cases = getattr(node, "workeroutput", {}).get(CASES, self.cases)
