"""How a server's address stands in its znode. Other dialects (Curator's, serversets, Dubbo's) are classes like this."""

from __future__ import annotations

import json
from typing import Any, Protocol

from proctor.links import Address


class Dialect(Protocol):
    """One way to write an address into a znode's data."""

    def decode(self, data: bytes) -> Address | None:
        """The address that `data` carries; None if it carries none in this dialect. Never raises."""
        ...

    def encode(self, address: Address, data: bytes = b"") -> bytes:
        """`data` with the address replaced and all else that it says kept; of nothing, the address alone."""
        ...


class JsonDialect:
    """`{"host": str, "port": int}` in UTF-8 JSON; other members are kept."""

    def decode(self, data: bytes) -> Address | None:
        members = _object(data)
        host, port = members.get("host"), members.get("port")
        if isinstance(host, str) and isinstance(port, int) and not isinstance(port, bool):
            return Address(host, port)
        return None

    def encode(self, address: Address, data: bytes = b"") -> bytes:
        return json.dumps({**_object(data), "host": address.host, "port": address.port}).encode()


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(str(data, "utf-8"))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
