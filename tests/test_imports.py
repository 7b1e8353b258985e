"""Imports run one way, and the suite, the reference and the kit meet only where they should."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
KIT = CHECKOUT / "src" / "proctor"

# From the bottom up: a module imports from its own part and from lower layers. Parts of one layer do not meet.
LAYERS = (
    {"background", "laws", "outcome", "limits", "malformed", "model", "loop", "places", "redaction"},
    {"history", "record", "waiting"},
    {"adapters", "call", "known", "manifest", "spec", "states"},
    {"process", "links"},
    {"wire", "zookeeper"},
    {"subject"},
    {"faults", "checks"},
    {"schedules"},
    {"report"},
    {"examination"},
    {"reproduction"},
    {"commands"},
    {"api", "plugin", "cli"},
)
HEIGHT = {part: height for height, parts in enumerate(LAYERS) for part in parts}


def modules() -> list[Path]:
    return sorted(
        path for path in KIT.rglob("*.py") if path != KIT / "__init__.py" and KIT / "suite" not in path.parents
    )


def part_of(path: Path) -> str:
    return path.relative_to(KIT).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, by its full name."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(KIT)))
def test_a_module_of_the_kit_imports_from_below_only(path: Path) -> None:
    mine = part_of(path)
    assert mine in HEIGHT, f"{mine} has no place in the layers"
    for name in imported(path):
        package, _, rest = name.partition(".")
        part = rest.partition(".")[0]
        if package == "proctor" and part != mine:
            assert HEIGHT[part] < HEIGHT[mine], f"{mine} imports {name}"


@pytest.mark.parametrize("folder", ["conformance", "chaos"])
def test_the_suite_imports_the_public_face_only(folder: str) -> None:
    for path in sorted((CHECKOUT / folder).rglob("*.py")):
        for name in imported(path):
            package, _, rest = name.partition(".")
            assert package not in ("reference", "tests", "examples"), f"{path}: {name}"
            assert package != "proctor" or rest.partition(".")[0] == "api", f"{path}: {name}"


@pytest.mark.parametrize("folder", ["reference", "examples"])
def test_implementations_know_nothing_of_the_kit(folder: str) -> None:
    for path in sorted((CHECKOUT / folder).rglob("*.py")):
        if "node_modules" not in path.parts:
            assert all(name.partition(".")[0] != "proctor" for name in imported(path)), path


def test_the_plugin_s_face_imports_nothing_heavy() -> None:
    """pytest loads it in every session of an environment that has Proctor."""
    top = [
        node
        for node in ast.parse((KIT / "plugin.py").read_text()).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    names = {alias.name for node in top if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in top if isinstance(node, ast.ImportFrom)}
    assert names <= {"__future__", "gc", "os", "pathlib", "pytest"}
    assert not list(imported(KIT / "__init__.py"))
