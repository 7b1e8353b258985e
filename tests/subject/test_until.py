"""What a server owes its workers is waited for as long as the limits say, and what was there instead is told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from proctor.outcome import Failure, TimedOut
from proctor.subject.server import ParentEnded, Server
from proctor.subject.until import (
    reload_s,
    still,
    unchanged,
    until_gone,
    until_reaped,
    until_renewed,
    until_settled,
    until_staffed,
)

LIMITS = {"respawn_s": 0.2, "reap_s": 0.2, "reload_s": 0.2, "boot_s": 5.0, "stop_s": 0.2}
NOBODY = 2**22 + 1  # above the largest pid that Linux hands out


class Staffed:
    """A server whose workers are what the test says, look by look; the last stays. Who is 100 or more was just born."""

    def __init__(self, *looks: set[int], status: int | None = None, remains: tuple[str, ...] = ()) -> None:
        self._looks = list(looks)
        self._seen: set[int] = set()
        self.asked_workers = 2
        self.program = SimpleNamespace(
            exit_status=lambda: status, wait=lambda _within: status, remains=lambda: list(remains)
        )
        self.manifest: Any = SimpleNamespace(capabilities=SimpleNamespace(reload="graceful"))

    demand_parent = Server.demand_parent

    def worker_pids(self) -> set[int]:
        self._seen = self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]
        return self._seen

    def proven_pids(self) -> set[int]:
        return {pid for pid in self._seen if pid < 100}

    def promise(self, name: str) -> float:
        return LIMITS[name]


def server(*looks: set[int], **facts: Any) -> Any:
    return Staffed(*looks, **facts)


def test_workers_are_waited_for_until_they_are_as_many_as_were_asked_for_and_others() -> None:
    assert until_staffed(server({1}, {1, 2}, {2, 3}), without=[1]) == {2, 3}
    assert until_staffed(server({1}, {1, 2, 3}), count=3) == {1, 2, 3}


def test_workers_that_boot_late_are_waited_for_however_many_they_are() -> None:
    booting = server({1}, {1, 2}, {2}, {2, 3})
    until_settled(booting)
    assert booting.worker_pids() == {2, 3}
    until_settled(server(set()))


def test_who_has_just_been_born_may_be_a_helper_on_its_way() -> None:
    assert until_staffed(server({1, 100}, {1, 2})) == {1, 2}
    assert until_renewed(server({1, 100}, {1, 2}), [NOBODY]) == {1, 2}
    unchanged(server({1, 2, 100}, {1, 2}), {1, 2}, seconds=0.05)
    with pytest.raises(TimedOut, match="some of the workers 1, 100 are just born"):
        until_staffed(server({1, 100}))


def test_too_few_workers_are_told() -> None:
    with pytest.raises(TimedOut, match=r"waited 0\.30 s for 2 workers; last seen: workers 7$"):
        until_staffed(server({7}))


def test_workers_of_a_parent_that_has_ended_are_not_waited_for() -> None:
    with pytest.raises(ParentEnded, match=r"^the parent has ended with status 1$"):
        until_staffed(server({7}, status=1))
    with pytest.raises(ParentEnded, match=r"^the parent was killed by signal 9$"):
        until_renewed(server(set(), status=-signal.SIGKILL), [NOBODY])


def test_a_parent_that_takes_its_workers_along_is_told_of_and_not_they() -> None:
    """Which of it is seen first is chance."""
    ending = server({1, 2}, set())
    ending.program.wait = lambda within: 255 if within else None
    with pytest.raises(ParentEnded, match=r"^the parent has ended with status 255$"):
        unchanged(ending, {1, 2})


def test_a_worker_that_should_be_gone_is_named() -> None:
    with pytest.raises(TimedOut, match="still among them 7"):
        until_staffed(server({7, 8}), without=[7])


@pytest.fixture
def zombie() -> Iterator[int]:
    """A child of ours that has ended and is reaped only afterwards."""
    with subprocess.Popen([sys.executable, "-S", "-c", ""]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        yield child.pid


def test_a_zombie_is_not_reaped(zombie: int) -> None:
    with pytest.raises(TimedOut, match=rf"waited 0\.20 s for {zombie} to be reaped; last seen: {zombie} \S+ Z"):
        until_reaped(server({1, 2}), [zombie])
    until_reaped(server({1, 2}), [NOBODY])


def test_a_zombie_among_the_old_is_no_renewal(zombie: int) -> None:
    with pytest.raises(TimedOut, match=f"of the old workers there are still {zombie}"):
        until_renewed(server({1, 2}), [zombie])
    assert until_renewed(server({1}, {1, 2}), [NOBODY]) == {1, 2}


def test_a_process_that_replaces_itself_may_boot_meanwhile() -> None:
    renewed = server({1, 2})
    assert reload_s(renewed) == LIMITS["reload_s"]
    renewed.manifest.capabilities.reload = "exec"
    assert reload_s(renewed) == LIMITS["reload_s"] + LIMITS["boot_s"]


def test_a_server_is_gone_when_nothing_of_it_is_left() -> None:
    assert until_gone(server(set(), status=0)) == 0
    with pytest.raises(TimedOut, match="the parent still runs, workers 1, 2"):
        until_gone(server({1, 2}))
    with pytest.raises(TimedOut, match="the parent ended, and left 7 python S"):
        until_gone(server(set(), status=0, remains=("7 python S",)))


def test_others_in_their_places_are_a_change() -> None:
    unchanged(server({1, 2}), {1, 2}, seconds=0.05)
    with pytest.raises(Failure, match="the workers were 1, 2, and now are 1, 3"):
        unchanged(server({1, 2}, {1, 3}), {1, 2}, seconds=0.05)
    with pytest.raises(ParentEnded, match="the parent has ended with status 3"):
        still(server({1, 2}, status=3), {1, 2})
