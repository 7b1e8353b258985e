"""A ZooKeeper in a container of ours, by testcontainers; any engine that it finds will do."""

from __future__ import annotations

import importlib
import subprocess
import sys
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

import tenacity

from proctor.outcome import TimedOut
from proctor.process.ports import Ports
from proctor.waiting import eventually
from proctor.zookeeper.backend import Registry, RegistryUnavailable
from proctor.zookeeper.client import ask_word
from proctor.zookeeper.jvm import version_in
from proctor.zookeeper.sessions import longest_ms

IMAGE = "zookeeper:3.9"
HOST = "127.0.0.1"
INSIDE_PORT = 2181
BOOT_WITHIN_S = 120.0  # the image is here by then; slow engines emulate another processor
WORD_WITHIN_S = 1.0  # a word that comes in the middle of booting may never be answered: ask again
REMOVED_WITHIN_S = 60.0
FROZEN_WITHIN_S = 10.0

TICK_MS = 100
ENVIRONMENT = {  # as the official image reads it
    "ZOO_TICK_TIME": str(TICK_MS),
    "ZOO_CFG_EXTRA": f"maxSessionTimeout={longest_ms(TICK_MS)}",
    "ZOO_MAX_CLIENT_CNXNS": "0",
    "ZOO_4LW_COMMANDS_WHITELIST": "*",
    "ZOO_ADMINSERVER_ENABLED": "false",
    "JVMFLAGS": (
        "-Dzookeeper.extendedTypesEnabled=true -Dznode.container.checkIntervalMs=100 "
        "-Dzookeeper.serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory"  # for why, see jvm.py
    ),
}
SERVER = "server.1=localhost:2888:3888;{client_address}"  # one alone is standalone, and listens for clients there

GUARD = Path(__file__).with_name("container_guard.py")


class ContainerRegistry(Registry):
    """Its port is published by the engine's bridge; where there is none, the container is on the host's network."""

    ours = True

    def __init__(self, image: str = IMAGE) -> None:
        self.image = image
        self._ports = Ports()
        self._port = self._ports.reserve()
        self._host = HOST
        self._name = f"proctor-{uuid.uuid4().hex}"
        self._guard: subprocess.Popen[bytes] | None = None
        self._container: Any = None

    @property
    def name(self) -> str:
        return f"ZooKeeper {self.version} in a container of {self.image}"

    @property
    def address(self) -> str:
        return f"{self._host}:{self._port}"

    def _start(self) -> None:
        if self._guard is None:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", str(GUARD), self._name], stdin=subprocess.PIPE, start_new_session=True
            )
        if self._container is None:
            self._run()
        self._await_serving()

    def stop(self) -> None:
        self._remove()
        if self._guard is not None:
            self._guard.communicate(b"removed\n", REMOVED_WITHIN_S)
            self._guard = None
        self._ports.close()

    def kill(self) -> None:
        """As often as it is asked: what doesn't run is not killed again."""
        with suppress(self._engine_errors()):
            self._wrapped.kill()
        self._wrapped.wait(timeout=REMOVED_WITHIN_S)

    def restart(self) -> None:
        self.kill()
        self._wrapped.start()
        self._await_serving()

    def wipe(self) -> None:
        self._remove()
        self.start()

    def freeze(self) -> None:
        """Tried again for some time: on a busy machine an engine may give up before all threads stand still."""
        for attempt in tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(self._engine_errors()),
            stop=tenacity.stop_after_delay(FROZEN_WITHIN_S),
            wait=tenacity.wait_fixed(FROZEN_WITHIN_S / 100),
            reraise=True,
        ):
            with attempt:
                self._wrapped.pause()

    def thaw(self) -> None:
        self._wrapped.unpause()

    @property
    def _wrapped(self) -> Any:
        if self._container is None:
            raise RuntimeError(f"the container of {self.image} is not running")
        return self._container.get_wrapped_container()

    def _run(self) -> None:
        # Imported here because it takes a third of a second and few runs need it.
        containers = importlib.import_module("testcontainers.core.container")
        importlib.import_module("testcontainers.core.config").testcontainers_config.ryuk_disabled = True  # see GUARD
        try:
            container = containers.DockerContainer(self.image, name=self._name).with_envs(**ENVIRONMENT)
            bridged = container.get_docker_client().client.networks.list(filters={"driver": "bridge"})
            if bridged:
                container.with_bind_ports(INSIDE_PORT, self._port)
                container.with_env("ZOO_SERVERS", SERVER.format(client_address=INSIDE_PORT))
            else:
                container.with_kwargs(network="host")
                container.with_env("ZOO_SERVERS", SERVER.format(client_address=self.address))
            self._container = container
            container.start()
        except self._engine_errors() as error:
            raise RegistryUnavailable(
                f"no container of {self.image} can be run: {error}. Is a container engine running, and may this user "
                "use it? Without one: --registry=embedded or --registry=zookeeper"
            ) from None
        if bridged:
            self._host = container.get_container_host_ip()

    def _remove(self) -> None:
        container, self._container = self._container, None
        if container is not None:
            container.stop()

    def _await_serving(self) -> None:
        try:
            said = eventually(self._serving, BOOT_WITHIN_S, f"ZooKeeper in a container to serve on {self.address}")
        except TimedOut as late:
            out, err = self._container.get_logs()
            raise RegistryUnavailable(f"{late}\n{(out + err).decode(errors='replace')[-2000:]}") from None
        self.version = version_in(said)

    def _serving(self) -> str:
        try:
            said = ask_word(self._host, self._port, "srvr", WORD_WITHIN_S)
        except OSError:
            return ""
        return said if "Mode:" in said else ""

    @staticmethod
    def _engine_errors() -> type[Exception]:
        found: type[Exception] = importlib.import_module("docker.errors").DockerException
        return found
