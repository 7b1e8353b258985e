"""Section "Connections" of spec/wire.md: pipelining, half-close, resets, and clients that take their time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from proctor.api import (
    PROMPTLY_S,
    WATCHED_S,
    Body,
    Connection,
    Ended,
    ForAny,
    Request,
    Server,
    StartServer,
    Stop,
    Unread,
    alive,
    any_bytes,
    clause,
    header,
    pi,
    ping,
    pong,
    serving,
    still,
    takes_long,
    throughout,
)

PIPELINED = 300
IDLE = 64
NOT_READING = 8
SMALL_BUFFER_BYTES = 1024
LONG_REPLY_BYTES = 512 * 1024
SLOW_S = 0.1
RESET_WITHIN_S = (
    0.4  # of our own time, on a busy machine, between a reply and the reset that is to come before the next
)
RESETS = 2  # there is room for them in every backlog


@contextmanager
def connections(server: Server, count: int, receive_buffer: int | None = None) -> Iterator[list[Connection]]:
    with ExitStack() as opened:
        yield [opened.enter_context(server.connect(receive_buffer)) for _ in range(count)]


def serves_promptly(server: Server) -> None:
    with server.connect() as wire:
        assert wire.call(ping("prompt"), within=PROMPTLY_S) == pong("prompt")


@clause("wire/pipelined-requests-are-answered-in-order")
def test_hundreds_of_requests_are_answered_in_their_order(server: Server) -> None:
    """A server that answers whatever is done first gives a client another's reply, for there is no request id."""
    with server.connect() as wire:
        wire.send(*(ping(number) for number in range(PIPELINED)))
        assert wire.replies(PIPELINED) == [pong(number) for number in range(PIPELINED)]


@clause("wire/pipelined-requests-are-answered-in-order")
def test_slow_quick_and_refused_requests_keep_their_order(server: Server) -> None:
    """A server that hands slow calls to another thread, or writes errors at once, lets the quick ones overtake."""
    slow = server.lasting(SLOW_S)
    asked: list[tuple[Request | Body, str]] = [
        *((ping(0), "pong"), (slow, f"{slow.method}_r"), (ping(1), "pong"), (Body(b"{"), "bad_request")),
        *((slow, f"{slow.method}_r"), (pi(3), "pi_r"), (Request("nope", 1), "unknown_method"), (pi(-1), "bad_params")),
        *((Body(b""), "bad_request"), (pi(50_000), "pi_r"), (ping(2), "pong")),
    ]
    with server.connect() as wire:
        wire.send(*(request for request, _ in asked))
        replies = wire.replies(len(asked))
        assert [reply.code or reply.name for reply in replies] == [answer for _, answer in asked]
        assert [reply for reply in replies if reply.name == "pong"] == [pong(0), pong(1), pong(2)]


@clause("wire/half-close-is-honoured")
def test_what_was_asked_before_a_half_close_is_answered(server: Server) -> None:
    """A server that takes the end of the requests for the end of the conversation throws the replies away."""
    slow = server.lasting(SLOW_S)
    with server.connect() as wire:
        wire.send(ping(1), Body(b"{"), ping(2), slow)
        wire.half_close()
        first, refused, second, lasted = wire.replies(4)
        assert (first, refused.code, second, lasted.name) == (pong(1), "bad_request", pong(2), f"{slow.method}_r")
        assert wire.end(within=PROMPTLY_S) == "fin"


@clause("wire/half-close-is-honoured")
def test_a_half_close_with_a_long_reply_due_is_honoured(server: Server) -> None:
    """A server that closes once it has handed the reply to its buffers cuts off what those hold."""
    with (
        server.connect(SMALL_BUFFER_BYTES) as wire,
        Unread([wire], server.history, server.text(LONG_REPLY_BYTES)) as late,
    ):
        late.took_effect()
        wire.half_close()
        assert wire.replies(late.due(wire)) == [pong(late.request.params)] * late.due(wire)
        assert wire.end(within=PROMPTLY_S) == "fin"


@clause("wire/half-close-is-honoured")
@pytest.mark.parametrize("asked", [0, 1], ids=["nothing-asked", "answered-already"])
def test_a_half_close_with_nothing_due_ends_the_connection(server: Server, asked: int) -> None:
    """A server that doesn't notice keeps a descriptor for each client that has gone."""
    with server.connect() as wire:
        for number in range(asked):
            assert wire.call(ping(number)) == pong(number)
        wire.half_close()
        assert wire.end(within=PROMPTLY_S) == "fin"


