"""A server is ready when its manifest's rule holds, its workers are who the manifest says, and its end is told."""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import closing
from dataclasses import replace

import pytest

from proctor.links import Address
from proctor.outcome import Failure, Inconclusive, TimedOut
from proctor.subject.server import DidNotStart, ParentEnded, Server, Snapshot
from proctor.subject.until import until_gone, until_staffed
from proctor.waiting import eventually
from proctor.wire.messages import sleep
from proctor.zookeeper.proxy import RegistryProxy
from tests.subject.miniatures import WITHIN_S, Miniatures

LISTENS = """
import os, signal, socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
def say(name):
    os.write(1, f"{name} {os.getpid()}\\n".encode())  # in one piece: others say something too
"""
FORKS = """
for _ in range(int(sys.argv[2])):
    if os.fork() == 0:
        break
signal.pause()
"""
REGISTERS = """
import json, sys
from proctor.zookeeper.client import Client
from proctor.zookeeper.codes import CreateMode, OpCode
from proctor.zookeeper.protocol import OPEN_ACL, CreateRequest

def create(path, data=b"", mode=CreateMode.PERSISTENT):
    registry.ask(OpCode.CREATE, CreateRequest(path, data, OPEN_ACL, mode))

host, _, at = sys.argv[3].partition(":")
registry = Client(host, int(at))
registry.connect()
root = sys.argv[4]
create(root)
node = json.dumps({"host": "127.0.0.1", "port": int(sys.argv[1])}).encode()
"""
CALCULATES = """
import json, struct, time
while True:
    connection, _ = listener.accept()
    stream = connection.makefile("rwb")
    while header := stream.read(4):
        (length,) = struct.unpack("<I", header)
        terms = json.loads(stream.read(length))["params"]
        time.sleep(terms * TERM_S)
        body = json.dumps({"out": "pi_r", "result": 3.14}).encode()
        stream.write(struct.pack("<I", len(body)) + body)
        stream.flush()
"""


# --- readiness


def test_one_whose_node_makes_it_ready_is_ready_when_the_node_stands(miniatures: Miniatures) -> None:
    registers = f"{REGISTERS}create(root + '/rpc', node, CreateMode.EPHEMERAL_SEQUENTIAL)"
    server = miniatures.server(f"{LISTENS}{registers}\nsignal.pause()", ready="node").start()
    node = server.node()
    assert node.address == Address("127.0.0.1", server.port)
    assert node.path.startswith(f"{server.root}/rpc")
    assert node.owner == server.proxy.sessions[-1].id
    assert server.accepts()


def test_one_whose_node_never_comes_is_told_so_with_its_output(miniatures: Miniatures) -> None:
    server = miniatures.server(f"{LISTENS}print('no registry', flush=True); signal.pause()", ready="node", boot_s=3)
    with pytest.raises(TimedOut, match=f"its node stands below {server.root}") as late:
        server.start()
    assert "no registry" in str(late.value)
    assert "serve.py" in str(late.value)
    assert late.value.ended - late.value.started >= 3


def test_one_whose_port_makes_it_ready_is_ready_when_it_accepts(miniatures: Miniatures) -> None:
    server = miniatures.server(f"import time; time.sleep(0.2)\n{LISTENS}signal.pause()", ready="port")
    assert not server.accepts()
    server.start()
    assert server.accepts()


def test_one_whose_workers_make_it_ready_is_ready_when_all_are_there(miniatures: Miniatures) -> None:
    source = f"import os, signal, sys, time; time.sleep(0.2)\n{FORKS}"
    server = miniatures.server(source, ready="workers", workers="children", asked=3).start()
    assert len(server.worker_pids()) == 3
    assert not server.accepts()


@pytest.mark.parametrize(
    ("ending", "how"), [("raise SystemExit(3)", "exit status 3"), ("os.kill(os.getpid(), 9)", "signal 9")]
)
def test_one_that_ends_before_it_is_ready_did_not_start_and_is_not_waited_for(
    miniatures: Miniatures, ending: str, how: str
) -> None:
    server = miniatures.server(f"import os; print('bad luck', flush=True); {ending}", boot_s=60)
    began = time.monotonic()
    with pytest.raises(DidNotStart, match=rf"ended \({how}\) before it was ready .*accepts") as end:
        server.start()
    assert "bad luck" in str(end.value)
    assert time.monotonic() - began < 30


