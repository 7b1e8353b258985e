"""What strace shows of a kill, and what it doesn't."""

from __future__ import annotations

import os
import signal

import pytest

from proctor.faults.syscalls import KillAtCall
from proctor.outcome import Inconclusive
from proctor.process.strace import missing
from tests.faults.place import WITHIN_S, Place
from tests.faults.signals import ECHOES

SOON_S = 0.5


@pytest.mark.skipif(missing() is not None, reason=str(missing()))
def test_who_is_killed_by_another_before_its_call_comes_proves_nothing(place: Place) -> None:
    """It ends inside a call of that name, too, but of another number."""
    target = place.target(ECHOES)
    assert target.asked("hello") == "hello"
    with KillAtCall(target.pid, "read", place.history, nth=100) as fault:
        assert target.asked("hello") == "hello"
        os.kill(target.pid, signal.SIGKILL)
        assert target.popen.wait(WITHIN_S) == -signal.SIGKILL
        with pytest.raises(Inconclusive, match="KillAtCall did not take effect"):
            fault.took_effect(SOON_S)
