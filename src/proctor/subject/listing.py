"""A list of servers below a root of its own, whose nodes the test makes: what clients are examined with."""

from __future__ import annotations

import json

from proctor.subject.stage import Stage


class Listing:
    """Nodes as servers would make them; ephemeral, held by the kit's own session. `close` removes them all."""

    def __init__(self, stage: Stage, made: bool = True) -> None:
        self.root = stage.new_root()
        self._view = stage.view(self.root)
        if made:
            self._view.ensure(self.root)

    def add(self, address: tuple[str, int]) -> str:
        """Register an address; the node's path."""
        return self.add_data(json.dumps({"host": address[0], "port": address[1]}).encode())

    def add_data(self, data: bytes) -> str:
        """A node with any data at all."""
        return self._view.create(f"{self.root}/rpc", data, ephemeral=True, sequence=True)

    def remove(self, path: str) -> None:
        self._view.delete(path)

    def names(self) -> list[str]:
        return sorted(self._view.children(self.root))

    def close(self) -> None:
        for name in self.names():
            self.remove(f"{self.root}/{name}")
        self._view.close()
