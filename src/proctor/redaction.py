"""What must not be told: the values of secrets are hidden in all that is shown or left. Form: README, "Secrets"."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

HIDDEN = "***"
SHORTEST_VALUE = 6  # characters: a shorter one would hide half of what is told
HEX = re.compile(r"\b((?:[0-9a-f]{2} ?){3,}[0-9a-f]{2})[0-9a-f]?\b")  # an odd digit: a byte was cut


class Redaction:
    """Hides `values`, also as JSON, Python and bytes in hex write them, and each of their lines, and where only their
    beginning is shown, before "..."; and what one of `patterns`, regular expressions, matches. Without any of these it
    changes nothing.
    """

    def __init__(self, values: Iterable[str] = (), patterns: Iterable[str] = ()) -> None:
        told = sorted({form for value in values for form in forms(value)}, key=len, reverse=True)
        literal = [re.escape(form) for form in told] + [beginnings(form) for form in told]
        self._secrets = [re.compile(pattern) for pattern in (*["|".join(literal)] * bool(told), *patterns)]

    def text(self, text: str) -> str:
        """The text with each secret replaced by HIDDEN; bytes in hex are replaced as a whole if they hold one."""
        if not self._secrets:
            return text
        for secret in self._secrets:
            text = secret.sub(HIDDEN, text)
        return HEX.sub(self._bytes, text)

    def value(self, value: Any) -> Any:
        """The same of every text in a value, as JSON knows them; the names of members stay."""
        if not self._secrets:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {name: self.value(member) for name, member in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value

    def _bytes(self, found: re.Match[str]) -> str:
        told = bytes.fromhex(found[1]).decode(errors="ignore") + "..."  # as if cut, which does not show in bytes
        return HIDDEN if any(secret.search(told) for secret in self._secrets) else found[0]


def forms(value: str) -> Iterator[str]:
    """The whole and each line, as it is, and as it is quoted, without the quotes."""
    for told in (value, *(line for line in value.splitlines() if len(line) >= SHORTEST_VALUE)):
        yield from (told, json.dumps(told)[1:-1], json.dumps(told, ensure_ascii=False)[1:-1], repr(told)[1:-1])


def beginnings(form: str) -> str:
    """Matches as much of it as stands before "...", where what is told was cut."""
    cut = "|".join(re.escape(form[:length]) for length in range(len(form) - 1, SHORTEST_VALUE // 2 - 1, -1))
    return rf"(?:{cut})(?=['\"]?\.\.\.)"
