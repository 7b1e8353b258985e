"""Sets the stage for the cases of one process: lazily, once; and clears it whatever happened on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from proctor.history import History
from proctor.loop import LoopThread
from proctor.manifest import Manifest
from proctor.outcome import Failure, TimedOut
from proctor.process.ports import Ports
from proctor.process.program import adopt_orphans
from proctor.process.stalls import StallMeter
from proctor.process.sweeper import Sweeper
from proctor.subject.client import Client
from proctor.subject.listing import Listing
from proctor.subject.server import Server, Snapshot
from proctor.subject.service import Service
from proctor.subject.stage import Stage
from proctor.subject.until import until_settled
from proctor.waiting import eventually
from proctor.zookeeper.registry import Registry, open_registry

Subject = Server | Client


class Stagehand:
    """Owns what cases share: loop, registry, history, stall meter, the shared server and the shared client."""

    def __init__(self, manifest: Manifest, registry_spec: str, patience: float) -> None:
        self.manifest = manifest
        self.registry_spec = registry_spec
        self.patience = patience
        self.history = History()
        self.stalls = StallMeter()
        self.subjects: list[Subject] = []
        self._loop: LoopThread | None = None
        self._sweeper: Sweeper | None = None
        self._ports = Ports()
        self._stage: Stage | None = None
        self._shared: Server | None = None
        self._service: Service | None = None

    def stage(self) -> Stage:
        """The stage of this process, set at first use."""
        if self._stage is None:
            self._loop = LoopThread().start()
            self.stalls.start()
            adopt_orphans()
            self._sweeper = Sweeper()
            self._stage = self._set(self._open_registry())
        return self._stage

    @contextmanager
    def own_stage(self) -> Iterator[Stage]:
        """Another stage beside the shared one, with a registry of its own."""
        self.stage()
        stage = self._set(self._open_registry())
        try:
            yield stage
        finally:
            for subject in [subject for subject in self.subjects if subject.stage is stage]:
                self.dismiss(subject)
            stage.close()

    def shared_server(self) -> Server:
        """The server that cases share; a new one if the last was harmed."""
        if self._shared is None:
            server = Server(self.stage())
            self.enlist(server)
            try:
                server.start()
                until_settled(server)
            except BaseException:
                self.dismiss(server)
                raise
            self._shared = server
        return self._shared

    def check_unharmed(self, before: Snapshot) -> None:
        """Failure if the shared server is not what it was before the case; it is then replaced.

        TimedOut where it lives: what is away then may be so because the host stalled.
        """
        shared = self._shared
        assert shared is not None

        def unharmed() -> bool:
            shared.demand_parent()
            after = shared.snapshot()
            assert before.is_unharmed_in(after), f"before it {before}, after it {after}"
            return True

        try:
            eventually(unharmed, within=shared.promise("register_s"), what="the server to be as before the case")
        except Failure as failure:
            why = shared.diagnosis(f"the case harmed the server: {failure}")
            self.dismiss_shared_server()
            if isinstance(failure, TimedOut):
                raise TimedOut(why, failure.started, failure.ended) from None
            raise Failure(why) from None

    def dismiss_shared_server(self) -> None:
        """The next case to ask for it gets a new one."""
        if self._shared is not None:
            self.dismiss(self._shared)
            self._shared = None

    def shared_service(self) -> Service:
        """A client that cases share, cleared of servers; a new one if the last was harmed."""
        if self._service is None:
            listing = Listing(self.stage())
            client = Client(self.stage(), listing.root)
            self.enlist(client)
            service = Service(self.stage(), client, listing)
            try:
                service.start()
            except BaseException:
                self.dismiss(client)
                raise
            self._service = service
        return self._service

    def check_settled(self) -> None:
        """Clear the shared service, and replace it unless its client is as good as new.

        That a client did not follow to the end is no failure of the case: it is about something else.
        """
        assert self._service is not None
        self._service.clear()
        if not self._service.settled():
            self.dismiss(self._service.client)
            self._service = None

    def enlist(self, subject: Subject) -> None:
        self.subjects.append(subject)

    def dismiss(self, subject: Subject) -> None:
        """End a subject, unless that is done already."""
        if subject in self.subjects:
            self.subjects.remove(subject)
            subject.end()

    def close(self) -> None:
        """End everything, in the reverse order of its making; safe to call twice."""
        while self.subjects:
            self.dismiss(self.subjects[-1])
        self._shared = None
        if self._service is not None:
            self._service.clear()
            self._service = None
        if self._stage is not None:
            self._stage.close()
            self._stage = None
            self.stalls.stop()
        if self._loop is not None:
            self._loop.stop()
            self._loop = None
        if self._sweeper is not None:
            self._sweeper.stop()
            self._sweeper = None
        self._ports.close()

    def _open_registry(self) -> Registry:
        assert self._loop is not None
        registry = open_registry(self.registry_spec, self._loop)
        registry.start()
        return registry

    def _set(self, registry: Registry) -> Stage:
        assert self._loop is not None
        return Stage(self.manifest, registry, self._loop, self.history, self._ports, self.patience)
