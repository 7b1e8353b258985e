"""Where the suite, the spec and the reference stand: in the checkout, or inside the installed package."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent
CHECKOUT = PACKAGE.parents[1]
SUITE_FOLDERS = ("conformance", "chaos")


def home() -> Path:
    """The folder that holds conformance/, chaos/, spec/ and reference/."""
    packaged = PACKAGE / "suite"
    return packaged if packaged.is_dir() else CHECKOUT


def suite_folders() -> tuple[Path, ...]:
    return tuple(home() / name for name in SUITE_FOLDERS)


def spec_folder() -> Path:
    return home() / "spec"
