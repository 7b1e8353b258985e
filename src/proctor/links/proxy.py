"""The proxy for one client-to-server link: bytes pass as they are."""

from __future__ import annotations

from proctor.links.address import Address
from proctor.links.relay import Relay
from proctor.loop import LoopThread


class LinkProxy(Relay):
    """Stands at `address` in place of the server at `target`; its faults need no help from either end."""

    def __init__(self, loop: LoopThread, target: tuple[str, int]) -> None:
        super().__init__(loop, (Address(*target),))

    @property
    def address(self) -> Address:
        return self.endpoint
