"""The reference as a program, seen from outside: its parent, workers and registrar."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from types import TracebackType

from proctor.places import CHECKOUT
from proctor.process import observe
from proctor.process.ports import Ports
from proctor.process.process import Process
from proctor.process.program import Command, Program, adopt_orphans
from proctor.waiting import eventually

WITHIN_S = 20.0
NO_REGISTRY = "127.0.0.1:1"  # refused at once


class Server:
    """Started by entering; when it is left, nothing of it is."""

    def __init__(self, *arguments: str, zookeeper: str = NO_REGISTRY, workers: int = 2, root: str = "/demo") -> None:
        adopt_orphans()
        self.ports = Ports()
        self.port = self.ports.reserve()
        self.size = workers
        self.argv = [
            *(sys.executable, "-m", "reference", "serve", "--bind", f"127.0.0.1:{self.port}"),
            *("--workers", str(workers), "--zookeeper", zookeeper, "--root", root, *arguments),
        ]

    def __enter__(self) -> Server:
        self.program = Program(Command(self.argv, CHECKOUT))
        eventually(lambda: len(self.workers()) == self.size, WITHIN_S, "the workers")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.program.end()
        self.ports.close()

    @property
    def pid(self) -> int:
        return self.program.pid

    def children(self) -> list[int]:
        return [stat.pid for stat in observe.descendants(self.pid) if stat.state != "Z"]

    def workers(self) -> list[int]:
        """Those that listen and have said that they are ready."""
        ready = [pid for pid in self.children() if f"worker {pid} is ready" in self.log()]
        return observe.holders(observe.listening_inodes(self.port), ready)

    def registrar(self) -> int:
        """The one that has said so, and lives."""

        def look() -> list[int]:
            return [pid for pid in self.children() if f"registrar {pid} is ready" in self.log()]

        return eventually(look, WITHIN_S, "the registrar")[0]

    def log(self) -> str:
        return self.program.output.tail(1000)

    def send(self, number: signal.Signals, pid: int | None = None) -> None:
        process = Process(pid or self.pid)
        process.send(number)
        process.close()

    def wait_for(self, size: int, without: Sequence[int] = ()) -> list[int]:
        """The workers, once there are so many, none of those among them, and nothing else of the old ones."""

        def look() -> bool:
            gone = not set(self.children()) & set(without)  # first: one that dies in between is not counted as a worker
            return gone and len(self.workers()) == size

        eventually(look, WITHIN_S, f"{size} workers, and none of {without}")
        return self.workers()

    def wait_for_log(self, text: str) -> None:
        eventually(lambda: text in self.log(), WITHIN_S, f"{text!r} in the log")

    def stop(self) -> int | None:
        """Its exit status after SIGTERM; nothing of it is left."""
        self.send(signal.SIGTERM)
        status = self.program.wait(WITHIN_S)
        assert self.program.remains() == []
        return status
