"""The example on Node: an implementation that shares nothing with the kit or the reference."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from proctor.places import CHECKOUT
from tests.examination.miniatures import examine

NODE = CHECKOUT / "examples" / "node"
MISSING = (
    None if shutil.which("node") and (NODE / "node_modules" / "node-zookeeper-client").is_dir() else "Node and npm"
)
CERTIFIED = ("wire", "discovery", "client")

pytestmark = pytest.mark.skipif(MISSING is not None, reason=f"the example on Node needs {MISSING}")


def test_its_own_tests_pass() -> None:
    done = subprocess.run(["node", "--test"], cwd=NODE, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("profile", CERTIFIED)
def test_it_keeps_the_contract(profile: str, tmp_path: Path) -> None:
    """Every MUST of the profile that it claims passes; the certificate of the whole takes all of the suite."""
    run = examine(NODE, "-q", "-m", profile, f"--report={tmp_path}")
    document = json.loads((tmp_path / "certificate.json").read_text())
    verdicts = {
        entry["id"]: entry["verdict"]
        for entry in document["clauses"]
        if entry["profile"] == profile and entry["level"] == "MUST"
    }
    assert set(verdicts.values()) <= {"pass", "not claimed"}, run.text
    assert run.status == 0, run.text
