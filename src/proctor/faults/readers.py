"""Clients that ask and do not read."""

from __future__ import annotations

import time
from collections.abc import Sequence

from proctor.faults.fault import Fault
from proctor.history import History
from proctor.wire.connection import Connection
from proctor.wire.messages import ping
from proctor.wire.queues import Queues

STEADY_S = 0.05  # a server that is still writing gets on within that
OWED_BYTES = 512 * 1024  # several times what the kernel takes for a reader with a small receive buffer


class Unread(Fault):
    """Each of these connections asks for a long reply and doesn't read it; give them a small `receive_buffer`.

    Proof: the kernel took only a part of every reply, and for a while no more, so the server holds the rest. Healed by
    reading or closing, which is the test's affair.
    """

    needs = "sockets"

    def __init__(self, wires: Sequence[Connection], history: History, owed_bytes: int = OWED_BYTES) -> None:
        super().__init__(history)
        self.request = ping("u" * owed_bytes)
        self._wires = wires
        self._owed = owed_bytes
        self._held: list[int] = []
        self._since = 0.0

    def inject(self) -> None:
        for wire in self._wires:
            wire.send(self.request)

    def proof(self) -> str | None:
        queues, now = Queues(), time.monotonic()
        held = [wire.on_the_way(queues) for wire in self._wires]
        if held != self._held:
            self._held, self._since = held, now
        if not all(0 < taken < self._owed for taken in held) or now - self._since < STEADY_S:
            return None
        return f"of {len(held)} replies of {self._owed} bytes and more, the kernel took no more than {max(held)} of any"

    def heal(self) -> None:
        """A reply that nobody reads ends with its connection."""
