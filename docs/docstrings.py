"""Docstrings are written to be read in the source: plain paragraphs, `names`, and indented blocks. Sphinx wants RST."""

from __future__ import annotations

import re
from collections.abc import Iterator

MEANS_SOMETHING = re.compile(r"([*|_\\])")  # in RST, outside of code


def to_rst(_app: object, _what: str, _name: str, _found: object, _options: object, lines: list[str]) -> None:
    """What autodoc has read, in place."""
    lines[:] = rst(lines)


def rst(lines: list[str]) -> Iterator[str]:
    """A block that is indented stands as it is written; anything else is text, in which only `code` is marked."""
    blank, in_block = True, False
    for line in lines:
        indented = line.startswith("    ")
        if indented and not in_block and blank:
            yield from ("::", "")
        in_block = (in_block and not line) or (indented and (in_block or blank))
        blank = not line
        yield line if in_block else escaped(line.strip())


def escaped(line: str) -> str:
    parts = line.split("`")
    return "`".join(MEANS_SOMETHING.sub(r"\\\1", part) if at % 2 == 0 else part for at, part in enumerate(parts))
