"""Clients whose drivers do not keep the driver's protocol."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

from tests.hostile.implementation import CALL, Place, hostile, is_child, rest

MIB = 1 << 20
QUICKLY = ("--time-scale=0.2",)  # the driver itself has 2 s to answer then
CLOSING = "client/test_closing.py::test_a_client_that_is_done_closes_its_session[left_alone]"
NOT_ASKED = "which was not asked or is answered already"
NO_OBJECT = 'the driver wrote a line that is no JSON object with "id"'
NO_ANSWER = "the driver did not answer request 1 in 2.0 s"


def say(line: bytes) -> None:
    """To whoever drives, in as many pieces as the pipe takes."""
    rest = memoryview(line + b"\n")
    while rest:
        rest = rest[os.write(1, rest) :]


def honest(place: Place) -> subprocess.Popen[bytes]:
    """The reference's driver, with our standard output."""
    words = ["drive", "--zookeeper", place.zookeeper, "--root", place.root]
    return subprocess.Popen([sys.executable, "-m", "reference", *words], stdin=subprocess.PIPE)


@hostile(CALL, NO_ANSWER, arguments=QUICKLY)
def never_answers(_: Place) -> None:
    rest()


@hostile(CALL, "the driver answered 1, " + NOT_ASKED)
def answers_twice(_: Place) -> None:
    for _line in sys.stdin:
        say(b'{"id": 1, "servers": []}')
        say(b'{"id": 1, "servers": []}')


@hostile(CALL, "the driver answered 999, " + NOT_ASKED)
def answers_what_was_not_asked(_: Place) -> None:
    for number in range(999, 0, -1):
        say(b'{"id": %d, "servers": []}' % number)
    rest()


@hostile(CALL, NOT_ASKED)
def answers_with_an_id_of_megabytes(_: Place) -> None:
    say(b'{"id": "' + b"x" * 12 * MIB + b'"}')
    rest()


@hostile(CALL, NO_OBJECT, r": \x1b[2J<html>", r"its standard error:", r"\x1b]0;title\x07\x9b7m")
def writes_garbage_between_lines(_: Place) -> None:
    os.write(2, "\x1b]0;title\x07\x9b7m\n".encode())
    say(b"\x1b[2J<html>")
    rest()


@hostile(CALL, 'the reply to "servers" should hold a list of strings')
def answers_megabytes_in_a_line(_: Place) -> None:
    say(b'{"id": 1, "servers": "' + b"x" * 12 * MIB + b'"}')
    rest()


@hostile(CALL, "the driver wrote a line of", "values")
def answers_millions_of_values_in_a_line(_: Place) -> None:
    say(b'{"id": 1, "servers": [' + b"{}," * (3 * MIB) + b"{}]}")
    rest()


@hostile(CALL, "the driver's standard output ended")
def closes_its_output_and_goes_on(_: Place) -> None:
    os.close(1)
    rest()


@hostile(CALL, NO_ANSWER, arguments=QUICKLY)
def leaves_its_output_to_another(_: Place) -> None:
    """It ends, and whoever waits for the end of its output waits for a daemon's."""
    if is_child():
        os.setsid()
        rest()


@hostile(CALL, "the driver wrote half a line, 8 bytes", "it exited with 3")
def ends_in_the_middle_of_a_line(_: Place) -> None:
    os.write(1, b'{"id": 1')
    os._exit(3)


@hostile(CLOSING, "still runs after 1.00 s")
def outlives_the_end_of_its_input(place: Place) -> None:
    """It did all that it was asked."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with honest(place) as driver:
        assert driver.stdin is not None
        while asked := sys.stdin.buffer.readline():
            driver.stdin.write(asked)
            driver.stdin.flush()
    rest()


@hostile(CALL, r"remote \x1b[31m", r"\x1b]0;title\x07\x9b7m")
def tells_of_errors_in_escapes(place: Place) -> None:
    with honest(place) as driver:
        assert driver.stdin is not None
        while asked := sys.stdin.buffer.readline():
            request = json.loads(asked)
            if request["op"] == "call":
                error = {"kind": "remote", "code": "\x1b[31m", "message": "\x1b]0;title\x07\x9b7m"}
                say(json.dumps({"id": request["id"], "error": error}).encode())
            else:
                driver.stdin.write(asked)
                driver.stdin.flush()
