"""What this process holds open."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def descriptors() -> set[tuple[str, str]]:
    """Each with what it stands for. Other threads of this process open and close some at any time."""
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since it was listed, as that of the listing itself is
            found.add((entry.name, str(entry.readlink())))
    return found
