"""Servers that do to the registry what they should not."""

from __future__ import annotations

import json
import os
import random
import socket
import struct
from contextlib import suppress

from kazoo.client import KazooClient
from kazoo.exceptions import KazooException

from tests.hostile.implementation import LIVES_S, NODE, Place, hostile, prefork, rest

MANY, SEVERAL, FEW = 2000, 200, 2
NODE_BYTES, HUGE_NODES = 900_000, 100  # a registry takes little more in one request
GET_DATA = 4
NOT_ONE = "should hold one node, and holds"
NOT_REGISTERED = "waited 5.00 s for the server to be ready (its node stands below /proctor-"


@hostile(NODE, NOT_ONE, " more")
def registers_thousands_of_times(place: Place) -> None:
    _client = registered(place, *[address(place)] * MANY)
    prefork(place)
    rest()


@hostile(NODE, NOT_ONE, r"\x1b[31m\xff")
def registers_huge_and_binary_data(place: Place) -> None:
    """As much as the registry takes."""
    _client = registered(place, b"\x1b[31m\xff", *[os.urandom(NODE_BYTES)] * HUGE_NODES)
    prefork(place)
    rest()


@hostile(NODE, NOT_ONE + " 0")
def deletes_the_root(place: Place) -> None:
    """Its own and all others."""
    client = registered(place, address(place))
    for name in client.retry(client.get_children, "/"):
        with suppress(KazooException):
            client.retry(client.delete, f"/{name}", recursive=True)
    prefork(place)
    rest()


@hostile(NODE, NOT_ONE)
def opens_hundreds_of_sessions(place: Place) -> None:
    _opened = [session(place) for _ in range(SEVERAL)]
    _client = registered(place, address(place), b"")
    prefork(place)
    rest()


@hostile(NODE, NOT_REGISTERED, server={"ready": "node"}, limits={"boot_s": 5})
def talks_garbage(place: Place) -> None:
    """To whom it can reach: frames of noise, lengths of noise, frames that never end."""
    prefork(place)
    drawn = random.Random(1)
    for _ in range(SEVERAL):
        noise = drawn.randbytes(drawn.randrange(2000))
        with reach(place) as unframed, reach(place) as framed, suppress(OSError):
            unframed.sendall(noise)
            framed.sendall(struct.pack(">i", len(noise)) + noise)
    _held = [half_a_frame(place) for _ in range(SEVERAL)]
    rest()


@hostile(NODE, NOT_ONE)
def reads_no_answer(place: Place) -> None:
    """It asks for its node's data, which is long, for as long as anybody takes its questions."""
    client = registered(place, address(place), bytes(NODE_BYTES))
    path = place.root + "/" + max(client.retry(client.get_children, place.root))
    asked = struct.pack(">iii", 0, GET_DATA, len(path)) + path.encode() + b"\0"
    prefork(place)
    asking = session(place)
    with suppress(OSError):
        while True:
            asking.sendall((struct.pack(">i", len(asked)) + asked) * 1000)
    rest()


def registered(place: Place, *nodes: bytes) -> KazooClient:
    """A node for each of these data, as far as the registry takes them; for good, however busy the machine is."""
    client = KazooClient(place.zookeeper, command_retry={"max_tries": -1})
    client.start(LIVES_S)
    client.retry(client.ensure_path, place.root)
    for data in nodes[:FEW]:
        client.retry(client.create, f"{place.root}/rpc", data, sequence=True)
    made = [client.create_async(f"{place.root}/rpc", data, sequence=True) for data in nodes[FEW:]]
    for answer in made:
        with suppress(KazooException):
            answer.get(LIVES_S)
    return client


def address(place: Place) -> bytes:
    return json.dumps({"host": place.host, "port": int(place.port)}).encode()


def reach(place: Place) -> socket.socket:
    host, port = place.zookeeper.split(":")
    return socket.create_connection((host, int(port)))


def session(place: Place) -> socket.socket:
    """A connection whose handshake is done: connect(protocol, zxid, timeout, session, password, read only)."""
    connection = reach(place)
    connection.sendall(struct.pack(">iiqiqi16s?", 45, 0, 0, 10_000, 0, 16, bytes(16), False))
    connection.recv(1000)
    return connection


def half_a_frame(place: Place) -> socket.socket:
    connection = session(place)
    with suppress(OSError):  # there is an end to how much it takes
        connection.sendall(struct.pack(">i", NODE_BYTES) + bytes(NODE_BYTES - 1))
    return connection
