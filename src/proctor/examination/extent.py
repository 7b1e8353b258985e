"""How much of the suite a run was: what narrowed it, and what cut it short. Only a whole run certifies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest

from proctor.examination.selection import SUITE
from proctor.known import some
from proctor.places import home, installed, suite_folders
from proctor.report.certificate import Selection

RAN_TO_THE_END = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)


def examine_the_suite_by_default(config: pytest.Config) -> None:
    """`pytest --impl=path` with no other argument examines that implementation and runs nothing else; with `--pyargs
    proctor.suite` as well, which is the same said in full.
    """
    asked_for_paths = config.args_source is pytest.Config.ArgsSource.ARGS
    named = any(argument.startswith("--impl") for argument in config.invocation_params.args)
    in_full = config.option.pyargs and config.args == [SUITE]
    if in_full or (named and not asked_for_paths):
        config.args = [str(folder) for folder in ([home()] if installed() else suite_folders())]


def extent(session: pytest.Session, unjudged: Iterable[str], missing: Iterable[str]) -> Selection:
    """`unjudged`: cases that ended without a verdict, as when the process that runs them dies. `missing`: what of the
    suite was not run to its end, whatever the reason; named where no better one is known.
    """
    words = [*narrowed_by(session.config), *cut_short(session), *(f"no verdict of {case}" for case in unjudged)]
    return Selection(" ".join(words) or left_out(tuple(missing)))


def narrowed_by(config: pytest.Config) -> list[str]:
    """What made a run less than the whole suite; empty if nothing did."""
    option = config.option
    asked = [(config.invocation_params.dir / argument).resolve() for argument in config.args]
    whole = all(any(folder.is_relative_to(path) for path in asked) for folder in suite_folders())
    words = [] if whole else [str(argument) for argument in config.args]
    words += [f"-k {option.keyword}"] * bool(option.keyword) + [f"-m {option.markexpr}"] * bool(option.markexpr)
    words += [f"--deselect {prefix}" for prefix in option.deselect or ()]
    words += [f"--replay {option.replay}"] * bool(option.replay) + ["--debug-cases"] * bool(option.debug_cases)
    return words + ["--last-failed"] * bool(getattr(option, "lf", False))


def cut_short(session: pytest.Session) -> list[str]:
    """Why it ended before its last case, as by -x or Ctrl-C; empty if it did not."""
    reason = session.shouldfail or session.shouldstop or session.exitstatus not in RAN_TO_THE_END
    return [f"ended early: {reason}" if isinstance(reason, str) else "ended early"] if reason else []


def left_out(missing: Sequence[str]) -> str:
    """Such as "not run: chaos/test_bursts.py and 13 more"; empty if nothing was."""
    return f"not run: {some(missing)}" if missing else ""
