"""known_failures.toml: read whole or refused with its line, and held to what was run."""

from __future__ import annotations

import datetime
import re
import textwrap
from pathlib import Path

import pytest

from proctor.known import Entry, KnownFailures, KnownFailuresError, read_known_failures
from proctor.model import Verdict
from proctor.record import Record

TODAY = datetime.date(2026, 11, 21)
CASE = "conformance/wire/test_frames.py::test_it[two]"
MESSAGE = "waited 1.00 s for 12616 to be reaped"
ENTRY = Entry(CASE, "waited 1.00 s for 12616", "it is not reaped")


def known(*entries: Entry) -> KnownFailures:
    return KnownFailures(Path("known_failures.toml"), entries, range(1, 1 + len(entries)))


def record(verdict: Verdict, message: str = "", case: str = CASE) -> Record:
    return Record(case, ("wire/x",), verdict, 0.0, message)


def faults(entry: Entry, *records: Record, complete: bool = True) -> list[str]:
    return list(known(entry).faults(records, TODAY, complete=complete))


# --- Which failure an entry foretells


def test_numbers_are_others_in_each_run() -> None:
    assert known(ENTRY).entry_for(CASE, "waited 12.5 s for 7 to be reaped", TODAY) is ENTRY


@pytest.mark.parametrize(
    ("case", "message"),
    [
        (CASE, "it was reset after 12616"),
        (CASE, "as before: waited 1.00 s for 12616"),
        ("conformance/wire/test_frames.py::test_it[three]", MESSAGE),
        (CASE + "[more]", MESSAGE),
    ],
    ids=["another message", "later in the message", "another case", "a longer case"],
)
def test_another_failure_is_not_foretold(case: str, message: str) -> None:
    assert known(ENTRY).entry_for(case, message, TODAY) is None


def test_a_star_stands_for_any_text_and_brackets_for_themselves() -> None:
    entry = Entry("conformance/*::test_it[*]", "waited", "all of them")
    assert known(entry).entry_for(CASE, MESSAGE, TODAY) is entry
    assert known(entry).entry_for("conformance/wire/test_frames.py::test_its", MESSAGE, TODAY) is None


def test_an_entry_lasts_to_the_end_of_its_day() -> None:
    entry = Entry(CASE, "waited", "until then", expires=TODAY)
    assert known(entry).entry_for(CASE, MESSAGE, TODAY) is entry
    assert known(entry).entry_for(CASE, MESSAGE, TODAY + datetime.timedelta(days=1)) is None


# --- What makes an entry untrue


def test_an_entry_that_holds_is_no_fault() -> None:
    assert faults(ENTRY, record(Verdict.KNOWN_FAILURE, MESSAGE)) == []


def test_a_case_that_could_not_be_judged_says_nothing_of_its_entry() -> None:
    assert faults(ENTRY, record(Verdict.INCONCLUSIVE, "the host stalled")) == []


@pytest.mark.parametrize(
    ("entry", "records", "said"),
    [
        (ENTRY, [record(Verdict.PASS)], "stale: what it names passes"),
        (ENTRY, [record(Verdict.FAIL, "it was reset\nand more")], "fails otherwise than foretold: it was reset"),
        (ENTRY, [], f"unmatched: no case that was run is called {CASE}"),
        (
            Entry("conformance/*", "waited", "all"),
            [record(Verdict.KNOWN_FAILURE, MESSAGE), record(Verdict.PASS, case="conformance/b")],
            "over-broad: conformance/* names cases that pass, too: conformance/b",
        ),
        (
            Entry(CASE, "waited", "was", expires=datetime.date(2026, 11, 20)),
            [record(Verdict.FAIL, MESSAGE)],
            "expired on 2026-11-20",
        ),
    ],
    ids=["stale", "otherwise", "unmatched", "over-broad", "expired"],
)
def test_an_entry_that_does_not_hold_is_told_with_its_line(entry: Entry, records: list[Record], said: str) -> None:
    (fault,) = faults(entry, *records)
    assert fault.startswith("known_failures.toml:1: ")
    assert said in fault


def test_in_a_part_of_the_suite_an_entry_may_be_about_the_rest() -> None:
    assert faults(ENTRY, complete=False) == []


# --- Reading it


def test_no_file_is_no_known_failures(tmp_path: Path) -> None:
    assert read_known_failures(tmp_path).entries == ()


