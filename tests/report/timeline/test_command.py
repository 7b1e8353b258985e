"""`proctor timeline HISTORY`, as a user types it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.report.timeline.stories import Story, a_death_and_an_expiry

PROCTOR = str(Path(sys.executable).with_name("proctor"))
WITHIN_S = 60


def timeline(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [PROCTOR, "timeline", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=WITHIN_S, check=False)


def refused(folder: Path, *arguments: str) -> str:
    """The one line in which it says what is wrong; nothing else comes of it."""
    before = sorted(folder.rglob("*"))
    run = timeline(folder, *arguments)
    assert (run.returncode, run.stdout) == (2, "")
    assert sorted(folder.rglob("*")) == before
    (line,) = run.stderr.splitlines()
    return line


@pytest.fixture
def history(tmp_path: Path) -> Path:
    path = tmp_path / "story.jsonl"
    a_death_and_an_expiry().history().save(path)
    return path


def test_a_history_becomes_a_page_beside_it_or_where_it_is_wanted(history: Path) -> None:
    run = timeline(history.parent, history.name)
    assert (run.returncode, run.stdout, run.stderr) == (0, "timeline: story.html\n", "")
    assert timeline(history.parent, history.name, "--output=other.html").stdout == "timeline: other.html\n"
    page = history.with_suffix(".html").read_text()
    assert page == history.with_name("other.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "chaos/test_stories.py::test_two_faults" in page


def test_a_history_is_printed_as_text(history: Path) -> None:
    run = timeline(history.parent, history.name, "--text")
    assert (run.returncode, run.stderr) == (0, "")
    assert "302 calls by 2 clients (300 ok, 1 failed, 1 unknown)" in run.stdout
    assert not history.with_suffix(".html").exists()


def test_a_history_without_a_case_is_called_by_its_file(tmp_path: Path) -> None:
    Story().call(0, 1).history().save(tmp_path / "mine.jsonl")
    assert timeline(tmp_path, "mine.jsonl", "--text").stdout.startswith("mine.jsonl\n")


@pytest.mark.parametrize("how", [[], ["--text"]])
def test_a_history_that_is_not_there_is_one_line(tmp_path: Path, how: list[str]) -> None:
    told = refused(tmp_path, "none.jsonl", *how)
    assert told == "Error: none.jsonl: No such file or directory: expected a history that a run has saved"


def test_a_folder_is_no_history(tmp_path: Path) -> None:
    assert refused(tmp_path, ".") == "Error: .: Is a directory: expected a history that a run has saved"


@pytest.mark.parametrize("how", [[], ["--text"]])
def test_a_damaged_history_is_named_with_its_line(history: Path, how: list[str]) -> None:
    history.write_bytes(history.read_bytes()[:-20])
    count = len(history.read_bytes().splitlines())
    told = refused(history.parent, history.name, *how)
    assert told.startswith(f"Error: story.jsonl:{count}: not an event of a history: ")


def test_what_is_no_history_at_all_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(b"\x89PNG\r\n\x1a\n\x1b[2J")
    assert refused(tmp_path, "image").startswith("Error: image:1: not an event of a history: ")


def test_the_history_itself_is_never_overwritten(history: Path) -> None:
    before = history.read_bytes()
    told = refused(history.parent, history.name, f"--output={history}")
    assert told.endswith("the page would replace the history: name another with --output")
    assert history.read_bytes() == before


def test_a_page_that_cannot_be_written_is_one_line(history: Path) -> None:
    told = refused(history.parent, history.name, "--output=nowhere/page.html")
    assert told == "Error: nowhere/page.html: No such file or directory: the page can't be written"


def test_text_and_a_page_at_once_are_a_wrong_usage(history: Path) -> None:
    run = timeline(history.parent, history.name, "--text", "--output=page.html")
    assert run.returncode == 2
    assert "choose one" in run.stderr
