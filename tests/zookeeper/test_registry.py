"""The contract of a registry: what a test may rely on, whatever stands behind it."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker.errors import DockerException

from proctor.loop import LoopThread
from proctor.outcome import Unavailable
from proctor.process.ports import free
from proctor.waiting import eventually
from proctor.zookeeper.apache import ApacheRegistry
from proctor.zookeeper.client import Client
from proctor.zookeeper.codes import CreateMode, Error, OpCode
from proctor.zookeeper.container import IMAGE, ContainerRegistry
from proctor.zookeeper.embedded import EmbeddedRegistry
from proctor.zookeeper.protocol import OPEN_ACL, CreateRequest, ExistsRequest
from proctor.zookeeper.registry import Registry, RegistryUnavailable, open_registry
from proctor.zookeeper.standing import StandingRegistry

ANSWER_WITHIN_S = 0.5  # long for a registry that answers, short for a test of one that doesn't
GONE_WITHIN_S = 10.0


@pytest.fixture(scope="module")
def container() -> Iterator[ContainerRegistry]:
    """Of an image that our own gate imports, and then must have; else of the one that anybody would pull."""
    promised = os.environ.get("PROCTOR_IMAGE")
    registry = ContainerRegistry(promised or IMAGE)
    try:
        registry.start()
    except RegistryUnavailable as missing:
        if promised:
            raise
        pytest.skip(f"a container engine is not here: {missing}")
    yield registry
    registry.stop()


@pytest.fixture(params=["embedded", "apache", "ensemble", "container"])
def ours(request: pytest.FixtureRequest) -> Registry:
    found: Registry = request.getfixturevalue(request.param)
    return found


def connected(registry: Registry, timeout_ms: int = 2000) -> Client:
    client = Client(*registry.servers[0])
    client.connect(timeout_ms)
    return client


def resumed(registry: Registry, lost: Client) -> Client:
    """A new connection that takes over the session of a lost one."""
    assert lost.session is not None
    client = Client(*registry.servers[0])
    client.connect(session_id=lost.session.session_id, password=lost.session.password, last_zxid=lost.last_zxid)
    return client


def create(client: Client, path: str, mode: CreateMode = CreateMode.PERSISTENT) -> None:
    client.call(OpCode.CREATE, CreateRequest(path, b"", OPEN_ACL, mode))


def stands(client: Client, path: str) -> bool:
    return client.ask(OpCode.EXISTS, ExistsRequest(path, watch=False)).err == Error.OK


def unique(name: str) -> str:
    return f"/{name}-{time.monotonic_ns()}"


def test_it_says_what_it_is(ours: Registry) -> None:
    assert ours.ours
    assert ours.name
    assert ours.version != "unknown"
    assert ours.chroot == ""
    with connected(ours) as client:
        assert client.session is not None
        assert client.session.session_id != 0


def test_a_kill_ends_connections_and_refuses_new_ones(ours: Registry) -> None:
    with connected(ours) as client:
        ours.kill()
        try:
            with pytest.raises(ConnectionError):
                client.ask(OpCode.PING)
            with pytest.raises(ConnectionRefusedError):
                Client(*ours.servers[0])
        finally:
            ours.restart()


def test_after_a_restart_state_is_still_there(ours: Registry) -> None:
    path = unique("kept")
    with connected(ours) as client:
        create(client, path)
    address = ours.address
    ours.restart()
    assert ours.address == address
    with connected(ours) as client:
        assert stands(client, path)


def test_a_session_outlives_a_registry_that_was_down_for_longer_than_its_timeout(registry: Registry) -> None:
    """A registry that is down expires nobody; once up again it gives each session its whole timeout."""
    own = unique("own")
    with connected(registry, timeout_ms=6000) as lost:
        create(lost, own, CreateMode.EPHEMERAL)
        registry.kill()
        down_since = time.monotonic()
        eventually(lambda: time.monotonic() - down_since > 6.2, 10.0, "longer than the session's timeout")
        registry.restart()
        with resumed(registry, lost) as again:
            assert lost.session is not None
            assert again.session is not None
            assert again.session.session_id == lost.session.session_id
            assert stands(again, own)


def test_a_wipe_loses_znodes_and_sessions_and_counts_zxids_afresh(ours: Registry) -> None:
    path = unique("wiped")
    with connected(ours) as client:
        create(client, path)
        before = client.last_zxid
        ours.wipe()
        lost = client.session
    assert lost is not None
    with Client(*ours.servers[0]) as fresh:
        assert fresh.connect(session_id=lost.session_id, password=lost.password).session_id == 0
    with connected(ours) as fresh:
        assert not stands(fresh, path)
        assert 0 < fresh.last_zxid < before


def test_a_frozen_one_accepts_but_answers_nothing_until_it_thaws(ours: Registry) -> None:
    with connected(ours) as client:
        ours.freeze()
        try:
            client.within_s = ANSWER_WITHIN_S
            with pytest.raises(TimeoutError):
                client.ask(OpCode.PING)
            with Client(*ours.servers[0], within_s=ANSWER_WITHIN_S) as waiting, pytest.raises(TimeoutError):
                waiting.connect()
        finally:
            ours.thaw()
        client.within_s = GONE_WITHIN_S
        assert client.receive(OpCode.PING).err == Error.OK


def test_what_came_due_in_the_frost_is_expired_at_the_thaw(ours: Registry) -> None:
    own = unique("own")
    with connected(ours, timeout_ms=1000) as client:
        create(client, own, CreateMode.EPHEMERAL)
        ours.freeze()
        frozen_since = time.monotonic()
        try:
            eventually(lambda: time.monotonic() - frozen_since > 1.5, 5.0, "longer than the session's timeout")
        finally:
            ours.thaw()
        with connected(ours) as other:
            eventually(lambda: not stands(other, own), GONE_WITHIN_S, "the expired session's znode to go")


@pytest.mark.parametrize("last", ["start", "kill", "freeze", "thaw", "restart", "wipe"])
def test_faults_may_be_repeated_and_stop_follows_any(last: str, loop: LoopThread) -> None:
    """Healing always runs, whatever was done before it."""
    registry = open_registry("embedded", loop).start()
    getattr(registry, last)()
    getattr(registry, last)()
    registry.stop()
    registry.stop()
    assert free(*registry.servers[0])


def test_a_busy_port_is_named(loop: LoopThread) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        registry = EmbeddedRegistry(loop, port=port)
        with pytest.raises(RegistryUnavailable, match=f"cannot listen on 127.0.0.1:{port}: Address already in use"):
            registry.start()
        registry.stop()


def test_a_standing_one_is_used_but_never_harmed(embedded: Registry, loop: LoopThread) -> None:
    with open_registry(f"{embedded.address}/kit/run", loop) as standing:
        assert isinstance(standing, StandingRegistry)
        assert not standing.ours
        assert (standing.address, standing.chroot) == (embedded.address, "/kit/run")
        with connected(standing) as client:
            assert stands(client, "/kit/run")
        for fault in ("kill", "restart", "wipe", "freeze", "thaw"):
            with pytest.raises(Unavailable, match=f"cannot {fault}.*not ours"):
                getattr(standing, fault)()
    with connected(embedded) as client:
        assert stands(client, "/kit/run")


def test_a_standing_one_is_reached_by_any_of_its_servers(embedded: Registry, loop: LoopThread) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        with open_registry(f"127.0.0.1:{port},{embedded.address}", loop) as standing:
            assert standing.servers[0] == ("127.0.0.1", port)
            assert standing.version == embedded.version.partition("-")[0]


def test_a_standing_one_that_does_not_answer_is_named(loop: LoopThread) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{nobody.getsockname()[1]}"
        with pytest.raises(RegistryUnavailable, match=f"no ZooKeeper answers at {address}.*refused"):
            open_registry(address, loop).start()


def test_what_answers_but_is_no_zookeeper_is_named(loop: LoopThread) -> None:
    async def other(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    server = loop.call(asyncio.start_server(other, "127.0.0.1", 0))
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        with pytest.raises(RegistryUnavailable, match=f"no ZooKeeper answers at {address}"):
            open_registry(address, loop).start()
    finally:
        loop.loop.call_soon_threadsafe(server.close)


@pytest.mark.parametrize("spec", ["", "nonsense", "host", "host:port", ":2181", "host:0", "host:99999", "a:1,b", "/x"])
def test_a_spec_that_says_nothing_is_refused_with_what_could_be_said(spec: str, loop: LoopThread) -> None:
    with pytest.raises(RegistryUnavailable, match="embedded, zookeeper, ensemble, container"):
        open_registry(spec, loop)


def test_without_java_the_message_says_what_to_install(loop: LoopThread, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(RegistryUnavailable, match=r"Apache ZooKeeper is not here: no java on PATH.*apt-get install"):
        open_registry("zookeeper", loop)


def test_a_home_without_jars_is_named(loop: LoopThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proctor.zookeeper.jvm.java", lambda: "java")
    monkeypatch.setenv("ZOOKEEPER_HOME", str(tmp_path))
    with pytest.raises(RegistryUnavailable, match=f"ZOOKEEPER_HOME={tmp_path} has no lib/zookeeper"):
        open_registry("zookeeper", loop)


def test_a_server_that_ends_at_boot_is_told_with_its_last_words(
    loop: LoopThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "bin" / "java"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho 'no such luck' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setattr("proctor.zookeeper.jvm.classpath", lambda: "anything")
    with pytest.raises(
        RegistryUnavailable, match=r"Apache ZooKeeper on 127.0.0.1:\d+ has ended by itself:\nno such luck"
    ):
        open_registry("zookeeper", loop).start()


def test_a_java_that_cannot_be_run_is_named(loop: LoopThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "bin" / "java"
    broken.parent.mkdir()
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setattr("proctor.zookeeper.jvm.classpath", lambda: "anything")
    with pytest.raises(RegistryUnavailable, match=f"cannot run {broken}: .*No such file"):
        open_registry("zookeeper", loop).start()


def test_no_container_engine_is_one_clear_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    registry = ContainerRegistry("some/image:1")
    try:
        with pytest.raises(RegistryUnavailable, match=r"no container of some/image:1 can be run.*container engine"):
            registry.start()
    finally:
        registry.stop()


class Busy:
    """A container that its engine can't pause the first times."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.asked = 0

    def pause(self) -> None:
        self.asked += 1
        if self.asked <= self.times:
            raise DockerException("OCI runtime pause failed: unable to freeze: unknown")


