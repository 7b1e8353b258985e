"""A list of servers below a root of its own, whose nodes the test makes: what clients are examined with."""

from __future__ import annotations

import json

from proctor.subject.stage import Stage


class Listing:
    """Nodes as servers would make them, but persistent: a stalled kit must not lose them with its session.

    `close` removes them all.
    """

    def __init__(self, stage: Stage, root: str | None = None, made: bool = True) -> None:
        """`root`: one that stands or is to be made; a new one unless given. `made` False: it is left to `make`."""
        self.root = root or stage.new_root()
        self._view = stage.view
        if made:
            self.make()

    def make(self) -> None:
        """Make the root, unless it is there."""
        self._view.ensure(self.root)

    def unmake(self) -> None:
        """Delete the root, and all that is below it."""
        self._view.delete_tree(self.root)

    def add(self, address: tuple[str, int]) -> str:
        """Register an address; the node's path."""
        return self._view.create(f"{self.root}/rpc", address_data(address), sequence=True)

    def add_together(self, *entries: tuple[str, int] | bytes) -> list[str]:
        """A node for each address, or with any data at all, as one change; their paths."""
        contents = [entry if isinstance(entry, bytes) else address_data(entry) for entry in entries]
        return self._view.create_together(f"{self.root}/rpc", contents) if contents else []

    def remove(self, path: str) -> None:
        self._view.delete(path)

    def names(self) -> list[str]:
        return sorted(self._view.children(self.root))

    def clear(self) -> None:
        for name in self.names():
            self.remove(f"{self.root}/{name}")

    def close(self) -> None:
        self.clear()


def address_data(address: tuple[str, int]) -> bytes:
    return json.dumps({"host": address[0], "port": address[1]}).encode()
