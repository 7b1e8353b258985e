"""The driver: what it does with lines that are no requests."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import Any, cast

import pytest

from proctor.places import CHECKOUT
from reference.client import CallFailed, Client, Reply
from reference.drive import Driver

WITHIN_S = 20.0


class Answers:
    """A client that needs nobody."""

    servers = ("127.0.0.1:1",)

    def call(self, method: str, params: Any, timeout_s: float) -> Reply:
        if method == "fail":
            raise CallFailed("remote", "it failed", "internal")
        return Reply(method, [params, timeout_s])

    def close(self) -> None:
        """Nothing to close."""


def replies_to(*lines: bytes) -> list[dict[str, Any]]:
    output = io.BytesIO()
    driver = Driver(cast("Client", Answers()), io.BytesIO(b"\n".join(lines)), output)
    assert driver.run() == 0
    return [json.loads(line) for line in output.getvalue().splitlines()]


@pytest.mark.parametrize(
    "line", [b"garbage", b"", b"[]", b"1", b"{}", b'{"op":"fly"}', b"\xff", b"[" * 100_000, b'{"op":["call"]}']
)
def test_what_is_no_request_is_answered_with_an_error_and_the_next_one_is_served(line: bytes) -> None:
    refusal, reply = replies_to(line, b'{"id":2,"op":"servers"}')
    assert refusal["error"]["kind"] == "protocol"
    assert reply == {"id": 2, "servers": ["127.0.0.1:1"]}


def test_close_ends_it_and_so_does_the_end_of_the_input() -> None:
    assert replies_to(b'{"id":1,"op":"close"}', b'{"id":2,"op":"servers"}') == [{"id": 1}]
    assert replies_to() == []


def ask(*lines: str, wait_for: int) -> list[Any]:
    """Calls are made in threads of the program, so it is a program that is asked, until it has said so much."""
    command = [sys.executable, "-m", "reference", "drive", "--zookeeper", "127.0.0.1:1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=CHECKOUT, text=True) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdin.writelines(f"{line}\n" for line in lines)
        program.stdin.flush()
        replies = [json.loads(program.stdout.readline()) for _ in range(wait_for)]
        program.stdin.close()
        assert program.wait(WITHIN_S) == 0
    return replies


@pytest.mark.parametrize(
    "call",
    [
        '{"id":1,"op":"call"}',
        '{"id":1,"op":"call","in":"ping","params":1,"timeout_s":"soon"}',
        '{"id":1,"op":"call","in":"ping","params":1,"timeout_s":[]}',
        '{"id":1,"op":"call","in":"ping","params":' + "[" * 980 + "]" * 980 + ',"timeout_s":0.1}',
    ],
    ids=["no-members", "text", "list", "deep"],
)
def test_every_call_gets_a_reply(call: str) -> None:
    (reply,) = [reply for reply in ask(call, '{"id":2,"op":"servers"}', wait_for=2) if reply["id"] == 1]
    assert reply["error"]["kind"] in ("protocol", "unavailable")


def test_a_program_without_a_registry_answers_and_ends() -> None:
    assert ask('{"id":1,"op":"servers"}', '{"id":2,"op":"close"}', wait_for=2) == [{"id": 1, "servers": []}, {"id": 2}]
