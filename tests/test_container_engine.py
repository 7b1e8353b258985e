"""The script that starts a container engine for our gate."""

from __future__ import annotations

import subprocess

import pytest

from proctor.places import CHECKOUT

SCRIPT = CHECKOUT / "CI" / "container-engine"


@pytest.mark.parametrize("words", [[], ["restart"]], ids=["nothing", "unknown"])
def test_what_it_can_t_do_is_refused_with_what_it_can(words: list[str]) -> None:
    done = subprocess.run([SCRIPT, *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "usage: CI/container-engine start|stop\n")
    assert not done.stdout
