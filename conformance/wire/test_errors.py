"""Section "Errors" of spec/wire.md: what an error looks like, that it ends nothing, and what it must not tell."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from proctor.api import Body, Reply, Request, Server, clause, divide, needs, pi, ping, pong

CODES = {
    "bad_request",
    "unknown_method",
    "bad_params",
    "invalid_operation",
    "too_large",
    "unavailable",
    "internal",
}

# Each with the code that it is refused with: all that a server may stumble over, one way or another.
PROVOCATIONS: dict[str, tuple[Request | Body, str]] = {
    "nothing": (Body(b""), "bad_request"),
    "no-json": (Body(b"{"), "bad_request"),
    "no-utf8": (Body(b"\xff\xfe"), "bad_request"),
    "no-object": (Body(b"[]"), "bad_request"),
    "no-members": (Body(b"{}"), "bad_request"),
    "no-name": (Request(1, None), "bad_request"),  # type: ignore[arg-type]  # which is what it is to show
    "not-a-number": (Body(b'{"in":"ping","params":NaN}'), "bad_request"),
    "overflow": (Body(b'{"in":"ping","params":1e400}'), "bad_request"),
    "member-twice": (Body(b'{"in":"ping","in":"ping","params":1}'), "bad_request"),
    "depth": (Body(b"[" * 50_000), "bad_request"),
    "unknown-method": (Request("nope", None), "unknown_method"),
    "strange-method": (Request("\0\n%s{}../__class__é", {"a": [1]}), "unknown_method"),
    "long-method": (Request("x" * 50_000, 1), "unknown_method"),
    "negative": (pi(-1), "bad_params"),
    "text-for-number": (pi("x" * 50_000), "bad_params"),
    "object-for-number": (pi({"__class__": [None]}), "bad_params"),
}

STACK_TRACES = re.compile(
    r"Traceback \(most recent call last\)"
    r"|^\s+at [\w.$<>]+ ?\(.*:\d+"  # Java, JavaScript
    r"|^goroutine \d+ \["
    r"|^\s*File \".+\", line \d+"
    r"|stack backtrace:"
    r"|#\d+ 0x[0-9a-f]{6,}",
    re.MULTILINE,
)


@clause("wire/error-has-code-and-message")
def test_an_error_has_a_code_of_the_contract_and_a_message(server: Server) -> None:
    """A client that can't read the error, or doesn't know its code, can't tell what to do about it."""
    for name, (provocation, code) in PROVOCATIONS.items():
        with server.connect() as wire:
            error = wire.call(provocation)
        assert error_of(error) == code, f"{name}: {error}"


@clause("wire/error-has-code-and-message")
@needs('methods has "divide"')
def test_an_invalid_operation_has_its_code(server: Server) -> None:
    """A client whose params were sound, and for which there is no result, must be able to tell."""
    with server.connect() as wire:
        assert error_of(wire.call(divide(num1=1, num2=0))) == "invalid_operation"


@clause("wire/connection-survives-an-error")
@pytest.mark.parametrize(("provocation", "code"), PROVOCATIONS.values(), ids=PROVOCATIONS)
def test_a_connection_serves_on_after_an_error(server: Server, provocation: Request | Body, code: str) -> None:
    """A server that hangs up after an error loses the requests that came behind; one that dies, everybody's."""
    with server.connect() as other, server.connect() as wire:
        assert other.call(ping("before")) == pong("before")
        wire.send(ping("before"), provocation, ping("behind"), provocation)
        assert wire.reply() == pong("before")
        assert wire.reply().code == code
        assert wire.reply() == pong("behind")
        assert wire.reply().code == code
        assert wire.call(pi(0)).name == "pi_r"
        assert other.call(ping("after")) == pong("after")


@clause("wire/errors-tell-no-secrets")
def test_no_message_tells_where_the_server_lives(server: Server) -> None:
    """A stack trace or a path shows a stranger what runs here, and where."""
    secrets = whereabouts(server)
    for name, (provocation, _) in PROVOCATIONS.items():
        with server.connect() as wire:
            told = message_of(wire.call(provocation))
        leaked = [secret for secret in secrets if secret in told]
        assert not leaked, f"{name}: the message tells {leaked}: {told!r}"
        assert not STACK_TRACES.search(told), f"{name}: the message holds a stack trace: {told!r}"


def error_of(reply: Reply) -> str:
    """The error's code. Failure unless it is an error as the contract has it."""
    assert reply.name == "error", reply
    assert isinstance(reply.result, dict), reply
    assert reply.result.get("code") in CODES, reply
    assert isinstance(reply.result.get("message"), str), reply
    return str(reply.code)


def message_of(error: Reply) -> str:
    """Its message, or all that it is, if it has none."""
    message = error.result.get("message") if isinstance(error.result, dict) else None
    return message if isinstance(message, str) else str(error)


def whereabouts(server: Server) -> list[str]:
    """The server's working directory, and the paths of its interpreter and program: what no message may hold."""
    processes = Path("/proc") / str(server.pid)
    told = {str((processes / link).readlink()) for link in ("cwd", "exe")}
    told |= {word for word in server.program.command.argv if word.startswith("/") and Path(word).exists()}
    return sorted(path for path in told if len(path) > 1)  # a server may live at "/", which says nothing
