"""A tutorial as its reader takes it: files to write, commands to type, output to expect.

A fenced block with `title="NAME"` is a file. One of `console` holds commands after `$ `, and below each the output that
is quoted: line by line and in this order, other lines may stand between. In a quoted line `...` stands for any text and
a number for any number. `# exit status N` after a command says how it ends, if not with 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from markdown_it import MarkdownIt

TITLE = re.compile(r'title="([^"]+)"')
STATUS = re.compile(r"\s+# exit status (\d+)$")
LOOSE = re.compile(r"\.\.\.|\d+(?:\.\d+)?")


@dataclass(frozen=True)
class File:
    name: str
    text: str


@dataclass(frozen=True)
class Command:
    """`line`: where it stands in the tutorial."""

    line: int
    words: str
    status: int
    quoted: list[str] = field(default_factory=list)


def steps(path: Path) -> Iterator[File | Command]:
    """In order. ValueError for a block that is neither: nobody would notice if it were wrong."""
    for token in MarkdownIt("commonmark").parse(path.read_text()):
        if token.type != "fence":
            continue
        assert token.map is not None
        if title := TITLE.search(token.info):
            yield File(title[1], token.content)
        elif token.info == "console":
            yield from commands(token.content, token.map[0] + 2)
        else:
            raise ValueError(f"{path.name}:{token.map[0] + 1}: a block of {token.info!r} without a title")


def commands(block: str, first_line: int) -> Iterator[Command]:
    current: Command | None = None
    for number, line in enumerate(block.splitlines(), first_line):
        if line.startswith("$ "):
            if current is not None:
                yield current
            status = STATUS.search(line)
            current = Command(number, STATUS.sub("", line[2:]), int(status[1]) if status else 0)
        elif current is None:
            raise ValueError(f"line {number}: output before any command")
        elif line.strip() != "...":
            current.quoted.append(line)
    if current is not None:
        yield current


def missing(quoted: list[str], output: str) -> str | None:
    """The first quoted line that doesn't come when it should; None if all do."""
    rest = iter(output.splitlines())
    for line in quoted:
        wanted = pattern(line)
        if not any(wanted.fullmatch(said.strip()) for said in rest):
            return line
    return None


def pattern(quoted: str) -> re.Pattern[str]:
    parts, at = [], 0
    for loose in LOOSE.finditer(quoted.strip()):
        parts += [re.escape(quoted.strip()[at : loose.start()]), ".*" if loose[0] == "..." else r"\d+(?:\.\d+)?"]
        at = loose.end()
    return re.compile("".join([*parts, re.escape(quoted.strip()[at:])]))
