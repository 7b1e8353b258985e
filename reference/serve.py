"""The server, put together. `ServerParts` is the one place where its classes are chosen."""

from __future__ import annotations

import os
import socket
from functools import partial
from typing import NamedTuple

from reference.connection import Connection
from reference.log import Log
from reference.methods import Dispatcher, Methods
from reference.registration import Registration, SessionNote
from reference.reports import Reporter
from reference.settings import ServerSettings
from reference.supervisor import LISTENER_VARIABLE, Supervisor, bind, reexec
from reference.wire import Codec, FrameReader
from reference.worker import Worker


class ServerParts(NamedTuple):
    supervisor: type[Supervisor] = Supervisor
    worker: type[Worker] = Worker
    connection: type[Connection] = Connection
    frame_reader: type[FrameReader] = FrameReader
    codec: type[Codec] = Codec
    methods: type[Methods] = Methods
    dispatcher: type[Dispatcher] = Dispatcher
    registration: type[Registration] = Registration


def serve(settings: ServerSettings, parts: ServerParts) -> int:
    """Serves until told to stop. OSError if the address can't be had."""
    log = Log()
    inherited = os.environ.pop(LISTENER_VARIABLE, None)
    listener = adopt(int(inherited)) if inherited else bind(settings)
    note = SessionNote()

    def run_worker(listener: socket.socket, parent: int, reporter: Reporter, log: Log) -> int:
        dispatcher = parts.dispatcher(parts.codec(settings.dialect), parts.methods(), log)
        reader = partial(parts.frame_reader, settings.dialect)
        return parts.worker(listener, parent, reporter, dispatcher, log, parts.connection, reader).run()

    def run_registrar(orders: int, reporter: Reporter, bound: tuple[str, int], log: Log) -> int:
        return parts.registration(settings, bound, orders, note, reporter, log).run()

    supervisor = parts.supervisor(settings, listener, run_worker, run_registrar, log)
    status = supervisor.run()
    if supervisor.replace_image:
        reexec(listener)
    return status


def adopt(fd: int) -> socket.socket:
    listener = socket.socket(fileno=fd)
    listener.set_inheritable(False)
    return listener
