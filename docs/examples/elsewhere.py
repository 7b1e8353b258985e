"""A registry: any program that speaks ZooKeeper's protocol on a port."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from proctor.api import eventually
from proctor.process.ports import Ports
from proctor.zookeeper.backend import Registry, RegistryUnavailable
from proctor.zookeeper.standing import StandingRegistry

SERVES_WITHIN_S = 30.0


class ProgramRegistry(Registry):
    """`command` serves at `{port}` until SIGTERM. It is started and ended, and nothing else is done to it."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._ports = Ports()
        self._port = 0
        self._program: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        return f"{self._command[0]} at {self.address}"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    def _start(self) -> None:
        self._port = self._ports.reserve()
        words = [word.format(port=self._port) for word in self._command]
        self._program = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        eventually(self._serves, within=SERVES_WITHIN_S, what=f"{self.name} to serve")

    def _serves(self) -> bool:
        assert self._program is not None
        if self._program.poll() is not None:
            raise RegistryUnavailable(f"{self._command[0]} ended with status {self._program.returncode}: does it run?")
        try:
            StandingRegistry(self.address).start()
        except RegistryUnavailable:
            return False
        return True

    def stop(self) -> None:
        if self._program is not None:
            self._program.terminate()
            self._program.wait()
        self._program = None
        self._ports.close()
