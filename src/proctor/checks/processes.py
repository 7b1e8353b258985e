"""Checks on the processes of a fleet."""

from __future__ import annotations

from collections.abc import Iterator

from proctor.checks.finding import Finding
from proctor.checks.reading import SEEN_WITHIN_S, befell, killed, last, processes_of, theirs, unsettled
from proctor.history import History
from proctor.states import Span, Started, quiet, stalled_s, terms


def parents_live(history: History) -> Iterator[Finding]:
    """A parent ends only of what is done to it (S3, S4, S18)."""
    told = quiet(history, "gone")
    until = told.began if told else float("inf")
    for server in theirs(history):
        ends = [state.at for state in processes_of(history, server.who) if not state.parent and state.at < until]
        if ends and not killed(history, server.who):
            reloaded = befell(history, server.who, "reload", "reload-by-exec")
            clause = "restart/reload-keeps-the-parent" if reloaded else "supervision/signal-burst-is-survived"
            yield Finding(ends[0], f"the parent of {server.who}, process {server.pid}, has ended", clause)


def the_dead_are_reaped(history: History) -> Iterator[Finding]:
    """No child stays a zombie for longer than `reap_s` (S1, S2), counted from when its parent could see to it."""
    allowed_s = terms(history).limits["reap_s"] + SEEN_WITHIN_S
    for server in theirs(history):
        acts = list(befell(history, server.who))
        for pid, began, ended in zombies(history, server.who):
            excuses = [span.settled for span in acts if span.excuses("reaping", began, ended)]
            since = min(max([began, *excuses]), ended)
            if ended - since - stalled_s(history, since, ended) > allowed_s:
                said = f"process {pid} of {server.who} was dead for {ended - began:.2f} s, and not reaped"
                yield Finding(ended, said, "supervision/every-death-is-reaped")


def zombies(history: History, who: str) -> Iterator[tuple[int, float, float]]:
    """Each dead child: from when until when it was seen."""
    states = processes_of(history, who)
    events = history.events()
    ends = [state.at for state in states[1:]] + [events[-1].at if events else 0.0]
    began: dict[int, float] = {}
    for state, end in zip(states, ends, strict=False):
        began = {pid: began.get(pid, state.at) for pid in state.zombies}
        yield from ((pid, since, end) for pid, since in began.items())


def workers_are_as_many_as_asked(history: History) -> Iterator[Finding]:
    """At rest each server has the workers that it was asked for, as far as signals that may coalesce tell (S9, U1).

    A parent that ends when that wait is over was leaving: why it has so few is what `parents_live` says.
    """
    moment = unsettled(history, "after") or unsettled(history, "idle")
    for server in theirs(history) if moment else ():
        assert moment is not None
        states = processes_of(history, server.who)
        state = last(states, moment)
        if state is None or not states[-1].parent or killed(history, server.who):
            continue
        fewest, most = workers_asked(history, server)
        if not fewest <= len(state.workers) <= most:
            resized = befell(history, server.who, "grow", "shrink")
            clause = "restart/resized-number-is-kept" if resized else "supervision/dead-worker-is-replaced"
            wanted = f"{fewest}" if fewest == most else f"{fewest} to {most}"
            yield Finding(moment.at, f"{server.who} has {len(state.workers)} workers, and should have {wanted}", clause)


def workers_asked(history: History, server: Started) -> tuple[int, int]:
    """The fewest and the most workers that a server may have at rest.

    Signals of one kind may coalesce, so of several that count one counts at least; a number of one isn't made less.
    """
    grown, shrunk = (befell(history, server.who, what) for what in ("grow", "shrink"))
    grows, shrinks = (any(counts(history, span) for span in resized) for resized in (grown, shrunk))
    fewest = max(1, server.workers + grows - len(shrunk))
    return fewest, server.workers + len(grown) - (shrinks and server.workers > 1)


def counts(history: History, resized: Span) -> bool:
    """Whether a signal to resize must show at rest.

    Not one that came while its parent was stopped: SIGCONT discards SIGTTIN and SIGTTOU that wait (signal(7), job
    control). Nor one that came before a reload was over, which may reset the number ("reload-may-reset-the-number").
    """
    stops = befell(history, resized.act.on, "stop-parent")
    reloads = befell(history, resized.act.on, "reload", "reload-by-exec")
    discarded = any(stop.began <= resized.ended and resized.began <= stop.ended for stop in stops)
    return not (resized.missed or discarded or any(resized.began <= reload.settled for reload in reloads))


def orphans_end(history: History) -> Iterator[Finding]:
    """Nobody is left of a server whose parent was killed (S15)."""
    dead = [server for server in theirs(history) if killed(history, server.who)]
    yield from left_behind(history, dead, "after", "supervision/orphans-end")


def nobody_outlives_a_stop(history: History) -> Iterator[Finding]:
    """Nobody is left of a server that was told to stop (S21)."""
    yield from left_behind(history, theirs(history), "gone", "supervision/stop-ends-everything")


def left_behind(history: History, dead: list[Started], phase: str, clause: str) -> Iterator[Finding]:
    moment = unsettled(history, phase)
    for server in dead if moment else ():
        assert moment is not None
        state = last(processes_of(history, server.who), moment)
        left = state.orphans or [pid for pid in [state.parent] if pid] if state else []
        if left:
            yield Finding(moment.at, f"of {server.who} there are still the processes {left}", clause)
