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


@pytest.mark.parametrize("line", ["", "7", "{", '{"at": 1}', '{"kind": "x"}'])
def test_a_damaged_history_names_the_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "h.jsonl"
    path.write_text('{"at": 1, "kind": "x"}\n' + line + "\n")
    with pytest.raises(ValueError, match=r"h\.jsonl:2: not an event of a history"):
        History.load(path)
