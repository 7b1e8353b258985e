"""Apache ZooKeeper, standalone: one server as a process of ours."""

from __future__ import annotations

from proctor.outcome import TimedOut
from proctor.process.ports import Ports
from proctor.waiting import eventually
from proctor.zookeeper.backend import Registry, RegistryUnavailable
from proctor.zookeeper.jvm import HOST, ApacheServer, Installation, version_in

BOOT_WITHIN_S = 60.0  # about 0.5 s alone on a quiet machine, but many JVMs may boot at once on two cores


class ApacheRegistry(Registry):
    ours = True

    def __init__(self, tick_ms: int = 100) -> None:
        installed = Installation.found()
        self._ports = Ports(HOST)
        self._server = ApacheServer(installed, self._ports.reserve(), tick_ms)

    @property
    def name(self) -> str:
        return f"Apache ZooKeeper {self.version}"

    @property
    def address(self) -> str:
        return self._server.address

    @property
    def pid(self) -> int:
        return self._server.pid

    def _start(self) -> None:
        if not self._server.runs:
            self._server.boot()
            self._await_serving()

    def stop(self) -> None:
        self._server.remove()
        self._ports.close()

    def kill(self) -> None:
        self._server.kill()

    def restart(self) -> None:
        self.kill()
        self.start()

    def wipe(self) -> None:
        self.kill()
        self._server.forget()
        self.start()

    def freeze(self) -> None:
        self._server.freeze()

    def thaw(self) -> None:
        self._server.thaw()

    def _await_serving(self) -> None:
        try:
            said = eventually(self._serving, BOOT_WITHIN_S, f"Apache ZooKeeper to serve on {self.address}")
        except TimedOut as late:
            raise RegistryUnavailable(f"{late}\n{self._server.last_words()}") from None
        self.version = version_in(said)

    def _serving(self) -> str:
        said = self._server.says()
        return said if "Mode:" in said else ""
