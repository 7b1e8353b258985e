"""What `make mutants` changes, and what it leaves alone."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.mutants.__main__ import sample
from tests.mutants.mutations import mutants_of

MODULE = '''
LIMIT = 3

def law(value: int = 3) -> bool:
    """Say nothing."""
    log("1 + 1")
    if value < 2 and not value == 7:
        value += 1
        forget(value)
    return value
'''
EXPECTED = [
    ("if value < 2 and (not value == 7):", "if not (value < 2 and (not value == 7)):"),
    ("if value < 2 and (not value == 7):", "if value < 2 or not value == 7:"),
    ("if value < 2 and (not value == 7):", "if value <= 2 and (not value == 7):"),
    ("if value < 2 and (not value == 7):", "if value < 3 and (not value == 7):"),
    ("if value < 2 and (not value == 7):", "if value < 2 and (not not value == 7):"),
    ("if value < 2 and (not value == 7):", "if value < 2 and (not value != 7):"),
    ("if value < 2 and (not value == 7):", "if value < 2 and (not value == 8):"),
    ("value += 1", "..."),
    ("value += 1", "value -= 1"),
    ("value += 1", "value += 2"),
    ("forget(value)", "..."),
    ("return value", "return None"),
]


def test_each_mutant_has_one_change_to_what_is_done(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(MODULE)
    mutants = list(mutants_of(path))
    assert sorted((mutant.before, mutant.after) for mutant in mutants) == sorted(EXPECTED)
    original = ast.unparse(ast.parse(MODULE))
    for mutant in mutants:
        lines = zip(original.splitlines(), mutant.source.splitlines(), strict=True)
        assert sum(before != after for before, after in lines) == 1


def test_what_is_drawn_does_not_depend_on_what_else_there_is(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(MODULE)
    mutants = list(mutants_of(path))
    five = sample(mutants, 5, seed=1)
    assert sample(list(reversed(mutants)), 5, seed=1) == five != sample(mutants, 5, seed=2)
    without_one = [mutant for mutant in mutants if mutant != five[0]]
    assert sample(without_one, 4, seed=1) == five[1:]
