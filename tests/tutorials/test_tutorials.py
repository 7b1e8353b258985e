"""Every command of the tutorials does what they say, in an empty folder and with an empty HOME."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from proctor.places import CHECKOUT
from tests.tutorials.reading import Command, File, missing, steps

WITHIN_S = 1200
NEEDS = {"tutorial-python.md": "python3", "tutorial-go.md": "go"}


@pytest.mark.parametrize("name", NEEDS)
def test_a_reader_who_does_as_told_sees_what_is_quoted(name: str, tmp_path: Path) -> None:
    if shutil.which(NEEDS[name]) is None:
        pytest.skip(f"{name} needs {NEEDS[name]}")
    home, folder = tmp_path / "home", tmp_path / "folder"
    home.mkdir()
    folder.mkdir()
    for step in steps(CHECKOUT / "docs" / name):
        if isinstance(step, File):
            (folder / step.name).write_text(step.text)
        else:
            follow(name, step, folder, home)
    assert list((folder / "report").glob("certificate.json")), "the reader holds a certificate"


def follow(name: str, step: Command, folder: Path, home: Path) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", step.words],
        cwd=folder,
        env={"PATH": path, "HOME": str(home), "LANG": "C.UTF-8", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    said = f"docs/{name}:{step.line}: {step.words}\n{done.stdout}"
    assert done.returncode == step.status, said
    absent = missing(step.quoted, done.stdout)
    assert absent is None, f"{absent!r} did not come\n{said}"
