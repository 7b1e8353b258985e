"""One small change to a module, of every kind that a slip of the hand makes: operators, conditions, constants, results,
and statements that are left out.

What only tells is left alone, annotations, texts, and what is logged: no verdict stands on it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

SWAPS: dict[type[ast.AST], Callable[[], ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
BLOCKS = ("body", "orelse", "finalbody")
SHOWN_CHARS = 70

Change = Callable[[], None]


@dataclass(frozen=True)
class Mutant:
    """A module with one change: the statement in which it is, as it was and as it is now."""

    module: str
    line: int
    before: str
    after: str
    source: str

    @property
    def named(self) -> str:
        """Wherever in the module it stands."""
        return f"{self.module}: {self.before}  ->  {self.after}"


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Every mutant of a module, in the order of its text."""
    source = path.read_text()
    for number in range(sum(1 for _ in sites(ast.parse(source)))):
        tree = ast.parse(source)
        statement, change = list(sites(tree))[number]
        line, before = statement.lineno, shown(statement)
        change()
        yield Mutant(path.name, line, before, shown(statement), ast.unparse(ast.fix_missing_locations(tree)))


def sites(module: ast.Module) -> Iterator[tuple[ast.stmt, Change]]:
    """Where something can be changed: the statement, and what changes it."""
    for function in ast.walk(module):
        if isinstance(function, ast.FunctionDef):
            yield from of_block(function.body)


def of_block(block: list[ast.stmt]) -> Iterator[tuple[ast.stmt, Change]]:
    for statement in block:
        if is_talk(statement) or isinstance(statement, ast.FunctionDef | ast.ClassDef):
            continue
        yield from ((statement, change) for change in of_statement(statement))
        for name in BLOCKS:
            yield from of_block(getattr(statement, name, []))
        for handler in getattr(statement, "handlers", []):
            yield from of_block(handler.body)


def of_statement(statement: ast.stmt) -> Iterator[Change]:
    """Changes to a statement's own expressions, and what takes its place."""
    if isinstance(statement, ast.Expr | ast.Assign | ast.AugAssign):
        yield lambda: leave_out(statement)
    if isinstance(statement, ast.If | ast.While):
        yield lambda: negate(statement)
    if isinstance(statement, ast.Return) and not isinstance(statement.value, ast.Constant | None):
        yield lambda: setattr(statement, "value", ast.Constant(None))
    if isinstance(statement, ast.AugAssign) and type(statement.op) in SWAPS:
        yield lambda: setattr(statement, "op", SWAPS[type(statement.op)]())
    for node in own_expressions(statement):
        yield from of_expression(node)


def own_expressions(statement: ast.stmt) -> Iterator[ast.AST]:
    """The nodes below a statement that belong to no statement inside it, to no annotation, and to nothing logged."""
    waiting = [value for name, value in ast.iter_fields(statement) if name not in (*BLOCKS, "handlers", "annotation")]
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, list):
            waiting[:0] = value
        elif isinstance(value, ast.AST) and not is_talk(value):
            yield value
            waiting[:0] = [child for _, child in ast.iter_fields(value)]


def of_expression(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Compare):
        yield from (partial(swap_comparison, node, place) for place in range(len(node.ops)))
    elif isinstance(node, ast.BoolOp | ast.BinOp) and type(node.op) in SWAPS:
        yield lambda: setattr(node, "op", SWAPS[type(node.op)]())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield lambda: setattr(node, "operand", ast.UnaryOp(ast.Not(), node.operand))
    elif isinstance(node, ast.IfExp):
        yield lambda: negate(node)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float):
        yield partial(setattr, node, "value", other(node.value))


def swap_comparison(node: ast.Compare, place: int) -> None:
    swapped = SWAPS[type(node.ops[place])]()
    assert isinstance(swapped, ast.cmpop)
    node.ops[place] = swapped


def other(value: bool | int | float) -> bool | int | float:
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else value * 10


def negate(node: ast.If | ast.While | ast.IfExp) -> None:
    node.test = ast.UnaryOp(ast.Not(), node.test)


def leave_out(statement: ast.Expr | ast.Assign | ast.AugAssign) -> None:
    """The statement becomes `...`, which does nothing."""
    statement.__class__ = ast.Expr  # in place: its block is not at hand
    statement.value = ast.Constant(...)


def is_talk(node: ast.AST) -> bool:
    """A docstring, a text, or a call of a log."""
    if isinstance(node, ast.Expr):
        node = node.value
    if isinstance(node, ast.Constant | ast.JoinedStr):
        return isinstance(node, ast.JoinedStr) or isinstance(node.value, str)
    return isinstance(node, ast.Call) and ast.unparse(node.func).endswith("log")


def shown(statement: ast.stmt) -> str:
    """Its first line."""
    line = ast.unparse(statement).partition("\n")[0]
    return line if len(line) <= SHOWN_CHARS else line[: SHOWN_CHARS - 3] + "..."
