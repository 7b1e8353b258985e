"""Checks on what a fleet holds and uses once it is at rest again."""

from __future__ import annotations

from collections.abc import Iterator

from proctor.call import calls
from proctor.checks.finding import Finding
from proctor.checks.reading import clients
from proctor.history import History
from proctor.states import Resources, Started, quiet

DESCRIPTORS_MORE, THREADS_MORE = 8, 4  # spec/client.md, "failed-connects-leak-nothing"; pools and caches fill
MEMORY_MORE_KB = 32 * 1024
SPINS = 0.5  # of a processor


def nothing_leaks(history: History) -> Iterator[Finding]:
    """No process holds much more than before the first act, but for connections that are kept (U10, C13)."""
    for who, (before, *_, after) in measured(history).items():
        kept = connections(history, who)
        allowed = {"descriptors": DESCRIPTORS_MORE + kept, "threads": THREADS_MORE + kept, "memory_kb": MEMORY_MORE_KB}
        for what, most in allowed.items():
            had, has = getattr(before, what), getattr(after, what)
            if has > had + most:
                yield Finding(after.at, f"a process of {who} had {had} {what} at most, and has {has} now", leaks(who))


def connections(history: History, who: str) -> int:
    """How many a process may have: each caller's through a client to each server."""
    callers = {call.who for call in calls(history) if not call.to}
    if who in clients(history):
        return len([caller for caller in callers if caller.startswith(f"{who} ")]) * len(Started.all(history))
    return len(callers)


def nobody_is_busy_at_rest(history: History) -> Iterator[Finding]:
    """While nothing happens nobody uses much of a processor (S4, X3)."""
    for who, (*_, before, after) in measured(history).items():
        seconds, used_s = after.at - before.at, after.cpu_s - before.cpu_s
        if seconds > 0 and used_s > SPINS * seconds:
            said = f"{who} was at rest, and used {used_s:.2f} s of a processor in {seconds:.2f} s"
            yield Finding(after.at, said, idles(who))


def measured(history: History) -> dict[str, list[Resources]]:
    """Of each one, in order: before the first act, after the last, and once more, when nothing had happened between."""
    moment = quiet(history, "after")
    found: dict[str, list[Resources]] = {}
    for resources in Resources.all(history) if moment and moment.settled else ():
        found.setdefault(resources.who, []).append(resources)
    return {who: three for who, three in found.items() if len(three) == THRICE}


def leaks(who: str) -> str:
    return "client/failed-connects-leak-nothing" if who.startswith("client") else "supervision/respawning-leaks-nothing"


def idles(who: str) -> str:
    return "client/idle-client-rests" if who.startswith("client") else "supervision/idle-server-rests"


THRICE = 3
