"""A process beside the kit that outlives it, to leave nothing behind when the kit can't see to that itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from proctor.process.program import MARK_BITS

SWEEP = Path(__file__).with_name("sweep.py")
ENDS_WITHIN_S = 15.0  # it sweeps for 10 s at most


class Sweeper:
    """Started with the first program of a kit, stopped after the last."""

    def __init__(self) -> None:
        first = os.getpid() << MARK_BITS
        last = first + (1 << MARK_BITS) - 1
        self._popen = subprocess.Popen(
            [sys.executable, "-I", "-S", str(SWEEP), str(first), str(last)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # what ends the kit's group is not to end it
        )

    def stop(self) -> None:
        """It finds nothing any more, and goes."""
        self._popen.communicate(timeout=ENDS_WITHIN_S)
