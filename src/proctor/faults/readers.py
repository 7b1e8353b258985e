"""Clients that ask and do not read."""

from __future__ import annotations

import time
from collections.abc import Sequence

from proctor.faults.fault import Fault
from proctor.history import History
from proctor.wire.connection import Connection
from proctor.wire.messages import ping

STEADY_S = 0.05  # a server that is still writing gets on within that


class Unread(Fault):
    """Each of these connections asks for its text back and doesn't read it.

    Give them a receive buffer of 1 KiB: for such readers the kernel takes less than 64 KiB of a sender.

    Proof: the kernel took only a part of every reply, and for a while no more, so the server holds the rest. Healed by
    reading or closing, which is the test's affair.
    """

    needs = "sockets"

    def __init__(self, wires: Sequence[Connection], history: History, text: str) -> None:
        """The text is ASCII: no form of the reply is shorter."""
        super().__init__(history)
        self.request = ping(text)
        self._wires = wires
        self._owed = len(text)
        self._held: list[int] = []
        self._since = 0.0

    def inject(self) -> None:
        for wire in self._wires:
            wire.send(self.request)

    def proof(self) -> str | None:
        held, now = [wire.on_the_way() for wire in self._wires], time.monotonic()
        if held != self._held:
            self._held, self._since = held, now
        if not all(0 < taken < self._owed for taken in held) or now - self._since < STEADY_S:
            return None
        return f"of {len(held)} replies of {self._owed} bytes and more, the kernel took no more than {max(held)} of any"

    def heal(self) -> None:
        """A reply that nobody reads ends with its connection."""
