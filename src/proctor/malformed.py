"""Files that people wrote and that can't be read: which file, on which line, and what was expected there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec

MISNAMED = re.compile(r"field `(?P<member>[^`]+)`")
PLACE = re.compile(r" - at `\$\.?(?P<path>[^`]*)`")

T = TypeVar("T")


class Malformed(ValueError):
    """`path`: the file as people are shown it; `line` counts from 1. Whoever wrote the file is at fault."""

    def __init__(self, path: Path | str, line: int, problem: str) -> None:
        super().__init__(f"{path}:{line}: {problem}")
        self.path = str(path)
        self.line = line


class Misshapen(ValueError):
    """A value that has not the form that was expected. `member`: the one of its members that is at fault, or ""."""

    def __init__(self, problem: str, member: str) -> None:
        super().__init__(problem)
        self.member = member


def text_of(path: Path, shown: Path | str, malformed: type[Malformed]) -> str:
    """The file's text. Raises `malformed` where it can't be read or is not UTF-8."""
    try:
        data = path.read_bytes()
        return data.decode("utf-8")
    except OSError as error:
        raise malformed(shown, 1, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = 1 + data.count(b"\n", 0, error.start)
        raise malformed(shown, line, f"is not UTF-8: expected no byte 0x{data[error.start]:02x} here") from None


def line_at(text: str, offset: int) -> int:
    """The line that holds the character at `offset`; the first if it is negative, as of what was not found."""
    return 1 + text.count("\n", 0, max(offset, 0))


def shaped(value: Any, form: type[T], natives: tuple[type, ...] = ()) -> T:
    """`value`, as its file's format reads it, in the form of a msgspec struct. Raises Misshapen.

    `natives`: the types that the format has beyond JSON's.
    """
    try:
        return msgspec.convert(value, form, builtin_types=natives)
    except msgspec.ValidationError as error:
        raise misshapen(str(error), form) from None


def misshapen(problem: str, form: type) -> Misshapen:
    """msgspec's message, with what was expected where it doesn't say."""
    place, misnamed = PLACE.search(problem), MISNAMED.search(problem)
    path = place["path"] if place else ""
    here = type_at(form, path)
    if misnamed and is_struct(here):
        problem = f"{problem}; expected {members_of(here)}"
    elif problem.startswith("Invalid enum value"):
        problem = f"{problem}; expected {', '.join(choices_of(here))}"
    outermost = re.split(r"[.\[]", path)[0]
    return Misshapen(problem, outermost or (misnamed["member"] if misnamed else ""))


def type_at(form: Any, path: str) -> Any:
    """The type at a path of members below this one; None if that can't be told."""
    for member in filter(None, path.split(".")):
        types = {field.encode_name: field.type for field in msgspec.structs.fields(form)} if is_struct(form) else {}
        form = types.get(member)
    return form


def is_struct(form: Any) -> bool:
    return isinstance(form, type) and issubclass(form, msgspec.Struct)


def choices_of(form: Any) -> list[str]:
    """What a Literal, or a union of some, may be."""
    alternatives = [form, *get_args(form)]
    return [str(value) for one in alternatives if get_origin(one) is Literal for value in get_args(one)]


def members_of(form: type[msgspec.Struct]) -> str:
    """Such as "case, message, reason, and perhaps issue, expires"."""
    fields = msgspec.structs.fields(form)
    required = ", ".join(field.encode_name for field in fields if field.required)
    perhaps = ", ".join(field.encode_name for field in fields if not field.required)
    return ", and perhaps ".join(filter(None, (required, perhaps)))
