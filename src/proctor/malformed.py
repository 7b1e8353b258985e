"""Files that people wrote and that can't be read: which file, on which line, and what was expected there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeVar

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
    """msgspec's message, with the members that there are where one is unknown or missing."""
    place, misnamed = PLACE.search(problem), MISNAMED.search(problem)
    path = place["path"] if place else ""
    inner = form_at(form, path)
    if misnamed and inner is not None:
        problem = f"{problem}; expected {members_of(inner)}"
    outermost = re.split(r"[.\[]", path)[0]
    return Misshapen(problem, outermost or (misnamed["member"] if misnamed else ""))


def form_at(form: Any, path: str) -> type[msgspec.Struct] | None:
    """The struct at a path of members below this one; None if what stands there is none."""
    for member in filter(None, path.split(".")):
        types = {field.encode_name: field.type for field in msgspec.structs.fields(form)} if is_struct(form) else {}
        form = types.get(member)
    return form if is_struct(form) else None


def is_struct(form: Any) -> bool:
    return isinstance(form, type) and issubclass(form, msgspec.Struct)


def members_of(form: type[msgspec.Struct]) -> str:
    """Such as "case, message, reason, and perhaps issue, expires"."""
    fields = msgspec.structs.fields(form)
    required = ", ".join(field.encode_name for field in fields if field.required)
    perhaps = ", ".join(field.encode_name for field in fields if not field.required)
    return ", and perhaps ".join(filter(None, (required, perhaps)))
