"""The examples on gunicorn, a process manager that others have written: what was found in it is there.

Each run is a part of the suite, by clauses: those that a finding is about, and some that are kept. The whole takes
minutes. A clause whose cases were not all as foretold by known_failures.toml would fail the run itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from proctor.places import CHECKOUT
from tests.examination.miniatures import examine

EXAMPLES = CHECKOUT / "examples"


@dataclass(frozen=True)
class Manager:
    """`found`: clauses that it breaks. `kept`: some that it keeps."""

    package: str
    folder: str
    found: tuple[str, ...]
    kept: tuple[str, ...]


FOUND_IN_GUNICORN = ("supervision/failed-fork-is-repeated", "restart/failed-reload-keeps-serving")
KEPT_BY_GUNICORN = (
    "supervision/every-death-is-reaped",
    "supervision/stop-exits-with-0",
    "restart/reload-renews-every-worker",
    "restart/usr2-starts-a-second-parent",
)

MANAGERS = (
    Manager(
        "gunicorn",
        "gunicorn-wire",
        (*FOUND_IN_GUNICORN, "supervision/stop-may-be-sent-to-all-and-again"),
        (*KEPT_BY_GUNICORN, "supervision/call-in-flight-finishes"),
    ),
    Manager("gunicorn", "gunicorn-http", FOUND_IN_GUNICORN, KEPT_BY_GUNICORN),
)


@pytest.mark.parametrize("manager", MANAGERS, ids=lambda manager: manager.folder)
def test_what_was_found_in_it_is_there_and_what_it_keeps_is_kept(manager: Manager, tmp_path: Path) -> None:
    demand(manager.package)
    slugs = [clause.partition("/")[2] for clause in (*manager.found, *manager.kept)]
    verdicts = examined(manager, tmp_path, "-k", " or ".join(slugs))
    assert {clause: verdicts[clause] for clause in manager.found} == dict.fromkeys(manager.found, "known failure")
    assert {clause: verdicts[clause] for clause in manager.kept} == dict.fromkeys(manager.kept, "pass")


def test_workers_of_gunicorn_can_speak_the_wire_profile(tmp_path: Path) -> None:
    """Every clause of it, so that what is found about the process manager is not the worker class's fault."""
    demand("gunicorn")
    verdicts = examined(MANAGERS[0], tmp_path, "-m", "wire")
    assert {verdict for clause, verdict in verdicts.items() if clause.startswith("wire/")} == {"pass"}


def examined(manager: Manager, report: Path, *selection: str) -> dict[str, str]:
    """The verdict of each clause, once the run has ended well: with no failure but known ones."""
    run = examine(EXAMPLES / manager.folder, "-q", *selection, f"--report={report}")
    assert run.status == 0, run.text
    document = json.loads((report / "certificate.json").read_text())
    return {entry["id"]: entry["verdict"] for entry in document["clauses"]}


def demand(package: str) -> None:
    if find_spec(package) is None:
        pytest.skip(f"an example needs {package}, of the extra `examples`")
