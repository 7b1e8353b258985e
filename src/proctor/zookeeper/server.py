"""The embedded server's sockets: an asyncio shell around `Keeper`. Everything here runs on the event loop."""

from __future__ import annotations

import asyncio
import socket
import time

from proctor.zookeeper import words
from proctor.zookeeper.frames import FrameBuffer, FrameError
from proctor.zookeeper.jute import Malformed
from proctor.zookeeper.keeper import Keeper, Settings
from proctor.zookeeper.peer import Peer

BACKLOG = 1024
BATCH_BYTES = 1 << 16  # of replies that leave together; more would not be faster
STALLED_S, MERCY_S = 0.1, 1.0  # how late an alarm is no more by ordinary scheduling; the most that is then put off
SESSIONLESS_S = 10.0  # Apache's zookeeper.sessionlessCnxnTimeout: a connection without a session is closed after it


class Connection(asyncio.Protocol, Peer):
    """One client's socket. Replies to what arrived together leave together."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._keeper = server.keeper
        self._frames = FrameBuffer()
        self._start: bytes | None = b""  # what came before it is clear whether it is a four-letter word
        self._replies: bytearray | None = None  # gathered while a batch of requests is answered
        self._full = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        host, port, *_ = transport.get_extra_info("peername") or ("gone", 0)  # it may have been reset by now
        Peer.__init__(self, host, port)
        self._server.connections.add(self)
        self._keeper.join(self)
        self._impatience = self._server.loop.call_later(SESSIONLESS_S, self._close_without_session)
        if self._server.listening:
            self.set_reading()
        else:  # killed between accepting and now
            self.abort()

    def connection_lost(self, _: Exception | None) -> None:
        self._impatience.cancel()
        self._server.connections.discard(self)
        self._keeper.leave(self)

    def data_received(self, data: bytes) -> None:
        if self._start is not None:
            data = self._start + data
            self._start = data if len(data) < 4 else None
            if self._start is not None or self._answer_word(data[:4]):
                return
        self._serve(data)

    def send(self, framed: bytes) -> None:
        if self._replies is not None:
            self._replies += framed
        elif not self._closed:
            self._transport.write(framed)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def pause_writing(self) -> None:
        """The client doesn't read: answer nothing more of it until it does, or its replies would pile up here."""
        self._full = True
        self.set_reading()

    def resume_writing(self) -> None:
        """Not at once: asyncio calls this in the middle of a write, and takes no failure of another one there."""
        self._full = False
        self._server.loop.call_soon(self.go_on)

    def go_on(self) -> None:
        """Take up what had to wait: requests already here first, then those to be read."""
        if not (self._full or self._closed or self._server.frozen):
            self._serve(b"")
        self.set_reading()

    def set_reading(self) -> None:
        if self._full or self._server.frozen:
            self._transport.pause_reading()
        elif not self._closed:
            self._transport.resume_reading()

    @property
    def _closed(self) -> bool:
        """Whether we have closed it, or the peer has reset it."""
        return self._transport.is_closing()

    def _answer_word(self, word: bytes) -> bool:
        text = words.answer(self._keeper, word)
        if text is None:
            return False
        self._transport.write(text.encode())
        self.close()
        return True

    def _serve(self, data: bytes) -> None:
        """Answer the requests that are there, as far as the client takes the answers."""
        self._replies = bytearray()
        try:
            for payload in self._frames.feed(data):
                self._keeper.receive(self, payload)
                if self._closed or self._backed_up():
                    break
        except (FrameError, Malformed):
            self._keeper.leave(self)
            self.close()
        finally:
            self._flush()
        self._server.watch_the_clock()

    def _backed_up(self) -> bool:
        if self._replies is not None and len(self._replies) > BATCH_BYTES:
            self._flush()
            self._replies = bytearray()
        return self._full

    def _flush(self) -> None:
        replies, self._replies = self._replies, None
        if replies and not self._closed:
            self._transport.write(replies)

    def _close_without_session(self) -> None:
        if self.session is None and not self._server.frozen:
            self.close()


