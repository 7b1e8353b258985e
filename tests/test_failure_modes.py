"""The table of what holds which failure mode is what spec, suite and liars give, and leaves nothing out."""

from __future__ import annotations

from pathlib import Path

import pytest

from proctor.examination.selection import register_marks
from proctor.model import Clause, FailureMode, Level
from proctor.places import spec_folder
from proctor.spec import Spec, read_spec
from tests.broken.catalogue import Liar, everybody
from tests.failure_modes import (
    MENTION,
    TABLE,
    Entry,
    chapters,
    cited_by,
    current,
    entries,
    suite,
    table,
    unheld,
)


class Stutters:
    """Says everything twice (F1), and never (F10)."""


LIAR = Liar("wire.Stutters", (Stutters,))
CASES = {"chaos/test_a.py::test_it": {"wire/first", "wire/other"}, "chaos/test_a.py::test_more": {"wire/other"}}


def mode(mode_id: str, text: str = "T: send `a|b`. S: silence. C: nobody knows. [x#1]") -> FailureMode:
    return FailureMode(mode_id, "some-name", text, "spec/failure-modes.md", 7)


def clause(clause_id: str, answers: tuple[str, ...], level: Level = Level.MUST) -> Clause:
    return Clause(clause_id, "wire", "Frames", level, (), "", "", answers, "spec/wire.md", 1)


@pytest.fixture(scope="module", autouse=True)
def marks(pytestconfig: pytest.Config) -> None:
    """The suite's, which are unknown to pytest where nothing is examined."""
    register_marks(pytestconfig)


@pytest.fixture
def found() -> list[Entry]:
    """F1 is held, F2 a freedom, F3 left out with its reason."""
    clauses = (clause("wire/first", ("F1",)), clause("wire/second", ("F2",), Level.MAY))
    modes = {mode_id: mode(mode_id) for mode_id in ("F1", "F2", "F3")}
    return entries(Spec("1.0.0", "", clauses, modes), {"F3": "nobody can see it."}, CASES, [LIAR])


# --- what is gathered


def test_a_failure_mode_has_its_clauses_their_tests_and_the_liars_that_name_it(found: list[Entry]) -> None:
    first = found[0]
    assert [clause.id for clause in first.clauses] == ["wire/first"]
    assert (first.tests, first.liars, first.reason) == (("chaos/test_a.py::test_it",), ("wire.Stutters",), "")


def test_what_nobody_holds_has_its_reason(found: list[Entry]) -> None:
    assert found[2].reason == "nobody can see it."
    assert not found[2].clauses


def test_the_table_has_a_row_for_each(found: list[Entry]) -> None:
    lines = table(found, {"F": "Wire"}).splitlines()
    assert "| **F1** some-name | silence | `wire/first` | `chaos/test_a.py::test_it` | `wire.Stutters` |" in lines
    assert "| **F2** some-name | silence | `wire/second` (MAY) | – | – |" in lines
    assert lines[-1] == "| **F3** some-name | silence | nobody can see it. | – |"


def test_a_bar_in_a_cell_ends_no_cell() -> None:
    entry = Entry(mode("F1", "T: x. S: `a|b`."), (), (), (), "")
    assert r"| **F1** some-name | `a\|b` | – | – | – |" in table([entry], {"F": "Wire"}).splitlines()


def test_an_entry_that_tells_of_nothing_to_see_is_named_with_its_line() -> None:
    entry = Entry(mode("F1", "T: x."), (), (), (), "")
    with pytest.raises(ValueError, match=r"spec/failure-modes\.md:7: expected S: and what is seen, of F1"):
        table([entry], {"F": "Wire"})


def test_a_test_cites_by_its_marks_and_by_those_of_its_parameters() -> None:
    cites = pytest.mark.clause

    @cites("wire/a", "wire/b")
    @pytest.mark.parametrize("number", [1, pytest.param(2, marks=cites("wire/c"))])
    def case(number: int) -> None: ...

    assert set(cited_by(case)) == {"wire/a", "wire/b", "wire/c"}


def test_reasons_and_chapters_are_read_out_of_the_spec(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(
        "- **F1**: not here.\n\n## What no test holds\n\nAdvice.\n\n- **F2**: it is\n  long.\n- **F3**: short.\n\n"
        "## The digest\n\n- **F4**: nor here.\n"
    )
    (tmp_path / "failure-modes.md").write_text("# All\n\n## Wire (F)\n\n- x\n\n## Of servers (S)\n")
    assert unheld(tmp_path) == {"F2": "it is long.", "F3": "short."}
    assert chapters(tmp_path) == {"F": "Wire", "S": "Of servers"}


# --- the table as it stands


def test_the_table_is_what_the_code_gives() -> None:
    written, due = TABLE.read_text(encoding="utf-8"), current()
    stale = [line.split(" | ")[0] for line in due.splitlines() if line not in written.splitlines()]
    assert (written == due, stale) == (True, []), "docs/failure-modes.md is out of date: make docs-tables"


def test_every_failure_mode_has_a_test_or_a_reason_or_is_a_freedom() -> None:
    folder = spec_folder()
    for entry in entries(read_spec(folder), unheld(folder), suite(), everybody()):
        free = all(clause.level is Level.MAY for clause in entry.clauses)
        assert bool(entry.clauses) != bool(entry.reason), entry.mode.id
        assert entry.reason or free or entry.tests, entry.mode.id


def test_every_failure_mode_that_has_a_test_has_a_liar() -> None:
    """A clause may answer several, and be caught with one of them; whether a test sees the others, only liars show."""
    every = entries(read_spec(spec_folder()), unheld(spec_folder()), suite(), everybody())
    assert [entry.mode.id for entry in every if entry.tests and not entry.liars] == []


def test_every_chapter_and_every_liar_s_mention_is_of_the_catalogue() -> None:
    modes = read_spec(spec_folder()).failure_modes
    assert {mode_id[0] for mode_id in modes} == chapters(spec_folder()).keys()
    for liar in everybody():
        assert set(MENTION.findall(liar.lie)) <= modes.keys(), liar.name
