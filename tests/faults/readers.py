"""Scenes of the faults that befall readers."""

from __future__ import annotations

import signal
from pathlib import Path

from proctor.faults.fault import Fault
from proctor.faults.output import ReaderGone, SlowReader
from proctor.faults.readers import Unread
from proctor.process.program import Program
from proctor.waiting import throughout
from proctor.wire.connection import Connection
from proctor.wire.messages import pong
from proctor.wire.scripted import stays_silent
from tests.faults.links import answers_over
from tests.faults.place import A_WHILE_S, WITHIN_S, Place
from tests.faults.scene import Scene, Trial

WRITES_FOR_EVER = """
import os, signal
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
while True:
    os.write(1, b"x" * 1000)
"""
PONGS = """
import json, socket, struct
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
wire, _ = listener.accept()
stream = wire.makefile("rb")
while length := stream.read(4):
    params = json.loads(stream.read(*struct.unpack("<I", length)))["params"]
    body = json.dumps({"out": "pong", "result": params}).encode()
    wire.sendall(struct.pack("<I", len(body)) + body)
    print("sent", flush=True)
"""
MUCH = 1 << 20
LITTLE = 1 << 13  # a page that has been sipped off, and what was under way
SMALL = 1024
TEXT = "u" * 60_000


def slow_reader(place: Place) -> Scene:
    writer = place.program(WRITES_FOR_EVER)
    return Scene(
        fault=SlowReader(writer.output, place.history),
        works=lambda: writes_in_a_while(writer) > MUCH,
        affected=lambda: writes_in_a_while(writer) < LITTLE,
        recovered=lambda: writes_in_a_while(writer) > MUCH,
    )


def reader_gone(place: Place) -> Scene:
    writer = place.program(WRITES_FOR_EVER)
    return Scene(
        fault=ReaderGone(writer.output, place.history),
        works=lambda: writes_in_a_while(writer) > MUCH,
        affected=lambda: writer.exit_status() == -signal.SIGPIPE,
        recovered=lambda: writer.exit_status() == -signal.SIGPIPE,
    )


def writes_in_a_while(program: Program) -> int:
    before = written(program)
    throughout(nothing_else, A_WHILE_S)
    return written(program) - before


def nothing_else() -> None:
    return


def written(program: Program) -> int:
    """What a process has given to write(2) so far, in bytes."""
    return int(Path(f"/proc/{program.pid}/io").read_text().partition("wchar: ")[2].split()[0])


def ended_program(place: Place) -> Program:
    program = place.program("")
    assert program.wait(WITHIN_S) == 0
    program.output.finish(WITHIN_S)
    return program


def unread(place: Place) -> Scene:
    server = place.target(PONGS)
    address = ("127.0.0.1", int(server.says()))
    wire = place.enter(Connection(address, place.history, receive_buffer=SMALL))
    fault = Unread([wire], place.history, TEXT)

    told: list[str] = []

    def is_held_up() -> bool:
        while not server.is_silent():
            told.append("sent")
        return len(told) < fault.due(wire)

    def goes_on() -> bool:
        due = fault.due(wire)
        return wire.replies(due) == [pong(TEXT)] * due and server.says() == "sent"

    return Scene(
        fault=fault,
        works=lambda: answers_over(wire) and server.says() == "sent",
        affected=is_held_up,
        recovered=goes_on,
    )


def unread_but_unanswered(place: Place) -> Fault:
    server = place.scripted(stays_silent)
    wire = place.enter(Connection(server.address, place.history, receive_buffer=SMALL))
    return Unread([wire], place.history, TEXT)


TRIALS = (
    Trial(
        SlowReader,
        {"a program": slow_reader},
        {"the output has ended": lambda place: SlowReader(ended_program(place).output, place.history)},
    ),
    Trial(
        ReaderGone,
        {"a program": reader_gone},
        {"the output has ended": lambda place: ReaderGone(ended_program(place).output, place.history)},
    ),
    Trial(Unread, {"a long reply": unread}, {"nobody answers": unread_but_unanswered}),
)
