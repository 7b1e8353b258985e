"""The load of a schedule: whoever calls, each call with a nonce, until told to stop."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from functools import partial

from proctor.background import Background
from proctor.call import Call, Kind, record
from proctor.outcome import TimedOut
from proctor.schedules.fleet import Fleet, Member
from proctor.subject.client import Client
from proctor.subject.load import Told, over_new_connection
from proctor.wire.connection import describe, describe_reply
from proctor.wire.messages import ping, pong

THREADS_A_CLIENT = 2
PACE_S = 0.01
TIMEOUT_S = 2.0
NUMBERS = itertools.count(1)

Ask = Callable[[str], Told]  # by nonce


class Callers(Background):
    """Two threads for each client, and one of ours for each server of the implementation, on connections of its own.

    `ended` is how many calls have ended so far.
    """

    def __init__(self, fleet: Fleet) -> None:
        super().__init__()
        self._history = fleet.stage.history
        self._timeout_s = TIMEOUT_S * fleet.stage.patience
        self._ended = threading.Condition()
        self.ended = 0
        for who, client in fleet.clients.items():
            for number in range(1, THREADS_A_CLIENT + 1):
                self._call_on(f"{who} caller {number}", "", self._through(client), self._timeout_s)
        for member in fleet.members:
            self._call_on(f"caller of {member.who}", member.who, directly(member), None)

    def wait_for(self, ended: float, within_s: float) -> bool:
        """Wait until so many calls have ended; whether they have."""
        with self._ended:
            return self._ended.wait_for(lambda: self.ended >= ended, within_s)

    def _call_on(self, who: str, to: str, ask: Ask, timeout_s: float | None) -> None:
        self.add(who, partial(self._call, who, to, ask, timeout_s))

    def _call(self, who: str, to: str, ask: Ask, timeout_s: float | None) -> None:
        while not self.over.wait(PACE_S):
            nonce = f"{who} {next(NUMBERS)}"
            invoked = time.monotonic()
            outcome, asked, answered, expected = ask(nonce)
            ended = time.monotonic()
            record(self._history, Call(who, invoked, ended, outcome, asked, answered, expected, timeout_s, to, nonce))
            with self._ended:
                self.ended += 1
                self._ended.notify_all()

    def _through(self, client: Client) -> Ask:
        return lambda nonce: by_client(client, nonce, self._timeout_s)


def directly(member: Member) -> Ask:
    return lambda nonce: over_new_connection(member.server, ping(nonce))


def by_client(client: Client, nonce: str, timeout_s: float) -> Told:
    """A call that never ends is told as one that took as long as it was waited for."""
    asked, expected = describe(ping(nonce)), describe_reply(pong(nonce))
    try:
        outcome = client.call("ping", nonce, timeout_s)
    except TimedOut as late:
        return "unknown", asked, str(late), expected
    if outcome.reply is not None:
        return "ok", asked, describe_reply(outcome.reply), expected
    certain: Kind = "failed" if outcome.kind in ("unavailable", "remote") else "unknown"
    return certain, asked, str(outcome), expected
