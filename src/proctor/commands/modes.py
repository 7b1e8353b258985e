"""`proctor list`, `proctor reproduce` and `proctor explain`: failure modes, and the clauses that answer them."""

from __future__ import annotations

import json
from pathlib import Path

import click

from proctor.commands.completion import clauses_and_modes, modes
from proctor.commands.group import CannotTell
from proctor.manifest import ManifestError, read_manifest
from proctor.report.document import Unreadable
from proctor.reproduction.catalogue import UnknownMode, read_catalogue
from proctor.reproduction.explain import Library, Unexplained
from proctor.reproduction.listing import as_data, lines
from proctor.reproduction.reproduce import NotToBeReproduced, staged, tried_on
from proctor.reproduction.staging import NotStaged
from proctor.spec import SpecError

CERTIFICATE = Path("report/certificate.json")  # where a run leaves it unless told

STAGED = {"shown": 0, "not shown": 1, "untried": CannotTell.exit_code}
TRIED = {"not shown": 0, "shown": 1, "untried": CannotTell.exit_code}


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs: a list of objects.")
def list_(as_json: bool) -> None:
    """List the failure modes of the catalogue.

    Of each: what is seen, and whether `proctor reproduce` can stage it.

    \b
    Examples:
      proctor list | grep -i zombie
      proctor list --json

    The exit status is 0; 2 if the catalogue can't be read.
    """
    try:
        catalogue = read_catalogue()
    except SpecError as error:
        raise CannotTell(str(error)) from None
    for line in [json.dumps(as_data(catalogue), ensure_ascii=False, indent=2)] if as_json else lines(catalogue):
        click.echo(line)


@click.command()
@click.argument("mode", metavar="ID", shell_complete=modes)
@click.option("--impl", type=click.Path(path_type=Path), help="Folder (or impl.toml in it) to try it on.")
@click.option("--registry", default="embedded", show_default=True, help="As pytest's --registry.")
def reproduce(mode: str, impl: Path | None, registry: str) -> None:
    """Stage a failure mode, or try it on your implementation.

    ID is one such as S1. It is staged on a server or client that has it on purpose; with --impl it is tried on yours.
    Says what it is, tells step by step what happens, and what is seen.

    \b
    Examples:
      proctor reproduce S1
      proctor reproduce S1 --impl path/to/yours

    \b
    The exit status without --impl:  0  it was reproduced
                                     1  it did not show, though it should
    and with --impl:                 0  it did not show: all its cases passed
                                     1  it shows: a case failed
    and either way:                  2  it could not be tried: there is no such failure
                                        mode, or no test for it; the implementation
                                        does not claim or start what it takes; or this
                                        machine lacks something
    """
    try:
        catalogue = read_catalogue()
        entry = catalogue.entry(mode)
        if impl is None:
            raise SystemExit(STAGED[staged(catalogue, entry, registry, click.echo)])
        read_manifest(impl)
        raise SystemExit(TRIED[tried_on(impl, catalogue, entry, registry, click.echo)])
    except (UnknownMode, NotToBeReproduced, NotStaged, ManifestError, SpecError) as error:
        raise CannotTell(str(error)) from None


@click.command()
@click.argument("subject", metavar="CLAUSE|MODE|CASE|MESSAGE", shell_complete=clauses_and_modes)
@click.option(
    "--certificate",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help=f"Say what came of it there, too; default: {CERTIFICATE}, if there is one.",
)
def explain(subject: str, certificate: Path | None) -> None:
    """Explain a clause, a failure mode, a case, or what a failure says.

    Of a clause: its text and where it stands, its cases, the failure modes that it answers, who is broken so on
    purpose, and how to run it alone. A MESSAGE is looked for in the certificate: the beginning of what a case says, or
    of what known_failures.toml foretells; a number stands for any number.

    \b
    Examples:
      proctor explain supervision/every-death-is-reaped
      proctor explain S1
      proctor explain "waited 1.00 s for 12616" --certificate report/certificate.json

    The exit status is 0 if it is explained; 2 if nothing is known by that name.
    """
    if certificate is None and CERTIFICATE.is_file():
        certificate = CERTIFICATE
    try:
        for line in Library.read(certificate).explain(subject):
            click.echo(line)
    except (Unexplained, Unreadable, SpecError) as error:
        raise CannotTell(str(error)) from None
