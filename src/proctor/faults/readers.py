"""Clients that ask and do not read."""

from __future__ import annotations

import time
from collections.abc import Sequence

from proctor.faults.fault import Fault
from proctor.history import History
from proctor.wire.connection import Connection
from proctor.wire.messages import Request, ping

STEADY_S = 0.2  # a server that has read all requests, and is still writing, gets on within that
STALLED_S = 1.0  # one that has yet to read some, or to answer some of the readers at all, may be busy; not for so long
MOST_OWED_BYTES = 32 * 1024 * 1024  # several times what a kernel may take (tcp_wmem, 4 MiB unless somebody changed it)


class Unread(Fault):
    """Each of these connections asks for its text back and doesn't read it; give them a small `receive_buffer`.

    How much of a sender the kernel takes varies between some KiB and some MiB. So whoever is answered in full asks
    again. Proof: the kernel took only a part of what is owed to each, and for a while no more: the server holds the
    rest. Some may get nothing at all, where a server waits for one reader before it answers the next. Healed by reading
    (`due`) or closing, which is the test's affair.
    """

    needs = "sockets"

    def __init__(self, wires: Sequence[Connection], history: History, text: str) -> None:
        """The text is ASCII: no form of the reply is shorter."""
        super().__init__(history)
        self.request = ping(text)
        self._debts = [Debt(wire, len(text)) for wire in wires]
        self._held: list[int] = []
        self._since = 0.0

    def due(self, wire: Connection) -> int:
        """How many replies are due on a connection."""
        return next(debt.asked for debt in self._debts if debt.wire is wire)

    def inject(self) -> None:
        for debt in self._debts:
            debt.ask(self.request)

    def proof(self) -> str | None:
        held, now = [debt.wire.on_the_way() for debt in self._debts], time.monotonic()
        if held != self._held:
            self._held, self._since = held, now
        paid = [debt for debt, taken in zip(self._debts, held, strict=True) if taken >= debt.bytes]
        for debt in paid:
            debt.ask(self.request)
        writing = all(held) and all(debt.wire.taken() for debt in self._debts)
        if paid or not any(held) or now - self._since < (STEADY_S if writing else STALLED_S):
            return None
        owed = sum(debt.bytes for debt in self._debts)
        return f"of {owed} bytes and more, owed to {len(held)} readers, the kernel took no more than {sum(held)}"

    def heal(self) -> None:
        """A reply that nobody reads ends with its connection."""


class Debt:
    """What the server owes one reader: `asked` replies of `reply_bytes`, or a little more, each."""

    def __init__(self, wire: Connection, reply_bytes: int) -> None:
        self.wire = wire
        self.asked = 0
        self._reply_bytes = reply_bytes

    @property
    def bytes(self) -> int:
        return self.asked * self._reply_bytes

    def ask(self, request: Request) -> None:
        if self.bytes < MOST_OWED_BYTES:
            self.wire.send(request)
            self.asked += 1
