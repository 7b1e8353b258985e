"""The sessions that a proxy has seen: what the handshakes said."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Literal

EndedBy = Literal["client", "registry", "takeover"]


@dataclass(frozen=True)
class SeenSession:
    """A session as its handshakes showed it. Times are seconds of time.monotonic().

    `timeout_ms` is the negotiated one. `ended_by`: "client" closed it, the "registry" said that it had expired, or
    we ended it by "takeover"; None while nobody did.
    """

    id: int
    password: bytes
    timeout_ms: int
    opened_at: float
    attached_at: float  # the last handshake
    ended_at: float | None = None
    ended_by: EndedBy | None = None

    @property
    def expired(self) -> bool:
        return self.ended_by in ("registry", "takeover")


class SeenSessions:
    """In the order in which they were first seen."""

    def __init__(self) -> None:
        self._by_id: dict[int, SeenSession] = {}

    def all(self) -> tuple[SeenSession, ...]:
        return tuple(self._by_id.values())

    def attached(self, session_id: int, password: bytes, timeout_ms: int) -> None:
        now = time.monotonic()
        seen = self._by_id.get(session_id) or SeenSession(session_id, password, timeout_ms, now, now)
        self._by_id[session_id] = replace(seen, password=password, timeout_ms=timeout_ms, attached_at=now)

    def ended(self, session_id: int, by: EndedBy) -> None:
        seen = self._by_id.get(session_id)
        if seen is not None and seen.ended_by is None:
            self._by_id[session_id] = replace(seen, ended_by=by, ended_at=time.monotonic())
