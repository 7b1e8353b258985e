"""Implementations of a few lines, each with one way of being impossible to examine."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path

from proctor.places import CHECKOUT

RUN_WITHIN_S = 600  # of a part of the suite, beside many others


@dataclass(frozen=True)
class Run:
    """What a run of pytest came to."""

    status: int
    text: str
    took_s: float

    @property
    def error(self) -> str:
        """The message of a usage error, without the prefix of each line."""
        lines = [line.removeprefix("ERROR: ") for line in self.text.splitlines()]
        start = next((n for n, line in enumerate(self.text.splitlines()) if line.startswith("ERROR: ")), len(lines))
        return "\n".join(lines[start:]).strip()


def examine(impl: Path, *arguments: str) -> Run:
    """`pytest --impl=... arguments` as a user runs it, from the implementation's folder."""
    command = [sys.executable, "-m", "pytest", f"--impl={impl}", "-p", "no:cacheprovider", *arguments]
    started = time.monotonic()
    done = subprocess.run(
        command,
        cwd=impl if impl.is_dir() else CHECKOUT,
        capture_output=True,
        text=True,
        timeout=RUN_WITHIN_S,
        check=False,
    )
    return Run(done.returncode, done.stdout + done.stderr, time.monotonic() - started)


def server(folder: Path, source: str, limits: str = "boot_s = 1") -> Path:
    """An implementation whose server is `source`, a Python program that gets host, port and registry."""
    (folder / "serve.py").write_text(textwrap.dedent(source))
    (folder / "impl.toml").write_text(
        textwrap.dedent(f"""
            [implementation]
            name = "miniature"
            profiles = ["supervision"]
            [server]
            command = ["{{python}}", "serve.py", "{{host}}", "{{port}}"]
            ready = "port"
            [limits]
            {limits}
        """)
    )
    return folder


def client(folder: Path, source: str) -> Path:
    """An implementation whose client's driver is `source`."""
    (folder / "drive.py").write_text(textwrap.dedent(source))
    (folder / "impl.toml").write_text(
        textwrap.dedent("""
            [implementation]
            name = "miniature"
            profiles = ["client"]
            [client]
            command = ["{python}", "drive.py"]
        """)
    )
    return folder
