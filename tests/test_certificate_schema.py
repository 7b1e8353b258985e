"""The form of certificate.json refuses what a certificate must never say."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from proctor.model import PROFILES, Verdict
from proctor.report.document import Certificate, formed

SCHEMA = json.loads((Path(__file__).parents[1] / "spec" / "certificate.schema.json").read_text(encoding="utf-8"))
DIGEST = "0" * 64

WORDS = {
    "section": "Methods",
    "where": "spec/wire.md:1",
    "requires": ["profile wire"],
    "text": "It is.",
    "observed": "",
}

CERTIFICATE: dict[str, Any] = {
    "format": 2,
    "implementation": {
        "name": "reference",
        "version": "1",
        "language": "Python",
        "manifest_sha256": DIGEST,
        "folder_sha256": DIGEST,
    },
    "spec": {"version": "1.0.0", "sha256": DIGEST},
    "suite": {"version": "0.1.0", "sha256": DIGEST},
    "registry": {"name": "zookeeper", "version": "3.8.0"},
    "claims": {
        "profiles": ["wire"],
        "capabilities": {"methods": ["ping", "pi"], "reload": "exec", "resize": True},
        "limits": [{"name": "stop_s", "value": 2.0, "unit": "s"}],
    },
    "injectors": {"used": ["signals"], "unavailable": [{"name": "strace", "reason": "not installed"}]},
    "seed": 17,
    "time_scale": 1.0,
    "strict": False,
    "started": "2026-01-02T03:04:05+00:00",
    "finished": "2026-01-02T03:05:05+00:00",
    "selection": {"complete": True, "expression": ""},
    "known_failures": [
        {
            "case": "chaos/test_bursts.py::*",
            "message": "waited",
            "reason": "a storm",
            "issue": None,
            "expires": "2027-01-31",
            "untrue": None,
        }
    ],
    "profiles": [
        {"name": "wire", "verdict": "certified", "clauses": {"pass": 1}},
        *({"name": name, "verdict": "not claimed", "clauses": {"not claimed": 1}} for name in PROFILES[1:]),
    ],
    "clauses": [
        {
            "id": "wire/ping-echoes",
            "profile": "wire",
            **WORDS,
            "level": "MUST",
            "verdict": "pass",
            "cases": [
                {
                    "case": "conformance/wire/test_methods.py::test_ping",
                    "verdict": "pass",
                    "duration_s": 0.01,
                    "message": "",
                    "unavailable": False,
                    "faults": [{"name": "Kill", "proof": "the pidfd fired"}],
                    "timeline": None,
                    "evidence": None,
                },
                {
                    "case": "chaos/test_links.py::test_cut",
                    "verdict": "known failure",
                    "duration_s": 1.5,
                    "message": "was not answered",
                    "unavailable": False,
                    "faults": [],
                    "timeline": "timelines/chaos.test_links.test_cut.html",
                    "evidence": {
                        "as_in": None,
                        "where": "chaos/test_links.py:3: assert answered",
                        "again": "pytest --impl=x chaos/test_links.py::test_cut --seed=17",
                        "bytes_again": "",
                        "exchange": [
                            {
                                "at_s": 0.5,
                                "sent": True,
                                "port": 4711,
                                "meaning": 'ping "a"',
                                "length": 9,
                                "bytes": "0000",
                            }
                        ],
                        "subjects": [
                            {"who": "server 9", "processes": ["9 x S"], "znodes": None, "output": ""},
                            {"who": "client", "processes": [], "znodes": None, "output": None},
                        ],
                        "events": [{"at_s": 0.0, "what": "case: name test_cut"}],
                        "earlier": 0,
                    },
                },
            ],
        },
        {
            "id": "client/close-ends-it",
            "profile": "client",
            **WORDS,
            "level": "MUST",
            "verdict": "not claimed",
            "cases": [],
        },
    ],
}

Place = tuple[str | int, ...]


def spoiled(path: Place, value: Any) -> dict[str, Any]:
    """The certificate with one value set."""
    document = copy.deepcopy(CERTIFICATE)
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return document


def validate(document: dict[str, Any]) -> None:
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.Draft202012Validator(SCHEMA, format_checker=checker).validate(document)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_a_certificate_is_accepted() -> None:
    validate(CERTIFICATE)


def test_it_knows_the_verdicts_and_profiles_of_the_kit() -> None:
    assert SCHEMA["$defs"]["verdict"]["enum"] == list(Verdict)
    assert SCHEMA["$defs"]["profile_name"]["enum"] == list(PROFILES)


def test_what_it_accepts_has_pages() -> None:
    assert formed(CERTIFICATE, Certificate)


SHARD = {"number": 1, "of": 2, "cases": DIGEST, "passed": True, "expression": ""}

FALSE: dict[str, tuple[Place, Any]] = {
    "an unknown member": (("signed_by",), "me"),
    "an unknown member of a case": (("clauses", 0, "cases", 0, "retries"), 3),
    "a digest that is none": (("spec", "sha256"), "abc"),
    "a moment without a zone": (("started",), "2026-01-02T03:04:05"),
    "a time scale of nothing": (("time_scale",), 0),
    "a verdict that nobody knows": (("clauses", 0, "verdict"), "skipped"),
    "a pass without a case": (("clauses", 0, "cases"), []),
    "a case of what is not claimed": (("clauses", 0, "verdict"), "not claimed"),
    "a failure that says nothing": (("clauses", 0, "cases", 0, "verdict"), "fail"),
    "a fault without its proof": (("clauses", 0, "cases", 0, "faults", 0), {"name": "Kill"}),
    "a proof that says nothing": (("clauses", 0, "cases", 0, "faults", 0, "proof"), ""),
    "a freedom with a verdict": (("clauses", 0, "level"), "MAY"),
    "a certified profile in a part of the suite": (("selection",), {"complete": False, "expression": "-k ping"}),
    "a complete run that was narrowed": (("selection", "expression"), "-k ping"),
    "a partial run that does not say how": (("selection", "complete"), False),
    "a complete run that was a shard of one": (("selection", "shard"), SHARD),
    "shards without a number": (("selection", "shards"), 0),
    "profiles in another order": (("profiles",), list(reversed(CERTIFICATE["profiles"]))),
    "a profile too few": (("profiles",), CERTIFICATE["profiles"][:4]),
    "a count of nothing": (("profiles", 0, "clauses"), {"pass": 0}),
    "evidence of a pass": (("clauses", 0, "cases", 0, "evidence"), CERTIFICATE["clauses"][0]["cases"][1]["evidence"]),
    "a timeline elsewhere": (("clauses", 0, "cases", 1, "timeline"), "javascript:alert(1)//.html"),
    "an injector missing without a reason": (("injectors", "unavailable", 0), {"name": "strace"}),
}


@pytest.mark.parametrize("lie", FALSE)
def test_it_refuses(lie: str) -> None:
    path, value = FALSE[lie]
    with pytest.raises(jsonschema.ValidationError):
        validate(spoiled(path, value))


def test_a_part_of_the_suite_may_be_reported_without_certifying() -> None:
    document = spoiled(("selection",), {"complete": False, "expression": "-k ping"})
    document["profiles"][0]["verdict"] = "inconclusive"
    validate(document)


def test_a_shard_says_which_it_is_and_what_was_merged_says_of_how_many() -> None:
    selection = {"complete": False, "expression": "--shard=1/2", "shard": SHARD}
    document = spoiled(("selection",), selection)
    document["profiles"][0]["verdict"] = "inconclusive"
    validate(document)
    document["selection"] = {**selection, "shard": {**SHARD, "number": 0}}
    with pytest.raises(jsonschema.ValidationError):
        validate(document)
    validate(spoiled(("selection", "shards"), 2))
