"""Where something listens."""

from __future__ import annotations

from typing import NamedTuple


class Address(NamedTuple):
    """A host and a TCP port. Written `host:port`, also by str() and in f-strings."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"
