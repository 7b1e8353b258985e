"""What each process of an examination spares itself, and that nobody misses it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.examination.test_verdicts import MUST, impl, run_suite

__all__ = ["impl"]  # the fixture

TELLS = """
import gc, json, os, sys
from pathlib import Path

TOLD = Path(__file__).with_name("told")

def tell(when):
    about = {"when": when, "hypothesis": "hypothesis" in sys.modules, "gc": gc.isenabled()}
    with TOLD.open("a") as file:
        file.write(json.dumps(about) + "\\n")

def pytest_runtest_call(item):
    tell("case")

def pytest_unconfigure(config):
    tell("end")
"""
CASE = f"""
    @clause('{MUST}')
    def test_it(server): assert server.workers()
"""
DRAWS = f"""
    from hypothesis import given, settings, strategies

    @clause('{MUST}')
    def test_it(server): assert server.workers()

    @settings(max_examples=1)
    @given(strategies.none())
    def test_drawn(value): assert value is None
"""


def told(impl: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (impl / "told").read_text().splitlines()]


@pytest.mark.parametrize(("options", "processes"), [((), 1), (("-n2",), 3)], ids=["alone", "together"])
def test_nobody_loads_hypothesis_to_hear_that_nothing_was_drawn(
    impl: Path, options: tuple[str, ...], processes: int
) -> None:
    (impl / "conftest.py").write_text(TELLS)
    run, _ = run_suite(impl, CASE, *options)
    assert run.status == 0, run.text
    ends = [one for one in told(impl) if one["when"] == "end"]
    assert len(ends) == processes
    assert not any(one["hypothesis"] for one in ends)


def test_what_was_drawn_is_told_of(impl: Path) -> None:
    """By the plugin that is kept from loading Hypothesis itself."""
    run, _ = run_suite(impl, DRAWS, "--hypothesis-show-statistics")
    assert run.status == 0, run.text
    assert "Hypothesis Statistics" in run.text
    assert "test_cases.py::test_drawn" in run.text


def test_hypothesis_may_be_told_to_stay_away(impl: Path) -> None:
    run, _ = run_suite(impl, CASE, "-p", "no:hypothesispytest")
    assert run.status == 0, run.text


def test_garbage_is_collected_from_the_first_case_on(impl: Path) -> None:
    """And in the process that gives out the cases, all the time."""
    (impl / "conftest.py").write_text(TELLS)
    run, _ = run_suite(impl, CASE, "-n2")
    assert run.status == 0, run.text
    assert all(one["gc"] for one in told(impl))
