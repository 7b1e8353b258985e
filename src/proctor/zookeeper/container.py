"""A ZooKeeper in a container of ours, by testcontainers; any engine that it finds will do."""

from __future__ import annotations

import importlib
import re
from contextlib import suppress
from typing import Any

from proctor.outcome import TimedOut
from proctor.process.ports import Ports
from proctor.waiting import eventually
from proctor.zookeeper.backend import Registry, RegistryUnavailable
from proctor.zookeeper.client import ask_word

IMAGE = "zookeeper:3.9"
INSIDE_PORT = 2181
BOOT_WITHIN_S = 120.0  # the image is here by then; slow engines emulate another processor
WORD_WITHIN_S = 1.0  # a word that comes in the middle of booting may never be answered: ask again

ENVIRONMENT = {  # as the official image reads it
    "ZOO_TICK_TIME": "100",
    "ZOO_MAX_CLIENT_CNXNS": "0",
    "ZOO_4LW_COMMANDS_WHITELIST": "*",
    "ZOO_ADMINSERVER_ENABLED": "false",
    "JVMFLAGS": "-Dzookeeper.extendedTypesEnabled=true -Dznode.container.checkIntervalMs=100",
}


class ContainerRegistry(Registry):
    ours = True

    def __init__(self, image: str = IMAGE) -> None:
        self.image = image
        self._ports = Ports()
        self._port = self._ports.reserve()
        self._host = "127.0.0.1"
        self._container: Any = None

    @property
    def name(self) -> str:
        return f"ZooKeeper {self.version} in a container of {self.image}"

    @property
    def address(self) -> str:
        return f"{self._host}:{self._port}"

    def _start(self) -> None:
        if self._container is None:
            self._container = self._run()
            self._host = self._container.get_container_host_ip()
        self._await_serving()

    def stop(self) -> None:
        self._remove()
        self._ports.close()

    def kill(self) -> None:
        self._wrapped.kill()

    def restart(self) -> None:
        with suppress(self._engine_errors()):  # it may have been killed before
            self._wrapped.kill()
        self._wrapped.start()
        self._await_serving()

    def wipe(self) -> None:
        self._remove()
        self.start()

    def freeze(self) -> None:
        self._wrapped.pause()

    def thaw(self) -> None:
        self._wrapped.unpause()

    @property
    def _wrapped(self) -> Any:
        if self._container is None:
            raise RuntimeError(f"the container of {self.image} is not running")
        return self._container.get_wrapped_container()

    def _run(self) -> Any:
        # Imported here because it takes a third of a second and few runs need it.
        containers = importlib.import_module("testcontainers.core.container")
        try:
            container = containers.DockerContainer(self.image).with_bind_ports(INSIDE_PORT, self._port)
            for name, value in ENVIRONMENT.items():
                container.with_env(name, value)
            return container.start()
        except self._engine_errors() as error:
            raise RegistryUnavailable(
                f"no container of {self.image} can be run: {error}. Is a container engine running, and may this user "
                "use it? Without one: --registry=embedded or --registry=zookeeper"
            ) from None

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
        found = re.search(r"version: (\d+\.\d+\.\d+)", said)
        self.version = found[1] if found else "unknown"

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
