"""The wheel, built and installed once for all tests of a process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ci.installed import Installed, build, environment, install


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def commands(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    commands = environment(tmp_path_factory.mktemp("installed") / "venv")
    install(wheel, commands)
    return commands


@pytest.fixture
def installed(commands: Path, tmp_path: Path) -> Installed:
    (tmp_path / "home").mkdir()
    return Installed(commands, tmp_path)
