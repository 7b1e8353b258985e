"""What the code says already: a page's line `<!-- from the code: NAME -->` is replaced when the site is built."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

import msgspec

import proctor.faults
from proctor.faults.fault import Fault
from proctor.faults.triggers import Trigger
from proctor.limits import LIMITS
from proctor.manifest import CLIENT_PLACES, SERVER_PLACES, Document
from proctor.model import PROFILES, Level
from proctor.places import spec_folder
from proctor.spec import read_spec

ASKED_FOR = re.compile(r"^<!-- from the code: (?P<name>\w+) -->$", re.MULTILINE)
LISTED_APART = ("fault", "triggers")  # the modules of faults/ that hold none


def fill(_app: object, _page: str, source: list[str]) -> None:
    """The page that Sphinx has read, in place."""
    source[0] = filled(source[0])


def filled(text: str) -> str:
    """ValueError if it asks for what isn't made here."""
    return ASKED_FOR.sub(lambda asked: made(asked["name"]), text)


def made(name: str) -> str:
    if name not in MADE:
        raise ValueError(f"nothing is made from the code as {name!r}; there are {', '.join(MADE)}")
    return "\n".join(MADE[name]())


def faults() -> Iterator[str]:
    """A section for each family: a module of proctor.faults."""
    for found in pkgutil.iter_modules(proctor.faults.__path__):
        if found.name not in LISTED_APART:
            module = importlib.import_module(f"proctor.faults.{found.name}")
            yield from ("", f"### {found.name.capitalize()}", "", text_of(module))
            yield from listed(kinds(Fault, module.__name__))


def triggers() -> Iterator[str]:
    yield from listed(kinds(Trigger, Trigger.__module__))


def kinds(base: type[Any], module: str) -> list[type[Any]]:
    """The classes below `base` that a module defines, in its order."""
    found = [kind for kind in vars(importlib.import_module(module)).values() if isinstance(kind, type)]
    return [kind for kind in found if base in kind.__mro__[1:] and kind.__module__ == module]


def listed(found: list[type[Any]]) -> Iterator[str]:
    """What several have in common stands before them."""
    injected = [kind for kind in found if is_injected(kind)]
    for kind in found:
        if kind not in injected:
            yield from ("", f"*Common to them:* {text_of(kind)}")
    for kind in injected:
        needs = f" *Injected with {kind.needs}.*" if issubclass(kind, Fault) else ""
        yield from ("", f"**`{kind.__name__}`**", f": {text_of(kind)}{needs}")


def is_injected(kind: type[Any]) -> bool:
    """Whether it is used as it is: the suite imports it."""
    return kind.__name__ in importlib.import_module("proctor.api").__all__


def stand_ins() -> Iterator[str]:
    """The part of the package's docstring that says what stands in for what can't be had."""
    _, _, block = (proctor.faults.__doc__ or "").partition("What stands in then:")
    yield from ("```text", inspect.cleandoc(block), "```")


def limits() -> Iterator[str]:
    yield from row("limit", "unit", "default", "least", "most", "meaning")
    yield rule(6)
    for limit in LIMITS.values():
        numbers = (f"{number:.10g}" for number in (limit.default, limit.least, limit.most))
        yield from row(f"`{limit.name}`", limit.unit, *numbers, limit.meaning)


def manifest() -> Iterator[str]:
    """A table for each section that is typed; [limits] is listed apart."""
    for section in msgspec.structs.fields(Document):
        for kind in (section.type, *get_args(section.type)):
            if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
                yield from ("", text_of(kind).replace("[", "**`[").replace("]", "]`**"), "")
                yield from row("key", "what it may be", "where it is silent")
                yield rule(3)
                for field in msgspec.structs.fields(kind):
                    yield from row(f"`{field.name}`", values(field.type), default(field))
    yield ""
    for table, places in (("server", SERVER_PLACES), ("client", CLIENT_PLACES)):
        yield f"- Placeholders of `{table}.command`: " + ", ".join(f"`{{{place}}}`" for place in sorted(places))


def values(kind: Any) -> str:
    """A type in words."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " or ".join(f'`"{value}"`' for value in arguments)
    if origin in (list, tuple):
        return f"a list of: {values(arguments[0])}"
    if origin is dict:
        return f"a table of {values(arguments[1])}"
    if arguments:
        return " or ".join(values(one) for one in arguments if one is not type(None))
    return {str: "text", bool: "`true` or `false`"}.get(kind, str(kind))


def default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "must be there"
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    return "nothing" if value in (None, "", {}) else f"`{msgspec.json.encode(value).decode()}`"


def profiles() -> Iterator[str]:
    """How many clauses of each level each profile has."""
    found = Counter((clause.profile, clause.level) for clause in read_spec(spec_folder()).clauses)
    yield from row("profile", *Level)
    yield rule(1 + len(Level))
    for profile in PROFILES:
        yield from row(f"[{profile}](../spec/{profile}.md)", *(str(found[profile, level]) for level in Level))


def text_of(found: object) -> str:
    return " ".join((inspect.getdoc(found) or "").split())


def row(*cells: str) -> Iterator[str]:
    escaped = [cell.replace("|", r"\|") for cell in cells]
    yield f"| {' | '.join(escaped)} |"


def rule(columns: int) -> str:
    return "|---" * columns + "|"


MADE: Mapping[str, Any] = {made.__name__: made for made in (faults, triggers, stand_ins, limits, manifest, profiles)}
