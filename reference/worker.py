"""A worker: one event loop that accepts, reads, answers and writes."""

from __future__ import annotations

import os
import select
import signal
import socket
from collections.abc import Callable
from time import monotonic

from reference.connection import Answer, Connection, MakeConnection
from reference.listener import BACKLOG
from reference.log import Log
from reference.reports import BEAT_S, Reporter
from reference.signals import Signals
from reference.timers import Timers

ACCEPT_PAUSE_S = 0.05  # after a failed accept: while descriptors are short, trying again at once would spin (X3)
EVENTS_AT_ONCE = 16  # epoll takes memory for as many at each call

Handler = Callable[[int], object]  # of epoll events

DRAINS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
IGNORED = (signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE)


class Worker:
    def __init__(
        self,
        listener: socket.socket,
        parent: int,
        reporter: Reporter,
        answer: Answer,
        make_connection: MakeConnection,
        grace_s: float,
        log: Log,
    ) -> None:
        self.listener = listener
        self.parent = parent
        self.reporter = reporter
        self.answer = answer
        self.make_connection = make_connection
        self.grace_s = grace_s
        self.log = log
        self.timers = Timers()
        self.signals = Signals(DRAINS, IGNORED)
        self.epoll = select.epoll()
        self.handlers: dict[int, Handler] = {}
        self.connections: set[Connection] = set()
        self.short = False  # accepting has failed, and is being tried again
        self.draining = False
        self.over = False

    def run(self) -> int:
        self.start()
        poll, find_handler, timers = self.epoll.poll, self.handlers.get, self.timers
        wait_s = 0.0
        while not self.over:
            ready = poll(wait_s, EVENTS_AT_ONCE)
            for fd, events in ready:
                handler = find_handler(fd)  # none if an event before it, in this round, has closed it
                if handler:
                    handler(events)
                wait_s = timers.due - monotonic()  # there is always one: the next sign of life
                if wait_s <= 0:  # not only after the round: a long frame takes its time, and there may be one in each
                    wait_s = timers.run_due()
            if not ready:
                wait_s = timers.run_due()
        return 0

    def start(self) -> None:
        self.handle(self.signals.wake, self.on_signals)
        self.watch_parent()
        self.accept_again()
        self.reporter.ready()
        self.beat()

    def handle(self, fd: int, handler: Handler, events: int = select.EPOLLIN) -> None:
        self.handlers[fd] = handler
        self.epoll.register(fd, events)

    def beat(self) -> None:
        self.reporter.beat()
        self.timers.after(BEAT_S, self.beat)

    # Accepting

    def accept_again(self) -> None:
        """One worker is woken for one connection, not all of them (X6)."""
        if not self.draining:
            self.handle(self.listener.fileno(), self.on_acceptable, select.EPOLLIN | select.EPOLLEXCLUSIVE)

    def on_acceptable(self, _events: int = 0) -> bool:
        """Accepts one. Whatever the error, it is this connection's or this moment's, not the listener's (X4)."""
        try:
            sock, _peer = self.listener.accept()
        except BlockingIOError:
            return False  # it reset meanwhile, or another worker took it (X7)
        except OSError as error:
            self.on_accept_failed(error)
            return False
        self.short = False
        self.adopt(sock)
        return True

    def on_accept_failed(self, error: OSError) -> None:
        if not self.short:
            self.log(f"accept: {error.strerror}; trying again and again")
        self.short = True
        self.stop_accepting()
        self.timers.after(ACCEPT_PAUSE_S, self.accept_again)

    def stop_accepting(self) -> None:
        if self.handlers.pop(self.listener.fileno(), None):
            self.epoll.unregister(self.listener)

    def adopt(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        connection = self.make_connection(sock, self)
        self.connections.add(connection)
        self.handle(sock.fileno(), connection.on_event)

    # What connections ask for

    def watch(self, connection: Connection, events: int) -> None:
        self.epoll.modify(connection.sock, events)

    def forget(self, connection: Connection) -> None:
        del self.handlers[connection.sock.fileno()]
        self.epoll.unregister(connection.sock)
        self.connections.discard(connection)
        if self.draining and not self.connections:
            self.over = True

    # Leaving

    def on_signals(self, _events: int) -> None:
        if self.signals.take():
            self.drain()

    def watch_parent(self) -> None:
        """A pidfd tells of the parent's end whoever inherits the orphans (S16); the pid is compared because it may
        have been gone, and used again, before."""
        self.parent_fd = os.pidfd_open(self.parent)
        if os.getppid() != self.parent:
            raise ProcessLookupError("the parent is gone")
        self.handle(self.parent_fd, self.on_parent_gone)

    def on_parent_gone(self, _events: int) -> None:
        """Nobody would stop this worker any more, so it stops by itself (S15)."""
        self.epoll.unregister(self.parent_fd)
        self.timers.after(self.grace_s, self.finish)
        self.drain()

    def finish(self) -> None:
        self.over = True

    def drain(self) -> None:
        """Accepts whom the kernel has accepted already (S28), then closes the listener, so that others are refused
        (S29); ends with the last connection."""
        if self.draining:
            return
        self.stop_accepting()
        self.accept_all()
        self.draining = True
        self.listener.close()
        for connection in tuple(self.connections):
            connection.drain()
        self.over = not self.connections

    def accept_all(self) -> None:
        for _ in range(BACKLOG):
            if not self.on_acceptable():
                return
