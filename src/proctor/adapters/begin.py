"""Writes a folder to begin with: the templates of a language, and what the manifest says of it."""

from __future__ import annotations

import difflib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jinja2

from proctor.adapters.languages import BUILT, LANGUAGES, Language
from proctor.places import PACKAGE

TEMPLATES = PACKAGE / "adapters" / "templates"
RENDERED = ("impl.toml", "README.md")
KEEPS_BUILT = "*\n!.gitignore\n"  # git keeps the folder, which compilers don't make, and nothing in it
NAMELESS = "mine"


class CannotBegin(Exception):
    """Nothing was written; the message says why, and what to do."""


def begin(folder: Path, language: str) -> Language:
    """Write all of it into `folder`, which is made, or is empty. CannotBegin otherwise, and then nothing is left."""
    chosen = find(language)
    try:
        demand_empty(folder)
        with whole(folder) as draft:
            fill(draft, chosen, name_for(folder))
    except OSError as error:
        raise CannotBegin(f"{folder}: can't be written: {error.strerror}; nothing was left there") from None
    return chosen


def find(language: str) -> Language:
    if language in LANGUAGES:
        return LANGUAGES[language]
    near = difflib.get_close_matches(language.lower(), LANGUAGES, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise CannotBegin(f"--language {language}: {hint}there are {', '.join(LANGUAGES)}")


def demand_empty(folder: Path) -> None:
    if folder.is_symlink() and not folder.exists():
        raise CannotBegin(f"{folder}: a link that leads nowhere; name a folder that is empty or not there yet")
    if folder.exists() and not folder.is_dir():
        raise CannotBegin(f"{folder}: a file; name a folder that is empty or not there yet")
    if folder.exists() and any(folder.iterdir()):
        raise CannotBegin(f"{folder}: not empty, and nothing is overwritten; name a folder that is empty or not there")
    if not folder.resolve().parent.is_dir():
        raise CannotBegin(f"{folder}: there is no folder {folder.resolve().parent} to make it in; make that first")


@contextmanager
def whole(folder: Path) -> Iterator[Path]:
    """A draft, whose files take their place once all are written. A folder that is there stays the one that it is."""
    real = folder.resolve()
    there = real.is_dir()
    draft = Path(tempfile.mkdtemp(prefix=".proctor-init-", dir=real if there else real.parent))
    try:
        yield draft
        if there:
            move_up(draft)
        else:
            draft.chmod(0o777 & ~umask())
            draft.rename(real)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def move_up(draft: Path) -> None:
    for path in list(draft.iterdir()):
        path.rename(draft.parent / path.name)


def umask() -> int:
    """Of this process; the system tells it only to who sets it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def fill(draft: Path, language: Language, name: str) -> None:
    compiled = shutil.ignore_patterns("__pycache__")  # pip leaves it where it installs
    shutil.copytree(
        TEMPLATES / language.name, draft, ignore=compiled, dirs_exist_ok=True, copy_function=shutil.copyfile
    )
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for file in RENDERED:
        text = environment.get_template(f"{file}.jinja").render(language=language, name=name)
        (draft / file).write_text(text)
    if language.build:
        (draft / BUILT).mkdir()
        (draft / BUILT / ".gitignore").write_text(KEEPS_BUILT)


def name_for(folder: Path) -> str:
    name = folder.resolve().name
    return name if name.isprintable() and name else NAMELESS