def test_entries_are_read_with_their_lines(tmp_path: Path) -> None:
    text = """\
        # two of them

        [[known]]
        case = "a"
        message = "b"
        reason = "c"
        issue = "https://example.org/1"
        expires = 2027-01-31

        [[known]]
        case = "d"
        message = "e"
        reason = "f"
        """
    (tmp_path / "known_failures.toml").write_text(textwrap.dedent(text))
    found = read_known_failures(tmp_path)
    assert found.lines == (3, 10)
    assert found.entries[0] == Entry("a", "b", "c", "https://example.org/1", datetime.date(2027, 1, 31))


GOOD = '[[known]]\ncase = "a"\nmessage = "b"\nreason = "c"\n'
ALL = "expected case, message, reason, and perhaps issue, expires"
EACH = "expected every entry to say what fails, how and why"
APART = r"expected every entry below a line \[\[known\]\] of its own, and that line nowhere else"

MALFORMED = {
    "no heading": (GOOD + "[[known\n", "5: is no TOML: Expected ']]' at the end of an array declaration"),
    "no value": (GOOD + "issue =\n", "5: is no TOML: Invalid value"),
    "no end": (GOOD + 'issue = """\n\n', "5: is no TOML: Unterminated string"),
    "a key twice": (GOOD + 'case = "d"\n', "5: is no TOML: Cannot overwrite a value"),
    "no such day": (GOOD + "expires = 2027-02-30\n", "5: is no TOML: Invalid date or datetime"),
    "an endless number": (GOOD + f"expires = {'1' * 5000}\n", "5: is no TOML: Exceeds the limit"),
    "endless nesting": (GOOD + f"expires = {'[' * 5000}\n", "5: is no TOML: "),
    "no text": (GOOD + "# \xff\n", "5: is not UTF-8: expected no byte 0xff here"),
    "a missing member": (
        GOOD + '\n[[known]]\ncase = "a"\n',
        f"6: Object missing required field `message`; {ALL}",
    ),
    "an unknown member": (GOOD + "expiry = 2027-01-31\n", f"5: Object contains unknown field `expiry`; {ALL}"),
    "an unknown member of the second": (
        GOOD + GOOD.replace('"b"', '"d"') + "\nexpiry = 7\n",
        f"10: Object contains unknown field `expiry`; {ALL}",
    ),
    "a number for a day": (GOOD + "expires = 7\n", r"5: Expected `date \| null`, got `int`"),
    "a moment for a day": (GOOD + "expires = 2027-01-31T00:00:00\n", r"5: Expected `date \| null`, got `datetime`"),
    "text for a day": (GOOD + 'expires = "2027-01-31"\n', r"5: Expected `date \| null`, got `str`"),
    "a number for text": (GOOD.replace('"b"', "7"), "3: Expected `str`, got `int`"),
    "no reason": (GOOD.replace('"c"', '" "'), f"4: `reason` is empty; {EACH}"),
    "no message": (GOOD.replace('"b"', '""'), f"3: `message` is empty; {EACH}"),
    "an entry twice": (GOOD + "\n" + GOOD, "7: expected another case or message: an entry before this one has both"),
    "one table": (
        "\n[known]\na = 1\n",
        r"2: expected nothing but tables \[\[known\]\]: Expected `array`, got `object`",
    ),
    "a number": ("known = 7\n", r"1: expected nothing but tables \[\[known\]\]: Expected `array`, got `int`"),
    "numbers": ("known = [7]\n", r"1: expected nothing but tables \[\[known\]\]: Expected `object`, got `int`"),
    "another table": (GOOD + "[[unknown]]\n", r"5: expected nothing but tables .* unknown field `unknown`"),
    "no table": ("\ncase = 1\n", "2: expected nothing but tables .* unknown field `case`"),
    "a list": ('known = [{case = "a", message = "b", reason = "c"}]\n', f"1: {APART}"),
    "a heading in quotes": (GOOD.replace("known", '"known"'), f"1: {APART}"),
    "a heading within a text": (GOOD.replace('"b"', '"""\n[[known]]\n"""'), f"1: {APART}"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_what_is_malformed_is_one_message_with_its_line(tmp_path: Path, case: str) -> None:
    text, message = MALFORMED[case]
    path = tmp_path / "known_failures.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(KnownFailuresError, match=f"^{re.escape(str(path))}:{message}") as caught:
        read_known_failures(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_file_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "known_failures.toml").mkdir()
    with pytest.raises(KnownFailuresError, match=r"known_failures\.toml:1: cannot be read: Is a directory"):
        read_known_failures(tmp_path)


def test_entries_may_differ_in_one_of_case_and_message(tmp_path: Path) -> None:
    (tmp_path / "known_failures.toml").write_text(GOOD + GOOD.replace('"a"', '"d"') + GOOD.replace('"b"', '"d"'))
    assert [entry.case for entry in read_known_failures(tmp_path).entries] == ["a", "d", "a"]