@clause("wire/reset-harms-nobody-else")
def test_a_reset_ends_its_connection_and_nothing_else(start_server: StartServer) -> None:
    """A server that lets ECONNRESET or SIGPIPE through loses a worker, and every connection of that worker."""
    server = start_server(workers=1)
    with server.connect() as other:
        assert other.call(ping("before")) == pong("before")
        serve = serving(server, other)
        for harm in (reset_in_the_backlog, reset_inside_a_frame, reset_before_the_replies, reset_while_it_writes):
            harm(server, serve)
            assert other.call(ping("other")) == pong("other"), harm.__name__
            with server.connect() as newcomer:
                assert newcomer.call(ping("newcomer")) == pong("newcomer"), harm.__name__
        throughout(lambda: still_runs(serve), WATCHED_S)
        assert other.call(ping("after")) == pong("after")


def still_runs(serve: set[int]) -> None:
    assert alive(serve) == sorted(serve), f"of the processes {serve}, only {alive(serve)} still run"


def reset_in_the_backlog(server: Server, serve: set[int]) -> None:
    """While nobody accepts: whoever goes on then finds connections that are gone."""
    with Stop(serve, server.history) as stop:
        stop.took_effect()
        with connections(server, RESETS) as wires:
            for number, wire in enumerate(wires):
                wire.send(*[ping(number)] * (number % 3))
                wire.reset()


def reset_inside_a_frame(server: Server, _: set[int]) -> None:
    for begun in (b"", b"\x10", header(1000), header(1000) + b'{"in"'):
        with server.connect() as wire:
            assert wire.call(ping("whole")) == pong("whole")
            wire.send(begun)
            wire.reset()


def reset_before_the_replies(server: Server, _: set[int]) -> None:
    """The server writes to a connection that is gone: the second time, or after a FIN the first, brings SIGPIPE."""
    slow = server.lasting(RESET_WITHIN_S)
    for half_closed in (False, True):
        with server.connect() as wire:
            wire.send(ping("whole"), slow, ping(1), slow, ping(2))
            assert wire.reply() == pong("whole")
            if half_closed:
                wire.half_close()
            wire.reset()


def reset_while_it_writes(server: Server, _: set[int]) -> None:
    with (
        server.connect(SMALL_BUFFER_BYTES) as wire,
        Unread([wire], server.history, server.text(LONG_REPLY_BYTES)) as late,
    ):
        late.took_effect()
        wire.reset()


@clause("wire/no-bytes-harm-anybody-else")
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")  # a registry client's thread draws while we do
def test_any_bytes_leave_everybody_else_served(for_any: ForAny) -> None:
    """A server that lets an exception of one connection through loses a worker, and all that it served."""

    def law(server: Server, wire: Connection, data: bytes) -> None:
        workers = server.worker_pids()
        with server.connect() as bystander:
            assert bystander.call(ping("before")) == pong("before")
            send_and_hear_out(wire, data)
            assert bystander.call(ping("meanwhile")) == pong("meanwhile")
        with server.connect() as newcomer:
            assert newcomer.call(ping("newcomer")) == pong("newcomer")
        still(server, workers)

    for_any(any_bytes, law)


def send_and_hear_out(wire: Connection, data: bytes) -> None:
    """Send all of it, and then read replies until the connection ends. NotAReply if something else comes."""
    try:
        wire.send(data)
        wire.half_close()
        while True:
            wire.reply()
    except Ended:
        return


@clause("wire/idle-connections-block-nobody")
def test_idle_connections_keep_nobody_from_being_served(server: Server) -> None:
    """A server with one connection for each worker is stopped by as many clients that say nothing."""
    with connections(server, IDLE) as idle:
        for wire in idle[::2]:
            assert wire.call(ping("once")) == pong("once")
        for wire in idle[::4]:
            wire.send(b"\x10")
        serves_promptly(server)
        for wire in idle[::4]:
            wire.send(b"\0")
        serves_promptly(server)


@clause("wire/slow-reader-blocks-nobody")
@takes_long("8 clients, whose buffers are filled one after the other")
def test_slow_readers_keep_nobody_from_being_served(start_server: StartServer) -> None:
    """A server that waits for a socket to take its reply is stopped by as many clients that don't read.

    One after the other: who waits accepts no more, so that the next one comes to a worker that doesn't wait yet.
    """
    server = start_server()
    with ExitStack() as readers:
        for _ in range(NOT_READING):
            wire = readers.enter_context(server.connect(SMALL_BUFFER_BYTES))
            unread = readers.enter_context(Unread([wire], server.history, server.text(LONG_REPLY_BYTES)))
            unread.took_effect()
            serves_promptly(server)
