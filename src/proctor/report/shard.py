"""A shard: one of several runs that share the cases of the suite among them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Shard:
    """The `number`-th of `of`, counted from 1. `cases`: the digest of the cases that all of them share; `passed`:
    whether its own run was green.
    """

    number: int
    of: int
    cases: str
    passed: bool

    def __str__(self) -> str:
        return f"--shard={self.number}/{self.of}"

    def entry(self, expression: str) -> dict[str, Any]:
        """As it stands in a certificate. `expression`: what narrowed it beyond being a shard."""
        return {**asdict(self), "expression": expression}


def cases_digest(cases: Iterable[str]) -> str:
    """SHA-256 over the names of cases, in whatever order they come; one that comes twice counts twice."""
    return hashlib.sha256("\n".join(sorted(cases)).encode(errors="backslashreplace")).hexdigest()
