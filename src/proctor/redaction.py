"""What must not be told: the values of secrets are hidden in all that is shown or left. Form: README, "Secrets"."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

HIDDEN = "***"
SHORTEST_VALUE = 6  # characters: a shorter one would hide half of what is told
LONGEST_CUT = 512  # characters: of no text more is shown before it is cut
HEX = re.compile(r"\b((?:[0-9a-f]{2} ?){3,}[0-9a-f]{2})[0-9a-f]?\b")  # an odd digit: a byte was cut

QUOTING, ESCAPE = r"\\{0,8}", r"\\{1,8}"  # what is quoted in three strings, one in the other, has seven


class Redaction:
    """Hides `values`, as JSON, Python and bytes write them, also in quotes inside of quotes, and in hex, and each of
    their lines, and where only their beginning is shown, before "..."; and what one of `patterns`, regular expressions,
    matches. Without any of these it changes nothing.
    """

    def __init__(self, values: Iterable[str] = (), patterns: Iterable[str] = ()) -> None:
        told = sorted({part for value in values for part in parts(value)}, key=len, reverse=True)
        literal = [whole(part) for part in told] + [beginnings(part) for part in told]
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


def parts(value: str) -> Iterator[str]:
    """The whole, and each line that is long enough to be told from other text."""
    yield value
    yield from (line for line in value.splitlines() if len(line) >= SHORTEST_VALUE)


def whole(value: str) -> str:
    """Matches it, each character in any of the ways in which it is written."""
    return "".join(map(written, value))


def beginnings(value: str) -> str:
    """Matches as much of it as stands before "...", where what is told was cut, also inside of an escape."""
    longest = min(len(value) - 1, LONGEST_CUT)
    cut = "|".join(whole(value[:length]) for length in range(longest, SHORTEST_VALUE // 2 - 1, -1))
    return rf"(?:{cut})(?:{ESCAPE}\w*)?(?=['\"]?\.\.\.)"


@cache
def written(char: str) -> str:
    """Matches a character as it is and as JSON, Python and Python's bytes escape it, whatever escaped that again."""
    data = char.encode(errors="surrogateescape")
    forms = {char, json.dumps(char)[1:-1], repr(char)[1:-1], repr(data)[2:-1]}
    if forms == {char} and char != "'":  # that Python escapes beside a quote of the other kind
        return re.escape(char)
    return f"(?:{'|'.join(sorted(map(escaped, forms)))})"


def escaped(form: str) -> str:
    """Matches a character's form, with as many backslashes before it, or before each of its escapes, as may be."""
    codes = [code for code in form.split("\\") if code]
    if codes == [form]:
        return QUOTING + re.escape(form)
    return "".join(ESCAPE + re.escape(code) for code in codes) or ESCAPE
