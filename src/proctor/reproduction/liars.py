"""The implementations that are broken on purpose, through their own command line: the kit imports none of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec

from proctor.places import home

COMMAND = (sys.executable, "-m", "tests.broken")


class Liar(msgspec.Struct, frozen=True):
    """`lie`: what is wrong, in a sentence that names its failure modes; `breaks`: the clause that catches it."""

    name: str
    breaks: str
    lie: str


def liars() -> list[Liar]:
    """All of them, in the order in which they are written."""
    return msgspec.json.decode(run("--json"), type=list[Liar])


def write_manifest(liar: Liar, folder: Path) -> None:
    """The impl.toml by which it is examined. What it leaves behind, it leaves in `folder`."""
    run(liar.name, "manifest", str(folder))


def run(*words: str) -> bytes:
    return subprocess.run([*COMMAND, *words], cwd=home(), check=True, stdout=subprocess.PIPE).stdout
