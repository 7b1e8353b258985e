"""The embedded registry in the foreground, to play with: what `proctor zookeeper` runs."""

from __future__ import annotations

import asyncio
import signal

from proctor.zookeeper.backend import RegistryUnavailable
from proctor.zookeeper.keeper import Settings
from proctor.zookeeper.server import Server


def serve(host: str, port: int, settings: Settings | None = None) -> None:
    """Serve until SIGINT or SIGTERM; prints the address in one line once it does. Port 0 takes a free one.

    Raises RegistryUnavailable when the address can't be had.
    """
    asyncio.run(_serve(host, port, settings or Settings()))


async def _serve(host: str, port: int, settings: Settings) -> None:
    server = Server(settings, host, port)
    try:
        await server.start()
    except (OSError, OverflowError) as error:
        raise RegistryUnavailable(f"cannot listen on {host}:{port}: {error}. Choose another address or port") from None
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    print(f"ZooKeeper is served at {server.host}:{server.port}", flush=True)
    await told.wait()
    server.kill()
