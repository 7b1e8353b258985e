"""TODO client: the one place where your own client library is called. drive.py needs nothing else.

Until it is filled in, the driver answers with what is missing.
"""


class CallFailed(Exception):
    """A call without a result. `kind`: unavailable, transport, timeout, protocol, or remote with the error's `code`."""

    def __init__(self, kind: str, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code


class Client:
    def __init__(self, zookeeper: str, root: str) -> None:
        """Begin to follow the servers below `root`. It must not wait for the registry, which may be down."""

    def servers(self) -> list[str]:
        """The addresses that a call would choose from: "host:port"."""
        raise NotImplementedError("client.py: Client.servers calls no client library yet")

    def call(self, method: str, params: object, timeout_s: float) -> tuple[str, object]:
        """Call one of them, from any thread: the reply's `out` and `result`. CallFailed, within `timeout_s`, if not."""
        raise NotImplementedError("client.py: Client.call calls no client library yet")

    def close(self) -> None:
        """Leave nothing open."""
