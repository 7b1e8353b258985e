"""One connection of a worker: requests in, replies out in the same order, one call at a time."""

from __future__ import annotations

import select
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from reference.methods import Steps
from reference.timers import Timer, Timers
from reference.wire import FrameReader, Refused

READ_BYTES = 64 * 1024  # of one connection in one round of the loop, so that no client has it to itself (F11)
UNSENT_BYTES_MAX = 256 * 1024  # replies that wait for their reader; beyond this no call is begun (X2)
QUIET_S = 0.2  # how long a client that is still connected may take for one more call once the worker drains
LINGER_S = 1.0  # how long what a client goes on sending after a refusal is read, so that it can read why

READ, WRITE = select.EPOLLIN, select.EPOLLOUT


Answer = Callable[[bytes | Refused], bytes | Steps]


class Owner(Protocol):
    """What a connection needs of its worker."""

    timers: Timers
    draining: bool
    answer: Answer

    def watch(self, connection: Connection, events: int) -> None: ...
    def forget(self, connection: Connection) -> None: ...


class Connection:
    def __init__(self, sock: socket.socket, owner: Owner, reader: FrameReader) -> None:
        self.sock = sock
        self.owner = owner
        self.reader = reader
        self.waiting: deque[bytes | Refused] = deque()  # whole requests that were not begun
        self.running: Steps | None = None  # the call that takes time, and until when it pauses
        self.pause: Timer | None = None
        self.unsent = bytearray()
        self.events = READ  # those that epoll was told
        self.heard = False  # since the last look; only drain looks
        self.ended = False  # the client sends no more; what it has asked is still answered (F20)
        self.lingering = False
        self.closed = False

    def on_event(self, events: int) -> None:
        if events & READ and self.events & READ:
            self.on_readable()
        elif events & WRITE:
            self.serve()
        else:
            self.close()  # reset by the client, while there was nothing to read or write

    def on_readable(self) -> None:
        try:
            data = self.sock.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        if data:
            self.on_data(data)
        else:
            self.on_end()

    def on_data(self, data: bytes) -> None:
        self.heard = True
        if self.lingering:
            return
        requests = self.reader.feed(data)
        if len(requests) == 1 and not self.unsent and not self.owner.draining:
            self.answer_single(requests[0])
        else:
            self.waiting.extend(requests)
            self.serve()

    def answer_single(self, request: bytes | Refused) -> None:
        """Most calls come alone and their replies are taken at once; nothing is queued then."""
        reply = self.owner.answer(request)
        if isinstance(reply, bytes):
            sent = self.send(reply)
            if sent == len(reply) and not self.reader.broken:
                return
            self.unsent += reply[sent:]
        else:
            self.running = reply
            self.step()
        self.serve()

    def on_end(self) -> None:
        self.ended = True
        self.serve()

    def serve(self) -> None:
        """Answers what waits, until a call takes time or replies pile up."""
        self.answer_waiting()
        self.flush()
        while self.waiting and not self.running and len(self.unsent) < UNSENT_BYTES_MAX:
            self.answer_waiting()
            self.flush()
        self.settle()

    def answer_waiting(self) -> None:
        waiting, unsent, answer = self.waiting, self.unsent, self.owner.answer
        while waiting and not self.running and len(unsent) < UNSENT_BYTES_MAX:
            reply = answer(waiting.popleft())
            if isinstance(reply, bytes):
                unsent += reply
            else:
                self.running = reply
                self.step()

    def step(self) -> None:
        """Takes the running call one step further."""
        assert self.running is not None
        try:
            pause_s = next(self.running)
        except StopIteration as done:
            self.running = self.pause = None
            self.unsent += done.value
        else:
            self.pause = self.owner.timers.after(pause_s, self.resume)

    def resume(self) -> None:
        self.step()
        if self.running is None:
            self.serve()

    def flush(self) -> None:
        """Sends what the client takes. The last reply of a draining worker leaves in one segment with the FIN, so
        that a client that looks before it calls again sees both or neither."""
        if not self.unsent or self.closed:
            return
        last = self.owner.draining and self.has_no_more()
        del self.unsent[: self.send(self.unsent, socket.MSG_MORE if last else 0)]
        if last and not self.unsent:
            self.close()

    def send(self, data: bytes | bytearray, flags: int = 0) -> int:
        """How many of these bytes the client takes now."""
        try:
            return self.sock.send(data, flags)
        except BlockingIOError:
            return 0
        except OSError:
            self.close()
            return 0

    def settle(self) -> None:
        """Ends what is done with; tells epoll only what has changed."""
        if self.closed:
            return
        busy = self.running or self.waiting
        if not busy and not self.unsent:
            if self.ended:
                self.close()
                return
            if self.reader.broken:
                self.linger()
        events = (WRITE if self.unsent else 0) | (READ if not busy and not self.ended else 0)
        if events != self.events:
            self.events = events
            self.owner.watch(self, events)

    def busy(self) -> bool:
        return bool(self.running or self.waiting or self.unsent)

    def linger(self) -> None:
        """Says no more, and reads for a while: a close with bytes unread would reset the connection and could destroy
        the reply on its way."""
        if self.lingering:
            return
        self.lingering = True
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)
        self.owner.timers.after(LINGER_S, self.close)

    def drain(self) -> None:
        """Ends after the calls that are under way, or when the client has been quiet."""
        self.heard = False
        self.owner.timers.after(QUIET_S, self.close_if_quiet)

    def close_if_quiet(self) -> None:
        if self.closed:
            return
        if self.heard or self.busy() or self.more_came():
            self.drain()
        else:
            self.close()

    def has_no_more(self) -> bool:
        """Whether everything that the client has sent so far is answered with what is unsent now."""
        return not (self.running or self.waiting or self.reader.partial or self.more_came())

    def more_came(self) -> bool:
        """Whether there is something to read that this round of the loop has not come to yet."""
        try:
            return bool(self.sock.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        if self.running:
            self.running.close()
        if self.pause:
            self.pause.cancel()
        self.waiting.clear()
        self.owner.forget(self)
        self.sock.close()


MakeConnection = Callable[[socket.socket, Owner], Connection]