def test_an_engine_that_can_not_freeze_at_once_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = ContainerRegistry("some/image:1")
    try:
        busy = Busy(times=2)
        monkeypatch.setattr(ContainerRegistry, "_wrapped", busy)
        registry.freeze()
        assert busy.asked == 3
        monkeypatch.setattr(ContainerRegistry, "_wrapped", Busy(times=sys.maxsize))
        monkeypatch.setattr("proctor.zookeeper.container.FROZEN_WITHIN_S", ANSWER_WITHIN_S)
        with pytest.raises(DockerException, match="unable to freeze"):
            registry.freeze()
    finally:
        registry.stop()


@pytest.mark.usefixtures("apache")
@pytest.mark.parametrize("kind", ["zookeeper", "ensemble"])
@pytest.mark.parametrize("fault", ["", "registry.freeze()\n"], ids=["serving", "frozen"])
def test_apache_zookeeper_does_not_outlive_a_kit_that_is_killed(fault: str, kind: str, tmp_path: Path) -> None:
    """A test run that is killed must leave neither a JVM nor its directory behind, also if the JVM is stopped."""
    script = (
        "import os, sys\n"
        "from proctor.loop import LoopThread\n"
        "from proctor.process import observe\n"
        "from proctor.zookeeper.registry import open_registry\n"
        f"registry = open_registry({kind!r}, LoopThread().start()).start()\n"
        f"{fault}"
        "guards = observe.children(os.getpid())\n"
        "print(*(child for guard in guards for child in observe.children(guard)), flush=True)\n"
        "sys.stdin.read()\n"
    )
    kit = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        text=True,
    )
    assert kit.stdout is not None
    assert kit.stdin is not None
    pids = kit.stdout.readline().split()
    assert pids
    assert all(Path("/proc", pid).exists() for pid in pids)
    assert list(tmp_path.iterdir())
    kit.kill()
    kit.wait()
    eventually(lambda: not any(Path("/proc", pid).exists() for pid in pids), GONE_WITHIN_S, "the JVMs to be gone")
    eventually(lambda: not list(tmp_path.iterdir()), GONE_WITHIN_S, "its directory to be gone")
    kit.stdout.close()
    kit.stdin.close()


def test_a_container_does_not_outlive_a_kit_that_is_killed(container: ContainerRegistry) -> None:
    script = (
        "import sys\n"
        "from proctor.zookeeper.container import ContainerRegistry\n"
        f"print(ContainerRegistry({container.image!r}).start().servers[0][1], flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as kit:
        assert kit.stdout is not None
        port = int(kit.stdout.readline())
        Client("127.0.0.1", port).close()
        kit.kill()
    eventually(lambda: free("127.0.0.1", port), GONE_WITHIN_S, "the container to be gone")


def test_stopping_a_container_leaves_nothing_whatever_was_done(container: ContainerRegistry) -> None:
    another = ContainerRegistry(container.image)
    another.start()
    another.freeze()
    another.stop()
    another.stop()
    assert free(*another.servers[0])


@pytest.mark.usefixtures("apache")
def test_stopping_apache_zookeeper_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with ApacheRegistry() as another:
        pid = another.pid
        assert [found.name for found in tmp_path.iterdir()]
        another.freeze()
    assert not Path("/proc", str(pid)).exists()
    assert not list(tmp_path.iterdir())
    assert free(*another.servers[0])
