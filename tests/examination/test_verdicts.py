"""From how a case ends to what pytest says, to the exit status, to the certificate: on a suite of a few lines."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.examination.miniatures import Run, client, examine, server

LISTENS = """
    import os, signal, socket, sys, time
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((sys.argv[1], int(sys.argv[2])))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if os.fork() == 0:
        time.sleep(600)
    print("ready and waiting", flush=True)
    listener.listen()
    time.sleep(600)
"""
STARTS_ONCE = """
    import json, pathlib, sys
    pathlib.Path("started").mkdir()
    listed = []
    for line in sys.stdin:
        print(json.dumps({"id": json.loads(line)["id"], "servers": listed}), flush=True)
        listed = ["127.0.0.1:9"]
"""
MUST = "supervision/every-death-is-reaped"
SHOULD = "supervision/foreign-child-is-reaped"


@pytest.fixture
def impl(tmp_path: Path) -> Path:
    return server(tmp_path, LISTENS, limits="boot_s = 20")


def run_suite(impl: Path, cases: str, *arguments: str) -> tuple[Run, dict[str, Any]]:
    """Examine with a suite of our own; the run, and the certificate that it left."""
    (impl / "test_cases.py").write_text("from proctor.api import *\n" + textwrap.dedent(cases))
    run = examine(impl, "test_cases.py", *arguments)
    path = impl / "report" / "certificate.json"
    return run, json.loads(path.read_text()) if path.exists() else {}


def clause_of(document: dict[str, Any], clause: str = MUST) -> dict[str, Any]:
    return next(entry for entry in document["clauses"] if entry["id"] == clause)


def test_a_case_that_passes_is_green_and_stands_on_the_certificate(impl: Path) -> None:
    run, document = run_suite(impl, f"@clause('{MUST}')\ndef test_it(server): assert server.workers()")
    assert run.status == 0, run.text
    assert clause_of(document)["verdict"] == "pass"
    assert document["selection"] == {"complete": False, "expression": "test_cases.py"}
    assert "\ncertificate: report/certificate.json, as a page: report/certificate.html\n" in run.text
    assert (impl / "report" / "certificate.html").is_file()


def test_a_failure_shows_clause_message_evidence_and_how_to_see_it_again(impl: Path) -> None:
    run, document = run_suite(
        impl,
        f"""
        @clause('{MUST}')
        def test_it(server):
            assert server.pid == 0, "nobody is reaped"
        """,
        "--seed=17",
    )
    assert run.status == 1
    for expected in (
        f"{MUST} (MUST)   spec/supervision.md:",
        "nobody is reaped",
        "at test_cases.py:5: assert server.pid == 0",
        "ready and waiting",
        "processes:",
        f"again:  pytest --impl={impl} test_cases.py::test_it --seed=17",
    ):
        assert expected in run.text
    assert clause_of(document)["verdict"] == "fail"
    assert document["seed"] == 17


def test_a_run_that_ended_early_says_so(impl: Path) -> None:
    """What it did not come to could have failed."""
    cases = f"""
        @clause('{MUST}')
        def test_it(server): assert server.pid == 0

        @clause('{MUST}')
        def test_the_rest(server): ...
    """
    run, document = run_suite(impl, cases, "-x")
    assert run.status != 0
    assert document["selection"]["expression"] == "test_cases.py ended early: stopping after 1 failures"


def test_an_error_of_the_kit_is_never_the_implementation_s(impl: Path) -> None:
    run, document = run_suite(impl, f"@clause('{MUST}')\ndef test_it(server): raise OSError('no memory')")
    assert run.status == 1
    assert clause_of(document)["verdict"] == "error"
    assert clause_of(document)["cases"][0]["message"] == "OSError: no memory"


@pytest.mark.parametrize(("strict", "status"), [((), 0), (("--strict",), 1)])
def test_what_this_machine_cannot_inject_is_inconclusive_and_costs_the_certificate(
    impl: Path, strict: tuple[str, ...], status: int
) -> None:
    cases = f"""
        class Missing(Fault):
            needs = "thumbscrews"
            def unavailable(self): return "no thumbscrews here"
            def inject(self): ...
            def proof(self): ...
            def heal(self): ...

        @clause('{MUST}')
        def test_it(server, history):
            with Missing(history): pass
    """
    run, document = run_suite(impl, cases, *strict)
    assert run.status == status
    assert clause_of(document)["verdict"] == "inconclusive"
    assert document["injectors"]["unavailable"] == [{"name": "thumbscrews", "reason": "no thumbscrews here"}]
    assert "could not be injected here: thumbscrews: no thumbscrews here" in run.text


def test_a_fault_that_did_not_take_is_inconclusive_and_not_green(impl: Path) -> None:
    cases = f"""
        class Dud(Fault):
            def inject(self): ...
            def proof(self): return None
            def heal(self): ...

        @clause('{MUST}')
        def test_it(server, history):
            with Dud(history) as fault:
                fault.took_effect(within=0.1)
    """
    run, document = run_suite(impl, cases)
    assert run.status == 1
    assert clause_of(document)["verdict"] == "inconclusive"
    assert "the fault Dud did not take effect" in run.text


def test_a_fault_whose_effect_was_never_asked_for_is_an_error(impl: Path) -> None:
    cases = f"""
        @clause('{MUST}')
        def test_it(start_server, history):
            with Kill([start_server().pid], history): pass
    """
    run, document = run_suite(impl, cases)
    assert run.status == 1
    assert clause_of(document)["verdict"] == "error"
    assert "Kill was injected, and its effect never asked for" in run.text


def test_a_mark_of_pytest_s_own_excuses_nobody(impl: Path) -> None:
    """What is known to fail stands beside the manifest, and costs the certificate."""
    cases = f"""
        import pytest

        @clause('{MUST}')
        @pytest.mark.xfail
        def test_it(server): assert server.pid == 0, "nobody is reaped"
    """
    run, document = run_suite(impl, cases)
    assert run.status == 1, run.text
    assert clause_of(document)["verdict"] == "fail"


def test_pytest_s_own_junit_report_can_be_had_of_what_fails_nothing(impl: Path) -> None:
    """Many a project asks for one in its settings."""
    cases = f"""
        @clause('{MUST}')
        def test_must(server): raise Unavailable("no thumbscrews here")

        @clause('{SHOULD}')
        def test_should(server): assert server.pid == 0, "not as it should be"
    """
    run, _ = run_suite(impl, cases, "--junitxml=pytests.xml")
    assert run.status == 0, run.text
    told = (impl / "pytests.xml").read_text()
    assert "inconclusive: no thumbscrews here" in told
    assert "not as it should be" in told


def test_a_case_that_another_registry_is_needed_for_is_left_out(impl: Path) -> None:
    """What can't be disturbed here costs no verdict, and no line of the report."""
    cases = f"""
        @clause('{MUST}')
        def test_on_any(server): ...

        @only_on("ensemble", "container")
        @clause('{MUST}')
        def test_on_others(server): assert False
    """
    run, document = run_suite(impl, cases)
    assert run.status == 0, run.text
    assert "1 passed, 1 deselected" in run.text
    assert [case["case"] for case in clause_of(document)["cases"]] == ["test_cases.py::test_on_any"]


