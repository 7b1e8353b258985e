"""In the checkout, `pytest` alone runs the kit's own tests and examines the reference."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    if config.option.impl is None:
        config.option.impl = "reference"
