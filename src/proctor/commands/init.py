"""`proctor init`: what an author begins with."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from proctor.adapters.begin import CannotBegin, begin
from proctor.adapters.languages import LANGUAGES
from proctor.commands.group import CannotTell


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--language", required=True, metavar="|".join(LANGUAGES), help="What you write in.")
def init(folder: Path, language: str) -> None:
    """Write a manifest, a server and a client's driver into DIR.

    They run as they are, for you to go on from: the server keeps the profile `wire`, the driver says what is missing.
    DIR is made, or is empty: nothing is overwritten.

    \b
    Examples:
      proctor init mine --language go
      proctor init . --language python

    The exit status is 2 if it can't be written, and then nothing is left there.
    """
    try:
        chosen = begin(folder, language)
    except CannotBegin as error:
        raise CannotTell(str(error)) from None
    click.echo(f"{folder}: a server and a driver in {chosen.title}; README.md there says what to supply next")
    click.echo(f"examine them: pytest --impl={shlex.quote(str(folder))}")
