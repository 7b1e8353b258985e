"""`[build]`: run once before anything is started; what goes wrong is one message, and leaves nothing running."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from proctor.examination.build import build
from proctor.manifest import read_manifest
from proctor.outcome import Failure
from tests.examination.miniatures import examine, server
from tests.examination.test_bad_input import LISTENS, USAGE_ERROR, left_of


def building(folder: Path, source: str) -> Path:
    """An implementation whose build is `source`, a Python program."""
    server(folder, LISTENS, limits="boot_s = 20")
    (folder / "build.py").write_text(textwrap.dedent(source))
    with (folder / "impl.toml").open("a") as manifest:
        manifest.write('\n[build]\ncommand = ["{python}", "build.py"]\nenv = {WORD = "built"}\n')
    return folder


def test_it_runs_once_in_the_folder_before_the_server_is_started(tmp_path: Path) -> None:
    building(tmp_path, "import os; open('log', 'a').write(os.environ['WORD'])")
    manifest = (tmp_path / "impl.toml").read_text()
    (tmp_path / "impl.toml").write_text(manifest.replace('"serve.py"', '"built.py"'))
    (tmp_path / "build.py").write_text((tmp_path / "build.py").read_text() + "\nos.rename('serve.py', 'built.py')")
    run = examine(tmp_path, "-k", "nothing-is-called-so")
    assert "can't be examined" not in run.text
    assert (tmp_path / "log").read_text() == "built"


def test_a_build_that_fails_shows_the_end_of_its_output(tmp_path: Path) -> None:
    run = examine(building(tmp_path, "import sys; print('line 7: no such word'); sys.exit(3)"))
    assert run.status == USAGE_ERROR
    assert f"miniature ({tmp_path}/impl.toml) can't be examined: [build] failed (exit status 3)" in run.error
    assert f"command: {sys.executable} build.py" in run.error
    assert "line 7: no such word" in run.error
    assert left_of(tmp_path) == []


def test_a_compiler_that_is_not_there_is_named(tmp_path: Path) -> None:
    building(tmp_path, "")
    manifest = tmp_path / "impl.toml"
    manifest.write_text(manifest.read_text().replace('["{python}", "build.py"]', '["no-such-compiler"]'))
    run = examine(tmp_path)
    assert run.status == USAGE_ERROR
    assert "[build] failed (exit status 127)" in run.error
    assert "no-such-compiler: No such file or directory" in run.error


@pytest.mark.parametrize("source", ["import time; time.sleep(600)", "import os; os.abort()"], ids=["hangs", "crashes"])
def test_a_build_that_does_not_end_well_leaves_nothing_running(tmp_path: Path, source: str) -> None:
    forks = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(600)\n"
    manifest = read_manifest(building(tmp_path, forks + source))
    with pytest.raises(Failure, match=r"\[build\] (took more than 1 s|failed \(signal 6\))"):
        build(manifest, within_s=1.0)
    assert left_of(tmp_path) == []


def test_what_the_build_starts_and_leaves_behind_is_ended_with_it(tmp_path: Path) -> None:
    daemon = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(600)\n"
    build(read_manifest(building(tmp_path, daemon)), within_s=20.0)
    assert left_of(tmp_path) == []
