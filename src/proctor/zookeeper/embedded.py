"""The embedded registry: our own ZooKeeper-protocol server on the kit's event loop. No Java, no container."""

from __future__ import annotations

from proctor.loop import LoopThread
from proctor.process.ports import Ports
from proctor.zookeeper.backend import Registry, RegistryUnavailable
from proctor.zookeeper.keeper import Settings
from proctor.zookeeper.server import Server
from proctor.zookeeper.words import VERSION


class EmbeddedRegistry(Registry):
    """`port` 0 takes a free one, and keeps it reserved while the registry is killed."""

    name = "embedded"
    version = VERSION
    ours = True

    def __init__(
        self, loop: LoopThread, settings: Settings | None = None, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self._loop = loop
        self._settings = settings or Settings()
        self._host = host
        self._ports = Ports(host)
        self._port = port or self._ports.reserve()
        self._server: Server | None = None

    @property
    def address(self) -> str:
        return f"{self._host}:{self._port}"

    def _start(self) -> None:
        self._loop.call(self._listen())

    def stop(self) -> None:
        if self._server is not None:
            self.kill()
        self._ports.close()

    def kill(self) -> None:
        self._loop.call(self._kill())

    def restart(self) -> None:
        self._loop.call(self._running.restart())

    def wipe(self) -> None:
        self._loop.call(self._running.wipe())

    def freeze(self) -> None:
        self._loop.call(self._freeze())

    def thaw(self) -> None:
        self._loop.call(self._running.thaw())

    @property
    def _running(self) -> Server:
        if self._server is None:
            raise RuntimeError("the embedded registry was not started")
        return self._server

    async def _listen(self) -> None:
        if self._server is None:
            self._server = Server(self._settings, self._host, self._port)
        try:
            await self._server.start()
        except OSError as error:
            raise RegistryUnavailable(
                f"cannot listen on {self.address}: {error.strerror}. Choose another port, or 0 for any"
            ) from None

    async def _kill(self) -> None:
        self._running.kill()

    async def _freeze(self) -> None:
        self._running.freeze()
