"""The suite's test functions, and the clauses that each cites."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from proctor.examination.selection import MARK
from proctor.places import home, suite_folders


def suite() -> dict[str, set[str]]:
    """Each, such as "chaos/test_bursts.py::test_a", with the ids of its clauses."""
    return {case: set(cited_by(function)) for case, function in tests().items()}


def tests() -> dict[str, Callable[..., None]]:
    """Each by its name."""
    files = (path for folder in suite_folders() for path in sorted(folder.rglob("test_*.py")))
    return {case: function for path in files for case, function in functions(path)}


def functions(path: Path) -> Iterator[tuple[str, Callable[..., None]]]:
    shown = path.relative_to(home()).as_posix()
    for name, value in vars(module_at(path, shown)).items():
        if name.startswith("test_"):
            yield f"{shown}::{name}", value


def module_at(path: Path, name: str) -> ModuleType:
    """Under a name that pytest gives to none: what it finds imported already, it would not rewrite."""
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cited_by(function: Callable[..., None]) -> Iterator[str]:
    """The clauses of its marks, and of its parameters' marks."""
    marks: list[Any] = list(getattr(function, "pytestmark", ()))
    parameters = [parameter for mark in marks if mark.name == "parametrize" for parameter in mark.args[1]]
    of_parameters = [mark for parameter in parameters for mark in getattr(parameter, "marks", ())]
    return (str(clause) for mark in [*marks, *of_parameters] if mark.name == MARK for clause in mark.args)
