"""strace's injection takes effect on a running process, is seen, and ends when strace is detached."""

from __future__ import annotations

import subprocess
import sys

import pytest

from proctor.process.process import Gone
from proctor.process.strace import Strace, missing
from proctor.waiting import eventually

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))

LOOKS_FOR_A_FILE = """
import os, time
while True:
    try:
        os.stat("/")
        print("there", flush=True)
    except OSError as error:
        print(error.strerror, flush=True)
    time.sleep(0.01)
"""


def test_an_injected_error_is_what_the_process_sees_and_detaching_ends_it() -> None:
    with subprocess.Popen([sys.executable, "-c", LOOKS_FOR_A_FILE], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "there\n"
            strace = Strace([process.pid], ["stat,newfstatat,statx:error=EIO"])
            eventually(strace.injected, within=10)
            assert eventually(lambda: "Input/output error" in process.stdout.readline(), within=10)  # type: ignore[union-attr]
            strace.detach()
            assert eventually(lambda: process.stdout.readline() == "there\n", within=10)  # type: ignore[union-attr]
        finally:
            process.kill()


def test_a_process_that_is_not_there_cannot_be_attached_to_and_that_is_said() -> None:
    with pytest.raises(Gone, match=f"process {2**22 + 1} is gone"):
        Strace([2**22 + 1], ["wait4:error=EINTR"])


def test_several_processes_are_traced_by_one_strace() -> None:
    command = [sys.executable, "-c", LOOKS_FOR_A_FILE]
    with (
        subprocess.Popen(command, stdout=subprocess.DEVNULL) as one,
        subprocess.Popen(command, stdout=subprocess.DEVNULL) as other,
    ):
        try:
            strace = Strace([one.pid, other.pid], ["stat,newfstatat,statx:error=EIO"])
            for process in (one, other):
                eventually(lambda pid=process.pid: strace.saw(rf"^\[pid +{pid}\].*INJECTED"), within=10)  # type: ignore[misc]
            strace.detach()
        finally:
            one.kill()
            other.kill()
