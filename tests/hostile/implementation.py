"""What a hostile implementation is, and how its processes begin: none of them lives for ever, whatever the kit does."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, NamedTuple, Never

LIVES_S = 200
FILES = ("processes", "wire", "drivers", "registries")
STOPPING = "supervision/test_stopping.py::test_an_idle_server_ends_whole[SIGTERM]"
REAPING = "supervision/test_reaping.py::test_workers_that_die_together_are_all_reaped"
PING = "wire/test_methods.py::test_ping_returns_its_params[null]"
CALL = "client/test_calls.py::test_params_and_results_pass_unchanged[null]"
NODE = "discovery/test_node.py::test_the_node_s_data_is_the_address_in_json"


class Place(NamedTuple):
    """What a command line says; a driver's ends with the root."""

    zookeeper: str
    root: str
    host: str = ""
    port: str = ""
    workers: str = ""

    def listen(self) -> socket.socket:
        return socket.create_server((self.host, int(self.port)), backlog=100)


@dataclass(frozen=True)
class Hostile:
    """One of them. `meets` is the case of conformance/ that it is run on, after the smoke check.

    `says`: all of this stands in what the run prints. `arguments` are the run's, `through` words before its command;
    `manifest` is what is said otherwise than usual, table by table.
    """

    run: Callable[[Place], object]
    meets: str
    says: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    through: tuple[str, ...] = ()
    manifest: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.run.__module__.rpartition('.')[2]}.{self.run.__name__}"


def hostile(
    meets: str,
    *says: str,
    arguments: tuple[str, ...] = (),
    through: tuple[str, ...] = (),
    **manifest: Mapping[str, Any],
) -> Callable[[Callable[[Place], object]], Hostile]:
    """Makes a hostile implementation of a function."""
    return lambda run: Hostile(run, meets, says, arguments, through, manifest)


def everybody() -> list[Hostile]:
    return [one for file in FILES for one in those_in(file)]


def called(name: str) -> Hostile:
    return next(one for one in those_in(name.partition(".")[0]) if one.name == name)


def those_in(file: str) -> Iterator[Hostile]:
    for one in vars(import_module(f"tests.hostile.{file}")).values():
        if isinstance(one, Hostile):
            yield one


# --- what they are made of


def live() -> None:
    """End in the end, by the one signal that none of them ignores."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(LIVES_S)


def is_child() -> bool:
    """Fork: whether this is the child, which has its own time to live."""
    if os.fork():
        return False
    live()
    return True


def rest() -> Never:
    while True:
        signal.pause()


def ignore_signals() -> None:
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGALRM}:
        with suppress(OSError):
            signal.signal(number, signal.SIG_IGN)


def prefork(place: Place) -> socket.socket:
    """Listen, with as many workers as were asked for, which hold the listening socket and do nothing."""
    listener = place.listen()
    for _ in range(int(place.workers)):
        if is_child():
            rest()
    return listener
