"""The command `proctor`: what is better typed alone than through pytest."""

from __future__ import annotations

import click

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
