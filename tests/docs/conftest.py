"""The site, built once. And the documentation's examples import `proctor.api` as a suite does, whose marks are known
where it is examined.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from proctor.examination.selection import register_marks
from proctor.places import CHECKOUT
from tests.docs.building import build


def pytest_configure(config: pytest.Config) -> None:
    register_marks(config)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folder. No test that looks at it passes if it can't be built without a warning."""
    pytest.importorskip("sphinx", reason="the site is made with Sphinx, of the extra `docs`")
    made = tmp_path_factory.mktemp("site")
    run = build(CHECKOUT, made)
    assert run.returncode == 0, run.stderr
    return made / "site"
