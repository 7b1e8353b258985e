"""The pytest plugin's face: its options, and nothing else until `--impl` is given.

pytest loads this module in every session of an environment that has Proctor installed, so it imports nothing heavy;
the examination itself is a plugin of its own, loaded by `pytest_configure` when there is something to examine.
"""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

CASES_A_CORE = 6


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("proctor", "Proctor: examine an implementation of the contract")
    group.addoption(
        "--impl",
        metavar="PATH",
        help="folder (or impl.toml in it) of the implementation to examine; without it Proctor does nothing",
    )
    group.addoption(
        "--registry",
        metavar="WHICH",
        default="embedded",
        help="embedded (default) | zookeeper (Apache's, found here) | ensemble (three of these) | "
        "container[:IMAGE] | HOST:PORT,...[/chroot]",
    )
    group.addoption("--seed", metavar="N", type=int, help="draw everything random from this seed; printed when drawn")
    group.addoption(
        "--report",
        metavar="DIR",
        type=Path,
        default=Path("report"),
        help="where the certificate goes, with its pages (default: report)",
    )
    group.addoption(
        "--timelines",
        choices=("failed", "all", "none"),
        default="failed",
        help="which cases of chaos/ leave history and timeline below --report (default: failed)",
    )
    group.addoption(
        "--time-scale", metavar="X", type=float, default=1.0, help="multiply every deadline, for a slow machine"
    )
    group.addoption(
        "--chaos-budget",
        metavar="SECONDS",
        type=float,
        default=0.0,
        help="draw schedules of random faults, for so long in each case of chaos/test_schedules.py (default 0: none)",
    )
    group.addoption(
        "--replay",
        metavar="FILE",
        type=Path,
        help="try nothing but the schedule that a failed chaos run has left there",
    )
    group.addoption(
        "--shard",
        metavar="I/N",
        help="run the I-th of N shards of the cases; proctor merge makes one certificate of all shards",
    )
    group.addoption(
        "--debug-cases",
        action="store_true",
        help="wait at the terminal before each case, and let no deadline run out while a debugger is attached",
    )
    group.addoption(
        "--update-known-failures",
        action="store_true",
        help="after a whole run, rewrite known_failures.toml beside the manifest to what failed",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Cases take from milliseconds to seconds, so each is given out when some process has need of one; unless `--dist`
    says otherwise, or somebody waits before each case. Before xdist settles on its own default.
    """
    option = config.option
    if option.impl is None and option.pyargs and any(asks_for_the_suite(argument) for argument in config.args):
        # Loaded here and not at the top: other sessions need nothing of it.
        from proctor.places import home  # noqa: PLC0415

        option.impl = str(home() / "reference")
    if option.impl is None:
        return
    if option.debug_cases:
        option.numprocesses = 0
    elif getattr(option, "numprocesses", None) and option.dist == "no":
        option.dist, option.maxschedchunk = "load", option.maxschedchunk or 1


def asks_for_the_suite(argument: str) -> bool:
    return f"{argument}.".startswith("proctor.suite.")


@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """`-n auto`: cases mostly wait, for deadlines that are watched to their end, so several share a core.

    Asked before xdist itself, whichever of the two was loaded first.
    """
    if config.getoption("--impl") is None or "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    return CASES_A_CORE * len(os.sched_getaffinity(0))


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--impl") is None:
        return
    if hasattr(config, "workerinput"):  # until its first case (session.py) it would look for garbage in vain
        gc.disable()
    # Loaded here and not at the top: it brings the whole kit.
    from proctor.examination.session import Examination  # noqa: PLC0415

    config.pluginmanager.register(Examination(config), "proctor-examination")
