"""What is drawn from a certificate says what that says, in each reader's form, whatever is written in it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import jsonschema
import pytest
import xmlschema

from proctor.model import Verdict
from proctor.places import spec_folder
from proctor.record import Injected, Record
from proctor.report.document import Certificate, Unreadable, formed, read_document
from proctor.report.pages import write_report
from proctor.report.pages.markdown import markdown
from tests.report.pages.stories import ENTRIES, KNOWN, REAPED, SHOULD, SILENT, failures, hostile, story, troubled

SUMMARY_LIMIT_BYTES = 1024 * 1024  # of one step, docs.github.com/actions: "Step isolation and limits"
SCHEMA = xmlschema.XMLSchema(Path(__file__).with_name("junit.xsd"))
FORM = jsonschema.Draft202012Validator(json.loads((spec_folder() / "certificate.schema.json").read_text()))
PAGES = ["badge.json", "badge.svg", "certificate.html", "certificate.json", "certificate.md", "junit.xml"]

Document = dict[str, Any]
Tell = Callable[[Path], Document]


def drawn(document: Document, folder: Path) -> dict[str, str]:
    """Each page's text."""
    write_report(document, folder / "report")
    return {path.name: path.read_text(encoding="utf-8") for path in (folder / "report").iterdir()}


def cases(text: str) -> dict[str, Xml.Element | None]:
    """What became of each testcase: its child."""
    return {case.get("name", ""): next(iter(case), None) for case in Xml.fromstring(text).iter("testcase")}


def outcome(child: Xml.Element | None) -> tuple[str, str] | None:
    """Its name, and what it says first."""
    return None if child is None else (child.tag, child.get("message", "").partition(":")[0])


def certified(folder: Path) -> Document:
    return story(folder)


def partial(folder: Path) -> Document:
    return story(folder, *failures(), selection="-k ping")


def lost(folder: Path) -> Document:
    return story(folder, Record("x.py::test_x", (SILENT,), Verdict.INCONCLUSIVE, 1.0, "the host stalled"))


@pytest.mark.parametrize("tell", [certified, troubled, partial, lost, hostile])
def test_every_form_is_left_and_keeps_its_own_law(tell: Tell, tmp_path: Path) -> None:
    pages = drawn(tell(tmp_path), tmp_path)
    assert sorted(pages) == PAGES
    FORM.validate(json.loads(pages["certificate.json"]))
    SCHEMA.validate(pages["junit.xml"])
    Xml.fromstring(pages["badge.svg"])
    badge = json.loads(pages["badge.json"])
    assert badge["schemaVersion"] == 1
    assert badge["label"] == "proctor"
    assert len(pages["certificate.md"].encode()) < SUMMARY_LIMIT_BYTES / 10


@pytest.mark.parametrize(
    ("tell", "said"),
    [
        (certified, "certified in 3 profiles"),
        (troubled, "not certified"),
        (lost, "certified in 2 of 3 profiles"),
        (partial, "partial run, certifies nothing"),
    ],
)
def test_all_forms_say_the_same_of_the_whole(tell: Tell, said: str, tmp_path: Path) -> None:
    pages = drawn(tell(tmp_path), tmp_path)
    assert json.loads(pages["badge.json"])["message"] == said
    assert f"<title>proctor: {said}</title>" in pages["badge.svg"]
    assert f"<title>ledgerd 2.4.1: {said}</title>" in pages["certificate.html"]
    assert pages["certificate.md"].startswith(f"# `ledgerd 2.4.1`: {said}\n")
    assert f'<property name="certificate" value="{said}" />' in pages["junit.xml"]


def test_a_part_of_the_suite_certifies_nothing_in_any_form(tmp_path: Path) -> None:
    pages = drawn(story(tmp_path, selection="-k ping"), tmp_path)
    plainly = "Only a part was run (-k ping): no profile is certified by it."
    for name in ("certificate.html", "certificate.md", "junit.xml"):
        assert plainly in pages[name], name
    assert json.loads(pages["badge.json"])["message"] == "partial run, certifies nothing"
    verdicts = re.findall(r"\*\*(\w[\w ]*)\*\* \|", pages["certificate.md"])
    assert verdicts == ["inconclusive", "inconclusive", "not claimed", "inconclusive", "not claimed"]


