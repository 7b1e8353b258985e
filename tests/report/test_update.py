"""known_failures.toml rewritten: what holds stays as it is written, what doesn't goes, what is missing comes."""

from __future__ import annotations

from pathlib import Path

import pytest

from proctor.known import KnownFailuresError, read_known_failures
from proctor.model import Verdict
from proctor.record import Record
from proctor.report.update import updated

TWO = """\
# ours since the beginning

[[known]]
case = "a"
message = "waited 1 s"
reason = "slow"  # very

[[known]]
case = "b*"
message = "reset"
reason = "rude"
"""


def update(folder: Path, text: str, *records: Record) -> str:
    path = folder / "known_failures.toml"
    path.write_text(text)
    path.write_text(updated(text, read_known_failures(folder), records))
    return path.read_text()


def failed(case: str, message: str) -> Record:
    return Record(case, ("wire/x",), Verdict.FAIL, 0.0, message)


def passed(case: str) -> Record:
    return Record(case, ("wire/x",), Verdict.PASS, 0.0)


def test_what_holds_stays_as_it_is_written(tmp_path: Path) -> None:
    assert update(tmp_path, TWO, failed("a", "waited 2 s for it"), failed("b1", "reset by 3")) == TWO


def test_what_passes_goes_and_the_rest_stays(tmp_path: Path) -> None:
    text = update(tmp_path, TWO, failed("a", "waited 2 s for it"), passed("b1"))
    assert text.rstrip() == TWO.partition('[[known]]\ncase = "b*"')[0].rstrip()


def test_what_is_called_otherwise_by_now_goes(tmp_path: Path) -> None:
    update(tmp_path, TWO, failed("b1", "reset by 3"))
    assert [entry.case for entry in read_known_failures(tmp_path).entries] == ["b*"]


def test_what_could_not_be_judged_stays(tmp_path: Path) -> None:
    inconclusive = Record("a", ("wire/x",), Verdict.INCONCLUSIVE, 0.0, "the host stalled")
    assert update(tmp_path, TWO, inconclusive, failed("b1", "reset by 3")) == TWO


def test_a_new_failure_has_no_reason_until_its_author_gives_one(tmp_path: Path) -> None:
    text = update(tmp_path, "", failed('c["1"]', "it said " + "x" * 100 + "\nand more"))
    with pytest.raises(KnownFailuresError, match=r"known_failures\.toml:4: `reason` is empty"):
        read_known_failures(tmp_path)
    (tmp_path / "known_failures.toml").write_text(text.replace('reason = ""', 'reason = "talkative"'))
    (entry,) = read_known_failures(tmp_path).entries
    assert entry.case == 'c["1"]'
    assert entry.message == ("it said " + "x" * 100)[:80]


def test_an_entry_that_names_too_much_gives_way_to_what_failed(tmp_path: Path) -> None:
    text = update(tmp_path, TWO, failed("a", "waited 2 s for it"), failed("b1", "reset by 3"), passed("b2"))
    assert 'case = "b*"' not in text
    assert 'case = "b1"' in text


def test_a_case_that_fails_otherwise_gets_another_entry(tmp_path: Path) -> None:
    text = update(tmp_path, TWO, failed("a", "it crashed"), failed("b1", "reset by 3"))
    assert "waited 1 s" not in text
    assert 'message = "it crashed"' in text
