"""Checks on how many workers there were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from proctor.checks.finding import Finding
from proctor.subject.census import Count, listed


def never_fewer_than(least: int, counts: Sequence[Count]) -> Iterator[Finding]:
    """There was no moment with fewer than `least` workers (U1).

    A look takes a while: it misses who is born meanwhile and who leaves meanwhile, so that it can show fewer than there
    ever were. Between two looks there were no more than those whom either of them shows, but for workers that came and
    went again; so only two in a row are believed.
    """
    for before, after in pairwise(counts):
        seen = before.pids | after.pids
        if len(seen) < least:
            yield Finding(after.at, f"at one moment the workers were {listed(seen)}: fewer than {least}")
