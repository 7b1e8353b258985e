"""Without --impl the plugin is its options and nothing else, in whichever project Proctor happens to be installed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

RUN_WITHIN_S = 120
OPTIONS = ("--impl", "--registry", "--seed", "--report", "--timelines", "--time-scale")
TELLS_WHAT_IS_IMPORTED = """
import json, sys

def pytest_unconfigure(config):
    loaded = [plugin for plugin, _ in config.pluginmanager.list_name_plugin()]
    with open("told.json", "w") as file:
        json.dump({"modules": sorted(sys.modules), "plugins": loaded}, file)
"""
# Not hypothesis: it has a plugin of its own, which imports it whether Proctor is there or not.
HEAVY = ("kazoo", "msgspec", "markdown_it", "tenacity", "testcontainers", "psutil", "click", "jinja2", "plotly")


def pytest_in(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=RUN_WITHIN_S, check=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Somebody else's, with a test of its own."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "conftest.py").write_text(TELLS_WHAT_IS_IMPORTED)
    (tmp_path / "test_theirs.py").write_text("def test_theirs(): assert True\n")
    return tmp_path


def test_a_project_that_knows_nothing_of_proctor_pays_nothing_for_it(project: Path) -> None:
    run = pytest_in(project)
    assert run.returncode == 0, run.stdout + run.stderr
    told = json.loads((project / "told.json").read_text())
    ours = {name for name in told["modules"] if name.partition(".")[0] == "proctor"}
    assert ours == {"proctor", "proctor.plugin"}
    assert "proctor" in told["plugins"]
    assert not any(name.startswith("proctor-") for name in told["plugins"])
    assert not {name.partition(".")[0] for name in told["modules"]} & set(HEAVY)
    assert "proctor:" not in run.stdout
    assert not (project / "report").exists()


def test_a_run_with_an_implementation_is_told_apart(project: Path) -> None:
    """What the test above looks for would be seen if it were there."""
    run = pytest_in(project, f"--impl={project}")
    assert run.returncode == 4
    assert f"{project}: holds no impl.toml" in run.stderr
    told = json.loads((project / "told.json").read_text())
    assert {"proctor.examination.session", "kazoo.client"} <= set(told["modules"])


def test_nobody_waits_for_hypothesis_who_draws_nothing() -> None:
    """It takes as long to import as all the rest, and most runs of a few cases draw nothing."""
    everything = "import sys, proctor.examination.session, proctor.api; sys.exit('hypothesis' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", everything], check=False, timeout=60).returncode == 0


def test_help_shows_the_options(project: Path) -> None:
    run = pytest_in(project, "--help")
    assert run.returncode == 0
    assert "Proctor: examine an implementation of the contract" in run.stdout
    for option in OPTIONS:
        assert f"  {option}=" in run.stdout
