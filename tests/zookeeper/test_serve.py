"""The embedded registry in a process of its own, as `proctor zookeeper` runs it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys

import pytest

from proctor.zookeeper.backend import RegistryUnavailable
from proctor.zookeeper.client import Client
from proctor.zookeeper.serve import serve

SOON_S = 15.0
SCRIPT = "import sys; from proctor.zookeeper.serve import serve; serve(sys.argv[1], int(sys.argv[2]))"


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_serves_and_leaves_when_told(ending: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, "127.0.0.1", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as served:
        assert served.stdout is not None
        address = served.stdout.readline().split()[-1]
        host, _, port = address.partition(":")
        with Client(host, int(port)) as client:
            assert client.connect().session_id
            served.send_signal(ending)
            out, err = served.communicate(timeout=SOON_S)
        assert (served.returncode, out, err) == (0, "", "")


def test_a_busy_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        with pytest.raises(RegistryUnavailable, match=rf"cannot listen on 127.0.0.1:{port}: .*in use"):
            serve("127.0.0.1", port)


@pytest.mark.parametrize(("host", "port"), [("no.such.host.invalid", 1234), ("127.0.0.1", 99999), ("203.0.113.1", 0)])
def test_an_address_that_is_not_ours_is_named(host: str, port: int) -> None:
    with pytest.raises(RegistryUnavailable, match=f"cannot listen on {host}:{port}"):
        serve(host, port)
