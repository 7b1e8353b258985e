"""Whatever starts an implementation builds it first, as its `[build]` says: tried is what its sources say now."""

from __future__ import annotations

from pathlib import Path

import pytest

from proctor.adapters.begin import begin
from tests.commands.typed import proctor

PING = '{"in":"ping","params":"a"}'
TRIES = [
    pytest.param(("send", "--impl=.", f"{len(PING):02x}000000", PING.encode().hex()), id="send"),
    pytest.param(("reproduce", "Q1", "--impl=."), id="reproduce"),
    pytest.param(("certify", ".", "--jobs=0", "-q", "-k", "unknown-method"), id="certify"),
]


def unbuilt(folder: Path, source: str) -> Path:
    """An implementation whose server is not there until `source`, a Python program, has built it."""
    begin(folder, "python")
    (folder / "build.py").write_text(source)
    manifest = folder / "impl.toml"
    text = manifest.read_text().replace('"server.py"', '"built.py"')
    manifest.write_text(f'{text}\n[build]\ncommand = ["{{python}}", "build.py"]\n')
    return folder


@pytest.mark.parametrize("words", TRIES)
def test_it_is_built_before_it_is_started(words: tuple[str, ...], tmp_path: Path) -> None:
    copies = "import shutil; shutil.copyfile('server.py', 'built.py'); open('log', 'a').write('built ')"
    folder = unbuilt(tmp_path / "mine", copies)
    run = proctor(*words, cwd=folder)
    assert run.returncode == 0, run.stdout + run.stderr
    assert (folder / "log").read_text() == "built "


@pytest.mark.parametrize("words", TRIES)
def test_nothing_is_started_that_could_not_be_built(words: tuple[str, ...], tmp_path: Path) -> None:
    """Or the server of the last build would answer for these sources."""
    folder = unbuilt(tmp_path / "mine", "print('line 7: no such word'); raise SystemExit(3)")
    (folder / "built.py").write_text("open('started', 'w')")
    run = proctor(*words, cwd=folder)
    assert run.returncode == (4 if words[0] == "certify" else 2)
    assert "[build] failed (exit status 3)" in run.stderr
    assert "line 7: no such word" in run.stderr
    assert not (folder / "started").exists()
