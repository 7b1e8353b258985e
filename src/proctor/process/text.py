"""What an implementation says, for people: little of it, and nothing that a terminal or a CI's log would obey."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

SHOWN_CHARS = 200
SHOWN_ITEMS = 20
SHOWN_BYTES = 100

# What CIs take for commands where they read it in a job's log: GitHub's runner takes `::name data::` at the beginning
# of a line, indented or not (a line may be broken before any word), and `##[name]` anywhere, as Azure's agent and
# TeamCity take `##vso[...]` and `##teamcity[...]`. One character of it is shown as an escape.
COMMAND = re.compile(r"(?<!\S):(?=:[A-Za-z][\w-]*(?: .*?)?::)|(?<=#)#(?=\w*\[)")


def printable(line: str) -> str:
    """A line for people's terminals: neither escape sequences nor commands to a CI get through."""
    seen = "".join(char if char.isprintable() or char == "\t" else repr(char)[1:-1] for char in line)
    return COMMAND.sub(lambda found: f"\\x{ord(found[0]):02x}", seen)


def legible(text: str) -> str:
    """The same of several lines."""
    return "\n".join(map(printable, text.split("\n")))


def shorten(text: str, most: int = SHOWN_CHARS) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


def brief(value: object) -> str:
    """The beginning of a value's `repr`, which is not made whole: it would be larger than the value."""
    return shorten(Brief().repr(value))


def shown(data: bytes) -> str:
    """The beginning of some bytes."""
    return repr(data) if len(data) <= SHOWN_BYTES else f"{data[:SHOWN_BYTES]!r}... ({len(data)} bytes)"


def several(items: Iterable[object]) -> str:
    """The first of perhaps thousands."""
    said = [str(item) for item in islice(items, SHOWN_ITEMS + 1)]
    return ", ".join([*said[:SHOWN_ITEMS], *["..."] * (len(said) > SHOWN_ITEMS)]) or "(none)"


class Brief(reprlib.Repr):
    """No part of it shows more than `brief` does, and members keep their order."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = self.maxlist = self.maxstring = self.maxlong = self.maxother = SHOWN_CHARS

    def repr_str(self, x: str, level: int) -> str:  # noqa: ARG002  # as reprlib calls it
        return repr(x[:SHOWN_CHARS])

    def repr_dict(self, x: Mapping[Any, Any], level: int) -> str:
        members = (f"{self.repr1(key, level - 1)}: {self.repr1(x[key], level - 1)}" for key in islice(x, SHOWN_CHARS))
        return "{" + ", ".join(members) + "}" if level > 0 else self.fillvalue
