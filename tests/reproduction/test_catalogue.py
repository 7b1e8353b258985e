"""The catalogue: what is gathered of each failure mode, and that every one with a test can be staged."""

from __future__ import annotations

from pathlib import Path

import pytest

from proctor.examination.selection import register_marks
from proctor.model import Clause, FailureMode, Level
from proctor.places import home, spec_folder
from proctor.reproduction.catalogue import (
    FREEDOM,
    MENTION,
    Catalogue,
    Entry,
    UnknownMode,
    chapters,
    entries,
    legend,
    read_catalogue,
    unheld,
)
from proctor.reproduction.liars import Liar, liars
from proctor.reproduction.suite import cited_by, suite
from proctor.spec import Spec, read_spec

LIARS = (
    Liar("wire.Mumbles", "wire/elsewhere", "Is hard to hear (F1)."),
    Liar("wire.Stutters", "wire/first", "Says everything twice (F1), and never (F10)."),
)
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
    return entries(Spec("1.0.0", "", clauses, modes), {"F3": "nobody can see it."}, CASES, LIARS)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """As it stands."""
    return read_catalogue()


# --- what is gathered


def test_a_failure_mode_has_its_clauses_their_tests_and_the_liars_that_name_it(found: list[Entry]) -> None:
    first = found[0]
    assert [clause.id for clause in first.clauses] == ["wire/first"]
    assert (first.tests, first.liars) == (("chaos/test_a.py::test_it",), LIARS)


def test_it_is_staged_on_who_is_caught_by_what_answers_it(found: list[Entry]) -> None:
    assert found[0].staged_on() == LIARS[1]
    assert found[0].untested_because() == ""


def test_what_nobody_holds_has_its_reason(found: list[Entry]) -> None:
    assert [entry.untested_because() for entry in found[1:]] == [FREEDOM, "nobody can see it."]
    assert [entry.staged_on() for entry in found[1:]] == [None, None]


def test_an_entry_tells_what_triggers_it_what_is_seen_and_the_rest(found: list[Entry]) -> None:
    first = found[0]
    assert (first.trigger, first.symptom) == ("send `a|b`", "silence")
    assert first.remarks == "C: nobody knows. [x#1]"


def test_an_entry_that_tells_of_nothing_to_see_is_named_with_its_line() -> None:
    with pytest.raises(ValueError, match=r"spec/failure-modes\.md:7: expected S: and what is seen, of F1"):
        _ = Entry(mode("F1", "T: x."), (), (), (), "").symptom


def test_a_test_cites_by_its_marks_and_by_those_of_its_parameters() -> None:
    cites = pytest.mark.clause

    @cites("wire/a", "wire/b")
    @pytest.mark.parametrize("number", [1, pytest.param(2, marks=cites("wire/c"))])
    def case(number: int) -> None: ...

    assert set(cited_by(case)) == {"wire/a", "wire/b", "wire/c"}


def test_reasons_chapters_and_abbreviations_are_read_out_of_the_spec(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(
        "- **F1**: not here.\n\n## What no test holds\n\nAdvice.\n\n- **F2**: it is\n  long.\n- **F3**: short.\n\n"
        "## The digest\n\n- **F4**: nor here.\n"
    )
    (tmp_path / "failure-modes.md").write_text(
        "# All\n\n**T** is one. P is the parent, W a worker; KILL\nand so on are signals. More.\n\n"
        "## Wire (F)\n\n- x\n\n## Of servers (S)\n"
    )
    assert unheld(tmp_path) == {"F2": "it is long.", "F3": "short."}
    assert chapters(tmp_path) == {"F": "Wire", "S": "Of servers"}
    assert legend(tmp_path) == "P is the parent, W a worker; KILL and so on are signals."


@pytest.mark.parametrize(
    ("asked", "hint"),
    [("F33", "the nearest is F3 some-name"), ("f2", "the nearest is F2 some-name"), ("xyz", "none is named like it")],
)
def test_an_id_that_is_none_is_told_the_nearest(found: list[Entry], asked: str, hint: str) -> None:
    with pytest.raises(UnknownMode) as raised:
        Catalogue(tuple(found), {}, "").entry(asked)
    assert str(raised.value) == f"{asked} is no failure mode; {hint}; `proctor list` shows all"


# --- the catalogue as it stands


def test_every_failure_mode_has_a_test_or_a_reason_or_is_a_freedom(catalogue: Catalogue) -> None:
    for entry in catalogue.entries:
        free = all(clause.level is Level.MAY for clause in entry.clauses)
        assert bool(entry.clauses) != bool(entry.reason), entry.mode.id
        assert entry.reason or free or entry.tests, entry.mode.id


def test_every_failure_mode_that_has_a_test_can_be_staged(catalogue: Catalogue) -> None:
    """On a liar that breaks what answers it, whom the cases of that clause catch, where it is examined: that they do,
    tests/test_broken.py shows. A clause may answer several failure modes; each has a liar of its own.
    """
    cited = suite()
    tested = [entry for entry in catalogue.entries if entry.tests]
    assert len(tested) > 100
    for entry in tested:
        liar = entry.staged_on()
        assert liar is not None, entry.mode.id
        broken = next(clause for clause in entry.clauses if clause.id == liar.breaks)
        assert any(case.startswith(broken.examined_in) and broken.id in ids for case, ids in cited.items()), liar.name


def test_every_entry_tells_what_triggers_it_and_what_is_seen(catalogue: Catalogue) -> None:
    assert catalogue.legend
    for entry in catalogue.entries:
        assert entry.trigger, entry.mode.id
        assert entry.symptom, entry.mode.id


def test_every_chapter_and_every_liar_s_mention_is_of_the_catalogue(catalogue: Catalogue) -> None:
    modes = read_spec(spec_folder()).failure_modes
    assert {mode_id[0] for mode_id in modes} == catalogue.chapters.keys()
    for liar in liars():
        assert set(MENTION.findall(liar.lie)) <= modes.keys(), liar.name


def test_the_suite_is_found_wherever_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cases = suite()
    assert "conformance/supervision/test_reaping.py::test_workers_that_die_together_are_all_reaped" in cases
    assert all((home() / case.partition("::")[0]).is_file() for case in cases)
