"""The command `proctor`: what is better typed alone than through pytest."""

from __future__ import annotations

import json
from pathlib import Path

import click

from proctor.examination.resend import NotSent, resend
from proctor.history import History
from proctor.manifest import ManifestError, read_manifest
from proctor.report.timeline.command import NoTimeline, show
from proctor.report.verify import Unreadable, differences, fits, on_disk, read_certificate
from proctor.reproduction.catalogue import UnknownMode, read_catalogue
from proctor.reproduction.listing import as_data, lines
from proctor.reproduction.reproduce import NotToBeReproduced, staged, tried_on
from proctor.reproduction.staging import NotStaged
from proctor.schedules.judging import findings
from proctor.schedules.recovery import recovery_s
from proctor.spec import SpecError
from proctor.zookeeper.backend import RegistryUnavailable
from proctor.zookeeper.serve import serve


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="proctor")
def main() -> None:
    """Conformance and chaos for pre-forking RPC servers that register in ZooKeeper, and their clients.

    To examine an implementation: pytest --impl=PATH
    """


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=2181, show_default=True, type=click.IntRange(0, 65535), help="0: any free port.")
def zookeeper(host: str, port: int) -> None:
    """Serve the embedded registry, to play with, until it is interrupted. Its tree is gone with it."""
    try:
        serve(host, port)
    except RegistryUnavailable as error:
        raise click.ClickException(str(error)) from None


@main.command()
@click.option("--impl", required=True, type=click.Path(path_type=Path), help="Folder (or impl.toml in it) to start.")
@click.option("--registry", default="embedded", show_default=True, help="As pytest's --registry.")
@click.argument("pieces", nargs=-1, required=True, metavar="HEX|FIN|RST...")
def send(impl: Path, registry: str, pieces: tuple[str, ...]) -> None:
    """Start an implementation's server, send it bytes, and say what comes back.

    Each HEX leaves as a segment of its own; FIN closes the sending side, RST resets the connection. Failures on the
    wire print this command with the bytes that they sent.
    """
    try:
        for line in resend(impl, registry, pieces):
            click.echo(line)
    except (NotSent, ManifestError, RegistryUnavailable) as error:
        raise click.ClickException(str(error)) from None


class CannotVerify(click.ClickException):
    """Nothing can be said of the certificate: neither that it fits, nor that it doesn't."""

    exit_code = 2


@main.command()
@click.argument("certificate", type=click.Path(path_type=Path))
@click.option(
    "--impl",
    default=".",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder (or impl.toml in it) of the implementation that was examined.",
)
def verify(certificate: Path, impl: Path) -> None:
    """Say whether a certificate.json still fits the implementation, the spec and the suite that stand here.

    The exit status is 0 if it fits; 1 if it doesn't, with a line for each thing that differs; 2 if it can't be told.
    """
    try:
        examined, here = read_certificate(certificate), on_disk(impl)
    except (Unreadable, ManifestError, SpecError, OSError) as error:
        raise CannotVerify(str(error)) from None
    lines = list(differences(examined, here))
    for line in lines or [fits(examined)]:
        click.echo(line)
    if lines:
        raise SystemExit(1)


class CannotRecheck(click.ClickException):
    """Nothing can be said of the history."""

    exit_code = 2


@main.command()
@click.argument("history", type=click.Path(path_type=Path))
def recheck(history: Path) -> None:
    """Judge the saved history of a schedule again, without running anything.

    It stands beside the replay file of a chaos run that failed. The exit status is 0 if nothing is wrong in it; 1 if
    something is, with a line for each thing; 2 if it can't be judged.
    """
    try:
        told = History.load(history)
    except (OSError, ValueError) as error:
        raise CannotRecheck(str(error)) from None
    try:
        found, recovered = findings(told), recovery_s(told)
    except (ValueError, TypeError, KeyError, AttributeError) as error:  # its events are of other forms than ours
        raise CannotRecheck(f"{history}: can't be judged: {error}") from None
    for finding in found:
        click.echo(f"{finding.clause or 'no rest'}: {finding.message}")
    if found:
        raise SystemExit(1)
    rest = "it never came to rest" if recovered is None else f"at rest {recovered:.2f} s after the last act"
    click.echo(f"{history}: nothing is wrong in {len(told.events('call'))} calls; {rest}")


@main.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs: a list of objects.")
def list_(as_json: bool) -> None:
    """List the failure modes of the catalogue: what is seen, and whether `proctor reproduce` can stage it."""
    try:
        catalogue = read_catalogue()
    except SpecError as error:
        raise click.ClickException(str(error)) from None
    for line in [json.dumps(as_data(catalogue), ensure_ascii=False, indent=2)] if as_json else lines(catalogue):
        click.echo(line)


class CannotTry(click.ClickException):
    """Nothing can be said of the failure mode: neither that it shows, nor that it doesn't."""

    exit_code = 2


STAGED = {"shown": 0, "not shown": 1, "untried": CannotTry.exit_code}
TRIED = {"not shown": 0, "shown": 1, "untried": CannotTry.exit_code}


@main.command()
@click.argument("mode", metavar="ID")
@click.option("--impl", type=click.Path(path_type=Path), help="Folder (or impl.toml in it) to try it on.")
@click.option("--registry", default="embedded", show_default=True, help="As pytest's --registry.")
def reproduce(mode: str, impl: Path | None, registry: str) -> None:
    """Stage a failure mode such as S1 on a server or client that has it on purpose; or try it on yours.

    Says what it is, tells step by step what happens, and what is seen.

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
        raise CannotTry(str(error)) from None


class CannotShow(click.ClickException):
    """The history can't be read, or the page can't be written."""

    exit_code = 2


@main.command()
@click.argument("history", type=click.Path(path_type=Path))
@click.option("--output", metavar="FILE", type=click.Path(path_type=Path), help="The page; default: beside HISTORY")
@click.option("--text", is_flag=True, help="Print it for the terminal instead.")
def timeline(history: Path, output: Path | None, text: bool) -> None:
    """Show a saved history on one time axis, on a page that needs no network.

    The exit status is 2 if the history can't be read, or the page can't be written.
    """
    if text and output:
        raise click.UsageError("--text prints, and --output writes a page: choose one")
    try:
        for line in show(history, output, text):
            click.echo(line)
    except NoTimeline as error:
        raise CannotShow(str(error)) from None
