"""SHA-256 over folders: what a certificate is bound to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

GENERATED = frozenset({"__pycache__", "node_modules", "report"})


def folder_digest(folders: Iterable[Path]) -> str:
    """Over every file below the folders, by name and content, in the order of the names.

    What tools generate, and what hidden folders hold, does not count.
    """
    total = hashlib.sha256()
    for folder in folders:
        for path in sorted(files(folder), key=lambda path: path.relative_to(folder).as_posix()):
            total.update(f"{folder.name}/{path.relative_to(folder).as_posix()}\0".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def files(folder: Path) -> Iterable[Path]:
    for path in folder.iterdir():
        if path.name in GENERATED or path.name.startswith("."):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from files(path)
        elif path.is_file():
            yield path
