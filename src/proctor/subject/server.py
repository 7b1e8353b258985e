"""A server under test: its parent, its workers, its node, its port."""

from __future__ import annotations

import math
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace

from proctor.links import Address
from proctor.manifest import Manifest, fill
from proctor.outcome import Failure, Inconclusive, TimedOut
from proctor.process import observe
from proctor.process.observe import Stat
from proctor.process.process import Process
from proctor.process.program import Command, Program
from proctor.process.text import several, shown
from proctor.subject.stage import HOST, Stage
from proctor.waiting import eventually
from proctor.wire.connection import Connection, show_address
from proctor.wire.messages import Request, pi, sleep
from proctor.zookeeper.dialect import JsonDialect
from proctor.zookeeper.proxy import RegistryProxy

CALIBRATING_TERMS = 200_000
CALIBRATIONS = 5
LEAST_CALIBRATION_S = 0.01  # less is mostly the way there and back
CALLS_MAX = 100
PI_TERMS_MAX = 10**9  # a server may refuse more (wire/pi-may-bound-n)
PROVEN_S = 0.1  # from its fork on; a helper that is a process of its own by then holds no listening socket
MEMBERS_BYTES = 64  # more than a message has beside its text


class ParentEnded(Failure):
    """The parent is gone, and nothing that it owed will come."""

    final = True


class DidNotStart(Failure):
    """The server ended before it was ready; the message holds its end and its last output."""

    final = True


@dataclass(frozen=True)
class Node:
    """A znode below the server's root. `address` is None if its data is no address of the dialect."""

    path: str
    data: bytes
    address: Address | None
    owner: int  # the session that holds it; 0 for a persistent node

    def __str__(self) -> str:
        return f"{self.path}  {shown(self.data)}  owner {self.owner:#x}"


@dataclass(frozen=True)
class Snapshot:
    """What must not change while a request is refused: parent, workers, and what its nodes hold.

    Their names may: a busy machine can lose a session, and then the node is made again.
    """

    parent: int
    workers: tuple[int, ...]
    nodes: tuple[bytes, ...]

    def is_unharmed_in(self, after: Snapshot) -> bool:
        """Whether nothing has changed. A node that was on its way, as after a session that the host's stalling has
        cost, may have come.
        """
        return after == self or (not self.nodes and replace(after, nodes=()) == self)

    def __str__(self) -> str:
        return f"parent {self.parent}, workers {several(self.workers)}, nodes {several(map(shown, self.nodes))}"


