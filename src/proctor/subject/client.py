"""A client under test, driven over its standard input and output: one JSON object a line, replies matched by id.

Law: spec/client.md, "Driver".
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Queue
from typing import Any

from proctor.manifest import fill
from proctor.outcome import Failure, TimedOut
from proctor.process.program import Command, Program
from proctor.process.text import brief, printable, shorten
from proctor.subject.server import indent
from proctor.subject.stage import Stage
from proctor.wire.connection import describe_reply
from proctor.wire.messages import Reply, TooBulky, Written, check_bulk, encode, exact_integer
from proctor.zookeeper.proxy import RegistryProxy

EXCERPT_BYTES = 1000
LONGEST_LINE_BYTES = 20 * 1024 * 1024  # more than the largest frame by default
ANSWER_WITHIN_S = 10.0  # for operations of the driver itself, and on top of a call's own timeout
READ_WITHIN_S = 30.0  # a driver may do one thing after another, and be busy with a call
EXIT_FOLLOWS_S = 0.5  # a driver whose output has ended is about to exit, and its status tells more
KINDS = ("unavailable", "transport", "timeout", "protocol", "remote")


class DriverBroken(Failure):
    """The driver does not keep the driver's protocol; the message shows the line or its end."""

    final = True


@dataclass(frozen=True)
class Outcome:
    """What a call came to: a reply, or an error's kind (and `code`, for remote ones). `took_s`: as the kit measured."""

    reply: Reply | None
    kind: str | None
    code: str | None
    message: str
    took_s: float

    @property
    def ok(self) -> bool:
        return self.reply is not None

    def __str__(self) -> str:
        if self.reply is not None:
            return f"{describe_reply(self.reply)} after {self.took_s:.3f} s"
        return f"{self.kind} {shorten(str(self.code or ''))} {brief(self.message)} after {self.took_s:.3f} s"


class Pending:
    """A request of the driver that is under way."""

    def __init__(self, number: int, timeout_s: float) -> None:
        self.number = number
        self.timeout_s = timeout_s
        self.started = time.monotonic()
        self.took_s = 0.0  # until the answer was there, however late it is asked for
        self._answer: Queue[dict[str, Any] | DriverBroken] = Queue()

    def put(self, answer: dict[str, Any] | DriverBroken) -> None:
        self.took_s = time.monotonic() - self.started
        self._answer.put(answer)

    def answer(self, within: float) -> dict[str, Any]:
        started = time.monotonic()
        try:
            found = self._answer.get(timeout=within)
        except Empty:
            said = f"the driver did not answer request {self.number} in {within:.1f} s"
            raise TimedOut(said, started, time.monotonic()) from None
        if isinstance(found, DriverBroken):
            raise found
        return found


