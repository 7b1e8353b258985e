"""The documentation's examples import `proctor.api` as a suite does, whose marks are known where it is examined."""

from __future__ import annotations

import pytest

from proctor.examination.selection import register_marks


def pytest_configure(config: pytest.Config) -> None:
    register_marks(config)
