"""`proctor init`: all of it is written, or nothing; and nothing that was there is touched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from proctor.adapters.begin import TEMPLATES, begin
from proctor.adapters.languages import LANGUAGES
from proctor.manifest import read_manifest

PROCTOR = str(Path(sys.executable).with_name("proctor"))
REFUSED = 2


def init(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROCTOR, "init", *words], cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that a refusal is."""
    assert done.returncode == REFUSED
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr.strip()


def test_it_says_what_was_written_and_what_to_do_next(tmp_path: Path) -> None:
    done = init("first server", "--language", "go", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "pytest --impl='first server'" in done.stdout
    assert (tmp_path / "first server" / "README.md").is_file()


@pytest.mark.parametrize("name", LANGUAGES)
@pytest.mark.parametrize("folder", ["plain", 'quo"ted \\ {braces}', "ünïcödé", "line\nbreak"])
def test_the_manifest_can_be_read_whatever_the_folder_is_called(name: str, folder: str, tmp_path: Path) -> None:
    begin(tmp_path / folder, name)
    manifest = read_manifest(tmp_path / folder)
    assert manifest.about.name == (folder if folder.isprintable() else "mine")
    assert manifest.about.profiles == ["wire"]
    assert (tmp_path / folder / LANGUAGES[name].supply).is_file()


def test_an_empty_folder_is_filled_and_another_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert init("empty", "--language=python", cwd=tmp_path).returncode == 0
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / ".kept").write_text("mine")
    said = refused(init("full", "--language=python", cwd=tmp_path))
    assert said.startswith("Error: full: not empty, and nothing is overwritten")
    assert [path.name for path in (tmp_path / "full").iterdir()] == [".kept"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "full"]


def test_what_pip_has_compiled_is_not_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(TEMPLATES, tmp_path / "installed")
    (tmp_path / "installed" / "python" / "__pycache__").mkdir(exist_ok=True)
    monkeypatch.setattr("proctor.adapters.begin.TEMPLATES", tmp_path / "installed")
    begin(tmp_path / "mine", "python")
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == [
        *("README.md", "client.py", "drive.py", "impl.toml", "server.py", "service.py", "wire.py")
    ]


def test_this_folder_can_be_filled(tmp_path: Path) -> None:
    assert init(".", "--language=python", cwd=tmp_path).returncode == 0
    assert read_manifest(tmp_path).about.name == tmp_path.name


@pytest.mark.parametrize(
    ("language", "hint"),
    [("pyton", "did you mean python? "), ("Rust", "did you mean rust? "), ("cobol", ""), ("", "")],
)
def test_an_unknown_language_is_told_those_that_there_are(language: str, hint: str, tmp_path: Path) -> None:
    said = refused(init("mine", "--language", language, cwd=tmp_path))
    assert said == f"Error: --language {language}: {hint}there are python, node, go, java, c, rust"
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_can_t_be_made_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "astray").symlink_to("nowhere")
    assert "file: a file; name a folder" in refused(init("file", "--language=c", cwd=tmp_path))
    assert "astray: a link that leads nowhere" in refused(init("astray", "--language=c", cwd=tmp_path))
    assert "make that first" in refused(init("no/such", "--language=c", cwd=tmp_path))
    assert "make that first" in refused(init("file/below", "--language=c", cwd=tmp_path))
    assert "can't be written: File name too long" in refused(init("n" * 300, "--language=c", cwd=tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["astray", "file"]


def test_a_folder_that_may_not_be_written_to_is_one_line(tmp_path: Path) -> None:
    closed = Path("/sys/kernel") if os.geteuid() == 0 else tmp_path / "closed"
    if os.geteuid() != 0:
        closed.mkdir(mode=0o500)
    before = sorted(closed.iterdir())
    said = refused(init(str(closed / "mine"), "--language=python", cwd=tmp_path))
    assert "can't be written" in said
    assert "nothing was left there" in said
    assert sorted(closed.iterdir()) == before
