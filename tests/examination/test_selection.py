"""A case is the same case wherever pytest is called, and whatever pytest calls its file."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from proctor.examination.selection import is_of_the_suite
from proctor.places import CHECKOUT
from tests.examination.miniatures import examine, server
from tests.examination.test_verdicts import LISTENS

FILE = "conformance/supervision/test_stopping.py"


@pytest.mark.parametrize("name", [FILE, "supervision/test_stopping.py"], ids=["below the root", "below the suite"])
def test_a_file_of_the_suite_is_known_for_one(name: str, tmp_path: Path) -> None:
    for root in (CHECKOUT, tmp_path):
        assert is_of_the_suite(f"{name}::test_it[1]", root)
        assert not is_of_the_suite("tests/test_spec.py::test_it", root)
    (tmp_path / "test_mine.py").touch()
    assert not is_of_the_suite("test_mine.py::test_it", tmp_path)


def test_the_command_that_shows_a_failure_again_does_so_in_the_implementation_s_folder(tmp_path: Path) -> None:
    impl = server(tmp_path, LISTENS, limits="boot_s = 20")  # its worker outlives it
    first = examine(impl, "-k", "test_an_idle_server_ends_whole and SIGTERM", "-q")
    assert first.status == 1, first.text
    again = next(line for line in first.text.splitlines() if line.startswith("again:"))
    (asked,) = [word for word in shlex.split(again) if "::" in word]
    second = examine(impl, asked, "-q")
    assert second.status == 1, second.text
    assert "1 failed" in second.text
