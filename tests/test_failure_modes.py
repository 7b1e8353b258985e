"""The table of what holds which failure mode is what spec, suite and liars give, and leaves nothing out."""

from __future__ import annotations

import pytest

from proctor.examination.selection import register_marks
from proctor.model import Clause, FailureMode, Level
from proctor.reproduction.catalogue import Catalogue, Entry, read_catalogue
from proctor.reproduction.liars import Liar
from tests.failure_modes import TABLE, table

LIAR = Liar("wire.Stutters", "wire/first", "Says everything twice (F1).")


def entry(mode_id: str, symptom: str, *clauses: Clause, reason: str = "") -> Entry:
    """The first has a test and a liar, the others have none."""
    mode = FailureMode(mode_id, "some-name", f"T: x. S: {symptom}.", "spec/failure-modes.md", 7)
    first = mode_id == "F1"
    return Entry(mode, clauses, ("chaos/test_a.py::test_it",) * first, (LIAR,) * first, reason)


def clause(clause_id: str, level: Level = Level.MUST) -> Clause:
    return Clause(clause_id, "wire", "Frames", level, (), "", "", (), "spec/wire.md", 1)


def test_the_table_has_a_row_for_each() -> None:
    first = entry("F1", "silence", clause("wire/first"))
    second = entry("F2", "noise", clause("wire/second", Level.MAY))
    third = entry("F3", "nothing", reason="nobody can see it.")
    lines = table(Catalogue((first, second, third), {"F": "Wire"}, "")).splitlines()
    assert "| **F1** some-name | silence | `wire/first` | `chaos/test_a.py::test_it` | `wire.Stutters` |" in lines
    assert "| **F2** some-name | noise | `wire/second` (MAY) | – | – |" in lines
    assert lines[-1] == "| **F3** some-name | nothing | nobody can see it. | – |"


def test_a_bar_in_a_cell_ends_no_cell() -> None:
    lines = table(Catalogue((entry("F2", "`a|b`"),), {"F": "Wire"}, "")).splitlines()
    assert r"| **F2** some-name | `a\|b` | – | – | – |" in lines


def test_the_table_is_what_the_code_gives(pytestconfig: pytest.Config) -> None:
    """The suite's marks are known where something is examined, and here also where nothing is."""
    register_marks(pytestconfig)
    written, due = TABLE.read_text(encoding="utf-8"), table(read_catalogue())
    stale = [line.split(" | ")[0] for line in due.splitlines() if line not in written.splitlines()]
    assert (written == due, stale) == (True, []), "docs/failure-modes.md is out of date: make docs-tables"
