"""Levels, claims and clauses as data."""

import pytest

from proctor.model import CAPABILITIES, FACTS, PROFILES, Clause, Level, Requirement, Verdict


def clause(section: str = "Frames", requires: tuple[Requirement, ...] = ()) -> Clause:
    return Clause(
        id="wire/some-slug",
        profile="wire",
        section=section,
        level=Level.MUST,
        requires=requires,
        text="Something holds.",
        observed="it is seen.",
        answers=("F1",),
        path="spec/wire.md",
        line=41,
    )


@pytest.mark.parametrize(
    ("requirement", "claims", "satisfied"),
    [
        (Requirement("resize"), {"resize": True}, True),
        (Requirement("resize"), {"resize": False}, False),
        (Requirement("resize"), {}, False),
        (Requirement("reload"), {"reload": "exec"}, True),
        (Requirement("reload"), {"reload": None}, False),
        (Requirement("reload", "graceful"), {"reload": "graceful"}, True),
        (Requirement("reload", "graceful"), {"reload": "exec"}, False),
        (Requirement("reload", "graceful"), {"reload": "graceful and more"}, False),
        (Requirement("reload", "graceful"), {"reload": True}, False),
        (Requirement("reload", "graceful"), {}, False),
        (Requirement("methods", "divide"), {"methods": ["ping", "divide"]}, True),
        (Requirement("methods", "divide"), {"methods": ("ping", "pi")}, False),
        (Requirement("profiles", "wire"), {"profiles": ["supervision", "wire"]}, True),
        (Requirement("profiles", "wire"), {"profiles": ["supervision"]}, False),
    ],
    ids=str,
)
def test_a_requirement_is_satisfied_by_the_claim_it_names(
    requirement: Requirement, claims: dict[str, object], satisfied: bool
) -> None:
    assert requirement.satisfied_by(claims) is satisfied


@pytest.mark.parametrize(
    ("requirement", "written"),
    [
        (Requirement("resize"), "resize"),
        (Requirement("port"), "port"),
        (Requirement("reload", "graceful"), 'reload = "graceful"'),
        (Requirement("methods", "divide"), 'methods has "divide"'),
        (Requirement("profiles", "wire"), "profile wire"),
    ],
)
def test_a_requirement_reads_as_the_spec_writes_it(requirement: Requirement, written: str) -> None:
    assert str(requirement) == written


def test_a_clause_binds_only_if_all_that_it_requires_is_claimed() -> None:
    both = clause(requires=(Requirement("resize"), Requirement("profiles", "wire")))
    assert both.binds({"resize": True, "profiles": ["wire"]})
    assert not both.binds({"resize": True, "profiles": []})
    assert not both.binds({"resize": False, "profiles": ["wire"]})
    assert clause().binds({})


@pytest.mark.parametrize(
    ("section", "file"),
    [
        ("Frames", "conformance/wire/test_frames.py"),
        ("Numbers and text", "conformance/wire/test_numbers_and_text.py"),
    ],
)
def test_a_section_names_its_test_file(section: str, file: str) -> None:
    assert clause(section).examined_in == file


def test_a_clause_says_where_it_stands() -> None:
    assert clause().where == "spec/wire.md:41"


def test_verdicts_and_levels_are_the_words_of_the_reports() -> None:
    assert [str(verdict) for verdict in Verdict] == [
        "pass",
        "fail",
        "inconclusive",
        "not claimed",
        "known failure",
        "error",
        "not run",
    ]
    assert [str(level) for level in Level] == ["MUST", "SHOULD", "MAY"]


def test_every_verdict_has_its_meaning_in_the_docstring() -> None:
    assert Verdict.__doc__ is not None
    for verdict in Verdict:
        assert f"\n    {verdict}: " in Verdict.__doc__


def test_claims_and_facts_never_share_a_name() -> None:
    assert not CAPABILITIES.keys() & FACTS.keys()
    assert FACTS["profiles"].values == PROFILES
