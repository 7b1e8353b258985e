"""The examples of docs/extending.md do what it says of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import proctor.spec
from docs.examples.elsewhere import ProgramRegistry
from docs.examples.one_processor import OneProcessor
from docs.examples.patient import nobody_waits_long
from proctor.api import Call, History
from proctor.call import record
from proctor.manifest import read_manifest
from proctor.model import PROFILES, Level
from proctor.outcome import Unavailable
from proctor.places import CHECKOUT, spec_folder
from proctor.spec import read_spec
from proctor.zookeeper.backend import RegistryUnavailable
from proctor.zookeeper.standing import StandingRegistry

EXAMPLES = CHECKOUT / "docs" / "examples"


@pytest.fixture
def somebody() -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits for the end of its input."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as popen:
        yield popen


def test_the_fault_takes_effect_and_is_healed(somebody: subprocess.Popen[bytes]) -> None:
    history, before = History(), os.sched_getaffinity(somebody.pid)
    fault = OneProcessor(somebody.pid, history)
    if reason := fault.unavailable():
        pytest.skip(reason)
    with fault:
        assert fault.took_effect() == f"process {somebody.pid} runs on processor {min(before)} alone"
        assert os.sched_getaffinity(somebody.pid) == {min(before)}
    assert os.sched_getaffinity(somebody.pid) == before
    assert [event.facts["phase"] for event in history.events("fault")] == ["injected", "effective", "healed"]


def test_the_check_finds_the_pause_and_nothing_else() -> None:
    history = History()
    for ended in (1.0, 1.5, 4.5):
        record(history, Call("client 0", ended - 0.1, ended, "ok", "ping 1", "pong 1", "pong 1"))
    assert [(found.at, found.message) for found in nobody_waits_long(history, 2.0)] == [
        (4.5, "nobody was answered for 3.00 s")
    ]
    assert not list(nobody_waits_long(history, 3.0))


def test_the_registry_serves_and_leaves_nothing_behind() -> None:
    with ProgramRegistry(zookeeper()) as registry:
        StandingRegistry(registry.address).start()
        with pytest.raises(Unavailable, match="it is not ours"):
            registry.freeze()
    with pytest.raises(RegistryUnavailable, match="no ZooKeeper answers"):
        StandingRegistry(registry.address).start()


def test_a_registry_s_program_that_ends_is_told() -> None:
    with pytest.raises(RegistryUnavailable, match="ended with status 1"):
        ProgramRegistry(["false"]).start()


def zookeeper() -> list[str]:
    """The command that serves the embedded registry."""
    return [str(Path(sys.executable).with_name("proctor")), "zookeeper", "--port={port}"]


def test_the_profile_is_read_like_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(spec_folder(), tmp_path / "spec")
    shutil.copy(EXAMPLES / "health.md", tmp_path / "spec")
    monkeypatch.setattr(proctor.spec, "PROFILES", (*PROFILES, "health"))
    clause = read_spec(tmp_path / "spec").clause("health/says-how-many-work")
    assert (clause.level, clause.answers) == (Level.SHOULD, ("S9",))
    assert clause.examined_in == "conformance/health/test_asking.py"


def test_the_manifest_is_read() -> None:
    assert read_manifest(EXAMPLES / "impl.toml").about.profiles == ["supervision"]


def test_the_case_passes_on_the_reference(tmp_path: Path) -> None:
    """A run of its own, as its reader types it."""
    case = EXAMPLES / "test_one_processor.py"
    command = [sys.executable, "-m", "pytest", "--impl=reference", f"--report={tmp_path}", "-q", str(case)]
    run = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=240, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
