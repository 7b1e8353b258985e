"""The steps of the templates, run as their systems run them, with Proctor installed from its wheel."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.broken.catalogue import HONEST, called
from tests.broken.manifest import quick
from tests.ci.installed import Installed, Ran, environment
from tests.ci.templates import Step, github, gitlab, jenkins
from tests.schedules.test_replaying import replay_file

CASE = "conformance/supervision/test_reaping.py::test_workers_that_die_together_are_all_reaped"
KNOWN = f"""
[[known]]
case = "{CASE}"
message = "waited 1.00 s for 12, 13, 14 to be reaped"
reason = "it waits once for each SIGCHLD"
"""
NARROW = "-k test_workers_that_die_together"  # what a gate runs otherwise takes minutes


@pytest.fixture
def impl(tmp_path: Path) -> Path:
    folder = tmp_path / "impl"
    folder.mkdir()
    return quick(called("supervision.ReapsOncePerSignal"), folder)


def run(installed: Installed, step: Step, options: str = "", env: Mapping[str, str] | None = None) -> Ran:
    """In one process, as `-n auto` gives it on a small machine."""
    few = {"PYTEST_XDIST_AUTO_NUM_WORKERS": "1", "PYTEST_ADDOPTS": options}
    return installed.run(*step.shell, step.script, env={**step.env, **few, **(env or {})})


def test_the_action_installs_what_it_was_checked_out_with(tmp_path: Path) -> None:
    """All that it pins is here already, so that no index is asked."""
    (tmp_path / "home").mkdir()
    user = Installed(environment(tmp_path / "venv"), tmp_path)
    ran = run(user, github("Install Proctor"), env={"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"})
    assert ran.status == 0, ran.text
    told = user.run("proctor", "--version")
    assert told.status == 0, told.text
    assert (user.bin / "proctor").exists()


def test_what_fails_blocks_until_it_is_known_and_again_once_it_is_repaired(installed: Installed, impl: Path) -> None:
    examine = github("Examine", impl=str(impl))
    new = run(installed, examine, NARROW)
    assert new.status == 1, new.text
    assert f"FAILED {CASE}" in new.text

    (impl / "known_failures.toml").write_text(KNOWN)
    known = run(installed, examine, NARROW)
    assert known.status == 0, known.text
    assert "1 known failure" in known.text

    quick(HONEST, impl)
    repaired = run(installed, examine, NARROW)
    assert repaired.status == 1, repaired.text
    assert "known_failures.toml:2: stale: what it names passes" in repaired.text


def sweeps(impl: Path) -> dict[str, Step]:
    return {
        "github": github("Sweep", impl=str(impl), chaos_budget="0.1"),
        "gitlab": gitlab("sweep", 2, PROCTOR_IMPL=str(impl), PROCTOR_BUDGET_S="0.1"),
        "jenkins": jenkins("--chaos-budget", 2, PROCTOR_IMPL=str(impl), PROCTOR_BUDGET_S="0.1"),
    }


@pytest.mark.parametrize("system", ["github", "gitlab", "jenkins"])
def test_a_sweep_draws_from_its_seed(system: str, installed: Installed, tmp_path: Path) -> None:
    ran = run(installed, sweeps(quick(HONEST, tmp_path))[system], "-k reload")
    assert ran.status == 0, ran.text
    assert f"registry embedded, seed {7 if system == 'github' else 72}" in ran.text
    assert "test_servers_that_reload_outlive_whatever_is_drawn: " in ran.text


def test_a_sweep_leaves_the_replay_file_where_it_is_taken_from(
    installed: Installed, impl: Path, tmp_path: Path
) -> None:
    ran = run(installed, sweeps(impl)["github"], f"--replay={replay_file(tmp_path)}")
    assert ran.status == 1, ran.text
    assert list((tmp_path / "report" / "replays").glob("*.json"))


def test_a_certificate_s_summary_is_shown_where_there_is_one(installed: Installed, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summarize = github("Summarize")
    nothing = run(installed, summarize, env={"GITHUB_STEP_SUMMARY": str(summary)})
    assert nothing.status == 0, nothing.text
    assert not summary.exists()
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "certificate.md").write_text("# mine\n")
    shown = run(installed, summarize, env={"GITHUB_STEP_SUMMARY": str(summary)})
    assert shown.status == 0, shown.text
    assert summary.read_text() == "# mine\n"
