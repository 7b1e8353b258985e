"""What all faults have from their base: order, healing, and the question for the proof."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from proctor.faults.fault import Fault, NeverProven
from proctor.faults.newborns import AtBirth
from proctor.faults.signals import KillOnSight
from proctor.history import History
from proctor.outcome import Inconclusive, Unavailable
from proctor.process.process import Process
from tests.faults.place import Place


class Plain(Fault):
    """Takes effect at its second look, and says why not at the first."""

    def __init__(self, history: History, error: BaseException | None = None) -> None:
        super().__init__(history)
        self.done: list[str] = []
        self._error = error

    def inject(self) -> None:
        self.done.append("injected")
        if self._error is not None:
            raise self._error

    def proof(self) -> str | None:
        self.done.append("looked")
        assert self.done.count("looked") > 1, "too early"
        return "seen"

    def heal(self) -> None:
        self.done.append("healed")


def test_the_proof_is_waited_for_and_recorded() -> None:
    history = History()
    with Plain(history) as fault:
        assert fault.took_effect() == "seen"
    assert fault.done == ["injected", "looked", "looked", "healed"]
    assert [event.facts["phase"] for event in history] == ["injected", "effective", "healed"]


def test_who_never_asks_for_the_proof_is_told() -> None:
    fault = Plain(History())
    with pytest.raises(NeverProven, match="Plain was injected, and its effect never asked for"), fault:
        pass
    assert fault.done == ["injected", "healed"]


def test_the_error_that_leaves_the_block_is_not_hidden_by_a_proof_that_was_not_asked_for() -> None:
    with pytest.raises(ZeroDivisionError), Plain(History()):
        raise ZeroDivisionError


def test_what_no_proof_came_of_says_why() -> None:
    fault = Plain(History())
    with pytest.raises(Inconclusive, match=r"the fault Plain did not take effect: .* last seen: too early"), fault:
        fault.took_effect(within=0)


@pytest.mark.parametrize("error", [OSError("half-way"), Inconclusive("half-way"), KeyboardInterrupt()], ids=repr)
def test_a_fault_that_fails_half_way_into_its_injection_is_healed(error: BaseException) -> None:
    history = History()
    fault = Plain(history, error)
    with pytest.raises(type(error)), fault:
        pytest.fail("it was injected")
    assert fault.done == ["injected", "healed"]
    assert [event.facts["phase"] for event in history] == ["injected", "healed"]


def test_what_only_the_attempt_shows_to_be_unavailable_is_recorded_too() -> None:
    history = History()
    fault = Plain(history, Unavailable("no thumbscrews"))
    with pytest.raises(Unavailable, match="Plain can't be injected here: no thumbscrews"), fault:
        pytest.fail("it was injected")
    assert fault.done == ["injected", "healed"]
    assert [event.facts["phase"] for event in history] == ["injected", "healed", "unavailable"]
    assert history.events("fault")[-1].facts["reason"] == "no thumbscrews"


@pytest.mark.parametrize("kind", [AtBirth, KillOnSight])
@pytest.mark.parametrize("fails", [False, True], ids=["passes", "fails"])
def test_a_fault_that_ends_by_itself_is_what_is_said_of_its_block(
    kind: type[AtBirth | KillOnSight], fails: bool
) -> None:
    """Or who was left alone is blamed for what it should have suffered, or praised."""
    looks, ended = iter([list[int]()]), threading.Event()

    def find() -> list[int]:
        found = next(looks, None)
        if found is None:
            ended.set()
            raise OSError("no more descriptors")
        return found

    def block() -> None:
        assert ended.wait(20)
        assert not fails, "it should have suffered"

    history = History()
    with pytest.raises(OSError, match="no more descriptors"), kind(find, history):
        block()
    assert [event.facts["phase"] for event in history] == ["injected", "healed"]


def test_newborns_are_struck_by_what_nobody_can_ignore() -> None:
    with pytest.raises(ValueError, match="SIGKILL or SIGSTOP, not by SIGTERM"):
        AtBirth(list, History(), signal.SIGTERM)


def test_of_newborns_that_come_together_no_more_are_struck_than_asked_for(place: Place) -> None:
    first, second = (place.target("import sys; sys.stdin.read()") for _ in range(2))
    looks: Iterator[list[int]] = iter([[]])

    def both_at_once() -> list[int]:
        return next(looks, [first.pid, second.pid])

    with AtBirth(both_at_once, place.history, most=1) as fault:
        fault.took_effect()
    assert fault.pids == [min(first.pid, second.pid)]
    survivor = max(first, second, key=lambda target: target.pid)
    assert survivor.popen.poll() is None


def test_who_was_killed_at_birth_counts_when_he_is_seen_dead(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the dead run on for a while: what was to happen after their end would happen before it."""
    target = place.target("import sys; sys.stdin.read()")
    ended, seen = Process.ended, threading.Event()
    monkeypatch.setattr(Process, "ended", lambda process: seen.is_set() and ended(process))
    looks: Iterator[list[int]] = iter([[]])
    with AtBirth(lambda: next(looks, [target.pid]), place.history, most=1) as fault:
        with pytest.raises(Inconclusive, match="AtBirth did not take effect"):
            fault.took_effect(within=0.2)
        assert fault.pids == []
        seen.set()
        fault.took_effect()
    assert fault.pids == [target.pid]
    assert fault.latest_s >= 0.2
