"""Scenes of the faults that befall links."""

from __future__ import annotations

import socket

from proctor.faults.fault import Fault
from proctor.faults.links import CutLink, FreezeLink, HalfOpenLink, OneWayLink, RejectLink, SeverLink
from proctor.links import Direction, LinkProxy
from proctor.links.connection import How
from proctor.outcome import Failure
from proctor.waiting import eventually
from proctor.wire.connection import Connection, NoReply, Refused
from proctor.wire.messages import ping, pong
from tests.faults.place import A_WHILE_S, WITHIN_S, Place
from tests.faults.scene import Scene, Trial


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


def idle(place: Place) -> LinkProxy:
    """Somebody is connected and says nothing any more."""
    link = place.link(place.scripted())
    connected(place, link)
    return link


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


def one_way_link(place: Place) -> Scene:
    server = place.scripted()
    link = place.link(server)
    wire = connected(place, link)
    return Scene(
        fault=OneWayLink(link, place.history, Direction.TO_CLIENT),
        works=lambda: answers_over(wire),
        stir=lambda: wire.send(ping("held")),
        affected=lambda: server.ledger()[-1].params == "held" and is_silent(wire),
        recovered=lambda: wire.reply() == pong("held"),
    )


def half_open_for_the_client(place: Place) -> Scene:
    server = place.scripted()
    link = place.link(server)
    wire = connected(place, link)
    return Scene(
        fault=HalfOpenLink(link, place.history),
        works=lambda: answers_over(wire),
        affected=lambda: server.connected() == 0 and is_silent(wire),
        recovered=lambda: ended(wire, "rst") and serves_anew(link, place),
    )


def half_open_for_the_server(place: Place) -> Scene:
    server = place.scripted()
    link = place.link(server)
    wire = connected(place, link)
    return Scene(
        fault=HalfOpenLink(link, place.history, gone="client"),
        works=lambda: answers_over(wire),
        affected=lambda: ended(wire, "rst") and server.connected() == 1,
        recovered=lambda: server.connected() == 0 and serves_anew(link, place),
    )


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
            "nobody sends": lambda place: FreezeLink(idle(place), place.history),
            "another fault rejected": freeze_link_that_rejected_before,
            "the other way is slow": freeze_the_other_way,
        },
    ),
    Trial(
        OneWayLink,
        {"replies": one_way_link},
        {"nobody sends": lambda place: OneWayLink(idle(place), place.history, Direction.TO_CLIENT)},
    ),
    Trial(
        HalfOpenLink,
        {"the client is left": half_open_for_the_client, "the server is left": half_open_for_the_server},
        {"nobody is connected": lambda place: HalfOpenLink(place.link(place.scripted()), place.history)},
    ),
)
