"""The server, put together. `ServerParts` is the one place where its classes are chosen."""

from __future__ import annotations

import socket
from typing import NamedTuple

from reference.address import Address
from reference.codec import Codec
from reference.connection import Connection, Owner
from reference.listener import Opener
from reference.log import Log
from reference.methods import Dispatcher, Methods
from reference.registration import Registration, SessionNote
from reference.reports import Reporter
from reference.settings import ServerSettings
from reference.supervisor import Supervisor
from reference.wire import FrameReader
from reference.worker import Worker


class ServerParts(NamedTuple):
    opener: type[Opener] = Opener
    supervisor: type[Supervisor] = Supervisor
    worker: type[Worker] = Worker
    connection: type[Connection] = Connection
    frame_reader: type[FrameReader] = FrameReader
    codec: type[Codec] = Codec
    methods: type[Methods] = Methods
    dispatcher: type[Dispatcher] = Dispatcher
    registration: type[Registration] = Registration


def serve(settings: ServerSettings, listener: socket.socket, parts: ServerParts) -> int:
    """Serves until told to stop; the exit status."""
    log = Log()
    bound = Address(*listener.getsockname()[:2])
    note = SessionNote()
    log(f"listening on {bound}")

    def connection(sock: socket.socket, owner: Owner) -> Connection:
        return parts.connection(sock, owner, parts.frame_reader(settings.dialect))

    def run_worker(parent: int, reporter: Reporter) -> int:
        answer = parts.dispatcher(parts.codec(settings.dialect), parts.methods(), log).answer
        return parts.worker(listener, parent, reporter, answer, connection, settings.grace_s, log).run()

    def run_registrar(orders: int, reporter: Reporter) -> int:
        return parts.registration(settings, bound, orders, note, reporter, log).run()

    return parts.supervisor(settings, listener, run_worker, run_registrar, log).run()
