"""The reference server and client: a pre-forking RPC server that registers in ZooKeeper, and who calls it."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from reference.address import Address, parse_address
from reference.settings import ClientSettings, RegistrySettings, ServerSettings
from reference.wire import FRAME_BYTES_MAX, Dialect

if TYPE_CHECKING:
    from reference.client import Client, ClientParts
    from reference.serve import ServerParts

FAILED, USAGE_ERROR = 1, 2


class Parser(argparse.ArgumentParser):
    """Errors in one line. Help in 80 columns: to ask the terminal, argparse loads five modules at each start."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=partial(argparse.HelpFormatter, width=80), **options)

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE_ERROR, f"{self.prog}: {message}\n")


def main(argv: Sequence[str], server: ServerParts | None = None, client: ClientParts | None = None) -> NoReturn:
    """Ends the process. `server` and `client` are for variants of the reference: the classes that they are made of."""
    arguments = parser().parse_args(argv)
    status = run_server(arguments, server) if arguments.command == "serve" else run_client(arguments, client)
    with suppress(OSError):
        sys.stdout.flush()
    os._exit(status)  # waits for no thread, whose calls are nobody's by now, nor until all modules are taken apart


def run_server(arguments: argparse.Namespace, parts: ServerParts | None) -> int:
    from reference.serve import ServerParts, serve  # noqa: PLC0415  # no client waits for it

    parts = parts or ServerParts()
    try:
        listener = parts.opener().listen(arguments.bind)
    except OSError as error:
        return fail(f"can't listen on {arguments.bind}: {error.strerror}")
    return serve(server_settings(arguments), listener, parts)


def run_client(arguments: argparse.Namespace, parts: ClientParts | None) -> int:
    from reference.client import ClientParts  # noqa: PLC0415  # kazoo: no server waits for it
    from reference.drive import drive  # noqa: PLC0415  # as above

    parts = parts or ClientParts()
    client = parts.client(client_settings(arguments), parts)
    return drive(client) if arguments.command == "drive" else call(client, arguments)


def call(client: Client, arguments: argparse.Namespace) -> int:
    from reference.client import CallFailed  # noqa: PLC0415  # as above

    try:
        reply = client.call(arguments.method, arguments.params, arguments.timeout)
    except CallFailed as failure:
        return fail(str(failure))
    finally:
        client.close()
    print(json.dumps(reply.result))
    return 0


def fail(message: str) -> int:
    print(f"reference: {message}", file=sys.stderr)
    return FAILED


# The arguments


def parser() -> Parser:
    common = Parser(add_help=False)
    add_common(common)
    top = Parser(prog="reference", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True, metavar="serve|call|drive")
    add_serve(commands.add_parser("serve", parents=[common], help="run a server until SIGTERM or SIGINT"))
    add_call(commands.add_parser("call", parents=[common], help="call a method of some server, print the result"))
    commands.add_parser("drive", parents=[common], help="obey requests on standard input, one JSON object a line")
    return top


def add_common(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--zookeeper", type=hosts, default="127.0.0.1:2181", metavar="HOST:PORT,...", help="the registry (%(default)s)")
    add("--root", type=path, default="/demo", metavar="PATH", help="where servers register (%(default)s)")
    add("--session-timeout", type=seconds, default=5.0, metavar="S", help="asked of the registry (%(default)s)")
    add("--byte-order", choices=["little", "big"], default="little", help="of the frames' lengths (%(default)s)")
    add("--max-frame-bytes", type=positive, default=FRAME_BYTES_MAX, metavar="N", help="limit (%(default)s)")


def add_serve(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--bind", type=address, default=Address("127.0.0.1", 0), metavar="HOST:PORT", help="port 0: any (%(default)s)")
    add("--advertise", metavar="HOST", help="the host to register (the one that is bound)")
    add("--workers", type=positive, default=2, metavar="N", help="how many (%(default)s)")
    add("--reload", choices=["graceful", "exec"], default="graceful", help="what SIGHUP does (%(default)s)")
    add("--grace", type=seconds, default=10.0, metavar="S", help="for calls, when told to stop (%(default)s)")
    add("--hang", type=seconds, default=30.0, metavar="S", help="silence after which a worker is killed (%(default)s)")


def add_call(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("method", help="ping, pi, divide or sleep")
    parser.add_argument("params", type=json_value, nargs="?", help="in JSON (null)")
    parser.add_argument("--timeout", type=seconds, default=5.0, metavar="S", help="for everything (%(default)s)")


def server_settings(arguments: argparse.Namespace) -> ServerSettings:
    return ServerSettings(
        bind=arguments.bind,
        advertise=arguments.advertise,
        workers=arguments.workers,
        registry=registry_settings(arguments),
        dialect=dialect(arguments),
        reload=arguments.reload,
        grace_s=arguments.grace,
        hang_s=arguments.hang,
    )


def client_settings(arguments: argparse.Namespace) -> ClientSettings:
    return ClientSettings(registry_settings(arguments), dialect(arguments))


def registry_settings(arguments: argparse.Namespace) -> RegistrySettings:
    return RegistrySettings(arguments.zookeeper, arguments.root, arguments.session_timeout)


def dialect(arguments: argparse.Namespace) -> Dialect:
    return Dialect(arguments.byte_order, arguments.max_frame_bytes)


def address(text: str) -> Address:
    try:
        return parse_address(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def hosts(text: str) -> str:
    """Addresses joined by commas, and perhaps a chroot after the last."""
    servers, slash, chroot = text.partition("/")
    for server in servers.split(","):
        address(server if ":" in server else f"{server}:2181")
    return servers + slash + path(chroot)


def path(text: str) -> str:
    if not text.isprintable() or {".", ".."} & set(text.split("/")):
        raise argparse.ArgumentTypeError(f"{text!r} is no path of ZooKeeper's")
    return text


def positive(text: str) -> int:
    value = int(text) if text.isascii() and text.isdigit() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return value


def seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return value


def json_value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not JSON: {error}") from None
