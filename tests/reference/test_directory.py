"""The client's list: what a reading makes of what it finds. How it is kept up to date is the conformance suite's."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.address import Address
from reference.directory import Directory, parse_node
from reference.registry import EventType, Registry, Unsettled, WatchedEvent
from reference.settings import RegistrySettings

SETTINGS = RegistrySettings("nowhere:1", "/demo", 1.0)


class Tree:
    """A registry of nodes by name, None being a root that is missing. Counts what is read."""

    def __init__(self, **nodes: bytes) -> None:
        self.nodes: dict[str, bytes] | None = nodes
        self.reads: list[str] = []
        self.meanwhile: Callable[[], None] = lambda: None  # between the list and the data

    def sync(self) -> None:
        self.reads.append("sync")

    def children(self, _watch: Any) -> list[str] | None:
        self.reads.append("list")
        return None if self.nodes is None else list(self.nodes)

    def root_exists(self, _watch: Any) -> bool:
        return self.nodes is not None

    def path(self, name: str) -> str:
        return f"/demo/{name}"

    def data(self, paths: list[str], _watch: Any) -> dict[str, bytes]:
        self.reads += paths
        self.meanwhile()
        return {path: data for path in paths if (data := (self.nodes or {}).get(path.rpartition("/")[2])) is not None}


class Reader:
    """A directory whose thread doesn't run: it reads when it is told to."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.lists: list[list[int]] = []
        self.directory = Directory(SETTINGS, lambda servers: self.lists.append([server.port for server in servers]))

    def read(self) -> list[int]:
        self.tree.reads.clear()
        self.directory.read(cast("Registry", self.tree))
        return [server.port for server in self.directory.servers]


def node(port: Any, host: Any = "127.0.0.1") -> bytes:
    return json.dumps({"host": host, "port": port}).encode()


def test_only_what_is_new_is_read_and_only_what_differs_is_told() -> None:
    reader = Reader(Tree(a=node(1), b=node(2)))
    assert reader.read() == [1, 2]
    assert reader.read() == [1, 2]
    assert reader.tree.reads == ["list"]
    reader.tree.nodes = {"b": node(2), "c": node(3)}
    assert reader.read() == [2, 3]
    assert reader.tree.reads == ["list", "/demo/c"]
    assert reader.lists == [[1, 2], [2, 3]]


def test_everything_is_read_again_after_a_reconnect() -> None:
    """The same name can be another node: a registry that lost its data numbers from 0 again (R17)."""
    reader = Reader(Tree(a=node(1)))
    reader.read()
    reader.tree.nodes = {"a": node(2)}
    reader.directory.on_state()
    assert reader.read() == [2]
    assert reader.tree.reads == ["sync", "list", "/demo/a"]


def test_a_node_whose_data_has_changed_is_read_again() -> None:
    reader = Reader(Tree(a=node(1), b=node(2)))
    reader.read()
    reader.tree.nodes = {"a": node(7), "b": node(2)}
    reader.directory.on_data_event(WatchedEvent(EventType.CHANGED, "CONNECTED", "/demo/a"))
    assert reader.read() == [7, 2]


def test_a_node_that_goes_while_it_is_read_costs_only_itself() -> None:
    reader = Reader(Tree(a=node(1), b=node(2)))

    def delete() -> None:
        reader.tree.nodes = {"b": node(2)}

    reader.tree.meanwhile = delete
    assert reader.read() == [2]


def test_a_reading_that_fails_changes_nothing() -> None:
    reader = Reader(Tree(a=node(1)))
    reader.read()

    def fails() -> None:
        raise Unsettled("no answer")

    reader.tree.nodes = {"b": node(2)}
    reader.tree.meanwhile = fails
    with pytest.raises(Unsettled):
        reader.read()
    assert reader.lists == [[1]]


def test_a_missing_root_is_an_empty_list() -> None:
    reader = Reader(Tree(a=node(1)))
    reader.read()
    reader.tree.nodes = None
    assert reader.read() == []
    assert reader.lists == [[1], []]


def test_two_nodes_with_one_address_are_one_server_until_both_are_gone() -> None:
    reader = Reader(Tree(a=node(1), b=node(1), c=node(2)))
    assert reader.read() == [1, 2]
    reader.tree.nodes = {"b": node(1), "c": node(2)}
    assert sorted(reader.read()) == [1, 2]
    assert len(reader.lists) <= 2


@pytest.mark.parametrize("port", [0, -1, 65536, 70000, 1.0, "80", True, None, [80]])
def test_what_is_no_port_is_no_address(port: Any) -> None:
    assert parse_node(node(port)) is None


NOT_DIALLED = ("169.254.169.254", "fe80::1", "224.0.0.1", "0.0.0.0", "::")
NO_HOSTS = ("", " ", "a b", "a\r\nb", "a\0", "é", "x" * 300, 1, None)


@pytest.mark.parametrize("host", [*NOT_DIALLED, *NO_HOSTS])
def test_what_should_not_be_dialled_is_no_address(host: Any) -> None:
    """A registry that anybody may write to must not send clients to a cloud's metadata service (Q3)."""
    assert parse_node(node(80, host)) is None


@pytest.mark.parametrize("data", [b"", b"x", b"{}", b"[]", b"1", b"null", b"\xff", b"[" * 100_000, b'{"host":"a"}'])
def test_what_is_no_node_is_no_address(data: bytes) -> None:
    assert parse_node(data) is None


@settings(deadline=None)  # a loaded machine is no verdict
@given(st.binary(max_size=40))
def test_no_data_ends_the_reading(data: bytes) -> None:
    parse_node(data)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "a-b.example", "10.0.0.1"])
def test_a_host_and_a_port_are_an_address(host: str) -> None:
    assert parse_node(json.dumps({"host": host, "port": 80, "more": 1}).encode()) == Address(host, 80)
