"""Calls that go on while something else happens, each recorded in the history for the checks."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType

from proctor.call import Call, Kind, record
from proctor.subject.client import Client
from proctor.subject.server import Server
from proctor.wire.connection import Ended, NoReply, NotAReply, Refused, describe, describe_reply
from proctor.wire.messages import Reply, Request, ping, pong

Ask = Callable[[int], "tuple[Kind, str, str, str]"]  # number -> outcome, asked, answered, expected


class Load:
    """Threads that call, one call after another each, from entering the block until leaving it.

    `pace_s` is the pause between two calls of a thread, so that a machine with few cores is not merely busy.
    """

    def __init__(
        self, name: str, ask: Callable[[], Ask], history_of: Server | Client, threads: int, pace_s: float
    ) -> None:
        self._name = name
        self._ask = ask
        self._history = history_of.history
        self._pace_s = pace_s
        self._stopped = threading.Event()
        self._numbers: Iterator[int] = itertools.count()
        self._threads = [threading.Thread(target=self._run, args=(f"{name} {n}",), daemon=True) for n in range(threads)]
        self.made = 0

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _run(self, who: str) -> None:
        ask = self._ask()
        while not self._stopped.is_set():
            invoked = time.monotonic()
            outcome, asked, answered, expected = ask(next(self._numbers))
            record(self._history, Call(who, invoked, time.monotonic(), outcome, asked, answered, expected))
            self.made += 1
            self._stopped.wait(self._pace_s)


def new_connections(
    server: Server, request: Callable[[int], Request] = ping, threads: int = 2, pace_s: float = 0.01
) -> Load:
    """Each call on a connection of its own: what a server that is being replaced must not refuse."""

    def prepare() -> Ask:
        return lambda number: over_new_connection(server, request(number))

    return Load("new connection", prepare, server, threads, pace_s)


def through(client: Client, threads: int = 2, pace_s: float = 0.01, timeout_s: float = 5.0) -> Load:
    """Calls by a client under test."""

    def prepare() -> Ask:
        return lambda number: by_client(client, number, timeout_s)

    return Load("client", prepare, client, threads, pace_s)


def over_new_connection(server: Server, request: Request) -> tuple[Kind, str, str, str]:
    name = {"ping": "pong", "sleep": "sleep_r"}[request.method]
    asked, expected = describe(request), describe_reply(Reply(name, request.params))
    try:
        with server.connect() as wire:
            return "ok", asked, describe_reply(wire.call(request)), expected
    except Refused as error:
        return "failed", asked, str(error), expected
    except (Ended, NoReply, NotAReply) as error:
        return "unknown", asked, str(error), expected


def by_client(client: Client, number: int, timeout_s: float) -> tuple[Kind, str, str, str]:
    request = ping(number)
    outcome = client.call(request.method, request.params, timeout_s)
    asked, expected = describe(request), describe_reply(pong(number))
    if outcome.reply is not None:
        return "ok", asked, describe_reply(outcome.reply), expected
    certain: Kind = "failed" if outcome.kind in ("unavailable", "remote") else "unknown"
    return certain, asked, str(outcome), expected
