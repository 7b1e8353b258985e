"""The servers and clients of the tutorials: what is known to be wrong with them is found, and nothing else.

A run with known failures ends with status 0 only if every entry that it concerns holds. Whole runs take minutes: here
stand, of each profile, clauses that it keeps and those that the tutorials are remembered for breaking.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from proctor.places import CHECKOUT
from tests.examination.miniatures import examine

EXAMPLES = CHECKOUT / "examples"


@dataclass(frozen=True)
class Examined:
    """An example, the clauses that it is examined by (an expression for -k), and cases that it must be seen to fail."""

    example: str
    clauses: str
    fails: tuple[str, ...]


EXAMINATIONS = {
    "prefork-wire": Examined(
        "tutorial-prefork",
        "not chaos and (ping-echoes or half-close-is-honoured or frame-over-the-limit)",
        (
            "conformance/wire/test_limits.py::test_a_length_over_the_limit_is_refused_on_sight[ffffffff]",  # F8, F9
            "conformance/wire/test_connections.py::test_a_half_close_with_a_long_reply_due_is_honoured",  # F20
        ),
    ),
    "prefork-supervision": Examined(
        "tutorial-prefork",
        "not chaos and (every-death-is-reaped or stop-exits-with-0 or call-in-flight-finishes or accept-errors)",
        (
            "conformance/supervision/test_reaping.py::test_workers_that_die_together_are_all_reaped",  # S1
            "conformance/supervision/test_stopping.py::test_a_call_in_flight_is_answered_before_the_server_ends",  # S17
        ),
    ),
    "prefork-discovery": Examined(
        "tutorial-prefork",
        "not chaos and (survives-a-wiped-registry or node-holds-the-address or session-is-closed)",
        ("conformance/discovery/test_outages.py::test_an_empty_registry_is_registered_in_again",),  # R17
    ),
    "prefork-client": Examined(
        "tutorial-prefork/client",
        "reply-may-arrive-in-pieces or broken-reply-is-transport or dead-connection-is-not-used",
        (
            "conformance/client/test_replies.py::test_a_reply_is_understood_however_it_is_cut[inside-the-length]",  # F1
            "conformance/client/test_replies.py::test_a_reply_is_understood_however_it_is_cut[inside-the-body]",  # F2
            "conformance/client/test_connections.py::test_a_connection_that_ended_while_idle_is_replaced[drop_by_fin]",
        ),
    ),
    "threaded-wire": Examined(
        "tutorial-threaded",
        "not chaos and (divide-by-zero or params-reach-nothing-else or unknown-method)",
        ("conformance/wire/test_methods.py::test_names_in_params_of_divide_become_no_arguments",),  # Q7
    ),
    "threaded-discovery": Examined(
        "tutorial-threaded",
        "not chaos and (session-is-closed or leaves-the-list-first or node-name-is-sequential)",
        ("conformance/discovery/test_leaving.py::test_a_server_that_stops_says_so_to_the_registry[SIGTERM]",),  # R14
    ),
    "threaded-client": Examined(
        "tutorial-threaded/client",
        "remote-error-is-an-answer or one-entry-for-one-address",
        (
            # C11, D13
            "conformance/client/test_calls.py::test_a_server_s_error_is_reported_and_not_tried_elsewhere[internal]",
            "conformance/client/test_list.py::test_two_nodes_of_one_address_are_one_server",
        ),
    ),
}


@pytest.mark.parametrize("examined", EXAMINATIONS.values(), ids=EXAMINATIONS.keys())
def test_its_faults_are_found_as_they_are_known(examined: Examined, tmp_path: Path) -> None:
    """A fault that is not seen any more, or one that nobody knows of, fails the run."""
    run = examine(EXAMPLES / examined.example, "-q", "-k", examined.clauses, f"--report={tmp_path}")
    assert run.status == 0, run.text
    document = json.loads((tmp_path / "certificate.json").read_text())
    verdicts = {case["case"]: case["verdict"] for clause in document["clauses"] for case in clause["cases"]}
    assert {case: verdicts.get(case) for case in examined.fails} == dict.fromkeys(examined.fails, "known failure")
