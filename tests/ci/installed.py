"""Proctor as a user has it: its wheel in an environment of its own, an empty home, and no checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from proctor.places import CHECKOUT

RUN_WITHIN_S = 600  # of a part of the suite, beside many others


@dataclass(frozen=True)
class Ran:
    """What a command came to, and what it said."""

    status: int
    text: str


@dataclass(frozen=True)
class Installed:
    """`bin`: of the environment. Commands are called in `folder`."""

    bin: Path
    folder: Path

    def run(self, *command: str, env: Mapping[str, str] | None = None) -> Ran:
        """A command of the environment, or of the machine."""
        path = f"{self.bin}:{os.environ['PATH']}"
        of_a_user = {"PATH": path, "HOME": str(self.folder / "home"), "LANG": "C.UTF-8", **(env or {})}
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=of_a_user,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=RUN_WITHIN_S,
            check=False,
        )
        return Ran(done.returncode, done.stdout)


def build(folder: Path, target: str = "wheel") -> Path:
    """The wheel or sdist of this checkout, in `folder`."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True, timeout=RUN_WITHIN_S)
    (built,) = folder.iterdir()
    return built


def environment(folder: Path) -> Path:
    """A fresh one in `folder`, which borrows what Proctor depends on from ours; its commands."""
    venv.create(folder, symlinks=True)
    theirs = folder / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
    (theirs / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pytest = folder / "bin" / "pytest"
    pytest.write_text(f"#!/bin/sh\nexec '{folder}/bin/python' -m pytest \"$@\"\n")
    pytest.chmod(0o755)
    return folder / "bin"


def install(wheel: Path, commands: Path) -> None:
    command = [str(commands / "python"), "-m", "pip", "install", "-q", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(command, check=True, capture_output=True, timeout=RUN_WITHIN_S)
