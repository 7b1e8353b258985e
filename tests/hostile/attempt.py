"""An examination of a hostile implementation: what it came to, what it took, and what it left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit

from proctor.places import CHECKOUT, home
from proctor.process import observe
from proctor.process.observe import Stat
from tests.hostile.implementation import Hostile

# The kit waits for nothing here longer than for a start (60 s), a reply (10 s) or an end (10 s). This is less than
# LIVES_S: a kit that goes on only once the implementation has given up is too late.
WITHIN_S = 120.0
LOOKS_EVERY_S = 0.02
PROFILES = {"processes": "supervision", "wire": "wire", "drivers": "client", "registries": "discovery"}
# Generous where something comes, so that a busy machine is not blamed, and short where nothing ever does.
LIMITS = {"boot_s": 60, "stop_s": 1, "grace_s": 1, "reap_s": 0.5, "respawn_s": 1, "update_s": 10}


@dataclass(frozen=True)
class Attempt:
    """What a run of pytest came to. `status` is None if it had to be killed. `peak_kib` is its own process's memory."""

    status: int | None
    text: str
    peak_kib: int


class Arena:
    """A folder with an implementation in it, and all that a run on it may touch."""

    def __init__(self, folder: Path, hostile: Hostile) -> None:
        self._hostile = hostile
        self._folder = folder
        self._impl = folder / "impl"
        (self._impl / "cwd").mkdir(parents=True)
        (self._impl / "impl.toml").write_text(tomlkit.dumps(manifest(hostile)))
        (folder / "temporary").mkdir()
        self._before = set(observe.pids_below(os.getpid()))

    def attempt(self) -> Attempt:
        """Run pytest to its end, for WITHIN_S at most."""
        hostile, output = self._hostile, self._folder / "output"
        command = [*hostile.through, sys.executable, "-m", "pytest", f"--impl={self._impl}", "-p", "no:cacheprovider"]
        with output.open("wb") as file:
            popen = subprocess.Popen(
                [*command, *hostile.arguments, str(home() / "conformance" / hostile.meets)],
                cwd=self._impl,
                env={**os.environ, "TMPDIR": str(self._folder / "temporary")},
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        ends, peak_kib = time.monotonic() + WITHIN_S, 0
        while popen.returncode is None and time.monotonic() < ends:
            peak_kib = max(peak_kib, int(observe.status(popen.pid).get("VmHWM", "0 kB").split()[0]))
            with suppress(subprocess.TimeoutExpired):
                popen.wait(LOOKS_EVERY_S)
        status = popen.returncode
        popen.kill()
        popen.wait()
        return Attempt(status, output.read_text(errors="replace"), peak_kib)

    def left(self) -> list[Stat]:
        """Whoever is alive of what the run started: now that it has ended, all of it has come to us, its subreaper."""
        alive = [process for process in observe.descendants(os.getpid()) if process.state not in "ZX"]
        return [process for process in alive if process.pid not in self._before]

    def files(self) -> list[str]:
        """What the run has made, but for what the implementation has in its own folder."""
        paths = [*self._impl.iterdir(), *(self._folder / "temporary").iterdir()]
        return sorted({str(path.relative_to(self._folder)) for path in paths} - {"impl/impl.toml", "impl/cwd"})

    def clear(self) -> None:
        """KILL what is left, and reap it."""
        while left := self.left():
            for process in left:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
        for pid in set(observe.children(os.getpid())) - self._before:
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)


def manifest(hostile: Hostile) -> dict[str, Any]:
    command = ["{python}", "-m", "tests.hostile", hostile.name, "{zookeeper}", "{root}"]
    profile = PROFILES[hostile.name.partition(".")[0]]
    section = {"cwd": "cwd", "env": {"PYTHONPATH": str(CHECKOUT)}}
    server = {**section, "command": [*command, "{host}", "{port}", "{workers}"]}
    tables: dict[str, dict[str, Any]] = {
        "implementation": {"name": hostile.name, "profiles": [profile]},
        "limits": LIMITS,
        **({"client": {**section, "command": command}} if profile == "client" else {"server": server}),
    }
    if profile != "client":
        server["ready"] = "port"
    return {name: {**table, **hostile.manifest.get(name, {})} for name, table in tables.items()}
