"""The servers that the reference is compared with, and who calls each: every one answers the same `ping`.

They do less than the reference where that favours them: the socket echo parses nothing, gRPC carries bytes. None of
them is asked for what it can't do: thriftpy2 has one call in flight on a connection, so it gets IN_FLIGHT connections.
What its server would cost if its client could pipeline is measured as well, by sending and receiving behind its back.

`python -m benchmarks.contenders NAME PORT` serves.
"""

# ruff: noqa: PLC0415  # each process imports the one library that it is about

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from struct import Struct
from typing import Any, NamedTuple, Protocol

HOST = "127.0.0.1"
IN_FLIGHT = 64
TEXT = "hello"
HEADER = Struct("<I")


class Caller(Protocol):
    """One connection to a server."""

    def one(self) -> None:
        """A call, and its reply."""

    def batch(self) -> None:
        """IN_FLIGHT calls, and then their replies."""


def connect(port: int) -> socket.socket:
    sock = socket.create_connection((HOST, port), timeout=10)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def receive(sock: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece = sock.recv(size - len(data))
        assert piece, "the server has closed the connection"
        data += piece
    return bytes(data)


# The reference, and the bare socket


class FrameCaller:
    def __init__(self, port: int) -> None:
        self.sock = connect(port)
        body = json.dumps({"in": "ping", "params": TEXT}).encode()
        self.request = HEADER.pack(len(body)) + body
        self.requests = self.request * IN_FLIGHT
        self.reply_bytes = 0

    def one(self) -> None:
        self.sock.sendall(self.request)
        if not self.reply_bytes:
            self.learn_reply()
        else:
            receive(self.sock, self.reply_bytes)

    def learn_reply(self) -> None:
        """Every reply is as long as the first, which is looked at."""
        (length,) = HEADER.unpack(receive(self.sock, HEADER.size))
        reply = json.loads(receive(self.sock, length))
        assert reply == {"out": "pong", "result": TEXT}, reply
        self.reply_bytes = HEADER.size + length

    def batch(self) -> None:
        self.sock.sendall(self.requests)
        receive(self.sock, self.reply_bytes * IN_FLIGHT)


class EchoCaller(FrameCaller):
    def learn_reply(self) -> None:
        self.reply_bytes = len(receive(self.sock, len(self.request)))


def serve_echo(port: int) -> None:
    """What nobody who answers in Python can be cheaper than: recv, send."""
    with socket.create_server((HOST, port)) as listener:
        while True:
            sock, _ = listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while data := sock.recv(65536):
                sock.sendall(data)


# gRPC: bytes both ways, no serializer at all


def serve_grpc(port: int) -> None:
    import grpc

    def ping(request: bytes, _context: Any) -> bytes:
        return request

    server = grpc.server(ThreadPoolExecutor(4))
    handler = grpc.unary_unary_rpc_method_handler(ping)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("demo", {"ping": handler}),))
    server.add_insecure_port(f"{HOST}:{port}")
    server.start()
    server.wait_for_termination()


class GrpcCaller:
    def __init__(self, port: int) -> None:
        import grpc

        self.ping = grpc.insecure_channel(f"{HOST}:{port}").unary_unary("/demo/ping")
        self.body = TEXT.encode()

    def one(self) -> None:
        self.ping(self.body, wait_for_ready=True)

    def batch(self) -> None:
        for pending in [self.ping.future(self.body) for _ in range(IN_FLIGHT)]:
            pending.result()


# rpyc


def serve_rpyc(port: int) -> None:
    import rpyc
    from rpyc.utils.server import ThreadedServer

    class Service(rpyc.Service):  # type: ignore[misc]  # rpyc ships no types
        def exposed_ping(self, text: str) -> str:
            return text

    ThreadedServer(Service, hostname=HOST, port=port).start()


class RpycCaller:
    def __init__(self, port: int) -> None:
        import rpyc

        self.connection = rpyc.connect(HOST, port)
        self.ping = self.connection.root.ping
        self.ping_async = rpyc.async_(self.ping)

    def one(self) -> None:
        self.ping(TEXT)

    def batch(self) -> None:
        for pending in [self.ping_async(TEXT) for _ in range(IN_FLIGHT)]:
            pending.wait()


# Pyro5, with its own batches


def serve_pyro(port: int) -> None:
    import Pyro5.api

    class Service:
        @Pyro5.api.expose  # type: ignore[untyped-decorator]  # Pyro5 ships no types
        def ping(self, text: str) -> str:
            return text

    with Pyro5.api.Daemon(host=HOST, port=port) as daemon:
        daemon.register(Service, objectId="demo")
        daemon.requestLoop()


class PyroCaller:
    def __init__(self, port: int) -> None:
        import Pyro5.api

        self.proxy = Pyro5.api.Proxy(f"PYRO:demo@{HOST}:{port}")

    def one(self) -> None:
        self.proxy.ping(TEXT)

    def batch(self) -> None:
        import Pyro5.api

        batch = Pyro5.api.BatchProxy(self.proxy)
        for _ in range(IN_FLIGHT):
            batch.ping(TEXT)
        for _ in batch():
            pass


# thriftpy2, with its Cython protocol where it is built

THRIFT = "service Demo { string ping(1: string text) }"


def thrift_module() -> Any:
    from io import StringIO

    import thriftpy2

    return thriftpy2.load_fp(StringIO(THRIFT), "demo_thrift")


def serve_thrift(port: int) -> None:
    from thriftpy2.rpc import make_server

    class Handler:
        def ping(self, text: str) -> str:
            return text

    make_server(thrift_module().Demo, Handler(), HOST, port, client_timeout=60_000).serve()


def thrift_client(port: int) -> Any:
    from thriftpy2.rpc import make_client

    return make_client(thrift_module().Demo, HOST, port, timeout=10_000)


class ThriftCaller:
    def __init__(self, port: int) -> None:
        self.clients = [thrift_client(port) for _ in range(IN_FLIGHT)]
        self.threads = ThreadPoolExecutor(IN_FLIGHT)

    def one(self) -> None:
        self.clients[0].ping(TEXT)

    def batch(self) -> None:
        for pending in [self.threads.submit(client.ping, TEXT) for client in self.clients]:
            pending.result()


class ThriftPipeline:
    """What thriftpy2 doesn't offer: its client's two halves, called apart."""

    def __init__(self, port: int) -> None:
        self.client = thrift_client(port)

    def one(self) -> None:
        self.client.ping(TEXT)

    def batch(self) -> None:
        for _ in range(IN_FLIGHT):
            self.client._send("ping", text=TEXT)  # noqa: SLF001  # there is no other way
        for _ in range(IN_FLIGHT):
            self.client._recv("ping")  # noqa: SLF001


# All of them

BY_HAND = "thriftpy2, pipelined by hand"


class Contender(NamedTuple):
    name: str
    caller: Callable[[int], Caller]
    serve: Callable[[int], None] | None  # None: the reference, which is a program


CONTENDERS = (
    Contender("socket echo", EchoCaller, serve_echo),
    Contender("reference", FrameCaller, None),
    Contender("thriftpy2", ThriftCaller, serve_thrift),
    Contender(BY_HAND, ThriftPipeline, serve_thrift),
    Contender("rpyc", RpycCaller, serve_rpyc),
    Contender("Pyro5", PyroCaller, serve_pyro),
    Contender("gRPC", GrpcCaller, serve_grpc),
)


if __name__ == "__main__":
    serving = {contender.name: contender.serve for contender in CONTENDERS}[sys.argv[1]]
    assert serving is not None, "the reference is a program of its own"
    serving(int(sys.argv[2]))