def test_pages_are_drawn_again_from_the_certificate_alone(tmp_path: Path) -> None:
    first = drawn(troubled(tmp_path), tmp_path)
    again = tmp_path / "again"
    write_report(read_document(tmp_path / "report" / "certificate.json"), again)
    assert {path.name: path.read_text(encoding="utf-8") for path in again.iterdir()} == first


# --- for a CI job's summary


def test_the_summary_has_verdicts_first_then_failures_with_the_beginning_of_their_evidence(tmp_path: Path) -> None:
    text = drawn(troubled(tmp_path), tmp_path)["certificate.md"]
    parts = [
        "| wire | **not certified** | 40 pass, 1 fail, 1 not claimed, 1 error |",
        f"## fail: `{REAPED}` (MUST)",
        "waited 1.00 s for 4713, 4714 to be reaped; last seen: 4713 ledgerd Z",
        "  at chaos/test_bursts.py:40: until_reaped(server, workers)",
        "again: `pytest --impl=ledgerd chaos/test_bursts.py::test_many --seed=17`",
        f"## error: `{SILENT}` (MUST)",
        f"## known failure: `{KNOWN}` (MUST)",
        "## Known failures",
        "| `chaos/test_workers.py::test_k` | a fix is under way | holds |",
        "## Could not be injected here",
        "| `strace` | strace is not installed |",
    ]
    places = [text.find(part) for part in parts]
    assert -1 not in places, parts[places.index(-1)]
    assert places == sorted(places)


def test_hundreds_of_failures_fit_a_summary_which_says_what_it_leaves_out(tmp_path: Path) -> None:
    document = story(tmp_path, *failures("x" * 20_000, "long " * 5_000))
    (broken,) = [clause for clause in document["clauses"] if clause["id"] == REAPED]
    case = next(case for case in broken["cases"] if case["verdict"] == "fail")
    for clause in document["clauses"]:
        clause |= {"verdict": "fail", "cases": [case] * 50}
    text = markdown(formed(document, Certificate))
    assert len(text.encode()) < SUMMARY_LIMIT_BYTES / 4
    assert f"… and {len(document['clauses']) - 30} more clauses that are not passed." in text
    assert "… and 47 more cases of it." in text


def test_no_text_leaves_its_place_in_the_summary(tmp_path: Path) -> None:
    text = drawn(hostile(tmp_path), tmp_path)["certificate.md"]
    fence, outside = "", []
    for line in text.splitlines():
        run = re.match("(`{3,})[^`]*$", line)
        if run and not fence:
            fence = run[1]
        elif fence and line == fence:
            fence = ""
        elif not fence:
            outside.append(line)
    assert not fence, "each fence is closed"
    assert not [line for line in outside if line.startswith(("# heading", "<"))]
    assert "\x1b" not in text
    assert "\u202e" not in text


# --- for who reads JUnit


def test_a_testcase_for_each_case_has_what_junit_has_for_its_verdict(tmp_path: Path) -> None:
    text = drawn(troubled(tmp_path), tmp_path)["junit.xml"]
    found = cases(text)
    told = {name: outcome(child) for name, child in found.items()}
    assert told["test_many"] == ("failure", "fail")
    assert told["test_secrets"] == ("skipped", "broken SHOULD")
    assert told["test_x"] == ("error", "error")
    assert told["test_e"] == ("skipped", "inconclusive")
    assert told["test_k"] == ("skipped", "known failure")
    assert told["sleep-sleeps"] == ("skipped", "not claimed")
    assert told["chaos/test_workers.py::test_gone"] == ("failure", "unmatched")
    assert told["test_frame_is_length_and_body"] is None
    failure = found["test_many"]
    assert failure is not None
    assert f"fail: {REAPED} (MUST): waited 1.00 s" in failure.get("message", "")
    assert "The parent reaps every worker that ends" in str(failure.text)
    assert "again:  pytest --impl=ledgerd chaos/test_bursts.py::test_many --seed=17" in str(failure.text)
    suites = {suite.get("name"): suite for suite in Xml.fromstring(text)}
    assert [suites["supervision"].get(name) for name in ("failures", "errors")] == ["2", "0"]