def test_a_registry_that_is_none_is_an_error_of_the_suite(impl: Path) -> None:
    """Its case would be left out everywhere, and nobody would miss it."""
    run, _ = run_suite(impl, f"@clause('{MUST}')\n@only_on('ensembel')\ndef test_it(server): ...")
    assert run.status == 2
    assert "test_cases.py::test_it: only_on: expected one of embedded, zookeeper, ensemble, container, " in run.text
    assert "not 'ensembel'" in run.text


def test_a_case_that_needs_more_than_is_claimed_is_left_out(impl: Path) -> None:
    cases = f"""
        @clause('{MUST}')
        @needs("port", "resize")
        def test_resize(server): assert False

        @clause('{MUST}')
        @needs("port")
        def test_port(server): assert server.accepts()
    """
    run, document = run_suite(impl, cases)
    assert run.status == 0, run.text
    assert [case["case"] for case in clause_of(document)["cases"]] == ["test_cases.py::test_port"]


def test_a_need_that_no_manifest_can_claim_is_an_error_of_the_suite(impl: Path) -> None:
    run, _ = run_suite(impl, f"@clause('{MUST}')\n@needs('wings')\ndef test_it(server): ...")
    assert run.status == 2
    assert "test_cases.py::test_it: needs: expected a claim that a manifest can make, not 'wings'" in run.text


