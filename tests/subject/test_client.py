"""A client's driver is understood whatever the order of its answers, and found out if it doesn't keep its protocol."""

from __future__ import annotations

import signal
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from proctor.outcome import TimedOut
from proctor.subject.client import Client, DriverBroken
from proctor.subject.load import through
from proctor.waiting import eventually
from proctor.wire.messages import Reply
from tests.subject.miniatures import WITHIN_S, Miniatures

DRIVER = """
import json, os, signal, sys, threading, time

def requests():
    return map(json.loads, sys.stdin)

turn = threading.Lock()

def say(**answer):
    with turn:  # a pipe takes no more than 4096 bytes in one piece
        sys.stdout.write(json.dumps(answer) + "\\n")
        sys.stdout.flush()

def answer(request):
    if request["op"] == "call":
        say(id=request["id"], out="pong", result=request["params"])
    elif request["op"] == "servers":
        say(id=request["id"], servers=["b:2", "a:1"])
    else:
        say(id=request["id"])
        sys.exit(0)
"""
LAWFUL = f"{DRIVER}for request in requests(): answer(request)"


def start(miniatures: Miniatures, source: str, patience: float = 1.0) -> Client:
    return miniatures.client(DRIVER + textwrap.dedent(source), patience).start()


# --- what it may do


def test_a_lawful_driver_calls_lists_and_closes(miniatures: Miniatures) -> None:
    client = miniatures.client(LAWFUL).start()
    assert client.call("ping", [1, "two"]).reply == Reply("pong", [1, "two"])
    assert client.servers() == ["a:1", "b:2"]
    assert client.close() == 0


def test_answers_may_come_in_any_order(miniatures: Miniatures) -> None:
    client = start(
        miniatures,
        """
        asked = requests()
        for request in reversed([next(asked) for _ in range(3)]):
            answer(request)
        sys.stdin.read()
        """,
    )
    pending = [client.start_call("ping", number) for number in range(3)]
    assert [client.outcome(each).reply for each in pending] == [Reply("pong", number) for number in range(3)]


def test_threads_that_call_at_once_get_their_own_answers(miniatures: Miniatures) -> None:
    source = "for request in requests(): threading.Thread(target=answer, args=(request,)).start()"
    client = start(miniatures, source)
    numbers = [f"{number} " * 3000 for number in range(40)]  # lines longer than what a pipe takes in one piece
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda number: client.call("ping", number, WITHIN_S), numbers))
    assert [outcome.reply for outcome in outcomes] == [Reply("pong", number) for number in numbers]


def test_an_error_has_a_kind_and_a_remote_one_a_code(miniatures: Miniatures) -> None:
    client = start(
        miniatures,
        """
        for request, error in zip(requests(), [
            {"kind": "timeout", "message": "too late"},
            {"kind": "remote", "code": "bad_params", "message": "no"},
        ]):
            say(id=request["id"], error=error)
        sys.stdin.read()
        """,
    )
    late, refused = client.call("ping", 1), client.call("ping", 2)
    assert (late.ok, late.kind, late.code) == (False, "timeout", None)
    assert (refused.kind, refused.code, refused.message) == ("remote", "bad_params", "no")


def test_a_late_answer_is_its_own_call_s_and_nobody_else_s(miniatures: Miniatures) -> None:
    client = start(
        miniatures,
        """
        first, second = (next(requests()) for _ in range(2))
        answer(second)
        answer(first)
        sys.stdin.read()
        """,
        patience=0.02,
    )
    first = client.start_call("ping", "first", timeout_s=0)
    with pytest.raises(TimedOut, match=r"the driver did not answer request 1 in 0\.2 s"):
        client.outcome(first)
    assert client.call("ping", "second", WITHIN_S).reply == Reply("pong", "second")
    assert client.outcome_in_time(first, carried_s=WITHIN_S).reply == Reply("pong", "first")


def test_a_call_that_outlives_its_timeout_is_late_by_its_allowance(miniatures: Miniatures) -> None:
    client = start(miniatures, "for request in requests(): time.sleep(0.4); answer(request)", patience=0.2)
    pending = client.start_call("ping", 1, timeout_s=0.1)
    with pytest.raises(TimedOut, match=r"with a timeout of 0\.1 s should end within 0\.2 s") as late:
        client.outcome_in_time(pending)
    assert late.value.allowance_s == pytest.approx(0.1)
    assert late.value.ended - late.value.started >= 0.4


# --- what it may not do


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("say(id=99)", "answered 99, which was not asked or is answered already"),
        ("say(id='1')", "answered '1', which was not asked"),
        ("say(id=True)", "answered True, which was not asked"),
        ("say(out='pong')", 'no JSON object with "id"'),
        ("os.write(1, b'pong\\n')", 'no JSON object with "id": pong'),
        ("os.write(1, b'[' * 100_000 + b'\\n')", 'no JSON object with "id": [[['),
        ("os.write(1, b'\\xff\\n')", 'no JSON object with "id"'),
        ("os.write(1, b'{\"id\": 1'); sys.exit(3)", 'half a line, 8 bytes: {"id": 1 (it exited with 3)'),
        ("sys.exit('no registry')", "standard output ended (it exited with 1)"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "standard output ended (it exited with -11)"),
        ("os.close(1)", "standard output ended"),
    ],
)
def test_a_driver_that_does_not_keep_its_protocol_is_found_out_at_once(
    miniatures: Miniatures, source: str, message: str
) -> None:
    client = start(miniatures, f"request = next(requests()); {source}; sys.stdin.read()")
    with pytest.raises(DriverBroken) as broken:
        client.call("ping", 1, timeout_s=WITHIN_S)
    assert message in str(broken.value)
    with pytest.raises(DriverBroken):
        client.servers()


