"""`proctor zookeeper` and `proctor send`: the embedded registry, and bytes, by hand."""

from __future__ import annotations

from pathlib import Path

import click

from proctor.commands.group import CannotTell
from proctor.examination.resend import NotSent, resend
from proctor.manifest import ManifestError
from proctor.zookeeper.backend import RegistryUnavailable
from proctor.zookeeper.serve import serve


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=2181, show_default=True, type=click.IntRange(0, 65535), help="0: any free port.")
def zookeeper(host: str, port: int) -> None:
    """Serve the embedded registry, until it is interrupted.

    It is there to play with; its tree is gone with it.

    \b
    Examples:
      proctor zookeeper
      proctor zookeeper --port 0          on any free port, which it names

    The exit status is 0 after an interrupt, 2 if it can't listen there.
    """
    try:
        serve(host, port)
    except RegistryUnavailable as error:
        raise CannotTell(str(error)) from None


@click.command()
@click.option("--impl", required=True, type=click.Path(path_type=Path), help="Folder (or impl.toml in it) to start.")
@click.option("--registry", default="embedded", show_default=True, help="As pytest's --registry.")
@click.argument("pieces", nargs=-1, required=True, metavar="HEX|FIN|RST...")
def send(impl: Path, registry: str, pieces: tuple[str, ...]) -> None:
    """Send bytes to a server, and say what comes back.

    The server is the implementation's, built and started for it. Each HEX leaves as a segment of its own; FIN closes
    the sending side, RST resets the connection. Failures on the wire print this command with the bytes that they sent.

    \b
    Examples:
      proctor send --impl . 0d000000 7b22696e223a2270696e67227d FIN
      proctor send --impl . 0d0000 RST    half a length, then a reset

    The exit status is 0 once it was sent, 2 if it can't be.
    """
    try:
        for line in resend(impl, registry, pieces):
            click.echo(line)
    except (NotSent, ManifestError, RegistryUnavailable) as error:
        raise CannotTell(str(error)) from None
