"""The fixtures of the suite: subjects on a stage, each ended when its case is over."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import Any, Protocol

import pytest

from proctor.examination import selection
from proctor.examination.drawing import ForAny, Trial
from proctor.examination.stagehand import Stagehand
from proctor.history import History
from proctor.process.text import printable
from proctor.schedules.explore import Exploration
from proctor.schedules.replay import Replayed
from proctor.subject.client import Client
from proctor.subject.listing import Listing
from proctor.subject.server import Server
from proctor.subject.service import Service
from proctor.subject.stage import Stage
from proctor.wire.scripted import Behaviour, ScriptedServer, answers

STAGEHAND: pytest.StashKey[Stagehand] = pytest.StashKey()
REPLAYED: pytest.StashKey[Replayed | None] = pytest.StashKey()


class StartServer(Protocol):
    """Starts a server of its own for the case; options as `Server` takes them, and `ready=False` not to wait."""

    def __call__(self, workers: int = 2, *, ready: bool = True, **options: Any) -> Server: ...


class StartClient(Protocol):
    """Starts a client that discovers below `root`."""

    def __call__(self, root: str, **options: Any) -> Client: ...


class StartService(Protocol):
    """Starts a client of its own for the case, and a service for it.

    `made` False: its root is missing. `started` False: its proxy is open, the rest is left to `Service.start`.
    """

    def __call__(self, *, made: bool = True, started: bool = True, stage: Stage | None = None) -> Service: ...


class StartScripted(Protocol):
    """Starts a server of ours that behaves as told; closed with the case."""

    def __call__(self, behaviour: Behaviour = answers) -> ScriptedServer: ...


@pytest.fixture(scope="session")
def stagehand(pytestconfig: pytest.Config) -> Iterator[Stagehand]:
    hand = pytestconfig.stash[STAGEHAND]
    yield hand
    hand.close()


@pytest.fixture
def stage(stagehand: Stagehand) -> Stage:
    """The registry, loop and history that this process's cases share."""
    return stagehand.stage()


@pytest.fixture
def history(stage: Stage) -> History:
    return stage.history


@pytest.fixture
def server(stagehand: Stagehand) -> Iterator[Server]:
    """A running server that cases share: a case must leave it as it was, and that is checked."""
    shared = stagehand.shared_server()
    before = shared.snapshot()
    yield shared
    stagehand.check_unharmed(before)


@pytest.fixture
def start_server(stagehand: Stagehand) -> Iterator[StartServer]:
    with ExitStack() as ends:

        def start(workers: int = 2, *, ready: bool = True, stage: Stage | None = None, **options: Any) -> Server:
            started = Server(stage or stagehand.stage(), workers, **options)
            ends.callback(stagehand.dismiss, started)
            stagehand.enlist(started)
            return started.start(ready)

        yield start


@pytest.fixture
def start_client(stagehand: Stagehand) -> Iterator[StartClient]:
    with ExitStack() as ends:

        def start(root: str, *, stage: Stage | None = None, **options: Any) -> Client:
            started = Client(stage or stagehand.stage(), root, **options)
            ends.callback(stagehand.dismiss, started)
            stagehand.enlist(started)
            return started.start()

        yield start


@pytest.fixture
def service(stagehand: Stagehand) -> Iterator[Service]:
    """A client that cases share, and a list of servers that is the case's own. It is cleared after each case."""
    yield stagehand.shared_service()
    stagehand.check_settled()


@pytest.fixture
def start_service(stagehand: Stagehand) -> Iterator[StartService]:
    with ExitStack() as ends:

        def start(*, made: bool = True, started: bool = True, stage: Stage | None = None) -> Service:
            place = stage or stagehand.stage()
            listing = Listing(place, made=made)
            client = Client(place, listing.root).open()
            service = Service(place, client, listing)
            ends.callback(service.clear)
            ends.callback(stagehand.dismiss, client)
            stagehand.enlist(client)
            return service.start() if started else service

        yield start


@pytest.fixture
def listing(stage: Stage) -> Iterator[Listing]:
    """A root of its own whose nodes the case itself makes and removes."""
    made = Listing(stage)
    yield made
    made.close()


@pytest.fixture
def scripted(stage: Stage) -> Iterator[StartScripted]:
    """Starts servers of ours that behave as the case says."""
    with ExitStack() as ends:

        def start(behaviour: Behaviour = answers) -> ScriptedServer:
            made = ScriptedServer(stage.loop, behaviour, stage.manifest.byte_order)
            ends.callback(made.close)
            return made

        yield start


@pytest.fixture
def own_stage(stagehand: Stagehand) -> Iterator[Stage]:
    """A stage with a registry of its own, for cases that kill, freeze or wipe it."""
    with stagehand.own_stage() as made:
        yield made


@pytest.fixture
def exploration(request: pytest.FixtureRequest, stagehand: Stagehand, own_stage: Stage) -> Exploration:
    """Chaos by schedules that are drawn from the run's seed."""
    config, case = request.config, selection.case_id(request.node)
    replayed = config.stash[REPLAYED]
    report = config.invocation_params.dir / config.getoption("--report")

    def tell(line: str) -> None:
        with capture_disabled(config):
            print(f"proctor: {request.node.name}: {printable(line)}", file=sys.stderr, flush=True)

    return Exploration(
        stage=own_stage,
        stalls=stagehand.stalls,
        seed=config.getoption("--seed"),
        budget_s=config.getoption("--chaos-budget"),
        case=case,
        kept_in=report / "replays" / case.replace("/", "."),
        tell=tell,
        given=replayed.schedule if replayed else None,
    )


@pytest.fixture
def for_any(request: pytest.FixtureRequest, stagehand: Stagehand) -> Iterator[ForAny]:
    """Holds a law to many values, drawn from the run's seed."""
    report = request.config.invocation_params.dir / request.config.getoption("--report")
    kept_in = report / "examples" / selection.case_id(request.node).replace("/", ".")
    trial = Trial(stagehand, request.config.getoption("--seed"), kept_in)
    yield trial.for_any
    trial.check_unharmed()


def capture_disabled(config: pytest.Config) -> AbstractContextManager[None]:
    """What is printed meanwhile is seen at once, by whoever started pytest."""
    manager = config.pluginmanager.getplugin("capturemanager")
    return manager.global_and_fixture_disabled() if manager else nullcontext()
