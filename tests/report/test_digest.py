"""A folder's digest: it can be made of whatever somebody leaves there, and tells one content from another."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from proctor.report.digest import folder_digest

HUGE = 64 << 20
LEVELS = 1200  # deeper than Python recurses
PATH_MAX = 4096  # limits.h


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "kept").write_text("kept")
    return tmp_path


def test_it_tells_what_a_file_holds_and_is_called(folder: Path) -> None:
    before = folder_digest([folder])
    (folder / "kept").write_text("changed")
    changed = folder_digest([folder])
    (folder / "kept").rename(folder / "renamed")
    assert len({before, changed, folder_digest([folder])}) == 3


def test_the_report_of_a_run_does_not_count_and_code_that_is_called_so_does(folder: Path) -> None:
    before = folder_digest([folder])
    (folder / "report").mkdir()
    (folder / "report" / "certificate.json").write_text("{}")
    assert folder_digest([folder]) == before
    (folder / "server" / "report").mkdir(parents=True)
    (folder / "server" / "report" / "code").write_text("changed")
    assert folder_digest([folder]) != before


def test_a_name_need_be_no_text(folder: Path) -> None:
    before = folder_digest([folder])
    Path(os.fsdecode(bytes(folder) + b"/\xff\n")).touch()
    assert folder_digest([folder]) != before


def test_links_that_lead_nowhere_or_round_do_no_harm(folder: Path) -> None:
    (folder / "round").symlink_to(".")
    (folder / "nowhere").symlink_to("nowhere")
    os.mkfifo(folder / "pipe")
    assert folder_digest([folder])


def test_of_a_link_to_a_folder_it_tells_where_it_leads(folder: Path) -> None:
    for name in ("old", "new"):
        (folder / ".elsewhere" / name).mkdir(parents=True)
    (folder / "code").symlink_to(".elsewhere/old")
    before = folder_digest([folder])
    (folder / "code").unlink()
    assert folder_digest([folder]) != before
    (folder / "code").symlink_to(".elsewhere/new")
    assert folder_digest([folder]) != before


@pytest.fixture(params=["d", "d" * 20], ids=["short", "too long for the kernel"])
def depths(folder: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in a folder in a folder ..., removed from the bottom up: Python's own remover recurses."""
    top = folder / "depths"
    top.mkdir()
    monkeypatch.chdir(top)
    for _ in range(LEVELS):
        Path(request.param).mkdir()
        os.chdir(request.param)
    yield top
    for _ in range(LEVELS):
        os.chdir("..")
        Path(request.param).rmdir()


def test_folders_may_be_deep(depths: Path) -> None:
    before = folder_digest([depths])
    Path("deepest").touch()
    try:
        assert (folder_digest([depths]) == before) is (len(str(Path.cwd())) > PATH_MAX)
    finally:
        Path("deepest").unlink()


def test_a_file_is_not_read_at_once(folder: Path) -> None:
    with (folder / "huge").open("wb") as file:
        file.truncate(HUGE)
    tracemalloc.start()
    folder_digest([folder])
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < HUGE / 10


def test_a_folder_that_is_gone_has_a_digest_of_its_own(tmp_path: Path) -> None:
    assert folder_digest([tmp_path / "gone"]) != folder_digest([tmp_path])
