"""The command line: python -m reference serve|call|drive."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from reference.address import Address, parse_address
from reference.serve import ServerParts, serve
from reference.settings import RegistrySettings, ServerSettings
from reference.wire import FRAME_BYTES_MAX, Dialect

USAGE_ERROR, FAILED = 2, 1


class Parser(argparse.ArgumentParser):
    """Errors in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE_ERROR, f"{self.prog}: {message}\n")


def main(argv: Sequence[str], server: ServerParts | None = None) -> int:
    arguments = parser().parse_args(argv)
    try:
        return serve(server_settings(arguments), server or ServerParts())
    except OSError as error:
        print(f"reference: {arguments.bind}: {error.strerror}", file=sys.stderr)
        return FAILED


def parser() -> Parser:
    top = Parser(prog="reference", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True, metavar="serve|call|drive")
    common = Parser(add_help=False)
    add_common(common)
    add_serve(commands.add_parser("serve", parents=[common], help="run a server"))
    return top


def add_common(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--zookeeper", default="127.0.0.1:2181", metavar="HOST:PORT,...", help="the registry (%(default)s)")
    add("--root", default="/demo", metavar="PATH", help="where servers register (%(default)s)")
    add("--session-timeout", type=seconds, default=5.0, metavar="S", help="asked of the registry (%(default)s)")
    add("--byte-order", choices=["little", "big"], default="little", help="of frame lengths (%(default)s)")
    add("--max-frame-bytes", type=positive, default=FRAME_BYTES_MAX, metavar="N", help="(%(default)s)")


def add_serve(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--bind", type=address, default=Address("127.0.0.1", 0), metavar="HOST:PORT", help="(%(default)s)")
    add("--advertise", metavar="HOST", help="the host to register (the one that is bound)")
    add("--workers", type=positive, default=2, metavar="N", help="(%(default)s)")
    add("--reload", choices=["graceful", "exec"], default="graceful", help="what SIGHUP does (%(default)s)")
    add(
        "--grace",
        type=seconds,
        default=10.0,
        metavar="S",
        help="how long calls may go on when told to stop (%(default)s)",
    )
    add(
        "--hang", type=seconds, default=30.0, metavar="S", help="after how long a silent worker is killed (%(default)s)"
    )


def server_settings(arguments: argparse.Namespace) -> ServerSettings:
    return ServerSettings(
        bind=arguments.bind,
        advertise=arguments.advertise,
        workers=arguments.workers,
        registry=registry_settings(arguments),
        dialect=Dialect(arguments.byte_order, arguments.max_frame_bytes),
        reload=arguments.reload,
        grace_s=arguments.grace,
        hang_s=arguments.hang,
    )


def registry_settings(arguments: argparse.Namespace) -> RegistrySettings:
    return RegistrySettings(arguments.zookeeper, arguments.root, arguments.session_timeout)


def address(text: str) -> Address:
    try:
        return parse_address(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


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