class Server:
    """One started server. `start` waits until it is ready; `end` leaves nothing of it behind."""

    def __init__(
        self,
        stage: Stage,
        workers: int = 2,
        root: str | None = None,
        port: int | None = None,
        ignore: Sequence[int] = (),
        env: Mapping[str, str] | None = None,
        prepare: Callable[[RegistryProxy], object] | None = None,
        through: Sequence[str] = (),
    ) -> None:
        """`prepare` is called with the server's proxy before the server is started: for what its first steps meet.

        `through` are words before the command, of a program that executes what follows them.
        """
        assert stage.manifest.server is not None
        self.stage = stage
        self._section = stage.manifest.server
        self.history = stage.history
        self.asked_workers = workers
        self.port = port if port is not None else stage.ports.reserve()
        self._reserved = port is None
        self.address = (HOST, self.port)
        self.root = root or stage.new_root()
        self.view = stage.view
        self.proxy = RegistryProxy(stage.loop, stage.registry.address)
        self._prepare = prepare or (lambda _proxy: None)
        self._ignore = ignore
        self._env = env or {}
        self._through = through
        self._open = False
        self._program: Program | None = None
        self._dialect = JsonDialect()

    # --- life

    def start(self, ready: bool = True) -> Server:
        """Start the command; with `ready`, wait until the manifest's readiness rule holds."""
        self.proxy.start()
        self._open = True
        self._prepare(self.proxy)
        self._program = Program(self._command())
        self.history.record("process", what="server started", pid=self.pid, address=show_address(self.address))
        if ready:
            self.wait_ready()
        return self

    def wait_ready(self) -> None:
        try:
            eventually(self._is_ready, within=self.promise("boot_s"), what=f"the server to be ready ({self._rule()})")
        except TimedOut as late:
            raise TimedOut(self.diagnosis(str(late)), late.started, late.ended) from None

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal that should end its parent: the exit status. TimedOut if it still runs after `stop_s`."""
        self.parent.send(number)
        return self.program.end_status(self.promise("stop_s"))

    def end(self) -> None:
        """KILL what is left of it, close its proxy, and give its port back; whatever of them fails."""
        with ExitStack() as ends:
            if self._reserved:
                ends.callback(self.stage.ports.release, self.port)
            if self._open:
                ends.callback(self.proxy.stop)
            if self._program is not None:
                self._program.end()
                self.history.record("process", what="server ended", pid=self._program.pid)

    # --- what it is

    @property
    def program(self) -> Program:
        assert self._program is not None, "the server was not started"
        return self._program

    @property
    def pid(self) -> int:
        return self.program.pid

    @property
    def parent(self) -> Process:
        return self.program.parent

    @property
    def manifest(self) -> Manifest:
        return self.stage.manifest

    def promise(self, name: str) -> float:
        return self.stage.promise(name)

    def signals(self) -> list[int]:
        """What its parent listens to and goes on: SIGCHLD, and those that its claims are about.

        SIGUSR2 is left out: it starts another server, which whatever befalls this one may outlive.
        """
        claimed = self.manifest.capabilities
        return [
            signal.SIGCHLD,
            *[signal.SIGHUP] * bool(claimed.reload),
            *[signal.SIGTTIN, signal.SIGTTOU] * claimed.resize,
        ]

    def workers(self) -> list[Stat]:
        """The living workers below its parent, as the manifest says what a worker is. Failure if they hide from us."""
        alive = [process for process in observe.family(self.pid) if process.state not in "ZX"]
        if self._section.workers == "children":
            return [process for process in alive if process.parent == self.pid]
        inodes, pids = observe.listening_inodes(self.port), [process.pid for process in alive]
        holders = observe.holders(inodes, pids)
        if inodes and not holders and (hidden := observe.hidden(pids)):
            raise Failure(
                f"whether {several(hidden)} are workers can't be seen: their descriptors are hidden from us, as by "
                'PR_SET_DUMPABLE or another user; workers = "children" in impl.toml needs no look at them'
            )
        return [process for process in alive if process.pid in holders]

    def worker_pids(self) -> set[int]:
        return {worker.pid for worker in self.workers()}

    def proven_pids(self) -> set[int]:
        """Those who are not just born. A helper, too, holds the listening socket from its fork to its exec."""
        return {worker.pid for worker in self.workers() if worker.age_s >= PROVEN_S}

    def zombies(self) -> list[Stat]:
        """Dead children that the parent has not reaped."""
        return [child for child in observe.family(self.pid) if child.parent == self.pid and child.state == "Z"]

    def nodes(self) -> list[Node]:
        """What stands below its root now, sorted by name."""
        return [
            Node(path, data, self._dialect.decode(data), stat.ephemeralOwner)
            for path, (data, stat) in self.view.below(self.root).items()
        ]

    def demand_parent(self, within: float = 0.0) -> None:
        """ParentEnded if its parent has ended, or does so within that many seconds."""
        status = self.program.wait(within)
        if status is not None:
            how = f"was killed by signal {-status}" if status < 0 else f"has ended with status {status}"
            raise ParentEnded(f"the parent {how}")

    def node(self) -> Node:
        """Its one node. Failure, saying what stands there, if there is not exactly one; ParentEnded if the parent has
        ended: its node may stand for a session yet.
        """
        self.demand_parent()
        nodes = self.nodes()
        if len(nodes) != 1:
            raise Failure(f"{self.root} should hold one node, and holds {len(nodes)}: {several(nodes)}")
        return nodes[0]

    def snapshot(self) -> Snapshot:
        nodes = tuple(node.data for node in self.nodes()) if self.registers else ()
        return Snapshot(self.pid, tuple(sorted(self.proven_pids())), nodes)

    @property
    def registers(self) -> bool:
        """Whether the profile discovery is claimed."""
        return "discovery" in self.stage.manifest.about.profiles

    @property
    def speaks(self) -> bool:
        """Whether the profile wire is claimed."""
        return "wire" in self.stage.manifest.about.profiles

    # --- talking to it

    def connect(self, receive_buffer: int | None = None) -> Connection:
        return Connection(
            self.address, self.history, self.stage.manifest.byte_order, self.stage.patience, receive_buffer
        )

    def text(self, most: int) -> str:
        """Text to be echoed: of so many bytes, or of as many as fit the longest frame."""
        return "u" * min(most, int(self.promise("max_frame_bytes")) - MEMBERS_BYTES)

    def accepts(self) -> bool:
        """Whether a TCP connection to its port is accepted, now."""
        with closing(socket.socket()) as probe:
            probe.settimeout(1.0)
            return probe.connect_ex(self.address) == 0

    def lasting(self, seconds: float) -> Request:
        """A call that keeps a worker busy for about so long: `sleep`, or `pi` with a calibrated n."""
        if "sleep" in self.stage.manifest.capabilities.methods:
            return sleep(seconds)
        calls = self.computing(seconds)
        if len(calls) > 1:
            raise Inconclusive(
                f"no call lasts {seconds:g} s: `pi` of {PI_TERMS_MAX} is too quick, `sleep` isn't claimed"
            )
        return calls[0]

    def lasting_within_grace(self, seconds: float) -> Request:
        """The same, but no longer than half of `grace_s`, for which calls in flight are waited for.

        That is the server's own promise, which the run's patience doesn't stretch.
        """
        return self.lasting(min(seconds, self.manifest.promise("grace_s") / 2))

    def computing(self, seconds: float) -> list[Request]:
        """A call that computes for about so long, or longer (`pi`, calibrated now).

        Several, for one connection, if a quick server would have to be asked for an n that it may refuse; too few, if
        it has the sum at once, however long.
        """
        terms = seconds * self._terms_a_second()
        calls = min(math.ceil(terms / PI_TERMS_MAX), CALLS_MAX)
        return [pi(min(math.ceil(terms / calls), PI_TERMS_MAX))] * calls

    # --- inside

    def _terms_a_second(self) -> float:
        terms = CALIBRATING_TERMS
        with self.connect() as wire:
            while (took := self._calibrate(wire, terms)) < LEAST_CALIBRATION_S and terms < PI_TERMS_MAX:
                terms = min(10 * terms, PI_TERMS_MAX)
        return terms / took

    def _calibrate(self, wire: Connection, terms: int) -> float:
        """The fastest counts: one that was held up would make every call short that is to last."""
        took = math.inf
        for _ in range(CALIBRATIONS):
            started = self.history.record("calibrate", terms=terms).at
            wire.call(pi(terms))
            took = min(took, self.history.record("calibrated").at - started)
        return took

    def _command(self) -> Command:
        section, stage = self._section, self.stage
        argv = fill(
            section.command,
            host=HOST,
            port=self.port,
            workers=self.asked_workers,
            zookeeper=self.proxy.address + stage.registry.chroot,
            root=self.root,
        )
        cwd = (stage.manifest.folder / section.cwd).resolve()
        return Command(
            [*self._through, *argv], cwd, {**section.env, **self._env}, ignore=[int(number) for number in self._ignore]
        )

    def _rule(self) -> str:
        return {
            "node": f"its node stands below {self.root}",
            "port": f"{show_address(self.address)} accepts",
            "workers": f"{self.asked_workers} workers stand",
        }[self._section.ready]

    def _is_ready(self) -> bool:
        if (status := self.program.exit_status()) is not None:
            raise DidNotStart(self.diagnosis(self._exited(status)))
        if self._section.ready == "node":
            return len(self.view.children(self.root)) > 0
        if self._section.ready == "port":
            return self.accepts()
        return len(self.workers()) >= self.asked_workers

    def _exited(self, status: int) -> str:
        strays = self.program.remains()
        left = f", but left {', '.join(map(str, strays))} behind: it must stay in the foreground" if strays else ""
        how = f"signal {-status}" if status < 0 else f"exit status {status}"
        return f"the server's process ended ({how}) before it was ready ({self._rule()}){left}"

    def diagnosis(self, what: str) -> str:
        """What is wrong with it, and what it said last."""
        command, said = " ".join(self.program.command.argv), self.program.last_words()
        return f"{what}\n  command: {command}\n  its last output:\n{indent(said)}"


def indent(text: str) -> str:
    return "\n".join("    " + line for line in text.splitlines())
