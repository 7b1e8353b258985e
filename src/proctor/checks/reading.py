"""What several checks ask of a fleet's history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from proctor.history import History
from proctor.states import Processes, Quiet, Span, Started, State, View, quiet, spans, stalled_s

S = TypeVar("S", bound=State)

SEEN_WITHIN_S = 0.2  # whoever watches looks more often than that, and is held up now and then
SPOILED_SHARE = 0.25  # of a wait, for which the host stalled: as of `proctor.process.stalls`


def theirs(history: History) -> list[Started]:
    """The implementation's servers."""
    return [started for started in Started.all(history) if started.pid]


def ours(history: History) -> list[Started]:
    return [started for started in Started.all(history) if not started.pid]


def clients(history: History) -> list[str]:
    return sorted({view.who for view in View.all(history)})


def processes_of(history: History, who: str) -> list[Processes]:
    return [state for state in Processes.all(history) if state.who == who]


def befell(history: History, who: str, *whats: str) -> list[Span]:
    """The acts on somebody, all of them or those of some kinds; one that was missed may have done something yet."""
    return [span for span in spans(history) if span.act.on == who and (not whats or span.act.what in whats)]


def killed(history: History, who: str) -> bool:
    return any("life" in span.act.costs and not span.missed for span in befell(history, who))


def unsettled(history: History, phase: str) -> Quiet | None:
    """The end of a wait for rest that didn't come, unless the host itself is to blame."""
    moment = quiet(history, phase)
    return None if moment is None or moment.settled or spoiled(history, moment) else moment


def spoiled(history: History, moment: Quiet) -> bool:
    return stalled_s(history, moment.began, moment.at) > SPOILED_SHARE * moment.within_s


def last(states: Iterable[S], moment: Quiet) -> S | None:
    """The one that held at that moment."""
    return max((state for state in states if state.at <= moment.at), key=lambda state: state.at, default=None)


def during(states: Sequence[S], began: float, ended: float) -> list[S]:
    """Those that held at some moment between two."""
    held = [state for state in states if state.at <= ended]
    before = [state for state in held if state.at <= began]
    return [*before[-1:], *(state for state in held if state.at > began)]
