"""What an implementation says is shown to people: little of it, and nothing that a terminal would obey."""

from __future__ import annotations

import tracemalloc

import pytest

from proctor.process.text import brief, legible, printable, several, shown

HUGE = 10_000_000


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b31m", r"\x9b31m"),
        ("back\u202eward", r"back\u202eward"),
        ("two\nlines\rone", r"two\nlines\rone"),
        ("a\tb é 漢", "a\tb é 漢"),
    ],
)
def test_a_line_holds_nothing_that_a_terminal_obeys(line: str, seen: str) -> None:
    assert printable(line) == seen


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("::error::it failed", r"\x3a:error::it failed"),
        (" \t ::add-mask::server", " \t \\x3a:add-mask::server"),
        ("::error file=a.py,line=1::b", r"\x3a:error file=a.py,line=1::b"),
        ("a line may be broken here ::debug::x", r"a line may be broken here \x3a:debug::x"),
        ("said ##[add-mask]server", r"said #\x23[add-mask]server"),
        ("##vso[task.complete result=Succeeded;]", r"#\x23vso[task.complete result=Succeeded;]"),
        ("##teamcity[testFailed]", r"#\x23teamcity[testFailed]"),
        ("###[x]", r"##\x23[x]"),
    ],
)
def test_a_line_holds_nothing_that_a_ci_obeys(line: str, seen: str) -> None:
    assert printable(line) == seen
    assert printable(seen) == seen


@pytest.mark.parametrize(
    "line", ["chaos/test_bursts.py::test_a[::b::]", "on ::1 and ::ffff:127.0.0.1", "## a [b]", "a::b::c", "'::a::'"]
)
def test_what_is_no_command_stays_as_it_is(line: str) -> None:
    assert printable(line) == line


def test_lines_stay_lines() -> None:
    assert legible("one\x07\n\ntwo\n") == "one\\x07\n\ntwo\n"


@pytest.mark.parametrize("value", [None, -0.5, "x", [1, [2]], {"b": {"a": []}, "": "\x1b"}, "é" * 190])
def test_a_small_value_is_shown_whole(value: object) -> None:
    assert brief(value) == repr(value)


@pytest.mark.parametrize("value", ["x" * HUGE, [[]] * HUGE, {"x" * HUGE: ["y" * HUGE]}], ids=["text", "list", "dict"])
def test_of_a_huge_value_the_beginning_is_shown_and_nothing_more_made(value: object) -> None:
    tracemalloc.start()
    said = brief(value)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(said) == 200
    assert said.endswith("...")
    assert peak_bytes < HUGE / 10


def test_of_many_the_first_are_shown() -> None:
    assert several([]) == "(none)"
    assert several(range(3)) == "0, 1, 2"
    assert several(iter(range(HUGE))).endswith("18, 19, ...")
    assert shown(b"\xff" * HUGE).endswith("xff'... (10000000 bytes)")
