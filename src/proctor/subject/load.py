"""Calls that go on while something else happens, each recorded in the history for the checks."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from proctor.background import Background
from proctor.call import Call, Kind, record
from proctor.outcome import Inconclusive, TimedOut
from proctor.subject.client import Client
from proctor.subject.server import Server
from proctor.waiting import eventually
from proctor.wire.connection import Connection, Ended, NoReply, NotAReply, Refused, describe, describe_reply
from proctor.wire.messages import Reply, Request, ping, pong

Told = tuple[Kind, str, str, str]  # outcome, asked, answered, expected
Ask = Callable[[int], Told]  # by number

TAKEN_WITHIN_S = 10.0
CROSSED_WITHIN_S = 0.25  # spec/restart.md, "reload-loses-no-call"


class Load(Background):
    """Threads that call, one call after another each. What ends one is, say, a client that hangs.

    `pace_s` is the pause between two calls of a thread, so that a machine with few cores is not merely busy. It may be
    changed meanwhile.
    """

    def __init__(
        self, name: str, ask: Callable[[], Ask], history_of: Server | Client, threads: int, pace_s: float
    ) -> None:
        super().__init__()
        self._ask = ask
        self._history = history_of.history
        self.pace_s = pace_s
        self._numbers: Iterator[int] = itertools.count()
        self.made = 0
        for number in range(threads):
            who = f"{name} {number}"
            self.add(who, partial(self._call_on, who))

    def _call_on(self, who: str) -> None:
        ask = self._ask()
        while not self.over.is_set():
            invoked = time.monotonic()
            outcome, asked, answered, expected = ask(next(self._numbers))
            record(self._history, Call(who, invoked, time.monotonic(), outcome, asked, answered, expected))
            self.made += 1
            self.over.wait(self.pace_s)


def new_connections(
    server: Server, request: Callable[[int], Request] = ping, threads: int = 2, pace_s: float = 0.01
) -> Load:
    """Each call on a connection of its own: what a server that is being replaced must not refuse."""

    def prepare() -> Ask:
        return lambda number: over_new_connection(server, request(number))

    return Load("new connection", prepare, server, threads, pace_s)


def knocks(server: Server, threads: int = 1, pace_s: float = 0.002) -> Load:
    """Connections that are made and closed again: who is refused notices, and no protocol is needed for that."""

    def prepare() -> Ask:
        return lambda _number: knock(server)

    return Load("knock", prepare, server, threads, pace_s)


def through(client: Client, threads: int = 2, pace_s: float = 0.01, timeout_s: float = 5.0) -> Load:
    """Calls by a client under test. One that outlives its timeout by more than `late_s` is the last of its thread."""

    def prepare() -> Ask:
        return lambda number: by_client(client, number, timeout_s)

    return Load("client", prepare, client, threads, pace_s)


def knock(server: Server) -> Told:
    try:
        server.connect().close()
    except Refused as error:
        return "failed", "to connect", str(error), "to be accepted"
    except NoReply as error:
        return "unknown", "to connect", str(error), "to be accepted"
    return "ok", "to connect", "to be accepted", "to be accepted"


def over_new_connection(server: Server, request: Request) -> Told:
    name = {"ping": "pong", "sleep": "sleep_r"}[request.method]
    asked, expected = describe(request), describe_reply(Reply(name, request.params))
    try:
        with server.connect() as wire:
            return "ok", asked, describe_reply(answer(server, wire, request)), expected
    except Refused as error:
        return "failed", asked, str(error), expected
    except (Ended, TimedOut, NotAReply) as error:
        return "unknown", asked, str(error), expected


def occupy(wire: Connection, calls: Sequence[Request]) -> None:
    """Makes calls of which each waits for the one before. The first has been read then."""
    for number, call in enumerate(calls):
        wire.send(call)
        if number == 0:
            eventually(wire.taken, within=TAKEN_WITHIN_S, what="the request to be read")


def check_cut_short(wire: Connection, calls: Sequence[Request]) -> None:
    """Of calls that should have lasted longer than their worker. Inconclusive if all came to their end all the same."""
    try:
        replies = [wire.reply() for _ in calls]
    except Ended:
        return
    raise Inconclusive(f"the call that should have lasted too long was answered: {describe_reply(replies[-1])}")


def answer(server: Server, wire: Connection, request: Request) -> Reply:
    """The reply to a call. One that crossed the close of its connection on the way is made again on a new one.

    So it was, without a byte of the reply, if the connection had ended before the request came, or ended at once.
    """
    asked = time.monotonic()
    try:
        return wire.call(request)
    except Ended as ended:
        check_crossed(ended, asked)
    with server.connect() as another:
        return another.call(request)


def check_crossed(ended: Ended, asked: float) -> None:
    if ended.begun:
        raise ended
    now = time.monotonic()
    if not ended.before and now - asked > CROSSED_WITHIN_S:
        raise TimedOut(f"{ended}, {now - asked:.2f} s after the request", asked, now, CROSSED_WITHIN_S)


def by_client(client: Client, number: int, timeout_s: float) -> Told:
    request = ping(number)
    outcome = client.outcome_in_time(client.start_call(request.method, request.params, timeout_s))
    asked, expected = describe(request), describe_reply(pong(number))
    if outcome.reply is not None:
        return "ok", asked, describe_reply(outcome.reply), expected
    certain: Kind = "failed" if outcome.kind in ("unavailable", "remote") else "unknown"
    return certain, asked, str(outcome), expected
