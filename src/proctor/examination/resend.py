"""`proctor send`: starts a server as its manifest says, sends it bytes, and says what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from proctor.examination.build import BUILD_WITHIN_S, build
from proctor.examination.stagehand import Stagehand
from proctor.manifest import read_manifest
from proctor.outcome import Failure, TimedOut
from proctor.process.text import printable
from proctor.subject.server import Server
from proctor.wire.connection import Connection, Ended, NotAReply, describe_reply, show
from proctor.wire.messages import ping, pong

ENDS = ("FIN", "RST")
ANSWERED_WITHIN_S = 2.0  # for the next reply, once all was sent
PIECE_READ_S = 1.0


class NotSent(Exception):
    """Nothing was sent: the manifest has no server, it can't be built or started, or what should be sent is not hex."""


def resend(impl: Path, registry: str, words: Sequence[str]) -> Iterator[str]:
    """Sends `words`, each hex and a segment of its own, or FIN or RST, over one connection; says what happened, a line
    each. NotSent, ManifestError, RegistryUnavailable.
    """
    pieces = [piece_of(word) for word in words]
    hand = Stagehand(read_manifest(impl), registry, patience=1.0)
    hide = hand.manifest.redaction
    try:
        if hand.manifest.server is None:
            raise NotSent(f"{hand.manifest.path}: there is no [server] to send to")
        try:
            hand.stage()  # without a registry there is nothing to build for
            build(hand.manifest, BUILD_WITHIN_S * hand.patience)
            server = hand.shared_server()
        except Failure as error:
            raise NotSent(f"{hand.manifest.path}: {hide.text(str(error))}") from None
        for line in converse(server, pieces):
            yield printable(hide.text(line))
    finally:
        hand.close()


def piece_of(word: str) -> bytes | str:
    if word in ENDS:
        return word
    try:
        return bytes.fromhex(word)
    except ValueError:
        raise NotSent(f"{word!r} is neither hex nor one of {', '.join(ENDS)}") from None


def converse(server: Server, pieces: Sequence[bytes | str]) -> Iterator[str]:
    before = server.worker_pids()
    with server.connect() as wire:
        try:
            for piece in pieces:
                yield send(wire, piece)
        except Ended as ended:
            yield str(ended)
        if "RST" not in pieces:
            yield from answers(wire)
    yield bystander(server)
    after = server.worker_pids()
    yield (
        f"the workers are the same: {sorted(after)}"
        if after == before
        else (f"the workers were {sorted(before)}, and now are {sorted(after)}")
    )


def send(wire: Connection, piece: bytes | str) -> str:
    if piece == "FIN":
        wire.half_close()
    elif piece == "RST":
        wire.reset()
    elif isinstance(piece, bytes):
        wire.send(piece, pieces=[len(piece)], apart_s=PIECE_READ_S)
        return f"sent {show(piece)}"
    return f"sent {piece}"


def answers(wire: Connection) -> Iterator[str]:
    """Each reply, until one fails to come."""
    while True:
        try:
            body = wire.reply_body(ANSWERED_WITHIN_S)
            yield f"received {describe_reply(wire.decoded(body))}   {show(body)}"
        except NotAReply as error:
            yield str(error)
        except (Ended, TimedOut) as error:
            yield str(error)
            return


def bystander(server: Server) -> str:
    """Whether somebody else is served."""
    try:
        with server.connect() as other:
            reply = other.call(ping("other"))
    except Failure as error:
        return f"another connection is not served: {error}"
    if reply != pong("other"):
        return f"another connection gets {describe_reply(reply)}"
    return "another connection is served"
