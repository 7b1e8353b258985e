"""What a schedule is performed on: servers below one root, and clients that find them there."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from proctor.links import Address, LinkProxy
from proctor.process import observe
from proctor.process.program import Program
from proctor.schedules.schedule import Schedule
from proctor.states import Processes, Resources, Started, Znodes
from proctor.subject.client import Client
from proctor.subject.listing import Listing
from proctor.subject.server import Server
from proctor.subject.stage import Stage
from proctor.wire.connection import show_address
from proctor.wire.scripted import ScriptedServer, answers
from proctor.zookeeper.dialect import JsonDialect


@dataclass
class Member:
    """One of the implementation's servers."""

    who: str
    server: Server
    killed: bool = False
    forgotten: bool = False  # the session of one that was killed has been ended
    stopped: bool = False

    def look(self) -> Processes:
        """Its processes now."""
        server = self.server
        if server.program.exit_status() is not None:
            left = [process.pid for process in server.program.remains()]
            return Processes(who=self.who, parent=0, workers=[], orphans=left)
        workers = server.worker_pids()
        rest = [process for process in observe.family(server.pid) if process.pid not in workers]
        return Processes(
            who=self.who,
            parent=server.pid,
            workers=sorted(workers),
            zombies=[process.pid for process in rest if process.state == "Z"],
            others=[process.pid for process in rest if process.state != "Z"],
        )


class Fleet:
    """As a context manager: entered once all have been started, left when nothing of them is there any more.

    Between each client and each server stands a proxy of ours: `links`, by the client's name and the server's address.
    """

    def __init__(self, stage: Stage, schedule: Schedule) -> None:
        self.began = time.monotonic()
        self.stage = stage
        self.root = stage.new_root()
        self.members: list[Member] = []
        self.ours: dict[str, ScriptedServer] = {}
        self.clients: dict[str, Client] = {}
        self.links: dict[str, dict[Address, LinkProxy]] = {}
        self.announced: list[str] = []  # nodes that were made for addresses where nobody serves
        self._schedule = schedule
        self._listing = Listing(stage, self.root, made=False)
        self._dialect = JsonDialect()
        self._ends = ExitStack()

    def __enter__(self) -> Fleet:
        try:
            self._start()
        except BaseException:
            self._ends.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    @property
    def subjects(self) -> list[Server | Client]:
        return [*(member.server for member in self.members), *self.clients.values()]

    def addresses(self) -> list[str]:
        """Those that should be in the registry."""
        theirs = [member.server.address for member in self.members if not (member.killed or member.stopped)]
        ours = [ours.address for ours in self.ours.values()]
        return sorted([*map(show_address, [*theirs, *ours]), *self.announced])

    @contextmanager
    def one_more_node(self, address: tuple[str, int]) -> Iterator[None]:
        """A node that says that somebody serves there."""
        path = self._listing.add(address)
        self.announced.append(show_address(address))
        try:
            yield
        finally:
            self.announced.clear()
            self._listing.remove(path)

    def znodes(self) -> Znodes:
        """What stands below the root now."""
        nodes: list[Mapping[str, Any]] = []
        for path, (data, stat) in self.stage.view.below(self.root).items():
            address = self._dialect.decode(data)
            text = data.decode(errors="replace")
            nodes.append({"path": path, "data": text, "address": str(address or ""), "owner": stat.ephemeralOwner})
        return Znodes(root=self.root, nodes=nodes)

    def resources(self) -> list[Resources]:
        """Of each server that runs, and of each client."""
        of_servers = [measured(member.who, member.server.program) for member in self.members if not member.killed]
        return [*of_servers, *(measured(who, client.program) for who, client in self.clients.items())]

    def listed(self, who: str) -> list[str]:
        """What a client lists now: the servers' own addresses."""
        behind = {str(link.address): str(server) for server, link in self.links[who].items()}
        return sorted(behind.get(address, address) for address in self.clients[who].servers())

    def _start(self) -> None:
        self._start_ours()
        for number, workers in enumerate(self._schedule.servers, 1):
            server = Server(self.stage, workers, self.root)
            self._ends.callback(server.end)
            self.members.append(Member(f"server {number}", server.start(ready=False)))
        for number in range(1, self._schedule.clients + 1):
            self._start_client(f"client {number}")
        for member in self.members:
            member.server.wait_ready()
            self._tell(member.who, member.server.address, member.server.asked_workers, member.server.pid)

    def _start_ours(self) -> None:
        self._listing.make()
        self._ends.callback(self._listing.close)
        for number in range(1, self._schedule.ours + 1):
            ours = self._ends.enter_context(ScriptedServer(self.stage.loop, answers, self.stage.manifest.byte_order))
            self.ours[f"ours {number}"] = ours
            self._listing.add(ours.address)
            self._tell(f"ours {number}", ours.address)

    def _start_client(self, who: str) -> None:
        client = Client(self.stage, self.root)
        self._ends.callback(client.end)
        servers = [*(member.server.address for member in self.members), *(ours.address for ours in self.ours.values())]
        self.links[who] = {
            Address(*server): self._ends.enter_context(LinkProxy(self.stage.loop, server)) for server in servers
        }
        client.open()
        client.proxy.rewrite_addresses({server: link.address for server, link in self.links[who].items()})
        self.clients[who] = client.start()

    def _tell(self, who: str, address: tuple[str, int], workers: int = 0, pid: int = 0) -> None:
        shown = show_address(address)
        Started(who=who, address=shown, root=self.root, workers=workers, pid=pid).record(self.stage.history)


def measured(who: str, program: Program) -> Resources:
    pids = [program.pid, *(process.pid for process in observe.family(program.pid))]
    return Resources(
        who=who,
        descriptors=max(observe.descriptors(pid) for pid in pids),
        threads=max(len(observe.threads(pid)) for pid in pids),
        memory_kb=max(observe.resident_kib(pid) for pid in pids),
        cpu_s=observe.processor_s(pids),
    )
