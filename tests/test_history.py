"""A history is saved and read again as it was; a damaged one is refused by file and line."""

from pathlib import Path

import pytest

from proctor.history import History


def test_a_history_comes_back_as_it_was(tmp_path: Path) -> None:
    history = History()
    history.record("fault", name="Kill", phase="injected")
    moment = history.record("case", name="two").at
    history.record("fault", name="Kill", phase="healed")
    history.save(tmp_path / "h.jsonl")
    again = History.load(tmp_path / "h.jsonl")
    assert [(event.kind, event.facts) for event in again] == [(event.kind, event.facts) for event in history]
    assert [event.facts["phase"] for event in history.events("fault", since=moment)] == ["healed"]


DAMAGED = {
    "empty": b"",
    "a number": b"7",
    "cut off": b'{"at": 1, "ki',
    "no kind": b'{"at": 1}',
    "no moment": b'{"kind": "x"}',
    "a moment in words": b'{"at": "soon", "kind": "x"}',
    "a moment that is no number": b'{"at": NaN, "kind": "x"}',
    "an endless moment": b'{"at": 1e999, "kind": "x"}',
    "a moment beyond all clocks": b'{"at": 1%s, "kind": "x"}' % (b"0" * 400),
    "a kind that is no text": b'{"at": 1, "kind": ["x"]}',
    "not UTF-8": b'{"at": 1, "kind": "\xff"}',
    "nested without end": b"[" * 100_000,
}


def test_what_is_forgotten_is_between_two_moments_and_of_no_kind_that_is_kept() -> None:
    history = History()
    history.record("case", name="one")
    began = history.record("call").at
    history.record("fault", name="Kill", phase="injected")
    ended = history.record("call").at
    history.forget(began, ended, keep=("fault",))
    assert [event.kind for event in history] == ["case", "fault", "call"]


@pytest.mark.parametrize("line", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_history_names_the_line(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "h.jsonl"
    path.write_bytes(b'{"at": 1, "kind": "x"}\n' + line + b"\n")
    with pytest.raises(ValueError, match=r"h\.jsonl:2: not an event of a history"):
        History.load(path)
