"""Suite and spec hold each other: every clause has its cases, every case its clauses, every file its section."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from proctor.model import PROFILES, Level
from proctor.places import CHECKOUT, spec_folder, suite_folders
from proctor.spec import read_spec

SPEC = read_spec(spec_folder())
VECTORS = "test_vectors.py"  # mirrors spec/vectors/, whose every vector cites its clause
FILES = sorted(path for folder in suite_folders() for path in folder.rglob("test_*.py"))


def cases(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each test function of a file, with the clauses that it cites."""
    body = ast.parse(path.read_text()).body
    lists = {
        target.id: node.value
        for node in body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name, tuple(cited(node, lists))


def cited(function: ast.FunctionDef, lists: Mapping[str, ast.Tuple]) -> Iterator[str]:
    """`lists`: those of the file, of which a case may cite all that they hold."""
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Name) and decorator.func.id == "clause":
            for argument in decorator.args:
                for written in members(argument, lists):
                    assert isinstance(written, ast.Constant), f"{function.name}: clause ids are written out"
                    yield str(written.value)


def members(argument: ast.expr, lists: Mapping[str, ast.Tuple]) -> list[ast.expr]:
    if isinstance(argument, ast.Starred) and isinstance(argument.value, ast.Name):
        return lists[argument.value.id].elts
    return [argument]


def shown(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


@pytest.mark.parametrize("profile", PROFILES)
def test_every_clause_that_binds_has_a_case(profile: str) -> None:
    tested = {clause for path in FILES for _, clauses in cases(path) for clause in clauses}
    untested = [clause.id for clause in SPEC.of(profile) if clause.level is not Level.MAY and clause.id not in tested]
    assert untested == []


@pytest.mark.parametrize("path", FILES, ids=shown)
def test_every_case_cites_clauses_that_stand_and_says_what_would_be_wrong(path: Path) -> None:
    known = {clause.id: clause for clause in SPEC.clauses}
    for name, clauses in cases(path):
        assert clauses or path.name == VECTORS, f"{name} cites no clause"
        for clause in clauses:
            assert clause in known, f"{name} cites {clause}, which does not stand"
            assert known[clause].level is not Level.MAY, f"{name} holds {clause} against somebody, which is a freedom"
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            assert ast.get_docstring(node), f"{node.name} does not say what would be wrong"


@pytest.mark.parametrize("path", [path for path in FILES if "conformance" in path.parts], ids=shown)
def test_a_conformance_file_mirrors_a_section(path: Path) -> None:
    """A case stands where the first clause that it cites is written."""
    if path.name == VECTORS:
        return
    here = {clause.id for clause in SPEC.clauses if clause.examined_in == shown(path)}
    assert here, f"no section of spec/{path.parent.name}.md is called so"
    for name, clauses in cases(path):
        assert here & set(clauses), f"{name} cites no clause of this section"


def test_a_suite_worth_the_name_has_enough_cases() -> None:
    """Functions, before parameters multiply them."""
    count = {
        folder.name: sum(len(list(cases(path))) for path in FILES if folder in path.parents)
        for folder in suite_folders()
    }
    assert count["conformance"] >= 80
    assert count["chaos"] >= 20
