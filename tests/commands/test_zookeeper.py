"""`proctor zookeeper`, as a user types it."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from proctor.zookeeper.client import Client

PROCTOR = str(Path(sys.executable).with_name("proctor"))


def test_a_registry_to_play_with_is_served_until_it_is_interrupted() -> None:
    with subprocess.Popen([PROCTOR, "zookeeper", "--port=0"], stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        address = served.stdout.readline().split()[-1]
        host, _, port = address.rpartition(":")
        with closing(Client(host, int(port))) as client:
            assert client.connect().session_id != 0
        served.send_signal(signal.SIGINT)
        assert served.wait(10) == 0


def test_a_port_that_is_taken_is_one_line() -> None:
    with subprocess.Popen([PROCTOR, "zookeeper", "--port=0"], stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        port = served.stdout.readline().rpartition(":")[2].strip()
        second = subprocess.run([PROCTOR, "zookeeper", f"--port={port}"], capture_output=True, text=True, check=False)
        served.terminate()
    assert second.returncode == 2
    assert second.stderr.startswith(f"Error: cannot listen on 127.0.0.1:{port}")
    assert len(second.stderr.splitlines()) == 1