def test_one_that_leaves_a_process_behind_is_told_to_stay_in_the_foreground(miniatures: Miniatures) -> None:
    server = miniatures.server("import os, signal\nif os.fork() == 0: signal.pause()", boot_s=60)
    with pytest.raises(DidNotStart, match="it must stay in the foreground"):
        server.start()


def test_one_that_is_not_waited_for_may_be_asked_later(miniatures: Miniatures) -> None:
    server = miniatures.server(f"import time; time.sleep(0.2)\n{LISTENS}signal.pause()").start(ready=False)
    assert not server.accepts()
    server.wait_ready()
    assert server.accepts()


# --- workers


def test_workers_are_who_holds_the_listening_socket_but_for_the_parent(miniatures: Miniatures) -> None:
    """A helper that has closed it is none; a grandchild that holds it is one."""
    source = f"""{LISTENS}
if os.fork() == 0:
    if os.fork() == 0:
        say("grandchild")
    else:
        say("child")
elif os.fork() == 0:
    listener.close()
    say("helper")
signal.pause()
"""
    server = miniatures.server(source).start()
    said = eventually(lambda: told(server.program.output.tail(), 3), within=WITHIN_S)
    assert server.worker_pids() == {said["child"], said["grandchild"]}


def test_workers_may_be_the_children_and_only_those(miniatures: Miniatures) -> None:
    source = f"""{LISTENS}
listener.set_inheritable(True)
if os.fork() == 0:
    if os.fork() == 0:
        say("grandchild")
    else:
        say("child")
elif os.fork() == 0:
    listener.close()
    say("helper")
signal.pause()
"""
    server = miniatures.server(source, workers="children").start()
    said = eventually(lambda: told(server.program.output.tail(), 3), within=WITHIN_S)
    assert server.worker_pids() == {said["child"], said["helper"]}


def told(output: str, lines: int) -> dict[str, int]:
    """What a server's processes said of themselves, once there are so many lines."""
    pairs = [line.split() for line in output.splitlines()]
    return {name: int(pid) for name, pid in pairs} if len(pairs) == lines else {}


@pytest.mark.parametrize("workers", ["listeners", "children"])
def test_the_dead_do_not_work_and_are_zombies_until_they_are_reaped(miniatures: Miniatures, workers: str) -> None:
    server = miniatures.server(f"{LISTENS}{FORKS}", workers=workers).start()
    dead, *_ = sorted(until_staffed(server))
    os.kill(dead, signal.SIGKILL)
    eventually(lambda: [child.pid for child in server.zombies()] == [dead], within=WITHIN_S)
    assert dead not in server.worker_pids()
    assert len(server.worker_pids()) == 1


# --- its end


def test_a_wait_for_workers_tells_that_the_parent_has_died(miniatures: Miniatures) -> None:
    server = miniatures.server(f"{LISTENS}{FORKS}").start()
    until_staffed(server)
    server.parent.send(signal.SIGKILL)
    assert server.parent.wait_ended(WITHIN_S)
    with pytest.raises(ParentEnded, match=r"the parent was killed by signal 9"):
        until_staffed(server, within=0.5)


def test_a_server_that_stops_tells_its_status_and_one_that_does_not_is_late(miniatures: Miniatures) -> None:
    stops = f"{LISTENS}signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); signal.pause()"
    server = miniatures.server(stops).start()
    assert server.stop() == 7
    assert until_gone(server) == 7


def test_a_server_that_does_not_stop_in_time_is_late(miniatures: Miniatures) -> None:
    ignores = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: signal.pause()"
    server = miniatures.server(f"import signal\n{LISTENS}{ignores}", patience=0.1).start()
    with pytest.raises(TimedOut, match=f"process {server.pid} still runs after 0.50 s") as late:
        server.stop()
    assert late.value.ended - late.value.started >= 0.5