@pytest.mark.parametrize(
    ("verdict", "unavailable", "clause", "strict", "expected"),
    [
        (Verdict.PASS, False, REAPED, True, None),
        (Verdict.FAIL, False, REAPED, False, "failure"),
        (Verdict.FAIL, False, SHOULD, False, "skipped"),
        (Verdict.FAIL, False, SHOULD, True, "failure"),
        (Verdict.ERROR, False, SHOULD, False, "error"),
        (Verdict.INCONCLUSIVE, False, REAPED, False, "error"),
        (Verdict.INCONCLUSIVE, True, REAPED, False, "skipped"),
        (Verdict.INCONCLUSIVE, True, REAPED, True, "error"),
        (Verdict.KNOWN_FAILURE, False, REAPED, True, "skipped"),
    ],
)
def test_what_fails_a_run_fails_in_junit_and_nothing_else(
    verdict: Verdict, unavailable: bool, clause: str, strict: bool, expected: str | None, tmp_path: Path
) -> None:
    record = Record("x.py::test_x", (clause,), verdict, 1.0, "" if verdict is Verdict.PASS else "why", unavailable)
    child = cases(drawn(story(tmp_path, record, strict=strict), tmp_path)["junit.xml"])["test_x"]
    assert (child.tag if child is not None else None) == expected


def test_the_law_of_junit_refuses_what_its_readers_do() -> None:
    assert not SCHEMA.is_valid("<testsuites><testsuite name='x'/></testsuites>")
    assert not SCHEMA.is_valid("<testsuites><verdict/></testsuites>")


# --- the certificate itself


def test_the_evidence_of_one_cause_is_told_once(tmp_path: Path) -> None:
    document = troubled(tmp_path)
    (clause,) = [clause for clause in document["clauses"] if clause["id"] == REAPED]
    shown = {case["case"]: case["evidence"] for case in clause["cases"] if case["verdict"] == "fail"}
    whole, other = shown["chaos/test_bursts.py::test_many"], shown["chaos/test_workers.py::test_again[4]"]
    assert whole["as_in"] is None
    assert whole["exchange"]
    assert whole["subjects"]
    assert other["as_in"] == "chaos/test_bursts.py::test_many"
    assert other["again"]
    assert not other["exchange"]


def test_known_failures_say_whether_they_hold(tmp_path: Path) -> None:
    entries = troubled(tmp_path)["known_failures"]
    assert entries[0]["untrue"] is None
    assert entries[1]["untrue"] == f"unmatched: no case that was run is called {ENTRIES[1].case}"
    narrowed = troubled(tmp_path, selection="-k x")["known_failures"]
    assert narrowed[1]["untrue"] is None, "a part of the suite does not tell"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda document: document.pop("clauses"), "Object missing required field `clauses`"),
        (lambda document: document.update(format="2"), "Expected `int`, got `str` - at `$.format`"),
        (lambda document: document["profiles"].pop(), "Expected `array` of length >= 5 - at `$.profiles`"),
        (lambda document: document["clauses"][0].update(level="MAYBE"), "Invalid enum value 'MAYBE'"),
        (lambda document: document["clauses"][0]["cases"][0].update(timeline="../x.html"), "matching regex"),
        (lambda document: document.update(started="yesterday"), "Invalid RFC3339 encoded datetime"),
    ],
    ids=["a part missing", "type", "profile", "level", "timeline", "moment"],
)
def test_of_a_damaged_certificate_one_line_is_said_and_nothing_is_left(
    spoil: Callable[[Document], object], said: str, tmp_path: Path
) -> None:
    document = troubled(tmp_path)
    spoil(document)
    with pytest.raises(Unreadable) as refused:
        write_report(document, tmp_path / "report")
    line = str(refused.value)
    assert line.startswith("certificate.json: is no certificate: ")
    assert said in line
    assert line.endswith("leaves in its --report folder")
    assert "\n" not in line
    assert not (tmp_path / "report").exists()


def test_what_is_shown_as_missing_once_is_listed_once(tmp_path: Path) -> None:
    missing = Injected("Inject", "strace", unavailable="strace is not installed")
    records = [Record(f"x.py::{n}", (REAPED,), Verdict.INCONCLUSIVE, 0.1, "no", True, (missing,)) for n in range(3)]
    text = drawn(story(tmp_path, *records), tmp_path)["certificate.md"]
    assert text.count("strace is not installed") == 1
