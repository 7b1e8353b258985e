"""Several processes get the cases in an order of their own: each case once, and what takes long first."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from proctor.examination.dealing import spread
from tests.examination.test_verdicts import MUST, impl, run_suite

__all__ = ["impl"]  # the fixture

CASES = f"""
    import pytest

    @pytest.mark.parametrize("number", range(4))
    @clause('{MUST}')
    def test_shared(server, number): assert server.workers()

    @pytest.mark.parametrize("number", range(4))
    @clause('{MUST}')
    def test_own(start_server, number): assert start_server().workers()
"""


@given(st.integers(0, 40), st.integers(0, 40), st.integers(2, 9))
def test_each_case_is_dealt_once(long: int, short: int, processes: int) -> None:
    """However few there are, and however many processes."""
    cases = [f"long {number}" for number in range(long)], [f"short {number}" for number in range(short)]
    assert Counter(spread(*cases, processes)) == Counter([*cases[0], *cases[1]])


def test_each_process_begins_with_what_takes_long() -> None:
    """xdist cuts the whole into rows of equal length; neighbours among the short ones stay together."""
    order = spread("ABCDE", "abcdefg", processes=3)
    assert ["".join(order[start : start + 4]) for start in (0, 4, 8)] == ["ADab", "BEcd", "Cefg"]


def test_processes_agree_on_the_order(impl: Path) -> None:
    """xdist runs nothing where they don't; alone, a run keeps the order of the file."""
    alone, _ = run_suite(impl, CASES, "-v")
    together, document = run_suite(impl, CASES, "-v", "-n2")
    assert alone.status == together.status == 0, alone.text + together.text
    assert alone.text.index("test_shared[3]") < alone.text.index("test_own[0]")
    first = dict(reversed(re.findall(r"\[(gw\d)\] .* PASSED .*::(test_\w+)", together.text)))
    assert first == {"gw0": "test_own", "gw1": "test_own"}
    assert len([case for clause in document["clauses"] for case in clause["cases"]]) == 8