class Server:
    """A listening keeper. Faults: `kill`, `restart`, `wipe`, `freeze`, `thaw`; all at once, and all may be repeated."""

    def __init__(self, settings: Settings, host: str, port: int) -> None:
        self.loop = asyncio.get_running_loop()
        self.settings = settings
        self.host, self.port = host, port
        self.connections: set[Connection] = set()
        self.frozen = False
        self.keeper = self._empty()
        self._socket: socket.socket | None = None
        self._accepting: asyncio.Server | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._merciful_until = 0.0  # on the loop's clock; nothing expires before

    @property
    def listening(self) -> bool:
        return self._socket is not None

    async def start(self) -> None:
        """Listen. Raises OSError when the port can't be had."""
        if self._socket is None:
            self._socket = _listening(self.host, self.port)
            self.port = self._socket.getsockname()[1]
            await self._accept()
        self.watch_the_clock()

    def kill(self) -> None:
        """As SIGKILL does: connections and listener are gone at once; what is on Apache's disk stays."""
        self._stop_accepting()
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        for connection in list(self.connections):
            connection.abort()
        self.frozen = False
        self._silence_alarm()

    async def restart(self) -> None:
        """Start again on the same port: sessions live on, each with its whole timeout before it."""
        self.kill()
        self.keeper.restart()
        await self.start()

    async def wipe(self) -> None:
        """Restart with an empty data directory."""
        self.kill()
        self.keeper = self._empty()
        await self.start()

    def freeze(self) -> None:
        """As SIGSTOP does: the kernel still accepts connections and takes bytes, nobody answers."""
        self.frozen = True
        self._stop_accepting()
        self._silence_alarm()
        for connection in self.connections:
            connection.set_reading()

    async def thaw(self) -> None:
        """As SIGCONT does. The clock went on: sessions that came due meanwhile are expired first."""
        if not self.frozen:
            return
        self.frozen = False
        self._ring()
        for connection in list(self.connections):
            connection.go_on()
        await self._accept()

    def watch_the_clock(self) -> None:
        """Set the alarm for what is due next. Called whenever that may have come nearer."""
        when = self.keeper.sessions.next_look()
        if self.keeper.database.tree.passing:
            tick = self.loop.time() + self.settings.tick_ms / 1000
            when = tick if when is None else min(when, tick)
        if when is None or self.frozen:
            return
        when = max(when, self._merciful_until)
        if self._alarm is None or when < self._alarm.when():
            self._silence_alarm()
            self._alarm = self.loop.call_at(when, self._wake, when)

    def _wake(self, due: float) -> None:
        """Expire what is due, unless we are late ourselves: what was sent to us meanwhile is on its way yet.

        Apache ZooKeeper hears its clients in other threads, and a proxy before us runs on the same loop as we do. Once
        is enough: the loop reads before it looks at its alarms, so what waited before the proxy is here by the next.
        """
        late = self.loop.time() - due
        if late <= STALLED_S or due <= self._merciful_until:
            self._ring()
            return
        self._merciful_until = self.loop.time() + min(late, MERCY_S)
        self._silence_alarm()
        self.watch_the_clock()

    def _ring(self) -> None:
        self._silence_alarm()
        self.keeper.expire()
        self.keeper.collect()
        self.watch_the_clock()

    def _silence_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    async def _accept(self) -> None:
        assert self._socket is not None
        # A duplicate, so that to stop accepting doesn't stop the kernel's listening.
        self._accepting = await self.loop.create_server(lambda: Connection(self), sock=self._socket.dup())

    def _stop_accepting(self) -> None:
        if self._accepting is not None:
            self._accepting.close()
            self._accepting = None

    def _empty(self) -> Keeper:
        return Keeper(self.settings, _first_session_id(), self.loop.time)


def _first_session_id() -> int:
    """As Apache's: the time in the middle, so that no two servers, and no server and its successor, hand out one id."""
    return 1 << 56 | (time.time_ns() // 1_000_000) % (1 << 40) << 16


def _listening(host: str, port: int) -> socket.socket:
    """A listening socket. SO_REUSEADDR, since a port that was killed under its clients is to be listened on again."""
    listener = socket.create_server((host, port), backlog=BACKLOG)
    # What is accepted inherits it: a watch event must not wait for the peer to acknowledge the last reply (40 ms).
    # asyncio does this only for sockets that say IPPROTO_TCP, which plain ones don't.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setblocking(False)
    return listener
