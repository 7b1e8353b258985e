"""The reference as people type it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from proctor.loop import LoopThread
from proctor.places import CHECKOUT
from proctor.waiting import eventually
from proctor.zookeeper.backend import Registry
from proctor.zookeeper.registry import open_registry
from proctor.zookeeper.view import RegistryView
from tests.reference.servers import WITHIN_S, Server


def reference(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reference", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=CHECKOUT, timeout=WITHIN_S, check=False)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nonsense",),
        ("serve", "--workers", "0"),
        ("serve", "--workers", "two"),
        ("serve", "--bind", "nowhere"),
        ("serve", "--bind", "127.0.0.1:70000"),
        ("serve", "--grace", "-1"),
        ("serve", "--reload", "sometimes"),
        ("serve", "--zookeeper", "nowhere:port"),
        ("serve", "--zookeeper", ",,"),
        ("serve", "--root", "/a/../b"),
        ("call",),
        ("call", "ping", "{"),
        ("drive", "--unknown"),
    ],
    ids=" ".join,
)
def test_a_wrong_argument_is_told_in_one_line(arguments: tuple[str, ...]) -> None:
    ended = reference(*arguments)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)


def test_an_address_that_is_taken_ends_it_at_once_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        ended = reference("serve", "--bind", f"127.0.0.1:{port}")
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert f"127.0.0.1:{port}" in ended.stderr


@pytest.mark.parametrize("command", [(), ("serve",), ("call",), ("drive",)], ids=" ".join)
def test_there_is_help(command: tuple[str, ...]) -> None:
    ended = reference(*command, "--help")
    assert ended.returncode == 0
    assert "serve" in ended.stdout or "--zookeeper" in ended.stdout


@pytest.fixture
def registry() -> Iterator[Registry]:
    with LoopThread() as loop, open_registry("embedded", loop) as started:
        yield started


def test_a_call_from_the_command_line_finds_a_server(registry: Registry) -> None:
    view = RegistryView(registry)
    where = ("--zookeeper", registry.address, "--root", "/some/where")
    with Server(zookeeper=registry.address, root="/some/where") as server:
        eventually(lambda: view.children("/some/where"), WITHIN_S, "the node")
        echo = reference("call", "ping", '{"é": [1, 2.5, null]}', *where)
        assert (echo.returncode, json.loads(echo.stdout), echo.stderr) == (0, {"é": [1, 2.5, None]}, "")
        error = reference("call", "divide", '{"num1": 1, "num2": 0}', *where)
        assert (error.returncode, error.stdout, error.stderr.count("\n")) == (1, "", 1)
        assert "invalid_operation" in error.stderr
        assert server.stop() == 0
    nobody = reference("call", "ping", *where, "--timeout", "2")
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert "no server is registered" in nobody.stderr
    view.close()


def test_a_call_without_a_registry_says_so(registry: Registry) -> None:
    registry.stop()
    ended = reference("call", "ping", "--zookeeper", registry.address, "--timeout", "0.5")
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "the registry can't be reached" in ended.stderr
