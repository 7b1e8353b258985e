"""Several processes are given the cases in an order of their own: each once, one by one, and what takes long first."""

from __future__ import annotations

import re
from pathlib import Path

from tests.examination.test_verdicts import MUST, impl, run_suite

__all__ = ["impl"]  # the fixture

CASES = f"""
    import pytest
    from proctor.api import takes_long

    @pytest.mark.parametrize("number", range(4))
    @clause('{MUST}')
    def test_shared(server, number): assert server.workers()

    @pytest.mark.parametrize("number", range(4))
    @clause('{MUST}')
    def test_own(start_server, number): assert start_server().workers()

    @takes_long("this is a story")
    @clause('{MUST}')
    def test_slow(server): assert server.workers()

    def test_no_case(): pass
"""
TURNS = ("test_no_case", "test_slow", "test_own", "test_shared")
OTHERS = 40
ONE_WAITS = f"""
    import pytest
    from pathlib import Path
    from proctor.api import eventually, takes_long

    DONE = Path("FOLDER")

    @takes_long("all others but the one that is next in its process")
    @clause('{MUST}')
    def test_slow(server): eventually(lambda: len(list(DONE.iterdir())) >= {OTHERS} - 1, within=60)

    @pytest.mark.parametrize("number", range({OTHERS}))
    @clause('{MUST}')
    def test_other(server, number): (DONE / str(number)).touch()
"""


def test_processes_agree_on_the_order(impl: Path) -> None:
    """xdist runs nothing where they don't; alone, a run keeps the order of the file."""
    alone, _ = run_suite(impl, CASES, "-v")
    together, document = run_suite(impl, CASES, "-v", "-n2")
    assert alone.status == together.status == 0, alone.text + together.text
    assert alone.text.index("test_shared[3]") < alone.text.index("test_own[0]") < alone.text.index("test_slow")
    passed = re.findall(r"\[(gw\d)\] .* PASSED .*::(test_\w+)", together.text)
    assert set(dict(reversed(passed)).values()) == {"test_no_case", "test_own"}, "which are the first of each"
    for process in ("gw0", "gw1"):
        names = [name for where, name in passed if where == process]
        assert names == sorted(names, key=TURNS.index)
    assert len([case for clause in document["clauses"] for case in clause["cases"]]) == 9


def test_who_takes_long_keeps_nothing_from_the_others(impl: Path, tmp_path: Path) -> None:
    """But the one case that comes next."""
    done = tmp_path / "done"
    done.mkdir()
    run, _ = run_suite(impl, ONE_WAITS.replace("FOLDER", str(done)), "-n2")
    assert run.status == 0, run.text
