"""Addresses rewritten: what the client reads is a link of ours, what the registry stores is the server."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from proctor.links import Address, LinkProxy
from proctor.loop import LoopThread
from proctor.zookeeper.client import Client
from proctor.zookeeper.dialect import JsonDialect
from proctor.zookeeper.proxy import RegistryProxy
from tests.links.ends import Pair, Target, connect
from tests.zookeeper.proxy.subjects import Subject, create, read, write

SERVER = Address("10.1.2.3", 4000)
LINK = Address("127.0.0.1", 50000)


def stored(address: Address, **more: object) -> bytes:
    return json.dumps({"host": address.host, "port": address.port, **more}).encode()


def test_the_client_reads_a_link_and_the_registry_keeps_the_server(
    proxy: RegistryProxy, subject: Client, witness: Client, root: str
) -> None:
    write(witness, root, stored(SERVER, weight=3))
    assert read(subject, root) == read(witness, root)
    proxy.rewrite_addresses({SERVER: LINK})
    rewritten = read(subject, root)
    assert json.loads(rewritten.data or b"") == {"host": "127.0.0.1", "port": 50000, "weight": 3}
    assert rewritten.stat.data_length == len(rewritten.data or b"")
    assert proxy.operations[-1].touched == ("rewritten",)
    assert read(witness, root).data == stored(SERVER, weight=3)
    proxy.heal()
    assert read(subject, root) == rewritten, "healing took a setting back"
    proxy.rewrite_addresses(None)
    assert read(subject, root) == read(witness, root)


@pytest.mark.parametrize("data", [b"", b"x", b"{}", b'{"host": 1, "port": 4000}', stored(Address("10.9.9.9", 1)), None])
def test_what_is_no_mapped_address_passes_as_it_is(
    proxy: RegistryProxy, subject: Client, witness: Client, root: str, data: bytes
) -> None:
    """Poisoned data (D6) must reach the client as poisoned as they are."""
    write(witness, root, data)
    proxy.rewrite_addresses({SERVER: LINK})
    assert read(subject, root) == read(witness, root)
    assert not proxy.operations[-1].touched


def test_kazoo_is_led_through_the_link(
    loop: LoopThread, proxy: RegistryProxy, kazoo: Subject, witness: Client, root: str, target: Target
) -> None:
    """A mapping that grows: the link is made when the server is known."""
    links: dict[Address, Address] = {}
    proxy.rewrite_addresses(links)
    create(witness, f"{root}/server", stored(Address(*target.address)))
    dialect = JsonDialect()
    assert dialect.decode(kazoo.kazoo.get(f"{root}/server")[0]) == target.address
    with LinkProxy(loop, target.address) as link:
        links[Address(*target.address)] = link.address
        assert dialect.decode(kazoo.kazoo.get(f"{root}/server")[0]) == link.address
        client = connect(link)
        server = target.accept()
        assert Pair(client, server).carries()
        client.close()
        server.close()


def test_a_callable_may_map(proxy: RegistryProxy, subject: Client, witness: Client, root: str) -> None:
    write(witness, root, stored(SERVER))
    proxy.rewrite_addresses(lambda address: address._replace(port=1))
    assert JsonDialect().decode(read(subject, root).data or b"") == Address("10.1.2.3", 1)


@pytest.fixture
def target() -> Iterator[Target]:
    standing = Target()
    yield standing
    standing.leave()
