"""In the checkout, the suite examines the reference unless `--impl` says otherwise."""

from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent
SUITE = (CHECKOUT / "conformance", CHECKOUT / "chaos")


def pytest_configure(config: pytest.Config) -> None:
    asked = [(config.invocation_params.dir / argument.partition("::")[0]).resolve() for argument in config.args]
    if config.option.impl is None and any(holds(path, folder) for path in asked for folder in SUITE):
        config.option.impl = str(CHECKOUT / "reference")


def holds(path: Path, folder: Path) -> bool:
    """Whether collecting `path` collects something of `folder`."""
    return path.is_relative_to(folder) or folder.is_relative_to(path)
