"""Where faults are tried: small targets that do as a few lines of Python say, and nothing left of them afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, suppress
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import TypeVar

import pytest

from proctor.history import History
from proctor.links import LinkProxy
from proctor.loop import LoopThread
from proctor.process import observe
from proctor.process.process import Process
from proctor.process.program import MARK_BITS, Command, Program
from proctor.wire.scripted import Behaviour, ScriptedServer, answers
from proctor.zookeeper.client import Client
from proctor.zookeeper.proxy import RegistryProxy
from proctor.zookeeper.registry import Registry

T = TypeVar("T")
WITHIN_S = 20.0  # a deadline against hanging, not a measure
A_WHILE_S = 0.2  # what must not be said is listened for so long


class Target:
    """A Python program that is talked to in lines, in a session of its own, with the mark of a kit's program."""

    def __init__(self, source: str, through: Sequence[str] = ()) -> None:
        command = Command([*through, sys.executable, "-I", "-S", "-c", textwrap.dedent(source)], Path.cwd())
        self.popen = subprocess.Popen(
            command.through_entry(os.getpid() << MARK_BITS),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self.pid = self.popen.pid
        self._lines: Queue[str] = Queue()
        self._reader = Thread(target=self._read, name="target", daemon=True)
        self._reader.start()

    def tell(self, line: str = "") -> None:
        assert self.popen.stdin is not None
        self.popen.stdin.write(line.encode() + b"\n")
        self.popen.stdin.flush()

    def says(self, within_s: float = WITHIN_S) -> str:
        """The next line. AssertionError on silence."""
        try:
            return self._lines.get(timeout=within_s)
        except Empty:
            raise AssertionError(f"the target said nothing for {within_s} s") from None

    def asked(self, line: str = "") -> str:
        """What it answers to a line."""
        self.tell(line)
        return self.says()

    def is_silent(self) -> bool:
        try:
            self.says(A_WHILE_S)
        except AssertionError:
            return True
        return False

    def end(self) -> None:
        """Let it come to its own end, and reap it."""
        assert self.popen.stdin is not None
        self.popen.stdin.close()
        self.popen.wait(WITHIN_S)

    def children(self) -> list[int]:
        """Those of its children that are alive."""
        return [process.pid for process in observe.family(self.pid) if process.state not in "ZX"]

    def close(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.popen.wait(WITHIN_S)
        self._reader.join(WITHIN_S)
        for stream in (self.popen.stdin, self.popen.stdout):
            assert stream is not None
            with suppress(BrokenPipeError):
                stream.close()

    def __enter__(self) -> Target:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self._lines.put(line.decode().rstrip("\n"))


class Place:
    """Starts targets and ends them with the test, the last one first."""

    def __init__(
        self,
        loop: LoopThread,
        registry: Callable[[str], Registry],
        folder: Path,
        machine: pytest.MonkeyPatch,
        ends: ExitStack,
    ) -> None:
        """`registry` gives one that serves, by what `--registry` calls it."""
        self.history = History()
        self.loop = loop
        self.registry = registry
        self.folder = folder
        self.machine = machine
        self._ends = ends

    def enter(self, context: AbstractContextManager[T]) -> T:
        return self._ends.enter_context(context)

    def afterwards(self, ending: Callable[[], object]) -> None:
        self._ends.callback(ending)

    # --- processes

    def target(self, source: str, through: Sequence[str] = ()) -> Target:
        return self.enter(Target(source, through))

    def held(self, pid: int) -> Process:
        return self.enter(closing(Process(pid)))

    def gone(self) -> Process:
        """One that has ended and was reaped."""
        target = self.target("import sys; sys.stdin.read()")
        process = self.held(target.pid)
        target.end()
        return process

    def zombie(self) -> Process:
        """One that has ended and was not reaped."""
        parent = self.target(
            """
            import os, sys
            child = os.fork()
            if child == 0:
                os._exit(0)
            os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
            print(child, flush=True)
            sys.stdin.read()
            """
        )
        return self.held(int(parent.says()))

    def program(self, source: str) -> Program:
        program = Program(Command([sys.executable, "-I", "-S", "-c", textwrap.dedent(source)], self.folder))
        self.afterwards(program.end)
        return program

    # --- servers

    def scripted(self, behaviour: Behaviour = answers) -> ScriptedServer:
        return self.enter(ScriptedServer(self.loop, behaviour))

    def link(self, server: ScriptedServer) -> LinkProxy:
        return self.enter(LinkProxy(self.loop, server.address))

    # --- registries

    def proxy(self, registry: Registry) -> RegistryProxy:
        return self.enter(RegistryProxy(self.loop, registry.address))

    def client(self, address: tuple[str, int]) -> Client:
        """A bare client of the registry at an address, with a session."""
        client = self.enter(Client(*address, WITHIN_S))
        client.connect(timeout_ms=10_000)
        return client
