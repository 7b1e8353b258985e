"""`[build]` of the manifest: run once, before anything is started, in bounded time."""

from __future__ import annotations

from proctor.manifest import Manifest, fill
from proctor.outcome import Failure
from proctor.process.program import Command, Program
from proctor.subject.server import indent

BUILD_WITHIN_S = 300.0  # against hanging; a compiler that begins with an empty cache takes its time


def build(manifest: Manifest, within_s: float) -> None:
    """Failure, with the end of the output, if the command fails or takes longer. Nothing of it is left running."""
    if manifest.build is None:
        return
    section = manifest.build
    argv = fill(section.command)
    program = Program(Command(argv, (manifest.folder / section.cwd).resolve(), section.env))
    try:
        status = program.wait(within_s)
        if status != 0:
            how = f"took more than {within_s:g} s" if status is None else f"failed ({ended(status)})"
            said = f"[build] {how}\n  command: {' '.join(argv)}\n  its last output:\n{indent(program.last_words())}"
            raise Failure(said)
    finally:
        program.end()


def ended(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"exit status {status}"