def test_a_server_whose_preparation_fails_leaves_nothing_open(miniatures: Miniatures) -> None:
    """The fault that its first steps were to meet could not be had."""
    server = miniatures.server(LISTENS)

    def fails(proxy: RegistryProxy) -> None:
        assert reachable(proxy.endpoint)
        raise Inconclusive("no such fault")

    broken = Server(server.stage, prepare=fails)
    with pytest.raises(Inconclusive, match="no such fault"):
        broken.start()
    endpoint = broken.proxy.endpoint
    broken.end()
    assert not reachable(endpoint)


def reachable(address: tuple[str, int]) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(address) == 0


# --- nodes


def test_a_server_has_one_node_and_what_stands_there_instead_is_told(miniatures: Miniatures) -> None:
    server = miniatures.server(f"{LISTENS}signal.pause()").start()
    with pytest.raises(Failure, match="should hold one node, and holds 0"):
        server.node()
    server.view.ensure(server.root)
    server.view.create(f"{server.root}/rpc", b"no address", sequence=True)
    assert server.node().address is None
    assert server.node().owner == 0
    server.view.create(f"{server.root}/rpc", b"another", sequence=True)
    with pytest.raises(Failure, match=r"holds 2: .*no address.*another"):
        server.node()


# --- long calls


def test_a_call_that_lasts_is_a_sleep_where_there_is_one(miniatures: Miniatures) -> None:
    server = miniatures.server(f"{LISTENS}signal.pause()", claims='methods = ["ping", "pi", "sleep"]').start()
    assert server.lasting(1.5) == sleep(1.5)


def test_a_call_that_lasts_is_else_a_sum_that_was_measured(miniatures: Miniatures) -> None:
    server = miniatures.server(f"{LISTENS}TERM_S = 1e-7\n{CALCULATES}").start()
    request = server.lasting(1.0)
    assert request.method == "pi"
    assert isinstance(request.params, int)
    assert 1e-7 * request.params == pytest.approx(1.0, rel=0.8), "a term takes a tenth of a microsecond"


def test_a_sum_that_was_held_up_once_is_measured_again(miniatures: Miniatures) -> None:
    """One stall while it is measured would make all that lasts short: the fastest of several counts."""
    held_up = CALCULATES.replace("time.sleep(", "time.sleep(FIRST.pop() if FIRST else ")
    server = miniatures.server(f"{LISTENS}TERM_S = 1e-7\nFIRST = [1.0]\n{held_up}").start()
    (call,) = server.computing(1.0)
    assert 1e-7 * call.params == pytest.approx(1.0, rel=0.8)


def test_a_quick_server_computes_several_sums_none_of_which_it_may_refuse(miniatures: Miniatures) -> None:
    """`wire/pi-may-bound-n`: beyond 10**9 it may refuse."""
    server = miniatures.server(f"{LISTENS}TERM_S = 1e-10\n{CALCULATES}").start()
    calls = server.computing(1.0)
    assert all(call.params <= 10**9 for call in calls)
    assert sum(1e-10 * call.params for call in calls) == pytest.approx(1.0, rel=0.8)
    with pytest.raises(Inconclusive, match=r"no call lasts 1 s"):
        server.lasting(1.0)


def test_a_server_that_computes_in_no_time_is_not_asked_for_ever(miniatures: Miniatures) -> None:
    server = miniatures.server(f"{LISTENS}TERM_S = 0\n{CALCULATES}").start()
    assert len(server.computing(1.0)) <= 100


BEFORE = Snapshot(parent=1, workers=(2, 3), nodes=(b"here",))


@pytest.mark.parametrize(
    ("before", "after"),
    [(BEFORE, BEFORE), (replace(BEFORE, nodes=()), BEFORE)],
    ids=["the same", "a node that was on its way has come"],
)
def test_what_has_not_been_lost_is_unharmed(before: Snapshot, after: Snapshot) -> None:
    assert before.is_unharmed_in(after)


@pytest.mark.parametrize(
    "after",
    [
        replace(BEFORE, parent=4),
        replace(BEFORE, workers=(2, 5)),
        replace(BEFORE, nodes=()),
        replace(BEFORE, nodes=(b"here", b"here")),
        replace(BEFORE, nodes=(b"elsewhere",)),
    ],
    ids=["another parent", "another worker", "no node", "two nodes", "another address"],
)
def test_what_is_another_has_been_harmed(after: Snapshot) -> None:
    assert not BEFORE.is_unharmed_in(after)