def test_who_is_answered_twice_is_found_out_by_the_next(miniatures: Miniatures) -> None:
    client = start(miniatures, "for request in requests(): answer(request); answer(request)")
    assert client.call("ping", 1).ok
    with pytest.raises(DriverBroken, match="answered 1, which was not asked or is answered already"):
        client.call("ping", 2, timeout_s=WITHIN_S)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("say(id=request['id'])", 'neither "out" and "result" nor "error"'),
        ("say(id=request['id'], out='pong')", 'neither "out" and "result" nor "error"'),
        ("say(id=request['id'], error='late')", "a kind that is none of unavailable, transport"),
        ("say(id=request['id'], error={'kind': 'odd'})", "a kind that is none of unavailable, transport"),
    ],
)
def test_an_answer_that_says_nothing_is_no_outcome(miniatures: Miniatures, answer: str, message: str) -> None:
    client = start(miniatures, f"for request in requests(): {answer}")
    with pytest.raises(DriverBroken) as broken:
        client.call("ping", 1)
    assert message in str(broken.value)


def test_all_calls_under_way_are_told_when_the_driver_dies(miniatures: Miniatures) -> None:
    client = start(
        miniatures,
        """
        asked = requests()
        for _ in range(3): next(asked)
        sys.exit("out of luck")
        """,
    )
    pending = [client.start_call("ping", number, timeout_s=WITHIN_S) for number in range(3)]
    for each in pending:
        with pytest.raises(DriverBroken, match="out of luck"):
            client.outcome(each)
    with pytest.raises(DriverBroken, match=r"exited with 1.*\n.*drive.py"):
        client.start_call("ping", 4)


def test_what_a_driver_said_last_is_waited_for(miniatures: Miniatures) -> None:
    """Its end is seen before its last words, which another thread reads; here they are late for certain."""
    client = start(
        miniatures,
        """
        import os, time
        if os.fork() == 0:
            os.close(1)
            time.sleep(0.3)
            sys.exit("out of luck")
        sys.exit(1)
        """,
    )
    with pytest.raises(DriverBroken, match="out of luck"):
        client.outcome(client.start_call("ping", 1, timeout_s=WITHIN_S))


def test_a_driver_that_reads_no_more_is_late_and_holds_up_nobody_for_ever(miniatures: Miniatures) -> None:
    """A pipe takes 64 KiB, and whoever writes more waits for its reader."""
    client = start(miniatures, "signal.pause()", patience=0.01)
    with pytest.raises(TimedOut, match=r"did not read \d+ of \d+ bytes in 0.30 s") as late:
        client.start_call("ping", "x" * (1 << 21))
    assert late.value.ended - late.value.started >= 0.3


def test_a_driver_whose_input_is_closed_can_be_told_nothing(miniatures: Miniatures) -> None:
    client = miniatures.client(LAWFUL).start()
    assert client.servers()
    client.program.stdin.close()
    assert client.program.end_status(WITHIN_S) == 0
    with pytest.raises(DriverBroken):
        client.call("ping", 1)


# --- closing


def test_a_driver_that_stays_after_it_was_closed_is_late(miniatures: Miniatures) -> None:
    client = start(miniatures, "answer_close = say(id=next(requests())['id']); signal.pause()", patience=0.1)
    with pytest.raises(TimedOut, match=f"process {client.program.pid} still runs after 0.50 s"):
        client.close()


def test_a_driver_that_goes_without_an_answer_is_found_out(miniatures: Miniatures) -> None:
    client = start(miniatures, "next(requests()); sys.exit(0)")
    with pytest.raises(DriverBroken, match=r"standard output ended \(it exited with 0\)"):
        client.close()


def test_an_end_comes_while_calls_are_under_way(miniatures: Miniatures) -> None:
    """Nobody waits for their timeouts, and no thread of ours stays."""
    before = set(threading.enumerate())
    client = start(miniatures, "signal.pause()")
    pending = client.start_call("ping", 1, timeout_s=600)
    with ThreadPoolExecutor(1) as pool:
        outcome = pool.submit(client.outcome, pending)
        client.end()
        assert isinstance(outcome.exception(WITHIN_S), DriverBroken)
    assert client.program.exit_status() == -signal.SIGKILL
    eventually(lambda: set(threading.enumerate()) <= before, within=WITHIN_S)


def test_a_load_ends_when_its_client_hangs(miniatures: Miniatures) -> None:
    client = start(miniatures, "signal.pause()", patience=0.02)
    with pytest.raises(TimedOut, match="the driver did not answer"), through(client, threads=3, timeout_s=0.1) as load:
        eventually(lambda: len(client.history.events("client asked")) == 3, within=WITHIN_S)
    assert load.made == 0