class Client:
    """One client. `start` starts its driver; `end` leaves nothing of it behind.

    `open` starts its proxy alone, which can then be told what the client's first steps meet.
    """

    def __init__(self, stage: Stage, root: str) -> None:
        assert stage.manifest.client is not None
        self.stage = stage
        self._section = stage.manifest.client
        self.history = stage.history
        self.root = root
        self.proxy = RegistryProxy(stage.loop, stage.registry.address)
        self._open = False
        self._program: Program | None = None
        self._numbers: Iterator[int] = itertools.count(1)
        self._pending: dict[int, Pending] = {}
        self._lock = threading.Lock()
        self._broken: DriverBroken | None = None
        self._reader = threading.Thread(target=self._read, name="proctor-driver", daemon=True)

    def open(self) -> Client:
        self.proxy.start()
        self._open = True
        return self

    def start(self) -> Client:
        if not self._open:
            self.open()
        self._program = Program(self._command())
        self.history.record("process", what="client started", pid=self._program.pid)
        self._reader.start()
        return self

    def end(self) -> None:
        try:
            if self._program is not None:
                self._program.end()
                self._reader.join(1.0)
                self.history.record("process", what="client ended", pid=self._program.pid)
        finally:
            if self._open:
                self.proxy.stop()

    @property
    def root_seen(self) -> str:
        """The root as it stands in what passes the proxy, with the registry's chroot."""
        return self.stage.registry.chroot + self.root

    @property
    def program(self) -> Program:
        assert self._program is not None, "the client was not started"
        return self._program

    def promise(self, name: str) -> float:
        return self.stage.promise(name)

    # --- its operations

    def call(self, method: str, params: Any, timeout_s: float = 5.0) -> Outcome:
        """One call, awaited. TimedOut if it outlives its timeout by far; `took_s` says by how much otherwise."""
        return self.outcome(self.start_call(method, params, timeout_s))

    def start_call(self, method: str, params: Any, timeout_s: float = 5.0) -> Pending:
        return self._ask(timeout_s, op="call", params=params, timeout_s=timeout_s, **{"in": method})

    def outcome(self, pending: Pending) -> Outcome:
        answer = pending.answer(pending.timeout_s + ANSWER_WITHIN_S * self.stage.patience)
        outcome = read_outcome(answer, pending.took_s)
        self.history.record("client call", number=pending.number, outcome=str(outcome))
        return outcome

    def outcome_in_time(self, pending: Pending, carried_s: float = 0.0) -> Outcome:
        """The same, but TimedOut already if the call outlives its timeout by more than `late_s`.

        `carried_s`: what large params take on their way through the driver, which is no part of the call.
        """
        return self._outcome_within(pending, pending.timeout_s, self.promise("late_s") + carried_s)

    def outcome_promptly(self, pending: Pending, within: float) -> Outcome:
        """The same, but TimedOut if the call went on for more than `within` seconds, whatever its timeout is."""
        return self._outcome_within(pending, 0.0, within)

    def _outcome_within(self, pending: Pending, meant_s: float, late_s: float) -> Outcome:
        outcome = self.outcome(pending)
        if outcome.took_s > meant_s + late_s:
            should = f"should end within {meant_s + late_s:g} s"
            said = f"a call with a timeout of {pending.timeout_s:g} s {should}: {outcome}"
            raise TimedOut(said, pending.started, pending.started + outcome.took_s, allowance_s=late_s)
        return outcome

    def servers(self) -> list[str]:
        """Its view of the list, sorted: "host:port" of each server."""
        answer = self._ask(0, op="servers").answer(ANSWER_WITHIN_S * self.stage.patience)
        if "error" in answer:
            raise DriverBroken(f"the driver can't say which servers there are: {read_outcome(answer, 0.0).message}")
        listed = answer.get("servers")
        if not isinstance(listed, list) or not all(isinstance(entry, str) for entry in listed):
            raise DriverBroken(f'the reply to "servers" should hold a list of strings: {brief(answer)}')
        return sorted(listed)

    def close(self) -> int:
        """Ask it to close: its exit status. TimedOut if it still runs after `stop_s`."""
        self._ask(0, op="close").answer(ANSWER_WITHIN_S * self.stage.patience)
        return self.program.end_status(self.promise("stop_s"))

    def write(self, line: bytes) -> None:
        """Bytes as they are, to its standard input. TimedOut if the driver doesn't read them."""
        try:
            self.program.tell(line, READ_WITHIN_S * self.stage.patience)
        except (BrokenPipeError, ValueError):
            raise self._broken or DriverBroken(self._diagnosis("the driver reads no more")) from None

    # --- inside

    def _command(self) -> Command:
        section, stage = self._section, self.stage
        argv = fill(section.command, zookeeper=self.proxy.address + stage.registry.chroot, root=self.root)
        return Command(argv, (stage.manifest.folder / section.cwd).resolve(), section.env, talks=True)

    def _ask(self, timeout: float, **request: Any) -> Pending:
        pending = Pending(next(self._numbers), timeout)
        with self._lock:
            if self._broken is not None:
                raise self._broken
            self._pending[pending.number] = pending
        self.history.record("client asked", number=pending.number, request=brief(request))
        self.write(encode({"id": pending.number, **request}) + b"\n")
        return pending

    def _read(self) -> None:
        try:
            while line := self.program.stdout.readline(LONGEST_LINE_BYTES):
                self._take(line)
            self._give_up(DriverBroken(self._diagnosis("the driver's standard output ended")))
        except DriverBroken as broken:
            self._give_up(broken)
        except ValueError:
            return  # our own end of the pipe was closed

    def _take(self, line: bytes) -> None:
        if not line.endswith(b"\n"):
            raise DriverBroken(self._diagnosis(f"the driver wrote half a line, {len(line)} bytes: {excerpt(line)}"))
        try:
            check_bulk(line)
            answer = json.loads(line, parse_int=exact_integer, parse_float=Written)
            number = answer["id"]
        except TooBulky as error:
            raise DriverBroken(self._diagnosis(f"the driver wrote a line of {error}: {excerpt(line)}")) from None
        except (ValueError, KeyError, TypeError, RecursionError):
            raise DriverBroken(
                self._diagnosis(f'the driver wrote a line that is no JSON object with "id": {excerpt(line)}')
            ) from None
        with self._lock:
            pending = self._pending.pop(number, None) if type(number) is int else None
        if pending is None:
            said = f"the driver answered {brief(number)}, which was not asked or is answered already"
            raise DriverBroken(f"{said}: {excerpt(line)}")
        pending.put(answer)

    def _give_up(self, broken: DriverBroken) -> None:
        with self._lock:
            self._broken = broken
            waiting, self._pending = list(self._pending.values()), {}
        for pending in waiting:
            pending.put(broken)

    def _diagnosis(self, what: str) -> str:
        status = self.program.wait(EXIT_FOLLOWS_S)
        ended = "" if status is None else f" (it exited with {status})"
        command, said = " ".join(self.program.command.argv), self.program.last_words()
        return f"{what}{ended}\n  command: {command}\n  its standard error:\n{indent(said)}"


def read_outcome(answer: dict[str, Any], took_s: float) -> Outcome:
    """A driver's answer to a call. DriverBroken if it is neither a reply nor an error of a known kind."""
    if "error" not in answer:
        with suppress(KeyError):
            return Outcome(Reply(answer["out"], answer["result"]), None, None, "", took_s)
        said = 'the driver\'s answer holds neither "out" and "result" nor "error"'
        raise DriverBroken(f"{said}: {brief(answer)}")
    error = answer["error"]
    if not isinstance(error, dict) or error.get("kind") not in KINDS:
        raise DriverBroken(f"the driver's error has a kind that is none of {', '.join(KINDS)}: {brief(error)}")
    return Outcome(None, error["kind"], error.get("code"), str(error.get("message", "")), took_s)


def excerpt(line: bytes) -> str:
    return printable(shorten(line[:EXCERPT_BYTES].decode(errors="backslashreplace").rstrip("\n")))
