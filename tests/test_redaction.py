"""A secret does not get through in any of the forms in which it may be told."""

from __future__ import annotations

import json

import pytest

from proctor.redaction import Redaction

SECRET = 'pa"ss\\wörd-4711'


@pytest.mark.parametrize(
    "told",
    [
        SECRET,
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        repr(SECRET),
        SECRET.encode().hex(),
        SECRET.encode().hex(" "),
        b'{"token":"'.hex() + SECRET.encode().hex() + b'"}'.hex(),
        repr(SECRET.encode()),
        repr(json.dumps({"token": SECRET}).encode()),
        json.dumps([json.dumps(SECRET, ensure_ascii=False)]),
        repr(f"'{SECRET}'"),
        repr(repr(SECRET + "'")),
        f"{SECRET.encode().hex()[:17]}...",
        f"{repr(SECRET.encode())[:12]}...",
        f"{SECRET[:11]}...",
        f"'{SECRET[:7]}'...",
    ],
    ids=[
        "plain",
        "json",
        "json in utf-8",
        "repr",
        "hex",
        "spaced hex",
        "inside hex",
        "bytes",
        "json in bytes",
        "json in json",
        "quoted",
        "repr of a repr",
        "cut hex",
        "cut bytes",
        "cut",
        "cut and quoted",
    ],
)
def test_the_value_of_a_variable_is_hidden(told: str) -> None:
    hidden = Redaction([SECRET]).text(f"before {told} after")
    assert hidden.startswith("before ")
    assert hidden.endswith(" after")
    assert "***" in hidden
    assert "pa" not in hidden
    assert SECRET.encode().hex()[:8] not in hidden.replace(" ", "")


def test_what_a_pattern_matches_is_hidden_also_in_bytes() -> None:
    hide = Redaction(patterns=["token=[a-z]+"])
    assert hide.text("GET /?token=abc HTTP") == "GET /?*** HTTP"
    assert hide.text(f"sent {b'?token=abc'.hex()} at 0.1") == "sent *** at 0.1"


def test_patterns_are_each_read_alone() -> None:
    hide = Redaction([SECRET], ["(?i)token=(?P<name>[a-z]+)", r"(?P<name>\d)(?P=name){3}"])
    assert hide.text(f"TOKEN=abc 4444 {SECRET}") == "*** *** ***"


def test_of_a_secret_with_lines_each_is_hidden_and_of_two_the_longer_whole() -> None:
    assert Redaction(["first line\nsecond line"]).text("a: first line\n    second line") == "a: ***\n    ***"
    assert Redaction(["abcdef", "abcdefgh"]).text("abcdefgh abcdef") == "*** ***"


def test_everything_else_stays_as_it_is() -> None:
    text = "process 4711 sent 0e0000007b22696e223a2270696e67227d at 12.5"
    assert Redaction([SECRET], ["token=[a-z]+"]).text(text) == text
    assert Redaction().text(SECRET) == SECRET


def test_texts_are_hidden_however_deep_they_stand() -> None:
    facts = {"who": SECRET, "told": [SECRET, {"again": (SECRET, 7, None, True)}], "bytes": SECRET.encode().hex()}
    hidden = Redaction([SECRET]).value(facts)
    assert hidden == {"who": "***", "told": ["***", {"again": ["***", 7, None, True]}], "bytes": "***"}
    assert Redaction().value(facts) is facts
