"""What a case has done to the server that it shares with others, and whose fault that is."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing

import pytest

from proctor.examination.judge import judge
from proctor.examination.stagehand import Stagehand
from proctor.faults.signals import Kill
from proctor.history import History
from proctor.manifest import read_manifest
from proctor.model import Verdict
from proctor.outcome import Failure, TimedOut
from proctor.places import CHECKOUT
from tests.examination.stalled import QUIET, Stalled


@pytest.fixture
def hand() -> Iterator[Stagehand]:
    with closing(Stagehand(read_manifest(CHECKOUT / "reference"), "embedded", patience=1.0)) as made:
        yield made


def killed(pids: list[int]) -> None:
    """Returns when they have ended."""
    with Kill(pids, History()) as fault:
        fault.took_effect()


def test_a_server_that_is_not_as_before_was_harmed_unless_the_host_stalled(hand: Stagehand) -> None:
    """A worker that is missing may be late only: for as long as a server may take to make another, nothing ran."""
    server = hand.shared_server()
    before = server.snapshot()
    os.kill(server.pid, signal.SIGSTOP)
    killed([server.workers()[0].pid])
    with pytest.raises(TimedOut, match="the case harmed the server") as harmed:
        hand.check_unharmed(before)
    assert judge(harmed.value, QUIET).verdict is Verdict.FAIL
    stalled = Stalled(harmed.value.started, harmed.value.ended)
    assert judge(harmed.value, stalled).verdict is Verdict.INCONCLUSIVE
    assert hand.shared_server().pid != server.pid, "the next case got the harmed one"


def test_a_server_that_has_ended_was_harmed_whatever_the_host_did(hand: Stagehand) -> None:
    server = hand.shared_server()
    before = server.snapshot()
    killed([server.pid])
    with pytest.raises(Failure, match="the case harmed the server") as harmed:
        hand.check_unharmed(before)
    assert not isinstance(harmed.value, TimedOut)
    assert judge(harmed.value, Stalled(0, 1e9)).verdict is Verdict.FAIL
