"""The command `proctor`: what is better typed alone than through pytest."""

from __future__ import annotations

from pathlib import Path

import click

from proctor.examination.resend import NotSent, resend
from proctor.history import History
from proctor.manifest import ManifestError
from proctor.report.verify import Unreadable, differences, fits, on_disk, read_certificate
from proctor.schedules.judging import findings, recovery_s
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
