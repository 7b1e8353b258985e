"""A worker's loop, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

from proctor.places import CHECKOUT
from reference.reports import BEAT_S, REPORT

# Everything is ready at once and takes as long as two signs of life are apart; the third thing to do is to end.
BUSY = f"""
import os, socket, time
from reference.log import Log
from reference.reports import REPORT, Reporter
from reference.worker import Worker

worker = Worker(
    socket.create_server(("127.0.0.1", 0)), os.getppid(), Reporter(int(os.environ["REPORTS"])), None, None, 1.0, Log()
)
for turn in range(3):
    ready, write = os.pipe()
    os.write(write, b"x")

    def handler(events, ready=ready, turn=turn):
        time.sleep({BEAT_S} * 1.1)
        os.read(ready, 1)
        os.write(worker.reporter.fd, REPORT.pack(0, b"T"))
        worker.over = turn == 2

    worker.handle(ready, handler)
worker.run()
"""


def test_signs_of_life_leave_between_two_events_that_take_long() -> None:
    """Each may be the last part of a frame at the limit, and the parent kills who has been silent for too long."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as reports:
        subprocess.run(
            [sys.executable, "-c", BUSY],
            cwd=CHECKOUT,
            env={**os.environ, "REPORTS": str(writing)},
            pass_fds=[writing],
            check=True,
            timeout=30,
        )
        os.close(writing)
        kinds = b"".join(kind for _, kind in REPORT.iter_unpack(reports.read()))
    assert kinds == b"RBTBTBTB"
