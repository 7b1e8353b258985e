"""Server processor time of a call: the reference beside others, as ratios measured in one run.

Every server runs in processes of its own and answers the same `ping`; each is called over one connection, one call at a
time and with 64 in flight, in turns, so that whatever else the machine does happens to all. The figure is what the
kernel's scheduler has charged to the server's processes (/proc/PID/task/*/schedstat, in ns), so waiting costs nothing.
The servers have one core and their callers another, as if on two machines; else it would decide whom the scheduler puts
on one core with its caller, which it does with the quickest. The reference and the echo are compared once more alone:
beside the others, though they are idle, the ratio comes out higher, and why was not found out.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks.contenders import (
    BY_HAND,
    CONTENDERS,
    HEADER,
    HOST,
    IN_FLIGHT,
    Caller,
    Contender,
    connect,
    receive,
)

ROOT = Path(__file__).resolve().parent.parent
STARTS = 5  # of every server: from one start to the next a ratio differs by up to a tenth
ROUNDS = 8  # of each start; short, so that what the machine does meanwhile happens to all, and ratios are of one round
CALLS_A_ROUND, BATCHES_A_ROUND = 500, 8
WARM_UP_CALLS, WARM_UP_BATCHES = 50, 2  # before each measurement, since the others had their turn meanwhile
NO_REGISTRY = f"{HOST}:1"  # refused at once; the reference serves without one


class Figure(NamedTuple):
    """Microseconds of the server's processor time a call."""

    one_us: float
    batch_us: float


def free_port() -> int:
    with socket.create_server((HOST, 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], port: int) -> Iterator[psutil.Process]:
    """A server that accepts on `port`; ended afterwards with all its processes."""
    server = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port, server)
        yield psutil.Process(server.pid)
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def wait_for_port(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if server.poll() is not None:
            raise RuntimeError(f"{server.args!r} exited with {server.returncode}")
        try:
            connect(port).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"{server.args!r} does not accept on port {port}")


def reference_command(port: int, workers: int) -> list[str]:
    return [
        *(sys.executable, "-m", "reference", "serve", "--bind", f"{HOST}:{port}"),
        *("--workers", str(workers), "--zookeeper", NO_REGISTRY),
    ]


def command_of(contender: Contender, port: int) -> list[str]:
    if contender.serve is None:
        return reference_command(port, 1)
    return [sys.executable, "-m", "benchmarks.contenders", contender.name, str(port)]


def processor_ns(server: psutil.Process) -> int:
    """What all threads of all processes of the server have used so far."""
    processes = [server, *server.children(recursive=True)]
    tasks = [task for process in processes for task in Path(f"/proc/{process.pid}/task").iterdir()]
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)


def cost_us(server: psutil.Process, calls: int, work: Callable[[], None]) -> float:
    before = processor_ns(server)
    work()
    return (processor_ns(server) - before) / calls / 1000


def repeat(times: int, work: Callable[[], None]) -> Callable[[], None]:
    def repeated() -> None:
        for _ in range(times):
            work()

    return repeated


Round = dict[str, Figure]


def compare(contenders: Sequence[Contender]) -> list[Round]:
    """Rounds in which each of these servers has its turn."""
    return [one for _ in range(STARTS) for one in rounds_of_a_start(contenders)]


def rounds_of_a_start(contenders: Sequence[Contender]) -> list[Round]:
    everywhere = os.sched_getaffinity(0)
    servers_core, callers_core = sorted(everywhere)[:2]
    with ExitStack() as stack:
        stack.callback(os.sched_setaffinity, 0, everywhere)
        entered = []
        for contender in contenders:
            port = free_port()
            os.sched_setaffinity(0, {servers_core})
            server = stack.enter_context(running(command_of(contender, port), port))
            os.sched_setaffinity(0, {callers_core})
            caller = contender.caller(port)
            repeat(200, caller.one)()
            entered.append((contender.name, server, caller))
        return [{name: measure(server, caller) for name, server, caller in entered} for _ in range(ROUNDS)]


def medians(rounds: list[Round]) -> Round:
    return {
        name: Figure(*(statistics.median(one[name][i] for one in rounds) for i in range(len(Figure._fields))))
        for name in rounds[0]
    }


def ratio(rounds: list[Round], way: int, over: str, under: str) -> float:
    """The median of what it is in each round; `way`: of calling, as in Figure."""
    return statistics.median(one[over][way] / one[under][way] for one in rounds)


def measure(server: psutil.Process, caller: Caller) -> Figure:
    repeat(WARM_UP_CALLS, caller.one)()
    repeat(WARM_UP_BATCHES, caller.batch)()
    return Figure(
        cost_us(server, CALLS_A_ROUND, repeat(CALLS_A_ROUND, caller.one)),
        cost_us(server, BATCHES_A_ROUND * IN_FLIGHT, repeat(BATCHES_A_ROUND, caller.batch)),
    )


# Scaling


def throughput(workers: int, connections: int = 8, seconds: float = 2.0) -> float:
    """Calls a second of `pi` 3000, which costs a worker far more than it costs us to ask for it."""
    port = free_port()
    body = json.dumps({"in": "pi", "params": 3000}).encode()
    request = HEADER.pack(len(body)) + body
    with running(reference_command(port, workers), port):
        counts = [0] * connections
        until = time.monotonic() + seconds

        def call(i: int) -> None:
            with connect(port) as sock:
                while time.monotonic() < until:
                    sock.sendall(request)
                    receive(sock, HEADER.unpack(receive(sock, HEADER.size))[0])
                    counts[i] += 1

        threads = [threading.Thread(target=call, args=(i,)) for i in range(connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(counts) / seconds


def main() -> None:
    alone, rounds = compare(CONTENDERS[:2]), compare(CONTENDERS)
    figures = medians(rounds)
    mine = figures["reference"]
    print(f"{'server processor time a call':30}{'one at a time':>20}{f'{IN_FLIGHT} in flight':>22}")
    for name, figure in figures.items():
        print(
            f"{name:30}{figure.one_us:8.1f} us {figure.one_us / mine.one_us:6.2f} x  "
            f"{figure.batch_us:9.2f} us {figure.batch_us / mine.batch_us:6.2f} x"
        )
    others = {name: figures[name].batch_us for name in figures if name not in ("reference", "socket echo", BY_HAND)}
    cheapest = min(others, key=others.__getitem__)
    one, batch = ratio(alone, 0, "reference", "socket echo"), ratio(rounds, 1, cheapest, "reference")
    print(f"one at a time, nobody else there: reference / socket echo = {one:.2f}  (wanted: at most 1.5)")
    print(f"{IN_FLIGHT} in flight: {cheapest} / reference = {batch:.1f}  (wanted: at least 5)")
    one, two = throughput(1), throughput(2)
    print(f"throughput of pi 3000: 1 worker {one:.0f}/s, 2 workers {two:.0f}/s: {two / one:.2f} x")


if __name__ == "__main__":
    main()
