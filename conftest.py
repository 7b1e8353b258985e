"""In the checkout, the suite examines the reference unless `--impl` says otherwise; what was skipped is named."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from proctor.model import Verdict
from proctor.record import Record

CHECKOUT = Path(__file__).parent
SUITE = (CHECKOUT / "conformance", CHECKOUT / "chaos")
SERVICES_ARE_REQUIRED = "PROCTOR_SERVICES"  # set to "required" by our own gate: there, a skip is a failure
NOT_AT_OUR_GATE = "a container engine"  # not every machine lets one be started, see CI/container-engine


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Before xdist asks how many processes there shall be, which is another number for an examination."""
    asked = [(config.invocation_params.dir / argument.partition("::")[0]).resolve() for argument in config.args]
    if config.option.impl is None and any(holds(path, folder) for path in asked for folder in SUITE):
        config.option.impl = str(CHECKOUT / "reference")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Skips(), "proctor-skips")


def holds(path: Path, folder: Path) -> bool:
    """Whether collecting `path` collects something of `folder`."""
    return path.is_relative_to(folder) or folder.is_relative_to(path)


class Skips:
    """Names, in one line at the end, what was not run here and why."""

    def __init__(self) -> None:
        self.reasons: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not was_judged(report):
            self.reasons.add(reason_of(report))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        required = os.environ.get(SERVICES_ARE_REQUIRED) == "required"
        missing = [reason for reason in self.reasons if not reason.startswith(NOT_AT_OUR_GATE)]
        if missing and required and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.reasons:
            terminalreporter.write_line(f"not run here: {'; '.join(sorted(self.reasons))}")


def was_judged(report: pytest.TestReport) -> bool:
    """A case whose failure doesn't fail the run, known or of a SHOULD, counts for pytest as skipped, and was run."""
    record = Record.from_properties(report.user_properties)
    return record is not None and record.verdict is not Verdict.INCONCLUSIVE


def reason_of(report: pytest.TestReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr).partition("\n")[0]
    return text.removeprefix("Skipped: ")
