"""A WSGI application. What is examined is the server below it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

Start = Callable[[str, list[tuple[str, str]]], object]


def application(_environ: dict[str, object], start_response: Start) -> Iterable[bytes]:
    body = b"ok\n"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