def test_a_case_that_harms_the_shared_server_fails_and_the_next_gets_another(impl: Path) -> None:
    cases = f"""
        @clause('{MUST}')
        def test_1_harms(server): server.stop(9)

        @clause('{MUST}')
        def test_2_goes_on(server): assert server.accepts()
    """
    run, document = run_suite(impl, cases)
    assert run.status == 1
    verdicts = {case["case"].partition("::")[2]: case["verdict"] for case in clause_of(document)["cases"]}
    assert verdicts == {"test_1_harms": "fail", "test_2_goes_on": "pass"}
    assert "the case harmed the server: the parent was killed by signal 9" in run.text
    assert "its last output:" in run.text


def test_a_shared_client_that_does_not_start_is_nowhere_later(tmp_path: Path) -> None:
    """Else one is left for each case, and the evidence of each shows those of the cases before it."""
    impl = client(tmp_path, STARTS_ONCE)
    case = "@clause('client/keeps-the-list-without-registry')\ndef test_{}(service): ...\n"
    run, document = run_suite(impl, "".join(case.format(n) for n in range(3)))
    assert run.status == 1, run.text
    cases = clause_of(document, "client/keeps-the-list-without-registry")["cases"]
    assert [one["verdict"] for one in cases] == ["fail"] * 3
    assert not any(one["evidence"]["subjects"] for one in cases)
    assert "FileExistsError" in cases[0]["message"], "what it said last is told all the same"


def test_what_is_not_claimed_is_not_run(impl: Path) -> None:
    run, document = run_suite(impl, "@clause('wire/ping-echoes')\ndef test_it(server): assert False")
    assert run.status == 5
    assert clause_of(document, "wire/ping-echoes")["verdict"] == "not claimed"


@pytest.mark.parametrize("processes", [0, 2])
def test_a_clause_that_is_not_there_is_an_error_of_the_suite(impl: Path, processes: int) -> None:
    """Of its collection, which every process of a run makes for itself."""
    run, document = run_suite(impl, "@clause('wire/ping-echos')\ndef test_it(server): ...", f"-n{processes}")
    assert run.status == (1 if processes else 2)
    assert "test_cases.py::test_it: no clause 'wire/ping-echos': did you mean wire/ping-echoes" in run.text
    assert "INTERNALERROR" not in run.text
    assert document["selection"]["complete"] is False


def test_marks_and_names_select_and_the_seed_is_the_same_in_every_process(impl: Path) -> None:
    cases = f"""
        import pytest

        @clause('{MUST}')
        @pytest.mark.parametrize("n", range(4))
        def test_it(server, pytestconfig, n):
            assert pytestconfig.option.seed == 5
    """
    run, document = run_suite(
        impl, cases, "-n", "2", "--seed=5", "-m", "supervision and must", "-k", "every-death-is-reaped"
    )
    assert run.status == 0, run.text
    assert len(clause_of(document)["cases"]) == 4
    assert "-k every-death-is-reaped -m supervision and must" in document["selection"]["expression"]


def test_a_seed_that_was_drawn_is_the_same_in_every_process(impl: Path) -> None:
    """Or the seed on the certificate would be nobody's."""
    cases = f"""
        import os

        @clause('{MUST}')
        def test_it(server, pytestconfig):
            raise AssertionError(f"seed {{pytestconfig.option.seed}} of {{os.environ['PYTEST_XDIST_WORKER']}}")
    """
    run, document = run_suite(impl, cases, "-n", "2", "--dist=each")
    assert run.status == 1, run.text
    assert set(re.findall(r"--seed=(\d+)", run.text)) == {str(document["seed"])}
    assert set(re.findall(r"seed (\d+) of gw[01]", run.text)) == {str(document["seed"])}
