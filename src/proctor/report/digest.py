"""SHA-256 over folders: what a certificate is bound to."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

GENERATED = frozenset({"__pycache__", "node_modules"})
REPORT = "report"  # what a run leaves where it was started, which may be the implementation's folder


def folder_digest(folders: Iterable[Path]) -> str:
    """Over every file below the folders, by name and content, in the order of the names.

    What tools generate, and what hidden folders hold, does not count. A link to a folder counts by where it leads: what
    is there may be anything, the whole disk among it. What can't be read counts by its name and by why: whoever is
    examined runs as the same user, and can't read it either.
    """
    total = hashlib.sha256()
    for folder in folders:
        for path in sorted(files(folder), key=lambda path: path.relative_to(folder).as_posix()):
            total.update(os.fsencode(f"{folder.name}/{path.relative_to(folder).as_posix()}\0"))
            total.update(content_digest(path))
    return total.hexdigest()


def content_digest(path: Path) -> bytes:
    try:
        if path.is_symlink() and path.is_dir():
            return os.fsencode(path.readlink())
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        return str(error.errno).encode()


def files(folder: Path) -> Iterable[Path]:
    """All of them, and the folders below that can't be listed; however deep they lie."""
    folders = [folder]
    while folders:
        at = folders.pop()
        try:
            with os.scandir(at) as entries:
                found = [entry for entry in entries if counts(entry.name, top=at == folder)]
        except OSError:
            yield at
            continue
        folders += [Path(entry.path) for entry in found if entry.is_dir(follow_symlinks=False)]
        yield from (Path(entry.path) for entry in found if entry.is_symlink() or is_file(entry))


def counts(name: str, *, top: bool) -> bool:
    return not (name.startswith(".") or name in GENERATED or (top and name == REPORT))


def is_file(entry: os.DirEntry[str]) -> bool:
    """Of a link, whether it leads to one, as far as that can be told."""
    try:
        return entry.is_file()
    except OSError:
        return True
