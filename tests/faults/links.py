"""Scenes of the faults that befall links and readers."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

from proctor.faults.fault import Fault
from proctor.faults.links import CutLink, FreezeLink, RejectLink, SeverLink
from proctor.faults.output import ReaderGone, SlowReader
from proctor.faults.readers import Unread
from proctor.links import Direction, LinkProxy
from proctor.links.connection import How
from proctor.outcome import Failure
from proctor.process.program import Program
from proctor.waiting import eventually, throughout
from proctor.wire.connection import Connection, NoReply, Refused
from proctor.wire.messages import ping, pong
from proctor.wire.scripted import stays_silent
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


def connected(place: Place, link: LinkProxy) -> Connection:
    wire = place.enter(Connection(link.address, place.history))
    assert answers_over(wire)
    return wire


def answers_over(wire: Connection) -> bool:
    return wire.call(ping("hello")) == pong("hello")


def serves_anew(link: LinkProxy, place: Place) -> bool:
    """A new connection is made and answered."""
    try:
        with Connection(link.address, place.history) as wire:
            return answers_over(wire)
    except Failure:
        return False


def ended(wire: Connection, how: How) -> bool:
    return wire.end(WITHIN_S) == how


def refused(link: LinkProxy, place: Place) -> bool:
    try:
        Connection(link.address, place.history).close()
    except Refused:
        return True
    return False


def cut_link(place: Place, how: How = "fin") -> Scene:
    link = place.link(place.scripted())
    wire = connected(place, link)
    return Scene(
        fault=CutLink(link, place.history, how),
        works=lambda: answers_over(wire),
        affected=lambda: ended(wire, how),
        recovered=lambda: serves_anew(link, place),
    )


def sever_link(place: Place, how: How = "fin") -> Scene:
    link = place.link(place.scripted())
    wire = connected(place, link)
    return Scene(
        fault=SeverLink(link, place.history, how),
        works=lambda: answers_over(wire),
        affected=lambda: ended(wire, how) and refused(link, place),
        recovered=lambda: serves_anew(link, place),
    )


def reject_link(place: Place) -> Scene:
    link = place.link(place.scripted())
    wire = connected(place, link)
    return Scene(
        fault=RejectLink(link, place.history),
        works=lambda: answers_over(wire),
        stir=lambda: knock(link),
        affected=lambda: ended(wire, "rst") and not serves_anew(link, place),
        recovered=lambda: serves_anew(link, place),
    )


def knock(link: LinkProxy) -> None:
    socket.create_connection(link.address).close()


def reject_link_that_nobody_uses(place: Place) -> Fault:
    """Somebody was rejected before, and proves nothing about now."""
    link = place.link(place.scripted())
    link.reject()
    knock(link)
    eventually(lambda: link.stats.rejected, within=WITHIN_S)
    link.heal()
    return RejectLink(link, place.history)


def freeze_link(place: Place) -> Scene:
    link = place.link(place.scripted())
    wire = connected(place, link)
    return Scene(
        fault=FreezeLink(link, place.history),
        works=lambda: answers_over(wire),
        stir=lambda: wire.send(ping("frozen")),
        affected=lambda: is_silent(wire),
        recovered=lambda: wire.reply() == pong("frozen"),
    )


def freeze_link_before_it_is_used(place: Place) -> Scene:
    link = place.link(place.scripted())
    wires: list[Connection] = []

    def connect() -> None:
        wires.append(place.enter(Connection(link.address, place.history)))
        wires[-1].send(ping("frozen"))

    return Scene(
        fault=FreezeLink(link, place.history, Direction.TO_SERVER),
        works=lambda: serves_anew(link, place),
        stir=connect,
        affected=lambda: is_silent(wires[0]),
        recovered=lambda: wires[0].reply() == pong("frozen"),
    )


def is_silent(wire: Connection) -> bool:
    try:
        wire.reply(A_WHILE_S)
    except NoReply:
        return True
    return False


def freeze_idle_link(place: Place) -> Fault:
    link = place.link(place.scripted())
    connected(place, link)
    return FreezeLink(link, place.history)


def freeze_link_that_rejected_before(place: Place) -> Fault:
    """Connections that were never passed on, but by another fault, and that are over."""
    link = place.link(place.scripted())
    link.reject()
    knock(link)
    eventually(lambda: link.stats.rejected, within=WITHIN_S)
    link.heal()
    return FreezeLink(link, place.history)


def freeze_the_other_way(place: Place) -> Fault:
    """What is slow on its way to the server is not held by a freeze of the way back."""
    link = place.link(place.scripted())
    wire = connected(place, link)
    link.slow(Direction.TO_SERVER, latency_s=WITHIN_S)
    wire.send(ping("slow"))
    eventually(lambda: link.stats.to_server.held_bytes, within=WITHIN_S)
    return FreezeLink(link, place.history, Direction.TO_CLIENT)


# --- readers


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
        CutLink,
        {"by FIN": cut_link, "by RST": lambda place: cut_link(place, "rst")},
        {"nobody is connected": lambda place: CutLink(place.link(place.scripted()), place.history)},
    ),
    Trial(
        SeverLink,
        {"by FIN": sever_link, "by RST": lambda place: sever_link(place, "rst")},
        no_dud="a link that refuses is severed for whoever comes, were it nobody",
    ),
    Trial(RejectLink, {"a link": reject_link}, {"nobody connects": reject_link_that_nobody_uses}),
    Trial(
        FreezeLink,
        {"a connection": freeze_link, "before anybody connects": freeze_link_before_it_is_used},
        {
            "nobody sends": freeze_idle_link,
            "another fault rejected": freeze_link_that_rejected_before,
            "the other way is slow": freeze_the_other_way,
        },
    ),
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
