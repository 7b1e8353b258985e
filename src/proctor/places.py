"""Where the suite, the spec and the reference stand: in the checkout, or inside the installed package."""

from __future__ import annotations

from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent
CHECKOUT = PACKAGE.parents[1]
PACKAGED = PACKAGE / "suite"
SUITE_FOLDERS = ("conformance", "chaos")


@cache
def installed() -> bool:
    """Whether the suite is part of the package, as in the wheel."""
    return (PACKAGED / "spec").is_dir()


def home() -> Path:
    """The folder that holds conformance/, chaos/, spec/ and reference/."""
    return PACKAGED if installed() else CHECKOUT


@cache
def suite_folders() -> tuple[Path, ...]:
    return tuple(home() / name for name in SUITE_FOLDERS)


def spec_folder() -> Path:
    return home() / "spec"
