"""Servers whose answers are no answers."""

from __future__ import annotations

import itertools
import socket
import struct
import threading
import time
from collections.abc import Callable

from tests.hostile.implementation import PING, Place, hostile

MIB = 1 << 20
DEEP = 100_000
QUICKLY = ("--time-scale=0.2",)  # a reply has 2 s then, and a server 4 to boot
SLOW_S = 0.2
ESCAPES = "\\u001b[31m\\u001b]0;title\\u0007\\u009b7m"  # in JSON; a terminal would obey each
SHOWN = r"\x1b[31m\x1b]0;title\x07\x9b7m"


def serve(place: Place, talk: Callable[[socket.socket], object]) -> None:
    """A thread for each connection."""
    listener = place.listen()
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=converse, args=(talk, connection), daemon=True).start()


def converse(talk: Callable[[socket.socket], object], connection: socket.socket) -> None:
    try:
        with connection:
            talk(connection)
    except OSError:
        return


def answering(*answers: bytes) -> Callable[[socket.socket], object]:
    """Answer the requests of a connection with these, and read on."""

    def talk(connection: socket.socket) -> None:
        for answer in answers:
            connection.recv(MIB)
            connection.sendall(answer)
        while connection.recv(MIB):
            pass

    return talk


def framed(body: bytes) -> bytes:
    return struct.pack("<I", len(body)) + body


def pong(result: bytes) -> bytes:
    return framed(b'{"out":"pong","result":' + result + b"}")


@hostile(PING, " s: waited for a reply's length", arguments=QUICKLY)
def never_reads(place: Place) -> None:
    serve(place, lambda _: time.sleep(60))


@hostile(PING, "can't be examined: ", " connecti")
def resets_whom_it_accepts(place: Place) -> None:
    """Before it is asked, while it is, or before connect() has even returned: the message tells which."""

    def reset(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    serve(place, reset)


@hostile(PING, 'the server answered ping "smoke" with')
def replies_without_end(place: Place) -> None:
    """Nobody has asked, and nobody reads so much."""

    def talk(connection: socket.socket) -> None:
        for number in itertools.count():
            connection.sendall(pong(b"%d" % number) * 1000)

    serve(place, talk)


@hostile(PING, " s: waited for a reply of 1000 bytes, after", arguments=QUICKLY)
def replies_byte_by_byte(place: Place) -> None:
    """There is always something to be read."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(struct.pack("<I", 1000))
        while True:
            connection.sendall(b" ")
            time.sleep(SLOW_S)

    serve(place, talk)


@hostile(PING, "a reply announces 1347703880 bytes; the first that follow: ", "<html>")
def answers_in_html(place: Place) -> None:
    serve(place, answering(b"HTTP/1.1 400 Bad Request\r\n\r\n<html>\x1b[31mno</html>"))


@hostile(PING, "was answered with something that is no reply")
def answers_with_a_deep_nest(place: Place) -> None:
    serve(place, answering(pong(b"[" * DEEP + b"]" * DEEP)))


@hostile(PING, "a reply announces", "the first that follow")
def answers_with_a_long_text(place: Place) -> None:
    """Longer than any frame may be."""
    serve(place, answering(pong(b'"' + b"x" * 60 * MIB + b'"')))


@hostile(PING, "was answered with something that is no reply", "bytes that are not all ASCII")
def answers_with_a_wide_text(place: Place) -> None:
    """Each character takes four bytes once it is decoded."""
    serve(place, answering(pong(b'"' + b"x" * 15 * MIB + "\U0001f600".encode() + b'"')))


@hostile(PING, "was answered with something that is no reply", "values")
def answers_with_millions_of_values(place: Place) -> None:
    """Each takes fifty times more room in memory than in the frame."""
    serve(place, answering(pong(b"[" + b"{}," * (3 * MIB) + b"{}]")))


@hostile(PING, SHOWN, "its last output")
def answers_with_escapes(place: Place) -> None:
    """So does its log. The smoke check, which sends no null, is answered."""

    def talk(connection: socket.socket) -> None:
        smoke = b"smoke" in connection.recv(MIB)
        print("\x1b[31m\x1b]0;title\x07\x9b7m", flush=True)
        odd = framed(f'{{"out":"{ESCAPES}","result":{{"code":"{ESCAPES}","message":"{ESCAPES}"}}}}'.encode())
        connection.sendall(pong(b'"smoke"') if smoke else odd)
        connection.recv(MIB)

    serve(place, talk)
