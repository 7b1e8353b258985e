"""pytest in this process, and nothing else that is installed, lies about or stands in the environment."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from proctor.places import home

OPTIONS = (
    "--disable-plugin-autoload",
    *("-p", "proctor.plugin", "-p", "no:cacheprovider"),
    *("-c", str(Path(__file__).with_name("pytest.ini")), "--noconftest", "--import-mode=importlib"),
)
VARIABLES = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")


def run_alone(arguments: Iterable[str], plugins: Iterable[object] = ()) -> int:
    """pytest's exit status. VARIABLES are gone from the environment afterwards, too."""
    for name in VARIABLES:
        os.environ.pop(name, None)
    return pytest.main([*OPTIONS, f"--rootdir={home()}", *arguments], plugins=list(plugins))
