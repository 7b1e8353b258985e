"""Waits of a parent that are told something else than the truth."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from proctor.faults.signals import Kill, Stop
from proctor.faults.syscalls import WAITS, Inject
from proctor.history import History


@contextmanager
def finds_no_child(parent: int, workers: Collection[int], history: History) -> Iterator[Inject]:
    """The first wait of a parent says that there is no child: ECHILD. He is stopped, and goes on when he is told to.

    All of his workers are dead before: no kernel says so of a child that lives, and who waits for each by its pid would
    be right to believe it.
    """
    with Stop([parent], history) as held_up:
        held_up.took_effect()
        with Kill(workers, history) as kill:
            kill.took_effect()
        with Inject(parent, f"{WAITS}:error=ECHILD:when=1", history) as none:
            yield none
