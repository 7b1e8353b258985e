"""Implementations of a few lines, on a stage of the test's own."""

from __future__ import annotations

import textwrap
from contextlib import ExitStack, closing
from pathlib import Path

from proctor.history import History
from proctor.loop import LoopThread
from proctor.manifest import read_manifest
from proctor.process.ports import Ports
from proctor.subject.client import Client
from proctor.subject.server import Server
from proctor.subject.stage import Stage
from proctor.zookeeper.registry import Registry

WITHIN_S = 20.0  # a deadline against hanging, not a measure
A_WHILE_S = 0.2


class Miniatures:
    """Starts servers and clients from their source, a Python program each; ends them, the last one first."""

    def __init__(self, loop: LoopThread, registry: Registry, folder: Path, ends: ExitStack) -> None:
        self._loop = loop
        self._registry = registry
        self._folder = folder
        self._ends = ends
        self._ports = ends.enter_context(closing(Ports()))

    def stage(self, manifest: str, patience: float = 1.0) -> Stage:
        (self._folder / "impl.toml").write_text(textwrap.dedent(manifest))
        stage = Stage(
            read_manifest(self._folder), self._registry, self._loop, History(), self._ports, patience=patience
        )
        self._ends.callback(stage.view.close)
        return stage

    def server(
        self,
        source: str,
        *,
        ready: str = "port",
        workers: str = "listeners",
        asked: int = 2,
        claims: str = "",
        boot_s: float = 20.0,
        patience: float = 1.0,
    ) -> Server:
        """One that is not started yet. Its program gets port, number of workers, registry and root."""
        (self._folder / "serve.py").write_text(textwrap.dedent(source))
        stage = self.stage(
            f"""
            [implementation]
            name = "miniature"
            profiles = ["wire", "discovery", "supervision"]
            [server]
            command = ["{{python}}", "serve.py", "{{port}}", "{{workers}}", "{{zookeeper}}", "{{root}}"]
            ready = "{ready}"
            workers = "{workers}"
            [capabilities]
            {claims}
            [limits]
            boot_s = {boot_s}
            """,
            patience,
        )
        server = Server(stage, asked)
        self._ends.callback(server.end)
        return server

    def client(self, source: str, patience: float = 1.0) -> Client:
        """One that is not started yet. Its driver's program gets registry and root."""
        (self._folder / "drive.py").write_text(textwrap.dedent(source))
        stage = self.stage(
            """
            [implementation]
            name = "miniature"
            profiles = ["client"]
            [client]
            command = ["{python}", "drive.py", "{zookeeper}", "{root}"]
            """,
            patience,
        )
        client = Client(stage, stage.new_root())
        self._ends.callback(client.end)
        return client
