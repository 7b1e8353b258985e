"""The templates' shards, each on a machine of its own, and the one certificate that is made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ci.installed import Installed
from tests.ci.templates import Step, github, gitlab, jenkins
from tests.ci.test_steps import CASE, KNOWN, impl, run

__all__ = ["impl"]  # the fixture

SHARDS = 3  # as GitLab's and Jenkins' templates have it
SYSTEMS = ["github", "gitlab", "jenkins"]
ONE_EACH = "-k 'test_children_that_it_did_not_fork or test_workers_that_die_together'"  # neighbours by name


def examined(system: str, impl: Path, shard: int) -> Step:
    by_system = {
        "github": github("Examine", impl=str(impl), shard=f"{shard}/{SHARDS}", report=f"report/shard-{shard}"),
        "gitlab": gitlab("examine", shard, PROCTOR_IMPL=str(impl)),
        "jenkins": jenkins("--shard", shard, PROCTOR_IMPL=str(impl)),
    }
    return by_system[system]


def merged(system: str) -> Step:
    by_system = {
        "github": github("Merge", merge="report"),
        "gitlab": gitlab("certificate", 1),
        "jenkins": jenkins("proctor merge", 1),
    }
    return by_system[system]


def all_shards(installed: Installed, system: str, impl: Path) -> list[int]:
    """What each came to."""
    steps = [examined(system, impl, shard) for shard in range(1, SHARDS + 1)]
    return sorted(run(installed, step, ONE_EACH).status for step in steps)


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_fails_in_one_shard_fails_their_certificate(
    system: str, installed: Installed, impl: Path, tmp_path: Path
) -> None:
    assert all_shards(installed, system, impl) == [0, 0, 1]
    together = run(installed, merged(system))
    assert together.status == 1, together.text
    assert CASE in (tmp_path / "report" / "certificate.json").read_text()


def test_what_is_known_blocks_no_shard_and_no_certificate(installed: Installed, impl: Path) -> None:
    (impl / "known_failures.toml").write_text(KNOWN)
    assert all_shards(installed, "gitlab", impl) == [0, 0, 0]
    known = run(installed, merged("gitlab"))
    assert known.status == 0, known.text
